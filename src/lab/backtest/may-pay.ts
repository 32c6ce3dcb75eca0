// Most looks at a group end in nothing: there is more on the shelf than will ever be asked for. These are proofs of that which cost a
// fraction of a look; where they prove nothing, a look decides.
import { dueNow, type Moments, type OrderTiming } from '../../forecast/math/index.js';
import { DAY_MS } from './clock.js';
import type { House } from './house.js';
import { NOTHING, standingDays, type Knowledge } from './knowledge.js';
import type { LineUpItem } from './scene.js';

/** Line-up items of shows that may still sell: of a tail little is left after three days. */
export const sellingOn = (items: readonly LineUpItem[], now: number): LineUpItem[] => items.filter((i) => i.ends_at.getTime() > now - 3 * DAY_MS);

/** Variance over mean of demand as one negative binomial: barely wider than Poisson at the least, so that the formula holds. */
export const LEAST_SPREAD = 1 + 1e-6;

/** What rounding could add to a sum of expected sales. */
const ROUNDING = 1e-3;

/**
 * Most that demand with this mean and variance exceeds a supply by on average, whatever its distribution: E(D − s)⁺ ≤
 * ½ (√(σ² + (s − μ)²) − (s − μ)). H. Scarf, "A min-max solution of an inventory problem", 1958. Rises with mean and variance.
 */
export const mostExcess = ({ mean, variance }: Moments, supply: number): number => (Math.sqrt(variance + (supply - mean) ** 2) - (supply - mean)) / 2;

const timingOf = (house: House, at: number, delay: number): OrderTiming => ({ arrivesAt: at, nextArrivesAt: at + delay, patienceDays: house.scene.assumptions.patienceDays });

/** What an order placed now serves of sales that go on evenly: its mean for one a day, and its variance for a variance of one a day, and for the chance of each buyer to wait. */
interface Daily {
  readonly at: number;
  readonly delay: number;
  readonly mean: number;
  readonly square: number;
  readonly chance: number;
}

/** At one moment, by when goods would come: all SKUs of a factory share it. */
const dailies = new WeakMap<House, { now: number; known: Daily[] }>();

function dailyOf(house: House, at: number, delay: number): Daily {
  let kept = dailies.get(house);
  if (kept === undefined) dailies.set(house, (kept = { now: house.now, known: [] }));
  if (kept.now !== house.now) [kept.now, kept.known] = [house.now, []];
  let daily = kept.known.find((d) => d.at === at && d.delay === delay);
  if (daily === undefined) {
    const of = (perDay: Moments): Moments => dueNow(standingDays(house, perDay, at + delay - house.now), timingOf(house, at, delay));
    const [one, spread] = [of({ mean: 1, variance: 0 }), of({ mean: 0, variance: 1 })];
    daily = { at, delay, mean: one.mean, square: spread.variance, chance: one.variance };
    kept.known.push(daily);
  }
  return daily;
}

/**
 * False where no quantity of the group can pay and nothing can be taken back, whatever comes back of what was sold. What is open serves
 * first what is there or under way, so that at most the rest needs making; beyond it sells at most what demand exceeds the supply by; and
 * what one unit earns is at most its margin without returns. Where all that would not pay for the overage of the least order, none does.
 */
export function mayPay(house: House, group: readonly number[], items: ReadonlyMap<number, readonly LineUpItem[]>, knowledge: Knowledge): boolean {
  let [gain, leastOver, least] = [0, Infinity, Infinity];
  for (const sku of group) {
    // What is not cut yet could be taken back.
    if (house.uncut(sku) > 0) return true;
    const { terms, salvage } = house.scene.skus[sku] as House['scene']['skus'][number];
    const cost = house.unitCost(sku) ?? terms.unit_cost;
    const over = cost - salvage;
    if (!(over > 0)) continue;
    const certain = (house.demand[sku]?.open ?? 0) - house.stock(sku) - house.supply(sku).reduce((s, b) => s + b.quantity, 0);
    const { at, delay } = house.soonest(sku);
    const { shows, perDay } = knowledge.atMost(house, sku, sellingOn(items.get(sku) ?? [], house.now), at + delay - house.now);
    const daily = dailyOf(house, at, delay);
    const due = shows.length === 0 ? NOTHING : dueNow(shows, timingOf(house, at, delay));
    const mean = due.mean + perDay.mean * daily.mean;
    const variance = due.variance + perDay.variance * daily.square + perDay.mean * daily.chance;
    gain += (Math.max(0, certain) + mostExcess({ mean, variance: Math.max(variance, LEAST_SPREAD * mean) }, Math.max(0, -certain)) + ROUNDING) * (Math.max(0, terms.price - cost) + over);
    leastOver = Math.min(leastOver, over);
    least = Math.min(least, Math.ceil(terms.moq / terms.lot_multiple) * terms.lot_multiple);
  }
  return leastOver < Infinity && gain >= (1 - ROUNDING) * least * leastOver;
}
