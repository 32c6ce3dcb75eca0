// The lines that were sold, by what their return rates are asked for, and the returns of each.
import { CohortSums, type Cohort } from '../../returns/math/index.js';
import { clockStart, kindOf, lineTotals, type Attribute, type OrderEvent } from '../../orders/math/index.js';
import type { HeldLine } from './line-store.js';
import { OrderBook, OrderLines } from './order-lines.js';

export const KEYS_BY = ['sku', 'supplier', 'lot', 'anchor', 'broadcast', 'size', 'all'] as const;
export type KeyBy = (typeof KEYS_BY)[number];

/** What the catalogue says of a SKU. */
export interface Place {
  readonly size: string;
  readonly supplier: string;
}

/** A return that counts: of a line, so many units, asked for at a time (ms). */
export interface ReturnedUnits {
  readonly id: string;
  readonly shop: string;
  readonly orderId: string;
  readonly lineId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly requestedAt: number;
}

const ATTRIBUTE: Readonly<Partial<Record<KeyBy, Attribute>>> = { supplier: 'supplier', lot: 'lot', anchor: 'anchor', broadcast: 'broadcast' };

type Returned = { readonly id: string; readonly at: number; readonly units: number };

/** Most lines have no returns: they share this. */
const NONE: readonly Returned[] = [];

const byTime = (a: Returned, b: Returned): number => a.at - b.at || (a.id < b.id ? -1 : 1);

export class SalesBook {
  private readonly orders = new OrderBook((shop, store) => new OrderLines(shop, store));
  private readonly kept: readonly Attribute[];

  constructor(
    private readonly by: KeyBy,
    private readonly places: ReadonlyMap<string, Place>,
  ) {
    const attribute = ATTRIBUTE[by];
    this.kept = attribute === undefined ? ['kind'] : ['kind', attribute];
  }

  /** An event, in any order, each identity once. */
  add(event: OrderEvent): void {
    this.orders.of(event).fold(event, this.kept);
  }

  /** Cohorts by key of the sales, with the returns that are theirs; `unmatched`: returns of no line that was sold. */
  cohorts(returns: readonly ReturnedUnits[], asOf: number, horizonDays: number): { readonly cohorts: Map<string, Cohort[]>; readonly unmatched: number } {
    const back = new Map<number, Returned[]>();
    const read = this.orders.reader();
    let unmatched = 0;
    for (const r of returns) {
      const place = this.orders.find(r.shop, r.orderId)?.placeOf(r.lineId, r.sku);
      if (place === undefined || lineTotals(read(place)).netPaid === 0) unmatched++;
      else {
        const list = back.get(place);
        if (list === undefined) back.set(place, [{ id: r.id, at: r.requestedAt, units: r.quantity }]);
        else list.push({ id: r.id, at: r.requestedAt, units: r.quantity });
      }
    }
    // Asking a table for each of the lines, of which hardly any came back, would take longer than all else here.
    const isBack = new Uint8Array(this.orders.lines);
    for (const place of back.keys()) isBack[place] = 1;
    const sums = new CohortSums(asOf, horizonDays);
    const take = (line: HeldLine): void => {
      const start = clockStart(line);
      if (start === null || kindOf(line) !== 'sale') return;
      sums.add(this.keyOf(line), { sold: lineTotals(line).netPaid, start, returns: isBack[line.place] === 1 ? (back.get(line.place)?.sort(byTime) ?? NONE) : NONE });
    };
    for (const order of this.orders.all()) order.eachCounting(read, take);
    return { cohorts: sums.byKey(), unmatched };
  }

  /** No value for the key: ''. */
  private keyOf(line: HeldLine): string {
    if (this.by === 'all') return '';
    if (this.by === 'sku') return line.sku;
    if (this.by === 'size') return this.places.get(line.sku)?.size ?? '';
    const value = line.attributes[this.by]?.[0];
    return value === undefined ? (this.by === 'supplier' ? (this.places.get(line.sku)?.supplier ?? '') : '') : String(value);
  }
}
