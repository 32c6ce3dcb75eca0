import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query as QueryParam, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, Allow, AccessService, CurrentPrincipal, mayIngest, type AccessRequest, type Principal } from '../access/index.js';
import { existingSkus, termsOf } from '../catalogue/index.js';
import { Database, invalid, listed, ListQuery, notFound, Once, onceOf, pageOf, queryText, type Listed, type Query, type Tx } from '../kernel/index.js';
import { localTime } from '../kernel/math/index.js';
import { worldNow, worldOf } from '../orders/index.js';
import { NewMovementBody, NewReservationBody } from './inventory.dto.js';
import { availableToPromise, isPromisable } from './inventory.rules.js';
import * as store from './inventory.repository.js';
import { ReservationsService } from './reservations.service.js';
import { StockService } from './stock.service.js';

@ApiTags('inventory')
@Controller('v1')
export class InventoryController {
  constructor(
    @Inject(ReservationsService) private readonly reservations: ReservationsService,
    @Inject(StockService) private readonly stock: StockService,
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(Database) private readonly database: Database,
    @Inject(Once) private readonly once: Once,
  ) {}

  @Get('skus/:sku/availability')
  @Allow('operator', 'controller', 'warehouse', 'quality', 'finance')
  @ListQuery('world')
  async availability(@Param('sku') sku: string, @QueryParam() query: Query): Promise<object> {
    const world = worldOf(query);
    return this.database.transaction(async (tx) => {
      if (!(await existingSkus(tx, [sku])).has(sku)) throw notFound(`the SKU ${sku}`);
      const now = await worldNow(tx, world);
      const [levels, lots, incoming, [terms]] = await Promise.all([store.levelsOf(tx, world, [sku]), store.lotsOfSku(tx, world, sku), store.incomingOf(tx, world, [sku], now), termsOf(tx, [sku])]);
      // Supply is dated by the supplier's calendar.
      const today = localTime(now.getTime(), terms?.supplier_time_zone ?? 'UTC').date;
      const sum = (pick: (l: store.StockLevel) => number): number => levels.reduce((s, l) => s + pick(l), 0);
      const available = sum((l) => l.on_hand - l.reserved);
      const waiting = sum((l) => l.waiting);
      const unclaimed = sum((l) => l.unclaimed);
      const dated = incoming.map((i) => ({ date: i.due, units: i.quantity, source: i.source, overdue: !isPromisable({ date: i.due, units: i.quantity }, today) }));
      return {
        sku, world, onHand: sum((l) => l.on_hand), reserved: sum((l) => l.reserved), available, blocked: sum((l) => l.blocked), claimed: sum((l) => l.claimed), waiting, unclaimed,
        incoming: dated, availableToPromise: availableToPromise(available, waiting + unclaimed, dated.filter((d) => !d.overdue)),
        history: { opening: sum((l) => l.opening), received: sum((l) => l.received), returned: sum((l) => l.returned), adjusted: sum((l) => l.adjusted), scrapped: sum((l) => l.scrapped) },
        locations: levels.map((l) => ({ location: l.location, onHand: l.on_hand, reserved: l.reserved, available: l.on_hand - l.reserved, blocked: l.blocked })),
        lots: lots.map((l) => ({ lot: l.lot === '' ? null : l.lot, name: l.name, subLot: l.sub_lot === '' ? null : l.sub_lot, supplier: l.supplier, receivedAt: l.received_at, location: l.location, quality: l.quality, units: l.units })),
      };
    });
  }

  @Post('reservations')
  @Allow('operator', 'platform', 'controller', 'warehouse')
  reserve(@Body() body: NewReservationBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    if (principal.role === 'platform') {
      if (body.shop === undefined) throw invalid('shop', 'is missing: a platform holds units for a shop of its own');
      if (!mayIngest(principal, body.shop)) throw notFound(`the shop ${body.shop}`);
    }
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      const id = await this.reservations.reserve(
        tx, { lines: body.lines, location: body.location ?? store.MAIN, seconds: body.seconds, shop: body.shop, orderId: body.orderId, note: body.note }, actorOf(principal),
      );
      return this.shown(tx, id, principal);
    });
  }

  /** Newest first; a platform key sees its own alone. */
  @Get('reservations')
  @Allow('operator', 'platform', 'controller', 'warehouse')
  @ListQuery('sku', 'orderId', 'status')
  async reservationList(@QueryParam() query: Query, @CurrentPrincipal() principal: Principal): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const asked = queryText(query, 'status');
    const status = store.RESERVATION_STATUSES.find((s) => s === asked) ?? null;
    if (asked !== undefined && status === null) throw invalid('status', `must be one of ${store.RESERVATION_STATUSES.join(', ')}`);
    const filter = { sku: queryText(query, 'sku') ?? null, orderId: queryText(query, 'orderId') ?? null, status, actor: principal.role === 'platform' ? actorOf(principal) : null };
    return this.database.transaction(async (tx) => {
      const found = await store.listReservations(tx, filter, page.after[0] ?? null, page.limit + 1);
      const lines = await store.reservationLines(tx, found.map((r) => r.id));
      return listed(found, page, (r) => [r.id], (r) => shownReservation(r, lines.filter((l) => l.reservation === r.id)));
    });
  }

  @Get('reservations/:id')
  @Allow('operator', 'platform', 'controller', 'warehouse')
  reservation(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<object> {
    return this.database.transaction((tx) => this.shown(tx, id, principal));
  }

  @Post('reservations/:id/confirm')
  @Allow('operator', 'platform', 'controller', 'warehouse')
  @HttpCode(200)
  confirm(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<object> {
    return this.database.transaction(async (tx) => {
      await this.shown(tx, id, principal);
      await this.reservations.confirm(tx, id);
      return this.shown(tx, id, principal);
    });
  }

  @Delete('reservations/:id')
  @Allow('operator', 'platform', 'controller', 'warehouse')
  release(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<object> {
    return this.database.transaction(async (tx) => {
      await this.shown(tx, id, principal);
      await this.reservations.release(tx, id);
      return this.shown(tx, id, principal);
    });
  }

  @Post('stock-movements')
  @Allow('operator', 'warehouse', 'quality')
  move(@Body() body: NewMovementBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    const { cause, quantity } = body;
    if (quantity === 0 || (quantity < 0 && cause !== 'adjust')) throw invalid('quantity', cause === 'adjust' ? 'must not be 0' : 'must be at least 1');
    if ((cause === 'regrade') !== (body.toQuality !== undefined)) throw invalid('toQuality', cause === 'regrade' ? 'is missing: the quality that the units get' : `is for a regrade; ${cause} takes none`);
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      if (!(await existingSkus(tx, [body.sku])).has(body.sku)) throw invalid('sku', `the SKU ${body.sku} does not exist`);
      await this.stock.correct(tx, {
        world: body.world ?? 'live', cause, sku: body.sku, location: body.location ?? store.MAIN, lot: body.lot ?? '', subLot: body.subLot ?? '', quality: body.quality ?? 'A',
        toQuality: body.toQuality, quantity, note: body.note, actor: actorOf(principal),
      });
      await this.access.audit(tx, principal, `stock.${cause}`, body.sku, undefined, body);
      const [level] = (await store.levelsOf(tx, body.world ?? 'live', [body.sku])).filter((l) => l.location === (body.location ?? store.MAIN));
      return { sku: body.sku, onHand: level?.on_hand ?? 0, reserved: level?.reserved ?? 0, available: (level?.on_hand ?? 0) - (level?.reserved ?? 0), blocked: level?.blocked ?? 0 };
    });
  }

  @Get('stock-movements')
  @Allow('operator', 'warehouse', 'quality', 'finance')
  @ListQuery('sku', 'lot', 'cause', 'location', 'world')
  async movements(@QueryParam() query: Query): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const filter = { world: worldOf(query), sku: queryText(query, 'sku') ?? null, lot: queryText(query, 'lot') ?? null, cause: queryText(query, 'cause') ?? null, location: queryText(query, 'location') ?? null };
    const before = page.after[0] === undefined ? null : Number(page.after[0]);
    if (before !== null && !Number.isSafeInteger(before)) throw invalid('cursor', 'is not a cursor of this list');
    const found = await this.database.transaction((tx) => store.listMovements(tx, filter, before, page.limit + 1));
    return listed(found, page, (row) => [String(row.id)], (m) => ({
      id: m.id, sku: m.sku, location: m.location, lot: m.lot === '' ? null : m.lot, subLot: m.sub_lot === '' ? null : m.sub_lot, quality: m.quality, cause: m.cause, house: m.house, reserved: m.reserved,
      claimed: m.claimed, origin: m.origin, originId: m.origin_id, note: m.note, at: m.at, actor: m.actor, recordedAt: m.recorded_at,
    }));
  }

  /** A platform key sees its own reservations alone; another's does not exist. */
  private async shown(tx: Tx, id: string, principal: Principal): Promise<object> {
    const r = await store.findReservation(tx, id);
    if (r === undefined || (principal.role === 'platform' && r.actor !== actorOf(principal))) throw notFound(`the reservation ${id}`);
    return shownReservation(r, await store.reservationLines(tx, [id]));
  }
}

/** `taken`: units that lines of its order have taken over; the rest is held until it is released or expires. */
const shownReservation = (r: store.ReservationRow, lines: readonly (store.ReservationLine & { taken: number })[]): object => ({
  id: r.id, status: r.status, location: r.location, shop: r.shop, orderId: r.order_id, note: r.note, createdAt: r.created_at, expiresAt: r.expires_at, endedAt: r.ended_at,
  lines: lines.map((l) => ({ sku: l.sku, quantity: l.quantity, taken: l.taken })),
});
