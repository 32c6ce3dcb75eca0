// Runs a file of past order events through the HTTP API, at a multiple of its own speed or as fast as it goes, resumable, and
// checks at the end that the database holds exactly what was sent.
import { createReadStream, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError, formatOf, readRecords, readRow, type Row } from '../kernel/index.js';
import { checkOrderRow, digestOf, ORDER_COLUMNS, orderEvent } from '../orders/index.js';
import { ApiError, clientOf, type Client } from './client.js';

export interface ReplayOptions {
  readonly orders: string;
  readonly broadcasts?: string | undefined;
  readonly catalogue?: string | undefined;
  readonly to: string;
  readonly key: string;
  /** Event seconds per wall second; Infinity: as fast as it goes. */
  readonly speed: number;
  readonly signals: boolean;
  /** Return cases, taken in as one file once the orders are in. */
  readonly returns: string | undefined;
  /** Where the last acknowledged line is kept, so that an interrupted replay goes on there. */
  readonly progressFile: string;
  readonly report: (line: string) => void;
}

interface Surveyed {
  readonly events: number;
  readonly digestSum: bigint;
  readonly byType: Record<string, { events: number; quantity: number }>;
  readonly currency: string;
}

export interface ReplaySummary {
  readonly lines: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly quarantined: number;
  readonly rejected: number;
  readonly seconds: number;
  readonly spikes: number;
  readonly assessments: number;
  readonly signals: Record<string, number>;
  readonly replies: number;
  readonly shops: readonly { readonly shop: string; readonly sent: number; readonly held: number; readonly equal: boolean }[];
  readonly equal: boolean;
  readonly returns?: { readonly accepted: number; readonly duplicates: number; readonly rejectedCount: number } | undefined;
}

const CHUNK = 4_000;

interface SkuSeen {
  prices: number[];
  currency: string;
}

async function* eventsOf(file: string): AsyncGenerator<{ line: number; row: Row }> {
  const format = formatOf(undefined, file);
  if (format === undefined) throw new DomainError(422, 'unknown-format', `${file}: the name must end in .csv, .ndjson or .json (and .gz)`);
  for await (const record of readRecords(createReadStream(file), format)) {
    const read = 'fault' in record ? undefined : readRow(ORDER_COLUMNS, record.value);
    const fault = 'fault' in record ? record.fault : read !== undefined && 'faults' in read ? read.faults.map((f) => `${f.field}: ${f.detail}`).join('; ') : checkOrderRow((read as { row: Row }).row);
    if (fault !== undefined) throw new DomainError(422, 'bad-line', `${file}:${record.line}: ${fault}`);
    yield { line: record.line, row: (read as { row: Row }).row };
  }
}

/** One pass over the file: what it holds per shop, and what a derived catalogue needs. Memory grows with its SKUs and ids, not with its bytes. */
async function survey(file: string, report: (line: string) => void): Promise<{ shops: Map<string, Surveyed>; skus: Map<string, SkuSeen>; lines: number }> {
  const shops = new Map<string, { events: number; digestSum: bigint; byType: Record<string, { events: number; quantity: number }>; currency: string }>();
  const skus = new Map<string, SkuSeen>();
  const seen = new Set<string>();
  let lines = 0;
  for await (const { row } of eventsOf(file)) {
    lines++;
    if (lines % 100_000 === 0) report(`read ${lines} lines`);
    const shop = String(row['shop']);
    const known = shops.get(shop) ?? { events: 0, digestSum: 0n, byType: {}, currency: '' };
    shops.set(shop, known);
    if (known.currency === '' && row['currency'] !== undefined) known.currency = String(row['currency']);
    const sku = skus.get(String(row['sku'])) ?? { prices: [], currency: '' };
    skus.set(String(row['sku']), sku);
    if (row['unit_price'] !== undefined && sku.prices.length < 101) sku.prices.push(Number(row['unit_price']));
    if (sku.currency === '' && row['currency'] !== undefined) sku.currency = String(row['currency']);
    const id = `${shop}\0${String(row['event_id'])}`;
    if (seen.has(id)) continue;
    seen.add(id);
    known.events++;
    // The service hashes buyers with its own key, so a file that names them is compared by counts and quantities alone.
    known.digestSum += row['buyer'] === undefined ? BigInt(`0x${digestOf(orderEvent(row, () => '')).subarray(0, 6).toString('hex')}`) : -(1n << 80n);
    const type = String(row['type']);
    const sum = (known.byType[type] ??= { events: 0, quantity: 0 });
    sum.events++;
    sum.quantity += Number(row['quantity']);
  }
  return { shops, skus, lines };
}

const csvCell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Terms for SKUs that no catalogue describes; they are made up, and the README and the report say so. */
function derivedCatalogue(skus: ReadonlyMap<string, SkuSeen>, known: ReadonlySet<string>): string | undefined {
  const rows = [...skus].filter(([sku]) => !known.has(sku)).map(([sku, { prices, currency }]) => {
    const price = Math.max(4, [...prices].sort((a, b) => a - b)[Math.floor(prices.length / 2)] ?? 4);
    const cost = Math.floor(price / 2);
    return [sku, sku, 'one', 'one', 'derived', price, currency === '' ? 'USD' : currency, 'derived-supplier', cost, currency === '' ? 'USD' : currency, Math.floor(cost / 4), 48, 12, 7, 2_000, 0].map((c) => csvCell(String(c))).join(',');
  });
  if (rows.length === 0) return undefined;
  return ['sku,style,colour,size,category,price,currency,supplier,unit_cost,cost_currency,salvage_value,moq,lot_multiple,lead_time_days,daily_capacity,initial_stock', ...rows, ''].join('\n');
}

export const DERIVED_TERMS = 'unit cost half the median price, salvage a quarter of the cost, MOQ 48 in lots of 12, lead time 7 days, 2,000 a day, no stock, one supplier "derived-supplier"';

async function prepare(client: Client, options: ReplayOptions, shops: ReadonlyMap<string, Surveyed>, skus: ReadonlyMap<string, SkuSeen>): Promise<void> {
  for (const [shop, { currency }] of shops) {
    const path = `/v1/shops/${encodeURIComponent(shop)}`;
    try {
      const known = await client.call<{ clock: string; sendSignals: boolean; platform: string; timeZone: string; currency: string }>('GET', path);
      if (known.clock === 'live') options.report(`the shop ${shop} exists and is live: its events enter live need, and signals go out`);
      else if (known.sendSignals !== options.signals) await client.call('PUT', path, { platform: known.platform, timeZone: known.timeZone, currency: known.currency, clock: 'replay', sendSignals: options.signals });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      await client.call('PUT', path, { platform: 'replay', timeZone: 'UTC', currency: currency === '' ? 'USD' : currency, clock: 'replay', sendSignals: options.signals });
      options.report(`created the replay shop ${shop}${options.signals ? ', which sends signals' : ' (signals stay in the house; --signals sends them)'}`);
    }
  }
  const upload = async (kind: string, file: string): Promise<void> => {
    const format = formatOf(undefined, file);
    const type = format === 'csv' ? 'text/csv' : format === 'json' ? 'application/json' : 'application/x-ndjson';
    const answer = await client.call<{ accepted: number }>('POST', `/v1/imports/${kind}`, readFileSync(file), { 'content-type': type });
    options.report(`imported ${answer.accepted} rows of ${kind}`);
  };
  if (options.catalogue !== undefined) await upload('catalogue', options.catalogue);
  else {
    const known = new Set<string>();
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { items: { id: string }[]; nextCursor: string | null } = await client.call('GET', `/v1/skus?limit=500${cursor === '' ? '' : `&cursor=${cursor}`}`);
      for (const item of page.items) known.add(item.id);
      cursor = page.nextCursor;
    }
    const csv = derivedCatalogue(skus, known);
    if (csv !== undefined) {
      const answer = await client.call<{ accepted: number }>('POST', '/v1/imports/catalogue', csv, { 'content-type': 'text/csv' });
      options.report(`no catalogue was given: derived one for ${answer.accepted} SKUs (${DERIVED_TERMS})`);
    }
  }
  if (options.broadcasts !== undefined) await upload('broadcasts', options.broadcasts);
}

interface Progress {
  readonly key: string;
  lastLine: number;
}

const identityOf = (options: ReplayOptions): string => createHash('sha256').update(`${options.orders} ${options.to}`).digest('hex').slice(0, 24);

function readProgress(options: ReplayOptions): Progress {
  const key = identityOf(options);
  if (existsSync(options.progressFile)) {
    try {
      const known = JSON.parse(readFileSync(options.progressFile, 'utf8')) as Progress;
      if (known.key === key && Number.isInteger(known.lastLine)) return known;
    } catch {
      // A progress file that cannot be read costs a repeat, which the service recognises.
    }
  }
  return { key, lastLine: 0 };
}

function writeProgress(options: ReplayOptions, progress: Progress): void {
  mkdirSync(dirname(options.progressFile), { recursive: true });
  writeFileSync(`${options.progressFile}.tmp`, JSON.stringify(progress));
  renameSync(`${options.progressFile}.tmp`, options.progressFile);
}

export async function replay(options: ReplayOptions): Promise<ReplaySummary> {
  for (const file of [options.orders, ...(options.returns === undefined ? [] : [options.returns])]) if (!existsSync(file)) throw new DomainError(422, 'no-file', `${file}: no such file`);
  let lastWait = 0;
  const client = clientOf(options.to, options.key, 180_000, (reason) => {
    if (Date.now() - lastWait > 5_000) options.report(`waiting: ${reason}`);
    lastWait = Date.now();
  });
  await client.call('GET', '/v1/session');
  const { shops, skus, lines } = await survey(options.orders, options.report);
  await prepare(client, options, shops, skus);
  const progress = readProgress(options);
  // A database that was emptied meanwhile knows nothing of what was acknowledged: everything is sent again.
  let held = 0;
  for (const shop of shops.keys()) held += (await client.call<{ events: number; quarantined: number }>('GET', `/v1/shops/${encodeURIComponent(shop)}/intake-summary`)).events;
  if (held === 0) progress.lastLine = 0;
  if (progress.lastLine > 0) options.report(`going on after line ${progress.lastLine}`);

  const began = Date.now();
  const sums = { accepted: 0, duplicates: 0, quarantined: 0, rejected: 0 };
  let chunk: string[] = [];
  let chunkLast = 0;
  let sent = 0;
  let firstAt: number | undefined;
  let reported = Date.now();
  const flush = async (): Promise<void> => {
    if (chunk.length === 0) return;
    const answer = await client.call<{ accepted: number; duplicates: number; quarantined: number; rejectedCount: number; rejected: { line: number; detail: string }[] }>(
      'POST', '/v1/order-events/bulk', `${chunk.join('\n')}\n`, { 'content-type': 'application/x-ndjson' });
    sums.accepted += answer.accepted;
    sums.duplicates += answer.duplicates;
    sums.quarantined += answer.quarantined;
    sums.rejected += answer.rejectedCount;
    if (answer.rejectedCount === chunk.length) throw new DomainError(422, 'all-rejected', `every line up to ${chunkLast} was rejected: ${answer.rejected[0]?.detail ?? ''}`);
    for (const r of answer.rejected.slice(0, 3)) options.report(`rejected near line ${chunkLast}: ${r.detail}`);
    sent += chunk.length;
    chunk = [];
    progress.lastLine = chunkLast;
    writeProgress(options, progress);
    if (Date.now() - reported > 2_000) {
      reported = Date.now();
      options.report(`${progress.lastLine} of ${lines} lines (${((100 * progress.lastLine) / Math.max(1, lines)).toFixed(0)} %), ${Math.round((1000 * sent) / (Date.now() - began))} events/s`);
    }
  };
  let position = 0;
  for await (const { row } of eventsOf(options.orders)) {
    position++;
    if (position <= progress.lastLine) continue;
    const at = Number(row['occurred_at']);
    firstAt ??= at;
    if (Number.isFinite(options.speed)) {
      const due = began + (at - firstAt) / options.speed;
      if (due > Date.now() + 200) {
        await flush();
        await sleep(Math.max(0, due - Date.now()));
      }
    }
    chunk.push(JSON.stringify({ ...row, occurred_at: new Date(at).toISOString(), ...(row['ship_by'] === undefined ? {} : { ship_by: new Date(Number(row['ship_by'])).toISOString() }) }));
    chunkLast = position;
    if (chunk.length >= CHUNK) await flush();
  }
  await flush();
  const seconds = (Date.now() - began) / 1000;
  options.report('all lines are in; waiting until everything is assessed');
  const returns = options.returns === undefined ? undefined : await importReturns(client, options.returns, options.report);
  return { ...(await summarise(client, shops, { lines, ...sums, seconds })), ...(returns === undefined ? {} : { returns }) };
}

/** The service knows a case by its id, so a repeat after an interruption is harmless. */
async function importReturns(client: Client, file: string, report: (line: string) => void): Promise<NonNullable<ReplaySummary['returns']>> {
  report('taking the returns in');
  return client.call('POST', '/v1/imports/returns?onError=skip', readFileSync(file), { 'content-type': formatOf(undefined, file) === 'csv' ? 'text/csv' : 'application/x-ndjson' });
}

interface Held {
  readonly events: number;
  readonly digestSum: string;
  readonly byType: Record<string, { events: number; quantity: number }>;
  readonly quarantined: number;
  readonly unassessedStreams: number;
}

async function summarise(client: Client, shops: ReadonlyMap<string, Surveyed>, sums: { lines: number; accepted: number; duplicates: number; quarantined: number; rejected: number; seconds: number }): Promise<ReplaySummary> {
  for (const deadline = Date.now() + 300_000; Date.now() < deadline; await sleep(500)) {
    const ready = await client.call<{ outbox: { due: number } }>('GET', '/health/ready');
    const [shop] = [...shops.keys()];
    const held = shop === undefined ? undefined : await client.call<Held>('GET', `/v1/shops/${encodeURIComponent(shop)}/intake-summary`);
    if (ready.outbox.due === 0 && (held?.unassessedStreams ?? 0) === 0) break;
  }
  const checked = [];
  let [spikes, assessments, replies] = [0, 0, 0];
  const signals: Record<string, number> = {};
  for (const [shop, sent] of shops) {
    const held = await client.call<Held>('GET', `/v1/shops/${encodeURIComponent(shop)}/intake-summary`);
    const sameTypes = Object.entries(sent.byType).every(([type, t]) => held.byType[type]?.events === t.events && held.byType[type].quantity === t.quantity);
    const equal = held.events === sent.events && sameTypes && (sent.digestSum < 0n || String(sent.digestSum) === held.digestSum);
    checked.push({ shop, sent: sent.events, held: held.events, equal });
    const told = await client.call<{ spikes: number; assessments: number; signals: Record<string, number>; replies: number }>('GET', `/v1/shops/${encodeURIComponent(shop)}/outcome`);
    spikes += told.spikes;
    assessments += told.assessments;
    replies += told.replies;
    for (const [status, n] of Object.entries(told.signals)) signals[status] = (signals[status] ?? 0) + n;
  }
  return { ...sums, spikes, assessments, signals, replies, shops: checked, equal: checked.every((c) => c.equal) };
}
