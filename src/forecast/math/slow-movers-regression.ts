// Slow movers by regression over all of them: what a SKU sold in its discounted past (by units, by periods with any, with large
// demands cut) and how long ago, against the level that all share, weighted as it would have foretold the last periods best.
// Where there is too little to learn from it is the gamma-Poisson forecast of slow-movers.ts.
import type { NegativeBinomial } from '../../kernel/math/index.js';
import { fitCounts, predicted, type CountRow } from './regression.js';
import { checkSeries } from './slow-movers.js';

/** Periods that teach: each is foretold from those before it. */
const LESSONS = 12;
/** Periods before the first lesson. */
const LEAST_HISTORY = 8;
/** Weight of a period against the next one in the shared level. */
const LEVEL_DISCOUNT = 0.8;
/** Demands beyond so many mean sizes are cut where large ones are not to count. */
const MOST_SIZES = 2;

/** A past seen one way: its discount per period, and the strength of the prior that a SKU is like all others. */
interface View {
  readonly of: 'units' | 'periods' | 'cut';
  readonly discount: number;
  readonly strength: number;
}

const BASE: View = { of: 'units', discount: 0.85, strength: 2 };
const VIEWS: readonly View[] = [
  { of: 'units', discount: 0.7, strength: 1 }, { of: 'units', discount: 0.95, strength: 2 }, { of: 'periods', discount: 0.85, strength: 2 }, { of: 'periods', discount: 0.95, strength: 2 }, { of: 'cut', discount: 0.9, strength: 1 },
];
const PRIOR = { mean: { mean: [0, 0, 0, 0, 0, 0, 0, 0], precision: [4, 4, 4, 4, 4, 4, 4, 4] }, dispersion: { mean: [0.7, 0], precision: [1, 4] } };

/** A running view of all series: each relative to the level that all share. */
function follow(view: View, count: number): { add(values: readonly number[]): void; relative(i: number): number; level(): number } {
  const own = new Float64Array(count);
  let [sum, weight, level, exposure] = [0, 0, 0, 0];
  return {
    add(values) {
      sum = sum * LEVEL_DISCOUNT + values.reduce((s, v) => s + v, 0) / count;
      weight = weight * LEVEL_DISCOUNT + 1;
      level = sum / weight;
      exposure = exposure * view.discount + level;
      values.forEach((v, i) => { own[i] = (own[i] as number) * view.discount + v; });
    },
    relative: (i) => (view.strength + (own[i] as number)) / (view.strength + exposure),
    level: () => level,
  };
}

/**
 * The distribution of each series' next period, from histories of equal length, oldest first (whole demand ≥ 0). Where nothing
 * has sold anywhere: the point mass at 0. Cost: series × periods, and a regression over series × 12 rows. RangeError on other input.
 */
export function regressSlowMovers(series: readonly (readonly number[])[]): NegativeBinomial[] {
  const periods = checkSeries(series);
  const wrong = series.flat().find((x) => !Number.isInteger(x));
  if (wrong !== undefined) throw new RangeError(`demand must be whole, got ${wrong}`);
  const base = follow(BASE, series.length);
  const views = VIEWS.map((view) => follow(view, series.length));
  const since = new Array<number>(series.length).fill(0);
  const rowsNow = (): Omit<CountRow, 'y'>[] => series.map((_, i) => {
    const log = Math.log(base.relative(i));
    return { offset: Math.log(base.level()) + log, x: [1, log, ...views.map((v) => Math.log(v.relative(i)) - log), Math.log1p(since[i] as number)], z: [1, log] };
  });
  const lessons: CountRow[] = [];
  let [sold, demands] = [0, 0];
  for (let t = 0; t < periods; t++) {
    const now = series.map((y) => y[t] as number);
    if (t >= LEAST_HISTORY && t >= periods - LESSONS && base.level() > 0) rowsNow().forEach((row, i) => lessons.push({ ...row, y: now[i] as number }));
    for (const y of now) {
      sold += y;
      demands += y > 0 ? 1 : 0;
    }
    const most = demands === 0 ? 0 : (MOST_SIZES * sold) / demands;
    base.add(now);
    views.forEach((v, k) => v.add(VIEWS[k]?.of === 'units' ? now : now.map((y) => (VIEWS[k]?.of === 'cut' ? Math.min(y, most) : y > 0 ? 1 : 0))));
    now.forEach((y, i) => { since[i] = y > 0 ? 0 : (since[i] as number) + 1; });
  }
  if (base.level() === 0) return series.map(() => ({ shape: 1, probability: 1 }));
  const model = fitCounts(lessons, PRIOR.mean, PRIOR.dispersion);
  return rowsNow().map((row) => {
    const { mean, dispersion } = predicted(model, row);
    return { shape: 1 / dispersion, probability: 1 / (1 + dispersion * mean) };
  });
}
