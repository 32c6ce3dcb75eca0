// Negative binomial by shape r > 0 and success probability p in (0, 1]: X = failures before the r-th success,
// mean r(1 − p)/p. The gamma-Poisson predictive of shape a, rate b over exposure e is NB(a, b/(b + e)).

import { betaBelow } from './beta.js';
import { standardNormalQuantile } from './normal.js';

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

/** P(X = k) for k = 0, 1, …, by the recursion P(k+1) = P(k) (r + k)(1 − p)/(k + 1); in logarithms so that P(0) cannot underflow. */
export function* negativeBinomialLogMass(d: NegativeBinomial): Generator<number, never> {
  check(d);
  const logQ = Math.log1p(-d.probability);
  let log = d.shape * Math.log(d.probability);
  for (let k = 0; ; k++) {
    yield log;
    log += Math.log(d.shape + k) - Math.log(k + 1) + logQ;
  }
}

/** Past this mean the normal approximation with the same moments is used (its error in a quantile is below one part in 10,000 there). */
const EXACT_UP_TO = 200_000;

/**
 * Smallest k with P(X ≤ k) ≥ level, for levels in ascending order (as R's qnbinom). Cost: linear in the largest quantile.
 * Throws RangeError for levels outside (0, 1) or out of order.
 */
export function negativeBinomialQuantiles(d: NegativeBinomial, levels: readonly number[]): number[] {
  check(d);
  levels.forEach((level, i) => {
    if (!(level > 0 && level < 1)) throw new RangeError(`a level must be in (0, 1), got ${level}`);
    if (i > 0 && level < (levels[i - 1] as number)) throw new RangeError('levels must ascend');
  });
  const mean = negativeBinomialMean(d);
  if (d.probability === 1) return levels.map(() => 0);
  if (mean > EXACT_UP_TO) {
    const deviation = Math.sqrt(mean / d.probability);
    return levels.map((level) => Math.max(0, Math.round(mean + deviation * standardNormalQuantile(level))));
  }
  const found: number[] = [];
  let sum = 0;
  let k = 0;
  for (const log of negativeBinomialLogMass(d)) {
    sum += Math.exp(log);
    // 1e-12 absorbs the rounding of the sum where a level is met exactly.
    while (found.length < levels.length && sum + 1e-12 >= (levels[found.length] as number)) found.push(k);
    if (found.length === levels.length) return found;
    k++;
  }
  throw new Error('unreachable');
}

/** P(X ≤ k) = I_p(r, k + 1) for k any number (its whole part counts), shapes up to 1e9; error as betaBelow. As SciPy's nbinom.cdf. */
export function negativeBinomialBelow(d: NegativeBinomial, k: number): number {
  check(d);
  if (Number.isNaN(k)) throw new RangeError('k must be a number');
  if (k < 0) return 0;
  return Math.floor(k) >= 1e9 ? 1 : betaBelow(d.probability, d.shape, Math.floor(k) + 1);
}
