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

/** A line's returns are capped at what was sold of it, earliest first. */
export async function cohorts(tx: Tx, by: Key, q: RateQuery): Promise<CohortRow[]> {
  const key = by === 'lot' ? '' : KEY[by];
  // A clock that starts later (three days after a shipment of yesterday) makes a sale of no age yet.
  const age = 'greatest(0, floor(extract(epoch from $2 - start) / 86400))::int';
  const [sold, returned] = await Promise.all([
    rows<{ key: string; age: number; sold: number }>(
      tx,
      `select key, ${age} as age, sum(sold)::int as sold from (${by === 'lot' ? LOT_LINES : LINES.replace('%KEY%', key)}) x where sold > 0 group by 1, 2 order by 1, 2`,
      [q.world, q.asOf, q.windowDays],
    ),
    rows<{ key: string; age: number; lag: number; units: number }>(
      tx,
      `with asked as (${by === 'lot' ? LOT_RETURNED : RETURNED.replace('%KEY%', key)}),
       back as (
         select key, start, sold, units, greatest(0, floor(extract(epoch from requested_at - start) / 86400))::int as lag,
           sum(units) over (partition by key, shop, order_id, line_id, sku order by requested_at, id) as so_far
         from asked)
       select key, ${age} as age, lag, sum(greatest(0, least(units, sold - (so_far - units))))::int as units from back group by 1, 2, 3 order by 1, 2, 3`,
      [q.world, q.asOf, q.windowDays, q.horizonDays, q.kinds],
    ),
  ]);
  const back = new Map<string, [number, number][]>();
  for (const r of returned) {
    if (r.units === 0) continue;
    const list = back.get(`${r.key}\0${r.age}`) ?? [];
    list.push([Math.min(r.lag, r.age), r.units]);
    back.set(`${r.key}\0${r.age}`, list);
  }
  return sold.map((s) => ({ ...s, returned: back.get(`${s.key}\0${s.age}`) ?? [] }));
}
