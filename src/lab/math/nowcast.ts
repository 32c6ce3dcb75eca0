// Nowcasts from files: which broadcasts are over and teach, which run, and what is known of their line-ups at a moment.
import {
  learnNowcast, nowcastBroadcast, nowcastQuantiles, OrderTimes, PACE_MS, pitchesOf, TAIL_MS, unitsPerOrder,
  type ItemFacts, type NowcastModel, type OnAir, type PastBroadcast, type Pitch, type Slot,
} from '../../forecast/math/index.js';
import type { SkuSales } from './broadcast-sales.js';

/** A broadcast and its line-up, as a file of broadcasts has it. */
export interface PlannedBroadcast {
  readonly broadcast: string;
  readonly anchor: string;
  readonly air: OnAir;
  /** In the order of the file; a SKU that is pitched twice has two rows. */
  readonly rows: readonly { readonly sku: string; readonly slotAt: number; readonly price: number; readonly plannedUnits: number }[];
}

export interface SkuNowcast {
  readonly broadcast: string;
  readonly sku: string;
  readonly observed: number;
  /** In the order of the levels. */
  readonly quantiles: readonly number[];
}

type Sales = ReadonlyMap<string, SkuSales>;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A broadcast of which no plan is known is over when it sells less than a tenth of its best ten minutes. */
const SPAN_MS = 10 * MINUTE_MS;
const FADED = 0.1;
/** The pitch of a SKU without a known slot is where its orders lie densest. */
const DENSEST_MS = 3 * MINUTE_MS;
/** Outside broadcasts, "lately" is two weeks. */
const LATELY_DAYS = 14;

/** When a broadcast was on air, going by its orders alone; undefined where there are none. */
export function airOf(sales: Sales): OnAir | undefined {
  const times = [...sales.values()].flatMap((s) => s.orders).sort((a, b) => a - b);
  const [start] = times;
  if (start === undefined) return undefined;
  const counts: number[] = [];
  for (const at of times) {
    const span = Math.floor((at - start) / SPAN_MS);
    counts[span] = (counts[span] ?? 0) + 1;
  }
  // Sparse: a tail of days has few spans.
  const most = counts.reduce((m, n) => Math.max(m, n), 0);
  let last = 0;
  counts.forEach((n, span) => { if (n >= Math.max(FADED * most, Math.min(2, most))) last = span; });
  return { startsAt: start, endsAt: start + (last + 1) * SPAN_MS };
}

/** Where the orders of a SKU lie densest, within its broadcast; undefined without orders on air. */
function densestStart(orders: readonly number[], air: OnAir): number | undefined {
  let [best, most, first] = [undefined as number | undefined, 0, 0];
  for (let last = 0; last < orders.length; last++) {
    const at = orders[last] as number;
    if (at >= air.endsAt) break;
    while ((orders[first] as number) < at - DENSEST_MS) first++;
    if (last - first + 1 > most && (orders[first] as number) >= air.startsAt) [best, most] = [orders[first], last - first + 1];
  }
  return best;
}

/** Slots as planned, and those of other SKUs as their orders tell. */
function slotsOf(planned: PlannedBroadcast | undefined, sales: Sales, air: OnAir): Slot[] {
  const slots = (planned?.rows ?? []).map((r): Slot => ({ sku: r.sku, at: r.slotAt }));
  const named = new Set(slots.map((s) => s.sku));
  for (const [sku, sold] of sales) {
    const at = named.has(sku) ? undefined : densestStart(sold.orders, air);
    if (at !== undefined) slots.push({ sku, at });
  }
  return slots;
}

/** All that is known of sales and plans up to a moment. */
export interface Known {
  readonly at: number;
  /** Sales up to `at`, by broadcast, then by SKU; '' is outside. */
  readonly sales: ReadonlyMap<string, Sales>;
  readonly planned: ReadonlyMap<string, PlannedBroadcast>;
  /** By SKU; may be empty. */
  readonly categories: ReadonlyMap<string, string>;
}

function outsidePerDay(known: Known, sku: string, at: number): number {
  const orders = known.sales.get('')?.get(sku)?.orders ?? [];
  const until = new OrderTimes(orders);
  return (until.upTo(at) - until.upTo(at - LATELY_DAYS * DAY_MS)) / LATELY_DAYS;
}

function factsOf(known: Known, sku: string, air: OnAir, pitches: readonly Pitch[], planned: PlannedBroadcast | undefined, sold: SkuSales | undefined): ItemFacts {
  const rows = (planned?.rows ?? []).filter((r) => r.sku === sku);
  return {
    sku, anchor: planned?.anchor ?? sold?.anchor ?? '', category: known.categories.get(sku) ?? '', pitches, price: rows[0]?.price ?? sold?.price ?? 0,
    plannedUnits: rows.reduce((s, r) => s + r.plannedUnits, 0), outsidePerDay: outsidePerDay(known, sku, Math.min(known.at, air.startsAt)),
  };
}

/** Line-up first, then what was sold without having been planned. */
const skusOf = (planned: PlannedBroadcast | undefined, sales: Sales): string[] => [...new Set([...(planned?.rows ?? []).map((r) => r.sku), ...sales.keys()])];

const NONE: Sales = new Map();

/** Broadcasts that were over at `at`: by plan, or, where none is known, by how their orders ceased. */
export function pastBroadcasts(known: Known): PastBroadcast[] {
  const past: PastBroadcast[] = [];
  for (const broadcast of new Set([...known.planned.keys(), ...known.sales.keys()])) {
    const planned = known.planned.get(broadcast);
    const sales = known.sales.get(broadcast) ?? NONE;
    const air = broadcast === '' ? undefined : (planned?.air ?? airOf(sales));
    // A planned broadcast without an order was perhaps never held, and one that just fell silent may go on.
    if (air === undefined || sales.size === 0 || air.endsAt + (planned === undefined ? SPAN_MS : 0) > known.at) continue;
    const pitches = pitchesOf(slotsOf(planned, sales, air), air);
    past.push({
      air, knownUntil: Math.min(known.at, air.endsAt + TAIL_MS),
      items: skusOf(planned, sales).map((sku) => {
        const sold = sales.get(sku);
        return { facts: factsOf(known, sku, air, pitches.get(sku) ?? [], planned, sold), sold: new OrderTimes(sold?.orders ?? []) };
      }),
    });
  }
  return past;
}

/** Mean ln(units) of all order lines. */
function usualLogUnits(known: Known): number {
  let [sum, lines] = [0, 0];
  for (const sales of known.sales.values()) {
    for (const s of sales.values()) {
      sum += s.logUnits;
      lines += s.lines;
    }
  }
  return lines === 0 ? 0 : sum / lines;
}

/** The model that the finished broadcasts teach. */
export const taught = (known: Known): NowcastModel => learnNowcast(pastBroadcasts(known), usualLogUnits(known));

/** One nowcast per SKU of the line-up of each broadcast on air at `at`, by start of the broadcasts, then in the order of the line-up. */
export function nowcasts(known: Known, levels: readonly number[]): SkuNowcast[] {
  const running = [...known.planned.values()].filter(({ air }) => air.startsAt <= known.at && known.at < air.endsAt);
  if (running.length === 0) return [];
  const model = taught(known);
  running.sort((a, b) => a.air.startsAt - b.air.startsAt || (a.broadcast < b.broadcast ? -1 : 1));
  return running.flatMap((planned) => nowcastsOf(known, planned, model, levels));
}

function nowcastsOf(known: Known, planned: PlannedBroadcast, model: NowcastModel, levels: readonly number[]): SkuNowcast[] {
  const { broadcast, air } = planned;
  const sales = known.sales.get(broadcast) ?? NONE;
  const skus = skusOf(planned, sales);
  const pitches = pitchesOf(planned.rows.map((r) => ({ sku: r.sku, at: r.slotAt })), air);
  const items = skus.map((sku) => {
    const times = new OrderTimes(sales.get(sku)?.orders ?? []);
    return { facts: factsOf(known, sku, air, pitches.get(sku) ?? [], planned, sales.get(sku)), orders: times.total, recent: times.total - times.upTo(known.at - PACE_MS) };
  });
  const remaining = nowcastBroadcast(model, air, items, known.at);
  const lineUp = new Set(planned.rows.map((r) => r.sku));
  return skus.flatMap((sku, i): SkuNowcast[] => {
    const left = remaining[i];
    if (left === undefined || !lineUp.has(sku)) return [];
    const lines = linesOf(known, sku);
    const observed = sales.get(sku)?.units ?? 0;
    return [{ broadcast, sku, observed, quantiles: nowcastQuantiles(model, left, unitsPerOrder(lines.lines, lines.units, lines.logUnits, model.usualLogUnits), observed, levels) }];
  });
}

/** The order lines of a SKU, wherever they were sold. */
function linesOf(known: Known, sku: string): { readonly lines: number; readonly units: number; readonly logUnits: number } {
  let [lines, units, logUnits] = [0, 0, 0];
  for (const sales of known.sales.values()) {
    const s = sales.get(sku);
    if (s === undefined) continue;
    lines += s.lines;
    units += s.units;
    logUnits += s.logUnits;
  }
  return { lines, units, logUnits };
}
