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

/** The lines so far, side by side. */
class Lines {
  count = 0;
  /** Number of the key. */
  keys = new Int32Array(4_096);
  ages = new Int32Array(4_096);
  sold = new Float64Array(4_096);
  /** Number of what came back of the line, 0 where nothing did. */
  back = new Int32Array(4_096);

  add(key: number, age: number, sold: number, back: number): void {
    const place = this.count++;
    if (place === this.keys.length) this.grow(2 * place);
    this.keys[place] = key;
    this.ages[place] = age;
    this.sold[place] = sold;
    this.back[place] = back;
  }

  private grow(room: number): void {
    const { keys, ages, sold, back } = this;
    [this.keys, this.ages, this.sold, this.back] = [new Int32Array(room), new Int32Array(room), new Float64Array(room), new Int32Array(room)];
    this.keys.set(keys);
    this.ages.set(ages);
    this.sold.set(sold);
    this.back.set(back);
  }

  /** Their places, key by key, each key's in the order in which they came; and where the lines of each key begin. */
  sorted(keys: number): { readonly places: Int32Array; readonly begins: Int32Array } {
    const begins = new Int32Array(keys + 2);
    for (let i = 0; i < this.count; i++) {
      const after = (this.keys[i] as number) + 2;
      begins[after] = (begins[after] as number) + 1;
    }
    for (let key = 1; key < begins.length; key++) begins[key] = (begins[key] as number) + (begins[key - 1] as number);
    const places = new Int32Array(this.count);
    for (let i = 0; i < this.count; i++) {
      const next = (this.keys[i] as number) + 1;
      places[begins[next] as number] = i;
      begins[next] = (begins[next] as number) + 1;
    }
    return { places, begins };
  }
}

/**
 * Cohorts by key, age at `asOf` and size of line. Returns before `asOf` and within `horizonDays` of the clock's start count, capped
 * at what was sold of their line. A clock that starts later than a return or than `asOf` (delivery is assumed three days after
 * shipment) counts as started there.
 */
export class CohortSums {
  private readonly keys = new Map<string, number>();
  private readonly lines = new Lines();
  /** What came back of lines, the first of which is none. */
  private readonly back: Back[][] = [NOTHING];

  constructor(
    private readonly asOf: number,
    private readonly horizonDays: number,
  ) {}

  add(key: string, line: SoldUnits): void {
    if (line.sold <= 0) return;
    const age = Math.max(0, Math.floor((this.asOf - line.start) / DAY_MS));
    let number = this.keys.get(key);
    if (number === undefined) this.keys.set(key, (number = this.keys.size));
    const back = line.returns.length === 0 ? NOTHING : clumps(line, age, this.asOf, this.horizonDays * DAY_MS);
    this.lines.add(number, age, line.sold, back.length === 0 ? 0 : this.back.push(back) - 1);
  }

  /** Key by key: the lines of all keys come mixed, and going back and forth between the cohorts of all would take far longer. */
  byKey(): Map<string, Cohort[]> {
    const { places, begins } = this.lines.sorted(this.keys.size);
    const all = new Map<string, Cohort[]>();
    for (const [key, number] of this.keys) all.set(key, this.cohortsOf(places, begins[number] as number, begins[number + 1] as number));
    return all;
  }

  private cohortsOf(places: Int32Array, from: number, to: number): Cohort[] {
    const { ages, sold, back: backs } = this.lines;
    const list: Growing[] = [];
    for (let i = from; i < to; i++) {
      const place = places[i] as number;
      const units = sold[place] as number;
      const cohort = cohortIn(list, ages[place] as number, sizeClass(units));
      cohort.lines++;
      cohort.sold += units;
      if (backs[place] === 0) continue;
      const back = this.back[backs[place] as number] as Back[];
      cohort.returned = cohort.returned === NOTHING ? back : cohort.returned.concat(back);
    }
    list.reverse();
    for (let i = 1; i < list.length; i++) {
      if ((list[i] as Growing).age >= (list[i - 1] as Growing).age) continue;
      list.sort((x, y) => x.age - y.age);
      break;
    }
    return list;
  }
}

/** Sales come more or less in the order of their times, so the cohort is among the last; a second one like it would do no harm. */
function cohortIn(list: Growing[], age: number, size: number): Growing {
  for (let i = list.length - 1; i >= 0; i--) {
    const cohort = list[i] as Growing;
    if (cohort.age !== age) break;
    if (cohort.size === size) return cohort;
  }
  const cohort: Growing = { age, size, lines: 0, sold: 0, returned: NOTHING };
  list.push(cohort);
  return cohort;
}
