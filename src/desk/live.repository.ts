// What runs in a broadcast, out of its streams and their windows of ten seconds: it costs what the broadcast is long, not what the history is.
import type { Tx } from '../kernel/index.js';
import { rows } from '../kernel/database/sql.js';

export interface RunningSku {
  readonly sku: string;
  readonly orders: number;
  readonly withdrawn: number;
  readonly units: number;
  readonly paid: number;
  readonly cancelled: number;
  /** Orders of the last five minutes, and of the last `span`. */
  readonly last: number;
  readonly recent: number;
  readonly peak_at: Date | null;
  readonly peak_orders: number;
}

/** Sums of every SKU sold in a broadcast; `now` and the spans (seconds) by the shop's clock. */
export const runningSkus = (tx: Tx, shop: string, broadcast: string, now: Date, lastSeconds: number, spanSeconds: number): Promise<RunningSku[]> =>
  rows(
    tx,
    `select s.sku, x.* from streams s cross join lateral (
       select coalesce(sum(orders), 0)::bigint as orders, coalesce(sum(withdrawn), 0)::bigint as withdrawn, coalesce(sum(units), 0)::bigint as units, coalesce(sum(paid), 0)::bigint as paid,
         coalesce(sum(cancelled), 0)::bigint as cancelled, coalesce(sum(last), 0)::bigint as last, coalesce(sum(recent), 0)::bigint as recent,
         (array_agg(minute order by orders desc, minute) filter (where orders > 0))[1] as peak_at, greatest(0, max(orders))::bigint as peak_orders
       from (
         select date_bin('1 minute', d.bucket, 'epoch') as minute, sum(d.orders) as orders, sum(d.withdrawn) as withdrawn, sum(d.units) as units, sum(d.paid_units) as paid, sum(d.cancelled_units) as cancelled,
           sum(d.orders) filter (where d.bucket > $3::timestamptz - make_interval(secs => $4) and d.bucket <= $3) as last,
           sum(d.orders) filter (where d.bucket > $3::timestamptz - make_interval(secs => $5) and d.bucket <= $3) as recent
         from demand_windows d where d.stream = s.id group by 1) minutes) x
     where s.broadcast = $2 and s.broadcast <> '' and s.shop = $1 order by s.sku`,
    [shop, broadcast, now, lastSeconds, spanSeconds],
  );

/** The spikes that are on in a broadcast, the newest of each SKU. */
export const spikesOn = (tx: Tx, shop: string, broadcast: string): Promise<{ sku: string; id: string; onset: Date; detected_at: Date; ratio: number }[]> =>
  rows(tx, 'select distinct on (sku) sku, id, onset, detected_at, ratio from spikes where broadcast = $2 and shop = $1 and ended_at is null order by sku, detected_at desc', [shop, broadcast]);
