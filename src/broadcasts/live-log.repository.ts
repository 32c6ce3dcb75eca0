import type { Tx } from '../kernel/index.js';
import { one, rows, touched } from '../kernel/database/sql.js';
import type { LiveLogKind } from './live-log.rules.js';

export interface LiveLogEntry {
  readonly at: Date;
  readonly kind: LiveLogKind;
  readonly sku: string | null;
  readonly link: string | null;
  readonly amount: number | null;
  readonly units: number | null;
  readonly viewers: number | null;
}

export interface LiveLogRow extends LiveLogEntry {
  readonly id: string;
}

/** One entry per moment, kind and product: said again it is what it says now. Answers those that are new or say something else. */
export const recordEntries = (tx: Tx, broadcast: string, entries: readonly LiveLogEntry[]): Promise<Pick<LiveLogEntry, 'at' | 'kind' | 'viewers'>[]> =>
  rows(
    tx,
    `insert into live_log_entries as e (broadcast, at, kind, sku, link, amount, units, viewers)
     select $1, n.* from unnest($2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::int[], $8::int[]) as n(at, kind, sku, link, amount, units, viewers) order by at, kind, sku, link
     on conflict (broadcast, at, kind, sku, link) do update set amount = excluded.amount, units = excluded.units, viewers = excluded.viewers
       where (e.amount, e.units, e.viewers) is distinct from (excluded.amount, excluded.units, excluded.viewers)
     returning at, kind, viewers`,
    [broadcast, entries.map((e) => e.at), entries.map((e) => e.kind), entries.map((e) => e.sku), entries.map((e) => e.link), entries.map((e) => e.amount), entries.map((e) => e.units), entries.map((e) => e.viewers)],
  );

export const bumpLog = (tx: Tx, broadcast: string): Promise<number> => touched(tx, 'update broadcasts set log_version = log_version + 1 where id = $1', [broadcast]);

export const countShowings = async (tx: Tx, broadcast: string): Promise<number> =>
  (await one<{ n: number }>(tx, "select count(*)::int as n from live_log_entries where broadcast = $1 and kind in ('shown', 'pulled')", [broadcast]))?.n ?? 0;

export const withdrawEntry = (tx: Tx, broadcast: string, id: string): Promise<LiveLogRow | undefined> =>
  one(tx, 'delete from live_log_entries where broadcast = $1 and id = $2 returning id::text, at, kind, sku, link, amount, units, viewers', [broadcast, id]);

export const listEntries = (tx: Tx, broadcast: string, after: { readonly at: string; readonly id: string } | undefined, limit: number): Promise<LiveLogRow[]> =>
  rows(
    tx,
    `select id::text, at, kind, sku, link, amount, units, viewers from live_log_entries
     where broadcast = $1 and ($2::timestamptz is null or (at, id) > ($2, $3::bigint)) order by at, id limit $4`,
    [broadcast, after?.at ?? null, after?.id ?? null, limit],
  );

export interface ShownRow {
  readonly broadcast: string;
  readonly at: Date;
  readonly kind: 'shown' | 'pulled';
  readonly skus: readonly string[];
}

/** What was shown and pulled in broadcasts, a link as the SKUs that it sells, in order of time. */
export const shownIn = (tx: Tx, broadcasts: readonly string[]): Promise<ShownRow[]> =>
  rows(
    tx,
    `select e.broadcast, e.at, e.kind, case when e.sku is not null then array[e.sku] else coalesce(c.skus, '{}') end as skus
     from live_log_entries e join broadcasts b on b.id = e.broadcast left join lateral (
       select array_agg(c.sku order by c.sku) as skus from link_components c where c.shop = b.shop and c.link = e.link) c on true
     where e.broadcast = any($1) and e.kind in ('shown', 'pulled') order by e.broadcast, e.at, e.id limit 50000`,
    [broadcasts],
  );
