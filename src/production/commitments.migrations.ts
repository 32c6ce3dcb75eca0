import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Commitments1763802210000 implements MigrationInterface {
  name = 'Commitments1763802210000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What was signed for beyond what is sold, by whom (a person, or a version of the policy), and what money it put at risk.
      create table commitments (
        adjustment text not null,
        version integer not null,
        line_id text not null,
        sku text not null,
        assessment text,
        units integer not null check (units > 0),
        beyond integer not null check (beyond >= 0),
        spare integer not null check (spare >= 0),
        at_risk bigint not null check (at_risk >= 0),
        currency text not null,
        actor text not null,
        policy integer,
        at timestamptz not null,
        recorded_at timestamptz not null default clock_timestamp(),
        primary key (adjustment, version, line_id),
        foreign key (adjustment, version) references adjustment_versions (adjustment, version));
      create index commitments_by_policy on commitments (assessment) where policy is not null;
      create trigger commitments_are_history before update or delete on commitments for each row execute function refuse_change();

      -- Whether recommendations become orders by themselves, and up to which money at risk; no row: never.
      create table commitment_policies (
        version integer primary key,
        automatic boolean not null,
        most_at_risk bigint not null check (most_at_risk >= 0),
        currency text not null,
        note text not null,
        actor text not null,
        at timestamptz not null default clock_timestamp());
      create trigger commitment_policies_are_history before update or delete on commitment_policies for each row execute function refuse_change();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table commitment_policies; drop table commitments');
  }
}
