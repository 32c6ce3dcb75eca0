// The oracle: knows every order, cancellation and return, and is bound by the same MOQ, lots, capacity, lead times and samples. It
// orders once per group at the first moment (nothing is gained by ordering later: no unit costs anything while it waits, and what
// is ordered before the first sale bears no premium), as many units of each SKU as pay best. The best total is searched over
// multiples of the lot, each SKU given the next lot where it adds most; a search, no proof, so that another policy could in theory
// do better by a trifle.
import { profitOf } from './account.js';
import { STEP_MS, House } from './house.js';
import type { Policy } from './policies.js';
import type { Scene, SceneSku } from './scene.js';

/** Orders the given units of each group at the first step. */
export const ordering = (plan: ReadonlyMap<number, number>): Policy => {
  let placed = false;
  return {
    sells: true,
    looks: false,
    decide: (house) => {
      if (placed) return;
      placed = true;
      for (const group of house.groups.values()) {
        const quantities = new Map(group.map((sku) => [sku, plan.get(sku) ?? 0]));
        if ([...quantities.values()].some((q) => q > 0)) house.place(quantities);
      }
    },
  };
};

/** The scene of a few SKUs alone. */
function only(scene: Scene, group: readonly number[], lines: readonly Scene['lines'][number][]): Scene {
  const index = new Map(group.map((sku, i) => [sku, i]));
  return { ...scene, skus: group.map((sku) => scene.skus[sku] as SceneSku), items: [], lines: lines.map((l) => ({ ...l, sku: index.get(l.sku) as number })) };
}

/** Plays a policy from the first order until nothing can happen any more. */
export function played(scene: Scene, policy: Policy, see?: (house: House) => void): House {
  const house = new House(scene, policy);
  house.now -= STEP_MS;
  while (house.running) {
    house.step();
    policy.decide(house);
    see?.(house);
  }
  house.close();
  return house;
}

/** The quantities that pay best. `report`: told how many groups are searched. */
export function oraclePlan(scene: Scene, report: (line: string) => void = () => undefined): Map<number, number> {
  const plan = new Map<number, number>();
  const lines = new Map<number, Scene['lines'][number][]>();
  for (const l of scene.lines) {
    const list = lines.get(l.sku);
    if (list === undefined) lines.set(l.sku, [l]);
    else list.push(l);
  }
  const groups = [...new House(scene, { sells: true, looks: false }).groups.values()];
  for (const [n, group] of groups.entries()) {
    if (n > 0 && n % 200 === 0) report(`oracle: ${n} of ${groups.length} groups searched`);
    for (const [sku, q] of groupPlan(scene, group, group.flatMap((sku) => lines.get(sku) ?? []).sort((a, b) => a.createdAt - b.createdAt))) plan.set(sku, q);
  }
  return plan;
}

function groupPlan(scene: Scene, group: readonly number[], lines: readonly Scene['lines'][number][]): Map<number, number> {
  const terms = scene.skus[group[0] as number]?.terms;
  if (terms?.supplier == null || lines.length === 0) return new Map();
  const { moq, lot_multiple: lot } = terms;
  // SKUs do not touch each other but by MOQ and lots, so each has a curve of its own: profit by units made.
  const curves = group.map((sku) => {
    const own = only({ ...scene, skus: scene.skus.map((s) => ({ ...s, terms: { ...s.terms, moq: 1, lot_multiple: 1 } })) }, [sku], lines.filter((l) => l.sku === sku));
    const known = new Map<number, number>();
    const demand = own.lines.reduce((s, l) => s + l.quantity, 0);
    return {
      most: Math.ceil(demand / scene.assumptions.yield) + lot,
      at: (q: number): number => {
        let value = known.get(q);
        if (value === undefined) known.set(q, (value = profitOf(played(own, ordering(new Map([[0, q]]))).account)));
        return value;
      },
    };
  });
  const best = curves.map((c) => peak(c.at, c.most));
  const sum = best.reduce((s, q) => s + q, 0);
  const least = Math.ceil(moq / lot) * lot;
  let chosen = group.map(() => 0);
  let most = curves.reduce((s, c) => s + c.at(0), 0);
  for (const total of new Set([least, Math.floor(sum / lot) * lot, Math.ceil(sum / lot) * lot])) {
    if (total < least) continue;
    const split = spread(curves.map((c) => c.at), best, total);
    const value = curves.reduce((s, c, i) => s + c.at(split[i] as number), 0);
    if (value > most) [most, chosen] = [value, split];
  }
  return new Map(group.map((sku, i) => [sku, chosen[i] as number]));
}

/** Where a curve that rises and then falls is highest, among whole numbers from 0 to `most`: golden section, then its neighbours. */
function peak(at: (q: number) => number, most: number): number {
  let [low, high] = [0, most];
  while (high - low > 3) {
    const a = low + Math.floor((high - low) * 0.382);
    const b = low + Math.ceil((high - low) * 0.618);
    if (at(a) >= at(b)) high = b;
    else low = a;
  }
  let best = 0;
  for (let q = low; q <= high; q++) if (at(q) > at(best)) best = q;
  return best;
}

/** The best quantities moved until they sum to `total`, a share at a time where it costs least. */
function spread(curves: readonly ((q: number) => number)[], best: readonly number[], total: number): number[] {
  const split = [...best];
  const step = Math.max(1, Math.round(Math.abs(total - split.reduce((s, q) => s + q, 0)) / 12));
  for (let left = total - split.reduce((s, q) => s + q, 0); left !== 0; ) {
    const move = Math.sign(left) * Math.min(step, Math.abs(left));
    let [chosen, gain] = [-1, -Infinity];
    curves.forEach((at, i) => {
      const q = split[i] as number;
      if (q + move < 0) return;
      const g = at(q + move) - at(q);
      if (g > gain) [chosen, gain] = [i, g];
    });
    if (chosen === -1) {
      // Nobody has that much to give: take what the largest has.
      chosen = split.indexOf(Math.max(...split));
      left += split[chosen] as number;
      split[chosen] = 0;
      continue;
    }
    split[chosen] = (split[chosen] as number) + move;
    left -= move;
  }
  return split;
}
