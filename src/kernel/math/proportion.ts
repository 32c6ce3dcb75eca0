import { standardNormalQuantile } from './normal.js';

/**
 * Wilson's score interval for a proportion of `hits` in `trials` (Wilson 1927; R's prop.test without continuity correction): within
 * 0 and 1, and sensible for none, few and all. `level` between 0 and 1. Whole numbers with 0 ≤ hits ≤ trials, trials ≥ 1; else RangeError.
 */
export function wilsonInterval(hits: number, trials: number, level: number): { readonly lower: number; readonly upper: number } {
  if (!Number.isInteger(trials) || trials < 1) throw new RangeError(`trials must be a whole number of at least 1, got ${trials}`);
  if (!Number.isInteger(hits) || hits < 0 || hits > trials) throw new RangeError(`hits must be a whole number from 0 to ${trials}, got ${hits}`);
  if (!(level > 0 && level < 1)) throw new RangeError(`level must be between 0 and 1, got ${level}`);
  const z = standardNormalQuantile(0.5 + level / 2);
  const share = hits / trials;
  const scale = 1 + (z * z) / trials;
  const centre = (share + (z * z) / (2 * trials)) / scale;
  const half = (z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials))) / scale;
  return { lower: hits === 0 ? 0 : Math.max(0, centre - half), upper: hits === trials ? 1 : Math.min(1, centre + half) };
}
