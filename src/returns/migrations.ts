import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Returns1763800800000 implements MigrationInterface {
  name = 'Returns1763800800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- One return or refund request of one order line. Status mirrors the platform: the latest that it said.
      create table return_cases (
        id text primary key,
        shop text not null references shops (id),
        order_id text not null,
        line_id text not null,
        sku text not null references skus (id),
        quantity integer not null check (quantity > 0),
        kind text not null check (kind in ('return', 'refund-only', 'exchange', 'failed-delivery')),
        claimed_reason text,
        tracking_number text,
        requested_at timestamptz not null,
        status text not null,
        status_at timestamptz not null,
        goods text not null check (goods in ('none', 'awaiting', 'received', 'inspected', 'disposed')),
        condition text check (condition in ('whole', 'short', 'wrong')),
        received integer not null default 0 check (received >= 0),
        inspected integer not null default 0 check (inspected >= 0 and inspected <= received),
        received_at timestamptz,
        created_at timestamptz not null default clock_timestamp());
      create index return_cases_by_line on return_cases (shop, order_id, line_id);
      create index return_cases_by_sku on return_cases (sku, requested_at);
      create index return_cases_by_waybill on return_cases (tracking_number) where tracking_number is not null;
      create index return_cases_open on return_cases (goods, id) where goods in ('awaiting', 'received');

      -- Units that came back, by the lot they once left from.
      create table return_lots (
        return_case text not null references return_cases (id),
        lot text not null,
        sub_lot text not null,
        location text not null,
        units integer not null check (units > 0),
        inspected integer not null default 0,
        primary key (return_case, lot, sub_lot, location),
        check (inspected <= units));

      create table inspections (
        id bigint generated always as identity primary key,
        return_case text not null references return_cases (id),
        lot text not null,
        sub_lot text not null,
        quantity integer not null check (quantity > 0),
        grade text not null check (grade in ('A', 'B', 'C')),
        finding text not null,
        disposition text not null check (disposition in ('restock', 'rework', 'quarantine', 'return-to-supplier', 'scrap')),
        note text,
        at timestamptz not null,
        actor text not null,
        recorded_at timestamptz not null default clock_timestamp());
      create index inspections_by_case on inspections (return_case, id);
      create index inspections_by_lot on inspections (lot, id) where lot <> '';
      create trigger inspections_are_history before update or delete on inspections for each row execute function refuse_change();

      create table return_transitions (
        id bigint generated always as identity primary key,
        return_case text not null references return_cases (id),
        machine text not null check (machine in ('case', 'goods')),
        "to" text not null,
        at timestamptz not null,
        actor text not null,
        recorded_at timestamptz not null default clock_timestamp());
      create index return_transitions_by_case on return_transitions (return_case, id);
      create trigger return_transitions_are_history before update or delete on return_transitions for each row execute function refuse_change();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table return_transitions; drop table inspections; drop table return_lots; drop table return_cases');
  }
}

export class InspectionPhotos1763801200000 implements MigrationInterface {
  name = 'InspectionPhotos1763801200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table inspections add column photos text[] not null default '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table inspections drop column photos');
  }
}

export class Alarms1763801500000 implements MigrationInterface {
  name = 'Alarms1763801500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table alarms (
        id text primary key,
        world text not null check (world in ('live', 'replay')),
        lot text not null references lots (id),
        supplier text references suppliers (id),
        style text not null,
        skus text[] not null,
        production_order text,
        status text not null check (status in ('open', 'confirmed', 'dismissed')),
        -- What was counted, against which limit, and how sure that is: defects found, matured exposure, share, ln evidence.
        defects integer not null check (defects > 0),
        exposure double precision not null,
        units_left integer not null,
        limit_share double precision not null,
        evidence double precision not null,
        -- What was done about it: units quarantined, units kept for reservations, the order that is to stop, the sample asked for.
        actions jsonb not null,
        at timestamptz not null,
        closed_at timestamptz,
        -- Faulty units of the lot that were known when a person closed it.
        known_at_closing integer,
        note text,
        actor text,
        recorded_at timestamptz not null default clock_timestamp());
      create unique index alarms_one_open on alarms (lot) where status = 'open';
      create index alarms_by_lot on alarms (lot, id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table alarms');
  }
}
