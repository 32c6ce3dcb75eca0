// A supplier's measured record of a period and the score that follows from it. The formula is published: README, "Scorecard".
import { wilsonInterval } from '../kernel/math/index.js';

export interface Share {
  readonly hits: number;
  readonly trials: number;
}

export interface Record {
  /** Units of lots that came in during the period which came back with a fault of production, of the units of them that left. */
  readonly faults: Share;
  /** Units that came by the date confirmed for them, of those that came. */
  readonly onTime: Share;
  /** Units that came of those ordered, over orders that were closed. */
  readonly fill: Share;
  /** Firm changes answered before their time was over, of those that had to be. */
  readonly answers: Share;
  /** Samples approved in their first round, of those judged. */
  readonly samples: Share;
}

export type Measure = keyof Record;

/** Whole numbers; a measure without activity takes no part. */
export const WEIGHTS: Readonly<{ [name in Measure]: number }> = { faults: 30, onTime: 25, fill: 15, answers: 15, samples: 15 };
/** A share of faulty units at which nothing is left of that part of the score. */
const WORST_FAULTS = 0.1;
const LEVEL = 0.9;

export interface Measured {
  readonly rate: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly hits: number;
  readonly of: number;
  /** 0 to 100; null without activity. */
  readonly points: number | null;
  readonly weight: number;
}

/** Points of one measure: faults from 100 at none to 0 at one in ten; all others are their rate in per cent, at most 100. */
export function measured(name: Measure, { hits, trials }: Share): Measured {
  const weight = WEIGHTS[name];
  if (trials === 0) return { rate: null, lower: null, upper: null, hits, of: 0, points: null, weight };
  const rate = hits / trials;
  const within = Math.min(hits, trials);
  const points = name === 'faults' ? Math.max(0, 1 - rate / WORST_FAULTS) : Math.min(1, rate);
  return { rate, ...wilsonInterval(within, trials, LEVEL), hits, of: trials, points: 100 * points, weight };
}

/** The weighted mean of the points of what was active; null where nothing was: no activity means no score, never 100. */
export function scoreOf(parts: readonly Measured[]): number | null {
  const active = parts.filter((p) => p.points !== null);
  const weight = active.reduce((s, p) => s + p.weight, 0);
  return weight === 0 ? null : active.reduce((s, p) => s + p.weight * (p.points as number), 0) / weight;
}
