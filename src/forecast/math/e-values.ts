// Many SKUs watched at once: which of their alarms to believe together.

/**
 * e-BH (Wang and Ramdas, JRSS B 84, 2022): which of n hypotheses to reject by their e-values (≥ 0, Infinity allowed) so that the
 * expected share of false ones among them is at most `share` in (0, 1), however they depend on each other: the k largest, k the
 * most with e₍ₖ₎ ≥ n/(share × k). Indices in descending order of e. Shiryaev-Roberts values are not e-values. Cost: n log n.
 */
export function rejectByEValues(eValues: readonly number[], share: number): number[] {
  const wrong = eValues.find((e) => !(e >= 0));
  if (wrong !== undefined) throw new RangeError(`an e-value must not be negative, got ${wrong}`);
  if (!(share > 0 && share < 1)) throw new RangeError(`share must be in (0, 1), got ${share}`);
  const order = eValues.map((e, i) => ({ e, i })).sort((a, b) => (a.e === b.e ? a.i - b.i : b.e - a.e));
  let kept = 0;
  order.forEach(({ e }, k) => {
    if (e * share * (k + 1) >= eValues.length) kept = k + 1;
  });
  return order.slice(0, kept).map(({ i }) => i);
}
