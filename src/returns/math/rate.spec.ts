import fc from 'fast-check';
import { randomFrom } from '../../kernel/math/index.js';
import { capped, CohortSums, sizeClass, type Back, type Cohort } from './cohorts.js';
import { productLimit, shareBy, type Lag } from './lag.js';
import { lagOf, patternOf, plainPattern } from './pattern.js';
import { priorOf, type BetaPrior } from './prior.js';
import { ratesByKey, returnRateOf, type ReturnRate } from './rate.js';

const HORIZON = 60;
const matured = (sold: number, returned: number): Cohort => ({ age: 500, sold, returned: returned > 0 ? [{ lag: 3, units: 1, cases: returned }] : [] });
const certain = { share: new Array<number>(HORIZON + 1).fill(1) };
/** Every unit for itself, no season: what the exact posterior can be checked with. */
const plainly = (cohorts: readonly Cohort[], lag: Lag, prior: BetaPrior, level = 0.9): ReturnRate => returnRateOf(cohorts, plainPattern(lag), { prior, dispersion: 1 }, level);
const backOf = (lags: ReadonlyMap<number, number>): Back[] => Array.from(lags, ([lag, cases]) => ({ lag, units: 1, cases }));
const unwatched = productLimit([], HORIZON);

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
      return { age, sold: n, returned: backOf(returned) };
    });
    return { cohorts, rate, final };
  });
}

describe('return rates under censoring', () => {
  it('equal the Beta posterior where everything had its time', () => {
    const r = plainly([matured(20, 3)], certain, { alpha: 1, beta: 9 });
    expect(r.rate).toBeCloseTo(4 / 30, 4);
    // Beta(4, 26) at x is the chance of four or more heads in 29 tosses of a coin of x.
    const choose = [1, 29, 406, 3654];
    const below = (x: number): number => 1 - choose.reduce((s, c, k) => s + c * x ** k * (1 - x) ** (29 - k), 0);
    expect([below(r.lower), below(r.upper)]).toEqual([expect.closeTo(0.05, 2), expect.closeTo(0.95, 2)]);
    expect(r).toMatchObject({ sold: 20, returned: 3, naive: 0.15, finalReturns: { lower: 3, upper: 3 } });
    expect(r.finalReturns.mean).toBeCloseTo(3, 6);
  });

  it('find the lag of returns although the recent ones are missing', () => {
    const lag = patternOf(world(1, 60, () => 20).map((k) => k.cohorts), HORIZON).lag;
    const truth = (day: number): number => Math.min(1, (1 - Math.exp(-(day + 0.5) / 12)) / (1 - Math.exp(-HORIZON / 12)));
    for (const day of [3, 7, 14, 30]) expect(Math.abs((lag.share[day] as number) - truth(day))).toBeLessThan(0.04);
    expect(lag.share[HORIZON]).toBe(1);
    expect(shareBy(lag, 500)).toBe(1);
  });

  it('do not take a merchant of six weeks for an old one because of a single old order', () => {
    // 45 days of sales; hazards of returns fall by a thirtieth a day, half a year is asked for.
    const watched = Array.from({ length: 45 }, (_, age) => ({ age, weight: 400, returned: Array.from({ length: age }, (_d, lag) => [lag, 4 * Math.exp(-lag / 30)] as const) }));
    const [young, mixed] = [watched, [...watched, { age: 200, weight: 1, returned: [] }]].map((sales) => productLimit(sales, 180).share) as [readonly number[], readonly number[]];
    expect(young[44]).toBeLessThan(0.85);
    for (const day of [7, 30, 44, 90]) expect(Math.abs((mixed[day] as number) - (young[day] as number))).toBeLessThan(0.005);
  });

  it('find the same lag without the rest of the pattern, whether lines are of one size or of several', () => {
    const units = world(1, 60, () => 20).map((k) => k.cohorts);
    const lines = world(3, 60, () => 20).map((k) => k.cohorts.map((c): Cohort => ({ ...c, lines: c.sold, sold: 4 * c.sold, returned: c.returned.map((r) => ({ ...r, units: 4 })) })));
    for (const keys of [units, [...units, ...lines], []]) expect(lagOf(keys, HORIZON)).toEqual(patternOf(keys, HORIZON).lag);
  });

  it('cover the truth as often as they say, where the naive rate is far too low', () => {
    const keys = world(2, 400, (r) => 2 + 6 * r.next());
    const lag = patternOf(keys.map((k) => k.cohorts), HORIZON).lag;
    const prior = priorOf(keys.map((k) => ({ returned: k.cohorts.reduce((s, c) => s + c.returned.reduce((x, r) => x + r.units * r.cases, 0), 0), exposure: k.cohorts.reduce((s, c) => s + c.sold * shareBy(lag, c.age), 0) })));
    expect(prior.alpha / (prior.alpha + prior.beta)).toBeCloseTo(0.15, 1);
    // Only the last 20 days: what is asked when a broadcast was a week ago.
    const recent = keys.map((k) => ({ ...k, rates: plainly(k.cohorts.filter((c) => c.age < 20), lag, prior) }));
    const covered = recent.filter((k) => k.rates.lower <= k.rate && k.rate <= k.rates.upper).length / keys.length;
    expect(covered).toBeGreaterThan(0.85);
    expect(covered).toBeLessThan(0.95);
    const mean = (pick: (k: (typeof recent)[number]) => number): number => recent.reduce((s, k) => s + pick(k), 0) / recent.length;
    expect(Math.abs(mean((k) => k.rates.rate) - mean((k) => k.rate))).toBeLessThan(0.01);
    expect(mean((k) => k.rates.naive)).toBeLessThan(0.6 * mean((k) => k.rate));
    const error = (pick: (k: (typeof recent)[number]) => number): number => mean((k) => (pick(k) - k.rate) ** 2);
    expect(error((k) => k.rates.rate)).toBeLessThan(error((k) => k.rates.naive));
    // And what will have come back in the end.
    const whole = keys.map((k) => ({ ...k, rates: plainly(k.cohorts, lag, prior) }));
    const final = whole.filter((k) => k.rates.finalReturns.lower <= k.final && k.final <= k.rates.finalReturns.upper).length / keys.length;
    expect(final).toBeGreaterThan(0.87);
  });

  it('agree with a plain sum over a fine grid, matured and young sales mixed (12 keys, seed 8)', () => {
    const random = randomFrom(8);
    const lag = unwatched;
    for (let key = 0; key < 12; key++) {
      const cohorts = Array.from({ length: 1 + random.below(70) }, (_, i): Cohort => ({ age: 2 * i, sold: random.below(3 * key + 2), returned: [] })).map((c) => ({ ...c, returned: c.sold > 1 && random.next() < 0.4 ? [{ lag: Math.min(3, c.age), units: 1, cases: 1 }] : [] }));
      const prior = { alpha: 0.5 + 3 * random.next(), beta: 1 + 20 * random.next() };
      const logAt = (p: number): number => cohorts.reduce((s, c) => s + c.returned.length * Math.log(p) + (c.sold - c.returned.length) * Math.log1p(-p * Math.min(shareBy(lag, c.age), 1 - 1e-12)), (prior.alpha - 1) * Math.log(p) + (prior.beta - 1) * Math.log1p(-p));
      const coming = (p: number): number => cohorts.reduce((s, c) => { const g = shareBy(lag, c.age); return s + ((c.sold - c.returned.length) * p * (1 - g)) / (1 - p * g); }, 0);
      const points = Array.from({ length: 2000 }, (_, i) => (i + 0.5) / 2000);
      const top = Math.max(...points.map(logAt));
      const weights = points.map((p) => Math.exp(logAt(p) - top));
      const sum = weights.reduce((s, w) => s + w, 0);
      const got = plainly(cohorts, lag, prior);
      const expected = points.reduce((s, p, i) => s + (p * (weights[i] as number)) / sum, 0);
      expect(Math.abs(got.rate / expected - 1)).toBeLessThan(0.002);
      const more = points.reduce((s, p, i) => s + (coming(p) * (weights[i] as number)) / sum, 0);
      expect(Math.abs(got.finalReturns.mean - got.returned - more)).toBeLessThan(0.003 * Math.max(0.1, more));
    }
  });

  it('are as narrow as millions of units make them', () => {
    const lag = unwatched;
    const cohorts = Array.from({ length: 60 }, (_, age): Cohort => { const sold = 50_000; return { age, sold, returned: [{ lag: 0, units: 1, cases: Math.round(sold * 0.02 * shareBy(lag, age)) }] }; });
    const r = plainly([...cohorts, matured(2_000_000, 40_000)], lag, { alpha: 1, beta: 9 });
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
    const one = (lag: number): Back => ({ lag, units: 1, cases: 1 });
    expect(sums.byKey().get('k')).toMatchObject([{ age: 0, lines: 1, sold: 3, returned: [] }, { age: 10, lines: 1, sold: 2, returned: [one(0), one(5)] }, { age: 50, lines: 1, sold: 4, returned: [one(30)] }]);
  });

  it('keep lines of one age apart by size, whatever the order of the sales, and take what a line brings in a day as one clump', () => {
    const day = 86_400_000;
    const sums = new CohortSums(100 * day, 30);
    for (const [sold, at] of [[1, 50], [1, 90], [100, 90], [1, 90], [70, 90], [1, 40]] as const) sums.add('k', { sold, start: at * day, returns: sold === 100 ? [{ at: 92 * day, units: 10 }, { at: 92.5 * day, units: 5 }, { at: 95 * day, units: 5 }] : [] });
    expect(sums.byKey().get('k')).toMatchObject([
      { age: 10, lines: 2, sold: 170, returned: [{ lag: 2, units: 15, cases: 1 }, { lag: 5, units: 5, cases: 1 }] }, { age: 10, lines: 2, sold: 2 }, { age: 50, lines: 1, sold: 1 }, { age: 60, lines: 1, sold: 1 },
    ]);
    expect([1, 2, 3, 4, 7, 8, 1 << 20].map(sizeClass)).toEqual([0, 1, 1, 2, 2, 3, 15]);
    expect(capped({ age: 9, lines: 2, sold: 7, returned: [{ lag: 1, units: 3, cases: 3 }, { lag: 2, units: 1, cases: 1 }] }).returned).toEqual([{ lag: 1, units: 3, cases: 2 }, { lag: 1, units: 1, cases: 1 }]);
  });

  it('never promise more returns than units, and know nothing without sales', () => {
    const r = plainly([{ age: 1, sold: 5, returned: [{ lag: 0, units: 1, cases: 5 }] }], unwatched, { alpha: 1, beta: 1 });
    expect(r.finalReturns).toMatchObject({ lower: 5, upper: 5 });
    const nothing = plainly([], unwatched, priorOf([]));
    expect(nothing).toMatchObject({ sold: 0, returned: 0, naive: 0, finalReturns: { mean: 0, lower: 0, upper: 0 } });
    expect(nothing.rate).toBeCloseTo(0.1, 3);
    const early = plainly([{ age: 0, sold: 40, returned: [] }], unwatched, { alpha: 2, beta: 8 });
    expect(early.finalReturns.upper).toBeLessThanOrEqual(40);
    expect(early.rate).toBeCloseTo(0.2, 1);
  });

  it.each([
    [() => patternOf([], 0), 'horizon'], [() => patternOf([[{ age: 2, sold: 1, returned: [{ lag: 3, units: 1, cases: 1 }] }]], 30), 'lag'], [() => patternOf([[{ age: 2, sold: 1, returned: [{ lag: 1, units: 2, cases: 1 }] }]], 30), 'cap them'],
    [() => patternOf([[{ age: 2, lines: 3, sold: 2, returned: [] }]], 30), 'lines'], [() => plainly([{ age: -1, sold: 1, returned: [] }], certain, { alpha: 1, beta: 1 }), 'age'], [() => plainly([], certain, { alpha: 1, beta: 1 }, 1), 'level'],
    [() => ratesByKey(new Map(), 30, 0), 'level'],
  ])('name what is wrong with their input (%#)', (work, word) => {
    expect(work).toThrow(RangeError);
    expect(work).toThrow(word);
  });
});

const checkSane = (r: ReturnRate): void => {
  for (const x of [r.naive, r.rate, r.lower, r.upper, r.finalReturns.mean]) expect(Number.isFinite(x)).toBe(true);
  expect(0 <= r.lower && r.lower <= r.rate && r.rate <= r.upper && r.upper <= 1).toBe(true);
  const { mean, lower, upper } = r.finalReturns;
  expect(Number.isInteger(lower) && Number.isInteger(upper) && r.returned <= lower && lower <= upper && upper <= r.sold).toBe(true);
  expect(mean).toBeGreaterThanOrEqual(r.returned);
  expect(mean).toBeLessThanOrEqual(r.sold + 1e-6);
};

describe('rates of all keys', () => {
  const line = (age: number, sold: number, back: number, lag = Math.min(age, 3)): Cohort => ({ age, lines: 1, sold, returned: back === 0 ? [] : [{ lag, units: back, cases: 1 }] });
  const days = Array.from({ length: 120 }, (_, age) => age);

  it.each<[string, Cohort[]]>([
    ['no returns at all', days.map((age) => line(age, 2, 0))],
    ['everything back', days.map((age) => line(age, 2, 2, 0))],
    ['everything old back', days.map((age) => (age > 10 ? line(age, 3, 3) : line(age, 3, 0)))],
    ['one unit, today', [line(0, 1, 0)]],
    ['one unit, back', [line(5, 1, 1)]],
    ['one huge line', [line(20, 80_000, 0)]],
    ['one huge line, back, among small ones', [...days.map((age) => line(age, 1, age % 40 === 7 ? 1 : 0)), line(49, 80_000, 80_000, 49)].sort((a, b) => a.age - b.age)],
    ['only sales of today', [line(0, 1, 0), line(0, 500, 0), line(0, 3, 3, 0)]],
    ['only sales of years ago', [line(3000, 5, 1), line(3001, 50_000, 0)]],
    ['nothing', []],
  ])('are sane for %s', (_, cohorts) => {
    for (const horizon of [1, 30, 180]) checkSane(ratesByKey(new Map([['', cohorts]]), horizon, 0.9)(''));
    checkSane(ratesByKey(new Map([['a', cohorts], ['b', [line(12, 3, 1)]]]), 60, 0.5)('no such key'));
  });

  it('are sane for whatever was sold and came back (seed 20261122)', () => {
    const any = fc.record({ age: fc.nat(400), sold: fc.integer({ min: 1, max: 3 }).chain((d) => fc.integer({ min: 1, max: 10 ** (2 * d) })), share: fc.constantFrom(0, 0, 0, 0.3, 1), lag: fc.nat(400) })
      .map(({ age, sold, share, lag }) => line(age, sold, Math.ceil(sold * share), Math.min(age, lag)));
    const key = fc.array(any, { maxLength: 12 }).map((list) => list.sort((a, b) => a.age - b.age));
    fc.assert(fc.property(fc.array(key, { minLength: 1, maxLength: 6 }), fc.constantFrom(1, 14, 60, 180), fc.constantFrom(0.5, 0.9, 0.99), (keys, horizon, level) => {
      const of = ratesByKey(new Map(keys.map((list, i) => [String(i), list])), horizon, level);
      keys.forEach((list, i) => {
        const r = of(String(i));
        checkSane(r);
        expect(r.sold).toBe(list.reduce((s, c) => s + c.sold, 0));
      });
    }), { seed: 20261122, numRuns: 150 });
  });

  it('take a line of thousands of units for one line', () => {
    const small = days.flatMap((age) => Array.from({ length: 10 }, (_, i) => line(age, 2, i === 0 && age > 4 ? 2 : 0)));
    const without = ratesByKey(new Map([['', small]]), 60, 0.9)('');
    const huge = ratesByKey(new Map([['', [...small, line(49, 9000, 9000, 49)].sort((a, b) => a.age - b.age)]]), 60, 0.9)('');
    // The line that is back says nothing of those that are not: as many of the others are still to come as before.
    expect(huge.finalReturns.mean - huge.returned).toBeLessThan(1.3 * (without.finalReturns.mean - without.returned));
    expect(huge.rate).toBeLessThan(0.3);
    expect(huge.naive).toBeGreaterThan(0.7);
  });

  it('know that a line comes back as a clump: the same units in larger lines make wider intervals', () => {
    const of = (size: number): ReturnRate => ratesByKey(new Map([['', days.flatMap((age) => Array.from({ length: 48 / size }, (_, i) => line(age, size, age > 3 && (age + i * 7) % 5 === 0 ? size : 0)))]]), 60, 0.9)('');
    const [units, lines] = [of(1), of(12)];
    expect(lines.sold).toBe(units.sold);
    expect(lines.upper - lines.lower).toBeGreaterThan(2 * (units.upper - units.lower));
    expect(lines.finalReturns.upper - lines.finalReturns.lower).toBeGreaterThan(1.5 * (units.finalReturns.upper - units.finalReturns.lower));
  });

  it('follow a season: sales of a month that returns more are expected to', () => {
    // A fifth came back of what is older than six weeks; of what was sold since, twice as much, as far as it had the time.
    const cohorts = days.map((age): Cohort => {
      const share = (age < 42 ? 0.4 : 0.2) * Math.min(1, (age + 0.5) / 20);
      return { age, sold: 100, returned: Array.from({ length: Math.min(20, age) }, (_, lag) => ({ lag, units: 1, cases: Math.round((100 * share) / Math.min(20, age)) })) };
    });
    const r = ratesByKey(new Map([['', cohorts]]), 20, 0.9)('');
    const ahead = r.finalReturns.mean - r.returned;
    const truth = cohorts.reduce((s, c) => s + (c.age < 20 ? 40 - c.returned.reduce((x, b) => x + b.cases, 0) : 0), 0);
    expect(Math.abs(ahead / truth - 1)).toBeLessThan(0.2);
    expect(r.finalReturns.upper).toBeGreaterThanOrEqual(r.returned + truth);
    expect(r.rate).toBeGreaterThan(0.24);
  });

  it('one key alone is not told its own rate twice', () => {
    const r = ratesByKey(new Map([['', [{ age: 100, sold: 20, returned: [{ lag: 3, units: 1, cases: 3 }] }]]]), 60, 0.9)('');
    // Beta(3.15, 17.85) or thereabouts: .05 to .30.
    expect(r.upper - r.lower).toBeGreaterThan(0.2);
    expect(priorOf([{ returned: 3, exposure: 20 }])).toMatchObject({ alpha: expect.closeTo(0.16, 1) as number });
  });
});
