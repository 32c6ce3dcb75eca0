// The line states of all orders of a file, folded event by event: what the commands know of orders in memory.
import { setAside, stateKey, type Attribute, type OrderEvent } from '../../orders/math/index.js';
import { LineStore, type HeldLine } from './line-store.js';

/** Up to so many lines are looked through one by one; a table for each order would be most of what a small one takes. */
const FEW = 8;

/** The lines of one order. A line whose events name several SKUs, which is rare, has a state for each. */
export class OrderLines {
  /** By line, in the order of their first events: the places of its states. */
  private readonly places: (number | number[])[] = [];
  /** Numbers in `places` by line id, once the lines are many. */
  private table: Map<string, number> | undefined;
  /** No line has two states: none is set aside. */
  private isPlain = true;

  constructor(
    readonly shop: string,
    private readonly store: LineStore,
  ) {}

  fold(event: OrderEvent, kept: readonly Attribute[]): void {
    const { places, store } = this;
    const n = this.numberOf(event.lineId);
    if (n === undefined) {
      this.table?.set(event.lineId, places.length);
      places.push(store.open(event, kept));
      if (places.length > FEW && this.table === undefined) this.table = new Map(places.map((known, i) => [store.lineIdOf(typeof known === 'number' ? known : (known[0] as number)), i]));
      return;
    }
    const same = this.stateOf(n, event.sku);
    if (same !== undefined) {
      store.fold(same, event, kept);
      return;
    }
    const known = places[n] as number | number[];
    this.isPlain = false;
    places[n] = [...(typeof known === 'number' ? [known] : known), store.open(event, kept)];
  }

  find(lineId: string, sku: string): HeldLine | undefined {
    const n = this.numberOf(lineId);
    const place = n === undefined ? undefined : this.stateOf(n, sku);
    return place === undefined ? undefined : this.store.read(place);
  }

  /** Calls back with the states that count (setAside), each of which holds until the next. @param read a reader of the book's lines */
  eachCounting(read: (place: number) => HeldLine, visit: (line: HeldLine) => void): void {
    if (this.isPlain) {
      for (const place of this.places) visit(read(place as number));
      return;
    }
    const states = this.states();
    const aside = setAside(states);
    for (const line of states) if (!aside.has(stateKey(line))) visit(line);
  }

  states(): HeldLine[] {
    const states: HeldLine[] = [];
    for (const known of this.places) {
      if (typeof known === 'number') states.push(this.store.read(known));
      else for (const place of known) states.push(this.store.read(place));
    }
    return states;
  }

  private numberOf(lineId: string): number | undefined {
    if (this.table !== undefined) return this.table.get(lineId);
    const { places, store } = this;
    for (let n = 0; n < places.length; n++) {
      const known = places[n] as number | number[];
      if (store.lineIdOf(typeof known === 'number' ? known : (known[0] as number)) === lineId) return n;
    }
    return undefined;
  }

  /** The place of the state that names the SKU. */
  private stateOf(n: number, sku: string): number | undefined {
    const known = this.places[n] as number | number[];
    if (typeof known !== 'number') return known.find((place) => this.store.skuOf(place) === sku);
    return this.store.skuOf(known) === sku ? known : undefined;
  }
}

/** Orders by shop and id; neighbouring events are often of one order. */
export class OrderBook<O extends OrderLines> {
  private readonly store = new LineStore();
  private readonly orders = new Map<string, O>();
  private lastShop = '';
  private lastId = '';
  private last: O | undefined;

  constructor(private readonly open: (shop: string, store: LineStore) => O) {}

  of(event: { readonly shop: string; readonly orderId: string }): O {
    if (this.last !== undefined && this.lastId === event.orderId && this.lastShop === event.shop) return this.last;
    const key = `${event.shop}\0${event.orderId}`;
    let order = this.orders.get(key);
    if (order === undefined) this.orders.set(key, (order = this.open(event.shop, this.store)));
    this.lastShop = event.shop;
    this.lastId = event.orderId;
    this.last = order;
    return order;
  }

  find(shop: string, orderId: string): O | undefined {
    return this.orders.get(`${shop}\0${orderId}`);
  }

  /** For `eachCounting`. */
  reader(): (place: number) => HeldLine {
    return this.store.reader();
  }

  /** By shop and id. */
  entries(): Iterable<[string, O]> {
    return this.orders.entries();
  }

  all(): Iterable<O> {
    return this.orders.values();
  }
}
