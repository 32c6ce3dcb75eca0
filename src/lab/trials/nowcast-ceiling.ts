// The nowcast of whoever knows how a simulated world was made, and all orders so far, but not what will come: the reachable ceiling.
// Known: every style's median and curve, how far broadcasts and pitches scatter, the shares of sizes, the units of an order. Not known:
// this broadcast's luck and each pitch's, which are inferred from all orders so far on a grid (the pitches given the luck, then the luck).
//
// `line-up` knows no more than a merchant's files can say: neither the broadcast's viewers nor how long each pitch will last, and of a
// style that is new only what its plan says of it. They are inferred on the same grid, from the same orders.
import { drawGamma, drawIndex, drawPoisson, type Random } from '../../kernel/math/index.js';
import { expectedCurve } from '../world/curve.js';
import { sizeShare, type Item } from '../world/merchant.js';
import { PARAMETERS as P, SIZES } from '../world/parameters.js';

const MEAN_QUANTITY = P.quantities.reduce((s, w, i) => s + w * (i + 1), 0);
const PAID = 1 - P.unpaid;
/** Variance/mean of an item's count that the families have in common, about: clusters of .25 on average, or the middle of what bins have. */
const DISPERSION = 1.8;
const GRID = Array.from({ length: 19 }, (_, i) => -3 + i / 3);
const SAMPLES = 300;

const softMax = (logs: readonly number[]): number[] => {
  const most = logs.reduce((m, x) => Math.max(m, x), -Infinity);
  const weights = logs.map((l) => Math.exp(l - most));
  const sum = weights.reduce((s, w) => s + w, 0);
  return weights.map((w) => w / sum);
};

export type Knowledge = 'world' | 'line-up';

/** A style's median as it is known, what is not known of it besides the luck of its broadcast, and how long its pitch may last. */
interface StyleKnown {
  readonly item: Item;
  readonly lnMedian: number;
  readonly sd: number;
  readonly pitchMs: readonly number[];
}

/** Mid-points of five equally likely parts of a standard normal. */
const FIFTHS = [-1.2816, -0.5244, 0, 0.5244, 1.2816] as const;
const PEAKS = [1.44, 1.71, 1.99, 2.26] as const;

function knownOf(item: Item, fresh: boolean, usualLn: number, knowledge: Knowledge): StyleKnown {
  if (knowledge === 'world') return { item, lnMedian: item.lnMedian, sd: P.pitchSd, pitchMs: [item.pitch.pitchMs] };
  const { median, sd, least, most } = P.pitchMinutes;
  const pitchMs = FIFTHS.map((z) => 60_000 * Math.min(most, Math.max(least, median * Math.exp(sd * z))));
  if (!fresh) return { item, lnMedian: item.lnMedian, sd: P.pitchSd, pitchMs };
  // The plan is the expected units with an error; popularity is normal around what is usual, so what is believed lies in between.
  const [prior, error] = [P.popularitySd ** 2, P.planningSd ** 2];
  const said = Math.log(item.plannedUnits) - (P.broadcastSd ** 2 + P.pitchSd ** 2) / 2;
  return { item, lnMedian: usualLn + (prior / (prior + error)) * (said - usualLn), sd: Math.hypot(P.pitchSd, Math.sqrt((prior * error) / (prior + error))), pitchMs };
}

interface StyleGrid {
  readonly known: StyleKnown;
  /** By (luck, peak): weights of (pitch's luck, length), the logarithm of their sum, and what is still to come by length. */
  readonly inner: readonly (readonly number[])[];
  readonly evidence: readonly number[];
  readonly rest: readonly (readonly number[])[];
}

const ordersOf = (k: StyleKnown, luck: number, pitch: number, count: number): number =>
  (PAID / MEAN_QUANTITY) * Math.min(P.mostUnits / count, Math.exp(k.lnMedian + P.broadcastSd * luck + k.sd * pitch));

function gridOf(known: StyleKnown, peaks: readonly number[], at: number, orders: number, count: number): StyleGrid {
  const over = peaks.map((peak) => known.pitchMs.map((pitchMs) => expectedCurve({ ...known.item.pitch, peak, pitchMs }).by(at)));
  const logs = GRID.flatMap((luck) => over.map((shares) => GRID.flatMap((pitch) => {
    const all = ordersOf(known, luck, pitch, count);
    return shares.map((share) => -(pitch * pitch) / 2 + (all * share > 0 ? (orders * Math.log(all * share) - all * share) / DISPERSION : 0));
  })));
  return {
    known, inner: logs.map(softMax), rest: over.map((shares) => shares.map((share) => Math.max(0, 1 - share))),
    evidence: logs.map((l) => { const most = l.reduce((m, x) => Math.max(m, x), -Infinity); return most + Math.log(l.reduce((s, x) => s + Math.exp(x - most), 0)); }),
  };
}

/**
 * Quantiles of the units still to come, by style and size, in the order of the items.
 * @param orders paid orders so far of each item, over its sizes; @param fresh whether it was never shown before; @param usualLn ln of the median units of a usual style of this broadcast
 */
export function ceiling(
  random: Random, items: readonly Item[], at: number, orders: readonly number[], fresh: readonly boolean[], usualLn: number, knowledge: Knowledge, levels: readonly number[],
): number[][][] {
  const count = items.length;
  const peaks = knowledge === 'world' ? [items[0]?.pitch.peak ?? 1.5] : PEAKS;
  const styles = items.map((item, i) => gridOf(knownOf(item, fresh[i] as boolean, usualLn, knowledge), peaks, at, orders[i] as number, count));
  const outer = softMax(GRID.flatMap((l, k) => peaks.map((_, p) => -(l * l) / 2 + styles.reduce((s, style) => s + (style.evidence[k * peaks.length + p] as number), 0))));
  return styles.map(({ known, inner, rest }) => SIZES.map((_, size) => {
    const samples: number[] = [];
    for (let n = 0; n < SAMPLES; n++) {
      const place = drawIndex(random, outer);
      const [luck, peak] = [Math.floor(place / peaks.length), place % peaks.length];
      const own = drawIndex(random, inner[place] as readonly number[]);
      const [pitch, length] = [Math.floor(own / known.pitchMs.length), own % known.pitchMs.length];
      const mean = ordersOf(known, GRID[luck] as number, GRID[pitch] as number, count) * ((rest[peak] as readonly number[])[length] as number) * sizeShare(size);
      // A size gets its share of every cluster.
      const excess = (DISPERSION - 1) * sizeShare(size);
      let units = 0;
      for (let k = mean > 0 ? drawPoisson(random, drawGamma(random, mean / excess, excess)) : 0; k > 0; k--) units += 1 + drawIndex(random, P.quantities);
      samples.push(units);
    }
    samples.sort((a, b) => a - b);
    return levels.map((level) => samples[Math.min(SAMPLES - 1, Math.floor(level * SAMPLES))] as number);
  }));
}
