import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Orders1763800400000 implements MigrationInterface {
  name = 'Orders1763800400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Identity outlives events: it is what makes a repeat harmless. Partitioned by hash so that no index grows without bound.
      create table event_identities (
        shop text not null,
        event_id text not null,
        digest bytea not null,
        received_at timestamptz not null default now(),
        primary key (shop, event_id)) partition by hash (shop, event_id);
      create table order_events (
        shop text not null,
        event_id text not null,
        occurred_at timestamptz not null,
        order_id text not null,
        line_id text not null,
        sku text not null,
        type text not null,
        quantity integer not null,
        unit_price bigint,
        currency text,
        kind text,
        payment text,
        ship_by timestamptz,
        broadcast text,
        anchor text,
        supplier text,
        lot text,
        buyer text,
        received_at timestamptz not null default now()) partition by range (received_at);
      create index order_events_by_order on order_events (shop, order_id);
      create table order_events_rest partition of order_events default;

      -- One row per order: the lock under which its lines are settled.
      create table orders (shop text not null, order_id text not null, primary key (shop, order_id));

      -- Orders whose lines changed since inventory last looked; taken and deleted, in any order, so nobody waits for anybody.
      create table order_news (id bigint generated always as identity primary key, shop text not null, order_id text not null, sku text not null);

      -- One row per (line, SKU named by its events); all but the line's own SKU are set aside.
      create table order_lines (
        shop text not null,
        order_id text not null,
        line_id text not null,
        sku text not null,
        state json not null,
        counts boolean not null,
        kind text not null,
        broadcast text not null,
        anchor text,
        supplier text,
        buyer text,
        ordered integer not null,
        open_units integer not null,
        shipped integer not null,
        lot text,
        counted_at timestamptz,
        paid_at timestamptz,
        ship_by timestamptz,
        flags text[] not null default '{}',
        primary key (shop, order_id, line_id, sku));
      create index order_lines_large on order_lines (shop, paid_at) where open_units > 200;
      create index order_lines_by_buyer on order_lines (shop, sku, buyer, paid_at) where buyer is not null;
      create index order_lines_ship_by on order_lines (sku, ship_by) where open_units > 0 and ship_by is not null;
      -- For readers of a span of time: lines are written about in the order of their payment, and a block range costs a writer next to nothing.
      create index order_lines_by_time on order_lines using brin (paid_at) with (pages_per_range = 32);
      create index order_lines_flagged on order_lines (shop, order_id) where flags <> '{}';
      create index order_lines_by_stream on order_lines (shop, sku, broadcast, counted_at) where counts and kind = 'sale';

      create table streams (
        id bigint generated always as identity primary key,
        shop text not null,
        sku text not null,
        broadcast text not null,
        unique (shop, sku, broadcast));

      create table demand_windows (
        stream bigint not null references streams (id),
        bucket timestamptz not null,
        orders integer not null default 0,
        withdrawn integer not null default 0,
        units integer not null default 0,
        paid_units integer not null default 0,
        cancelled_units integer not null default 0,
        primary key (stream, bucket));
      alter table demand_windows set (fillfactor = 80);

      -- All that a stream ever got, and the version up to which it was assessed: a stream is dirty while they differ.
      create table stream_totals (
        stream bigint primary key references streams (id),
        orders bigint not null default 0,
        withdrawn bigint not null default 0,
        version bigint not null default 1,
        assessed_version bigint not null default 0,
        since timestamptz not null default clock_timestamp());
      create index stream_totals_dirty on stream_totals (since) where version > assessed_version;
      alter table stream_totals set (fillfactor = 70);

      create table sku_demand (
        shop text not null,
        sku text not null,
        ordered bigint not null default 0,
        cancelled bigint not null default 0,
        net_paid bigint not null default 0,
        shipped bigint not null default 0,
        open_units bigint not null default 0,
        open_paid_seconds bigint not null default 0,
        sale_lines bigint not null default 0,
        cancelled_lines bigint not null default 0,
        lines bigint not null default 0,
        line_units bigint not null default 0,
        line_log_milli bigint not null default 0,
        primary key (shop, sku));
      create index sku_demand_by_sku on sku_demand (sku);
      alter table sku_demand set (fillfactor = 70);

      -- Open units of one buyer (a keyed hash) on one SKU: who holds more than a cap.
      create table buyer_demand (shop text not null, sku text not null, buyer text not null, open_units bigint not null, primary key (shop, sku, buyer));
      create index buyer_demand_large on buyer_demand (sku) where open_units > 200;

      create table shop_clocks (shop text primary key, latest timestamptz not null);

      create table quarantine (
        id text primary key,
        shop text not null,
        event_id text not null,
        digest bytea not null,
        reason text not null,
        event jsonb not null,
        received_at timestamptz not null default now(),
        redriven_at timestamptz);
      create unique index quarantine_identity on quarantine (shop, event_id) where redriven_at is null;
      create index quarantine_by_sku on quarantine ((event->>'sku')) where redriven_at is null and reason = 'unknown-sku';
    `);
    for (let i = 0; i < 8; i++) {
      await runner.query(`create table event_identities_${i} partition of event_identities for values with (modulus 8, remainder ${i})`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'drop table quarantine; drop table buyer_demand; drop table shop_clocks; drop table sku_demand; drop table stream_totals; drop table demand_windows; drop table streams; drop table order_lines; drop table order_news; drop table orders; drop table order_events; drop table event_identities',
    );
  }
}

/**
 * What readers over a whole history want of a line without opening its state: a JSON text per line costs them seconds. Lines from
 * before have none (the readers open their state); what a process of the version before writes meanwhile, which knows nothing of
 * the columns, is set right by the trigger.
 */
export class LinesForReaders1763801400000 implements MigrationInterface {
  name = 'LinesForReaders1763801400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table order_lines add column net_paid integer, add column delivered_at timestamptz, add column clock_at timestamptz;
      create function read_line_state() returns trigger language plpgsql as $$
        begin
          new.net_paid := least((new.state->>'paid')::int, new.ordered - least((new.state->>'cancelled')::int, new.ordered));
          new.delivered_at := to_timestamp((new.state->>'deliveredAt')::float8 / 1000);
          -- As math/settle.ts says (clockStart).
          new.clock_at := coalesce(new.delivered_at, to_timestamp((new.state->>'shippedAt')::float8 / 1000) + interval '3 days', new.paid_at);
          return new;
        end $$;
      create trigger order_lines_stay_true before update on order_lines for each row
        when (new.net_paid is not distinct from old.net_paid and new.delivered_at is not distinct from old.delivered_at and new.clock_at is not distinct from old.clock_at and new.state::text is distinct from old.state::text)
        execute function read_line_state();
      create index order_lines_delivered on order_lines (sku, delivered_at) where counts and kind = 'sale' and delivered_at is not null;
      -- For those who follow one broadcast; streams outside broadcasts, the most of them, are not in it.
      create index streams_by_broadcast on streams (broadcast, shop) where broadcast <> '';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index streams_by_broadcast; drop trigger order_lines_stay_true on order_lines; drop function read_line_state(); alter table order_lines drop column net_paid, drop column delivered_at, drop column clock_at');
  }
}

/** What a flood of orders pays for on every row, made cheaper; see ARCHITECTURE.md, "Taking a flood in". */
export class LeanIntake1763802300000 implements MigrationInterface {
  name = 'LeanIntake1763802300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- An index over what every order changes would forbid to update the row in place; whether it is dirty changes once a tick.
      alter table stream_totals add column dirty boolean not null generated always as (version > assessed_version) stored;
      drop index stream_totals_dirty;
      create index stream_totals_dirty on stream_totals (since) where dirty;
      -- Streams are never deleted; looking each of them up for every new interval costs as much as writing it.
      alter table demand_windows drop constraint demand_windows_stream_fkey;
      -- One row tells what a whole batch changed.
      alter table order_news alter order_id drop not null, alter sku drop not null, add column order_ids text[], add column skus text[],
        add check ((order_id is null) = (order_ids is not null) and cardinality(order_ids) is not distinct from cardinality(skus));
      -- Eight bytes for a key of eighty, and only of lines that can be held: a history of shipped orders is not in it.
      drop index order_lines_by_buyer;
      create index order_lines_by_buyer on order_lines (hashtextextended(buyer, 0)) where buyer is not null and open_units > 0;
      -- States leave out what is nought.
      create or replace function read_line_state() returns trigger language plpgsql as $$
        begin
          new.net_paid := least(coalesce((new.state->>'paid')::int, 0), new.ordered - least(coalesce((new.state->>'cancelled')::int, 0), new.ordered));
          new.delivered_at := to_timestamp((new.state->>'deliveredAt')::float8 / 1000);
          new.clock_at := coalesce(new.delivered_at, to_timestamp((new.state->>'shippedAt')::float8 / 1000) + interval '3 days', new.paid_at);
          return new;
        end $$;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      insert into order_news (shop, order_id, sku) select n.shop, x.order_id, x.sku from order_news n cross join lateral unnest(n.order_ids, n.skus) as x(order_id, sku) where n.order_ids is not null;
      delete from order_news where order_ids is not null;
      alter table order_news drop column order_ids, drop column skus, alter order_id set not null, alter sku set not null;
      drop index order_lines_by_buyer;
      create index order_lines_by_buyer on order_lines (shop, sku, buyer, paid_at) where buyer is not null;
      alter table demand_windows add foreign key (stream) references streams (id);
      drop index stream_totals_dirty;
      alter table stream_totals drop column dirty;
      create index stream_totals_dirty on stream_totals (since) where version > assessed_version;
    `);
  }
}

export class StreamMoves1763803600000 implements MigrationInterface {
  name = 'StreamMoves1763803600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Orders that an attribution moved between windows, until the detector has reckoned with them.
      create table stream_moves (
        id bigint generated always as identity primary key,
        stream bigint not null references streams (id),
        bucket timestamptz not null,
        orders integer not null,
        withdrawn integer not null);
      create index stream_moves_by_stream on stream_moves (stream);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table stream_moves');
  }
}
