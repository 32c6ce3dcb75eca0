// The likelihood ratio of one bin for the jumps of the mixture, against a negative binomial null with mean μ and variance/mean D:
// r = μ/(D − 1), p0 = (D − 1)/D. A rise comes in two kinds, and which one is not known beforehand:
//
// - larger: r as under the null, the mean raised by the factor j through p: buyers come in larger groups, D − 1 grows with the mean.
//   ln LR = x ln(p1/p0) + r ln((1 − p1)/(1 − p0)). It grows exponentially with the count, so D must not be too small.
// - more: p as under the null, the mean raised through r: more groups of the same kind, D stays.
//   LR = Π_{i<x} (jr + i)/(r + i) × (1 − p0)^((j − 1) r). Where D is large a bin of many orders says hardly more than one of one
//   order, so a heavy tail raises no alarm, and a rise in the number of groups is seen at once; D must not be too large.
//
// Both grow with the count: under any null that is stochastically smaller their mean is at most 1.

/** Jumps of either kind, with equal weights. */
export const JUMPS = [2, 3.5, 7] as const;
const KINDS = 2;
/** Values of the mixture: the larger ones first, then the more. */
export const COMPONENTS = KINDS * JUMPS.length;

/** Jump that the onset estimate looks for, as of the kind "larger". */
const ONSET_JUMP = 3;

export interface Excess {
  /** Variance/mean − 1 of a bin's count, no less than it is: for the kind "larger". */
  readonly most: number;
  /** The same as estimated: for the kind "more". */
  readonly plain: number;
}

export interface Mixture {
  readonly excess: Excess;
  /** ln LR of an order, for the kind "larger". */
  readonly perOrder: Float64Array;
  /** ln LR of an empty bin for each unit of its mean, all components. */
  readonly perMean: Float64Array;
  readonly onsetPerOrder: number;
  readonly onsetPerMean: number;
}

const perOrderOf = (jump: number, excess: number): number => Math.log((jump * (1 + excess)) / (1 + jump * excess));
const perMeanOf = (jump: number, excess: number): number => -Math.log1p(((jump - 1) * excess) / (1 + excess)) / excess;

/** @param excess variance/mean − 1 of a bin's count, both > 0 */
export function mixtureOf(excess: Excess): Mixture {
  // Plain loops: a stream's dispersion moves with every order, so this is made as often as orders come.
  const perOrder = new Float64Array(JUMPS.length);
  const perMean = new Float64Array(COMPONENTS);
  const group = Math.log1p(excess.plain);
  for (let i = 0; i < JUMPS.length; i++) {
    const jump = JUMPS[i] as number;
    perOrder[i] = perOrderOf(jump, excess.most);
    perMean[i] = perMeanOf(jump, excess.most);
    perMean[JUMPS.length + i] = (-(jump - 1) * group) / excess.plain;
  }
  return { excess, perOrder, perMean, onsetPerOrder: perOrderOf(ONSET_JUMP, excess.most), onsetPerMean: perMeanOf(ONSET_JUMP, excess.most) };
}

/** Where two components of one bin would overflow, they are far beyond any threshold. */
const MOST = 1e200;

/** Writes into `ratios` what a bin with `orders` > 0 and mean `mean` multiplies each component with. */
export function ratiosOf(ratios: Float64Array, mixture: Mixture, orders: number, mean: number): void {
  const { perOrder, perMean } = mixture;
  const size = mean / mixture.excess.plain;
  for (let i = 0; i < JUMPS.length; i++) {
    ratios[i] = Math.min(MOST, Math.exp((perOrder[i] as number) * orders + (perMean[i] as number) * mean));
    const raised = (JUMPS[i] as number) * size;
    let ratio = Math.exp((perMean[JUMPS.length + i] as number) * mean);
    for (let x = 0; x < orders && ratio < MOST; x++) ratio *= (raised + x) / (size + x);
    ratios[JUMPS.length + i] = ratio;
  }
}

/** What one empty bin multiplies a likelihood ratio with is exp(−loss); below this the closed form of many bins has its limit. */
const LEAST_LOSS = 1e-6;

/** What a number of empty bins makes of each value: R ← R × kept + gained. Steps of equal length at one rate are the usual case. */
export class EmptyBins {
  private mixture: Mixture | undefined;
  private mean = NaN;
  private bins = NaN;
  /** What one bin loses and keeps; the former decides alone where it is next to nothing. */
  private readonly loss = new Float64Array(COMPONENTS);
  private readonly left = new Float64Array(COMPONENTS);
  private readonly kept = new Float64Array(COMPONENTS);
  private readonly gained = new Float64Array(COMPONENTS);

  /**
   * Moves the Shiryaev-Roberts values over `bins` empty bins, in place: `bins` times R ← (R + 1) q is
   * R qⁿ + q (1 − qⁿ)/(1 − q), with the limit R + n for q → 1.
   */
  pass(sr: Float64Array | number[], mixture: Mixture, mean: number, bins: number): void {
    if (mixture !== this.mixture || mean !== this.mean) this.prepare(mixture, mean);
    if (bins !== this.bins) this.prepareBins(bins);
    const { kept, gained } = this;
    for (let i = 0; i < COMPONENTS; i++) sr[i] = (sr[i] as number) * (kept[i] as number) + (gained[i] as number);
  }

  private prepare(mixture: Mixture, mean: number): void {
    this.mixture = mixture;
    this.mean = mean;
    this.bins = NaN;
    const { loss, left } = this;
    for (let i = 0; i < COMPONENTS; i++) {
      loss[i] = -(mixture.perMean[i] as number) * mean;
      left[i] = Math.exp(-(loss[i] as number));
    }
  }

  private prepareBins(bins: number): void {
    this.bins = bins;
    const { loss, left, kept, gained } = this;
    for (let i = 0; i < COMPONENTS; i++) {
      const each = loss[i] as number;
      const q = left[i] as number;
      const all = bins === 1 ? q : Math.exp(-each * bins);
      kept[i] = each < LEAST_LOSS ? 1 : all;
      gained[i] = each < LEAST_LOSS ? bins : (q * (1 - all)) / (1 - q);
    }
  }
}
