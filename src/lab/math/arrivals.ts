// When distinct orders came into a stream and left it again, as known at the time: what a detector is fed with. The rules of what
// counts are those of the service (orders/math); here they are applied instant by instant over events in the order of time.
import { foldEvent, stateKey, streamsOf, type Attribute, type LineState, type OrderEvent } from '../../orders/math/index.js';

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

interface Membership {
  readonly arrivals: Arrivals;
  withdrawn: boolean;
}

interface Order {
  readonly shop: string;
  readonly lines: Map<string, LineState>;
  /** By SKU and broadcast. An order joins a stream once and leaves it once. */
  readonly streams: Map<string, Membership>;
}

/** Money, buyers and origins decide nothing here. */
const DECIDING: readonly Attribute[] = ['kind', 'broadcast'];

const counts = (e: OrderEvent): boolean => e.type === 'created' || e.type === 'paid' || e.type === 'cancelled' || e.kind !== null || e.broadcast !== null;

/**
 * The streams of events given one by one in ascending order of time, each identity once.
 * Cost: linear in events, and in the lines of an order at each instant at which it changes.
 */
export class ArrivalLog {
  private readonly orders = new Map<string, Order>();
  private readonly streams = new Map<string, Arrivals>();
  private readonly touched = new Set<Order>();
  private now = -Infinity;
  private last: { readonly key: string; readonly order: Order } | undefined;

  /** Throws RangeError where the event is earlier than the one before. */
  add(event: OrderEvent): void {
    if (event.occurredAt !== this.now) {
      if (event.occurredAt < this.now) throw new RangeError(`the event ${event.eventId} is out of order`);
      this.settleAll();
      this.now = event.occurredAt;
    }
    const key = `${event.shop}\0${event.orderId}`;
    if (this.last?.key !== key) {
      let order = this.orders.get(key);
      if (order === undefined) this.orders.set(key, (order = { shop: event.shop, lines: new Map(), streams: new Map() }));
      this.last = { key, order };
    }
    const { order } = this.last;
    const line = stateKey(event);
    order.lines.set(line, foldEvent(order.lines.get(line), event, DECIDING));
    if (counts(event)) this.touched.add(order);
  }

  /** The streams so far, and the latest time. */
  all(): { readonly streams: readonly Arrivals[]; readonly end: number } {
    this.settleAll();
    return { streams: [...this.streams.values()], end: this.now };
  }

  private settleAll(): void {
    for (const order of this.touched) this.settle(order);
    this.touched.clear();
  }

  private settle(order: Order): void {
    for (const { sku, broadcast, withdrawnAt } of streamsOf([...order.lines.values()])) {
      const place = broadcast === '' ? sku : `${sku}\0${broadcast}`;
      let member = order.streams.get(place);
      if (member === undefined) {
        const key = `${order.shop}\0${place}`;
        let arrivals = this.streams.get(key);
        if (arrivals === undefined) this.streams.set(key, (arrivals = { shop: order.shop, sku, broadcast, counted: [], withdrawn: [] }));
        member = { arrivals, withdrawn: false };
        order.streams.set(place, member);
        arrivals.counted.push(this.now);
      }
      if (withdrawnAt !== null && !member.withdrawn) {
        member.withdrawn = true;
        member.arrivals.withdrawn.push(this.now);
      }
    }
  }
}

/** The streams of events in ascending order of time. */
export function arrivalsOf(events: Iterable<OrderEvent>): readonly Arrivals[] {
  const arrivals = new ArrivalLog();
  for (const event of events) arrivals.add(event);
  return arrivals.all().streams;
}
