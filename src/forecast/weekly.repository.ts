import type { Tx } from '../kernel/index.js';
import { rows, touched } from '../kernel/database/sql.js';
import { SPAN_DAYS } from './standing.repository.js';
import { MOST_ORDERS_OF_A_DAY, MOST_TIMES_USUAL, type ShopDay, type WeeklyShape } from './math/index.js';

/** Shapes of shops that hold from later days than those that are known, ascending. */
export const shapesSince = (tx: Tx, known: readonly { readonly shop: string; readonly from: number }[]): Promise<(WeeklyShape & { shop: string })[]> =>
  rows(
    tx,
    `select w.shop, w.from_day - date '1970-01-01' as "from", w.factors from unnest($1::text[], $2::int[]) as k(shop, known)
       join weekly_shapes w on w.shop = k.shop and w.from_day > date '1970-01-01' + k.known order by w.shop, w.from_day`,
    [known.map((k) => k.shop), known.map((k) => k.from)],
  );

export const insertShape = (tx: Tx, shop: string, { from, factors }: WeeklyShape): Promise<number> =>
  touched(tx, `insert into weekly_shapes (shop, from_day, factors) values ($1, date '1970-01-01' + $2::int, $3)`, [shop, from, factors]);

/**
 * Sums up what each day of a shop teaches: its orders outside broadcasts, of a SKU no more than its cap by what it sold in the four weeks before.
 * The days since `from`, and all since `least` of a shop of which nothing was summed up; what is older is let go. A file of the past that
 * comes later teaches nothing.
 */
export async function sumUpShopDays(tx: Tx, world: 'live' | 'replay', shops: readonly string[], from: number, day: number, least: number): Promise<void> {
  await rows(tx, `delete from shop_days where shop = any($1) and (day >= date '1970-01-01' + $2::int or day < date '1970-01-01' + $3::int)`, [shops, from, least]);
  const known = new Set((await rows<{ shop: string }>(tx, 'select distinct shop from shop_days where shop = any($1)', [shops])).map((r) => r.shop));
  const since = shops.map((shop) => (known.has(shop) ? from : least));
  for (let span = Math.min(...since); span < day; span += SPAN_DAYS) await rows(
    tx,
    `insert into shop_days (shop, day, orders)
     select x.shop, x.day, sum(least(x.orders, greatest($6::float8, $7::float8 * coalesce(u.orders, 0) / least(28, greatest(1, x.day - p.first_day)))))
     from (select s.shop, s.sku, (d.bucket at time zone 'UTC')::date as day, sum(d.orders)::float8 as orders
           from unnest($2::text[], $3::int[]) as h(shop, since)
             join streams s on s.shop = h.shop and s.broadcast = '' join demand_windows d on d.stream = s.id and d.bucket >= to_timestamp(greatest(h.since, $5::int)::float8 * 86400) and d.bucket < to_timestamp($4::float8 * 86400)
           where d.orders > 0 group by 1, 2, 3) x left join standing_sales p on p.world = $1 and p.sku = x.sku
       cross join lateral (select sum(k.orders) as orders from standing_days k where k.world = $1 and k.sku = x.sku and k.day < x.day and k.day >= x.day - 28) u
     group by 1, 2`,
    [world, shops, since, Math.min(day, span + SPAN_DAYS), span, MOST_ORDERS_OF_A_DAY, MOST_TIMES_USUAL],
  );
}

/** In UTC, ascending by shop and day. */
export const shopDays = (tx: Tx, shops: readonly string[]): Promise<(ShopDay & { shop: string })[]> =>
  rows(tx, `select shop, day - date '1970-01-01' as day, orders from shop_days where shop = any($1) order by shop, day`, [shops]);
