// Whole units that are still to come: quantiles of a mixture of binomials.

/** Normal distribution function (Abramowitz and Stegun 26.2.17, error below 7.5e-8). */
function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z >= 0 ? 1 - tail : tail;
}

/** Points that stand for the posterior where whole units are predicted. */
export const COINS = 32;

/** Smallest k with P(X ≤ k) ≥ each level (ascending), for a mixture of binomials of n trials: exactly up to 2,000 trials, by normals with continuity correction beyond. */
export function mixtureQuantiles(n: number, coins: readonly { readonly q: number; readonly weight: number }[], levels: readonly number[]): number[] {
  if (n === 0) return levels.map(() => 0);
  if (n > 2_000) {
    return levels.map((level) => {
      let [low, high] = [-1, n];
      while (high - low > 1) {
        const k = Math.floor((low + high) / 2);
        const below = coins.reduce((s, { q, weight }) => s + weight * normalBelow((k + 0.5 - n * q) / Math.sqrt(Math.max(1e-12, n * q * (1 - q)))), 0);
        if (below >= level) high = k;
        else low = k;
      }
      return high;
    });
  }
  const logs = coins.map(({ q }) => n * Math.log1p(-q));
  const odds = coins.map(({ q }) => Math.log(q) - Math.log1p(-q));
  const found: number[] = [];
  let sum = 0;
  for (let k = 0; k <= n && found.length < levels.length; k++) {
    for (let i = 0; i < coins.length; i++) {
      const { q, weight } = coins[i] as (typeof coins)[number];
      if (q <= 0) sum += k === 0 ? weight : 0;
      else if (q >= 1) sum += k === n ? weight : 0;
      else {
        sum += weight * Math.exp(logs[i] as number);
        logs[i] = (logs[i] as number) + Math.log((n - k) / (k + 1)) + (odds[i] as number);
      }
    }
    while (found.length < levels.length && sum + 1e-9 >= (levels[found.length] as number)) found.push(k);
  }
  return [...found, ...levels.slice(found.length).map(() => n)];
}
