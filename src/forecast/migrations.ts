import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Forecast1763800600000 implements MigrationInterface {
  name = 'Forecast1763800600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table stream_states (
        stream bigint primary key references streams (id),
        shop text not null,
        state json not null,
        episode text,
        wake_at timestamptz);
      create index stream_states_wake on stream_states (shop, wake_at) where wake_at is not null;

      create table spikes (
        id text primary key,
        shop text not null,
        sku text not null,
        broadcast text not null,
        onset timestamptz not null,
        detected_at timestamptz not null,
        orders integer not null,
        expected_orders float8 not null,
        ratio float8 not null,
        score float8 not null,
        ended_at timestamptz,
        recorded_at timestamptz not null default clock_timestamp());
      create index spikes_by_detection on spikes (detected_at desc, id);
      create index spikes_by_sku on spikes (sku, detected_at desc);
      create index spikes_by_broadcast on spikes (broadcast, detected_at desc);

      create table assessments (
        id text primary key,
        world text not null check (world in ('live', 'replay')),
        sku text not null,
        supplier text,
        at timestamptz not null,
        open_units integer not null,
        held integer not null,
        cancellation float8 not null,
        stock integer not null,
        production_due integer not null,
        reflow integer not null,
        committed_need integer not null,
        more jsonb not null,
        recommended integer,
        firm integer not null,
        surplus integer not null,
        inputs jsonb not null,
        reasons jsonb not null,
        spike text,
        recorded_at timestamptz not null default clock_timestamp());
      create index assessments_by_sku on assessments (sku, world, at desc);
      create trigger assessments_are_history before update or delete on assessments for each row execute function refuse_change();

      create table need_states (
        world text not null,
        sku text not null,
        assessment text not null,
        recommended integer,
        firm integer not null,
        surplus integer not null,
        reassess_at timestamptz,
        primary key (world, sku));
      -- The latest need of each group whose minimum and lots bind its sum, and the version that planning took.
      create table group_needs (
        world text not null,
        supplier text not null,
        group_key text not null,
        at timestamptz not null,
        lines jsonb not null,
        version bigint not null default 1,
        taken bigint not null default 0,
        primary key (world, supplier, group_key));
      create index group_needs_news on group_needs (world, supplier) where version > taken;
      create index need_states_due on need_states (world, reassess_at) where reassess_at is not null;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table group_needs; drop table need_states; drop table assessments; drop table spikes; drop table stream_states');
  }
}

export class ReturnExpectations1763801600000 implements MigrationInterface {
  name = 'ReturnExpectations1763801600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What returns says will be back on the shelf, as of a day: usable units by day since then, cumulative, cautiously and on average.
      create table return_expectations (
        world text not null check (world in ('live', 'replay')),
        sku text not null references skus (id),
        as_of date not null,
        rate double precision not null check (rate >= 0 and rate < 1),
        dated jsonb not null,
        primary key (world, sku));
      -- Units of production that the need was net of: another number is news, however little the need itself moved.
      alter table need_states add column production integer not null default 0;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table need_states drop column production; drop table return_expectations');
  }
}

export class NowcastModels1763802100000 implements MigrationInterface {
  name = 'NowcastModels1763802100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What nowcasts were made with: learned from the broadcasts that had ended by ended_at. Assessments name it.
      create table nowcast_models (
        id text primary key,
        world text not null check (world in ('live', 'replay')),
        learned_at timestamptz not null default clock_timestamp(),
        ended_at timestamptz not null,
        broadcasts integer not null check (broadcasts >= 0),
        items integer not null check (items >= 0),
        model jsonb not null);
      create index nowcast_models_latest on nowcast_models (world, learned_at desc);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table nowcast_models');
  }
}

export class StandingSales1763802200000 implements MigrationInterface {
  name = 'StandingSales1763802200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What SKUs sold outside broadcasts, by UTC day, summed up when the day is over: distinct orders, and units paid less units cancelled.
      create table standing_days (
        world text not null check (world in ('live', 'replay')),
        sku text not null,
        day date not null,
        orders integer not null,
        units bigint not null,
        primary key (world, sku, day));
      -- The same as an assessment asks for it: the days before until; settled: orders that no later sum counts again.
      create table standing_sales (
        world text not null check (world in ('live', 'replay')),
        sku text not null,
        until date not null,
        settled bigint not null,
        units28 bigint not null,
        units91 bigint not null,
        lines28 integer not null,
        lines91 integer not null,
        active28 integer not null,
        first_day date,
        last_day date,
        primary key (world, sku));
      -- What standing sales are forecast with, learned at the start of a day. Assessments name it.
      create table standing_models (
        id text primary key,
        world text not null check (world in ('live', 'replay')),
        learned_at timestamptz not null default clock_timestamp(),
        day date not null,
        skus integer not null check (skus >= 0),
        lessons integer not null check (lessons >= 0),
        usual jsonb not null,
        model jsonb not null);
      create index standing_models_latest on standing_models (world, day desc, learned_at desc);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table standing_models; drop table standing_sales; drop table standing_days');
  }
}

export class WeeklyShapes1763803200000 implements MigrationInterface {
  name = 'WeeklyShapes1763803200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What a shop sold outside broadcasts, by UTC day: orders of a SKU up to a multiple of what it usually sells.
      create table shop_days (
        shop text not null references shops (id),
        day date not null,
        orders double precision not null check (orders >= 0),
        primary key (shop, day));
      -- How the rates of a shop's standing streams differ by day of the week (UTC, Sunday first), from a day on. What streams have passed never changes.
      create table weekly_shapes (
        shop text not null references shops (id),
        from_day date not null,
        factors double precision[] not null check (cardinality(factors) = 7 and 0 < all (factors)),
        learned_at timestamptz not null default clock_timestamp(),
        primary key (shop, from_day));
      create trigger weekly_shapes_are_history before update or delete on weekly_shapes for each row execute function refuse_change();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table weekly_shapes; drop table shop_days');
  }
}

export class ViewerSteps1763803500000 implements MigrationInterface {
  name = 'ViewerSteps1763803500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- How many watched a broadcast from a quarter of an hour on, as was known when it began.
      create table viewer_steps (
        broadcast text not null references broadcasts (id),
        from_at timestamptz not null,
        viewers integer not null check (viewers >= 0),
        told_at timestamptz not null,
        primary key (broadcast, from_at));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table viewer_steps');
  }
}

export class WaitingNeeds1763804110000 implements MigrationInterface {
  name = 'WaitingNeeds1763804110000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- A need that planning took and could not tell, because something else is open with the factory: it is taken once more when that has ended.
      alter table group_needs add column waits boolean not null default false;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table group_needs drop column waits');
  }
}
