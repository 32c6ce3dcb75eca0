import type { MigrationInterface, QueryRunner } from 'typeorm';

export class JobsAndFacts1763800000000 implements MigrationInterface {
  name = 'JobsAndFacts1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table facts (
        id bigint generated always as identity primary key,
        xact xid8 not null default pg_current_xact_id(),
        name text not null,
        payload jsonb not null,
        trace text,
        created_at timestamptz not null default now());
      create index facts_in_order on facts (xact, id);
      create index facts_by_age on facts (created_at);

      create table job_outbox (
        id bigint generated always as identity primary key,
        job text not null,
        queue text not null,
        identity text,
        payload jsonb not null,
        fact bigint,
        trace text,
        state text not null default 'due' check (state in ('due', 'done', 'dead')),
        due_at timestamptz not null default now(),
        leased_until timestamptz,
        fence bigint not null default 0,
        attempts integer not null default 0,
        enqueued integer not null default 0,
        last_error text,
        created_at timestamptz not null default now(),
        ended_at timestamptz);
      create index job_outbox_due on job_outbox (due_at) where state = 'due';
      create unique index job_outbox_identity on job_outbox (job, identity) where state = 'due' and identity is not null;
      create index job_outbox_dead on job_outbox (id) where state = 'dead';
      create index job_outbox_ended on job_outbox (ended_at) where state = 'done';
      alter table job_outbox set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

      create table idempotency_keys (
        principal text not null,
        key text not null,
        route text not null,
        body_hash text not null,
        status integer not null,
        answer text not null,
        created_at timestamptz not null default now(),
        primary key (principal, key));
      create index idempotency_keys_by_age on idempotency_keys (created_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table idempotency_keys; drop table job_outbox; drop table facts');
  }
}
