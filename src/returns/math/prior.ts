// How keys differ in their rates, from all of them: the prior of each.
import { logGamma } from '../../kernel/math/index.js';

export interface BetaPrior {
  readonly alpha: number;
  readonly beta: number;
}

/** What came back of a key, and how many units had their time to: matured exposure e = Σ sold × G(age). */
export interface Exposed {
  readonly returned: number;
  readonly exposure: number;
}

/** Strengths κ = α + β that are tried, and the one that most merchants are near: a handful of keys says little of their spread. */
const STRENGTHS = Array.from({ length: 13 }, (_, i) => 2 ** i);
const [USUAL_LOG_STRENGTH, LOG_STRENGTH_SD] = [Math.log(30), 1.5] as const;

/** Logarithm of the chance of x returns of n (beta-binomial, any positive numbers), without what does not hang on the prior. */
const chance = (x: number, n: number, alpha: number, beta: number): number =>
  (x > 0 ? logGamma(alpha + x) - logGamma(alpha) : 0) + (n > x ? logGamma(beta + n - x) - logGamma(beta) : 0) - (logGamma(alpha + beta + n) - logGamma(alpha + beta));

/**
 * Beta prior of the rates of keys by empirical Bayes (beta-binomial likelihood on matured exposure, over strengths from 1 to 4,096
 * with a weak opinion of their own; moments would let one outlying key decide). The mean is Σx / Σe. What the other keys do not
 * know of the mean makes the prior of a single key weak: alone it would else be told twice. Without any exposure: Beta(1, 9).
 * `scale` (≥ 1): how many times lower than usual rates are said here; strengths are as many times higher.
 */
export function priorOf(keys: readonly Exposed[], scale = 1): BetaPrior {
  let [exposure, returned, most] = [0, 0, 0];
  for (const k of keys) {
    if (k.exposure <= 0) continue;
    exposure += k.exposure;
    returned += Math.min(k.returned, k.exposure);
    most = Math.max(most, k.exposure);
  }
  if (exposure <= 0) return { alpha: 1, beta: 9 };
  // Half a return more and one unit more: a mean of exactly 0 or 1 has no Beta.
  const mean = (returned + 0.5) / (exposure + 1);
  const logs = STRENGTHS.map((times) => {
    const strength = times * scale;
    const [alpha, beta] = [mean * strength, (1 - mean) * strength];
    let sum = -0.5 * ((Math.log(times) - USUAL_LOG_STRENGTH) / LOG_STRENGTH_SD) ** 2;
    for (const k of keys) if (k.exposure > 0) sum += chance(k.returned, Math.max(k.exposure, k.returned), alpha, beta);
    return sum;
  });
  const best = Math.max(...logs);
  let [sum, log] = [0, 0];
  logs.forEach((l, i) => {
    const weight = Math.exp(l - best);
    sum += weight;
    log += weight * Math.log(STRENGTHS[i] as number);
  });
  const strength = 1 / (1 / (scale * Math.exp(log / sum)) + 1 / (1 + exposure - most));
  return { alpha: mean * strength, beta: (1 - mean) * strength };
}
