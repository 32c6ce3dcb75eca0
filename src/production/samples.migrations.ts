import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Samples1763801100000 implements MigrationInterface {
  name = 'Samples1763801100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table sample_requests (
        id text primary key,
        world text not null check (world in ('live', 'replay')),
        supplier text not null references suppliers (id),
        style text not null references styles (id),
        -- Empty: whichever colour is at hand.
        colour text not null default '',
        kind text not null check (kind in ('show', 'proto', 'fit', 'size-set', 'pre-production', 'top-of-production', 'shipment', 'sealed', 'swatch')),
        status text not null check (status in ('draft', 'requested', 'accepted', 'countered', 'declined', 'making', 'shipped', 'received', 'in-review', 'approved', 'approved-with-comments', 'sealed', 'expired', 'cancelled')),
        version integer not null default 1,
        round integer not null default 1,
        pieces integer not null check (pieces between 1 and 1000),
        size text,
        due date not null,
        who_pays text not null check (who_pays in ('merchant', 'supplier')),
        fee bigint not null default 0 check (fee >= 0),
        -- What asked for it: a production change that waits, a line-up, an alarm, a repeat, or a person; and its id.
        cause text not null check (cause in ('adjustment', 'line-up', 'alarm', 'repeat', 'person')),
        cause_id text not null,
        evidence jsonb not null,
        created_at timestamptz not null,
        respond_by timestamptz not null,
        actor text not null,
        -- Whether it ever left the house; what did not does not exist for its factory.
        sent boolean not null,
        recorded_at timestamptz not null default clock_timestamp());
      -- One open request of a kind for a style and colour: a repeat of what caused it asks for nothing new.
      create unique index sample_requests_one_open on sample_requests (world, supplier, style, colour, kind)
        where status in ('draft', 'requested', 'accepted', 'countered', 'making', 'shipped', 'received', 'in-review');
      create unique index sample_requests_one_swatch on sample_requests (cause_id, style, colour) where kind = 'swatch';
      create index sample_requests_by_supplier on sample_requests (supplier, id);
      create index sample_requests_by_style on sample_requests (world, supplier, style);
      create index sample_requests_due on sample_requests (world, respond_by) where status in ('requested', 'countered');

      create table sample_rounds (
        sample_request text not null references sample_requests (id),
        n integer not null check (n >= 1),
        due date not null,
        who_pays text not null,
        shipped_at timestamptz,
        tracking_number text,
        received_at timestamptz,
        measurements jsonb not null default '[]',
        verdict text check (verdict in ('approved', 'approved-with-comments', 'rejected')),
        comments text,
        photos text[] not null default '{}',
        primary key (sample_request, n));
      create table sample_transitions (
        id bigint generated always as identity primary key,
        sample_request text not null references sample_requests (id),
        round integer not null,
        version integer not null,
        "from" text not null,
        "to" text not null,
        body jsonb,
        at timestamptz not null,
        actor text not null,
        recorded_at timestamptz not null default clock_timestamp());
      create index sample_transitions_by_request on sample_transitions (sample_request, id);
      create trigger sample_transitions_are_history before update or delete on sample_transitions for each row execute function refuse_change();

      -- A person lets production go on without an approved sample; who, when and why stays.
      create table sample_overrides (
        id bigint generated always as identity primary key,
        world text not null,
        supplier text not null references suppliers (id),
        style text not null references styles (id),
        note text not null,
        actor text not null,
        at timestamptz not null default clock_timestamp());
      create index sample_overrides_by_style on sample_overrides (world, supplier, style);
      create trigger sample_overrides_are_history before update or delete on sample_overrides for each row execute function refuse_change();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table sample_overrides; drop table sample_transitions; drop table sample_rounds; drop table sample_requests');
  }
}
