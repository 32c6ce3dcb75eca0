import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query as QueryParam, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, Allow, AccessService, CurrentPrincipal, limitTo, type AccessRequest, type Principal } from '../access/index.js';
import { Database, listed, ListQuery, notFound, Once, onceOf, pageOf, PublicUrl, queryInstant, queryText, type Listed, type Query, type Tx } from '../kernel/index.js';
import { CommitmentsService } from './commitments.service.js';
import { FulfilmentService } from './fulfilment.service.js';
import { NegotiationService } from './negotiation.service.js';
import { DecisionBody, NewAdjustment, ProgressBody, ReceiptBody, ReplyBody } from './production.dto.js';
import * as store from './production.repository.js';
import { signalData } from './signal.view.js';
import { findSample, roundsOf, sampleReplyOf } from './samples.repository.js';
import { SamplesService } from './samples.service.js';
import { sampleData } from './samples.view.js';

function filterOf(query: Query, principal: Principal): store.ListFilter {
  return {
    suppliers: limitTo(principal, 'supplier'), supplier: queryText(query, 'supplier') ?? null, status: queryText(query, 'status') ?? null, sku: queryText(query, 'sku') ?? null,
    broadcast: queryText(query, 'broadcast') ?? null, since: queryInstant(query, 'from'), until: queryInstant(query, 'to'),
  };
}

@ApiTags('production')
@Controller('v1')
export class ProductionController {
  constructor(
    @Inject(NegotiationService) private readonly negotiation: NegotiationService,
    @Inject(FulfilmentService) private readonly fulfilment: FulfilmentService,
    @Inject(SamplesService) private readonly samples: SamplesService,
    @Inject(CommitmentsService) private readonly commitments: CommitmentsService,
    @Inject(Database) private readonly database: Database,
    @Inject(Once) private readonly once: Once,
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(PublicUrl) private readonly publicUrl: PublicUrl,
  ) {}

  @Get('production-orders')
  @Allow('operator', 'factory', 'warehouse', 'finance')
  @ListQuery('supplier', 'status', 'sku', 'from', 'to')
  async orders(@QueryParam() query: Query, @CurrentPrincipal() principal: Principal): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    return this.database.transaction(async (tx) => {
      const found = await store.listOrders(tx, filterOf(query, principal), page.after[0] ?? '', page.limit + 1);
      const lines = await store.orderLines(tx, found.map((o) => o.id));
      return listed(found, page, (row) => [row.id], (row) => shownOrder(row, lines.filter((l) => l.production_order === row.id)));
    });
  }

  @Get('production-orders/:id')
  @Allow('operator', 'factory', 'warehouse', 'finance')
  async order(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<object> {
    return this.database.transaction(async (tx) => {
      const order = await store.findOrder(tx, id);
      const only = limitTo(principal, 'supplier');
      if (order === undefined || (only !== undefined && (!only.includes(order.supplier) || !(await store.wasTold(tx, [id])).has(id)))) throw notFound(`the production order ${id}`);
      return this.shownOrder(tx, id);
    });
  }

  @Post('production-orders/:id/progress')
  @Allow('factory', 'operator')
  @HttpCode(200)
  async progress(@Param('id') id: string, @Body() body: ProgressBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      await this.fulfilment.report(tx, id, limitTo(principal, 'supplier'), { stage: body.stage, lines: body.lines, at: body.at === undefined ? new Date() : new Date(body.at) }, actorOf(principal));
      return this.shownOrder(tx, id);
    });
  }

  @Post('production-orders/:id/receipts')
  @Allow('operator', 'warehouse')
  async receive(@Param('id') id: string, @Body() body: ReceiptBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      const receipt = await this.fulfilment.receive(
        tx, id,
        {
          lines: body.lines.map((l) => ({ lineId: l.lineId, quantity: l.quantity, quality: l.quality ?? 'A', subLot: [l.dyeLot, l.workshop].filter((x) => x !== undefined).join(' / ') })),
          deliveryNote: body.deliveryNote, lot: body.lot, location: body.location, at: body.at === undefined ? new Date() : new Date(body.at), acceptExcess: body.acceptExcess === true, final: body.final === true,
        },
        body, actorOf(principal),
      );
      const shown = (await this.shownOrder(tx, id)) as { receipts: { id: string }[] };
      return { ...shown.receipts.find((r) => r.id === receipt), productionOrder: shown };
    });
  }

  @Get('adjustments')
  @Allow('operator', 'finance')
  @ListQuery('supplier', 'status', 'sku', 'broadcast', 'from', 'to')
  adjustments(@QueryParam() query: Query, @CurrentPrincipal() principal: Principal): Promise<Listed<object>> {
    return this.list(query, principal, false);
  }

  @Post('adjustments')
  @Allow('operator')
  async request(@Body() body: NewAdjustment, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      const made = await this.negotiation.request(tx, body.productionOrder, body.kind, body.lines ?? [], actorOf(principal));
      await this.access.audit(tx, principal, 'adjustment.requested', made.id, undefined, body);
      return this.shown(tx, made.id);
    });
  }

  @Get('signals')
  @Allow('operator', 'factory', 'finance')
  @ListQuery('supplier', 'status', 'sku', 'broadcast', 'from', 'to')
  signals(@QueryParam() query: Query, @CurrentPrincipal() principal: Principal): Promise<Listed<object>> {
    return this.list(query, principal, true);
  }

  @Get('signals/:id')
  @Allow('operator', 'factory', 'finance')
  async signal(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<object> {
    return this.database.transaction(async (tx) => {
      const only = limitTo(principal, 'supplier');
      if (isSample(id)) return this.shownSample(tx, id, only);
      const a = await store.findAdjustment(tx, id);
      if (a === undefined || (only !== undefined && (!only.includes(a.supplier) || (await store.deliveryOf(tx, id, a.version)) === undefined))) throw notFound(`the signal ${id}`);
      const history = (await store.transitionsOf(tx, id)).map((t) => ({ ...t, actor: principal.role !== 'factory' || t.actor === actorOf(principal) ? t.actor : ['accepted', 'countered', 'rejected'].includes(t.to) ? 'factory' : 'buyer' }));
      return { ...(await this.shown(tx, id)), history };
    });
  }

  @Post('signals/:id/reply')
  @Allow('factory', 'operator')
  @HttpCode(200)
  async reply(@Param('id') id: string, @Body() body: ReplyBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      const only = limitTo(principal, 'supplier');
      if (isSample(id)) {
        await this.samples.reply(tx, id, only, body, actorOf(principal));
        return this.shownSample(tx, id, only);
      }
      await this.negotiation.reply(tx, id, limitTo(principal, 'supplier'), body, actorOf(principal));
      return this.shown(tx, id);
    });
  }

  @Post('signals/:id/decision')
  @Allow('operator')
  @HttpCode(200)
  async decide(@Param('id') id: string, @Body() body: DecisionBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      if (isSample(id)) await this.samples.decide(tx, id, body, actorOf(principal));
      else if (body.verdict === 'commit') await this.commitments.commit(tx, id, body, actorOf(principal));
      else await this.negotiation.decide(tx, id, body, actorOf(principal));
      await this.access.audit(tx, principal, `signal.${body.verdict}`, id, undefined, body);
      return isSample(id) ? this.shownSample(tx, id, undefined) : this.shown(tx, id);
    });
  }

  private async shownSample(tx: Tx, id: string, only: readonly string[] | undefined): Promise<object> {
    const s = await findSample(tx, id);
    if (s === undefined || (only !== undefined && (!only.includes(s.supplier) || !s.sent))) throw notFound(`the signal ${id}`);
    return { ...sampleData(s, await roundsOf(tx, [id]), this.publicUrl.value), reply: (await sampleReplyOf(tx, id, s.version))?.body ?? null };
  }

  private async shownOrder(tx: Tx, id: string): Promise<object> {
    const order = (await store.findOrder(tx, id)) as store.OrderRow;
    const [lines, progress, receipts] = await Promise.all([store.orderLines(tx, [id]), store.progressOf(tx, [id]), store.receiptsOf(tx, [id])]);
    const came = await store.receiptLines(tx, receipts.map((r) => r.id));
    return {
      ...shownOrder(order, lines),
      stages: progress.map((p) => ({ lineId: p.line_id, stage: p.stage, quantity: p.quantity, at: p.at })),
      receipts: receipts.map((r) => ({
        id: r.id, lot: r.lot, deliveryNote: r.delivery_note, at: r.at,
        lines: came.filter((l) => l.receipt === r.id).map((l) => ({ lineId: l.line_id, sku: l.sku, quantity: l.quantity, quality: l.quality, subLot: l.sub_lot === '' ? null : l.sub_lot, onTime: l.on_time, excess: l.excess })),
      })),
    };
  }

  private async list(query: Query, principal: Principal, sentOnly: boolean): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    return this.database.transaction(async (tx) => {
      const found = await store.listAdjustments(tx, filterOf(query, principal), sentOnly, page.after[0] ?? '', page.limit + 1);
      const lines = await store.linesOfMany(tx, found.map((f) => f.id), found.map((f) => f.version));
      return listed(found, page, (row) => [row.id], (row) => ({
        ...signalData(row, lines.filter((l) => l.adjustment === row.id), this.publicUrl.value), createdAt: row.recorded_at,
        delivery: row.attempts === null ? null : { state: row.delivery_state, attempts: row.attempts, lastStatus: row.last_status, nextAt: row.next_at }, reply: row.reply,
      }));
    });
  }

  private async shown(tx: Tx, id: string): Promise<Record<string, unknown>> {
    const a = (await store.findAdjustment(tx, id)) as store.AdjustmentRow;
    const v = (await store.versionOf(tx, id, a.version)) as store.VersionRow;
    const delivery = await store.deliveryOf(tx, id, a.version);
    return {
      ...signalData({ ...v, ...a, respond_by: a.respond_by }, await store.linesOf(tx, id, a.version), this.publicUrl.value),
      delivery: delivery === undefined ? null : { state: delivery.state, attempts: delivery.attempts, lastStatus: delivery.last_status, nextAt: delivery.next_at },
      reply: (await store.replyOf(tx, id, a.version))?.body ?? null,
    };
  }
}

/** Sample requests are signals too: they are answered and decided by the same routes. */
const isSample = (id: string): boolean => id.startsWith('smp_');

const shownOrder = (o: store.OrderRow, lines: readonly store.OrderLineRow[]): object => ({
  id: o.id, supplier: o.supplier, status: o.status, version: o.version, createdAt: o.created_at, confirmedAt: o.confirmed_at,
  lines: lines.map((l) => ({ lineId: l.line_id, sku: l.sku, quantity: l.quantity, due: l.due, splits: l.splits, produced: l.produced, received: l.received, unitPrice: l.unit_price, currency: l.currency })),
});
