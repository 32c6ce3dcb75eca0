// Numbers written and read one after the other, bit by bit: whole numbers in the fewest bits that their usual size needs, and as text
// that JSON takes as it is: 13 bits in two of 91 characters.
import { longCode, ofLongCode, ofShortCode, shortCode } from './precision.js';

const BASE = 91;
/** Printable, without quotes and the backslash. */
const DIGITS = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).filter((c) => !['"', "'", '\\'].includes(c)).join('');
const CODES = Uint8Array.from({ length: DIGITS.length }, (_, i) => DIGITS.charCodeAt(i));
const VALUES = Int8Array.from({ length: 128 }, (_, code) => DIGITS.indexOf(String.fromCharCode(code)));
const UNIT = 13;
const HALF_BITS = 26;
const HALF = 2 ** HALF_BITS;
/** Bits of a number of two bytes (precision.ts). */
const SHORT_BITS = 16;
/** Bits of the size that a list of numbers says of itself. */
const SIZE_BITS = 4;
/** A list's size from its mean: the numbers of most lists are many small ones and a few large ones. */
const SIZED = 0.7;
const MOST_SIZE = 2 ** SIZE_BITS - 1;
const POWERS = Float64Array.from({ length: 64 }, (_, i) => 2 ** i);

const folded = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
const unfolded = (value: number): number => (value % 2 === 1 ? -(value + 1) / 2 : value / 2);
/** Digits of a whole number > 0 in base 2, less one. */
const bitsBelow = (value: number): number => (value < 2 ** 31 ? 31 - Math.clz32(value) : Math.floor(Math.log2(value)));

export class BitWriter {
  private readonly units: number[] = [];
  private unit = 0;
  private filled = 0;

  /** The last `bits` of a whole number, at most 30 of them. */
  put(value: number, bits: number): void {
    for (let left = bits; left > 0; ) {
      const taken = Math.min(left, UNIT - this.filled);
      left -= taken;
      this.unit = (this.unit << taken) | ((value >>> left) & ((1 << taken) - 1));
      this.filled += taken;
      if (this.filled < UNIT) return;
      this.units.push(this.unit);
      this.unit = 0;
      this.filled = 0;
    }
  }

  /** A whole number that is not negative (exponential Golomb code): about 2^size takes size + 1 bits. Throws RangeError where it is none: it would be read as another. */
  whole(value: number, size: number): void {
    const code = value + (POWERS[size] as number);
    if (!(value >= 0 && Number.isSafeInteger(code))) throw new RangeError(`${value} is no whole number`);
    if (code < HALF) {
      const length = 31 - Math.clz32(code);
      this.put(0, length - size);
      this.put(code, length + 1);
      return;
    }
    let length = bitsBelow(code);
    // Logarithms of large numbers may round up.
    if ((POWERS[length] as number) > code) length--;
    for (let zeros = length - size; zeros > 0; zeros -= HALF_BITS) this.put(0, Math.min(HALF_BITS, zeros));
    this.put(Math.floor(code / HALF), length + 1 - HALF_BITS);
    this.put(code % HALF, HALF_BITS);
  }

  /** A whole number of either sign. */
  signed(value: number, size: number): void {
    this.whole(folded(value), size);
  }

  /** Three bytes. */
  long(value: number): void {
    this.put(longCode(value), 24);
  }

  /** Whole numbers that are not negative, and before them the size that makes them short. */
  wholes(values: readonly number[]): void {
    let sum = 0;
    for (const value of values) sum += value;
    // Within a bit or two of the best size for all.
    const size = values.length === 0 ? 0 : Math.min(MOST_SIZE, bitsBelow(1 + (SIZED * sum) / values.length));
    this.put(size, SIZE_BITS);
    for (const value of values) this.whole(value, size);
  }

  /** At most 24 numbers of two bytes each, as steps from one to the next; where some are none, which are. */
  shorts(values: readonly number[]): void {
    const steps: number[] = [];
    let [before, known] = [0, 0];
    for (let i = 0; i < values.length; i++) {
      const code = shortCode(values[i] as number);
      if (code === 0) continue;
      known += POWERS[i] as number;
      steps.push(folded(code - before));
      before = code;
    }
    const some = steps.length < values.length;
    this.put(some ? 1 : 0, 1);
    if (some) this.put(known, values.length);
    // The first is none of the steps between them, and far larger.
    if (steps.length > 0) this.put((steps.shift() as number) / 2, SHORT_BITS);
    this.wholes(steps);
  }

  text(): string {
    const units = this.filled === 0 ? this.units : [...this.units, this.unit << (UNIT - this.filled)];
    const text = Buffer.allocUnsafe(2 * units.length);
    for (let i = 0; i < units.length; i++) {
      const unit = units[i] as number;
      const high = Math.floor(unit / BASE);
      text[2 * i] = CODES[high] as number;
      text[2 * i + 1] = CODES[unit - BASE * high] as number;
    }
    return text.toString('latin1');
  }
}

export class BitReader {
  private at = 0;
  private unit = 0;
  private left = 0;

  constructor(private readonly text: string) {}

  /** Throws RangeError past the end. */
  take(bits: number): number {
    let value = 0;
    for (let wanted = bits; wanted > 0; ) {
      if (this.left === 0) this.next();
      const taken = Math.min(wanted, this.left);
      this.left -= taken;
      wanted -= taken;
      value = (value << taken) | ((this.unit >>> this.left) & ((1 << taken) - 1));
    }
    return value;
  }

  private next(): void {
    if (this.at + 1 >= this.text.length) throw new RangeError('a stored state ends too soon');
    this.unit = (VALUES[this.text.charCodeAt(this.at)] as number) * BASE + (VALUES[this.text.charCodeAt(this.at + 1)] as number);
    this.at += 2;
    this.left = UNIT;
  }

  whole(size: number): number {
    // Zeros up to the leading one, which is passed.
    let length = size;
    for (;;) {
      if (this.left === 0) this.next();
      const zeros = Math.clz32(this.unit << (32 - this.left));
      if (zeros < this.left) {
        length += zeros;
        this.left -= zeros + 1;
        break;
      }
      length += this.left;
      this.left = 0;
    }
    const high = length >= HALF_BITS ? this.rest(length - HALF_BITS) : 0;
    const low = length >= HALF_BITS ? this.take(HALF_BITS) : this.rest(length);
    return high * HALF + low - (POWERS[size] as number);
  }

  /** What follows a leading one. */
  private rest(bits: number): number {
    return (POWERS[bits] as number) + this.take(bits);
  }

  signed(size: number): number {
    return unfolded(this.whole(size));
  }

  long(): number {
    return ofLongCode(this.take(24));
  }

  wholes(length: number): number[] {
    const size = this.take(SIZE_BITS);
    const values: number[] = [];
    while (values.length < length) values.push(this.whole(size));
    return values;
  }

  shorts(length: number): number[] {
    const known = this.take(1) === 1 ? this.take(length) : (POWERS[length] as number) - 1;
    let code = known === 0 ? 0 : this.take(SHORT_BITS);
    const size = this.take(SIZE_BITS);
    const values = new Array<number>(length).fill(0);
    for (let i = 0, first = true; i < length; i++) {
      if (((known >>> i) & 1) === 0) continue;
      if (!first) code += unfolded(this.whole(size));
      first = false;
      values[i] = ofShortCode(code);
    }
    return values;
  }
}
