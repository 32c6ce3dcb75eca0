import type { Tx } from '../kernel/index.js';
import { one, rows } from '../kernel/database/sql.js';
import { capped, SIZE_CLASSES, type Back, type Cohort } from './math/index.js';

/** Lines from before the columns have both in their state alone. */
const SOLD = `coalesce(l.net_paid, least((l.state->>'paid')::int, l.ordered - least((l.state->>'cancelled')::int, l.ordered)))`;
const START = `case when l.net_paid is null then coalesce(to_timestamp((l.state->>'deliveredAt')::float8 / 1000), l.paid_at) else coalesce(l.clock_at, l.paid_at) end`;
/** Days after which goods that were asked back and have not come are not coming any more. */
const LOST_DAYS = 30;
/** Days of the past that tell how returns fare now. */
const RECENT_DAYS = 120;
const STANDING = `c.status not in ('refused', 'withdrawn')`;

/** Class of the size of a line, as sizeClass in math has it; the whole powers of 2 must not fall below themselves. */
const SIZE = `least(${SIZE_CLASSES - 1}, floor(ln((${SOLD})::float8) / ln(2::float8) + 1e-9))::int`;

/** Sales and returns of a world by age and size of line, over two horizons: what the lag of returns is read from. */
export async function pooledCohorts(tx: Tx, world: string, now: Date, horizonDays: number): Promise<Cohort[]> {
  const age = `floor(extract(epoch from $2 - ${START}) / 86400)::int`;
  const window = `l.counts and l.kind = 'sale' and l.paid_at < $2 and l.paid_at >= $2::timestamptz - make_interval(days => $3) and ${START} < $2 and ${SOLD} > 0`;
  const [sold, back] = await Promise.all([
    rows<{ age: number; size: number; lines: number; sold: number }>(
      tx, `select ${age} as age, ${SIZE} as size, count(*)::int as lines, sum(${SOLD})::int as sold from order_lines l join shops s on s.id = l.shop and s.clock = $1 where ${window} group by 1, 2 order by 1, 2`,
      [world, now, 2 * horizonDays],
    ),
    rows<{ age: number; size: number; lag: number; units: number; cases: number }>(
      tx,
      `select ${age} as age, ${SIZE} as size, least(${age}, greatest(0, floor(extract(epoch from c.requested_at - ${START}) / 86400)::int)) as lag, least(c.quantity, ${SOLD})::int as units, count(*)::int as cases
       from return_cases c join order_lines l on l.shop = c.shop and l.order_id = c.order_id and l.line_id = c.line_id and l.sku = c.sku join shops s on s.id = l.shop and s.clock = $1
       where ${window} and c.kind in ('return', 'exchange') and ${STANDING} and c.requested_at < $2 group by 1, 2, 3, 4 order by 1, 2, 3, 4`,
      [world, now, 2 * horizonDays],
    ),
  ]);
  const returned = new Map<string, Back[]>();
  for (const { lag, units, cases, ...b } of back) returned.set(`${b.age} ${b.size}`, [...(returned.get(`${b.age} ${b.size}`) ?? []), { lag, units, cases }]);
  return sold.map((s) => capped({ age: s.age, lines: s.lines, sold: s.sold, returned: returned.get(`${s.age} ${s.size}`) ?? [] }));
}

/** Days from the request to the inspection: the 80 % quantile, and how many cases say so. */
export const shelfDays = async (tx: Tx, world: string, now: Date): Promise<{ cases: number; days: number }> =>
  (await one<{ cases: number; days: number }>(
    tx,
    `select count(*)::int as cases, coalesce(percentile_cont(0.8) within group (order by greatest(0, extract(epoch from x.at - c.requested_at)) / 86400), 0)::float8 as days
     from return_cases c join shops s on s.id = c.shop and s.clock = $1 join lateral (select max(i.at) as at from inspections i where i.return_case = c.id) x on x.at is not null
     where c.requested_at between $2::timestamptz - make_interval(days => ${RECENT_DAYS}) and $2`,
    [world, now],
  )) ?? { cases: 0, days: 0 };

/** Two looks at one SKU would each leave days of theirs behind. */
export const lockReflow = (tx: Tx, world: string, sku: string): Promise<unknown> => rows(tx, 'select pg_advisory_xact_lock(hashtextextended($1, 29))', [`${world} ${sku}`]);

/** What became of units that were asked back: sellable again, or not (the ones that never came included); of one SKU, or of all. */
export const fateOf = async (tx: Tx, world: string, sku: string | null, now: Date): Promise<{ usable: number; lost: number }> =>
  (await one<{ usable: number; lost: number }>(
    tx,
    `select coalesce(sum(x.usable), 0)::int as usable, coalesce(sum(c.quantity - x.usable), 0)::int as lost
     from return_cases c join shops s on s.id = c.shop and s.clock = $1
     cross join lateral (select coalesce(sum(i.quantity) filter (where i.disposition = 'restock'), 0)::int as usable from inspections i where i.return_case = c.id) x
     where c.kind <> 'refund-only' and ${STANDING} and ($2::text is null or c.sku = $2) and c.requested_at between $3::timestamptz - make_interval(days => ${RECENT_DAYS}) and $3
       and (c.goods in ('inspected', 'disposed') or c.requested_at < $3::timestamptz - make_interval(days => ${LOST_DAYS}))`,
    [world, sku, now],
  )) ?? { usable: 0, lost: 0 };

/** Units of a SKU that were asked back and are not on the shelf or written off yet, by whole days since they were asked for. */
export const announcedUnits = (tx: Tx, world: string, sku: string, now: Date): Promise<{ age: number; units: number }[]> =>
  rows(
    tx,
    `select greatest(0, floor(extract(epoch from $3 - c.requested_at) / 86400))::int as age, sum(c.quantity - c.inspected)::int as units
     from return_cases c join shops s on s.id = c.shop and s.clock = $1
     where c.sku = $2 and ${STANDING} and c.goods in ('awaiting', 'received') and c.quantity > c.inspected and c.requested_at >= $3::timestamptz - make_interval(days => ${LOST_DAYS}) group by 1 order by 1`,
    [world, sku, now],
  );

/** Units of a SKU that reached their buyers and were not asked back, by whole days since. */
export const deliveredUnits = (tx: Tx, world: string, sku: string, now: Date, horizonDays: number): Promise<{ age: number; units: number; returned: number }[]> =>
  rows(
    tx,
    `select greatest(0, floor(extract(epoch from $3 - l.delivered_at) / 86400))::int as age, sum(greatest(0, l.net_paid - x.asked))::int as units, sum(least(l.net_paid, x.asked))::int as returned
     from order_lines l join shops s on s.id = l.shop and s.clock = $1
     cross join lateral (select coalesce(sum(c.quantity), 0)::int as asked from return_cases c where c.shop = l.shop and c.order_id = l.order_id and c.line_id = l.line_id and ${STANDING}) x
     where l.sku = $2 and l.counts and l.kind = 'sale' and l.delivered_at >= $3::timestamptz - make_interval(days => $4) and l.delivered_at <= $3 group by 1 order by 1`,
    [world, sku, now, horizonDays],
  );
