// What a stream sells by the hour of the day (UTC), learned from decayed counts and shrunk towards the day's mean as far as the
// hours do not differ by more than chance: a flat stream is estimated from all its orders, a shop that sleeps at night hour by hour.
// The shrinkage is that of a gamma prior on the hours' rates around the mean, its variance by moments (empirical Bayes).
// Rates in orders per ms, times in ms, orders decayed and so no whole numbers.

export const HOURS = 24;
export const HOUR_MS = 3_600_000;
/** Length of a step of learning. */
export const STEP_MS = 15 * 60_000;

export const following = (hour: number): number => (hour === HOURS - 1 ? 0 : hour + 1);
export const preceding = (hour: number): number => (hour === 0 ? HOURS - 1 : hour - 1);

export const hourOf = (at: number): number => Math.floor(at / HOUR_MS) % HOURS;

/** Weight of the neighbouring hours on either side, the hour itself 2: chance is averaged out over 8/3 hours, a morning hardly blurred. */
const SMOOTHED_HOURS = 8 / 3;
/** What a stream is taken to have sold before it was seen: one order in an hour, so that no rate is zero and no first order infinite. */
const PRIOR_ORDERS = 1;
const PRIOR_MS = HOUR_MS;
/** An hour that was seen on so many days may differ from its estimate by these squares of relative errors beyond chance. */
const UNSEEN = 1;
/** Below so many days an hour counts as not seen. */
const SEEN_DAYS = 0.75;
const LEAST_ERROR = 0.015;

export const unknownError = (days: number): number => UNSEEN / (1 + 2 * days) ** 2 + LEAST_ERROR;

export interface HourRate {
  /** Orders per ms at the most: smoothed over neighbouring hours, and no less than in either of them. */
  readonly rate: number;
  /** Orders per ms at the least: unsmoothed, in this hour or either of its neighbours. */
  readonly least: number;
  /** Days on which the hour was seen, decayed. */
  readonly days: number;
  /** Square of the relative standard error: chance, and what the days seen cannot say. */
  readonly variance: number;
}

/**
 * Relative variance of the hours' true rates around their mean, by moments; 0 where they differ by no more than chance.
 * @param dispersion variance/mean of counts
 */
function heterogeneity(orders: ArrayLike<number>, time: ArrayLike<number>, mean: number, dispersion: number): number {
  let excess = 0;
  let squares = 0;
  for (let i = 0; i < HOURS; i++) {
    const expected = mean * (time[i] as number);
    const difference = (orders[i] as number) - expected;
    excess += difference * difference - dispersion * expected;
    squares += expected * expected;
  }
  return squares > 0 ? Math.max(0, excess / squares) : 0;
}

/** The rate in the hour `hour` of the day. @param scale what the counts are to be multiplied with */
export function hourRate(orders: ArrayLike<number>, time: ArrayLike<number>, scale: number, hour: number, dispersion: number): HourRate {
  let sum = 0;
  let whole = 0;
  for (let i = 0; i < HOURS; i++) {
    sum += orders[i] as number;
    whole += time[i] as number;
  }
  const mean = (sum * scale + PRIOR_ORDERS) / (whole * scale + PRIOR_MS);
  const spread = heterogeneity(orders, time, mean, dispersion / scale);
  // Orders that the prior of an hour is worth; without differences between the hours it is all there is.
  const worth = spread > 0 ? Math.min(1 / spread, 1e6) : 1e6;
  const shrunk = (n: number, time_: number): number => (mean * (n + worth)) / (mean * time_ + worth);
  const part = (scale * SMOOTHED_HOURS) / 4 / dispersion;
  const smoothed = (i: number): number => {
    const before = preceding(i);
    const after = following(i);
    return shrunk(part * ((orders[before] as number) + 2 * (orders[i] as number) + (orders[after] as number)), part * ((time[before] as number) + 2 * (time[i] as number) + (time[after] as number)));
  };
  const own = smoothed(hour);
  // Within an hour a shop may open, or the morning climb: a higher neighbour is allowed for.
  let rate = Math.max(own, smoothed(following(hour)), smoothed(preceding(hour)));
  const days = (scale * (time[hour] as number)) / HOUR_MS;
  // An hour that was hardly seen may be as busy as the busiest: the first morning is no spike.
  if (days < SEEN_DAYS) for (let i = 0; i < HOURS; i++) if ((time[i] as number) > 0) rate = Math.max(rate, smoothed(i));
  const plain = (i: number): number => shrunk((scale * (orders[i] as number)) / dispersion, (scale * (time[i] as number)) / dispersion);
  const least = Math.min(plain(hour), plain(following(hour)), plain(preceding(hour)));
  const chance = 1 / ((own * scale * (time[hour] as number) * SMOOTHED_HOURS) / dispersion + Math.min(worth, (sum * scale + PRIOR_ORDERS) / dispersion));
  return { rate, least, days, variance: chance + unknownError(days) };
}
