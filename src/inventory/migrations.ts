import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Inventory1763800500000 implements MigrationInterface {
  name = 'Inventory1763800500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
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
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table dated_supply; drop table opening_stock');
  }
}
