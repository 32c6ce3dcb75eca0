// Return rates under censoring: this week's sales have not had time to come back. Units throughout; times are days since the
// start of each unit's clock. Nothing here knows what a key is (SKU, lot, anchor …).
//
// Methods: Kaplan and Meier (1958) for the lag, which equals the Aalen-Johansen cumulative incidence where returning is the only
// way to end before the horizon; a Beta prior by the moments of keys on matured exposure; the exact posterior on a grid under the
// likelihood Π p·g over what came back and Π (1 − p G(t)) over the rest.
import { COINS, mixtureQuantiles } from './predictive.js';
import { meanOf, posteriorOf, quantiles, youngUnits } from './posterior.js';

/** What is known of one key: units sold and returned, by the age of the sale and the lag of the return, in whole days. */
export interface Cohort {
  /** Age of the sale at the as-of moment, whole days, ≥ 0. */
  readonly age: number;
  readonly sold: number;
  /** Units that came back, by lag in whole days; each lag ≤ age. */
  readonly returned: ReadonlyMap<number, number>;
}

/** G: share of all returns within the horizon that have come by the end of day t; index = day, the last is 1. */
export interface Lag {
  readonly share: readonly number[];
}

function checkHorizon(horizon: number): void {
  if (!Number.isInteger(horizon) || horizon < 1 || horizon > 3650) throw new RangeError(`horizon must be 1 to 3650 whole days, got ${horizon}`);
}

function unitsReturned(c: Cohort, horizon: number): number {
  let sum = 0;
  if (c.returned.size > 0) for (const [lag, n] of c.returned) if (lag <= horizon) sum += n;
  return sum;
}

function checkCohort(c: Cohort): void {
  if (!Number.isInteger(c.age) || c.age < 0) throw new RangeError(`age must be a whole number of days, got ${c.age}`);
  if (!Number.isInteger(c.sold) || c.sold < 0) throw new RangeError(`sold must be a whole number of units, got ${c.sold}`);
  if (c.returned.size === 0) return;
  let sum = 0;
  for (const [lag, n] of c.returned) {
    if (!Number.isInteger(lag) || lag < 0 || lag > c.age) throw new RangeError(`a lag must be from 0 to the age of ${c.age} days, got ${lag}`);
    if (!Number.isInteger(n) || n < 0) throw new RangeError(`returned must be whole units, got ${n}`);
    sum += n;
  }
  if (sum > c.sold) throw new RangeError(`${sum} units came back of ${c.sold} sold; cap them first`);
}

/**
 * Lag distribution by the product-limit estimator on days 0 … horizon, divided by its value at the horizon. A sale of age t has
 * been watched on days 0 … t − 1 in full and in part on day t, which is counted as watched half. Where nothing came back, or
 * nothing is old enough to say, `fallback` (an exponential with the given mean, days) stands in, so that G is never 0 / 0.
 * Cost: linear in cohorts × lags + horizon.
 */
export function lagOf(cohorts: readonly Cohort[], horizon: number, fallbackMeanDays = 14): Lag {
  checkHorizon(horizon);
  cohorts.forEach(checkCohort);
  const events = new Array<number>(horizon + 1).fill(0);
  const leaving = new Array<number>(horizon + 2).fill(0);
  let atRisk = 0;
  for (const c of cohorts) {
    atRisk += c.sold;
    let gone = 0;
    for (const [lag, n] of c.returned) {
      if (lag > horizon) continue;
      events[lag] = (events[lag] as number) + n;
      leaving[lag + 1] = (leaving[lag + 1] as number) + n;
      gone += n;
    }
    if (c.age <= horizon) leaving[c.age + 1] = (leaving[c.age + 1] as number) + c.sold - gone;
  }
  const partial = new Array<number>(horizon + 1).fill(0);
  for (const c of cohorts) if (c.age <= horizon) partial[c.age] = (partial[c.age] as number) + c.sold - unitsReturned(c, horizon);
  const incidence: number[] = [];
  let surviving = 1;
  for (let day = 0; day <= horizon; day++) {
    atRisk -= leaving[day] as number;
    const watched = atRisk - 0.5 * (partial[day] as number);
    const hazard = watched > 0 ? Math.min(1, (events[day] as number) / watched) : 0;
    surviving *= 1 - hazard;
    incidence.push(1 - surviving);
  }
  const whole = incidence[horizon] as number;
  if (whole <= 0) {
    const end = 1 - Math.exp(-(horizon + 1) / fallbackMeanDays);
    return { share: incidence.map((_, day) => (1 - Math.exp(-(day + 1) / fallbackMeanDays)) / end) };
  }
  return { share: incidence.map((x) => x / whole) };
}

/** G at an age: a sale of age t (whole days) has had days 0 … t − 1 and half of day t to come back. */
export function shareBy(lag: Lag, age: number): number {
  const last = lag.share.length - 1;
  if (age > last) return 1;
  const before = age === 0 ? 0 : (lag.share[age - 1] as number);
  return 0.5 * (before + (lag.share[age] as number));
}

export interface BetaPrior {
  readonly alpha: number;
  readonly beta: number;
}

const LEAST_STRENGTH = 2;
const MOST_STRENGTH = 2_000;

/**
 * Beta prior of the rates of keys by moments on matured exposure e = Σ sold × G(age): mean Σx / Σe, variance between keys what
 * is left of the weighted spread of x/e after binomial noise. The strength κ = α + β is kept within 2 and 2,000: a handful of
 * keys says little about their spread, and a spread of none would make every key the same for ever. Without any exposure: Beta(1, 9).
 */
export function priorOf(keys: readonly { readonly returned: number; readonly exposure: number }[]): BetaPrior {
  const used = keys.filter((k) => k.exposure > 0);
  const exposure = used.reduce((s, k) => s + k.exposure, 0);
  const returned = used.reduce((s, k) => s + Math.min(k.returned, k.exposure), 0);
  if (exposure <= 0) return { alpha: 1, beta: 9 };
  // Half a return more and one unit more: a mean of exactly 0 or 1 has no Beta.
  const mean = (returned + 0.5) / (exposure + 1);
  const spread = used.reduce((s, k) => s + k.exposure * (Math.min(1, k.returned / k.exposure) - mean) ** 2, 0);
  const squares = used.reduce((s, k) => s + k.exposure ** 2, 0);
  const noise = (used.length - 1) * mean * (1 - mean);
  const between = (spread - noise) / Math.max(1e-12, exposure - squares / exposure);
  const strength = between > 0 ? Math.min(MOST_STRENGTH, Math.max(LEAST_STRENGTH, (mean * (1 - mean)) / between - 1)) : MOST_STRENGTH;
  return { alpha: mean * strength, beta: (1 - mean) * strength };
}

export interface ReturnRate {
  readonly sold: number;
  readonly returned: number;
  /** returned / sold: too low for everything recent. */
  readonly naive: number;
  /** Posterior mean of the rate at maturity, with an equal-tailed interval. */
  readonly rate: number;
  readonly lower: number;
  readonly upper: number;
  /** Units that will have come back within the horizon, those already back included. */
  readonly finalReturns: { readonly mean: number; readonly lower: number; readonly upper: number };
}

/**
 * Posterior of one key. `level`: coverage of the equal-tailed intervals, in (0, 1). What is still to come is, given p, a sum of
 * unequal coins q = p (1 − G) / (1 − p G); its distribution is taken as the binomial of the same mean, which is a little wider.
 */
export function returnRateOf(cohorts: readonly Cohort[], lag: Lag, prior: BetaPrior, level: number): ReturnRate {
  if (!(level > 0 && level < 1)) throw new RangeError(`level must be between 0 and 1, got ${level}`);
  cohorts.forEach(checkCohort);
  const horizon = lag.share.length - 1;
  const sold = cohorts.reduce((s, c) => s + c.sold, 0);
  const returned = cohorts.reduce((s, c) => s + unitsReturned(c, horizon), 0);
  // Units not back yet, by how much of their time is over; those whose time is over apart.
  const rest = new Map<number, number>();
  let matured = 0;
  for (const c of cohorts) {
    const g = shareBy(lag, c.age);
    const n = c.sold - unitsReturned(c, horizon);
    if (n === 0) continue;
    if (g >= 1) matured += n;
    else rest.set(g, (rest.get(g) ?? 0) + n);
  }
  const young = youngUnits([...rest.keys()], [...rest.values()]);
  const around = posteriorOf(prior.alpha - 1 + returned, prior.beta - 1 + matured, young);
  const tail = (1 - level) / 2;
  const quantile = quantiles(around);
  const coins = Array.from({ length: COINS }, (_, i) => ({ q: young.units === 0 ? 0 : Math.min(1, young.coming(quantile((i + 0.5) / COINS)) / young.units), weight: 1 / COINS }));
  const [least, most] = mixtureQuantiles(young.units, coins, [tail, 1 - tail]) as [number, number];
  return {
    sold, returned, naive: sold === 0 ? 0 : returned / sold, rate: meanOf(around, around.p), lower: quantile(tail), upper: quantile(1 - tail),
    finalReturns: { mean: returned + meanOf(around, around.coming), lower: returned + least, upper: returned + most },
  };
}

/**
 * Rates of all keys together: one lag over all of them and a prior from how they differ, then the posterior of each. Answers a
 * function of the key, so that who shows a page of keys pays for a page.
 */
export function ratesByKey(cohorts: ReadonlyMap<string, readonly Cohort[]>, horizonDays: number, level: number): (key: string) => ReturnRate {
  const lag = lagOf([...cohorts.values()].flat(), horizonDays);
  const prior = priorOf(Array.from(cohorts.values(), (list) => ({
    returned: list.reduce((s, c) => s + unitsReturned(c, horizonDays), 0), exposure: list.reduce((s, c) => s + c.sold * shareBy(lag, c.age), 0),
  })));
  return (key) => returnRateOf(cohorts.get(key) ?? [], lag, prior, level);
}
