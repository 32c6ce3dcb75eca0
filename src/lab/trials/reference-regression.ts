// The reference that forecasts of launches are held against: negative-binomial regression on ln(1 + units), ln lines, ln active
// days and ln price of the first week, ln dispersion linear in ln lines, by maximum likelihood; and two simple rules.
import { fitCounts, predicted, type CountModel } from '../../forecast/math/index.js';
import { negativeBinomialQuantiles } from '../../kernel/math/index.js';
import type { Launch } from '../math/index.js';
import { ASKED, sampleQuantiles } from './launch-score.js';

export type Rule = (launch: Launch) => number[];

const rowOf = ({ begun }: Launch): { offset: number; x: number[]; z: number[] } => ({
  offset: 0, x: [1, Math.log1p(begun.units), Math.log(begun.lines), Math.log(begun.activeDays), Math.log(Math.max(1, begun.price))], z: [1, Math.log(begun.lines)],
});

/** As good as no prior. */
const flat = (n: number): { mean: number[]; precision: number[] } => ({ mean: new Array<number>(n).fill(0), precision: new Array<number>(n).fill(1e-4) });

export function fitReference(known: readonly Launch[], start?: CountModel): CountModel {
  const level = Math.log(known.reduce((s, l) => s + l.outcome, 1) / known.length);
  return fitCounts(known.map((l) => ({ ...rowOf(l), y: Math.round(l.outcome) })), flat(5), flat(2), start ?? { b: [level, 0, 0, 0, 0], c: [0.5, 0] });
}

export const referenceRule = (model: CountModel): Rule => (launch) => {
  const { mean, dispersion } = predicted(model, rowOf(launch));
  return negativeBinomialQuantiles({ shape: 1 / dispersion, probability: 1 / (1 + dispersion * mean) }, ASKED);
};

/** Knows nothing of the launch: what other launches sold. */
export function priorRule(known: readonly Launch[]): Rule {
  const quantiles = sampleQuantiles(known.map((l) => l.outcome));
  return () => quantiles;
}

/** Its own first week, times what others went on to sell for each unit of theirs. */
export function ratioRule(known: readonly Launch[]): Rule {
  const quantiles = sampleQuantiles(known.map((l) => l.outcome / Math.max(1, l.begun.units)));
  return ({ begun }) => quantiles.map((q) => q * Math.max(1, begun.units));
}
