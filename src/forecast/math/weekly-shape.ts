// How a shop's sales differ by the day of the week (UTC): seven factors of mean 1, pooled over its SKUs, so that the state of a stream
// does not grow. Each day is compared with the seven days that end with it, which hold every day of the week once, so that neither
// growth nor season is taken for a shape of the week. The factors are means of gamma posteriors around 1: orders over what was
// expected of them, thinned by the dispersion of orders and by what a shop's days differ for all its SKUs at once.
// Days are whole UTC days since 1970.
import type { Exposure } from './exposure.js';

const DAY_MS = 86_400_000;
const WEEK = 7;
/** 1 January 1970 was a Thursday; Sunday is 0. */
const weekdayOf = (day: number): number => (day + 4) % WEEK;

/** Days fade with this time constant: eight weeks. */
const MEMORY_DAYS = 56;
/** What is older says next to nothing and is not asked. */
export const TEACHING_DAYS = 4 * MEMORY_DAYS;
/** The gamma prior's shape: a factor's variance is a fifth around 1. A day of a busy shop is worth up to 1 / SHARED_VARIANCE of it. */
const PRIOR = 5;
/** Variance/mean of a day's orders, and the square of the relative error beyond it that all SKUs of a shop share on a day. */
const DISPERSION = 1.5;
const SHARED_VARIANCE = 0.1;
/** Of a day on which nothing is sold. The first order on it is no spike of infinite ratio, because the floor of the rate holds whatever the exposure. */
export const LEAST_FACTOR = 0.1;
/** Every day of the week must have been compared with a full week. */
const LEAST_DAYS = 2 * WEEK - 1;
/** New factors are set so often: what a stream is exposed to need not be kept day by day. */
const LEARNED_EVERY_DAYS = 7;

/** What a day of a SKU counts for at the most: so many orders, or so many times what the SKU usually sells in a day. One spike or one bulk buyer does not make a Tuesday. */
export const MOST_ORDERS_OF_A_DAY = 3;
export const MOST_TIMES_USUAL = 4;
export const cappedOrders = (orders: number, usual: number): number => Math.min(orders, Math.max(MOST_ORDERS_OF_A_DAY, MOST_TIMES_USUAL * usual));

/** All that a shop sold on a day outside broadcasts, each SKU's orders capped. A day that is absent sold nothing. */
export interface ShopDay {
  readonly day: number;
  readonly orders: number;
}

export interface WeeklyShape {
  /** First day of which it is true; until the next shape is. */
  readonly from: number;
  /** Sunday first; > 0, with a mean of 1. */
  readonly factors: readonly number[];
}

const isDay = (day: number): boolean => Number.isInteger(day) && day >= 0;

/**
 * The factors by day of the week as the days before `before` teach them; undefined before there are enough. Deterministic.
 * Throws RangeError on days out of order or without a number of orders.
 */
export function weeklyFactors(days: readonly ShopDay[], before: number): number[] | undefined {
  const known = days.filter(({ day }) => day < before && !(day < before - TEACHING_DAYS));
  const first = known[0]?.day;
  if (first === undefined) return undefined;
  let last = -Infinity;
  for (const { day, orders } of known) {
    if (!isDay(day) || day <= last) throw new RangeError(`day ${day} is out of order`);
    if (!(Number.isFinite(orders) && orders >= 0)) throw new RangeError(`day ${day} has ${orders} orders`);
    last = day;
  }
  if (before - first < LEAST_DAYS) return undefined;
  const sold = new Float64Array(before - first);
  for (const { day, orders } of known) sold[day - first] = orders;
  const taught = new Float64Array(WEEK).fill(PRIOR);
  const expected = new Float64Array(WEEK).fill(PRIOR);
  let week = 0;
  for (let i = 0; i < sold.length; i++) {
    week += sold[i] as number;
    if (i >= WEEK) week -= sold[i - WEEK] as number;
    if (i < WEEK - 1) continue;
    const usual = Math.max(0, week) / WEEK;
    const weight = Math.exp((i - sold.length) / MEMORY_DAYS) / (DISPERSION + SHARED_VARIANCE * usual);
    const weekday = weekdayOf(first + i);
    taught[weekday] = (taught[weekday] as number) + (sold[i] as number) * weight;
    expected[weekday] = (expected[weekday] as number) + usual * weight;
  }
  return withMeanOne(Array.from(taught, (n, i) => n / (expected[i] as number)));
}

/** None below the least: what is lifted to it is taken from the others alike. */
function withMeanOne(raw: readonly number[]): number[] {
  const scaled = (list: readonly number[], sum: number): number[] => {
    const all = list.reduce((s, f) => s + f, 0);
    return list.map((f) => (f * sum) / all);
  };
  let factors = scaled(raw, WEEK);
  for (let i = 0; i < WEEK && factors.some((f) => f < LEAST_FACTOR); i++) {
    const low = factors.map((f) => f <= LEAST_FACTOR);
    const others = scaled(factors.filter((_, k) => !low[k]), WEEK - LEAST_FACTOR * low.filter(Boolean).length);
    let next = 0;
    factors = low.map((isLow) => (isLow ? LEAST_FACTOR : (others[next++] as number)));
  }
  return factors;
}

/** The shape that a shop with these days learns at the start of `day`, if one is due: it holds from the day after, of which no stream has seen anything. */
export function dueShape(latest: WeeklyShape | undefined, days: readonly ShopDay[], day: number): WeeklyShape | undefined {
  const from = day + 1;
  if (latest !== undefined && from - latest.from < LEARNED_EVERY_DAYS) return undefined;
  const factors = weeklyFactors(days, day);
  return factors === undefined ? undefined : { from, factors };
}

/** Standing streams of a shop are exposed by its shapes, ascending; before the first evenly. */
export function weeklyExposure(shapes: readonly WeeklyShape[]): Exposure {
  // Streams move on in time: the shape that was asked for last is most often asked for again.
  let last = 0;
  /** Number of shapes that were in force by that day. */
  const begun = (day: number): number => {
    while (last > 0 && (shapes[last - 1] as WeeklyShape).from > day) last--;
    while (last < shapes.length && (shapes[last] as WeeklyShape).from <= day) last++;
    return last;
  };
  return {
    at: (at) => {
      const day = Math.floor(at / DAY_MS);
      return shapes[begun(day) - 1]?.factors[weekdayOf(day)] ?? 1;
    },
    until: (at) => {
      const day = Math.floor(at / DAY_MS);
      return (begun(day) > 0 ? day + 1 : (shapes[0]?.from ?? Infinity)) * DAY_MS;
    },
  };
}
