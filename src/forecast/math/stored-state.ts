// The state of a stream as it is stored, and as earlier versions stored it: rows are read as they are found and written in the
// new shape the next time their stream moves.
import { emptyBaseline, stepEnd, type BaselineState } from './baseline.js';
import { HOUR_MS, HOURS } from './daily-shape.js';
import { COMPONENTS } from './likelihood.js';
import type { StreamState } from './spike.js';

/** Version 1: the rate by eight parts of the day, and the fast rate. */
interface PartsBaseline {
  readonly outside: number;
  readonly slowOrders: readonly number[];
  readonly slowTime: readonly number[];
  readonly fastOrders: number;
  readonly sum: number;
  readonly pairs: number;
  readonly waiting: BaselineState['waiting'];
  readonly learnedTo: number;
}

export type StoredStream = StreamState | (Omit<StreamState, 'baseline'> & { readonly baseline: PartsBaseline });

/** Each part of the day becomes its three hours. What an even rate brings of the pairs was not kept: the dispersion starts too high rather than too low. */
function byHours(b: PartsBaseline, next: number): BaselineState {
  const hours = HOURS / b.slowOrders.length;
  const spread = (parts: readonly number[]): number[] => parts.flatMap((v) => new Array<number>(hours).fill(v / hours));
  const waiting = b.waiting.filter(([bin]) => bin >= b.learnedTo);
  const start = emptyBaseline(next, b.outside === 0 ? undefined : b.outside, undefined);
  const hourOrders = spread(b.slowOrders);
  const hourTime = spread(b.slowTime);
  // Until the step ends the highest rate that is known stands.
  const rate = Math.max(start.rate, ...hourOrders.map((n, i) => (n + 1) / Math.max(HOUR_MS, hourTime[i] as number)));
  return {
    ...start, hourOrders, hourTime, nearOrders: b.fastOrders, nearExpected: b.fastOrders, sum: b.sum, pairs: b.pairs, waiting, learnedTo: b.learnedTo, rate, bound: (start.bound / start.rate) * rate, until: stepEnd(next),
  };
}

/** A stored state in today's shape. */
export function currentState(stored: StoredStream): StreamState {
  const { baseline } = stored;
  if (!('slowOrders' in baseline)) return { ...stored, baseline };
  return { ...stored, sr: new Array<number>(COMPONENTS).fill(0), baseline: byHours(baseline, stored.next) };
}
