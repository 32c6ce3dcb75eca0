// What a live log says of when each SKU was shown. Pure; times in ms.

export const LIVE_LOG_KINDS = ['shown', 'pulled', 'price-set', 'coupon', 'refill', 'viewers'] as const;
export type LiveLogKind = (typeof LIVE_LOG_KINDS)[number];

/** What a kind needs beside its time, and what it may have; nothing else is taken. */
export const LIVE_LOG_FIELDS: Readonly<Record<LiveLogKind, { readonly product: 'needed' | 'possible' | 'none'; readonly figure: 'amount' | 'units' | 'viewers' | null }>> = {
  shown: { product: 'needed', figure: null },
  pulled: { product: 'needed', figure: null },
  'price-set': { product: 'needed', figure: 'amount' },
  coupon: { product: 'possible', figure: 'amount' },
  refill: { product: 'needed', figure: 'units' },
  viewers: { product: 'none', figure: 'viewers' },
};

/** A SKU on screen: from when, and until it was taken down or the next was shown. */
export interface Showing {
  readonly sku: string;
  readonly from: number;
  readonly to: number;
}

export interface ShownOrPulled {
  readonly kind: 'shown' | 'pulled';
  readonly at: number;
  /** Of a link, the SKUs that it sells: all are shown at once. */
  readonly skus: readonly string[];
}

/**
 * Showings in order of their beginning. One ends when another is shown, when its own SKU is pulled, or with the broadcast; pulling a
 * SKU that is not on screen ends nothing. What is shown after `endsAt` (a broadcast that ran over) has no length.
 */
export function showingsOf(log: readonly ShownOrPulled[], endsAt: number): Showing[] {
  const inOrder = [...log].sort((a, b) => a.at - b.at || (a.kind === b.kind ? 0 : a.kind === 'pulled' ? -1 : 1));
  const showings: Showing[] = [];
  let on: { readonly skus: Set<string>; readonly from: number } | undefined;
  const end = (skus: Iterable<string>, from: number, at: number): void => {
    for (const sku of skus) showings.push({ sku, from, to: Math.max(from, Math.min(at, Math.max(from, endsAt))) });
  };
  for (const { kind, at, skus } of inOrder) {
    if (kind === 'shown') {
      if (on !== undefined && at > on.from) {
        end(on.skus, on.from, at);
        on = undefined;
      }
      on = { from: at, skus: new Set([...(on?.skus ?? []), ...skus]) };
    } else if (on !== undefined) {
      const { from } = on;
      const gone = skus.filter((sku) => on?.skus.delete(sku));
      end(gone, from, at);
    }
  }
  if (on !== undefined) end(on.skus, on.from, Infinity);
  return showings.sort((a, b) => a.from - b.from || (a.sku < b.sku ? -1 : 1));
}

export interface Slot {
  readonly sku: string;
  /** ms */
  readonly at: number;
}

/** Pitches that say by how much a show runs late or early: one that was teased or repeated alone moves nothing. */
const TELLING = 3;

/**
 * When each SKU is pitched, as far as is known: what was shown stands for as many of its planned slots, the earliest first, and for
 * slots that nobody planned. A show that runs late, or early, is taken to go on so: planned slots still to come move by the median of what the
 * last pitches moved by. A planned slot that no log knows and that is passed stays where it was planned: logs have gaps.
 */
export function slotsAsShown(planned: readonly Slot[], shown: readonly Slot[]): Slot[] {
  const left = new Map<string, number[]>();
  for (const { sku, at } of [...planned].sort((a, b) => a.at - b.at)) left.set(sku, [...(left.get(sku) ?? []), at]);
  const pitched = beginnings(shown);
  const moved = pitched.flatMap(({ sku, at }) => { const slot = left.get(sku)?.shift(); return slot === undefined ? [] : [at - slot]; });
  const lately = moved.slice(-TELLING).sort((a, b) => a - b);
  const delay = lately[lately.length >> 1] ?? 0;
  const last = pitched.at(-1)?.at ?? -Infinity;
  const rest = Array.from(left, ([sku, slots]) => slots.map((at) => ({ sku, at: at + delay > last ? at + delay : at }))).flat();
  return [...pitched, ...rest].sort((a, b) => a.at - b.at || (a.sku < b.sku ? -1 : 1));
}

/** A log by the minute says again and again that the same is on screen: only where something else is shown does a pitch begin. */
function beginnings(shown: readonly Slot[]): Slot[] {
  const moments = new Map<number, string[]>();
  for (const { sku, at } of shown) moments.set(at, [...(moments.get(at) ?? []), sku]);
  const inOrder = Array.from(moments, ([at, skus]) => ({ at, skus: [...new Set(skus)].sort() })).sort((a, b) => a.at - b.at);
  return inOrder.filter((m, i) => m.skus.join('\0') !== inOrder[i - 1]?.skus.join('\0')).flatMap(({ at, skus }) => skus.map((sku) => ({ sku, at })));
}
