// How the units of one style in one broadcast spread over time: expected shares, known to whoever knows how the world was made.
import { PARAMETERS as P } from './parameters.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** One style in one broadcast. Times in ms. */
export interface Pitch {
  readonly startsAt: number;
  readonly endsAt: number;
  readonly slotAt: number;
  readonly pitchMs: number;
  /** Rate in the pitch over the rate in the lull. */
  readonly jump: number;
  /** Peak over mean viewers. */
  readonly peak: number;
  /** Start and share of a second pitch; null where there is none. */
  readonly second: { readonly at: number; readonly share: number } | null;
  /** Share that is sold after the end. */
  readonly tail: number;
}

/** Share of the viewers' time up to a share x of the broadcast: their number is u + (1 − u) 8/3 sin⁴ πx, mean 1, u such that it peaks at `peak` (1 to 8/3). */
const viewersBy = (x: number, peak: number): number => {
  const swell = (peak - 1) / (5 / 3);
  return x - swell * ((2 / 3) * Math.sin(2 * Math.PI * x) - Math.sin(4 * Math.PI * x) / 12) / Math.PI;
};

/** ∫ of the pitch's shape up to `since` ms after its slot: ramp, plateau, exponential fade; in ms at the full rate. */
function pitchBy(since: number, pitchMs: number): number {
  const ramp = P.rampSeconds * 1000;
  const fade = P.fadeSeconds * 1000;
  if (since <= 0) return 0;
  const rising = Math.min(since, ramp);
  const risen = (rising * rising) / (2 * ramp);
  const flat = Math.max(0, Math.min(since, pitchMs) - ramp);
  const after = Math.max(0, since - Math.max(pitchMs, ramp));
  return risen + flat + fade * (1 - Math.exp(-after / fade));
}

export interface Curve {
  /** Share of the style's units that come up to `at`, in [0, 1], ascending. */
  readonly by: (at: number) => number;
}

export function curveOf(p: Pitch): Curve {
  const length = p.endsAt - p.startsAt;
  const inPitch = pitchBy(p.endsAt - p.slotAt, p.pitchMs);
  // The lull sells `length / jump` full-rate milliseconds.
  const lull = length / p.jump;
  const whole = lull + inPitch;
  const second = p.second === null ? undefined : { ...p.second, all: pitchBy(p.endsAt - p.second.at, p.pitchMs) };
  const firstShare = 1 - (second?.share ?? 0);
  const halfLife = P.tail.halfLifeHours * HOUR;
  return {
    by: (at) => {
      if (at <= p.startsAt) return 0;
      const now = Math.min(at, p.endsAt);
      const x = (now - p.startsAt) / length;
      const first = (lull * viewersBy(x, p.peak) + pitchBy(now - p.slotAt, p.pitchMs)) / whole;
      const again = second === undefined || second.all === 0 ? first : pitchBy(now - second.at, p.pitchMs) / second.all;
      const onAir = (1 - p.tail) * (firstShare * first + (1 - firstShare) * again);
      return at <= p.endsAt ? onAir : 1 - p.tail + p.tail * (1 - Math.pow(0.5, (at - p.endsAt) / halfLife));
    },
  };
}

/** The curve that is expected before the draws of one pitch: the mean tail, and a second pitch somewhere after the first. */
export function expectedCurve(p: Omit<Pitch, 'second' | 'tail'>): Curve {
  const certain = curveOf({ ...p, second: null, tail: P.tail.most / 2 });
  const share = P.secondPitch.chance * P.secondPitch.share;
  const from = Math.min(p.endsAt, p.slotAt + p.pitchMs);
  const onAir = 1 - P.tail.most / 2;
  return {
    by: (at) => {
      const spread = p.endsAt <= from ? (at >= p.endsAt ? 1 : 0) : Math.min(1, Math.max(0, (at - from) / (p.endsAt - from)));
      return at >= p.endsAt ? certain.by(at) : (1 - share) * certain.by(at) + share * onAir * spread;
    },
  };
}
