import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Broadcasts1763800300000 implements MigrationInterface {
  name = 'Broadcasts1763800300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table anchors (id text primary key, name text not null);

      create table broadcasts (
        id text primary key,
        anchor text not null references anchors (id),
        shop text not null references shops (id),
        starts_at timestamptz not null,
        ends_at timestamptz not null,
        cancelled_at timestamptz,
        version integer not null default 1,
        created_at timestamptz not null default now(),
        constraint broadcasts_end_after_start check (ends_at > starts_at));
      create index broadcasts_by_start on broadcasts (starts_at desc, id);
      create index broadcasts_by_anchor on broadcasts (anchor, starts_at desc);
      create index broadcasts_by_shop_end on broadcasts (shop, ends_at);

      create table line_up_items (
        broadcast text not null references broadcasts (id),
        position integer not null,
        sku text not null references skus (id),
        link text,
        slot_at timestamptz not null,
        price bigint not null check (price >= 0),
        planned_units integer not null check (planned_units >= 0),
        promise_days integer not null check (promise_days >= 0),
        primary key (broadcast, position));
      create index line_up_items_by_sku on line_up_items (sku, broadcast);

      create table links (shop text not null references shops (id), id text not null, primary key (shop, id));
      create table link_components (
        shop text not null,
        link text not null,
        sku text not null references skus (id),
        quantity integer not null check (quantity >= 1),
        primary key (shop, link, sku),
        foreign key (shop, link) references links (shop, id));
      create index link_components_by_sku on link_components (sku);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table link_components; drop table links; drop table line_up_items; drop table broadcasts; drop table anchors');
  }
}

export class LiveLog1763803300000 implements MigrationInterface {
  name = 'LiveLog1763803300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Counts what the log was told of showings: a plan that is remembered holds while neither this nor version has moved.
      alter table broadcasts add column log_version integer not null default 0;

      create table live_log_entries (
        id bigint generated always as identity primary key,
        broadcast text not null references broadcasts (id),
        at timestamptz not null,
        kind text not null check (kind in ('shown', 'pulled', 'price-set', 'coupon', 'refill', 'viewers')),
        sku text references skus (id),
        link text,
        amount bigint check (amount >= 0),
        units integer check (units >= 1),
        viewers integer check (viewers >= 0),
        recorded_at timestamptz not null default now(),
        constraint live_log_entries_once unique nulls not distinct (broadcast, at, kind, sku, link));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table live_log_entries; alter table broadcasts drop column log_version');
  }
}

export class LinkBundles1763803700000 implements MigrationInterface {
  name = 'LinkBundles1763803700000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- A bundle holds all of its SKUs in each unit; the SKUs of any other link are variants, of which a unit is one.
      alter table links add column bundle boolean not null default false;
      alter table link_components add column position integer not null default 1;
      create index line_up_items_by_link on line_up_items (link) where link is not null;

      -- What was told so far: variants are SKUs that a line-up shows by the link themselves, one of each. One SKU alone is no bundle.
      update links l set bundle = true where (select count(*) > 1 or max(c.quantity) > 1 from link_components c where c.shop = l.shop and c.link = l.id) and exists (
        select 1 from link_components c where c.shop = l.shop and c.link = l.id and (c.quantity > 1 or not exists (
          select 1 from line_up_items i join broadcasts b on b.id = i.broadcast where b.shop = c.shop and i.link = c.link and i.sku = c.sku)));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index line_up_items_by_link; alter table link_components drop column position; alter table links drop column bundle');
  }
}
