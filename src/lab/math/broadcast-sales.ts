// What every broadcast sold of every SKU, from order events in any order: distinct orders by time, and gross paid units.
import { broadcastOf, kindOf, type Attribute, type LineState, type OrderEvent } from '../../orders/math/index.js';
import { OrderBook, OrderLines } from './order-lines.js';

/** Sales of one SKU in one broadcast ('': outside all of them). Gross: a cancellation takes nothing away. */
export interface SkuSales {
  readonly sku: string;
  /** When each distinct order was first paid, ms, ascending. */
  readonly orders: readonly number[];
  readonly units: number;
  readonly lines: number;
  /** Σ ln(units) over the lines. */
  readonly logUnits: number;
  /** Of the latest line, minor units. */
  readonly price: number;
  /** Of the latest line that names one; ''. */
  readonly anchor: string;
}

interface Growing {
  readonly sku: string;
  readonly orders: number[];
  units: number;
  lines: number;
  logUnits: number;
  price: number;
  pricedAt: number;
  anchor: string;
}

const KEPT: readonly Attribute[] = ['kind', 'broadcast', 'anchor', 'unitPrice'];

export class BroadcastSales {
  private readonly orders = new OrderBook((shop, store) => new OrderLines(shop, store));

  /** An event, in any order, each identity once. */
  add(event: OrderEvent): void {
    this.orders.of(event).fold(event, KEPT);
  }

  /** Sales by broadcast, then by SKU. */
  byBroadcast(): Map<string, Map<string, SkuSales>> {
    const all = new Map<string, Map<string, Growing>>();
    const read = this.orders.reader();
    for (const order of this.orders.all()) {
      const first = new Map<Growing, number>();
      order.eachCounting(read, (line) => {
        if (line.paidAt === null || kindOf(line) !== 'sale') return;
        const sales = growingOf(all, broadcastOf(line), line.sku);
        addLine(sales, line, line.paidAt);
        first.set(sales, Math.min(first.get(sales) ?? Infinity, line.paidAt));
      });
      // An order of two lines of a SKU is one order, counted when it was first paid.
      for (const [sales, at] of first) sales.orders.push(at);
    }
    for (const skus of all.values()) for (const sales of skus.values()) sales.orders.sort((a, b) => a - b);
    return all;
  }
}

function growingOf(all: Map<string, Map<string, Growing>>, broadcast: string, sku: string): Growing {
  let skus = all.get(broadcast);
  if (skus === undefined) all.set(broadcast, (skus = new Map<string, Growing>()));
  let sales = skus.get(sku);
  if (sales === undefined) skus.set(sku, (sales = { sku, orders: [], units: 0, lines: 0, logUnits: 0, price: 0, pricedAt: -Infinity, anchor: '' }));
  return sales;
}

function addLine(sales: Growing, line: LineState, paidAt: number): void {
  sales.units += line.paid;
  sales.lines += 1;
  sales.logUnits += Math.log(line.paid);
  if (paidAt < sales.pricedAt) return;
  sales.pricedAt = paidAt;
  sales.price = Number(line.attributes.unitPrice?.[0] ?? sales.price);
  sales.anchor = String(line.attributes.anchor?.[0] ?? sales.anchor);
}
