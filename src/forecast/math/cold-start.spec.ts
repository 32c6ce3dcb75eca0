import fc from 'fast-check';
import { providedRows, withProvided } from '../../../test/factories/provided.js';
import { negativeBinomialQuantiles, randomFrom, solveLinear } from '../../kernel/math/index.js';
import { fitNegativeBinomialRegression, predictNegativeBinomial, type RegressionCase } from './index.js';

const LEVELS = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95];
const FRACTILE = 3 / 3.7;

interface Judged { readonly pinball: number; readonly coverage: number; readonly profit: number }

/** Mean pinball loss over the levels, coverage of 80 %, and profit at 3 a unit sold and −.7 a unit left. */
function judged(truth: readonly number[], quantiles: (i: number, levels: readonly number[]) => number[]): Judged {
  let [pinball, covered, profit] = [0, 0, 0];
  truth.forEach((y, i) => {
    const q = quantiles(i, [0.05, 0.1, 0.25, 0.5, 0.75, FRACTILE, 0.9, 0.95]);
    const made = q.splice(5, 1)[0] as number;
    LEVELS.forEach((level, k) => (pinball += Math.max(level * (y - (q[k] as number)), (level - 1) * (y - (q[k] as number)))));
    if (y >= (q[1] as number) && y <= (q[5] as number)) covered++;
    profit += 3 * Math.min(y, made) - 0.7 * Math.max(0, made - y);
  });
  return { pinball: pinball / truth.length / LEVELS.length, coverage: covered / truth.length, profit };
}

describe('negative-binomial regression', () => {
  it('finds the coefficients that made its data (4,000 cases, seed 20261122)', () => {
    const random = randomFrom(20261122).split('regression');
    // Shape 2 and shape 4 by a feature: sums of exponentials are gammas of whole shape.
    const cases = Array.from({ length: 4000 }, (): RegressionCase => {
      const [x, w] = [2 * random.next() - 1, random.next() < 0.5 ? 0 : 1];
      const shape = w === 0 ? 2 : 4;
      const rate = (Math.exp(1.5 + 0.8 * x) / shape) * Array.from({ length: shape }, () => random.exponential(1)).reduce((s, e) => s + e, 0);
      let count = 0;
      for (let t = random.exponential(1); t < rate; t += random.exponential(1)) count++;
      return { mean: [x], dispersion: [w], count };
    });
    const model = fitNegativeBinomialRegression(cases, 1e-6);
    expect(model.converged).toBe(true);
    expect(model.mean).toEqual([expect.closeTo(1.5, 1), expect.closeTo(0.8, 1)]);
    expect(Math.abs((model.dispersion[0] as number) - Math.log(1 / 2))).toBeLessThan(0.15);
    expect(Math.abs((model.dispersion[1] as number) - Math.log(1 / 2))).toBeLessThan(0.2);
  });

  it('fits the mean exactly where there is no feature', () => {
    const counts = [0, 3, 1, 9, 2, 0, 4, 1, 7, 3];
    const model = fitNegativeBinomialRegression(counts.map((count) => ({ mean: [], dispersion: [], count })), 0.01);
    expect(Math.exp(model.mean[0] as number)).toBeCloseTo(3, 6);
    const { shape, probability } = predictNegativeBinomial(model, [], []);
    expect((shape * (1 - probability)) / probability).toBeCloseTo(3, 6);
  });

  // The published table (pinball 79.6 against 139.8, gap closed .468) is judged on a later year that is not among the provided
  // data; here the launches of one year are split by time, so the numbers are others: pinball .57 of the prior's (published .57), gap closed .445, coverage .75.
  withProvided('beats the prior alone on the later 40 % of launches after learning from the earlier: pinball below .6 of it, more than .42 of the profit gap closed, .7 to .9 covered where it says 80 %', () => {
    const rows = providedRows('data/uci-year1-new-skus.csv').sort((a, b) => ((a['first_paid'] ?? '') < (b['first_paid'] ?? '') ? -1 : 1));
    const cases = rows.map((row): RegressionCase => {
      const value = (name: string): number => Number(row[name]);
      const lines = Math.log1p(value('lines'));
      return { mean: [Math.log1p(Math.max(0, value('observed'))), lines, Math.log1p(value('active_days')), Math.log(Math.max(1, value('price')) / 100)], dispersion: [lines], count: Math.max(0, value('later')) };
    });
    const split = Math.floor(0.6 * cases.length);
    const [learned, later] = [cases.slice(0, split), cases.slice(split)];
    const model = fitNegativeBinomialRegression(learned, 0.01);
    expect(model.converged).toBe(true);
    const sorted = learned.map((c) => c.count).sort((a, b) => a - b);
    const truth = later.map((c) => c.count);
    const prior = judged(truth, (_, levels) => levels.map((level) => sorted[Math.floor(level * sorted.length)] as number));
    const ours = judged(truth, (i, levels) => negativeBinomialQuantiles(predictNegativeBinomial(model, later[i]?.mean ?? [], later[i]?.dispersion ?? []), levels));
    const perfect = 3 * truth.reduce((s, y) => s + y, 0);
    const found = { ...ours, ofPrior: ours.pinball / prior.pinball, gap: (ours.profit - prior.profit) / (perfect - prior.profit) };
    expect(found.ofPrior).toBeLessThan(0.6);
    expect(found.gap).toBeGreaterThan(0.42);
    expect(found.coverage).toBeGreaterThan(0.7);
    expect(found.coverage).toBeLessThan(0.9);
  });

  it('answers finite numbers for any counts and features, and does not change with the order of cases (seed 20261122)', () => {
    const one = fc.record({ x: fc.double({ min: -5, max: 5, noNaN: true }), count: fc.oneof(fc.nat(5), fc.nat(100_000)) });
    fc.assert(fc.property(fc.array(one, { minLength: 6, maxLength: 25 }), (list) => {
      fc.pre(list.some((c) => c.count > 0));
      const cases = list.map(({ x, count }): RegressionCase => ({ mean: [x], dispersion: [x], count }));
      const model = fitNegativeBinomialRegression(cases, 0.1);
      expect([...model.mean, ...model.dispersion, model.logLikelihood].every(Number.isFinite)).toBe(true);
      const { shape, probability } = predictNegativeBinomial(model, [1000], [-1000]);
      expect(Number.isFinite(shape) && probability > 0 && probability <= 1).toBe(true);
      expect(fitNegativeBinomialRegression([...cases].reverse(), 0.1).logLikelihood).toBeCloseTo(model.logLikelihood, 3);
    }), { seed: 20261122, numRuns: 100 });
  });

  it.each([
    ['too few', [], 1], ['too few', [{ mean: [1], dispersion: [], count: 1 }], 1], ['same features', [{ mean: [], dispersion: [], count: 1 }, { mean: [1], dispersion: [], count: 1 }], 1], ['finite', [{ mean: [NaN], dispersion: [], count: 1 }, { mean: [1], dispersion: [], count: 1 }, { mean: [1], dispersion: [], count: 1 }], 1],
    ['whole', [{ mean: [], dispersion: [], count: 1.5 }, { mean: [], dispersion: [], count: 1 }], 1], ['above 0', [{ mean: [], dispersion: [], count: 0 }, { mean: [], dispersion: [], count: 0 }], 1], ['ridge', [{ mean: [], dispersion: [], count: 2 }, { mean: [], dispersion: [], count: 0 }], 0],
  ])('names what is wrong with its input: %s (%#)', (word, cases, ridge) => {
    expect(() => fitNegativeBinomialRegression(cases, ridge)).toThrow(RangeError);
    expect(() => fitNegativeBinomialRegression(cases, ridge)).toThrow(word);
    expect(() => predictNegativeBinomial({ mean: [0, 1], dispersion: [0], logLikelihood: 0, converged: true }, [], [])).toThrow('features');
  });
});

describe('linear systems', () => {
  it('are solved: the answer put back gives the right-hand side (seed 20261122)', () => {
    const value = fc.double({ min: -10, max: 10, noNaN: true });
    fc.assert(fc.property(fc.array(fc.array(value, { minLength: 4, maxLength: 4 }), { minLength: 4, maxLength: 4 }), fc.array(value, { minLength: 4, maxLength: 4 }), (square, b) => {
      const a = square.map((row, i) => row.map((x, j) => (i === j ? x + 50 : x)));
      const x = solveLinear(a, b);
      a.forEach((row, i) => expect(row.reduce((s, v, j) => s + v * (x[j] as number), 0)).toBeCloseTo(b[i] as number, 9));
    }), { seed: 20261122, numRuns: 200 });
    expect(() => solveLinear([[1, 2], [2, 4]], [1, 1])).toThrow('singular');
    expect(() => solveLinear([[1, 2]], [1, 1])).toThrow('2 by 2');
    expect(() => solveLinear([[NaN]], [1])).toThrow('finite');
  });
});
