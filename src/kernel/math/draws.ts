// Draws from distributions by a named generator (random.ts): deterministic for a seed and a path.
import type { Random } from './random.js';

/** Standard normal by Box and Muller (1958); one of the pair is thrown away, so that a draw never depends on the draws before it in pairs. */
export function drawNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/** exp(N(ln median, sd²)); sd ≥ 0. */
export const drawLogNormal = (random: Random, median: number, sd: number): number => median * Math.exp(sd * drawNormal(random));

/** Gamma of shape > 0 and mean shape × scale, by Marsaglia and Tsang (2000); shapes below 1 by their power of a uniform. */
export function drawGamma(random: Random, shape: number, scale = 1): number {
  if (!(shape > 0 && scale > 0)) throw new RangeError(`shape and scale must be positive, got ${shape} and ${scale}`);
  if (shape < 1) return drawGamma(random, shape + 1, scale) * Math.pow(1 - random.next(), 1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = drawNormal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v * scale;
  }
}

/** Beta(a, b); both > 0. */
export function drawBeta(random: Random, a: number, b: number): number {
  const x = drawGamma(random, a);
  return x / (x + drawGamma(random, b));
}

/** Stirling's series of ln k!, exact for small k by the product. */
function logFactorial(k: number): number {
  if (k < 10) {
    let p = 1;
    for (let i = 2; i <= k; i++) p *= i;
    return Math.log(p);
  }
  return (k + 0.5) * Math.log(k) - k + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * k) - 1 / (360 * k ** 3);
}

/** Poisson by inversion below a mean of 12, above it by the transformed rejection PTRS of Hörmann (1993). */
export function drawPoisson(random: Random, mean: number): number {
  if (!(mean >= 0) || !Number.isFinite(mean)) throw new RangeError(`mean must not be negative, got ${mean}`);
  if (mean < 12) {
    let k = 0;
    for (let p = Math.exp(-mean), u = random.next(), sum = p; u > sum && k < 200; sum += p) p *= mean / ++k;
    return k;
  }
  const log = Math.log(mean);
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverse = 1.1239 + 1.1328 / (b - 3.4);
  const v0 = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = random.next() - 0.5;
    const v = 1 - random.next();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= v0) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (Math.log((v * inverse) / (a / (us * us) + b)) <= k * log - mean - logFactorial(k)) return k;
  }
}

/** One of the values with chances in proportion to the weights (not all 0). */
export function drawIndex(random: Random, weights: readonly number[]): number {
  let u = random.next() * weights.reduce((s, w) => s + w, 0);
  for (let i = 0; i < weights.length; i++) {
    u -= weights[i] as number;
    if (u < 0) return i;
  }
  return weights.length - 1;
}

/** Uniform in [from, to). */
export const drawUniform = (random: Random, from: number, to: number): number => from + (to - from) * random.next();
