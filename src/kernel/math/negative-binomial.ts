// Negative binomial by shape r > 0 and success probability p in (0, 1]: X = failures before the r-th success,
// mean r(1 − p)/p. The gamma-Poisson predictive of shape a, rate b over exposure e is NB(a, b/(b + e)).

import { betaBelow } from './beta.js';
import { gammaBelow } from './gamma.js';
import { standardNormalQuantile } from './normal.js';
import { logGamma } from './saddle-point.js';

export interface NegativeBinomial {
  readonly shape: number;
  readonly probability: number;
}

function check(d: NegativeBinomial): void {
  if (!(d.shape > 0) || !Number.isFinite(d.shape)) throw new RangeError(`shape must be positive and finite, got ${d.shape}`);
  if (!(d.probability > 0 && d.probability <= 1)) throw new RangeError(`probability must be in (0, 1], got ${d.probability}`);
}

export const negativeBinomialMean = (d: NegativeBinomial): number => {
  check(d);
  return (d.shape * (1 - d.probability)) / d.probability;
};

/** Logarithms of small whole numbers: walks over masses ask for the same ones again and again. */
const WHOLE_LOGS = Float64Array.from({ length: 1024 }, (_, n) => Math.log(n));

/** ln P(X = k) for k = 0, 1, …, by the recursion P(k+1) = P(k) (r + k)(1 − p)/(k + 1); in logarithms so that P(0) cannot underflow. */
export class LogMasses {
  k = 0;
  log: number;
  private readonly shape: number;
  private readonly logQ: number;

  constructor(d: NegativeBinomial) {
    check(d);
    this.shape = d.shape;
    this.logQ = Math.log1p(-d.probability);
    this.log = d.shape * Math.log(d.probability);
  }

  /** To the next count. */
  advance(): void {
    const next = this.k + 1;
    this.log += Math.log(this.shape + this.k) - (next < WHOLE_LOGS.length ? (WHOLE_LOGS[next] as number) : Math.log(next)) + this.logQ;
    this.k = next;
  }
}

/** Up to this mean masses are summed, about as fast as one incomplete beta; beyond, quantiles are searched for. */
const SUMMED_MEAN = 200;
/** Where shape and mean are both this large the distribution is so nearly normal (skewness below 0.007) that three moments more say the rest. */
const NEARLY_NORMAL = 1e5;
/** The incomplete beta function takes no larger arguments. */
const MOST_COUNTED = 1e9;

/**
 * Smallest k with P(X ≤ k) ≥ level, for levels in ascending order (as R's qnbinom); a level met but for rounding (1e-12)
 * counts as met. To the unit for means up to some ten million, to one part in 1e7 up to counts of 1e9; beyond that the gamma
 * distribution stands in (one part in 1e6), and for shape and mean both beyond 1e5 Cornish and Fisher's expansion (1e-6 of a
 * standard deviation, or one unit). Cost: up to a mean of 200 linear in the largest quantile, else some ten incomplete betas a
 * level. Throws RangeError for levels outside (0, 1) or out of order.
 */
export function negativeBinomialQuantiles(d: NegativeBinomial, levels: readonly number[]): number[] {
  check(d);
  levels.forEach((level, i) => {
    if (!(level > 0 && level < 1)) throw new RangeError(`a level must be in (0, 1), got ${level}`);
    if (i > 0 && level < (levels[i - 1] as number)) throw new RangeError('levels must ascend');
  });
  if (d.probability === 1) return levels.map(() => 0);
  const mean = negativeBinomialMean(d);
  if (mean <= SUMMED_MEAN) return summedQuantiles(d, levels);
  if (mean > NEARLY_NORMAL && d.shape > NEARLY_NORMAL) return levels.map((level) => expandedQuantile(d, mean, level));
  // With a mean of at most 1e5 a shape beyond 1e9 changes the deviation by less than one part in 10,000.
  const counted = d.shape > MOST_COUNTED ? { shape: MOST_COUNTED, probability: MOST_COUNTED / (MOST_COUNTED + mean) } : d;
  const alike = gammaAlike(counted, mean);
  const below = (k: number): number => (k >= MOST_COUNTED ? alike(k) : negativeBinomialBelow(counted, k));
  const found: number[] = [];
  for (const level of levels) found.push(searchedQuantile(counted, mean, below, level, (found.at(-1) ?? 0) - 1));
  return found;
}

function summedQuantiles(d: NegativeBinomial, levels: readonly number[]): number[] {
  const found: number[] = [];
  let sum = 0;
  for (const at = new LogMasses(d); ; at.advance()) {
    const { k, log } = at;
    sum += Math.exp(log);
    // 1e-12 absorbs the rounding of the sum where a level is met exactly.
    while (found.length < levels.length && sum + 1e-12 >= (levels[found.length] as number)) found.push(k);
    if (found.length === levels.length) return found;
    // Levels closer to 1 than the sum can come are met where masses have died out.
    if (k > d.shape && log < -745) return [...found, ...levels.slice(found.length).map(() => k)];
  }
}

/** P(X ≤ k) of a gamma variable with the moments of X, half a unit added for X being whole. */
function gammaAlike(d: NegativeBinomial, mean: number): (k: number) => number {
  const rate = d.probability;
  const shape = Math.min(MOST_COUNTED, mean * rate);
  return (k) => gammaBelow(k + 0.5, shape, rate);
}

/** Cornish-Fisher by skewness and kurtosis (Abramowitz and Stegun 26.2.49), with the correction for whole numbers. */
function expandedQuantile(d: NegativeBinomial, mean: number, level: number): number {
  const deviation = Math.sqrt(mean / d.probability);
  const skewness = (2 - d.probability) / Math.sqrt(d.shape * (1 - d.probability));
  const kurtosis = 6 / d.shape + d.probability ** 2 / (d.shape * (1 - d.probability));
  const z = standardNormalQuantile(level);
  const w = z + (skewness * (z * z - 1)) / 6 + (kurtosis * (z ** 3 - 3 * z)) / 24 - (skewness * skewness * (2 * z ** 3 - 5 * z)) / 36;
  return Math.max(0, Math.ceil(mean + deviation * w - 0.5));
}

/** Newton's steps between two ends that close in on the answer; where they are slow or lead outside, the (geometric) middle. @param from a count known not to reach the level */
function searchedQuantile(d: NegativeBinomial, mean: number, below: (k: number) => number, level: number, from: number): number {
  const [logP, logQ, logGammaShape] = [Math.log(d.probability), Math.log1p(-d.probability), logGamma(d.shape)];
  const mass = (k: number): number => Math.exp(logGamma(d.shape + k) - logGammaShape - logGamma(k + 1) + d.shape * logP + k * logQ);
  let [low, high] = [from, Infinity];
  // The lower tail of a small shape goes as a power of k; the rest starts from the mean.
  let k = Math.max(low + 1, Math.floor(d.shape < 1 ? mean * level ** (1 / d.shape) : mean));
  for (let step = 1; ; step++) {
    const reached = below(k);
    if (reached >= level * (1 - 1e-12)) high = k;
    else low = k;
    if (high - low === 1) return high;
    const newton = k + (level - reached) / mass(k);
    const next = high === k ? Math.min(k - 1, Math.floor(newton)) : Math.max(k + 1, Math.ceil(newton));
    if (next > low && next < high && step % 4 !== 0) k = next;
    else if (high === Infinity) k = 2 * low + 2;
    else k = high > 16 * (low + 2) ? Math.floor(Math.sqrt((low + 2) * high)) : low + Math.floor((high - low) / 2);
    if (!Number.isSafeInteger(k)) throw new RangeError(`a quantile is too large to be counted: mean ${mean}, level ${level}`);
  }
}

/** P(X ≤ k) = I_p(r, k + 1) for k any number (its whole part counts), shapes up to 1e9; error as betaBelow. As SciPy's nbinom.cdf. */
export function negativeBinomialBelow(d: NegativeBinomial, k: number): number {
  check(d);
  if (Number.isNaN(k)) throw new RangeError('k must be a number');
  if (k < 0) return 0;
  return Math.floor(k) >= 1e9 ? 1 : betaBelow(d.probability, d.shape, Math.floor(k) + 1);
}
