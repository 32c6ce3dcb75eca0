// Which of many (suppliers, anchors, lots) stand out, small ones given their chance: funnel limits, after Spiegelhalter, "Funnel
// plots for comparing institutional performance", Statistics in Medicine 24 (2005). Matured exposure only.
import { binomialQuantile, standardNormalQuantile } from '../../kernel/math/index.js';
import { checkSample, type Limits, type Sample } from './control-chart.js';

function check(n: number, target: number, level: number): void {
  if (!Number.isSafeInteger(n) || n < 1 || n >= 1e9) throw new RangeError(`n must be a whole number from 1 to 1e9, got ${n}`);
  if (!(target >= 0 && target <= 1)) throw new RangeError(`target must be in [0, 1], got ${target}`);
  if (!(level > 0 && level < 1)) throw new RangeError(`level must be in (0, 1), got ${level}`);
}

/** Exact limits for n units at a target share: binomial quantiles at (1 ∓ level)/2, over n. A point on a limit is inside. As SciPy's binom.ppf / n. */
export function funnelLimits(n: number, target: number, level: number): Limits {
  check(n, target, level);
  return { lower: binomialQuantile((1 - level) / 2, n, target) / n, upper: binomialQuantile((1 + level) / 2, n, target) / n };
}

/** Share of the points at each end that are pulled in before their spread is measured, so that those who stand out do not hide themselves. */
const WINSORISED = 0.1;

/**
 * Multiplicative over-dispersion φ ≥ 1: the mean of z², z = (share − target)/√(target(1 − target)/n), with the outer tenth of z at
 * each end set to the outermost of the rest (whole points, rounded down). 1 where there is none. `target` in (0, 1), at least one sample.
 */
export function funnelDispersion(samples: readonly Sample[], target: number): number {
  if (!(target > 0 && target < 1)) throw new RangeError(`target must be in (0, 1), got ${target}`);
  if (samples.length === 0) throw new RangeError('there must be at least one sample');
  samples.forEach(checkSample);
  const z = samples.map((x) => (x.events / x.total - target) / Math.sqrt((target * (1 - target)) / x.total)).sort((a, b) => a - b);
  const cut = Math.floor(WINSORISED * z.length);
  const [low, high] = [z[cut] as number, z[z.length - 1 - cut] as number];
  return Math.max(1, z.reduce((s, v) => s + Math.min(high, Math.max(low, v)) ** 2, 0) / z.length);
}

/** Limits widened by φ ≥ 1: target ± z √(φ target(1 − target)/n), cut to [0, 1]; the normal approximation, as exact ones have no φ. */
export function dispersedFunnelLimits(n: number, target: number, level: number, dispersion: number): Limits {
  check(n, target, level);
  if (!(dispersion >= 1) || !Number.isFinite(dispersion)) throw new RangeError(`dispersion must be at least 1 and finite, got ${dispersion}`);
  const width = standardNormalQuantile((1 + level) / 2) * Math.sqrt((dispersion * target * (1 - target)) / n);
  return { lower: Math.max(0, target - width), upper: Math.min(1, target + width) };
}
