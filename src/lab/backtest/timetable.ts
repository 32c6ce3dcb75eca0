// When what of a scene happens, sorted once for all who play it: a policy changes what comes of an order, not when it comes.
import { DAY_MS } from './clock.js';
import type { Scene } from './scene.js';

export interface Timetable {
  /** By line. Columns of numbers: every play reads all of them, and reading a hundred thousand objects takes longer than all that is done with them. */
  readonly createdAt: Float64Array;
  /** NaN: never paid. */
  readonly paidAt: Float64Array;
  readonly sku: Int32Array;
  readonly shipBy: Float64Array;
  /** Lines that were paid, by the time of payment. */
  readonly payments: Int32Array;
  readonly cancellations: readonly { readonly at: number; readonly line: number; readonly quantity: number }[];
  /** By SKU, its first sale; Infinity where there is none. */
  readonly firstSales: Float64Array;
  /** When buyers of paid lines give up: of who lets them wait, and of who sells only what is there. */
  readonly waiting: Farewells;
  readonly closing: Farewells;
}

/** Paid lines in the order in which their buyers give up, and by line when. */
export interface Farewells {
  readonly lines: Int32Array;
  readonly at: Float64Array;
}

const known = new WeakMap<Scene, Timetable>();

/** The answer is kept as long as the scene is. */
export function timetableOf(scene: Scene): Timetable {
  let table = known.get(scene);
  if (table === undefined) known.set(scene, (table = sorted(scene)));
  return table;
}

function sorted(scene: Scene): Timetable {
  const { lines, skus } = scene;
  const firstSales = new Float64Array(skus.length).fill(Infinity);
  const column = (): Float64Array => new Float64Array(lines.length);
  const [createdAt, paidAt, shipBy, waiting, closing] = [column(), column(), column(), column(), column()];
  const sku = new Int32Array(lines.length);
  const cancellations: { at: number; line: number; quantity: number }[] = [];
  const paid: number[] = [];
  for (const [i, l] of lines.entries()) {
    if (l.sale && l.createdAt < (firstSales[l.sku] as number)) firstSales[l.sku] = l.createdAt;
    for (const c of l.cancelled) cancellations.push({ at: c.at, line: i, quantity: c.quantity });
    sku[i] = l.sku;
    createdAt[i] = l.createdAt;
    shipBy[i] = l.shipBy;
    paidAt[i] = l.paidAt ?? NaN;
    if (l.paidAt === null) continue;
    paid.push(i);
    // Nobody gives up before paying, whatever ship-by a file names.
    waiting[i] = Math.max(l.paidAt, l.shipBy + l.patience * DAY_MS);
    // Who sells only what is there closes the link instead of letting buyers wait: nobody gives up.
    closing[i] = Math.max(l.shipBy, l.paidAt + DAY_MS);
  }
  const payments = by(paidAt, Int32Array.from(paid));
  return {
    createdAt, paidAt, sku, shipBy, payments, cancellations: cancellations.sort((a, b) => a.at - b.at || a.line - b.line), firstSales,
    waiting: { lines: by(waiting, payments), at: waiting }, closing: { lines: by(closing, payments), at: closing },
  };
}

/** More lines than this in one span are not put in order one by one. */
const MOST_IN_SPAN = 4_096;

/**
 * Lines by a time of theirs; those of one time stay in the order given. Each goes to the span of time that it belongs to, as many spans
 * as lines, and the few of a span are put in order: a comparison sort of all of them takes five times as long.
 */
function by(times: Float64Array, lines: Int32Array): Int32Array {
  let [least, most] = [Infinity, -Infinity];
  for (const i of lines) {
    const at = times[i] as number;
    if (at < least) least = at;
    if (at > most) most = at;
  }
  const perMs = most > least ? (lines.length - 1) / (most - least) : 0;
  const spanOf = (i: number): number => Math.floor(((times[i] as number) - least) * perMs);
  const next = new Int32Array(lines.length + 1);
  for (const i of lines) next[spanOf(i) + 1] = (next[spanOf(i) + 1] as number) + 1;
  // One far moment stretches the spans until all others are in one.
  if (next.some((count) => count > MOST_IN_SPAN)) return Int32Array.from(lines).sort((a, b) => (times[a] as number) - (times[b] as number));
  for (let span = 1; span < lines.length; span++) next[span] = (next[span] as number) + (next[span - 1] as number);
  const sorted = new Int32Array(lines.length);
  for (const i of lines) {
    const span = spanOf(i);
    const place = next[span] as number;
    sorted[place] = i;
    next[span] = place + 1;
  }
  for (let n = 1; n < sorted.length; n++) {
    const i = sorted[n] as number;
    const at = times[i] as number;
    let place = n;
    for (; place > 0 && (times[sorted[place - 1] as number] as number) > at; place--) sorted[place] = sorted[place - 1] as number;
    sorted[place] = i;
  }
  return sorted;
}
