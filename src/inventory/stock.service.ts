// Movements of stock, and who gets the units: opening stock, receipts, corrections, and the units of order lines. Every change
// locks the levels it touches in one order, posts its movements, and hands what became available to the lines that wait.
import { Inject, Injectable } from '@nestjs/common';
import { DomainError, invalid, Jobs, newId, type Tx } from '../kernel/index.js';
import { cancelledOrders, stockLines, takeNews, worldNow, type StockLine } from '../orders/index.js';
import { stockChanged } from './inventory.facts.js';
import { allocate, handOver, type LineWish } from './inventory.rules.js';
import * as store from './inventory.repository.js';
import type { Place, Quality, World } from './inventory.repository.js';
import { blockLots, blockWithdrawn } from './withdrawn.js';

/** Changes taken up in one transaction. */
const NEWS_PER_JOB = 4_000;
/** Lines that lack units and are served in one pass. */
const LACKING_PER_PASS = 5_000;

export interface ReceivedUnits {
  readonly sku: string;
  readonly quantity: number;
  readonly quality: Quality;
  readonly subLot: string;
}

export interface Receipt {
  readonly world: World;
  readonly location: string;
  readonly supplier: string | null;
  readonly productionOrder: string | null;
  /** What the supplier calls the lot. */
  readonly name: string | null;
  readonly at: Date;
  readonly actor: string;
  readonly origin: string;
  readonly originId: string;
  readonly units: readonly ReceivedUnits[];
}

export interface Correction {
  readonly world: World;
  readonly cause: 'adjust' | 'scrap' | 'quarantine' | 'regrade';
  readonly sku: string;
  readonly location: string;
  readonly lot: string;
  readonly subLot: string;
  readonly quality: Quality;
  /** Where the units go, for a regrade. */
  readonly toQuality: Quality | undefined;
  /** Units; for an adjustment signed. */
  readonly quantity: number;
  readonly note: string;
  readonly actor: string;
}

@Injectable()
export class StockService {
  constructor(@Inject(Jobs) private readonly jobs: Jobs) {}

  /**
   * The catalogue's opening stock, in both worlds. Answers SKUs whose live stock cannot fall so far, because units of it are promised
   * or gone; these are left as they are. Each world is judged by itself: a replay that has used up its own keeps it.
   */
  async setOpening(tx: Tx, stock: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, string>> {
    const changed = await store.openingsOtherThan(tx, stock);
    const places = changed.map(({ world, sku }): Place => ({ world, sku, location: store.MAIN }));
    const levels = await store.lockLevels(tx, places);
    const lots = new Map((await store.lotsOf(tx, places, 'A')).filter((l) => l.lot === '' && l.sub_lot === '').map((l) => [store.placeKey(l), l.units]));
    const refused = new Map<string, string>();
    const wanted: (Place & { change: number })[] = [];
    // Under the lock, and live before replay: another import may have told the same meanwhile, and what the live world refuses is changed in neither.
    for (const [key, level] of [...levels].sort(([, x], [, y]) => (x.world < y.world ? -1 : 1))) {
      const change = (stock.get(level.sku) as number) - level.opening;
      // Units that came in with lots are not the opening stock's to lose.
      const free = Math.min(level.on_hand - level.reserved, lots.get(key) ?? 0);
      if (free + change >= 0) wanted.push({ world: level.world, sku: level.sku, location: level.location, change });
      else if (level.world === 'live') refused.set(level.sku, `initial_stock: ${level.sku} cannot fall by ${-change}, only ${free} units of its opening stock are neither shipped nor reserved; post a stock movement (adjust) instead`);
    }
    const applied = wanted.filter(({ sku, change }) => change !== 0 && !refused.has(sku));
    await store.post(tx, applied.map(({ world, sku, location, change }): store.Movement => ({
      world, sku, location, lot: '', subLot: '', quality: 'A', cause: 'opening', house: change, reserved: 0, claimed: 0, origin: 'catalogue', originId: sku, note: null, at: new Date(), actor: 'catalogue',
    })));
    const kept = new Map([...stock].filter(([sku]) => !refused.has(sku)));
    if (kept.size > 0) await store.saveOpeningStock(tx, kept);
    await this.serve(tx, applied);
    for (const world of ['live', 'replay'] as const) {
      const skus = applied.filter((p) => p.world === world).map((p) => p.sku);
      if (skus.length > 0) await this.jobs.announce(tx, stockChanged, { world, cause: 'opening', skus });
    }
    return refused;
  }

  /** A lot comes in; its sellable units go to the lines that wait, the rest is available. Answers the lot's id. */
  async receive(tx: Tx, r: Receipt): Promise<string> {
    const lot = newId('lot');
    const places = r.units.map((u): Place => ({ world: r.world, sku: u.sku, location: r.location }));
    await store.lockLevels(tx, places);
    await store.insertLot(tx, { id: lot, world: r.world, supplier: r.supplier, productionOrder: r.productionOrder, name: r.name, receivedAt: r.at });
    await store.post(tx, r.units.map((u): store.Movement => ({
      world: r.world, sku: u.sku, location: r.location, lot, subLot: u.subLot, quality: u.quality, cause: 'receipt', house: u.quantity, reserved: 0, claimed: 0, origin: r.origin, originId: r.originId,
      note: null, at: r.at, actor: r.actor,
    })));
    await this.serve(tx, places);
    await this.jobs.announce(tx, stockChanged, { world: r.world, cause: 'receipt', skus: [...new Set(r.units.map((u) => u.sku))] });
    return lot;
  }

  /** A correction by a person. Units that are promised can be neither scrapped nor downgraded: their order comes first. */
  async correct(tx: Tx, c: Correction): Promise<void> {
    const place: Place = { world: c.world, sku: c.sku, location: c.location };
    // The lot before its levels, as an alarm takes them.
    const withdrawnBy = c.toQuality === 'A' && c.lot !== '' ? (await store.withdrawnLots(tx, [c.lot])).get(c.lot) : undefined;
    const level = (await store.lockLevels(tx, [place])).get(store.placeKey(place)) as store.StockLevel;
    const there = (await store.lotsOf(tx, [place], c.quality)).find((l) => l.lot === c.lot && l.sub_lot === c.subLot)?.units ?? 0;
    const leaving = c.cause === 'adjust' ? Math.max(0, -c.quantity) : c.quantity;
    if (leaving > there) throw new DomainError(409, 'not-there', `quantity: ${c.lot === '' ? 'this place' : `the lot ${c.lot}`} has ${there} units of quality ${c.quality}`, { units: there });
    if (c.quality === 'quarantine') await this.leaveToInspection(tx, place, c, there, leaving);
    const available = level.on_hand - level.reserved;
    if (c.quality === 'A' && leaving > available) throw new DomainError(409, 'promised', `quantity: only ${available} units are not promised to an order`, { available });
    if (c.lot !== '' && there === 0 && (await store.lotsCalled(tx, [c.lot])).every((l) => l.id !== c.lot)) throw invalid('lot', `the lot ${c.lot} does not exist`);
    if (withdrawnBy !== undefined) {
      throw new DomainError(409, 'lot-withdrawn', `lot: no unit of ${c.lot} can be sold while ${withdrawnBy} stands; close it as dismissed, or book units that were sorted out of it (adjust) out of this lot and in again without one`, { withdrawnBy });
    }
    const base = { ...place, lot: c.lot, subLot: c.subLot, reserved: 0, claimed: 0, origin: 'person', originId: c.actor, note: c.note, at: new Date(), actor: c.actor };
    const to = c.cause === 'quarantine' ? 'quarantine' : c.toQuality;
    if (to === c.quality) throw invalid('toQuality', `the units are of quality ${c.quality} already`);
    const movements: store.Movement[] =
      c.cause === 'adjust' ? [{ ...base, quality: c.quality, cause: 'adjust', house: c.quantity }]
        : c.cause === 'scrap' || to === undefined ? [{ ...base, quality: c.quality, cause: 'scrap', house: -c.quantity }]
          : [{ ...base, quality: c.quality, cause: c.cause, house: -c.quantity }, { ...base, quality: to, cause: c.cause, house: c.quantity }];
    await store.post(tx, movements);
    await this.serve(tx, [place]);
    await this.jobs.announce(tx, stockChanged, { world: c.world, cause: c.cause, skus: [c.sku] });
  }

  /** Returned units that nobody has looked at are not a correction's to move: their inspection would find nothing to send on. */
  private async leaveToInspection(tx: Tx, place: Place, c: Correction, there: number, leaving: number): Promise<void> {
    const waiting = leaving === 0 ? [] : await store.uninspected(tx, place, c.lot, c.subLot);
    const units = waiting.reduce((s, w) => s + w.units, 0);
    if (leaving <= there - units) return;
    const returns = waiting.map((w) => w.return_case);
    throw new DomainError(409, 'waits-for-inspection', `quantity: ${units} of these ${there} units wait for the inspection of ${returns.slice(0, 5).join(', ')}${returns.length > 5 ? ` and ${returns.length - 5} more` : ''}; inspect them first`, { units: there - units, returns });
  }

  /** Goods that came back are in the house and blocked until somebody has looked at them. */
  async takeBack(tx: Tx, r: { world: World; location: string; sku: string; returnId: string; lots: readonly { lot: string; subLot: string; units: number }[]; at: Date; actor: string }): Promise<void> {
    const place: Place = { world: r.world, sku: r.sku, location: r.location };
    await store.lockLevels(tx, [place]);
    await store.post(tx, r.lots.map((l): store.Movement => ({
      ...place, lot: l.lot, subLot: l.subLot, quality: 'quarantine', cause: 'return-receipt', house: l.units, reserved: 0, claimed: 0, origin: 'return', originId: r.returnId, note: null, at: r.at, actor: r.actor,
    })));
    await this.jobs.announce(tx, stockChanged, { world: r.world, cause: 'return-receipt', skus: [r.sku] });
  }

  /**
   * Returned goods go where inspection sent them: to another quality (sellable ones to the lines that wait), or out of the house.
   * Sellable ones of a lot that must not be sold are blocked for what withdrew it (`withdrawnBy`), and readmitted with the lot.
   */
  async sendOn(
    tx: Tx, r: { world: World; location: string; sku: string; returnId: string; lot: string; subLot: string; quantity: number; to: Quality | 'out'; withdrawnBy?: string | undefined; note: string; at: Date; actor: string },
  ): Promise<void> {
    const place: Place = { world: r.world, sku: r.sku, location: r.location };
    await store.lockLevels(tx, [place]);
    const there = (await store.lotsOf(tx, [place], 'quarantine')).find((l) => l.lot === r.lot && l.sub_lot === r.subLot)?.units ?? 0;
    if (there < r.quantity) {
      throw new DomainError(409, 'not-there', `quantity: ${there} returned units of ${r.sku} wait in quarantine${r.lot === '' ? '' : ` in the lot ${r.lot}`}, the rest was moved or scrapped meanwhile; correct the stock first (POST /v1/stock-movements)`, { units: there });
    }
    const base = { ...place, lot: r.lot, subLot: r.subLot, reserved: 0, claimed: 0, origin: 'return', originId: r.returnId, note: r.note, at: r.at, actor: r.actor };
    if (r.withdrawnBy !== undefined) {
      await store.post(tx, [{ ...base, quality: 'quarantine', cause: 'regrade', house: -r.quantity }, { ...base, origin: 'alarm', originId: r.withdrawnBy, quality: 'quarantine', cause: 'quarantine', house: r.quantity }]);
      return;
    }
    // Put aside: the units stay where they are, and from now on a person may move them (see `uninspected`).
    if (r.to === 'quarantine') return store.post(tx, [{ ...base, quality: 'quarantine', cause: 'regrade', house: -r.quantity }, { ...base, quality: 'quarantine', cause: 'quarantine', house: r.quantity }]);
    await store.post(tx, r.to === 'out' ? [{ ...base, quality: 'quarantine', cause: 'scrap', house: -r.quantity }]
      : [{ ...base, quality: 'quarantine', cause: 'regrade', house: -r.quantity }, { ...base, quality: r.to, cause: 'regrade', house: r.quantity }]);
    await this.serve(tx, [place]);
    await this.jobs.announce(tx, stockChanged, { world: r.world, cause: r.to === 'out' ? 'scrap' : 'regrade', skus: [r.sku] });
  }

  /**
   * A lot that must not be sold: its sellable units are blocked wherever they are. Orders that had been promised them wait again,
   * those that were paid last first; what a reservation holds for somebody stays, and is answered as kept.
   */
  async withdrawLot(tx: Tx, w: { world: World; lot: string; origin: string; originId: string; note: string; at: Date; actor: string }): Promise<{ quarantined: number; kept: number }> {
    await store.markWithdrawn(tx, w.lot, w.originId);
    const there = await store.sellableOfLot(tx, w.world, w.lot, 'A');
    const places = [...new Map(there.map((l) => [store.placeKey(l), l as Place])).values()];
    if (places.length === 0) return { quarantined: 0, kept: 0 };
    await store.lockLevels(tx, places);
    let quarantined = 0;
    let kept = 0;
    for (const place of places) {
      const level = (await store.lockLevels(tx, [place])).get(store.placeKey(place)) as store.StockLevel;
      const done = await blockLots(tx, level, (await store.withdrawnUnits(tx, [place])).filter((l) => l.lot === w.lot), w);
      quarantined += done.quarantined;
      kept += done.kept;
    }
    await this.jobs.announce(tx, stockChanged, { world: w.world, cause: 'quarantine', skus: [...new Set(places.map((p) => p.sku))] });
    return { quarantined, kept };
  }

  /** The units that `withdrawLot` blocked for one cause, and that are still blocked, can be sold again. */
  async readmitLot(tx: Tx, w: { world: World; lot: string; origin: string; originId: string; note: string; at: Date; actor: string }): Promise<number> {
    await store.markWithdrawn(tx, w.lot, null);
    const blocked = await store.blockedBy(tx, w.origin, w.originId, w.lot);
    const places = blocked.map((b): Place => ({ world: w.world, sku: b.sku, location: b.location }));
    if (places.length === 0) return 0;
    await store.lockLevels(tx, places);
    const there = await store.sellableOfLot(tx, w.world, w.lot, 'quarantine');
    const returned = await store.returnedInQuarantine(tx, w.lot);
    const movements = blocked.flatMap((b): store.Movement[] => {
      const here = (l: { sku: string; location: string; sub_lot: string }): boolean => l.sku === b.sku && l.location === b.location && l.sub_lot === b.sub_lot;
      // Beside them lie returned units that nobody has looked at; they stay.
      const units = Math.min(b.units, Math.max(0, (there.find(here)?.units ?? 0) - (returned.find(here)?.units ?? 0)));
      const moved = { world: w.world, sku: b.sku, location: b.location, lot: w.lot, subLot: b.sub_lot, cause: 'regrade' as const, reserved: 0, claimed: 0, origin: w.origin, originId: w.originId, note: w.note, at: w.at, actor: w.actor };
      return units === 0 ? [] : [{ ...moved, quality: 'quarantine', house: -units }, { ...moved, quality: 'A', house: units }];
    });
    await store.post(tx, movements);
    await this.serve(tx, places);
    await this.jobs.announce(tx, stockChanged, { world: w.world, cause: 'regrade', skus: [...new Set(places.map((p) => p.sku))] });
    return movements.reduce((s, m) => s + Math.max(0, m.house), 0);
  }

  /** Takes up some of the orders that changed. */
  async takeUp(tx: Tx): Promise<void> {
    const news = await takeNews(tx, NEWS_PER_JOB);
    if (news.length > 0) await this.settle(tx, news);
  }

  /**
   * Gives what is available at places to the lines that lack units there, those that wait longest first, until one of the two runs
   * out. What is free of withdrawn lots is blocked before, so that nobody gets it.
   */
  private async serve(tx: Tx, places: readonly Place[]): Promise<void> {
    if (places.length === 0) return;
    const blocked = await blockWithdrawn(tx, places);
    for (const world of new Set(blocked.map((p) => p.world))) await this.jobs.announce(tx, stockChanged, { world, cause: 'quarantine', skus: [...new Set(blocked.filter((p) => p.world === world).map((p) => p.sku))] });
    for (;;) {
      const levels = await store.lockLevels(tx, places);
      const lacking = [...levels.values()].filter((l) => l.on_hand > l.reserved && l.waiting + l.unclaimed > 0).map((l) => ({ ...l, limit: Math.min(LACKING_PER_PASS, l.on_hand - l.reserved) }));
      if (lacking.length === 0) return;
      const rows = await store.lackingLines(tx, lacking);
      if (rows.length === 0) return;
      // What is on hand may be of lots that were withdrawn at this very moment: nothing of it can be given out.
      if (!(await this.allocate(tx, levels, rows.map((a) => ({ before: a, after: a })), true))) return;
    }
  }

  /** Order lines as they stand now, against what they have; read under the lock of their SKUs' levels. */
  private async settle(tx: Tx, news: readonly { shop: string; order_id: string; sku: string; world: World }[]): Promise<void> {
    const orders = [...new Map(news.map((n) => [`${n.shop}\0${n.order_id}`, { shop: n.shop, order_id: n.order_id }])).values()];
    const reservations = await store.reservationsOfOrders(tx, orders);
    const promised = reservations.length === 0 ? [] : await store.heldLines(tx, reservations.map((r) => r.id));
    const levels = await store.lockSkus(tx, [...news, ...promised]);
    // Lines of SKUs that changed meanwhile have news of their own, and are not locked here.
    const lines = (await stockLines(tx, orders)).filter((l) => levels.has(store.placeKey({ ...l, location: store.MAIN })));
    const found = await store.allocationsOf(tx, lines);
    const placeOf = (l: StockLine, known: store.AllocationRow | undefined): Place => {
      const held = promised.filter((p) => p.shop === l.shop && p.order_id === l.order_id);
      const reserved = { world: l.world, sku: l.sku, location: (held.find((p) => p.sku === l.sku) ?? held[0])?.location ?? store.MAIN };
      return known ?? (levels.has(store.placeKey(reserved)) ? reserved : { ...reserved, location: store.MAIN });
    };
    const before = new Map(found.map((a) => [store.lineKey(a), a]));
    const called = new Map((await store.lotsCalled(tx, [...new Set(lines.flatMap((l) => (l.lot === null ? [] : [l.lot])))])).flatMap((l) => [[l.id, l.id] as const, ...(l.name === null ? [] : [[l.name, l.id] as const])]));
    const after = lines.map((l): store.AllocationRow => {
      const known = before.get(store.lineKey(l));
      return {
        shop: l.shop, order_id: l.order_id, line_id: l.line_id, world: l.world, sku: l.sku, location: placeOf(l, known).location,
        open: l.open, shipped: Math.max(l.shipped, known?.claimed ?? 0), reserved: known?.reserved ?? 0, claimed: known?.claimed ?? 0,
        lot: l.lot === null ? null : (called.get(l.lot) ?? null), since: l.paid_at ?? new Date(0),
      };
    });
    // What was reserved for an order before it was paid goes over to its lines, and to nobody in between.
    const handed = await this.handOver(tx, promised, after);
    await this.allocate(tx, levels, after.map((a) => ({ before: before.get(store.lineKey(a)), after: { ...a, reserved: a.reserved + (handed.get(store.lineKey(a)) ?? 0) } })));
    // An order that was cancelled comes for nothing any more: what is still held for it would wait for a buyer who is gone.
    const over = reservations.length === 0 ? [] : await cancelledOrders(tx, reservations.map((r) => ({ shop: r.shop as string, order_id: r.order_id as string })));
    const left = reservations.filter((r) => over.some((o) => o.shop === r.shop && o.order_id === r.order_id));
    await this.giveBack(tx, await store.endReservations(tx, left.map((r) => r.id), 'released'));
    await this.serve(tx, [...levels.values()].filter((l) => l.on_hand > 0 && l.waiting + l.unclaimed + l.reserved > 0));
  }

  /** Gives the lines of orders what was reserved for them; answers the units by line. A reservation of which nothing is left is used. */
  private async handOver(tx: Tx, promised: readonly store.HeldLine[], lines: readonly store.AllocationRow[]): Promise<ReadonlyMap<string, number>> {
    const orderAt = (l: Place & { shop: string | null; order_id: string | null }): string => `${l.shop}\0${l.order_id}\0${store.placeKey(l)}`;
    const given = handOver(
      promised.map((p) => ({ for: orderAt(p), reservation: p.reservation, units: p.held })),
      lines.map((l) => ({ for: orderAt(l), line: store.lineKey(l), lacks: l.open + l.shipped - l.reserved - l.claimed })),
    );
    const handed = new Map<string, number>();
    if (given.length === 0) return handed;
    const byKey = new Map(lines.map((l) => [store.lineKey(l), l]));
    const at = new Date();
    const movements = given.flatMap((g): store.Movement[] => {
      const l = byKey.get(g.line) as store.AllocationRow;
      handed.set(g.line, (handed.get(g.line) ?? 0) + g.units);
      const base = { world: l.world, sku: l.sku, location: l.location, lot: '', subLot: '', quality: 'A' as const, house: 0, claimed: 0, note: 'used', at, actor: 'orders' };
      return [{ ...base, cause: 'release', reserved: -g.units, origin: 'reservation', originId: g.reservation }, { ...base, cause: 'reserve', reserved: g.units, origin: 'order-line', originId: `${l.shop}/${l.order_id}/${l.line_id}` }];
    });
    await store.post(tx, movements);
    await store.takeHeld(tx, given.map((g) => ({ reservation: g.reservation, sku: (byKey.get(g.line) as store.AllocationRow).sku, units: g.units })));
    return handed;
  }

  /** Releases what reservations that have ended still held, and gives it to the lines that wait. */
  async giveBack(tx: Tx, ended: readonly store.ReservationRow[]): Promise<void> {
    if (ended.length === 0) return;
    const byId = new Map(ended.map((r) => [r.id, r]));
    const movements = (await store.heldLines(tx, [...byId.keys()])).map((l): store.Movement => {
      const r = byId.get(l.reservation) as store.ReservationRow;
      return { world: l.world, sku: l.sku, location: l.location, lot: '', subLot: '', quality: 'A', cause: 'release', house: 0, reserved: -l.held, claimed: 0, origin: 'reservation', originId: r.id, note: r.status, at: new Date(), actor: r.actor };
    });
    await store.lockLevels(tx, movements);
    await store.post(tx, movements);
    await this.serve(tx, movements);
  }

  private async allocate(
    tx: Tx, levels: ReadonlyMap<string, store.StockLevel>, lines: readonly { readonly before: store.AllocationRow | undefined; readonly after: store.AllocationRow }[], serving = false,
  ): Promise<boolean> {
    const byPlace = grouped(lines, (l) => store.placeKey(l.after));
    const lots = grouped(await store.claimableLots(tx, lines.map((l) => l.after)), store.placeKey);
    const movements: store.Movement[] = [];
    const lacks: store.Lack[] = [];
    const saved: store.AllocationRow[] = [];
    // Business time: a replayed unit leaves when its world says so, whatever the hour here.
    const nows = new Map<World, Date>();
    for (const { after } of lines) if (!nows.has(after.world)) nows.set(after.world, await worldNow(tx, after.world));
    for (const [key, here] of byPlace) {
      const level = levels.get(key) as store.StockLevel;
      const at = nows.get(level.world) as Date;
      // Where others wait already, what becomes free is theirs to compete for: `serve` hands it out by the time of payment.
      const queue = level.waiting + level.unclaimed > 0 && !serving;
      const wishes = here.map(({ after: a }): LineWish => ({
        key: store.lineKey(a), open: queue ? Math.min(a.open, a.reserved) : a.open, shipped: a.shipped, lot: a.lot ?? undefined, since: a.since.getTime(),
      }));
      const shares = new Map(here.map(({ after: a }) => [store.lineKey(a), { reserved: a.reserved, claimed: a.claimed }]));
      const units = (lots.get(key) ?? []).map((l) => ({ lot: l.lot, subLot: l.sub_lot, units: l.units }));
      const result = allocate({ onHand: level.on_hand, reserved: level.reserved }, units, shares, wishes);
      const rows = new Map(here.map((l) => [store.lineKey(l.after), l]));
      for (const move of result.moves) {
        const { before, after } = rows.get(move.key) as typeof lines[number];
        const place: Place = { world: after.world, sku: after.sku, location: after.location };
        const base = { ...place, quality: 'A' as const, origin: 'order-line', originId: `${after.shop}/${after.order_id}/${after.line_id}`, note: null, at, actor: 'orders' };
        const none = { lot: '', subLot: '', house: 0, reserved: 0, claimed: 0 };
        const claimed = move.claims.reduce((s, c) => s + c.units, 0);
        const own = after.reserved + move.newlyReserved - move.released - move.share.reserved;
        if (move.released > 0) movements.push({ ...base, ...none, cause: 'release', reserved: -move.released });
        move.claims.forEach((c, i) => movements.push({ ...base, lot: c.lot, subLot: c.subLot, cause: 'claim', house: -c.units, claimed: c.units, reserved: i === 0 ? -own : 0 }));
        if (move.newlyReserved > 0) movements.push({ ...base, ...none, cause: 'reserve', reserved: move.newlyReserved });
        const row = { ...after, reserved: move.share.reserved, claimed: move.share.claimed };
        const lack = (a: store.AllocationRow | undefined): [number, number] => (a === undefined ? [0, 0] : [Math.max(0, a.open - a.reserved), a.shipped - a.claimed]);
        const [waitingBefore, unclaimedBefore] = lack(before);
        const [waiting, unclaimed] = lack(row);
        if (waiting !== waitingBefore || unclaimed !== unclaimedBefore) lacks.push({ ...place, waiting: waiting - waitingBefore, unclaimed: unclaimed - unclaimedBefore });
        if (before === undefined ? row.open + row.shipped > 0 : claimed > 0 || before.reserved !== row.reserved || before.open !== row.open || before.shipped !== row.shipped) saved.push(row);
      }
    }
    await store.post(tx, movements, lacks);
    if (saved.length > 0) await store.saveAllocations(tx, saved);
    return saved.length > 0;
  }
}

function grouped<T>(list: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of list) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
