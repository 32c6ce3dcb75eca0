import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query as QueryParam, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, Allow, CurrentPrincipal, type AccessRequest, type Principal } from '../access/index.js';
import { Database, listed, ListQuery, Once, onceOf, pageOf, parseInstant, type Listed, type Query } from '../kernel/index.js';
import { BroadcastsService } from './broadcasts.service.js';
import { LiveLogBody } from './live-log.dto.js';
import { listEntries } from './live-log.repository.js';
import { LiveLogService } from './live-log.service.js';

@ApiTags('broadcasts')
@Controller('v1/broadcasts/:id/live-log')
export class LiveLogController {
  constructor(
    @Inject(LiveLogService) private readonly liveLog: LiveLogService,
    @Inject(BroadcastsService) private readonly broadcasts: BroadcastsService,
    @Inject(Database) private readonly database: Database,
    @Inject(Once) private readonly once: Once,
  ) {}

  @Get()
  @Allow('operator', 'anchor', 'controller', 'warehouse', 'quality', 'finance')
  @ListQuery()
  async list(@Param('id') id: string, @QueryParam() query: Query, @CurrentPrincipal() principal: Principal): Promise<Listed<object>> {
    const page = pageOf(query, 2);
    const [at, entry] = page.after;
    const after = at !== undefined && entry !== undefined && parseInstant(at) !== undefined && /^\d{1,18}$/.test(entry) ? { at, id: entry } : undefined;
    const found = await this.database.transaction(async (tx) => {
      await this.broadcasts.mine(tx, principal, id);
      return listEntries(tx, id, after, page.limit + 1);
    });
    return listed(found, page, (row) => [row.at.toISOString(), row.id], (row) => ({ ...row }));
  }

  @Post()
  @Allow('operator', 'controller')
  async record(@Param('id') id: string, @Body() body: LiveLogBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => ({ broadcast: id, ...(await this.liveLog.record(tx, principal, id, body.entries)) }));
  }

  @Delete(':entry')
  @Allow('operator', 'controller')
  @HttpCode(204)
  async withdraw(@Param('id') id: string, @Param('entry') entry: string, @CurrentPrincipal() principal: Principal): Promise<void> {
    await this.database.transaction((tx) => this.liveLog.withdraw(tx, principal, id, entry));
  }
}
