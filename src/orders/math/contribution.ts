// What an order adds to demand windows, SKUs and buyers, as differences that sum to the same in any order of arrival.
import { broadcastOf, kindOf, lineTotals, setAside, stateKey, type LineState, type LineTotals } from './settle.js';

/** Length of a demand window's interval. */
export const BUCKET_MS = 10_000;
export const bucketOf = (at: number): number => Math.floor(at / BUCKET_MS) * BUCKET_MS;

export interface WindowAdd {
  orders: number;
  withdrawn: number;
  units: number;
  paidUnits: number;
  cancelledUnits: number;
}

export interface SkuAdd {
  ordered: number;
  cancelled: number;
  netPaid: number;
  shipped: number;
  open: number;
  /** Σ open × seconds since 1970 of the line's first payment: its mean age without reading the lines. */
  openPaidSeconds: number;
  saleLines: number;
  cancelledLines: number;
  lines: number;
  lineUnits: number;
  /** Σ of 1000 × ln(units of a line), rounded: an exact integer sum whose mean gives the usual (geometric mean) line. */
  lineLogMilli: number;
}

export interface BuyerAdd {
  open: number;
}

export interface Contribution {
  /** By `sku\0broadcast\0bucket`. */
  readonly windows: ReadonlyMap<string, WindowAdd>;
  /** By SKU. */
  readonly skus: ReadonlyMap<string, SkuAdd>;
  /** Open units by `sku\0buyer`, for lines that name a buyer. */
  readonly buyers: ReadonlyMap<string, BuyerAdd>;
}

const emptyWindow = (): WindowAdd => ({ orders: 0, withdrawn: 0, units: 0, paidUnits: 0, cancelledUnits: 0 });
const emptySku = (): SkuAdd => ({ ordered: 0, cancelled: 0, netPaid: 0, shipped: 0, open: 0, openPaidSeconds: 0, saleLines: 0, cancelledLines: 0, lines: 0, lineUnits: 0, lineLogMilli: 0 });

const emptyBuyer = (): BuyerAdd => ({ open: 0 });

function at<V>(map: Map<string, V>, key: string, empty: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = empty();
  map.set(key, made);
  return made;
}

/** An order in one stream, (SKU, broadcast). */
export interface StreamCount {
  readonly sku: string;
  readonly broadcast: string;
  /** Earliest created or paid of its sale lines. */
  readonly countedAt: number;
  /** When the last of its sale lines was wholly cancelled, never before it was counted; null while one is not. */
  readonly withdrawnAt: number | null;
}

const isWhollyCancelled = (t: LineTotals): boolean => t.ordered > 0 && t.cancelled === t.ordered;

/**
 * In which streams an order counts, once in each, at the earliest created or paid of its sale lines there; once every sale line
 * of it in the stream is wholly cancelled it is withdrawn, at the latest of the cancellations.
 */
export function streamsOf(states: readonly LineState[]): StreamCount[] {
  const aside = setAside(states);
  const streams = new Map<string, { sku: string; broadcast: string; countedAt: number; cancelledAt: number; whole: boolean }>();
  for (const s of states) {
    if (s.countedAt === null || kindOf(s) !== 'sale' || (aside.size > 0 && aside.has(stateKey(s)))) continue;
    const broadcast = broadcastOf(s);
    const key = broadcast === '' ? s.sku : `${s.sku}\0${broadcast}`;
    const whole = s.cancelled > 0 && isWhollyCancelled(lineTotals(s));
    const stream = streams.get(key);
    if (stream === undefined) {
      streams.set(key, { sku: s.sku, broadcast, countedAt: s.countedAt, cancelledAt: s.cancelledAt ?? 0, whole });
      continue;
    }
    stream.countedAt = Math.min(stream.countedAt, s.countedAt);
    stream.cancelledAt = Math.max(stream.cancelledAt, s.cancelledAt ?? 0);
    stream.whole &&= whole;
  }
  return Array.from(streams.values(), ({ sku, broadcast, countedAt, cancelledAt, whole }) => ({ sku, broadcast, countedAt, withdrawnAt: whole ? Math.max(cancelledAt, countedAt) : null }));
}

/** What a line adds to its SKU whatever its kind. */
function addTotals(sku: SkuAdd, s: LineState, totals: LineTotals): void {
  sku.ordered += totals.ordered;
  sku.cancelled += totals.cancelled;
  sku.netPaid += totals.netPaid;
  sku.shipped += totals.shipped;
  sku.open += totals.open;
  sku.openPaidSeconds += totals.open * Math.floor((s.paidAt ?? 0) / 1000);
  if (totals.ordered === 0) return;
  sku.lines += 1;
  sku.lineUnits += totals.ordered;
  sku.lineLogMilli += Math.round(1000 * Math.log(totals.ordered));
}

/** What one order contributes as a whole, from all its line states. */
export function contributionOf(states: readonly LineState[]): Contribution {
  const windows = new Map<string, WindowAdd>();
  const skus = new Map<string, SkuAdd>();
  const buyers = new Map<string, BuyerAdd>();
  const aside = setAside(states);
  for (const s of states) {
    if (aside.has(stateKey(s))) continue;
    const totals = lineTotals(s);
    const sku = at(skus, s.sku, emptySku);
    addTotals(sku, s, totals);
    const buyer = s.attributes.buyer?.[0];
    if (buyer !== undefined) at(buyers, `${s.sku}\0${buyer}`, emptyBuyer).open += totals.open;
    if (kindOf(s) !== 'sale' || s.countedAt === null) continue;
    sku.saleLines += 1;
    sku.cancelledLines += isWhollyCancelled(totals) ? 1 : 0;
    const broadcast = broadcastOf(s);
    at(windows, `${s.sku}\0${broadcast}\0${bucketOf(s.countedAt)}`, emptyWindow).units += totals.ordered;
    if (s.paidAt !== null) at(windows, `${s.sku}\0${broadcast}\0${bucketOf(s.paidAt)}`, emptyWindow).paidUnits += s.paid;
    if (s.cancelledAt !== null) at(windows, `${s.sku}\0${broadcast}\0${bucketOf(s.cancelledAt)}`, emptyWindow).cancelledUnits += totals.cancelled;
  }
  for (const { sku, broadcast, countedAt, withdrawnAt } of streamsOf(states)) {
    at(windows, `${sku}\0${broadcast}\0${bucketOf(countedAt)}`, emptyWindow).orders += 1;
    if (withdrawnAt !== null) at(windows, `${sku}\0${broadcast}\0${bucketOf(withdrawnAt)}`, emptyWindow).withdrawn += 1;
  }
  return { windows, skus, buyers };
}

const addInto = <V extends object>(into: V, add: V, sign: 1 | -1): void => {
  const target = into as Record<string, number>;
  for (const [name, value] of Object.entries(add as Record<string, number>)) target[name] = (target[name] ?? 0) + sign * value;
};

/** Running sums of a batch, by shop and the keys of a contribution. */
export interface Sums {
  readonly windows: Map<string, WindowAdd>;
  readonly skus: Map<string, SkuAdd>;
  readonly buyers: Map<string, BuyerAdd>;
}

/**
 * Adds what an order that was not known before contributes with its only line: `addDifference` from nothing, without the sets and
 * lists that many lines need. Nearly all of a flood of orders is this case.
 */
export function addSoleLine(sums: Sums, shop: string, s: LineState): void {
  const totals = lineTotals(s);
  const sku = at(sums.skus, `${shop}\0${s.sku}`, emptySku);
  addTotals(sku, s, totals);
  const buyer = s.attributes.buyer?.[0];
  if (buyer !== undefined) at(sums.buyers, `${shop}\0${s.sku}\0${buyer}`, emptyBuyer).open += totals.open;
  if (kindOf(s) !== 'sale' || s.countedAt === null) return;
  const whole = isWhollyCancelled(totals);
  sku.saleLines += 1;
  sku.cancelledLines += whole ? 1 : 0;
  const stream = `${shop}\0${s.sku}\0${broadcastOf(s)}`;
  const windowAt = (time: number): WindowAdd => at(sums.windows, `${stream}\0${bucketOf(time)}`, emptyWindow);
  const counted = windowAt(s.countedAt);
  counted.orders += 1;
  counted.units += totals.ordered;
  if (s.paidAt !== null) windowAt(s.paidAt).paidUnits += s.paid;
  if (s.cancelledAt !== null) windowAt(s.cancelledAt).cancelledUnits += totals.cancelled;
  if (whole) windowAt(Math.max(s.cancelledAt ?? 0, s.countedAt)).withdrawn += 1;
}

/** Adds `after − before` into running sums. */
export function addDifference(sums: Sums, prefix: string, before: Contribution, after: Contribution): void {
  for (const [contribution, sign] of [[before, -1], [after, 1]] as const) {
    for (const [key, add] of contribution.windows) addInto(at(sums.windows, `${prefix}\0${key}`, emptyWindow), add, sign);
    for (const [key, add] of contribution.skus) addInto(at(sums.skus, `${prefix}\0${key}`, emptySku), add, sign);
    for (const [key, add] of contribution.buyers) addInto(at(sums.buyers, `${prefix}\0${key}`, emptyBuyer), add, sign);
  }
}
