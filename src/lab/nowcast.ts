// `castline nowcast`: what running broadcasts will have sold of each SKU of their line-ups, from files.
import { BROADCAST_COLUMNS, checkBroadcastRow } from '../broadcasts/offline.js';
import { CATALOGUE_COLUMNS, checkCatalogueRow } from '../catalogue/offline.js';
import type { Columns, Row, TableValue } from '../kernel/offline.js';
import { Identities } from './identities.js';
import { checkInputs, readInput, readOrders, type Reading } from './inputs.js';
import { BroadcastSales, nowcasts, type PlannedBroadcast } from './math/index.js';

export interface NowcastFiles {
  readonly history: string;
  readonly live: string;
  readonly broadcasts: string;
  readonly catalogue?: string | undefined;
}

export interface NowcastOptions {
  /** ms: nothing later is known. */
  readonly at: number;
  /** Ascending. */
  readonly levels: readonly number[];
}

const rowOf = (columns: Columns, values: readonly TableValue[]): Row => Object.fromEntries(Object.keys(columns).flatMap((name, i) => (values[i] === undefined ? [] : [[name, values[i]]])));

/** Broadcasts with their line-ups, in the order of the file; what a row says of its broadcast must be what the first one said. */
export async function readBroadcasts(file: string, reading: Reading): Promise<Map<string, PlannedBroadcast>> {
  const broadcasts = new Map<string, PlannedBroadcast & { rows: { sku: string; slotAt: number; price: number; plannedUnits: number }[] }>();
  await readInput(file, BROADCAST_COLUMNS, reading, (values) => {
    const row = rowOf(BROADCAST_COLUMNS, values);
    const fault = checkBroadcastRow(row);
    if (fault !== undefined) return fault;
    const broadcast = String(row['broadcast']);
    const air = { startsAt: Number(row['starts_at']), endsAt: Number(row['ends_at']) };
    const known = broadcasts.get(broadcast) ?? { broadcast, anchor: String(row['anchor']), air, rows: [] };
    if (known.air.startsAt !== air.startsAt || known.air.endsAt !== air.endsAt) return 'starts_at: differs, or ends_at does, from an earlier row of the same broadcast';
    known.rows.push({ sku: String(row['sku']), slotAt: Number(row['slot_at']), price: Number(row['price']), plannedUnits: Number(row['planned_units']) });
    broadcasts.set(broadcast, known);
    return undefined;
  });
  return broadcasts;
}

async function readCategories(file: string, reading: Reading): Promise<Map<string, string>> {
  const categories = new Map<string, string>();
  await readInput(file, CATALOGUE_COLUMNS, reading, (values) => {
    const row = rowOf(CATALOGUE_COLUMNS, values);
    const fault = checkCatalogueRow(row);
    if (fault === undefined) categories.set(String(row['sku']), String(row['category']));
    return fault;
  });
  return categories;
}

/** Writes one line per (broadcast, SKU) on air; answers how many. */
export async function nowcast(files: NowcastFiles, options: NowcastOptions, reading: Reading, write: (line: object) => void): Promise<number> {
  checkInputs([files.history, files.live, files.broadcasts, files.catalogue]);
  const { at, levels } = options;
  const planned = await readBroadcasts(files.broadcasts, reading);
  const categories = files.catalogue === undefined ? new Map<string, string>() : await readCategories(files.catalogue, reading);
  const book = new BroadcastSales();
  // One file may be history and live at once, or two may overlap: an event counts once over both.
  const identities = new Identities();
  for (const file of [files.history, files.live]) {
    await readOrders(file, reading, (event) => {
      if (event.occurredAt <= at) book.add(event);
    }, identities);
  }
  const found = nowcasts({ at, sales: book.byBroadcast(), planned, categories }, levels);
  for (const n of found) write({ broadcast: n.broadcast, sku: n.sku, observed: n.observed, quantiles: Object.fromEntries(levels.map((level, i) => [String(level), n.quantiles[i]])) });
  reading.report(found.length === 0 ? `no broadcast of ${files.broadcasts} is on air at ${new Date(at).toISOString()}` : `${found.length} SKUs on air`);
  return found.length;
}
