import type { Tx } from '../kernel/index.js';
import { one, rows, touched } from '../kernel/database/sql.js';

export type World = 'live' | 'replay';

/** One movement of money: out of `credit`, into `debit`, in minor units above 0. */
export interface Transfer {
  readonly id: string;
  readonly world: World;
  readonly debit: string;
  readonly credit: string;
  readonly amount: number;
  readonly currency: string;
  /** What it is the one posting of: the same key twice is the same posting. */
  readonly business_key: string;
  readonly reverses: string | null;
  readonly chargeback: string | null;
  readonly responsibility: string | null;
  readonly at: Date;
  readonly actor: string;
}

/** Posts transfers that are new by their business key, and adds them to their accounts in the same statement. */
export async function postTransfers(tx: Tx, list: readonly Transfer[]): Promise<void> {
  if (list.length === 0) return;
  await touched(
    tx,
    `with posted as (
       insert into ledger_transfers (id, world, debit, credit, amount, currency, business_key, reverses, chargeback, responsibility, at, actor)
       select id, world, debit, credit, amount, currency, business_key, reverses, chargeback, responsibility, at, actor
       from jsonb_to_recordset($1::jsonb) as r(id text, world text, debit text, credit text, amount bigint, currency text, business_key text, reverses text, chargeback text, responsibility text, at timestamptz, actor text)
       on conflict (business_key) do nothing returning world, debit, credit, amount, currency),
     sides as (
       select world, debit as account, currency, amount as debits, 0::bigint as credits from posted union all select world, credit, currency, 0, amount from posted)
     insert into ledger_accounts (world, account, currency, debits, credits)
     select world, account, currency, sum(debits), sum(credits) from sides group by 1, 2, 3 order by world collate "C", account collate "C", currency collate "C"
     on conflict (world, account, currency) do update set debits = ledger_accounts.debits + excluded.debits, credits = ledger_accounts.credits + excluded.credits`,
    [JSON.stringify(list)],
  );
}

/** Transfers of a chargeback's posting that no reversal has taken back. */
export const standingOf = (tx: Tx, chargeback: string): Promise<Transfer[]> =>
  rows(
    tx,
    `select t.* from ledger_transfers t where t.chargeback = $1 and t.reverses is null and t.business_key like 'chargeback/%' and not exists (select 1 from ledger_transfers r where r.reverses = t.id) order by t.id`,
    [chargeback],
  );

export const standingOfResponsibility = (tx: Tx, responsibility: string): Promise<Transfer[]> =>
  rows(tx, `select t.* from ledger_transfers t where t.responsibility = $1 and t.reverses is null and not exists (select 1 from ledger_transfers r where r.reverses = t.id) order by t.id`, [responsibility]);

export const settledOf = async (tx: Tx, chargeback: string): Promise<number> =>
  (await one<{ sum: number }>(tx, `select coalesce(sum(amount), 0)::bigint as sum from ledger_transfers where chargeback = $1 and business_key like 'settlement/%'`, [chargeback]))?.sum ?? 0;

export const transferByKey = (tx: Tx, key: string): Promise<Transfer | undefined> => one(tx, 'select * from ledger_transfers where business_key = $1', [key]);

export interface LedgerFilter {
  readonly world: World;
  readonly account: string | null;
  readonly chargeback: string | null;
}

export const listTransfers = (tx: Tx, f: LedgerFilter, after: string, limit: number): Promise<Transfer[]> =>
  rows(
    tx,
    `select * from ledger_transfers where world = $1 and id > $2 and ($3::text is null or debit = $3 or credit = $3) and ($4::text is null or chargeback = $4) order by id limit $5`,
    [f.world, after, f.account, f.chargeback, limit],
  );

export const accounts = (tx: Tx, world: World): Promise<{ account: string; currency: string; debits: number; credits: number }[]> =>
  rows(tx, 'select account, currency, debits, credits from ledger_accounts where world = $1 order by account, currency', [world]);
