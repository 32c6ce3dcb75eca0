// Spike detection on one stream, online and O(1) per event: a mixture Shiryaev-Roberts e-detector (Shin, Ramdas, Rinaldo,
// arXiv 2203.03532) with a negative-binomial likelihood on bins, against the null hypothesis "rate ≤ (1 + m) × baseline".
// Under the null E[time to alarm] ≥ threshold in bins, without calibration, as long as the baseline is not too low and the
// dispersion not too small; both are estimated with a margin (baseline.ts). The threshold is set by measurement below the bins that
// are allowed (OVERSHOOT), so the stated rate rests on that margin and on trials, not on the bound alone.
//
// A bin's likelihood ratio with the whole bin's exposure is used from its first order on. As the ratio grows with the count,
// an alarm before the bin's end is one that the bin's end would raise too: orders within a bin are answered at once, and the
// false-alarm guarantee stays that of whole bins.
//
// Times are milliseconds since 1970. State is JSON-safe.
import { emptyBaseline, type BaselineState, type Outside } from './baseline.js';
import { EVEN, type Exposure } from './exposure.js';
import { COMPONENTS } from './likelihood.js';
import { BIN_MS, binOf, episodeEnd, CLOSELY_MS, EPISODE_WINDOW_MS, Working, type Alarm, type Episode, type Faded } from './working-stream.js';

export { BIN_MS, binOf, type Alarm };

/**
 * The threshold in bins as a share of the bins in which one false alarm is allowed. The values overshoot the threshold they reach,
 * so the mean time to a false alarm at the null's own rate is 1.4 times the threshold (measured). Each stream has the allowance for
 * itself; while a broadcast is on, its orders are not the standing stream's. The baseline's margin is on the safe side of that.
 */
const OVERSHOOT = 0.7;

export interface SpikeOptions {
  /** Expected false alarms per 1,000 hours of one SKU, over its streams. */
  readonly falseAlarmsPer1000SkuHours: number;
  /** Length of a bin, a divisor of a quarter of an hour; one stream keeps to one. Default BIN_MS. */
  readonly binMs?: number;
  /** How exposed the stream is, always the same for a time that it has passed. Default EVEN. */
  readonly exposure?: Exposure;
}

export const DEFAULT_SPIKE_OPTIONS: SpikeOptions = { falseAlarmsPer1000SkuHours: 1 };

export interface StreamState {
  /** No alarm before this time. */
  readonly mutedUntil: number;
  /** First bin that is not fully processed. */
  readonly next: number;
  /**
   * Where the values stand: no order came from here up to `next`. They move with orders and not with looks, so that what is detected
   * does not depend on how often a stream was looked at. Absent in states of earlier versions: `next`.
   */
  readonly passed?: number;
  /** Shiryaev-Roberts values, one per jump of the mixture. */
  readonly sr: readonly number[];
  /** NB-CUSUM since its last zero: where the change began. */
  readonly onset: { readonly level: number; readonly since: number; readonly orders: number; readonly expected: number };
  readonly baseline: BaselineState;
  readonly episode: Episode | null;
  /** The last episode, for as long as a new one may belong to it. Absent in states of earlier versions. */
  readonly faded?: Faded | null;
  /** Orders processed so far, and cancellations not yet set against later orders. */
  readonly counted: number;
  readonly withdrawn: number;
  readonly owed: number;
}

export interface Bin {
  readonly bin: number;
  readonly orders: number;
  readonly withdrawn: number;
}

/** A standing stream learns what it sells before it may cry out: nothing is known of a SKU at its first sale. */
const LEARNING_MS = 2 * 3_600_000;

/** What a stream is: a shop's standing stream of a SKU, or its stream in a broadcast, which starts from the SKU outside where that is known. */
export type Origin = { readonly kind: 'standing' } | { readonly kind: 'broadcast'; readonly outside: Outside | undefined };

/** A stream whose first order came at `at`. What is known outside is at exposure 1. */
export const openStream = (at: number, origin: Origin, binMs = BIN_MS, exposure = EVEN): StreamState => {
  const first = binOf(at, binMs);
  return {
    mutedUntil: origin.kind === 'standing' ? first + LEARNING_MS : 0, next: first, passed: first, sr: new Array<number>(COMPONENTS).fill(0), onset: { level: 0, since: first, orders: 0, expected: 0 },
    baseline: origin.kind === 'broadcast' ? emptyBaseline(first, origin.outside?.rate, origin.outside?.excess, exposure.at(first)) : emptyBaseline(first, undefined, undefined), episode: null, counted: 0, withdrawn: 0, owed: 0,
  };
};

const thresholdBins = (options: SpikeOptions, binMs: number): number => {
  if (!(options.falseAlarmsPer1000SkuHours > 0)) throw new RangeError('falseAlarmsPer1000SkuHours must be positive');
  if (!(Number.isInteger(binMs) && binMs >= 1000 && EPISODE_WINDOW_MS % binMs === 0)) throw new RangeError('binMs must divide a quarter of an hour and be at least a second');
  return (OVERSHOOT * 1000 * 3_600_000) / binMs / options.falseAlarmsPer1000SkuHours;
};

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
  const binMs = options.binMs ?? BIN_MS;
  const exposure = options.exposure ?? EVEN;
  const w = new Working(state, binMs, thresholdBins(options, binMs), exposure);
  const complete = binOf(now, binMs);
  let { counted } = state;
  let owed = state.owed + late.withdrawn;
  let withdrawn = state.withdrawn + late.withdrawn;
  let extra = late.orders;
  let last = -Infinity;
  for (const { bin, orders, withdrawn: gone } of bins) {
    if (bin < state.next || bin <= last) throw new RangeError(`bin ${bin} is out of order`);
    last = bin;
    if (bin > complete) break;
    w.advance(bin);
    if (w.episode !== null && episodeEnd(w.episode, binMs, exposure) <= bin) w.closeEpisode(bin);
    const gross = orders + extra;
    const net = Math.max(0, gross - owed);
    if (w.episode === null && net > 0 && bin >= state.mutedUntil) w.judge(bin, net, bin < complete, gross - net);
    // A bin that is still filling is looked at, not booked: it comes again with its final count.
    if (bin === complete) break;
    w.book(bin, net);
    counted += gross;
    owed = Math.max(0, owed - gross) + gone;
    withdrawn += gone;
    extra = 0;
  }
  w.endEpisode(complete);
  const next = Math.max(state.next, complete);
  return {
    state: {
      // Once it has passed it says nothing any more.
      mutedUntil: state.mutedUntil > next ? state.mutedUntil : 0, next, passed: w.next, sr: w.evidence.sr, onset: w.evidence.onset(), baseline: w.baseline.state(), episode: w.episode,
      faded: w.faded !== null && next - w.faded.end < CLOSELY_MS ? w.faded : null, counted, withdrawn, owed,
    },
    alarms: w.alarms, ended: w.ended,
  };
}

/** When the state may change without an order: the end of its episode; undefined where nothing is due. */
export const dueAt = (state: StreamState, binMs = BIN_MS, exposure = EVEN): number | undefined => (state.episode === null ? undefined : episodeEnd(state.episode, binMs, exposure) + binMs);
