import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Access1763800100000 implements MigrationInterface {
  name = 'Access1763800100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table users (
        id text primary key,
        name text not null unique,
        role text not null,
        bindings jsonb not null default '[]',
        password_hash text not null,
        disabled boolean not null default false,
        created_at timestamptz not null default now());

      create table sessions (
        hash bytea primary key,
        user_id text not null references users (id),
        expires_at timestamptz not null,
        created_at timestamptz not null default now());
      create index sessions_by_expiry on sessions (expires_at);

      create table api_keys (
        id text primary key,
        name text not null,
        role text not null,
        bindings jsonb not null default '[]',
        scopes text[] not null default '{}',
        hash bytea not null unique,
        created_at timestamptz not null default now(),
        expires_at timestamptz,
        last_used_at timestamptz,
        revoked_at timestamptz);

      create table audit_log (
        id bigint generated always as identity primary key,
        at timestamptz not null default now(),
        actor text not null,
        action text not null,
        object text not null,
        before jsonb,
        after jsonb,
        request_id text);
      create index audit_log_by_object on audit_log (object, id);

      create function refuse_change() returns trigger language plpgsql as $$
        begin raise exception 'rows of % are history and are never changed', tg_table_name using errcode = '55000'; end $$;
      create trigger audit_log_is_history before update or delete on audit_log for each row execute function refuse_change();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table audit_log; drop table api_keys; drop table sessions; drop table users; drop function refuse_change');
  }
}

export class Files1763801000000 implements MigrationInterface {
  name = 'Files1763801000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table files (
        id text primary key,
        -- SHA-256 of the bytes, by which the file store keeps them.
        content text not null,
        content_type text not null,
        size integer not null check (size > 0),
        actor text not null,
        at timestamptz not null default now());
      create table file_grants (
        file text not null references files (id),
        kind text not null,
        id text not null,
        primary key (file, kind, id));
      create trigger files_are_history before update or delete on files for each row execute function refuse_change();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table file_grants; drop table files');
  }
}
