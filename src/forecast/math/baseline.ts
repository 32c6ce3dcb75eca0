// What a stream sells when nothing special happens: a rate by hour of the day, raised or lowered by what the last hours sold beside
// what was expected of them, and the dispersion of its counts. Both lag behind, so that a spike does not feed them, and both carry
// a margin. Times in milliseconds; rates in orders per ms. What is learned is learned at exposure 1 and expected times the exposure
// of its time (exposure.ts).
//
// Numbers are kept as they are stored (precision.ts). Everything moves in steps of a quarter of an hour, on the clock: within a step the rate stands, so that a stream gives the same
// answers however often it is looked at.
import { HOUR_MS, HOURS, hourOf, STEP_MS } from './daily-shape.js';
import { Dispersion, type Pairs } from './dispersion.js';
import { Exposed, mostExposed, type Exposure } from './exposure.js';
import { HourCounts, KNOWN_DAYS } from './hour-counts.js';
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

export interface BaselineState extends Pairs {
  readonly outside: number;
  /** Orders and time × exposure (ms) by hour of the day, decayed but for the last `steps` steps up to `learnedTo`. */
  readonly hourOrders: readonly number[];
  readonly hourTime: readonly number[];
  /** Absent in states of earlier versions: none. */
  readonly steps?: number;
  /** Orders of late, and what the hours' rates made expect; half-life 45 minutes. */
  readonly nearOrders: number;
  readonly nearExpected: number;
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

export interface Least {
  readonly rate: number;
  readonly bound: number;
}

/** The least rate of a stream, and of the null hypothesis, at an exposure: the floor is one whatever the exposure. */
export function leastOf(outside: number, exposure = 1): Least {
  const rate = long(Math.max(FLOOR_RATE, outside * exposure));
  return { rate, bound: boundOf(rate) };
}

/** @param exposure of the step that holds `at` */
export function emptyBaseline(at: number, outsideRate: number | undefined, outsideExcess: number | undefined, exposure = 1): BaselineState {
  const outside = long(outsideRate ?? 0);
  return {
    outside, hourOrders: new Array<number>(HOURS).fill(0), hourTime: new Array<number>(HOURS).fill(0), steps: 0, nearOrders: 0, nearExpected: 0, sum: outsideExcess === undefined ? 0 : OUTSIDE_WEIGHT,
    pairs: long((outsideExcess ?? 0) * OUTSIDE_WEIGHT), evenPairs: 0, waiting: [], learnedTo: at, ...leastOf(outside, exposure), until: stepEnd(at), found: { fresh: true, least: false, low: false },
  };
}

/** A baseline at work: the same numbers changed in place. */
export class LearningBaseline {
  private readonly counts: HourCounts;
  private nearOrders: number;
  private nearExpected: number;
  private readonly outside: number;
  private readonly dispersion: Dispersion;
  private waiting: (readonly [bin: number, orders: number])[];
  private used = 0;
  /** Orders were learned since the rate was set; and whether it is the least there is. */
  private fresh: boolean;
  private least: boolean;
  /** The rate of this hour is the least. */
  private low: boolean;
  private learnedTo: number;
  /** What time is exposed to, where it passes and where it is learned from. */
  private readonly now: Exposed;
  private readonly then: Exposed;
  /** Of the step in which rate and bound stand, and the least rates at it. */
  private exposed: number;
  private floor: Least;
  rate: number;
  /** The null rate: the baseline with its margin. */
  bound: number;
  /** End of the step in which rate and bound stand. */
  until: number;
  /** Variance/mean − 1 of a bin's count, with its margin and without. */
  excess: Excess;

  constructor(b: BaselineState, private readonly binMs: number, private readonly exposure: Exposure) {
    this.outside = long(b.outside);
    this.now = new Exposed(exposure);
    this.then = new Exposed(exposure);
    this.exposed = this.now.at(b.until - 1);
    this.floor = leastOf(this.outside, this.exposed);
    this.counts = new HourCounts(b.hourOrders, b.hourTime, b.steps ?? 0);
    this.nearOrders = long(b.nearOrders);
    this.nearExpected = long(b.nearExpected);
    this.dispersion = new Dispersion(b);
    this.waiting = [...b.waiting];
    this.learnedTo = b.learnedTo;
    this.rate = Math.max(this.floor.rate, long(b.rate));
    this.bound = Math.max(this.floor.bound, long(b.bound));
    this.until = b.until;
    this.fresh = b.found?.fresh ?? true;
    this.least = b.found?.least ?? false;
    this.low = b.found?.low ?? false;
    this.excess = this.dispersion.careful();
  }

  state(): BaselineState {
    const { hourOrders, hourTime, steps } = this.counts.state();
    const { sum, pairs, evenPairs } = this.dispersion;
    return {
      outside: this.outside, hourOrders, hourTime, steps, nearOrders: this.nearOrders, nearExpected: this.nearExpected, sum, pairs, evenPairs,
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
    // At the least rate, with nothing new, counts have only waned: it stays the least while the exposure stays.
    if (!this.least || this.fresh || this.now.at(at) !== this.exposed) this.setRate(at);
    this.until = this.endFrom(at);
  }

  /** End of the step that begins at `at`: at the least rate a step takes until the hour is over, for there is little to learn, unless the exposure changes. */
  private endFrom(at: number): number {
    return this.low ? Math.min((Math.floor(at / HOUR_MS) + 1) * HOUR_MS, this.now.until(at)) : stepEnd(at);
  }

  /** Learns from what came before `to`. */
  learn(to: number): void {
    while (this.learnedTo < to) this.learnStep(Math.min(to, stepEnd(this.learnedTo)));
  }

  /** Seen for long enough to tell a rise from a day that begins; before, waiting would keep the very hours out that show how uneven the stream is. */
  private isGrown(): boolean {
    return this.counts.seen >= GROWN_MS;
  }

  /** The rate at any time, as known now. */
  rateAt(at: number): number {
    const shape = this.counts.rate(hourOf(at), 1 + this.dispersion.excess);
    return Math.max(FLOOR_RATE, Math.max(this.outside, shape.rate * this.near(shape.variance).factor) * this.exposure.at(at));
  }

  /** After an episode: its time is left out; where its level (orders per ms at exposure 1) lasted since `since`, that level is the new baseline. */
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

  /** What the last hours say beside the hours' rates, as a gamma prior around 1 and its Poisson counts do, thinned by the dispersion. */
  private near(variance: number): { readonly factor: number; readonly variance: number } {
    const weight = 1 / variance;
    const dispersion = 1 + this.dispersion.excess;
    const expected = weight + this.nearExpected / dispersion;
    return { factor: (weight + this.nearOrders / dispersion) / expected, variance: 1 / expected };
  }

  private setRate(at: number): void {
    const { fresh } = this;
    const hour = hourOf(at);
    const changed = this.expose(at);
    if (fresh) this.excess = this.dispersion.careful();
    this.fresh = false;
    // Counts wane: a busy stream may have come to rest.
    if (fresh || changed || isWhole(at / (6 * HOUR_MS))) this.least = this.isLeast(this.exposed);
    this.low = this.least || this.mostIn(hour) * this.exposed <= this.floor.bound;
    if (this.low && !this.least && isWhole(at / HOUR_MS)) this.least = this.isLeast(this.exposed);
    if (this.low) {
      this.rate = this.floor.rate;
      this.bound = this.floor.bound;
      return;
    }
    const shape = this.counts.rate(hour, 1 + this.dispersion.excess);
    const near = this.near(shape.variance);
    const rate = shape.rate * near.factor * this.exposed;
    this.rate = Math.max(this.floor.rate, long(rate));
    this.bound = Math.max(this.floor.bound, long(rate * marginOf(near.variance)));
  }

  /** Takes the exposure of the step that begins at `at`; true where it is another one. */
  private expose(at: number): boolean {
    const exposed = this.now.at(at);
    if (exposed === this.exposed) return false;
    this.exposed = exposed;
    this.floor = leastOf(this.outside, exposed);
    return true;
  }

  /** True where no hour's rate, whatever its margin, exceeds the least rate at this exposure; nor then at a lower one, at which the floor is the same. */
  private isLeast(exposed: number): boolean {
    return this.counts.within(leastOf(this.outside, exposed).bound / exposed / marginOf(Infinity) / (1 + this.nearOrders));
  }

  /** A bound for the null rate at exposure 1 in this hour that needs no estimate: in most hours of most streams it is below the least rate. */
  private mostIn(hour: number): number {
    const dispersion = 1 + this.dispersion.excess;
    const { rate, variance } = this.counts.mostIn(hour, dispersion);
    return rate * (1 + (this.nearOrders * variance) / dispersion) * marginOf(variance);
  }

  /** Learns from [learnedTo, to), which lies within one step. */
  private learnStep(to: number): void {
    const hour = hourOf(this.learnedTo);
    const time = to - this.learnedTo;
    const exposed = time * this.then.at(this.learnedTo);
    let orders = 0;
    for (let due = this.waiting[this.used]; due !== undefined && due[0] < to; due = this.waiting[++this.used]) {
      orders += due[1];
      this.fresh = true;
      this.dispersion.bin(due[1]);
    }
    this.dispersion.step(orders, this.binMs, time);
    let expected = orders;
    if (this.bound !== this.floor.bound) {
      const shape = this.counts.rate(hour, 1 + this.dispersion.excess);
      // What lies between the least and the most that the hour makes expect is no news about the level, nor is silence in an hour that is not known yet.
      expected = Math.min(shape.rate * exposed, Math.max(shape.days < KNOWN_DAYS ? 0 : shape.least * exposed, orders));
    }
    this.nearExpected = long(this.nearExpected * NEAR_DECAY + expected);
    this.nearOrders = long(this.nearOrders * NEAR_DECAY + orders);
    this.counts.add(hour, exposed, orders);
    this.learnedTo = to;
  }

  /**
   * Steps without orders at the least rate, from the end of this one on, as many as there are up to `to`: answers the end of the
   * last. Undefined where steps must pass one by one.
   */
  idleUntil(from: number, to: number): number | undefined {
    const steps = Math.floor((to - from) / STEP_MS);
    if (steps < 2 || !isWhole(from / STEP_MS) || this.used < this.waiting.length || this.learnedTo !== from - LAG_MS) return undefined;
    if (!this.least || this.fresh) return undefined;
    const end = from + steps * STEP_MS;
    const change = this.now.until(from);
    if (change > end) return end;
    // The exposure changes meanwhile: the floor must be one and the same, and no hour's rate exceed it at the highest.
    const most = mostExposed(this.exposure, from, end + 1);
    if (this.outside * most <= FLOOR_RATE && (most <= this.exposed || this.isLeast(most))) return end;
    return change - STEP_MS >= from + 2 * STEP_MS ? change - STEP_MS : undefined;
  }

  /** What `step` does up to `to` where idleUntil has answered it. */
  idle(to: number): void {
    const learned = to - LAG_MS;
    if (this.nearOrders !== 0 || this.nearExpected !== 0) {
      const near = Math.pow(NEAR_DECAY, Math.round((learned - this.learnedTo) / STEP_MS));
      this.nearOrders = long(this.nearOrders * near);
      this.nearExpected = long(this.nearExpected * near);
    }
    this.counts.addEmpty(this.learnedTo, learned, this.exposure);
    this.learnedTo = learned;
    this.expose(to);
    this.until = this.endFrom(to);
  }
}

/** Hours that a broadcast may take: it starts from the highest rate that they have outside. */
const BROADCAST_HOURS = 4;

/** A SKU outside broadcasts: orders per ms, and variance/mean − 1 of a bin's count. */
export interface Outside {
  readonly rate: number;
  readonly excess: number;
}

/** What a standing stream, exposed like this, tells a broadcast of its SKU that begins at `at`. */
export function outsideOf(b: BaselineState, at: number, exposure: Exposure): Outside {
  const baseline = new LearningBaseline(b, 1, exposure);
  let rate = 0;
  for (let h = 0; h < BROADCAST_HOURS; h++) rate = Math.max(rate, baseline.rateAt(at + h * HOUR_MS));
  return { rate, excess: new Dispersion(b).excess };
}
