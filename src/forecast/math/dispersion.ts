// How unevenly a stream's orders fall on bins: variance/mean − 1 of a bin's count, learned from pairs of orders in one bin beyond
// those that an even rate brings. Changed in place; numbers are kept as they are stored (precision.ts).
import type { Excess } from './likelihood.js';
import { long } from './precision.js';

/** Prior of the dispersion: variance/mean − 1 = 0.5 with the weight of 10 orders; memory of about 2,000 bins with orders. */
const EXCESS_PRIOR = 0.5;
const EXCESS_WEIGHT = 10;
const PAIRS_DECAY = 0.9995;
const [EXCESS_FACTOR, EXCESS_MARGIN, LEAST_EXCESS, MOST_EXCESS] = [1.15, 0.01, 0.03, 6];

/** Σ x and Σ x(x − 1) over bins, and the part of the latter that an even rate brings. */
export interface Pairs {
  readonly sum: number;
  readonly pairs: number;
  readonly evenPairs: number;
}

export class Dispersion implements Pairs {
  sum: number;
  pairs: number;
  evenPairs: number;

  constructor(p: Pairs) {
    this.sum = long(p.sum);
    this.pairs = long(p.pairs);
    this.evenPairs = long(p.evenPairs);
  }

  /** Variance/mean − 1 as estimated. */
  get excess(): number {
    return Math.max(0, (this.pairs - this.evenPairs + EXCESS_PRIOR * EXCESS_WEIGHT) / (this.sum + EXCESS_WEIGHT));
  }

  /** The same with its margin and without, as the likelihood takes them. */
  careful(): Excess {
    const { excess } = this;
    // Clusters seen: a heavy tail shows late.
    const seen = 1 + this.sum / (1 + excess);
    const most = Math.min(MOST_EXCESS, Math.max(LEAST_EXCESS, (EXCESS_FACTOR + 3 / Math.sqrt(seen + 40)) * excess + EXCESS_MARGIN + 5 / (seen + 30)));
    return { most, plain: Math.max(LEAST_EXCESS, Math.min(MOST_EXCESS, excess)) };
  }

  /** A bin with orders. */
  bin(orders: number): void {
    this.sum = long(this.sum * PAIRS_DECAY + orders);
    this.pairs = long(this.pairs * PAIRS_DECAY + orders * (orders - 1));
    this.evenPairs = long(this.evenPairs * PAIRS_DECAY);
  }

  /** The bins of a step, `bins` of them, held so many orders: of n orders in b bins an even rate makes (n² − Dn)/b pairs expect. n² alone would hold the pairs of its own unevenness. */
  step(orders: number, binMs: number, time: number): void {
    if (orders > 1) this.evenPairs = long(this.evenPairs + (Math.max(0, orders * orders - (1 + this.excess) * orders) * binMs) / time);
  }
}
