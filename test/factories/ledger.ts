/** Accounts whose sums differ from what the transfers add up to, and currencies in which the ledger does not sum to zero: none, at any moment. */
export const UNBALANCED_LEDGER = `
  with sides as (
    select world, debit as account, currency, amount as debits, 0::bigint as credits from ledger_transfers union all select world, credit, currency, 0, amount from ledger_transfers),
  rebuilt as (select world, account, currency, sum(debits) as debits, sum(credits) as credits from sides group by 1, 2, 3)
  select coalesce(a.account, r.account) as account from ledger_accounts a full join rebuilt r using (world, account, currency)
  where (a.debits, a.credits) is distinct from (r.debits, r.credits)
  union all select 'sum of ' || currency from ledger_accounts group by world, currency having sum(debits) <> sum(credits)`;

/** Units claimed twice for one cost, or asked for above their value, or a reversal that is not the exact opposite: none. */
export const UNJUST = `
  select 'claimed above value' as fault, c.id::text from claims c join claim_elements e on e.claim = c.id where not c.voided group by c.id having sum(e.amount) > c.unit_value * (c.quantity - c.allowed)
  union all
  select 'two judgements stand', return_case from responsibilities where superseded_by is null group by return_case, inspection, lot having count(*) > 1
  union all
  select 'judged with its goods and without them', a.return_case from responsibilities a join responsibilities b on b.return_case = a.return_case and b.inspection is null and b.superseded_by is null
    where a.inspection is not null and a.superseded_by is null
  union all
  select 'posted and never told', id from chargebacks where status in ('posted', 'settled') and notified_at is null
  union all
  select 'shares of units beyond the whole', r.id from responsibilities r join claims c on c.responsibility = r.id and not c.voided group by r.id having sum(c.share_bp) > 10000
  union all
  select 'reversal differs', x.id from ledger_transfers x join ledger_transfers t on t.id = x.reverses where (x.debit, x.credit, x.amount, x.currency) is distinct from (t.credit, t.debit, t.amount, t.currency)
  union all
  select 'posted otherwise than charged', b.id from chargebacks b where b.status in ('posted', 'settled') and
    (select coalesce(sum(amount) filter (where reverses is null), 0) - coalesce(sum(amount) filter (where reverses is not null), 0) from ledger_transfers t where t.chargeback = b.id and t.business_key not like 'settlement/%') <= 0`;
