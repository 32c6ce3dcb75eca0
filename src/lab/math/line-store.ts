// The states of many order lines, side by side in typed arrays: a year of orders holds millions of lines, and an object for each, with
// its stamp, is most of what a reader of the whole year has to move about and to keep. A state is laid out as the rules want it
// (orders/math) when it is asked for.
import { foldInto, type Attribute, type LineState, type OrderEvent, type OwnLine } from '../../orders/math/index.js';

/** Numbers of a line: five sums of units, then times in ms (NaN: none), the first of which every line has. */
const NUMBERS = 11;
const CHUNK_LINES = 8_192;

/** A state as it was when it was asked for. */
export interface HeldLine extends LineState {
  /** Its number among all lines. */
  readonly place: number;
}

type Mutable = { -readonly [Key in keyof HeldLine]: Key extends 'first' ? [number, string] : HeldLine[Key] };

const blank = (): Mutable => ({
  lineId: '', sku: '', first: [0, ''], created: 0, paid: 0, cancelled: 0, shipped: 0, delivered: 0, countedAt: null, paidAt: null, cancelledAt: null, shippedAt: null, deliveredAt: null, attributes: {}, place: 0,
});

const timeOf = (n: number): number | null => (Number.isNaN(n) ? null : n);

export class LineStore {
  private readonly chunks: Float64Array[] = [];
  private readonly lineIds: string[] = [];
  private readonly skus: string[] = [];
  /** Event that came first. */
  private readonly firstIds: string[] = [];
  private readonly attributes: LineState['attributes'][] = [];

  /** A line's first event; answers its place. */
  open(event: OrderEvent, kept: readonly Attribute[]): number {
    const place = this.lineIds.length;
    if (place % CHUNK_LINES === 0) this.chunks.push(new Float64Array(CHUNK_LINES * NUMBERS));
    const line = foldInto(undefined, event, kept);
    this.lineIds.push(line.lineId);
    this.skus.push(line.sku);
    this.firstIds.push('');
    this.attributes.push(line.attributes);
    this.keep(place, line);
    return place;
  }

  fold(place: number, event: OrderEvent, kept: readonly Attribute[]): void {
    const line: OwnLine = this.read(place);
    this.keep(place, foldInto(line, event, kept));
  }

  lineIdOf(place: number): string {
    return this.lineIds[place] as string;
  }

  skuOf(place: number): string {
    return this.skus[place] as string;
  }

  read(place: number): HeldLine {
    const line = blank();
    this.readInto(line, place);
    return line;
  }

  /** Reads line after line into one that holds until the next. */
  reader(): (place: number) => HeldLine {
    const line = blank();
    return (place) => {
      this.readInto(line, place);
      return line;
    };
  }

  private readInto(line: Mutable, place: number): void {
    const n = this.chunks[Math.floor(place / CHUNK_LINES)] as Float64Array;
    const at = (place % CHUNK_LINES) * NUMBERS;
    line.lineId = this.lineIds[place] as string;
    line.sku = this.skus[place] as string;
    line.first[0] = n[at + 5] as number;
    line.first[1] = this.firstIds[place] as string;
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
    line.attributes = this.attributes[place] as LineState['attributes'];
    line.place = place;
  }

  private keep(place: number, line: OwnLine): void {
    const n = this.chunks[Math.floor(place / CHUNK_LINES)] as Float64Array;
    const at = (place % CHUNK_LINES) * NUMBERS;
    n[at] = line.created;
    n[at + 1] = line.paid;
    n[at + 2] = line.cancelled;
    n[at + 3] = line.shipped;
    n[at + 4] = line.delivered;
    n[at + 5] = line.first[0];
    n[at + 6] = line.countedAt ?? NaN;
    n[at + 7] = line.paidAt ?? NaN;
    n[at + 8] = line.cancelledAt ?? NaN;
    n[at + 9] = line.shippedAt ?? NaN;
    n[at + 10] = line.deliveredAt ?? NaN;
    this.firstIds[place] = line.first[1];
    this.attributes[place] = line.attributes;
  }
}
