// The posterior of a return rate p on a grid, under p^a (1 − p)^b Π (1 − p g)^n over units whose time is not over. The last
// product is smooth, so it is computed at a few nodes with its derivative and interpolated in between (cubic Hermite: the error of
// the logarithm is h⁴/384 times the fourth derivative, below 1e-6 wherever the posterior has weight).

/** Levels of g; what lies between two of them is shared out, which moves the logarithm by less than p²/8,000 per unit. */
export const LEVELS = 32;

/** Units that are not back yet, by how much of their time is over. */
export interface YoungUnits {
  /** Σ n ln(1 − p g). */
  readonly log: (p: number) => number;
  /** Its derivative in p. */
  readonly slope: (p: number) => number;
  /** Units that are still to come, given p: Σ v p/(1 − p g). */
  readonly coming: (p: number) => number;
  /** Σ v: what could come at most. */
  readonly open: number;
}

/**
 * @param counts n by level, g = level/32, the last level left out (its time is over; it belongs into b)
 * @param open v by level: units, each by the share of its chance that is still ahead
 * @param weight of each count as evidence
 */
export function youngUnits(counts: Float64Array, open: Float64Array, weight = 1): YoungUnits {
  const g = new Float64Array(LEVELS + 1);
  const n = new Float64Array(LEVELS + 1);
  const v = new Float64Array(LEVELS + 1);
  let [used, whole] = [0, 0];
  for (let i = 0; i <= LEVELS; i++) {
    const count = i < LEVELS ? (counts[i] as number) * weight : 0;
    const ahead = open[i] as number;
    if (count === 0 && ahead === 0) continue;
    g[used] = i / LEVELS;
    n[used] = count;
    v[used++] = ahead;
    whole += ahead;
  }
  const log = (p: number): number => {
    let sum = 0;
    for (let i = 0; i < used; i++) sum += (n[i] as number) * Math.log(1 - p * (g[i] as number));
    return sum;
  };
  const slope = (p: number): number => {
    let sum = 0;
    for (let i = 0; i < used; i++) sum -= ((n[i] as number) * (g[i] as number)) / (1 - p * (g[i] as number));
    return sum;
  };
  const coming = (p: number): number => {
    let sum = 0;
    for (let i = 0; i < used; i++) sum += (v[i] as number) / (1 - p * (g[i] as number));
    return p * sum;
  };
  return { log, slope, coming, open: whole };
}

/** Cells of the grid: their borders and middles, the mass in each (together 1), and what is still to come there. */
export interface Posterior {
  readonly border: Float64Array;
  readonly p: Float64Array;
  readonly weight: Float64Array;
  readonly coming: Float64Array;
}

/** Points of each look for where the mass is, and how many of them must have some before the grid is laid. */
const LOOK = 20;
const ENOUGH = 5;
const GRID = 112;
const NODES = 16;
/** Below exp(−25) of the top there is no mass worth a point. */
const NO_MASS = 25;
const LEAST_P = 1e-9;

/** From where to where the mass lies: looked for with ever closer points, as that of many units is narrow. */
function rangeOf(a: number, b: number, young: YoungUnits): { readonly from: number; readonly to: number } {
  let [from, to] = [LEAST_P, 1 - LEAST_P];
  const logs = new Float64Array(LOOK);
  for (let look = 0; look < 20; look++) {
    // The first look is closer towards both ends (sin²), where rates of few per cent live.
    const at = (i: number): number => from + (to - from) * (look === 0 ? Math.sin((Math.PI / 2) * (i / LOOK)) ** 2 : i / LOOK);
    let best = -Infinity;
    for (let i = 1; i < LOOK; i++) {
      const p = at(i);
      logs[i] = a * Math.log(p) + b * Math.log1p(-p) + young.log(p);
      best = Math.max(best, logs[i] as number);
    }
    let [first, last] = [1, LOOK - 1];
    while ((logs[first] as number) <= best - NO_MASS) first++;
    while ((logs[last] as number) <= best - NO_MASS) last--;
    // Between the neighbours of the first and the last point with mass.
    [from, to] = [at(first - 1), at(last + 1)];
    if (last - first + 1 >= ENOUGH) break;
  }
  return { from, to };
}

export const emptyPosterior = (): Posterior => ({ border: new Float64Array(GRID + 1), p: new Float64Array(GRID), weight: new Float64Array(GRID), coming: new Float64Array(GRID) });

/** ln u of the cells' middles. */
const LOG_U = Float64Array.from({ length: GRID }, (_, k) => Math.log((k + 0.5) / GRID));
const [values, slopes, perRate] = [new Float64Array(NODES + 1), new Float64Array(NODES + 1), new Float64Array(NODES + 1)];

/**
 * Lays the posterior on its grid over where its mass lies: even, or closer towards 0 (p = to u³) where the mass reaches that far, as
 * a prior of rare returns has no bound there. It is written into `posterior`: thousands of keys share one.
 */
export function layPosterior({ border, p, weight, coming }: Posterior, a: number, b: number, young: YoungUnits): void {
  const range = rangeOf(a, b, young);
  const cubic = range.from <= LEAST_P;
  const from = cubic ? 0 : range.from;
  const width = range.to - from;
  const logWidth = Math.log(width);
  for (let i = 0; i <= NODES; i++) {
    const u = i / NODES;
    const at = cubic ? Math.max(LEAST_P * width, width * u * u * u) : from + width * u;
    values[i] = young.log(at);
    slopes[i] = (young.slope(at) * width * (cubic ? 3 * u * u : 1)) / NODES;
    perRate[i] = young.coming(at) / at;
  }
  let top = -Infinity;
  for (let k = 0; k < GRID; k++) {
    const left = k / GRID;
    const u = (k + 0.5) / GRID;
    border[k] = cubic ? width * left * left * left : from + width * left;
    const at = (p[k] = cubic ? width * u * u * u : from + width * u);
    const x = u * NODES;
    const i = Math.floor(x);
    const t = x - i;
    const y0 = values[i] as number;
    const y1 = values[i + 1] as number;
    const c0 = (slopes[i] as number) - (y1 - y0);
    const c1 = (y1 - y0) - (slopes[i + 1] as number);
    // ln p and ln dp/du of the cubic grid hang on ln u alone.
    const own = cubic ? a * (logWidth + 3 * (LOG_U[k] as number)) + 2 * (LOG_U[k] as number) : a * Math.log(at);
    const log = (1 - t) * y0 + t * y1 + t * (1 - t) * (c0 * (1 - t) + c1 * t) + own + b * Math.log1p(-at);
    weight[k] = log;
    if (log > top) top = log;
    coming[k] = Math.min(young.open, at * ((1 - t) * (perRate[i] as number) + t * (perRate[i + 1] as number)));
  }
  border[GRID] = range.to;
  let sum = 0;
  for (let k = 0; k < GRID; k++) sum += weight[k] = Math.exp((weight[k] as number) - top);
  for (let k = 0; k < GRID; k++) weight[k] = (weight[k] as number) / sum;
}

export function meanOf({ weight }: Posterior, values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (weight[i] as number) * (values[i] as number);
  return sum;
}

/** Variance of a function of p over the posterior, where its mean is known. */
export function varianceOf({ weight }: Posterior, values: Float64Array, mean: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (weight[i] as number) * ((values[i] as number) - mean) ** 2;
  return sum;
}

/** The posterior's quantile at a level in (0, 1). */
export function quantileOf({ border, weight }: Posterior, level: number): number {
  let below = 0;
  for (let i = 0; i < weight.length; i++) {
    const mass = weight[i] as number;
    if (below + mass >= level) return (border[i] as number) + ((border[i + 1] as number) - (border[i] as number)) * (mass > 0 ? (level - below) / mass : 0);
    below += mass;
  }
  return border[weight.length] as number;
}
