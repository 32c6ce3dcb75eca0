// Streams of orders with a known truth: how many orders come when, how unevenly. Negative-binomial bins as a Poisson number of
// logarithmic clusters (each cluster in one bin), drawn cluster by cluster, so that a quiet hour costs nothing.
import { BIN_MS, binOf, type Bin } from '../../forecast/math/index.js';
import type { Random } from '../../kernel/math/index.js';

export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

export interface Traffic {
  /** Orders a minute where `share` is 1. */
  readonly peak: number;
  /** The rate at a time (ms) as a share of the peak, within [0, 1]. */
  readonly share: (at: number) => number;
  /** Variance/mean of a bin's count, ≥ 1. */
  readonly dispersion: number;
}

/** A count from the logarithmic distribution with parameter `theta`, by inversion. */
function clusterSize(random: Random, theta: number): number {
  let k = 1;
  for (let p = -theta / Math.log(1 - theta), u = random.next(), below = p; u > below && k < 10_000; below += p) p *= (theta * k++) / k;
  return k;
}

/** Counts of the bins from `from` to `to` (ms) that hold orders, in order. Clusters are thinned to the rate of their moment. */
export function simulatedBins(random: Random, traffic: Traffic, from: number, to: number): Bin[] {
  const theta = 1 - 1 / traffic.dispersion;
  const size = theta === 0 ? 1 : -theta / ((1 - theta) * Math.log(1 - theta));
  const gap = (MINUTE * size) / traffic.peak;
  const bins: { bin: number; orders: number; withdrawn: number }[] = [];
  for (let at = from + random.exponential(gap); at < to; at += random.exponential(gap)) {
    if (random.next() >= traffic.share(at)) continue;
    const orders = theta === 0 ? 1 : clusterSize(random, theta);
    const bin = binOf(at, BIN_MS);
    const last = bins[bins.length - 1];
    if (last?.bin === bin) last.orders += orders;
    else bins.push({ bin, orders, withdrawn: 0 });
  }
  return bins;
}

export const always = (): number => 1;
/** A day that swings tenfold around `noon` (ms into the day). */
export const swinging = (noon: number) => (at: number): number => 0.55 + 0.45 * Math.cos((2 * Math.PI * (at - noon)) / DAY);
/** Open from `opens` for 12 hours (ms into the day); nothing at night. */
export const openTwelveHours = (opens: number) => (at: number): number => ((((at - opens) % DAY) + DAY) % DAY < 12 * HOUR ? 1 : 0);
