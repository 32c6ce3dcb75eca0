// What a stream sells when nothing special happens: a rate by hour of the day, raised or lowered by what the last hours sold beside
// what was expected of them, and the dispersion of its counts. Both lag behind, so that a spike does not feed them, and both carry
// a margin. Times in milliseconds; rates in orders per ms.
//
// Numbers are kept as they are stored (precision.ts). Everything moves in steps of a quarter of an hour, on the clock: within a step the rate stands, so that a stream gives the same
// answers however often it is looked at.
import { HOUR_MS, HOURS, hourOf } from './daily-shape.js';
import { HourCounts, KNOWN_DAYS, STEP_MS } from './hour-counts.js';
import type { Excess } from './likelihood.js';
import { long } from './precision.js';

/** A published prior: below one order an hour a rate moves no factory, and a first sale is no spike of infinite ratio. */
export const FLOOR_RATE = 1 / 3_600_000;
/** m: the null is a rate of at most (1 + m) × baseline, however well the baseline is known: the base of a shop wanders by as much. */
export const NULL_MARGIN = 0.3;
/** Standard errors of the baseline that the null allows for, together with m as independent errors are. */
const ERRORS_ALLOWED = 1.2;
/** Beyond a standard error as large as the rate itself nothing is gained by allowing more. */
const MOST_VARIANCE = 1;
const marginOf = (variance: number): number => 1 + Math.sqrt(NULL_MARGIN ** 2 + ERRORS_ALLOWED ** 2 * Math.min(MOST_VARIANCE, variance));

/** By how much learning lags at least. */
const LAG_MS = STEP_MS;
/** While a rise is suspected, learning waits for it to end or to become an alarm, but no longer than this. */
const HOLD_MS = 75 * 60_000;
const GROWN_MS = 36 * HOUR_MS;
const NEAR_HALF_LIFE_MS = 45 * 60_000;
const NEAR_DECAY = Math.pow(0.5, STEP_MS / NEAR_HALF_LIFE_MS);
/** Prior of the dispersion: variance/mean − 1 = 0.5 with the weight of 10 orders; memory of about 2,000 bins with orders. */
const EXCESS_PRIOR = 0.5;
const EXCESS_WEIGHT = 10;
const PAIRS_DECAY = 0.9995;
const [EXCESS_FACTOR, EXCESS_MARGIN, LEAST_EXCESS, MOST_EXCESS] = [1.15, 0.01, 0.03, 6];

export interface BaselineState {
  readonly outside: number;
  /** Orders and exposure (ms) by hour of the day, decayed but for the last `steps` steps up to `learnedTo`. */
  readonly hourOrders: readonly number[];
  readonly hourTime: readonly number[];
  /** Absent in states of earlier versions: none. */
  readonly steps?: number;
  /** Orders of late, and what the hours' rates made expect; half-life 45 minutes. */
  readonly nearOrders: number;
  readonly nearExpected: number;
  /** Σ x and Σ x(x − 1) over bins, and the part of the latter that an even rate brings: the dispersion. */
  readonly sum: number;
  readonly pairs: number;
  readonly evenPairs: number;
  /** Bins not yet learned from, because the lag has not passed. */
  readonly waiting: readonly (readonly [bin: number, orders: number])[];
  readonly learnedTo: number;
  /** Baseline and null rate until the end of the step. */
  readonly rate: number;
  readonly bound: number;
  readonly until: number;
  /** What was found when the rate was set; absent in states of earlier versions: then it is found anew. */
  readonly found?: Found;
}

export interface Found {
  /** Orders were learned since. */
  readonly fresh: boolean;
  /** The rate is the least there is, whatever the hour; and in this hour. */
  readonly least: boolean;
  readonly low: boolean;
}

/** What the dispersion outside is worth to a broadcast's stream, in orders. */
const OUTSIDE_WEIGHT = 200;

/** Of a time in ms by a length: whether it is a multiple, without the slow remainder of a number beyond 32 bits. */
const isWhole = (parts: number): boolean => parts === Math.floor(parts);

export const stepEnd = (at: number): number => (Math.floor(at / STEP_MS) + 1) * STEP_MS;
const boundOf = (rate: number): number => long((1 + NULL_MARGIN) * rate);
/** The least rate of a stream, and of the null hypothesis. */
export function leastOf(outside: number): { readonly rate: number; readonly bound: number } {
  const rate = long(Math.max(FLOOR_RATE, outside));
  return { rate, bound: boundOf(rate) };
}

export function emptyBaseline(at: number, outsideRate: number | undefined, outsideExcess: number | undefined): BaselineState {
  const outside = long(outsideRate ?? 0);
  return {
    outside, hourOrders: new Array<number>(HOURS).fill(0), hourTime: new Array<number>(HOURS).fill(0), steps: 0, nearOrders: 0, nearExpected: 0, sum: outsideExcess === undefined ? 0 : OUTSIDE_WEIGHT,
    pairs: long((outsideExcess ?? 0) * OUTSIDE_WEIGHT), evenPairs: 0, waiting: [], learnedTo: at, ...leastOf(outside), until: stepEnd(at), found: { fresh: true, least: false, low: false },
  };
}

/** Exposure without orders that every stream starts with: a first order says little about a week. */
const PRIOR_TIME_MS = 2 * 86_400_000;

/** The long-run rate over the whole day, shrunk towards none: orders per millisecond, and the orders it rests on. */
export const meanRate = (b: BaselineState): { readonly rate: number; readonly orders: number } => new HourCounts(b.hourOrders, b.hourTime, b.steps ?? 0).mean(PRIOR_TIME_MS);

/** Variance/mean − 1 of a bin's count, as estimated: pairs of orders beyond those that an even rate brings. */
const excessOf = (sum: number, pairs: number, evenPairs: number): number => Math.max(0, (pairs - evenPairs + EXCESS_PRIOR * EXCESS_WEIGHT) / (sum + EXCESS_WEIGHT));

/** A baseline at work: the same numbers changed in place. */
export class LearningBaseline {
  private readonly counts: HourCounts;
  private nearOrders: number;
  private nearExpected: number;
  private readonly outside: number;
  private readonly leastRate: number;
  private readonly leastBound: number;
  private sum: number;
  private pairs: number;
  private evenPairs: number;
  private waiting: (readonly [bin: number, orders: number])[];
  private used = 0;
  /** Orders were learned since the rate was set; and whether it is the least there is. */
  private fresh: boolean;
  private least: boolean;
  /** The rate of this hour is the least. */
  private low: boolean;
  private learnedTo: number;
  rate: number;
  /** The null rate: the baseline with its margin. */
  bound: number;
  /** End of the step in which rate and bound stand. */
  until: number;
  /** Variance/mean − 1 of a bin's count, with its margin and without. */
  excess: Excess;

  constructor(b: BaselineState, private readonly binMs: number) {
    this.outside = long(b.outside);
    ({ rate: this.leastRate, bound: this.leastBound } = leastOf(this.outside));
    this.counts = new HourCounts(b.hourOrders, b.hourTime, b.steps ?? 0);
    this.nearOrders = long(b.nearOrders);
    this.nearExpected = long(b.nearExpected);
    this.sum = long(b.sum);
    this.pairs = long(b.pairs);
    this.evenPairs = long(b.evenPairs);
    this.waiting = [...b.waiting];
    this.learnedTo = b.learnedTo;
    this.rate = Math.max(this.leastRate, long(b.rate));
    this.bound = Math.max(this.leastBound, long(b.bound));
    this.until = b.until;
    this.fresh = b.found?.fresh ?? true;
    this.least = b.found?.least ?? false;
    this.low = b.found?.low ?? false;
    this.excess = this.carefulExcess();
  }

  state(): BaselineState {
    return {
      outside: this.outside, ...this.counts.state(), nearOrders: this.nearOrders, nearExpected: this.nearExpected, sum: this.sum, pairs: this.pairs, evenPairs: this.evenPairs,
      waiting: this.waiting.slice(this.used), learnedTo: this.learnedTo, rate: this.rate, bound: this.bound, until: this.until, found: { fresh: this.fresh, least: this.least, low: this.low },
    };
  }

  /** Bins that held orders and are not learned from yet: at least those of the last quarter of an hour. */
  latest(): readonly (readonly [bin: number, orders: number])[] {
    return this.waiting.slice(this.used);
  }

  /** What came since then is not learned from yet: the beginning of a stream, while that is younger than the lag. */
  get unlearnedFrom(): number {
    return this.learnedTo;
  }

  /** A bin with orders; they are learned from once the lag has passed. */
  orders(bin: number, orders: number): void {
    this.waiting.push([bin, orders]);
  }

  /** At the end of a step: learns from what the lag has released and sets the rate of the next. `suspected`: since when a rise is suspected, Infinity without. */
  step(suspected: number): void {
    const at = this.until;
    const held = suspected < at - HOLD_MS || !this.isGrown() ? Infinity : Math.floor(suspected / STEP_MS) * STEP_MS;
    this.learn(Math.min(at - LAG_MS, held));
    if (this.used > 256) {
      this.waiting = this.waiting.slice(this.used);
      this.used = 0;
    }
    // At the least rate, with nothing new, counts have only waned: it stays the least.
    if (!this.least || this.fresh) this.setRate(at);
    this.until = this.endFrom(at);
  }

  /** End of the step that begins at `at`: at the least rate a step takes until the hour is over, for there is little to learn. */
  private endFrom(at: number): number {
    return this.low ? (Math.floor(at / HOUR_MS) + 1) * HOUR_MS : stepEnd(at);
  }

  /** Learns from what came before `to`. */
  learn(to: number): void {
    while (this.learnedTo < to) this.learnStep(Math.min(to, stepEnd(this.learnedTo)));
  }

  /** Seen for long enough to tell a rise from a day that begins; before, waiting would keep the very hours out that show how uneven the stream is. */
  private isGrown(): boolean {
    return this.counts.seen >= GROWN_MS;
  }

  /** The rate at any hour, as known now. */
  rateIn(hour: number): number {
    const shape = this.counts.rate(hour, 1 + this.plainExcess());
    return Math.max(FLOOR_RATE, this.outside, shape.rate * this.near(shape.variance).factor);
  }

  /** After an episode: its time is left out; where its level (orders per ms) lasted since `since`, that level is the new baseline. */
  relearn(end: number, lasting: { readonly level: number; readonly since: number } | undefined): void {
    this.waiting = [];
    this.used = 0;
    this.learnedTo = end;
    if (lasting !== undefined) {
      this.counts.raiseTo(lasting.level, lasting.since, end);
      // What was expected of late no longer says anything.
      this.nearOrders = 0;
      this.nearExpected = 0;
    }
    this.fresh = true;
    this.setRate(end);
    this.until = this.endFrom(end);
  }

  private plainExcess(): number {
    return excessOf(this.sum, this.pairs, this.evenPairs);
  }

  private carefulExcess(): Excess {
    const excess = this.plainExcess();
    // Clusters seen: a heavy tail shows late.
    const seen = 1 + this.sum / (1 + excess);
    const most = Math.min(MOST_EXCESS, Math.max(LEAST_EXCESS, (EXCESS_FACTOR + 3 / Math.sqrt(seen + 40)) * excess + EXCESS_MARGIN + 5 / (seen + 30)));
    return { most, plain: Math.max(LEAST_EXCESS, Math.min(MOST_EXCESS, excess)) };
  }

  /** What the last hours say beside the hours' rates, as a gamma prior around 1 and its Poisson counts do, thinned by the dispersion. */
  private near(variance: number): { readonly factor: number; readonly variance: number } {
    const weight = 1 / variance;
    const dispersion = 1 + this.plainExcess();
    const expected = weight + this.nearExpected / dispersion;
    return { factor: (weight + this.nearOrders / dispersion) / expected, variance: 1 / expected };
  }

  private setRate(at: number): void {
    const { fresh } = this;
    const hour = hourOf(at);
    if (fresh) this.excess = this.carefulExcess();
    this.fresh = false;
    // Counts wane: a busy stream may have come to rest.
    if (fresh || isWhole(at / (6 * HOUR_MS))) this.least = this.isLeast();
    this.low = this.least || this.mostIn(hour) <= this.leastBound;
    if (this.low && !this.least && isWhole(at / HOUR_MS)) this.least = this.isLeast();
    if (this.low) {
      this.rate = this.leastRate;
      this.bound = this.leastBound;
      return;
    }
    const shape = this.counts.rate(hour, 1 + this.plainExcess());
    const near = this.near(shape.variance);
    const rate = shape.rate * near.factor;
    this.rate = Math.max(this.leastRate, long(rate));
    this.bound = Math.max(this.leastBound, long(rate * marginOf(near.variance)));
  }

  /** True where no hour's rate, whatever its margin, exceeds the least rate. */
  private isLeast(): boolean {
    return this.counts.within(this.leastBound / marginOf(Infinity) / (1 + this.nearOrders));
  }

  /** A bound for the null rate in this hour that needs no estimate: in most hours of most streams it is below the least rate. */
  private mostIn(hour: number): number {
    const dispersion = 1 + this.plainExcess();
    const { rate, variance } = this.counts.mostIn(hour, dispersion);
    return rate * (1 + (this.nearOrders * variance) / dispersion) * marginOf(variance);
  }

  /** Learns from [learnedTo, to), which lies within one step. */
  private learnStep(to: number): void {
    const hour = hourOf(this.learnedTo);
    const time = to - this.learnedTo;
    let orders = 0;
    for (let due = this.waiting[this.used]; due !== undefined && due[0] < to; due = this.waiting[++this.used]) {
      orders += due[1];
      this.fresh = true;
      this.sum = long(this.sum * PAIRS_DECAY + due[1]);
      this.pairs = long(this.pairs * PAIRS_DECAY + due[1] * (due[1] - 1));
      this.evenPairs = long(this.evenPairs * PAIRS_DECAY);
    }
    if (orders > 1) {
      // Of n orders in b bins an even rate makes (n² − Dn)/b pairs expect: n² alone would hold the pairs of its own unevenness.
      this.evenPairs = long(this.evenPairs + (Math.max(0, orders * orders - (1 + this.plainExcess()) * orders) * this.binMs) / time);
    }
    let expected = orders;
    if (this.bound !== this.leastBound) {
      const shape = this.counts.rate(hour, 1 + this.plainExcess());
      // What lies between the least and the most that the hour makes expect is no news about the level, nor is silence in an hour that is not known yet.
      expected = Math.min(shape.rate * time, Math.max(shape.days < KNOWN_DAYS ? 0 : shape.least * time, orders));
    }
    this.nearExpected = long(this.nearExpected * NEAR_DECAY + expected);
    this.nearOrders = long(this.nearOrders * NEAR_DECAY + orders);
    this.counts.add(hour, time, orders);
    this.learnedTo = to;
  }

  /**
   * Steps without orders at the least rate, from the end of this one on, as many as there are up to `to`: answers the end of the
   * last. Undefined where steps must pass one by one.
   */
  idleUntil(from: number, to: number): number | undefined {
    const steps = Math.floor((to - from) / STEP_MS);
    if (steps < 2 || !isWhole(from / STEP_MS) || this.used < this.waiting.length || this.learnedTo !== from - LAG_MS) return undefined;
    return this.least && !this.fresh ? from + steps * STEP_MS : undefined;
  }

  /** What `step` does up to `to` where idleUntil has answered it. */
  idle(to: number): void {
    const learned = to - LAG_MS;
    if (this.nearOrders !== 0 || this.nearExpected !== 0) {
      const near = Math.pow(NEAR_DECAY, Math.round((learned - this.learnedTo) / STEP_MS));
      this.nearOrders = long(this.nearOrders * near);
      this.nearExpected = long(this.nearExpected * near);
    }
    this.counts.addEmpty(this.learnedTo, learned);
    this.learnedTo = learned;
    this.until = this.endFrom(to);
  }
}

/** Orders per millisecond at `at`, as the state knows it. */
export const baselineRate = (b: BaselineState, at: number): number => new LearningBaseline(b, 1).rateIn(hourOf(at));

/** Hours that a broadcast may take: it starts from the highest rate that they have outside. */
const BROADCAST_HOURS = 4;

/** A SKU outside broadcasts: orders per ms, and variance/mean − 1 of a bin's count. */
export interface Outside {
  readonly rate: number;
  readonly excess: number;
}

/** What a standing stream tells a broadcast of its SKU that begins at `at`. */
export function outsideOf(b: BaselineState, at: number): Outside {
  const baseline = new LearningBaseline(b, 1);
  let rate = 0;
  for (let h = 0; h < BROADCAST_HOURS; h++) rate = Math.max(rate, baseline.rateIn(hourOf(at + h * HOUR_MS)));
  return { rate, excess: excessOf(b.sum, b.pairs, b.evenPairs) };
}
