// When distinct orders came into a stream and left it again, as known at the time: what a detector is fed with. The rules of what
// counts are those of the service (orders/math); here they are applied instant by instant over events in the order of time.
import { streamsOf, type Attribute, type OrderEvent } from '../../orders/math/index.js';
import { OrderBook, OrderLines } from './order-lines.js';

/** A stream: (shop, SKU, broadcast), or (shop, SKU) outside broadcasts (broadcast ''). Times in ms, ascending. */
export interface Arrivals {
  readonly shop: string;
  readonly sku: string;
  readonly broadcast: string;
  /** When an order was first known to be of this stream. */
  readonly counted: number[];
  /** When an order that counted was known to be wholly cancelled. */
  readonly withdrawn: number[];
}

/** An order joins a stream once and leaves it once. */
class Order extends OrderLines {
  /** The streams that it joined: a list after the first instant, for most orders never change again. */
  joined: Arrivals[] | Set<Arrivals> | undefined;
  /** Those of its streams that it left; most orders leave none. */
  left: Set<Arrivals> | undefined;
}

/** Money, buyers and origins decide nothing here. */
const DECIDING: readonly Attribute[] = ['kind', 'broadcast'];

const counts = (e: OrderEvent): boolean => e.type === 'created' || e.type === 'paid' || e.type === 'cancelled' || e.kind !== null || e.broadcast !== null;

/**
 * The streams of events given one by one in ascending order of time, each identity once.
 * Cost: linear in events, and in the lines of an order at each instant at which it changes.
 */
export class ArrivalLog {
  private readonly orders = new OrderBook((shop, store) => new Order(shop, store));
  /** By shop, then by SKU and broadcast. */
  private readonly shops = new Map<string, Map<string, Arrivals>>();
  private readonly touched = new Set<Order>();
  private now = -Infinity;

  /** Throws RangeError where the event is earlier than the one before. */
  add(event: OrderEvent): void {
    if (event.occurredAt !== this.now) {
      if (event.occurredAt < this.now) throw new RangeError(`the event ${event.eventId} is out of order`);
      this.settleAll();
      this.now = event.occurredAt;
    }
    const order = this.orders.of(event);
    order.fold(event, DECIDING);
    if (counts(event)) this.touched.add(order);
  }

  /** The streams so far, and the latest time. */
  all(): { readonly streams: readonly Arrivals[]; readonly end: number } {
    this.settleAll();
    return { streams: Array.from(this.shops.values(), (streams) => [...streams.values()]).flat(), end: this.now };
  }

  private settleAll(): void {
    for (const order of this.touched) this.settle(order);
    this.touched.clear();
  }

  private settle(order: Order): void {
    const before = Array.isArray(order.joined) ? (order.joined = new Set(order.joined)) : order.joined;
    const joined: Arrivals[] = [];
    for (const { sku, broadcast, withdrawnAt } of streamsOf(order.states())) {
      const arrivals = this.streamOf(order.shop, sku, broadcast);
      if (before?.has(arrivals) !== true) {
        joined.push(arrivals);
        arrivals.counted.push(this.now);
      }
      if (withdrawnAt !== null && order.left?.has(arrivals) !== true) {
        (order.left ??= new Set()).add(arrivals);
        arrivals.withdrawn.push(this.now);
      }
    }
    if (before === undefined) order.joined = joined;
    else for (const arrivals of joined) before.add(arrivals);
  }

  private streamOf(shop: string, sku: string, broadcast: string): Arrivals {
    const place = broadcast === '' ? sku : `${sku}\0${broadcast}`;
    let streams = this.shops.get(shop);
    if (streams === undefined) this.shops.set(shop, (streams = new Map<string, Arrivals>()));
    let arrivals = streams.get(place);
    if (arrivals === undefined) streams.set(place, (arrivals = { shop, sku, broadcast, counted: [], withdrawn: [] }));
    return arrivals;
  }
}

/** The streams of events in ascending order of time. */
export function arrivalsOf(events: Iterable<OrderEvent>): readonly Arrivals[] {
  const arrivals = new ArrivalLog();
  for (const event of events) arrivals.add(event);
  return arrivals.all().streams;
}
