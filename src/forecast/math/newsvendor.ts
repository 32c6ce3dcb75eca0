// The newsvendor against one distribution of demand: what to make, and what is to be expected of it. Money in minor units of one
// currency, quantities in units. Source: Cachon and Terwiesch, Matching Supply with Demand, chapters 13 and 14.
import {
  negativeBinomialBelow, negativeBinomialMean, normalBelow, normalLoss, poissonBelow, smallestCount, standardNormalQuantile, type NegativeBinomial,
} from '../../kernel/math/index.js';

/** c, p, v: cost of a unit, its price, and what a left-over unit still brings. Any finite numbers with salvage < unitCost. */
export interface Costs {
  readonly unitCost: number;
  readonly price: number;
  readonly salvage: number;
}

/** Normal demand, not truncated at 0: mean and standard deviation > 0, both finite. */
export interface NormalDemand {
  readonly mean: number;
  readonly deviation: number;
}

/** Demand in whole units: its mean, and P(D ≤ k) for whole k ≥ 0. */
export interface CountDemand {
  readonly mean: number;
  readonly below: (k: number) => number;
}

/** What a supply is expected to bring. lost: demand that finds nothing. stockOut: P(D > q). */
export interface Outcome {
  readonly sales: number;
  readonly lost: number;
  readonly leftOver: number;
  readonly profit: number;
  readonly stockOut: number;
}

export function checkNormal(demand: NormalDemand): void {
  if (!Number.isFinite(demand.mean)) throw new RangeError(`mean must be finite, got ${demand.mean}`);
  if (!(demand.deviation > 0) || !Number.isFinite(demand.deviation)) throw new RangeError(`deviation must be positive and finite, got ${demand.deviation}`);
}

/** Underage cu = p − c and overage co = c − v. RangeError where a cost is not finite or co ≤ 0 (nothing would bound the quantity). */
export function underOver(costs: Costs): { readonly under: number; readonly over: number } {
  const { unitCost, price, salvage } = costs;
  if (![unitCost, price, salvage].every(Number.isFinite)) throw new RangeError(`costs must be finite, got ${unitCost}, ${price}, ${salvage}`);
  if (salvage >= unitCost) throw new RangeError(`salvage ${salvage} must be below unit cost ${unitCost}`);
  return { under: price - unitCost, over: unitCost - salvage };
}

const supply = (q: number): void => {
  if (!(q >= 0) || !Number.isFinite(q)) throw new RangeError(`supply must be finite and not negative, got ${q}`);
};

const outcome = (costs: Costs, q: number, mean: number, lost: number, stockOut: number): Outcome => {
  const sales = mean - lost;
  const leftOver = q - sales;
  return { sales, lost, leftOver, profit: costs.price * sales - costs.unitCost * q + costs.salvage * leftOver, stockOut };
};

/** q* = F⁻¹(cu/(cu + co)) against normal demand, to the nearest unit, at least 0; 0 where cu ≤ 0. */
export function normalQuantity(demand: NormalDemand, costs: Costs): number {
  checkNormal(demand);
  const { under, over } = underOver(costs);
  return under <= 0 ? 0 : Math.max(0, Math.round(demand.mean + demand.deviation * standardNormalQuantile(under / (under + over))));
}

/** Outcome of a supply q ≥ 0 against normal demand; lost sales = σ L((q − μ)/σ). */
export function normalOutcome(demand: NormalDemand, costs: Costs, q: number): Outcome {
  checkNormal(demand);
  underOver(costs);
  supply(q);
  const z = (q - demand.mean) / demand.deviation;
  return outcome(costs, q, demand.mean, demand.deviation * normalLoss(z), normalBelow(-z));
}

/** Smallest whole q with P(D ≤ q) ≥ cu/(cu + co); 0 where cu ≤ 0. */
export function countQuantity(demand: CountDemand, costs: Costs): number {
  const { under, over } = underOver(costs);
  return under <= 0 ? 0 : smallestCount(demand.below, under / (under + over));
}

/** Outcome of a whole supply q ≥ 0 against demand in whole units: sales = Σ P(D > k) over k < q. Cost: q distribution functions. */
export function countOutcome(demand: CountDemand, costs: Costs, q: number): Outcome {
  underOver(costs);
  supply(q);
  if (!Number.isSafeInteger(q)) throw new RangeError(`supply must be a whole number, got ${q}`);
  let sales = 0;
  for (let k = 0; k < q; k++) {
    const more = 1 - demand.below(k);
    if (more <= 0) break;
    sales += more;
  }
  return outcome(costs, q, demand.mean, Math.max(0, demand.mean - sales), Math.max(0, 1 - demand.below(q)));
}

/** Poisson demand; mean in [0, 1e8]. */
export const poissonDemand = (mean: number): CountDemand => ({ mean, below: (k) => poissonBelow(k, mean) });

export const negativeBinomialDemand = (d: NegativeBinomial): CountDemand => ({ mean: negativeBinomialMean(d), below: (k) => negativeBinomialBelow(d, k) });

/** Demand as equally likely whole values (≥ 0, at least one), such as simulated paths. Sorting once, then log n a call. */
export function sampleDemand(values: readonly number[]): CountDemand {
  if (values.length === 0) throw new RangeError('a sample must hold at least one value');
  const wrong = values.find((v) => !Number.isSafeInteger(v) || v < 0);
  if (wrong !== undefined) throw new RangeError(`a sample must hold whole numbers, got ${wrong}`);
  const sorted = Float64Array.from(values).sort();
  const below = (k: number): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle] as number) <= k) low = middle + 1;
      else high = middle;
    }
    return low / sorted.length;
  };
  return { mean: sorted.reduce((s, v) => s + v, 0) / sorted.length, below };
}
