// Beta-binomial distribution: x of n units where the chance itself is Beta(alpha, beta): what a sample says about the rest of its lot.
import { checkLevel, isReached } from './quantile-search.js';
import { logGamma } from './saddle-point.js';

function check(n: number, alpha: number, beta: number): void {
  if (!Number.isSafeInteger(n) || n < 0 || n > 1e7) throw new RangeError(`n must be a whole number up to 1e7, got ${n}`);
  if (!(alpha > 0 && alpha <= 1e6)) throw new RangeError(`alpha must be in (0, 1e6], got ${alpha}`);
  if (!(beta > 0 && beta <= 1e6)) throw new RangeError(`beta must be in (0, 1e6], got ${beta}`);
}

/** P(X = k), k = 0 … n, by the ratio of neighbours from the logarithm of P(X = 0). Cost: linear in n. Sums to 1 within 1e-8. */
export const betaBinomialMasses = (n: number, alpha: number, beta: number): number[] => [...massesFrom(n, alpha, beta)];

function* massesFrom(n: number, alpha: number, beta: number): Generator<number> {
  check(n, alpha, beta);
  let log = logGamma(beta + n) + logGamma(alpha + beta) - logGamma(alpha + beta + n) - logGamma(beta);
  yield Math.exp(log);
  for (let k = 0; k < n; k++) {
    log += Math.log(((n - k) / (k + 1)) * ((alpha + k) / (beta + n - k - 1)));
    yield Math.exp(log);
  }
}

/** P(X ≤ k) for k any number (its whole part counts). As SciPy's betabinom.cdf; absolute error below 1e-8. Cost: linear in n. */
export function betaBinomialBelow(k: number, n: number, alpha: number, beta: number): number {
  if (Number.isNaN(k)) throw new RangeError('k must be a number');
  const masses = betaBinomialMasses(n, alpha, beta);
  if (k < 0) return 0;
  if (k >= n) return 1;
  let sum = 0;
  for (let i = 0; i <= k; i++) sum += masses[i] as number;
  return Math.min(1, sum);
}

/** Smallest k with P(X ≤ k) ≥ level, level in (0, 1). As SciPy's betabinom.ppf. Cost: linear in n. */
export function betaBinomialQuantile(level: number, n: number, alpha: number, beta: number): number {
  checkLevel(level);
  let k = 0;
  let sum = 0;
  // No further than the quantile: a cautious one has most of the masses above it.
  for (const mass of massesFrom(n, alpha, beta)) {
    sum += mass;
    if (k >= n || isReached(sum, level)) return k;
    k++;
  }
  return n;
}
