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

/** ln y! of whole numbers, kept up to a size: the same few hundred counts are fitted again and again. */
const factorials = new Float64Array(1024).fill(NaN);
function logFactorial(y: number): number {
  if (y >= factorials.length) return logGammaRise(y, 1);
  const known = factorials[y] as number;
  return Number.isNaN(known) ? (factorials[y] = logGammaRise(y, 1)) : known;
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

function finite(value: number | undefined): number {
  if (value === undefined || !Number.isFinite(value)) throw new RangeError('offset, x and z must be finite');
  return value;
}

/** Rows laid out as columns of numbers, with what does not change from step to step: a fit looks at every row some hundred times. */
class Rows {
  readonly n: number;
  readonly y: Float64Array;
  readonly weight: Float64Array;
  readonly offset: Float64Array;
  readonly x: Float64Array;
  readonly z: Float64Array;
  /** ln y!. */
  readonly factorial: Float64Array;
  readonly mean: Float64Array;
  readonly dispersion: Float64Array;
  /** What the likelihood has of a row before its mean is known: ln Γ(y + r) − ln Γ(r) − ln y!, r the inverse of the dispersion. */
  private readonly ways: Float64Array;

  constructor(rows: readonly CountRow[], private readonly means: number, private readonly dispersions: number) {
    this.n = rows.length;
    const column = (): Float64Array => new Float64Array(this.n);
    [this.y, this.weight, this.offset, this.factorial] = [column(), column(), column(), column()];
    this.x = new Float64Array(this.n * means);
    this.z = new Float64Array(this.n * dispersions);
    for (const [i, r] of rows.entries()) {
      this.y[i] = r.y;
      this.weight[i] = r.weight ?? 1;
      this.offset[i] = finite(r.offset);
      this.factorial[i] = logFactorial(r.y);
      for (let k = 0; k < means; k++) this.x[i * means + k] = finite(r.x[k]);
      for (let k = 0; k < dispersions; k++) this.z[i * dispersions + k] = finite(r.z[k]);
    }
    this.mean = new Float64Array(this.n);
    this.dispersion = new Float64Array(this.n);
    this.ways = new Float64Array(this.n);
  }

  /** What `predicted` says of every row, for these coefficients of the mean. */
  layMeans(b: readonly number[]): void {
    const { x, means } = this;
    for (let i = 0, at = 0; i < this.n; i++) {
      let sum = 0;
      for (let k = 0; k < means; k++) sum += (x[at++] as number) * (b[k] as number);
      this.mean[i] = Math.exp(within((this.offset[i] as number) + sum, MOST_LOG_MEAN));
    }
  }

  layDispersions(c: readonly number[]): void {
    const { z, dispersions } = this;
    for (let i = 0, at = 0; i < this.n; i++) {
      let sum = 0;
      for (let k = 0; k < dispersions; k++) sum += (z[at++] as number) * (c[k] as number);
      const dispersion = Math.exp(within(sum, MOST_LOG_DISPERSION));
      this.dispersion[i] = dispersion;
      this.ways[i] = logGammaRise(this.y[i] as number, 1 / dispersion) - (this.factorial[i] as number);
    }
  }

  logLikelihood(): number {
    let sum = 0;
    for (let i = 0; i < this.n; i++) {
      const y = this.y[i] as number;
      const mean = this.mean[i] as number;
      const r = 1 / (this.dispersion[i] as number);
      sum += (this.weight[i] as number) * ((this.ways[i] as number) + r * Math.log(r / (r + mean)) + (y === 0 ? 0 : y * Math.log(mean / (r + mean))));
    }
    return sum;
  }

  meanStep(b: readonly number[], prior: NormalPrior): number[] {
    const block = new Block(this.x, b, prior);
    for (let i = 0; i < this.n; i++) {
      const share = this.weight[i] as number;
      if (share === 0) continue;
      const mean = this.mean[i] as number;
      const spread = 1 + (this.dispersion[i] as number) * mean;
      block.add(i, share * (((this.y[i] as number) - mean) / spread), share * (mean / spread));
    }
    return block.step();
  }

  dispersionStep(c: readonly number[], prior: NormalPrior): number[] {
    const block = new Block(this.z, c, prior);
    for (let i = 0; i < this.n; i++) {
      const share = this.weight[i] as number;
      if (share === 0) continue;
      const y = this.y[i] as number;
      const mean = this.mean[i] as number;
      const r = 1 / (this.dispersion[i] as number);
      const first = digammaRise(y, r) + Math.log(r / (r + mean)) + (mean - y) / (r + mean);
      const second = trigammaRise(y, r) + 1 / r - 1 / (r + mean) - (mean - y) / (r + mean) ** 2;
      // By ln α: r = exp(−ln α). Where the curvature is of the wrong sign the square of the score stands in.
      const score = -r * first;
      const curvature = -(r * r * second + r * first);
      block.add(i, share * score, share * (curvature > 0 ? curvature : score * score));
    }
    return block.step();
  }
}

/** Gradient and information of one block of coefficients, from a score and a weight per row. */
class Block {
  private readonly gradient: Float64Array;
  /** The lower triangle, row by row. */
  private readonly information: Float64Array;

  constructor(private readonly features: Float64Array, private readonly values: readonly number[], prior: NormalPrior) {
    const n = values.length;
    this.gradient = Float64Array.from(values, (v, i) => -(prior.precision[i] as number) * (v - (prior.mean[i] as number)));
    this.information = new Float64Array(n * n);
    for (let i = 0; i < n; i++) this.information[i * n + i] = prior.precision[i] as number;
  }

  add(row: number, score: number, weight: number): void {
    const { features, gradient, information } = this;
    const n = gradient.length;
    const at = row * n;
    for (let i = 0; i < n; i++) {
      const f = features[at + i] as number;
      gradient[i] = (gradient[i] as number) + score * f;
      for (let j = 0; j <= i; j++) information[i * n + j] = (information[i * n + j] as number) + weight * f * (features[at + j] as number);
    }
  }

  step(): number[] {
    const n = this.values.length;
    return solved(this.values.map((_, i) => Array.from(this.information.subarray(i * n, (i + 1) * n))), Array.from(this.gradient));
  }
}

const ITERATIONS = 60;
const CLOSE = 1e-7;

/**
 * @param start where to begin, such as the fit of yesterday; the prior's means by default
 * Deterministic; every coefficient of the answer is finite. Cost: rows × coefficients² per step, few steps from a good start.
 */
export function fitCounts(rows: readonly CountRow[], meanPrior: NormalPrior, dispersionPrior: NormalPrior, start?: CountModel): CountModel {
  for (const { y, weight } of rows) {
    if (weight !== undefined && !(weight >= 0 && Number.isFinite(weight))) throw new RangeError(`a weight must be finite and not negative, got ${weight}`);
    if (!(Number.isInteger(y) && y >= 0)) throw new RangeError(`y must be a whole number, got ${y}`);
  }
  const laid = new Rows(rows, meanPrior.mean.length, dispersionPrior.mean.length);
  let { b, c } = start ?? { b: meanPrior.mean, c: dispersionPrior.mean };
  laid.layMeans(b);
  laid.layDispersions(c);
  const value = (atB: readonly number[], atC: readonly number[]): number => laid.logLikelihood() - penalty(atB, meanPrior) - penalty(atC, dispersionPrior);
  let best = value(b, c);
  /** Goes as far along a step as it pays; answers the coefficients there. */
  const climbed = (from: readonly number[], step: readonly number[], lay: (values: readonly number[]) => void, at: (values: readonly number[]) => number): readonly number[] => {
    for (let share = 1; share > 1e-6; share /= 2) {
      const next = from.map((v, k) => v + share * (step[k] as number));
      lay(next);
      const reached = at(next);
      if (reached > best) {
        best = reached;
        return next;
      }
    }
    lay(from);
    return from;
  };
  for (let i = 0; i < ITERATIONS; i++) {
    const before = best;
    const fixed = c;
    b = climbed(b, laid.meanStep(b, meanPrior), (v) => laid.layMeans(v), (v) => value(v, fixed));
    const moved = b;
    c = climbed(c, laid.dispersionStep(c, dispersionPrior), (v) => laid.layDispersions(v), (v) => value(moved, v));
    if (best - before < CLOSE * (1 + Math.abs(best))) break;
  }
  return { b, c };
}
