// What an inspected sample says about its lot: beta prior of the share of defective units, binomial counts.
import { betaBelow, betaBinomialQuantile } from '../../kernel/math/index.js';
import type { BetaPrior } from './prior.js';

export interface LotDefects {
  readonly posterior: BetaPrior;
  /** Posterior mean of the share of defective units. */
  readonly share: number;
  /** P(p > limit). */
  readonly aboveLimit: number;
  /** Whether that chance, or its complement, reaches the level asked for. */
  readonly verdict: 'above' | 'within' | 'open';
  /** Defective units among those not inspected: equal-tailed interval at the level, beta-binomial. */
  readonly rest: { readonly mean: number; readonly lower: number; readonly upper: number };
}

/**
 * @param prior of the supplier's lots, shapes > 0 @param lotSize whole units ≥ inspected ≥ found ≥ 0 @param limit the AQL as a share
 * in (0, 1), not in per cent @param level certainty asked of the verdict, in [0.5, 1)
 * Posterior Beta(α + found, β + inspected − found): Gelman et al., Bayesian Data Analysis, 2.4. The prior is what a lot's process
 * makes, so that the rest of the lot is beta-binomial, not hypergeometric. Cost: linear in the rest of the lot. RangeError outside.
 */
export function judgeLot(prior: BetaPrior, lotSize: number, inspected: number, found: number, limit: number, level: number): LotDefects {
  if (!(prior.alpha > 0 && prior.beta > 0) || !Number.isFinite(prior.alpha + prior.beta)) throw new RangeError(`the prior's shapes must be positive and finite, got ${prior.alpha} and ${prior.beta}`);
  if (![lotSize, inspected, found].every((x) => Number.isSafeInteger(x) && x >= 0) || found > inspected || inspected > lotSize) throw new RangeError(`found ${found} of ${inspected} inspected in a lot of ${lotSize} do not fit`);
  if (!(limit > 0 && limit < 1)) throw new RangeError(`limit must be a share in (0, 1), got ${limit}`);
  if (!(level >= 0.5 && level < 1)) throw new RangeError(`level must be in [0.5, 1), got ${level}`);
  const posterior = { alpha: prior.alpha + found, beta: prior.beta + inspected - found };
  const share = posterior.alpha / (posterior.alpha + posterior.beta);
  const aboveLimit = betaBelow(1 - limit, posterior.beta, posterior.alpha);
  const left = lotSize - inspected;
  const quantile = (q: number): number => betaBinomialQuantile(q, left, posterior.alpha, posterior.beta);
  return {
    posterior, share, aboveLimit, verdict: aboveLimit >= level ? 'above' : 1 - aboveLimit >= level ? 'within' : 'open',
    rest: { mean: left * share, lower: quantile((1 - level) / 2), upper: quantile((1 + level) / 2) },
  };
}
