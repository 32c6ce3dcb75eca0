// Spike detection on one stream, online and O(1) per event: a mixture Shiryaev-Roberts e-detector (Shin, Ramdas, Rinaldo,
// arXiv 2203.03532) with a negative-binomial likelihood on bins, against the null hypothesis "rate ≤ (1 + m) × baseline".
// Under the null E[time to alarm] ≥ threshold in bins, without calibration, as long as the baseline is not too low and the
// dispersion not too small; both are estimated with a margin (baseline.ts).
//
// A bin's likelihood ratio with the whole bin's exposure is used from its first order on. As the ratio grows with the count,
// an alarm before the bin's end is one that the bin's end would raise too: orders within a bin are answered at once, and the
// false-alarm guarantee stays that of whole bins.
//
// Times are milliseconds since 1970. State is JSON-safe.
import { baselineRate, dispersionExcess, emptyBaseline, learn, relearn, type BaselineState } from './baseline.js';

/** Jump sizes of the mixture, with equal weights. */
const JUMPS = [1.5, 2, 3, 5, 10] as const;
/** m: the null is a rate of at most (1 + m) × baseline. */
export const NULL_MARGIN = 0.3;
export const BIN_MS = 10_000;
/** Orders of the last 15 minutes decide when an episode ends. */
const EPISODE_WINDOW_MS = 15 * 60_000;
const EPISODE_LIMIT_MS = 6 * 3_600_000;
const EPISODE_END_RATIO = 1.3;
/** Jump that the onset estimate looks for. */
const ONSET_JUMP = 3;
/** A stream's own share of the SKU's false-alarm budget: its standing stream and its broadcast's share it. */
const STREAMS_PER_SKU = 2;

export interface SpikeOptions {
  /** Expected false alarms per 1,000 hours of one SKU, over its streams. */
  readonly falseAlarmsPer1000SkuHours: number;
}

export const DEFAULT_SPIKE_OPTIONS: SpikeOptions = { falseAlarmsPer1000SkuHours: 1 };

export interface Episode {
  readonly onset: number;
  readonly detectedAt: number;
  /** Baseline orders per millisecond at the alarm; frozen while the episode lasts. */
  readonly rate: number;
  /** (bin, orders) of the last 15 minutes. */
  readonly recent: readonly (readonly [bin: number, orders: number])[];
}

export interface StreamState {
  /** No alarm before this time. */
  readonly mutedUntil: number;
  /** First bin that is not fully processed. */
  readonly next: number;
  /** Shiryaev-Roberts values, one per jump of the mixture. */
  readonly sr: readonly number[];
  /** NB-CUSUM since its last zero: where the change began. */
  readonly onset: { readonly level: number; readonly since: number; readonly orders: number; readonly expected: number };
  readonly baseline: BaselineState;
  readonly episode: Episode | null;
  /** Orders processed so far, and cancellations not yet set against later orders. */
  readonly counted: number;
  readonly withdrawn: number;
  readonly owed: number;
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

export interface Bin {
  readonly bin: number;
  readonly orders: number;
  readonly withdrawn: number;
}

export const binOf = (at: number): number => Math.floor(at / BIN_MS) * BIN_MS;

/** A standing stream learns what it sells before it may cry out: nothing is known of a SKU at its first sale. */
const LEARNING_MS = 2 * 3_600_000;

/** What a stream is: a shop's standing stream of a SKU, or its stream in a broadcast, which starts from the SKU's rate outside (orders per ms) where one is known. */
export type Origin = { readonly kind: 'standing' } | { readonly kind: 'broadcast'; readonly outsideRate: number | undefined };

/** A stream whose first order came at `at`. */
export const openStream = (at: number, origin: Origin): StreamState => ({
  mutedUntil: origin.kind === 'standing' ? binOf(at) + LEARNING_MS : 0, next: binOf(at), sr: JUMPS.map(() => 0), onset: { level: 0, since: binOf(at), orders: 0, expected: 0 }, baseline: emptyBaseline(binOf(at), origin.kind === 'broadcast' ? origin.outsideRate : undefined), episode: null,
  counted: 0, withdrawn: 0, owed: 0,
});

const thresholdBins = (options: SpikeOptions): number => {
  if (!(options.falseAlarmsPer1000SkuHours > 0)) throw new RangeError('falseAlarmsPer1000SkuHours must be positive');
  return (STREAMS_PER_SKU * 1000 * 3_600_000) / BIN_MS / options.falseAlarmsPer1000SkuHours;
};

/** ln of the NB likelihood ratio of one bin with x orders: `perOrder` × x + `empty`. */
function logRatio(meanOrders: number, excess: number, jump: number): { readonly perOrder: number; readonly empty: number } {
  // r = μ/(D − 1) is common to both hypotheses; p0 = (D − 1)/D, p1 = j(D − 1)/(1 + j(D − 1)).
  const odds = jump * excess;
  return { perOrder: Math.log(((odds / (1 + odds)) * (1 + excess)) / excess), empty: (meanOrders / excess) * Math.log((1 + excess) / (1 + odds)) };
}

interface Working {
  next: number;
  sr: number[];
  onset: { level: number; since: number; orders: number; expected: number };
  baseline: BaselineState;
  episode: Episode | null;
}

/** Empty bins from w.next up to `until`; an episode may end among them. Answers the ends of episodes. */
function advance(w: Working, until: number, ended: number[]): void {
  while (w.next < until) {
    if (w.episode !== null) {
      const end = episodeEnd(w.episode);
      // No order came meanwhile: the episode ends at the first bin end at which the window has emptied enough.
      if (end > until) {
        w.next = until;
        return;
      }
      closeEpisode(w, end, ended);
      continue;
    }
    const stop = Math.min(until, learn.nextChange(w.next));
    const bins = (stop - w.next) / BIN_MS;
    const mean = (1 + NULL_MARGIN) * baselineRate(w.baseline, w.next) * BIN_MS;
    const excess = dispersionExcess(w.baseline);
    JUMPS.forEach((jump, i) => {
      const q = Math.exp(logRatio(mean, excess, jump).empty);
      const qn = Math.pow(q, bins);
      // n times R ← (R + 1) q, in closed form; q → 1 has the limit R + n.
      w.sr[i] = 1 - q < 1e-12 ? (w.sr[i] as number) + bins : (w.sr[i] as number) * qn + (q * (1 - qn)) / (1 - q);
    });
    if (w.onset.level > 0) {
      const fall = logRatio(mean, excess, ONSET_JUMP).empty * bins;
      const level = w.onset.level + fall;
      w.onset = level <= 0 ? { level: 0, since: stop, orders: 0, expected: 0 } : { ...w.onset, level, expected: w.onset.expected + (mean / (1 + NULL_MARGIN)) * bins };
    }
    w.baseline = learn.empty(w.baseline, stop);
    w.next = stop;
  }
}

/** The first bin end at which the orders of the last 15 minutes are few enough, if no more come; or the limit. */
function episodeEnd(e: Episode): number {
  const bound = EPISODE_END_RATIO * e.rate * EPISODE_WINDOW_MS;
  let sum = e.recent.reduce((s, [, n]) => s + n, 0);
  let at = e.recent.length === 0 ? binOf(e.detectedAt) + EPISODE_WINDOW_MS : (e.recent[e.recent.length - 1] as readonly [number, number])[0] + BIN_MS;
  for (const [bin, n] of e.recent) {
    if (sum <= bound) break;
    sum -= n;
    at = bin + BIN_MS + EPISODE_WINDOW_MS;
  }
  return Math.min(at, binOf(e.detectedAt) + EPISODE_LIMIT_MS);
}

function closeEpisode(w: Working, at: number, ended: number[]): void {
  const e = w.episode as Episode;
  const end = Math.max(at, w.next);
  // After the limit the new level is the baseline; a burst that faded leaves the baseline as it was.
  const lasting = end >= binOf(e.detectedAt) + EPISODE_LIMIT_MS;
  const level = e.recent.reduce((s, [, n]) => s + n, 0) / EPISODE_WINDOW_MS;
  w.baseline = relearn(w.baseline, end, lasting ? level : undefined);
  w.episode = null;
  w.sr = JUMPS.map(() => 0);
  w.onset = { level: 0, since: end, orders: 0, expected: 0 };
  w.next = end;
  ended.push(end);
}

interface Evaluated {
  readonly sr: number[];
  readonly mean: number;
}

function evaluate(w: Working, orders: number, mean: number, excess: number): Evaluated {
  const sr = JUMPS.map((jump, i) => {
    const ratio = logRatio(mean, excess, jump);
    return ((w.sr[i] as number) + 1) * Math.exp(ratio.perOrder * orders + ratio.empty);
  });
  return { sr, mean: sr.reduce((s, v) => s + v, 0) / sr.length };
}

export interface Advanced {
  readonly state: StreamState;
  readonly alarms: readonly Alarm[];
  /** Ends of episodes, in order. */
  readonly ended: readonly number[];
}

/**
 * Moves a stream on to `now` with the counts of its bins from `state.next` on (ascending; bins without orders may be left
 * out; the last may still be filling). `late`: orders that came too late for their own bin; they count where we are now.
 * Online: an alarm depends only on counts up to it. Throws RangeError on bins out of order or before `state.next`.
 */
export function advanceStream(
  state: StreamState, bins: readonly Bin[], now: number, late: { readonly orders: number; readonly withdrawn: number }, options: SpikeOptions = DEFAULT_SPIKE_OPTIONS,
): Advanced {
  const threshold = thresholdBins(options);
  const complete = binOf(now);
  const w: Working = { next: state.next, sr: [...state.sr], onset: { ...state.onset }, baseline: state.baseline, episode: state.episode };
  const alarms: Alarm[] = [];
  const ended: number[] = [];
  let { counted, withdrawn } = state;
  let owed = state.owed + late.withdrawn;
  withdrawn += late.withdrawn;
  let extra = late.orders;
  let last = -Infinity;
  for (const { bin, orders, withdrawn: gone } of bins) {
    if (bin < state.next || bin <= last) throw new RangeError(`bin ${bin} is out of order`);
    last = bin;
    if (bin > complete) break;
    advance(w, bin, ended);
    if (w.episode !== null && episodeEnd(w.episode) <= bin) closeEpisode(w, bin, ended);
    const gross = orders + extra;
    const net = Math.max(0, gross - owed);
    if (w.episode === null && net > 0) {
      const mean = (1 + NULL_MARGIN) * baselineRate(w.baseline, bin) * BIN_MS;
      const excess = dispersionExcess(w.baseline);
      const whole = evaluate(w, net, mean, excess);
      if (whole.mean >= threshold && bin >= state.mutedUntil) {
        let k = 1;
        while (k < net && evaluate(w, k, mean, excess).mean < threshold) k++;
        const since = w.onset.level > 0 ? w.onset : { level: 0, since: bin, orders: 0, expected: 0 };
        const expected = since.expected + mean / (1 + NULL_MARGIN);
        const seen = since.orders + k;
        alarms.push({ onset: since.since, bin, order: k, orders: seen, expectedOrders: expected, ratio: seen / expected, score: Math.log(evaluate(w, k, mean, excess).mean / threshold) });
        w.episode = { onset: since.since, detectedAt: bin, rate: baselineRate(w.baseline, bin), recent: [] };
      } else if (bin < complete && bin >= state.mutedUntil) {
        w.sr = whole.sr;
        const ratio = logRatio(mean, excess, ONSET_JUMP);
        const level = w.onset.level + ratio.perOrder * net + ratio.empty;
        w.onset = level <= 0 ? { level: 0, since: bin + BIN_MS, orders: 0, expected: 0 }
          : { level, since: w.onset.level > 0 ? w.onset.since : bin, orders: w.onset.orders + net, expected: w.onset.expected + mean / (1 + NULL_MARGIN) };
      }
    }
    // A bin that is still filling is looked at, not booked: it comes again with its final count.
    if (bin === complete) break;
    if (w.episode !== null) {
      const recent = [...w.episode.recent.filter(([b]) => b > bin - EPISODE_WINDOW_MS), ...(net > 0 ? [[bin, net] as const] : [])];
      w.episode = { ...w.episode, recent };
      w.next = bin + BIN_MS;
    } else if (net > 0) {
      w.baseline = learn.orders(w.baseline, bin, net);
      w.next = bin + BIN_MS;
    } else {
      // Orders that earlier cancellations cancel out leave a bin like an empty one.
      advance(w, bin + BIN_MS, ended);
    }
    counted += gross;
    owed = Math.max(0, owed - gross) + gone;
    withdrawn += gone;
    extra = 0;
  }
  advance(w, complete, ended);
  return { state: { mutedUntil: state.mutedUntil, next: w.next, sr: w.sr, onset: w.onset, baseline: w.baseline, episode: w.episode, counted, withdrawn, owed }, alarms, ended };
}

/** When the state may change without an order: the end of its episode; undefined where nothing is due. */
export const dueAt = (state: StreamState): number | undefined => (state.episode === null ? undefined : episodeEnd(state.episode) + BIN_MS);
