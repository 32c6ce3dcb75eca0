// Wall clocks of time zones. A formatter costs about 50 µs to make and 1 µs to use, so one is kept per zone.

const formatters = new Map<string, Intl.DateTimeFormat>();

function partsOf(at: number, timeZone: string): Record<string, string> {
  let formatter = formatters.get(timeZone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    formatters.set(timeZone, formatter);
  }
  return Object.fromEntries(formatter.formatToParts(at).map((p) => [p.type, p.value]));
}

interface LocalTime {
  readonly date: string;
  readonly hour: number;
  readonly minute: number;
}

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;

/** The day of UTC that was last asked for. */
let utc = { day: NaN, date: '' };

/** The quarter of an hour that was last asked for in each zone: offsets change at quarters only, and formatting one takes 20 µs. */
const quarters = new Map<string, { readonly quarter: number; readonly local: LocalTime }>();

/** Calendar date (YYYY-MM-DD), hour and minute of an instant (ms since 1970) in an IANA time zone; RangeError for another name. */
export function localTime(at: number, timeZone: string): LocalTime {
  if (timeZone === 'UTC' && Math.abs(at) < 8.64e15) {
    const day = Math.floor(at / DAY_MS);
    if (day !== utc.day) utc = { day, date: new Date(at).toISOString().slice(0, -14) };
    const minutes = Math.floor((at - day * DAY_MS) / 60_000);
    return { date: utc.date, hour: Math.floor(minutes / 60), minute: minutes % 60 };
  }
  const quarter = Math.floor(at / QUARTER_MS);
  const known = quarters.get(timeZone);
  let first = known?.quarter === quarter ? known.local : undefined;
  if (first === undefined) {
    const p = partsOf(quarter * QUARTER_MS, timeZone);
    first = { date: `${p['year'] ?? ''}-${p['month'] ?? ''}-${p['day'] ?? ''}`, hour: Number(p['hour']), minute: Number(p['minute']) };
    quarters.set(timeZone, { quarter, local: first });
  }
  // Within a quarter of an hour of a zone whose offset is a multiple of one, only minutes pass.
  return { ...first, minute: first.minute + Math.floor((at - quarter * QUARTER_MS) / 60_000) };
}

/**
 * The next instant (ms) strictly after `at` at which it is `hour` o'clock in `timeZone`. Every offset in use is a multiple of a
 * quarter of an hour. Where a change to summer time leaves the hour out that day, it is the same hour a day later.
 */
export function nextLocalHour(at: number, timeZone: string, hour: number): number {
  if (timeZone === 'UTC') {
    const today = Math.floor(at / 86_400_000) * 86_400_000 + hour * 3_600_000;
    return today > at ? today : today + 86_400_000;
  }
  const now = localTime(at, timeZone);
  // Jump near it by wall-clock arithmetic, then walk quarters: a clock change in between moves it by at most two hours.
  const hoursAhead = (hour - now.hour + 24) % 24;
  const start = Math.floor(at / QUARTER_MS) * QUARTER_MS + Math.max(0, hoursAhead - 3) * 4 * QUARTER_MS;
  for (let t = start + QUARTER_MS; t <= start + 52 * 3_600_000; t += QUARTER_MS) {
    if (t <= at) continue;
    const local = localTime(t, timeZone);
    if (local.hour === hour && local.minute === 0) return t;
  }
  throw new RangeError(`no ${hour} o'clock found in ${timeZone}`);
}
