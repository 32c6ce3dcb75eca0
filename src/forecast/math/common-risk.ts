// One total to be shared among styles before the season, so that all run the same risk of being left over; Fisher and Raman,
// "Reducing the cost of demand uncertainty through accurate response to early sales", Operations Research 44 (1996), and the
// Sport Obermeyer case. Quantities in units, unrounded; demand normal, not truncated at 0.
import { normalLoss } from '../../kernel/math/index.js';
import { checkNormal, type NormalDemand } from './newsvendor.js';

/** Q = μ − kσ for every style that is made, none below the minimum; 0 for those left out. leftOver: Σ E[(Q − D)⁺]. */
export interface CommonRisk {
  readonly risk: number;
  readonly quantities: readonly number[];
  readonly leftOver: number;
}

/** All subsets of this many styles are still tried in about a tenth of a second. */
const MOST_STYLES = 16;

function check(styles: readonly NormalDemand[], total: number, minimum: number): void {
  if (styles.length === 0) throw new RangeError('there must be at least one style');
  styles.forEach(checkNormal);
  if (!(total > 0) || !Number.isFinite(total)) throw new RangeError(`total must be positive and finite, got ${total}`);
  if (!(minimum >= 0) || !Number.isFinite(minimum)) throw new RangeError(`minimum must be finite and not negative, got ${minimum}`);
}

/** The k at which max(minimum, μ − kσ) over `made` sums to the total; undefined where the minima alone exceed it. */
function riskOf(made: readonly NormalDemand[], total: number, minimum: number): number | undefined {
  if (made.length * minimum > total) return undefined;
  // Styles held at the minimum take more than their share, so k rises and holds more of them: at most one pass a style.
  let free = made;
  for (;;) {
    const deviations = free.reduce((s, d) => s + d.deviation, 0);
    const k = (free.reduce((s, d) => s + d.mean, 0) + (made.length - free.length) * minimum - total) / deviations;
    const still = free.filter((d) => d.mean - k * d.deviation >= minimum - 1e-9 * total);
    if (still.length === free.length || still.length === 0) return k;
    free = still;
  }
}

const leftOver = (d: NormalDemand, q: number): number => q - d.mean + d.deviation * normalLoss((q - d.mean) / d.deviation);

function allocation(styles: readonly NormalDemand[], made: readonly boolean[], total: number, minimum: number): CommonRisk | undefined {
  const risk = riskOf(styles.filter((_, i) => made[i]), total, minimum);
  if (risk === undefined) return undefined;
  const quantities = styles.map((d, i) => (made[i] === true ? Math.max(minimum, d.mean - risk * d.deviation) : 0));
  return { risk, quantities, leftOver: styles.reduce((s, d, i) => (made[i] === true ? s + leftOver(d, quantities[i] as number) : s), 0) };
}

/** Shares `total` (> 0) among all styles at one common k, none below 0: the split with the least expected leftover. Cost: styles². */
export function allocateAtCommonRisk(styles: readonly NormalDemand[], total: number): CommonRisk {
  check(styles, total, 0);
  return allocation(styles, styles.map(() => true), total, 0) as CommonRisk;
}

/**
 * The same where a style is made in at least `minimum` or not at all: of all subsets the one with the least expected leftover.
 * RangeError for more than 16 styles (cost: 2^styles), or a total below the minimum.
 */
export function allocateWithMinimum(styles: readonly NormalDemand[], total: number, minimum: number): CommonRisk {
  check(styles, total, minimum);
  if (styles.length > MOST_STYLES) throw new RangeError(`at most ${MOST_STYLES} styles, got ${styles.length}`);
  if (total < minimum) throw new RangeError(`total ${total} must be at least the minimum ${minimum}`);
  let best: CommonRisk | undefined;
  for (let set = 1; set < 2 ** styles.length; set++) {
    const found = allocation(styles, styles.map((_, i) => (set & (1 << i)) !== 0), total, minimum);
    if (found !== undefined && (best === undefined || found.leftOver < best.leftOver)) best = found;
  }
  return best as CommonRisk;
}
