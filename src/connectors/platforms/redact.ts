// What is kept of a message that could not be mapped: its shape. Every text that is not listed as harmless is replaced by its
// type and length, and so is every long number: a phone number may come as one.
const PLAIN = /^[\w.:+-]{1,80}$/;
const KEY = /^[A-Za-z_][\w.-]{0,63}$/;
const MAX_DEPTH = 12;
const MAX_ENTRIES = 200;

const lengthOf = (value: string | number | bigint): string => `<${typeof value === 'string' ? 'text' : 'number'} of ${String(value).length}>`;

/** @param keep names of fields whose values are ids, statuses or codes of the platform */
export function redacted(value: unknown, keep: ReadonlySet<string>, key = '', depth = 0): unknown {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') {
    if (keep.has(key) && PLAIN.test(String(value))) return typeof value === 'bigint' ? String(value) : value;
    return typeof value === 'number' && Math.abs(value) < 1_000_000 ? value : lengthOf(value);
  }
  if (typeof value !== 'object') return null;
  if (depth >= MAX_DEPTH) return '<nested deeper>';
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((item) => redacted(item, keep, key, depth + 1));
  return Object.fromEntries(Object.entries(value).slice(0, MAX_ENTRIES).map(([name, item], i) => [KEY.test(name) ? name : `<key ${i} of ${name.length}>`, redacted(item, keep, name, depth + 1)]));
}
