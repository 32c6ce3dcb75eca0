// How long returns take: the share of them that has come by an age.

/** G: share of all returns within the horizon that have come by the end of day t; index = day, the last is 1. */
export interface Lag {
  readonly share: readonly number[];
}

/** G at an age: a sale of age t (whole days) has had days 0 … t − 1 and half of day t to come back. */
export function shareBy(lag: Lag, age: number): number {
  const last = lag.share.length - 1;
  if (age > last) return 1;
  const before = age === 0 ? 0 : (lag.share[age - 1] as number);
  return 0.5 * (before + (lag.share[age] as number));
}

/** Sales of one age, in any weight: so much was sold, and came back by lag in whole days. */
export interface Watched {
  readonly age: number;
  readonly weight: number;
  /** Pairs of lag, each ≤ age, and weight; together at most `weight`. */
  readonly returned: readonly (readonly [lag: number, weight: number])[];
}

export function checkHorizon(horizon: number): void {
  if (!Number.isInteger(horizon) || horizon < 1 || horizon > 3650) throw new RangeError(`horizon must be 1 to 3650 whole days, got ${horizon}`);
}

/** Days of mean lag where nothing came back, or nothing is old enough to say. */
const FALLBACK_DAYS = 14;
/** A day's hazard counts only where at least this share of all sales was watched through it: the last days hang on a handful. */
const LEAST_WATCHED = 0.02;

/** Exponential lag cut at the horizon. */
function exponential(horizon: number): Lag {
  const by = (day: number): number => 1 - Math.exp(-(day + 1) / FALLBACK_DAYS);
  return { share: Array.from({ length: horizon + 1 }, (_, day) => by(day) / by(horizon)) };
}

/**
 * Lag distribution by the product-limit estimator (Kaplan and Meier 1958) on days 0 … horizon, divided by its value at the horizon.
 * Where returning is the only way to end before the horizon this equals the Aalen-Johansen cumulative incidence. A sale of age t
 * has been watched on days 0 … t − 1 in full and in part on day t, which is counted as watched half. Later days than any sale has
 * been watched on continue with a hazard that falls as it did over the two last thirds of those seen: a merchant of two months has
 * not seen all the returns of half a year, and a single sale that is older than the rest changes nothing of that. Without returns an exponential of 14 days stands in, so that G is never 0 / 0. Weight
 * by lines, not units: in real data a few huge lines decide the units (the share back within 30 days is .75 by lines, .45 by units).
 * Cost: linear in what is watched + horizon.
 */
export function productLimit(watched: Iterable<Watched>, horizon: number): Lag {
  checkHorizon(horizon);
  const events = new Float64Array(horizon + 1);
  const leaving = new Float64Array(horizon + 2);
  const partial = new Float64Array(horizon + 1);
  let atRisk = 0;
  let oldest = -1;
  for (const w of watched) {
    if (w.weight <= 0) continue;
    atRisk += w.weight;
    oldest = Math.max(oldest, w.age);
    let gone = 0;
    for (const [lag, n] of w.returned) {
      if (lag > horizon) continue;
      events[lag] = (events[lag] as number) + n;
      leaving[lag + 1] = (leaving[lag + 1] as number) + n;
      gone += n;
    }
    if (w.age > horizon) continue;
    leaving[w.age + 1] = (leaving[w.age + 1] as number) + w.weight - gone;
    partial[w.age] = (partial[w.age] as number) + w.weight - gone;
  }
  const whole = atRisk;
  const hazards = new Float64Array(horizon + 1);
  let last = -1;
  for (let day = 0; day <= horizon; day++) {
    atRisk -= leaving[day] as number;
    const seen = atRisk - 0.5 * (partial[day] as number);
    hazards[day] = seen > 0 ? Math.min(1, (events[day] as number) / seen) : 0;
    if (seen >= LEAST_WATCHED * whole && day < oldest) last = day;
  }
  if (!hazards.some((h) => h > 0)) return exponential(horizon);
  extend(hazards, last);
  const incidence: number[] = [];
  let surviving = 1;
  for (const hazard of hazards) incidence.push(1 - (surviving *= 1 - hazard));
  const end = incidence[horizon] as number;
  return { share: incidence.map((x) => x / end) };
}

/** Days that must have been watched before their fall is continued; and how fast it may be, by the day. */
const LEAST_DAYS = 12;
const [SLOWEST_FALL, FASTEST_FALL] = [Math.exp(-1 / 45), Math.exp(-1 / 5)] as const;

/** Writes the hazards of the days after `last`, from how those before fell. */
function extend(hazards: Float64Array, last: number): void {
  if (last >= hazards.length - 1 || last + 1 < LEAST_DAYS) return;
  const third = Math.floor((last + 1) / 3);
  let [early, late] = [0, 0];
  for (let i = 0; i < third; i++) {
    late += hazards[last - i] as number;
    early += hazards[last - third - i] as number;
  }
  if (early + late <= 0) return;
  const fall = Math.min(SLOWEST_FALL, Math.max(FASTEST_FALL, (late / Math.max(early, 1e-12)) ** (1 / third)));
  // The level at the end of the last third, where the hazards of that third are taken to fall at the same pace.
  let sum = 0;
  for (let i = 0; i < third; i++) sum += fall ** -i;
  let level = late / sum;
  for (let day = last + 1; day < hazards.length; day++) hazards[day] = Math.max(hazards[day] as number, (level *= fall));
}
