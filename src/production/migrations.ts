import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Production1763800700000 implements MigrationInterface {
  name = 'Production1763800700000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table production_orders (
        id text primary key,
        world text not null check (world in ('live', 'replay')),
        supplier text not null references suppliers (id),
        group_key text not null,
        status text not null check (status in ('proposed', 'confirmed', 'in-production', 'shipped', 'received', 'on-hold', 'closed', 'cancelled')),
        version integer not null default 1,
        created_at timestamptz not null,
        confirmed_at timestamptz);
      create index production_orders_by_group on production_orders (world, supplier, group_key, id);
      create index production_orders_by_supplier on production_orders (supplier, id);

      create table production_order_lines (
        production_order text not null references production_orders (id),
        line_id text not null,
        sku text not null references skus (id),
        quantity integer not null check (quantity >= 0),
        due date not null,
        splits jsonb not null,
        produced integer not null default 0 check (produced >= 0),
        received integer not null default 0 check (received >= 0),
        unit_price bigint not null,
        currency text not null,
        expedite_refused boolean not null default false,
        primary key (production_order, line_id));
      create index production_order_lines_by_sku on production_order_lines (sku);

      -- What a factory reports, stage by stage: units of a line that have passed the stage so far.
      create table production_progress (
        id bigint generated always as identity primary key,
        production_order text not null,
        line_id text not null,
        stage text not null check (stage in ('greige', 'dyed', 'trims', 'cut', 'sewn', 'finished', 'shipped')),
        quantity integer not null check (quantity >= 0),
        at timestamptz not null,
        actor text not null,
        recorded_at timestamptz not null default clock_timestamp(),
        foreign key (production_order, line_id) references production_order_lines (production_order, line_id));
      create index production_progress_by_line on production_progress (production_order, line_id, stage, id desc);
      create trigger production_progress_is_history before update or delete on production_progress for each row execute function refuse_change();

      create table receipts (
        id text primary key,
        production_order text not null references production_orders (id),
        lot text not null references lots (id),
        -- The supplier's delivery note: the same note again is the same receipt.
        delivery_note text,
        body jsonb not null,
        at timestamptz not null,
        actor text not null,
        recorded_at timestamptz not null default clock_timestamp());
      create unique index receipts_by_note on receipts (production_order, delivery_note) where delivery_note is not null;
      create index receipts_by_lot on receipts (lot);
      create table receipt_lines (
        receipt text not null references receipts (id),
        n integer not null,
        line_id text not null,
        sku text not null references skus (id),
        quantity integer not null check (quantity > 0),
        quality text not null,
        sub_lot text not null,
        -- Units that came by the date confirmed for them, and beyond what was ordered.
        on_time integer not null,
        excess integer not null,
        primary key (receipt, n));
      create trigger receipts_are_history before update or delete on receipts for each row execute function refuse_change();
      create trigger receipt_lines_are_history before update or delete on receipt_lines for each row execute function refuse_change();

      create table adjustments (
        id text primary key,
        world text not null check (world in ('live', 'replay')),
        supplier text not null references suppliers (id),
        group_key text not null,
        production_order text not null references production_orders (id),
        kind text not null check (kind in ('create', 'increase', 'decrease', 'expedite', 'delay', 'hold', 'resume', 'cancel')),
        status text not null,
        version integer not null,
        commitment text not null check (commitment in ('forecast', 'material', 'firm')),
        firm_at timestamptz,
        respond_by timestamptz,
        created_at timestamptz not null,
        recheck_at timestamptz,
        origin text not null,
        updated_at timestamptz not null default clock_timestamp());
      -- A factory sees at most one open change per production order line: there is one open change per group.
      create unique index adjustments_one_open on adjustments (world, supplier, group_key)
        where status in ('proposed', 'sent', 'accepted', 'countered');
      create index adjustments_by_supplier on adjustments (supplier, id);
      create index adjustments_due on adjustments (world, (least(firm_at, respond_by, recheck_at))) where status in ('sent', 'accepted', 'proposed', 'countered');
      create index adjustments_by_order on adjustments (production_order);

      create table adjustment_versions (
        adjustment text not null references adjustments (id),
        version integer not null,
        kind text not null,
        commitment text not null,
        status text not null,
        at timestamptz not null,
        respond_by timestamptz,
        valid_until timestamptz,
        liability jsonb not null,
        evidence jsonb not null,
        recorded_at timestamptz not null default clock_timestamp(),
        primary key (adjustment, version));

      create table adjustment_lines (
        adjustment text not null,
        version integer not null,
        line_id text not null,
        sku text not null,
        style text not null,
        colour text not null,
        size text not null,
        quantity integer not null check (quantity >= 0),
        quantity_before integer not null,
        due date not null,
        due_before date,
        p50 integer not null,
        p90 integer not null,
        unit_price bigint not null,
        currency text not null,
        primary key (adjustment, version, line_id),
        foreign key (adjustment, version) references adjustment_versions (adjustment, version));
      create index adjustment_lines_by_sku on adjustment_lines (sku);

      create table adjustment_replies (
        adjustment text not null,
        version integer not null,
        body jsonb not null,
        actor text not null,
        received_at timestamptz not null default clock_timestamp(),
        primary key (adjustment, version),
        foreign key (adjustment, version) references adjustment_versions (adjustment, version));

      create table adjustment_decisions (
        adjustment text not null,
        version integer not null,
        body jsonb not null,
        actor text not null,
        received_at timestamptz not null default clock_timestamp(),
        primary key (adjustment, version),
        foreign key (adjustment, version) references adjustment_versions (adjustment, version));

      create table adjustment_transitions (
        id bigint generated always as identity primary key,
        adjustment text not null references adjustments (id),
        version integer not null,
        "from" text not null,
        "to" text not null,
        at timestamptz not null,
        actor text not null,
        recorded_at timestamptz not null default clock_timestamp());
      create index adjustment_transitions_by_adjustment on adjustment_transitions (adjustment, id);
      create trigger adjustment_transitions_are_history before update or delete on adjustment_transitions for each row execute function refuse_change();
      create trigger adjustment_replies_are_history before update or delete on adjustment_replies for each row execute function refuse_change();
      create trigger adjustment_decisions_are_history before update or delete on adjustment_decisions for each row execute function refuse_change();

      create table signal_deliveries (
        adjustment text not null,
        version integer not null,
        webhook_id text not null unique,
        state text not null check (state in ('waiting', 'delivered', 'ended', 'exhausted', 'no-endpoint', 'gone')),
        attempts integer not null default 0,
        last_status integer,
        last_error text,
        next_at timestamptz,
        delivered_at timestamptz,
        primary key (adjustment, version),
        foreign key (adjustment, version) references adjustment_versions (adjustment, version));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'drop table signal_deliveries; drop table adjustment_transitions; drop table adjustment_decisions; drop table adjustment_replies; drop table adjustment_lines; drop table adjustment_versions; drop table adjustments; drop table receipt_lines; drop table receipts; drop table production_progress; drop table production_order_lines; drop table production_orders',
    );
  }
}

export class AgreedUnits1763804100000 implements MigrationInterface {
  name = 'AgreedUnits1763804100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What was agreed of a line stays beside what was cut of it: tolerance is a share of the one, whatever became of the other.
      -- Null: nothing was cut since it was agreed, as the version before writes it.
      alter table production_order_lines add column agreed integer check (agreed >= 0);
      -- One swatch for each repeat of a style-colour, in its own world and of its own supplier; what people ask for is theirs to repeat.
      drop index sample_requests_one_swatch;
      create unique index sample_requests_one_swatch on sample_requests (world, supplier, cause_id, style, colour) where kind = 'swatch' and cause = 'repeat';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `drop index sample_requests_one_swatch; create unique index sample_requests_one_swatch on sample_requests (cause_id, style, colour) where kind = 'swatch'; alter table production_order_lines drop column agreed`,
    );
  }
}
