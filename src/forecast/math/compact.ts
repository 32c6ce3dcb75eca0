// Bytes read one after the other from base64, as earlier versions stored the states of streams: whole numbers take a byte for each
// seven bits, others two or three bytes.
import { ofLongCode, ofShortCode } from './precision.js';

const SEVEN_BITS = 128;

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
