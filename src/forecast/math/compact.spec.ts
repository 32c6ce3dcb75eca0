import fc from 'fast-check';
import { Reader, Writer } from './compact.js';
import { short } from './precision.js';

describe('bytes in base64', () => {
  it('are read as they were written (500 runs, seed 4)', () => {
    fc.assert(fc.property(fc.array(fc.maxSafeNat()), fc.array(fc.integer({ min: -(2 ** 40), max: 2 ** 40 })), fc.array(fc.constantFrom(0, 0, 1, 2.5, 900_000, 3.6e7), { minLength: 24, maxLength: 24 }), (wholes, signed, counts) => {
      const w = new Writer();
      for (const n of wholes) w.whole(n);
      for (const n of signed) w.signed(n);
      w.sparse(counts);
      w.sparseSteps(counts);
      const r = new Reader(w.text());
      expect(wholes.map(() => r.whole())).toEqual(wholes);
      expect(signed.map(() => r.signed())).toEqual(signed);
      expect(r.sparse(24)).toEqual(counts.map(short));
      expect(r.sparseSteps(24)).toEqual(counts.map(short));
      expect(() => r.byte()).toThrow(/ends too soon/);
    }), { numRuns: 500, seed: 4 });
  });

  it('take one byte for a whole number below 128, and refuse what is no whole number', () => {
    const w = new Writer();
    w.whole(127);
    expect(w.text()).toBe('fw');
    for (const wrong of [-1, 0.5, NaN, Infinity]) expect(() => w.whole(wrong)).toThrow(RangeError);
  });
});
