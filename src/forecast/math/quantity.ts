// How much to make: the newsvendor in its gross form (mathematics.md, section 5, form A) under MOQ, lots and capacity.
// Money in minor units of one currency, quantities in units.
import { LogMasses, negativeBinomialBelow, negativeBinomialMean, negativeBinomialQuantiles, splitByLargestRemainder, type NegativeBinomial } from '../../kernel/math/index.js';

/**
 * Overage and underage: cu = k (p − c), co = c − v, where k is the share of sold units that the buyer keeps (a returned one fills
 * another order, so its margin is earned by that one). Critical fractile cu/(cu + co); undefined where nothing should be made.
 */
export function criticalFractile(price: number, unitCost: number, salvage: number, keep = 1): number | undefined {
  if (!(keep >= 0 && keep <= 1)) throw new RangeError(`keep must be from 0 to 1, got ${keep}`);
  const under = keep * (price - unitCost);
  const over = unitCost - salvage;
  if (!(over > 0)) throw new RangeError(`salvage ${salvage} must be below unit cost ${unitCost}`);
  return under <= 0 ? undefined : under / (under + over);
}

/** Up to this supply masses are summed; beyond it the closed form costs less. */
const SUMMED = 400;

/** Expected units sold of a supply q ≥ 0 against NB demand. */
export function expectedSales(demand: NegativeBinomial, q: number): number {
  if (!(q >= 0)) throw new RangeError(`supply must not be negative, got ${q}`);
  if (demand.probability === 1 || q === 0) return 0;
  const mean = negativeBinomialMean(demand);
  // Far above the demand everything sells; far below nothing is left: the sum is needed only in between.
  if (q > mean + 20 * Math.sqrt(mean / demand.probability) + 50) return mean;
  // k P(X = k) is the mean times the mass at k − 1 of the shape one larger, so E min(X, q) = mean F'(q − 2) + q (1 − F(q − 1)).
  if (q > SUMMED) {
    const whole = Math.ceil(q);
    return mean * negativeBinomialBelow({ shape: demand.shape + 1, probability: demand.probability }, whole - 2) + q * Math.max(0, 1 - negativeBinomialBelow(demand, whole - 1));
  }
  let below = 0;
  let sales = 0;
  for (const at = new LogMasses(demand); at.k < q; at.advance()) {
    const mass = Math.exp(at.log);
    sales += at.k * mass;
    below += mass;
  }
  return sales + q * Math.max(0, 1 - below);
}

export interface Item {
  readonly sku: string;
  /** Units that must be made whatever still sells: open after cancellation − stock − production in time − returns in time; may be negative. */
  readonly certain: number;
  /** Units still expected to sell. */
  readonly more: NegativeBinomial;
  readonly price: number;
  readonly unitCost: number;
  readonly salvage: number;
  /** Share of what is sold that is not returned, 0 to 1. */
  readonly keep: number;
  /** What one more unit that sells earns, where more is known than keep × (price − unit cost); may be negative. */
  readonly underage?: number | undefined;
  /** Most that can be made in time, ≥ 0. */
  readonly capacity: number;
  readonly sizeRatio: number;
}

export interface Terms {
  readonly moq: number;
  readonly lotMultiple: number;
}

export interface Quantity {
  readonly sku: string;
  /** What pays best to make, lots and minimum respected over the group. */
  readonly recommended: number;
  /** The part of it that is sold already: never more than the committed need. */
  readonly firm: number;
}

const underOf = (item: Item): number => item.underage ?? item.keep * (item.price - item.unitCost);

/** Expected profit of making q more of one item, compared with making none. @param without expected sales of making none */
function profit(item: Item, q: number, without: number): number {
  if (q === 0) return 0;
  const cover = Math.min(Math.max(0, item.certain), q);
  const spare = q - cover;
  // A negative `certain` is stock that later orders use up first.
  const buffer = Math.max(0, -item.certain);
  const sold = cover + (spare === 0 ? without : expectedSales(item.more, buffer + spare)) - without;
  const over = item.unitCost - item.salvage;
  return sold * (underOf(item) + over) - q * over;
}

/** The best quantity without minimum and lots. */
function unconstrained(item: Item): number {
  const under = underOf(item);
  const over = item.unitCost - item.salvage;
  if (!(over > 0)) throw new RangeError(`salvage ${item.salvage} must be below unit cost ${item.unitCost}`);
  if (under <= 0) return 0;
  const fractile = under / (under + over);
  const level = Math.min(1 - 1e-9, Math.max(1e-9, fractile));
  const [quantile] = negativeBinomialQuantiles(item.more, [level]) as [number];
  return Math.max(0, Math.min(item.capacity, Math.ceil(item.certain + quantile)));
}

const floorTo = (q: number, lot: number): number => Math.floor(q / lot) * lot;
const ceilTo = (q: number, lot: number): number => Math.ceil(q / lot) * lot;

/**
 * Splits a total, at most the sum of the capacities, over the items: what each wants first, an excess by size ratio (by what each wants
 * where none is given). No item is given more than can be made of it: what it has no room for goes to those that have.
 */
function allocate(items: readonly Item[], wanted: readonly number[], total: number): number[] {
  const sum = wanted.reduce((s, q) => s + q, 0);
  if (total <= sum) return splitByLargestRemainder(total, wanted);
  const ratios = items.map((item, i) => (item.sizeRatio > 0 ? item.sizeRatio : items.every((x) => x.sizeRatio === 0) ? Math.max(1, wanted[i] as number) : 0));
  const split = [...wanted];
  const roomOf = (i: number): number => Math.max(0, Math.floor((items[i] as Item).capacity) - (split[i] as number));
  // Each round gives all that is left, or fills an item for good.
  for (let left = total - sum; left > 0; ) {
    const open = items.map((_, i) => roomOf(i) > 0);
    if (!open.includes(true)) break;
    const weighed = ratios.map((ratio, i) => (open[i] === true ? ratio : 0));
    // Sizes outside the ratio are cut only when those inside it have no room.
    const shares = splitByLargestRemainder(left, weighed.some((w) => w > 0) ? weighed : open.map(Number));
    shares.forEach((share, i) => {
      const given = Math.min(share, roomOf(i));
      split[i] = (split[i] as number) + given;
      left -= given;
    });
  }
  return split;
}

/**
 * Decides one group whose minimum and lots bind its sum: one SKU, a style-colour, or a style. Expected profit is concave in the
 * total, so the best feasible total is among {0, MOQ, lot below, lot above, capacity} around the unconstrained optimum.
 * Throws RangeError where terms are not positive whole numbers.
 */
export function decideGroup(items: readonly Item[], terms: Terms): Quantity[] {
  const { moq, lotMultiple: lot } = terms;
  if (!Number.isSafeInteger(moq) || moq < 1 || !Number.isSafeInteger(lot) || lot < 1) throw new RangeError('moq and lotMultiple must be whole numbers of at least 1');
  const wanted = items.map(unconstrained);
  const best = wanted.reduce((s, q) => s + q, 0);
  const capacity = floorTo(items.reduce((s, item) => s + item.capacity, 0), lot);
  const least = ceilTo(moq, lot);
  const totals = best === 0 || capacity < least ? [0] : [0, least, floorTo(best, lot), ceilTo(best, lot), capacity].filter((t) => t === 0 || (t >= least && t <= capacity));
  let chosen = items.map(() => 0);
  let most = 0;
  const without = totals.length === 1 ? [] : items.map((item) => expectedSales(item.more, Math.max(0, -item.certain)));
  for (const total of new Set(totals)) {
    // Making nothing is what the others are compared with.
    if (total === 0) continue;
    const split = allocate(items, wanted, total);
    const value = items.reduce((s, item, i) => s + profit(item, split[i] as number, without[i] as number), 0);
    if (value > most) {
      most = value;
      chosen = split;
    }
  }
  // The firm part: sold already, never above the committed need of a SKU nor above what is recommended for it.
  const committed = items.map((item, i) => Math.min(Math.max(0, Math.floor(item.certain)), chosen[i] as number));
  const sum = committed.reduce((s, q) => s + q, 0);
  const firmTotal = floorTo(sum, lot) >= least ? floorTo(sum, lot) : 0;
  const firm = splitByLargestRemainder(firmTotal, committed);
  return items.map((item, i) => ({ sku: item.sku, recommended: chosen[i] as number, firm: firm[i] as number }));
}
