// The partitions of the event log: made ahead, and dropped when they are older than events are kept.
import type { Tx } from '../kernel/index.js';
import { one, rows } from '../kernel/database/sql.js';

/** Partitions of the event log for this month and the next two, made ahead so that no insert ever waits for one. */
export async function ensurePartitions(tx: Tx): Promise<void> {
  for (const offset of [0, 1, 2]) {
    const month = await one<{ name: string; since: string; until: string; exists: boolean }>(
      tx,
      `select to_char(m, '"order_events_"YYYY_MM') as name, to_char(m, 'YYYY-MM-DD') as since, to_char(m + interval '1 month', 'YYYY-MM-DD') as until,
         to_regclass(to_char(m, '"order_events_"YYYY_MM')) is not null as exists
       from (select date_trunc('month', now() at time zone 'UTC') + make_interval(months => $1) as m) x`,
      [offset],
    );
    if (month !== undefined && !month.exists) {
      await rows(tx, `create table if not exists ${month.name} partition of order_events for values from ('${month.since} 00:00+00') to ('${month.until} 00:00+00')`);
    }
  }
}

/** Partitions that hold nothing younger than so many days, oldest first. */
export const partitionsOlderThan = async (tx: Tx, days: number): Promise<string[]> =>
  (
    await rows<{ name: string }>(
      tx,
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = 'order_events'::regclass and c.relname ~ '^order_events_[0-9]{4}_[0-9]{2}$'
         and to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= now() at time zone 'UTC' - make_interval(days => $1)
       order by 1`,
      [days],
    )
  ).map((r) => r.name);

/** Drops a partition, or gives up after two seconds: while it waits for the batches under way, the next wait behind it. */
export async function dropPartition(tx: Tx, name: string): Promise<void> {
  if (!/^order_events_\d{4}_\d{2}$/.test(name)) throw new Error(`${name} is no partition of the event log`);
  await rows(tx, "set local lock_timeout = '2s'");
  await rows(tx, `drop table if exists ${name}`);
}
