// A stream while its bins pass: the detector's values changed in place. spike.ts says what they mean and keeps them between calls.
import { FLOOR_RATE, LearningBaseline } from './baseline.js';
import { Evidence } from './evidence.js';
import { alikeUntil, exposedTime, type Exposure } from './exposure.js';
import type { StreamState } from './spike.js';

export const BIN_MS = 10_000;
/** Orders of the last 15 minutes decide when an episode ends. */
export const EPISODE_WINDOW_MS = 15 * 60_000;
/** Gaps of this length are worth the question whether the stream sleeps. */
const IDLE_MS = 3_600_000;
const EPISODE_LIMIT_MS = 6 * 3_600_000;
/** An alarm so soon after an episode's end is of the same rise. */
export const CLOSELY_MS = 3 * 3_600_000;
const EPISODE_END_RATIO = 1.3;

export const binOf = (at: number, binMs = BIN_MS): number => Math.floor(at / binMs) * binMs;

export interface Episode {
  readonly onset: number;
  readonly detectedAt: number;
  /** Baseline orders per millisecond at the alarm; frozen while the episode lasts, but for the exposure. */
  readonly rate: number;
  /** (bin, orders) of the last 15 minutes. */
  readonly recent: readonly (readonly [bin: number, orders: number])[];
  /** The first of the episodes that this one follows closely, and their orders: the level lasts since then. Absent in states of earlier versions. */
  readonly since?: number;
  readonly seen?: number;
  /** Where the stream was younger than the window at the alarm: when it began. Until the window is full no rate is read from it. */
  readonly opened?: number;
}

/** An episode that has faded: one that follows closely is of the same rise. */
export interface Faded {
  readonly since: number;
  readonly end: number;
  readonly seen: number;
}

export interface Alarm {
  readonly onset: number;
  /** The bin in which the alarm fell and the how-manieth order of it raised it. */
  readonly bin: number;
  readonly order: number;
  readonly orders: number;
  readonly expectedOrders: number;
  readonly ratio: number;
  /** ln(statistic / threshold). */
  readonly score: number;
}

/** A rise is suspected, and learning waits, once the CUSUM says so much (nats): two orders where hardly one was expected. */
const SUSPECTED = 2;

/** A stream at work: changed in place while bins pass. */
export class Working {
  readonly alarms: Alarm[] = [];
  readonly ended: number[] = [];
  /** First bin that is not processed here. */
  next: number;
  readonly evidence: Evidence;
  readonly baseline: LearningBaseline;
  episode: Episode | null;
  faded: Faded | null;

  constructor(state: StreamState, readonly binMs: number, private readonly threshold: number, private readonly exposure: Exposure) {
    this.next = state.passed ?? state.next;
    this.evidence = new Evidence(state.sr, state.onset, binMs);
    this.baseline = new LearningBaseline(state.baseline, binMs, exposure);
    this.episode = state.episode;
    this.faded = state.faded ?? null;
  }

  /** Empty bins from `next` up to `until`; an episode may end among them. */
  advance(until: number): void {
    while (this.next < until) {
      if (this.episode !== null) {
        const end = episodeEnd(this.episode, this.binMs, this.exposure);
        // No order came meanwhile: the episode ends at the first bin end at which the window has emptied enough.
        if (end > until) {
          this.next = until;
          return;
        }
        this.closeEpisode(end);
        continue;
      }
      const { baseline, evidence } = this;
      if (evidence.level <= 0 && until - this.next >= IDLE_MS) {
        const idle = baseline.idleUntil(this.next, until);
        if (idle !== undefined) {
          evidence.empty(idle, (idle - this.next) / this.binMs, baseline.bound * this.binMs, baseline.rate * this.binMs, baseline.excess);
          baseline.idle(idle);
          this.next = idle;
          continue;
        }
      }
      const stop = Math.min(until, baseline.until);
      evidence.empty(stop, (stop - this.next) / this.binMs, baseline.bound * this.binMs, baseline.rate * this.binMs, baseline.excess);
      this.turnTo(stop);
    }
  }

  /** Ends the episode if it is over by `now` and no more orders came. */
  endEpisode(now: number): void {
    if (this.episode === null) return;
    const end = episodeEnd(this.episode, this.binMs, this.exposure);
    if (end <= now) this.closeEpisode(end);
  }

  /** A bin with orders outside an episode: an alarm, or the values after it. `over`: the bin is complete and may be booked; `setOff`: orders of it that earlier cancellations cancel out. */
  judge(bin: number, orders: number, over: boolean, setOff: number): void {
    const { baseline, evidence } = this;
    const mean = baseline.bound * this.binMs;
    const expected = baseline.rate * this.binMs;
    const at = (k: number): number => evidence.statistic(k, mean, baseline.excess);
    if (at(orders) >= this.threshold) {
      let k = 1;
      while (k < orders && at(k) < this.threshold) k++;
      const since = evidence.level > 0 ? evidence.onset() : { since: bin, orders: 0, expected: 0 };
      const seen = since.orders + k;
      this.alarms.push({
        onset: since.since, bin, order: setOff + k, orders: seen, expectedOrders: since.expected + expected, ratio: seen / (since.expected + expected), score: Math.log(at(k) / this.threshold),
      });
      // Beyond the limit of the burst before there is nothing to go on with: an episode that began there would be over as it begins.
      const before = this.faded !== null && bin - this.faded.end < CLOSELY_MS && bin < this.faded.since + EPISODE_LIMIT_MS ? this.faded : undefined;
      const opened = baseline.unlearnedFrom > bin - EPISODE_WINDOW_MS ? { opened: baseline.unlearnedFrom } : {};
      this.episode = { ...opened, since: before?.since ?? bin, seen: (before?.seen ?? 0) + seen, onset: since.since, detectedAt: bin, rate: baseline.rate, recent: baseline.latest().filter(([b]) => b > bin - EPISODE_WINDOW_MS) };
      // What came before the onset belongs to the baseline; the rest is left out.
      baseline.learn(binOf(since.since, this.binMs));
    } else if (over) evidence.take(bin, orders, mean, expected, baseline.excess);
  }

  /** What a bin leaves behind once it is over. */
  book(bin: number, orders: number): void {
    if (this.episode !== null) {
      const recent = [...this.episode.recent.filter(([b]) => b > bin - EPISODE_WINDOW_MS), ...(orders > 0 ? [[bin, orders] as const] : [])];
      this.episode = { ...this.episode, recent, ...(this.episode.seen === undefined ? {} : { seen: this.episode.seen + orders }) };
      this.next = bin + this.binMs;
    } else if (orders > 0) {
      this.baseline.orders(bin, orders);
      this.turnTo(bin + this.binMs);
    } else {
      // Orders that earlier cancellations cancel out leave a bin like an empty one.
      this.advance(bin + this.binMs);
    }
  }

  closeEpisode(at: number): void {
    const e = this.episode as Episode;
    const end = Math.max(at, this.next);
    // After the limit the new level is the baseline; a burst that faded leaves the baseline as it was.
    const since = binOf(e.since ?? e.detectedAt, this.binMs);
    const lasting = end >= since + EPISODE_LIMIT_MS;
    const seen = e.seen ?? 0;
    const level = seen > 0 ? seen / exposedTime(this.exposure, since, end) : e.recent.reduce((s, [, n]) => s + n, 0) / exposedTime(this.exposure, end - EPISODE_WINDOW_MS, end);
    this.baseline.relearn(end, lasting ? { level, since } : undefined);
    this.faded = lasting ? null : { since, end, seen };
    this.episode = null;
    this.evidence.restart(end);
    this.next = end;
    this.ended.push(end);
  }

  private turnTo(at: number): void {
    this.next = at;
    if (at >= this.baseline.until) this.baseline.step(this.evidence.level > SUSPECTED ? this.evidence.since : Infinity);
  }
}

/**
 * The first bin end at which the orders of the last 15 minutes are few enough, if no more come; or the limit. What is enough rises and
 * falls with the exposure since the alarm.
 */
export function episodeEnd(e: Episode, binMs: number, exposure: Exposure): number {
  const atAlarm = exposure.at(e.detectedAt);
  const meanExposure = (at: number): number => exposedTime(exposure, at - EPISODE_WINDOW_MS, at) / EPISODE_WINDOW_MS;
  const bound = (at: number): number => EPISODE_END_RATIO * Math.max(FLOOR_RATE, (e.rate * meanExposure(at)) / atAlarm) * EPISODE_WINDOW_MS;
  let sum = e.recent.reduce((s, [, n]) => s + n, 0);
  let at = e.recent.length === 0 ? binOf(e.detectedAt, binMs) + EPISODE_WINDOW_MS : (e.recent[e.recent.length - 1] as readonly [number, number])[0] + binMs;
  for (const [bin, n] of e.recent) {
    const left = bin + binMs + EPISODE_WINDOW_MS;
    let within = at;
    // Until the next order leaves the window only the exposure moves what is expected in it.
    while (within < left && sum > bound(within)) within = alikeUntil(exposure, within - EPISODE_WINDOW_MS, left) === left ? left : within + binMs;
    if (within < left) {
      at = within;
      break;
    }
    sum -= n;
    at = left;
  }
  if (e.opened !== undefined) at = Math.max(at, binOf(e.opened, binMs) + EPISODE_WINDOW_MS);
  // The bin of the alarm may still fill: its own orders are not among the recent ones yet.
  at = Math.max(at, binOf(e.detectedAt, binMs) + binMs);
  return Math.min(at, binOf(e.since ?? e.detectedAt, binMs) + EPISODE_LIMIT_MS);
}
