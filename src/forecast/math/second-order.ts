// A first order now and a second one later, dearer by a premium, when demand is known better: what to commit now, and what
// waiting is worth. Source: Cachon and Terwiesch, Matching Supply with Demand, chapter 15; the sample average for the case with
// a limit or with demand still to come (Shapiro et al., Lectures on Stochastic Programming, chapter 5).
import { normalLoss, standardNormalQuantile } from '../../kernel/math/index.js';
import { checkNormal, underOver, type Costs, type NormalDemand } from './newsvendor.js';

const checkPremium = (premium: number): void => {
  if (!(premium >= 0) || !Number.isFinite(premium)) throw new RangeError(`premium must be finite and not negative, got ${premium}`);
};

export interface SecondOrderPlan {
  readonly criticalRatio: number;
  readonly first: number;
  /** Expected units of the second order. */
  readonly second: number;
  readonly profit: number;
}

/**
 * First order where a second one, `premium` (≥ 0) a unit dearer, sees the whole demand, has no limit and comes in time for all of
 * it: F(q₁) = m/(m + co), m = min(premium, cu), to the nearest unit, at least 0. At a premium of cu or more there is no second
 * order and this is the newsvendor. Normal demand not truncated at 0. 0 and no profit where cu ≤ 0.
 */
export function firstOfTwo(demand: NormalDemand, costs: Costs, premium: number): SecondOrderPlan {
  checkNormal(demand);
  checkPremium(premium);
  const { under, over } = underOver(costs);
  if (under <= 0) return { criticalRatio: 0, first: 0, second: 0, profit: 0 };
  const margin = Math.min(premium, under);
  const criticalRatio = margin / (margin + over);
  const first = criticalRatio === 0 ? 0 : Math.max(0, Math.round(demand.mean + demand.deviation * standardNormalQuantile(criticalRatio)));
  const short = demand.deviation * normalLoss((first - demand.mean) / demand.deviation);
  const left = first - demand.mean + short;
  // A unit short earns cu − m: by the second order, or nothing where that does not pay.
  return { criticalRatio, first, second: premium < under ? short : 0, profit: under * (demand.mean - short) - over * left + (under - margin) * short };
}

/** Profit of knowing demand before ordering: cu × mean, 0 where cu ≤ 0; the ceiling of every plan. */
export function perfectInformationProfit(mean: number, costs: Costs): number {
  if (!(mean >= 0) || !Number.isFinite(mean)) throw new RangeError(`mean must be finite and not negative, got ${mean}`);
  return Math.max(0, underOver(costs).under) * mean;
}

/** What was seen before the second order, and equally likely values of what is still to come then. Whole units ≥ 0. */
export interface Scenario {
  readonly early: number;
  readonly late: readonly number[];
}

const inOrder = (a: number, b: number): number => a - b;

/** Profit of a scenario, given the first order and the best second order within `limit` for it. */
function scenarioProfit(s: Scenario, costs: Costs, premium: number, limit: number, first: number): { readonly second: number; readonly profit: number } {
  const { under, over } = underOver(costs);
  const late = s.late;
  const dearer = under - premium;
  const fractile = dearer / (under + over);
  const wanted = dearer <= 0 ? 0 : s.early + (late[Math.min(late.length - 1, Math.ceil(fractile * late.length - 1e-9) - 1)] as number);
  const second = Math.max(0, Math.min(limit, wanted - first));
  const q = first + second;
  const sales = late.reduce((sum, x) => sum + Math.min(q, s.early + x), 0) / late.length;
  return { second, profit: (under + over) * sales - over * q - premium * second };
}

/**
 * First order by sample average over equally likely scenarios (at least one): the second order sees `early`, is at most `limit`
 * (≥ 0, may be Infinity), costs `premium` more a unit, arrives in time for all unserved demand, and is the best one for that
 * scenario's `late`. Expected profit is concave in the first order, so the best whole one is found by halving.
 * Cost: log₂(largest demand) × all late values. Ties go to the smaller order.
 */
export function firstOrderBySample(scenarios: readonly Scenario[], costs: Costs, premium: number, limit: number): Omit<SecondOrderPlan, 'criticalRatio'> {
  checkPremium(premium);
  if (!(limit >= 0)) throw new RangeError(`limit must not be negative, got ${limit}`);
  if (scenarios.length === 0 || scenarios.some((s) => s.late.length === 0)) throw new RangeError('there must be a scenario, and each must hold a late value');
  const whole = (x: number): boolean => Number.isSafeInteger(x) && x >= 0;
  if (!scenarios.every((s) => whole(s.early) && s.late.every(whole))) throw new RangeError('early and late demand must be whole numbers');
  if (underOver(costs).under <= 0) return { first: 0, second: 0, profit: 0 };
  const sorted = scenarios.map((s) => ({ early: s.early, late: [...s.late].sort(inOrder) }));
  const at = (first: number): { readonly second: number; readonly profit: number } => {
    let [second, profit] = [0, 0];
    for (const s of sorted) {
      const one = scenarioProfit(s, costs, premium, limit, first);
      second += one.second / sorted.length;
      profit += one.profit / sorted.length;
    }
    return { second, profit };
  };
  // The steps of a concave function fall: the answer is the first order whose next unit brings nothing more but rounding.
  let [low, high] = [0, sorted.reduce((most, s) => Math.max(most, s.early + (s.late[s.late.length - 1] as number)), 0)];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const here = at(middle).profit;
    if (at(middle + 1).profit > here + 1e-12 * Math.abs(here)) low = middle + 1;
    else high = middle;
  }
  return { first: low, ...at(low) };
}
