// What happened to the goods of a chain, out of the movements of stock and the inspections: in order of time, page by page.
import type { Tx } from '../kernel/index.js';
import { rows } from '../kernel/database/sql.js';

export interface Chain {
  /** Lots of which all that happened belongs to it. */
  readonly lots: readonly string[];
  /** Order lines (shop/order/line, as movements name them) whose leaving belongs to it, and the lots that counts for; null: any. */
  readonly lines: readonly string[];
  readonly of: readonly string[] | null;
  readonly returns: readonly string[];
  /** A broadcast, of which every line that was sold in it belongs to it. */
  readonly broadcast: { readonly shop: string; readonly id: string } | null;
}

export interface HappeningRow {
  readonly step: number;
  readonly id: number;
  /** Microseconds since 1970: what a Date would round off, a cursor must not. */
  readonly moment: number;
  readonly at: Date;
  readonly recorded_at: Date;
  readonly world: string;
  readonly location: string | null;
  readonly lot: string;
  readonly goods: readonly { readonly sku: string; readonly subLot: string; readonly units: number }[];
  readonly origin: string;
  readonly origin_id: string;
  readonly note: string | null;
  readonly grade: string | null;
  readonly finding: string | null;
  readonly disposition: string | null;
}

// The index of lots holds no unknown ones, which each look at it has to say. A lot came in as one receipt, whose lines are one happening. What came back of which lot is asked by movement, because the lot has an index there.
const HAPPENED = `
  with sold as (
    select l.shop, l.order_id, l.line_id from order_lines l
    where l.shop = $5 and l.broadcast = $6 and l.counts and l.kind = 'sale' and l.sku in (select sku from streams where shop = $5 and broadcast = $6)),
  lines as (select unnest($2::text[]) as origin_id union select shop || '/' || order_id || '/' || line_id from sold),
  cases as (select unnest($4::text[]) as id union select c.id from sold l join return_cases c on c.shop = l.shop and c.order_id = l.order_id and c.line_id = l.line_id),
  left_for as (select m.id, m.lot from lines x join stock_movements m on m.origin = 'order-line' and m.origin_id = x.origin_id and m.cause = 'claim' where $3::text[] is null or m.lot = any($3)),
  moved as (
    select id from stock_movements where lot = any($1::text[]) and lot <> '' and cause in ('claim', 'return-receipt', 'scrap') union select id from left_for
    union select m.id from cases c join stock_movements m on m.origin = 'return' and m.origin_id = c.id and m.cause in ('return-receipt', 'scrap')),
  came as (select unnest($1::text[]) as lot union select lot from left_for where lot <> ''),
  looked as (select id from inspections where lot = any($1::text[]) and lot <> '' union select i.id from cases c join inspections i on i.return_case = c.id),
  happened as (
    select 0 as step, min(m.id) as id, m.at, min(m.recorded_at) as recorded_at, m.world, m.location, m.lot, m.origin, m.origin_id, null as note,
      jsonb_agg(jsonb_build_object('sku', m.sku, 'subLot', m.sub_lot, 'units', m.house) order by m.id) as goods, null as grade, null as finding, null as disposition
    from came c join stock_movements m on m.lot = c.lot and m.lot <> '' and m.cause = 'receipt' group by m.at, m.world, m.location, m.lot, m.origin, m.origin_id
    union all
    select case m.cause when 'claim' then 1 when 'return-receipt' then 2 else 4 end, m.id, m.at, m.recorded_at, m.world, m.location, m.lot, m.origin, m.origin_id, m.note,
      jsonb_build_array(jsonb_build_object('sku', m.sku, 'subLot', m.sub_lot, 'units', case m.cause when 'claim' then m.claimed when 'scrap' then -m.house else m.house end)), null, null, null
    from moved x join stock_movements m on m.id = x.id
    union all
    select 3, i.id, i.at, i.recorded_at, s.clock, (select min(l.location) from return_lots l where l.return_case = c.id and l.lot = i.lot and l.sub_lot = i.sub_lot having count(distinct l.location) = 1),
      i.lot, 'return', c.id, null, jsonb_build_array(jsonb_build_object('sku', c.sku, 'subLot', i.sub_lot, 'units', i.quantity)), i.grade, i.finding, i.disposition
    from looked x join inspections i on i.id = x.id join return_cases c on c.id = i.return_case join shops s on s.id = c.shop)
  select * from (select h.*, (extract(epoch from h.at) * 1000000)::bigint as moment from happened h) h
  where $7::bigint is null or (moment, step, id) > ($7, $8::int, $9::bigint) order by moment, step, id limit $10`;

/** Happenings of a chain after (moment, step, id), or from the first on. */
export const happenings = (tx: Tx, c: Chain, after: readonly number[], limit: number): Promise<HappeningRow[]> =>
  rows(tx, HAPPENED, [c.lots, c.lines, c.of, c.returns, c.broadcast?.shop ?? null, c.broadcast?.id ?? null, after[0] ?? null, after[1] ?? null, after[2] ?? null, limit]);

export interface MovedLine {
  readonly origin_id: string;
  readonly shop: string;
  readonly order_id: string;
  readonly line_id: string;
  readonly broadcast: string | null;
  readonly anchor: string | null;
  readonly shipped_at: Date | null;
}

/** The order lines that movements name as shop/order/line; a name may hold the stroke itself, so each stroke is tried. */
export const movedLines = (tx: Tx, originIds: readonly string[]): Promise<MovedLine[]> =>
  rows(
    tx,
    `select distinct on (x.origin_id) x.origin_id, l.shop, l.order_id, l.line_id, nullif(l.broadcast, '') as broadcast, coalesce(l.anchor, b.anchor) as anchor,
       to_timestamp((l.state->>'shippedAt')::float8 / 1000) as shipped_at
     from unnest($1::text[]) as x(origin_id) join shops s on starts_with(x.origin_id, s.id || '/') cross join lateral (select substr(x.origin_id, length(s.id) + 2) as name) r
     cross join lateral generate_series(2, length(r.name) - 1) as i
     join order_lines l on substr(r.name, i, 1) = '/' and l.shop = s.id and l.order_id = left(r.name, i - 1) and l.line_id = substr(r.name, i + 1)
     left join broadcasts b on b.id = l.broadcast order by x.origin_id, l.counts desc`,
    [originIds],
  );

export const movedCases = (tx: Tx, ids: readonly string[]): Promise<{ id: string; shop: string; order_id: string; claimed_reason: string | null }[]> =>
  rows(tx, 'select id, shop, order_id, claimed_reason from return_cases where id = any($1)', [ids]);

/** The chargebacks that inspected units are in, by the judgement that stands. */
export const chargedInspections = (tx: Tx, ids: readonly number[]): Promise<{ inspection: number; chargeback: string }[]> =>
  rows(
    tx,
    `select distinct r.inspection, c.chargeback from responsibilities r join claims c on c.responsibility = r.id
     where r.inspection = any($1::bigint[]) and r.superseded_by is null and not c.voided and c.chargeback is not null order by 1, 2`,
    [ids],
  );

/** Returns with the line that each is of, and the lots that came back; of a chargeback all that it has claims for. */
export const returnedGoods = (tx: Tx, of: { readonly returns: readonly string[] } | { readonly chargeback: string }): Promise<{ id: string; line: string; lots: string[] }[]> =>
  rows(
    tx,
    `select c.id, c.shop || '/' || c.order_id || '/' || c.line_id as line, array(select distinct l.lot from return_lots l where l.return_case = c.id) as lots from return_cases c
     where c.id in (select unnest($1::text[]) union select return_case from claims where chargeback = $2)`,
    'returns' in of ? [of.returns, null] : [[], of.chargeback],
  );
