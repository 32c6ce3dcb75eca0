// The posterior of a return rate p on a grid, under p^a (1 − p)^b Π (1 − p g)^n over units whose time is not over. The last
// product is smooth, so it is computed at a few nodes with its derivative and interpolated in between (cubic Hermite: the error of
// the logarithm is h⁴/384 times the fourth derivative, below 1e-6 wherever the posterior has weight).

/** Units sold whose time to come back is not over, by the share of it that is. */
export interface YoungUnits {
  readonly units: number;
  /** Σ n ln(1 − p g). */
  readonly log: (p: number) => number;
  /** Its derivative in p. */
  readonly slope: (p: number) => number;
  /** Units that are still to come back, given p: Σ n p (1 − g)/(1 − p g). */
  readonly coming: (p: number) => number;
}

/** @param shares g in [0, 1), @param counts units of each, not back yet */
export function youngUnits(shares: readonly number[], counts: readonly number[]): YoungUnits {
  const g = Float64Array.from(shares);
  const n = Float64Array.from(counts);
  let units = 0;
  for (const count of n) units += count;
  const log = (p: number): number => {
    let sum = 0;
    for (let i = 0; i < g.length; i++) sum += (n[i] as number) * Math.log1p(-p * (g[i] as number));
    return sum;
  };
  const slope = (p: number): number => {
    let sum = 0;
    for (let i = 0; i < g.length; i++) sum -= ((n[i] as number) * (g[i] as number)) / (1 - p * (g[i] as number));
    return sum;
  };
  // p (1 − g)/(1 − p g) = p + p (1 − p) × the slope's term.
  return { units, log, slope, coming: (p) => Math.max(0, units * p + p * (1 - p) * slope(p)) };
}

/** Points of the grid, the mass at each (together 1), and what is still to come there. */
export interface Posterior {
  readonly p: Float64Array;
  readonly weight: Float64Array;
  readonly coming: Float64Array;
}

/** Points of each look for where the mass is, and how many of them must have some before the grid is laid. */
const LOOK = 20;
const ENOUGH = 5;
const GRID = 256;
const NODES = 16;
/** Below exp(−30) of the top there is no mass worth a point. */
const NO_MASS = 30;

interface Curve {
  readonly log: Float64Array;
  readonly coming: Float64Array;
}

/** The logarithm and what is still to come at `points` equidistant places in (from, to), each in the middle of its cell. */
function interpolated(young: YoungUnits, from: number, to: number, points: number): Curve {
  const log = new Float64Array(points);
  const coming = new Float64Array(points);
  if (young.units === 0) return { log, coming };
  const h = (to - from) / NODES;
  const at = Array.from({ length: NODES + 1 }, (_, i) => from + i * h);
  const values = at.map(young.log);
  const slopes = at.map((p) => h * young.slope(p));
  for (let k = 0; k < points; k++) {
    const x = ((k + 0.5) / points) * NODES;
    const i = Math.min(NODES - 1, Math.floor(x));
    const t = x - i;
    const [y0, y1, d0, d1] = [values[i] as number, values[i + 1] as number, slopes[i] as number, slopes[i + 1] as number];
    const [a, b] = [d0 - (y1 - y0), -d1 + (y1 - y0)];
    log[k] = (1 - t) * y0 + t * y1 + t * (1 - t) * (a * (1 - t) + b * t);
    const slope = (y1 - y0 + (1 - 2 * t) * (a * (1 - t) + b * t) + t * (1 - t) * (b - a)) / h;
    const p = from + x * h;
    coming[k] = Math.min(young.units, Math.max(0, young.units * p + p * (1 - p) * slope));
  }
  return { log, coming };
}

const LEAST_P = 1e-9;

/** From where to where the mass lies: looked for with ever closer points, as that of many units is narrow. */
function rangeOf(a: number, b: number, young: YoungUnits): { readonly from: number; readonly to: number } {
  let [from, to] = [LEAST_P, 1 - LEAST_P];
  for (let look = 0; look < 20; look++) {
    // The first look is closer towards both ends (sin²), where rates of few per cent live.
    const at = (i: number): number => from + (to - from) * (look === 0 ? Math.sin((Math.PI / 2) * (i / LOOK)) ** 2 : i / LOOK);
    const logs = Array.from({ length: LOOK - 1 }, (_, i) => { const p = at(i + 1); return a * Math.log(p) + b * Math.log1p(-p) + young.log(p); });
    const best = Math.max(...logs);
    const first = logs.findIndex((log) => log > best - NO_MASS);
    const last = logs.findLastIndex((log) => log > best - NO_MASS);
    // Between the neighbours of the first and the last point with mass.
    [from, to] = [at(first), at(last + 2)];
    if (last - first + 1 >= ENOUGH) break;
  }
  return { from, to };
}

/** The posterior on an even grid over where its mass lies. */
export function posteriorOf(a: number, b: number, young: YoungUnits): Posterior {
  const { from, to } = rangeOf(a, b, young);
  const { log, coming } = interpolated(young, from, to, GRID);
  const p = new Float64Array(GRID);
  let top = -Infinity;
  for (let i = 0; i < GRID; i++) {
    p[i] = from + ((i + 0.5) / GRID) * (to - from);
    log[i] = (log[i] as number) + a * Math.log(p[i] as number) + b * Math.log1p(-(p[i] as number));
    top = Math.max(top, log[i] as number);
  }
  let sum = 0;
  for (let i = 0; i < GRID; i++) sum += log[i] = Math.exp((log[i] as number) - top);
  for (let i = 0; i < GRID; i++) log[i] = (log[i] as number) / sum;
  return { p, weight: log, coming };
}

export function meanOf({ weight }: Posterior, values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (weight[i] as number) * (values[i] as number);
  return sum;
}

/** The posterior's quantile function. */
export function quantiles({ p, weight }: Posterior): (level: number) => number {
  const below = new Float64Array(weight.length);
  let sum = 0;
  for (let i = 0; i < weight.length; i++) below[i] = sum += weight[i] as number;
  return (level) => {
    let [low, high] = [0, p.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((below[middle] as number) >= level) high = middle;
      else low = middle + 1;
    }
    return p[low] as number;
  };
}
