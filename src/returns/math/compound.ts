// Whole units that are still to come, where they come in clumps: quantiles of a random number of clumps of random size.
import { gammaBelow } from '../../kernel/math/index.js';

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
/** A binomial number of more clumps than this is near enough to a normal one, and the recursion, which then takes differences, is not exact enough. */
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
function panjer({ mean, variance, sizes }: Compound, step: number, enough: number): Float64Array {
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
  const masses = new Float64Array(CELLS + 1);
  let sum = (masses[0] = small ? 1 : Math.exp(first));
  const scale = 1 / (1 - a * none);
  for (let k = 1; k <= CELLS && (small || sum < enough); k++) {
    let mass = 0;
    for (let i = 0; i < cells.length; i++) {
      const j = cells[i] as number;
      if (j <= k) mass += (a + (b * j) / k) * (shares[i] as number) * (masses[k - j] as number);
    }
    // A binomial number ends: what rounding leaves below 0 there is nothing.
    sum += masses[k] = Math.max(0, mass * scale);
    if (!small || (masses[k] as number) < HUGE) continue;
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
  const mean = compound.mean * size;
  const variance = compound.mean * Math.max(0, square - size * size) + compound.variance * size * size;
  if (compound.variance >= compound.mean || compound.mean <= MANY) {
    // Chebyshev would do with √10 sd where the tail is 5 %; clumps of great size far from the mean are worth no cell.
    const range = Math.min(most, mean + Math.max(6, Math.sqrt(2 / tail)) * Math.sqrt(variance) + 1);
    const step = Math.max(1, range / CELLS);
    const masses = panjer({ mean: compound.mean, variance: Math.max(compound.variance, 1e-9), sizes }, step, 1 - tail + 1e-6);
    return found((k) => masses[k] as number, step, most, tail, level);
  }
  if (variance <= 0) return { lower: Math.min(most, Math.round(mean)), upper: Math.min(most, Math.round(mean)) };
  const [shape, rate] = [Math.min(1e9, mean ** 2 / variance), Math.min(1e9, mean ** 2 / variance) / mean];
  const below = (k: number): number => gammaBelow(k + 0.5, shape, rate);
  const smallest = (share: number): number => {
    let [low, high] = [-1, most];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (below(middle) >= share) high = middle;
      else low = middle;
    }
    return high;
  };
  const lower = smallest(tail);
  return { lower, upper: Math.max(lower, smallest(Math.min(1, (lower === 0 ? 0 : below(lower - 1)) + level))) };
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
