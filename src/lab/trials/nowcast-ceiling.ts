// The nowcast of whoever knows how a simulated world was made, and all orders so far, but not what will come: the reachable ceiling.
// Known: every style's median and curve, how far broadcasts and pitches scatter, the shares of sizes, the units of an order. Not known:
// this broadcast's luck and each pitch's, which are inferred from all orders so far on a grid (the pitches given the luck, then the luck).
import { drawGamma, drawIndex, drawPoisson, type Random } from '../../kernel/math/index.js';
import { expectedCurve } from '../world/curve.js';
import { sizeShare, type Item } from '../world/merchant.js';
import { PARAMETERS as P, SIZES } from '../world/parameters.js';

const MEAN_QUANTITY = P.quantities.reduce((s, w, i) => s + w * (i + 1), 0);
const PAID = 1 - P.unpaid;
/** Variance/mean of an item's count that the families have in common, about: clusters of .25 on average, or the middle of what bins have. */
const DISPERSION = 1.8;
const GRID = Array.from({ length: 25 }, (_, i) => -3 + i / 4);
const SAMPLES = 400;

const softMax = (logs: readonly number[]): number[] => {
  const most = Math.max(...logs);
  const weights = logs.map((l) => Math.exp(l - most));
  const sum = weights.reduce((s, w) => s + w, 0);
  return weights.map((w) => w / sum);
};

interface StyleGrid {
  readonly item: Item;
  readonly rest: number;
  /** By luck of the broadcast: weights of the pitch's luck, and the logarithm of their sum. */
  readonly pitch: readonly (readonly number[])[];
  readonly evidence: readonly number[];
}

const ordersOf = (item: Item, luck: number, pitch: number, count: number): number =>
  (PAID / MEAN_QUANTITY) * Math.min(P.mostUnits / count, Math.exp(item.lnMedian + P.broadcastSd * luck + P.pitchSd * pitch));

function gridOf(item: Item, at: number, orders: number, count: number): StyleGrid {
  const over = expectedCurve(item.pitch).by(at);
  const logs = GRID.map((luck) => GRID.map((pitch) => {
    const mean = ordersOf(item, luck, pitch, count) * over;
    return -(pitch * pitch) / 2 + (mean > 0 ? (orders * Math.log(mean) - mean) / DISPERSION : 0);
  }));
  return { item, rest: Math.max(0, 1 - over), pitch: logs.map(softMax), evidence: logs.map((l) => { const most = Math.max(...l); return most + Math.log(l.reduce((s, x) => s + Math.exp(x - most), 0)); }) };
}

/**
 * Quantiles of the units still to come, by style and size, in the order of the items.
 * @param orders paid orders so far of each item, over its sizes
 */
export function ceiling(random: Random, items: readonly Item[], at: number, orders: readonly number[], levels: readonly number[]): number[][][] {
  const count = items.length;
  const styles = items.map((item, i) => gridOf(item, at, orders[i] as number, count));
  const luck = softMax(GRID.map((l, k) => -(l * l) / 2 + styles.reduce((s, style) => s + (style.evidence[k] as number), 0)));
  return styles.map((style) => SIZES.map((_, size) => {
    const samples: number[] = [];
    for (let n = 0; n < SAMPLES; n++) {
      const l = drawIndex(random, luck);
      const mean = ordersOf(style.item, GRID[l] as number, GRID[drawIndex(random, style.pitch[l] as readonly number[])] as number, count) * style.rest * sizeShare(size);
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
