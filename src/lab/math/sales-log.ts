// Net units of a SKU over spans of time, as known at a moment: what forecasts are made from and judged by.
import { foldInto, kindOf, lineTotals, setAside, stateKey, type Attribute, type OrderEvent, type OwnLine } from '../../orders/math/index.js';

export const DAY_MS = 86_400_000;

/** A cancellation counts against its sale if it came within this time of it. */
const FAST_MS = DAY_MS;

interface Change {
  readonly at: number;
  readonly quantity: number;
}

/** A line that was paid for, of kind sale. */
export interface SaleLine {
  readonly order: string;
  /** First payment, ms. */
  readonly at: number;
  readonly unitPrice: number;
  readonly created: readonly Change[];
  readonly paid: readonly Change[];
  /** Those within 24 hours of the sale. */
  readonly cancelled: readonly Change[];
}

interface Growing {
  readonly state: OwnLine;
  readonly created: Change[];
  readonly paid: Change[];
  readonly cancelled: Change[];
}

const KEPT: readonly Attribute[] = ['kind', 'unitPrice'];

const before = (changes: readonly Change[], at: number): number => {
  let sum = 0;
  for (const c of changes) if (c.at < at) sum += c.quantity;
  return sum;
};

/** Net units of a line from what happened before `at`: as net paid of an order line, with fast cancellations alone. */
export function netBefore(line: SaleLine, at: number): number {
  const [created, paid, cancelled] = [before(line.created, at), before(line.paid, at), before(line.cancelled, at)];
  const ordered = Math.max(created, paid);
  return Math.min(paid, ordered - Math.min(cancelled, ordered));
}

/** Units of a line at its first payment, whatever became of them. */
export const paidUnits = (line: SaleLine): number => before(line.paid, line.at + 1);

export class SalesLog {
  private readonly orders = new Map<string, Map<string, Growing>>();
  private last: { readonly shop: string; readonly orderId: string; readonly lines: Map<string, Growing> } | undefined;

  /** An event, in any order, each identity once. */
  add(event: OrderEvent): void {
    if (this.last?.orderId !== event.orderId || this.last.shop !== event.shop) {
      const key = `${event.shop}\0${event.orderId}`;
      let lines = this.orders.get(key);
      if (lines === undefined) this.orders.set(key, (lines = new Map<string, Growing>()));
      this.last = { shop: event.shop, orderId: event.orderId, lines };
    }
    const { lines } = this.last;
    const key = stateKey(event);
    const known = lines.get(key);
    const state = foldInto(known?.state, event, KEPT);
    let line = known;
    if (line === undefined) lines.set(key, (line = { state, created: [], paid: [], cancelled: [] }));
    if (event.type === 'created' || event.type === 'paid' || event.type === 'cancelled') line[event.type].push({ at: event.occurredAt, quantity: event.quantity });
  }

  /** Sale lines by SKU, in the order of their times. */
  bySku(): Map<string, SaleLine[]> {
    const skus = new Map<string, SaleLine[]>();
    for (const [order, lines] of this.orders) {
      const growing = [...lines.values()];
      const aside = setAside(growing.map((g) => g.state));
      for (const { state, created, paid, cancelled } of growing) {
        if (state.paidAt === null || kindOf(state) !== 'sale' || lineTotals(state).ordered === 0 || aside.has(stateKey(state))) continue;
        const at = state.paidAt;
        const line: SaleLine = { order, at, unitPrice: Number(state.attributes.unitPrice?.[0] ?? 0), created, paid, cancelled: cancelled.filter((c) => c.at - at <= FAST_MS) };
        const list = skus.get(state.sku);
        if (list === undefined) skus.set(state.sku, [line]);
        else list.push(line);
      }
    }
    for (const list of skus.values()) list.sort((a, b) => a.at - b.at || (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
    return skus;
  }
}

/** Number of the first line that is not before `at`. */
export function firstFrom(lines: readonly SaleLine[], at: number): number {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle] as SaleLine).at < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Net units of the sales in [from, to), as known at `knownAt`. */
export function netUnits(lines: readonly SaleLine[], from: number, to: number, knownAt: number): number {
  let sum = 0;
  for (let i = firstFrom(lines, from); i < lines.length && (lines[i] as SaleLine).at < to; i++) sum += netBefore(lines[i] as SaleLine, knownAt);
  return sum;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
