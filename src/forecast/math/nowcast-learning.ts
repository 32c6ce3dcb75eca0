// What a nowcast learns from a merchant's finished broadcasts: profile, level of items, spread of broadcasts, the course (each item
// looked at at several moments on its way), and the levels that come true. Pure and deterministic. Times are milliseconds since 1970.
import { adaptiveNext, adaptiveStart, levelsToRead, type AdaptiveLevels } from './adaptive-levels.js';
import {
  BUCKETS, bucketOf, COURSE_PRIOR, courseFeatures, liftOf, NOWCAST_LEVELS, PACE_MS, PUBLISHED_NOWCAST, showingOf, standOf, type CourseFeatures, type NowcastModel, type Showing, type Stand,
} from './nowcast.js';
import { curveOf, expectedUpTo, learnProfile, type Curve, type OnAir, type OrderTimes } from './nowcast-profile.js';
import { learnTotal, totalOf, type ItemFacts, type Outcome, type TotalPrior } from './nowcast-prior.js';
import { fitCounts, predicted, type CountModel, type CountRow } from './regression.js';
import { negativeBinomialBelow } from '../../kernel/math/index.js';

export interface PastItem {
  readonly facts: ItemFacts;
  readonly sold: OrderTimes;
}

/** A broadcast that is over; of its tail nothing is known beyond `knownUntil`. */
export interface PastBroadcast {
  readonly air: OnAir;
  readonly knownUntil: number;
  readonly items: readonly PastItem[];
}

/** Only the latest teach: what sold two years ago says little, and fitting must stay fast. */
const MOST_BROADCASTS = 60;
const MOST_ITEMS = 3_000;
/** Rows of the course that are fitted. */
const MOST_ROWS = 4_000;
/** Moments at which a past item is looked at: shares of the broadcast, and shares of its own pitch. */
const BROADCAST_MOMENTS = [0.1, 0.25, 0.5, 0.75] as const;
const PITCH_MOMENTS = [0.3, 1, 2] as const;

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? 0 : (sorted[sorted.length >> 1] as number);
};

/** Broadcasts by start with what each SKU had sold in those before: `own` of an item is never of its own or a later one. */
export function withOwnHistory(past: readonly PastBroadcast[]): { readonly past: readonly PastBroadcast[]; readonly own: ReadonlyMap<string, ItemFacts['own']> } {
  const own = new Map<string, ItemFacts['own']>();
  const sorted = [...past].sort((a, b) => a.air.startsAt - b.air.startsAt);
  const known = sorted.map((b) => {
    const items = b.items.map((item) => ({ ...item, facts: { ...item.facts, own: own.get(item.facts.sku) ?? NO_OWN } }));
    for (const { facts, sold } of b.items) {
      const before = own.get(facts.sku) ?? NO_OWN;
      own.set(facts.sku, { broadcasts: before.broadcasts + 1, logOrders: before.logOrders + Math.log1p(sold.total) });
    }
    return { ...b, items };
  });
  return { past: known, own };
}
export const NO_OWN: ItemFacts['own'] = { broadcasts: 0, logOrders: 0 };

interface Lesson extends CourseFeatures {
  readonly y: number;
  readonly bucket: number;
  readonly broadcast: number;
}

/** @param usualLogUnits mean ln(units) of the merchant's order lines, ≥ 0 */
export function learnNowcast(given: readonly PastBroadcast[], usualLogUnits: number): NowcastModel {
  const past = latest(given);
  const items = past.flatMap((b) => b.items.map((item) => ({ ...item, air: b.air, knownUntil: b.knownUntil, pitches: item.facts.pitches })));
  if (items.length === 0) return { ...PUBLISHED_NOWCAST, usualLogUnits: Math.max(0, usualLogUnits) };
  const profile = learnProfile(items);
  const curves = past.map((b) => b.items.map((item) => curveOf(profile, b.air, item.facts.pitches)));
  const usualPrice = median(items.map((i) => i.facts.price).filter((p) => p > 0));
  const outcomes = past.map((b, n) => b.items.map((item, i): Outcome => {
    const curve = (curves[n] as Curve[])[i] as Curve;
    return { facts: item.facts, mass: curve.total, orders: item.sold.upTo(b.knownUntil), share: expectedUpTo(curve, b.knownUntil) / Math.max(1e-9, curve.total) };
  }));
  const total = learnTotal(outcomes.flat(), usualPrice);
  const spread = spreadOf(outcomes, total);
  const lessons = lessonsOf(past, curves, { total, spread });
  const course = fitCourse(lessons);
  return { broadcasts: past.length, items: items.length, profile, total, spread, course, levels: levelsThatComeTrue(lessons, course), usualLogUnits: Math.max(0, usualLogUnits) };
}

function latest(past: readonly PastBroadcast[]): PastBroadcast[] {
  const sorted = [...past].filter((b) => b.items.length > 0).sort((a, b) => b.air.startsAt - a.air.startsAt);
  const kept: PastBroadcast[] = [];
  let items = 0;
  for (const b of sorted) {
    if (kept.length === MOST_BROADCASTS || (kept.length > 0 && items + b.items.length > MOST_ITEMS)) break;
    kept.push(b.items.length > MOST_ITEMS ? { ...b, items: b.items.slice(0, MOST_ITEMS) } : b);
    items += b.items.length;
  }
  return kept.reverse();
}

/** Broadcasts that the published spread weighs as much as. */
const SPREAD_WEIGHT = 3;

/** Relative variance of broadcasts' levels: what the scatter of their mean ratios leaves once that of their items is taken off. */
function spreadOf(broadcasts: readonly (readonly Outcome[])[], total: TotalPrior): number {
  let sum = SPREAD_WEIGHT * PUBLISHED_NOWCAST.spread;
  let weights = SPREAD_WEIGHT;
  for (const outcomes of broadcasts) {
    let [ratio, weight] = [0, 0];
    for (const o of outcomes) {
      const { mean, dispersion } = totalOf(total, o.facts, o.mass);
      const own = showingOf({ mean, dispersion, over: o.share, rest: 0, lately: 0 }, o.orders);
      ratio += own.ratio;
      weight += own.weight;
    }
    if (weight === 0) continue;
    sum += (ratio / weight - 1) ** 2 - 1 / weight;
    weights += 1;
  }
  return Math.min(3, Math.max(0.05, sum / weights));
}

/** Moments of a broadcast at which all its items are summed up; an item's moment in between takes the last of them. */
const GRID = 20;

function lessonsOf(past: readonly PastBroadcast[], curves: readonly (readonly Curve[])[], model: Pick<NowcastModel, 'total' | 'spread'>): Lesson[] {
  const wanted = past.reduce((s, b) => s + b.items.length, 0) * (BROADCAST_MOMENTS.length + PITCH_MOMENTS.length);
  const step = Math.max(1, Math.ceil(wanted / MOST_ROWS));
  const lessons: Lesson[] = [];
  let n = 0;
  past.forEach((b, broadcast) => {
    const length = b.air.endsAt - b.air.startsAt;
    const gridAt = (k: number): number => b.air.startsAt + (length * k) / GRID;
    const own = (b.items.map((item, i) => Array.from({ length: GRID + 1 }, (_, k) =>
      showingOf(standOf(model, item.facts, (curves[broadcast] as readonly Curve[])[i] as Curve, gridAt(k), b.knownUntil), item.sold.upTo(gridAt(k))))));
    const all = Array.from({ length: GRID + 1 }, (_, k): Showing => own.reduce((s, showings) => ({ ratio: s.ratio + (showings[k] as Showing).ratio, weight: s.weight + (showings[k] as Showing).weight }), { ratio: 0, weight: 0 }));
    b.items.forEach((item, i) => {
      const curve = (curves[broadcast] as readonly Curve[])[i] as Curve;
      const pitch = item.facts.pitches[0];
      const moments = [...BROADCAST_MOMENTS.map((share) => b.air.startsAt + share * length), ...(pitch === undefined ? [] : PITCH_MOMENTS.map((share) => pitch.from + share * (pitch.to - pitch.from)))];
      for (const at of moments) {
        // Every step-th moment, so that items and moments are thinned alike.
        if (n++ % step !== 0 || at >= b.air.endsAt) continue;
        const k = Math.min(GRID, Math.max(0, Math.floor((GRID * (at - b.air.startsAt)) / length)));
        const stand = standOf(model, item.facts, curve, at, b.knownUntil);
        lessons.push({ ...lessonAt(stand, item.sold, at, b.knownUntil, liftOf(model.spread, all[k] as Showing, (own[i] as Showing[])[k] as Showing)), broadcast });
      }
    });
  });
  return lessons;
}

function lessonAt(stand: Stand, sold: OrderTimes, at: number, knownUntil: number, lift: number): Omit<Lesson, 'broadcast'> {
  const orders = sold.upTo(at);
  return { ...courseFeatures(stand, orders, orders - sold.upTo(at - PACE_MS), lift), y: Math.max(0, sold.upTo(knownUntil) - orders), bucket: bucketOf(stand.over) };
}

const fitCourse = (lessons: readonly CountRow[], start?: CountModel): CountModel => fitCounts(lessons, COURSE_PRIOR.mean, COURSE_PRIOR.dispersion, start);

/** Parts of the broadcasts that are left out in turn. */
const FOLDS = 4;
/** Fewer broadcasts say nothing about levels. */
const LEAST_BROADCASTS = 4;
const PACE = 0.01;
const LEAST_LEVEL = 0.01;

/** Each broadcast is judged by a course that was fitted without it, and the levels adapt to where its outcomes fell. */
function levelsThatComeTrue(lessons: readonly Lesson[], course: CountModel): readonly (readonly number[])[] {
  const broadcasts = new Set(lessons.map((l) => l.broadcast)).size;
  if (broadcasts < LEAST_BROADCASTS) return PUBLISHED_NOWCAST.levels;
  const states: AdaptiveLevels[] = Array.from({ length: BUCKETS }, () => adaptiveStart(NOWCAST_LEVELS));
  const without = Array.from({ length: FOLDS }, (_, fold) => fitCourse(lessons.filter((l) => l.broadcast % FOLDS !== fold), course));
  for (const l of lessons) {
    const { mean, dispersion } = predicted(without[l.broadcast % FOLDS] as CountModel, l);
    const nb = { shape: 1 / dispersion, probability: 1 / (1 + dispersion * mean) };
    // The middle of the jump: a count has no quantile of its own.
    const position = (negativeBinomialBelow(nb, l.y - 1) + negativeBinomialBelow(nb, l.y)) / 2;
    states[l.bucket] = adaptiveNext(states[l.bucket] as AdaptiveLevels, Math.min(1, Math.max(0, position)), PACE);
  }
  return states.map((s) => levelsToRead(s, LEAST_LEVEL));
}
