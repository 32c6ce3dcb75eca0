// Net units of a SKU over a horizon as a distribution: a negative-binomial regression over other SKUs whose outcome is complete,
// under a published prior that stands alone where there is no history, read at the levels at which it proved right.
import { negativeBinomialBelow, negativeBinomialQuantiles, type NegativeBinomial } from '../../kernel/math/index.js';
import type { Features, SalesPrior } from './cold-start.js';
import type { Growth } from './market.js';
import { fitCounts, predicted, type CountModel, type CountRow } from './regression.js';

/** Another SKU, or the same at another time, whose outcome is known. */
export interface Lesson {
  readonly features: Features;
  /** Net units over the horizon; less than nothing counts as nothing. */
  readonly outcome: number;
  /** ln of how the whole market grew over that horizon (market.ts): taken out of the lesson. */
  readonly growth?: number;
  /** As how many lessons it counts, ≥ 0; 1 by default. */
  readonly weight?: number;
}

export interface SalesModel {
  readonly counts: CountModel;
  /** Where the lessons' outcomes lay in their own forecasts, ascending by position. */
  readonly positions: readonly Position[];
  readonly trust: number;
}

interface Position {
  /** P(Y < outcome) + P(Y = outcome)/2. */
  readonly position: number;
  readonly logDispersion: number;
  readonly weight: number;
}

/** Lessons count for the levels of a forecast by how alike the dispersions are: normal kernel in ln α of this width. */
const LIKENESS = 0.5;
/** More positions than this say nothing more and cost time. */
const MOST_POSITIONS = 1000;
/** Levels further out are not read: an outcome is never said to be impossible. */
const FLOOR = 1e-4;

const rowOf = ({ features: { offset, x, z }, outcome, growth = 0, weight = 1 }: Lesson): CountRow => ({ offset: offset + growth, x, z, y: Math.max(0, Math.round(outcome)), weight });

const distribution = (mean: number, dispersion: number): NegativeBinomial => ({ shape: 1 / dispersion, probability: 1 / (1 + dispersion * mean) });

/** Of the mean and dispersion of a model for a SKU, given how the market is expected to go: relative errors of both multiply. */
function expectedOf(model: CountModel, features: Features, growth: Growth): { readonly mean: number; readonly dispersion: number } {
  const { mean, dispersion } = predicted(model, { ...features, offset: features.offset + growth.log });
  return { mean, dispersion: (1 + dispersion) * Math.exp(growth.variance) - 1 };
}

/** The model of SKUs whose outcome is known; the prior itself where there are none. @param start where to begin, such as the counts of yesterday's model */
export function fitSales(lessons: readonly Lesson[], prior: SalesPrior, start?: CountModel): SalesModel {
  const rows = lessons.map(rowOf);
  const counts = fitCounts(rows, prior.mean, prior.dispersion, start);
  const step = Math.max(1, rows.length / MOST_POSITIONS);
  const positions: Position[] = [];
  for (let i = 0; i < rows.length; i += step) {
    const row = rows[Math.floor(i)] as CountRow;
    const { mean, dispersion } = predicted(counts, row);
    const d = distribution(mean, dispersion);
    positions.push({ position: (negativeBinomialBelow(d, row.y) + negativeBinomialBelow(d, row.y - 1)) / 2, logDispersion: Math.log(dispersion), weight: step * (row.weight ?? 1) });
  }
  return { counts, positions: positions.sort((a, b) => a.position - b.position), trust: prior.trust };
}

/**
 * The levels at which to read the model so that the asked ones come true, from where outcomes lay in forecasts about as uncertain
 * as this one: the weighted quantiles of their positions, mixed with a uniform distribution. Ascending with the asked ones.
 */
function levelsRead({ positions, trust }: SalesModel, dispersion: number, levels: readonly number[]): number[] {
  const log = Math.log(dispersion);
  const weights = new Float64Array(positions.length);
  let lessons = 0;
  for (const [n, p] of positions.entries()) {
    const weight = p.weight * Math.exp(-0.5 * ((p.logDispersion - log) / LIKENESS) ** 2);
    weights[n] = weight;
    lessons += weight;
  }
  const total = trust + lessons;
  // Distribution function of the mixture, rising evenly from position to position: half of a position's weight lies in the gap before it, half in the one after.
  const read: number[] = [];
  let [at, below, i] = [0, 0, 0];
  for (const level of levels) {
    for (;;) {
      const next = positions[i];
      const to = next?.position ?? 1;
      const rise = (trust * (to - at) + ((weights[i - 1] ?? 0) + (weights[i] ?? 0)) / 2) / total;
      if (below + rise >= level || next === undefined) {
        read.push(rise === 0 ? to : at + (to - at) * Math.min(1, Math.max(0, (level - below) / rise)));
        break;
      }
      [at, below] = [to, below + rise];
      i++;
    }
  }
  return read.map((level) => Math.min(1 - FLOOR, Math.max(FLOOR, level)));
}

const STEADY: Growth = { log: 0, variance: 0 };

/** Quantiles of the units over the horizon; finite, ascending with the levels. @param levels in (0, 1), ascending */
export function salesQuantiles(model: SalesModel, features: Features, levels: readonly number[], growth: Growth = STEADY): number[] {
  const { mean, dispersion } = expectedOf(model.counts, features, growth);
  return negativeBinomialQuantiles(distribution(mean, dispersion), levelsRead(model, dispersion, levels));
}

/** Levels, evenly over (0, 1), at which a distribution is compared with itself read otherwise. */
const EVENLY = Array.from({ length: 20 }, (_, i) => (i + 0.5) / 20);
const MOST_CORRECTED = 4;
/** Variance over mean: barely wider than Poisson at the least, so that the formula holds. */
const LEAST_SPREAD = 1 + 1e-6;

export interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/** Mean and variance of values that are equally likely. */
function momentsOf(values: readonly number[]): Moments {
  const mean = values.reduce((s, v) => s + v, 0) / values.length;
  return { mean, variance: values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length };
}

/**
 * The units over the horizon as one negative binomial, for whoever adds and decides: its mean and variance moved as the levels at
 * which the model proved right move those of its quantiles; exactly the model's own where these are the asked ones. Finite.
 */
export function salesDistribution(model: SalesModel, features: Features, growth: Growth = STEADY): NegativeBinomial {
  const { mean, dispersion } = expectedOf(model.counts, features, growth);
  const own = distribution(mean, dispersion);
  if (model.positions.length === 0) return own;
  const asked = momentsOf(negativeBinomialQuantiles(own, EVENLY));
  const read = momentsOf(negativeBinomialQuantiles(own, levelsRead(model, dispersion, EVENLY)));
  const ratio = (a: number, b: number): number => (a > 0 && b > 0 ? Math.min(MOST_CORRECTED, Math.max(1 / MOST_CORRECTED, a / b)) : 1);
  const m = mean * ratio(read.mean, asked.mean);
  const v = Math.max(m * LEAST_SPREAD, mean * (1 + dispersion * mean) * ratio(read.variance, asked.variance));
  return { shape: (m * m) / (v - m), probability: m / v };
}

/** What neither the mean nor the variance of that distribution exceeds, without reading its quantiles. */
export function salesAtMost(model: SalesModel, features: Features, growth: Growth = STEADY): Moments {
  const { mean, dispersion } = expectedOf(model.counts, features, growth);
  return { mean: MOST_CORRECTED * mean, variance: MOST_CORRECTED * mean * Math.max(LEAST_SPREAD, 1 + dispersion * mean) };
}
