// Reading a platform's words: field by field, each fault naming the field. Ids stay texts whatever their length; money becomes
// minor units of its currency; times milliseconds.
import { exponentOf, isStorable, parseInstant } from '../../kernel/index.js';

/** A message or record that does not say what it must. `field` is where; never its value, which may be a person's. */
export class Unreadable extends Error {
  constructor(
    readonly field: string,
    readonly fault: string,
  ) {
    super(`${field}: ${fault}`);
    this.name = 'Unreadable';
  }
}

export type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

export function fieldsOf(value: unknown, field: string): Fields {
  if (!isFields(value)) throw new Unreadable(field, 'must be an object');
  return value;
}

export function listOf(value: unknown, field: string): readonly Fields[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Unreadable(field, 'must be a list');
  if (value.length > 10_000) throw new Unreadable(field, 'holds more than 10,000 entries');
  return value.map((item, i) => fieldsOf(item, `${field}[${i}]`));
}

/** A text or number as text; null where it is absent, null or empty. Numbers are lossless (parseLossless). */
export function optionalText(fields: Fields, name: string, max = 256): string | null {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return null;
  const text = typeof value === 'string' ? value.trim() : typeof value === 'number' || typeof value === 'bigint' ? String(value) : undefined;
  if (text === undefined) throw new Unreadable(name, 'must be a text');
  if (text === '') return null;
  if (text.length > max) throw new Unreadable(name, `is longer than ${max} characters`);
  if (!isStorable(text)) throw new Unreadable(name, 'holds NUL or a lone surrogate');
  return text;
}

export function text(fields: Fields, name: string, max = 256): string {
  const value = optionalText(fields, name, max);
  if (value === null) throw new Unreadable(name, 'is missing');
  return value;
}

/** An id; 0 and "0" mean none on several platforms. */
export function optionalId(fields: Fields, name: string): string | null {
  const id = optionalText(fields, name, 128);
  return id === '0' ? null : id;
}

/** The first of several names that carries an id: platforms call one thing by several. */
export function idOf(fields: Fields, ...names: readonly string[]): string {
  for (const name of names) {
    const id = optionalId(fields, name);
    if (id !== null) return id;
  }
  throw new Unreadable(names[0] ?? 'id', 'is missing');
}

export function optionalWhole(fields: Fields, name: string): number | null {
  const value = optionalText(fields, name, 32);
  if (value === null) return null;
  if (!/^-?\d{1,16}$/.test(value) || !Number.isSafeInteger(Number(value))) throw new Unreadable(name, 'must be a whole number');
  return Number(value);
}

const MAX_UNITS = 1_000_000;

/** Units: 1 to 1,000,000, or 0 where `least` says so. */
export function units(fields: Fields, name: string, least = 1): number {
  const value = optionalWhole(fields, name);
  if (value === null) throw new Unreadable(name, 'is missing');
  if (value < least || value > MAX_UNITS) throw new Unreadable(name, `must be from ${least} to ${MAX_UNITS}`);
  return value;
}

export function flag(fields: Fields, name: string): boolean {
  const value = fields[name];
  return value === true || value === 1 || value === '1' || (typeof value === 'string' && value.trim().toLowerCase() === 'true');
}

const EARLIEST = Date.UTC(2000, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);

/** Seconds or milliseconds since 1970, told apart by their size; 0 and absent are null. */
export function optionalTime(fields: Fields, name: string): number | null {
  const value = optionalWhole(fields, name);
  if (value === null || value <= 0) return null;
  const at = value > 100_000_000_000 ? value : value * 1000;
  if (at < EARLIEST || at > LATEST) throw new Unreadable(name, 'is not a time between the years 2000 and 2100');
  return at;
}

export function time(fields: Fields, name: string): number {
  const at = optionalTime(fields, name);
  if (at === null) throw new Unreadable(name, 'is missing');
  return at;
}

/** A time as text with an offset (RFC 3339). */
export function optionalInstant(fields: Fields, name: string): number | null {
  const value = optionalText(fields, name, 64);
  if (value === null) return null;
  const at = parseInstant(value);
  if (at === undefined) throw new Unreadable(name, 'is not a time with an offset');
  return at;
}

export function instant(fields: Fields, name: string): number {
  const at = optionalInstant(fields, name);
  if (at === null) throw new Unreadable(name, 'is missing');
  return at;
}

export function currencyOf(fields: Fields, name: string, fallback?: string): string {
  const value = optionalText(fields, name, 8) ?? fallback ?? null;
  if (value === null) throw new Unreadable(name, 'is missing');
  if (!/^[A-Z]{3}$/.test(value)) throw new Unreadable(name, 'must be an ISO 4217 code');
  return value;
}

const MAX_AMOUNT = 1_000_000_000_000n;

/**
 * A decimal amount in minor units of its currency, exactly; what is finer than the minor unit (a discount spread over units) is
 * rounded half up. Never negative.
 */
export function minorUnits(amount: string, currency: string, field: string): number {
  const parts = /^(\d{1,15})(?:\.(\d{1,12}))?$/.exec(amount);
  if (parts === null) throw new Unreadable(field, 'must be a decimal amount that is not negative');
  const digits = exponentOf(currency);
  const fraction = (parts[2] ?? '').padEnd(digits + 1, '0');
  const whole = BigInt(`${parts[1] ?? '0'}${fraction.slice(0, digits)}`);
  const rounded = whole + ((fraction[digits] ?? '0') >= '5' ? 1n : 0n);
  if (rounded > MAX_AMOUNT) throw new Unreadable(field, 'is absurdly large');
  return Number(rounded);
}

/** An amount that the platform writes in minor units already (fen); null where it is absent. Never negative. */
export function optionalCents(fields: Fields, name: string): number | null {
  const value = optionalWhole(fields, name);
  if (value !== null && (value < 0 || value > Number(MAX_AMOUNT))) throw new Unreadable(name, 'must be an amount in minor units that is not negative');
  return value;
}

export function optionalMoney(fields: Fields, name: string, currency: string): number | null {
  const value = optionalText(fields, name, 40);
  return value === null ? null : minorUnits(value, currency, name);
}

export function money(fields: Fields, name: string, currency: string): number {
  const value = optionalMoney(fields, name, currency);
  if (value === null) throw new Unreadable(name, 'is missing');
  return value;
}
