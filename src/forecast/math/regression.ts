// Negative-binomial regression with its dispersion modelled too: counts y with mean μ and variance μ + α μ²,
//   ln μ = offset + x·b,   ln α = z·c,
// fitted by penalised maximum likelihood: Fisher scoring for b, Newton for c, by turns (the two are orthogonal in expectation;
// Lawless 1987; R's MASS::glm.nb and gamlss(NBI) without penalty), with step halving. The penalty is a normal prior on every
// coefficient, so that few rows, or none, give something near the prior rather than something wild.
import { digamma, logGamma } from '../../kernel/math/index.js';
import { trigamma } from './trigamma.js';

export interface CountRow {
  readonly y: number;
  readonly offset: number;
  readonly x: readonly number[];
  readonly z: readonly number[];
  /** As how many rows it counts, ≥ 0; 1 by default. */
  readonly weight?: number;
}

/** Mean and precision (1/variance) of a normal prior per coefficient. */
export interface NormalPrior {
  readonly mean: readonly number[];
  readonly precision: readonly number[];
}

export interface CountModel {
  readonly b: readonly number[];
  readonly c: readonly number[];
}

/** Beyond these a count has no use for more: ln μ of 16 is nine million units, ln α of ±5 anything from Poisson-like to almost all zero. */
const MOST_LOG_MEAN = 16;
const MOST_LOG_DISPERSION = 5;

const dot = (a: readonly number[], b: readonly number[]): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};
const within = (x: number, most: number): number => Math.min(most, Math.max(-most, x));

/** Mean and dispersion α that a model gives a row; always finite. */
export const predicted = (model: CountModel, row: Pick<CountRow, 'offset' | 'x' | 'z'>): { readonly mean: number; readonly dispersion: number } => ({
  mean: Math.exp(within(row.offset + dot(row.x, model.b), MOST_LOG_MEAN)), dispersion: Math.exp(within(dot(row.z, model.c), MOST_LOG_DISPERSION)),
});

/** Up to this count sums of its few terms are faster than differences of gamma functions, and no less exact. */
const FEW = 12;

/** f(y + r) − f(r) for ln Γ and its first two derivatives. */
function logGammaRise(y: number, r: number): number {
  if (y > FEW) return logGamma(y + r) - logGamma(r);
  let product = 1;
  for (let i = 0; i < y; i++) product *= r + i;
  return Math.log(product);
}
function digammaRise(y: number, r: number): number {
  if (y > FEW) return digamma(y + r) - digamma(r);
  let sum = 0;
  for (let i = 0; i < y; i++) sum += 1 / (r + i);
  return sum;
}
function trigammaRise(y: number, r: number): number {
  if (y > FEW) return trigamma(y + r) - trigamma(r);
  let sum = 0;
  for (let i = 0; i < y; i++) sum -= 1 / (r + i) ** 2;
  return sum;
}

const logLikelihood = (y: number, mean: number, dispersion: number): number => {
  const r = 1 / dispersion;
  return logGammaRise(y, r) - logGammaRise(y, 1) + r * Math.log(r / (r + mean)) + (y === 0 ? 0 : y * Math.log(mean / (r + mean)));
};

const penalty = (values: readonly number[], prior: NormalPrior): number => values.reduce((s, v, i) => s + 0.5 * (prior.precision[i] as number) * (v - (prior.mean[i] as number)) ** 2, 0);

/** Solves A s = g for a symmetric positive definite A (Cholesky); a diagonal that is not positive is lifted. */
export function solved(a: readonly (readonly number[])[], g: readonly number[]): number[] {
  const n = g.length;
  const l = a.map((row) => [...row]);
  const at = (i: number, j: number): number => (l[i] as number[])[j] as number;
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      (l[i] as number[])[j] = i === j ? Math.sqrt(Math.max(sum, 1e-10)) : sum / at(j, j);
    }
  }
  const s = [...g];
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) s[i] = (s[i] as number) - at(i, k) * (s[k] as number);
    s[i] = (s[i] as number) / at(i, i);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) s[i] = (s[i] as number) - at(k, i) * (s[k] as number);
    s[i] = (s[i] as number) / at(i, i);
  }
  return s;
}

/** Gradient and information of one block of coefficients, from a score and a weight per row. */
function blockOf(rows: readonly CountRow[], pick: 'x' | 'z', values: readonly number[], prior: NormalPrior, term: (row: CountRow) => readonly [score: number, weight: number]): number[] {
  const n = values.length;
  const gradient = values.map((v, i) => -(prior.precision[i] as number) * (v - (prior.mean[i] as number)));
  const information = values.map((_, i) => values.map((__, j) => (i === j ? (prior.precision[i] as number) : 0)));
  for (const row of rows) {
    const share = row.weight ?? 1;
    if (share === 0) continue;
    const terms = term(row);
    const [score, weight] = [share * terms[0], share * terms[1]];
    const f = row[pick];
    for (let i = 0; i < n; i++) {
      gradient[i] = (gradient[i] as number) + score * (f[i] as number);
      const line = information[i] as number[];
      for (let j = 0; j <= i; j++) line[j] = (line[j] as number) + weight * (f[i] as number) * (f[j] as number);
    }
  }
  return solved(information, gradient);
}

function meanStep(rows: readonly CountRow[], model: CountModel, prior: NormalPrior): number[] {
  return blockOf(rows, 'x', model.b, prior, (row) => {
    const { mean, dispersion } = predicted(model, row);
    return [(row.y - mean) / (1 + dispersion * mean), mean / (1 + dispersion * mean)];
  });
}

function dispersionStep(rows: readonly CountRow[], model: CountModel, prior: NormalPrior): number[] {
  return blockOf(rows, 'z', model.c, prior, (row) => {
    const { mean, dispersion } = predicted(model, row);
    const r = 1 / dispersion;
    const first = digammaRise(row.y, r) + Math.log(r / (r + mean)) + (mean - row.y) / (r + mean);
    const second = trigammaRise(row.y, r) + 1 / r - 1 / (r + mean) - (mean - row.y) / (r + mean) ** 2;
    // By ln α: r = exp(−ln α). Where the curvature is of the wrong sign the square of the score stands in.
    const score = -r * first;
    const curvature = -(r * r * second + r * first);
    return [score, curvature > 0 ? curvature : score * score];
  });
}

const ITERATIONS = 60;
const CLOSE = 1e-7;

/**
 * @param start where to begin, such as the fit of yesterday; the prior's means by default
 * Deterministic; every coefficient of the answer is finite. Cost: rows × coefficients² per step, few steps from a good start.
 */
export function fitCounts(rows: readonly CountRow[], meanPrior: NormalPrior, dispersionPrior: NormalPrior, start?: CountModel): CountModel {
  for (const { y, x, z, offset, weight } of rows) {
    if (weight !== undefined && !(weight >= 0 && Number.isFinite(weight))) throw new RangeError(`a weight must be finite and not negative, got ${weight}`);
    if (!(Number.isInteger(y) && y >= 0)) throw new RangeError(`y must be a whole number, got ${y}`);
    if (!Number.isFinite(offset) || ![...x, ...z].every(Number.isFinite)) throw new RangeError('offset, x and z must be finite');
  }
  const value = (m: CountModel): number => {
    let sum = -penalty(m.b, meanPrior) - penalty(m.c, dispersionPrior);
    for (const row of rows) {
      const { mean, dispersion } = predicted(m, row);
      sum += (row.weight ?? 1) * logLikelihood(row.y, mean, dispersion);
    }
    return sum;
  };
  let model: CountModel = start ?? { b: meanPrior.mean, c: dispersionPrior.mean };
  let best = value(model);
  const climbed = (toward: (share: number) => CountModel): boolean => {
    for (let share = 1; share > 1e-6; share /= 2) {
      const next = toward(share);
      const reached = value(next);
      if (reached > best) {
        [model, best] = [next, reached];
        return true;
      }
    }
    return false;
  };
  for (let i = 0; i < ITERATIONS; i++) {
    const before = best;
    const [b, c] = [model.b, model.c];
    const db = meanStep(rows, model, meanPrior);
    climbed((share) => ({ b: b.map((v, k) => v + share * (db[k] as number)), c }));
    const moved = model.b;
    const dc = dispersionStep(rows, model, dispersionPrior);
    climbed((share) => ({ b: moved, c: c.map((v, k) => v + share * (dc[k] as number)) }));
    if (best - before < CLOSE * (1 + Math.abs(best))) break;
  }
  return model;
}
