import fc from 'fast-check';
import { providedRows, withProvided } from '../../../test/factories/provided.js';
import { randomFrom } from '../../kernel/math/index.js';
import { acceptanceChance, AQLS, dispersedFunnelLimits, funnelDispersion, funnelLimits, judgeLot, laneyChart, samplingPlan, type Severity } from './index.js';

const SEED = { seed: 20261122, numRuns: 300 };

describe('acceptance sampling', () => {
  it('has the published plans', () => {
    expect(samplingPlan(800, 2.5, 'normal')).toEqual({ sampleSize: 80, accept: 5, reject: 6, inspectAll: false });
    expect(samplingPlan(5000, 1, 'normal')).toEqual({ sampleSize: 200, accept: 5, reject: 6, inspectAll: false });
    expect(samplingPlan(20_000, 2.5, 'normal')).toEqual({ sampleSize: 315, accept: 14, reject: 15, inspectAll: false });
    expect(samplingPlan(100, 0.01, 'normal')).toMatchObject({ sampleSize: 1250, accept: 0, inspectAll: true });
  });

  it('has the published operating characteristic of n 80, Ac 5', () => {
    expect([0.025, 0.05, 0.1].map((p) => acceptanceChance({ sampleSize: 80, accept: 5 }, p).toFixed(6))).toEqual(['0.984785', '0.789225', '0.176917']);
  });

  withProvided('agrees with all 720 open rows at both ends of each range of lots; 167 inspect all, 106 have a gap', () => {
    const rows = providedRows('golden/ansi_z14_single_level_II.csv');
    expect(rows).toHaveLength(720);
    let [all, gap] = [0, 0];
    for (const row of rows) {
      const [from = '', to = from] = (row['lot'] ?? '').replace('+', '').split('-');
      const plan = samplingPlan(Number(from), Number(row['aql']), (row['plan'] ?? '').toLowerCase() as Severity);
      expect([row['plan'], row['lot'], row['aql'], plan.sampleSize, plan.accept, plan.reject]).toEqual([row['plan'], row['lot'], row['aql'], Number(row['n']), Number(row['c']), Number(row['r'])]);
      const upper = samplingPlan(Number(to), Number(row['aql']), (row['plan'] ?? '').toLowerCase() as Severity);
      expect({ ...upper, inspectAll: plan.inspectAll }).toEqual(plan);
      if (upper.inspectAll) all++;
      if (plan.reject !== plan.accept + 1) gap++;
    }
    expect([all, gap]).toEqual([167, 106]);
  });

  it('a worse lot is accepted less often, tightened inspection is stricter than normal (seed 20261122)', () => {
    fc.assert(fc.property(fc.integer({ min: 2, max: 1_000_000 }), fc.constantFrom(...AQLS), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (lot, aql, p, q) => {
      const [better, worse] = [Math.min(p, q), Math.max(p, q)];
      for (const severity of ['normal', 'tightened', 'reduced'] as const) {
        const plan = samplingPlan(lot, aql, severity);
        expect(plan.reject).toBeGreaterThan(plan.accept);
        expect(acceptanceChance(plan, worse)).toBeLessThanOrEqual(acceptanceChance(plan, better) + 1e-9);
      }
      expect(acceptanceChance(samplingPlan(lot, aql, 'tightened'), p)).toBeLessThanOrEqual(acceptanceChance(samplingPlan(lot, aql, 'normal'), p) + 1e-9);
      // A lot at its AQL is accepted at least seven times in eight.
      expect(acceptanceChance(samplingPlan(lot, aql, 'normal'), aql / 100)).toBeGreaterThan(0.87);
    }), SEED);
  });

  it.each([['lotSize', 1, 1], ['lotSize', 2.5, 1], ['lotSize', NaN, 1], ['aql', 100, 3], ['aql', 100, NaN]])('names what is wrong with its input: %s (%#)', (word, lot, aql) => {
    expect(() => samplingPlan(lot, aql, 'normal')).toThrow(RangeError);
    expect(() => samplingPlan(lot, aql, 'normal')).toThrow(word);
    expect(() => acceptanceChance({ sampleSize: 5, accept: -1 }, 0.5)).toThrow('accept');
    expect(() => acceptanceChance({ sampleSize: 5, accept: 1 }, NaN)).toThrow('p must');
  });
});

describe('a lot by its sample', () => {
  it('is the beta posterior: one of ten from a flat prior is above 10 % with chance 11 × .9^10 × .1 + .9^11', () => {
    const judged = judgeLot({ alpha: 1, beta: 1 }, 100, 10, 1, 0.1, 0.9);
    // Beta(2, 10) beyond x: the chance of at most one success in eleven.
    expect(judged.aboveLimit).toBeCloseTo(0.9 ** 11 + 11 * 0.1 * 0.9 ** 10, 12);
    expect(judged).toMatchObject({ posterior: { alpha: 2, beta: 10 }, share: expect.closeTo(1 / 6, 12), verdict: 'open' });
    expect(judged.rest.mean).toBeCloseTo(15, 12);
    expect(judgeLot({ alpha: 1, beta: 60 }, 1000, 200, 0, 0.025, 0.95).verdict).toBe('within');
    expect(judgeLot({ alpha: 1, beta: 60 }, 1000, 200, 20, 0.025, 0.95).verdict).toBe('above');
    expect(judgeLot({ alpha: 1, beta: 60 }, 200, 200, 20, 0.025, 0.95).rest).toEqual({ mean: 0, lower: 0, upper: 0 });
  });

  it('more defects make a lot worse, more clean units better, and the rest stays within the lot (seed 20261122)', () => {
    const positive = fc.double({ min: 0.1, max: 100, noNaN: true });
    fc.assert(fc.property(positive, positive, fc.nat(300), fc.nat(300), fc.nat(300), fc.double({ min: 0.001, max: 0.5, noNaN: true }), (alpha, beta, found, clean, left, limit) => {
      const judge = (f: number, c: number): number => judgeLot({ alpha, beta }, f + c + left, f + c, f, limit, 0.9).aboveLimit;
      expect(judge(found + 1, clean)).toBeGreaterThanOrEqual(judge(found, clean) - 1e-9);
      expect(judge(found, clean + 1)).toBeLessThanOrEqual(judge(found, clean) + 1e-9);
      const { rest } = judgeLot({ alpha, beta }, found + clean + left, found + clean, found, limit, 0.9);
      expect(rest.lower).toBeGreaterThanOrEqual(0);
      expect(rest.upper).toBeGreaterThanOrEqual(rest.lower);
      expect(rest.upper).toBeLessThanOrEqual(left);
    }), SEED);
  });

  it('holds what it promises where lots come from the prior: the rest of the lot is inside the 90 % interval at least 90 % of the time, the chance above the limit is calibrated (2,000 lots, seed 20261122)', () => {
    const random = randomFrom(20261122);
    const exponentials = (n: number): number => Array.from({ length: n }, () => random.exponential(1)).reduce((s, x) => s + x, 0);
    let [inside, above, promised] = [0, 0, 0];
    for (let lot = 0; lot < 2000; lot++) {
      const a = exponentials(2);
      const share = a / (a + exponentials(60));
      const defects = (n: number): number => Array.from({ length: n }, () => (random.next() < share ? 1 : 0)).reduce<number>((s, x) => s + x, 0);
      const judged = judgeLot({ alpha: 2, beta: 60 }, 300, 80, defects(80), 0.025, 0.9);
      const left = defects(220);
      if (left >= judged.rest.lower && left <= judged.rest.upper) inside++;
      if (share > 0.025) above++;
      promised += judged.aboveLimit;
    }
    expect(inside / 2000).toBeGreaterThan(0.89);
    expect(inside / 2000).toBeLessThan(0.96);
    expect(Math.abs(above - promised) / 2000).toBeLessThan(0.03);
  });

  it.each([['shapes', { alpha: 0, beta: 1 }, 10, 5, 1, 0.1, 0.9], ['do not fit', { alpha: 1, beta: 1 }, 10, 11, 1, 0.1, 0.9], ['do not fit', { alpha: 1, beta: 1 }, 10, 5, 6, 0.1, 0.9], ['do not fit', { alpha: 1, beta: 1 }, 10, 5, NaN, 0.1, 0.9],
    ['limit', { alpha: 1, beta: 1 }, 10, 5, 1, 2.5, 0.9], ['level', { alpha: 1, beta: 1 }, 10, 5, 1, 0.1, 1]] as const)('names what is wrong with its input: %s (%#)', (word, prior, lot, inspected, found, limit, level) => {
    expect(() => judgeLot(prior, lot, inspected, found, limit, level)).toThrow(RangeError);
    expect(() => judgeLot(prior, lot, inspected, found, limit, level)).toThrow(word);
  });
});

describe("Laney's p′ chart", () => {
  withProvided('agrees with the published weeks', () => {
    const chart = laneyChart(providedRows('golden/golden_laney_p.csv').map((row) => ({ events: Number(row['within']), total: Number(row['total']) })));
    const first = chart.points[0];
    expect([chart.mean.toFixed(7), chart.sigmaZ.toFixed(6), first?.share.toFixed(6), first?.p.lower.toFixed(6), first?.p.upper.toFixed(6), first?.laney.lower.toFixed(6), first?.laney.upper.toFixed(6)])
      .toEqual(['0.9528997', '10.640422', '0.950286', '0.951700', '0.954100', '0.940130', '0.965670']);
    const out = (kind: 'p' | 'laney'): number => chart.points.filter((x) => x.share < x[kind].lower || x.share > x[kind].upper).length;
    expect([chart.points.length, out('p'), out('laney')]).toEqual([20, 16, 0]);
  });

  it('is the p chart where chance alone varies: σ_z near 1 (400 weeks, seed 20261122), and has its limits at p̄ where nothing does', () => {
    const random = randomFrom(20261122).split('p');
    const weeks = Array.from({ length: 400 }, () => ({ events: Array.from({ length: 300 }, () => (random.next() < 0.2 ? 1 : 0)).reduce<number>((s, x) => s + x, 0), total: 300 }));
    expect(Math.abs(laneyChart(weeks).sigmaZ - 1)).toBeLessThan(0.12);
    expect(laneyChart([{ events: 0, total: 9 }, { events: 0, total: 5 }])).toMatchObject({ mean: 0, sigmaZ: 0, points: [{ laney: { lower: 0, upper: 0 } }, { p: { lower: 0, upper: 0 } }] });
  });

  it('has limits around the mean, inside [0, 1], narrower for larger samples (seed 20261122)', () => {
    const sample = fc.record({ events: fc.nat(50), more: fc.integer({ min: 1, max: 50 }) }).map(({ events, more }) => ({ events, total: events + more }));
    fc.assert(fc.property(fc.array(sample, { minLength: 2, maxLength: 30 }), (samples) => {
      const { mean, points } = laneyChart(samples);
      points.forEach((x, i) => {
        for (const limits of [x.p, x.laney]) expect(limits.lower >= 0 && limits.lower <= mean && mean <= limits.upper && limits.upper <= 1).toBe(true);
        points.forEach((y, j) => { if ((samples[i]?.total as number) > (samples[j]?.total as number)) expect(x.p.upper).toBeLessThanOrEqual(y.p.upper); });
      });
    }), SEED);
  });

  it.each([['two samples', [{ events: 1, total: 2 }]], ['events', [{ events: 3, total: 2 }, { events: 1, total: 2 }]], ['total', [{ events: 0, total: 0 }, { events: 1, total: 2 }]], ['events', [{ events: NaN, total: 2 }, { events: 1, total: 2 }]]])('names what is wrong with its input: %s (%#)', (word, samples) => {
    expect(() => laneyChart(samples)).toThrow(RangeError);
    expect(() => laneyChart(samples)).toThrow(word);
  });
});

describe('funnel limits', () => {
  it('are the published exact ones for n 200 at .05', () => {
    expect(funnelLimits(200, 0.05, 0.95)).toEqual({ lower: 0.02, upper: 0.08 });
    expect(funnelLimits(200, 0.05, 0.998)).toEqual({ lower: 0.01, upper: 0.105 });
  });

  it('hold at least their level inside, contain the target within a unit, and widen with level and dispersion (seed 20261122)', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 3000 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0.5, max: 0.99, noNaN: true }), fc.double({ min: 1, max: 20, noNaN: true }), (n, target, level, dispersion) => {
      const [narrow, wide] = [funnelLimits(n, target, level), funnelLimits(n, target, 0.5 + level / 2)];
      expect(wide.lower <= narrow.lower && narrow.lower <= narrow.upper && narrow.upper <= wide.upper).toBe(true);
      expect(narrow.lower - 1 / n <= target && target <= narrow.upper + 1 / n).toBe(true);
      const [even, spread] = [dispersedFunnelLimits(n, target, level, 1), dispersedFunnelLimits(n, target, level, dispersion)];
      expect(spread.lower <= even.lower && even.lower <= target && target <= even.upper && even.upper <= spread.upper).toBe(true);
    }), SEED);
  });

  it('find the dispersion of suppliers that differ, not of one that stands out', () => {
    // z of ±2 by turns: φ = 4.
    const spread = Array.from({ length: 40 }, (_, i) => ({ events: 100 + (i % 2 === 0 ? 2 : -2) * Math.sqrt(90), total: 1000 }));
    expect(funnelDispersion(spread, 0.1)).toBeCloseTo(4, 9);
    const steady = Array.from({ length: 40 }, () => ({ events: 100, total: 1000 }));
    expect(funnelDispersion([...steady.slice(1), { events: 600, total: 1000 }], 0.1)).toBe(1);
  });

  it.each([['n must', 0, 0.5, 0.9], ['n must', 1.5, 0.5, 0.9], ['target', 5, 1.5, 0.9], ['target', 5, NaN, 0.9], ['level', 5, 0.5, 1]])('name what is wrong with their input: %s (%#)', (word, n, target, level) => {
    for (const work of [(): unknown => funnelLimits(n, target, level), (): unknown => dispersedFunnelLimits(n, target, level, 2)]) {
      expect(work).toThrow(RangeError);
      expect(work).toThrow(word);
    }
    expect(() => dispersedFunnelLimits(5, 0.5, 0.9, 0.5)).toThrow('dispersion');
    expect(() => funnelDispersion([], 0.5)).toThrow('sample');
    expect(() => funnelDispersion([{ events: 1, total: 2 }], 1)).toThrow('target');
  });
});
