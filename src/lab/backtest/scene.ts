// What a back-test plays: SKUs on their terms, line-ups, and demand line by line as it really came, whatever was in stock then.
import type { SkuTerms } from '../../catalogue/index.js';
import type { RunningItem } from '../../broadcasts/index.js';
import { groupOf } from '../../forecast/offline.js';
import type { Assumptions } from './assumptions.js';
import type { WorldPrior } from '../world/prior.js';

export type Grade = 'A' | 'B' | 'C';

/** A return of units of a line: how long after delivery it was asked for, and how long until the goods were there. Times in ms. */
export interface DemandReturn {
  readonly kind: 'return' | 'refund-only' | 'failed-delivery';
  readonly quantity: number;
  readonly lag: number;
  readonly underWay: number;
  readonly grade: Grade;
}

export interface DemandLine {
  /** Index of the SKU. */
  readonly sku: number;
  readonly broadcast: string;
  readonly createdAt: number;
  /** Null: never paid, so that it is no demand; what looks at gross orders sees it all the same. */
  readonly paidAt: number | null;
  readonly ordered: number;
  readonly quantity: number;
  readonly unitPrice: number;
  /** A sale, or something else that ships (gift, giveaway, exchange …). */
  readonly sale: boolean;
  readonly shipBy: number;
  readonly buyer: string;
  /** By time; they sum to the quantity at most. */
  readonly cancelled: readonly { readonly at: number; readonly quantity: number }[];
  readonly returns: readonly DemandReturn[];
  /** How many days beyond the promise the buyer waits: drawn once, so that all policies meet the same buyers. */
  readonly patience: number;
}

export interface SceneSku {
  readonly terms: SkuTerms;
  readonly initialStock: number;
  readonly group: string;
  /** Unit cost in the currency of the price; null where no rate is known. */
  readonly unitCost: number | null;
  readonly salvage: number;
}

export interface LineUpItem extends RunningItem {
  readonly price: number;
}

export interface Scene {
  readonly skus: readonly SceneSku[];
  readonly items: readonly LineUpItem[];
  /** In the order of creation. */
  readonly lines: readonly DemandLine[];
  /** First and last moment of the files. */
  readonly startsAt: number;
  readonly endsAt: number;
  readonly assumptions: Assumptions;
  readonly prior: WorldPrior | undefined;
}

/** Groups of SKUs that share MOQ and lots: indices by group. */
export function groupsOf(scene: Scene): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  scene.skus.forEach((sku, i) => {
    const key = `${sku.terms.supplier ?? ''}\0${groupOf(sku.terms)}`;
    groups.set(key, [...(groups.get(key) ?? []), i]);
  });
  return groups;
}

/** A number in [0, 1) from a text, the same on every machine (FNV-1a): chance that must not depend on the policy that is played. */
export function chanceOf(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** Exponential patience by chance, in days. */
export const patienceOf = (order: string, meanDays: number): number => -meanDays * Math.log(1 - chanceOf(order));
