// What broadcasts will still sell of a SKU, as need and the desk ask for it: pure, so that the service and the back-test know alike.
import {
  inUnits, lineUpOf, nowcastLineUp, nowcastQuantiles, PACE_MS, pitchesOf, PUBLISHED_NOWCAST, TAIL_MS, unitsPerOrder, type ItemFacts, type NowcastModel, type OnAir, type Remaining, type StreamState,
} from './math/index.js';
import type { NegativeBinomial } from '../kernel/math/index.js';

/** A model that is in force, and its name. */
export interface NamedModel {
  readonly id: string;
  readonly model: NowcastModel;
}

/** In force until a broadcast has ended. */
export const PUBLISHED: NamedModel = { id: 'published', model: PUBLISHED_NOWCAST };

/** A broadcast with its whole line-up, and the categories of its SKUs where they are known. */
export interface PlannedBroadcast {
  readonly id: string;
  readonly anchor: string;
  readonly shop: string;
  readonly air: OnAir;
  readonly items: readonly { readonly sku: string; readonly slotAt: number; readonly price: number; readonly plannedUnits: number }[];
  /** When its SKUs are pitched, where a live log knows better than the line-up. */
  readonly slots?: readonly { readonly sku: string; readonly at: number }[];
  readonly categories: ReadonlyMap<string, string>;
}

/** How a SKU stands in a broadcast. */
export interface ItemNowcast {
  readonly broadcast: string;
  readonly shop: string;
  readonly phase: 'coming' | 'on air' | 'over';
  /** Distinct orders so far, and what is still to come. */
  readonly orders: number;
  readonly remaining: Remaining;
}

export const airOf = (b: { readonly starts_at: Date; readonly ends_at: Date }): OnAir => ({ startsAt: b.starts_at.getTime(), endsAt: b.ends_at.getTime() });

export const plannedSlots = (b: Pick<PlannedBroadcast, 'items'>): { sku: string; at: number }[] => b.items.map((i) => ({ sku: i.sku, at: i.slotAt }));

/** What is known of every SKU of a broadcast before an order: its line-up, and the SKUs that sold without being on it. */
export function factsOf(b: PlannedBroadcast, sold: Iterable<string>): ItemFacts[] {
  const pitches = pitchesOf(b.slots ?? plannedSlots(b), b.air);
  const rowsOf = new Map<string, PlannedBroadcast['items'][number][]>();
  for (const item of b.items) rowsOf.set(item.sku, [...(rowsOf.get(item.sku) ?? []), item]);
  for (const sku of sold) if (!rowsOf.has(sku)) rowsOf.set(sku, []);
  return Array.from(rowsOf, ([sku, rows]): ItemFacts => {
    return {
      sku, anchor: b.anchor, category: b.categories.get(sku) ?? '', pitches: pitches.get(sku) ?? [], price: rows[0]?.price ?? 0, plannedUnits: rows.reduce((s, r) => s + r.plannedUnits, 0), outsidePerDay: 0,
    };
  });
}

/** Asks for all SKUs of a broadcast at `now` (ms). @param orders distinct orders so far by SKU, @param recentOf those of the last PACE_MS, or null */
export type Nowcaster = (orders: ReadonlyMap<string, number>, recentOf: (sku: string) => number | null, now: number) => Map<string, ItemNowcast>;

/** For whoever asks for one broadcast often: what its line-up and the model alone say is worked out once. @param sold SKUs that sold without being on the line-up */
export function nowcasterOf(model: NowcastModel, b: PlannedBroadcast, sold: Iterable<string>): Nowcaster {
  const facts = factsOf(b, sold);
  const lineUp = lineUpOf(model, b.air, facts);
  return (orders, recentOf, now) => {
    const phase = now < b.air.startsAt ? 'coming' : now < b.air.endsAt ? 'on air' : 'over';
    const seen = facts.map(({ sku }) => ({ orders: orders.get(sku) ?? 0, recent: recentOf(sku) }));
    const remaining = nowcastLineUp(model, lineUp, seen, now);
    return new Map(facts.map(({ sku }, i) => [sku, { broadcast: b.id, shop: b.shop, phase, orders: orders.get(sku) ?? 0, remaining: remaining[i] as Remaining }]));
  };
}

/** The same, asked for once. */
export const nowcastsOf = (model: NowcastModel, b: PlannedBroadcast, orders: ReadonlyMap<string, number>, recentOf: (sku: string) => number | null, now: number): Map<string, ItemNowcast> =>
  nowcasterOf(model, b, orders.keys())(orders, recentOf, now);

/**
 * Whether a nowcast counts: what was published but not learned from this merchant's own broadcasts says too little of a SKU that
 * nobody has ordered there yet to make anything for it.
 */
export const tells = (model: NowcastModel, n: Pick<ItemNowcast, 'orders'>): boolean => model.broadcasts > 0 || n.orders > 0;

/** Broadcasts that may still sell at `now`: those on air, those whose tail runs, and those that begin within the lead time. */
export const mayStillSell = (air: OnAir, now: number, leadMs: number): boolean => now < air.endsAt + TAIL_MS && air.startsAt <= now + leadMs;

/** Orders of the last PACE_MS, as a stream's state knows them: bins that are over. */
export function recentOrders(state: StreamState, now: number): number {
  const bins = state.episode === null ? state.baseline.waiting : state.episode.recent;
  return bins.reduce((s, [bin, n]) => (bin > now - PACE_MS ? s + n : s), 0);
}

/** Units of an order of a SKU, from the sums over its lines. */
export const unitsOf = (model: NowcastModel, d: { readonly lines: number; readonly lineUnits: number; readonly lineLogMilli: number }): number =>
  unitsPerOrder(d.lines, d.lineUnits, d.lineLogMilli / 1000, model.usualLogUnits);

export const unitsToCome = (n: ItemNowcast, perOrder: number): NegativeBinomial => inUnits(n.remaining.orders, perOrder);

/** Quantiles of the gross paid units in the end; ascending, never below `observed`. */
export const quantilesOf = (model: NowcastModel, n: ItemNowcast, perOrder: number, observed: number, levels: readonly number[]): Record<string, number> => {
  const quantiles = nowcastQuantiles(model, n.remaining, perOrder, observed, levels);
  return Object.fromEntries(levels.map((level, i) => [String(level), quantiles[i] ?? observed]));
};
