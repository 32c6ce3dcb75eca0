// Bytes written and read one after the other, as base64: whole numbers take a byte for each seven bits, others two or three bytes.
import { longCode, ofLongCode, ofShortCode, shortCode } from './precision.js';

const SEVEN_BITS = 128;

export class Writer {
  private readonly bytes: number[] = [];

  byte(value: number): void {
    this.bytes.push(value);
  }

  /** A whole number that is not negative. Throws RangeError where it is none: it would be read as another. */
  whole(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no whole number`);
    let rest = value;
    for (; rest >= SEVEN_BITS; rest = Math.floor(rest / SEVEN_BITS)) this.bytes.push((rest % SEVEN_BITS) + SEVEN_BITS);
    this.bytes.push(rest);
  }

  /** A whole number of either sign. */
  signed(value: number): void {
    this.whole(value < 0 ? -2 * value - 1 : 2 * value);
  }

  short(value: number): void {
    const code = shortCode(value);
    this.bytes.push(code >> 8, code & 255);
  }

  long(value: number): void {
    const code = longCode(value);
    this.bytes.push(code >> 16, (code >> 8) & 255, code & 255);
  }

  /** Numbers many of which may be 0: which are not, and those. */
  sparse(values: readonly number[]): void {
    this.mask(values);
    for (const v of values) if (shortCode(v) > 0) this.short(v);
  }

  /** The same for numbers that differ little from one to the next: those steps take a byte each. */
  sparseSteps(values: readonly number[]): void {
    this.mask(values);
    let before = 0;
    for (const code of values.map(shortCode)) {
      if (code === 0) continue;
      this.signed(code - before);
      before = code;
    }
  }

  private mask(values: readonly number[]): void {
    for (let from = 0; from < values.length; from += 8) this.byte(values.slice(from, from + 8).reduce((mask, v, i) => (shortCode(v) > 0 ? mask | (1 << i) : mask), 0));
  }

  text(): string {
    return Buffer.from(this.bytes).toString('base64').replace(/=+$/, '');
  }
}

export class Reader {
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(text: string) {
    this.bytes = Buffer.from(text, 'base64');
  }

  /** Throws RangeError past the end. */
  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new RangeError('a stored state ends too soon');
    return value;
  }

  whole(): number {
    let value = 0;
    for (let unit = 1; ; unit *= SEVEN_BITS) {
      const byte = this.byte();
      value += (byte % SEVEN_BITS) * unit;
      if (byte < SEVEN_BITS) return value;
    }
  }

  signed(): number {
    const value = this.whole();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  short(): number {
    return ofShortCode(this.byte() * 256 + this.byte());
  }

  long(): number {
    return ofLongCode(this.byte() * 65_536 + this.byte() * 256 + this.byte());
  }

  sparse(length: number): number[] {
    return this.masked(length).map((known) => (known ? this.short() : 0));
  }

  sparseSteps(length: number): number[] {
    let code = 0;
    return this.masked(length).map((known) => (known ? ofShortCode((code += this.signed())) : 0));
  }

  private masked(length: number): boolean[] {
    const masks = Array.from({ length: Math.ceil(length / 8) }, () => this.byte());
    return Array.from({ length }, (_, i) => (((masks[i >> 3] as number) >> (i & 7)) & 1) === 1);
  }
}
