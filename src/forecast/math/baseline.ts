// What a stream sells when nothing special happens: a rate by time of day, lagged so that a spike does not feed it, with a
// margin for what is not known, and the dispersion of its counts with a margin. Times in milliseconds; rates in orders per ms.
//
// The rate is the largest of: the floor; the SKU's rate outside broadcasts (for a broadcast's stream); the slow rate of this
// part of the day and its neighbours (8 parts of 3 hours UTC, half-life a week); the fast rate (half-life 30 minutes). Taking
// the largest errs towards missing a weak spike rather than crying wolf when the shop opens.

/** A published prior: below one order an hour a rate moves no factory, and a first sale is no spike of infinite ratio. */
export const FLOOR_RATE = 1 / 3_600_000;
const PARTS = 8;
const PART_MS = 10_800_000;
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

/** n orders in exposure t, one standard error up: (n + 1 + √(n + 1)) / t would be infinite for t → 0, so t has a floor. */
const upper = (orders: number, time: number, floor: number): number => (orders + Math.sqrt(orders + 1)) / Math.max(time, floor);

/** Orders per millisecond at `at`. */
export function baselineRate(b: BaselineState, at: number): number {
  const part = partOf(at);
  const slow = [part, (part + 1) % PARTS, (part + PARTS - 1) % PARTS].map((i) => ((b.slowTime[i] as number) === 0 ? 0 : upper(b.slowOrders[i] as number, b.slowTime[i] as number, PART_MS)));
  const fast = b.fastTime === 0 ? 0 : upper(b.fastOrders, b.fastTime, FAST_HALF_LIFE_MS);
  return Math.max(FLOOR_RATE, b.outside, ...slow, fast);
}

/** Exposure without orders that every stream starts with: a first order says little about a week. */
const PRIOR_TIME_MS = 2 * 86_400_000;

/** The long-run rate over the whole day, shrunk towards none: orders per millisecond, and the orders it rests on. */
export function meanRate(b: BaselineState): { readonly rate: number; readonly orders: number } {
  const orders = b.slowOrders.reduce((s, v) => s + v, 0);
  const time = b.slowTime.reduce((s, v) => s + v, 0);
  return { rate: orders / (time + PRIOR_TIME_MS), orders };
}

/** Variance/mean − 1 of a bin's count, with a margin, within [0.3, 4]. */
export function dispersionExcess(b: BaselineState): number {
  const estimate = (b.pairs + EXCESS_PRIOR * EXCESS_WEIGHT) / (b.sum + EXCESS_WEIGHT);
  return Math.min(4, Math.max(0.3, 1.3 * estimate + 0.1));
}

/** Learns from everything up to `now − LAG`: orders that waited, and the time that passed. */
function learnTo(b: BaselineState, now: number): BaselineState {
  const target = now - LAG_MS;
  if (target <= b.learnedTo) return b;
  const slowOrders = [...b.slowOrders];
  const slowTime = [...b.slowTime];
  let { fastOrders, fastTime, sum, pairs } = b;
  let from = b.learnedTo;
  let used = 0;
  while (from < target) {
    const waiting = b.waiting[used];
    const stop = Math.min(target, (Math.floor(from / PART_MS) + 1) * PART_MS, waiting === undefined ? Infinity : Math.max(waiting[0], from + 1));
    const step = stop - from;
    const slowDecay = Math.pow(0.5, step / SLOW_HALF_LIFE_MS);
    const fastDecay = Math.pow(0.5, step / FAST_HALF_LIFE_MS);
    for (let i = 0; i < PARTS; i++) {
      slowOrders[i] = (slowOrders[i] as number) * slowDecay;
      slowTime[i] = (slowTime[i] as number) * slowDecay;
    }
    const part = partOf(from);
    slowTime[part] = (slowTime[part] as number) + step;
    fastOrders *= fastDecay;
    fastTime = fastTime * fastDecay + step;
    from = stop;
    for (let next = b.waiting[used]; next !== undefined && next[0] <= from && next[0] < target; next = b.waiting[++used]) {
      const p = partOf(next[0]);
      slowOrders[p] = (slowOrders[p] as number) + next[1];
      fastOrders += next[1];
      sum = sum * 0.999 + next[1];
      pairs = pairs * 0.999 + next[1] * (next[1] - 1);
    }
  }
  return { ...b, slowOrders, slowTime, fastOrders, fastTime, sum, pairs, waiting: b.waiting.slice(used), learnedTo: target };
}

export const learn = {
  /** The next time at which the rate may change while no order comes. */
  nextChange: (at: number): number => (Math.floor(at / PART_MS) + 1) * PART_MS,
  /** Time passed without orders, up to `now`. */
  empty: (b: BaselineState, now: number): BaselineState => learnTo(b, now),
  /** A bin with orders; they are learned from once the lag has passed. */
  orders: (b: BaselineState, bin: number, orders: number): BaselineState => {
    const learned = learnTo(b, bin);
    return { ...learned, waiting: [...learned.waiting, [bin, orders]] };
  },
};

/** After an episode: its time is left out; where its level lasted (orders per ms), that level is the new baseline. */
export function relearn(b: BaselineState, end: number, level: number | undefined): BaselineState {
  const skipped: BaselineState = { ...b, waiting: [], learnedTo: end };
  if (level === undefined) return skipped;
  const fastTime = 2 * FAST_HALF_LIFE_MS;
  const slowTime = b.slowTime.map((t) => Math.max(t, PART_MS));
  const part = partOf(end);
  const slowOrders = b.slowOrders.map((n, i) => (i === part ? level * (slowTime[i] as number) : n));
  return { ...skipped, fastOrders: level * fastTime, fastTime, slowOrders, slowTime };
}
