import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Accountability1763800900000 implements MigrationInterface {
  name = 'Accountability1763800900000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Who answers for what, by version: a case is judged by the version in force when its goods were inspected.
      create table responsibility_policies (
        version integer primary key,
        note text not null,
        -- Part of a unit's cost that is lost by grade, in basis points; and per currency what one returned unit costs to move and to look at.
        write_down_bp jsonb not null,
        costs jsonb not null,
        actor text not null,
        at timestamptz not null default clock_timestamp());
      create table responsibility_rules (
        version integer not null references responsibility_policies (version),
        finding text not null,
        -- Empty: whatever the buyer claimed.
        claimed_reason text not null default '',
        party text not null check (party in ('supplier', 'anchor', 'warehouse', 'carrier', 'buyer', 'merchant')),
        share_bp integer not null check (share_bp between 1 and 10000),
        primary key (version, finding, claimed_reason, party));
      create trigger responsibility_policies_are_history before update or delete on responsibility_policies for each row execute function refuse_change();
      create trigger responsibility_rules_are_history before update or delete on responsibility_rules for each row execute function refuse_change();

      create table supplier_terms (
        supplier text not null references suppliers (id),
        version integer not null,
        allowance_bp integer not null check (allowance_bp between 0 and 10000),
        cap_bp integer not null check (cap_bp between 0 and 10000),
        claim_window_days integer not null check (claim_window_days >= 0),
        answer_days integer not null check (answer_days >= 1),
        collect_days integer not null check (collect_days >= 0),
        silence_accepts boolean not null,
        remedy text not null check (remedy in ('money', 'rework', 'replacement')),
        actor text not null,
        at timestamptz not null default clock_timestamp(),
        primary key (supplier, version));
      create trigger supplier_terms_are_history before update or delete on supplier_terms for each row execute function refuse_change();

      -- Who answers for inspected units (or for a case without goods). A person's judgement supersedes the policy's; both stay.
      create table responsibilities (
        id text primary key,
        world text not null check (world in ('live', 'replay')),
        return_case text not null references return_cases (id),
        inspection bigint references inspections (id),
        quantity integer not null check (quantity > 0),
        finding text not null,
        claimed_reason text,
        origin text not null check (origin in ('policy', 'person')),
        policy integer not null references responsibility_policies (version),
        shares jsonb not null,
        status text not null check (status in ('proposed', 'agreed', 'disputed', 'ruled')),
        note text,
        at timestamptz not null,
        actor text not null,
        superseded_by text references responsibilities (id) deferrable initially deferred,
        recorded_at timestamptz not null default clock_timestamp());
      create unique index responsibilities_one_per_inspection on responsibilities (inspection) where inspection is not null and superseded_by is null;
      create unique index responsibilities_one_per_case on responsibilities (return_case) where inspection is null and superseded_by is null;
      create index responsibilities_by_case on responsibilities (return_case, id);

      create table chargebacks (
        id text primary key,
        world text not null check (world in ('live', 'replay')),
        party text not null check (party in ('supplier', 'anchor', 'warehouse', 'carrier')),
        party_id text not null,
        currency text not null,
        status text not null check (status in ('draft', 'notified', 'accepted', 'partly-accepted', 'disputed', 'under-review', 'upheld', 'reduced', 'withdrawn', 'posted', 'settled')),
        version integer not null default 1,
        created_at timestamptz not null,
        -- When it is sent by itself, and until when it can be answered; by the clock of its world.
        notify_at timestamptz not null,
        notified_at timestamptz,
        answer_by timestamptz,
        silence_accepts boolean not null,
        answer_days integer not null,
        -- Claims that ever stood in it: the next line's number.
        lines integer not null default 0,
        recorded_at timestamptz not null default clock_timestamp());
      -- Claims under other terms of silence and time are another draft.
      create unique index chargebacks_one_draft on chargebacks (world, party, party_id, currency, silence_accepts, answer_days) where status = 'draft';
      create index chargebacks_by_party on chargebacks (party, party_id, id);
      create index chargebacks_due on chargebacks (world, (case status when 'draft' then notify_at else answer_by end)) where status in ('draft', 'notified');

      -- What one party is asked for inspected units: one claim per responsibility and party, so no unit's cost is recovered twice.
      create table claims (
        id bigint generated always as identity primary key,
        responsibility text not null references responsibilities (id),
        party text not null,
        party_id text not null,
        share_bp integer not null check (share_bp between 1 and 10000),
        return_case text not null references return_cases (id),
        sku text not null references skus (id),
        lot text not null,
        quantity integer not null check (quantity > 0),
        -- Units within the natural allowance of their lot, which nobody pays for.
        allowed integer not null default 0 check (allowed between 0 and quantity),
        outcome text not null check (outcome in ('claimed', 'allowance', 'outside-window', 'not-traced', 'no-rate', 'nothing-lost', 'not-charged')),
        unit_value bigint,
        currency text,
        chargeback text references chargebacks (id),
        line_id text,
        -- In the end charged units, once it is posted; 0 where it was withdrawn.
        charged integer check (charged between 0 and quantity),
        voided boolean not null default false,
        unique (responsibility, party),
        unique (chargeback, line_id),
        check ((outcome = 'claimed') = (chargeback is not null) or voided),
        check ((chargeback is null) = (line_id is null)));
      create index claims_by_case on claims (return_case);
      create index claims_by_lot on claims (lot) where lot <> '' and not voided;
      create table claim_elements (
        claim bigint not null references claims (id),
        element text not null check (element in ('write-down', 'inspection', 'return-freight', 'forward-freight', 'refund')),
        -- The party's share of what was lost, and the part of it that is asked for, in minor units.
        cost bigint not null check (cost >= 0),
        amount bigint not null check (amount >= 0 and amount <= cost),
        primary key (claim, element));

      create table chargeback_transitions (
        id bigint generated always as identity primary key,
        chargeback text not null references chargebacks (id),
        version integer not null,
        "from" text not null,
        "to" text not null,
        at timestamptz not null,
        actor text not null,
        recorded_at timestamptz not null default clock_timestamp());
      create index chargeback_transitions_by_chargeback on chargeback_transitions (chargeback, id);
      create table chargeback_answers (
        chargeback text primary key references chargebacks (id),
        body jsonb not null,
        at timestamptz not null,
        actor text not null);
      create table chargeback_rulings (
        chargeback text not null references chargebacks (id),
        n integer not null,
        body jsonb not null,
        at timestamptz not null,
        actor text not null,
        primary key (chargeback, n));
      create trigger chargeback_transitions_are_history before update or delete on chargeback_transitions for each row execute function refuse_change();
      create trigger chargeback_answers_are_history before update or delete on chargeback_answers for each row execute function refuse_change();
      create trigger chargeback_rulings_are_history before update or delete on chargeback_rulings for each row execute function refuse_change();

      -- Double entry: one row has both sides, so every transfer sums to zero. Never changed; a reversal is the exact opposite, linked.
      create table ledger_transfers (
        id text primary key,
        world text not null check (world in ('live', 'replay')),
        debit text not null,
        credit text not null,
        amount bigint not null check (amount > 0),
        currency text not null,
        business_key text not null unique,
        reverses text unique references ledger_transfers (id),
        chargeback text references chargebacks (id),
        responsibility text references responsibilities (id),
        at timestamptz not null,
        actor text not null,
        recorded_at timestamptz not null default clock_timestamp(),
        check (debit <> credit));
      create index ledger_transfers_by_debit on ledger_transfers (debit, id);
      create index ledger_transfers_by_credit on ledger_transfers (credit, id);
      create index ledger_transfers_by_chargeback on ledger_transfers (chargeback, id) where chargeback is not null;
      create index ledger_transfers_by_responsibility on ledger_transfers (responsibility, id) where responsibility is not null;
      create trigger ledger_transfers_are_history before update or delete on ledger_transfers for each row execute function refuse_change();
      create table ledger_accounts (
        world text not null,
        account text not null,
        currency text not null,
        debits bigint not null default 0,
        credits bigint not null default 0,
        primary key (world, account, currency));

      insert into responsibility_policies (version, note, write_down_bp, costs, actor)
        values (1, 'custom of the trade; costs of moving and inspecting are the merchant''s to fill in', '{"A": 0, "B": 5000, "C": 10000}', '[]', 'castline');
      insert into responsibility_rules (version, finding, party, share_bp)
        select 1, f.finding, f.party, 10000 from (values
          ('defect', 'supplier'), ('out-of-tolerance', 'supplier'), ('differs-from-sealed-sample', 'supplier'), ('differs-from-what-was-said', 'anchor'), ('wrong-item', 'warehouse'), ('empty', 'warehouse'),
          ('damaged-in-transit', 'carrier'), ('poorly-packed', 'warehouse'), ('worn', 'buyer'), ('hygiene-broken', 'buyer'), ('too-small', 'merchant'), ('too-large', 'merchant'), ('no-fault', 'merchant'),
          ('not-inspected', 'merchant')) as f(finding, party);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'drop table ledger_accounts; drop table ledger_transfers; drop table chargeback_rulings; drop table chargeback_answers; drop table chargeback_transitions; drop table claim_elements; drop table claims; drop table chargebacks; drop table responsibilities; drop table supplier_terms; drop table responsibility_rules; drop table responsibility_policies',
    );
  }
}

export class FairClaims1763803900000 implements MigrationInterface {
  name = 'FairClaims1763803900000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Whether it leaves the house: in the live world always, in a replay where the shop that it is about says so (send_signals).
      alter table chargebacks add column leaves boolean not null default true;
      update chargebacks b set leaves = exists (select 1 from claims c join return_cases r on r.id = c.return_case join shops s on s.id = r.shop where c.chargeback = b.id and s.send_signals) where b.world = 'replay';
      drop index chargebacks_one_draft;
      create unique index chargebacks_one_draft on chargebacks (world, party, party_id, currency, silence_accepts, answer_days, leaves) where status = 'draft';
      -- Units that other cases of the same order line were judged for already: what the line did not sell costs nothing again.
      alter table responsibilities add column beyond integer not null default 0 check (beyond between 0 and quantity);
      alter table claims drop constraint claims_outcome_check;
      alter table claims add constraint claims_outcome_check check (outcome in ('claimed', 'allowance', 'outside-window', 'not-traced', 'no-rate', 'nothing-lost', 'not-charged', 'beyond-sold'));
      -- Of a judgement without goods the lot that its units left from, where one of them is asked of its supplier; one stands per case and lot.
      alter table responsibilities add column lot text not null default '';
      drop index responsibilities_one_per_case;
      create unique index responsibilities_one_per_case on responsibilities (return_case, lot) where inspection is null and superseded_by is null;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index responsibilities_one_per_case;
      update responsibilities r set superseded_by = (select min(x.id) from responsibilities x where x.return_case = r.return_case and x.inspection is null and x.superseded_by is null)
        where r.inspection is null and r.superseded_by is null
          and r.id > (select min(x.id) from responsibilities x where x.return_case = r.return_case and x.inspection is null and x.superseded_by is null);
      create unique index responsibilities_one_per_case on responsibilities (return_case) where inspection is null and superseded_by is null;
      alter table responsibilities drop column lot;
      update claims set outcome = 'nothing-lost' where outcome = 'beyond-sold';
      alter table claims drop constraint claims_outcome_check;
      alter table claims add constraint claims_outcome_check check (outcome in ('claimed', 'allowance', 'outside-window', 'not-traced', 'no-rate', 'nothing-lost', 'not-charged'));
      alter table responsibilities drop column beyond;
      update chargebacks set status = 'withdrawn' where status = 'draft' and not leaves;
      drop index chargebacks_one_draft;
      create unique index chargebacks_one_draft on chargebacks (world, party, party_id, currency, silence_accepts, answer_days) where status = 'draft';
      alter table chargebacks drop column leaves;
    `);
  }
}
