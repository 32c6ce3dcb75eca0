// Orders and exposure by hour of the day, decayed with a half-life of a week: what the shape of a day is learned from, changed in
// place. All older counts decay by one common factor, so that a step costs as little as the one hour that it adds to.
import { HOUR_MS, HOURS, hourOf, hourRate, unknownError, type HourRate } from './daily-shape.js';

/** Length of a step of learning. */
export const STEP_MS = 15 * 60_000;
const HALF_LIFE_MS = 7 * 86_400_000;
const STEPS_PER_HOUR = HOUR_MS / STEP_MS;
const DECAY = Math.pow(0.5, STEP_MS / HALF_LIFE_MS);
/** By steps within an hour: what is left of older counts, and the time that they add, decayed. */
const PASSED_DECAY = Array.from({ length: STEPS_PER_HOUR + 1 }, (_, n) => DECAY ** n);
const PASSED_TIME = Array.from({ length: STEPS_PER_HOUR + 1 }, (_, n) => PASSED_DECAY.slice(0, n).reduce((s, decay) => s + STEP_MS * decay, 0));
/** Below this the common factor is multiplied out, long before it could vanish. */
const LEAST_SCALE = 1e-100;
/** Days on which an hour must have been seen for its silence to say anything. */
export const KNOWN_DAYS = 1.5;
/** A level so many times the known one tells of other hours, not of a whole stream that rose. */
const MOST_RAISED = 20;

const following = (hour: number): number => (hour === HOURS - 1 ? 0 : hour + 1);
const preceding = (hour: number): number => (hour === 0 ? HOURS - 1 : hour - 1);

export class HourCounts {
  private readonly orders: Float64Array;
  private readonly time: Float64Array;
  private scale = 1;
  /** Sums over the hours, not scaled. */
  private allOrders = 0;
  private allTime = 0;
  /** The hour that last was too busy for the least rate: most often it still is. */
  private busy = 0;

  constructor(orders: readonly number[], time: readonly number[]) {
    this.orders = Float64Array.from(orders);
    this.time = Float64Array.from(time);
    this.sumUp();
  }

  hourOrders(): number[] {
    return Array.from(this.orders, (n) => n * this.scale);
  }

  hourTime(): number[] {
    return Array.from(this.time, (t) => t * this.scale);
  }

  /** Time seen in all hours, ms. */
  get seen(): number {
    return this.allTime * this.scale;
  }

  rate(hour: number, dispersion: number): HourRate {
    return hourRate(this.orders, this.time, this.scale, hour, dispersion);
  }

  /** A step passes: `time` ms of this hour with so many orders. */
  add(hour: number, time: number, orders: number): void {
    this.scale *= DECAY;
    if (this.scale < LEAST_SCALE) this.multiplyOut();
    const [moreTime, moreOrders] = [time / this.scale, orders / this.scale];
    this.time[hour] = (this.time[hour] as number) + moreTime;
    this.allTime += moreTime;
    if (orders === 0) return;
    this.orders[hour] = (this.orders[hour] as number) + moreOrders;
    this.allOrders += moreOrders;
  }

  /** As many whole steps without orders from `from`, the beginning of a step, to `to`. */
  addEmpty(from: number, to: number): void {
    let at = from;
    let steps = Math.round((to - from) / STEP_MS);
    while (steps > 0) {
      const within = Math.floor((at % HOUR_MS) / STEP_MS);
      const days = within === 0 ? Math.floor(steps / (HOURS * STEPS_PER_HOUR)) : 0;
      if (days > 0) this.addEmptyDays(hourOf(at), days);
      const passed = days > 0 ? days * HOURS * STEPS_PER_HOUR : Math.min(steps, STEPS_PER_HOUR - within);
      if (days === 0) {
        const hour = hourOf(at);
        this.scale *= PASSED_DECAY[passed] as number;
        const time = (PASSED_TIME[passed] as number) / this.scale;
        this.time[hour] = (this.time[hour] as number) + time;
        this.allTime += time;
      }
      steps -= passed;
      at += passed * STEP_MS;
      if (this.scale < LEAST_SCALE) this.multiplyOut();
    }
  }

  /**
   * The level (orders per ms) of the hours from `since` to `end`. Where they were known, every other hour rises in proportion, as the
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
    if (known && factor < MOST_RAISED) for (let i = 0; i < HOURS; i++) this.orders[i] = (this.orders[i] as number) * factor;
    else {
      for (const hour of hours) {
        const seen = Math.max(HOUR_MS, this.time[hour] as number);
        this.time[hour] = seen;
        this.orders[hour] = Math.max(this.orders[hour] as number, level * seen);
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

  /** Whole days from a full hour on: what each hour gains is a geometric sum over the days. */
  private addEmptyDays(first: number, days: number): void {
    this.multiplyOut();
    const day = Math.pow(DECAY, HOURS * STEPS_PER_HOUR);
    const gained = (PASSED_TIME[STEPS_PER_HOUR] as number) * ((1 - Math.pow(day, days)) / (1 - day));
    let ago = Math.pow(DECAY, (HOURS - 1) * STEPS_PER_HOUR);
    const faded = Math.pow(day, days);
    for (let k = 0; k < HOURS; k++) {
      const hour = (first + k) % HOURS;
      this.orders[hour] = (this.orders[hour] as number) * faded;
      this.time[hour] = (this.time[hour] as number) * faded + gained * ago;
      ago /= DECAY ** STEPS_PER_HOUR;
    }
    this.sumUp();
  }

  private multiplyOut(): void {
    if (this.scale === 1) return;
    for (let i = 0; i < HOURS; i++) {
      this.orders[i] = (this.orders[i] as number) * this.scale;
      this.time[i] = (this.time[i] as number) * this.scale;
    }
    this.scale = 1;
    this.sumUp();
  }

  private sumUp(): void {
    this.allOrders = this.orders.reduce((s, n) => s + n, 0);
    this.allTime = this.time.reduce((s, t) => s + t, 0);
  }
}
