// Units held for somebody who has not ordered yet: all lines or none, for a time, by the database's clock.
import { Inject, Injectable } from '@nestjs/common';
import { CatalogueService, existingSkus } from '../catalogue/index.js';
import { Database, DomainError, Handles, invalid, Jobs, newId, notFound, Repeated, type JobRun, type Tx } from '../kernel/index.js';
import { hasNews } from '../orders/index.js';
import { settleOrders } from './inventory.facts.js';
import * as store from './inventory.repository.js';
import { StockService } from './stock.service.js';

const EXPIRED_PER_TICK = 500;
/**
 * Days for which a confirmed reservation waits for its order. Longer than platforms leave an order unpaid (hours), a shipment on
 * delivery unconfirmed (days) or the balance of a presale open (two to three weeks); an order that has not come by then comes no
 * more, and its units would be nobody's for ever.
 */
const CONFIRMED_DAYS = 30;

export interface NewReservation {
  readonly lines: readonly store.ReservationLine[];
  readonly location: string;
  readonly seconds: number;
  readonly shop: string | undefined;
  readonly orderId: string | undefined;
  readonly note: string | undefined;
}

@Injectable()
export class ReservationsService {
  private readonly ticks: Repeated;

  constructor(
    @Inject(StockService) private readonly stock: StockService,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(Database) private readonly database: Database,
    @Inject(Jobs) private readonly jobs: Jobs,
  ) {
    this.ticks = new Repeated('the tick of inventory', 1_000, () => this.tick());
  }

  /** Promises the units of all lines or of none. The same SKU twice counts as one line of the sum. */
  async reserve(tx: Tx, wanted: NewReservation, actor: string): Promise<string> {
    const sums = new Map<string, number>();
    for (const l of wanted.lines) sums.set(l.sku, (sums.get(l.sku) ?? 0) + l.quantity);
    const lines = [...sums].map(([sku, quantity]) => ({ sku, quantity })).sort((a, b) => (a.sku < b.sku ? -1 : 1));
    const world = wanted.shop === undefined ? 'live' : (await this.catalogue.shop(wanted.shop, tx)).clock;
    if (wanted.orderId !== undefined && wanted.shop === undefined) throw invalid('shop', 'is missing: an order belongs to a shop');
    // Several SKUs are locked in one order before they are promised; one alone needs no more than its statement.
    if (lines.length > 1) await store.lockLevels(tx, lines.map((l) => ({ world, sku: l.sku, location: wanted.location })));
    const promised = new Set((await store.promise(tx, { world, location: wanted.location }, lines)).map((p) => p.sku));
    const refused = lines.filter((l) => !promised.has(l.sku));
    if (refused.length > 0) throw await this.refusal(tx, world, wanted.location, refused);
    const id = newId('res');
    await store.insertReservation(tx, { id, world, location: wanted.location, shop: wanted.shop ?? null, order_id: wanted.orderId ?? null, note: wanted.note ?? null, actor }, wanted.seconds, lines);
    await store.recordPromise(tx, id, { world, location: wanted.location }, lines, actor);
    return id;
  }

  private async refusal(tx: Tx, world: store.World, location: string, refused: readonly store.ReservationLine[]): Promise<DomainError> {
    const known = new Set(await existingSkus(tx, refused.map((r) => r.sku)));
    const stranger = refused.find((r) => !known.has(r.sku));
    if (stranger !== undefined) return invalid('lines', `the SKU ${stranger.sku} does not exist`);
    const levels = new Map((await store.levelsOf(tx, world, refused.map((r) => r.sku))).filter((l) => l.location === location).map((l) => [l.sku, l]));
    const short = refused.map((r) => { const l = levels.get(r.sku); return { sku: r.sku, wanted: r.quantity, available: l === undefined ? 0 : l.on_hand - l.reserved }; });
    return new DomainError(409, 'not-enough-stock', short.map((s) => `${s.sku}: ${s.wanted} wanted, ${s.available} available`).join('; '), { lines: short });
  }

  async confirm(tx: Tx, id: string): Promise<void> {
    const r = await store.findReservation(tx, id);
    if (r === undefined) throw notFound(`the reservation ${id}`);
    if (r.status === 'confirmed' || (await store.confirm(tx, id, CONFIRMED_DAYS))) return;
    const now = (await store.findReservation(tx, id)) as store.ReservationRow;
    if (now.status === 'confirmed') return;
    const what = now.status === 'held' ? 'expired' : now.status;
    throw new DomainError(409, 'not-held', `this reservation is ${what}; its units may be somebody else's now`, { currentStatus: what });
  }

  /** Gives the units back; a repeat changes nothing. */
  async release(tx: Tx, id: string): Promise<void> {
    const r = await store.findReservation(tx, id);
    if (r === undefined) throw notFound(`the reservation ${id}`);
    await this.stock.giveBack(tx, await store.endReservations(tx, [id], 'released'));
  }

  @Handles(settleOrders)
  async onOrders(run: JobRun<object>): Promise<void> {
    await run.effect(async (tx) => {
      await this.stock.takeUp(tx);
      if (await hasNews(tx)) await this.jobs.enqueue(tx, settleOrders, [{}]);
    });
  }

  start(): void {
    this.ticks.start();
  }

  /** Expired reservations give their units back, and changed orders are taken up; every worker may tick. */
  async tick(): Promise<void> {
    await this.database.transaction(async (tx) => {
      const expired = await store.expiredReservations(tx, EXPIRED_PER_TICK);
      if (expired.length > 0) await this.stock.giveBack(tx, await store.endReservations(tx, expired.map((e) => e.id), 'expired'));
    });
    await this.database.transaction(async (tx) => {
      if (await hasNews(tx)) await this.jobs.enqueue(tx, settleOrders, [{}]);
    });
  }

  async stop(): Promise<void> {
    await this.ticks.stop();
  }
}
