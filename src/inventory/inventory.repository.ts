import type { Tx } from '../kernel/index.js';
import { rows, touched } from '../kernel/database/sql.js';

export const setOpeningStock = (tx: Tx, stock: ReadonlyMap<string, number>): Promise<number> =>
  touched(tx, 'insert into opening_stock (sku, units) select * from unnest($1::text[], $2::int[]) on conflict (sku) do update set units = excluded.units', [[...stock.keys()], [...stock.values()]]);

export const openingStock = async (tx: Tx, skus: readonly string[]): Promise<Map<string, number>> =>
  new Map((await rows<{ sku: string; units: number }>(tx, 'select sku, units from opening_stock where sku = any($1)', [skus])).map((r) => [r.sku, r.units]));

export interface DatedSupply {
  readonly source: string;
  readonly ref: string;
  readonly world: string;
  readonly sku: string;
  readonly quantity: number;
  /** Calendar date in the supplier's time zone, as YYYY-MM-DD. */
  readonly due: string;
}

/** Sets what a reference will bring; a quantity of 0 takes it back. */
export const recordSupply = (tx: Tx, supply: readonly DatedSupply[]): Promise<number> =>
  touched(
    tx,
    `insert into dated_supply (source, ref, world, sku, quantity, due) select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::date[])
     on conflict (source, ref) do update set quantity = excluded.quantity, due = excluded.due`,
    [supply.map((s) => s.source), supply.map((s) => s.ref), supply.map((s) => s.world), supply.map((s) => s.sku), supply.map((s) => s.quantity), supply.map((s) => s.due)],
  );

export const removeSupply = (tx: Tx, source: string, refPrefix: string): Promise<number> =>
  touched(tx, 'delete from dated_supply where source = $1 and starts_with(ref, $2)', [source, refPrefix]);

export const supplyOf = (tx: Tx, world: string, skus: readonly string[]): Promise<{ sku: string; quantity: number; due: string }[]> =>
  rows(tx, `select sku, quantity, to_char(due, 'YYYY-MM-DD') as due from dated_supply where world = $1 and sku = any($2) and quantity > 0 order by sku, due`, [world, skus]);
