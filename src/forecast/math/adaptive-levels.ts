// Quantiles that stay honest although their model is not: adaptive conformal inference (Gibbs and Candès, NeurIPS 2021), on the
// levels at which a model's quantiles are read. One state for each group of alike forecasts, such as a bucket of elapsed time.

export interface AdaptiveLevels {
  /** Levels that are promised, ascending, in (0, 1). */
  readonly promised: readonly number[];
  /** Levels to read the model at so that the promised ones come true; may leave [0, 1] a little. */
  readonly used: readonly number[];
}

/** Nothing learned yet: the model is read as it says. RangeError unless the levels ascend within (0, 1). */
export function adaptiveStart(promised: readonly number[]): AdaptiveLevels {
  if (promised.length === 0 || promised.some((level, i) => !(level > 0 && level < 1) || level <= (promised[i - 1] ?? 0))) throw new RangeError('levels must ascend within (0, 1)');
  return { promised, used: promised };
}

/**
 * One outcome: `position` in [0, 1] is the model's P(Y ≤ outcome) (for counts best the middle of the jump), `pace` in (0, 1) how
 * fast to adapt, 0.005 to 0.05. θ ← θ + γ (τ − 1{position ≤ θ}). Over T outcomes the share at or below a level is within
 * (1 + γ)/(γ T) of what is promised, whatever the data do. RangeError outside.
 */
export function adaptiveNext(state: AdaptiveLevels, position: number, pace: number): AdaptiveLevels {
  if (!(position >= 0 && position <= 1)) throw new RangeError(`position must be in [0, 1], got ${position}`);
  if (!(pace > 0 && pace < 1)) throw new RangeError(`pace must be in (0, 1), got ${pace}`);
  return { promised: state.promised, used: state.used.map((used, i) => used + pace * ((state.promised[i] as number) - (position <= used ? 1 : 0))) };
}

/** The levels to ask a model for: ascending, so that quantiles never cross, and within [floor, 1 − floor], floor in (0, 0.5), where the model still has quantiles. */
export function levelsToRead(state: AdaptiveLevels, floor: number): number[] {
  if (!(floor > 0 && floor < 0.5)) throw new RangeError(`floor must be in (0, 0.5), got ${floor}`);
  return [...state.used].sort((a, b) => a - b).map((level) => Math.min(1 - floor, Math.max(floor, level)));
}
