// From sales and returns to cohorts: how old a sale is, how long a return took, and which returns count.
import type { Cohort } from './rate.js';

const DAY_MS = 86_400_000;

/** A line that was sold: units, the start of its clock (ms), and the units that came back with when (ms), earliest first. */
export interface SoldUnits {
  readonly sold: number;
  readonly start: number;
  readonly returns: readonly { readonly at: number; readonly units: number }[];
}

interface Growing {
  readonly age: number;
  sold: number;
  returned: Map<number, number>;
}

/** Most cohorts have no returns: they share this, which nobody writes to. */
const NOTHING = new Map<number, number>();

/**
 * Cohorts by key and age at `asOf`. Returns before `asOf` and within `horizonDays` of the clock's start count, capped at what was
 * sold of their line. A clock that starts later than a return or than `asOf` (delivery is assumed three days after shipment)
 * counts as started there.
 */
export class CohortSums {
  private readonly keys = new Map<string, Map<number, Growing>>();

  constructor(
    private readonly asOf: number,
    private readonly horizonDays: number,
  ) {}

  add(key: string, line: SoldUnits): void {
    if (line.sold <= 0) return;
    const age = Math.max(0, Math.floor((this.asOf - line.start) / DAY_MS));
    let ages = this.keys.get(key);
    if (ages === undefined) this.keys.set(key, (ages = new Map<number, Growing>()));
    let cohort = ages.get(age);
    if (cohort === undefined) ages.set(age, (cohort = { age, sold: 0, returned: NOTHING }));
    cohort.sold += line.sold;
    let left = line.sold;
    for (const { at, units } of line.returns) {
      if (at >= this.asOf || at - line.start > this.horizonDays * DAY_MS) continue;
      const taken = Math.min(left, units);
      left -= taken;
      const lag = Math.min(age, Math.max(0, Math.floor((at - line.start) / DAY_MS)));
      if (taken === 0) continue;
      if (cohort.returned === NOTHING) cohort.returned = new Map();
      cohort.returned.set(lag, (cohort.returned.get(lag) ?? 0) + taken);
    }
  }

  byKey(): Map<string, Cohort[]> {
    return new Map(Array.from(this.keys, ([key, ages]) => [key, [...ages.values()].sort((x, y) => x.age - y.age)]));
  }
}
