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

/** Calendar date (YYYY-MM-DD), hour and minute of an instant (ms since 1970) in an IANA time zone; RangeError for another name. */
export function localTime(at: number, timeZone: string): { readonly date: string; readonly hour: number; readonly minute: number } {
  const p = partsOf(at, timeZone);
  return { date: `${p['year'] ?? ''}-${p['month'] ?? ''}-${p['day'] ?? ''}`, hour: Number(p['hour']), minute: Number(p['minute']) };
}

const QUARTER_MS = 900_000;

/**
 * The next instant (ms) strictly after `at` at which it is `hour` o'clock in `timeZone`. Every offset in use is a multiple of a
 * quarter of an hour. Where a change to summer time leaves the hour out that day, it is the same hour a day later.
 */
export function nextLocalHour(at: number, timeZone: string, hour: number): number {
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
