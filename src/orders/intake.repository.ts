// What taking a batch in writes, table by table. Every list is sorted by those who give it, so that two batches never wait for each
// other in a circle; the statements answer as little as they can.
import type { Tx } from '../kernel/index.js';
import { flags, numbers, rows, sharedTexts, statement, texts, touched } from '../kernel/database/sql.js';
import { broadcastOf, clockStart, kindOf, lineFlags, lineTotals, type LineState, type OrderEvent } from './math/settle.js';
import { lineOfStored, storedLine } from './math/stored-line.js';
import type { SkuAdd, WindowAdd } from './math/contribution.js';

const base = import.meta.url;
const CLAIM_IDENTITIES = statement(base, 'claim_identities');
const CLAIM_NEW = statement(base, 'claim_new');
const CREATE_ORDERS = statement(base, 'create_orders');
const INSERT_EVENTS = statement(base, 'insert_events');
const CLAIM_ORDERS = statement(base, 'claim_orders');
const LOCK_ORDERS = statement(base, 'lock_orders');
const LINES_OF_ORDERS = statement(base, 'lines_of_orders');
const INSERT_LINES = statement(base, 'insert_lines');
const UPSERT_LINES = statement(base, 'upsert_lines');
const INSERT_NEWS = statement(base, 'insert_news');
const ADD_WINDOWS = statement(base, 'add_windows');
const ADD_SKU_DEMAND = statement(base, 'add_sku_demand');
const ADD_BUYER_DEMAND = statement(base, 'add_buyer_demand');

export interface IdentityKey {
  readonly shop: string;
  readonly eventId: string;
  readonly digest: Buffer;
}

export const identityKey = (k: { readonly shop: string; readonly eventId: string }): string => `${k.shop}\0${k.eventId}`;
export const orderKey = (k: { readonly shop: string; readonly orderId: string }): string => `${k.shop}\0${k.orderId}`;

const shopsOf = (list: readonly { readonly shop: string }[]): [string | null, string] => sharedTexts(list.map((x) => x.shop));
const identityArguments = (identities: readonly IdentityKey[]): unknown[] => [...shopsOf(identities), texts(identities.map((i) => i.eventId)), Buffer.concat(identities.map((i) => i.digest))];

/** The keys among `identities` (sorted) that nobody had claimed before. */
export async function claimIdentities(tx: Tx, identities: readonly IdentityKey[]): Promise<Set<string>> {
  const found = await rows<{ shop: string; event_id: string }>(tx, CLAIM_IDENTITIES, identityArguments(identities));
  return new Set(found.map((r) => identityKey({ shop: r.shop, eventId: r.event_id })));
}

/** Claims identities (sorted) that are thought to be new; fails where one is not. */
export const claimNew = (tx: Tx, identities: readonly IdentityKey[]): Promise<number> => touched(tx, CLAIM_NEW, identityArguments(identities));

export async function digests(tx: Tx, keys: readonly { readonly shop: string; readonly eventId: string }[]): Promise<Map<string, Buffer>> {
  const found = await rows<{ shop: string; event_id: string; digest: Buffer }>(
    tx, 'select i.shop, i.event_id, i.digest from event_identities i join unnest($1::text[], $2::text[]) as w(shop, event_id) using (shop, event_id)',
    [keys.map((k) => k.shop), keys.map((k) => k.eventId)],
  );
  return new Map(found.map((r) => [identityKey({ shop: r.shop, eventId: r.event_id }), r.digest]));
}

export const insertEvents = (tx: Tx, e: readonly OrderEvent[]): Promise<number> =>
  touched(tx, INSERT_EVENTS, [
    ...shopsOf(e), texts(e.map((x) => x.eventId)), numbers('float8', e.map((x) => x.occurredAt)), texts(e.map((x) => x.orderId)), ...sharedTexts(e.map((x) => x.lineId)), texts(e.map((x) => x.sku)),
    ...sharedTexts(e.map((x) => x.type)), numbers('int4', e.map((x) => x.quantity), 1), numbers('int8', e.map((x) => x.unitPrice)), texts(e.map((x) => x.currency)), texts(e.map((x) => x.kind)),
    texts(e.map((x) => x.payment)), numbers('float8', e.map((x) => x.shipBy)), texts(e.map((x) => x.broadcast)), texts(e.map((x) => x.anchor)), texts(e.map((x) => x.supplier)), texts(e.map((x) => x.lot)),
    texts(e.map((x) => x.buyer)),
  ]);

export interface StoredRow {
  readonly line_id: string;
  readonly sku: string;
  readonly state: Parameters<typeof lineOfStored>[2];
}

export const stateOf = (row: StoredRow): LineState => lineOfStored(row.line_id, row.sku, row.state);

type OrderKey = { readonly shop: string; readonly orderId: string };

/** Locks the orders (sorted; creating those that are new) and answers the line states of those that existed. */
export async function lockOrders(tx: Tx, orders: readonly OrderKey[]): Promise<Map<string, LineState[]>> {
  const made = await rows<{ shop: string; order_id: string }>(tx, CLAIM_ORDERS, [...shopsOf(orders), texts(orders.map((o) => o.orderId))]);
  const lines = new Map<string, LineState[]>();
  if (made.length === orders.length) return lines;
  const fresh = new Set(made.map((r) => orderKey({ shop: r.shop, orderId: r.order_id })));
  const known = orders.filter((o) => !fresh.has(orderKey(o)));
  const keys = [known.map((o) => o.shop), known.map((o) => o.orderId)];
  // The server reads the lines once it has the locks.
  const [, found] = await Promise.all([rows(tx, LOCK_ORDERS, keys), rows<StoredRow & { shop: string; order_id: string }>(tx, LINES_OF_ORDERS, keys)]);
  for (const row of found) {
    const key = orderKey({ shop: row.shop, orderId: row.order_id });
    const list = lines.get(key);
    if (list === undefined) lines.set(key, [stateOf(row)]);
    else list.push(stateOf(row));
  }
  return lines;
}

/** Creates orders (sorted) that are thought to be new; fails where one is not. */
export const createOrders = (tx: Tx, orders: readonly OrderKey[]): Promise<number> => touched(tx, CREATE_ORDERS, [...shopsOf(orders), texts(orders.map((o) => o.orderId))]);

export interface ChangedLine {
  readonly shop: string;
  readonly orderId: string;
  readonly state: LineState;
  readonly aside: boolean;
  /** Nobody wrote this line before. */
  readonly fresh: boolean;
}

const attribute = <T extends string | number>(l: ChangedLine, name: 'anchor' | 'supplier' | 'buyer' | 'shipBy' | 'lot'): T | null => (l.state.attributes[name]?.[0] as T | undefined) ?? null;

function lineArguments(lines: readonly ChangedLine[]): unknown[] {
  const totals = lines.map((l) => lineTotals(l.state));
  const text = (pick: (l: ChangedLine) => string | null): string => texts(lines.map(pick));
  const counted = (pick: (t: (typeof totals)[number]) => number): number[] => totals.map((t, i) => (lines[i]?.aside === true ? 0 : pick(t)));
  const time = (pick: (l: ChangedLine) => number | null): Buffer | string => numbers('float8', lines.map(pick));
  return [
    ...shopsOf(lines), text((l) => l.orderId), ...sharedTexts(lines.map((l) => l.state.lineId)), text((l) => l.state.sku), lines.map((l) => storedLine(l.state)).join('\x1e'), flags(lines.map((l) => !l.aside), true),
    ...sharedTexts(lines.map((l) => kindOf(l.state))), text((l) => (broadcastOf(l.state) === '' ? null : broadcastOf(l.state))), text((l) => attribute<string>(l, 'anchor') || null), text((l) => attribute(l, 'supplier')),
    text((l) => attribute(l, 'buyer')), numbers('int4', totals.map((t) => t.ordered)), numbers('int4', counted((t) => t.open), 0), numbers('int4', counted((t) => t.shipped), 0), text((l) => attribute(l, 'lot')),
    time((l) => l.state.countedAt), time((l) => l.state.paidAt), time((l) => attribute(l, 'shipBy')), text((l) => lineFlags(l.state, l.aside).join(',') || null), numbers('int4', totals.map((t) => t.netPaid)),
    time((l) => l.state.deliveredAt), time((l) => clockStart(l.state)),
  ];
}

/** Writes lines as they are now; their orders are locked. */
export const writeLines = (tx: Tx, lines: readonly ChangedLine[]): Promise<number>[] => {
  const [fresh, known] = [lines.filter((l) => l.fresh), lines.filter((l) => !l.fresh)];
  return [...(fresh.length > 0 ? [touched(tx, INSERT_LINES, lineArguments(fresh))] : []), ...(known.length > 0 ? [touched(tx, UPSERT_LINES, lineArguments(known))] : [])];
};

/** Tells inventory which lines of a shop's orders changed. */
export const insertNews = (tx: Tx, shop: string, lines: readonly ChangedLine[]): Promise<number> =>
  touched(tx, INSERT_NEWS, [shop, texts(lines.map((l) => l.orderId)), texts(lines.map((l) => l.state.sku))]);

export async function streamIds(tx: Tx, keys: readonly { shop: string; sku: string; broadcast: string }[]): Promise<Map<string, number>> {
  const args = [keys.map((k) => k.shop), keys.map((k) => k.sku), keys.map((k) => k.broadcast)];
  const find = 'select s.id, s.shop, s.sku, s.broadcast from streams s join unnest($1::text[], $2::text[], $3::text[]) as w(shop, sku, broadcast) using (shop, sku, broadcast)';
  let found = await rows<{ id: number; shop: string; sku: string; broadcast: string }>(tx, find, args);
  if (found.length < keys.length) {
    await touched(tx, 'insert into streams (shop, sku, broadcast) select * from unnest($1::text[], $2::text[], $3::text[]) on conflict do nothing', args);
    found = await rows(tx, find, args);
  }
  return new Map(found.map((r) => [`${r.shop}\0${r.sku}\0${r.broadcast}`, r.id]));
}

export interface WindowRow extends WindowAdd {
  readonly stream: number;
  readonly bucket: number;
}

export const addWindows = (tx: Tx, w: readonly WindowRow[]): Promise<number> =>
  touched(tx, ADD_WINDOWS, [
    numbers('int8', w.map((x) => x.stream)), numbers('float8', w.map((x) => x.bucket)), numbers('int4', w.map((x) => x.orders), 0), numbers('int4', w.map((x) => x.withdrawn), 0),
    numbers('int4', w.map((x) => x.units), 0), numbers('int4', w.map((x) => x.paidUnits), 0), numbers('int4', w.map((x) => x.cancelledUnits), 0),
  ]);

/** What an attribution moves between windows is told apart from orders that come late: see stream_news.sql. */
export const insertMoves = (tx: Tx, w: readonly WindowRow[]): Promise<number> =>
  touched(tx, 'insert into stream_moves (stream, bucket, orders, withdrawn) select stream, to_timestamp(bucket / 1000), orders, withdrawn from unnest($1::bigint[], $2::float8[], $3::int[], $4::int[]) as m(stream, bucket, orders, withdrawn) where orders <> 0 or withdrawn <> 0', [
    w.map((x) => x.stream), w.map((x) => x.bucket), w.map((x) => x.orders), w.map((x) => x.withdrawn),
  ]);

const SKU_ADDS = ['ordered', 'cancelled', 'netPaid', 'shipped', 'open', 'openPaidSeconds', 'saleLines', 'cancelledLines', 'lines', 'lineUnits', 'lineLogMilli'] as const;

/** @param d sorted by key, `shop\\0sku` */
export const addSkuDemand = (tx: Tx, d: readonly { readonly key: string; readonly add: SkuAdd }[]): Promise<number> =>
  touched(tx, ADD_SKU_DEMAND, [
    ...sharedTexts(d.map(({ key }) => key.slice(0, key.indexOf('\0')))), texts(d.map(({ key }) => key.slice(key.indexOf('\0') + 1))), ...SKU_ADDS.map((name) => numbers('int8', d.map(({ add }) => add[name]), 0)),
  ]);

export const addBuyerDemand = (tx: Tx, b: readonly { shop: string; sku: string; buyer: string; open: number }[]): Promise<number> =>
  touched(tx, ADD_BUYER_DEMAND, [...shopsOf(b), texts(b.map((x) => x.sku)), texts(b.map((x) => x.buyer)), numbers('int8', b.map((x) => x.open), 0)]);

export const advanceClock = (tx: Tx, shop: string, at: number): Promise<number> =>
  touched(tx, 'insert into shop_clocks (shop, latest) values ($1, to_timestamp($2::float8 / 1000)) on conflict (shop) do update set latest = excluded.latest where shop_clocks.latest < excluded.latest', [shop, at]);

