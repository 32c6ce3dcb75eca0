// Returned goods as supply: how many units of what was delivered will be back, graded and sellable by a date, said cautiously.
// A returned unit fills an order only once it is on the shelf again, so the answer is a low quantile, not a mean.
import { betaBinomialQuantile } from '../../kernel/math/index.js';
import { shareBy, type Lag } from './lag.js';

/** Units delivered and not asked back yet, by whole days since delivery. */
export interface DeliveredUnits {
  readonly age: number;
  readonly units: number;
}

/**
 * Mean number of delivered units that will be asked back within `days` more days: Σ n p (G(t + days) − G(t)) / (1 − p G(t)),
 * mathematics of censored returns (rate.ts). rate: share that comes back in the end, 0 ≤ rate < 1.
 */
export function askedBackWithin(delivered: readonly DeliveredUnits[], rate: number, lag: Lag, days: number): number {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`rate must be from 0 to below 1, got ${rate}`);
  if (!Number.isInteger(days) || days < 0) throw new RangeError(`days must be a whole number, got ${days}`);
  return delivered.reduce((s, d) => {
    const before = shareBy(lag, d.age);
    return s + (d.units * rate * Math.max(0, shareBy(lag, d.age + days) - before)) / (1 - rate * before);
  }, 0);
}

export interface ReflowInput {
  /** Units asked back whose goods have not come yet, by whole days since they were asked for. */
  readonly announced: readonly { readonly age: number; readonly units: number }[];
  readonly delivered: readonly DeliveredUnits[];
  readonly rate: number;
  readonly lag: Lag;
  /** Days from the request to the shelf, said late rather than early. */
  readonly shelfDays: number;
  /** Of units that were asked back long enough ago: how many are sellable again, and how many are not. */
  readonly usable: number;
  readonly lost: number;
}

/** How much one prior case weighs: a yield that nobody has seen is taken for one half. */
const PRIOR_CASES = 1;
/** Weight of the mean share among those who have not asked yet: what a season or a fashion can do to it. */
const SHARE_STRENGTH = 30;
/** Nine times of ten at least this much comes. */
export const CAUTION = 0.1;

export interface DatedReflow {
  /** Whole days from now. */
  readonly day: number;
  /** Usable units by the end of that day, cautiously and on average. */
  readonly units: number;
  readonly mean: number;
}

/**
 * Usable units that are back on the shelf by the end of one day from now. The cautious number adds the low quantiles of what was
 * announced and of what nobody has asked for yet; a sum of low quantiles is lower than the low quantile of the sum. More is back by a
 * later day: both counts grow with it, and so do their quantiles.
 */
export function usableReflowBy(input: ReflowInput, day: number): DatedReflow {
  const { shelfDays, usable, lost } = input;
  const alpha = usable + PRIOR_CASES;
  const beta = lost + PRIOR_CASES;
  const open = input.delivered.reduce((s, d) => s + d.units, 0);
  const back = input.announced.reduce((s, a) => (a.age + day >= shelfDays ? s + a.units : s), 0);
  const asked = day > shelfDays ? askedBackWithin(input.delivered, input.rate, input.lag, day - shelfDays) : 0;
  const share = open === 0 ? 0 : asked / open;
  const later = share <= 0 ? 0 : betaBinomialQuantile(CAUTION, open, SHARE_STRENGTH * share, SHARE_STRENGTH * (1 - share));
  return { day, units: betaBinomialQuantile(CAUTION, back, alpha, beta) + betaBinomialQuantile(CAUTION, later, alpha, beta), mean: (back + asked) * (alpha / (alpha + beta)) };
}

/** The same by each of the next days, cumulative. */
export function usableReflow(input: ReflowInput, horizonDays: number): DatedReflow[] {
  const dated: DatedReflow[] = [];
  for (let day = 1; day <= horizonDays; day++) {
    const { units, mean } = usableReflowBy(input, day);
    const before = dated.at(-1);
    dated.push({ day, units: Math.max(before?.units ?? 0, units), mean: Math.max(before?.mean ?? 0, mean) });
  }
  return dated;
}
