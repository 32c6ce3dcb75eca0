// Shares over time against limits that large samples do not make absurd: Laney, "Improved control charts for attributes", Quality
// Engineering 14 (2002). Take matured exposure only: a young lot's share of returns is low because it is young.

/** One period: `events` of `total` units, 0 ≤ events ≤ total, total > 0. */
export interface Sample {
  readonly events: number;
  readonly total: number;
}

export interface Limits {
  readonly lower: number;
  readonly upper: number;
}

export interface ControlChart {
  /** p̄ = Σ events / Σ total. */
  readonly mean: number;
  /** σ_z: spread between neighbours in units of binomial noise; 1 where there is none but that. */
  readonly sigmaZ: number;
  /** Each period's share with its own limits, of the p chart (3 σ binomial) and of the p′ chart (3 σ σ_z), cut to [0, 1]. */
  readonly points: readonly { readonly share: number; readonly p: Limits; readonly laney: Limits }[];
}

const MOVING_RANGE = 1.128;

export function checkSample(s: Sample): void {
  if (!(s.total > 0) || !Number.isFinite(s.total) || !(s.events >= 0 && s.events <= s.total)) throw new RangeError(`events must be from 0 to a positive, finite total, got ${s.events} of ${s.total}`);
}

/**
 * Laney's p′ chart: p̄ ± 3 σ_z √(p̄(1 − p̄)/n), σ_z = mean |z_i − z_(i−1)| / 1.128 (d₂ of ranges of two). At least two periods, in
 * order of time. Where p̄ is 0 or 1 nothing varies: σ_z is 0 and the limits are p̄. RangeError on other input.
 */
export function laneyChart(samples: readonly Sample[]): ControlChart {
  if (samples.length < 2) throw new RangeError(`a chart needs at least two samples, got ${samples.length}`);
  samples.forEach(checkSample);
  const mean = samples.reduce((s, x) => s + x.events, 0) / samples.reduce((s, x) => s + x.total, 0);
  const noise = samples.map((x) => Math.sqrt((mean * (1 - mean)) / x.total));
  const z = samples.map((x, i) => (noise[i] === 0 ? 0 : (x.events / x.total - mean) / (noise[i] as number)));
  const sigmaZ = z.slice(1).reduce((s, v, i) => s + Math.abs(v - (z[i] as number)), 0) / (z.length - 1) / MOVING_RANGE;
  const around = (width: number): Limits => ({ lower: Math.max(0, mean - width), upper: Math.min(1, mean + width) });
  return { mean, sigmaZ, points: samples.map((x, i) => ({ share: x.events / x.total, p: around(3 * (noise[i] as number)), laney: around(3 * sigmaZ * (noise[i] as number)) })) };
}
