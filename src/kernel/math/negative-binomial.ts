// Negative binomial by shape r > 0 and success probability p in (0, 1]: X = failures before the r-th success,
// mean r(1 − p)/p. The gamma-Poisson predictive of shape a, rate b over exposure e is NB(a, b/(b + e)).

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

/** Acklam's rational approximation of the normal quantile; relative error below 1.15e-9 on (0, 1). */
export function standardNormalQuantile(level: number): number {
  if (!(level > 0 && level < 1)) throw new RangeError(`a level must be in (0, 1), got ${level}`);
  const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239] as const;
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572] as const;
  const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783] as const;
  const e = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416] as const;
  const tail = (q: number): number => (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) / ((((e[0] * q + e[1]) * q + e[2]) * q + e[3]) * q + 1);
  if (level < 0.02425) return tail(Math.sqrt(-2 * Math.log(level)));
  if (level > 1 - 0.02425) return -tail(Math.sqrt(-2 * Math.log(1 - level)));
  const q = level - 0.5;
  const r = q * q;
  return ((((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q) / (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}
