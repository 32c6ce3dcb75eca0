// What a nowcast learns from a merchant's finished broadcasts: profile, level of items, scatter, the course (each item looked at at
// several moments on its way), and the levels that come true. Pure and deterministic. Times are milliseconds since 1970.
import { adaptiveNext, adaptiveStart } from './adaptive-levels.js';
import {
  BUCKETS, bucketOf, companyOf, COURSE_PRIOR, courseFeatures, PACE_MS, PUBLISHED_NOWCAST, slotGroups, standOn, type Company, type CourseFeatures, type NowcastModel, type Scatter, type Stand,
} from './nowcast.js';
import { learnProfile } from './nowcast-profile-learning.js';
import { curvesOf, expectedUpTo, type Curve, type OnAir, type OrderTimes } from './nowcast-profile.js';
import { learnTotal, NO_RECORD, totalOf, type ItemFacts, type Outcome, type OwnRecord, type TotalPrior } from './nowcast-prior.js';
import { NOWCAST_LEVELS } from './nowcast-units.js';
import { fitCounts, predicted, type CountModel, type CountRow, type NormalPrior } from './regression.js';
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
const MOST_BROADCASTS = 40;
const MOST_ITEMS = 2_000;
/** Rows of the course that are fitted. */
const MOST_ROWS = 2_000;
/** Moments at which a past item is looked at: shares of the broadcast, and minutes since its own slot. */
const BROADCAST_MOMENTS = [0.1, 0.25, 0.5, 0.75] as const;
const PITCH_MOMENTS = [1.5, 5, 12] as const;

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? 0 : (sorted[sorted.length >> 1] as number);
};

/** A past broadcast with what the profile says of its items, and what came of them. */
interface Looked {
  readonly past: PastBroadcast;
  readonly curves: readonly Curve[];
  readonly groups: readonly number[];
  /** Orders of each item when all was known. */
  readonly orders: readonly number[];
}

/** Orders that a level expects of each item of a broadcast: they are the same at all its moments. */
type Means = readonly number[];
const meansOf = ({ past, curves }: Looked, total: TotalPrior): Means => past.items.map(({ facts }, i) => totalOf(total, facts, (curves[i] as Curve).total).mean);

/** The records of SKUs as they were before each broadcast, of its own SKUs alone; the last is how they are now. */
type Records = readonly Readonly<Record<string, OwnRecord>>[];

/** @param usualLogUnits mean ln(units) of the merchant's order lines, ≥ 0 */
export function learnNowcast(given: readonly PastBroadcast[], usualLogUnits: number): NowcastModel {
  const past = latest(given);
  const items = past.flatMap((b) => b.items.map((item) => ({ ...item, air: b.air, knownUntil: b.knownUntil, pitches: item.facts.pitches, category: item.facts.category })));
  if (items.length === 0) return { ...PUBLISHED_NOWCAST, usualLogUnits: Math.max(0, usualLogUnits) };
  const profile = learnProfile(items);
  const looked = past.map((b): Looked => ({ past: b, curves: curvesOf(profile, b.air, b.items.map((i) => i.facts)), groups: slotGroups(b.items.map((i) => i.facts)), orders: b.items.map((i) => i.sold.upTo(b.knownUntil)) }));
  const outcomes = looked.flatMap(({ past: b, curves, orders }, broadcast) => b.items.map(({ facts }, i): Outcome => {
    const curve = curves[i] as Curve;
    return { facts, broadcast, mass: curve.total, orders: orders[i] as number, share: expectedUpTo(curve, b.knownUntil) / Math.max(1e-9, curve.total) };
  }));
  const usualPrice = median(items.map((i) => i.facts.price).filter((p) => p > 0));
  // What a SKU sold in earlier broadcasts is measured against what was expected of it there: first without any record.
  const records = recordsOf(looked, learnTotal(outcomes, usualPrice));
  const total = { ...learnTotal(outcomes, usualPrice, records), own: records[past.length] as Readonly<Record<string, OwnRecord>> };
  const before = looked.map((l, n) => meansOf(l, { ...total, own: records[n] as Readonly<Record<string, OwnRecord>> }));
  const scatter = scatterOf(looked, before);
  const lessons = lessonsOf(looked, before, scatter);
  const course = fitCourse(lessons);
  return { broadcasts: past.length, items: items.length, profile, total, scatter, course, levels: levelsThatComeTrue(lessons, course), usualLogUnits: Math.max(0, usualLogUnits) };
}

/** Orders by which the ratio of a SKU is drawn to that of its slot: sizes of a style sell alike. */
const RATIO_WEIGHT = 5;

function recordsOf(looked: readonly Looked[], total: TotalPrior): Records {
  const records: Record<string, OwnRecord>[] = [];
  const now = new Map<string, OwnRecord>();
  for (const l of looked) {
    records.push(Object.fromEntries(l.past.items.flatMap(({ facts: { sku } }) => { const known = now.get(sku); return known === undefined ? [] : [[sku, known]]; })));
    const stands = endStands(l, meansOf(l, total));
    const { orders } = l;
    companyOf(PUBLISHED_NOWCAST.scatter, stands, orders, l.groups).forEach(({ lift, matesOrders, matesExpected }, i) => {
      const { sku } = (l.past.items[i] as PastItem).facts;
      const s = stands[i] as Stand;
      const expected = lift * s.mean * s.over;
      const slot = (orders[i] as number) + matesOrders;
      const ratio = (slot + 0.5) / (expected + lift * matesExpected + 0.5);
      const logRatio = Math.log(((orders[i] as number) + RATIO_WEIGHT * ratio) / (expected + RATIO_WEIGHT));
      const known = now.get(sku) ?? NO_RECORD;
      now.set(sku, { broadcasts: known.broadcasts + 1, logRatio: known.logRatio + logRatio });
    });
  }
  return [...records, Object.fromEntries(now)];
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

/** Where every item stood when its broadcast was known in full. */
const endStands = ({ past, curves }: Looked, means: Means): readonly Stand[] => curves.map((curve, i) => standOn(curve, means[i] as number, past.knownUntil));

/** Broadcasts that the published scatter of broadcasts weighs as much as. */
const BROADCAST_WEIGHT = 3;
const LEAST_SCATTER = 0.02;
const MOST_SCATTER = 4;
const scattered = (x: number): number => Math.min(MOST_SCATTER, Math.max(LEAST_SCATTER, x));

/** ln dispersion and ln bias of counts around what was expected of them: a regression on nothing else. */
function dispersionAround(rows: readonly { readonly y: number; readonly expected: number }[], published: number): number {
  const flat: NormalPrior = { mean: [0], precision: [4] };
  const fit = fitCounts(rows.map(({ y, expected }): CountRow => ({ y, offset: Math.log(Math.max(1e-6, expected)), x: [1], z: [1] })), flat, { mean: [Math.log(published)], precision: [4] });
  return scattered(predicted(fit, { offset: 0, x: [1], z: [1] }).dispersion);
}

/** How broadcasts, slots and items scatter, each around what those it belongs to say: as they will be asked later. */
function scatterOf(looked: readonly Looked[], before: readonly Means[]): Scatter {
  const { broadcast: published, slot, item } = PUBLISHED_NOWCAST.scatter;
  const logs: number[] = [];
  const ends = looked.map((l, n) => ({ stands: endStands(l, before[n] as Means), orders: l.orders }));
  ends.forEach(({ stands, orders }, n) => {
    // A lift that hardly heeds its prior is the broadcast's own level.
    const free = companyOf({ broadcast: 1e6, slot, item }, [...stands, { mean: 0, over: 0, rest: 0, lately: 0 }], [...orders, 0], [...(looked[n] as Looked).groups, -1]).at(-1) as Company;
    logs.push(Math.log(Math.max(0.05, free.lift)));
  });
  // Levels of broadcasts are about log-normal: the variance of their logarithms, less what the scatter of their slots adds to it, is that of ln(1 + scatter).
  const mean = logs.reduce((s, l) => s + l, 0) / logs.length;
  const slots = looked.reduce((s, l) => s + new Set(l.groups).size, 0) / looked.length;
  const around = logs.reduce((s, l) => s + (l - mean) ** 2, 0) - (logs.length - 1) * (Math.log1p(slot) / slots);
  const broadcast = scattered(Math.expm1(Math.max(0.05, (BROADCAST_WEIGHT * Math.log1p(published) + around) / (BROADCAST_WEIGHT + logs.length - 1))));
  const slotRows: { y: number; expected: number }[] = [];
  const itemRows: { y: number; expected: number }[] = [];
  ends.forEach(({ stands, orders }, n) => {
    const { groups } = looked[n] as Looked;
    const company = companyOf({ broadcast, slot, item }, stands, orders, groups);
    const seen = new Set<number>();
    stands.forEach((s, i) => {
      const { lift, matesOrders, matesExpected } = company[i] as Company;
      const expected = s.mean * s.over;
      if (!seen.has(groups[i] as number)) slotRows.push({ y: (orders[i] as number) + matesOrders, expected: lift * (expected + matesExpected) });
      seen.add(groups[i] as number);
      // Where the mates say enough, what is left is the item's own.
      if (matesOrders >= 10) itemRows.push({ y: orders[i] as number, expected: expected * (matesOrders / Math.max(1e-6, matesExpected)) });
    });
  });
  return { broadcast, slot: dispersionAround(slotRows, slot), item: dispersionAround(itemRows, item) };
}

/** One item of a past broadcast at one moment: the features as they were, and what was still to come. */
interface Lesson extends CourseFeatures {
  readonly y: number;
  readonly over: number;
  readonly broadcast: number;
}

/** Moments of a broadcast at which all its items are summed up; an item's moment in between takes the last of them. */
const GRID = 20;

function lessonsOf(looked: readonly Looked[], before: readonly Means[], scatter: Scatter): Lesson[] {
  const wanted = looked.reduce((s, l) => s + l.past.items.length, 0) * (BROADCAST_MOMENTS.length + PITCH_MOMENTS.length);
  const step = Math.max(1, Math.ceil(wanted / MOST_ROWS));
  const lessons: Lesson[] = [];
  let n = 0;
  looked.forEach(({ past: b, curves, groups, orders: ends }, broadcast) => {
    const { startsAt, endsAt } = b.air;
    const means = before[broadcast] as Means;
    const standsAt = (at: number): Stand[] => curves.map((curve, i) => standOn(curve, means[i] as number, at, b.knownUntil));
    const companies = Array.from({ length: GRID + 1 }, (_, k) => {
      const at = startsAt + ((endsAt - startsAt) * k) / GRID;
      return companyOf(scatter, standsAt(at), b.items.map((i) => i.sold.upTo(at)), groups);
    });
    b.items.forEach(({ facts, sold }, i) => {
      const pitch = facts.pitches[0];
      const moments = [...BROADCAST_MOMENTS.map((share) => startsAt + share * (endsAt - startsAt)), ...(pitch === undefined ? [] : PITCH_MOMENTS.map((minutes) => pitch.from + minutes * 60_000))];
      for (const at of moments) {
        // Every step-th moment, so that items and moments are thinned alike.
        if (n++ % step !== 0 || at >= endsAt) continue;
        const stand = standOn(curves[i] as Curve, means[i] as number, at, b.knownUntil);
        const company = (companies[Math.floor((GRID * (at - startsAt)) / (endsAt - startsAt))] as Company[])[i] as Company;
        const orders = sold.upTo(at);
        const features = courseFeatures(scatter, stand, orders, orders - sold.upTo(at - PACE_MS), company);
        lessons.push({ ...features, y: Math.max(0, (ends[i] as number) - orders), over: stand.over, broadcast });
      }
    });
  });
  return lessons;
}

const fitCourse = (lessons: readonly CountRow[], start?: CountModel): CountModel => fitCounts(lessons, COURSE_PRIOR.mean, COURSE_PRIOR.dispersion, start);

/** Parts of the broadcasts that are left out in turn. */
const FOLDS = 3;
/** Fewer broadcasts say nothing about levels. */
const LEAST_BROADCASTS = 4;
const PACE = 0.02;
/** A level moves no further than this from what is promised, in logits: 0.1 stays within 0.04 and 0.23. */
const FURTHEST = 1;

/**
 * Each broadcast is judged by a course that was fitted without it, and the levels adapt to where its outcomes fell. Counts: what
 * falls on a quantile lies between the quantiles, so a level below the median is met by what is less than its quantile, one above it
 * by what is not more.
 */
function levelsThatComeTrue(lessons: readonly Lesson[], course: CountModel): readonly (readonly number[])[] {
  if (new Set(lessons.map((l) => l.broadcast)).size < LEAST_BROADCASTS) return PUBLISHED_NOWCAST.levels;
  const states = Array.from({ length: BUCKETS }, () => NOWCAST_LEVELS.map((level) => adaptiveStart([level])));
  const without = Array.from({ length: FOLDS }, (_, fold) => fitCourse(lessons.filter((l) => l.broadcast % FOLDS !== fold), course));
  for (const l of lessons) {
    const { mean, dispersion } = predicted(without[l.broadcast % FOLDS] as CountModel, l);
    const nb = { shape: 1 / dispersion, probability: 1 / (1 + dispersion * mean) };
    const [under, upTo] = [negativeBinomialBelow(nb, l.y - 1), negativeBinomialBelow(nb, l.y)];
    const bucket = bucketOf(l.over, mean);
    states[bucket] = (states[bucket] as typeof states[number]).map((state, i) => {
      const level = NOWCAST_LEVELS[i] as number;
      const next = adaptiveNext(state, Math.min(1, Math.max(0, level < 0.5 ? upTo : level > 0.5 ? under : (under + upTo) / 2)), PACE);
      return { ...next, used: [held(level, next.used[0] as number)] };
    });
  }
  return states.map((levels) => levels.map((state) => state.used[0] as number).sort((a, b) => a - b));
}

function held(promised: number, used: number): number {
  const shifted = (by: number): number => 1 / (1 + Math.exp(-(Math.log(promised / (1 - promised)) + by)));
  return Math.min(shifted(FURTHEST), Math.max(shifted(-FURTHEST), used));
}
