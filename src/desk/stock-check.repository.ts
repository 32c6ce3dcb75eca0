// What the stock check reads beyond what the rooms to the left answer: few rows each, by index, for all SKUs of a line-up at once.
import type { Tx } from '../kernel/index.js';
import { rows } from '../kernel/database/sql.js';

type World = 'live' | 'replay';

/** Units of streams that were ordered and not cancelled: those of unpaid orders are held, and are no longer to be planned with. */
export const soldInBroadcasts = (tx: Tx, wanted: readonly { shop: string; sku: string; broadcast: string }[]): Promise<{ sku: string; broadcast: string; sold: number }[]> =>
  rows(
    tx,
    `select s.sku, s.broadcast, x.sold from unnest($1::text[], $2::text[], $3::text[]) as w(shop, sku, broadcast) join streams s using (shop, sku, broadcast) cross join lateral (
       select greatest(0, sum(d.units) - sum(d.cancelled_units))::bigint as sold from demand_windows d where d.stream = s.id) x`,
    [wanted.map((w) => w.shop), wanted.map((w) => w.sku), wanted.map((w) => w.broadcast)],
  );

/** The latest assessment of each SKU, where there is one. */
export const latestAssessments = (tx: Tx, world: World, skus: readonly string[]): Promise<{ sku: string; id: string; at: Date; more: Readonly<Record<string, number>> }[]> =>
  rows(tx, 'select a.sku, a.id, a.at, a.more from need_states n join assessments a on a.id = n.assessment where n.world = $1 and n.sku = any($2)', [world, skus]);

/** Units asked back per SKU, goods alone, and the reason that most of them name. */
export const returnedUnits = (tx: Tx, world: World, skus: readonly string[]): Promise<{ sku: string; returned: number; reason: string | null; reason_units: number | null }[]> =>
  rows(
    tx,
    `with back as (
       select c.sku, c.claimed_reason as reason, sum(c.quantity) as units from return_cases c join shops s on s.id = c.shop and s.clock = $1
       where c.sku = any($2) and c.kind in ('return', 'exchange') and c.status not in ('refused', 'withdrawn') group by 1, 2)
     select sku, sum(units)::bigint as returned, (array_agg(reason order by units desc, reason) filter (where reason is not null))[1] as reason,
       (max(units) filter (where reason is not null))::bigint as reason_units from back group by sku`,
    [world, skus],
  );

export interface Substitute {
  readonly category: string;
  readonly sku: string;
  readonly style: string;
  readonly colour: string;
  readonly size: string;
  readonly price: number;
  readonly currency: string;
  readonly available: number;
}

/** For each category the SKUs of which most is free, what unpaid orders hold (`unpaidUnits`) and the line-up left out. */
export const substitutesOf = (tx: Tx, world: World, categories: readonly string[], without: readonly string[], limit: number): Promise<Substitute[]> =>
  rows(
    tx,
    `select c.category, x.* from unnest($2::text[]) as c(category) cross join lateral (
       select k.id as sku, k.style, k.colour, k.size, k.price, k.currency, f.available
       from styles y join skus k on k.style = y.id cross join lateral (
         select (coalesce((select sum(l.on_hand - l.reserved - l.waiting - l.unclaimed) from stock_levels l where l.world = $1 and l.sku = k.id), 0)
           - coalesce((select sum(greatest(0, d.ordered - d.cancelled - d.net_paid)) from sku_demand d join shops s on s.id = d.shop and s.clock = $1 where d.sku = k.id), 0))::bigint as available) f
       where y.category = c.category and k.id <> all($3) and f.available > 0 order by f.available desc, k.id limit $4) x`,
    [world, categories, without, limit],
  );
