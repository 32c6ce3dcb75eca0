import type { Tx } from '../kernel/index.js';
import { one, rows } from '../kernel/database/sql.js';

export interface Overview {
  readonly events_last_minute: number;
  readonly quarantined: number;
  readonly open_spikes: number;
  readonly waiting_decisions: number;
  readonly waiting_replies: number;
  /** Open changes whose version now cannot reach its factory. */
  readonly undelivered: number;
  readonly dead_letters: number;
}

/** Open changes are few and have an index (adjustments_due), what ended is many. */
export const OVERVIEW = `
    select (select coalesce(sum((payload->>'events')::int), 0)::int from facts where name = 'orders.events-recorded' and created_at > now() - interval '1 minute') as events_last_minute,
       (select count(*)::int from quarantine where redriven_at is null) as quarantined,
       (select count(*)::int from spikes where ended_at is null) as open_spikes,
       (select count(*)::int from adjustments where status = 'countered') as waiting_decisions,
       (select count(*)::int from adjustments where status = 'sent') as waiting_replies,
       (select count(*)::int from adjustments a join signal_deliveries d on d.adjustment = a.id and d.version = a.version
         where a.status in ('proposed', 'sent', 'accepted', 'countered') and d.state in ('exhausted', 'gone', 'no-endpoint')) as undelivered,
       (select count(*)::int from job_outbox where state = 'dead') as dead_letters`;

export const overview = (tx: Tx): Promise<Overview | undefined> => one(tx, OVERVIEW);

export const BUSIEST = `
     with clocks as (
       select s.id as shop, case when s.clock = 'live' then now() else c.latest end as now from shops s left join shop_clocks c on c.shop = s.id),
     recent as (
       select t.shop, t.sku, t.broadcast, date_trunc('minute', d.bucket) as minute, sum(d.orders)::int as orders
       from clocks k join streams t on t.shop = k.shop join stream_totals f on f.stream = t.id and f.since > now() - interval '1 day'
       join demand_windows d on d.stream = t.id and d.bucket > k.now - interval '1 hour' and d.bucket <= k.now
       where k.now is not null group by 1, 2, 3, 4 having sum(d.orders) > 0)
     select sku, shop, broadcast, json_agg(json_build_object('at', minute, 'orders', orders) order by minute) as minutes
     from recent group by sku, shop, broadcast order by sum(orders) desc limit $1`;

/** Orders per minute of the busiest SKUs over the shop's last hour, newest minute last: what the status page draws. */
export const busiest = (tx: Tx, limit: number): Promise<{ sku: string; shop: string; broadcast: string; minutes: { at: string; orders: number }[] }[]> => rows(tx, BUSIEST, [limit]);

/** What came of a shop's orders: counts over its whole history, for reconciliation after a replay. */
export async function outcomeOf(tx: Tx, shop: string): Promise<{ spikes: number; assessments: number; replies: number; signals: Record<string, number> }> {
  const counts = await one<{ spikes: number; assessments: number; replies: number }>(
    tx,
    `with mine as (select d.sku from sku_demand d where d.shop = $1), world as (select clock from shops where id = $1)
     select (select count(*)::int from spikes where shop = $1) as spikes,
       (select count(*)::int from assessments a where a.world = (select clock from world) and a.sku in (select sku from mine)) as assessments,
       (select count(*)::int from adjustment_replies r join adjustments a on a.id = r.adjustment
         where a.world = (select clock from world) and exists (select 1 from adjustment_lines l where l.adjustment = a.id and l.sku in (select sku from mine))) as replies`,
    [shop],
  );
  const byStatus = await rows<{ status: string; n: number }>(
    tx,
    `select a.status, count(*)::int as n from adjustments a where a.world = (select clock from shops where id = $1)
       and exists (select 1 from adjustment_lines l join sku_demand d on d.sku = l.sku and d.shop = $1 where l.adjustment = a.id and l.version = a.version) group by a.status`,
    [shop],
  );
  return { spikes: counts?.spikes ?? 0, assessments: counts?.assessments ?? 0, replies: counts?.replies ?? 0, signals: Object.fromEntries(byStatus.map((s) => [s.status, s.n])) };
}
