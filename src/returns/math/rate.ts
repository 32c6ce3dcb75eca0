// Return rates under censoring: this week's sales have not had time to come back. Units throughout; times are days since the
// start of each unit's clock. Nothing here knows what a key is (SKU, lot, anchor …).
//
// Methods: pattern.ts for what all keys share; a Beta prior from how keys differ; the exact posterior on a grid under the
// likelihood Π p·g over what came back and Π (1 − p G(t)) over the rest, each line counted for as many units as came one by one;
// what is still to come as a compound of clumps, with the uncertainty of the rate and of the drift in it.
import { standardNormalQuantile } from '../../kernel/math/index.js';
import { checkCohort, type Cohort } from './cohorts.js';
import { clumpsToCome, heightVariance } from './coming.js';
import { intervalOf } from './compound.js';
import { Evidence, sketchOf, Tables, type Sketch } from './evidence.js';
import { patternOf, type ReturnPattern } from './pattern.js';
import { emptyPosterior, layPosterior, LEVELS, meanOf, quantileOf, varianceOf, youngUnits, type Posterior } from './posterior.js';
import { priorOf, type BetaPrior } from './prior.js';

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

/** How keys differ, and how far returns of a day hang together beyond a line (≥ 1). */
export interface Spread {
  readonly prior: BetaPrior;
  readonly dispersion: number;
}

function rateOf(evidence: Evidence, around: Posterior, { prior, dispersion }: Spread, level: number): ReturnRate {
  const { tables, sold, returned, counts, open } = evidence;
  const young = youngUnits(counts, open, 1 / dispersion);
  layPosterior(around, prior.alpha - 1 + evidence.came / dispersion, prior.beta - 1 + (counts[LEVELS] as number) / dispersion, young);
  const height = sold === 0 ? Math.min(1, 1 / tables.pattern.top) : evidence.height / sold;
  const tail = (1 - level) / 2;
  const mean = meanOf(around, around.p);
  // The rate's own interval and that of the drift are independent: their widths add as squares.
  const drift = Math.sqrt(sold === 0 ? 0 : heightVariance(evidence)) * standardNormalQuantile(1 - tail) * mean;
  const lower = mean - Math.hypot(mean - quantileOf(around, tail), drift);
  const upper = mean + Math.hypot(quantileOf(around, 1 - tail) - mean, drift);
  const total = meanOf(around, around.coming);
  const inUnits = total <= 0 ? { lower: 0, upper: 0 } : intervalOf(clumpsToCome(evidence, total, varianceOf(around, around.coming, total) / total ** 2, dispersion), sold - returned, level);
  return {
    sold, returned, naive: sold === 0 ? 0 : returned / sold, rate: mean * height, lower: Math.max(0, lower * height), upper: Math.min(1, upper * height),
    finalReturns: { mean: returned + total, lower: returned + inUnits.lower, upper: returned + inUnits.upper },
  };
}

function checkLevel(level: number): void {
  if (!(level > 0 && level < 1)) throw new RangeError(`level must be between 0 and 1, got ${level}`);
}

/** Posterior of one key. `level`: coverage of the intervals, in (0, 1). RangeError outside, or for a cohort that cannot be. */
export function returnRateOf(cohorts: readonly Cohort[], pattern: ReturnPattern, spread: Spread, level: number): ReturnRate {
  checkLevel(level);
  cohorts.forEach(checkCohort);
  return rateOf(new Evidence(new Tables(pattern)).read(cohorts), emptyPosterior(), spread, level);
}

/** Variance over mean of what came back of a key on a day's sales, beyond what one line explains: lines of one order come back together. */
function dispersionOf(keys: readonly Sketch[], { alpha, beta }: BetaPrior): number {
  let [chi, spread] = [PRIOR_DAYS, PRIOR_DAYS];
  for (const k of keys) {
    const p = (k.returned + alpha) / (Math.max(k.returned, k.exposure) + alpha + beta);
    chi += k.square - 2 * p * k.product + p * p * k.exposureSquare;
    spread += p * k.exposure * Math.max(0.05, 1 - p);
  }
  return Math.max(1, chi / spread);
}

/** Weight of the opinion that lines come back each for itself. */
const PRIOR_DAYS = 5;

/**
 * Rates of all keys together: one pattern over all of them and a prior from how they differ, then the posterior of each. Answers a
 * function of the key, so that who shows a page of keys pays for a page. A key's cohorts are in the order of their ages.
 */
export function ratesByKey(cohorts: ReadonlyMap<string, readonly Cohort[]>, horizonDays: number, level: number): (key: string) => ReturnRate {
  checkLevel(level);
  const tables = new Tables(patternOf(cohorts.values(), horizonDays));
  const keys = Array.from(cohorts.values(), (list) => sketchOf(tables, list));
  const prior = priorOf(keys, tables.pattern.top);
  const spread = { prior, dispersion: dispersionOf(keys, prior) };
  const [evidence, around] = [new Evidence(tables), emptyPosterior()];
  return (key) => rateOf(evidence.read(cohorts.get(key) ?? []), around, spread, level);
}
