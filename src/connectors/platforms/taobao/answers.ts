// How Taobao writes: lists inside an object of the singular name, times in Beijing without an offset.
import { fieldsOf, listOf, optionalText, Unreadable, type Fields } from '../payload.js';

/** `{trades: {trade: [...]}}`, or the bare list where answers are simplified. */
export function listIn(fields: Fields, plural: string, singular: string): readonly Fields[] {
  const value = fields[plural];
  if (value === undefined || value === null || Array.isArray(value)) return listOf(value, plural);
  return listOf(fieldsOf(value, plural)[singular], singular);
}

const BEIJING_MS = 8 * 3_600_000;

/** A time of the form 2026-11-20 20:00:00, or a day, of which the last second is meant; null where it is absent. */
export function optionalBeijing(fields: Fields, name: string): number | null {
  const value = optionalText(fields, name, 32);
  if (value === null) return null;
  const parts = /^(\d{4}-\d{2}-\d{2})(?: (\d{2}:\d{2}:\d{2}))?$/.exec(value);
  const at = parts === null ? Number.NaN : Date.parse(`${parts[1] ?? ''}T${parts[2] ?? '23:59:59'}Z`) - BEIJING_MS;
  if (!Number.isFinite(at) || at < Date.UTC(2000) || at > Date.UTC(2100)) throw new Unreadable(name, 'is not a time of the form 2026-11-20 20:00:00');
  return at;
}

export function beijing(fields: Fields, name: string): number {
  const at = optionalBeijing(fields, name);
  if (at === null) throw new Unreadable(name, 'is missing');
  return at;
}

/** The same form, for asking. */
export const inBeijing = (at: Date): string => new Date(at.getTime() + BEIJING_MS).toISOString().slice(0, 19).replace('T', ' ');
