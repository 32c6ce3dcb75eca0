// Negative-binomial regression whose dispersion depends on features too: what a new style will sell from its first days, the
// less certain the less was seen. y ~ NB with ln mean = β·(1, x) and ln dispersion = γ·(1, w), variance = mean + dispersion × mean².
// Sources: McCullagh and Nelder, Generalized Linear Models, chapters 8 and 10; Smyth, JRSS B 51 (1989), for the joint model.
import { digamma, logGamma, solveLinear, type NegativeBinomial } from '../../kernel/math/index.js';

/** One case: features of its mean, features of its dispersion, and the count seen (whole, ≥ 0). */
export interface RegressionCase {
  readonly mean: readonly number[];
  readonly dispersion: readonly number[];
  readonly count: number;
}

export interface RegressionModel {
  /** Intercept first, then one per feature. */
  readonly mean: readonly number[];
  readonly dispersion: readonly number[];
  readonly logLikelihood: number;
  readonly converged: boolean;
}

/** ln dispersion is kept within these: beyond them a count is Poisson, or says nothing. */
const LEAST = -12;
const MOST = 5;
/** ln mean is kept below this: a feature far outside those fitted must not answer with an infinity. */
const MOST_LOG_MEAN = 18;

const dot = (coefficients: readonly number[], features: readonly number[]): number => features.reduce((s, x, i) => s + x * (coefficients[i + 1] as number), coefficients[0] as number);
const meanOf = (coefficients: readonly number[], features: readonly number[]): number => Math.exp(Math.min(MOST_LOG_MEAN, Math.max(-MOST_LOG_MEAN, dot(coefficients, features))));
const shapeOf = (coefficients: readonly number[], features: readonly number[]): number => Math.exp(-Math.min(MOST, Math.max(LEAST, dot(coefficients, features))));

function check(cases: readonly RegressionCase[], ridge: number): void {
  const first = cases[0];
  if (first === undefined || cases.length < first.mean.length + first.dispersion.length + 2) throw new RangeError(`${cases.length} cases are too few for their coefficients`);
  for (const c of cases) {
    if (c.mean.length !== first.mean.length || c.dispersion.length !== first.dispersion.length) throw new RangeError('all cases must have the same features');
    if (![...c.mean, ...c.dispersion].every(Number.isFinite)) throw new RangeError('features must be finite');
    if (!Number.isSafeInteger(c.count) || c.count < 0) throw new RangeError(`a count must be a whole number, got ${c.count}`);
  }
  if (cases.every((c) => c.count === 0)) throw new RangeError('at least one count must be above 0');
  if (!(ridge > 0) || !Number.isFinite(ridge)) throw new RangeError(`ridge must be positive and finite, got ${ridge}`);
}

function logLikelihood(cases: readonly RegressionCase[], mean: readonly number[], dispersion: readonly number[], ridge: number): number {
  let sum = 0;
  for (const c of cases) {
    const mu = meanOf(mean, c.mean);
    const r = shapeOf(dispersion, c.dispersion);
    sum += logGamma(c.count + r) - logGamma(r) - logGamma(c.count + 1) - r * Math.log1p(mu / r) + c.count * (Math.log(mu) - Math.log(r + mu));
  }
  const penalty = (b: readonly number[]): number => b.slice(1).reduce((s, x) => s + x * x, 0);
  return sum - (ridge / 2) * (penalty(mean) + penalty(dispersion));
}

/** One scoring step for the coefficients of ln mean or ln dispersion: (Σ weight f fᵀ + ridge)⁻¹ (Σ score f − ridge b), f = (1, features). */
function step(rows: readonly { readonly features: readonly number[]; readonly score: number; readonly weight: number }[], b: readonly number[], ridge: number): number[] {
  const n = b.length;
  const matrix = b.map((_, i) => b.map((__, j) => (i === j ? (i === 0 ? 1e-9 : ridge) : 0)));
  const right = b.map((x, i) => (i === 0 ? 0 : -ridge * x));
  for (const { features, score, weight } of rows) {
    for (let i = 0; i < n; i++) {
      const f = i === 0 ? 1 : (features[i - 1] as number);
      right[i] = (right[i] as number) + score * f;
      const row = matrix[i] as number[];
      for (let j = 0; j < n; j++) row[j] = (row[j] as number) + weight * f * (j === 0 ? 1 : (features[j - 1] as number));
    }
  }
  return solveLinear(matrix, right);
}

/** The step or the largest half, quarter … of it that does not make the fit worse. */
function improved(b: readonly number[], change: readonly number[], value: number, at: (b: readonly number[]) => number): { readonly b: readonly number[]; readonly value: number } {
  for (let size = 1; size > 1e-6; size /= 2) {
    const moved = b.map((x, i) => x + size * (change[i] as number));
    const reached = at(moved);
    if (reached >= value) return { b: moved, value: reached };
  }
  return { b, value };
}

/**
 * Fits by penalised maximum likelihood: Fisher scoring for the mean, scoring with the scores' outer products for the dispersion,
 * by turns, each step halved until it does not make things worse. Features are best of order 1 (logarithms). `ridge` (> 0): prior
 * precision of every slope, 0.01 hardly binds. Cost: about 50 × cases × features². RangeError where cases are fewer than
 * coefficients, differ in shape, are not finite, or are all 0.
 */
export function fitNegativeBinomialRegression(cases: readonly RegressionCase[], ridge: number): RegressionModel {
  check(cases, ridge);
  const first = cases[0] as RegressionCase;
  let mean: readonly number[] = [Math.log(cases.reduce((s, c) => s + c.count, 0) / cases.length), ...first.mean.map(() => 0)];
  let dispersion: readonly number[] = first.dispersion.reduce<number[]>((b) => [...b, 0], [0]);
  let value = logLikelihood(cases, mean, dispersion, ridge);
  let converged = false;
  for (let round = 0; round < 200 && !converged; round++) {
    const before = value;
    const meanRows = cases.map((c) => {
      const mu = meanOf(mean, c.mean);
      const spread = 1 + mu / shapeOf(dispersion, c.dispersion);
      return { features: c.mean, score: (c.count - mu) / spread, weight: mu / spread };
    });
    ({ b: mean, value } = improved(mean, step(meanRows, mean, ridge), value, (b) => logLikelihood(cases, b, dispersion, ridge)));
    const dispersionRows = cases.map((c) => {
      const mu = meanOf(mean, c.mean);
      const r = shapeOf(dispersion, c.dispersion);
      // ∂ℓ/∂r, and r falls as ln dispersion rises.
      const score = -r * (digamma(c.count + r) - digamma(r) - Math.log1p(mu / r) + (mu - c.count) / (r + mu));
      return { features: c.dispersion, score, weight: score * score };
    });
    ({ b: dispersion, value } = improved(dispersion, step(dispersionRows, dispersion, ridge), value, (b) => logLikelihood(cases, mean, b, ridge)));
    converged = value - before < 1e-9 * (1 + Math.abs(value));
  }
  return { mean, dispersion, logLikelihood: value, converged };
}

/** The distribution of one more case; RangeError where its features do not fit the model or are not finite. */
export function predictNegativeBinomial(model: RegressionModel, mean: readonly number[], dispersion: readonly number[]): NegativeBinomial {
  if (mean.length !== model.mean.length - 1 || dispersion.length !== model.dispersion.length - 1) throw new RangeError('features must be those of the model');
  if (![...mean, ...dispersion].every(Number.isFinite)) throw new RangeError('features must be finite');
  const shape = shapeOf(model.dispersion, dispersion);
  return { shape, probability: shape / (shape + meanOf(model.mean, mean)) };
}
