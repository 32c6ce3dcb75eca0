// Whether a lot is out of control: more of its units come back with a fault of production than the limit allows. Watched at
// every inspection, so the statistic must hold at any moment, not at one that was chosen.
import { shareBy, type Lag } from './lag.js';

export interface LotCount {
  /** Units of the lot that were inspected and found with a fault of production, ≥ 0. */
  readonly defects: number;
  /** Λ: units that left, each counted by the share of its returns that has had time to come (matured exposure), ≥ 0. */
  readonly exposure: number;
}

/** Multiples of the limit against which it is tested, with equal weights. */
const MULTIPLES = [1.5, 2, 3, 5, 8] as const;

/**
 * Natural logarithm of the evidence against "at most a share `limit` of the lot's units comes back faulty": the mean over ρ of
 * ρ^x exp(−(ρ − 1) λΛ), λ = limit / (1 − limit). Under the null the intensity of faulty returns is at most λ dΛ (a unit that has
 * not come back is a little more likely to than p, by at most 1 / (1 − p)), so each term is a supermartingale from 1, and by
 * Ville's inequality the chance that the mean ever reaches 1/α is at most α, however often it is looked at (the same argument as
 * for the e-detector of spikes: Shin, Ramdas, Rinaldo, arXiv 2203.03532). Inspections lag behind returns, which only delays it.
 *
 * limit: 0 < limit < 1. Throws RangeError for negative or non-finite counts.
 */
export function lotEvidence({ defects, exposure }: LotCount, limit: number): number {
  if (!Number.isInteger(defects) || defects < 0) throw new RangeError(`defects must be whole units, got ${defects}`);
  if (!Number.isFinite(exposure) || exposure < 0) throw new RangeError(`exposure must be finite and not negative, got ${exposure}`);
  if (!(limit > 0 && limit < 1)) throw new RangeError(`limit must be between 0 and 1, got ${limit}`);
  const rate = limit / (1 - limit);
  const logs = MULTIPLES.map((m) => defects * Math.log(m) - (m - 1) * rate * exposure);
  const most = Math.max(...logs);
  return most + Math.log(logs.reduce((s, l) => s + Math.exp(l - most), 0) / MULTIPLES.length);
}

/** True where the evidence is such that a lot within the limit would ever reach it with a chance of at most `falseAlarms`. */
export function isOutOfControl(count: LotCount, limit: number, falseAlarms: number): boolean {
  if (!(falseAlarms > 0 && falseAlarms < 1)) throw new RangeError(`falseAlarms must be between 0 and 1, got ${falseAlarms}`);
  return lotEvidence(count, limit) >= -Math.log(falseAlarms);
}

/** Λ of a lot: units by whole days since they reached the buyer. Where the lag is not known, every unit counts in full, which errs towards no alarm. */
export function maturedExposure(units: readonly { readonly age: number; readonly units: number }[], lag: Lag | undefined): number {
  return units.reduce((s, u) => {
    if (!Number.isInteger(u.age) || u.age < 0 || !Number.isInteger(u.units) || u.units < 0) throw new RangeError(`ages and units must be whole and not negative, got ${u.units} units of ${u.age} days`);
    return s + u.units * (lag === undefined ? 1 : shareBy(lag, u.age));
  }, 0);
}
