import fc from 'fast-check';
import { long, longCode, ofLongCode, ofShortCode, short, shortCode } from './precision.js';

describe('numbers of few digits', () => {
  it('are off by at most 5e-4 in two bytes and 8e-6 in three (2,000 runs, seed 1)', () => {
    fc.assert(fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (x) => {
      expect(Math.abs(short(x) / x - 1)).toBeLessThanOrEqual(5e-4);
      expect(Math.abs(long(x) / x - 1)).toBeLessThanOrEqual(8e-6);
    }), { numRuns: 2000, seed: 1 });
  });

  it('are left as they are when they are rounded again, and are what their codes say (2,000 runs, seed 2)', () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (x) => {
      expect([short(short(x)), long(long(x)), ofShortCode(shortCode(x)), ofLongCode(longCode(x))]).toEqual([short(x), long(x), short(x), long(x)]);
      expect(shortCode(x)).toBeLessThan(2 ** 16);
      expect(longCode(x)).toBeLessThan(2 ** 24);
    }), { numRuns: 2000, seed: 2 });
  });

  it('keep none and small whole numbers, and lose what is far too small or too large for two bytes', () => {
    for (const n of [0, 1, 2, 3, 100, 1000]) expect([short(n), long(n)]).toEqual([n, n]);
    expect(short(1e-12)).toBe(0);
    expect(short(1e15)).toBe(short(2e15));
  });
});
