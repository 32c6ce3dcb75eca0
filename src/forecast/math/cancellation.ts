// Cancellation still to come: the share of open units that will be cancelled before they ship.

/** Published prior until a merchant's own lines say more: 6 % of lines, with the weight of 50 lines. */
const PRIOR_RATE = 0.06;
const PRIOR_LINES = 50;
/** Cancellations come early: exponential delays with this mean (hours). */
const MEAN_DELAY_HOURS = 12;

/**
 * @param lines sale lines so far (≥ cancelledLines ≥ 0)
 * @param ageHours mean age of the open units since they were paid, ≥ 0
 * @returns in [0, 1): c (1 − G(a)) / (1 − c G(a)), c the shrunk share of lines ever cancelled and G the delay's distribution
 *   function, evaluated at the mean age (exact where all units have one age; the error is second order in the spread of ages)
 */
export function cancellationToCome(lines: number, cancelledLines: number, ageHours: number): number {
  if (!(lines >= cancelledLines && cancelledLines >= 0)) throw new RangeError(`lines ${lines} and cancelled ${cancelledLines} do not fit`);
  if (!(ageHours >= 0)) throw new RangeError(`ageHours must not be negative, got ${ageHours}`);
  const share = Math.min(0.95, (cancelledLines + PRIOR_RATE * PRIOR_LINES) / (lines + PRIOR_LINES));
  const past = 1 - Math.exp(-ageHours / MEAN_DELAY_HOURS);
  return (share * (1 - past)) / (1 - share * past);
}

/** Units of one line (or of one buyer on one SKU) beyond this are held back: the larger of 200 and 20 × the usual line. */
export function holdingCap(lines: number, lineLogMilli: number): number {
  // The usual line is the geometric mean, shrunk towards 2 units with the weight of 5 lines: one huge first line is not usual.
  const usual = Math.exp((lineLogMilli / 1000 + 5 * Math.log(2)) / (Math.max(0, lines) + 5));
  return Math.max(200, Math.ceil(20 * usual));
}

/** How long (event time) units beyond the cap stay out of need. */
export const HOLDING_MS = 30 * 60_000;
