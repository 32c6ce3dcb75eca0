// Rows of files checked column by column: one list says what a file holds; texts (CSV) and JSON values (NDJSON) go the same way.
import { NAME, parseInstant } from '../http/forms.js';
import { isStorable } from '../http/json.js';
import type { FieldFault } from '../errors.js';

export type Column =
  | { readonly kind: 'name'; readonly required?: boolean }
  | { readonly kind: 'text'; readonly required?: boolean; readonly max: number }
  | { readonly kind: 'whole'; readonly required?: boolean; readonly min: number; readonly max: number }
  | { readonly kind: 'instant'; readonly required?: boolean }
  | { readonly kind: 'currency'; readonly required?: boolean }
  | { readonly kind: 'choice'; readonly required?: boolean; readonly values: readonly string[] };

export type Columns = Readonly<Record<string, Column>>;
export type RowValue = string | number;
export type Row = Readonly<Record<string, RowValue | undefined>>;

const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));
export const isCurrency = (code: string): boolean => CURRENCIES.has(code);

/** Printable ASCII that begins visibly: the usual name, which needs no further look. */
const PLAIN = /^[!-~][ -~]*$/;

/** Instants become milliseconds since 1970; everything else stays a text or a whole number. */
export function readValue(column: Column, raw: unknown): RowValue | { readonly detail: string } {
  switch (column.kind) {
    case 'whole': {
      const number = typeof raw === 'number' ? raw : typeof raw === 'string' && /^-?\d{1,16}$/.test(raw.trim()) ? Number(raw) : NaN;
      if (!Number.isSafeInteger(number) || number < column.min || number > column.max) return { detail: `must be a whole number from ${column.min} to ${column.max}` };
      return number;
    }
    case 'instant': {
      const at = typeof raw === 'string' ? parseInstant(raw.trim()) : undefined;
      return at ?? { detail: 'must be a time as in RFC 3339 with an offset, such as 2026-11-22T20:15:03+08:00' };
    }
    case 'currency':
      return typeof raw === 'string' && CURRENCIES.has(raw) ? raw : { detail: 'must be an ISO 4217 code such as CNY' };
    case 'choice':
      return typeof raw === 'string' && column.values.includes(raw) ? raw : { detail: `must be one of ${column.values.join(', ')}` };
    case 'name': {
      if (typeof raw !== 'string' || raw.length === 0 || raw.length > 128) return { detail: 'must be a text of 1 to 128 characters' };
      if (!PLAIN.test(raw) && (!isStorable(raw) || !NAME.test(raw))) return { detail: 'must be a name without control characters' };
      return raw;
    }
    case 'text':
      if (typeof raw !== 'string' || raw.length > column.max) return { detail: `must be a text of at most ${column.max} characters` };
      return PLAIN.test(raw) || isStorable(raw) ? raw : { detail: 'holds NUL or a lone surrogate' };
  }
}

const entries = new WeakMap<Columns, readonly (readonly [string, Column])[]>();
function entriesOf(columns: Columns): readonly (readonly [string, Column])[] {
  let list = entries.get(columns);
  if (list === undefined) entries.set(columns, (list = Object.entries(columns)));
  return list;
}

export function readRow(columns: Columns, record: Readonly<Record<string, unknown>>): { readonly row: Row } | { readonly faults: readonly FieldFault[] } {
  const row: Record<string, RowValue | undefined> = {};
  const faults: FieldFault[] = [];
  for (const [name, column] of entriesOf(columns)) {
    const raw = Object.hasOwn(record, name) || Object.getPrototypeOf(record) === null ? record[name] : undefined;
    if (raw === undefined || raw === null || raw === '') {
      if (column.required === true) faults.push({ field: name, detail: 'is missing' });
      continue;
    }
    const value = readValue(column, raw);
    if (typeof value === 'object') faults.push({ field: name, detail: value.detail });
    else row[name] = value;
  }
  return faults.length > 0 ? { faults } : { row };
}

export const describeFaults = (faults: readonly FieldFault[]): string => faults.map((f) => `${f.field}: ${f.detail}`).join('; ');
