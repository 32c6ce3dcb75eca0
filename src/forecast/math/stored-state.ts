// The state of a stream as it is stored. What is stored is what the detector works with, to the last bit; each number takes the bits that
// numbers of its kind need most often, for there is a row of these for every stream. Earlier shapes: earlier-states.ts.
import { leastOf, type BaselineState } from './baseline.js';
import { BitReader, BitWriter } from './bits.js';
import { HOURS } from './daily-shape.js';
import { spelled, unpacked, type PackedState, type SpelledState } from './earlier-states.js';
import { COMPONENTS } from './likelihood.js';
import type { StreamState } from './spike.js';
import { EPISODE, FADED, FRESH, LEAST, LOW, ONSET, OUTSIDE, RAISED, UNITS } from './stored-flags.js';
import type { Episode, Faded } from './working-stream.js';

/** All but the orders counted, which statements read, in bits. */
export interface BitState {
  readonly counted: number;
  readonly bits: string;
}

export type StoredStream = BitState | PackedState | SpelledState;

const [FLAG_BITS, UNIT_BITS] = [8, 2];
/** Sizes of numbers in bits, as they mostly are: times in bins since 1970, in the last steps, in an episode, since its last fade; orders. */
const [NOW, STEPS_AGO, LATELY, AGO, MANY, NONE] = [24, 7, 4, 10, 5, 0];
/** Steps since counts were decayed: four weeks of quarters of an hour at the most. */
const STEPS = 11;

const timesOf = (s: StreamState): number[] => [
  s.next, s.passed ?? s.next, s.mutedUntil, s.onset.since, s.baseline.learnedTo, s.baseline.until, ...s.baseline.waiting.map(([bin]) => bin),
  ...(s.episode === null ? [] : [s.episode.onset, s.episode.detectedAt, s.episode.since ?? 0, s.episode.opened ?? 0, ...s.episode.recent.map(([bin]) => bin)]), ...(s.faded == null ? [] : [s.faded.since, s.faded.end]),
];

type Bins = BaselineState['waiting'];

/** Bins ascend, from the first that may hold orders on. */
function writeBins(w: BitWriter, bins: Bins, from: number, unit: number): void {
  w.whole(bins.length, MANY - 1);
  if (bins.length === 0) return;
  const times = bins.map(([bin]) => (bin - from) / unit);
  w.signed(times[0] as number, LATELY);
  w.wholes(times.slice(1).map((time, i) => time - (times[i] as number) - 1));
  w.wholes(bins.map(([, orders]) => orders - 1));
}

function readBins(r: BitReader, from: number, unit: number): [number, number][] {
  const length = r.whole(MANY - 1);
  if (length === 0) return [];
  const times = [r.signed(LATELY)];
  for (const gap of r.wholes(length - 1)) times.push((times[times.length - 1] as number) + gap + 1);
  const orders = r.wholes(length);
  return times.map((time, i) => [from + time * unit, (orders[i] as number) + 1]);
}

function writeEpisode(w: BitWriter, e: Episode, next: number, unit: number): void {
  w.put((e.since === undefined ? 0 : 1) + (e.seen === undefined ? 0 : 2) + (e.opened === undefined ? 0 : 4), 3);
  for (const time of [e.onset, e.detectedAt, e.since, e.opened]) if (time !== undefined) w.signed((next - time) / unit, STEPS_AGO);
  if (e.seen !== undefined) w.whole(e.seen, MANY);
  w.long(e.rate);
  writeBins(w, e.recent, e.detectedAt, unit);
}

function readEpisode(r: BitReader, next: number, unit: number): Episode {
  const flags = r.take(3);
  const time = (): number => next - r.signed(STEPS_AGO) * unit;
  const [onset, detectedAt] = [time(), time()];
  const since = (flags & 1) === 0 ? {} : { since: time() };
  const opened = (flags & 4) === 0 ? {} : { opened: time() };
  const seen = (flags & 2) === 0 ? {} : { seen: r.whole(MANY) };
  return { onset, detectedAt, ...since, ...seen, ...opened, rate: r.long(), recent: readBins(r, detectedAt, unit) };
}

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
export function storedState(s: StreamState): BitState {
  const { baseline: b, onset, next } = s;
  const w = new BitWriter();
  const unit = UNITS.find((u) => timesOf(s).every((time) => time % u === 0)) ?? 1;
  const ago = (time: number, size: number): void => w.signed((next - time) / unit, size);
  const flags = flagsOf(s);
  w.put(flags, FLAG_BITS);
  w.put(UNITS.indexOf(unit), UNIT_BITS);
  w.whole(next / unit, NOW);
  ago(s.passed ?? next, NONE);
  w.whole(Math.max(0, s.mutedUntil - next) / unit, NONE);
  w.whole(s.withdrawn, MANY - 1);
  w.whole(s.owed, NONE);
  for (const value of s.sr) w.long(value);
  ago(onset.since, LATELY);
  if ((flags & ONSET) !== 0) {
    w.long(onset.level);
    w.whole(onset.orders, MANY - 1);
    w.long(onset.expected);
  }
  ago(b.learnedTo, STEPS_AGO);
  ago(b.until, STEPS_AGO);
  if ((flags & OUTSIDE) !== 0) w.long(b.outside);
  if ((flags & RAISED) !== 0) {
    w.long(b.rate);
    w.long(b.bound);
  }
  for (const value of [b.nearOrders, b.nearExpected, b.sum, b.pairs, b.evenPairs]) w.long(value);
  w.whole(b.steps ?? 0, STEPS);
  w.shorts(b.hourOrders);
  w.shorts(b.hourTime);
  writeBins(w, b.waiting, b.learnedTo, unit);
  if (s.episode !== null) writeEpisode(w, s.episode, next, unit);
  if (s.faded != null) {
    ago(s.faded.since, AGO);
    ago(s.faded.end, AGO);
    w.whole(s.faded.seen, MANY);
  }
  return { counted: s.counted, bits: w.text() };
}

function ofBits({ counted, bits }: BitState): StreamState {
  const r = new BitReader(bits);
  const flags = r.take(FLAG_BITS);
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const unit = UNITS[r.take(UNIT_BITS) as 0 | 1 | 2];
  const next = r.whole(NOW) * unit;
  const ago = (size: number): number => next - r.signed(size) * unit;
  const passed = ago(NONE);
  const muted = r.whole(NONE) * unit;
  const [withdrawn, owed] = [r.whole(MANY - 1), r.whole(NONE)];
  const sr = Array.from({ length: COMPONENTS }, () => r.long());
  const since = ago(LATELY);
  const onset = has(ONSET) ? { level: r.long(), since, orders: r.whole(MANY - 1), expected: r.long() } : { level: 0, since, orders: 0, expected: 0 };
  const [learnedTo, until] = [ago(STEPS_AGO), ago(STEPS_AGO)];
  const outside = has(OUTSIDE) ? r.long() : 0;
  const { rate, bound } = has(RAISED) ? { rate: r.long(), bound: r.long() } : leastOf(outside);
  const [nearOrders, nearExpected, sum, pairs, evenPairs] = [r.long(), r.long(), r.long(), r.long(), r.long()];
  const baseline: BaselineState = {
    outside, nearOrders, nearExpected, sum, pairs, evenPairs, steps: r.whole(STEPS), hourOrders: r.shorts(HOURS), hourTime: r.shorts(HOURS), waiting: readBins(r, learnedTo, unit), learnedTo, rate, bound, until,
    found: { fresh: has(FRESH), least: has(LEAST), low: has(LOW) },
  };
  const episode = has(EPISODE) ? readEpisode(r, next, unit) : null;
  const faded: Faded | null = has(FADED) ? { since: ago(AGO), end: ago(AGO), seen: r.whole(MANY) } : null;
  return { mutedUntil: muted === 0 ? 0 : next + muted, next, passed, sr, onset, baseline, episode, faded, counted, withdrawn, owed };
}

/** A stored state in today's shape. */
export function currentState(stored: StoredStream): StreamState {
  if ('bits' in stored) return ofBits(stored);
  return 'packed' in stored ? unpacked(stored) : spelled(stored);
}
