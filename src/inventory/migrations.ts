import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Inventory1763800500000 implements MigrationInterface {
  name = 'Inventory1763800500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What the catalogue says was there at first; the movements of cause 'opening' add up to it.
      create table opening_stock (sku text primary key references skus (id), units integer not null check (units >= 0));

      -- What will come in, and when; written by the rooms that know (production), by their own reference.
      create table dated_supply (
        source text not null,
        ref text not null,
        world text not null,
        sku text not null references skus (id),
        quantity integer not null check (quantity >= 0),
        due date not null,
        primary key (source, ref));
      create index dated_supply_by_sku on dated_supply (sku, world, due) where quantity > 0;

      -- One row per SKU and place. The two laws of stock are constraints, so no statement can leave them broken:
      -- reserved + available = on hand (available is never negative), and
      -- on hand + claimed = opening + received + returned to stock + adjusted - scrapped, the blocked units in the house included.
      create table stock_levels (
        world text not null check (world in ('live', 'replay')),
        sku text not null references skus (id),
        location text not null,
        on_hand bigint not null default 0,
        blocked bigint not null default 0 check (blocked >= 0),
        reserved bigint not null default 0 check (reserved >= 0),
        claimed bigint not null default 0 check (claimed >= 0),
        opening bigint not null default 0,
        received bigint not null default 0,
        returned bigint not null default 0,
        adjusted bigint not null default 0,
        scrapped bigint not null default 0,
        -- Units that order lines wait for, and units that were shipped although they were not there.
        waiting bigint not null default 0 check (waiting >= 0),
        unclaimed bigint not null default 0 check (unclaimed >= 0),
        primary key (world, sku, location),
        constraint stock_never_oversold check (reserved <= on_hand),
        constraint stock_conserved check (on_hand + blocked + claimed = opening + received + returned + adjusted - scrapped));
      alter table stock_levels set (fillfactor = 70);

      -- The same units by lot, part of a lot and quality; those of quality A sum to on_hand, the others to blocked.
      create table stock_lots (
        world text not null,
        sku text not null references skus (id),
        location text not null,
        lot text not null,
        sub_lot text not null,
        quality text not null check (quality in ('A', 'B', 'C', 'quarantine')),
        units bigint not null check (units >= 0),
        primary key (world, sku, location, lot, sub_lot, quality));

      create table lots (
        id text primary key,
        world text not null,
        supplier text references suppliers (id),
        production_order text,
        name text,
        received_at timestamptz not null,
        recorded_at timestamptz not null default clock_timestamp());
      create index lots_by_order on lots (production_order);
      create index lots_by_name on lots (supplier, name);

      create table stock_movements (
        id bigint generated always as identity primary key,
        world text not null,
        sku text not null references skus (id),
        location text not null,
        lot text not null,
        sub_lot text not null,
        quality text not null,
        cause text not null check (cause in ('opening', 'receipt', 'reserve', 'release', 'claim', 'return-receipt', 'regrade', 'quarantine', 'adjust', 'scrap')),
        house integer not null,
        reserved integer not null,
        claimed integer not null,
        origin text not null,
        origin_id text not null,
        note text,
        at timestamptz not null,
        actor text not null,
        recorded_at timestamptz not null default clock_timestamp());
      create index stock_movements_by_sku on stock_movements (sku, id desc);
      create index stock_movements_by_origin on stock_movements (origin, origin_id);
      create index stock_movements_by_lot on stock_movements (lot, id) where lot <> '';
      create trigger stock_movements_are_history before update or delete on stock_movements for each row execute function refuse_change();

      -- What each order line has of the stock.
      create table stock_allocations (
        shop text not null,
        order_id text not null,
        line_id text not null,
        sku text not null references skus (id),
        world text not null,
        location text not null,
        open integer not null,
        shipped integer not null,
        reserved integer not null check (reserved >= 0),
        claimed integer not null check (claimed >= 0 and claimed <= shipped),
        lot text,
        since timestamptz not null,
        primary key (shop, order_id, line_id, sku),
        check (reserved <= open));
      create index stock_allocations_lacking on stock_allocations (world, sku, location, since) where open > reserved or shipped > claimed;

      create table reservations (
        id text primary key,
        world text not null,
        location text not null,
        status text not null check (status in ('held', 'confirmed', 'used', 'released', 'expired')),
        shop text,
        order_id text,
        note text,
        actor text not null,
        created_at timestamptz not null default clock_timestamp(),
        expires_at timestamptz,
        ended_at timestamptz,
        check ((status = 'held') = (expires_at is not null and ended_at is null)));
      create index reservations_expiring on reservations (expires_at) where status = 'held';
      create index reservations_by_order on reservations (shop, order_id) where status in ('held', 'confirmed') and order_id is not null;

      create table reservation_lines (
        reservation text not null references reservations (id),
        sku text not null references skus (id),
        quantity integer not null check (quantity > 0),
        primary key (reservation, sku));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'drop table reservation_lines; drop table reservations; drop table stock_allocations; drop table stock_movements; drop table lots; drop table stock_lots; drop table stock_levels; drop table dated_supply; drop table opening_stock',
    );
  }
}

export class LotsWithdrawn1763801700000 implements MigrationInterface {
  name = 'LotsWithdrawn1763801700000';

  async up(runner: QueryRunner): Promise<void> {
    // What withdrew it, such as an alarm; its units are not sold again before that is lifted.
    await runner.query('alter table lots add column withdrawn_by text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table lots drop column withdrawn_by');
  }
}

export class ReservationsByLine1763804000000 implements MigrationInterface {
  name = 'ReservationsByLine1763804000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Lines of an order are told one by one, and each takes over what it lacks; the rest stays held.
      alter table reservation_lines add column taken integer not null default 0 check (taken >= 0 and taken <= quantity);
      -- A confirmed reservation has an end too: its order may never come.
      alter table reservations drop constraint reservations_check;
      alter table reservations add constraint reservations_end check ((status in ('held', 'confirmed')) = (ended_at is null) and (status <> 'held' or expires_at is not null));
      update reservations set expires_at = clock_timestamp() + interval '30 days' where status = 'confirmed';
      drop index reservations_expiring;
      create index reservations_expiring on reservations (expires_at) where status in ('held', 'confirmed');
      create index reservations_by_actor on reservations (actor, id);
      create index reservations_held on reservations (id) where status = 'held';
      create index reservations_confirmed on reservations (id) where status = 'confirmed';
      create index reservations_of_order on reservations (order_id, id) where order_id is not null;
      create index reservation_lines_by_sku on reservation_lines (sku, reservation);
      -- Asked whenever units are given out; few lots ever are.
      create index lots_withdrawn on lots (id) where withdrawn_by is not null;
      -- Returned units that wait for their inspection are told from those that it put aside, which a person may move: what was put
      -- aside before is moved within quarantine, as it is from now on.
      create index stock_movements_returned on stock_movements (sku) where origin = 'return' and quality = 'quarantine';
      insert into stock_movements (world, sku, location, lot, sub_lot, quality, cause, house, reserved, claimed, origin, origin_id, note, at, actor)
        select s.clock, c.sku, l.location, i.lot, i.sub_lot, 'quarantine', x.cause, x.sign * i.quantity, 0, 0, 'return', i.return_case, i.disposition, i.at, i.actor
        from inspections i join return_cases c on c.id = i.return_case join shops s on s.id = c.shop
        cross join lateral (select min(r.location) as location from return_lots r where r.return_case = i.return_case and r.lot = i.lot and r.sub_lot = i.sub_lot) l
        cross join (values (1, 'regrade', -1), (2, 'quarantine', 1)) as x(n, cause, sign)
        where i.disposition in ('rework', 'quarantine') and l.location is not null order by i.id, x.n;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index stock_movements_returned; drop index lots_withdrawn; drop index reservation_lines_by_sku; drop index reservations_of_order; drop index reservations_confirmed; drop index reservations_held; drop index reservations_by_actor; drop index reservations_expiring;
      create index reservations_expiring on reservations (expires_at) where status = 'held';
      update reservations set expires_at = null where status = 'confirmed';
      alter table reservations drop constraint reservations_end;
      alter table reservations add constraint reservations_check check ((status = 'held') = (expires_at is not null and ended_at is null));
      -- The version before knows no part of a line: what lines took over is no longer of the reservation.
      delete from reservation_lines where taken >= quantity;
      update reservation_lines set quantity = quantity - taken;
      alter table reservation_lines drop column taken;
    `);
  }
}
