// Forecasts of net units per SKU from a file of orders: at a moment for all SKUs, or for each at the end of its first days. Whatever
// is forecast as of a moment comes from what was known then: other SKUs teach only with outcomes that were complete.
import {
  BEGINNING_PRIOR, beginningFeatures, fitSales, salesQuantiles, STANDING_PRIOR, standingFeatures, type Beginning, type CountModel, type Features, type Standing,
} from '../../forecast/math/index.js';
import { DAY_MS, firstFrom, median, netUnits, type SaleLine } from './sales-log.js';

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
/** With so many complete launches, launches teach alone. */
const ENOUGH_LAUNCHES = 50;

/** How a SKU began: its lines in [first sale, first sale + span), as known at the end of it. */
export function beginningOf(lines: readonly SaleLine[], spanMs: number): { readonly asOf: number; readonly units: number; readonly lines: number; readonly orders: number; readonly activeDays: number; readonly price: number } {
  const first = lines[0] as SaleLine;
  const asOf = first.at + spanMs;
  const seen = lines.slice(0, firstFrom(lines, asOf));
  return {
    asOf, units: netUnits(lines, first.at, asOf, asOf), lines: seen.length, orders: new Set(seen.map((l) => l.order)).size, activeDays: new Set(seen.map((l) => Math.floor(l.at / DAY_MS))).size,
    price: median(seen.map((l) => l.unitPrice)),
  };
}

interface Launch {
  readonly sku: string;
  readonly early: boolean;
  readonly asOf: number;
  readonly begun: ReturnType<typeof beginningOf>;
  /** When its outcome is known in full: a cancellation of the last sale may come a day later. */
  readonly completeAt: number;
  readonly outcome: number;
}

function launchesOf(skus: Skus, start: number, end: number, spanMs: number, horizonMs: number): Launch[] {
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

const priced = (price: number, usual: number): number => Math.max(1, price) / Math.max(1, usual);

/** For each SKU at the end of its first `spanMs`; those whose span does not end within the file give none. The model is learned anew each day. */
export function forecastLaunches(skus: Skus, start: number, end: number, spanMs: number, horizonMs: number, levels: readonly number[]): SkuForecast[] {
  const launches = launchesOf(skus, start, end, spanMs, horizonMs);
  const done = [...launches].sort((a, b) => a.completeAt - b.completeAt);
  const forecasts: SkuForecast[] = [];
  let day = -Infinity;
  let usual = 1;
  let model: CountModel | undefined;
  let known = 0;
  const prices: number[] = [];
  for (const [n, launch] of launches.entries()) {
    const today = Math.floor(launch.asOf / DAY_MS) * DAY_MS;
    if (today > day || model === undefined) {
      day = today;
      // A usual price is that of the SKUs that began before today.
      for (let i = prices.length; i < n && (launches[i] as Launch).asOf <= today; i++) prices.push((launches[i] as Launch).begun.price);
      usual = prices.length === 0 ? Math.max(1, launch.begun.price) : median(prices);
      while (known < done.length && (done[known] as Launch).completeAt <= today) known++;
      const complete = done.slice(0, known);
      const launched = complete.filter((l) => !l.early);
      const taught = launched.length >= ENOUGH_LAUNCHES ? launched : complete;
      model = fitSales(taught.map((l) => ({ features: featuresOf(l, spanMs, horizonMs, usual), outcome: l.outcome })), BEGINNING_PRIOR, model);
    }
    forecasts.push({ sku: launch.sku, asOf: launch.asOf, observed: launch.begun.units, quantiles: salesQuantiles(model, featuresOf(launch, spanMs, horizonMs, usual), levels) });
  }
  return forecasts;
}

const featuresOf = ({ begun, early }: Launch, spanMs: number, horizonMs: number, usual: number): Features => {
  const beginning: Beginning = { units: begun.units, lines: begun.lines, activeDays: begun.activeDays, relativePrice: priced(begun.price, usual), spanDays: spanMs / DAY_MS, early };
  return beginningFeatures(beginning, horizonMs / DAY_MS);
};

/** How a SKU sells at `at`; undefined where it has not sold yet. */
function standingOf(lines: readonly SaleLine[], at: number, usual: number): Standing | undefined {
  const until = firstFrom(lines, at);
  if (until === 0) return undefined;
  const [first, last] = [lines[0] as SaleLine, lines[until - 1] as SaleLine];
  const recent = lines.slice(firstFrom(lines, at - 28 * DAY_MS), until);
  return {
    units28: netUnits(lines, at - 28 * DAY_MS, at, at), units91: netUnits(lines, at - 91 * DAY_MS, at, at), lines28: recent.length,
    activeDays28: new Set(recent.map((l) => Math.floor(l.at / DAY_MS))).size, daysSinceSale: (at - last.at) / DAY_MS, ageDays: (at - first.at) / DAY_MS,
    relativePrice: priced(median(lines.slice(Math.max(0, until - 25), until).map((l) => l.unitPrice)), usual),
  };
}

/** Earlier moments that teach: the latest whose horizon is over, and two a month apart before it. */
const LESSONS = 3;
const LESSON_STEP_MS = 28 * DAY_MS;
/** So much of the file must lie before a lesson. */
const LEAST_HISTORY_MS = 7 * DAY_MS;

/** For all SKUs that had sold before `asOf`, in the order of their names. */
export function forecastAt(skus: Skus, start: number, asOf: number, horizonMs: number, levels: readonly number[]): SkuForecast[] {
  const horizonDays = horizonMs / DAY_MS;
  const prices = Array.from(skus.values(), (lines) => lines[firstFrom(lines, asOf) - 1]?.unitPrice).filter((p) => p !== undefined);
  const usual = prices.length === 0 ? 1 : median(prices);
  const lessons: { features: Features; outcome: number }[] = [];
  for (let i = 0, at = asOf - horizonMs; i < LESSONS && at >= start + LEAST_HISTORY_MS; i++, at -= LESSON_STEP_MS) {
    for (const lines of skus.values()) {
      const standing = standingOf(lines, at, usual);
      if (standing !== undefined) lessons.push({ features: standingFeatures(standing, horizonDays), outcome: netUnits(lines, at, at + horizonMs, at + horizonMs) });
    }
  }
  const model = fitSales(lessons, STANDING_PRIOR);
  const forecasts: SkuForecast[] = [];
  for (const [sku, lines] of skus) {
    const standing = standingOf(lines, asOf, usual);
    if (standing === undefined) continue;
    forecasts.push({ sku, asOf, observed: netUnits(lines, (lines[0] as SaleLine).at, asOf, asOf), quantiles: salesQuantiles(model, standingFeatures(standing, horizonDays), levels) });
  }
  return forecasts.sort((a, b) => (a.sku < b.sku ? -1 : 1));
}
