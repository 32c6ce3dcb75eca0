// Nowcast: what a running or upcoming broadcast will still sell of each line-up item, as a negative binomial of distinct orders.
//
//   λ(t) = κ × curve(t), κ ~ gamma around the item's prior, so what remains of the curve is NB with mean (a + N) rest / (a/m + E),
//   N orders seen, E the share of the curve that is over, m the prior's mean lifted by how the whole broadcast does so far.
//
// That conjugate answer is exact but too narrow (it knows nothing of an error in its profile) and blind to a change of pace, so it is
// the offset of a negative-binomial regression: ln mean = offset + x·b, ln dispersion = z·c with z = (1, ln(1 + N), …), learned from
// past broadcasts looked at on their way, under a published prior. Quantiles are read at levels that adaptive conformal inference
// (adaptive-levels.ts) found to come true, by bucket of how far an item is. Orders, not units, are counted: one purchase of tens of
// thousands is one order. Times are milliseconds since 1970.
import { negativeBinomialQuantiles, type NegativeBinomial } from '../../kernel/math/index.js';
import { curveOf, expectedUpTo, PUBLISHED_PROFILE, type Curve, type OnAir, type Profile } from './nowcast-profile.js';
import { PUBLISHED_TOTAL, totalOf, type ItemFacts, type TotalPrior } from './nowcast-prior.js';
import { predicted, type CountModel, type NormalPrior } from './regression.js';

/** Orders of this long say how the pace changes. */
export const PACE_MS = 5 * 60_000;

/** All that a nowcast knows of a merchant; JSON-safe. */
export interface NowcastModel {
  /** Learned from so many finished broadcasts and items; 0: published alone. */
  readonly broadcasts: number;
  readonly items: number;
  readonly profile: Profile;
  readonly total: TotalPrior;
  /** Variance of a broadcast's level around its prior, relative. */
  readonly spread: number;
  readonly course: CountModel;
  /** Levels to read at so that NOWCAST_LEVELS come true, by bucket. */
  readonly levels: readonly (readonly number[])[];
  /** Mean of ln(units) of the merchant's order lines. */
  readonly usualLogUnits: number;
}

/** Levels that are watched while the model is learned; others are read in between. */
export const NOWCAST_LEVELS = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95] as const;

/** Published prior of the course (set by hand): the conjugate answer as it is, a third of a change of pace, dispersion falling with the orders seen. */
export const COURSE_PRIOR: { readonly mean: NormalPrior; readonly dispersion: NormalPrior } = {
  mean: { mean: [0, 0, 0.35, 0, 0], precision: [4, 10, 10, 25, 10] }, dispersion: { mean: [0.4, -0.45, 0], precision: [1, 10, 10] },
};

/** Buckets of how far an item is: by the share of its curve that is over. */
const BUCKET_ENDS = [0.05, 0.3, 0.6, 0.85] as const;
export const BUCKETS = BUCKET_ENDS.length + 1;

export const PUBLISHED_NOWCAST: NowcastModel = {
  broadcasts: 0, items: 0, profile: PUBLISHED_PROFILE, total: PUBLISHED_TOTAL, spread: 0.5, course: { b: COURSE_PRIOR.mean.mean, c: COURSE_PRIOR.dispersion.mean },
  levels: new Array<readonly number[]>(BUCKETS).fill(NOWCAST_LEVELS), usualLogUnits: 0,
};

/** What is known of an item at a moment of its broadcast. */
export interface ItemState {
  readonly facts: ItemFacts;
  /** Distinct orders so far in this broadcast, and those of the last PACE_MS. */
  readonly orders: number;
  readonly recent: number;
}

/** Where an item stands on its curve, before anything was ordered. */
export interface Stand {
  /** Orders expected in all, the prior's dispersion. */
  readonly mean: number;
  readonly dispersion: number;
  /** Shares of the curve: over, still to come, and over within the last PACE_MS. */
  readonly over: number;
  readonly rest: number;
  readonly lately: number;
}

/** @param until what comes later is not asked for; by default nothing is left out */
export function standOf(model: Pick<NowcastModel, 'total'>, facts: ItemFacts, curve: Curve, at: number, until = Infinity): Stand {
  const { mean, dispersion } = totalOf(model.total, facts, curve.total);
  const total = Math.max(1e-9, curve.total);
  const over = expectedUpTo(curve, at) / total;
  const end = until === Infinity ? 1 : expectedUpTo(curve, until) / total;
  return { mean, dispersion, over, rest: Math.max(0, end - over), lately: Math.max(0, over - expectedUpTo(curve, at - PACE_MS) / total) };
}

/** How a broadcast does so far beside its prior, as sums over its items: each weighs as much as it can say. */
export interface Showing {
  readonly ratio: number;
  readonly weight: number;
}

/** One hit does not lift the others by more than this. */
const MOST_RATIO = 10;

export function showingOf(s: Stand, orders: number): Showing {
  const expected = s.mean * s.over;
  if (expected < 0.01) return { ratio: 0, weight: 0 };
  const weight = 1 / (s.dispersion + 1 / expected);
  return { ratio: weight * Math.min(MOST_RATIO, orders / expected), weight };
}

/** Level of the broadcast by its other items: a mean of ratios, shrunken to 1 by the variance of levels among broadcasts. */
export const liftOf = (spread: number, all: Showing, own: Showing): number => {
  const weight = Math.max(0, all.weight - own.weight);
  return (1 / spread + Math.max(0, all.ratio - own.ratio)) / (1 / spread + weight);
};

/** Share of a curve below which nothing is left to speak of. */
const LEAST_SHARE = 1e-6;

export interface CourseFeatures {
  readonly offset: number;
  readonly x: readonly number[];
  readonly z: readonly number[];
}

export function courseFeatures(s: Stand, orders: number, recent: number, lift: number): CourseFeatures {
  const shape = 1 / s.dispersion;
  const mean = s.mean * lift;
  const level = (shape + orders) / (shape / mean + s.over);
  const rest = Math.max(LEAST_SHARE, s.rest);
  return {
    offset: Math.log(level * rest),
    x: [1, Math.log((shape + orders) / (shape + mean * s.over)), Math.log((1 + recent) / (1 + level * s.lately)), Math.log(rest), Math.log(lift)],
    z: [1, Math.log1p(orders), Math.log(rest)],
  };
}

/** Orders still to come of an item. */
export interface Remaining {
  readonly orders: NegativeBinomial;
  readonly bucket: number;
}

const NOTHING: NegativeBinomial = { shape: 1, probability: 1 };

export const bucketOf = (over: number): number => {
  const bucket = BUCKET_ENDS.findIndex((end) => over < end);
  return bucket === -1 ? BUCKETS - 1 : bucket;
};

export function remainingOf(model: Pick<NowcastModel, 'course'>, s: Stand, orders: number, recent: number, lift: number): Remaining {
  if (s.rest <= LEAST_SHARE) return { orders: NOTHING, bucket: BUCKETS - 1 };
  const { mean, dispersion } = predicted(model.course, courseFeatures(s, orders, recent, lift));
  const shape = 1 / dispersion;
  return { orders: { shape, probability: shape / (shape + mean) }, bucket: bucketOf(s.over) };
}

/**
 * What every item of a broadcast will still sell after `at`, before, during or after it (the tail): in the order of the items, which
 * should be all of the line-up, because they tell of each other. Always finite. RangeError on a broadcast that does not last, or
 * counts that are none.
 */
export function nowcastBroadcast(model: NowcastModel, air: OnAir, items: readonly ItemState[], at: number, curves?: readonly Curve[]): Remaining[] {
  if (!(air.endsAt > air.startsAt) || !Number.isFinite(at)) throw new RangeError('a broadcast ends after it starts, and at must be finite');
  const stands = items.map((item, i) => {
    if (!(item.orders >= 0 && item.recent >= 0) || !Number.isFinite(item.orders + item.recent)) throw new RangeError('orders must be finite and not negative');
    return standOf(model, item.facts, curves?.[i] ?? curveOf(model.profile, air, item.facts.pitches), at);
  });
  const showings = stands.map((s, i) => showingOf(s, (items[i] as ItemState).orders));
  const all = showings.reduce((sum, s) => ({ ratio: sum.ratio + s.ratio, weight: sum.weight + s.weight }), { ratio: 0, weight: 0 });
  return stands.map((s, i) => {
    const { orders, recent } = items[i] as ItemState;
    return remainingOf(model, s, orders, recent, liftOf(model.spread, all, showings[i] as Showing));
  });
}

/** Order lines of usual size that an item's own lines are weighed against. */
const LINE_WEIGHT = 10;

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
  if (mean === 0) return NOTHING;
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
