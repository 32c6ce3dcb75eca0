// Detectors of a rise in a count stream, in their plain forms: the yardsticks that the service's own detector (spike.ts) is
// compared with. State is JSON-safe; an observation is the count of one bin; `expected` is its mean under the null, > 0.

function checkCount(count: number, expected: number): void {
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`a count must be a whole number, got ${count}`);
  if (!(expected > 0) || !Number.isFinite(expected)) throw new RangeError(`expected must be positive and finite, got ${expected}`);
}

function checkCusum(level: number, jump: number): void {
  if (!(level >= 0)) throw new RangeError(`level must not be negative, got ${level}`);
  if (!(jump > 1) || !Number.isFinite(jump)) throw new RangeError(`a jump must be above 1 and finite, got ${jump}`);
}

/**
 * Poisson CUSUM (Page 1954): W ← max(0, W + x ln ρ − (ρ − 1) μ). The best detector of a jump by the factor ρ it is told, for a
 * threshold on W chosen by simulation. `level` ≥ 0 is the value before, 0 at the start.
 */
export function poissonCusum(level: number, count: number, expected: number, jump: number): number {
  checkCount(count, expected);
  checkCusum(level, jump);
  return Math.max(0, level + count * Math.log(jump) - (jump - 1) * expected);
}

/**
 * Negative-binomial CUSUM: W ← max(0, W + x ln(p₁/p₀) + r ln((1 − p₁)/(1 − p₀))), p = μ/(μ + r), with one shape r > 0 a bin under
 * both hypotheses (variance/mean = 1 + μ/r). Right for rates below the null only where r is at most the true shape.
 */
export function negativeBinomialCusum(level: number, count: number, expected: number, jump: number, shape: number): number {
  checkCount(count, expected);
  checkCusum(level, jump);
  if (!(shape > 0) || !Number.isFinite(shape)) throw new RangeError(`shape must be positive and finite, got ${shape}`);
  const raised = jump * expected;
  return Math.max(0, level + count * Math.log((jump * (expected + shape)) / (raised + shape)) + shape * Math.log((expected + shape) / (raised + shape)));
}

/** Jumps of the mixture Shiryaev-Roberts detector, equally weighted. */
export const MIXTURE = [1.5, 2, 3, 5, 10] as const;

/** One value for each jump of MIXTURE. */
export type ShiryaevRoberts = readonly number[];

export const shiryaevRobertsStart = (): ShiryaevRoberts => MIXTURE.map(() => 0);

/** The mean over the mixture: alarm where it reaches A; the mean time to an alarm without a rise is then at least A bins. */
export const shiryaevRobertsLevel = (state: ShiryaevRoberts): number => state.reduce((s, r) => s + r, 0) / state.length;

/** Far beyond any threshold: more would become infinite, and an infinity times nothing is not a number. */
const MOST = 1e300;

function checkState(state: ShiryaevRoberts): void {
  if (state.length !== MIXTURE.length || !state.every((r) => r >= 0 && r <= MOST)) throw new RangeError(`the state must hold ${MIXTURE.length} values that are not negative`);
}

/** Mixture Shiryaev-Roberts e-detector on bins (Shin, Ramdas, Rinaldo, arXiv 2203.03532): R ← (R + 1) ρ^x e^(−(ρ − 1) μ). Poisson counts. */
export function shiryaevRobertsBin(state: ShiryaevRoberts, count: number, expected: number): ShiryaevRoberts {
  checkState(state);
  checkCount(count, expected);
  return state.map((r, i) => Math.min(MOST, (r + 1) * Math.exp(count * Math.log(MIXTURE[i] as number) - ((MIXTURE[i] as number) - 1) * expected)));
}

/**
 * The same in continuous time, at one order, `gap` (≥ 0, any unit of time) after the one before, at a null rate `rate` (> 0, per
 * that unit): R ← ρ (R e^(−aD) + (1 − e^(−aD))/a), a = (ρ − 1) rate. The mean time to a false alarm at A is at least A units.
 */
export function shiryaevRobertsOrder(state: ShiryaevRoberts, gap: number, rate: number): ShiryaevRoberts {
  checkState(state);
  if (!(gap >= 0) || !Number.isFinite(gap)) throw new RangeError(`gap must be finite and not negative, got ${gap}`);
  if (!(rate > 0) || !Number.isFinite(rate)) throw new RangeError(`rate must be positive and finite, got ${rate}`);
  return state.map((r, i) => {
    const a = ((MIXTURE[i] as number) - 1) * rate;
    // expm1 keeps (1 − e^(−aD))/a at its limit D where aD is tiny.
    return Math.min(MOST, (MIXTURE[i] as number) * (r * Math.exp(-a * gap) - Math.expm1(-a * gap) / a));
  });
}

/** A candidate start of the rise, with the count and expectation from it up to the next candidate (the last: up to now). */
export interface FocusCandidate {
  readonly bin: number;
  readonly count: number;
  readonly expected: number;
}

export interface FocusState {
  readonly bins: number;
  /** Oldest first; the stretches they open run ever higher above what is expected. */
  readonly candidates: readonly FocusCandidate[];
  /** max over all starts of x ln(x/μ) − (x − μ), the log likelihood ratio of a rise since then; 0 where nothing is raised. */
  readonly level: number;
  /** The start that it belongs to: the onset. Null where nothing is raised. */
  readonly since: number | null;
}

export const focusStart = (): FocusState => ({ bins: 0, candidates: [], level: 0, since: null });

/**
 * Poisson-FOCuS (Ward, Dilillo, Eckley, Fearnhead, JASA 2023): equals searching all windows that end at this bin and all jumps. A
 * start whose stretch runs no higher than the stretch before it never again gives the best window, so the two are one; a stretch
 * at or below what is expected is forgotten. Cost: the candidates kept, about the logarithm of the bins.
 */
export function focusBin(state: FocusState, count: number, expected: number): FocusState {
  checkCount(count, expected);
  const kept = [...state.candidates];
  let newest: FocusCandidate = { bin: state.bins, count, expected };
  for (let before = kept.at(-1); before !== undefined && newest.count * before.expected <= before.count * newest.expected; before = kept.at(-1)) {
    newest = { bin: before.bin, count: before.count + newest.count, expected: before.expected + newest.expected };
    kept.pop();
  }
  if (newest.count > newest.expected) kept.push(newest);
  let [x, mu, level] = [0, 0, 0];
  let since: number | null = null;
  for (let i = kept.length - 1; i >= 0; i--) {
    const c = kept[i] as FocusCandidate;
    x += c.count;
    mu += c.expected;
    const value = x * Math.log(x / mu) - (x - mu);
    if (value > level) [level, since] = [value, c.bin];
  }
  return { bins: state.bins + 1, candidates: kept, level, since };
}
