import fc from 'fast-check';
import { negativeBinomialMean, randomFrom } from '../../kernel/math/index.js';
import { Market } from './market.js';
import { learnStanding, NOTHING_SINCE, PUBLISHED_STANDING, standingOf, standingToCome, sumsBefore, unitsBetween, type SalesDays, type StandingSku } from './standing.js';

const SALES: SalesDays = { days: [10, 11, 40, 90, 100], lines: [2, 1, 3, 0, 1], units: [4, 1, 6, -2, 1] };

it('sums up the days before a day, spans of 28 and 91 days, a day of cancellations alone being no day with a sale', () => {
  expect(sumsBefore(SALES, 102)).toEqual({ units28: -1, units91: 6, lines28: 1, lines91: 5, activeDays28: 1, firstDay: 10, lastDay: 100 });
  expect(sumsBefore(SALES, 100)).toMatchObject({ units28: -2, lines28: 0, activeDays28: 0, lastDay: 40 });
  expect(sumsBefore(SALES, 10)).toBeUndefined();
  expect([unitsBetween(SALES, 10, 40), unitsBetween(SALES, 11, 91), unitsBetween(SALES, 101, 200)]).toEqual([5, 5, 0]);
});

it('adds what came since, and takes the average off for the days that left a span, but none while the SKU is younger than it', () => {
  const before = { units28: 28, units91: 60, lines28: 14, lines91: 30, activeDays28: 14, firstDay: 0, lastDay: 99 };
  const seen = standingOf(before, { units: 5, lines: 2, activeDays: 1 }, 100, 100.5, 1.2);
  expect(seen).toMatchObject({ lines28: 14 * (1 - 0.5 / 28) + 2, daysSinceSale: 0, ageDays: 100.5, relativePrice: 1.2 });
  expect(seen?.units28).toBeCloseTo(28 * (1 - 0.5 / 28) + 5, 12);
  expect(standingOf({ ...before, firstDay: 90 }, NOTHING_SINCE, 100, 100.5, 1)).toMatchObject({ units28: 28, units91: 60, daysSinceSale: 0.5 });
  expect(standingOf({ ...before, firstDay: 90, lastDay: 94 }, NOTHING_SINCE, 100, 102.5, 1)).toMatchObject({ daysSinceSale: 7.5 });
  expect(standingOf(undefined, NOTHING_SINCE, 100, 100, 1)).toBeUndefined();
  expect(standingOf(undefined, { units: 3, lines: 2, activeDays: 1 }, 100, 100.25, 1)).toMatchObject({ units28: 3, lines91: 2, ageDays: 0.25 });
});

/** SKUs that sell at rates of their own and halve every so many days; one SKU a style. */
function fading(n: number, days: number, halfLife: number): StandingSku[] {
  const random = randomFrom(11);
  return Array.from({ length: n }, (_, i) => {
    const of = random.split(String(i));
    const rate = 1 + 9 * of.next();
    const sold = Array.from({ length: days }, (__, day) => {
      let [k, left] = [0, of.exponential(1)];
      for (; left < rate * Math.pow(0.5, day / halfLife); k++) left += of.exponential(1);
      return { day, k };
    }).filter((d) => d.k > 0);
    return { sales: { days: sold.map((d) => d.day), lines: sold.map((d) => d.k), units: sold.map((d) => d.k) }, style: `S${i}`, relativePrice: 1 };
  });
}

const marketOf = (skus: readonly StandingSku[]): Market => {
  const market = new Market();
  for (const { sales } of skus) sales.days.forEach((day, i) => market.addSum((day + 0.5) * 86_400_000, sales.units[i] as number, sales.lines[i] as number));
  return market;
};

const ratio = (skus: readonly StandingSku[], day: number, horizon: number, learned: boolean): number => {
  const upTo = skus.map((s): StandingSku => ({ ...s, sales: { days: s.sales.days.filter((d) => d < day), lines: s.sales.lines, units: s.sales.units } }));
  const model = learned ? learnStanding({ skus: upTo, market: marketOf(skus), start: 0, day }) : PUBLISHED_STANDING;
  let [expected, came] = [0, 0];
  for (const { sales } of skus) {
    const seen = standingOf(sumsBefore(sales, day), NOTHING_SINCE, day, day, 1);
    if (seen === undefined) continue;
    expected += negativeBinomialMean(standingToCome(model, seen, horizon));
    came += unitsBetween(sales, day, day + horizon);
  }
  return expected / came;
};

it('learns from outcomes that are complete how sales fade, which the published prior does not know', () => {
  const skus = fading(300, 90, 15);
  expect(ratio(skus, 60, 14, false)).toBeGreaterThan(1.4);
  expect(ratio(skus, 60, 14, true)).toBeGreaterThan(0.8);
  expect(ratio(skus, 60, 14, true)).toBeLessThan(1.2);
});

it('a few styles in many sizes teach no more than so many styles', () => {
  const [one] = fading(1, 60, 4);
  const sizes = Array.from({ length: 200 }, () => one as StandingSku);
  const apart = sizes.map((s, i) => ({ ...s, style: `S${i}` }));
  const seen = { units28: 100, units91: 100, lines28: 100, lines91: 100, activeDays28: 28, daysSinceSale: 0, ageDays: 40, relativePrice: 1 };
  const mean = (skus: readonly StandingSku[]): number => negativeBinomialMean(standingToCome(learnStanding({ skus, market: marketOf(skus), start: 0, day: 50 }), seen, 7));
  const prior = negativeBinomialMean(standingToCome(PUBLISHED_STANDING, seen, 7));
  // Two hundred styles that died out within days are believed; one style in two hundred sizes hardly.
  expect(mean(apart)).toBeLessThan(0.5 * prior);
  expect(mean(sizes)).toBeGreaterThan(0.6 * prior);
});

it('without history there is the published prior; whatever was seen, what is expected is finite', () => {
  expect(learnStanding({ skus: [], market: new Market(), start: Infinity, day: 20_000 })).toBe(PUBLISHED_STANDING);
  const models = [PUBLISHED_STANDING, learnStanding({ skus: fading(20, 60, 20), market: marketOf(fading(20, 60, 20)), start: 0, day: 60 })];
  const natural = fc.integer({ min: 0, max: 1_000_000 });
  fc.assert(fc.property(fc.tuple(natural, natural, natural, natural), fc.double({ min: 0, max: 4_000, noNaN: true }), fc.double({ min: 1e-9, max: 1e9, noNaN: true }), fc.double({ min: 0, max: 400, noNaN: true }), ([u28, u91, l28, l91], age, price, horizon) => {
    for (const model of models) {
      const d = standingToCome(model, { units28: u28, units91: u91, lines28: l28, lines91: l91, activeDays28: Math.min(28, l28), daysSinceSale: age, ageDays: age, relativePrice: price }, horizon);
      expect(d.shape > 0 && Number.isFinite(d.shape) && d.probability > 0 && d.probability <= 1 && Number.isFinite(negativeBinomialMean(d))).toBe(true);
    }
  }), { numRuns: 300, seed: 5 });
});
