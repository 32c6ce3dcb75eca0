/**
 * Splits a whole number in proportion to weights by largest remainder (Hamilton): the parts sum to `total` exactly, each is
 * within one unit of its exact share, weight 0 gets 0; ties go to the earlier weight. All weights 0: equal weights.
 * Throws RangeError where total is not a whole number ≥ 0 or a weight is negative.
 */
export function splitByLargestRemainder(total: number, weights: readonly number[]): number[] {
  if (!Number.isSafeInteger(total) || total < 0) throw new RangeError(`total must be a whole number, got ${total}`);
  if (weights.some((w) => !(w >= 0) || !Number.isFinite(w))) throw new RangeError('weights must be finite and not negative');
  const sum = weights.reduce((s, w) => s + w, 0);
  if (weights.length === 0) return [];
  const shares = weights.map((w) => (sum === 0 ? total / weights.length : (total * w) / sum));
  const parts = shares.map(Math.floor);
  let rest = total - parts.reduce((s, p) => s + p, 0);
  const order = shares
    .map((share, i) => ({ i, remainder: share - Math.floor(share) }))
    .filter(({ i }) => sum === 0 || (weights[i] as number) > 0)
    .sort((x, y) => y.remainder - x.remainder || x.i - y.i);
  for (let n = 0; rest > 0; n = (n + 1) % order.length, rest--) {
    const { i } = order[n] as { i: number };
    parts[i] = (parts[i] as number) + 1;
  }
  return parts;
}
