// What the cohorts of one key say of its rate, in the terms of the pattern that all keys share.
import { SIZE_CLASSES, sizeClassOf, unitsBack, type Cohort } from './cohorts.js';
import { shareBy } from './lag.js';
import { SIZE_FACTORS, seasonOf, sizeFactorOf, type ReturnPattern } from './pattern.js';
import { LEVELS } from './posterior.js';

const add = (sums: Float64Array, i: number, x: number): void => {
  sums[i] = (sums[i] as number) + x;
};

/** The pattern's factors and shares as tables, so that a cohort costs a few look-ups. */
export class Tables {
  readonly horizon: number;
  readonly seasons: number;
  private readonly share: Float64Array;
  /** By fortnight, then by class of size. */
  private readonly factors: Float64Array;
  private readonly weights: Float64Array;

  constructor(readonly pattern: ReturnPattern) {
    this.horizon = pattern.lag.share.length - 1;
    this.share = Float64Array.from({ length: this.horizon + 1 }, (_, age) => shareBy(pattern.lag, age));
    this.seasons = pattern.season.log.length;
    this.weights = Float64Array.from(pattern.clumps, (clump) => clump.weight);
    const ofSize = Float64Array.from({ length: SIZE_CLASSES }, (_, size) => Math.exp(pattern.size.log[sizeFactorOf(size)] as number));
    this.factors = new Float64Array(this.seasons * SIZE_CLASSES);
    pattern.season.log.forEach((log, season) => { for (let size = 0; size < SIZE_CLASSES; size++) this.factors[season * SIZE_CLASSES + size] = Math.min(1, (Math.exp(log) * (ofSize[size] as number)) / pattern.top); });
  }

  /** G at an age. */
  developed(age: number): number {
    return age > this.horizon ? 1 : (this.share[age] as number);
  }

  /** How much higher than a key's own rate that of a cohort is, of what is highest of all; in (0, 1]. */
  factor(age: number, size: number): number {
    return this.factors[this.fortnight(age) * SIZE_CLASSES + size] as number;
  }

  weight(size: number): number {
    return this.weights[size] as number;
  }

  fortnight(age: number): number {
    return Math.min(this.seasons - 1, seasonOf(age));
  }
}

/** What came back of a key, and how far its days differ: enough for what keys have in common. In units that come one by one. */
export interface Sketch {
  /** What came back, and matured exposure: Σ sold × factor × G. */
  readonly returned: number;
  readonly exposure: number;
  /** Over the days of its sales: Σ returned², Σ returned × exposure, Σ exposure². */
  readonly square: number;
  readonly product: number;
  readonly exposureSquare: number;
}

/** @param cohorts those of one age beside each other */
export function sketchOf(tables: Tables, cohorts: readonly Cohort[]): Sketch {
  // Plain assignments: this runs once for every cohort of a year.
  let returned = 0, exposure = 0, square = 0, product = 0, exposureSquare = 0;
  let age = -1, came = 0, exposed = 0;
  for (let i = 0; i <= cohorts.length; i++) {
    const c = cohorts[i];
    if (c?.age !== age) {
      returned += came;
      exposure += exposed;
      square += came * came;
      product += came * exposed;
      exposureSquare += exposed * exposed;
      if (c === undefined) break;
      age = c.age;
      came = 0;
      exposed = 0;
    }
    const size = sizeClassOf(c);
    const weight = tables.weight(size);
    if (c.returned.length > 0) came += unitsBack(c, tables.horizon) * weight;
    exposed += c.sold * weight * tables.factor(c.age, size) * tables.developed(c.age);
  }
  return { returned, exposure, square, product, exposureSquare };
}

/** All that the rate and the prediction of one key need of its cohorts, in one pass. */
export class Evidence {
  sold = 0;
  returned = 0;
  /** What came back, in units that come one by one. */
  came = 0;
  /** Σ sold × factor, along the seasons and the sizes too. */
  height = 0;
  readonly seasonHeight: Float64Array;
  readonly sizeHeight = new Float64Array(SIZE_FACTORS);
  /** By level of factor × G: units not back yet, in units that come one by one; and Σ factor × (1 − G) of the plain ones. */
  readonly counts = new Float64Array(LEVELS + 1);
  readonly open = new Float64Array(LEVELS + 1);
  /** The latter by season and by class of size; and by class the units and lines that it is of. */
  readonly seasonOpen: Float64Array;
  readonly sizeOpen = new Float64Array(SIZE_CLASSES);
  readonly openUnits = new Float64Array(SIZE_CLASSES);
  readonly openLines = new Float64Array(SIZE_CLASSES);

  constructor(readonly tables: Tables) {
    this.seasonHeight = new Float64Array(tables.seasons);
    this.seasonOpen = new Float64Array(tables.seasons);
  }

  /** Takes these cohorts for what it took before: many keys share one evidence, so that none allocates. */
  read(cohorts: readonly Cohort[]): this {
    this.sold = this.returned = this.came = this.height = 0;
    for (const sums of [this.seasonHeight, this.sizeHeight, this.counts, this.open, this.seasonOpen, this.sizeOpen, this.openUnits, this.openLines]) sums.fill(0);
    for (const c of cohorts) this.add(c);
    return this;
  }

  private add(c: Cohort): void {
    const { tables } = this;
    const size = sizeClassOf(c);
    const back = c.returned.length === 0 ? 0 : unitsBack(c, tables.horizon);
    const weight = tables.weight(size);
    const developed = tables.developed(c.age);
    const factor = tables.factor(c.age, size);
    const season = tables.fortnight(c.age);
    const rest = c.sold - back;
    const height = c.sold * factor;
    this.sold += c.sold;
    this.returned += back;
    this.came += back * weight;
    this.height += height;
    add(this.seasonHeight, season, height);
    add(this.sizeHeight, sizeFactorOf(size), height);
    if (rest === 0) return;
    const level = factor * developed * LEVELS;
    const low = Math.min(LEVELS - 1, Math.floor(level));
    const up = Math.min(1, level - low);
    add(this.counts, low, rest * weight * (1 - up));
    add(this.counts, low + 1, rest * weight * up);
    if (developed >= 1) return;
    const ahead = rest * factor * (1 - developed);
    add(this.open, low, ahead * (1 - up));
    add(this.open, low + 1, ahead * up);
    add(this.seasonOpen, season, ahead);
    add(this.sizeOpen, size, ahead);
    add(this.openUnits, size, rest);
    add(this.openLines, size, c.lines === undefined ? rest : c.lines * (rest / c.sold));
  }
}
