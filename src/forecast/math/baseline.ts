// What a stream sells when nothing special happens: a rate by time of day, lagged so that a spike does not feed it, with a
// margin for what is not known, and the dispersion of its counts with a margin. Times in milliseconds; rates in orders per ms.
//
// The rate is the largest of: the floor; the SKU's rate outside broadcasts (for a broadcast's stream); the slow rate of this
// part of the day and its neighbours (8 parts of 3 hours UTC, half-life a week); the fast rate (half-life 30 minutes). Taking
// the largest errs towards missing a weak spike rather than crying wolf when the shop opens.

/** A published prior: below one order an hour a rate moves no factory, and a first sale is no spike of infinite ratio. */
export const FLOOR_RATE = 1 / 3_600_000;
const PARTS = 8;
export const PART_MS = 10_800_000;
const LAG_MS = 15 * 60_000;
const SLOW_HALF_LIFE_MS = 7 * 86_400_000;
const FAST_HALF_LIFE_MS = 30 * 60_000;
/** Prior of the dispersion: variance/mean − 1 = 0.6 with the weight of 20 orders. */
const EXCESS_PRIOR = 0.6;
const EXCESS_WEIGHT = 20;

export interface BaselineState {
  readonly outside: number;
  /** Decayed orders and exposure (ms) by part of the day, as of `learnedTo`. */
  readonly slowOrders: readonly number[];
  readonly slowTime: readonly number[];
  readonly fastOrders: number;
  readonly fastTime: number;
  /** Σ x and Σ x(x − 1) over bins: the dispersion. */
  readonly sum: number;
  readonly pairs: number;
  /** Bins not yet learned from, because the lag has not passed. */
  readonly waiting: readonly (readonly [bin: number, orders: number])[];
  readonly learnedTo: number;
}

export const emptyBaseline = (at: number, outsideRate: number | undefined): BaselineState => ({
  outside: outsideRate ?? 0, slowOrders: new Array<number>(PARTS).fill(0), slowTime: new Array<number>(PARTS).fill(0), fastOrders: 0, fastTime: 0, sum: 0, pairs: 0, waiting: [], learnedTo: at,
});

const partOf = (at: number): number => Math.floor(at / PART_MS) % PARTS;

/** n orders in exposure t, one standard error up: (n + √(n + 1)) / t would be infinite for t → 0, so t has a floor. */
const upper = (orders: number, time: number, floor: number): number => (orders + Math.sqrt(orders + 1)) / Math.max(time, floor);

/** A rate by part of the day, `scale` times what is noted. */
interface Rates {
  readonly outside: number;
  readonly scale: number;
  readonly slowOrders: readonly number[];
  readonly slowTime: readonly number[];
  readonly fastOrders: number;
  readonly fastTime: number;
}

function rateAt(b: Rates, at: number): number {
  const part = partOf(at);
  let rate = Math.max(FLOOR_RATE, b.outside);
  for (let step = -1; step <= 1; step++) {
    const i = (part + step + PARTS) % PARTS;
    const time = (b.slowTime[i] as number) * b.scale;
    if (time !== 0) rate = Math.max(rate, upper((b.slowOrders[i] as number) * b.scale, time, PART_MS));
  }
  return b.fastTime === 0 ? rate : Math.max(rate, upper(b.fastOrders, b.fastTime, FAST_HALF_LIFE_MS));
}

/** Orders per millisecond at `at`. */
export const baselineRate = (b: BaselineState, at: number): number => rateAt({ ...b, scale: 1 }, at);

/** Exposure without orders that every stream starts with: a first order says little about a week. */
const PRIOR_TIME_MS = 2 * 86_400_000;

/** The long-run rate over the whole day, shrunk towards none: orders per millisecond, and the orders it rests on. */
export function meanRate(b: BaselineState): { readonly rate: number; readonly orders: number } {
  const orders = b.slowOrders.reduce((s, v) => s + v, 0);
  const time = b.slowTime.reduce((s, v) => s + v, 0);
  return { rate: orders / (time + PRIOR_TIME_MS), orders };
}

/** Variance/mean − 1 of a bin's count, with a margin, within [0.3, 4]. */
const excessOf = (sum: number, pairs: number): number => Math.min(4, Math.max(0.3, 1.3 * ((pairs + EXCESS_PRIOR * EXCESS_WEIGHT) / (sum + EXCESS_WEIGHT)) + 0.1));

/** Below this the common factor of the slow counts is multiplied out, long before it could vanish. */
const LEAST_SCALE = 1e-100;

/** 0.5 to the power step / half-life, with the two steps that a quiet stream is made of at hand. */
function decayOver(halfLife: number): (step: number) => number {
  const power = (step: number): number => Math.pow(0.5, step / halfLife);
  const [lag, rest] = [power(LAG_MS), power(PART_MS - LAG_MS)];
  return (step) => (step === LAG_MS ? lag : step === PART_MS - LAG_MS ? rest : power(step));
}

const slowDecay = decayOver(SLOW_HALF_LIFE_MS);
const fastDecay = decayOver(FAST_HALF_LIFE_MS);

/**
 * A baseline at work: the same numbers changed in place, all slow counts decayed by one common factor, so that an empty part of
 * a day costs a handful of operations.
 */
export class LearningBaseline implements Rates {
  scale = 1;
  slowOrders: number[];
  slowTime: number[];
  fastOrders: number;
  fastTime: number;
  readonly outside: number;
  private sum: number;
  private pairs: number;
  private waiting: (readonly [bin: number, orders: number])[];
  private used = 0;
  private learnedTo: number;

  constructor(b: BaselineState) {
    this.outside = b.outside;
    this.slowOrders = [...b.slowOrders];
    this.slowTime = [...b.slowTime];
    this.fastOrders = b.fastOrders;
    this.fastTime = b.fastTime;
    this.sum = b.sum;
    this.pairs = b.pairs;
    this.waiting = [...b.waiting];
    this.learnedTo = b.learnedTo;
  }

  state(): BaselineState {
    return {
      outside: this.outside, slowOrders: this.slowOrders.map((n) => n * this.scale), slowTime: this.slowTime.map((t) => t * this.scale), fastOrders: this.fastOrders, fastTime: this.fastTime,
      sum: this.sum, pairs: this.pairs, waiting: this.waiting.slice(this.used), learnedTo: this.learnedTo,
    };
  }

  rate(at: number): number {
    return rateAt(this, at);
  }

  excess(): number {
    return excessOf(this.sum, this.pairs);
  }

  /** Bins of the last quarter of an hour that held orders: those that the lag keeps waiting. */
  latest(): readonly (readonly [bin: number, orders: number])[] {
    return this.waiting.slice(this.used);
  }

  /** Learns from everything up to `now − LAG`: orders that waited, and the time that passed. */
  empty(now: number): void {
    const target = now - LAG_MS;
    if (target <= this.learnedTo) return;
    let from = this.learnedTo;
    while (from < target) {
      const next = this.waiting[this.used];
      const stop = Math.min(target, (Math.floor(from / PART_MS) + 1) * PART_MS, next === undefined ? Infinity : Math.max(next[0], from + 1));
      this.pass(from, stop - from);
      from = stop;
      for (let due = this.waiting[this.used]; due !== undefined && due[0] <= from && due[0] < target; due = this.waiting[++this.used]) this.learn(due[0], due[1]);
    }
    this.learnedTo = target;
    if (this.used > 256) {
      this.waiting = this.waiting.slice(this.used);
      this.used = 0;
    }
  }

  /** A bin with orders; they are learned from once the lag has passed. */
  orders(bin: number, orders: number): void {
    this.empty(bin);
    this.waiting.push([bin, orders]);
  }

  /** After an episode: its time is left out; where its level lasted (orders per ms), that level is the new baseline. */
  relearn(end: number, level: number | undefined): void {
    this.waiting = [];
    this.used = 0;
    this.learnedTo = end;
    if (level === undefined) return;
    this.multiplyOut();
    this.fastTime = 2 * FAST_HALF_LIFE_MS;
    this.fastOrders = level * this.fastTime;
    this.slowTime = this.slowTime.map((t) => Math.max(t, PART_MS));
    const part = partOf(end);
    this.slowOrders[part] = level * (this.slowTime[part] as number);
  }

  /**
   * True where the rate is the least there is and stays so however long no order comes: no order waits, and every count is so
   * small that its rate cannot rise above it while its exposure wanes from day to day (by at most 0.906 before the part of the
   * day adds to it again).
   */
  staysLeast(at: number): boolean {
    if (this.used < this.waiting.length || this.learnedTo !== at - LAG_MS) return false;
    const least = Math.max(FLOOR_RATE, this.outside);
    if (this.rate(at) > least || this.fastOrders + Math.sqrt(this.fastOrders + 1) > least * (PART_MS - LAG_MS)) return false;
    for (let i = 0; i < PARTS; i++) {
      const orders = (this.slowOrders[i] as number) * this.scale;
      const time = Math.max(PART_MS, 0.9 * Math.min((this.slowTime[i] as number) * this.scale, 10 * PART_MS));
      if (orders + Math.sqrt(orders + 1) > least * time) return false;
    }
    return true;
  }

  /** What `empty` does over whole parts of the day from the boundary `from` on, one after the other, where nothing waits. */
  emptyParts(from: number, parts: number): void {
    const [lagDecay, restDecay] = [slowDecay(LAG_MS), slowDecay(PART_MS - LAG_MS)];
    let part = partOf(from);
    for (let n = 0; n < parts; n++) {
      const before = (part + PARTS - 1) % PARTS;
      this.scale *= lagDecay;
      this.slowTime[before] = (this.slowTime[before] as number) + LAG_MS / this.scale;
      this.scale *= restDecay;
      this.slowTime[part] = (this.slowTime[part] as number) + (PART_MS - LAG_MS) / this.scale;
      part = (part + 1) % PARTS;
      if (this.scale < LEAST_SCALE) this.multiplyOut();
    }
    const decay = Math.pow(0.5, PART_MS / FAST_HALF_LIFE_MS);
    const added = LAG_MS * fastDecay(PART_MS - LAG_MS) + PART_MS - LAG_MS;
    const all = Math.pow(decay, parts);
    this.fastTime = this.fastTime * all + (added * (1 - all)) / (1 - decay);
    this.fastOrders *= all;
    this.learnedTo = from + parts * PART_MS - LAG_MS;
  }

  private pass(from: number, step: number): void {
    this.scale *= slowDecay(step);
    if (this.scale < LEAST_SCALE) this.multiplyOut();
    const part = partOf(from);
    this.slowTime[part] = (this.slowTime[part] as number) + step / this.scale;
    const decay = fastDecay(step);
    this.fastOrders *= decay;
    this.fastTime = this.fastTime * decay + step;
  }

  private learn(bin: number, orders: number): void {
    const part = partOf(bin);
    this.slowOrders[part] = (this.slowOrders[part] as number) + orders / this.scale;
    this.fastOrders += orders;
    this.sum = this.sum * 0.999 + orders;
    this.pairs = this.pairs * 0.999 + orders * (orders - 1);
  }

  private multiplyOut(): void {
    this.slowOrders = this.slowOrders.map((n) => n * this.scale);
    this.slowTime = this.slowTime.map((t) => t * this.scale);
    this.scale = 1;
  }
}

/** The next time at which the rate may change while no order comes. */
export const nextChange = (at: number): number => (Math.floor(at / PART_MS) + 1) * PART_MS;
