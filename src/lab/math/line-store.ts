// The states of many order lines, side by side in typed arrays: a year of orders holds millions of lines, and an object for each, with
// its stamp, is most of what a reader of the whole year has to move about and to keep. Most lines have but one event and are kept as
// that; a state is laid out as the rules want it (orders/math) when it is asked for.
import { foldInto, foldUnits, NO_ATTRIBUTES, withAttributes, type Attribute, type EventType, type LineState, type OrderEvent, type OwnLine } from '../../orders/math/index.js';
import { Texts } from './texts.js';

const TYPES: readonly EventType[] = ['created', 'paid', 'cancelled', 'shipped', 'delivered'];

/** Numbers of the state of a line of several events: five sums of units, then times in ms (NaN: none), the first of which every line has. */
const NUMBERS = 11;
const CHUNK_STATES = 8_192;

/** Lines by their first events, and where the states of those of several are. */
class FirstEvents {
  count = 0;
  times = new Float64Array(4_096);
  units = new Float64Array(4_096);
  /** By place in TYPES. */
  types = new Uint8Array(4_096);
  /** Of the line's id: marks differ at a glance, texts letter by letter. */
  marks = new Int32Array(4_096);
  /** Number of the line's state, from 1, where it has several events; 0 elsewhere. */
  states = new Int32Array(4_096);

  add(event: OrderEvent, mark: number): number {
    const place = this.count++;
    if (place === this.times.length) this.grow(2 * place);
    this.times[place] = event.occurredAt;
    this.units[place] = event.quantity;
    this.types[place] = TYPES.indexOf(event.type);
    this.marks[place] = mark;
    return place;
  }

  private grow(room: number): void {
    const larger = <List extends { set(old: List): void }>(list: List, old: List): List => {
      list.set(old);
      return list;
    };
    this.times = larger(new Float64Array(room), this.times);
    this.units = larger(new Float64Array(room), this.units);
    this.types = larger(new Uint8Array(room), this.types);
    this.marks = larger(new Int32Array(room), this.marks);
    this.states = larger(new Int32Array(room), this.states);
  }
}

/** A number that differs for most different ids. */
export function markOf(id: string): number {
  let mark = id.length;
  for (let i = 0; i < id.length; i++) mark = (Math.imul(mark, 31) + id.charCodeAt(i)) | 0;
  return mark;
}

/** A state as it was when it was asked for. */
export interface HeldLine extends LineState {
  /** Its number among all lines. */
  readonly place: number;
}

type Fields = { -readonly [Key in keyof HeldLine]: HeldLine[Key] };

/** A state that looks its first stamp up when it is asked for: the rules ask where two states of a line compete, and where events are added. */
class Line implements Fields, OwnLine {
  lineId = '';
  sku = '';
  created = 0;
  paid = 0;
  cancelled = 0;
  shipped = 0;
  delivered = 0;
  countedAt: number | null = null;
  paidAt: number | null = null;
  cancelledAt: number | null = null;
  shippedAt: number | null = null;
  deliveredAt: number | null = null;
  attributes = NO_ATTRIBUTES;
  place = 0;
  readonly #store: LineStore;
  #first: LineState['first'] | undefined;

  constructor(store: LineStore) {
    this.#store = store;
  }

  get first(): LineState['first'] {
    return this.#first ?? this.#store.firstOf(this.place);
  }

  set first(stamp: LineState['first']) {
    this.#first = stamp;
  }
}

const timeOf = (n: number): number | null => (Number.isNaN(n) ? null : n);

export class LineStore {
  private readonly firsts = new FirstEvents();
  private readonly lineIds: string[] = [];
  private readonly skus: string[] = [];
  private readonly eventIds = new Texts();
  private readonly attributes: LineState['attributes'][] = [];
  /** States of lines of several events: their numbers, and the event that came first. */
  private readonly states: Float64Array[] = [];
  private readonly firstIds: string[] = [];

  get count(): number {
    return this.firsts.count;
  }

  /** A line's first event; answers its place: lines that are opened one after another have places one after another. */
  open(event: OrderEvent, mark: number, kept: readonly Attribute[]): number {
    this.lineIds.push(event.lineId);
    this.skus.push(event.sku);
    this.eventIds.add(event.eventId);
    this.attributes.push(withAttributes(NO_ATTRIBUTES, event, kept));
    return this.firsts.add(event, mark);
  }

  fold(place: number, event: OrderEvent, kept: readonly Attribute[]): void {
    const { states } = this.firsts;
    const state = foldInto(this.lineAt(place), event, kept);
    // Asked for while the old state is still where it is looked up.
    const { first } = state;
    if (states[place] === 0) {
      if (this.firstIds.length % CHUNK_STATES === 0) this.states.push(new Float64Array(CHUNK_STATES * NUMBERS));
      states[place] = this.firstIds.push('');
    }
    this.keep((states[place] as number) - 1, state, first);
    this.attributes[place] = state.attributes;
  }

  /** Whether the line has this id; `mark` is the id's. */
  isLine(place: number, lineId: string, mark: number): boolean {
    return this.firsts.marks[place] === mark && this.lineIds[place] === lineId;
  }

  lineIdOf(place: number): string {
    return this.lineIds[place] as string;
  }

  skuOf(place: number): string {
    return this.skus[place] as string;
  }

  read(place: number): HeldLine {
    return this.lineAt(place);
  }

  /** Reads line after line into one that holds until the next. */
  reader(): (place: number) => HeldLine {
    const line = new Line(this);
    return (place) => {
      this.readInto(line, place);
      return line;
    };
  }

  /** The stamp of the event that came first. */
  firstOf(place: number): LineState['first'] {
    const state = (this.firsts.states[place] as number) - 1;
    if (state === -1) return [this.firsts.times[place] as number, this.eventIds.at(place)];
    return [(this.states[Math.floor(state / CHUNK_STATES)] as Float64Array)[(state % CHUNK_STATES) * NUMBERS + 5] as number, this.firstIds[state] as string];
  }

  private lineAt(place: number): Line {
    const line = new Line(this);
    this.readInto(line, place);
    return line;
  }

  private readInto(line: Line, place: number): void {
    const { times, units, types, states } = this.firsts;
    line.lineId = this.lineIds[place] as string;
    line.sku = this.skus[place] as string;
    line.attributes = this.attributes[place] as LineState['attributes'];
    line.place = place;
    const state = states[place] as number;
    if (state > 0) {
      this.readState(line, state - 1);
      return;
    }
    line.created = line.paid = line.cancelled = line.shipped = line.delivered = 0;
    line.countedAt = line.paidAt = line.cancelledAt = line.shippedAt = line.deliveredAt = null;
    foldUnits(line, TYPES[types[place] as number] as EventType, units[place] as number, times[place] as number);
  }

  private readState(line: Line, state: number): void {
    const n = this.states[Math.floor(state / CHUNK_STATES)] as Float64Array;
    const at = (state % CHUNK_STATES) * NUMBERS;
    line.created = n[at] as number;
    line.paid = n[at + 1] as number;
    line.cancelled = n[at + 2] as number;
    line.shipped = n[at + 3] as number;
    line.delivered = n[at + 4] as number;
    line.countedAt = timeOf(n[at + 6] as number);
    line.paidAt = timeOf(n[at + 7] as number);
    line.cancelledAt = timeOf(n[at + 8] as number);
    line.shippedAt = timeOf(n[at + 9] as number);
    line.deliveredAt = timeOf(n[at + 10] as number);
  }

  private keep(state: number, line: OwnLine, first: LineState['first']): void {
    const n = this.states[Math.floor(state / CHUNK_STATES)] as Float64Array;
    const at = (state % CHUNK_STATES) * NUMBERS;
    n[at] = line.created;
    n[at + 1] = line.paid;
    n[at + 2] = line.cancelled;
    n[at + 3] = line.shipped;
    n[at + 4] = line.delivered;
    n[at + 5] = first[0];
    n[at + 6] = line.countedAt ?? NaN;
    n[at + 7] = line.paidAt ?? NaN;
    n[at + 8] = line.cancelledAt ?? NaN;
    n[at + 9] = line.shippedAt ?? NaN;
    n[at + 10] = line.deliveredAt ?? NaN;
    this.firstIds[state] = first[1];
  }
}
