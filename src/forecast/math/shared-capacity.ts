// One capacity for many SKUs that use it equally: units go where the next one earns most. Expected profit is concave in each
// quantity, so this greedy choice is optimal (Hadley and Whitin, Analysis of Inventory Systems, 1963, 6.5); not with minimum
// quantities or unequal use, where it takes an integer programme.
import { underOver, type Costs, type CountDemand } from './newsvendor.js';

export interface CapacityItem {
  readonly demand: CountDemand;
  readonly costs: Costs;
}

export interface CapacityPlan {
  readonly quantities: readonly number[];
  /** What one more unit of capacity would earn, in minor units; 0 where capacity does not bind. */
  readonly worthOfOneMore: number;
}

/**
 * Whole quantities, one per item, with a sum of at most `capacity` (whole, ≥ 0) and the most expected profit. A unit q + 1 earns
 * (p − v) P(D > q) − (c − v); units that would lose are not made. Ties go to the earlier item. Cost: capacity × items, so for
 * capacities up to about 1e6. RangeError for other capacities and where salvage reaches cost.
 */
export function shareCapacity(items: readonly CapacityItem[], capacity: number): CapacityPlan {
  if (!Number.isSafeInteger(capacity) || capacity < 0 || capacity > 1e7) throw new RangeError(`capacity must be a whole number up to 1e7, got ${capacity}`);
  const earns = items.map(({ demand, costs }) => {
    const { under, over } = underOver(costs);
    return (made: number): number => (under + over) * (1 - demand.below(made)) - over;
  });
  const quantities = items.map(() => 0);
  const next = earns.map((earn) => earn(0));
  const most = (): number => next.reduce((best, value, i) => (value > (next[best] ?? -Infinity) ? i : best), 0);
  for (let left = capacity; left > 0; left--) {
    const i = most();
    if (!((next[i] ?? 0) > 0)) break;
    quantities[i] = (quantities[i] as number) + 1;
    next[i] = (earns[i] as (made: number) => number)(quantities[i]);
  }
  return { quantities, worthOfOneMore: Math.max(0, next[most()] ?? 0) };
}
