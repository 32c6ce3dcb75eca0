// The line states of all orders of a file, folded event by event: what the commands know of orders in memory.
import { setAside, stateKey, type Attribute, type OrderEvent } from '../../orders/math/index.js';
import { LineStore, markOf, type HeldLine } from './line-store.js';

/** Up to so many lines are looked through one by one; a table for each order would be most of what a small one takes. */
const FEW = 128;

/** The lines of one order. A line whose events name several SKUs, which is rare, has a state for each. */
export class OrderLines {
  private count = 0;
  /** Place of the first line; the others follow it, or else: */
  private first = 0;
  /** By line, in the order of their first events: the places of its states. */
  private places: (number | number[])[] | undefined;
  /** Numbers of lines by their ids, once the lines are many. */
  private table: Map<string, number> | undefined;
  /** No line has two states: none is set aside. */
  private isPlain = true;

  constructor(
    readonly shop: string,
    private readonly store: LineStore,
  ) {}

  fold(event: OrderEvent, kept: readonly Attribute[]): void {
    const { store } = this;
    const mark = markOf(event.lineId);
    const n = this.numberOf(event.lineId, mark);
    if (n === undefined) {
      this.add(store.open(event, mark, kept));
      this.table?.set(event.lineId, this.count - 1);
      if (this.count > FEW && this.table === undefined) this.table = new Map(Array.from({ length: this.count }, (_, i) => [store.lineIdOf(this.placeAt(i)), i]));
      return;
    }
    const same = this.stateOf(n, event.sku);
    if (same !== undefined) {
      store.fold(same, event, kept);
      return;
    }
    this.isPlain = false;
    const known = this.places?.[n] ?? this.placeAt(n);
    this.listed()[n] = [...(typeof known === 'number' ? [known] : known), store.open(event, mark, kept)];
  }

  /** The place of a line's state, for a reader of the book's lines. */
  placeOf(lineId: string, sku: string): number | undefined {
    const n = this.numberOf(lineId, markOf(lineId));
    return n === undefined ? undefined : this.stateOf(n, sku);
  }

  /** Calls back with the states that count (setAside), each of which holds until the next. @param read a reader of the book's lines */
  eachCounting(read: (place: number) => HeldLine, visit: (line: HeldLine) => void): void {
    if (this.isPlain) {
      for (let n = 0; n < this.count; n++) visit(read(this.placeAt(n)));
      return;
    }
    const states = this.states();
    const aside = setAside(states);
    for (const line of states) if (!aside.has(stateKey(line))) visit(line);
  }

  states(): HeldLine[] {
    const states: HeldLine[] = [];
    for (let n = 0; n < this.count; n++) {
      const known = this.places?.[n] ?? this.first + n;
      if (typeof known === 'number') states.push(this.store.read(known));
      else for (const place of known) states.push(this.store.read(place));
    }
    return states;
  }

  private add(place: number): void {
    if (this.count === 0) this.first = place;
    else if (this.places !== undefined || place !== this.first + this.count) this.listed().push(place);
    this.count++;
  }

  private listed(): (number | number[])[] {
    return (this.places ??= Array.from({ length: this.count }, (_, i) => this.first + i));
  }

  /** The first state of line `n`. */
  private placeAt(n: number): number {
    if (this.places === undefined) return this.first + n;
    const known = this.places[n] as number | number[];
    return typeof known === 'number' ? known : (known[0] as number);
  }

  private numberOf(lineId: string, mark: number): number | undefined {
    if (this.table !== undefined) return this.table.get(lineId);
    for (let n = 0; n < this.count; n++) if (this.store.isLine(this.placeAt(n), lineId, mark)) return n;
    return undefined;
  }

  /** The place of the state that names the SKU. */
  private stateOf(n: number, sku: string): number | undefined {
    const known = this.places?.[n] ?? this.first + n;
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

  /** How many states there are: their places are below. */
  get lines(): number {
    return this.store.count;
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
