import type { Columns, Row } from '../kernel/offline.js';
import { namedTwice, type Component } from './links.rules.js';

const name = { kind: 'name', required: true } as const;

export const BROADCAST_COLUMNS: Columns = {
  broadcast: name, anchor: name, shop: name, starts_at: { kind: 'instant', required: true }, ends_at: { kind: 'instant', required: true }, sku: name,
  slot_at: { kind: 'instant', required: true }, price: { kind: 'whole', min: 0, max: 1_000_000_000_000, required: true },
  planned_units: { kind: 'whole', min: 0, max: 1_000_000_000, required: true }, promise_days: { kind: 'whole', min: 0, max: 365, required: true },
  link: { kind: 'name' }, components: { kind: 'text', max: 2000 },
};

/** `SKU-A:1;SKU-B:2` to the parts of a link; undefined where it is no such list. */
export function parseComponents(text: string): Component[] | undefined {
  const parts = text.split(';').map((p) => p.trim()).filter((p) => p !== '');
  const list = parts.map((part) => {
    const m = /^(.{1,128}):(\d{1,6})$/.exec(part);
    return m?.[1] === undefined || Number(m[2]) < 1 ? undefined : { sku: m[1].trim(), quantity: Number(m[2]) };
  });
  return list.some((c) => c === undefined) ? undefined : (list as Component[]);
}

export function checkBroadcastRow(row: Row): string | undefined {
  if (Number(row['ends_at']) <= Number(row['starts_at'])) return 'ends_at: must be after starts_at';
  if (row['components'] !== undefined && row['link'] === undefined) return 'components: need a link';
  if (row['components'] === undefined) return undefined;
  const components = parseComponents(String(row['components']));
  if (components === undefined) return 'components: must list SKUs with quantities, such as SKU-A:1;SKU-B:2';
  const twice = namedTwice(components);
  return twice === undefined ? undefined : `components: name the SKU ${twice} twice; give it once with its whole quantity`;
}
