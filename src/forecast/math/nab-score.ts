// The score of the Numenta Anomaly Benchmark (Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms", 2015), for an
// outside look at a detector. Its thresholds are tuned on its own labels: not a claim about live commerce.

/** Weights of a window found, a window missed and a false alarm, each > 0. */
export interface NabProfile {
  readonly found: number;
  readonly missed: number;
  readonly falseAlarm: number;
}

export const NAB_PROFILES = {
  standard: { found: 1, missed: 1, falseAlarm: 0.11 }, fewFalseAlarms: { found: 1, missed: 1, falseAlarm: 0.22 }, fewMissed: { found: 1, missed: 2, falseAlarm: 0.11 },
} as const satisfies Record<string, NabProfile>;

/** One series: its rows, the labelled windows (first and last row, both within; ascending, apart) and the rows at which the detector alarmed. */
export interface NabSeries {
  readonly rows: number;
  readonly windows: readonly (readonly [left: number, right: number])[];
  readonly detections: readonly number[];
}

/** Early rows in which a detector may learn and nothing counts. */
const LEARNING_SHARE = 0.15;
const LEARNING_ROWS = 750;

/** σ(y) = 2/(1 + e^(5y)) − 1, −1 beyond 3: near 1 at the start of a window, 0 at its end, falling after it. */
const worth = (y: number): number => (y > 3 ? -1 : 2 / (1 + Math.exp(5 * y)) - 1);

function check({ rows, windows, detections }: NabSeries): void {
  if (!Number.isSafeInteger(rows) || rows < 1) throw new RangeError(`rows must be a positive whole number, got ${rows}`);
  const within = (i: number): boolean => Number.isSafeInteger(i) && i >= 0 && i < rows;
  let last = -1;
  for (const [left, right] of windows) {
    if (!within(left) || !within(right) || right < left || left <= last) throw new RangeError(`window ${left} to ${right} is out of order or out of range`);
    last = right;
  }
  if (!detections.every(within)) throw new RangeError(`detections must be rows from 0 to ${rows - 1}`);
}

/** The raw score of one series. Of several detections in a window the best counts; a row detected twice counts once. */
function rawScore(series: NabSeries, profile: NabProfile): number {
  const learning = Math.min(Math.floor(LEARNING_SHARE * series.rows), LEARNING_ROWS);
  const best = series.windows.map(() => -profile.missed);
  let score = 0;
  for (const i of new Set(series.detections)) {
    if (i < learning) continue;
    const inside = series.windows.findIndex(([left, right]) => left <= i && i <= right);
    if (inside >= 0) {
      const [left, right] = series.windows[inside] as readonly [number, number];
      best[inside] = Math.max(best[inside] as number, (profile.found * worth(-(right - i + 1) / (right - left + 1))) / worth(-1));
      continue;
    }
    const before = series.windows.filter(([, right]) => right < i).at(-1);
    // A window of one row has no width to measure by: the next row is one width away.
    score += profile.falseAlarm * (before === undefined ? -1 : worth((i - before[1]) / Math.max(1, before[1] - before[0])));
  }
  return score + best.reduce((s, v) => s + v, 0);
}

/**
 * 100 (S − S_null)/(S_perfect − S_null), summed over all series: 100 finds every window at its first row without a false alarm,
 * 0 never alarms. RangeError where no series holds a window, or rows, windows or weights are out of range.
 */
export function nabScore(series: readonly NabSeries[], profile: NabProfile): number {
  if (![profile.found, profile.missed, profile.falseAlarm].every((w) => w > 0 && Number.isFinite(w))) throw new RangeError('the weights of a profile must be positive and finite');
  series.forEach(check);
  const windows = series.reduce((s, x) => s + x.windows.length, 0);
  if (windows === 0) throw new RangeError('there must be at least one window');
  const score = series.reduce((s, x) => s + rawScore(x, profile), 0);
  return (100 * (score + profile.missed * windows)) / ((profile.found + profile.missed) * windows);
}
