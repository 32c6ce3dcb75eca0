// What was told of orders and returns, what waits to be fetched, and what could not be mapped.
import type { Tx } from '../kernel/index.js';
import { one, rows, touched } from '../kernel/database/sql.js';
import type { Entity } from './platforms/platform.js';
import type { KnownCaseLine, ToldLines } from './told.rules.js';

export interface ToldRow {
  readonly order_id: string;
  readonly updated_at: Date;
  readonly told: ToldLines;
}

/** The rows of these orders, made where they are new, locked until the transaction ends: two snapshots of one order wait for each other. */
export async function lockTold(tx: Tx, shop: string, orders: readonly string[]): Promise<Map<string, ToldRow>> {
  await touched(tx, `insert into platform_orders (shop, order_id, updated_at, told) select $1, o, 'epoch', '{}' from unnest($2::text[]) o order by o on conflict (shop, order_id) do nothing`, [shop, orders]);
  const found = await rows<ToldRow>(tx, 'select order_id, updated_at, told from platform_orders where shop = $1 and order_id = any($2) order by order_id for update', [shop, orders]);
  return new Map(found.map((r) => [r.order_id, r]));
}

export const readTold = async (tx: Tx, shop: string, orders: readonly string[]): Promise<Map<string, ToldLines>> =>
  new Map((await rows<ToldRow>(tx, 'select order_id, updated_at, told from platform_orders where shop = $1 and order_id = any($2)', [shop, orders])).map((r) => [r.order_id, r.told]));

export const saveTold = (tx: Tx, shop: string, list: readonly { orderId: string; updatedAt: number; told: ToldLines }[]): Promise<number> =>
  touched(
    tx,
    `update platform_orders p set updated_at = n.updated_at, told = n.told, touched_at = now()
     from unnest($2::text[], $3::timestamptz[], $4::json[]) as n(order_id, updated_at, told) where p.shop = $1 and p.order_id = n.order_id`,
    [shop, list.map((o) => o.orderId), list.map((o) => new Date(o.updatedAt)), list.map((o) => JSON.stringify(o.told))],
  );

export interface KnownReturnRow {
  readonly return_id: string;
  readonly updated_at: Date;
  readonly cases: readonly KnownCaseLine[];
  /** The latest word on a return of which no line is known yet. */
  readonly said: { readonly status: string; readonly at: number } | null;
}

export async function lockReturns(tx: Tx, shop: string, returns: readonly string[]): Promise<Map<string, KnownReturnRow>> {
  await touched(tx, `insert into platform_returns (shop, return_id, updated_at, cases) select $1, r, 'epoch', '[]' from unnest($2::text[]) r order by r on conflict (shop, return_id) do nothing`, [shop, returns]);
  const found = await rows<KnownReturnRow>(tx, 'select return_id, updated_at, cases, said from platform_returns where shop = $1 and return_id = any($2) order by return_id for update', [shop, returns]);
  return new Map(found.map((r) => [r.return_id, r]));
}

export const saveReturn = (tx: Tx, shop: string, returnId: string, updatedAt: number, cases: readonly KnownCaseLine[]): Promise<number> =>
  touched(tx, 'update platform_returns set updated_at = greatest(updated_at, $3), cases = $4, touched_at = now() where shop = $1 and return_id = $2', [shop, returnId, new Date(updatedAt), JSON.stringify(cases)]);

/** Kept until its lines are known; an older word does not take the place of a newer one. */
export const saySoon = (tx: Tx, shop: string, returnId: string, said: { readonly status: string; readonly at: number }): Promise<number> =>
  touched(tx, `update platform_returns set said = $3, touched_at = now() where shop = $1 and return_id = $2 and coalesce((said->>'at')::numeric, 0) <= $4`, [shop, returnId, JSON.stringify(said), said.at]);

/** A hint is one row per entity, however often it is named. */
export const addHints = (tx: Tx, shop: string, hints: readonly { entity: Entity; id: string }[], delaySeconds: number): Promise<number> =>
  touched(
    tx,
    `insert into platform_hints (shop, entity, id, due_at) select distinct $1, h.entity, h.id, now() + make_interval(secs => $4) from unnest($2::text[], $3::text[]) as h(entity, id) order by 2, 3
     on conflict (shop, entity, id) do update set version = platform_hints.version + 1, due_at = least(platform_hints.due_at, excluded.due_at)`,
    [shop, hints.map((h) => h.entity), hints.map((h) => h.id), delaySeconds],
  );

export interface HintRow {
  readonly entity: Entity;
  readonly id: string;
  readonly version: number;
  readonly attempts: number;
}

export const dueHints = (tx: Tx, shop: string, entity: Entity, limit: number): Promise<HintRow[]> =>
  rows(tx, 'select entity, id, version, attempts from platform_hints where shop = $1 and entity = $2 and due_at <= now() order by due_at limit $3', [shop, entity, limit]);

export const shopsWithHints = (tx: Tx): Promise<{ shop: string }[]> =>
  rows(tx, 'select distinct h.shop from platform_hints h join connections c on c.shop = h.shop where h.due_at <= now() and c.paused_at is null and c.deauthorised_at is null', []);

/** Ends hints that nobody raised meanwhile. */
export const endHints = (tx: Tx, shop: string, hints: readonly HintRow[]): Promise<number> =>
  touched(tx, 'delete from platform_hints h using unnest($2::text[], $3::text[], $4::int[]) as d(entity, id, version) where h.shop = $1 and h.entity = d.entity and h.id = d.id and h.version = d.version', [
    shop, hints.map((h) => h.entity), hints.map((h) => h.id), hints.map((h) => h.version),
  ]);

export const postponeHints = (tx: Tx, shop: string, hints: readonly HintRow[], seconds: number, fault: string): Promise<number> =>
  touched(
    tx,
    'update platform_hints h set attempts = h.attempts + 1, due_at = now() + make_interval(secs => $4), last_fault = $5 from unnest($2::text[], $3::text[]) as d(entity, id) where h.shop = $1 and h.entity = d.entity and h.id = d.id',
    [shop, hints.map((h) => h.entity), hints.map((h) => h.id), seconds, fault],
  );

export interface SetAside {
  readonly id: string;
  readonly entity: Entity | 'message';
  readonly entityId: string;
  readonly reason: string;
  readonly detail: string;
  readonly normal: unknown;
  readonly shape: unknown;
}

/** One open row per entity and reason; the latest document stands. */
export const quarantine = (tx: Tx, shop: string, list: readonly SetAside[]): Promise<number> =>
  touched(
    tx,
    `insert into platform_quarantine (id, shop, entity, entity_id, reason, detail, normal, shape)
     select q.id, $1, q.entity, q.entity_id, q.reason, q.detail, q.normal, q.shape from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::json[], $8::json[]) as q(id, entity, entity_id, reason, detail, normal, shape)
     on conflict (shop, entity, entity_id, reason) where redriven_at is null do update set detail = excluded.detail, shape = excluded.shape,
       normal = case when (platform_quarantine.normal->>'updatedAt')::numeric > (excluded.normal->>'updatedAt')::numeric then platform_quarantine.normal else excluded.normal end, times = platform_quarantine.times + 1, last_at = now()`,
    [
      shop, list.map((q) => q.id), list.map((q) => q.entity), list.map((q) => q.entityId), list.map((q) => q.reason), list.map((q) => q.detail),
      list.map((q) => (q.normal === null ? null : JSON.stringify(q.normal))), list.map((q) => (q.shape === null ? null : JSON.stringify(q.shape))),
    ],
  );

export interface QuarantinedRow {
  readonly id: string;
  readonly shop: string;
  readonly entity: Entity | 'message';
  readonly entity_id: string;
  readonly reason: string;
  readonly detail: string;
  readonly normal: unknown;
  readonly shape: unknown;
  readonly times: number;
  readonly received_at: Date;
  readonly last_at: Date;
}

export const listQuarantined = (tx: Tx, filter: { shop: string | null; reason: string | null }, after: string, limit: number): Promise<QuarantinedRow[]> =>
  rows(tx, 'select * from platform_quarantine where redriven_at is null and ($1::text is null or shop = $1) and ($2::text is null or reason = $2) and id > $3 order by id limit $4', [filter.shop, filter.reason, after, limit]);

/** null: any. */
export interface QuarantineFilter {
  readonly ids: readonly string[] | null;
  readonly shop: string | null;
  readonly reasons: readonly string[] | null;
}

export const quarantinedIds = (tx: Tx, filter: QuarantineFilter, after: string, upTo: string, limit: number): Promise<{ id: string; shop: string }[]> =>
  rows(
    tx,
    `select id, shop from platform_quarantine where redriven_at is null and ($1::text[] is null or id = any($1)) and ($2::text is null or shop = $2) and ($3::text[] is null or reason = any($3))
       and id > $4 and id <= $5 order by id limit $6`,
    [filter.ids, filter.shop, filter.reasons, after, upTo, limit],
  );

/** '' where there is none. */
export const newestQuarantined = async (tx: Tx): Promise<string> => (await one<{ id: string | null }>(tx, 'select max(id) as id from platform_quarantine', []))?.id ?? '';

/** A row to be taken in again, locked: of two redrives the second waits, and finds it gone. */
export const lockQuarantined = (tx: Tx, id: string): Promise<QuarantinedRow | undefined> => one(tx, 'select * from platform_quarantine where id = $1 and redriven_at is null for update', [id]);

export const markRedriven = (tx: Tx, ids: readonly string[]): Promise<number> => touched(tx, 'update platform_quarantine set redriven_at = now() where id = any($1) and redriven_at is null', [ids]);

/** What was told is forgotten when identities are (400 days after the last word), what was redriven after 30 days. */
export async function pruneRecords(tx: Tx): Promise<number> {
  const orders = await touched(tx, `delete from platform_orders where touched_at < now() - interval '400 days'`, []);
  const returns = await touched(tx, `delete from platform_returns where touched_at < now() - interval '400 days'`, []);
  return orders + returns + (await touched(tx, `delete from platform_quarantine where redriven_at < now() - interval '30 days' or last_at < now() - interval '400 days'`, []));
}
