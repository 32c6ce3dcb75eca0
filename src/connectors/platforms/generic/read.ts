import { describeFaults, parseLossless, readRow, type Columns, type Row } from '../../../kernel/index.js';
import { checkOrderRow, ORDER_COLUMNS, orderEvent } from '../../../orders/index.js';
import { checkReturnRow, RETURN_COLUMNS, returnRow } from '../../../returns/index.js';
import { fieldsOf, listOf, Unreadable, type Fields } from '../payload.js';
import type { Heard } from '../platform.js';

const asIs = (_shop: string, buyer: string): string => buyer;

function row(columns: Columns, check: (row: Row) => string | undefined, fields: Fields, shop: string): Row | { readonly fault: string } {
  if (fields['shop'] !== undefined && fields['shop'] !== shop) return { fault: 'shop: is not the shop of this address; leave it out' };
  const read = readRow(columns, { ...fields, shop });
  if ('faults' in read) return { fault: describeFaults(read.faults) };
  const fault = check(read.row);
  return fault === undefined ? read.row : { fault };
}

const isFault = (value: Row | { readonly fault: string }): value is { readonly fault: string } => typeof (value as { fault?: unknown }).fault === 'string' && Object.keys(value).length === 1;

const idOf = (fields: Fields, name: string): string => (typeof fields[name] === 'string' && /^[\w.:/-]{1,128}$/.test(fields[name]) ? fields[name] : 'without-id');

/**
 * One order event; or `events` and `returns`, lists with the names of the files; or either as the `data` of a Standard Webhooks
 * or CloudEvents envelope. One bad entry does not fail its neighbours.
 */
export function readGeneric(body: Uint8Array, shop: string): Heard[] {
  const parsed = parseLossless(body);
  const outer = Array.isArray(parsed) ? { events: parsed } : fieldsOf(parsed, 'body');
  const inner: Fields = typeof outer['data'] === 'object' && outer['data'] !== null ? (Array.isArray(outer['data']) ? { events: outer['data'] } : fieldsOf(outer['data'], 'data')) : outer;
  const events = inner['event_id'] === undefined ? listOf(inner['events'], 'events') : [inner];
  const returns = inner['return_id'] === undefined ? listOf(inner['returns'], 'returns') : [inner];
  if (events.length + returns.length === 0) throw new Unreadable('events', 'is missing: send one order event, or lists named events and returns');
  return [
    ...events.map((fields): Heard => {
      const read = row(ORDER_COLUMNS, checkOrderRow, fields, shop);
      return isFault(read) ? { kind: 'unreadable', entity: 'order', id: idOf(fields, 'event_id'), reason: read.fault, document: fields } : { kind: 'event', event: orderEvent(read, asIs) };
    }),
    ...returns.map((fields): Heard => {
      const read = row(RETURN_COLUMNS, checkReturnRow, fields, shop);
      return isFault(read) ? { kind: 'unreadable', entity: 'return', id: idOf(fields, 'return_id'), reason: read.fault, document: fields } : { kind: 'return-row', row: returnRow(read) };
    }),
  ];
}
