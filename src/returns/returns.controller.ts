import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query as QueryParam, Req } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { actorOf, Allow, AccessService, FilesService, CurrentPrincipal, mayIngest, type AccessRequest, type Principal } from '../access/index.js';
import { Database, describeFaults, DomainError, isTransient, listed, ListQuery, notFound, Once, onceOf, pageOf, queryText, readRow, type Listed, type Query, type Tx } from '../kernel/index.js';
import { orderTotals } from '../orders/index.js';
import { InspectionBody, ReturnReceiptBody, WaybillReceiptBody } from './returns.dto.js';
import { checkReturnRow, RETURN_COLUMNS, returnRow } from './returns.file.js';
import * as store from './returns.repository.js';
import { ReturnsService } from './returns.service.js';

@ApiTags('returns')
@Controller('v1')
export class ReturnsController {
  constructor(
    @Inject(ReturnsService) private readonly returns: ReturnsService,
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(FilesService) private readonly files: FilesService,
    @Inject(Database) private readonly database: Database,
    @Inject(Once) private readonly once: Once,
  ) {}

  /** One message about one case: opens it, or says what the platform says now. The same again changes nothing. */
  @Post('returns')
  @Allow('operator', 'platform', 'quality', 'warehouse')
  @ApiBody({ schema: { type: 'object', required: ['return_id', 'occurred_at', 'shop', 'order_id', 'line_id', 'sku', 'quantity'], additionalProperties: true } })
  async open(@Req() request: AccessRequest, @CurrentPrincipal() principal: Principal): Promise<object> {
    const { body } = request;
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new DomainError(422, 'invalid', 'the body must be one JSON object; files go to /v1/imports/returns');
    const read = readRow(RETURN_COLUMNS, body as Record<string, unknown>);
    if ('faults' in read) throw new DomainError(422, 'invalid', describeFaults(read.faults), { errors: read.faults });
    const fault = checkReturnRow(read.row);
    if (fault !== undefined) throw new DomainError(422, 'invalid', fault, { errors: [{ field: fault.split(':')[0], detail: fault }] });
    const row = returnRow(read.row);
    await this.returns.shopOf(row.case.shop, ['warehouse', 'quality'].includes(principal.role) || mayIngest(principal, row.case.shop));
    return this.again(() => this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      const [outcome] = await this.returns.takeIn(tx, [row], actorOf(principal));
      if (outcome?.kind === 'rejected') throw new DomainError(outcome.code === 'return-id-reused' ? 409 : 422, outcome.code, outcome.detail);
      return this.shown(tx, row.case.id);
    }));
  }

  @Get('returns')
  @Allow('operator', 'warehouse', 'quality', 'finance')
  @ListQuery('shop', 'sku', 'status', 'goods', 'order', 'trackingNumber')
  async list(@QueryParam() query: Query): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const text = (name: string): string | null => queryText(query, name) ?? null;
    const filter = { shop: text('shop'), sku: text('sku'), status: text('status'), goods: text('goods'), order: text('order'), trackingNumber: text('trackingNumber') };
    const found = await this.database.transaction((tx) => store.listCases(tx, filter, page.after[0] ?? '', page.limit + 1));
    return listed(found, page, (row) => [row.id], shownCase);
  }

  @Get('returns/:id')
  @Allow('operator', 'warehouse', 'quality', 'finance')
  one(@Param('id') id: string): Promise<object> {
    return this.database.transaction((tx) => this.shown(tx, id));
  }

  @Post('returns/:id/receipt')
  @Allow('operator', 'warehouse', 'quality')
  @HttpCode(200)
  receive(@Param('id') id: string, @Body() body: ReturnReceiptBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      const c = await store.findCase(tx, id);
      if (c === undefined) throw notFound(`the return ${id}`);
      const quantity = body.quantity ?? Math.max(1, c.quantity - c.received);
      await this.returns.receive(tx, id, { quantity, condition: body.condition, location: body.location, at: body.at === undefined ? new Date() : new Date(body.at) }, actorOf(principal));
      return this.shown(tx, id);
    });
  }

  /** All that a parcel's waybill was announced for came in. */
  @Post('return-receipts')
  @Allow('operator', 'warehouse', 'quality')
  @HttpCode(200)
  receiveParcel(@Body() body: WaybillReceiptBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      const cases = await store.casesOfWaybill(tx, body.trackingNumber);
      if (cases.length === 0) throw notFound(`a return with the tracking number ${body.trackingNumber}`);
      const open = cases.filter((c) => c.received < c.quantity);
      for (const c of open) await this.returns.receive(tx, c.id, { quantity: c.quantity - c.received, condition: undefined, location: body.location, at: body.at === undefined ? new Date() : new Date(body.at) }, actorOf(principal));
      return { received: open.length, items: await Promise.all(cases.map((c) => this.shown(tx, c.id))) };
    });
  }

  @Post('returns/:id/inspection')
  @Allow('operator', 'warehouse', 'quality')
  @HttpCode(200)
  inspect(@Param('id') id: string, @Body() body: InspectionBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      const units = body.units.map((u) => ({ lot: u.lot, subLot: u.subLot, quantity: u.quantity, grade: u.grade, finding: u.finding, disposition: u.disposition, note: u.note, photos: u.photos ?? [] }));
      for (const [i, u] of units.entries()) await this.files.attach(tx, principal, `units[${i}].photos`, u.photos, []);
      await this.returns.inspect(tx, id, units, body.at === undefined ? new Date() : new Date(body.at), actorOf(principal));
      await this.access.audit(tx, principal, 'return.inspected', id, undefined, body);
      return this.shown(tx, id);
    });
  }

  /** Two first messages about one case at the same moment: the later one is taken in again, on top of the other. */
  private async again<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isTransient(error)) throw error;
      return work();
    }
  }

  private async shown(tx: Tx, id: string): Promise<object> {
    const c = await store.findCase(tx, id);
    if (c === undefined) throw notFound(`the return ${id}`);
    const [lots, inspections, history, asked, bought] = await Promise.all([
      store.lotsOfCases(tx, [id]), store.inspectionsOf(tx, [id]), store.transitionsOf(tx, id), store.askedBack(tx, c), orderTotals(tx, c.shop, c.order_id, c.line_id),
    ]);
    return {
      ...shownCase(c),
      flags: [
        ...(bought === undefined ? ['order-unknown'] : []), ...(bought !== undefined && asked > bought.ordered ? ['more-than-bought'] : []),
        ...(bought !== undefined && c.received > 0 && bought.shipped === 0 ? ['never-shipped'] : []),
      ],
      lots: lots.map((l) => ({ lot: l.lot === '' ? null : l.lot, subLot: l.sub_lot === '' ? null : l.sub_lot, location: l.location, units: l.units, inspected: l.inspected })),
      inspections: inspections.map((i) => ({ id: i.id, lot: i.lot === '' ? null : i.lot, quantity: i.quantity, grade: i.grade, finding: i.finding, disposition: i.disposition, note: i.note, photos: i.photos, at: i.at, actor: i.actor })),
      history: history.map((h) => ({ machine: h.machine, to: h.to, at: h.at, actor: h.actor })),
    };
  }
}

const shownCase = (c: store.ReturnCase): object => ({
  id: c.id, shop: c.shop, orderId: c.order_id, lineId: c.line_id, sku: c.sku, quantity: c.quantity, kind: c.kind, claimedReason: c.claimed_reason, trackingNumber: c.tracking_number, requestedAt: c.requested_at,
  status: c.status, statusAt: c.status_at, goods: c.goods, condition: c.condition, received: c.received, inspected: c.inspected, receivedAt: c.received_at,
});
