// What a SKU sells outside broadcasts, from what it sold on each day: the same sums in the service, whose days are rows, and in the
// back-test; the lessons that other days teach; and what the model says of a SKU as one distribution. Days are whole UTC days since 1970.
import type { NegativeBinomial } from '../../kernel/math/index.js';
import { STANDING_PRIOR, standingFeatures, type Features, type Standing } from './cold-start.js';
import { Market, type Growth } from './market.js';
import { fitSales, salesAtMost, salesDistribution, type Lesson, type Moments, type SalesModel } from './sales-model.js';

const DAY_MS = 86_400_000;

/** Days on which a SKU sold, ascending: distinct orders, and net units (a day of cancellations may be below nothing). */
export interface SalesDays {
  readonly days: readonly number[];
  readonly lines: readonly number[];
  readonly units: readonly number[];
}

/** What a SKU sold before the start of a day, and when first and last. */
export interface StandingSums {
  readonly units28: number;
  readonly units91: number;
  readonly lines28: number;
  readonly lines91: number;
  readonly activeDays28: number;
  readonly firstDay: number;
  readonly lastDay: number;
}

/** What it sold since then. */
export interface SoldSince {
  readonly units: number;
  readonly lines: number;
  readonly activeDays: number;
}

const NONE: StandingSums = { units28: 0, units91: 0, lines28: 0, lines91: 0, activeDays28: 0, firstDay: NaN, lastDay: NaN };

export const NOTHING_SINCE: SoldSince = { units: 0, lines: 0, activeDays: 0 };

/** Of the days before `day`; undefined where there are none with a sale. */
export function sumsBefore({ days, lines, units }: SalesDays, day: number): StandingSums | undefined {
  const sums = { ...NONE };
  for (let i = 0; i < days.length; i++) {
    const [at, n, u] = [days[i] as number, lines[i] as number, units[i] as number];
    if (at >= day) break;
    if (n > 0) {
      if (Number.isNaN(sums.firstDay)) sums.firstDay = at;
      sums.lastDay = at;
    }
    if (at < day - 91) continue;
    sums.units91 += u;
    sums.lines91 += n;
    if (at < day - 28) continue;
    sums.units28 += u;
    sums.lines28 += n;
    if (n > 0) sums.activeDays28++;
  }
  return Number.isNaN(sums.firstDay) ? undefined : sums;
}

/** Net units of the days from `from` up to but not including `to`. */
export function unitsBetween({ days, units }: SalesDays, from: number, to: number): number {
  let sum = 0;
  for (let i = 0; i < days.length && (days[i] as number) < to; i++) if ((days[i] as number) >= from) sum += units[i] as number;
  return sum;
}

/**
 * How a SKU sells at `at` (days since 1970, with their part): what it sold before the day `until`, and since. Of the days that have
 * left a span meanwhile the average is taken off, so that nobody has to read them. Undefined where it never sold.
 */
export function standingOf(before: StandingSums | undefined, since: SoldSince, until: number, at: number, relativePrice: number): Standing | undefined {
  if (before === undefined && since.lines === 0) return undefined;
  const { firstDay, lastDay, ...sums } = before ?? { ...NONE, firstDay: until, lastDay: until };
  const age = Math.max(0, at - firstDay);
  const kept = (span: number): number => Math.max(0, 1 - Math.min(Math.max(0, at - until), Math.max(0, age - span)) / span);
  return {
    units28: Math.max(0, kept(28) * sums.units28 + since.units), units91: Math.max(0, kept(91) * sums.units91 + since.units), lines28: kept(28) * sums.lines28 + since.lines,
    lines91: kept(91) * sums.lines91 + since.lines, activeDays28: Math.min(28, kept(28) * sums.activeDays28 + since.activeDays), daysSinceSale: since.lines > 0 ? 0 : Math.max(0, at - lastDay - 1), ageDays: age, relativePrice,
  };
}

/** Earlier moments that teach: the latest whose horizon is over, and two four weeks apart before it; so much must lie before each (days). */
export const [LESSONS, LESSON_STEP_DAYS, LEAST_HISTORY_DAYS] = [3, 28, 7];

/** Horizons at which a model is learned, days; any other is read from the nearest. */
export const HORIZONS: readonly number[] = [3, 7, 14, 28, 56];

export interface StandingSku {
  readonly sales: SalesDays;
  /** Its sizes and colours share one fate: what a style teaches at a moment counts once. */
  readonly style: string;
  /** Price over that of a usual SKU. */
  readonly relativePrice: number;
}

export interface HorizonModel {
  readonly horizonDays: number;
  readonly sales: SalesModel;
  readonly growth: Growth;
}

export interface StandingModel {
  /** SKUs and lessons that it was learned from; 0: the published prior. */
  readonly skus: number;
  readonly lessons: number;
  readonly horizons: readonly HorizonModel[];
}

/** In force until something was learned: growth as unknown as it is for a merchant without history. */
export const PUBLISHED_STANDING: StandingModel = { skus: 0, lessons: 0, horizons: [] };

/** SKUs that teach: of more only some are looked at, evenly. */
export const MOST_TEACHING = 1_000;

/** All that a day teaches. @param start first day with a sale of any SKU; @param day at whose start it is learned */
export interface StandingSchool {
  readonly skus: readonly StandingSku[];
  readonly market: Market;
  readonly start: number;
  readonly day: number;
}

/** One horizon, from outcomes that are complete at the start of the day; undefined where there is none. Cost: lessons × coefficients² per step of the fit. */
export function learnHorizon({ skus, market, start, day }: StandingSchool, horizonDays: number, before: StandingModel): { readonly learned: HorizonModel; readonly lessons: number } | undefined {
  const lessons: Lesson[] = [];
  for (let i = 0, at = day - horizonDays; i < LESSONS && at >= start + LEAST_HISTORY_DAYS; i++, at -= LESSON_STEP_DAYS) {
    const growth = market.taught(at * DAY_MS, horizonDays * DAY_MS);
    const sold = skus.flatMap(({ sales, style, relativePrice }) => {
      const standing = standingOf(sumsBefore(sales, at), NOTHING_SINCE, at, at, relativePrice);
      return standing === undefined ? [] : [{ sales, style, standing }];
    });
    const ofStyle = new Map<string, number>();
    for (const { style } of sold) ofStyle.set(style, (ofStyle.get(style) ?? 0) + 1);
    for (const { sales, style, standing } of sold) {
      lessons.push({ features: standingFeatures(standing, horizonDays), outcome: unitsBetween(sales, at, at + horizonDays), growth, weight: 1 / (ofStyle.get(style) as number) });
    }
  }
  if (lessons.length === 0) return undefined;
  const from = before.horizons.find((h) => h.horizonDays === horizonDays)?.sales.counts;
  return { learned: { horizonDays, sales: fitSales(lessons, STANDING_PRIOR, from), growth: market.expectedOfKnown(day * DAY_MS, horizonDays * DAY_MS) }, lessons: lessons.length };
}

/** What was learned for some horizons as one model; the published one where nothing was. */
export const standingModelOf = (school: StandingSchool, learned: readonly ReturnType<typeof learnHorizon>[]): StandingModel => {
  const known = learned.filter((l) => l !== undefined);
  if (known.length === 0) return PUBLISHED_STANDING;
  return { skus: school.skus.length, lessons: known.reduce((s, l) => s + l.lessons, 0), horizons: known.map((l) => l.learned) };
};

/** Learned at the start of a day for all horizons. Deterministic. */
export const learnStanding = (school: StandingSchool, before: StandingModel = PUBLISHED_STANDING): StandingModel => standingModelOf(school, HORIZONS.map((h) => learnHorizon(school, h, before)));

const PRIOR_MODEL = fitSales([], STANDING_PRIOR);
const UNKNOWN_MARKET = new Market();

/** The model of the nearest horizon, the features of the SKU, and how the market is expected to go. */
function asked(model: StandingModel, standing: Standing, horizonDays: number): [SalesModel, Features, Growth] {
  const far = (h: HorizonModel): number => Math.abs(Math.log(h.horizonDays / horizonDays));
  const nearest = model.horizons.reduce<HorizonModel | undefined>((best, h) => (best === undefined || far(h) < far(best) ? h : best), undefined);
  return [nearest?.sales ?? PRIOR_MODEL, standingFeatures(standing, horizonDays), nearest?.growth ?? UNKNOWN_MARKET.expectedOfKnown(0, horizonDays * DAY_MS)];
}

/** Units that a SKU still sells outside broadcasts over the horizon (days > 0); finite whatever the features. */
export const standingToCome = (model: StandingModel, standing: Standing, horizonDays: number): NegativeBinomial =>
  horizonDays > 0 ? salesDistribution(...asked(model, standing, horizonDays)) : { shape: 1, probability: 1 };

/** What neither the mean nor the variance of that exceeds, for a fraction of the work. */
export const standingAtMost = (model: StandingModel, standing: Standing, horizonDays: number): Moments => (horizonDays > 0 ? salesAtMost(...asked(model, standing, horizonDays)) : { mean: 0, variance: 0 });
