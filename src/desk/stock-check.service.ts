// The stock check: gathers what the rooms know of a line-up's SKUs, and lets the rules judge row by row. Reads alone.
import { Inject, Injectable } from '@nestjs/common';
import { limitTo, type Principal } from '../access/index.js';
import { BroadcastsService, itemsOfSkus, lineUp, planVersion, type Broadcast, type RunningItem } from '../broadcasts/index.js';
import { CatalogueService, termsOfStyles, termsOf, type SkuTerms } from '../catalogue/index.js';
import { NowcastService, quantilesOf, tells, unitsOf } from '../forecast/index.js';
import { LEVELS } from '../forecast/math/index.js';
import { incomingOf, levelsOf, reservedUnpaid, type StockLevel } from '../inventory/index.js';
import { localTime, nextLocalHour } from '../kernel/math/index.js';
import type { Tx } from '../kernel/index.js';
import { allClocks, demandOf, unpaidUnits, type SkuDemand } from '../orders/index.js';
import { addDays, judgeBroadcast, judgeItem, naiveReturnRate, overflow, phaseOf, standstill, stillPlanned, validUntil, type Claimant, type Judgement } from './stock-check.rules.js';
import * as store from './stock-check.repository.js';

const DAY_MS = 86_400_000;
const SUBSTITUTES = 3;
/** Said once, so that nobody takes the one bucket for the general one of several. */
const ONE_BUCKET = 'stock is kept in one bucket: nothing is set apart for an anchor, a broadcast or a presale';

type Item = Awaited<ReturnType<typeof lineUp>>[number];
type World = 'live' | 'replay';

interface Moment {
  readonly world: World;
  readonly now: Date;
  readonly timeZone: string;
}

interface Known {
  readonly terms: ReadonlyMap<string, SkuTerms>;
  readonly siblings: readonly SkuTerms[];
  readonly stock: ReadonlyMap<string, Stock>;
  readonly supply: ReadonlyMap<string, { date: string; units: number }[]>;
  readonly demand: ReadonlyMap<string, number>;
  readonly unpaid: ReadonlyMap<string, number>;
  readonly lines: ReadonlyMap<string, { readonly lines: number; readonly lineUnits: number; readonly lineLogMilli: number }>;
  readonly assessments: ReadonlyMap<string, Awaited<ReturnType<typeof store.latestAssessments>>[number]>;
  readonly returned: ReadonlyMap<string, Awaited<ReturnType<typeof store.returnedUnits>>[number]>;
  readonly substitutes: readonly store.Substitute[];
}

interface Stock {
  readonly onHand: number;
  readonly reserved: number;
  readonly available: number;
  readonly blocked: number;
  readonly waiting: number;
}

/** A row of some line-up, with what of its plan is still to be sold. */
interface PlannedRow {
  readonly broadcast: string;
  readonly anchor: string;
  readonly sku: string;
  readonly startsAt: Date;
  readonly slotAt: Date;
  /** Position in the line-up that is checked; undefined in another one. */
  readonly position: number | undefined;
  readonly left: number;
}

@Injectable()
export class StockCheckService {
  constructor(
    @Inject(BroadcastsService) private readonly broadcasts: BroadcastsService,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(NowcastService) private readonly nowcast: NowcastService,
  ) {}

  async check(tx: Tx, principal: Principal, id: string): Promise<object> {
    const broadcast = await this.broadcasts.mine(tx, principal, id);
    const items = await lineUp(tx, id);
    const skus = [...new Set(items.map((i) => i.sku))];
    const clocks = await allClocks(tx);
    const shop = await this.catalogue.shop(broadcast.shop, tx);
    const own = clocks.find((c) => c.id === broadcast.shop)?.now ?? null;
    // A replay that has not begun stands before its first broadcast, whatever the year on the wall.
    const moment: Moment = { world: shop.clock, timeZone: shop.timeZone, now: own ?? new Date(Math.min(Date.now(), broadcast.startsAt.getTime())) };
    const nows = new Map(clocks.filter((c) => c.clock === shop.clock).map((c) => [c.id, c.now]));
    const phase = phaseOf(broadcast, moment.now);
    const known = await this.gather(tx, moment.world, moment.now, skus, new Set(nows.keys()));
    const [planned, expected] = await Promise.all([this.planned(tx, broadcast, items, skus, nows, moment.now), this.expected(tx, moment, broadcast, known)]);
    const still = standstill(phase, items.length);
    const only = limitTo(principal, 'anchor');
    const shown = items.map((item) => {
      const claimants = claimantsOf(planned, broadcast, item, only);
      const row = planned.find((p) => p.position === item.position);
      const judged = judge(known, item, row?.left ?? item.planned_units, claimants, moment);
      const final = still === undefined ? judged : { ...judged, verdict: 'no-go' as const, reasons: [still] };
      return { verdict: final.verdict, shown: { ...shownItem(known, item, final, row?.left ?? item.planned_units, moment, principal), nowcast: expected.get(item.sku) ?? null } };
    });
    const overall = judgeBroadcast(phase, shown.map((s) => s.verdict));
    return {
      broadcast: id, anchor: broadcast.anchor, shop: broadcast.shop, world: moment.world, phase, startsAt: broadcast.startsAt, endsAt: broadcast.endsAt,
      checkedAt: moment.now, validUntil: validUntil(moment.now, [broadcast.startsAt, ...items.map((i) => i.slot_at)]),
      ...overall, notes: [ONE_BUCKET], items: shown.map((s) => s.shown),
    };
  }

  private async gather(tx: Tx, world: World, now: Date, skus: readonly string[], shops: ReadonlySet<string>): Promise<Known> {
    const terms = await termsOf(tx, skus);
    const siblings = await termsOfStyles(tx, [...new Set(terms.map((t) => t.style))]);
    const [levels, supply, ordered, twice, assessments, returned, substitutes] = await Promise.all([
      levelsOf(tx, world, siblings.map((s) => s.sku)), incomingOf(tx, world, skus, now), demandOf(tx, siblings.map((s) => s.sku)), reservedUnpaid(tx, world, siblings.map((s) => s.sku)), store.latestAssessments(tx, world, skus), store.returnedUnits(tx, world, skus),
      store.substitutesOf(tx, world, [...new Set(terms.map((t) => t.category))], skus, SUBSTITUTES),
    ]);
    const demand = ordered.filter((d) => shops.has(d.shop));
    const dated = new Map<string, { date: string; units: number }[]>();
    for (const s of supply) dated.set(s.sku, [...(dated.get(s.sku) ?? []), { date: s.due, units: s.quantity }]);
    return {
      terms: new Map(terms.map((t) => [t.sku, t])), siblings, stock: stockBySku(levels), supply: dated, demand: sumBySku(demand, (d) => d.net_paid), 
      // What is reserved for an unpaid order is off the stock already.
      unpaid: new Map([...sumBySku(demand, unpaidUnits)].map(([sku, units]) => [sku, Math.max(0, units - (twice.get(sku) ?? 0))])), lines: linesBySku(demand),
      assessments: new Map(assessments.map((a) => [a.sku, a])), returned: new Map(returned.map((r) => [r.sku, r])), substitutes,
    };
  }

  /** What the broadcast as a whole is expected to sell of each SKU, where the merchant's own broadcasts or orders in this one say anything: gross units still to come. */
  private async expected(tx: Tx, { world, now }: Moment, broadcast: Broadcast, known: Known): Promise<Map<string, object>> {
    const named = await this.nowcast.current(tx, world);
    const found = (await this.nowcast.ofItems(tx, named.model, [{ broadcast: broadcast.id, version: planVersion(broadcast) }], new Map([[broadcast.shop, now]]), () => null)).get(broadcast.id);
    return new Map([...(found ?? [])].filter(([, n]) => tells(named.model, n)).map(([sku, n]) => {
      const perOrder = unitsOf(named.model, known.lines.get(sku) ?? { lines: 0, lineUnits: 0, lineLogMilli: 0 });
      return [sku, { model: named.id, orders: n.orders, toCome: quantilesOf(named.model, n, perOrder, 0, LEVELS) }];
    }));
  }

  /** All rows, of this and other broadcasts of the same stock that have not ended, that plan to sell one of the SKUs. */
  private async planned(tx: Tx, broadcast: Broadcast, items: readonly Item[], skus: readonly string[], nows: ReadonlyMap<string, Date | null>, now: Date): Promise<PlannedRow[]> {
    const earliest = [...nows.values()].reduce<Date>((least, other) => (other !== null && other < least ? other : least), now);
    const ahead = (i: RunningItem): boolean => i.broadcast !== broadcast.id && nows.has(i.shop) && i.ends_at > (nows.get(i.shop) ?? earliest);
    const others = (await itemsOfSkus(tx, skus, earliest)).filter(ahead);
    const rows = [
      ...items.map((i) => ({ broadcast: broadcast.id, anchor: broadcast.anchor, shop: broadcast.shop, sku: i.sku, startsAt: broadcast.startsAt, slotAt: i.slot_at, position: i.position, units: i.planned_units })),
      ...others.map((i) => ({ broadcast: i.broadcast, anchor: i.anchor, shop: i.shop, sku: i.sku, startsAt: i.starts_at, slotAt: i.slot_at, position: undefined, units: i.planned_units })),
    ];
    const groups = new Map<string, typeof rows>();
    for (const row of rows) groups.set(`${row.broadcast}\0${row.sku}`, [...(groups.get(`${row.broadcast}\0${row.sku}`) ?? []), row]);
    const sold = new Map((await store.soldInBroadcasts(tx, [...groups.values()].flatMap((g) => g.slice(0, 1)))).map((s) => [`${s.broadcast}\0${s.sku}`, s.sold]));
    return [...groups].flatMap(([key, group]) => {
      const inOrder = [...group].sort((a, b) => a.slotAt.getTime() - b.slotAt.getTime() || (a.position ?? 0) - (b.position ?? 0));
      const left = stillPlanned(inOrder.map((r) => r.units), sold.get(key) ?? 0);
      return inOrder.map((r, i): PlannedRow => ({ ...r, left: left[i] ?? 0 }));
    });
  }
}

/** Who else plans to sell the item's SKU. An anchor is told of other anchors' broadcasts only that they are there. */
function claimantsOf(planned: readonly PlannedRow[], broadcast: Broadcast, item: Item, only: readonly string[] | undefined): Claimant[] {
  const mine = planned.find((p) => p.position === item.position);
  return planned.flatMap((p): Claimant[] => {
    if (p.sku !== item.sku || p === mine || p.left === 0) return [];
    if (p.broadcast === broadcast.id) {
      const before = p.slotAt < item.slot_at || (p.slotAt.getTime() === item.slot_at.getTime() && (p.position ?? 0) < item.position);
      return [{ name: `position ${p.position ?? 0} of this line-up`, units: p.left, before }];
    }
    const before = p.startsAt < broadcast.startsAt || (p.startsAt.getTime() === broadcast.startsAt.getTime() && p.broadcast < broadcast.id);
    return [{ name: only === undefined || only.includes(p.anchor) ? p.broadcast : 'another broadcast', units: p.left, before }];
  });
}

const EMPTY: Stock = { onHand: 0, reserved: 0, available: 0, blocked: 0, waiting: 0 };

function judge(known: Known, item: Item, left: number, claimants: readonly Claimant[], { now }: Moment): Judgement {
  const terms = known.terms.get(item.sku);
  const zone = terms?.supplier_time_zone ?? 'UTC';
  const stock = known.stock.get(item.sku) ?? EMPTY;
  const from = promiseStart(item, now);
  const sizes = known.siblings.filter((s) => s.style === terms?.style && s.colour === terms.colour).map((s) => {
    const there = known.stock.get(s.sku) ?? EMPTY;
    return { size: s.size, free: there.available - there.waiting - (known.unpaid.get(s.sku) ?? 0) };
  });
  return judgeItem({
    planned: left, promiseDays: item.promise_days, available: stock.available, waiting: stock.waiting, unpaid: known.unpaid.get(item.sku) ?? 0, today: localTime(now.getTime(), zone).date,
    from: localTime(from, zone).date, by: localTime(from + item.promise_days * DAY_MS, zone).date, incoming: known.supply.get(item.sku) ?? [], claimants, sizes,
  });
}

/** A promise runs from the slot on, or from now where the slot is over. */
const promiseStart = (item: Item, now: Date): number => Math.max(item.slot_at.getTime(), now.getTime());

function shownItem(known: Known, item: Item, j: Judgement, left: number, moment: Moment, principal: Principal): object {
  const { onHand, reserved, available, blocked, waiting } = known.stock.get(item.sku) ?? EMPTY;
  const terms = known.terms.get(item.sku);
  const assessment = known.assessments.get(item.sku);
  const returned = known.returned.get(item.sku);
  return {
    position: item.position, sku: item.sku, link: item.link, slotAt: item.slot_at, plannedUnits: item.planned_units, plannedLeft: left, verdict: j.verdict, reasons: j.reasons,
    stock: [{ bucket: 'general', onHand, reserved, available, blocked, waiting, unpaid: known.unpaid.get(item.sku) ?? 0 }], unitsToOpen: j.unitsToOpen, availableToPromise: j.availableToPromise,
    promise: { ...j.promise, until: new Date(promiseStart(item, moment.now) + item.promise_days * DAY_MS) }, brokenSizes: j.brokenSizes,
    demand: assessment === undefined ? null : { assessment: assessment.id, at: assessment.at, quantiles: assessment.more },
    // What is finished on the day on which the promise ends may be too late, as with supply that is dated.
    overflow: terms === undefined ? null : shownOverflow(known, terms, addDays(j.promise.by, -1), moment, principal),
    returns: naiveReturnRate(known.demand.get(item.sku) ?? 0, returned?.returned ?? 0, returned?.reason == null ? null : { claimed: returned.reason, units: returned.reason_units ?? 0 }),
    substitutes: known.substitutes.filter((s) => s.category === terms?.category).map(({ sku, style, colour, size, price, currency, available: free }) => ({ sku, style, colour, size, price, currency, available: free })),
  };
}

/** null where no supplier may get signals. Who the supplier is, is not for those on air. */
function shownOverflow(known: Known, t: SkuTerms, by: string, { now }: Moment, principal: Principal): object | null {
  if (t.supplier === null) return null;
  const start = t.confirming_hour === null ? now.getTime() : nextLocalHour(now.getTime(), t.supplier_time_zone, t.confirming_hour);
  const due = (known.supply.get(t.sku) ?? []).reduce((s, d) => (d.date <= by ? s + d.units : s), 0);
  const terms = { leadTimeDays: t.lead_time_days, dailyCapacity: t.daily_capacity, moq: t.moq, lotMultiple: t.lot_multiple, moqScope: t.moq_scope };
  return { ...(limitTo(principal, 'anchor') === undefined ? { supplier: t.supplier } : {}), ...overflow(terms, localTime(start, t.supplier_time_zone).date, by, due), by, ...terms };
}

function stockBySku(levels: readonly StockLevel[]): Map<string, Stock> {
  const stock = new Map<string, Stock>();
  for (const l of levels) {
    const s = stock.get(l.sku) ?? EMPTY;
    stock.set(l.sku, {
      onHand: s.onHand + l.on_hand, reserved: s.reserved + l.reserved, available: s.available + l.on_hand - l.reserved, blocked: s.blocked + l.blocked, waiting: s.waiting + l.waiting + l.unclaimed,
    });
  }
  return stock;
}

function sumBySku(demand: readonly SkuDemand[], pick: (d: SkuDemand) => number): Map<string, number> {
  const sums = new Map<string, number>();
  for (const d of demand) sums.set(d.sku, (sums.get(d.sku) ?? 0) + pick(d));
  return sums;
}

function linesBySku(demand: readonly SkuDemand[]): Map<string, { lines: number; lineUnits: number; lineLogMilli: number }> {
  const sums = new Map<string, { lines: number; lineUnits: number; lineLogMilli: number }>();
  for (const d of demand) {
    const s = sums.get(d.sku) ?? { lines: 0, lineUnits: 0, lineLogMilli: 0 };
    sums.set(d.sku, { lines: s.lines + d.lines, lineUnits: s.lineUnits + d.line_units, lineLogMilli: s.lineLogMilli + d.line_log_milli });
  }
  return sums;
}
