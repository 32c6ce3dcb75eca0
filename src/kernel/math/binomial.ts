// Binomial distribution: x of n units, each with chance p.
import { betaBelow } from './beta.js';
import { smallestCount } from './quantile-search.js';
import { binomialKernel } from './saddle-point.js';

function check(n: number, p: number): void {
  if (!Number.isSafeInteger(n) || n < 0 || n >= 1e9) throw new RangeError(`n must be a whole number below 1e9, got ${n}`);
  if (!(p >= 0 && p <= 1)) throw new RangeError(`p must be in [0, 1], got ${p}`);
}

/** P(X = k), whole 0 ≤ k ≤ n; relative error below 1e-11 for counts up to 1e6. As SciPy's binom.pmf. */
export function binomialMass(k: number, n: number, p: number): number {
  check(n, p);
  if (!Number.isSafeInteger(k) || k < 0 || k > n) throw new RangeError(`k must be a whole number from 0 to ${n}, got ${k}`);
  return binomialKernel(k, n - k, p);
}

/** P(X ≤ k) = I_(1−p)(n − k, k + 1) for k any number (its whole part counts); error as betaBelow. As SciPy's binom.cdf. */
export function binomialBelow(k: number, n: number, p: number): number {
  check(n, p);
  if (Number.isNaN(k)) throw new RangeError('k must be a number');
  if (k < 0) return 0;
  const whole = Math.floor(k);
  return whole >= n ? 1 : betaBelow(1 - p, n - whole, whole + 1);
}

/** Smallest k with P(X ≤ k) ≥ level, level in (0, 1). As SciPy's binom.ppf. */
export function binomialQuantile(level: number, n: number, p: number): number {
  check(n, p);
  return smallestCount((k) => binomialBelow(k, n, p), level);
}
