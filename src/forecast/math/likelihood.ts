// The negative-binomial likelihood ratio of one bin for the jumps of the mixture: ln LR = perOrder × x + perMean × μ, where x is
// the bin's count and μ its mean under the null. r = μ/(D − 1) is common to both hypotheses, D the variance/mean;
// p0 = (D − 1)/D, p1 = j(D − 1)/(1 + j(D − 1)).

/** Jump sizes of the mixture, with equal weights. */
export const JUMPS = [1.5, 2, 3, 5, 10] as const;
/** Number of the jump that the onset estimate looks for (×3). */
export const ONSET_JUMP = 2;

export interface Mixture {
  readonly excess: number;
  readonly perOrder: readonly number[];
  readonly perMean: readonly number[];
}

/** @param excess variance/mean − 1 of a bin's count, > 0 */
export function mixtureOf(excess: number): Mixture {
  const perOrder: number[] = [];
  const perMean: number[] = [];
  for (const jump of JUMPS) {
    const odds = jump * excess;
    perOrder.push(Math.log(((odds / (1 + odds)) * (1 + excess)) / excess));
    perMean.push(Math.log((1 + excess) / (1 + odds)) / excess);
  }
  return { excess, perOrder, perMean };
}

/** What one empty bin multiplies a likelihood ratio with is exp(−loss); below this the closed form of many bins has its limit. */
const LEAST_LOSS = 1e-6;

/**
 * Moves the Shiryaev-Roberts values over `bins` empty bins, in place: `bins` times R ← (R + 1) q is
 * R qⁿ + q (1 − qⁿ)/(1 − q), with the limit R + n for q → 1.
 */
export function passEmpty(sr: number[], mixture: Mixture, mean: number, bins: number): void {
  for (let i = 0; i < sr.length; i++) {
    const loss = -(mixture.perMean[i] as number) * mean;
    const q = Math.exp(-loss);
    const all = Math.exp(-loss * bins);
    sr[i] = loss < LEAST_LOSS ? (sr[i] as number) + bins : (sr[i] as number) * all + (q * (1 - all)) / (1 - q);
  }
}
