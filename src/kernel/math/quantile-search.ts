// Quantiles by search on a distribution function: slower than expansions, exact wherever the distribution function is.

/** A level is met where F(k) reaches it but for rounding, about the error of our distribution functions at usual sizes. */
const SLACK = 1e-12;

/** Whether a distribution function's value meets a level. */
export const isReached = (below: number, level: number): boolean => below >= level * (1 - SLACK);

/** Throws RangeError unless 0 < level < 1. */
export function checkLevel(level: number): void {
  if (!(level > 0 && level < 1)) throw new RangeError(`a level must be in (0, 1), got ${level}`);
}

/**
 * Smallest whole k ≥ 0 with below(k) ≥ level, level in (0, 1) (the convention of R and SciPy); a level met but for rounding
 * (1e-12, relative) counts as met. `below` is a distribution function on whole numbers: not decreasing, towards 1.
 * Cost: 2 log₂(answer) calls. Throws RangeError where no k up to 2⁵³ reaches the level.
 */
export function smallestCount(below: (k: number) => number, level: number): number {
  checkLevel(level);
  const reached = (k: number): boolean => isReached(below(k), level);
  if (reached(0)) return 0;
  let low = 0;
  let high = 1;
  while (!reached(high)) {
    low = high;
    high *= 2;
    if (!Number.isSafeInteger(high)) throw new RangeError(`the distribution never reaches ${level}`);
  }
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (reached(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * The x in [low, high], 0 ≤ low, where an increasing function reaches `target`: bisection, geometric while the ends are far
 * apart, so that answers near 0 are as precise as others. To the last digits of x; at most 2,000 calls, usually 60.
 */
export function whereReached(below: (x: number) => number, target: number, low: number, high: number): number {
  let [from, to] = [low, high];
  for (let i = 0; i < 2_000; i++) {
    const middle = from > 0 && to > 4 * from ? Math.sqrt(from) * Math.sqrt(to) : from === 0 && to > 1e-300 ? to * 1e-3 : from + (to - from) / 2;
    if (middle <= from || middle >= to) break;
    if (below(middle) >= target) to = middle;
    else from = middle;
  }
  return to;
}
