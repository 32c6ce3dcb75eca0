// States of streams as earlier versions stored them: rows are read as they are found and written in today's shape (stored-state.ts) the
// next time their stream moves.
import { emptyBaseline, leastOf, stepEnd, type BaselineState } from './baseline.js';
import { Reader } from './compact.js';
import { HOUR_MS, HOURS } from './daily-shape.js';
import { COMPONENTS } from './likelihood.js';
import type { StreamState } from './spike.js';
import { EPISODE, FADED, FRESH, LEAST, LOW, ONSET, OUTSIDE, RAISED, UNITS } from './stored-flags.js';
import type { Episode, Faded } from './working-stream.js';

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

/** Version 2 spelled today's state out. */
export type SpelledState = StreamState | (Omit<StreamState, 'baseline'> & { readonly baseline: PartsBaseline });

/** Version 3: all but the orders counted in base64, bytes for numbers. */
export interface PackedState {
  readonly counted: number;
  readonly packed: string;
}

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

/** Orders of a bin, up to so many, are said with the time between bins. */
const FEW = 4;

function readBins(r: Reader, from: number, unit: number): [number, number][] {
  let at = from;
  return Array.from({ length: r.whole() }, () => {
    const packed = r.signed();
    const few = (((packed % FEW) + FEW) % FEW) + 1;
    at += ((packed - few + 1) / FEW) * unit;
    return [at, few === FEW ? FEW + r.whole() : few];
  });
}

function readEpisode(r: Reader, next: number, unit: number): Episode {
  const flags = r.byte();
  const time = (): number => next - r.signed() * unit;
  const [onset, detectedAt] = [time(), time()];
  const since = (flags & 1) === 0 ? {} : { since: time() };
  const opened = (flags & 4) === 0 ? {} : { opened: time() };
  const seen = (flags & 2) === 0 ? {} : { seen: r.whole() };
  return { onset, detectedAt, ...since, ...seen, ...opened, rate: r.long(), recent: readBins(r, detectedAt, unit) };
}

export function unpacked({ counted, packed }: PackedState): StreamState {
  const r = new Reader(packed);
  const flags = r.byte();
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const unit = UNITS[r.byte() as 0 | 1 | 2];
  const next = r.whole() * unit;
  const ago = (): number => next - r.signed() * unit;
  const passed = ago();
  const muted = r.whole() * unit;
  const [withdrawn, owed] = [r.whole(), r.whole()];
  const sr = Array.from({ length: COMPONENTS }, () => r.long());
  const since = ago();
  const onset = has(ONSET) ? { level: r.long(), since, orders: r.whole(), expected: r.long() } : { level: 0, since, orders: 0, expected: 0 };
  const [learnedTo, until] = [ago(), ago()];
  const outside = has(OUTSIDE) ? r.long() : 0;
  const { rate, bound } = has(RAISED) ? { rate: r.long(), bound: r.long() } : leastOf(outside);
  const [nearOrders, nearExpected, sum, pairs, evenPairs] = [r.long(), r.long(), r.long(), r.long(), r.long()];
  const baseline: BaselineState = {
    outside, nearOrders, nearExpected, sum, pairs, evenPairs, steps: r.whole(), hourOrders: r.sparse(HOURS), hourTime: r.sparseSteps(HOURS), waiting: readBins(r, learnedTo, unit), learnedTo, rate, bound, until,
    found: { fresh: has(FRESH), least: has(LEAST), low: has(LOW) },
  };
  const episode = has(EPISODE) ? readEpisode(r, next, unit) : null;
  const faded: Faded | null = has(FADED) ? { since: ago(), end: ago(), seen: r.whole() } : null;
  return { mutedUntil: muted === 0 ? 0 : next + muted, next, passed, sr, onset, baseline, episode, faded, counted, withdrawn, owed };
}

export function spelled(stored: SpelledState): StreamState {
  const { baseline } = stored;
  if (!('slowOrders' in baseline)) return { ...stored, baseline };
  return { ...stored, sr: new Array<number>(COMPONENTS).fill(0), baseline: byHours(baseline, stored.next) };
}
