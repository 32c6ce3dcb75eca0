// Units sold and returned by key, age of the sale and lag of the return, as of a moment: what the mathematics of rates reads.
import type { Tx } from '../kernel/index.js';
import { rows } from '../kernel/database/sql.js';
import { SIZE_CLASSES, type Back } from '../returns/math/index.js';

export const KEYS = ['sku', 'supplier', 'lot', 'anchor', 'broadcast', 'size', 'all'] as const;
export type Key = (typeof KEYS)[number];

/** Lines of one key that are of one age, in whole days since the clock of the sale started, and alike in size; with what came back of each at once. */
export interface CohortRow {
  readonly key: string;
  readonly age: number;
  readonly lines: number;
  readonly sold: number;
  readonly returned: readonly Back[];
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

/** Net paid units of a line, and the start of its clock (orders/math, clockStart); lines from before the columns have both in their state alone. */
const SOLD = `coalesce(l.net_paid, least((l.state->>'paid')::int, l.ordered - least((l.state->>'cancelled')::int, l.ordered)))`;
const START = `case when l.net_paid is null then coalesce(to_timestamp((l.state->>'deliveredAt')::float8 / 1000), l.paid_at) else coalesce(l.clock_at, l.paid_at) end`;
const IN_WINDOW = `l.counts and l.kind = 'sale' and l.paid_at < $2 and l.paid_at >= $2::timestamptz - make_interval(days => $3)`;

/** Sales by line. Read once, and apart from the returns: there are many of them. */
const LINES = `
  select %KEY% as key, ${SOLD} as sold, ${START} as start
  from order_lines l join shops s on s.id = l.shop and s.clock = $1 join skus k on k.id = l.sku where ${IN_WINDOW}`;

/** Returns with the line that each is of, by its primary key: there are few of them. */
const RETURNED = `
  select %KEY% as key, c.shop, c.order_id, c.line_id, c.sku, c.id, c.requested_at, c.quantity as units, ${SOLD} as sold, ${START} as start
  from return_cases c join order_lines l on l.shop = c.shop and l.order_id = c.order_id and l.line_id = c.line_id and l.sku = c.sku
  join shops s on s.id = l.shop and s.clock = $1 join skus k on k.id = l.sku where ${IN_WINDOW} and c.kind = any($5) and c.status not in ('refused', 'withdrawn') and c.requested_at < $2 and c.requested_at <= l.clock_at + make_interval(days => $4)`;

/** By lot: the units of a lot that left for a line are what was sold of it, and what came back of them is traced to the same lot. */
const LOT_LINES = `
  select m.lot as key, sum(m.claimed)::int as sold, min(${START}) as start
  from stock_movements m join stock_allocations a on m.origin_id = a.shop || '/' || a.order_id || '/' || a.line_id and a.sku = m.sku
  join order_lines l on l.shop = a.shop and l.order_id = a.order_id and l.line_id = a.line_id and l.sku = a.sku
  where m.cause = 'claim' and m.lot <> '' and m.world = $1 and ${IN_WINDOW} group by m.lot, a.shop, a.order_id, a.line_id, a.sku`;

const LOT_RETURNED = `
  select r.lot as key, c.shop, c.order_id, c.line_id, c.sku, c.id, c.requested_at, r.units, ${START} as start,
    (select coalesce(sum(m.claimed), 0)::int from stock_movements m where m.origin = 'order-line' and m.origin_id = c.shop || '/' || c.order_id || '/' || c.line_id and m.sku = c.sku and m.lot = r.lot) as sold
  from return_cases c join return_lots r on r.return_case = c.id and r.lot <> ''
  join order_lines l on l.shop = c.shop and l.order_id = c.order_id and l.line_id = c.line_id and l.sku = c.sku
  join shops s on s.id = l.shop and s.clock = $1 where ${IN_WINDOW} and c.kind = any($5) and c.status not in ('refused', 'withdrawn') and c.requested_at < $2 and c.requested_at <= l.clock_at + make_interval(days => $4)`;

/** Class of the size of a line, as sizeClass in returns/math has it; the whole powers of 2 must not fall below themselves. */
const SIZE = `least(${SIZE_CLASSES - 1}, floor(ln(sold::float8) / ln(2::float8) + 1e-9))::int`;

/** A line's returns are capped at what was sold of it, earliest first; those of one day are one clump. */
export async function cohorts(tx: Tx, by: Key, q: RateQuery): Promise<CohortRow[]> {
  const key = by === 'lot' ? '' : KEY[by];
  // A clock that starts later (three days after a shipment of yesterday) makes a sale of no age yet.
  const age = 'greatest(0, floor(extract(epoch from $2 - start) / 86400))::int';
  const [sold, returned] = await Promise.all([
    rows<{ key: string; age: number; size: number; lines: number; sold: number }>(
      tx,
      `select key, ${age} as age, ${SIZE} as size, count(*)::int as lines, sum(sold)::int as sold from (${by === 'lot' ? LOT_LINES : LINES.replace('%KEY%', key)}) x where sold > 0 group by 1, 2, 3 order by 1, 2, 3`,
      [q.world, q.asOf, q.windowDays],
    ),
    rows<{ key: string; age: number; size: number; lag: number; units: number; cases: number }>(
      tx,
      `with asked as (${by === 'lot' ? LOT_RETURNED : RETURNED.replace('%KEY%', key)}),
       back as (
         select key, shop, order_id, line_id, sku, start, sold, units, greatest(0, floor(extract(epoch from requested_at - start) / 86400))::int as lag,
           sum(units) over (partition by key, shop, order_id, line_id, sku order by requested_at, id) as so_far
         from asked where sold > 0),
       clumps as (
         select key, ${age} as age, ${SIZE} as size, lag, sum(greatest(0, least(units, sold - (so_far - units))))::int as units from back group by key, shop, order_id, line_id, sku, 2, 3, 4)
       select key, age, size, least(lag, age) as lag, units, count(*)::int as cases from clumps where units > 0 group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5`,
      [q.world, q.asOf, q.windowDays, q.horizonDays, q.kinds],
    ),
  ]);
  const back = new Map<string, Back[]>();
  for (const { lag, units, cases, ...r } of returned) {
    const place = `${r.key}\0${r.age}\0${r.size}`;
    const list = back.get(place);
    if (list === undefined) back.set(place, [{ lag, units, cases }]);
    else list.push({ lag, units, cases });
  }
  return sold.map((s) => ({ key: s.key, age: s.age, lines: s.lines, sold: s.sold, returned: back.get(`${s.key}\0${s.age}\0${s.size}`) ?? [] }));
}
