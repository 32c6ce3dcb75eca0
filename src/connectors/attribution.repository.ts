import type { Tx } from '../kernel/index.js';
import { rows, touched } from '../kernel/database/sql.js';
import type { Attribution } from './attribution.rules.js';

export const roomsOf = async (tx: Tx, shop: string, rooms: readonly string[]): Promise<Map<string, string>> =>
  rooms.length === 0 ? new Map<string, string>() : new Map((await rows<{ room: string; broadcast: string }>(tx, 'select room, broadcast from live_rooms where shop = $1 and room = any($2)', [shop, rooms])).map((r) => [r.room, r.broadcast]));

export const saveRoom = (tx: Tx, shop: string, room: string, broadcast: string): Promise<number> =>
  touched(tx, 'insert into live_rooms (shop, room, broadcast) values ($1, $2, $3) on conflict (shop, room) do update set broadcast = excluded.broadcast', [shop, room, broadcast]);

export interface AttributedLine extends Attribution {
  readonly orderId: string;
  readonly lineId: string;
}

export const saveAttributions = (tx: Tx, shop: string, list: readonly AttributedLine[]): Promise<number> =>
  touched(
    tx,
    `insert into line_attributions (shop, order_id, line_id, broadcast, anchor, method, confidence)
     select $1, a.order_id, a.line_id, a.broadcast, a.anchor, a.method, a.confidence from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::float8[]) as a(order_id, line_id, broadcast, anchor, method, confidence)
     order by a.order_id, a.line_id
     on conflict (shop, order_id, line_id) do update set broadcast = excluded.broadcast, anchor = excluded.anchor, method = excluded.method, confidence = excluded.confidence, decided_at = now()`,
    [shop, list.map((a) => a.orderId), list.map((a) => a.lineId), list.map((a) => a.broadcast), list.map((a) => a.anchor), list.map((a) => a.method), list.map((a) => a.confidence)],
  );

export interface AttributionRow {
  readonly order_id: string;
  readonly line_id: string;
  readonly broadcast: string;
  readonly anchor: string | null;
  readonly method: Attribution['method'];
  readonly confidence: number;
  readonly decided_at: Date;
}

export const attributionsOf = (tx: Tx, shop: string, orders: readonly string[]): Promise<AttributionRow[]> =>
  rows(tx, 'select order_id, line_id, broadcast, anchor, method, confidence, decided_at from line_attributions where shop = $1 and order_id = any($2) order by order_id, line_id', [shop, orders]);

/** By order and line. */
export const knownAttributions = async (tx: Tx, shop: string, orders: readonly string[]): Promise<Map<string, AttributionRow>> =>
  new Map((await attributionsOf(tx, shop, [...new Set(orders)])).map((k) => [`${k.order_id}\0${k.line_id}`, k]));

/** Until the transaction ends nobody else corrects attributions of this shop: what is read of them stays true until it is written. */
export const lockAttributions = (tx: Tx, shop: string): Promise<unknown> => rows(tx, "select pg_advisory_xact_lock(hashtextextended('attributions of ' || $1, 0))", [shop]);

/** Lines counted under a broadcast by a room's own name. */
export const linesOfRoom = (tx: Tx, shop: string, room: string, limit: number): Promise<AttributionRow[]> =>
  rows(tx, 'select order_id, line_id, broadcast, anchor, method, confidence, decided_at from line_attributions where shop = $1 and broadcast = $2 order by order_id, line_id limit $3', [shop, room, limit]);

/** Attributions taken back: no broadcast is thought to have sold these lines any more. */
export const dropAttributions = (tx: Tx, shop: string, list: readonly { readonly orderId: string; readonly lineId: string }[]): Promise<number> =>
  touched(tx, 'delete from line_attributions a using unnest($2::text[], $3::text[]) as g(order_id, line_id) where a.shop = $1 and a.order_id = g.order_id and a.line_id = g.line_id', [
    shop, list.map((a) => a.orderId), list.map((a) => a.lineId),
  ]);

/** Of these orders those that a platform told: orders in our own words say themselves whether a broadcast sold them. */
export const platformOrdersOf = async (tx: Tx, shop: string, orders: readonly string[]): Promise<Set<string>> =>
  new Set((await rows<{ order_id: string }>(tx, 'select order_id from platform_orders where shop = $1 and order_id = any($2)', [shop, orders])).map((r) => r.order_id));

export const isConnected = async (tx: Tx, shop: string): Promise<boolean> => (await rows(tx, 'select 1 from connections where shop = $1', [shop])).length > 0;
