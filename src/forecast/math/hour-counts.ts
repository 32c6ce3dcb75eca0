// Orders and time × exposure by hour of the day, decayed with a half-life of a week: what the shape of a day is learned from, changed in
// place. All older counts decay by one common factor, so that a step costs as little as the one hour that it adds to. Counts are
// rounded when they are written (precision.ts): an hour of 900 s is added to at most some 36,000 s, so what is lost is little.
import { following, HOUR_MS, HOURS, hourOf, hourRate, preceding, STEP_MS, unknownError, type HourRate } from './daily-shape.js';
import { alikeUntil, type Exposure } from './exposure.js';
import { short } from './precision.js';

const HALF_LIFE_MS = 7 * 86_400_000;
const STEPS_PER_HOUR = HOUR_MS / STEP_MS;
const DECAY = Math.pow(0.5, STEP_MS / HALF_LIFE_MS);
/** By steps within an hour: the time that they add, decayed. */
const PASSED_TIME = Array.from({ length: STEPS_PER_HOUR + 1 }, (_, n) => Array.from({ length: n }, (__, i) => STEP_MS * DECAY ** i).reduce((s, t) => s + t, 0));
/** After so many steps (four weeks) the common factor is multiplied out, long before it could vanish. */
const MOST_DAYS = 28;
const STEPS_PER_DAY = HOURS * STEPS_PER_HOUR;
const DAY_MS = HOURS * HOUR_MS;
const MOST_STEPS = MOST_DAYS * STEPS_PER_DAY;
/** What is left after a number of steps. */
const LEFT = Float64Array.from({ length: 2 * MOST_STEPS + 1 }, (_, n) => DECAY ** n);
/** By days: what an hour gains on all of them, decayed up to the last one's end, beside what it gains on one. */
const PASSED_DAYS = Array.from({ length: MOST_DAYS + 1 }, (_, days) => (1 - Math.pow(LEFT[STEPS_PER_DAY] as number, days)) / (1 - (LEFT[STEPS_PER_DAY] as number)));
/** Days on which an hour must have been seen for its silence to say anything. */
export const KNOWN_DAYS = 1.5;
/** A level so many times the known one tells of other hours, not of a whole stream that rose. */
const MOST_RAISED = 20;

export class HourCounts {
  private readonly orders: Float64Array;
  private readonly time: Float64Array;
  /** Sums over the hours, not scaled. */
  private allOrders = 0;
  private allTime = 0;
  /** The hour that last was too busy for the least rate: most often it still is. */
  private busy = 0;

  /** @param steps that have passed since the counts were decayed: they are to be multiplied with what is left after them */
  constructor(orders: readonly number[], time: readonly number[], private steps: number) {
    this.orders = Float64Array.from(orders, short);
    this.time = Float64Array.from(time, short);
    this.sumUp();
  }

  state(): { readonly hourOrders: number[]; readonly hourTime: number[]; readonly steps: number } {
    return { hourOrders: Array.from(this.orders), hourTime: Array.from(this.time), steps: this.steps };
  }

  private get scale(): number {
    return LEFT[this.steps] as number;
  }

  /** Time × exposure seen in all hours, ms. */
  get seen(): number {
    return this.allTime * this.scale;
  }

  rate(hour: number, dispersion: number): HourRate {
    return hourRate(this.orders, this.time, this.scale, hour, dispersion);
  }

  /** A step passes: `time` ms × exposure of this hour with so many orders. */
  add(hour: number, time: number, orders: number): void {
    this.pass(1);
    const { scale } = this;
    this.allTime += this.set(this.time, hour, (this.time[hour] as number) + time / scale);
    if (orders > 0) this.allOrders += this.set(this.orders, hour, (this.orders[hour] as number) + orders / scale);
  }

  private pass(steps: number): void {
    this.steps += steps;
    if (this.steps > MOST_STEPS) this.multiplyOut();
  }

  /** Answers by how much the count has grown. */
  private set(counts: Float64Array, hour: number, value: number): number {
    const before = counts[hour] as number;
    const after = short(value);
    counts[hour] = after;
    return after - before;
  }

  /** As many whole steps without orders from `from`, the beginning of a step, to `to`. */
  addEmpty(from: number, to: number, exposure: Exposure): void {
    for (let at = from; at < to; ) {
      const end = alikeUntil(exposure, at, to);
      if (end - at !== DAY_MS || at % DAY_MS !== 0) {
        this.addEvenly(at, end, exposure.at(at));
        at = end;
        continue;
      }
      // Whole UTC days, of one exposure each, at once.
      let [days, gained] = [0, 0];
      for (; days < MOST_DAYS && at + DAY_MS <= to && alikeUntil(exposure, at, at + DAY_MS) === at + DAY_MS; days++, at += DAY_MS) gained = gained * (LEFT[STEPS_PER_DAY] as number) + exposure.at(at);
      this.addEmptyDays(0, days, gained);
    }
  }

  private addEvenly(from: number, to: number, exposure: number): void {
    // Numbers of steps since 1970: the remainder of a time in ms is a slow division.
    let at = Math.round(from / STEP_MS);
    const end = Math.round(to / STEP_MS);
    while (at < end) {
      const within = at % STEPS_PER_HOUR;
      const hour = ((at - within) / STEPS_PER_HOUR) % HOURS;
      const days = within === 0 && end - at >= STEPS_PER_DAY ? Math.min(MOST_DAYS, Math.floor((end - at) / STEPS_PER_DAY)) : 0;
      if (days > 0) {
        this.addEmptyDays(hour, days, exposure * (PASSED_DAYS[days] as number));
        at += days * STEPS_PER_DAY;
      } else {
        const passed = Math.min(end - at, STEPS_PER_HOUR - within);
        this.pass(passed);
        this.allTime += this.set(this.time, hour, (this.time[hour] as number) + (exposure * (PASSED_TIME[passed] as number)) / this.scale);
        at += passed;
      }
    }
  }

  /**
   * The level (orders per ms at exposure 1) of the hours from `since` to `end`. Where they were known, every other hour rises in proportion, as the
   * whole stream has; where they were not, they are learned as they are.
   */
  raiseTo(level: number, since: number, end: number): void {
    this.multiplyOut();
    const hours = new Set<number>();
    for (let at = since; at < end; at += HOUR_MS) hours.add(hourOf(at));
    let orders = 0;
    let time = 0;
    let known = true;
    for (const hour of hours) {
      orders += this.orders[hour] as number;
      time += this.time[hour] as number;
      known &&= (this.time[hour] as number) >= KNOWN_DAYS * HOUR_MS;
    }
    const factor = (level * time) / orders;
    if (known && factor < MOST_RAISED) for (let i = 0; i < HOURS; i++) this.set(this.orders, i, (this.orders[i] as number) * factor);
    else {
      for (const hour of hours) {
        const seen = Math.max(HOUR_MS, this.time[hour] as number);
        this.set(this.time, hour, seen);
        this.set(this.orders, hour, Math.max(this.orders[hour] as number, level * seen));
      }
    }
    this.sumUp();
  }

  /** True where neither the day's mean rate nor that of any three hours exceeds `bound`, and none will while no order comes: counts only wane. */
  within(bound: number): boolean {
    if (this.allOrders * this.scale + 1 > bound * (this.allTime * this.scale + HOUR_MS)) return false;
    if (this.isBusy(this.busy, bound)) return false;
    for (let hour = 0; hour < HOURS; hour++) {
      if (!this.isBusy(hour, bound)) continue;
      this.busy = hour;
      return false;
    }
    return true;
  }

  /** No less than the rate in this hour; Infinity where it was seen for less than a day. With the variance that a margin for it takes. */
  mostIn(hour: number, dispersion: number): { readonly rate: number; readonly variance: number } {
    const known = (this.time[hour] as number) * this.scale;
    if (known < HOUR_MS) return { rate: Infinity, variance: 1 };
    let rate = (this.allOrders * this.scale + 1) / (this.allTime * this.scale + HOUR_MS);
    for (const i of [preceding(hour), hour, following(hour)]) rate = Math.max(rate, this.around(this.orders, i) / this.around(this.time, i));
    return { rate, variance: dispersion / (this.allOrders * this.scale + 1) + unknownError(known / HOUR_MS) };
  }

  private isBusy(hour: number, bound: number): boolean {
    return this.around(this.orders, hour) > bound * this.around(this.time, hour);
  }

  private around(counts: Float64Array, hour: number): number {
    return (counts[preceding(hour)] as number) + 2 * (counts[hour] as number) + (counts[following(hour)] as number);
  }

  /** Whole days from a full hour on. @param gained the exposures of the days, decayed up to the last one's end */
  private addEmptyDays(first: number, days: number, gained: number): void {
    this.steps += days * STEPS_PER_DAY;
    const passed = ((PASSED_TIME[STEPS_PER_HOUR] as number) * gained) / this.scale;
    const { time } = this;
    for (let k = 0, hour = first; k < HOURS; k++, hour = following(hour)) time[hour] = short((time[hour] as number) + passed * (LEFT[(HOURS - 1 - k) * STEPS_PER_HOUR] as number));
    if (this.steps > MOST_STEPS) this.multiplyOut();
    else this.sumUp();
  }

  private multiplyOut(): void {
    const { scale } = this;
    for (let i = 0; i < HOURS; i++) {
      this.set(this.orders, i, (this.orders[i] as number) * scale);
      this.set(this.time, i, (this.time[i] as number) * scale);
    }
    this.steps = 0;
    this.sumUp();
  }

  private sumUp(): void {
    this.allOrders = 0;
    this.allTime = 0;
    for (let i = 0; i < HOURS; i++) {
      this.allOrders += this.orders[i] as number;
      this.allTime += this.time[i] as number;
    }
  }
}
