// How a merchant's whole trade moves: the level of all SKUs together, by the hour, and by how much it grows over a horizon. What
// one SKU sells is judged against it, so that a lesson learned in spring holds before Christmas. Times are ms, units gross.

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Growth is against the level of so much time before. */
const BASE_MS = 28 * DAY_MS;
/** A base shorter than a week would be a weekday. */
const WEEK_MS = 7 * DAY_MS;
const LEAST_BASE_MS = WEEK_MS;
/** A year by weekdays. */
const YEAR_MS = 364 * DAY_MS;
/** With so many lines in the thinner of two windows half of the growth between them is believed. */
const HALF_BELIEVED = 100;
/** One bulk purchase is no trend: beyond so many times the geometric mean of the SKU's lines so far units do not count. */
const MOST_OF_USUAL = 4;

/** Variance of ln growth over 55 days that nothing foretells, and of the same season a year apart. Published: the year of UCI Online Retail II known. */
const UNKNOWN_VARIANCE = 0.1;
const SEASON_VARIANCE = 0.0225;
const VARIANCE_DAYS = 55;
const MOST_VARIANCE = 0.5;
/** As how many horizons gone by the published variance counts. */
const PUBLISHED_HORIZONS = 3;

export interface Growth {
  /** ln(level over the horizon / level of the 28 days before it). */
  readonly log: number;
  /** Variance of what it will really be around `log`. */
  readonly variance: number;
}

/** Sales of all SKUs by the hour. Lines are added SKU by SKU, each SKU's in the order of their times. */
export class Market {
  private readonly hours = new Map<number, { units: number; lines: number }>();
  private first = Infinity;
  private last = -Infinity;
  private sums: { readonly from: number; readonly units: Float64Array; readonly lines: Float64Array } | undefined;

  /** @param lines one SKU's: when, and units ≥ 0 as they were bought (what is cancelled later was not known then) */
  add(lines: readonly { readonly at: number; readonly units: number }[]): void {
    let [logs, n] = [0, 0];
    for (const { at, units } of lines) {
      logs += Math.log(Math.max(1, units));
      n++;
      const hour = Math.floor(at / HOUR_MS);
      let sum = this.hours.get(hour);
      if (sum === undefined) this.hours.set(hour, (sum = { units: 0, lines: 0 }));
      sum.units += Math.min(units, MOST_OF_USUAL * Math.exp(logs / n));
      sum.lines++;
      this.first = Math.min(this.first, at);
      this.last = Math.max(this.last, at);
    }
    this.sums = undefined;
  }

  /** Sales of all SKUs together around a time, bulk lines cut already. */
  addSum(at: number, units: number, lines: number): void {
    const hour = Math.floor(at / HOUR_MS);
    const sum = this.hours.get(hour) ?? { units: 0, lines: 0 };
    this.hours.set(hour, { units: sum.units + Math.max(0, units), lines: sum.lines + lines });
    this.first = Math.min(this.first, at);
    this.last = Math.max(this.last, at);
    this.sums = undefined;
  }

  /** Growth that came true over [at, at + horizon); 0 where less than a week lies before it. To be asked once the horizon is over. */
  realised(at: number, horizonMs: number): number {
    const base = Math.max(at - BASE_MS, this.first);
    if (!(at - base >= LEAST_BASE_MS)) return 0;
    const [before, after] = [this.between(base, at), this.between(at, at + horizonMs)];
    if (before.units === 0 || after.units === 0) return 0;
    const lines = Math.min(before.lines, after.lines);
    return (lines / (lines + HALF_BELIEVED)) * Math.log(after.units / horizonMs / (before.units / (at - base)));
  }

  /**
   * What of the growth over [at, at + horizon) is taken out of a lesson on a SKU that sold before: all of it where the season is
   * known, nothing in a first year, in which the market mostly grows by the SKUs that join it.
   */
  taught(at: number, horizonMs: number): number {
    return this.knowsSeason(at, horizonMs) ? this.realised(at, horizonMs) : 0;
  }

  /** Growth to expect over [at, at + horizon) from what was sold before `at`: that of the year before where it is known and over, else none. */
  expected(at: number, horizonMs: number): Growth {
    const seasonal = this.knowsSeason(at, horizonMs);
    const horizons = horizonMs / DAY_MS / VARIANCE_DAYS;
    const published = (seasonal ? SEASON_VARIANCE : UNKNOWN_VARIANCE) * horizons;
    return { log: this.foretold(at, horizonMs), variance: this.learned(at, horizonMs, seasonal, published) };
  }

  /** The same for SKUs that sold before: in a first year growth was foretold wrong mostly for the SKUs that joined, so that its variance is believed where it is below the published one. */
  expectedOfKnown(at: number, horizonMs: number): Growth {
    const growth = this.expected(at, horizonMs);
    return this.knowsSeason(at, horizonMs) ? growth : { log: 0, variance: Math.min(growth.variance, (UNKNOWN_VARIANCE * horizonMs) / DAY_MS / VARIANCE_DAYS) };
  }

  private knowsSeason(at: number, horizonMs: number): boolean {
    return horizonMs <= YEAR_MS && at - YEAR_MS - this.first >= LEAST_BASE_MS;
  }

  private foretold(at: number, horizonMs: number): number {
    return this.knowsSeason(at, horizonMs) ? this.realised(at - YEAR_MS, horizonMs) : 0;
  }

  /**
   * From how wrong the same kind of forecast was before, week by week, where its horizon is over; the published variance counts as
   * some horizons. By the mean error without sign, times √(π/2) as if normal: one Christmas must not decide a year's variance.
   */
  private learned(at: number, horizonMs: number, seasonal: boolean, published: number): number {
    let [sum, weight] = [PUBLISHED_HORIZONS * Math.sqrt((2 * published) / Math.PI), PUBLISHED_HORIZONS];
    // Weeks of one horizon overlap: together they say as much as one.
    const share = Math.min(1, WEEK_MS / horizonMs);
    for (let then = at - horizonMs; then - this.first >= LEAST_BASE_MS && this.knowsSeason(then, horizonMs) === seasonal; then -= WEEK_MS) {
      sum += share * Math.abs(this.realised(then, horizonMs) - this.foretold(then, horizonMs));
      weight += share;
    }
    return Math.min(MOST_VARIANCE, (Math.PI / 2) * (sum / weight) ** 2);
  }

  /** Whole hours only: of the hour in which a window ends nothing counts, so that nothing after its end is looked at. */
  private between(from: number, to: number): { readonly units: number; readonly lines: number } {
    const sums = (this.sums ??= this.summed());
    const index = (at: number): number => Math.min(sums.units.length - 1, Math.max(0, Math.floor(at / HOUR_MS) - sums.from));
    const [a, b] = [index(from), index(to)];
    return { units: (sums.units[b] as number) - (sums.units[a] as number), lines: (sums.lines[b] as number) - (sums.lines[a] as number) };
  }

  private summed(): { readonly from: number; readonly units: Float64Array; readonly lines: Float64Array } {
    const from = Math.floor(this.first / HOUR_MS);
    const hours = this.hours.size === 0 ? 0 : Math.floor(this.last / HOUR_MS) - from + 1;
    const [units, lines] = [new Float64Array(hours + 1), new Float64Array(hours + 1)];
    for (let i = 0; i < hours; i++) {
      const sum = this.hours.get(from + i);
      units[i + 1] = (units[i] as number) + (sum?.units ?? 0);
      lines[i + 1] = (lines[i] as number) + (sum?.lines ?? 0);
    }
    return { from, units, lines };
  }
}
