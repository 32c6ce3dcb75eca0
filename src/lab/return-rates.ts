// `castline return-rates`: how much of what was sold comes back in the end, from files.
import { CATALOGUE_COLUMNS, checkCatalogueRow } from '../catalogue/offline.js';
import { DomainError, type Columns, type Row, type TableValue } from '../kernel/offline.js';
import { checkReturnRow, merged, RETURN_COLUMNS, returnRow, VOID, type KnownCase } from '../returns/offline.js';
import { ratesByKey } from '../returns/math/index.js';
import { checkInputs, readInput, readOrders, type Reading } from './inputs.js';
import { SalesBook, type KeyBy, type Place } from './math/sales.js';

export const KINDS = { return: ['return', 'exchange'], 'failed-delivery': ['failed-delivery'], 'refund-only': ['refund-only'] } as const;

export interface RateOptions {
  readonly asOf: number;
  readonly by: KeyBy;
  readonly horizonDays: number;
  readonly level: number;
  readonly kind: keyof typeof KINDS;
}

export interface RateFiles {
  readonly orders: string;
  readonly returns: string;
  readonly catalogue?: string | undefined;
}

const rowsOf = (columns: Columns): ((values: readonly TableValue[]) => Row) => {
  const names = Object.keys(columns);
  const empty: Record<string, TableValue> = Object.fromEntries(names.map((name) => [name, undefined]));
  return (values) => {
    // One shape for all rows: making each name by name would take longer than reading the file.
    const row = { ...empty };
    for (let i = 0; i < names.length; i++) row[names[i] as string] = values[i];
    return row;
  };
};

/** Cases as they stood at `asOf`, each id once; what was said of them later is not known yet. */
async function readCases(file: string, asOf: number, reading: Reading): Promise<KnownCase[]> {
  const cases = new Map<string, KnownCase>();
  const rowOf = rowsOf(RETURN_COLUMNS);
  const lines = await readInput(file, RETURN_COLUMNS, reading, (values) => {
    const row = rowOf(values);
    const fault = checkReturnRow(row);
    if (fault !== undefined) return fault;
    const said = returnRow(row).case;
    if (said.at >= asOf) return undefined;
    const known = cases.get(said.id);
    if (known === undefined) {
      cases.set(said.id, { ...said, requestedAt: said.at, statusAt: said.at });
      return undefined;
    }
    const now = merged(known, said);
    if (now.verdict === 'reused') return 'return_id: was used before for another line or quantity (return-id-reused)';
    cases.set(said.id, now.now);
    return undefined;
  });
  reading.report(`${file === '-' ? 'stdin' : file}: ${lines} messages about ${cases.size} returns before the moment asked for`);
  return [...cases.values()];
}

async function readPlaces(file: string, reading: Reading): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  const rowOf = rowsOf(CATALOGUE_COLUMNS);
  await readInput(file, CATALOGUE_COLUMNS, reading, (values) => {
    const row = rowOf(values);
    const fault = checkCatalogueRow(row);
    if (fault === undefined) places.set(String(row['sku']), { size: String(row['size']), supplier: String(row['supplier']) });
    return fault;
  });
  return places;
}

/** Writes one line per key, in the order of the keys; answers how many. */
export async function returnRates(files: RateFiles, options: RateOptions, reading: Reading, write: (line: object) => void): Promise<number> {
  checkInputs([files.orders, files.returns, files.catalogue]);
  if (options.by === 'size' && files.catalogue === undefined) throw new DomainError(422, 'no-catalogue', 'the size of a SKU comes from the catalogue: name it with --catalogue');
  const places = files.catalogue === undefined ? new Map<string, Place>() : await readPlaces(files.catalogue, reading);
  const book = new SalesBook(options.by, places);
  await readOrders(files.orders, reading, (event) => {
    if (event.occurredAt < options.asOf) book.add(event);
  });
  const kinds: readonly string[] = KINDS[options.kind];
  const cases = (await readCases(files.returns, options.asOf, reading)).filter((c) => kinds.includes(c.kind) && !VOID.includes(c.status));
  const { cohorts, unmatched } = book.cohorts(cases, options.asOf, options.horizonDays);
  if (unmatched > 0) reading.report(`${unmatched} returns are of no line that was sold before the moment asked for; they do not count`);
  const rateOf = ratesByKey(cohorts, options.horizonDays, options.level);
  const keys = [...cohorts.keys()].sort((a, b) => (a < b ? -1 : 1));
  for (const key of keys) write({ key, ...rateOf(key) });
  return keys.length;
}
