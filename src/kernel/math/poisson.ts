// Poisson distribution by its mean.
import { incompleteGamma } from './gamma.js';
import { smallestCount } from './quantile-search.js';
import { poissonKernel } from './saddle-point.js';

const MOST_MEAN = 1e8;

function check(mean: number): void {
  if (!(mean >= 0 && mean <= MOST_MEAN)) throw new RangeError(`mean must be in [0, 1e8], got ${mean}`);
}

/** P(X = k), whole k ≥ 0; relative error below 1e-11 for counts up to 1e6. As SciPy's poisson.pmf. */
export function poissonMass(k: number, mean: number): number {
  check(mean);
  if (!Number.isSafeInteger(k) || k < 0) throw new RangeError(`k must be a whole number, got ${k}`);
  return poissonKernel(k, mean);
}

/** P(X ≤ k) = Q(k + 1, mean) for k any number (its whole part counts); error as incompleteGamma. As SciPy's poisson.cdf. */
export function poissonBelow(k: number, mean: number): number {
  check(mean);
  if (Number.isNaN(k)) throw new RangeError('k must be a number');
  if (k < 0) return 0;
  const whole = Math.floor(k);
  return whole >= 1e9 || mean === 0 ? 1 : incompleteGamma(whole + 1, mean).upper;
}

/** Smallest k with P(X ≤ k) ≥ level, level in (0, 1). As SciPy's poisson.ppf. */
export function poissonQuantile(level: number, mean: number): number {
  check(mean);
  return smallestCount((k) => poissonBelow(k, mean), level);
}
