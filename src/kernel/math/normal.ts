// The standard normal distribution, and the normal loss function of inventory theory.
import { incompleteGamma } from './gamma.js';
import { checkLevel } from './quantile-search.js';

const number = (z: number): void => {
  if (Number.isNaN(z)) throw new RangeError('z must be a number');
};

/** φ(z). */
export function normalDensity(z: number): number {
  number(z);
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/** Φ(z) = P(Z ≤ z), as ½ Q(½, z²/2) in the lower tail; relative error below 1e-12 in both tails of z in [−37, 37] (the upper tail is normalBelow(−z)). */
export function normalBelow(z: number): number {
  number(z);
  const { lower, upper } = incompleteGamma(0.5, (z * z) / 2);
  return z < 0 ? upper / 2 : 0.5 + lower / 2;
}

/** L(z) = E[(Z − z)⁺] = φ(z) − z (1 − Φ(z)), the standard loss function; absolute error below 1e-15, never negative. */
export const normalLoss = (z: number): number => (z === Infinity ? 0 : z === -Infinity ? Infinity : Math.max(0, normalDensity(z) - z * normalBelow(-z)));

/**
 * The z with Φ(z) = level, level in (0, 1): Acklam's rational approximation (relative error 1.15e-9) and one step of Halley's
 * method on Φ, after which the relative error is below 1e-12. Throws RangeError outside.
 */
export function standardNormalQuantile(level: number): number {
  checkLevel(level);
  if (level > 0.5) return -standardNormalQuantile(1 - level);
  const z = roughQuantile(level);
  if (z < -37) return z;
  const step = (normalBelow(z) - level) / normalDensity(z);
  return z - step / (1 + (z * step) / 2);
}

/** Acklam's approximation for levels up to one half. */
function roughQuantile(level: number): number {
  const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239] as const;
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572] as const;
  const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783] as const;
  const e = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416] as const;
  if (level < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(level));
    return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) / ((((e[0] * q + e[1]) * q + e[2]) * q + e[3]) * q + 1);
  }
  const q = level - 0.5;
  const r = q * q;
  return ((((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q) / (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}
