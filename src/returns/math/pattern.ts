// What all keys have in common: how long returns take, how the rate drifts with the fortnight of the sale and with the size of the
// line, and in what clumps units come back. Learned from lines, so that a line of thousands of units says as much as one line can.
import { checkCohort, SIZE_CLASSES, sizeClassOf, type Cohort } from './cohorts.js';
import { driftOf, type Drift, type Seen } from './drift.js';
import { checkHorizon, productLimit, shareBy, type Lag, type Watched } from './lag.js';

/** Days of sale that share a rate. */
const SEASON_DAYS = 14;
/** Older sales than this many fortnights share one rate. */
const MOST_SEASONS = 40;
export const seasonOf = (age: number): number => Math.min(MOST_SEASONS - 1, Math.floor(age / SEASON_DAYS));

/** Of a line of one size that comes back, the share that does so at once: on average in (0, 1], and its square on average. */
export interface Clump {
  readonly share: number;
  readonly square: number;
  /** Units that come one by one, for one unit of such a line: what its units weigh as evidence, in (0, 1]. */
  readonly weight: number;
}

export interface ReturnPattern {
  readonly lag: Lag;
  /** Logarithms of factors of the rate by fortnight of the sale, the latest first, and by size of the line. */
  readonly season: Drift;
  readonly size: Drift;
  /** Relative error (sd of the logarithm) of what a fortnight's sales have still to bring that is due to a lag of their own. */
  readonly lagDrift: number;
  readonly clumps: readonly Clump[];
  /** Units of any line that come back at maturity, of those sold. */
  readonly rate: number;
  /** Largest product of the two factors: a key's own rate is spoken of at this height, so that none exceeds 1. */
  readonly top: number;
}

/** Lines of 512 units and more share one factor: there are few of them, and one order of several must not speak for each class. */
export const SIZE_FACTORS = 10;
export const sizeFactorOf = (size: number): number => Math.min(SIZE_FACTORS - 1, size);

const still = (n: number): Drift => ({ log: new Float64Array(n), covariance: Array.from({ length: n }, () => new Float64Array(n)) });

/** A lag alone: no season, no difference by size, every unit for itself. */
export const plainPattern = (lag: Lag, rate = 0.1): ReturnPattern => ({
  lag, lagDrift: 0, season: still(1), size: still(SIZE_FACTORS), rate, top: 1, clumps: Array.from({ length: SIZE_CLASSES }, () => ({ share: 1, square: 1, weight: 1 })),
});

/** Share of a line's returns that a case is taken for before there are cases, and how many cases that weighs. */
const PRIOR_CASES = 4;
/** Steps of the random walks: per fortnight, per doubling of the line. */
const SEASON_STEPS = [0.02, 0.05, 0.1, 0.2, 0.4, 0.7];
const SIZE_STEPS = [0.02, 0.1, 0.3, 0.6, 1];
/** How far the lag of one fortnight's sales is from that of all is taken for this (sd of the logarithm of late over early returns), with a weight of so many fortnights, before it is seen. */
const [USUAL_LAG_DRIFT, USUAL_FORTNIGHTS] = [0.15, 3] as const;
const ROUNDS = 3;

/** Of a place among the sums by age and class of size. */
const ageOf = (place: number): number => Math.floor(place / SIZE_CLASSES);

/** Sums over all keys by age and class of size. */
class Cells {
  readonly sold: Float64Array;
  readonly back: Float64Array;
  /** By place, then lag: units. */
  readonly lags = new Map<number, Map<number, number>>();
  readonly lines = new Float64Array(SIZE_CLASSES);
  readonly units = new Float64Array(SIZE_CLASSES);
  readonly cases = new Float64Array(SIZE_CLASSES);
  readonly came = new Float64Array(SIZE_CLASSES);
  /** Σ over cases of the share of the line, and of its square. */
  readonly shares = new Float64Array(SIZE_CLASSES);
  readonly squares = new Float64Array(SIZE_CLASSES);
  readonly ages: number;
  /** Places where anything was sold. */
  readonly used: Int32Array;

  constructor(keys: readonly (readonly Cohort[])[], readonly horizon: number) {
    let oldest = -1;
    for (const cohorts of keys) {
      for (const c of cohorts) {
        checkCohort(c);
        if (c.age > oldest) oldest = c.age;
      }
    }
    this.ages = oldest + 1;
    this.sold = new Float64Array(this.ages * SIZE_CLASSES);
    this.back = new Float64Array(this.ages * SIZE_CLASSES);
    for (const cohorts of keys) for (const c of cohorts) this.add(c);
    this.used = Int32Array.from(this.sold.keys()).filter((place) => this.sold[place] !== 0);
  }

  private add(c: Cohort): void {
    const size = sizeClassOf(c);
    const place = c.age * SIZE_CLASSES + size;
    this.sold[place] = (this.sold[place] as number) + c.sold;
    this.units[size] = (this.units[size] as number) + c.sold;
    this.lines[size] = (this.lines[size] as number) + (c.lines ?? c.sold);
    for (const { lag, units, cases } of c.returned) {
      if (lag > this.horizon || units === 0 || cases === 0) continue;
      let lags = this.lags.get(place);
      if (lags === undefined) this.lags.set(place, (lags = new Map<number, number>()));
      lags.set(lag, (lags.get(lag) ?? 0) + units * cases);
      this.back[place] = (this.back[place] as number) + units * cases;
      this.cases[size] = (this.cases[size] as number) + cases;
      this.came[size] = (this.came[size] as number) + units * cases;
      const share = Math.min(1, (units * (c.lines ?? c.sold)) / c.sold);
      this.shares[size] = (this.shares[size] as number) + share * cases;
      this.squares[size] = (this.squares[size] as number) + share * share * cases;
    }
  }
}

const at = (a: Float64Array | readonly number[], i: number): number => a[i] as number;

/** Share of a line that comes back at once by class of size: of its own cases, and of a few as they are in all classes. */
function clumpsOf(cells: Cells): { readonly share: number; readonly square: number }[] {
  let [cases, share, square] = [0, 0, 0];
  for (let c = 1; c < SIZE_CLASSES; c++) {
    cases += at(cells.cases, c);
    share += at(cells.shares, c);
    square += at(cells.squares, c);
  }
  // Before there are any, a line is taken to come back whole: the widest.
  const [usual, usualSquare] = [(share + PRIOR_CASES) / (cases + PRIOR_CASES), (square + PRIOR_CASES) / (cases + PRIOR_CASES)];
  return Array.from({ length: SIZE_CLASSES }, (_, c) => {
    if (c === 0) return { share: 1, square: 1 };
    const n = at(cells.cases, c) + PRIOR_CASES;
    return { share: (at(cells.shares, c) + PRIOR_CASES * usual) / n, square: (at(cells.squares, c) + PRIOR_CASES * usualSquare) / n };
  });
}

/** Units at once of a line of `size` units that comes back: mean and mean square, 1 ≤ u ≤ size. */
export function unitsAtOnce(clump: { readonly share: number; readonly square: number }, size: number): { readonly mean: number; readonly square: number } {
  const mean = Math.min(size, Math.max(1, clump.share * size));
  return { mean, square: Math.min(mean * size, Math.max(mean * mean, clump.square * size * size)) };
}

/**
 * How many units that come one by one have the variance of a unit of a line: with units of a case κ = E u²/E u, s units on a line
 * and a rate r, Var = s r (1 − r) × (κ − s r)/(1 − r). Whole lines give s, units each for itself 1 (binomial design effect).
 */
export function designEffect(clump: { readonly share: number; readonly square: number }, size: number, rate: number): number {
  const { mean, square } = unitsAtOnce(clump, size);
  return Math.max(1, (square / mean - size * rate) / Math.max(0.05, 1 - rate));
}

interface Row {
  readonly came: Float64Array;
  readonly expected: Float64Array;
  /** Of what was expected, the part that had its time: Σ expected × G. */
  readonly ripe: Float64Array;
  readonly chi: Float64Array;
  readonly spread: Float64Array;
}
const rowOf = (n: number): Row => ({ came: new Float64Array(n), expected: new Float64Array(n), ripe: new Float64Array(n), chi: new Float64Array(n), spread: new Float64Array(n) });

/** Variance over mean of daily counts; `usual` where there are few of them. */
const dispersion = (chi: number, spread: number, usual: number): number => Math.max(1, (chi + 3 * usual) / (spread + 3));

class Learning {
  readonly clumps: readonly { readonly share: number; readonly square: number }[];
  readonly seasons: number;
  weights = new Float64Array(SIZE_CLASSES).fill(1);
  lag: Lag;
  rate = 0;
  season: Drift;
  size: Drift = still(SIZE_FACTORS);
  lagDrift: number = USUAL_LAG_DRIFT;
  private readonly factors: Float64Array;

  /** @param sized whether factors by size of line are asked for, or explain anything of the others */
  constructor(private readonly cells: Cells, private readonly sized: boolean) {
    this.clumps = clumpsOf(cells);
    this.seasons = cells.ages === 0 ? 1 : seasonOf(cells.ages - 1) + 1;
    this.season = still(this.seasons);
    this.factors = new Float64Array(this.seasons * SIZE_FACTORS).fill(1);
    this.lag = productLimit([], cells.horizon);
  }

  private factor(age: number, size: number): number {
    return at(this.factors, seasonOf(age) * SIZE_FACTORS + sizeFactorOf(size));
  }

  /** The factors of all seasons and sizes: the cells of a year ask for each a hundred times. */
  private layFactors(): void {
    for (let i = 0; i < this.factors.length; i++) this.factors[i] = Math.exp(at(this.season.log, Math.floor(i / SIZE_FACTORS)) + at(this.size.log, i % SIZE_FACTORS));
  }

  private *watched(): Generator<Watched> {
    const { cells } = this;
    for (const place of cells.used) {
      const [age, size] = [ageOf(place), place % SIZE_CLASSES];
      const weight = at(this.weights, size);
      const lags = cells.lags.get(place);
      const returned = lags === undefined ? [] : Array.from(lags, ([lag, units]): [number, number] => [lag, units * weight]);
      // Sales of a season of many returns are at risk of more: without this a rising rate looks like a short lag.
      yield { age, returned, weight: Math.max(at(cells.back, place) * weight, at(cells.sold, place) * weight * this.factor(age, size)) };
    }
  }

  layLag(): Lag {
    return (this.lag = productLimit(this.watched(), this.cells.horizon));
  }

  round(): void {
    const { cells } = this;
    this.layLag();
    const share = Array.from({ length: cells.ages }, (_, age) => shareBy(this.lag, age));
    let [came, exposed] = [0, 0];
    for (const place of cells.used) {
      const [age, size] = [ageOf(place), place % SIZE_CLASSES];
      came += at(cells.back, place) * at(this.weights, size);
      exposed += at(cells.sold, place) * at(this.weights, size) * at(share, age) * this.factor(age, size);
    }
    this.rate = exposed > 0 ? Math.min(0.999, (came + 0.5) / (exposed + 1)) : 0;
    if (came === 0) return;
    this.drifts(share);
    const ripe = new Float64Array(SIZE_CLASSES);
    for (const place of cells.used) ripe[place % SIZE_CLASSES] = at(ripe, place % SIZE_CLASSES) + at(cells.sold, place) * at(share, ageOf(place));
    this.weights = this.weights.map((_, c) => {
      if (at(cells.lines, c) === 0) return 1;
      const size = at(cells.units, c) / at(cells.lines, c);
      // Ten lines of the usual rate beside its own: a class of one line, which is back, must not pass for units that all chose to come.
      const rate = (at(cells.came, c) + 10 * size * this.rate) / (Math.max(at(ripe, c), at(cells.came, c)) + 10 * size);
      return 1 / designEffect(this.clumps[c] as Clump, size, rate);
    });
  }

  /** How the rate drifts, each row of factors beside what the other explains. */
  private drifts(share: readonly number[]): void {
    if (this.sized) {
      const sizes = this.rowsBy(share, (_, size) => sizeFactorOf(size), SIZE_FACTORS, this.size.log.map((log) => Math.exp(-log)));
      this.size = this.drift(sizes, SIZE_STEPS, () => 0);
      this.layFactors();
    }
    const seasons = this.rowsBy(share, (age) => seasonOf(age), this.seasons, this.season.log.map((log) => Math.exp(-log)));
    this.season = this.drift(seasons, SEASON_STEPS, (ripe) => this.lagDrift * (1 - ripe));
    this.layFactors();
    this.lagDrift = this.lagDrifts(seasons);
  }

  /**
   * How the lag differs from fortnight to fortnight: the spread of ln(late/early returns), early being up to the median lag, beyond
   * what counts of such dispersion show by chance.
   */
  private lagDrifts(seasons: Row): number {
    const { cells, lag } = this;
    const split = lag.share.findIndex((g) => g >= 0.5);
    const [early, late, ratio] = [new Float64Array(this.seasons), new Float64Array(this.seasons), new Float64Array(this.seasons)];
    for (const [place, lags] of cells.lags) {
      const [age, size] = [ageOf(place), place % SIZE_CLASSES];
      if (age < 2 * split + 2) continue;
      const season = seasonOf(age);
      for (const [day, units] of lags) {
        const part = day <= split ? early : late;
        part[season] = at(part, season) + units * at(this.weights, size);
        ratio[season] = at(ratio, season) + (units * at(this.weights, size) * (shareBy(lag, age) - at(lag.share, split))) / shareBy(lag, age);
      }
    }
    let [sum, whole] = [USUAL_FORTNIGHTS * USUAL_LAG_DRIFT ** 2, USUAL_FORTNIGHTS];
    for (let i = 0; i < this.seasons; i++) {
      const [e, l] = [at(early, i), at(late, i)];
      if (e < 5 || l < 5) continue;
      const expected = at(ratio, i) / (e + l);
      const chance = dispersion(at(seasons.chi, i), at(seasons.spread, i), 1) * (1 / e + 1 / l);
      // Where chance alone is large a fortnight says little.
      const weight = 1 / (1 + chance / USUAL_LAG_DRIFT ** 2) ** 2;
      sum += weight * ((Math.log(l / e) - Math.log(expected / (1 - expected))) ** 2 - chance);
      whole += weight;
    }
    return Math.sqrt(Math.max(0.03 ** 2, sum / whole));
  }

  /** @param without by row: what the row's own factor is divided out with */
  private rowsBy(share: readonly number[], of: (age: number, size: number) => number, n: number, without: Float64Array): Row {
    const { used } = this.cells;
    const row = rowOf(n);
    const [came, mean, sold] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
    for (let next = 0; next < used.length; ) {
      const age = ageOf(used[next] as number);
      came.fill(0); mean.fill(0); sold.fill(0);
      for (; next < used.length && ageOf(used[next] as number) === age; next++) {
        const place = used[next] as number;
        const size = place % SIZE_CLASSES;
        const units = at(this.cells.sold, place) * at(this.weights, size);
        const i = of(age, size);
        const whole = Math.min(units, units * this.rate * this.factor(age, size));
        came[i] = at(came, i) + at(this.cells.back, place) * at(this.weights, size);
        mean[i] = at(mean, i) + whole * at(share, age);
        sold[i] = at(sold, i) + units;
        row.expected[i] = at(row.expected, i) + whole * at(without, i) * at(share, age);
        row.ripe[i] = at(row.ripe, i) + whole * at(without, i);
      }
      for (let i = 0; i < n; i++) {
        if (at(mean, i) === 0) continue;
        row.came[i] = at(row.came, i) + at(came, i);
        row.chi[i] = at(row.chi, i) + (at(came, i) - at(mean, i)) ** 2;
        row.spread[i] = at(row.spread, i) + at(mean, i) * Math.max(0.05, 1 - at(mean, i) / at(sold, i));
      }
    }
    return row;
  }

  private drift(row: Row, steps: readonly number[], blur: (ripe: number) => number): Drift {
    const usual = dispersion(row.chi.reduce((s, x) => s + x, 0), row.spread.reduce((s, x) => s + x, 0), 1);
    const seen = Array.from(row.came, (came, i): Seen => {
      const expected = at(row.expected, i);
      return { came, expected, dispersion: dispersion(at(row.chi, i), at(row.spread, i), usual) * Math.max(0.05, 1 - this.rate), blur: blur(expected > 0 ? expected / at(row.ripe, i) : 1) };
    });
    return driftOf(seen, Array.from(row.expected), steps);
  }
}

/**
 * The pattern of returns within `horizon` whole days over the cohorts of all keys. Lag, season and size explain one another, so each is learned
 * beside the others in a few rounds. RangeError where a cohort cannot be. Cost: linear in cohorts, then in ages × classes of size.
 */
export function patternOf(keys: Iterable<readonly Cohort[]>, horizon: number): ReturnPattern {
  checkHorizon(horizon);
  const cells = new Cells([...keys], horizon);
  const learning = new Learning(cells, true);
  for (let round = 0; round < ROUNDS; round++) learning.round();
  const { lag, season, size, rate } = learning;
  let top = 0;
  let [sold, back] = [0, 0];
  for (const place of cells.used) {
    const units = at(cells.sold, place);
    const factor = Math.exp(at(season.log, seasonOf(ageOf(place))) + at(size.log, sizeFactorOf(place % SIZE_CLASSES)));
    top = Math.max(top, factor);
    sold += units;
    back += units * Math.min(1, rate * factor);
  }
  return { lag, season, size, lagDrift: learning.lagDrift, rate: sold > 0 ? back / sold : 0, top: top === 0 ? 1 : top, clumps: learning.clumps.map((c, i) => ({ ...c, weight: at(learning.weights, i) })) };
}

/** The lag of that pattern alone: nothing is learned that it does not hang on. */
export function lagOf(keys: Iterable<readonly Cohort[]>, horizon: number): Lag {
  checkHorizon(horizon);
  const cells = new Cells([...keys], horizon);
  // Where all lines are of one size the factor of that size is 1.
  const learning = new Learning(cells, new Set(Array.from(cells.units.keys()).filter((size) => at(cells.units, size) > 0).map(sizeFactorOf)).size > 1);
  for (let round = 1; round < ROUNDS; round++) learning.round();
  return learning.layLag();
}
