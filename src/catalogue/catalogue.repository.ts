import type { Tx } from '../kernel/index.js';
import { managerOf, one, rows, touched } from '../kernel/database/sql.js';
import { Shop, Supplier, type MoqScope, type ShopClock } from './catalogue.entity.js';

export const findShop = (tx: Tx, id: string): Promise<Shop | null> => managerOf(tx).findOneBy(Shop, { id });

export const insertShop = (tx: Tx, shop: Pick<Shop, 'id' | 'platform' | 'timeZone' | 'currency' | 'clock' | 'sendSignals'>): Promise<number> =>
  touched(tx, 'insert into shops (id, platform, time_zone, currency, clock, send_signals) values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing', [
    shop.id, shop.platform, shop.timeZone, shop.currency, shop.clock, shop.sendSignals,
  ]);

export const updateShop = (tx: Tx, shop: Pick<Shop, 'id' | 'platform' | 'timeZone' | 'currency' | 'sendSignals'>, version: number): Promise<number> =>
  touched(tx, 'update shops set platform = $2, time_zone = $3, currency = $4, send_signals = $5, version = version + 1 where id = $1 and version = $6', [
    shop.id, shop.platform, shop.timeZone, shop.currency, shop.sendSignals, version,
  ]);

export const listShops = (tx: Tx, after: string, limit: number): Promise<{ id: string; platform: string; time_zone: string; currency: string; clock: ShopClock; send_signals: boolean; version: number }[]> =>
  rows(tx, 'select id, platform, time_zone, currency, clock, send_signals, version from shops where id > $1 order by id limit $2', [after, limit]);

export const findSupplier = (tx: Tx, id: string): Promise<Supplier | null> => managerOf(tx).findOneBy(Supplier, { id });

export const insertSupplier = (tx: Tx, supplier: Pick<Supplier, 'id' | 'name' | 'timeZone' | 'webhookUrl' | 'webhookSecret'>): Promise<number> =>
  touched(tx, 'insert into suppliers (id, name, time_zone, webhook_url, webhook_secret) values ($1, $2, $3, $4, $5) on conflict (id) do nothing', [
    supplier.id, supplier.name, supplier.timeZone, supplier.webhookUrl, supplier.webhookSecret,
  ]);

export const updateSupplier = (tx: Tx, s: Supplier): Promise<number> =>
  touched(
    tx,
    `update suppliers set name = $3, time_zone = $4, webhook_url = $5, webhook_secret = $6, webhook_secret_previous = $7, webhook_secret_rotated_at = $8,
       webhook_disabled_at = $9, standing = $10, version = version + 1 where id = $1 and version = $2`,
    [s.id, s.version, s.name, s.timeZone, s.webhookUrl, s.webhookSecret, s.webhookSecretPrevious, s.webhookSecretRotatedAt, s.webhookDisabledAt, s.standing],
  );

export const disableWebhook = (tx: Tx, id: string): Promise<number> => touched(tx, 'update suppliers set webhook_disabled_at = now(), version = version + 1 where id = $1 and webhook_disabled_at is null', [id]);

export const listSuppliers = (tx: Tx, only: readonly string[] | undefined, after: string, limit: number): Promise<{ id: string; name: string; time_zone: string; webhook_url: string | null; webhook_disabled_at: Date | null; standing: string; version: number }[]> =>
  rows(tx, `select id, name, time_zone, webhook_url, webhook_disabled_at, standing, version from suppliers where id > $1 and ($3::text[] is null or id = any($3)) order by id limit $2`, [after, limit, only ?? null]);

export interface CatalogueValues {
  readonly sku: string;
  readonly style: string;
  readonly colour: string;
  readonly size: string;
  readonly category: string;
  readonly price: number;
  readonly currency: string;
  readonly supplier: string;
  readonly unit_cost: number;
  readonly cost_currency: string;
  readonly salvage_value: number;
  readonly moq: number;
  readonly lot_multiple: number;
  readonly moq_scope: MoqScope;
  readonly lead_time_days: number;
  readonly daily_capacity: number;
  readonly frozen_fence_days: number;
  readonly confirming_hour: number | null;
  readonly trial_quantity: number | null;
  readonly reorder_premium_bp: number;
  readonly stage_days: Readonly<Record<string, number>>;
  readonly size_ratio: number;
}

export const existingSuppliers = async (tx: Tx, ids: readonly string[]): Promise<Set<string>> =>
  new Set((await rows<{ id: string }>(tx, 'select id from suppliers where id = any($1)', [ids])).map((r) => r.id));

export const insertSuppliers = (tx: Tx, ids: readonly string[]): Promise<number> =>
  touched(tx, `insert into suppliers (id, name, time_zone) select s, s, 'UTC' from unnest($1::text[]) s on conflict (id) do nothing`, [ids]);

/**
 * Upserts styles, SKUs and sourcing from one set of rows, one per SKU and supplier; what is the SKU's own is taken from its last
 * row. Answers the SKUs that are new, and those that are not and whose terms are others now.
 */
export async function upsertCatalogue(tx: Tx, values: readonly CatalogueValues[]): Promise<{ added: string[]; changed: string[] }> {
  const json = JSON.stringify([...new Map(values.map((v) => [v.sku, v])).values()]);
  await touched(tx, `insert into styles (id, category) select distinct on (style) style, category from jsonb_to_recordset($1::jsonb) as r(style text, category text)
    order by style on conflict (id) do update set category = excluded.category`, [json]);
  const inserted = await rows<{ id: string; fresh: boolean }>(
    tx,
    `insert into skus (id, style, colour, size, price, currency, size_ratio)
     select sku, style, colour, size, price, currency, size_ratio
     from jsonb_to_recordset($1::jsonb) as r(sku text, style text, colour text, size text, price bigint, currency text, size_ratio int) order by sku
     on conflict (id) do update set style = excluded.style, colour = excluded.colour, size = excluded.size, price = excluded.price, currency = excluded.currency, size_ratio = excluded.size_ratio
       where (skus.style, skus.colour, skus.size, skus.price, skus.currency, skus.size_ratio) is distinct from (excluded.style, excluded.colour, excluded.size, excluded.price, excluded.currency, excluded.size_ratio)
     returning id, (xmax = 0) as fresh`,
    [json],
  );
  const terms = await rows<{ sku: string }>(
    tx,
    `insert into sourcing as s (sku, supplier, unit_cost, cost_currency, salvage_value, moq, lot_multiple, moq_scope, lead_time_days, daily_capacity, frozen_fence_days,
       confirming_hour, trial_quantity, reorder_premium_bp, stage_days)
     select sku, supplier, unit_cost, cost_currency, salvage_value, moq, lot_multiple, moq_scope, lead_time_days, daily_capacity, frozen_fence_days,
       confirming_hour, trial_quantity, reorder_premium_bp, stage_days
     from jsonb_to_recordset($1::jsonb) as r(sku text, supplier text, unit_cost bigint, cost_currency text, salvage_value bigint, moq int, lot_multiple int, moq_scope text,
       lead_time_days int, daily_capacity int, frozen_fence_days int, confirming_hour int, trial_quantity int, reorder_premium_bp int, stage_days jsonb) order by sku, supplier
     on conflict (sku, supplier) do update set unit_cost = excluded.unit_cost, cost_currency = excluded.cost_currency, salvage_value = excluded.salvage_value,
       moq = excluded.moq, lot_multiple = excluded.lot_multiple, moq_scope = excluded.moq_scope, lead_time_days = excluded.lead_time_days,
       daily_capacity = excluded.daily_capacity, frozen_fence_days = excluded.frozen_fence_days, confirming_hour = excluded.confirming_hour,
       trial_quantity = excluded.trial_quantity, reorder_premium_bp = excluded.reorder_premium_bp, stage_days = excluded.stage_days
       where (s.unit_cost, s.cost_currency, s.salvage_value, s.moq, s.lot_multiple, s.moq_scope, s.lead_time_days, s.daily_capacity, s.frozen_fence_days, s.confirming_hour, s.trial_quantity, s.reorder_premium_bp, s.stage_days)
         is distinct from (excluded.unit_cost, excluded.cost_currency, excluded.salvage_value, excluded.moq, excluded.lot_multiple, excluded.moq_scope, excluded.lead_time_days, excluded.daily_capacity,
           excluded.frozen_fence_days, excluded.confirming_hour, excluded.trial_quantity, excluded.reorder_premium_bp, excluded.stage_days)
     returning sku`,
    [JSON.stringify(values)],
  );
  const added = inserted.filter((r) => r.fresh).map((r) => r.id);
  const known = new Set(added);
  return { added, changed: [...new Set([...inserted.map((r) => r.id), ...terms.map((t) => t.sku)])].filter((sku) => !known.has(sku)) };
}

/** Ranks the suppliers of SKUs: those that are named in the order in which they are, then the others as they were. Answers the SKUs whose ranks changed. */
export const rankSuppliers = async (tx: Tx, named: readonly { sku: string; supplier: string; rank: number }[]): Promise<string[]> => [
  ...new Set((await rows<{ sku: string }>(
    tx,
    `with named as (select * from unnest($1::text[], $2::text[], $3::int[]) as n(sku, supplier, rank)),
     ranked as (
       select c.sku, c.supplier, row_number() over (partition by c.sku order by n.rank nulls last, c.rank, c.supplier)::int as rank
       from sourcing c left join named n on n.sku = c.sku and n.supplier = c.supplier where c.sku in (select sku from named))
     update sourcing c set rank = r.rank from ranked r where c.sku = r.sku and c.supplier = r.supplier and c.rank <> r.rank returning c.sku`,
    [named.map((n) => n.sku), named.map((n) => n.supplier), named.map((n) => n.rank)],
  )).map((r) => r.sku)),
];

/** All SKUs that a supplier makes or may make. */
export const skusSourcedFrom = async (tx: Tx, supplier: string): Promise<string[]> => (await rows<{ sku: string }>(tx, 'select sku from sourcing where supplier = $1 order by sku', [supplier])).map((r) => r.sku);

/** A SKU with its first supplier's terms; where there is none, `supplier` is null and the terms are neutral. */
export interface SkuTerms {
  readonly sku: string;
  readonly style: string;
  readonly colour: string;
  readonly size: string;
  readonly category: string;
  readonly price: number;
  readonly currency: string;
  readonly size_ratio: number;
  readonly supplier: string | null;
  readonly unit_cost: number;
  readonly cost_currency: string;
  readonly salvage_value: number;
  readonly moq: number;
  readonly lot_multiple: number;
  readonly moq_scope: MoqScope;
  readonly lead_time_days: number;
  readonly daily_capacity: number;
  readonly frozen_fence_days: number;
  readonly confirming_hour: number | null;
  readonly trial_quantity: number | null;
  readonly reorder_premium_bp: number;
  readonly stage_days: Readonly<Record<string, number>>;
  readonly supplier_time_zone: string;
  readonly standing: string;
}

const TERMS = `
  select k.id as sku, k.style, k.colour, k.size, y.category, k.price, k.currency, k.size_ratio, s.supplier, coalesce(s.unit_cost, 0) as unit_cost,
    coalesce(s.cost_currency, k.currency) as cost_currency, coalesce(s.salvage_value, 0) as salvage_value, coalesce(s.moq, 1) as moq, coalesce(s.lot_multiple, 1) as lot_multiple,
    coalesce(s.moq_scope, 'sku') as moq_scope, coalesce(s.lead_time_days, 0) as lead_time_days, coalesce(s.daily_capacity, 0) as daily_capacity,
    coalesce(s.frozen_fence_days, 0) as frozen_fence_days, s.confirming_hour, s.trial_quantity, coalesce(s.reorder_premium_bp, 0) as reorder_premium_bp,
    coalesce(s.stage_days, '{}') as stage_days, coalesce(p.time_zone, 'UTC') as supplier_time_zone, coalesce(p.standing, 'normal') as standing
  from skus k join styles y on y.id = k.style
  left join lateral (
    select c.* from sourcing c join suppliers q on q.id = c.supplier where c.sku = k.id and q.standing <> 'prevent' order by c.rank, c.supplier limit 1) s on true
  left join suppliers p on p.id = s.supplier`;

/** The SKUs with the terms of their first supplier that may get signals. */
export const termsOf = (tx: Tx, skus: readonly string[]): Promise<SkuTerms[]> => rows(tx, `${TERMS} where k.id = any($1)`, [skus]);

/** All SKUs of the given styles: the minimum order may bind the style or the style-colour. */
export const termsOfStyles = (tx: Tx, styles: readonly string[]): Promise<SkuTerms[]> => rows(tx, `${TERMS} where k.style = any($1)`, [styles]);

/** The SKUs of a style that a supplier makes, whoever else does. */
export const madeBy = (tx: Tx, supplier: string, style: string): Promise<{ sku: string; colour: string; size: string }[]> =>
  rows(tx, 'select k.id as sku, k.colour, k.size from skus k join sourcing c on c.sku = k.id where k.style = $2 and c.supplier = $1 order by k.id', [supplier, style]);

export const existingSkus = async (tx: Tx, skus: readonly string[]): Promise<Set<string>> =>
  new Set((await rows<{ id: string }>(tx, 'select id from skus where id = any($1)', [skus])).map((r) => r.id));

/** Every SKU's id, for what has to look at all of them. */
export const allSkus = async (tx: Tx, most: number): Promise<string[]> => (await rows<{ id: string }>(tx, 'select id from skus order by id limit $1', [most])).map((r) => r.id);

export const listSkus = (tx: Tx, only: readonly string[] | undefined, after: string, limit: number): Promise<SkuTerms[]> =>
  rows(tx, `${TERMS} where k.id > $1 and ($3::text[] is null or s.supplier = any($3)) order by k.id limit $2`, [after, limit, only ?? null]);

export const findSku = (tx: Tx, id: string): Promise<SkuTerms | undefined> => one(tx, `${TERMS} where k.id = $1`, [id]);

export const categoriesOf = async (tx: Tx, skus: readonly string[]): Promise<Map<string, string>> =>
  new Map((await rows<{ id: string; category: string }>(tx, 'select k.id, y.category from skus k join styles y on y.id = k.style where k.id = any($1)', [skus])).map((r) => [r.id, r.category]));
