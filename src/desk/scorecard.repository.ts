// What a supplier did in a period, counted from the rows of the rooms that own them. A period is [from, to) by the world's time.
import type { Tx } from '../kernel/index.js';
import { one, rows } from '../kernel/database/sql.js';
import type { Record as SupplierRecord, Share } from './scorecard.rules.js';

export interface Period {
  readonly world: 'live' | 'replay';
  readonly supplier: string;
  readonly from: Date;
  readonly to: Date;
}

const NONE: Share = { hits: 0, trials: 0 };
const share = async (tx: Tx, text: string, p: Period, more: readonly unknown[] = []): Promise<Share> =>
  (await one<{ hits: number; trials: number }>(tx, text, [p.world, p.supplier, p.from, p.to, ...more])) ?? NONE;

export async function recordOf(tx: Tx, p: Period, faults: readonly string[]): Promise<SupplierRecord> {
  const [faulty, onTime, fill, answers, samples] = await Promise.all([
    share(
      tx,
      `with mine as (select id from lots where world = $1 and supplier = $2 and received_at >= $3 and received_at < $4)
       select (select coalesce(sum(i.quantity), 0)::int from inspections i join mine on mine.id = i.lot where i.finding = any($5)) as hits,
         (select coalesce(sum(m.claimed), 0)::int from stock_movements m join mine on mine.id = m.lot where m.cause = 'claim') as trials`,
      p, [faults],
    ),
    share(
      tx,
      `select coalesce(sum(l.on_time), 0)::int as hits, coalesce(sum(l.quantity - l.excess), 0)::int as trials
       from production_orders o join receipts r on r.production_order = o.id join receipt_lines l on l.receipt = r.id where o.world = $1 and o.supplier = $2 and r.at >= $3 and r.at < $4`,
      p,
    ),
    share(
      tx,
      `select coalesce(sum(l.received), 0)::int as hits, coalesce(sum(l.quantity), 0)::int as trials from production_orders o join production_order_lines l on l.production_order = o.id
       where o.world = $1 and o.supplier = $2 and o.status = 'closed' and o.confirmed_at >= $3 and o.confirmed_at < $4`,
      p,
    ),
    share(
      tx,
      `select count(*) filter (where r.adjustment is not null)::int as hits, count(*)::int as trials
       from adjustments a join adjustment_versions v on v.adjustment = a.id and v.commitment = 'firm' join signal_deliveries d on d.adjustment = v.adjustment and d.version = v.version
       left join adjustment_replies r on r.adjustment = v.adjustment and r.version = v.version
       where a.world = $1 and a.supplier = $2 and v.at >= $3 and v.at < $4 and (r.adjustment is not null or v.status = 'expired')`,
      p,
    ),
    share(
      tx,
      `select count(*) filter (where r.verdict <> 'rejected')::int as hits, count(*)::int as trials from sample_requests s join sample_rounds r on r.sample_request = s.id and r.n = 1
       where s.world = $1 and s.supplier = $2 and r.verdict is not null and s.created_at >= $3 and s.created_at < $4`,
      p,
    ),
  ]);
  // What came back faulty is never more than what left, whatever was miscounted on the bench.
  return { faults: { hits: Math.min(faulty.hits, faulty.trials), trials: faulty.trials }, onTime, fill, answers, samples };
}

/** Median hours from a firm change to its answer, by the clocks on our wall. */
export const answerHours = async (tx: Tx, p: Period): Promise<number | null> =>
  (await one<{ hours: number | null }>(
    tx,
    `select percentile_cont(0.5) within group (order by extract(epoch from r.received_at - v.recorded_at) / 3600)::float8 as hours
     from adjustments a join adjustment_versions v on v.adjustment = a.id and v.commitment = 'firm' join adjustment_replies r on r.adjustment = v.adjustment and r.version = v.version
     where a.world = $1 and a.supplier = $2 and v.at >= $3 and v.at < $4`,
    [p.world, p.supplier, p.from, p.to],
  ))?.hours ?? null;

/** Money of the supplier by currency, in minor units: caused, posted and settled in the period, and what is outstanding in all, though nothing of it moved in the period. */
export const moneyOf = (tx: Tx, p: Period): Promise<{ currency: string; caused: number; charged: number; settled: number; outstanding: number }[]> =>
  rows(
    tx,
    `with moved as (
       select currency, sum(amount * (debit = 'cost/supplier/' || $2 and chargeback is null)::int - amount * (credit = 'cost/supplier/' || $2 and chargeback is null)::int) as caused,
         sum(amount * (debit = 'receivable/supplier/' || $2)::int - amount * (credit = 'receivable/supplier/' || $2 and reverses is not null)::int) as charged,
         sum(amount * (debit = 'settled/supplier/' || $2)::int) as settled
       from (select * from ledger_transfers where debit in ('cost/supplier/' || $2, 'receivable/supplier/' || $2, 'settled/supplier/' || $2) and world = $1 and at >= $3 and at < $4
             union select * from ledger_transfers where credit in ('cost/supplier/' || $2, 'receivable/supplier/' || $2) and world = $1 and at >= $3 and at < $4) t
       group by currency),
     owed as (select currency, debits - credits as outstanding from ledger_accounts where world = $1 and account = 'receivable/supplier/' || $2 and debits <> credits)
     select currency, coalesce(caused, 0)::bigint as caused, coalesce(charged, 0)::bigint as charged, coalesce(settled, 0)::bigint as settled, coalesce(outstanding, 0)::bigint as outstanding
     from moved full join owed using (currency) order by currency`,
    [p.world, p.supplier, p.from, p.to],
  );

/** The units behind the faults, newest first. */
export const faultyUnits = (tx: Tx, p: Period, faults: readonly string[], limit: number): Promise<{ return_case: string; lot: string; sku: string; finding: string; quantity: number; at: Date }[]> =>
  rows(
    tx,
    `select i.return_case, i.lot, c.sku, i.finding, i.quantity, i.at from inspections i join lots l on l.id = i.lot join return_cases c on c.id = i.return_case
     where l.world = $1 and l.supplier = $2 and l.received_at >= $3 and l.received_at < $4 and i.finding = any($5) order by i.id desc limit $6`,
    [p.world, p.supplier, p.from, p.to, faults, limit],
  );
