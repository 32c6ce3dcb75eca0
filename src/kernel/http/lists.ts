// Lists answer {items, nextCursor}; cursors are opaque and name the last row's sort key.
import { applyDecorators } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import { DomainError, invalid } from '../errors.js';
import { parseInstant } from './fields.js';

export interface Page {
  readonly limit: number;
  /** The sort key after which the page begins; empty for the first. */
  readonly after: readonly string[];
}

export interface Listed<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

export type Query = Readonly<Record<string, string | string[] | undefined>>;

export function queryText(query: Query, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw invalid(name, 'is given twice');
  if (value.length > 256 || value.includes('\0') || !value.isWellFormed()) throw invalid(name, 'is not a usable text');
  return value;
}

/** A time given in the query, as it was written; null where none was. */
export function queryInstant(query: Query, name: string): string | null {
  const text = queryText(query, name);
  if (text === undefined) return null;
  if (parseInstant(text) === undefined) throw invalid(name, 'must be a time as in RFC 3339 with an offset');
  return text;
}

export function pageOf(query: Query, keys: number): Page {
  const limitText = queryText(query, 'limit') ?? '50';
  if (!/^\d{1,4}$/.test(limitText) || Number(limitText) < 1 || Number(limitText) > 500) throw invalid('limit', 'must be a whole number from 1 to 500');
  const cursor = queryText(query, 'cursor');
  if (cursor === undefined) return { limit: Number(limitText), after: [] };
  try {
    const after: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (!Array.isArray(after) || after.length !== keys || !after.every((k): k is string => typeof k === 'string' && !k.includes('\0') && k.isWellFormed())) throw new Error();
    return { limit: Number(limitText), after };
  } catch {
    throw new DomainError(422, 'invalid', 'cursor: is not one that this list answered', { errors: [{ field: 'cursor', detail: 'is not one that this list answered' }] });
  }
}

/** Asks the store for one row more than the page to know whether another page follows. */
export function listed<R, T>(found: readonly R[], page: Page, keyOf: (row: R) => readonly string[], show: (row: R) => T): Listed<T> {
  const items = found.slice(0, page.limit);
  const last = items.at(-1);
  const more = found.length > page.limit && last !== undefined;
  return { items: items.map(show), nextCursor: more ? Buffer.from(JSON.stringify(keyOf(last))).toString('base64url') : null };
}

export const ListQuery = (...filters: string[]): MethodDecorator =>
  applyDecorators(
    ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 500, default: 50 } }),
    ApiQuery({ name: 'cursor', required: false, schema: { type: 'string' } }),
    ...filters.map((name) => ApiQuery({ name, required: false, schema: { type: 'string' } })),
  );
