// Numbers of few digits that fit into two or three bytes: what a stream keeps is rounded to them whenever it changes, so that a
// state loses nothing when it is stored. Rounding only then would make what is detected depend on how often a stream was looked at.
// None is negative; both kinds are a float32 without its sign and its last bits.

const REAL = new Float32Array(1);
const BITS = new Int32Array(REAL.buffer);

/** Bits of a float32's mantissa that are left out. */
const [SHORT_CUT, LONG_CUT] = [13, 7];
/** The two bytes hold exponents from 2^-27 up to 2^36; what is smaller is none, what is larger the largest. */
const LEAST_SHORT = (127 - 27) << 10;
const MOST_SHORT = 0xffff;

function bitsOf(x: number): number {
  REAL[0] = x;
  return BITS[0] as number;
}

function ofBits(bits: number): number {
  BITS[0] = bits;
  return REAL[0] as number;
}

/** Two bytes: a relative error of at most 5e-4. */
export function shortCode(x: number): number {
  const code = ((bitsOf(x) + (1 << (SHORT_CUT - 1))) >> SHORT_CUT) - LEAST_SHORT;
  return code <= 0 ? 0 : Math.min(MOST_SHORT, code);
}

export const ofShortCode = (code: number): number => (code === 0 ? 0 : ofBits((code + LEAST_SHORT) << SHORT_CUT));
export const short = (x: number): number => ofShortCode(shortCode(x));

/** Three bytes: a relative error of at most 8e-6. */
export const longCode = (x: number): number => (bitsOf(x) + (1 << (LONG_CUT - 1))) >> LONG_CUT;
export const ofLongCode = (code: number): number => ofBits(code << LONG_CUT);
export const long = (x: number): number => ofLongCode(longCode(x));
