import fc from 'fast-check';
import { localTime, negativeBinomialMean, negativeBinomialQuantiles, nextLocalHour, splitByLargestRemainder, standardNormalQuantile } from './index.js';

describe('negative binomial', () => {
  it('gives the published quantiles of a gamma(2, 4) rate after 9 orders in 1.5, with 2.5 left', () => {
    // Posterior gamma(11, 5.5): predictive NB(11, 5.5/(5.5 + 2.5)).
    const predictive = { shape: 11, probability: 5.5 / 8 };
    expect(negativeBinomialMean(predictive)).toBeCloseTo(5, 12);
    expect(negativeBinomialQuantiles(predictive, [0.05, 0.25, 0.5, 0.75, 0.9, 0.95])).toEqual([1, 3, 5, 7, 9, 10]);
  });

  it('has quantiles that never cross and grow with the mean (seed 5)', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.05, max: 50, noNaN: true }), fc.double({ min: 0.01, max: 1, noNaN: true }), (shape, probability) => {
        const q = negativeBinomialQuantiles({ shape, probability }, [0.05, 0.5, 0.95]);
        expect(q).toEqual([...q].sort((a, b) => a - b));
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it.each([[0, 0.5], [1, 0], [1, 1.5], [NaN, 0.5], [Infinity, 0.5]])('refuses shape %s and probability %s by name', (shape, probability) => {
    expect(() => negativeBinomialQuantiles({ shape, probability }, [0.5])).toThrow(/shape|probability/);
  });

  it('matches published normal quantiles', () => {
    expect(standardNormalQuantile(0.975)).toBeCloseTo(1.959963985, 8);
    expect(standardNormalQuantile(0.01)).toBeCloseTo(-2.326347874, 8);
  });
});

describe('largest remainder', () => {
  it('sums exactly, gives nothing to weight 0, and stays within one unit of the exact share (seed 3)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 12 }), (total, weights) => {
        const parts = splitByLargestRemainder(total, weights);
        const sum = weights.reduce((s, w) => s + w, 0);
        expect(parts.reduce((s, p) => s + p, 0)).toBe(total);
        parts.forEach((part, i) => {
          const exact = sum === 0 ? total / weights.length : (total * (weights[i] as number)) / sum;
          expect(Math.abs(part - exact)).toBeLessThan(1);
          if (sum > 0 && weights[i] === 0) expect(part).toBe(0);
        });
      }),
      { seed: 3, numRuns: 500 },
    );
  });
});

describe('wall clocks', () => {
  const at = (text: string): number => Date.parse(text);

  it("finds the supplier's date and the next confirming hour", () => {
    expect(localTime(at('2026-11-21T18:30:00Z'), 'Asia/Shanghai')).toEqual({ date: '2026-11-22', hour: 2, minute: 30 });
    expect(new Date(nextLocalHour(at('2026-11-21T18:30:00Z'), 'Asia/Shanghai', 9)).toISOString()).toBe('2026-11-22T01:00:00.000Z');
    expect(new Date(nextLocalHour(at('2026-11-22T01:00:00Z'), 'Asia/Shanghai', 9)).toISOString()).toBe('2026-11-23T01:00:00.000Z');
    expect(new Date(nextLocalHour(at('2026-11-21T18:30:00Z'), 'Asia/Kathmandu', 9)).toISOString()).toBe('2026-11-22T03:15:00.000Z');
  });

  it('survives changes to and from summer time', () => {
    expect(new Date(nextLocalHour(at('2026-03-29T00:30:00Z'), 'Europe/Berlin', 9)).toISOString()).toBe('2026-03-29T07:00:00.000Z');
    expect(new Date(nextLocalHour(at('2026-10-24T22:30:00Z'), 'Europe/Berlin', 9)).toISOString()).toBe('2026-10-25T08:00:00.000Z');
    // Two o'clock does not exist on that day: the next one is a day later.
    expect(new Date(nextLocalHour(at('2026-03-29T00:00:00Z'), 'Europe/Berlin', 2)).toISOString()).toBe('2026-03-30T00:00:00.000Z');
  });
});
