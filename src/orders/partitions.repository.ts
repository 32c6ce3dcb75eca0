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
