// Nowcast: what a running or upcoming broadcast will still sell of each line-up item, as a negative binomial of distinct orders.
//
//   λ(t) = κ × curve(t), κ ~ gamma around the item's prior, so what remains of the curve is NB with mean (a + N) rest / (a/m + over),
//   N orders seen, m the prior's mean lifted by how the whole broadcast does so far, and by how those do that share its slot
//   (the sizes of a style are pitched together and sell together).
//
// That conjugate answer is exact but too narrow (it knows nothing of an error in its profile) and blind to a change of pace, so it is
// the offset of a negative-binomial regression: ln mean = offset + x·b, ln dispersion = z·c, linear in the logarithm of the evidence,
// learned from past broadcasts looked at on their way, under a published prior. Quantiles are read at levels that adaptive conformal
// inference (adaptive-levels.ts) found to come true, by how far an item is and how much is still expected of it. Orders, not units,
// are counted: one purchase of tens of thousands is one order. Times are milliseconds since 1970.
import { curvesOf, expectedUpTo, PUBLISHED_PROFILE, type Curve, type OnAir, type Profile } from './nowcast-profile.js';
import { PUBLISHED_TOTAL, totalOf, type ItemFacts, type TotalPrior } from './nowcast-prior.js';
import { predicted, type CountModel, type NormalPrior } from './regression.js';
import { NO_UNITS, NOWCAST_LEVELS } from './nowcast-units.js';
import type { NegativeBinomial } from '../../kernel/math/index.js';

/** Orders of this long say how the pace changes. */
export const PACE_MS = 3 * 60_000;

/** All that a nowcast knows of a merchant; JSON-safe. */
export interface NowcastModel {
  /** Learned from so many finished broadcasts and items; 0: published alone. */
  readonly broadcasts: number;
  readonly items: number;
  readonly profile: Profile;
  readonly total: TotalPrior;
  readonly scatter: Scatter;
  readonly course: CountModel;
  /** Levels to read at so that NOWCAST_LEVELS come true, by bucket. */
  readonly levels: readonly (readonly number[])[];
  /** Mean of ln(units) of the merchant's order lines. */
  readonly usualLogUnits: number;
}

/** Relative variances of levels around their prior: of whole broadcasts, of the items of one slot together, and of each item for itself. */
export interface Scatter {
  readonly broadcast: number;
  readonly slot: number;
  readonly item: number;
}

/** Published prior of the course (set by hand): the conjugate answer as it is, a third of a change of pace, dispersion falling with the evidence. */
export const COURSE_PRIOR: { readonly mean: NormalPrior; readonly dispersion: NormalPrior } = {
  mean: { mean: [0, 0, 0.35, 0, 0, 0.2], precision: [4, 10, 10, 25, 10, 10] }, dispersion: { mean: [0.5, -0.45, 0], precision: [1, 10, 10] },
};

/** Buckets by the share of an item's curve that is over, and by the orders still expected of it. */
const OVER_ENDS = [0.1, 0.5, 0.85] as const;
const REST_ENDS = [3, 15] as const;
export const BUCKETS = (OVER_ENDS.length + 1) * (REST_ENDS.length + 1);
const placeIn = (ends: readonly number[], x: number): number => ends.reduce((n, end) => n + Number(x >= end), 0);

export const PUBLISHED_NOWCAST: NowcastModel = {
  broadcasts: 0, items: 0, profile: PUBLISHED_PROFILE, total: PUBLISHED_TOTAL, scatter: { broadcast: 1, slot: 1.5, item: 0.15 }, course: { b: COURSE_PRIOR.mean.mean, c: COURSE_PRIOR.dispersion.mean },
  levels: new Array<readonly number[]>(BUCKETS).fill(NOWCAST_LEVELS), usualLogUnits: 0,
};

/** What is known of an item at a moment of its broadcast. */
export interface ItemState {
  readonly facts: ItemFacts;
  /** Distinct orders so far in this broadcast, and those of the last PACE_MS; null: the pace is not known. */
  readonly orders: number;
  readonly recent: number | null;
}

/** Where an item stands on its curve. */
export interface Stand {
  /** Orders expected of the whole before anything was seen. */
  readonly mean: number;
  /** Shares of the curve: over, still to come, and over within the last PACE_MS. */
  readonly over: number;
  readonly rest: number;
  readonly lately: number;
}

/** @param mean orders expected of the whole, @param until what comes later is not asked for; by default nothing is left out */
export function standOn(curve: Curve, mean: number, at: number, until = Infinity): Stand {
  const all = Math.max(1e-9, curve.total);
  const over = expectedUpTo(curve, at) / all;
  const end = until === Infinity ? 1 : expectedUpTo(curve, until) / all;
  return { mean, over, rest: Math.max(0, end - over), lately: Math.max(0, over - expectedUpTo(curve, at - PACE_MS) / all) };
}

/** More items than this at one slot are no style in its sizes, but a line-up without slots of its own. */
const MOST_MATES = 16;

/** For each item the number of its slot: items with the same slots belong together; one without a slot stands alone. */
export function slotGroups(facts: readonly ItemFacts[]): number[] {
  const sizes = new Map<string, number>();
  const keys = facts.map((f) => f.pitches.map((p) => p.from).join(' '));
  for (const key of keys) sizes.set(key, (sizes.get(key) ?? 0) + 1);
  const numbers = new Map<string, number>();
  return keys.map((key, i) => {
    const place = key === '' || (sizes.get(key) as number) > MOST_MATES ? `alone ${i}` : key;
    const known = numbers.get(place) ?? numbers.size;
    numbers.set(place, known);
    return known;
  });
}

/** What others say of an item's level: its broadcast's lift, and the orders and expectation of those at its own slot. */
export interface Company {
  readonly lift: number;
  /** The same by those alone that have had their pitch: what the lull says hangs on the viewers of the hour. */
  readonly liftOfPitched: number;
  readonly matesOrders: number;
  readonly matesExpected: number;
}

/** An item has had its pitch once so much of its curve is over. */
const PITCHED = 0.3;
/** Weighted ratio of orders to what was expected, and its weight. */
type Said = readonly [ratio: number, weight: number];

/** One slot does not lift the broadcast by more than this. */
const MOST_RATIO = 10;

/** The company of every item, from the orders that all had at one moment. */
export function companyOf(scatter: Scatter, stands: readonly Stand[], orders: readonly number[], groups: readonly number[]): Company[] {
  const slots = new Map<number, { orders: number; expected: number }>();
  stands.forEach((s, i) => {
    const known = slots.get(groups[i] as number) ?? { orders: 0, expected: 0 };
    slots.set(groups[i] as number, { orders: known.orders + (orders[i] as number), expected: known.expected + s.mean * s.over });
  });
  const prior: Said = [1 / scatter.broadcast, 1 / scatter.broadcast];
  const said = new Map(Array.from(slots, ([slot, s]): [number, Said] => {
    const weight = s.expected < 0.01 ? 0 : 1 / (scatter.slot + 1 / s.expected);
    return [slot, [weight === 0 ? 0 : weight * Math.min(MOST_RATIO, s.orders / s.expected), weight]];
  }));
  const pitched = new Set(groups.filter((_, i) => (stands[i] as Stand).over >= PITCHED));
  const sumOf = (all: Iterable<[number, Said]>): Said => { let [r, w] = prior; for (const [, [ratio, weight]] of all) [r, w] = [r + ratio, w + weight]; return [r, w]; };
  const [ratios, weights] = sumOf(said);
  const [pitchedRatios, pitchedWeights] = sumOf([...said].filter(([slot]) => pitched.has(slot)));
  return stands.map((s, i) => {
    const slot = slots.get(groups[i] as number) as { orders: number; expected: number };
    const [ratio, weight] = said.get(groups[i] as number) as Said;
    const own = pitched.has(groups[i] as number) ? 1 : 0;
    // What a slot says itself is no lift of its broadcast: it is counted once, below.
    return {
      lift: Math.max(1e-3, (ratios - ratio) / (weights - weight)), liftOfPitched: Math.max(1e-3, (pitchedRatios - own * ratio) / (pitchedWeights - own * weight)),
      matesOrders: slot.orders - (orders[i] as number), matesExpected: Math.max(0, slot.expected - s.mean * s.over),
    };
  });
}

/** Share of a curve below which nothing is left to speak of. */
const LEAST_SHARE = 1e-6;

export interface CourseFeatures {
  readonly offset: number;
  readonly x: readonly number[];
  readonly z: readonly number[];
}

export function courseFeatures(scatter: Scatter, s: Stand, orders: number, recent: number | null, company: Company): CourseFeatures {
  // The slot's level by its other items, gamma around the lift; then the item's own around that.
  const shapeOfSlot = 1 / scatter.slot + company.matesOrders;
  const slot = shapeOfSlot / (1 / (scatter.slot * company.lift) + company.matesExpected);
  const shape = 1 / (scatter.item + 1 / shapeOfSlot);
  const mean = Math.max(1e-9, s.mean * slot);
  const level = (shape + orders) / (shape / mean + s.over);
  const rest = Math.max(LEAST_SHARE, s.rest);
  return {
    offset: Math.log(level * rest),
    x: [1, Math.log((shape + orders) / (shape + mean * s.over)), recent === null ? 0 : Math.log((1 + recent) / (1 + level * s.lately)), Math.log(rest), Math.log(company.lift), Math.log(company.liftOfPitched / company.lift)],
    z: [1, Math.log(shape + orders), Math.log(rest)],
  };
}

/** Orders still to come of an item. */
export interface Remaining {
  readonly orders: NegativeBinomial;
  readonly bucket: number;
}

export const bucketOf = (over: number, mean: number): number => placeIn(OVER_ENDS, over) * (REST_ENDS.length + 1) + placeIn(REST_ENDS, mean);

function remainingOf(model: Pick<NowcastModel, 'course' | 'scatter'>, s: Stand, item: Omit<ItemState, 'facts'>, company: Company): Remaining {
  if (s.rest <= LEAST_SHARE) return { orders: NO_UNITS, bucket: bucketOf(1, 0) };
  const { mean, dispersion } = predicted(model.course, courseFeatures(model.scatter, s, item.orders, item.recent, company));
  const shape = 1 / dispersion;
  return { orders: { shape, probability: shape / (shape + mean) }, bucket: bucketOf(s.over, mean) };
}

/** The items of a broadcast with what a model says of them before anything is seen: it stays as it is however often one asks. */
export interface LineUp {
  readonly items: readonly { readonly curve: Curve; readonly mean: number }[];
  /** By item, the number of its slot. */
  readonly groups: readonly number[];
}

/** RangeError on a broadcast that does not last. */
export function lineUpOf(model: NowcastModel, air: OnAir, facts: readonly ItemFacts[]): LineUp {
  if (!(air.endsAt > air.startsAt)) throw new RangeError('a broadcast must end after it starts');
  const items = curvesOf(model.profile, air, facts).map((curve, i) => ({ curve, mean: totalOf(model.total, facts[i] as ItemFacts, curve.total).mean }));
  return { items, groups: slotGroups(facts) };
}

/**
 * What every item of a line-up will still sell after `at`, before, during or after its broadcast (the tail): in the order of the items,
 * which should be all of the line-up, because they tell of each other. Always finite. RangeError on counts that are none.
 */
export function nowcastLineUp(model: NowcastModel, { items, groups }: LineUp, seen: readonly Omit<ItemState, 'facts'>[], at: number): Remaining[] {
  if (!Number.isFinite(at)) throw new RangeError('at must be finite');
  for (const { orders, recent } of seen) if (!(orders >= 0 && (recent ?? 0) >= 0) || !Number.isFinite(orders + (recent ?? 0))) throw new RangeError('orders must be finite and not negative');
  const stands = items.map(({ curve, mean }) => standOn(curve, mean, at));
  const company = companyOf(model.scatter, stands, seen.map((i) => i.orders), groups);
  return stands.map((s, i) => remainingOf(model, s, seen[i] as Omit<ItemState, 'facts'>, company[i] as Company));
}

/** The same for a broadcast that is asked for once. */
export const nowcastBroadcast = (model: NowcastModel, air: OnAir, items: readonly ItemState[], at: number): Remaining[] => nowcastLineUp(model, lineUpOf(model, air, items.map((i) => i.facts)), items, at);
