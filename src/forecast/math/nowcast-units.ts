// Orders of a nowcast as units, and their quantiles.
import { negativeBinomialQuantiles, type NegativeBinomial } from '../../kernel/math/index.js';
import type { NowcastModel, Remaining } from './nowcast.js';

/** Levels that are watched while a model is learned; others are read in between. */
export const NOWCAST_LEVELS = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95] as const;

/** Nothing to come. */
export const NO_UNITS: NegativeBinomial = { shape: 1, probability: 1 };

/** Order lines of usual size that an item's own lines are weighed against. */
const LINE_WEIGHT = 30;

/**
 * Units of an order to come, at least 1: from the item's lines so far, their units and Σ ln(units). One bulk purchase says little
 * about the next order: the power 1.5 of the geometric mean (shrunken to the merchant's) bounds it. @param usualLogUnits ≥ 0
 */
export function unitsPerOrder(lines: number, units: number, logUnits: number, usualLogUnits: number): number {
  const mean = (units + LINE_WEIGHT * Math.exp(usualLogUnits)) / (lines + LINE_WEIGHT);
  return Math.max(1, Math.min(mean, Math.exp((1.5 * (logUnits + LINE_WEIGHT * usualLogUnits)) / (lines + LINE_WEIGHT))));
}

/** Orders as units: mean and standard deviation grow by the units of an order, ≥ 1. */
export function inUnits(orders: NegativeBinomial, perOrder: number): NegativeBinomial {
  const mean = (orders.shape * (1 - orders.probability)) / orders.probability;
  if (mean === 0) return NO_UNITS;
  const variance = (mean / orders.probability) * perOrder * perOrder;
  // Barely wider than Poisson at the least, so that the formula holds.
  const excess = Math.max(variance - mean * perOrder, 1e-9 * mean * perOrder);
  return { shape: (mean * perOrder) ** 2 / excess, probability: (mean * perOrder) / (mean * perOrder + excess) };
}

/** Level at which to read the model so that `level` comes true: between those that were watched, in proportion. */
function levelToRead(used: readonly number[], level: number): number {
  let [low, at] = [0, 0];
  for (let i = 0; i <= NOWCAST_LEVELS.length; i++) {
    const promised = NOWCAST_LEVELS[i] ?? 1;
    const read = used[i] ?? 1;
    if (level <= promised) return at + ((read - at) * (level - low)) / (promised - low);
    [low, at] = [promised, read];
  }
  return level;
}

/** Up to this mean quantiles are counted exactly; beyond, the shape is that of a gamma variable and only the scale grows. */
const COUNTED_MEAN = 10_000;
/** No quantile is asked of the model nearer to 0 or 1. */
const LEAST_LEVEL = 1e-4;

/**
 * Quantiles of the gross paid units an item will have sold in the end: never below `observed`, ascending, finite.
 * @param levels in (0, 1), ascending
 */
export function nowcastQuantiles(model: Pick<NowcastModel, 'levels'>, remaining: Remaining, perOrder: number, observed: number, levels: readonly number[]): number[] {
  const used = model.levels[remaining.bucket] ?? NOWCAST_LEVELS;
  const read = levels.map((level) => Math.min(1 - LEAST_LEVEL, Math.max(LEAST_LEVEL, levelToRead(used, level)))).sort((a, b) => a - b);
  const units = inUnits(remaining.orders, perOrder);
  const mean = (units.shape * (1 - units.probability)) / units.probability;
  const counted = Math.min(mean, COUNTED_MEAN);
  const quantiles = negativeBinomialQuantiles(mean === counted ? units : { shape: units.shape, probability: units.shape / (units.shape + counted) }, read);
  return quantiles.map((q) => observed + Math.round((q * mean) / Math.max(counted, Number.MIN_VALUE)));
}
