import fc from 'fast-check';
import { BitReader, BitWriter } from './bits.js';
import { long, short } from './precision.js';

describe('numbers in bits', () => {
  it('are read as they were written, from JSON as well (500 runs, seed 4)', () => {
    const whole = fc.oneof(fc.integer({ min: 0, max: 2 ** 52 }), fc.integer({ min: 0, max: 300 }), fc.nat({ max: 52 }).map((n) => 2 ** n - 1));
    fc.assert(fc.property(fc.array(whole), fc.array(fc.integer({ min: -(2 ** 40), max: 2 ** 40 })), fc.array(fc.constantFrom(0, 0, 1, 2.5, 900_000, 3.6e7), { minLength: 24, maxLength: 24 }), fc.nat({ max: 25 }), (wholes, signed, counts, size) => {
      const w = new BitWriter();
      for (const n of wholes) w.whole(n, size);
      for (const n of signed) w.signed(n, size);
      for (const n of counts) w.long(n);
      w.wholes(wholes);
      w.shorts(counts);
      const text = w.text();
      expect(text).toMatch(/^[!#-&(-[\]-~]*$/);
      const r = new BitReader(JSON.parse(JSON.stringify(text)) as string);
      expect(wholes.map(() => r.whole(size))).toEqual(wholes);
      expect(signed.map(() => r.signed(size))).toEqual(signed);
      expect(counts.map(() => r.long())).toEqual(counts.map(long));
      expect(r.wholes(wholes.length)).toEqual(wholes);
      expect(r.shorts(24)).toEqual(counts.map(short));
      expect(() => r.take(26)).toThrow(/ends too soon/);
    }), { numRuns: 500, seed: 4 });
  });

  it('take two characters for 13 bits, and refuse what is no whole number', () => {
    const w = new BitWriter();
    w.put(0, 13);
    w.put(8191, 13);
    // 8,191 is 90 times 91 and one.
    expect(w.text()).toBe('!!~#');
    for (const wrong of [-1, 0.5, NaN, Infinity, 2 ** 53]) expect(() => w.whole(wrong, 3)).toThrow(RangeError);
  });
});
