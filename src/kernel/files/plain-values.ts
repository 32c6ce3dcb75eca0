// The usual forms of values, read in place without a regular expression or a date: most of the time of reading a file goes there.
// What has another form is left to the full check (columns.ts), which these agree with.
import type { Column } from './columns.js';

const ZERO = 48;

/** The number written in decimal digits in text[from, to); NaN where one is none. */
function digitsAt(text: string, from: number, to: number): number {
  let n = 0;
  for (let i = from; i < to; i++) {
    const d = text.charCodeAt(i) - ZERO;
    if (!(d >= 0 && d <= 9)) return NaN;
    n = 10 * n + d;
  }
  return n;
}

const DAY_MS = 86_400_000;
const LENGTH = 20;

/** Milliseconds since 1970 at 00:00 UTC of a day written as the number YYYYMMDD; undefined where there is no such day from 1970 to 2199. */
function startOf(date: number): number | undefined {
  const [year, month, day] = [Math.floor(date / 10_000), Math.floor(date / 100) % 100, date % 100];
  if (year < 1970 || year > 2199 || month < 1 || month > 12 || day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  return Date.UTC(year, month - 1, day);
}

/** A reader of `YYYY-MM-DDTHH:MM:SSZ`; it remembers the days that it met. */
function instantReader(): (text: string, from: number, to: number) => number | undefined {
  const days = new Map<number, number | undefined>();
  let lastDate = NaN;
  let lastStart = 0;
  return (text, from, to) => {
    if (to - from !== LENGTH || text.charCodeAt(from + 4) !== 45 || text.charCodeAt(from + 7) !== 45 || text.charCodeAt(from + 10) !== 84 || text.charCodeAt(from + 13) !== 58
      || text.charCodeAt(from + 16) !== 58 || text.charCodeAt(from + 19) !== 90) return undefined;
    const date = 10_000 * digitsAt(text, from, from + 4) + 100 * digitsAt(text, from + 5, from + 7) + digitsAt(text, from + 8, from + 10);
    if (date !== lastDate) {
      if (Number.isNaN(date)) return undefined;
      if (days.size > 4_000) days.clear();
      if (!days.has(date)) days.set(date, startOf(date));
      const start = days.get(date);
      if (start === undefined) return undefined;
      lastDate = date;
      lastStart = start;
    }
    const hour = digitsAt(text, from + 11, from + 13);
    const minute = digitsAt(text, from + 14, from + 16);
    const second = digitsAt(text, from + 17, from + 19);
    return hour <= 23 && minute <= 59 && second <= 59 ? lastStart + (hour * DAY_MS) / 24 + minute * 60_000 + second * 1000 : undefined;
  };
}

/** A reader of printable ASCII that begins visibly. Neighbouring lines often hold the same text: the last one is given again. */
function textReader(longest: number): (text: string, from: number, to: number) => string | undefined {
  let last = '';
  return (text, from, to) => {
    if (to - from === last.length && text.startsWith(last, from)) return last;
    if (to - from > longest || text.charCodeAt(from) === 32) return undefined;
    for (let i = from; i < to; i++) {
      const c = text.charCodeAt(i);
      if (c < 32 || c > 126) return undefined;
    }
    last = text.slice(from, to);
    return last;
  };
}

function choiceReader(values: readonly string[]): (text: string, from: number, to: number) => string | undefined {
  let last = '';
  return (text, from, to) => {
    if (to - from === last.length && text.startsWith(last, from)) return last;
    const found = values.find((v) => v.length === to - from && text.startsWith(v, from));
    last = found ?? last;
    return found;
  };
}

/** The value of text[from, to) where it has the usual form; undefined where the full check must say. */
export function plainReader(column: Column): (text: string, from: number, to: number) => string | number | undefined {
  switch (column.kind) {
    case 'whole':
      return (text, from, to) => {
        const n = to - from <= 9 ? digitsAt(text, from, to) : NaN;
        return n >= column.min && n <= column.max ? n : undefined;
      };
    case 'instant':
      return instantReader();
    case 'name':
      return textReader(128);
    case 'text':
      return textReader(column.max);
    case 'choice':
      return choiceReader(column.values);
    case 'currency':
      return choiceReader(Intl.supportedValuesOf('currency'));
  }
}
