// Times to an end, some of them not over yet: the product-limit estimator, and cumulative incidence where there are several ends.

/** One subject, or `count` alike (> 0, default 1; count lines, not units: a few huge lines dominate units). time ≥ 0, any unit. */
export interface Ending {
  readonly time: number;
  /** How it ended at `time`; null: still open then (censored). */
  readonly cause: string | null;
  readonly count?: number;
}

export interface IncidenceStep {
  readonly time: number;
  /** Watched just before `time`. */
  readonly atRisk: number;
  readonly ended: number;
  /** Share without any end after `time`. */
  readonly surviving: number;
  /** Greenwood's standard error of `surviving`. */
  readonly error: number;
  /** Share ended by each cause up to `time`; with `surviving` they make 1. */
  readonly incidence: ReadonlyMap<string, number>;
}

function check(endings: readonly Ending[]): void {
  if (endings.length === 0) throw new RangeError('there must be at least one ending');
  for (const { time, count } of endings) {
    if (!(time >= 0) || !Number.isFinite(time)) throw new RangeError(`time must be finite and not negative, got ${time}`);
    if (count !== undefined && (!(count > 0) || !Number.isFinite(count))) throw new RangeError(`count must be positive and finite, got ${count}`);
  }
}

/**
 * Aalen-Johansen cumulative incidence for competing ends (Andersen, Borgan, Gill, Keiding 1993, IV.4), one step for each time at
 * which something ended: at a time t with n at risk and d_c ends by cause c, I_c += S d_c/n, then S *= 1 − Σ d_c/n. What is censored
 * at a time is still at risk then. With one cause 1 − I is the Kaplan-Meier estimate. Agrees with R's survfit. Any order of input;
 * cost: n log n. RangeError where it is empty, or a time or count is out of range.
 */
export function cumulativeIncidence(endings: readonly Ending[]): IncidenceStep[] {
  check(endings);
  const sorted = [...endings].sort((a, b) => a.time - b.time);
  let atRisk = sorted.reduce((s, e) => s + (e.count ?? 1), 0);
  const steps: IncidenceStep[] = [];
  let [surviving, greenwood] = [1, 0];
  let incidence = new Map<string, number>();
  for (let i = 0; i < sorted.length; ) {
    const { time } = sorted[i] as Ending;
    const by = new Map<string, number>();
    let [ended, leaving] = [0, 0];
    for (let e = sorted[i]; e !== undefined && e.time === time; e = sorted[++i]) {
      const count = e.count ?? 1;
      leaving += count;
      if (e.cause === null) continue;
      ended += count;
      by.set(e.cause, (by.get(e.cause) ?? 0) + count);
    }
    if (ended > 0) {
      // Sums of fractional counts leave a rest of rounding where everybody has ended.
      const share = Math.min(1, ended / atRisk);
      const survived = 1 - share < 1e-12 ? 0 : 1 - share;
      incidence = new Map(incidence);
      for (const [cause, n] of by) incidence.set(cause, (incidence.get(cause) ?? 0) + surviving * (n / atRisk));
      surviving *= survived;
      greenwood += survived === 0 ? 0 : share / (atRisk * survived);
      steps.push({ time, atRisk, ended, surviving, error: surviving * Math.sqrt(greenwood), incidence });
    }
    atRisk -= leaving;
  }
  return steps;
}

/** Kaplan-Meier (1958): share still without any end after each time at which something ended, whatever the cause. */
export const kaplanMeier = (endings: readonly Ending[]): { readonly time: number; readonly surviving: number; readonly error: number }[] =>
  cumulativeIncidence(endings).map(({ time, surviving, error }) => ({ time, surviving, error }));

/**
 * G(t): share of a cause's ends within `horizon` (> 0) that have come by t, the cumulative incidence over its value at the
 * horizon; 1 from there on. Undefined where the cause has not been seen within the horizon. RangeError for a negative t.
 */
export function lagShare(steps: readonly IncidenceStep[], cause: string, horizon: number, t: number): number | undefined {
  if (!(horizon > 0)) throw new RangeError(`horizon must be positive, got ${horizon}`);
  if (!(t >= 0)) throw new RangeError(`t must not be negative, got ${t}`);
  const by = (limit: number): number => steps.reduce((last, s) => (s.time <= limit ? (s.incidence.get(cause) ?? 0) : last), 0);
  const whole = by(horizon);
  if (whole <= 0) return undefined;
  return t >= horizon ? 1 : by(t) / whole;
}
