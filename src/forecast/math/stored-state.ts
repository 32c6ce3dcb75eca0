// The state of a stream as it is stored, and as earlier versions stored it: rows are read as they are found and written in the
// new shape the next time their stream moves. What is stored is what the detector works with, to the last bit.
import { emptyBaseline, leastOf, stepEnd, type BaselineState } from './baseline.js';
import { Reader, Writer } from './compact.js';
import { HOUR_MS, HOURS } from './daily-shape.js';
import { COMPONENTS } from './likelihood.js';
import type { StreamState } from './spike.js';
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

/** Version 3: all but the orders counted, which statements read, in base64. */
export interface PackedState {
  readonly counted: number;
  readonly packed: string;
}

/** Version 2 spelled today's state out. */
export type StoredStream = PackedState | StreamState | (Omit<StreamState, 'baseline'> & { readonly baseline: PartsBaseline });

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

/** Times are written as whole units: a bin's length in nearly every stream, else seconds or milliseconds. */
const UNITS = [10_000, 1_000, 1] as const;

type Bins = BaselineState['waiting'];

const timesOf = (s: StreamState): number[] => [
  s.next, s.passed ?? s.next, s.mutedUntil, s.onset.since, s.baseline.learnedTo, s.baseline.until, ...s.baseline.waiting.map(([bin]) => bin),
  ...(s.episode === null ? [] : [s.episode.onset, s.episode.detectedAt, s.episode.since ?? 0, s.episode.opened ?? 0, ...s.episode.recent.map(([bin]) => bin)]), ...(s.faded == null ? [] : [s.faded.since, s.faded.end]),
];

/** Most bins follow closely and hold one order or two: those take a byte. */
const FEW = 4;

function writeBins(w: Writer, bins: Bins, from: number, unit: number): void {
  w.whole(bins.length);
  let at = from;
  for (const [bin, orders] of bins) {
    const few = Math.min(FEW, orders) - 1;
    w.signed(((bin - at) / unit) * FEW + few);
    if (orders >= FEW) w.whole(orders - FEW);
    at = bin;
  }
}

function readBins(r: Reader, from: number, unit: number): [number, number][] {
  let at = from;
  return Array.from({ length: r.whole() }, () => {
    const packed = r.signed();
    const few = (((packed % FEW) + FEW) % FEW) + 1;
    at += ((packed - few + 1) / FEW) * unit;
    return [at, few === FEW ? FEW + r.whole() : few];
  });
}

function writeEpisode(w: Writer, e: Episode, next: number, unit: number): void {
  w.byte((e.since === undefined ? 0 : 1) + (e.seen === undefined ? 0 : 2) + (e.opened === undefined ? 0 : 4));
  for (const time of [e.onset, e.detectedAt, e.since, e.opened]) if (time !== undefined) w.signed((next - time) / unit);
  if (e.seen !== undefined) w.whole(e.seen);
  w.long(e.rate);
  writeBins(w, e.recent, e.detectedAt, unit);
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

const [EPISODE, FADED, ONSET, RAISED, OUTSIDE, FRESH, LEAST, LOW] = [1, 2, 4, 8, 16, 32, 64, 128];

function flagsOf(s: StreamState): number {
  const { baseline: b, onset, episode, faded } = s;
  const found = b.found ?? { fresh: true, least: false, low: false };
  const least = leastOf(b.outside);
  const flags: readonly (readonly [number, boolean])[] = [
    [EPISODE, episode !== null], [FADED, faded != null], [ONSET, onset.level > 0], [RAISED, b.rate !== least.rate || b.bound !== least.bound], [OUTSIDE, b.outside > 0], [FRESH, found.fresh], [LEAST, found.least], [LOW, found.low],
  ];
  return flags.reduce((sum, [flag, set]) => (set ? sum + flag : sum), 0);
}

/** A state as it is stored. It must come from the detector: other numbers are rounded to those that the detector keeps. */
export function storedState(s: StreamState): PackedState {
  const { baseline: b, onset, next } = s;
  const w = new Writer();
  const unit = UNITS.find((u) => timesOf(s).every((time) => time % u === 0)) ?? 1;
  const ago = (time: number): void => w.signed((next - time) / unit);
  const flags = flagsOf(s);
  w.byte(flags);
  w.byte(UNITS.indexOf(unit));
  w.whole(next / unit);
  ago(s.passed ?? next);
  w.whole(Math.max(0, s.mutedUntil - next) / unit);
  w.whole(s.withdrawn);
  w.whole(s.owed);
  for (const value of s.sr) w.long(value);
  ago(onset.since);
  if ((flags & ONSET) !== 0) {
    w.long(onset.level);
    w.whole(onset.orders);
    w.long(onset.expected);
  }
  ago(b.learnedTo);
  ago(b.until);
  if ((flags & OUTSIDE) !== 0) w.long(b.outside);
  if ((flags & RAISED) !== 0) {
    w.long(b.rate);
    w.long(b.bound);
  }
  for (const value of [b.nearOrders, b.nearExpected, b.sum, b.pairs, b.evenPairs]) w.long(value);
  w.whole(b.steps ?? 0);
  w.sparse(b.hourOrders);
  w.sparseSteps(b.hourTime);
  writeBins(w, b.waiting, b.learnedTo, unit);
  if (s.episode !== null) writeEpisode(w, s.episode, next, unit);
  if (s.faded != null) {
    ago(s.faded.since);
    ago(s.faded.end);
    w.whole(s.faded.seen);
  }
  return { counted: s.counted, packed: w.text() };
}

function unpacked({ counted, packed }: PackedState): StreamState {
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

/** A stored state in today's shape. */
export function currentState(stored: StoredStream): StreamState {
  if ('packed' in stored) return unpacked(stored);
  const { baseline } = stored;
  if (!('slowOrders' in baseline)) return { ...stored, baseline };
  return { ...stored, sr: new Array<number>(COMPONENTS).fill(0), baseline: byHours(baseline, stored.next) };
}
