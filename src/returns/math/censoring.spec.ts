import fc from 'fast-check';
import { bornhuetterFerguson, chainLadder, cumulativeIncidence, kaplanMeier, lagShare, pooledRate, type Ending } from './index.js';

const SEED = { seed: 20261122, numRuns: 300 };

describe('Kaplan-Meier and Aalen-Johansen', () => {
  // The maintained arm of the acute myelogenous leukaemia trial (Miller 1981), + is still in remission.
  const aml: Ending[] = [9, 13, 18, 23, 31, 34, 48].map((time): Ending => ({ time, cause: 'relapse' })).concat([13, 28, 45, 161].map((time) => ({ time, cause: null })));

  it('aml-maintained to the published digits', () => {
    expect(kaplanMeier(aml).map(({ time, surviving }) => [time, surviving.toFixed(4)])).toEqual([[9, '0.9091'], [13, '0.8182'], [18, '0.7159'], [23, '0.6136'], [31, '0.4909'], [34, '0.3682'], [48, '0.1841']]);
    // Greenwood by hand for the first two steps: √(S² Σ d/(n(n − d))).
    expect(kaplanMeier(aml)[0]?.error).toBeCloseTo(Math.sqrt((10 / 11) ** 2 / (11 * 10)), 12);
    expect(kaplanMeier(aml)[1]?.error).toBeCloseTo(Math.sqrt((9 / 11) ** 2 * (1 / 110 + 1 / 90)), 12);
  });

  it('competing ends by hand, where one minus Kaplan-Meier overstates', () => {
    const lines: Ending[] = [{ time: 1, cause: 'cancelled' }, { time: 2, cause: 'returned' }, { time: 3, cause: null }, { time: 4, cause: 'returned' }];
    const steps = cumulativeIncidence(lines);
    expect(steps.map((s) => [s.time, s.atRisk, s.surviving, s.incidence.get('returned') ?? 0, s.incidence.get('cancelled') ?? 0])).toEqual([[1, 4, 0.75, 0, 0.25], [2, 3, expect.closeTo(0.5, 12), expect.closeTo(0.25, 12), 0.25], [4, 1, 0, expect.closeTo(0.75, 12), 0.25]]);
    const alone = kaplanMeier(lines.map((l) => (l.cause === 'cancelled' ? { ...l, cause: null } : l)));
    expect(1 - (alone.at(-1)?.surviving as number)).toBeGreaterThan(0.75);
    expect([0, 2, 3.9, 4, 9].map((t) => lagShare(steps, 'returned', 5, t))).toEqual([0, expect.closeTo(1 / 3, 12), expect.closeTo(1 / 3, 12), 1, 1]);
    expect(lagShare(steps, 'lost', 5, 1)).toBeUndefined();
  });

  it('incidence and survival make one, survival falls, and order and grouping of the input do not matter (seed 20261122)', () => {
    const ending = fc.record({ time: fc.nat(12), cause: fc.constantFrom('returned', 'cancelled', null) });
    fc.assert(fc.property(fc.array(ending, { minLength: 1, maxLength: 40 }), (endings) => {
      const steps = cumulativeIncidence(endings);
      let before = 1;
      for (const s of steps) {
        expect(s.surviving + [...s.incidence.values()].reduce((a, b) => a + b, 0)).toBeCloseTo(1, 10);
        expect(s.surviving).toBeLessThanOrEqual(before);
        expect(s.error).toBeGreaterThanOrEqual(0);
        before = s.surviving;
      }
      const close = (list: readonly { readonly time: number; readonly surviving: number }[]): unknown => list.map((s) => [s.time, expect.closeTo(s.surviving, 10)]);
      expect(cumulativeIncidence([...endings].reverse()).map((s) => [s.time, s.surviving])).toEqual(close(steps));
      const grouped = [...new Set(endings.map((e) => JSON.stringify(e)))].map((key): Ending => ({ ...(JSON.parse(key) as Ending), count: endings.filter((e) => JSON.stringify(e) === key).length }));
      expect(cumulativeIncidence(grouped).map((s) => [s.time, s.surviving])).toEqual(close(steps));
      // Nothing censored: the plain share.
      const whole = kaplanMeier(endings.map((e) => ({ ...e, cause: 'any' })));
      for (const s of whole) expect(s.surviving).toBeCloseTo(endings.filter((e) => e.time > s.time).length / endings.length, 10);
    }), SEED);
  });

  it.each([['at least one', []], ['time', [{ time: -1, cause: null }]], ['time', [{ time: NaN, cause: null }]], ['count', [{ time: 1, cause: null, count: 0 }]]] as const)('names what is wrong with its input: %s (%#)', (word, endings) => {
    expect(() => cumulativeIncidence(endings)).toThrow(word);
    expect(() => cumulativeIncidence(endings)).toThrow(RangeError);
    expect(() => lagShare([], 'x', 0, 1)).toThrow('horizon');
    expect(() => lagShare([], 'x', 1, NaN)).toThrow('negative');
  });
});

describe('chain ladder', () => {
  // Automatic facultative business in general liability, Reinsurance Association of America: the example of Mack (1993).
  const raa = [
    [5012, 8269, 10907, 11805, 13539, 16181, 18009, 18608, 18662, 18834], [106, 4285, 5396, 10666, 13782, 15599, 15496, 16169, 16704], [3410, 8992, 13873, 16141, 18735, 22214, 22863, 23466],
    [5655, 11555, 15766, 21266, 23425, 26083, 27067], [1092, 9565, 15836, 22169, 25955, 26180], [1513, 6445, 11702, 12935, 15852], [557, 4020, 10946, 12314], [1351, 6947, 13112], [3133, 5395], [2063],
  ];

  it('RAA: factors, outstanding and Mack standard error to the published digits', () => {
    const fit = chainLadder(raa);
    expect(fit.factors.map((f) => f.toFixed(6))).toEqual(['2.999359', '1.623523', '1.270888', '1.171675', '1.113385', '1.041935', '1.033264', '1.016936', '1.009217']);
    expect([fit.outstanding.toFixed(3), fit.error.toFixed(3)]).toEqual(['52135.228', '26909.011']);
    // Mack's table: outstanding and standard errors of the cohorts.
    expect(fit.cohorts.slice(1).map((c) => [Math.round(c.outstanding), Math.round(c.error)])).toEqual([[154, 206], [617, 623], [1636, 747], [2747, 1469], [3649, 2002], [5435, 2209], [10907, 5358], [10650, 6333], [16339, 24566]]);
  });

  it('scales with the unit, finds exact growth without error, and leaves the oldest cohort as it is (seed 20261122)', () => {
    const positive = fc.integer({ min: 1, max: 5000 });
    fc.assert(fc.property(fc.array(positive, { minLength: 4, maxLength: 8 }), fc.array(fc.double({ min: 1, max: 3, noNaN: true }), { minLength: 7, maxLength: 7 }), positive, (starts, growth, unit) => {
      const n = starts.length;
      const exact = starts.map((start, i) => Array.from({ length: n - i }, (_, k) => growth.slice(0, k).reduce((c, f) => c * f, start)));
      const fit = chainLadder(exact);
      fit.factors.forEach((f, k) => expect(f).toBeCloseTo(growth[k] as number, 8));
      expect(fit.error / fit.cohorts.reduce((s, c) => s + c.ultimate, 0)).toBeLessThan(1e-6);
      expect(fit.cohorts[0]).toEqual({ ultimate: (exact[0] as number[])[n - 1], outstanding: 0, error: 0 });
      const scaled = chainLadder(raa.map((row) => row.map((c) => c * unit)));
      expect(scaled.error / unit).toBeCloseTo(26909.011, 2);
      expect(scaled.outstanding).toBeCloseTo(scaled.cohorts.reduce((s, c) => s + c.outstanding, 0), 3);
    }), { ...SEED, numRuns: 100 });
  });

  it('never answers something that is not a number, zeros in the triangle included (seed 20261122)', () => {
    const row = fc.array(fc.nat(3), { minLength: 5, maxLength: 5 });
    fc.assert(fc.property(fc.array(row, { minLength: 5, maxLength: 5 }), (square) => {
      let fit;
      try {
        fit = chainLadder(square.map((r, i) => r.slice(0, 5 - i)));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        return;
      }
      for (const x of [fit.error, fit.outstanding, ...fit.factors, ...fit.variances, ...fit.cohorts.flatMap((c) => [c.error, c.ultimate])]) expect(Number.isFinite(x)).toBe(true);
    }), SEED);
  });

  it.each([['three cohorts', [[1, 2], [1]]], ['row 1', [[1, 2, 3], [1], [1]]], ['not negative', [[1, 2, 3], [1, NaN], [1]]], ['not negative', [[1, 2, 3], [1, -2], [1]]], ['column 0', [[0, 2, 3], [0, 2], [1]]]])('names what is wrong with its input: %s (%#)', (word, triangle) => {
    expect(() => chainLadder(triangle)).toThrow(RangeError);
    expect(() => chainLadder(triangle)).toThrow(word);
  });
});

describe('Bornhuetter-Ferguson', () => {
  it('adds what the rate leaves to come, whatever has come so far', () => {
    expect(bornhuetterFerguson({ exposure: 1000, observed: 3, developed: 0.75 }, 0.02)).toEqual({ outstanding: 5, ultimate: 8 });
    expect(bornhuetterFerguson({ exposure: 1000, observed: 30, developed: 0.75 }, 0.02).outstanding).toBe(5);
    expect(pooledRate([{ exposure: 1000, observed: 20, developed: 1 }, { exposure: 1000, observed: 4, developed: 0.2 }])).toBeCloseTo(24 / 1200, 12);
    expect(pooledRate([{ exposure: 10, observed: 0, developed: 0 }])).toBeUndefined();
  });

  it('with the pooled rate expects as much as pooling says, and ends in what was observed (seed 20261122)', () => {
    const cohort = fc.record({ exposure: fc.integer({ min: 1, max: 9000 }), observed: fc.nat(900), developed: fc.double({ min: 0.01, max: 1, noNaN: true }) });
    fc.assert(fc.property(fc.array(cohort, { minLength: 1, maxLength: 12 }), (cohorts) => {
      const rate = pooledRate(cohorts) as number;
      const ultimate = cohorts.reduce((s, c) => s + bornhuetterFerguson(c, rate).ultimate, 0);
      expect(ultimate / cohorts.reduce((s, c) => s + c.exposure, 0)).toBeCloseTo(rate, 9);
      for (const c of cohorts) expect(bornhuetterFerguson({ ...c, developed: 1 }, rate).ultimate).toBe(c.observed);
    }), SEED);
  });

  it.each([['exposure', { exposure: 0, observed: 1, developed: 1 }, 0.1], ['observed', { exposure: 1, observed: NaN, developed: 1 }, 0.1], ['developed', { exposure: 1, observed: 1, developed: 1.1 }, 0.1], ['rate', { exposure: 1, observed: 1, developed: 1 }, -1]])('names what is wrong with its input: %s', (word, cohort, rate) => {
    expect(() => bornhuetterFerguson(cohort, rate)).toThrow(word);
  });
});
