import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query as QueryParam, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, Allow, AccessService, CurrentPrincipal, type AccessRequest, type Principal } from '../access/index.js';
import { Database, listed, ListQuery, notFound, Once, onceOf, pageOf, queryText, type Listed, type Query, type Tx } from '../kernel/index.js';
import { FALSE_ALARMS, AlarmsService } from './alarms.service.js';
import { AlarmClosingBody } from './returns.dto.js';
import * as store from './alarms.repository.js';

@ApiTags('returns')
@Controller('v1/alarms')
export class AlarmsController {
  constructor(
    @Inject(AlarmsService) private readonly alarms: AlarmsService,
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(Database) private readonly database: Database,
    @Inject(Once) private readonly once: Once,
  ) {}

  /** Lots that are out of control, with what was counted, how sure that is, and what was stopped. */
  @Get()
  @Allow('operator', 'controller', 'warehouse', 'quality', 'finance')
  @ListQuery('status', 'lot', 'supplier', 'sku', 'world')
  async list(@QueryParam() query: Query): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const text = (name: string): string | null => queryText(query, name) ?? null;
    const filter = { status: text('status'), lot: text('lot'), supplier: text('supplier'), sku: text('sku'), world: text('world') };
    const found = await this.database.transaction((tx) => store.listAlarms(tx, filter, page.after[0] ?? '', page.limit + 1));
    return listed(found, page, (row) => [row.id], shownAlarm);
  }

  @Get(':id')
  @Allow('operator', 'controller', 'warehouse', 'quality', 'finance')
  one(@Param('id') id: string): Promise<object> {
    return this.database.transaction((tx) => this.shown(tx, id));
  }

  @Post(':id/closing')
  @Allow('operator', 'quality')
  @HttpCode(200)
  close(@Param('id') id: string, @Body() body: AlarmClosingBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      await this.alarms.close(tx, id, body, actorOf(principal));
      await this.access.audit(tx, principal, `alarm.${body.verdict}`, id, undefined, body);
      return this.shown(tx, id);
    });
  }

  private async shown(tx: Tx, id: string): Promise<object> {
    const alarm = await store.findAlarm(tx, id);
    if (alarm === undefined) throw notFound(`the alarm ${id}`);
    return shownAlarm(alarm);
  }
}

const shownAlarm = (a: store.AlarmRow): object => ({
  id: a.id, kind: 'lot', world: a.world, lot: a.lot, supplier: a.supplier, style: a.style, skus: a.skus, productionOrder: a.production_order, status: a.status, at: a.at,
  // ln of the evidence against the limit, beside the level at which it is an alarm.
  counted: { defects: a.defects, maturedExposure: a.exposure, left: a.units_left, limit: a.limit_share, evidence: a.evidence, alarmAt: -Math.log(FALSE_ALARMS), falseAlarms: FALSE_ALARMS },
  actions: a.actions, closedAt: a.closed_at, note: a.note, closedBy: a.actor,
});
