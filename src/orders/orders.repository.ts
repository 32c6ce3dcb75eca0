import type { Tx } from '../kernel/index.js';
import { numbers, one, rows, statement, touched } from '../kernel/database/sql.js';
import { digestOf } from './orders.file.js';
import { identityKey, stateOf, type StoredRow } from './intake.repository.js';
import { lineTotals, type LineState, type OrderEvent } from './math/settle.js';

const base = import.meta.url;
const STREAM_NEWS = statement(base, 'stream_news');
const MARK_DIRTY = statement(base, 'mark_dirty');
const TAKE_NEWS = statement(base, 'take_news');
const HELD_UNITS = statement(base, 'held_units');

export const hasNews = async (tx: Tx): Promise<boolean> => (await one<{ is: boolean }>(tx, 'select exists (select 1 from order_news) as is'))?.is === true;

/** Takes about `limit` entries about changed orders, with the world of their shop; they are gone with the transaction that took them. */
export const takeNews = (tx: Tx, limit: number): Promise<{ shop: string; order_id: string; sku: string; world: 'live' | 'replay' }[]> => rows(tx, TAKE_NEWS, [limit]);

/** What a line asks of the stock. */
export interface StockLine {
  readonly shop: string;
  readonly order_id: string;
  readonly line_id: string;
  readonly sku: string;
  readonly world: 'live' | 'replay';
  readonly open: number;
  readonly shipped: number;
  readonly paid_at: Date | null;
  readonly lot: string | null;
}

/** The lines of orders as they stand; one that is set aside asks for nothing. */
export const stockLines = (tx: Tx, orders: readonly { readonly shop: string; readonly order_id: string }[]): Promise<StockLine[]> =>
  rows(
    tx,
    `select l.shop, l.order_id, l.line_id, l.sku, s.clock as world, l.open_units as open, l.shipped, l.paid_at, l.lot
     from order_lines l join unnest($1::text[], $2::text[]) as w(shop, order_id) using (shop, order_id) join shops s on s.id = l.shop`,
    [orders.map((o) => o.shop), orders.map((o) => o.order_id)],
  );

/** Of these orders, those all of whose lines that count were cancelled whole. */
export const cancelledOrders = (tx: Tx, orders: readonly { readonly shop: string; readonly order_id: string }[]): Promise<{ shop: string; order_id: string }[]> =>
  rows(
    tx,
    `select l.shop, l.order_id from order_lines l join (select distinct * from unnest($1::text[], $2::text[]) as w(shop, order_id)) w using (shop, order_id)
     where l.counts group by l.shop, l.order_id having bool_and(l.ordered > 0 and coalesce((l.state->>'cancelled')::int, 0) >= l.ordered)`,
    [orders.map((o) => o.shop), orders.map((o) => o.order_id)],
  );

/** Units of SKUs in orders that are neither paid nor cancelled. */
export const unpaidOfOrders = (tx: Tx, of: readonly { readonly shop: string; readonly order_id: string; readonly sku: string }[]): Promise<{ shop: string; order_id: string; sku: string; units: number }[]> =>
  rows(
    tx,
    `select l.shop, l.order_id, l.sku, sum(greatest(0, l.ordered - least(coalesce((l.state->>'cancelled')::int, 0), l.ordered) - coalesce(l.net_paid, 0)))::int as units
     from order_lines l join (select distinct * from unnest($1::text[], $2::text[], $3::text[]) as w(shop, order_id, sku)) w using (shop, order_id, sku) where l.counts group by 1, 2, 3`,
    [of.map((o) => o.shop), of.map((o) => o.order_id), of.map((o) => o.sku)],
  );

/** Adds to streams' totals and makes them dirty; sorted by stream. */
export const markDirty = (tx: Tx, streams: readonly { stream: number; orders: number; withdrawn: number }[]): Promise<number> =>
  touched(tx, MARK_DIRTY, [numbers('int8', streams.map((s) => s.stream)), numbers('int8', streams.map((s) => s.orders), 0), numbers('int8', streams.map((s) => s.withdrawn), 0)]);

/** Makes streams dirty without news of orders: their state or their SKU's need is due to be looked at again. */
export const touchStreams = (tx: Tx, streams: readonly number[]): Promise<number> =>
  markDirty(tx, [...streams].sort((a, b) => a - b).map((stream) => ({ stream, orders: 0, withdrawn: 0 })));

/** "Now" of every shop: the database's clock, or the latest occurred_at seen (null before the first event). */
export const shopNow = (tx: Tx, shops: readonly string[]): Promise<{ id: string; clock: 'live' | 'replay'; send_signals: boolean; now: Date | null }[]> =>
  rows(tx, `select s.id, s.clock, s.send_signals, case when s.clock = 'live' then clock_timestamp() else c.latest end as now
    from shops s left join shop_clocks c on c.shop = s.id where s.id = any($1)`, [shops]);

export interface ShopClockRow {
  readonly id: string;
  readonly clock: 'live' | 'replay';
  readonly send_signals: boolean;
  readonly now: Date | null;
}

/** The clock of every shop. */
export const allClocks = (tx: Tx): Promise<ShopClockRow[]> =>
  rows(tx, `select s.id, s.clock, s.send_signals, case when s.clock = 'live' then clock_timestamp() else c.latest end as now from shops s left join shop_clocks c on c.shop = s.id`);

export interface QuarantineRow {
  readonly id: string;
  readonly shop: string;
  readonly event_id: string;
  readonly reason: string;
  readonly event: OrderEvent;
  readonly received_at: Date;
  readonly redriven_at: Date | null;
}

/** Sets events aside; answers the keys of those that were set aside before with other content. */
export async function quarantine(tx: Tx, list: readonly { id: string; event: OrderEvent; reason: string }[]): Promise<Set<string>> {
  if (list.length === 0) return new Set();
  const args = [list.map((q) => q.id), list.map((q) => q.event.shop), list.map((q) => q.event.eventId), list.map((q) => digestOf(q.event)), list.map((q) => q.reason), list.map((q) => JSON.stringify(q.event))];
  await touched(tx, `insert into quarantine (id, shop, event_id, digest, reason, event) select q.id, q.shop, q.event_id, q.digest, q.reason, q.event::jsonb
    from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[]) as q(id, shop, event_id, digest, reason, event)
    on conflict (shop, event_id) where redriven_at is null do nothing`, args);
  const other = await rows<{ shop: string; event_id: string }>(
    tx,
    `select q.shop, q.event_id from quarantine q join unnest($1::text[], $2::text[], $3::bytea[]) as w(shop, event_id, digest) using (shop, event_id)
     where q.redriven_at is null and q.digest <> w.digest`,
    [args[1], args[2], args[3]],
  );
  return new Set(other.map((r) => identityKey({ shop: r.shop, eventId: r.event_id })));
}

export const listQuarantine = (tx: Tx, filter: { shop: string | null; reason: string | null }, after: string, limit: number): Promise<QuarantineRow[]> =>
  rows(tx, `select id, shop, event_id, reason, event, received_at, redriven_at from quarantine
    where redriven_at is null and id > $1 and ($2::text is null or shop = $2) and ($3::text is null or reason = $3) order by id limit $4`, [after, filter.shop, filter.reason, limit]);

export const quarantinedOf = (tx: Tx, filter: { ids?: readonly string[] | undefined; skus?: readonly string[] | undefined; shop?: string | undefined }, after: string, limit: number): Promise<QuarantineRow[]> =>
  rows(
    tx,
    `select id, shop, event_id, reason, event, received_at, redriven_at from quarantine where redriven_at is null and ($1::text[] is null or id = any($1))
       and ($2::text[] is null or (reason = 'unknown-sku' and event->>'sku' = any($2))) and ($3::text is null or shop = $3) and id > $4
     order by id limit $5 for update skip locked`,
    [filter.ids ?? null, filter.skus ?? null, filter.shop ?? null, after, limit],
  );

export const markRedriven = (tx: Tx, ids: readonly string[]): Promise<number> => touched(tx, 'update quarantine set redriven_at = now() where id = any($1)', [ids]);
export const setReason = (tx: Tx, ids: readonly string[], reasons: readonly string[]): Promise<number> =>
  touched(tx, 'update quarantine q set reason = w.reason from unnest($1::text[], $2::text[]) as w(id, reason) where q.id = w.id', [ids, reasons]);

export interface SkuDemand {
  readonly shop: string;
  readonly sku: string;
  readonly ordered: number;
  readonly cancelled: number;
  readonly net_paid: number;
  readonly shipped: number;
  readonly open_units: number;
  readonly open_paid_seconds: number;
  readonly sale_lines: number;
  readonly cancelled_lines: number;
  readonly lines: number;
  readonly line_units: number;
  readonly line_log_milli: number;
}

/** Units that were ordered and neither paid nor cancelled: platforms hold them for their buyers. */
export const unpaidUnits = (d: Pick<SkuDemand, 'ordered' | 'cancelled' | 'net_paid'>): number => Math.max(0, d.ordered - d.cancelled - d.net_paid);

export const demandOf = (tx: Tx, skus: readonly string[]): Promise<SkuDemand[]> => rows(tx, 'select shop, sku, ordered, cancelled, net_paid, shipped, open_units, open_paid_seconds::float8 as open_paid_seconds, sale_lines, cancelled_lines, lines, line_units, line_log_milli from sku_demand where sku = any($1)', [skus]);

/** The earliest ship-by of open lines, per SKU. */
export const earliestShipBy = (tx: Tx, skus: readonly string[]): Promise<{ sku: string; ship_by: Date | null }[]> =>
  rows(tx, `select w.sku, (select l.ship_by from order_lines l where l.sku = w.sku and l.open_units > 0 and l.ship_by is not null order by l.ship_by limit 1) as ship_by
    from unnest($1::text[]) as w(sku)`, [skus]);

export const heldUnits = (tx: Tx, caps: ReadonlyMap<string, number>, cutoffs: ReadonlyMap<string, number>): Promise<{ sku: string; held: number; first_paid: Date }[]> =>
  rows(tx, HELD_UNITS, [[...caps.keys()], [...caps.values()], [...cutoffs.keys()], [...cutoffs.values()]]);

export interface DirtyStream {
  readonly stream: number;
  readonly shop: string;
  readonly sku: string;
  readonly broadcast: string;
}

/** Dirty streams of one shard (by SKU, so that all streams of a SKU are assessed together), those longest dirty first. */
export const dirtyStreams = (tx: Tx, shard: number, shards: number, limit: number): Promise<DirtyStream[]> =>
  rows(
    tx,
    `select d.stream, s.shop, s.sku, s.broadcast from stream_totals d join streams s on s.id = d.stream
     where d.dirty and abs(hashtext(s.sku)) % $2 = $1 order by d.since limit $3`,
    [shard, shards, limit],
  );

export const dirtyShards = (tx: Tx, shards: number): Promise<{ shard: number }[]> =>
  rows(tx, 'select distinct abs(hashtext(s.sku)) % $1 as shard from stream_totals d join streams s on s.id = d.stream where d.dirty', [shards]);

export const countDirty = async (tx: Tx): Promise<number> =>
  (await one<{ n: number }>(tx, 'select count(*)::int as n from stream_totals where dirty'))?.n ?? 0;

/** Marks the versions that were read as assessed; a stream that got orders meanwhile has a higher version and stays dirty. */
export const markAssessed = (tx: Tx, list: readonly { stream: number; version: number }[]): Promise<number> =>
  touched(tx, `with locked as (
      select t.stream, w.version from stream_totals t join unnest($1::bigint[], $2::bigint[]) as w(stream, version) using (stream) order by t.stream for update of t)
    update stream_totals t set assessed_version = l.version from locked l where t.stream = l.stream and t.assessed_version < l.version`,
    [list.map((d) => d.stream), list.map((d) => d.version)]);

export interface StreamNews {
  readonly stream: number;
  readonly version: number;
  readonly total_orders: number;
  readonly total_withdrawn: number;
  /** Orders that an attribution brought into windows that were assessed before, or took out of them: neither late nor new. */
  readonly moved_orders: number;
  readonly moved_withdrawn: number;
  /** The moves that were read; null without any. */
  readonly moves: readonly string[] | null;
  readonly bucket: number | null;
  readonly orders: number | null;
  readonly withdrawn: number | null;
}

export const streamNews = (tx: Tx, streams: readonly number[], froms: readonly number[]): Promise<StreamNews[]> => rows(tx, STREAM_NEWS, [streams, froms]);

/** Moves that have been reckoned with. */
export const forgetMoves = (tx: Tx, ids: readonly string[]): Promise<number> => (ids.length === 0 ? Promise.resolve(0) : touched(tx, 'delete from stream_moves where id = any($1::bigint[])', [ids]));

/** When the counted orders of given buckets of streams came, in order: to name the order that raised an alarm. */
export const countedTimes = (tx: Tx, wanted: readonly { readonly stream: number; readonly bucket: number }[]): Promise<{ stream: number; bucket: number; at: number }[]> =>
  rows(
    tx,
    `select w.stream, w.bucket, x.at from unnest($1::bigint[], $2::float8[]) as w(stream, bucket) join streams s on s.id = w.stream
     cross join lateral (
       select min(extract(epoch from l.counted_at) * 1000)::float8 as at from order_lines l
       where l.shop = s.shop and l.sku = s.sku and l.broadcast = s.broadcast and l.counts and l.kind = 'sale'
         and l.counted_at >= to_timestamp(w.bucket / 1000) and l.counted_at < to_timestamp((w.bucket + 10000) / 1000)
       group by l.order_id) x
     order by w.stream, w.bucket, x.at`,
    [wanted.map((w) => w.stream), wanted.map((w) => w.bucket)],
  );

/** Streams of SKUs in their shops outside broadcasts. */
export const standingStreams = (tx: Tx, of: readonly { readonly shop: string; readonly sku: string }[]): Promise<{ id: number }[]> =>
  rows(tx, `select s.id from unnest($1::text[], $2::text[]) as w(shop, sku) join streams s on s.shop = w.shop and s.sku = w.sku and s.broadcast = ''`, [of.map((s) => s.shop), of.map((s) => s.sku)]);

/** Of each SKU any one of its streams in a world: a SKU that was in hundreds of broadcasts has as many. */
export const oneStreamOfEach = (tx: Tx, world: string, skus: readonly string[]): Promise<{ id: number }[]> =>
  rows(tx, 'select x.id from unnest($2::text[]) k cross join lateral (select s.id from streams s join shops h on h.id = s.shop where s.sku = k and h.clock = $1 limit 1) x', [world, [...new Set(skus)]]);

export interface IntakeSummary {
  readonly events: number;
  readonly orders: number;
  readonly lines: number;
  readonly flagged: number;
  readonly by_type: Record<string, { events: number; quantity: number }>;
  /** Sum of the first 6 bytes of every event's digest: equal sets of events give equal sums, whatever their order. */
  readonly digest_sum: string;
  readonly quarantined: number;
  readonly windows: { orders: number; units: number };
  readonly open_units: number;
}

/** What the database holds of a shop; reads its whole history and is for reconciliation, not for screens. */
export async function intakeSummary(tx: Tx, shop: string): Promise<IntakeSummary> {
  const types = await rows<{ type: string; events: number; quantity: number }>(tx, 'select type, count(*)::int as events, sum(quantity)::bigint as quantity from order_events where shop = $1 group by type', [shop]);
  const sums = await one<{ digest_sum: string; identities: number }>(
    tx, `select coalesce(sum(('x' || encode(substring(digest for 6), 'hex'))::bit(48)::bigint), 0)::text as digest_sum, count(*)::int as identities from event_identities where shop = $1`, [shop]);
  const lines = await one<{ orders: number; lines: number; flagged: number }>(
    tx, `select count(distinct order_id)::int as orders, count(*)::int as lines, count(*) filter (where flags <> '{}')::int as flagged from order_lines where shop = $1`, [shop]);
  const windows = await one<{ orders: number; units: number }>(
    tx, 'select coalesce(sum(d.orders), 0)::int as orders, coalesce(sum(d.units), 0)::bigint as units from demand_windows d join streams s on s.id = d.stream where s.shop = $1', [shop]);
  const waiting = await one<{ n: number }>(tx, 'select count(*)::int as n from quarantine where shop = $1 and redriven_at is null', [shop]);
  const open = await one<{ n: number }>(tx, 'select coalesce(sum(open_units), 0)::bigint as n from sku_demand where shop = $1', [shop]);
  return {
    events: sums?.identities ?? 0, orders: lines?.orders ?? 0, lines: lines?.lines ?? 0, flagged: lines?.flagged ?? 0,
    by_type: Object.fromEntries(types.map((t) => [t.type, { events: t.events, quantity: t.quantity }])),
    digest_sum: sums?.digest_sum ?? '0', quarantined: waiting?.n ?? 0, windows: windows ?? { orders: 0, units: 0 }, open_units: open?.n ?? 0,
  };
}

export async function orderOf(tx: Tx, shop: string, orderId: string): Promise<{ state: LineState; counts: boolean; flags: string[] }[]> {
  const lines = await rows<StoredRow & { counts: boolean; flags: string[] }>(tx, 'select line_id, sku, state, counts, flags from order_lines where shop = $1 and order_id = $2 order by line_id, sku', [shop, orderId]);
  return lines.map((l) => ({ state: stateOf(l), counts: l.counts, flags: l.flags }));
}

/** What was bought and shipped of one order line, over all that counts of it; undefined where no event named it. */
export async function orderTotals(tx: Tx, shop: string, orderId: string, lineId: string): Promise<{ ordered: number; cancelled: number; shipped: number } | undefined> {
  const lines = await rows<StoredRow>(tx, 'select line_id, sku, state from order_lines where shop = $1 and order_id = $2 and line_id = $3 and counts', [shop, orderId, lineId]);
  return lines.length === 0 ? undefined : lines.map((l) => lineTotals(stateOf(l))).reduce((s, t) => ({ ordered: s.ordered + t.ordered, cancelled: s.cancelled + t.cancelled, shipped: s.shipped + t.shipped }), { ordered: 0, cancelled: 0, shipped: 0 });
}

export interface SoldLine {
  readonly unit_price: number | null;
  readonly currency: string | null;
  readonly broadcast: string | null;
  readonly anchor: string | null;
}

/** At which price and in which broadcast an order line was sold. */
export const soldLine = (tx: Tx, shop: string, orderId: string, lineId: string, sku: string): Promise<SoldLine | undefined> =>
  one(
    tx,
    `select (state->'attributes'->'unitPrice'->>0)::bigint as unit_price, state->'attributes'->'currency'->>0 as currency, nullif(broadcast, '') as broadcast, anchor
     from order_lines where shop = $1 and order_id = $2 and line_id = $3 and sku = $4 and counts`,
    [shop, orderId, lineId, sku],
  );

/** "Now" of a world: the database's clock, or the latest that its replay shops have seen. */
export async function worldNow(tx: Tx, world: 'live' | 'replay'): Promise<Date> {
  const clocks = (await allClocks(tx)).flatMap((c) => (c.clock === world && c.now !== null ? [c.now] : []));
  return world === 'live' || clocks.length === 0 ? (clocks[0] ?? new Date()) : clocks.reduce((a, b) => (a > b ? a : b));
}

/** Distinct orders so far in the streams of broadcasts: one row per SKU, however long they run. */
export const ordersInBroadcasts = (tx: Tx, broadcasts: readonly string[]): Promise<{ broadcast: string; shop: string; sku: string; orders: number }[]> =>
  rows(tx, `select s.broadcast, s.shop, s.sku, t.orders from streams s join stream_totals t on t.stream = s.id where s.broadcast = any($1) and s.broadcast <> ''`, [broadcasts]);

/** The same by time: intervals of so many seconds with orders (ms of their middle), ascending. Reads all windows of the broadcasts: for learning, not for a hot path. */
export const orderTimesOf = (tx: Tx, broadcasts: readonly string[], seconds: number): Promise<{ broadcast: string; shop: string; sku: string; at: readonly number[]; orders: readonly number[] }[]> =>
  rows(
    tx,
    `select s.broadcast, s.shop, s.sku, x.at, x.orders from streams s cross join lateral (
       select coalesce(json_agg(extract(epoch from w.bucket) * 1000 + $2::float8 * 500 order by w.bucket), '[]') as at, coalesce(json_agg(w.n order by w.bucket), '[]') as orders from (
         select date_bin(make_interval(secs => $2), d.bucket, 'epoch') as bucket, sum(d.orders)::int as n from demand_windows d where d.stream = s.id and d.orders > 0 group by 1) w) x
     where s.broadcast = any($1) and s.broadcast <> ''`,
    [broadcasts, seconds],
  );

/** Lines of a world's shops and Σ 1000 × ln(units) of them: what an order of a merchant usually is. */
export const usualLine = async (tx: Tx, shops: readonly string[]): Promise<{ lines: number; logMilli: number }> =>
  (await one<{ lines: number; logMilli: number }>(tx, 'select coalesce(sum(lines), 0)::bigint as lines, coalesce(sum(line_log_milli), 0)::bigint as "logMilli" from sku_demand where shop = any($1)', [shops])) ?? { lines: 0, logMilli: 0 };

export interface SaleLine {
  readonly order_id: string;
  readonly line_id: string;
  readonly sku: string;
  /** Empty outside broadcasts. */
  readonly broadcast: string;
  readonly counted_at: Date;
  /** Of a bundle: its other lines. */
  readonly parts: readonly { readonly lineId: string; readonly sku: string }[];
}

/** Where a reading in order of time, order and line goes on. */
export type AfterLine = readonly [countedAt: Date, orderId: string, lineId: string];

/** Sale lines of SKUs of a shop counted in [from, to) in any of the broadcasts ('' for outside), in order of time. */
export const salesBetween = (tx: Tx, shop: string, skus: readonly string[], broadcasts: readonly string[], from: Date, to: Date, after: AfterLine, limit: number): Promise<SaleLine[]> =>
  rows(
    tx,
    `select l.*, coalesce((select json_agg(json_build_object('lineId', c.line_id, 'sku', c.sku) order by c.line_id) from order_lines c
       where c.shop = $1 and c.order_id = l.order_id and c.kind = 'bundle-component' and starts_with(c.line_id, l.line_id || '/')), '[]') as parts
     from (
       select l.* from unnest($2::text[]) as s(sku) cross join unnest($3::text[]) as b(broadcast) cross join lateral (
         select order_id, line_id, sku, broadcast, counted_at from order_lines
         where shop = $1 and sku = s.sku and broadcast = b.broadcast and counts and kind = 'sale' and counted_at >= $4 and counted_at < $5 and (counted_at, order_id, line_id) > ($6, $7, $8)
         order by counted_at, order_id, line_id limit $9) l
       order by l.counted_at, l.order_id, l.line_id limit $9) l
     order by l.counted_at, l.order_id, l.line_id`,
    [shop, skus, broadcasts, from, to, ...after, limit],
  );

/** SKUs that were sold in a broadcast of a shop, planned or not. */
export const skusSoldIn = async (tx: Tx, shop: string, broadcast: string): Promise<string[]> =>
  (await rows<{ sku: string }>(tx, 'select sku from streams where shop = $1 and broadcast = $2 order by sku', [shop, broadcast])).map((r) => r.sku);

/** When orders were first counted, ms. */
export const countedTimesOf = async (tx: Tx, shop: string, orders: readonly string[]): Promise<Map<string, number>> =>
  new Map((await rows<{ order_id: string; at: Date }>(tx, 'select order_id, min(counted_at) as at from order_lines where shop = $1 and order_id = any($2) and counted_at is not null group by order_id', [shop, orders])).map((r) => [r.order_id, r.at.getTime()]));

/** Units ordered and not cancelled in the last `seconds` of the database's clock, by shop and SKU. */
export const soldLately = (tx: Tx, shops: readonly string[], skus: readonly string[], seconds: number): Promise<{ shop: string; sku: string; units: number }[]> =>
  rows(
    tx,
    `select s.shop, s.sku, sum(w.units - w.cancelled_units)::bigint as units from streams s join demand_windows w on w.stream = s.id and w.bucket > now() - make_interval(secs => $3)
     where s.shop = any($1) and s.sku = any($2) group by s.shop, s.sku`,
    [shops, skus, seconds],
  );
