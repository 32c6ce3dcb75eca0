import { negativeBinomialQuantiles, randomFrom, type Random } from '../../kernel/math/index.js';
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

  it('treats few and many units alike: the fit does not jump where sums give way to gamma functions', () => {
    const fitted = (y: number): number => fitCounts(Array.from({ length: 40 }, () => ({ y, offset: 0, x: [1], z: [1] })), { mean: [0], precision: [1e-6] }, { mean: [0], precision: [1e3] }).b[0] as number;
    for (const y of [1, 11, 12, 13, 14]) expect(Math.exp(fitted(y))).toBeCloseTo(y, 3);
    const one = (y: number): number => fitCounts([{ y, offset: Math.log(12), x: [1], z: [1] }], { mean: [0], precision: [1e6] }, { mean: [0], precision: [0.01] }).c[0] as number;
    const [a, b, c] = [one(11), one(12), one(13)];
    expect(Math.abs(b - (a + c) / 2)).toBeLessThan(0.5);
  });

  it('counts a row of weight two as two rows, and one of weight zero not at all', () => {
    const [one, two] = [{ y: 4, offset: 0, x: [1, 0.5], z: [1] }, { y: 19, offset: 0, x: [1, 2], z: [1] }];
    const prior = { mean: [0, 0], precision: [1, 1] };
    const twice = fitCounts([one, two, two], prior, { mean: [0], precision: [1] });
    const weighted = fitCounts([{ ...one }, { ...two, weight: 2 }, { ...one, y: 900, weight: 0 }], prior, { mean: [0], precision: [1] });
    [...twice.b, ...twice.c].forEach((v, i) => expect([...weighted.b, ...weighted.c][i]).toBeCloseTo(v, 9));
    expect(() => fitCounts([{ ...one, weight: -1 }], prior, { mean: [0], precision: [1] })).toThrow(/weight/);
  });

  it('refuses counts that are none by name', () => {
    expect(() => fitCounts([{ y: -1, offset: 0, x: [1], z: [1] }], weak(1), weak(1))).toThrow(/y must be/);
    expect(() => fitCounts([{ y: 1, offset: NaN, x: [1], z: [1] }], weak(1), weak(1))).toThrow(/offset/);
  });

  it('solves its equations', () => {
    expect(solved([[4, 0], [2, 3]], [2, 5]).map((v) => Math.round(1e9 * v) / 1e9)).toEqual([-0.5, 2]);
  });
});
