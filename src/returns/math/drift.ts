// Factors that drift along a row: how much higher or lower the rate of returns is from fortnight to fortnight of the sale, or from
// one size of line to the next, told apart from chance.

/** Posterior of the logarithms of the factors along the row. */
export interface Drift {
  readonly log: Float64Array;
  /** Row by row; how far the logarithms may be off, and how far together. */
  readonly covariance: readonly Float64Array[];
}

/** What was seen at one place of the row. */
export interface Seen {
  /** Returns, in units that came one by one; and as many as a factor of 1 would bring, both ≥ 0. */
  readonly came: number;
  readonly expected: number;
  /** Variance of what came over its mean, > 0. */
  readonly dispersion: number;
  /** Relative error of `expected` itself (sd of its logarithm), ≥ 0. */
  readonly blur: number;
}

/** Prior sd of the first logarithm: the level, which the row has in common, is free. */
const LEVEL = 2;

/**
 * Inverse and log determinant of a symmetric positive definite matrix that is 0 but on its diagonal and beside it, as the precision of
 * a walk is, by Cholesky: `diagonal`, and `beside` it (index i: between i − 1 and i). Cost: n².
 */
function inverted(diagonal: Float64Array, beside: Float64Array): { readonly inverse: Float64Array[]; readonly logDeterminant: number } {
  const n = diagonal.length;
  const [root, below] = [new Float64Array(n), new Float64Array(n)];
  let logDeterminant = 0;
  for (let i = 0; i < n; i++) {
    const b = (below[i] = i === 0 ? 0 : (beside[i] as number) / (root[i - 1] as number));
    logDeterminant += 2 * Math.log((root[i] = Math.sqrt((diagonal[i] as number) - b * b)));
  }
  const inverse = Array.from({ length: n }, () => new Float64Array(n));
  const column = new Float64Array(n);
  for (let c = 0; c < n; c++) {
    column.fill(0, 0, c);
    column[c] = 1 / (root[c] as number);
    for (let i = c + 1; i < n; i++) column[i] = -((below[i] as number) * (column[i - 1] as number)) / (root[i] as number);
    for (let i = n - 1; i >= 0; i--) {
      const after = i + 1 < n ? (below[i + 1] as number) * (column[i + 1] as number) : 0;
      column[i] = ((column[i] as number) - after) / (root[i] as number);
      (inverse[i] as Float64Array)[c] = column[i] as number;
    }
  }
  return { inverse, logDeterminant };
}

/** Adds the precision of a random walk with this step to a matrix (as of `inverted`); answers its log determinant. */
function walk(diagonal: Float64Array, beside: Float64Array, step: number): number {
  const n = diagonal.length;
  const add = (i: number, x: number): void => { diagonal[i] = (diagonal[i] as number) + x; };
  add(0, 1 / LEVEL ** 2);
  const precision = 1 / step ** 2;
  for (let i = 1; i < n; i++) {
    add(i, precision);
    add(i - 1, precision);
    beside[i] = (beside[i] as number) - precision;
  }
  return -2 * Math.log(LEVEL) - 2 * (n - 1) * Math.log(step);
}

interface Fit extends Drift {
  /** Logarithm of how well this step explains what was seen (Laplace). */
  readonly evidence: number;
}

function fitted(row: readonly Seen[], step: number): Fit {
  const n = row.length;
  const log = new Float64Array(n);
  let [inverse, evidence]: [Float64Array[], number] = [[], 0];
  for (let round = 0; round < 8; round++) {
    const [diagonal, beside, pull] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
    const prior = walk(diagonal, beside, step);
    let [fit, move] = [0, 0];
    // Quadratic form of the prior at the point where we are.
    let form = ((log[0] as number) / LEVEL) ** 2;
    for (let i = 1; i < n; i++) form += (((log[i] as number) - (log[i - 1] as number)) / step) ** 2;
    row.forEach((s, i) => {
      const at = log[i] as number;
      const mean = s.expected * Math.exp(at);
      if (mean <= 0) return;
      // Blur makes the information of many returns finite: 1/(1/information + blur²).
      const information = 1 / (s.dispersion / mean + s.blur ** 2);
      const share = (information * s.dispersion) / mean;
      pull[i] = information * at + ((s.came - mean) / s.dispersion) * share;
      diagonal[i] = (diagonal[i] as number) + information;
      fit += (share * (s.came * at - mean + (s.came > 0 ? s.came - s.came * Math.log(s.came / s.expected) : 0))) / s.dispersion;
    });
    const { inverse: covariance, logDeterminant } = inverted(diagonal, beside);
    for (let i = 0; i < n; i++) {
      let next = 0;
      for (let j = 0; j < n; j++) next += ((covariance[i] as Float64Array)[j] as number) * (pull[j] as number);
      next = Math.min(8, Math.max(-8, next));
      move = Math.max(move, Math.abs(next - (log[i] as number)));
      log[i] = (log[i] as number) + Math.min(1.5, Math.max(-1.5, next - (log[i] as number)));
    }
    inverse = covariance;
    evidence = fit - 0.5 * form + 0.5 * prior - 0.5 * logDeterminant;
    if (move < 1e-3) break;
  }
  return { log, covariance: inverse, evidence };
}

/**
 * Factors of a row under quasi-Poisson counts and a Gaussian random walk of their logarithms, by Laplace's approximation; the size
 * of the walk's step is not known, so the answers for each of `steps` (> 0) are averaged by how well they explain what was seen
 * (West and Harrison, "Bayesian Forecasting and Dynamic Models", 1997, for the walk; Tierney and Kadane 1986 for the approximation).
 * `weights` (≥ 0, not all 0) say over what the mean of the logarithms is 0. An empty row answers nothing.
 */
export function driftOf(row: readonly Seen[], weights: readonly number[], steps: readonly number[]): Drift {
  const n = row.length;
  const whole = weights.reduce((s, w) => s + w, 0);
  if (n === 0 || whole <= 0) return { log: new Float64Array(n), covariance: Array.from({ length: n }, () => new Float64Array(n)) };
  const fits = steps.map((step) => fitted(row, step)).map((fit) => centred(fit, weights.map((w) => w / whole)));
  const best = Math.max(...fits.map((f) => f.evidence));
  const chances = fits.map((f) => Math.exp(f.evidence - best));
  const sum = chances.reduce((s, c) => s + c, 0);
  const log = new Float64Array(n);
  fits.forEach((f, k) => f.log.forEach((x, i) => (log[i] = (log[i] as number) + (x * (chances[k] as number)) / sum)));
  const covariance = Array.from({ length: n }, (_, i) =>
    Float64Array.from({ length: n }, (__, j) => fits.reduce((s, f, k) => s + (((chances[k] as number) / sum) * (((f.covariance[i] as Float64Array)[j] as number) + ((f.log[i] as number) - (log[i] as number)) * ((f.log[j] as number) - (log[j] as number)))), 0)));
  return { log, covariance };
}

/** The same with the weighted mean of the logarithms at 0, and without its uncertainty. */
function centred(fit: Fit, weights: readonly number[]): Fit {
  const mean = fit.log.reduce((s, x, i) => s + x * (weights[i] as number), 0);
  const toMean = fit.covariance.map((row) => row.reduce((s, x, j) => s + x * (weights[j] as number), 0));
  const ofMean = toMean.reduce((s, x, i) => s + x * (weights[i] as number), 0);
  return { evidence: fit.evidence, log: fit.log.map((x) => x - mean), covariance: fit.covariance.map((row, i) => row.map((x, j) => x - (toMean[i] as number) - (toMean[j] as number) + ofMean)) };
}

/** Variance of the logarithm of Σ parts × factor, to first order; `parts` ≥ 0 along the row. */
export function varianceOver(drift: Drift, parts: Float64Array): number {
  let whole = 0;
  const used: number[] = [];
  for (let i = 0; i < parts.length; i++) if ((parts[i] as number) > 0) { whole += parts[i] as number; used.push(i); }
  let sum = 0;
  for (const i of used) for (const j of used) sum += (parts[i] as number) * (parts[j] as number) * ((drift.covariance[i] as Float64Array)[j] as number);
  return whole > 0 ? Math.max(0, sum) / whole ** 2 : 0;
}
