import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Catalogue1763800200000 implements MigrationInterface {
  name = 'Catalogue1763800200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table shops (
        id text primary key,
        platform text not null,
        time_zone text not null,
        currency text not null,
        clock text not null check (clock in ('live', 'replay')),
        send_signals boolean not null default true,
        version integer not null default 1,
        created_at timestamptz not null default now());

      create table suppliers (
        id text primary key,
        name text not null,
        time_zone text not null,
        webhook_url text,
        webhook_secret text,
        webhook_secret_previous text,
        webhook_secret_rotated_at timestamptz,
        webhook_disabled_at timestamptz,
        standing text not null default 'normal' check (standing in ('prevent', 'warn', 'normal', 'prefer')),
        version integer not null default 1,
        created_at timestamptz not null default now());

      create table styles (id text primary key, category text not null);

      create table skus (
        id text primary key,
        style text not null references styles (id),
        colour text not null,
        size text not null,
        price bigint not null check (price >= 0),
        currency text not null,
        size_ratio integer not null default 0 check (size_ratio >= 0));
      create index skus_by_style_colour on skus (style, colour);

      create table sourcing (
        sku text not null references skus (id),
        supplier text not null references suppliers (id),
        rank integer not null default 1,
        unit_cost bigint not null check (unit_cost >= 0),
        cost_currency text not null,
        salvage_value bigint not null check (salvage_value >= 0),
        moq integer not null check (moq >= 1),
        lot_multiple integer not null check (lot_multiple >= 1),
        moq_scope text not null default 'sku' check (moq_scope in ('sku', 'colour', 'style')),
        lead_time_days integer not null check (lead_time_days >= 0),
        daily_capacity integer not null check (daily_capacity >= 1),
        frozen_fence_days integer not null default 0 check (frozen_fence_days >= 0),
        confirming_hour integer check (confirming_hour between 0 and 23),
        trial_quantity integer check (trial_quantity >= 0),
        reorder_premium_bp integer not null default 0 check (reorder_premium_bp between 0 and 100000),
        stage_days jsonb not null default '{}',
        primary key (sku, supplier));
      create index sourcing_by_supplier on sourcing (supplier, sku);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table sourcing; drop table skus; drop table styles; drop table suppliers; drop table shops');
  }
}
