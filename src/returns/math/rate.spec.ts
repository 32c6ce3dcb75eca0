import { randomFrom } from '../../kernel/math/index.js';
import { CohortSums } from './cohorts.js';
import { lagOf, priorOf, returnRateOf, shareBy, type Cohort } from './rate.js';

const HORIZON = 60;
const matured = (sold: number, returned: number): Cohort => ({ age: 500, sold, returned: new Map(returned > 0 ? [[3, returned]] : []) });
const certain = { share: new Array<number>(HORIZON + 1).fill(1) };

/** Keys with true rates from Beta(3, 17) (mean .15) and exponential lags of mean 12 days, seen from today. */
function world(seed: number, keys: number, sold: (random: { next(): number }) => number): { cohorts: Cohort[]; rate: number; final: number }[] {
  const random = randomFrom(seed);
  const gamma = (shape: number): number => { let s = 0; for (let i = 0; i < shape; i++) s -= Math.log(1 - random.next()); return s; };
  return Array.from({ length: keys }, () => {
    const [a, b] = [gamma(3), gamma(17)];
    const rate = a / (a + b);
    let final = 0;
    const cohorts = Array.from({ length: 90 }, (_, age): Cohort => {
      const n = Math.round(sold(random));
      const returned = new Map<number, number>();
      for (let i = 0; i < n; i++) {
        if (random.next() >= rate) continue;
        const time = random.next() - 12 * Math.log(1 - random.next() * (1 - Math.exp(-HORIZON / 12)));
        final++;
        const lag = Math.floor(time);
        if (lag <= age) returned.set(lag, (returned.get(lag) ?? 0) + 1);
      }
      return { age, sold: n, returned };
    });
    return { cohorts, rate, final };
  });
}

describe('return rates under censoring', () => {
  it('equal the Beta posterior where everything had its time', () => {
    const r = returnRateOf([matured(20, 3)], certain, { alpha: 1, beta: 9 }, 0.9);
    expect(r.rate).toBeCloseTo(4 / 30, 4);
    // Beta(4, 26) at x is the chance of four or more heads in 29 tosses of a coin of x.
    const choose = [1, 29, 406, 3654];
    const below = (x: number): number => 1 - choose.reduce((s, c, k) => s + c * x ** k * (1 - x) ** (29 - k), 0);
    expect([below(r.lower), below(r.upper)]).toEqual([expect.closeTo(0.05, 2), expect.closeTo(0.95, 2)]);
    expect(r).toMatchObject({ sold: 20, returned: 3, naive: 0.15, finalReturns: { lower: 3, upper: 3 } });
    expect(r.finalReturns.mean).toBeCloseTo(3, 6);
  });

  it('find the lag of returns although the recent ones are missing', () => {
    const lag = lagOf(world(1, 60, () => 20).flatMap((k) => k.cohorts), HORIZON);
    const truth = (day: number): number => Math.min(1, (1 - Math.exp(-(day + 0.5) / 12)) / (1 - Math.exp(-HORIZON / 12)));
    for (const day of [3, 7, 14, 30]) expect(Math.abs((lag.share[day] as number) - truth(day))).toBeLessThan(0.04);
    expect(lag.share[HORIZON]).toBe(1);
    expect(shareBy(lag, 500)).toBe(1);
  });

  it('cover the truth as often as they say, where the naive rate is far too low', () => {
    const keys = world(2, 400, (r) => 2 + 6 * r.next());
    const lag = lagOf(keys.flatMap((k) => k.cohorts), HORIZON);
    const prior = priorOf(keys.map((k) => ({ returned: k.cohorts.reduce((s, c) => s + [...c.returned.values()].reduce((x, n) => x + n, 0), 0), exposure: k.cohorts.reduce((s, c) => s + c.sold * shareBy(lag, c.age), 0) })));
    expect(prior.alpha / (prior.alpha + prior.beta)).toBeCloseTo(0.15, 1);
    // Only the last 20 days: what is asked when a broadcast was a week ago.
    const recent = keys.map((k) => ({ ...k, rates: returnRateOf(k.cohorts.filter((c) => c.age < 20), lag, prior, 0.9) }));
    const covered = recent.filter((k) => k.rates.lower <= k.rate && k.rate <= k.rates.upper).length / keys.length;
    expect(covered).toBeGreaterThan(0.85);
    expect(covered).toBeLessThan(0.95);
    const mean = (pick: (k: (typeof recent)[number]) => number): number => recent.reduce((s, k) => s + pick(k), 0) / recent.length;
    expect(Math.abs(mean((k) => k.rates.rate) - mean((k) => k.rate))).toBeLessThan(0.01);
    expect(mean((k) => k.rates.naive)).toBeLessThan(0.6 * mean((k) => k.rate));
    const error = (pick: (k: (typeof recent)[number]) => number): number => mean((k) => (pick(k) - k.rate) ** 2);
    expect(error((k) => k.rates.rate)).toBeLessThan(error((k) => k.rates.naive));
    // And what will have come back in the end.
    const whole = keys.map((k) => ({ ...k, rates: returnRateOf(k.cohorts, lag, prior, 0.9) }));
    const final = whole.filter((k) => k.rates.finalReturns.lower <= k.final && k.final <= k.rates.finalReturns.upper).length / keys.length;
    expect(final).toBeGreaterThan(0.87);
  });

  it('agree with a plain sum over a fine grid, matured and young sales mixed (12 keys, seed 8)', () => {
    const random = randomFrom(8);
    const lag = lagOf([], HORIZON);
    for (let key = 0; key < 12; key++) {
      const cohorts = Array.from({ length: 1 + random.below(70) }, (_, i): Cohort => ({ age: 2 * i, sold: random.below(3 * key + 2), returned: new Map() })).map((c) => ({ ...c, returned: new Map(c.sold > 1 && random.next() < 0.4 ? [[Math.min(3, c.age), 1]] : []) }));
      const prior = { alpha: 0.5 + 3 * random.next(), beta: 1 + 20 * random.next() };
      const logAt = (p: number): number => cohorts.reduce((s, c) => s + c.returned.size * Math.log(p) + (c.sold - c.returned.size) * Math.log1p(-p * Math.min(shareBy(lag, c.age), 1 - 1e-12)), (prior.alpha - 1) * Math.log(p) + (prior.beta - 1) * Math.log1p(-p));
      const coming = (p: number): number => cohorts.reduce((s, c) => { const g = shareBy(lag, c.age); return s + ((c.sold - c.returned.size) * p * (1 - g)) / (1 - p * g); }, 0);
      const points = Array.from({ length: 2000 }, (_, i) => (i + 0.5) / 2000);
      const top = Math.max(...points.map(logAt));
      const weights = points.map((p) => Math.exp(logAt(p) - top));
      const sum = weights.reduce((s, w) => s + w, 0);
      const got = returnRateOf(cohorts, lag, prior, 0.9);
      const expected = points.reduce((s, p, i) => s + (p * (weights[i] as number)) / sum, 0);
      expect(Math.abs(got.rate / expected - 1)).toBeLessThan(0.002);
      const more = points.reduce((s, p, i) => s + (coming(p) * (weights[i] as number)) / sum, 0);
      expect(Math.abs(got.finalReturns.mean - got.returned - more)).toBeLessThan(0.003 * Math.max(0.1, more));
    }
  });

  it('are as narrow as millions of units make them', () => {
    const lag = lagOf([], HORIZON);
    const cohorts = Array.from({ length: 60 }, (_, age): Cohort => { const sold = 50_000; return { age, sold, returned: new Map([[0, Math.round(sold * 0.02 * shareBy(lag, age))]]) }; });
    const r = returnRateOf([...cohorts, matured(2_000_000, 40_000)], lag, { alpha: 1, beta: 9 }, 0.9);
    expect(r.rate).toBeCloseTo(0.02, 4);
    expect(r.upper - r.lower).toBeLessThan(0.0005);
    expect(r.upper - r.lower).toBeGreaterThan(0.0002);
  });

  it('count the returns of a line up to what was sold, within the horizon, before the moment asked for', () => {
    const day = 86_400_000;
    const sums = new CohortSums(100 * day, 30);
    sums.add('k', { sold: 2, start: 90 * day, returns: [{ at: 89 * day, units: 1 }, { at: 95.5 * day, units: 5 }, { at: 100 * day, units: 1 }] });
    sums.add('k', { sold: 4, start: 50 * day, returns: [{ at: 80 * day, units: 1 }, { at: 80 * day + 1, units: 1 }] });
    sums.add('k', { sold: 3, start: 102 * day, returns: [] });
    sums.add('k', { sold: 0, start: 50 * day, returns: [{ at: 60 * day, units: 1 }] });
    expect(sums.byKey().get('k')).toEqual([{ age: 0, sold: 3, returned: new Map() }, { age: 10, sold: 2, returned: new Map([[0, 1], [5, 1]]) }, { age: 50, sold: 4, returned: new Map([[30, 1]]) }]);
  });

  it('never promise more returns than units, and know nothing without sales', () => {
    const r = returnRateOf([{ age: 1, sold: 5, returned: new Map([[0, 5]]) }], lagOf([], HORIZON), { alpha: 1, beta: 1 }, 0.9);
    expect(r.finalReturns).toMatchObject({ lower: 5, upper: 5 });
    const nothing = returnRateOf([], lagOf([], HORIZON), priorOf([]), 0.9);
    expect(nothing).toMatchObject({ sold: 0, returned: 0, naive: 0, finalReturns: { mean: 0, lower: 0, upper: 0 } });
    expect(nothing.rate).toBeCloseTo(0.1, 3);
    const early = returnRateOf([{ age: 0, sold: 40, returned: new Map() }], lagOf([], HORIZON), { alpha: 2, beta: 8 }, 0.9);
    expect(early.finalReturns.upper).toBeLessThanOrEqual(40);
    expect(early.rate).toBeCloseTo(0.2, 1);
  });

  it.each([
    [() => lagOf([], 0), 'horizon'], [() => lagOf([{ age: 2, sold: 1, returned: new Map([[3, 1]]) }], 30), 'lag'], [() => lagOf([{ age: 2, sold: 1, returned: new Map([[1, 2]]) }], 30), 'cap them'],
    [() => returnRateOf([{ age: -1, sold: 1, returned: new Map() }], certain, { alpha: 1, beta: 1 }, 0.9), 'age'], [() => returnRateOf([], certain, { alpha: 1, beta: 1 }, 1), 'level'],
  ])('name what is wrong with their input (%#)', (work, word) => {
    expect(work).toThrow(RangeError);
    expect(work).toThrow(word);
  });
});
