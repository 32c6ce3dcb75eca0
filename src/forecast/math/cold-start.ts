// What a SKU sells over a horizon, from how it began or from how it sells now: a negative-binomial regression over other SKUs whose
// outcome is complete, under a published prior that stands alone where there is no history. Units are net; times in days.
import { negativeBinomialQuantiles } from '../../kernel/math/index.js';
import { fitCounts, predicted, type CountModel, type CountRow, type NormalPrior } from './regression.js';

/** How a SKU began: its first week (or whatever the span is). */
export interface Beginning {
  /** Net units, ≥ 0. */
  readonly units: number;
  /** Lines and days with a sale, ≥ 1. */
  readonly lines: number;
  readonly activeDays: number;
  /** Price over the price of a usual SKU, > 0: money has no unit here. */
  readonly relativePrice: number;
  readonly spanDays: number;
  /** First seen so early that it may have sold before: no launch. */
  readonly early: boolean;
}

/** How a SKU sells now. */
export interface Standing {
  readonly units28: number;
  readonly units91: number;
  readonly lines28: number;
  readonly activeDays28: number;
  readonly daysSinceSale: number;
  readonly ageDays: number;
  readonly relativePrice: number;
}

export interface Features {
  readonly offset: number;
  readonly x: readonly number[];
  readonly z: readonly number[];
}

/** After its first week a SKU sells this many weeks' worth of it over 55 days, before anything is known of it. */
const FADE = 3 / 55;

export const beginningFeatures = (s: Beginning, horizonDays: number): Features => ({
  // The usual course of things is the offset: half of it by units, half by lines, as bulk purchases say less than buyers.
  offset: Math.log(FADE * 7 * (horizonDays / s.spanDays)) + 0.5 * Math.log1p(s.units) + 0.5 * Math.log(2 * s.lines),
  x: [1, Math.log1p(s.units), Math.log(s.lines), Math.log(s.activeDays), Math.log(s.relativePrice), s.early ? 1 : 0],
  z: [1, Math.log(s.lines)],
});

export const BEGINNING_PRIOR: { readonly mean: NormalPrior; readonly dispersion: NormalPrior } = {
  mean: { mean: [0, 0, 0, 0, 0, 0], precision: [1, 4, 4, 4, 4, 1] }, dispersion: { mean: [0.5, -0.3], precision: [1, 4] },
};

export function standingFeatures(s: Standing, horizonDays: number): Features {
  const [seen28, seen91] = [Math.min(28, s.ageDays), Math.min(91, s.ageDays)];
  // A week of nothing is added to what was seen: a SKU without sales sells little, not nothing for ever.
  const [rate28, rate91] = [(s.units28 + 0.5) / (seen28 + 7), (s.units91 + 0.5) / (seen91 + 7)];
  return {
    offset: Math.log(horizonDays) + 0.5 * Math.log(rate28) + 0.5 * Math.log(rate91),
    x: [1, Math.log(rate28 / rate91), Math.log(rate91), Math.log1p(s.lines28), Math.log1p(s.activeDays28), Math.log1p(s.daysSinceSale), Math.log1p(s.ageDays / 28), Math.log(s.relativePrice)],
    z: [1, Math.log1p(s.lines28)],
  };
}

export const STANDING_PRIOR: typeof BEGINNING_PRIOR = {
  mean: { mean: [0, 0, 0, 0, 0, 0, 0, 0], precision: [1, 4, 4, 4, 4, 4, 4, 4] }, dispersion: { mean: [0.5, -0.3], precision: [1, 4] },
};

/** The model of SKUs whose outcome (net units over the horizon) is known; the prior itself where there are none. */
export const fitSales = (known: readonly { readonly features: Features; readonly outcome: number }[], prior: typeof BEGINNING_PRIOR, start?: CountModel): CountModel =>
  fitCounts(known.map(({ features, outcome }): CountRow => ({ ...features, y: Math.max(0, Math.round(outcome)) })), prior.mean, prior.dispersion, start);

/** Up to this mean quantiles are counted exactly; beyond, the shape is that of a gamma variable and only the scale grows. */
const COUNTED_MEAN = 20_000;

/** Quantiles of the units over the horizon; finite, ascending with the levels. @param levels in (0, 1), ascending */
export function salesQuantiles(model: CountModel, features: Features, levels: readonly number[]): number[] {
  const { mean, dispersion } = predicted(model, features);
  const counted = Math.min(mean, COUNTED_MEAN);
  const shape = 1 / dispersion;
  const quantiles = negativeBinomialQuantiles({ shape, probability: shape / (shape + counted) }, levels);
  return mean === counted ? quantiles : quantiles.map((q) => Math.round((q * mean) / counted));
}
