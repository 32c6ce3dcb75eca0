import { negativeBinomialQuantiles, randomFrom, type Random } from '../../kernel/math/index.js';
import { BEGINNING_PRIOR, beginningFeatures, fitSales, salesQuantiles, STANDING_PRIOR, standingFeatures } from './cold-start.js';
import { digamma, logGamma } from '../../kernel/math/index.js';
import { trigamma } from './trigamma.js';
import { fitCounts, predicted, solved, type CountRow } from './regression.js';

const weak = (n: number): { mean: number[]; precision: number[] } => ({ mean: new Array<number>(n).fill(0), precision: new Array<number>(n).fill(1e-4) });

/** A negative binomial by inverting its distribution function. */
const draw = (random: Random, mean: number, dispersion: number): number => {
  const level = Math.min(1 - 1e-9, Math.max(1e-9, random.next()));
  return negativeBinomialQuantiles({ shape: 1 / dispersion, probability: 1 / (1 + dispersion * mean) }, [level])[0] as number;
};

describe('gamma functions', () => {
  it('match published values (Abramowitz and Stegun, tables 6.1 to 6.4)', () => {
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12);
    expect(logGamma(11)).toBeCloseTo(Math.log(3_628_800), 10);
    expect(digamma(1)).toBeCloseTo(-0.5772156649015329, 12);
    expect(digamma(0.1)).toBeCloseTo(-10.423754940411076, 10);
    expect(trigamma(1)).toBeCloseTo(Math.PI ** 2 / 6, 12);
    expect(trigamma(30)).toBeCloseTo(0.033895057, 8);
  });
});

describe('negative-binomial regression', () => {
  const world = (seed: number, n: number): CountRow[] => {
    const random = randomFrom(seed);
    return Array.from({ length: n }, () => {
      const [u, v] = [2 * random.next() - 1, 3 * random.next()];
      const row = { offset: 0.5, x: [1, u, v], z: [1, v] };
      return { ...row, y: draw(random, Math.exp(0.5 + 1 + 0.8 * u + 0.5 * v), Math.exp(0.3 - 0.6 * v)) };
    });
  };

  it('recovers the coefficients that counts were drawn with (4,000 rows, seed 3)', () => {
    const { b, c } = fitCounts(world(3, 4000), weak(3), weak(2));
    [1, 0.8, 0.5].forEach((truth, i) => expect(Math.abs((b[i] as number) - truth)).toBeLessThan(0.08));
    [0.3, -0.6].forEach((truth, i) => expect(Math.abs((c[i] as number) - truth)).toBeLessThan(0.12));
  });

  it('comes to the same from another start, and stands on a maximum', () => {
    const rows = world(4, 500);
    const one = fitCounts(rows, weak(3), weak(2));
    const other = fitCounts(rows, weak(3), weak(2), { b: [3, -1, 0.1], c: [-1, 0.5] });
    one.b.forEach((v, i) => expect(other.b[i]).toBeCloseTo(v, 2));
    one.c.forEach((v, i) => expect(other.c[i]).toBeCloseTo(v, 2));
    const mean = rows.reduce((s, r) => s + (r.y - predicted(one, r).mean) / (1 + predicted(one, r).dispersion * predicted(one, r).mean), 0);
    expect(Math.abs(mean)).toBeLessThan(0.5);
  });

  it('is the prior without rows, and near it with two', () => {
    const prior = { mean: { mean: [2, -1], precision: [50, 50] }, dispersion: { mean: [0.4], precision: [50] } };
    expect(fitCounts([], prior.mean, prior.dispersion)).toEqual({ b: [2, -1], c: [0.4] });
    const near = fitCounts([{ y: 900, offset: 0, x: [1, 0], z: [1] }, { y: 0, offset: 0, x: [1, 1], z: [1] }], prior.mean, prior.dispersion);
    expect(Math.abs((near.b[0] as number) - 2)).toBeLessThan(0.6);
  });

  it('stays finite whatever it is given: all zero, one huge count, columns that say the same', () => {
    for (const ys of [[0, 0, 0, 0], [0, 0, 0, 5_000_000], [7, 7, 7, 7]]) {
      const model = fitCounts(ys.map((y) => ({ y, offset: 0, x: [1, 1], z: [1] })), { mean: [0, 0], precision: [1, 1] }, { mean: [0], precision: [1] });
      for (const v of [...model.b, ...model.c]) expect(Number.isFinite(v)).toBe(true);
    }
  });

  it('refuses counts that are none by name', () => {
    expect(() => fitCounts([{ y: -1, offset: 0, x: [1], z: [1] }], weak(1), weak(1))).toThrow(/y must be/);
    expect(() => fitCounts([{ y: 1, offset: NaN, x: [1], z: [1] }], weak(1), weak(1))).toThrow(/offset/);
  });

  it('solves its equations', () => {
    expect(solved([[4, 0], [2, 3]], [2, 5]).map((v) => Math.round(1e9 * v) / 1e9)).toEqual([-0.5, 2]);
  });
});

describe('sales of a SKU', () => {
  const levels = [0.05, 0.25, 0.5, 0.75, 0.95];
  const begun = { units: 40, lines: 8, activeDays: 4, relativePrice: 1, spanDays: 7, early: false };

  it('follow the published prior where nothing is known: three weeks of the first over 55 days', () => {
    const model = fitSales([], BEGINNING_PRIOR);
    const { mean } = predicted(model, beginningFeatures({ ...begun, units: 15, lines: 8 }, 55));
    expect(mean).toBeCloseTo(3 * 7 / 7 * 16, 0);
    const q = salesQuantiles(model, beginningFeatures(begun, 55), levels);
    expect(q).toEqual([...q].sort((a, b) => a - b));
  });

  it('are covered as often as they say, for SKUs drawn like those it learned from (600 and 600, seed 12)', () => {
    const random = randomFrom(12);
    const sku = (): { features: ReturnType<typeof beginningFeatures>; outcome: number } => {
      const lines = 1 + Math.floor(random.exponential(6));
      const features = beginningFeatures({ units: Math.round(lines * (1 + random.exponential(5))), lines, activeDays: 1 + random.below(Math.min(7, lines)), relativePrice: Math.exp(random.next() - 0.5), spanDays: 7, early: false }, 55);
      return { features, outcome: draw(random, Math.exp(features.offset + 0.5 - 0.2 * (features.x[2] as number) - 0.4 * (features.x[4] as number)), Math.exp(0.8 - 0.5 * (features.z[1] as number))) };
    };
    const model = fitSales(Array.from({ length: 600 }, sku), BEGINNING_PRIOR);
    let covered = 0;
    for (let i = 0; i < 600; i++) {
      const { features, outcome } = sku();
      const [low, high] = salesQuantiles(model, features, [0.1, 0.9]) as [number, number];
      covered += low <= outcome && outcome <= high ? 1 : 0;
    }
    expect(covered / 600).toBeGreaterThan(0.77);
    expect(covered / 600).toBeLessThan(0.88);
  });

  it('are never infinite and never cross, whatever was sold', () => {
    const model = fitSales([], STANDING_PRIOR);
    for (const units of [0, 1, 1e3, 1e9]) for (const ageDays of [0, 1, 400]) {
      const q = salesQuantiles(model, standingFeatures({ units28: units, units91: units, lines28: 1, activeDays28: 1, daysSinceSale: 0, ageDays, relativePrice: 1e6 }, 55), levels);
      for (const v of q) expect(Number.isSafeInteger(v)).toBe(true);
      expect(q).toEqual([...q].sort((a, b) => a - b));
    }
  });
});
