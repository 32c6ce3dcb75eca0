import type { Tx } from '../kernel/index.js';
import { rows, touched } from '../kernel/database/sql.js';

export interface MappingRow {
  readonly code: string;
  readonly sku: string;
  readonly quantity: number;
  readonly position: number;
}

export const mappingsOf = (tx: Tx, shop: string, codes: readonly string[]): Promise<MappingRow[]> =>
  rows(tx, 'select code, sku, quantity, position from sku_mappings where shop = $1 and code = any($2) order by code, position, sku', [shop, codes]);

export const listMappings = (tx: Tx, shop: string, after: readonly [string, string], limit: number): Promise<MappingRow[]> =>
  rows(tx, 'select code, sku, quantity, position from sku_mappings where shop = $1 and (code, sku) > ($2, $3) order by code, sku limit $4', [shop, after[0], after[1], limit]);

export async function replaceMapping(tx: Tx, shop: string, code: string, components: readonly { sku: string; quantity: number }[]): Promise<void> {
  await touched(tx, 'delete from sku_mappings where shop = $1 and code = $2', [shop, code]);
  if (components.length === 0) return;
  await touched(
    tx, 'insert into sku_mappings (shop, code, sku, quantity, position) select $1, $2, c.sku, c.quantity, c.n from unnest($3::text[], $4::int[]) with ordinality as c(sku, quantity, n)',
    [shop, code, components.map((c) => c.sku), components.map((c) => c.quantity)],
  );
  await touched(tx, 'delete from unmapped_codes where shop = $1 and code = $2', [shop, code]);
}

export const noteUnmapped = (tx: Tx, shop: string, codes: readonly { code: string; kind: 'seller' | 'platform' | 'link' }[]): Promise<number> =>
  touched(
    tx,
    `insert into unmapped_codes (shop, code, kind) select distinct on (u.code) $1, u.code, u.kind from unnest($2::text[], $3::text[]) as u(code, kind) order by u.code
     on conflict (shop, code) do update set lines = unmapped_codes.lines + 1, last_at = now()`,
    [shop, codes.map((c) => c.code), codes.map((c) => c.kind)],
  );

export const forgetUnmapped = (tx: Tx, codes: readonly string[]): Promise<number> => touched(tx, 'delete from unmapped_codes where code = any($1)', [codes]);

export interface UnmappedRow {
  readonly code: string;
  readonly kind: 'seller' | 'platform' | 'link';
  readonly lines: number;
  readonly last_at: Date;
}

export const listUnmapped = (tx: Tx, shop: string, after: string, limit: number): Promise<UnmappedRow[]> =>
  rows(tx, 'select code, kind, lines, last_at from unmapped_codes where shop = $1 and code > $2 order by code limit $3', [shop, after, limit]);
