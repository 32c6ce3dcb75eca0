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
