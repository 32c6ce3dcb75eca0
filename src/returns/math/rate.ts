// Return rates under censoring: this week's sales have not had time to come back. Units throughout; times are days since the
// start of each unit's clock. Nothing here knows what a key is (SKU, lot, anchor …).
//
// Methods: Kaplan and Meier (1958) for the lag, which equals the Aalen-Johansen cumulative incidence where returning is the only
// way to end before the horizon; a Beta prior by the moments of keys on matured exposure; the exact posterior on a grid under the
// likelihood Π p·g over what came back and Π (1 − p G(t)) over the rest.

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

const unitsReturned = (c: Cohort, horizon: number): number => [...c.returned].reduce((s, [lag, n]) => (lag <= horizon ? s + n : s), 0);

function checkCohort(c: Cohort): void {
  if (!Number.isInteger(c.age) || c.age < 0) throw new RangeError(`age must be a whole number of days, got ${c.age}`);
  if (!Number.isInteger(c.sold) || c.sold < 0) throw new RangeError(`sold must be a whole number of units, got ${c.sold}`);
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

const COARSE = 200;
const GRID = 400;

/** Normal distribution function (Abramowitz and Stegun 26.2.17, error below 7.5e-8). */
function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z >= 0 ? 1 - tail : tail;
}

/** Points that stand for the posterior where whole units are predicted. */
const COINS = 32;

/** Smallest k with P(X ≤ k) ≥ each level (ascending), for a mixture of binomials of n trials: exactly up to 2,000 trials, by normals with continuity correction beyond. */
function mixtureQuantiles(n: number, coins: readonly { readonly q: number; readonly weight: number }[], levels: readonly number[]): number[] {
  if (n === 0) return levels.map(() => 0);
  if (n > 2_000) {
    return levels.map((level) => {
      let [low, high] = [-1, n];
      while (high - low > 1) {
        const k = Math.floor((low + high) / 2);
        const below = coins.reduce((s, { q, weight }) => s + weight * normalBelow((k + 0.5 - n * q) / Math.sqrt(Math.max(1e-12, n * q * (1 - q)))), 0);
        if (below >= level) high = k;
        else low = k;
      }
      return high;
    });
  }
  const logs = coins.map(({ q }) => n * Math.log1p(-q));
  const odds = coins.map(({ q }) => Math.log(q) - Math.log1p(-q));
  const found: number[] = [];
  let sum = 0;
  for (let k = 0; k <= n && found.length < levels.length; k++) {
    for (let i = 0; i < coins.length; i++) {
      const { q, weight } = coins[i] as (typeof coins)[number];
      if (q <= 0) sum += k === 0 ? weight : 0;
      else if (q >= 1) sum += k === n ? weight : 0;
      else {
        sum += weight * Math.exp(logs[i] as number);
        logs[i] = (logs[i] as number) + Math.log((n - k) / (k + 1)) + (odds[i] as number);
      }
    }
    while (found.length < levels.length && sum + 1e-9 >= (levels[found.length] as number)) found.push(k);
  }
  return [...found, ...levels.slice(found.length).map(() => n)];
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
  // Units not back yet, by how much of their time is over.
  const rest = new Map<number, number>();
  for (const c of cohorts) {
    const g = shareBy(lag, c.age);
    const n = c.sold - unitsReturned(c, horizon);
    if (n > 0) rest.set(g, (rest.get(g) ?? 0) + n);
  }
  const shares = Float64Array.from([...rest.keys()], (g) => Math.min(g, 1 - 1e-12));
  const counts = Float64Array.from(rest.values());
  const around = posterior((p) => {
    let log = (prior.alpha - 1 + returned) * Math.log(p) + (prior.beta - 1) * Math.log1p(-p);
    for (let i = 0; i < shares.length; i++) log += (counts[i] as number) * Math.log1p(-p * (shares[i] as number));
    return log;
  });
  const tail = (1 - level) / 2;
  const quantile = (q: number): number => {
    let sum = 0;
    for (const { p, weight } of around) {
      sum += weight;
      if (sum >= q) return p;
    }
    return around[around.length - 1]?.p ?? 0;
  };
  const rate = around.reduce((s, { p, weight }) => s + p * weight, 0);
  const waiting = counts.reduce((s, n) => s + n, 0);
  const coming = (p: number): number => {
    let sum = 0;
    for (let i = 0; i < shares.length; i++) sum += ((counts[i] as number) * p * (1 - (shares[i] as number))) / (1 - p * (shares[i] as number));
    return sum;
  };
  const mean = around.reduce((s, { p, weight }) => s + coming(p) * weight, 0);
  const coins = Array.from({ length: COINS }, (_, i) => ({ q: waiting === 0 ? 0 : Math.min(1, coming(quantile((i + 0.5) / COINS)) / waiting), weight: 1 / COINS }));
  const [least, most] = mixtureQuantiles(waiting, coins, [tail, 1 - tail]) as [number, number];
  return {
    sold, returned, naive: sold === 0 ? 0 : returned / sold, rate, lower: quantile(tail), upper: quantile(1 - tail),
    finalReturns: { mean: returned + mean, lower: returned + least, upper: returned + most },
  };
}

/** The posterior of p on a grid over where a first, coarse grid has its mass: a narrow one falls between the points of a coarse one. */
function posterior(logAt: (p: number) => number): { readonly p: number; readonly weight: number }[] {
  const coarse = Array.from({ length: COARSE }, (_, i) => (i + 0.5) / COARSE);
  const logs = coarse.map(logAt);
  const best = Math.max(...logs);
  const alive = coarse.filter((_, i) => (logs[i] as number) > best - 30);
  const from = Math.max(1e-9, (alive[0] as number) - 1 / COARSE);
  const to = Math.min(1 - 1e-9, (alive[alive.length - 1] as number) + 1 / COARSE);
  const fine = Array.from({ length: GRID }, (_, i) => from + ((i + 0.5) / GRID) * (to - from));
  const values = fine.map(logAt);
  const top = Math.max(...values);
  const weights = values.map((v) => Math.exp(v - top));
  const sum = weights.reduce((s, w) => s + w, 0);
  return fine.map((p, i) => ({ p, weight: (weights[i] as number) / sum }));
}
