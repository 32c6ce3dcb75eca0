// A scene played by each policy, and what came of it.
import { profitOf, type Account } from './account.js';
import { castlinePolicy } from './castline.js';
import type { House } from './house.js';
import { learned, truePrior } from './knowledge.js';
import { oraclePlan, ordering, played } from './oracle.js';
import { naive, none, type Policy } from './policies.js';
import type { Scene } from './scene.js';

export const POLICIES = ['castline', 'none', 'naive', 'perfect-prior', 'oracle', 'castline-firm'] as const;
/** `castline-firm`: what the service orders by itself, sold units alone, without what it recommends beyond them. */
export type PolicyName = (typeof POLICIES)[number];
export const DEFAULT_POLICIES: readonly PolicyName[] = ['castline', 'none', 'naive', 'perfect-prior', 'oracle'];

export interface PolicyResult {
  readonly name: PolicyName;
  readonly profit: number;
  readonly revenue: number;
  readonly made: number;
  readonly sold: number;
  readonly lost: number;
  readonly late: number;
  readonly leftOver: number;
  readonly returned: number;
  readonly resold: number;
  readonly signals: number;
  readonly samples: number;
  /** Every line of the profit formula, minor units, and the other counts. */
  readonly account: Account;
}

export interface BacktestResult {
  readonly policies: readonly (PolicyResult | null)[];
  readonly gapToOracle: number | null;
  readonly gapToPerfectPrior: number | null;
}

function policyOf(name: PolicyName, scene: Scene, report: (line: string) => void): Policy | undefined {
  switch (name) {
    case 'castline': return castlinePolicy(learned());
    case 'castline-firm': return castlinePolicy(learned(), { committedOnly: true });
    case 'none': return none();
    case 'naive': return naive();
    case 'perfect-prior': return scene.prior === undefined ? undefined : castlinePolicy(truePrior(scene.prior));
    case 'oracle': return ordering(oraclePlan(scene, report));
  }
}

const whole = (a: Account): Account => Object.fromEntries(Object.entries(a).map(([k, v]) => [k, Math.round(v as number)])) as unknown as Account;

export function resultOf(name: PolicyName, house: House): PolicyResult {
  const account = whole(house.account);
  const { made, sold, lost, late, leftOver, returned, resold, signals, samples } = account;
  // The sum of the rounded lines, so that the table adds up to the last unit.
  return { name, profit: profitOf(account), revenue: account.revenue - account.refunds, made, sold, lost, late, leftOver, returned, resold, signals, samples, account };
}

/** (castline − none)/(best − none); null where that is not known, or the gap is below 1 % of revenue and says nothing. */
export function shareOfGap(castline: PolicyResult | undefined, none: PolicyResult | undefined, best: PolicyResult | undefined): number | null {
  if (castline === undefined || none === undefined || best === undefined) return null;
  const gap = best.profit - none.profit;
  return gap <= 0 || gap < 0.01 * Math.abs(best.revenue) ? null : (castline.profit - none.profit) / gap;
}

/** Who looks on: at the house after every step, and told when a policy's play is over. */
export interface Onlooker {
  readonly see: (house: House) => void;
  readonly done: (name: PolicyName) => void;
}

/** Plays each policy. One that cannot be played is null. `onlooker`: asked for one per policy. */
export function backtestScene(scene: Scene, names: readonly PolicyName[], report: (line: string) => void = () => undefined, onlooker?: () => Onlooker): BacktestResult {
  const results = new Map<PolicyName, PolicyResult>();
  const policies = names.map((name): PolicyResult | null => {
    const policy = policyOf(name, scene, report);
    if (policy === undefined) {
      report(`${name}: there is no world.json that says how the world was made, so it is null`);
      return null;
    }
    const watching = onlooker?.();
    const ordered = played(scene, policy, watching?.see);
    // Who knows everything also knows when to make nothing and to close the link in time.
    const idle = name === 'oracle' ? played(scene, none()) : ordered;
    const house = profitOf(idle.account) > profitOf(ordered.account) ? idle : ordered;
    watching?.done(name);
    const result = resultOf(name, house);
    results.set(name, result);
    report(`${name}: ${result.made} made, ${result.sold} sold, ${result.lost} lost`);
    return result;
  });
  const find = (name: PolicyName): PolicyResult | undefined => results.get(name);
  return {
    policies, gapToOracle: shareOfGap(find('castline'), find('none'), find('oracle')), gapToPerfectPrior: shareOfGap(find('castline'), find('none'), find('perfect-prior')),
  };
}
