// Many slow movers together: each SKU's own few demands, discounted by age, against a level that all share. The shared level
// takes the trend of the whole range out of every SKU's past, which no SKU could see in its own. Gamma-Poisson with a discounted
// likelihood (Harvey and Fernandes, JBES 7, 1989), widened for sizes that are not Poisson.
import type { NegativeBinomial } from '../../kernel/math/index.js';

export interface SlowMoverOptions {
  /** Weight of a period against the next one, in (0, 1]. */
  readonly discount: number;
  /** Prior shape of the rates relative to the level, > 0: how alike SKUs are taken to be. */
  readonly strength: number;
  /** Weight of a period against the next one in the shared level, in (0, 1]. */
  readonly levelDiscount: number;
  /** Squared coefficient of variation added for what the model does not know, ≥ 0. */
  readonly excess: number;
}

/** Chosen by likelihood on months 25 to 45 of 2,509 spare parts; judged on months 46 to 51 (slow-movers.spec.ts). */
export const SLOW_MOVER_OPTIONS: SlowMoverOptions = { discount: 0.85, strength: 2, levelDiscount: 0.8, excess: 2 };

/** The number of periods. RangeError unless all series cover the same, at least one, with demand that is finite and not negative. */
export function checkSeries(series: readonly (readonly number[])[]): number {
  const periods = series[0]?.length ?? 0;
  if (periods === 0) throw new RangeError('there must be at least one series, of at least one period');
  for (const y of series) {
    if (y.length !== periods) throw new RangeError(`all series must cover the same ${periods} periods`);
    const wrong = y.find((x) => !(x >= 0) || !Number.isFinite(x));
    if (wrong !== undefined) throw new RangeError(`demand must be finite and not negative, got ${wrong}`);
  }
  return periods;
}

function check(o: SlowMoverOptions): void {
  for (const weight of [o.discount, o.levelDiscount]) if (!(weight > 0 && weight <= 1)) throw new RangeError(`a discount must be in (0, 1], got ${weight}`);
  if (!(o.strength > 0) || !Number.isFinite(o.strength)) throw new RangeError(`strength must be positive and finite, got ${o.strength}`);
  if (!(o.excess >= 0) || !Number.isFinite(o.excess)) throw new RangeError(`excess must be finite and not negative, got ${o.excess}`);
}

/**
 * The distribution of each series' next period, from histories of equal length, oldest first (demand ≥ 0). With L_t the mean over
 * all series, smoothed up to t, and weights w_t: mean = L (strength + Σ w x)/(strength + Σ w L_t), shape 1/(1/(strength + Σ w x) +
 * excess). Where nothing has sold anywhere: the point mass at 0. Cost: series × periods. RangeError on other input.
 */
export function forecastSlowMovers(series: readonly (readonly number[])[], options: SlowMoverOptions): NegativeBinomial[] {
  const periods = checkSeries(series);
  check(options);
  let [sum, weight, level, exposure] = [0, 0, 0, 0];
  for (let t = 0; t < periods; t++) {
    const mean = series.reduce((s, y) => s + (y[t] as number), 0) / series.length;
    sum = sum * options.levelDiscount + mean;
    weight = weight * options.levelDiscount + 1;
    level = sum / weight;
    exposure = exposure * options.discount + level;
  }
  return series.map((y) => {
    const evidence = options.strength + y.reduce((s, x) => s * options.discount + x, 0);
    const mean = (level * evidence) / (options.strength + exposure);
    const shape = 1 / (1 / evidence + options.excess);
    return mean === 0 ? { shape: 1, probability: 1 } : { shape, probability: shape / (shape + mean) };
  });
}
