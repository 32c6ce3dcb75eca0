// Whole units that are still to come, where they come in clumps: quantiles of a random number of clumps of random size.
import { gammaBelow, normalBelow } from '../../kernel/math/index.js';

/** Units of a clump (> 0), and how likely (any weight ≥ 0). */
export interface ClumpSize {
  readonly units: number;
  readonly weight: number;
}

/** Number of clumps: mean ≥ 0 and variance; and the sizes they have. */
export interface Compound {
  readonly mean: number;
  readonly variance: number;
  readonly sizes: readonly ClumpSize[];
}

/** Cells of the lattice: up to as many units exactly, in steps beyond. */
const CELLS = 320;
/** A sum of less skewness than this, or of a binomial number of more clumps (the recursion then takes differences), has its shape from three moments. */
const SKEWED = 1;
const MANY = 60;
const HUGE = 1e200;
const LOG_HUGE = Math.log(HUGE);

/** Sizes on multiples of `step`, each split between its neighbours so that the mean stays. */
function onLattice(sizes: readonly ClumpSize[], step: number): { readonly cells: Int32Array; readonly shares: Float64Array; readonly none: number } {
  const shares = new Map<number, number>();
  const whole = sizes.reduce((s, c) => s + c.weight, 0);
  const put = (cell: number, weight: number): void => { if (weight > 0) shares.set(cell, (shares.get(cell) ?? 0) + weight / whole); };
  for (const { units, weight } of sizes) {
    const x = units / step;
    const below = Math.floor(x + 1e-9);
    put(below, weight * Math.min(1, below + 1 - x));
    put(below + 1, weight * Math.max(0, x - below - 1e-9));
  }
  const none = shares.get(0) ?? 0;
  shares.delete(0);
  return { cells: Int32Array.from(shares.keys()), shares: Float64Array.from(shares.values()), none };
}

/**
 * Masses of the sum on the lattice by Panjer's recursion (1981): the number of clumps is binomial, Poisson or negative binomial as its
 * variance is below, at or above its mean, p_n = (a + b/n) p_(n−1). It ends where `enough` of the mass was found. The first mass may
 * be too small for a double; the recursion then begins at 1 and the scale is kept apart.
 */
function panjer({ mean, variance, sizes }: Compound, step: number, enough: number): number[] {
  const ratio = variance / mean;
  let [a, b, first] = [0, mean, 0];
  const { cells, shares, none } = onLattice(sizes, step);
  if (ratio > 1.0001) {
    const r = mean / (ratio - 1);
    a = 1 - 1 / ratio;
    b = (r - 1) * a;
    first = -r * Math.log(ratio - (ratio - 1) * none);
  } else if (ratio < 0.9999) {
    const n = Math.max(1, Math.ceil(mean + 1e-9), Math.round(mean / (1 - ratio)));
    const q = Math.min(0.999999, mean / n);
    a = -q / (1 - q);
    b = -(n + 1) * a;
    first = n * Math.log1p(-q * (1 - none));
  } else first = -mean * (1 - none);
  const small = first < -600;
  let sum = small ? 1 : Math.exp(first);
  const masses = [sum];
  const scale = 1 / (1 - a * none);
  for (let k = 1; k <= CELLS && (small || sum < enough); k++) {
    let mass = 0;
    for (let i = 0; i < cells.length; i++) {
      const j = cells[i] as number;
      if (j <= k) mass += (a + (b * j) / k) * (shares[i] as number) * (masses[k - j] as number);
    }
    // A binomial number ends: what rounding leaves below 0 there is nothing.
    mass = Math.max(0, mass * scale);
    masses.push(mass);
    sum += mass;
    if (!small || mass < HUGE) continue;
    for (let i = 0; i <= k; i++) masses[i] = (masses[i] as number) / HUGE;
    first += LOG_HUGE;
  }
  return small ? masses.map((mass) => (mass > 0 ? Math.exp(Math.log(mass) + first) : 0)) : masses;
}

/**
 * An interval of whole units in [0, most] with at least `level` of the mass: it begins at the smallest k with P(X ≤ k) ≥ (1 − level)/2,
 * and what mass a lower end at 0 leaves unused goes to the upper end, else an interval of rare returns would hold far more than it says.
 */
export function intervalOf(compound: Compound, most: number, level: number): { readonly lower: number; readonly upper: number } {
  const tail = (1 - level) / 2;
  const sizes = compound.sizes.filter((s) => s.weight > 0 && s.units > 0);
  const weight = sizes.reduce((s, c) => s + c.weight, 0);
  if (compound.mean <= 0 || sizes.length === 0 || most <= 0) return { lower: 0, upper: 0 };
  const size = sizes.reduce((s, c) => s + c.weight * c.units, 0) / weight;
  const square = sizes.reduce((s, c) => s + c.weight * c.units ** 2, 0) / weight;
  const cube = sizes.reduce((s, c) => s + c.weight * c.units ** 3, 0) / weight;
  const [mean, spread, ratio] = [compound.mean * size, Math.max(0, square - size * size), compound.variance / compound.mean];
  const variance = compound.mean * spread + compound.variance * size * size;
  // Cumulants of a compound sum; the third of the number is that of the (a, b, 0) class.
  const third = compound.mean * (cube - 3 * size * square + 2 * size ** 3) + 3 * compound.variance * size * spread + compound.mean * ratio * (2 * ratio - 1) * size ** 3;
  const skewness = variance > 0 ? third / variance ** 1.5 : 0;
  const range = Math.min(most, reach(compound, sizes, weight, tail));
  const step = Math.max(1, range / CELLS);
  if ((ratio >= 1 || compound.mean <= MANY) && (step === 1 || skewness > SKEWED)) {
    const masses = panjer({ mean: compound.mean, variance: Math.max(compound.variance, 1e-9), sizes }, step, 1 - tail + 1e-6);
    return found((k) => masses[k] ?? 0, step, most, tail, level);
  }
  const below = byMoments(mean, Math.sqrt(Math.max(1e-12, variance)), skewness);
  const smallest = (share: number): number => {
    let [low, high] = [-1, most];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (below(middle + 0.5) >= share) high = middle;
      else low = middle;
    }
    return high;
  };
  const lower = smallest(tail);
  return { lower, upper: Math.max(lower, smallest(Math.min(1, (lower === 0 ? 0 : below(lower - 0.5)) + level))) };
}

/** How far the sum reaches: the largest clumps, of which there is one less often than a quarter of the tail, are worth no cell. */
function reach({ mean, variance }: Compound, sizes: readonly ClumpSize[], weight: number, tail: number): number {
  let [rare, sum, squares] = [0, 0, 0];
  for (const { units, weight: w } of [...sizes].sort((a, b) => b.units - a.units)) {
    const often = (mean * w) / weight;
    rare += often;
    if (rare < tail / 4) continue;
    sum += often * units;
    squares += often * units * units;
  }
  // Mean and variance of what is left; Chebyshev would do with √10 sd where the tail is 5 %.
  const spread = squares + (sum / mean) ** 2 * Math.max(0, variance - mean);
  return sum + Math.max(6, Math.sqrt(2 / tail)) * Math.sqrt(spread) + 1;
}

/** Distribution function of a gamma distribution that was moved, with these three moments (translated gamma: Bowers et al., "Actuarial Mathematics", 12.6); normal without skewness. */
function byMoments(mean: number, sd: number, skewness: number): (x: number) => number {
  if (skewness < 0.002) return (x) => normalBelow((x - mean) / sd);
  const shape = 4 / (skewness * skewness);
  const scale = (sd * skewness) / 2;
  return (x) => gammaBelow(x - (mean - shape * scale), shape, 1 / scale);
}

function found(mass: (k: number) => number, step: number, most: number, tail: number, level: number): { readonly lower: number; readonly upper: number } {
  let [sum, from] = [0, -1];
  let [lower, upper] = [0, CELLS];
  for (let k = 0; k <= CELLS; k++) {
    const before = sum;
    sum += mass(k);
    if (from < 0 && sum + 1e-9 >= tail) [lower, from] = [k, before];
    // Whole units cannot meet the level: the end is where they come closest, or intervals of rare returns all hold too much.
    if (from >= 0 && sum + 1e-9 >= from + level) {
      upper = k > lower && from + level - before < sum - (from + level) ? k - 1 : k;
      break;
    }
  }
  // Steps of several units: outwards.
  const inUnits = (k: number, ends: (x: number) => number): number => Math.min(most, ends(k * step));
  return { lower: inUnits(lower, Math.floor), upper: Math.max(inUnits(lower, Math.floor), inUnits(upper, Math.ceil)) };
}
