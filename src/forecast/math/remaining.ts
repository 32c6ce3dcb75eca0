// What is still expected to sell: negative binomial from a gamma posterior on the rate, widened for the error of the profile.
import type { NegativeBinomial } from '../../kernel/math/index.js';

/** Shape that a rate has before an order. */
const PRIOR_SHAPE = 0.5;
/** Coefficient of variation of the rate from week to week; its own error comes on top. */
const STANDING_ERROR = 0.3;

/** The levels at which what is still to come is stated. */
export const LEVELS = [0.05, 0.25, 0.5, 0.75, 0.9, 0.95] as const;

/** Adds the profile's error to a gamma posterior of shape a: 1/a' = 1/a + cv², the mean unchanged. */
const widened = (shape: number, error: number): number => 1 / (1 / shape + error * error);

/** NB with the given mean and shape; a mean of 0 is the point mass at 0. */
const withMean = (mean: number, shape: number): NegativeBinomial => ({ shape, probability: shape / (shape + mean) });

/**
 * Orders to come at the standing rate over `horizonMs`.
 * @param ratePerMs orders per ms, @param orders that the rate rests on; all ≥ 0
 */
export function remainingStanding(ratePerMs: number, orders: number, horizonMs: number): NegativeBinomial {
  if (!(ratePerMs >= 0 && orders >= 0 && horizonMs >= 0)) throw new RangeError('rate, orders and horizon must not be negative');
  return withMean(ratePerMs * horizonMs, widened(PRIOR_SHAPE + orders, STANDING_ERROR));
}

/**
 * Units of a usual order line, at least 1: the mean, but no more than twice the geometric mean, so that one bulk purchase says
 * little about the next line. `lineLogMilli`: Σ 1000 × ln(units) over `lines` that sum to `lineUnits`.
 */
export function unitsPerLine(lines: number, lineUnits: number, lineLogMilli: number): number {
  return lines === 0 ? 1 : Math.max(1, Math.min(lineUnits / lines, 2 * Math.exp(lineLogMilli / 1000 / lines)));
}

/**
 * The sum of independent parts as one NB with the same mean and variance (parts of mean 0 fall away).
 * `scale` turns orders into units: mean and standard deviation are multiplied by it.
 */
export function pooled(parts: readonly NegativeBinomial[], scale: number): NegativeBinomial {
  if (!(scale > 0)) throw new RangeError(`scale must be positive, got ${scale}`);
  let mean = 0;
  let variance = 0;
  for (const { shape, probability } of parts) {
    const m = (shape * (1 - probability)) / probability;
    mean += m;
    variance += m / probability;
  }
  if (mean === 0) return { shape: 1, probability: 1 };
  const m = mean * scale;
  // Scaling by less than one could make it narrower than Poisson; it never is here, but a floor keeps the formula valid.
  const v = Math.max(variance * scale * scale, m * (1 + 1e-9));
  return { shape: (m * m) / (v - m), probability: m / v };
}
