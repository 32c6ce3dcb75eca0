// The usual forms of values, read in place from bytes without a regular expression or a date: most of the time of reading a file
// goes there. What has another form is left to the full check (columns.ts), which these agree with.
import type { Column } from './columns.js';

const CURRENCIES = Intl.supportedValuesOf('currency');
const ZERO = 48;
const HYPHEN = 45;
const COLON = 58;
const POINT = 46;
const PLUS = 43;
const T = 84;
const Z = 90;

/** The number written in decimal digits in bytes[from, to); NaN where one is none. */
function digitsAt(bytes: Uint8Array, from: number, to: number): number {
  let n = 0;
  for (let i = from; i < to; i++) {
    const d = (bytes[i] as number) - ZERO;
    if (!(d >= 0 && d <= 9)) return NaN;
    n = 10 * n + d;
  }
  return n;
}

/** The number of two digits at a place; NaN where one is none. */
function twoAt(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - ZERO;
  const ones = (bytes[at + 1] as number) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : NaN;
}

/** Milliseconds since 1970 at 00:00 UTC of a day written as the number YYYYMMDD; undefined where there is no such day from 1970 to 2199. */
function startOf(date: number): number | undefined {
  const [year, month, day] = [Math.floor(date / 10_000), Math.floor(date / 100) % 100, date % 100];
  if (year < 1970 || year > 2199 || month < 1 || month > 12 || day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  return Date.UTC(year, month - 1, day);
}

/** Reads `YYYY-MM-DDTHH:MM:SS`, milliseconds or none, and `Z` or `±HH:MM`; it remembers the days that it met. */
class Instants {
  private readonly days = new Map<number, number | undefined>();
  private lastDate = NaN;
  private lastStart = 0;

  read(bytes: Uint8Array, from: number, to: number): number | undefined {
    if (to - from < 20 || bytes[from + 4] !== HYPHEN || bytes[from + 7] !== HYPHEN || bytes[from + 10] !== T || bytes[from + 13] !== COLON || bytes[from + 16] !== COLON) return undefined;
    const date = 1_000_000 * twoAt(bytes, from) + 10_000 * twoAt(bytes, from + 2) + 100 * twoAt(bytes, from + 5) + twoAt(bytes, from + 8);
    if (date !== this.lastDate && !this.turnTo(date)) return undefined;
    const hour = twoAt(bytes, from + 11);
    const minute = twoAt(bytes, from + 14);
    const second = twoAt(bytes, from + 17);
    if (!(hour <= 23 && minute <= 59 && second <= 59)) return undefined;
    const local = this.lastStart + hour * 3_600_000 + minute * 60_000 + second * 1000;
    return to - from === 20 && bytes[from + 19] === Z ? local : zoned(bytes, from + 19, to, local);
  }

  private turnTo(date: number): boolean {
    if (Number.isNaN(date)) return false;
    if (this.days.size > 4_000) this.days.clear();
    if (!this.days.has(date)) this.days.set(date, startOf(date));
    const start = this.days.get(date);
    if (start === undefined) return false;
    this.lastDate = date;
    this.lastStart = start;
    return true;
  }
}

/** What follows the seconds, in bytes[at, to): three decimals or none, then the offset, which is taken off. */
function zoned(bytes: Uint8Array, at: number, to: number, local: number): number | undefined {
  const decimals = bytes[at] === POINT;
  const offset = decimals ? at + 4 : at;
  const time = decimals ? local + digitsAt(bytes, at + 1, at + 4) : local;
  const sign = bytes[offset];
  if (to - offset === 1 && sign === Z) return Number.isNaN(time) ? undefined : time;
  if (to - offset !== 6 || (sign !== PLUS && sign !== HYPHEN) || bytes[offset + 3] !== COLON) return undefined;
  const hours = twoAt(bytes, offset + 1);
  const minutes = twoAt(bytes, offset + 4);
  if (!(hours <= 23 && minutes <= 59)) return undefined;
  const utc = time - (sign === PLUS ? 1 : -1) * (hours * 3_600_000 + minutes * 60_000);
  return utc >= 0 ? utc : undefined;
}

/**
 * Texts met lately, found again by their bytes: one that comes back is the same string, which takes no memory of its own and whose hash
 * is known to every map. One place for each hash; where hardly a text comes back the table is let go.
 */
class MetTexts {
  private readonly texts = new Array<string>(PLACES).fill('');
  private readonly bytes = new Uint8Array(PLACES * PLACE_BYTES);
  private asked = 0;
  private found = 0;

  /** False where texts do not come back, which the first ones tell. */
  get isWorthIt(): boolean {
    return this.asked !== TRIED || this.found > TRIED / 4;
  }

  /** The string of bytes[from, to), at most PLACE_BYTES of them, all ASCII; `hash` is theirs. */
  of(bytes: Uint8Array, text: string, from: number, to: number, hash: number): string {
    const place = (hash ^ (hash >>> 15)) & (PLACES - 1);
    const length = to - from;
    const known = this.texts[place] as string;
    if (this.asked < TRIED) this.asked++;
    const start = place * PLACE_BYTES;
    if (known.length === length) {
      let i = 0;
      while (i < length && this.bytes[start + i] === bytes[from + i]) i++;
      if (i === length) {
        if (this.asked < TRIED) this.found++;
        return known;
      }
    }
    const made = text.slice(from, to);
    this.texts[place] = made;
    for (let i = 0; i < length; i++) this.bytes[start + i] = bytes[from + i] as number;
    return made;
  }
}

const PLACES = 16_384;
const PLACE_BYTES = 24;
/** Texts after which it is decided whether they come back. */
const TRIED = 2 * PLACES;

/** One class for all kinds of columns: a table calls one method some millions of times, and closures of each kind would be called blindly. */
export class PlainReader {
  private readonly longest: number;
  private readonly values: readonly string[];
  private readonly instants = new Instants();
  // Neighbouring lines often hold the same text: the last one is given again. Where its bytes stand:
  private last = '';
  private lastBytes: Uint8Array = new Uint8Array(0);
  private lastFrom = 0;
  // Made for the first text: most files have few of the columns that they may have.
  private met: MetTexts | undefined;
  private meets = true;

  // Told once: columns come in many shapes, and asking each for its kind is slower than reading what stands in it.
  private readonly kind: Column['kind'];
  private readonly least: number;
  private readonly most: number;

  constructor(column: Column) {
    this.kind = column.kind;
    [this.least, this.most] = column.kind === 'whole' ? [column.min, column.max] : [0, 0];
    this.longest = column.kind === 'name' ? 128 : column.kind === 'text' ? column.max : 0;
    this.values = column.kind === 'choice' ? column.values : column.kind === 'currency' ? CURRENCIES : [];
  }

  /**
   * The value of bytes[from, to), not empty, where it has the usual form; undefined where the full check must say.
   * @param text the same bytes, each a character of its own (latin1)
   */
  read(bytes: Uint8Array, text: string, from: number, to: number): string | number | undefined {
    switch (this.kind) {
      case 'whole': {
        const n = to - from <= 9 ? digitsAt(bytes, from, to) : NaN;
        return n >= this.least && n <= this.most ? n : undefined;
      }
      case 'instant':
        return this.instants.read(bytes, from, to);
      case 'name':
      case 'text':
        return this.readText(bytes, text, from, to);
      case 'choice':
      case 'currency':
        return this.readChoice(bytes, text, from, to);
    }
  }

  /** Printable ASCII that begins visibly. */
  private readText(bytes: Uint8Array, text: string, from: number, to: number): string | undefined {
    const same = this.sameAsLast(bytes, from, to);
    if (same === to) return this.last;
    if (to - from > this.longest || bytes[from] === 32) return undefined;
    if (!this.meets || to - from > PLACE_BYTES) {
      for (let i = same; i < to; i++) {
        const c = bytes[i] as number;
        if (c < 32 || c > 126) return undefined;
      }
      return this.keep(text.slice(from, to), bytes, from);
    }
    let hash = 0;
    for (let i = from; i < to; i++) {
      const c = bytes[i] as number;
      if (c < 32 || c > 126) return undefined;
      hash = Math.imul(hash ^ c, 0x01000193);
    }
    const met = (this.met ??= new MetTexts());
    const found = met.of(bytes, text, from, to, hash);
    if (!met.isWorthIt) {
      this.met = undefined;
      this.meets = false;
    }
    return this.keep(found, bytes, from);
  }

  private readChoice(bytes: Uint8Array, text: string, from: number, to: number): string | undefined {
    if (this.sameAsLast(bytes, from, to) === to) return this.last;
    const found = this.values.find((v) => v.length === to - from && text.startsWith(v, from));
    return found === undefined ? undefined : this.keep(found, bytes, from);
  }

  private keep(value: string, bytes: Uint8Array, from: number): string {
    this.last = value;
    this.lastBytes = bytes;
    this.lastFrom = from;
    return value;
  }

  /** How far bytes[from, to) is the last text, from the start; `from` where the lengths differ. */
  private sameAsLast(bytes: Uint8Array, from: number, to: number): number {
    const { lastBytes } = this;
    if (to - from !== this.last.length) return from;
    let i = from;
    for (let k = this.lastFrom; i < to && bytes[i] === lastBytes[k]; k++) i++;
    return i;
  }
}
