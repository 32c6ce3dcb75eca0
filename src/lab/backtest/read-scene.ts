// A folder of a merchant's own files as a scene: catalogue, orders, and where they are there broadcasts, returns, assumptions.json and
// world.json; CSV or NDJSON, also with .gz.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BROADCAST_COLUMNS, checkBroadcastRow, parseComponents } from '../../broadcasts/offline.js';
import { CATALOGUE_COLUMNS, catalogueValues, checkCatalogueRow } from '../../catalogue/offline.js';
import { groupOf } from '../../forecast/offline.js';
import { DomainError, type Columns, type Row, type TableValue } from '../../kernel/offline.js';
import { broadcastOf, clockStart, kindOf, lineTotals, setAside, stateKey, type Attribute, type LineState } from '../../orders/math/index.js';
import { checkReturnRow, merged, RETURN_COLUMNS, returnRow, VOID, type KnownCase } from '../../returns/offline.js';
import { readInput, readOrders, type Reading } from '../inputs.js';
import { OrderBook, OrderLines } from '../math/order-lines.js';
import { WORLD_FORMAT, type WorldPrior } from '../world/prior.js';
import { DEFAULT_ASSUMPTIONS, parseAssumptions, type Assumptions } from './assumptions.js';
import { DAY_MS, HOUR_MS } from './house.js';
import { chanceOf, patienceOf, type DemandLine, type DemandReturn, type Grade, type LineUpItem, type Scene, type SceneSku } from './scene.js';

const ENDINGS = ['.csv', '.csv.gz', '.ndjson', '.ndjson.gz'];

/** The file of that name in the folder, whatever its ending. */
function fileOf(folder: string, name: string): string | undefined {
  return ENDINGS.map((ending) => join(folder, name + ending)).find((file) => existsSync(file));
}

const rowOf = (columns: Columns, values: readonly TableValue[]): Row => Object.fromEntries(Object.keys(columns).flatMap((name, i) => (values[i] === undefined ? [] : [[name, values[i]]])));

const exponentOf = (currency: string): number => new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;

/** Minor units of the price's currency for one of the cost's, by the latest rate up to `on`; undefined where none is known. */
function rateOf(assumptions: Assumptions, price: string, cost: string, on: string): number | undefined {
  if (price === cost) return 1;
  const dated = assumptions.exchangeRates[`${price}/${cost}`];
  const date = Object.keys(dated ?? {}).filter((d) => d <= on).sort().at(-1);
  if (dated === undefined || date === undefined) return undefined;
  return 10 ** (exponentOf(price) - exponentOf(cost)) / (dated[date] as number);
}

class SceneOrder extends OrderLines {
  /** By line and SKU. */
  readonly cancelled = new Map<string, { at: number; quantity: number }[]>();
}

const KEPT: readonly Attribute[] = ['kind', 'broadcast', 'unitPrice', 'shipBy', 'buyer'];

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface ReadCase {
  known: KnownCase;
  grade: Grade | null;
  receivedAt: number | null;
}

async function readReturns(file: string | undefined, until: number, reading: Reading): Promise<ReadCase[]> {
  const cases = new Map<string, ReadCase>();
  if (file === undefined) {
    reading.report('no file of returns: nothing comes back');
    return [];
  }
  await readInput(file, RETURN_COLUMNS, reading, (values) => {
    const raw = rowOf(RETURN_COLUMNS, values);
    const fault = checkReturnRow(raw);
    if (fault !== undefined) return fault;
    const row: Mutable<ReturnType<typeof returnRow>> = returnRow(raw);
    const { at, ...said } = row.case;
    if (at >= until) return undefined;
    const there = row.receivedAt !== null && row.receivedAt < until;
    if (!there) [row.receivedAt, row.grade] = [null, null];
    const known = cases.get(said.id);
    if (known === undefined) {
      cases.set(said.id, { known: { ...said, requestedAt: at, statusAt: at }, grade: row.grade, receivedAt: row.receivedAt });
      return undefined;
    }
    const now = merged(known.known, { ...said, at });
    if (now.verdict === 'reused') return 'return_id: was used before for another line or quantity (return-id-reused)';
    cases.set(said.id, { known: now.now, grade: row.grade ?? known.grade, receivedAt: row.receivedAt ?? known.receivedAt });
    return undefined;
  });
  return [...cases.values()].filter((c) => !VOID.includes(c.known.status));
}

async function readSkus(file: string, assumptions: Assumptions, reading: Reading): Promise<{ skus: SceneSku[]; index: Map<string, number> }> {
  const index = new Map<string, number>();
  const skus: SceneSku[] = [];
  await readInput(file, CATALOGUE_COLUMNS, reading, (values) => {
    const row = rowOf(CATALOGUE_COLUMNS, values);
    const fault = checkCatalogueRow(row);
    if (fault !== undefined) return fault;
    const v = catalogueValues(row);
    if (index.has(v.sku)) return `sku: ${v.sku} is listed twice`;
    // Files know no time zone of a supplier: UTC.
    const terms = { ...v, supplier_time_zone: 'UTC', standing: 'normal' };
    // A rate of the first day stands for all: costs are compared, not booked.
    const rate = rateOf(assumptions, v.currency, v.cost_currency, '9999-12-31');
    index.set(v.sku, skus.length);
    skus.push({ terms, initialStock: Number(row['initial_stock']), group: groupOf(terms), unitCost: rate === undefined ? null : Math.round(v.unit_cost * rate), salvage: rate === undefined ? 0 : Math.round(v.salvage_value * rate) });
    return undefined;
  });
  const unpriced = skus.filter((s) => s.unitCost === null).length;
  if (unpriced > 0) reading.report(`${unpriced} SKUs cost in another currency than they sell in, and assumptions.json has no rate: nothing is made of them (no-rate)`);
  return { skus, index };
}

async function readItems(file: string | undefined, index: ReadonlyMap<string, number>, reading: Reading): Promise<LineUpItem[]> {
  const items: LineUpItem[] = [];
  if (file === undefined) {
    reading.report('no file of broadcasts: all sales are outside of them');
    return items;
  }
  let unknown = 0;
  await readInput(file, BROADCAST_COLUMNS, reading, (values) => {
    const row = rowOf(BROADCAST_COLUMNS, values);
    const fault = checkBroadcastRow(row);
    if (fault !== undefined) return fault;
    const parts = row['components'] === undefined ? [{ sku: String(row['sku']), quantity: 1 }] : (parseComponents(String(row['components'])) ?? []);
    for (const part of parts) {
      if (!index.has(part.sku)) {
        unknown++;
        continue;
      }
      items.push({
        broadcast: String(row['broadcast']), anchor: String(row['anchor']), shop: String(row['shop']), starts_at: new Date(Number(row['starts_at'])), ends_at: new Date(Number(row['ends_at'])), sku: part.sku,
        slot_at: new Date(Number(row['slot_at'])), promise_days: Number(row['promise_days']), planned_units: part.quantity * Number(row['planned_units']), price: Number(row['price']),
      });
    }
    return undefined;
  });
  if (unknown > 0) reading.report(`${unknown} line-up items of SKUs that are not in the catalogue are left out`);
  return items;
}

function worldPriorOf(file: string, index: ReadonlyMap<string, number>): WorldPrior | undefined {
  if (!existsSync(file)) return undefined;
  let prior: Partial<Record<keyof WorldPrior, unknown>>;
  try {
    prior = JSON.parse(readFileSync(file, 'utf8')) as Partial<Record<keyof WorldPrior, unknown>>;
  } catch (error) {
    throw new DomainError(422, 'bad-world', `${file}: is no JSON: ${(error as Error).message}`);
  }
  if (prior.format !== WORLD_FORMAT || !Array.isArray(prior.items) || !Array.isArray(prior.skus)) throw new DomainError(422, 'bad-world', `${file}: is not of the format ${WORLD_FORMAT}, which castline simulate writes`);
  const told = new Set((prior.skus as WorldPrior['skus']).map((s) => s.sku));
  const missing = [...index.keys()].find((sku) => !told.has(sku));
  if (missing !== undefined) throw new DomainError(422, 'bad-world', `${file}: says nothing of the SKU ${missing} of the catalogue`);
  return prior as unknown as WorldPrior;
}

/** Reads the folder; a bad line stops with file, line, column and reason. `until`: what happened from then on is not known. */
export async function readScene(folder: string, reading: Reading, until = Infinity): Promise<Scene> {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new DomainError(422, 'no-folder', `${folder}: no such folder`);
  const [catalogue, orders] = ['catalogue', 'orders'].map((name) => {
    const file = fileOf(folder, name);
    if (file === undefined) throw new DomainError(422, 'no-file', `${folder}: holds no ${name}.csv (or ${ENDINGS.slice(1).map((e) => name + e).join(', ')})`);
    return file;
  }) as [string, string];
  const assumed = join(folder, 'assumptions.json');
  const assumptions = existsSync(assumed) ? parseAssumptions(assumed, readFileSync(assumed, 'utf8')) : DEFAULT_ASSUMPTIONS;
  const { skus, index } = await readSkus(catalogue, assumptions, reading);
  const items = await readItems(fileOf(folder, 'broadcasts'), index, reading);
  const promises = new Map(items.map((i) => [`${i.broadcast}\0${i.sku}`, i.promise_days]));
  const prior = worldPriorOf(join(folder, 'world.json'), index);
  const book = new OrderBook((shop) => new SceneOrder(shop));
  let [startsAt, endsAt, unknown] = [Infinity, -Infinity, 0];
  await readOrders(orders, reading, (event) => {
    if (event.occurredAt >= until) return;
    if (!index.has(event.sku)) {
      unknown++;
      return;
    }
    // Goods left when they left: what was shipped and delivered then says nothing of when demand was there.
    if (event.type === 'created' || event.type === 'paid' || event.type === 'cancelled') [startsAt, endsAt] = [Math.min(startsAt, event.occurredAt), Math.max(endsAt, event.occurredAt)];
    const order = book.of(event);
    order.fold(event, KEPT);
    if (event.type !== 'cancelled') return;
    const key = stateKey(event);
    const list = order.cancelled.get(key);
    if (list === undefined) order.cancelled.set(key, [{ at: event.occurredAt, quantity: event.quantity }]);
    else list.push({ at: event.occurredAt, quantity: event.quantity });
  });
  if (unknown > 0) reading.report(`${unknown} order events of SKUs that are not in the catalogue are left out`);
  if (startsAt === Infinity) throw new DomainError(422, 'no-orders', `${orders}: holds no order of a SKU of the catalogue${until === Infinity ? '' : ` before ${new Date(until).toISOString()}`}`);
  const cases = await readReturns(fileOf(folder, 'returns'), until, reading);
  const returns = new Map<LineState, ReadCase[]>();
  for (const c of cases) {
    const line = book.find(c.known.shop, c.known.orderId)?.find(c.known.lineId, c.known.sku);
    if (line !== undefined) returns.set(line, [...(returns.get(line) ?? []), c]);
  }
  const lines: DemandLine[] = [];
  for (const [key, order] of book.entries()) {
    const states = order.states();
    const aside = setAside(states);
    for (const s of states) {
      const line = aside.has(stateKey(s)) ? undefined : lineOf(key, s, order, index, promises, returns.get(s) ?? [], assumptions);
      if (line !== undefined) lines.push(line);
    }
  }
  lines.sort((a, b) => a.createdAt - b.createdAt || a.sku - b.sku);
  return { skus, items, lines, startsAt, endsAt: items.reduce((latest, i) => Math.max(latest, i.ends_at.getTime()), endsAt), assumptions, prior };
}

function lineOf(
  key: string, s: LineState, order: SceneOrder, index: ReadonlyMap<string, number>, promises: ReadonlyMap<string, number>, returns: readonly ReadCase[], a: Assumptions,
): DemandLine | undefined {
  const { ordered } = lineTotals(s);
  if (s.countedAt === null || ordered === 0) return undefined;
  const quantity = Math.min(s.paid, ordered);
  const broadcast = broadcastOf(s);
  const paidAt = quantity === 0 ? null : s.paidAt;
  let left = quantity;
  const cancelled = (order.cancelled.get(stateKey(s)) ?? []).sort((x, y) => x.at - y.at).flatMap((c) => {
    const taken = Math.min(left, c.quantity);
    left -= taken;
    return taken === 0 ? [] : [{ at: c.at, quantity: taken }];
  });
  const promise = promises.get(`${broadcast}\0${s.sku}`) ?? a.shipWithinDays;
  return {
    sku: index.get(s.sku) as number, broadcast, createdAt: s.countedAt, paidAt, ordered, quantity, unitPrice: Number(s.attributes.unitPrice?.[0] ?? 0), sale: kindOf(s) === 'sale',
    shipBy: Number(s.attributes.shipBy?.[0] ?? (paidAt ?? s.countedAt) + promise * DAY_MS), buyer: String(s.attributes.buyer?.[0] ?? ''), cancelled,
    returns: paidAt === null ? [] : returnsOf(s, returns, left, a), patience: patienceOf(key, a.patienceDays),
  };
}

function returnsOf(s: LineState, cases: readonly ReadCase[], sold: number, a: Assumptions): DemandReturn[] {
  const start = clockStart(s);
  // Where the file knows of no shipment, a return's time counts from the payment: packing and transit are taken out of it.
  const known = s.deliveredAt !== null || (s.shippedAt ?? null) !== null;
  const before = known ? 0 : a.packHours * HOUR_MS + a.transitDays * DAY_MS;
  let left = sold;
  return [...cases].sort((x, y) => x.known.requestedAt - y.known.requestedAt).flatMap(({ known: c, grade, receivedAt }): DemandReturn[] => {
    const quantity = Math.min(left, c.quantity);
    left -= quantity;
    if (quantity === 0 || start === null) return [];
    return [{
      kind: c.kind === 'exchange' ? 'return' : c.kind, quantity, lag: Math.max(0, c.requestedAt - start - before), underWay: receivedAt === null ? a.returnTransitDays * DAY_MS : Math.max(0, receivedAt - c.requestedAt),
      grade: c.kind === 'failed-delivery' ? 'A' : (grade ?? (chanceOf(c.id) < a.usable ? 'A' : 'C')),
    }];
  });
}
