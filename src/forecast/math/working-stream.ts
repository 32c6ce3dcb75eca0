// A stream while its bins pass: the detector's values changed in place. spike.ts says what they mean and keeps them between calls.
import { LearningBaseline, nextChange, PART_MS } from './baseline.js';
import { mixtureOf, ONSET_JUMP, passEmpty, type Mixture } from './likelihood.js';
import type { StreamState } from './spike.js';

/** m: the null is a rate of at most (1 + m) × baseline. */
export const NULL_MARGIN = 0.3;
export const BIN_MS = 10_000;
/** Orders of the last 15 minutes decide when an episode ends. */
export const EPISODE_WINDOW_MS = 15 * 60_000;
const EPISODE_LIMIT_MS = 6 * 3_600_000;
const EPISODE_END_RATIO = 1.3;

export const binOf = (at: number, binMs = BIN_MS): number => Math.floor(at / binMs) * binMs;

export interface Episode {
  readonly onset: number;
  readonly detectedAt: number;
  /** Baseline orders per millisecond at the alarm; frozen while the episode lasts. */
  readonly rate: number;
  /** (bin, orders) of the last 15 minutes. */
  readonly recent: readonly (readonly [bin: number, orders: number])[];
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

interface Onset {
  level: number;
  since: number;
  orders: number;
  expected: number;
}

/** A stream at work: changed in place while bins pass. */
export class Working {
  readonly alarms: Alarm[] = [];
  readonly ended: number[] = [];
  next: number;
  readonly sr: number[];
  onset: Onset;
  readonly baseline: LearningBaseline;
  episode: Episode | null;
  private mixture: Mixture | undefined;

  constructor(state: StreamState, readonly binMs: number, private readonly threshold: number) {
    this.next = state.next;
    this.sr = [...state.sr];
    this.onset = { ...state.onset };
    this.baseline = new LearningBaseline(state.baseline);
    this.episode = state.episode;
  }

  /** Empty bins from `next` up to `until`; an episode may end among them. */
  advance(until: number): void {
    while (this.next < until) {
      if (this.episode !== null) {
        const end = episodeEnd(this.episode, this.binMs);
        // No order came meanwhile: the episode ends at the first bin end at which the window has emptied enough.
        if (end > until) {
          this.next = until;
          return;
        }
        this.closeEpisode(end);
        continue;
      }
      if (this.onset.level <= 0 && this.skipIdle(Math.floor((until - this.next) / PART_MS))) continue;
      const stop = Math.min(until, nextChange(this.next));
      const bins = (stop - this.next) / this.binMs;
      const mean = this.meanAt(this.next);
      const mixture = this.likelihood();
      passEmpty(this.sr, mixture, mean, bins);
      if (this.onset.level > 0) {
        const level = this.onset.level + (mixture.perMean[ONSET_JUMP] as number) * mean * bins;
        this.onset = level <= 0 ? { level: 0, since: stop, orders: 0, expected: 0 } : { ...this.onset, level, expected: this.onset.expected + (mean / (1 + NULL_MARGIN)) * bins };
      }
      this.baseline.empty(stop);
      this.next = stop;
    }
  }

  /** Many empty parts of the day at the least rate at once; false where they must pass one by one. */
  private skipIdle(parts: number): boolean {
    if (parts < 2 || this.next % PART_MS !== 0 || !this.baseline.staysLeast(this.next)) return false;
    passEmpty(this.sr, this.likelihood(), this.meanAt(this.next), (parts * PART_MS) / this.binMs);
    this.baseline.emptyParts(this.next, parts);
    this.next += parts * PART_MS;
    return true;
  }

  /** A bin with orders outside an episode: an alarm, or the values after it. `over`: the bin is complete and may be booked. */
  judge(bin: number, orders: number, over: boolean): void {
    const mean = this.meanAt(bin);
    const mixture = this.likelihood();
    const expected = mean / (1 + NULL_MARGIN);
    if (this.statistic(orders, mean, mixture) >= this.threshold) {
      let k = 1;
      while (k < orders && this.statistic(k, mean, mixture) < this.threshold) k++;
      const since = this.onset.level > 0 ? this.onset : { level: 0, since: bin, orders: 0, expected: 0 };
      const seen = since.orders + k;
      this.alarms.push({
        onset: since.since, bin, order: k, orders: seen, expectedOrders: since.expected + expected, ratio: seen / (since.expected + expected),
        score: Math.log(this.statistic(k, mean, mixture) / this.threshold),
      });
      this.episode = { onset: since.since, detectedAt: bin, rate: this.baseline.rate(bin), recent: this.baseline.latest().filter(([b]) => b > bin - EPISODE_WINDOW_MS) };
    } else if (over) {
      for (let i = 0; i < this.sr.length; i++) this.sr[i] = ((this.sr[i] as number) + 1) * Math.exp((mixture.perOrder[i] as number) * orders + (mixture.perMean[i] as number) * mean);
      const level = this.onset.level + (mixture.perOrder[ONSET_JUMP] as number) * orders + (mixture.perMean[ONSET_JUMP] as number) * mean;
      this.onset = level <= 0 ? { level: 0, since: bin + this.binMs, orders: 0, expected: 0 }
        : { level, since: this.onset.level > 0 ? this.onset.since : bin, orders: this.onset.orders + orders, expected: this.onset.expected + expected };
    }
  }

  /** What a bin leaves behind once it is over. */
  book(bin: number, orders: number): void {
    if (this.episode !== null) {
      const recent = [...this.episode.recent.filter(([b]) => b > bin - EPISODE_WINDOW_MS), ...(orders > 0 ? [[bin, orders] as const] : [])];
      this.episode = { ...this.episode, recent };
      this.next = bin + this.binMs;
    } else if (orders > 0) {
      this.baseline.orders(bin, orders);
      this.next = bin + this.binMs;
    } else {
      // Orders that earlier cancellations cancel out leave a bin like an empty one.
      this.advance(bin + this.binMs);
    }
  }

  closeEpisode(at: number): void {
    const e = this.episode as Episode;
    const end = Math.max(at, this.next);
    // After the limit the new level is the baseline; a burst that faded leaves the baseline as it was.
    const lasting = end >= binOf(e.detectedAt, this.binMs) + EPISODE_LIMIT_MS;
    const level = e.recent.reduce((s, [, n]) => s + n, 0) / EPISODE_WINDOW_MS;
    this.baseline.relearn(end, lasting ? level : undefined);
    this.episode = null;
    this.sr.fill(0);
    this.onset = { level: 0, since: end, orders: 0, expected: 0 };
    this.next = end;
    this.ended.push(end);
  }

  private meanAt(bin: number): number {
    return (1 + NULL_MARGIN) * this.baseline.rate(bin) * this.binMs;
  }

  private likelihood(): Mixture {
    const excess = this.baseline.excess();
    if (this.mixture?.excess !== excess) this.mixture = mixtureOf(excess);
    return this.mixture;
  }

  /** Mean Shiryaev-Roberts value of the mixture if the bin has `orders`. */
  private statistic(orders: number, mean: number, mixture: Mixture): number {
    let sum = 0;
    for (let i = 0; i < this.sr.length; i++) sum += ((this.sr[i] as number) + 1) * Math.exp((mixture.perOrder[i] as number) * orders + (mixture.perMean[i] as number) * mean);
    return sum / this.sr.length;
  }
}

/** The first bin end at which the orders of the last 15 minutes are few enough, if no more come; or the limit. */
export function episodeEnd(e: Episode, binMs: number): number {
  const bound = EPISODE_END_RATIO * e.rate * EPISODE_WINDOW_MS;
  let sum = e.recent.reduce((s, [, n]) => s + n, 0);
  let at = e.recent.length === 0 ? binOf(e.detectedAt, binMs) + EPISODE_WINDOW_MS : (e.recent[e.recent.length - 1] as readonly [number, number])[0] + binMs;
  for (const [bin, n] of e.recent) {
    if (sum <= bound) break;
    sum -= n;
    at = bin + binMs + EPISODE_WINDOW_MS;
  }
  return Math.min(at, binOf(e.detectedAt, binMs) + EPISODE_LIMIT_MS);
}
