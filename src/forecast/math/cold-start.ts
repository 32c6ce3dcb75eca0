// What a SKU's sales over a horizon are read from: how it began, or how it sells now. Units are net; times in days. The course of
// the whole market (market.ts) is no feature: sales-model.ts takes it out of every lesson and puts the expected one in.
import type { NormalPrior } from './regression.js';

/** How a SKU began: its first week (or whatever the span is). */
export interface Beginning {
  /** Net units, bulk lines cut to a usual size (usualUnits), ≥ 0. */
  readonly units: number;
  /** Lines and days with a sale, ≥ 1. */
  readonly lines: number;
  readonly activeDays: number;
  /** Lines in the second half of the span, ≥ 0: interest that lasts. */
  readonly lateLines: number;
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
  readonly lines91: number;
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

export interface SalesPrior {
  readonly mean: NormalPrior;
  readonly dispersion: NormalPrior;
  /** The model's quantiles are taken at their word as if so many lessons had borne them out. */
  readonly trust: number;
}

/** One bulk purchase says little about the next line: beyond so many times the geometric mean of a SKU's lines units do not count. */
const MOST_OF_USUAL = 4;

/** Units of lines (each ≥ 0), those of bulk lines cut to a usual size. */
export function usualUnits(lines: readonly number[]): number {
  if (lines.length === 0) return 0;
  const most = MOST_OF_USUAL * Math.exp(lines.reduce((s, units) => s + Math.log(Math.max(1, units)), 0) / lines.length);
  return lines.reduce((s, units) => s + Math.min(units, most), 0);
}

/** After its first week a SKU sells this many weeks' worth of it over 55 days, before anything is known of it. */
const FADE = 3 / 55;
/** At so many lines half of what few lines are special in is gone. */
const FEW_LINES = 3;

export const beginningFeatures = (s: Beginning, horizonDays: number): Features => ({
  // The usual course of things is the offset: half of it by units, half by lines, as bulk purchases say less than buyers.
  offset: Math.log(FADE * 7 * (horizonDays / s.spanDays)) + 0.5 * Math.log1p(s.units) + 0.5 * Math.log(2 * s.lines),
  x: [
    1, Math.log1p(s.units), Math.log(s.lines), FEW_LINES / (FEW_LINES + s.lines), Math.log(s.activeDays), Math.log((s.lateLines + 0.5) / (s.lines - s.lateLines + 0.5)), Math.log(s.relativePrice), s.early ? 1 : 0,
  ],
  z: [1, Math.log(s.lines), s.early ? 1 : 0],
});

/** Set by hand with the first year of UCI Online Retail II known; weak: a hundred launches outweigh it. */
export const BEGINNING_PRIOR: SalesPrior = {
  mean: { mean: [0, 0, 0, 0, 0, 0, 0, 0], precision: [1, 4, 4, 4, 4, 4, 4, 1] }, dispersion: { mean: [0.5, -0.3, 0], precision: [1, 4, 1] }, trust: 50,
};

export function standingFeatures(s: Standing, horizonDays: number): Features {
  const [seen28, seen91] = [Math.min(28, s.ageDays), Math.min(91, s.ageDays)];
  // A week of nothing is added to what was seen: a SKU without sales sells little, not nothing for ever.
  const [rate28, rate91] = [(s.units28 + 0.5) / (seen28 + 7), (s.units91 + 0.5) / (seen91 + 7)];
  return {
    offset: Math.log(horizonDays) + 0.5 * Math.log(rate28) + 0.5 * Math.log(rate91),
    x: [
      1, Math.log(rate28 / rate91), Math.log(rate91), Math.log1p(s.lines28), Math.log1p(s.lines91), Math.log1p(s.activeDays28), Math.log1p(s.daysSinceSale), Math.log1p(s.ageDays / 28), Math.log(s.relativePrice),
    ],
    z: [1, Math.log1p(s.lines28), Math.log1p(s.lines91), Math.log1p(s.daysSinceSale)],
  };
}

/**
 * Lessons of one day share what befell the market: thousands of them bear a quantile out no better than some hundreds. And a young
 * merchant's lessons are of a few styles in a few weeks: its prior of the mean counts as some hundred of them. Set with UCI Online
 * Retail II and simulated worlds known: as thirty, what befell three styles was still learned as a law.
 */
export const STANDING_PRIOR: SalesPrior = {
  mean: { mean: [0, 0, 0, 0, 0, 0, 0, 0, 0], precision: [100, 400, 400, 400, 400, 400, 400, 400, 400] }, dispersion: { mean: [0.5, -0.3, 0, 0], precision: [1, 4, 4, 4] }, trust: 500,
};
