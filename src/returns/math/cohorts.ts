// From sales and returns to cohorts: how old a sale is, how large its lines are, how long a return took, and which returns count.

const DAY_MS = 86_400_000;

/** Units that came back of one line, `lag` whole days after its clock started; `cases` of them alike. */
export interface Back {
  readonly lag: number;
  readonly units: number;
  readonly cases: number;
}

/** What is known of the lines of one key that are of one age and alike in size: a line comes back as a clump, not unit by unit. */
export interface Cohort {
  /** Age of the sale at the as-of moment, whole days, ≥ 0. */
  readonly age: number;
  /** Lines, from 1 to `sold`; without it each unit is a line of its own. */
  readonly lines?: number | undefined;
  readonly sold: number;
  readonly returned: readonly Back[];
}

/** Classes of the size of a line: 1, 2 to 3, 4 to 7 … units, the last without end. */
export const SIZE_CLASSES = 16;

export const sizeClass = (units: number): number => (units < 2 ? 0 : Math.min(SIZE_CLASSES - 1, 31 - Math.clz32(units)));

export const sizeClassOf = (c: Cohort): number => (c.lines === undefined ? 0 : sizeClass(c.sold / c.lines));

export function checkCohort(c: Cohort): void {
  if (!Number.isInteger(c.age) || c.age < 0) throw new RangeError(`age must be a whole number of days, got ${c.age}`);
  if (!Number.isInteger(c.sold) || c.sold < 0) throw new RangeError(`sold must be a whole number of units, got ${c.sold}`);
  if (c.lines !== undefined && (!Number.isInteger(c.lines) || c.lines > c.sold || (c.lines < 1 && c.sold > 0))) throw new RangeError(`lines must be whole and from 1 to the ${c.sold} units sold, got ${c.lines}`);
  if (c.returned.length === 0) return;
  let sum = 0;
  for (const { lag, units, cases } of c.returned) {
    if (!Number.isInteger(lag) || lag < 0 || lag > c.age) throw new RangeError(`a lag must be from 0 to the age of ${c.age} days, got ${lag}`);
    if (!Number.isInteger(units) || units < 0 || !Number.isInteger(cases) || cases < 0) throw new RangeError(`returned must be whole units and cases, got ${cases} of ${units}`);
    sum += units * cases;
  }
  if (sum > c.sold) throw new RangeError(`${sum} units came back of ${c.sold} sold; cap them first`);
}

/** The same with returns beyond what was sold left out, in the order they are given: they cannot be told apart from a miscount. */
export function capped(c: Cohort): Cohort {
  let left = c.sold;
  if (c.returned.reduce((s, r) => s + r.units * r.cases, 0) <= left) return c;
  const returned: Back[] = [];
  for (const { lag, units, cases } of c.returned) {
    if (units === 0) continue;
    const whole = Math.min(cases, Math.floor(left / units));
    if (whole > 0) returned.push({ lag, units, cases: whole });
    left -= whole * units;
    if (whole < cases && left > 0) returned.push({ lag, units: left, cases: 1 });
    if (whole < cases) break;
  }
  return { ...c, returned };
}

/** Units of a cohort that came back within the horizon. */
export function unitsBack(c: Cohort, horizon: number): number {
  let sum = 0;
  for (const { lag, units, cases } of c.returned) if (lag <= horizon) sum += units * cases;
  return sum;
}

/** A line that was sold: units, the start of its clock (ms), and the units that came back with when (ms), earliest first. */
export interface SoldUnits {
  readonly sold: number;
  readonly start: number;
  readonly returns: readonly { readonly at: number; readonly units: number }[];
}

interface Growing {
  readonly age: number;
  readonly size: number;
  lines: number;
  sold: number;
  returned: Back[];
}

/** Most cohorts have no returns: they share this, which nobody writes to. */
const NOTHING: Back[] = [];

/** The returns of a line that count, as one clump for each day: at what lag, how many. */
function clumps(line: SoldUnits, age: number, asOf: number, horizonMs: number): Back[] {
  const found: { lag: number; units: number; cases: number }[] = [];
  let left = line.sold;
  for (const { at, units } of line.returns) {
    if (at >= asOf || at - line.start > horizonMs) continue;
    const taken = Math.min(left, units);
    if (taken === 0) continue;
    left -= taken;
    const lag = Math.min(age, Math.max(0, Math.floor((at - line.start) / DAY_MS)));
    const last = found.at(-1);
    if (last?.lag === lag) last.units += taken;
    else found.push({ lag, units: taken, cases: 1 });
  }
  return found;
}

/**
 * Cohorts by key, age at `asOf` and size of line. Returns before `asOf` and within `horizonDays` of the clock's start count, capped
 * at what was sold of their line. A clock that starts later than a return or than `asOf` (delivery is assumed three days after
 * shipment) counts as started there.
 */
export class CohortSums {
  private readonly keys = new Map<string, Growing[]>();

  constructor(
    private readonly asOf: number,
    private readonly horizonDays: number,
  ) {}

  add(key: string, line: SoldUnits): void {
    if (line.sold <= 0) return;
    const age = Math.max(0, Math.floor((this.asOf - line.start) / DAY_MS));
    let list = this.keys.get(key);
    if (list === undefined) this.keys.set(key, (list = []));
    const cohort = this.cohortOf(list, age, sizeClass(line.sold));
    cohort.lines++;
    cohort.sold += line.sold;
    if (line.returns.length === 0) return;
    const back = clumps(line, age, this.asOf, this.horizonDays * DAY_MS);
    if (back.length > 0) cohort.returned = cohort.returned === NOTHING ? back : cohort.returned.concat(back);
  }

  /** Sales come more or less in the order of their times, so the cohort is among the last; a second one like it would do no harm. */
  private cohortOf(list: Growing[], age: number, size: number): Growing {
    for (let i = list.length - 1; i >= 0; i--) {
      const cohort = list[i] as Growing;
      if (cohort.age !== age) break;
      if (cohort.size === size) return cohort;
    }
    const cohort: Growing = { age, size, lines: 0, sold: 0, returned: NOTHING };
    list.push(cohort);
    return cohort;
  }

  byKey(): Map<string, Cohort[]> {
    for (const list of this.keys.values()) {
      list.reverse();
      for (let i = 1; i < list.length; i++) {
        if ((list[i] as Growing).age >= (list[i - 1] as Growing).age) continue;
        list.sort((x, y) => x.age - y.age);
        break;
      }
    }
    return this.keys;
  }
}
