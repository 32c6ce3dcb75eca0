import type { Tx } from '../kernel/index.js';
import { one, rows, touched } from '../kernel/database/sql.js';
import type { SoldSince, StandingModel, StandingSums } from './math/index.js';

type World = 'live' | 'replay';

/** Days that one statement sums up: of 30,000 SKUs that sell every day some ten seconds' work. */
export const SPAN_DAYS = 28;

/** Days since 1970 of a date, as the mathematics counts them. */
const DAYS = (column: string): string => `(${column} - date '1970-01-01')`;

/** The model in force and the day up to which sales were summed up; a few bytes, because every assessment asks. */
export const latestStanding = (tx: Tx, world: World): Promise<{ id: string; day: number; learned_lately: boolean } | undefined> =>
  one(tx, `select id, ${DAYS('day')} as day, learned_at > clock_timestamp() - interval '1 minute' as learned_lately from standing_models where world = $1 order by day desc, learned_at desc limit 1`, [world]);

/** Of usual SKUs by currency, in minor units. */
export type UsualPrices = Readonly<Record<string, number>>;

export const findStanding = (tx: Tx, id: string): Promise<{ model: StandingModel; usual: UsualPrices } | undefined> => one(tx, 'select model, usual from standing_models where id = $1', [id]);

export const insertStanding = (tx: Tx, m: { id: string; world: World; day: number; model: StandingModel; usual: UsualPrices }): Promise<number> =>
  touched(tx, `insert into standing_models (id, world, day, skus, lessons, usual, model) values ($1, $2, date '1970-01-01' + $3::int, $4, $5, $6, $7)`, [m.id, m.world, m.day, m.model.skus, m.model.lessons, JSON.stringify(m.usual), JSON.stringify(m.model)]);

/** Assessments name their model; the latest ones are kept for who asks why. */
export const forgetStanding = (tx: Tx, world: World, kept: number): Promise<number> =>
  touched(tx, 'delete from standing_models where world = $1 and id not in (select id from standing_models where world = $1 order by day desc, learned_at desc limit $2)', [world, kept]);

/**
 * Sums sales outside broadcasts up by SKU and day, for the days before `day`: those since `from` for every SKU, and all of a SKU of
 * which orders have come that no sum knows (a file of the past, a late batch). What is older than `least` is let go.
 */
export async function sumUpDays(tx: Tx, world: World, shops: readonly string[], from: number, day: number, least: number): Promise<void> {
  const late = await rows<{ sku: string }>(
    tx,
    `with totals as (select s.sku, sum(t.orders) as orders from streams s join stream_totals t on t.stream = s.id where s.shop = any($2) and s.broadcast = '' group by s.sku),
       fresh as (select s.sku, sum(d.orders) as orders from streams s join demand_windows d on d.stream = s.id where s.shop = any($2) and s.broadcast = '' and d.bucket >= to_timestamp($3::float8 * 86400) group by s.sku)
     select t.sku from totals t left join fresh f using (sku) left join standing_sales p on p.world = $1 and p.sku = t.sku where t.orders <> coalesce(p.settled, 0) + coalesce(f.orders, 0)`,
    [world, shops, from],
  );
  await rows(tx, `delete from standing_days where world = $1 and (day >= date '1970-01-01' + $2::int or day < date '1970-01-01' + $3::int or sku = any($4))`, [world, from, least, late.map((l) => l.sku)]);
  // In UTC, whatever the session's zone is. The first time of a long history no statement may take longer than any may.
  for (let span = late.length > 0 ? least : from; span < day; span += SPAN_DAYS) await rows(
    tx,
    `insert into standing_days (world, sku, day, orders, units)
     select $1, s.sku, (d.bucket at time zone 'UTC')::date, sum(d.orders), sum(d.paid_units - d.cancelled_units) from streams s join demand_windows d on d.stream = s.id
     where s.shop = any($2) and s.broadcast = '' and d.bucket < to_timestamp($4::float8 * 86400) and d.bucket >= to_timestamp($7::float8 * 86400) and d.bucket >= to_timestamp((case when s.sku = any($6) then $5 else $3 end)::float8 * 86400)
     group by 2, 3 having sum(d.orders) > 0 or sum(d.paid_units - d.cancelled_units) <> 0`,
    [world, shops, from, Math.min(day, span + SPAN_DAYS), least, late.map((l) => l.sku), span],
  );
}

/** Of each SKU what an assessment asks for, from its days; `settled`: orders of the days before `settledBefore`, which are summed up for good. */
export const sumUpSkus = (tx: Tx, world: World, shops: readonly string[], day: number, settledBefore: number): Promise<number> =>
  touched(
    tx,
    `with d as (
       select sku, coalesce(sum(units) filter (where n <= 28), 0) as units28, coalesce(sum(units) filter (where n <= 91), 0) as units91, coalesce(sum(orders) filter (where n <= 28), 0) as lines28,
         coalesce(sum(orders) filter (where n <= 91), 0) as lines91, count(*) filter (where n <= 28 and orders > 0) as active28, min(day) filter (where orders > 0) as first_day, max(day) filter (where orders > 0) as last_day
       from (select *, date '1970-01-01' + $3::int - day as n from standing_days where world = $1) x group by sku),
     t as (select s.sku, sum(t.orders) as orders from streams s join stream_totals t on t.stream = s.id where s.shop = any($2) and s.broadcast = '' group by s.sku),
     f as (select s.sku, sum(w.orders) as orders from streams s join demand_windows w on w.stream = s.id where s.shop = any($2) and s.broadcast = '' and w.bucket >= to_timestamp($4::float8 * 86400) group by s.sku)
     insert into standing_sales (world, sku, until, settled, units28, units91, lines28, lines91, active28, first_day, last_day)
     select $1, t.sku, date '1970-01-01' + $3::int, t.orders - coalesce(f.orders, 0), coalesce(d.units28, 0), coalesce(d.units91, 0), coalesce(d.lines28, 0), coalesce(d.lines91, 0), coalesce(d.active28, 0), d.first_day, d.last_day
     from t left join d using (sku) left join f using (sku)
     on conflict (world, sku) do update set until = excluded.until, settled = excluded.settled, units28 = excluded.units28, units91 = excluded.units91, lines28 = excluded.lines28, lines91 = excluded.lines91, active28 = excluded.active28,
       first_day = excluded.first_day, last_day = excluded.last_day`,
    [world, shops, day, settledBefore],
  );

export interface TaughtSku {
  readonly sku: string;
  readonly style: string;
  readonly price: number;
  readonly currency: string;
  readonly days: readonly number[];
  readonly lines: readonly number[];
  readonly units: readonly number[];
}

/** SKUs with their days, at most so many, the same ones day after day (by a hash of their names). */
export const taughtSkus = (tx: Tx, world: World, most: number): Promise<TaughtSku[]> =>
  rows(
    tx,
    `select p.sku, k.style, k.price, k.currency, x.days, x.lines, x.units from (select sku from standing_sales where world = $1 and first_day is not null order by hashtextextended(sku, 7) limit $2) p
       join skus k on k.id = p.sku cross join lateral (
       select json_agg(${DAYS('d.day')} order by d.day) as days, json_agg(d.orders order by d.day) as lines, json_agg(d.units order by d.day) as units from standing_days d where d.world = $1 and d.sku = p.sku) x
     where x.days is not null order by p.sku`,
    [world, most],
  );

/** All SKUs together by day, bulk purchases cut to four usual lines. */
export const marketDays = (tx: Tx, world: World, shops: readonly string[]): Promise<{ day: number; units: number; lines: number }[]> =>
  rows(
    tx,
    `with usual as (select sku, exp(sum(line_log_milli) / 1000.0 / greatest(1, sum(lines)))::float8 as line from sku_demand where shop = any($2) group by sku)
     select ${DAYS('d.day')} as day, sum(least(greatest(d.units, 0), 4 * u.line * d.orders))::float8 as units, sum(d.orders)::int as lines from standing_days d join usual u using (sku) where d.world = $1 group by d.day order by d.day`,
    [world, shops],
  );

export const usualPrices = async (tx: Tx, world: World): Promise<UsualPrices> =>
  Object.fromEntries((await rows<{ currency: string; price: number }>(
    tx, `select k.currency, percentile_disc(0.5) within group (order by k.price) as price from standing_sales p join skus k on k.id = p.sku where p.world = $1 and p.first_day is not null group by k.currency`, [world],
  )).map((r) => [r.currency, r.price]));

/** What a SKU sold outside broadcasts: the sums of the days before `until`, and what came since. */
export interface StandingSold {
  readonly until: number;
  readonly before: StandingSums | undefined;
  readonly since: SoldSince;
}

/** However long the history: of each SKU one row and a span of windows since, which is the day that runs, and never begins before `least`. */
export const standingSold = async (tx: Tx, world: World, shops: readonly string[], skus: readonly string[], least: number): Promise<Map<string, StandingSold>> => {
  const found = await rows<Omit<StandingSums, 'firstDay'> & SoldSince & { sku: string; until: number; firstDay: number | null }>(
    tx,
    `select w.sku, greatest(${DAYS('p.until')}, $4::int) as until, coalesce(p.units28, 0) as units28, coalesce(p.units91, 0) as units91, coalesce(p.lines28, 0) as lines28, coalesce(p.lines91, 0) as lines91,
       coalesce(p.active28, 0) as "activeDays28", ${DAYS('p.first_day')} as "firstDay", ${DAYS('p.last_day')} as "lastDay", n.units, n.lines, n.active as "activeDays"
     from unnest($3::text[]) as w(sku) left join standing_sales p on p.world = $1 and p.sku = w.sku cross join lateral (
       select coalesce(sum(d.paid_units - d.cancelled_units), 0)::bigint as units, coalesce(sum(d.orders), 0)::int as lines, count(distinct (d.bucket at time zone 'UTC')::date) filter (where d.orders > 0)::int as active
       from unnest($2::text[]) as h(shop) join streams s on s.shop = h.shop and s.sku = w.sku and s.broadcast = ''
         join demand_windows d on d.stream = s.id and d.bucket >= to_timestamp(greatest(${DAYS('p.until')}, $4::int)::float8 * 86400)) n
     where p.first_day is not null or n.lines > 0`,
    [world, shops, skus, least],
  );
  return new Map(found.map(({ sku, until, units, lines, activeDays, firstDay, ...sums }) => [sku, { until, before: firstDay === null ? undefined : { ...sums, firstDay }, since: { units, lines, activeDays } }]));
};
