// Units sold and returned by key, age of the sale and lag of the return, as of a moment: what the mathematics of rates reads.
import type { Tx } from '../kernel/index.js';
import { rows } from '../kernel/database/sql.js';

export const KEYS = ['sku', 'supplier', 'lot', 'anchor', 'broadcast', 'size', 'all'] as const;
export type Key = (typeof KEYS)[number];

export interface CohortRow {
  readonly key: string;
  /** Whole days since the clock of the sale started. */
  readonly age: number;
  readonly sold: number;
  /** Pairs of lag in whole days and units. */
  readonly returned: readonly (readonly [lag: number, units: number])[];
}

export interface RateQuery {
  readonly world: 'live' | 'replay';
  readonly asOf: Date;
  readonly horizonDays: number;
  readonly kinds: readonly string[];
  /** Sales whose clock started longer ago are left out. */
  readonly windowDays: number;
}

const KEY: Readonly<Record<Exclude<Key, 'lot'>, string>> = {
  sku: 'l.sku', supplier: `coalesce((select s.supplier from sourcing s where s.sku = l.sku order by s.rank, s.supplier limit 1), '')`, anchor: `coalesce(l.anchor, (select b.anchor from broadcasts b where b.id = l.broadcast), '')`, broadcast: 'l.broadcast',
  size: 'k.size', all: `''`,
};

/**
 * Net paid sale lines; the clock starts at delivery where it is known, else at payment. A line's returns are capped at what was
 * sold of it, earliest first.
 */
const SALES = `
  lines as (
    select l.shop, l.order_id, l.line_id, l.sku, %KEY% as key,
      least((l.state->>'paid')::int, l.ordered - least((l.state->>'cancelled')::int, l.ordered)) as sold,
      coalesce(to_timestamp((l.state->>'deliveredAt')::float8 / 1000), l.paid_at) as start
    from order_lines l join shops s on s.id = l.shop and s.clock = $1 join skus k on k.id = l.sku
    where l.counts and l.kind = 'sale' and l.paid_at < $2 and l.paid_at >= $2::timestamptz - make_interval(days => $4)),
  sales as (select * from lines where sold > 0 and start < $2)`;

/** By lot: the units of a lot that left for a line are what was sold of it, and what came back of them is traced to the same lot. */
const LOT_SALES = `
  sales as (
    select m.lot as key, a.shop, a.order_id, a.line_id, a.sku, sum(m.claimed)::int as sold, min(coalesce(to_timestamp((l.state->>'deliveredAt')::float8 / 1000), l.paid_at)) as start
    from stock_movements m join stock_allocations a on m.origin_id = a.shop || '/' || a.order_id || '/' || a.line_id and a.sku = m.sku
    join order_lines l on l.shop = a.shop and l.order_id = a.order_id and l.line_id = a.line_id and l.sku = a.sku and l.counts and l.kind = 'sale'
    where m.cause = 'claim' and m.lot <> '' and m.world = $1 and l.paid_at < $2 and l.paid_at >= $2::timestamptz - make_interval(days => $4)
    group by m.lot, a.shop, a.order_id, a.line_id, a.sku)`;

export const cohorts = (tx: Tx, by: Key, q: RateQuery): Promise<CohortRow[]> =>
  rows(
    tx,
    `with ${by === 'lot' ? LOT_SALES : SALES.replace('%KEY%', KEY[by])},
     asked as (
       select s.key, s.start, s.sold, c.id, c.requested_at, s.shop, s.order_id, s.line_id, s.sku,
         ${by === 'lot' ? `coalesce((select sum(l.units)::int from return_lots l where l.return_case = c.id and l.lot = s.key), 0)` : 'c.quantity'} as units
       from sales s join return_cases c on c.shop = s.shop and c.order_id = s.order_id and c.line_id = s.line_id and c.sku = s.sku
       where c.kind = any($5) and c.status not in ('refused', 'withdrawn') and c.requested_at < $2),
     back as (
       select key, start, sold, units, greatest(0, floor(extract(epoch from requested_at - start) / 86400))::int as lag,
         sum(units) over (partition by key, shop, order_id, line_id, sku order by requested_at, id) as so_far
       from asked),
     capped as (
       select key, floor(extract(epoch from $2 - start) / 86400)::int as age, lag, sum(greatest(0, least(units, sold - (so_far - units))))::int as units from back where lag <= $3 group by 1, 2, 3),
     sold as (select key, floor(extract(epoch from $2 - start) / 86400)::int as age, sum(sold)::int as sold from sales where start < $2 group by 1, 2)
     select s.key, s.age, s.sold, coalesce((select json_agg(json_build_array(least(c.lag, s.age), c.units) order by c.lag) from capped c where c.key = s.key and c.age = s.age and c.units > 0), '[]') as returned
     from sold s order by s.key, s.age`,
    [q.world, q.asOf, q.horizonDays, q.windowDays, q.kinds],
  );
