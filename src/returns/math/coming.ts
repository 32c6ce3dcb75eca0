// What is still to come of one key: in which clumps, and how far off that may be for all of them at once.
import { SIZE_CLASSES } from './cohorts.js';
import type { ClumpSize, Compound } from './compound.js';
import { varianceOver } from './drift.js';
import type { Evidence } from './evidence.js';
import { designEffect, SIZE_FACTORS, sizeFactorOf, unitsAtOnce, type Clump } from './pattern.js';

/** Two sizes with the mean and mean square of units at once: the whole line, and a rest. */
function sizesOf({ mean, square }: { readonly mean: number; readonly square: number }, whole: number, weight: number): ClumpSize[] {
  const variance = square - mean * mean;
  if (variance <= 1e-9 || whole - mean <= 1e-9) return [{ units: mean, weight }];
  const rest = Math.max(0, mean - variance / (whole - mean));
  const share = (mean - rest) / (whole - rest);
  return [{ units: whole, weight: weight * share }, { units: rest, weight: weight * (1 - share) }];
}

/**
 * What is still to come, `total` units on average, in clumps: their number and their sizes. `spread`: relative variance of the rate
 * itself; to it comes that of the drifts, which all units share. `dispersion` (≥ 1): how far lines hang together on a day.
 */
export function clumpsToCome(evidence: Evidence, total: number, spread: number, dispersion: number): Compound {
  const { pattern } = evidence.tables;
  const whole = evidence.open.reduce((s, x) => s + x, 0);
  if (whole <= 0 || total <= 0) return { mean: 0, variance: 0, sizes: [] };
  const sizes: ClumpSize[] = [];
  const factors = new Float64Array(SIZE_FACTORS);
  let [number, squares, variance, binomial] = [0, 0, 0, 0];
  for (let size = 0; size < SIZE_CLASSES; size++) {
    const open = evidence.sizeOpen[size] as number;
    if (open <= 0) continue;
    factors[sizeFactorOf(size)] = (factors[sizeFactorOf(size)] as number) + open;
    const clump = pattern.clumps[size] as Clump;
    const [units, lines] = [evidence.openUnits[size] as number, evidence.openLines[size] as number];
    const expected = (open / whole) * total;
    const chance = Math.min(0.99, expected / units);
    const length = Math.max(1, units / lines);
    const atOnce = unitsAtOnce(clump, length);
    const n = expected / atOnce.mean;
    number += n;
    squares += n * atOnce.square;
    variance += expected * (1 - chance) * designEffect(clump, length, chance);
    binomial += n * (1 - chance);
    sizes.push(...sizesOf(atOnce, length, n));
  }
  const mean = total / number;
  // Each fortnight's lag is its own; the rate of neighbours is not.
  const own = evidence.seasonOpen.reduce((s, part) => s + (part / whole) ** 2, 0) * pattern.lagDrift ** 2;
  const drift = own + varianceOver(pattern.season, evidence.seasonOpen) + varianceOver(pattern.size, factors);
  const ofNumber = Math.max(0.02 * number, (variance - (squares - number * mean * mean)) / (mean * mean)) + (dispersion - 1) * binomial;
  return { mean: number, variance: ofNumber + number * number * (spread + drift), sizes };
}

/** Relative variance of a key's height over its own rate, from the drifts. */
export const heightVariance = ({ tables: { pattern }, seasonHeight, sizeHeight }: Evidence): number => varianceOver(pattern.season, seasonHeight) + varianceOver(pattern.size, sizeHeight);
