import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Notices1763801300000 implements MigrationInterface {
  name = 'Notices1763801300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What a factory is told beside production changes, by version, and how its delivery goes.
      create table notices (
        kind text not null check (kind in ('sample-request', 'chargeback')),
        subject text not null,
        version integer not null,
        supplier text not null references suppliers (id),
        webhook_id text not null unique,
        state text not null check (state in ('waiting', 'delivered', 'ended', 'exhausted', 'no-endpoint', 'gone')),
        attempts integer not null default 0,
        last_status integer,
        last_error text,
        next_at timestamptz,
        created_at timestamptz not null default now(),
        primary key (kind, subject, version));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table notices');
  }
}

export class PlatformConnections1763803000000 implements MigrationInterface {
  name = 'PlatformConnections1763803000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table connections (
        shop text primary key references shops (id),
        platform text not null,
        -- Sealed JSON, and the sealed secret of before with its time of change.
        credentials text not null,
        previous_secret text,
        secret_changed_at timestamptz,
        settings jsonb not null default '{}',
        paused_at timestamptz,
        deauthorised_at timestamptz,
        tested_at timestamptz,
        test_fault text,
        account text,
        last_webhook_at timestamptz,
        last_event_at timestamptz,
        webhooks bigint not null default 0,
        refused bigint not null default 0,
        last_fault text,
        last_fault_at timestamptz,
        version integer not null default 1,
        created_at timestamptz not null default now());

      -- How far each feed of a shop was pulled: a pull of [since, until) goes on at page.
      create table connection_feeds (
        shop text not null references connections (shop) on delete cascade,
        feed text not null,
        since timestamptz not null,
        until timestamptz,
        page text,
        next_at timestamptz not null default now(),
        failures integer not null default 0,
        last_fault text,
        last_done_at timestamptz,
        records bigint not null default 0,
        primary key (shop, feed));
      create index connection_feeds_due on connection_feeds (next_at);

      -- What was told of an order and of a return: only what grew becomes an event. Nothing of a person is in it.
      create table platform_orders (shop text not null, order_id text not null, updated_at timestamptz not null, told json not null, touched_at timestamptz not null default now(), primary key (shop, order_id));
      create index platform_orders_by_time on platform_orders using brin (touched_at);
      create table platform_returns (shop text not null, return_id text not null, updated_at timestamptz not null, cases json not null, touched_at timestamptz not null default now(), primary key (shop, return_id));

      -- Entities that a webhook named and that must be fetched; a later word about the same raises the version.
      create table platform_hints (
        shop text not null,
        entity text not null check (entity in ('order', 'return')),
        id text not null,
        version integer not null default 1,
        hinted_at timestamptz not null default now(),
        due_at timestamptz not null default now(),
        attempts integer not null default 0,
        last_fault text,
        primary key (shop, entity, id));
      create index platform_hints_due on platform_hints (due_at);

      create table platform_quarantine (
        id text primary key,
        shop text not null,
        entity text not null check (entity in ('order', 'return', 'message')),
        entity_id text not null,
        reason text not null,
        detail text not null,
        -- What can be taken in again as it is (normal form), or the shape of what could not be read.
        normal json,
        shape json,
        times integer not null default 1,
        received_at timestamptz not null default now(),
        last_at timestamptz not null default now(),
        redriven_at timestamptz);
      create unique index platform_quarantine_open on platform_quarantine (shop, entity, entity_id, reason) where redriven_at is null;
      create index platform_quarantine_by_time on platform_quarantine (last_at desc, id) where redriven_at is null;

      -- Which broadcast a line was counted under, by which method, and how sure that is.
      create table line_attributions (
        shop text not null,
        order_id text not null,
        line_id text not null,
        broadcast text not null,
        anchor text,
        method text not null check (method in ('order-line', 'affiliate-order', 'order-note', 'slot', 'line-up')),
        confidence double precision not null check (confidence between 0 and 1),
        decided_at timestamptz not null default now(),
        primary key (shop, order_id, line_id));
      -- Which of our broadcasts a platform's live room was.
      create table live_rooms (shop text not null, room text not null, broadcast text not null, primary key (shop, room));

      -- What a platform's code or link stands for: one SKU, or several with quantities.
      create table sku_mappings (
        shop text not null,
        code text not null,
        sku text not null references skus (id),
        quantity integer not null default 1 check (quantity between 1 and 1000),
        position integer not null default 1,
        created_at timestamptz not null default now(),
        primary key (shop, code, sku));
      -- Codes that were met and that nobody mapped yet.
      create table unmapped_codes (shop text not null, code text not null, kind text not null check (kind in ('seller', 'platform', 'link')), lines bigint not null default 1, last_at timestamptz not null default now(), primary key (shop, code));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table unmapped_codes; drop table sku_mappings; drop table live_rooms; drop table line_attributions; drop table platform_quarantine; drop table platform_hints; drop table platform_returns; drop table platform_orders; drop table connection_feeds; drop table connections');
  }
}

export class SharedStock1763803100000 implements MigrationInterface {
  name = 'SharedStock1763803100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- SKUs whose units a shop's platform is told. What it shows is what was pushed less what was heard sold since \`sold_before\`.
      create table stock_offers (
        shop text not null references connections (shop) on delete cascade,
        sku text not null references skus (id),
        code text not null,
        item text,
        buffer integer check (buffer >= 0),
        hear_seconds integer not null default 10 check (hear_seconds between 0 and 3600),
        push_seconds integer not null default 10 check (push_seconds between 0 and 3600),
        pushed bigint not null,
        sold_before bigint not null,
        units integer,
        held_back integer,
        drift integer not null default 0,
        read_at timestamptz,
        -- After a refusal nothing is told until then.
        quiet_until timestamptz,
        created_at timestamptz not null default now(),
        primary key (shop, sku));
      create index stock_offers_by_sku on stock_offers (sku);
      create table stock_pushes (
        id text primary key,
        shop text not null,
        sku text not null,
        change integer not null check (change <> 0),
        state text not null default 'waiting' check (state in ('waiting', 'done', 'refused')),
        attempts integer not null default 0,
        due_at timestamptz not null default now(),
        last_fault text,
        created_at timestamptz not null default now(),
        ended_at timestamptz);
      -- One change of a SKU at a time: the next is decided when its outcome is known.
      create unique index stock_pushes_waiting on stock_pushes (shop, sku) where state = 'waiting';
      create index stock_pushes_ended on stock_pushes (ended_at) where state <> 'waiting';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table stock_pushes; drop table stock_offers');
  }
}

export class LiveLogAttributions1763803400000 implements MigrationInterface {
  name = 'LiveLogAttributions1763803400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table line_attributions drop constraint line_attributions_method_check,
        add constraint line_attributions_method_check check (method in ('order-line', 'affiliate-order', 'order-note', 'live-log', 'slot', 'line-up'));
      create index line_attributions_by_broadcast on line_attributions (shop, broadcast, order_id, line_id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index line_attributions_by_broadcast;
      update line_attributions set method = 'slot' where method = 'live-log';
      alter table line_attributions drop constraint line_attributions_method_check,
        add constraint line_attributions_method_check check (method in ('order-line', 'affiliate-order', 'order-note', 'slot', 'line-up'));
    `);
  }
}

export class ReturnWords1763803800000 implements MigrationInterface {
  name = 'ReturnWords1763803800000';

  async up(runner: QueryRunner): Promise<void> {
    // What was said of a return before any line of it was known: {status, at}.
    await runner.query('alter table platform_returns add column said json');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table platform_returns drop column said');
  }
}
