// Parts of the saddle-point expansion (C. Loader, "Fast and accurate computation of binomial probabilities", 2000), as R uses
// them: masses are computed from small corrections, so that nothing large cancels, whatever the size of the counts.

const HALF_LOG_TWO_PI = 0.9189385332046727;
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
  1.5056327351493116e-7,
] as const;

/** ln Γ(x), x > 0 and finite. Lanczos (1964) with g = 7 and nine terms; relative error below 1e-14 away from the zeros at 1 and 2, absolute there. Throws RangeError elsewhere. */
export function logGamma(x: number): number {
  if (!(x > 0) || !Number.isFinite(x)) throw new RangeError(`x must be positive and finite, got ${x}`);
  if (x < 0.5) return logGamma(x + 1) - Math.log(x);
  const z = x - 1;
  let sum = LANCZOS[0];
  for (let i = 1; i < LANCZOS.length; i++) sum += (LANCZOS[i] as number) / (z + i);
  const t = z + 7.5;
  return HALF_LOG_TWO_PI + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** ln x! − Stirling's formula (½ ln 2πx + x ln x − x), x > 0. Absolute error below 1e-13. */
function stirlingError(x: number): number {
  if (x <= 15) return logGamma(x + 1) - (x + 0.5) * Math.log(x) + x - HALF_LOG_TWO_PI;
  const xx = x * x;
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / xx) / xx) / xx) / xx) / x;
}

/** Half the deviance of x against its mean m: x ln(x/m) + m − x; by a series where both are close. x, m > 0. */
function halfDeviance(x: number, mean: number): number {
  const difference = x - mean;
  if (Math.abs(difference) >= 0.1 * (x + mean)) return x * Math.log(x / mean) + mean - x;
  const v = difference / (x + mean);
  let sum = difference * v;
  let term = 2 * x * v;
  for (let j = 1; ; j++) {
    term *= v * v;
    const next = sum + term / (2 * j + 1);
    if (next === sum) return next;
    sum = next;
  }
}

/** e^(−mean) mean^x / Γ(x + 1) for real x ≥ 0, mean ≥ 0: the Poisson mass, and the front factor of the gamma distribution. */
export function poissonKernel(x: number, mean: number): number {
  if (mean === 0) return x === 0 ? 1 : 0;
  if (x === 0) return Math.exp(-mean);
  return Math.exp(-stirlingError(x) - halfDeviance(x, mean)) / Math.sqrt(2 * Math.PI * x);
}

/**
 * Γ(x+y+1)/(Γ(x+1) Γ(y+1)) p^x (1−p)^y for real x, y ≥ 0, 0 ≤ p ≤ 1: the binomial mass of x in x + y, and the front factor of the
 * beta distribution. Both counts are given, as the smaller one cannot be told from a sum with a far larger one.
 */
export function binomialKernel(x: number, y: number, p: number): number {
  if (p === 0) return x === 0 ? 1 : 0;
  if (p === 1) return y === 0 ? 1 : 0;
  if (x === 0) return Math.exp(y * Math.log1p(-p));
  if (y === 0) return Math.exp(x * Math.log(p));
  const n = x + y;
  const log = stirlingError(n) - stirlingError(x) - stirlingError(y) - halfDeviance(x, n * p) - halfDeviance(y, n * (1 - p));
  return Math.exp(log) / Math.sqrt(2 * Math.PI * x * (y / n));
}

/** ψ(x), the derivative of ln Γ, x > 0 and finite: recurrence up to 10, then its asymptotic series; absolute error below 1e-13 for x ≥ 0.01. Throws RangeError elsewhere. */
export function digamma(x: number): number {
  if (!(x > 0) || !Number.isFinite(x)) throw new RangeError(`x must be positive and finite, got ${x}`);
  let shift = 0;
  let z = x;
  while (z < 10) shift += 1 / z++;
  const s = 1 / (z * z);
  return Math.log(z) - 0.5 / z - s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - (s * 691) / 32760))))) - shift;
}
