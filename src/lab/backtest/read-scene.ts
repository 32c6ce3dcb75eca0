// A folder of a merchant's own files as a scene: catalogue, orders, and where they are there broadcasts, returns, assumptions.json and
// world.json; CSV or NDJSON, also with .gz.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BROADCAST_COLUMNS, checkBroadcastRow, parseComponents } from '../../broadcasts/offline.js';
import { CATALOGUE_COLUMNS, catalogueValues, checkCatalogueRow } from '../../catalogue/offline.js';
import { groupOf } from '../../forecast/offline.js';
import { DomainError, exponentOf, type Columns, type Row, type TableValue } from '../../kernel/offline.js';
import { broadcastOf, clockStart, kindOf, setAside, stateKey, type Attribute, type LineState } from '../../orders/math/index.js';
import { checkReturnRow, merged, RETURN_COLUMNS, returnRow, VOID, type KnownCase } from '../../returns/offline.js';
import { readInput, readOrders, type Reading } from '../inputs.js';
import { OrderBook, OrderLines } from '../math/order-lines.js';
import { WORLD_FORMAT, type WorldPrior } from '../world/prior.js';
import { DEFAULT_ASSUMPTIONS, parseAssumptions, type Assumptions } from './assumptions.js';
import { DAY_MS, HOUR_MS } from './clock.js';
import { chanceOf, patienceOf, type DemandLine, type DemandReturn, type Grade, type LineUpItem, type Scene, type SceneSku } from './scene.js';

const ENDINGS = ['.csv', '.csv.gz', '.ndjson', '.ndjson.gz'];

/** The file of that name in the folder, whatever its ending. */
function fileOf(folder: string, name: string): string | undefined {
  return ENDINGS.map((ending) => join(folder, name + ending)).find((file) => existsSync(file));
}

const rowOf = (columns: Columns, values: readonly TableValue[]): Row => Object.fromEntries(Object.keys(columns).flatMap((name, i) => (values[i] === undefined ? [] : [[name, values[i]]])));

/** Minor units of the price's currency for one of the cost's, by the latest rate up to `on`; undefined where none is known. */
function rateOf(assumptions: Assumptions, price: string, cost: string, on: string): number | undefined {
  if (price === cost) return 1;
  const dated = assumptions.exchangeRates[`${price}/${cost}`];
  const date = Object.keys(dated ?? {}).filter((d) => d <= on).sort().at(-1);
  if (dated === undefined || date === undefined) return undefined;
  return 10 ** (exponentOf(price) - exponentOf(cost)) / (dated[date] as number);
}

interface Increment {
  readonly at: number;
  readonly type: 'created' | 'paid' | 'cancelled';
  readonly quantity: number;
}

class SceneOrder extends OrderLines {
  /** What was added to each line, by line and SKU: what is ordered or paid later is not known before. */
  readonly increments = new Map<string, Increment[]>();
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

async function readSkus(file: string, reading: Reading): Promise<{ skus: SceneSku[]; index: Map<string, number> }> {
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
    const [other] = skus;
    if (other !== undefined && other.terms.currency !== v.currency) return `currency: is ${v.currency} where other SKUs sell in ${other.terms.currency}; profits of several currencies do not add up`;
    index.set(v.sku, skus.length);
    skus.push({ terms, initialStock: Number(row['initial_stock']), group: groupOf(terms), unitCost: null, salvage: 0 });
    return undefined;
  });
  return { skus: withOneMinimum(skus, reading), index };
}

/** MOQ and lots bind a group, so its SKUs have the same: those of the first. */
function withOneMinimum(skus: readonly SceneSku[], reading: Reading): SceneSku[] {
  const first = new Map<string, SceneSku>();
  const differing = new Set<string>();
  const same = skus.map((s) => {
    const key = `${s.terms.supplier ?? ''}\0${s.group}`;
    const head = first.get(key) ?? s;
    first.set(key, head);
    const { moq, lot_multiple } = head.terms;
    if (s.terms.moq !== moq || s.terms.lot_multiple !== lot_multiple) differing.add(s.group);
    return { ...s, terms: { ...s.terms, moq, lot_multiple } };
  });
  if (differing.size > 0) reading.report(`${differing.size} groups name several MOQs or lot multiples (${[...differing][0] as string} is one): those of their first SKU bind`);
  return same;
}

/** Costs in the currency of the price, at the rate in force when the play begins. */
function priced(skus: readonly SceneSku[], assumptions: Assumptions, date: string, reading: Reading): SceneSku[] {
  const all = skus.map((s) => {
    const { currency, cost_currency, unit_cost, salvage_value } = s.terms;
    const rate = rateOf(assumptions, currency, cost_currency, date);
    return { ...s, unitCost: rate === undefined ? null : Math.round(unit_cost * rate), salvage: rate === undefined ? 0 : Math.round(salvage_value * rate) };
  });
  const unpriced = all.filter((s) => s.unitCost === null).length;
  if (unpriced > 0) reading.report(`${unpriced} SKUs cost in another currency than they sell in, and assumptions.json has no rate for ${date}: nothing is made of them (no-rate)`);
  return all;
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

function worldPriorOf(file: string, index: ReadonlyMap<string, number>, reading: Reading): WorldPrior | undefined {
  if (!existsSync(file)) return undefined;
  let prior: Partial<Record<keyof WorldPrior, unknown>>;
  try {
    prior = JSON.parse(readFileSync(file, 'utf8')) as Partial<Record<keyof WorldPrior, unknown>>;
  } catch (error) {
    throw new DomainError(422, 'bad-world', `${file}: is no JSON: ${(error as Error).message}`);
  }
  if (prior.format !== WORLD_FORMAT || !Array.isArray(prior.items) || !Array.isArray(prior.skus) || typeof prior.parameters !== 'object' || prior.parameters === null) throw new DomainError(422, 'bad-world', `${file}: is not of the format ${WORLD_FORMAT}, which castline simulate writes`);
  const told = new Set((prior.skus as WorldPrior['skus']).map((s) => s.sku));
  const missing = [...index.keys()].find((sku) => !told.has(sku));
  if (missing !== undefined) {
    reading.report(`${file}: says nothing of the SKU ${missing} of the catalogue, so nobody knows how this world was made`);
    return undefined;
  }
  return prior as unknown as WorldPrior;
}

/** Reads the folder; a bad line stops with file, line, column and reason. `until`: what happened from then on is not known; `withPrior`: world.json is wanted. */
export async function readScene(folder: string, reading: Reading, options: { readonly until?: number; readonly withPrior?: boolean } = {}): Promise<Scene> {
  const { until = Infinity, withPrior = true } = options;
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new DomainError(422, 'no-folder', `${folder}: no such folder`);
  const [catalogue, orders] = ['catalogue', 'orders'].map((name) => {
    const file = fileOf(folder, name);
    if (file === undefined) throw new DomainError(422, 'no-file', `${folder}: holds no ${name}.csv (or ${ENDINGS.slice(1).map((e) => name + e).join(', ')})`);
    return file;
  }) as [string, string];
  const assumed = join(folder, 'assumptions.json');
  const assumptions = existsSync(assumed) ? parseAssumptions(assumed, readFileSync(assumed, 'utf8')) : DEFAULT_ASSUMPTIONS;
  const { skus, index } = await readSkus(catalogue, reading);
  const items = await readItems(fileOf(folder, 'broadcasts'), index, reading);
  const promises = new Map(items.map((i) => [`${i.broadcast}\0${i.sku}`, i.promise_days]));
  const prior = withPrior ? worldPriorOf(join(folder, 'world.json'), index, reading) : undefined;
  const book = new OrderBook((shop, store) => new SceneOrder(shop, store));
  let [startsAt, endsAt, unknown] = [Infinity, -Infinity, 0];
  await readOrders(orders, reading, (event) => {
    if (event.occurredAt >= until) return;
    if (!index.has(event.sku)) {
      unknown++;
      return;
    }
    // Goods left when they left: what was shipped and delivered then says nothing of when demand was there.
    const order = book.of(event);
    order.fold(event, KEPT);
    if (event.type === 'shipped' || event.type === 'delivered') return;
    [startsAt, endsAt] = [Math.min(startsAt, event.occurredAt), Math.max(endsAt, event.occurredAt)];
    const key = stateKey(event);
    const increment = { at: event.occurredAt, type: event.type, quantity: event.quantity };
    const list = order.increments.get(key);
    if (list === undefined) order.increments.set(key, [increment]);
    else list.push(increment);
  });
  if (unknown > 0) reading.report(`${unknown} order events of SKUs that are not in the catalogue are left out`);
  if (startsAt === Infinity && until === Infinity) throw new DomainError(422, 'no-orders', `${orders}: holds no order of a SKU of the catalogue`);
  // A plan may be asked for before the first order: shows are known then, and stock.
  if (startsAt === Infinity) [startsAt, endsAt] = [until, until];
  const cases = await readReturns(fileOf(folder, 'returns'), until, reading);
  const returns = new Map<number, ReadCase[]>();
  for (const c of cases) {
    const place = book.find(c.known.shop, c.known.orderId)?.placeOf(c.known.lineId, c.known.sku);
    if (place !== undefined) returns.set(place, [...(returns.get(place) ?? []), c]);
  }
  const lines: DemandLine[] = [];
  for (const [key, order] of book.entries()) {
    const states = order.states();
    const aside = setAside(states);
    for (const s of states) {
      if (!aside.has(stateKey(s))) lines.push(...linesOf(key, s, order.increments.get(stateKey(s)) ?? [], index, promises, returns.get(s.place) ?? [], assumptions));
    }
  }
  lines.sort((a, b) => a.createdAt - b.createdAt || a.sku - b.sku);
  return { skus: priced(skus, assumptions, new Date(startsAt).toISOString().slice(0, 10), reading), items, lines, startsAt, endsAt: items.reduce((latest, i) => Math.max(latest, i.ends_at.getTime()), endsAt), assumptions, prior };
}

/** A part of a line that was paid at once, or never. */
interface Part {
  readonly createdAt: number;
  readonly paidAt: number | null;
  readonly quantity: number;
  readonly cancelled: { at: number; quantity: number }[];
}

/**
 * A line by its payments. Units are paid in the order in which they were created; what is cancelled takes unpaid units first, then
 * those that were paid last (contracts of order lines: net paid = min(Σ paid, ordered − Σ cancelled)).
 */
export function partsOf(increments: readonly Increment[]): Part[] {
  const sorted = [...increments].sort((a, b) => a.at - b.at);
  const created = sorted.filter((x) => x.type === 'created').map((x) => ({ at: x.at, left: x.quantity }));
  const paid: Part[] = [];
  for (const x of sorted) {
    if (x.type !== 'paid') continue;
    const first = created.find((c) => c.left > 0);
    let left = x.quantity;
    for (const c of created) {
      const taken = Math.min(left, c.left);
      c.left -= taken;
      left -= taken;
    }
    paid.push({ createdAt: Math.min(x.at, first?.at ?? x.at), paidAt: x.at, quantity: x.quantity, cancelled: [] });
  }
  const unpaid = created.filter((c) => c.left > 0).map((c): Part => ({ createdAt: c.at, paidAt: null, quantity: c.left, cancelled: [] }));
  let spared = unpaid.reduce((s, u) => s + u.quantity, 0);
  const kept = paid.map((p) => p.quantity);
  for (const x of sorted) {
    if (x.type !== 'cancelled') continue;
    let left = x.quantity - Math.min(spared, x.quantity);
    spared -= Math.min(spared, x.quantity);
    for (let i = paid.length - 1; i >= 0 && left > 0; i--) {
      const taken = Math.min(left, kept[i] as number);
      if (taken === 0) continue;
      const part = paid[i] as Part;
      part.cancelled.push({ at: Math.max(x.at, part.paidAt as number), quantity: taken });
      kept[i] = (kept[i] as number) - taken;
      left -= taken;
    }
  }
  return [...paid, ...unpaid];
}

function linesOf(
  key: string, s: LineState, increments: readonly Increment[], index: ReadonlyMap<string, number>, promises: ReadonlyMap<string, number>, returns: readonly ReadCase[], a: Assumptions,
): DemandLine[] {
  const broadcast = broadcastOf(s);
  const promise = promises.get(`${broadcast}\0${s.sku}`) ?? a.shipWithinDays;
  let back = [...returns].sort((x, y) => x.known.requestedAt - y.known.requestedAt).map((c) => ({ case: c, left: c.known.quantity }));
  return partsOf(increments).map((part): DemandLine => {
    const { createdAt, paidAt, quantity } = part;
    const cancelled = part.cancelled.sort((x, y) => x.at - y.at);
    const sold = paidAt === null ? 0 : quantity - cancelled.reduce((sum, c) => sum + c.quantity, 0);
    const own = returnsOf(s, back, sold, a);
    back = own.left;
    return {
      sku: index.get(s.sku) as number, broadcast, createdAt, paidAt, ordered: quantity, quantity: paidAt === null ? 0 : quantity, unitPrice: Number(s.attributes.unitPrice?.[0] ?? 0), sale: kindOf(s) === 'sale',
      shipBy: Number(s.attributes.shipBy?.[0] ?? (paidAt ?? createdAt) + promise * DAY_MS), buyer: String(s.attributes.buyer?.[0] ?? ''), cancelled, returns: own.returns, patience: patienceOf(key, a.patienceDays),
    };
  });
}

type Waiting = { readonly case: ReadCase; readonly left: number }[];

/** The returns of the next `sold` units of a line, and what is left for those after them. */
function returnsOf(s: LineState, waiting: Waiting, sold: number, a: Assumptions): { readonly returns: DemandReturn[]; readonly left: Waiting } {
  const start = clockStart(s);
  if (start === null || sold === 0) return { returns: [], left: waiting };
  // Where the file knows of no shipment, a return's time counts from the payment: packing and transit are taken out of it.
  const known = s.deliveredAt !== null || (s.shippedAt ?? null) !== null;
  const before = known ? 0 : a.packHours * HOUR_MS + a.transitDays * DAY_MS;
  let left = sold;
  const returns: DemandReturn[] = [];
  const later = waiting.flatMap((w) => {
    const { known: c, grade, receivedAt } = w.case;
    const quantity = Math.min(left, w.left);
    left -= quantity;
    if (quantity > 0) {
      returns.push({
        kind: c.kind === 'exchange' ? 'return' : c.kind, quantity, lag: Math.max(0, c.requestedAt - start - before), underWay: receivedAt === null ? a.returnTransitDays * DAY_MS : Math.max(0, receivedAt - c.requestedAt),
        grade: c.kind === 'failed-delivery' ? 'A' : (grade ?? (chanceOf(c.id) < a.usable ? 'A' : 'C')),
      });
    }
    return w.left > quantity ? [{ ...w, left: w.left - quantity }] : [];
  });
  return { returns, left: later };
}
