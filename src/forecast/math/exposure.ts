// How exposed a stream is to buyers: its rate is base(hour) × exposure(t). What lies behind it (a day of the week, viewers) is
// its caller's to know; the detector learns orders beside time × exposure and expects by the same product.
import { STEP_MS } from './daily-shape.js';

/**
 * A positive function of time (ms) that is constant within each quarter of an hour on the clock. What it says of a time that a stream
 * has passed must never change. How long an hour was seen is counted in time × exposure, so it should be about 1 in the mean.
 */
export interface Exposure {
  at(at: number): number;
  /** It stays as at `at` up to here: a whole quarter of an hour later than `at`, or Infinity. It need not change there. */
  until(at: number): number;
}

/** Exposed alike at all times. */
export const EVEN: Exposure = { at: () => 1, until: () => Infinity };

export interface ExposureStep {
  /** ms, a whole quarter of an hour. */
  readonly from: number;
  /** > 0 */
  readonly exposure: number;
}

/** From a table of steps, ascending: each holds until the next, the last for good; before the first it is 1. Throws RangeError on any other table. */
export function exposureOf(steps: readonly ExposureStep[]): Exposure {
  for (const [i, { from, exposure }] of steps.entries()) {
    if (!(Number.isFinite(exposure) && exposure > 0)) throw new RangeError(`exposure ${exposure} is not positive`);
    if (!Number.isInteger(from / STEP_MS)) throw new RangeError(`exposure changes at ${from}, which is no whole quarter of an hour`);
    if (i > 0 && !(from > (steps[i - 1] as ExposureStep).from)) throw new RangeError(`exposure at ${from} is out of order`);
  }
  // Streams move on in time: the step that was asked for last is most often asked for again.
  let last = 0;
  /** Number of the first step after `at`. */
  const after = (at: number): number => {
    while (last > 0 && (steps[last - 1] as ExposureStep).from > at) last--;
    while (last < steps.length && (steps[last] as ExposureStep).from <= at) last++;
    return last;
  };
  return { at: (at) => steps[after(at) - 1]?.exposure ?? 1, until: (at) => steps[after(at)]?.from ?? Infinity };
}

/** Remembers the exposure that it was asked for last: a stream that learns step by step asks anew only where it may change. */
export class Exposed {
  private from = Infinity;
  private to = -Infinity;
  private exposure = 1;

  constructor(private readonly of: Exposure) {}

  at(at: number): number {
    if (at < this.from || at >= this.to) {
      this.from = at;
      this.to = this.of.until(at);
      this.exposure = this.of.at(at);
    }
    return this.exposure;
  }

  until(at: number): number {
    this.at(at);
    return this.to;
  }
}

/** The end of the time from `at` that has one exposure, `to` at the latest. */
export function alikeUntil(exposure: Exposure, at: number, to: number): number {
  const exposed = exposure.at(at);
  let end = exposure.until(at);
  while (end < to && exposure.at(end) === exposed) end = exposure.until(end);
  return Math.min(to, end);
}

/** Time × exposure from `from` to `to`, ms. */
export function exposedTime(exposure: Exposure, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; ) {
    const end = alikeUntil(exposure, at, to);
    sum += (end - at) * exposure.at(at);
    at = end;
  }
  return sum;
}

/** The highest exposure between `from` and `to`. */
export function mostExposed(exposure: Exposure, from: number, to: number): number {
  let most = 0;
  for (let at = from; at < to; at = exposure.until(at)) most = Math.max(most, exposure.at(at));
  return most;
}
