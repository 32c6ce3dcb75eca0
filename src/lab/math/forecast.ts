// Forecasts of net units per SKU from a file of orders: at a moment for all SKUs, or for each at the end of its first days. Whatever
// is forecast as of a moment comes from what was known then: other SKUs teach only with outcomes that were complete.
import {
  BEGINNING_PRIOR, beginningFeatures, fitSales, LEAST_HISTORY_DAYS, LESSON_STEP_DAYS, LESSONS, Market, salesQuantiles, STANDING_PRIOR, standingFeatures, usualUnits, type Features, type Lesson, type SalesModel, type Standing,
} from '../../forecast/math/index.js';
import { DAY_MS, firstFrom, median, netBefore, netUnits, paidUnits, type SaleLine } from './sales-log.js';

export interface SkuForecast {
  readonly sku: string;
  readonly asOf: number;
  readonly observed: number;
  /** In the order of the levels. */
  readonly quantiles: readonly number[];
}

type Skus = ReadonlyMap<string, readonly SaleLine[]>;

/** SKUs first seen in this time of a file may have sold before: they are no launches. */
export const EARLY_MS = 60 * DAY_MS;
/** SKUs that are no launches teach too, but all of them together count as so many launches; of more than 300 only some are looked at. */
const EARLY_WEIGHT = 20;
const MOST_EARLY = 300;

/** How a SKU began: its lines in [first sale, first sale + span), as known at the end of it. */
export interface Begun {
  readonly asOf: number;
  readonly units: number;
  /** Bulk lines cut to a usual size. */
  readonly usualUnits: number;
  readonly lines: number;
  readonly lateLines: number;
  readonly orders: number;
  readonly activeDays: number;
  readonly price: number;
}

export function beginningOf(lines: readonly SaleLine[], spanMs: number): Begun {
  const first = lines[0] as SaleLine;
  const asOf = first.at + spanMs;
  const seen = lines.slice(0, firstFrom(lines, asOf));
  return {
    asOf, units: netUnits(lines, first.at, asOf, asOf), usualUnits: usualUnits(seen.map((l) => netBefore(l, asOf))), lines: seen.length, lateLines: seen.length - firstFrom(seen, first.at + spanMs / 2),
    orders: new Set(seen.map((l) => l.order)).size, activeDays: new Set(seen.map((l) => Math.floor(l.at / DAY_MS))).size, price: median(seen.map((l) => l.unitPrice)),
  };
}

export interface Launch {
  readonly sku: string;
  /** First seen in the first days of the file: it may have sold before. */
  readonly early: boolean;
  readonly asOf: number;
  readonly begun: Begun;
  /** When its outcome is known in full: a cancellation of the last sale may come a day later. */
  readonly completeAt: number;
  readonly outcome: number;
}

/** SKUs whose first `spanMs` lie within the file, in the order in which these ended. */
export function launchesOf(skus: Skus, start: number, end: number, spanMs: number, horizonMs: number): Launch[] {
  const launches: Launch[] = [];
  for (const [sku, lines] of skus) {
    const first = (lines[0] as SaleLine).at;
    const asOf = first + spanMs;
    if (asOf > end) continue;
    const completeAt = asOf + horizonMs;
    launches.push({ sku, early: first < start + EARLY_MS, asOf, begun: beginningOf(lines, spanMs), completeAt, outcome: netUnits(lines, asOf, completeAt, completeAt) });
  }
  return launches.sort((a, b) => a.asOf - b.asOf || (a.sku < b.sku ? -1 : 1));
}

export function marketOf(skus: Skus): Market {
  const market = new Market();
  for (const lines of skus.values()) market.add(lines.map((l) => ({ at: l.at, units: paidUnits(l) })));
  return market;
}

const priced = (price: number, usual: number): number => Math.max(1, price) / Math.max(1, usual);

const evenly = <T>(list: readonly T[], most: number): readonly T[] => (list.length <= most ? list : Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)] as T));

/** For each SKU at the end of its first `spanMs`; those whose span does not end within the file give none. The model is learned anew each day. */
export function forecastLaunches(skus: Skus, start: number, end: number, spanMs: number, horizonMs: number, levels: readonly number[]): SkuForecast[] {
  const launches = launchesOf(skus, start, end, spanMs, horizonMs);
  const market = marketOf(skus);
  const done = [...launches].sort((a, b) => a.completeAt - b.completeAt);
  const growths = done.map((l) => (l.completeAt <= end ? market.realised(l.asOf, horizonMs) : 0));
  const forecasts: SkuForecast[] = [];
  let day = -Infinity;
  let usual = 1;
  let model: SalesModel | undefined;
  let [known, taught] = [0, -1];
  const prices: number[] = [];
  for (const [n, launch] of launches.entries()) {
    const today = Math.floor(launch.asOf / DAY_MS) * DAY_MS;
    if (today > day || model === undefined) {
      day = today;
      // A usual price is that of the SKUs that began before today.
      for (let i = prices.length; i < n && (launches[i] as Launch).asOf <= today; i++) prices.push((launches[i] as Launch).begun.price);
      usual = prices.length === 0 ? Math.max(1, launch.begun.price) : median(prices);
      while (known < done.length && (done[known] as Launch).completeAt <= today) known++;
      if (known > taught) {
        taught = known;
        const complete = done.slice(0, known).map((l, i) => ({ l, growth: growths[i] as number }));
        const early = evenly(complete.filter(({ l }) => l.early), MOST_EARLY);
        const weight = EARLY_WEIGHT / (early.length + EARLY_WEIGHT);
        const lessons = [...complete.filter(({ l }) => !l.early), ...early];
        model = fitSales(lessons.map(({ l, growth }) => ({ features: featuresOf(l, spanMs, horizonMs, usual), outcome: l.outcome, growth, weight: l.early ? weight : 1 })), BEGINNING_PRIOR, model?.counts);
      }
    }
    const quantiles = salesQuantiles(model as SalesModel, featuresOf(launch, spanMs, horizonMs, usual), levels, market.expected(launch.asOf, horizonMs));
    forecasts.push({ sku: launch.sku, asOf: launch.asOf, observed: launch.begun.units, quantiles });
  }
  return forecasts;
}

const featuresOf = ({ begun, early }: Launch, spanMs: number, horizonMs: number, usual: number): Features =>
  beginningFeatures({
    units: begun.usualUnits, lines: begun.lines, activeDays: begun.activeDays, lateLines: begun.lateLines, relativePrice: priced(begun.price, usual), spanDays: spanMs / DAY_MS, early,
  }, horizonMs / DAY_MS);

/** How a SKU sells at `at`; undefined where it has not sold yet. */
function standingOf(lines: readonly SaleLine[], at: number, usual: number): Standing | undefined {
  const until = firstFrom(lines, at);
  if (until === 0) return undefined;
  const [first, last] = [lines[0] as SaleLine, lines[until - 1] as SaleLine];
  const recent = lines.slice(firstFrom(lines, at - 28 * DAY_MS), until);
  const units = (days: number): number => netUnits(lines, at - days * DAY_MS, at, at);
  return {
    units28: units(28), units91: units(91), lines28: recent.length, lines91: until - firstFrom(lines, at - 91 * DAY_MS),
    activeDays28: new Set(recent.map((l) => Math.floor(l.at / DAY_MS))).size, daysSinceSale: (at - last.at) / DAY_MS, ageDays: (at - first.at) / DAY_MS,
    relativePrice: priced(median(lines.slice(Math.max(0, until - 25), until).map((l) => l.unitPrice)), usual),
  };
}

/** For all SKUs that had sold before `asOf`, in the order of their names. */
export function forecastAt(skus: Skus, start: number, asOf: number, horizonMs: number, levels: readonly number[]): SkuForecast[] {
  const horizonDays = horizonMs / DAY_MS;
  const prices = Array.from(skus.values(), (lines) => lines[firstFrom(lines, asOf) - 1]?.unitPrice).filter((p) => p !== undefined);
  const usual = prices.length === 0 ? 1 : median(prices);
  const market = marketOf(skus);
  const lessons: Lesson[] = [];
  for (let i = 0, at = asOf - horizonMs; i < LESSONS && at >= start + LEAST_HISTORY_DAYS * DAY_MS; i++, at -= LESSON_STEP_DAYS * DAY_MS) {
    const growth = market.taught(at, horizonMs);
    for (const lines of skus.values()) {
      const standing = standingOf(lines, at, usual);
      if (standing !== undefined) lessons.push({ features: standingFeatures(standing, horizonDays), outcome: netUnits(lines, at, at + horizonMs, at + horizonMs), growth });
    }
  }
  const model = fitSales(lessons, STANDING_PRIOR);
  const growth = market.expectedOfKnown(asOf, horizonMs);
  const forecasts: SkuForecast[] = [];
  for (const [sku, lines] of skus) {
    const standing = standingOf(lines, asOf, usual);
    if (standing === undefined) continue;
    forecasts.push({ sku, asOf, observed: netUnits(lines, (lines[0] as SaleLine).at, asOf, asOf), quantiles: salesQuantiles(model, standingFeatures(standing, horizonDays), levels, growth) });
  }
  return forecasts.sort((a, b) => (a.sku < b.sku ? -1 : 1));
}
