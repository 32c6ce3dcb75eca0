import type { Columns, Row } from '../kernel/offline.js';
import type { CatalogueValues } from './catalogue.repository.js';
import type { MoqScope } from './catalogue.entity.js';

const units = { kind: 'whole', min: 0, max: 1_000_000_000 } as const;
const money = { kind: 'whole', min: 0, max: 1_000_000_000_000 } as const;
const name = { kind: 'name', required: true } as const;

export const CATALOGUE_COLUMNS: Columns = {
  sku: name, style: name, colour: name, size: name, category: name,
  price: { ...money, required: true }, currency: { kind: 'currency', required: true },
  supplier: name, unit_cost: { ...money, required: true }, cost_currency: { kind: 'currency', required: true }, salvage_value: { ...money, required: true },
  moq: { kind: 'whole', min: 1, max: 1_000_000, required: true }, lot_multiple: { kind: 'whole', min: 1, max: 1_000_000, required: true },
  lead_time_days: { kind: 'whole', min: 0, max: 1000, required: true }, daily_capacity: { kind: 'whole', min: 1, max: 1_000_000_000, required: true },
  initial_stock: { ...units, required: true },
  moq_scope: { kind: 'choice', values: ['sku', 'colour', 'style'] }, size_ratio: { kind: 'whole', min: 0, max: 1000 }, trial_quantity: units,
  reorder_premium_bp: { kind: 'whole', min: 0, max: 100_000 }, stage_days: { kind: 'text', max: 200 }, frozen_fence_days: { kind: 'whole', min: 0, max: 1000 },
  confirming_hour: { kind: 'whole', min: 0, max: 23 },
};

export const STAGES = ['greige', 'dyed', 'trims', 'cut', 'sewn', 'finished', 'shipped', 'received'] as const;

/** `cut:2;sewn:4` to {cut: 2, sewn: 4}; undefined where it is no such list. */
export function parseStageDays(text: string): Record<string, number> | undefined {
  const stages: Record<string, number> = {};
  for (const part of text.split(';').map((p) => p.trim()).filter((p) => p !== '')) {
    const m = /^([a-z]+):(\d{1,3})$/.exec(part);
    if (m?.[1] === undefined || !(STAGES as readonly string[]).includes(m[1])) return undefined;
    stages[m[1]] = Number(m[2]);
  }
  return stages;
}

export function checkCatalogueRow(row: Row): string | undefined {
  if (row['stage_days'] !== undefined && parseStageDays(String(row['stage_days'])) === undefined) {
    return `stage_days: must list stages with days since confirmation, such as cut:2;sewn:4 (stages: ${STAGES.join(', ')})`;
  }
  if (row['cost_currency'] === row['currency'] && Number(row['salvage_value']) > Number(row['unit_cost'])) return 'salvage_value: must not exceed unit_cost';
  return undefined;
}

export const catalogueValues = (row: Row): CatalogueValues => ({
  sku: String(row['sku']), style: String(row['style']), colour: String(row['colour']), size: String(row['size']), category: String(row['category']),
  price: Number(row['price']), currency: String(row['currency']), supplier: String(row['supplier']), unit_cost: Number(row['unit_cost']),
  cost_currency: String(row['cost_currency']), salvage_value: Number(row['salvage_value']), moq: Number(row['moq']), lot_multiple: Number(row['lot_multiple']),
  moq_scope: (row['moq_scope'] as MoqScope | undefined) ?? 'sku', lead_time_days: Number(row['lead_time_days']), daily_capacity: Number(row['daily_capacity']),
  frozen_fence_days: Number(row['frozen_fence_days'] ?? 0), confirming_hour: row['confirming_hour'] === undefined ? null : Number(row['confirming_hour']),
  trial_quantity: row['trial_quantity'] === undefined ? null : Number(row['trial_quantity']), reorder_premium_bp: Number(row['reorder_premium_bp'] ?? 0),
  stage_days: row['stage_days'] === undefined ? {} : (parseStageDays(String(row['stage_days'])) ?? {}), size_ratio: Number(row['size_ratio'] ?? 0),
});
