// The evidence for a rise on one stream while bins pass: the mixture's Shiryaev-Roberts values, and the NB-CUSUM that dates its
// onset. Both are against the null hypothesis that a bin's mean is at most `mean`, and kept as they are stored (precision.ts).
import { COMPONENTS, EmptyBins, mixtureOf, ratiosOf, type Excess, type Mixture } from './likelihood.js';
import { long } from './precision.js';

export interface Onset {
  readonly level: number;
  readonly since: number;
  readonly orders: number;
  readonly expected: number;
}

export class Evidence {
  /** Shiryaev-Roberts values, one per jump of the mixture. */
  private readonly values = new Float64Array(COMPONENTS);
  // The CUSUM since its last zero: where the change began, and what came and was expected since.
  level: number;
  since: number;
  private orders: number;
  private expected: number;
  private mixture: Mixture | undefined;
  private readonly emptyBins = new EmptyBins();
  /** Ratios of the bin that was looked at last: a bin that raised no alarm is taken next. */
  private readonly ratios = new Float64Array(COMPONENTS);
  private lookedOrders = 0;
  private lookedMean = NaN;
  private lookedMixture: Mixture | undefined;

  /** Without values from before: what a stream begins with at `at`. */
  static from(at: number, binMs: number): Evidence {
    return new Evidence([], { level: 0, since: at, orders: 0, expected: 0 }, binMs);
  }

  constructor(sr: readonly number[], onset: Onset, private readonly binMs: number) {
    // States of earlier versions hold other components: they begin anew.
    if (sr.length === COMPONENTS) for (let i = 0; i < COMPONENTS; i++) this.values[i] = long(sr[i] as number);
    this.level = long(onset.level);
    this.since = onset.since;
    this.orders = onset.orders;
    this.expected = long(onset.expected);
  }

  get sr(): number[] {
    return Array.from(this.values);
  }

  onset(): Onset {
    return { level: this.level, since: this.since, orders: this.orders, expected: this.expected };
  }

  /** `bins` empty bins up to `until`. `expected`: orders expected in each, without the null's margin. */
  empty(until: number, bins: number, mean: number, expected: number, excess: Excess): void {
    const mixture = this.mixtureFor(excess);
    const { values } = this;
    this.emptyBins.pass(values, mixture, mean, bins);
    for (let i = 0; i < COMPONENTS; i++) values[i] = long(values[i] as number);
    if (this.level <= 0) return;
    this.level = long(Math.max(0, this.level + mixture.onsetPerMean * mean * bins));
    if (this.level <= 0) this.noOnset(until);
    else this.expected = long(this.expected + expected * bins);
  }

  /** A bin with orders that raised no alarm. */
  take(bin: number, orders: number, mean: number, expected: number, excess: Excess): void {
    const mixture = this.look(orders, mean, excess);
    const { values, ratios } = this;
    for (let i = 0; i < COMPONENTS; i++) values[i] = long(((values[i] as number) + 1) * (ratios[i] as number));
    const before = this.level;
    this.level = long(Math.max(0, this.level + mixture.onsetPerOrder * orders + mixture.onsetPerMean * mean));
    if (this.level <= 0) {
      this.noOnset(bin + this.binMs);
      return;
    }
    if (before <= 0) this.since = bin;
    this.orders += orders;
    this.expected = long(this.expected + expected);
  }

  /** Mean Shiryaev-Roberts value of the mixture if the next bin has `orders`. */
  statistic(orders: number, mean: number, excess: Excess): number {
    this.look(orders, mean, excess);
    const { values, ratios } = this;
    let sum = 0;
    for (let i = 0; i < COMPONENTS; i++) sum += ((values[i] as number) + 1) * (ratios[i] as number);
    return sum / COMPONENTS;
  }

  restart(at: number): void {
    this.values.fill(0);
    this.noOnset(at);
  }

  private look(orders: number, mean: number, excess: Excess): Mixture {
    const mixture = this.mixtureFor(excess);
    if (this.lookedOrders === orders && this.lookedMean === mean && this.lookedMixture === mixture) return mixture;
    this.lookedOrders = orders;
    this.lookedMean = mean;
    this.lookedMixture = mixture;
    ratiosOf(this.ratios, mixture, orders, mean);
    return mixture;
  }

  private noOnset(at: number): void {
    this.level = 0;
    this.since = at;
    this.orders = 0;
    this.expected = 0;
  }

  private mixtureFor(excess: Excess): Mixture {
    if (this.mixture === undefined || this.mixture.excess !== excess) this.mixture = mixtureOf(excess);
    return this.mixture;
  }
}
