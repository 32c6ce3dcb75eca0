// A small merchant: one shop, one supplier, a few SKUs; and order events for it.
import type { Running } from './database.js';

export const CATALOGUE_HEAD =
  'sku,style,colour,size,category,price,currency,supplier,unit_cost,cost_currency,salvage_value,moq,lot_multiple,lead_time_days,daily_capacity,initial_stock,moq_scope,size_ratio,stage_days,confirming_hour,trial_quantity';

export const skuRow = (sku: string, over: Partial<Record<string, string | number>> = {}): string => {
  const row: Record<string, string | number> = {
    sku, style: sku.split('-')[0] ?? sku, colour: 'black', size: sku.split('-')[1] ?? 'one', category: 'knitwear', price: 15_900, currency: 'CNY', supplier: 'factory-1', unit_cost: 5_160,
    cost_currency: 'CNY', salvage_value: 1_000, moq: 20, lot_multiple: 10, lead_time_days: 7, daily_capacity: 500, initial_stock: 0, moq_scope: 'sku', size_ratio: 1, stage_days: 'cut:3', confirming_hour: '', trial_quantity: '', ...over,
  };
  return CATALOGUE_HEAD.split(',').map((name) => row[name]).join(',');
};

export async function furnish(r: Running, skus: readonly string[] = ['K1-S', 'K1-M'], over: Partial<Record<string, string | number>> = {}, shop: Record<string, unknown> = {}): Promise<void> {
  const put = await r.call('PUT', '/v1/shops/shop-1', { platform: 'tiktok', timeZone: 'Asia/Shanghai', currency: 'CNY', clock: 'replay', sendSignals: true, ...shop });
  if (put.status >= 300) throw new Error(JSON.stringify(put.body));
  const csv = [CATALOGUE_HEAD, ...skus.map((sku) => skuRow(sku, over)), ''].join('\n');
  const imported = await r.call('POST', '/v1/imports/catalogue', csv, { 'content-type': 'text/csv' });
  if (imported.status !== 202) throw new Error(JSON.stringify(imported.body));
}

export const T0 = Date.parse('2026-11-20T12:00:00Z');
export const iso = (offsetSeconds: number): string => new Date(T0 + offsetSeconds * 1000).toISOString();

let counter = 0;
export const orderEvent = (over: Record<string, unknown> = {}): Record<string, unknown> => {
  counter++;
  return {
    event_id: `e${counter}`, occurred_at: iso(counter), shop: 'shop-1', order_id: `o${counter}`, line_id: '1', sku: 'K1-S', quantity: 1, unit_price: 15_900, currency: 'CNY', type: 'paid', ...over,
  };
};

export const ndjson = (events: readonly unknown[]): string => `${events.map((e) => JSON.stringify(e)).join('\n')}\n`;
export const NDJSON = { 'content-type': 'application/x-ndjson' };
