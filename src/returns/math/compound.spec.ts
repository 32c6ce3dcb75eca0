import fc from 'fast-check';
import { binomialBelow, poissonBelow, randomFrom } from '../../kernel/math/index.js';
import { intervalOf, type Compound } from './compound.js';

const SEED = 20_261_122;
const units = [{ units: 1, weight: 1 }];

/** The interval of the stated rule, from a distribution function. */
function expected(below: (k: number) => number, level: number): { lower: number; upper: number } {
  const tail = (1 - level) / 2;
  let lower = 0;
  while (below(lower) + 1e-9 < tail) lower++;
  const from = lower === 0 ? 0 : below(lower - 1);
  let upper = lower;
  while (below(upper) + 1e-9 < from + level) upper++;
  if (upper > lower && from + level - below(upper - 1) < below(upper) - (from + level)) upper--;
  return { lower, upper };
}

describe('units still to come in clumps', () => {
  it.each([0.05, 0.4, 2, 11, 60])('are Poisson where clumps are single units and their number is, mean %d', (mean) => {
    for (const level of [0.5, 0.8, 0.9, 0.98]) expect(intervalOf({ mean, variance: mean, sizes: units }, 500, level)).toEqual(expected((k) => poissonBelow(k, mean), level));
  });

  it.each([[5, 0.3], [12, 0.55], [40, 0.9], [3, 0.99]])('are binomial where their number varies as little: %d trials of %d', (n, p) => {
    expect(intervalOf({ mean: n * p, variance: n * p * (1 - p), sizes: units }, n, 0.9)).toEqual(expected((k) => binomialBelow(k, n, p), 0.9));
  });

  it(`hold what they say where clumps are of many sizes (seed ${SEED})`, () => {
    const random = randomFrom(SEED).split('clumps');
    const sizes = [{ units: 1, weight: 6 }, { units: 4, weight: 3 }, { units: 30, weight: 1 }];
    const compound: Compound = { mean: 9, variance: 9 + 81 * 0.1, sizes };
    const { lower, upper } = intervalOf(compound, 10_000, 0.9);
    let inside = 0;
    const runs = 20_000;
    for (let run = 0; run < runs; run++) {
      // Negative binomial as a Poisson number of a gamma mean (shape 10, by ten exponentials).
      let mean = 0;
      for (let i = 0; i < 10; i++) mean += random.exponential(0.9);
      let total = 0;
      for (let at = random.exponential(1); at < mean; at += random.exponential(1)) { const u = random.next() * 10; total += u < 6 ? 1 : u < 9 ? 4 : 30; }
      if (lower <= total && total <= upper) inside++;
    }
    expect(inside / runs).toBeGreaterThan(0.885);
    expect(inside / runs).toBeLessThan(0.925);
  });

  it('reach many clumps and huge ones without losing the mean', () => {
    const many = intervalOf({ mean: 4000, variance: 4000, sizes: units }, 1e6, 0.9);
    expect([many.lower, many.upper]).toEqual([expect.closeTo(4000 - 104, -1.5), expect.closeTo(4000 + 104, -1.5)]);
    const huge = intervalOf({ mean: 300, variance: 600, sizes: [{ units: 3, weight: 299 }, { units: 9000, weight: 0.008 }] }, 1e6, 0.9);
    // A huge clump of a chance below 1 % is outside; the rest is as if it were not there.
    expect(huge.lower).toBeGreaterThan(740);
    expect(huge.upper).toBeLessThan(1080);
  });

  it('give the mass that a lower end at 0 leaves unused to the upper end, and are never wider than what there is', () => {
    expect(intervalOf({ mean: 0.08, variance: 0.08, sizes: [{ units: 7, weight: 1 }] }, 100, 0.9)).toEqual({ lower: 0, upper: 0 });
    expect(intervalOf({ mean: 0.5, variance: 0.5, sizes: [{ units: 7, weight: 1 }] }, 5, 0.9)).toEqual({ lower: 0, upper: 5 });
    expect(intervalOf({ mean: 0, variance: 0, sizes: [] }, 5, 0.9)).toEqual({ lower: 0, upper: 0 });
  });

  it(`are whole, in order and within bounds for any numbers (seed ${SEED})`, () => {
    const size = fc.record({ units: fc.double({ min: 0.5, max: 5000, noNaN: true }), weight: fc.double({ min: 0, max: 5, noNaN: true }) });
    fc.assert(fc.property(fc.double({ min: 0, max: 3000, noNaN: true }), fc.double({ min: 0.01, max: 50, noNaN: true }), fc.array(size, { maxLength: 6 }), fc.nat(100_000), fc.constantFrom(0.5, 0.9, 0.99), (mean, ratio, sizes, most, level) => {
      const { lower, upper } = intervalOf({ mean, variance: ratio * mean, sizes }, most, level);
      expect(Number.isInteger(lower) && Number.isInteger(upper) && lower >= 0 && upper >= lower && upper <= most).toBe(true);
    }), { seed: SEED, numRuns: 300 });
  });
});
