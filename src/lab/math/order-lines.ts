// The line states of all orders of a file, folded event by event: what the commands know of orders in memory. States are changed
// in place, so what is read of them holds until the next event.
import { foldInto, type Attribute, type LineState, type OrderEvent, type OwnLine } from '../../orders/math/index.js';

/** The lines of one order. A line whose events name several SKUs, which is rare, has a state for each. */
export class OrderLines {
  private readonly lines = new Map<string, OwnLine | OwnLine[]>();

  constructor(readonly shop: string) {}

  fold(event: OrderEvent, kept: readonly Attribute[]): void {
    const known = this.lines.get(event.lineId);
    if (known === undefined) this.lines.set(event.lineId, foldInto(undefined, event, kept));
    else if (!Array.isArray(known) && known.sku === event.sku) foldInto(known, event, kept);
    else {
      const states = Array.isArray(known) ? known : [known];
      const same = states.find((s) => s.sku === event.sku);
      if (same === undefined) this.lines.set(event.lineId, [...states, foldInto(undefined, event, kept)]);
      else foldInto(same, event, kept);
    }
  }

  find(lineId: string, sku: string): LineState | undefined {
    const known = this.lines.get(lineId);
    return Array.isArray(known) ? known.find((s) => s.sku === sku) : known?.sku === sku ? known : undefined;
  }

  states(): LineState[] {
    const states: LineState[] = [];
    for (const known of this.lines.values()) {
      if (Array.isArray(known)) states.push(...known);
      else states.push(known);
    }
    return states;
  }
}

/** Orders by shop and id; neighbouring events are often of one order. */
export class OrderBook<O extends OrderLines> {
  private readonly orders = new Map<string, O>();
  private last: { readonly shop: string; readonly orderId: string; readonly order: O } | undefined;

  constructor(private readonly open: (shop: string) => O) {}

  of(event: { readonly shop: string; readonly orderId: string }): O {
    if (this.last?.orderId === event.orderId && this.last.shop === event.shop) return this.last.order;
    const key = `${event.shop}\0${event.orderId}`;
    let order = this.orders.get(key);
    if (order === undefined) this.orders.set(key, (order = this.open(event.shop)));
    this.last = { shop: event.shop, orderId: event.orderId, order };
    return order;
  }

  find(shop: string, orderId: string): O | undefined {
    return this.orders.get(`${shop}\0${orderId}`);
  }

  /** By shop and id. */
  entries(): Iterable<[string, O]> {
    return this.orders.entries();
  }

  all(): Iterable<O> {
    return this.orders.values();
  }
}
