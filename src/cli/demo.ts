// The demo: the whole service, three simulated factories and a simulated broadcast on this machine. It keeps its story in its
// data folder: killed in the middle, the next start goes on and nothing is counted twice; told to the end, the next is new.
import 'reflect-metadata';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startService, type Service } from '../app.js';
import { configureLog, discardEmbedded, projectRoot, randomSecret, readConfiguration } from '../kernel/index.js';
import { ApiError, clientOf, demoWorld, follow, openFactory, type Client, type DemoWorld, type SimulatedFactory } from '../lab/index.js';

const SEED = 20_261_111;
/** Event seconds per wall second while the anchor is on air, and before and after. */
const LIVE_SPEED = 150;
const QUIET_SPEED = 14_400;
const BATCH_MS = 400;

interface Story {
  readonly startsAt: number;
  readonly adminKey: string;
  readonly password: string;
  told: boolean;
}

interface Told {
  spikes: Set<string>;
  signals: Map<string, string>;
  applied: Set<string>;
  countered: number;
  expired: Set<string>;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const clock = (at: number | string): string => new Date(at).toISOString().slice(11, 19);

async function openStory(folder: string): Promise<{ story: Story; resumed: boolean }> {
  const file = join(folder, 'story.json');
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Story) : undefined;
  if (known !== undefined && !known.told) return { story: known, resumed: true };
  if (!(await discardEmbedded(folder))) throw new Error(`another demo is running in ${folder}; end it first`);
  // 20:00 in Shanghai of yesterday: the morning after has passed too.
  const startsAt = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 12 * 3_600_000;
  const story: Story = { startsAt, adminKey: `demo-${randomSecret()}`, password: randomSecret(9), told: false };
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify(story), { mode: 0o600 });
  return { story, resumed: false };
}

/** Creates what exists already only once: a repeat after a crash finds it there. */
async function ensure<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) return undefined;
    throw error;
  }
}

/** Answers the API key of each factory and of the warehouse. */
async function furnish(api: Client, world: DemoWorld, story: Story, factories: ReadonlyMap<string, SimulatedFactory>): Promise<ReadonlyMap<string, string>> {
  const keys = new Map<string, string>();
  for (const [id, factory] of factories) {
    await ensure(api.call('POST', '/v1/suppliers', { id, name: `${id} (simulated)`, timeZone: 'Asia/Shanghai' }));
    await api.call('PATCH', `/v1/suppliers/${id}`, { webhookUrl: factory.url });
    const { webhookSecret } = await api.call<{ webhookSecret: string }>('POST', `/v1/suppliers/${id}/secret`);
    const { key } = await api.call<{ key: string }>('POST', '/v1/api-keys', { name: `${id} demo`, role: 'factory', supplier: id });
    factory.equip(webhookSecret, key);
    keys.set(id, key);
  }
  keys.set('warehouse', (await api.call<{ key: string }>('POST', '/v1/api-keys', { name: 'warehouse demo', role: 'warehouse' })).key);
  await api.call('PUT', `/v1/shops/${world.shop}`, { platform: 'tiktok', timeZone: 'Asia/Shanghai', currency: 'CNY', clock: 'replay', sendSignals: true });
  await api.call('POST', '/v1/imports/catalogue', world.catalogueCsv, { 'content-type': 'text/csv' });
  await api.call('POST', '/v1/imports/broadcasts', world.broadcastsCsv, { 'content-type': 'text/csv' });
  await ensure(api.call('POST', '/v1/users', { name: 'operator', role: 'operator', password: story.password }));
  return keys;
}

type Line = { sku: string; quantity: number; quantityBefore: number; due: string };
const lineText = (lines: readonly Line[]): string => lines.map((l) => `${l.sku} ${l.quantityBefore > 0 ? `${l.quantityBefore} → ` : ''}${l.quantity}`).join(', ');

/** Prints what happens, and acts as the buyer who takes what a factory counters. */
function narrate(api: Client, told: Told): (name: string, data: Record<string, unknown>) => void {
  const signal = (id: unknown) => api.call<{ lines: Line[]; commitment: string; kind: string; reply: { lines?: { lineId: string; splits?: { quantity: number; date: string }[] }[] } | null }>('GET', `/v1/signals/${String(id)}`);
  const handle = async (name: string, data: Record<string, unknown>): Promise<void> => {
    if (name === 'forecast.spike-detected') {
      told.spikes.add(String(data['sku']));
      say(`  ${clock(String(data['detectedAt']))}  spike     ${String(data['sku'])}: ${Number(data['orders'])} orders where ${Number(data['expectedOrders']).toFixed(1)} were expected (×${Number(data['ratio']).toFixed(0)})`);
    } else if (name === 'production.signal-issued') {
      const s = await signal(data['signal']);
      for (const l of s.lines) told.signals.set(l.sku, String(data['supplier']));
      say(`  signal    ${String(data['supplier'])} ← ${String(data['kind'])} v${Number(data['version'])}, ${String(data['commitment'])}: ${lineText(s.lines)}`);
    } else if (name === 'production.signal-answered') {
      say(`  reply     ${String(data['supplier'])} → ${String(data['verdict'])}${data['commitment'] === 'firm' ? '' : ` (of a heads-up: ${String(data['commitment'])})`}`);
      if (data['verdict'] !== 'counter') return;
      const s = await signal(data['signal']);
      say(`  counter   ${(s.reply?.lines ?? []).map((l) => `${l.lineId}: ${(l.splits ?? []).map((x) => `${x.quantity} by ${x.date}`).join(' + ')}`).join('; ')}`);
      await api.call('POST', `/v1/signals/${String(data['signal'])}/decision`, { version: data['version'], verdict: 'accept' });
      told.countered++;
      say(`  decision  the buyer accepts the split dates`);
    } else if (name === 'production.adjustment-applied') {
      told.applied.add(String(data['supplier']));
      say(`  confirmed ${String(data['supplier'])}: ${String(data['kind'])} is in force on ${String(data['productionOrder'])}`);
    } else if (name === 'production.adjustment-ended') {
      if (data['status'] === 'expired') told.expired.add(String(data['supplier']));
      say(`  ended     ${String(data['supplier'])}: ${String(data['kind'])} ${String(data['status'])}`);
    }
  };
  let queue = Promise.resolve();
  return (name, data) => {
    queue = queue.then(() => handle(name, data)).catch((error: unknown) => say(`  (could not tell: ${(error as Error).message})`));
  };
}

async function broadcast(api: Client, world: DemoWorld): Promise<{ accepted: number; duplicates: number }> {
  const sums = { accepted: 0, duplicates: 0 };
  let next = 0;
  let at = world.events[0]?.at ?? world.startsAt;
  let phase = '';
  while (next < world.events.length) {
    const live = at >= world.startsAt && at < world.endsAt + 5 * 60_000;
    const name = at < world.startsAt ? 'two quiet days before the show' : live ? 'on air: anchor-lin, broadcast B0001, 12 SKUs in 4 styles' : 'the show is over: the night, and the morning after';
    if (name !== phase) say(`\n${clock(at)}  ${name}`);
    phase = name;
    let until = at + BATCH_MS * (live ? LIVE_SPEED : QUIET_SPEED);
    // Quiet time never skips into the show.
    if (at < world.startsAt) until = Math.min(until, world.startsAt);
    const batch: string[] = [];
    while (next < world.events.length && (world.events[next]?.at ?? 0) < until) batch.push(JSON.stringify(world.events[next++]?.body));
    if (batch.length > 0) {
      const answer = await api.call<{ accepted: number; duplicates: number; quarantined: number; rejectedCount: number }>('POST', '/v1/order-events/bulk', `${batch.join('\n')}\n`, { 'content-type': 'application/x-ndjson' });
      sums.accepted += answer.accepted;
      sums.duplicates += answer.duplicates;
      if (answer.quarantined + answer.rejectedCount > 0) throw new Error(`${answer.quarantined} events were quarantined, ${answer.rejectedCount} rejected`);
      if (live && batch.length > 150) say(`  ${clock(until)}  orders    ${batch.length} events in the last ${Math.round((BATCH_MS * LIVE_SPEED) / 1000)} s of the show`);
    }
    at = until;
    await sleep(BATCH_MS);
  }
  return sums;
}

type OrderLine = { lineId: string; sku: string; quantity: number; splits: { quantity: number; date: string }[] };
type Order = { id: string; supplier: string; status: string; lines: OrderLine[] };
type Stock = { onHand: number; reserved: number; available: number; waiting: number; claimed: number };

const stockOf = (api: Client, sku: string): Promise<Stock> => api.call<Stock>('GET', `/v1/skus/${sku}/availability?world=replay`);
const units = (lines: readonly { quantity: number }[]): number => lines.reduce((s, l) => s + l.quantity, 0);

/** Days later: factories report what they cut and shipped, the warehouse books the lots, and the orders that wait get their units. */
async function madeAndReceived(url: string, api: Client, keys: ReadonlyMap<string, string>): Promise<void> {
  const { items } = await api.call<{ items: Order[] }>('GET', '/v1/production-orders?limit=500');
  say('\nthe days after: factories cut and ship, the warehouse books the lots');
  const warehouse = clientOf(url, keys.get('warehouse') ?? '');
  for (const order of items.filter((o) => ['confirmed', 'in-production', 'shipped', 'received'].includes(o.status))) {
    const factory = clientOf(url, keys.get(order.supplier) ?? '');
    if (order.status === 'confirmed') {
      // A marker cuts a little more than was ordered, within what needs no talk.
      const cut = order.lines.map((l) => ({ lineId: l.lineId, quantity: l.quantity + Math.floor(l.quantity * 0.02) }));
      await factory.call('POST', `/v1/production-orders/${order.id}/progress`, { stage: 'cut', lines: cut });
      say(`  cut       ${order.supplier}: ${units(cut)} of ${units(order.lines)} units ordered`);
      await factory.call('POST', `/v1/production-orders/${order.id}/progress`, { stage: 'shipped', lines: cut });
    }
    const { lines: agreed } = await api.call<Order>('GET', `/v1/production-orders/${order.id}`);
    const before = await Promise.all(order.lines.map((l) => stockOf(api, l.sku)));
    // One delivery per agreed date; each note is the same receipt however often it is booked.
    for (const date of [...new Set(agreed.flatMap((l) => l.splits.map((s) => s.date)))].sort()) {
      const lines = agreed.map((l) => ({ lineId: l.lineId, quantity: units(l.splits.filter((s) => s.date === date)), dyeLot: `D-${date}` })).filter((l) => l.quantity > 0);
      const booked = await warehouse.call<{ lot: string; lines: { onTime: number; quantity: number }[] }>('POST', `/v1/production-orders/${order.id}/receipts`, {
        lines, deliveryNote: `${order.supplier} ${date}`, lot: `${order.supplier} ${date}`, at: `${date}T03:00:00Z`,
      });
      say(`  receipt   ${order.supplier}, ${date}: ${units(booked.lines)} units, ${booked.lines.reduce((s, l) => s + l.onTime, 0)} of them on time, lot ${booked.lot}`);
    }
    const after = await Promise.all(order.lines.map((l) => stockOf(api, l.sku)));
    const sum = (list: readonly Stock[], pick: (s: Stock) => number): number => list.reduce((t, s) => t + pick(s), 0);
    say(`  stock     ${order.lines.map((l) => l.sku).join(', ')}: ${sum(before, (s) => s.waiting) - sum(after, (s) => s.waiting)} units went to orders that waited, ${sum(after, (s) => s.waiting)} still wait, ${sum(after, (s) => s.available)} can be sold`);
  }
}

/** More than was there before the show, so that the last of them come out of the new lots. */
const SHIPPED = 260;
/** Of the parcels that come back: why, and what inspection finds. */
const RETURNED: readonly { reason: string; grade: 'A' | 'B' | 'C'; finding: string }[] = [
  { reason: 'too small', grade: 'A', finding: 'too-small' }, { reason: 'do not like it', grade: 'A', finding: 'no-fault' }, { reason: 'seam is torn', grade: 'C', finding: 'defect' },
  { reason: 'do not like it', grade: 'A', finding: 'no-fault' }, { reason: 'seam is torn', grade: 'C', finding: 'defect' }, { reason: 'was worn before', grade: 'B', finding: 'worn' },
];

interface Trace {
  order: { orderId: string; anchor: string; broadcast: { id: string; minute: number } };
  lots: { lot: string | null; supplier?: string; productionOrder?: { id: string; signals: { id: string; kind: string; spike: { onset: string } | null }[] } }[];
}

/** The shipped lines of the exploding style: the first that were paid and not cancelled. */
function shippedLines(world: DemoWorld): Readonly<Record<string, string | number>>[] {
  const cancelled = new Set(world.events.filter((e) => e.body['type'] === 'cancelled').map((e) => e.body['order_id']));
  return world.events.map((e) => e.body).filter((b) => b['type'] === 'paid' && String(b['sku']).startsWith(world.exploding) && b['broadcast'] !== undefined && !cancelled.has(String(b['order_id']))).slice(0, SHIPPED);
}

/** Parcels leave, some come back, are looked at, and each unit is traced to where it came from. */
async function shippedAndReturned(api: Client, world: DemoWorld): Promise<void> {
  const lines = shippedLines(world);
  const at = new Date(Math.max(...world.events.map((e) => e.at))).toISOString();
  const events = lines.map(({ shop, order_id, line_id, sku, quantity }) => ({ event_id: `${String(order_id)}-shipped`, occurred_at: at, shop, order_id, line_id, sku, quantity, type: 'shipped' }));
  say('\nparcels leave, and some come back');
  await api.call('POST', '/v1/order-events/bulk', `${events.map((e) => JSON.stringify(e)).join('\n')}\n`, { 'content-type': 'application/x-ndjson' });
  const skus = [...new Set(lines.map((l) => String(l['sku'])))];
  const units = lines.reduce((s, l) => s + Number(l['quantity']), 0);
  const claimed = async (): Promise<number> => (await Promise.all(skus.map((sku) => stockOf(api, sku)))).reduce((s, x) => s + x.claimed, 0);
  for (const deadline = Date.now() + 15_000; (await claimed()) < units && Date.now() < deadline; ) await sleep(300);
  say(`  shipped   ${units} units of ${world.exploding} in ${lines.length} parcels: ${await claimed()} left the stock`);
  for (const [i, back] of RETURNED.entries()) {
    const line = lines[i === 0 ? 0 : lines.length - 9 * i];
    if (line === undefined) continue;
    const id = `RET-${String(line['order_id'])}`;
    await api.call('POST', '/v1/returns', { return_id: id, occurred_at: at, shop: line['shop'], order_id: line['order_id'], line_id: line['line_id'], sku: line['sku'], quantity: 1, claimed_reason: back.reason, tracking_number: `SF-${id}` });
    await api.call('POST', '/v1/return-receipts', { trackingNumber: `SF-${id}` });
    await ensure(api.call('POST', `/v1/returns/${id}/inspection`, { units: [{ quantity: 1, grade: back.grade, finding: back.finding }] }));
    const { order, lots } = await api.call<Trace>('GET', `/v1/trace/return/${id}`);
    const [lot] = lots;
    const signal = lot?.productionOrder?.signals.find((s) => s.spike !== null);
    say(`  returned  ${String(line['sku'])} "${back.reason}" → ${back.grade}, ${back.finding}; ordered in minute ${order.broadcast.minute} of ${order.broadcast.id} from ${order.anchor}; ` +
      (lot?.lot == null ? 'out of opening stock' : `of ${lot.lot} of ${lot.supplier ?? '?'}, made for ${signal === undefined ? 'a need' : `the spike of ${clock(signal.spike?.onset ?? at)}`}`));
  }
}

/** The reasons why the story did not come out as it should; empty where it did. */
async function faultsOf(api: Client, world: DemoWorld, told: Told): Promise<string[]> {
  const faults: string[] = [];
  const listed = await api.call<{ items: { sku: string }[] }>('GET', '/v1/spikes?limit=500');
  const signals = await api.call<{ items: { supplier: string; status: string; lines: { sku: string }[] }[] }>('GET', '/v1/signals?limit=500');
  const orders = await api.call<{ items: Order[] }>('GET', '/v1/production-orders?limit=500');
  const held = await api.call<{ events: number; byType: Record<string, { events: number }> }>('GET', `/v1/shops/${world.shop}/intake-summary`);
  if (!listed.items.some((s) => s.sku.startsWith(world.exploding))) faults.push(`no spike of ${world.exploding} was found`);
  if (listed.items.some((s) => s.sku === world.giveaway)) faults.push(`the giveaway ${world.giveaway} raised a spike`);
  if (signals.items.some((s) => s.lines.some((l) => l.sku === world.bulk))) faults.push(`the cancelled bulk purchase of ${world.bulk} moved a factory`);
  if (signals.items.some((s) => s.lines.some((l) => l.sku === world.giveaway))) faults.push(`the giveaway ${world.giveaway}, covered by stock, moved a factory`);
  for (const supplier of ['factory-1', 'factory-2']) if (!orders.items.some((o) => o.supplier === supplier && o.status === 'closed')) faults.push(`${supplier} has no production order that came in`);
  for (const { lines } of orders.items.filter((o) => o.status === 'closed')) {
    for (const { sku } of lines) {
      const stock = await stockOf(api, sku);
      if (stock.waiting > 0 && stock.available > 0) faults.push(`${stock.waiting} units of ${sku} wait although ${stock.available} are there`);
    }
  }
  if (!orders.items.some((o) => o.supplier === 'factory-2' && o.lines.some((l) => l.splits.length > 1))) faults.push('factory-2 has no split dates');
  if (!signals.items.some((s) => s.supplier === 'factory-3' && s.status === 'expired')) faults.push('the silent factory-3 has no expired signal');
  const sent = world.events.length + shippedLines(world).length;
  if (held.events !== sent) faults.push(`the database holds ${held.events} events, ${sent} were sent`);
  const returns = await api.call<{ items: { goods: string }[] }>('GET', '/v1/returns?limit=500');
  if (returns.items.length !== RETURNED.length || returns.items.some((c) => c.goods === 'awaiting' || c.goods === 'received')) faults.push(`${returns.items.length} returns were taken in, ${RETURNED.length} came back, and not all were looked at`);
  if (told.spikes.size === 0 && listed.items.length === 0) faults.push('nothing was told');
  return faults;
}

async function settled(api: Client): Promise<void> {
  for (let quiet = 0, deadline = Date.now() + 60_000; quiet < 4 && Date.now() < deadline; await sleep(500)) {
    const { outbox } = await api.call<{ outbox: { due: number } }>('GET', '/health/ready');
    const { unassessedStreams } = await api.call<{ unassessedStreams: number }>('GET', '/v1/shops/demo-live/intake-summary');
    quiet = outbox.due === 0 && unassessedStreams === 0 ? quiet + 1 : 0;
  }
}

export async function runDemo(once: boolean): Promise<void> {
  configureLog('error');
  const folder = join(projectRoot(), '.castline', 'demo');
  const { story, resumed } = await openStory(folder);
  say(resumed ? 'Castline demo: going on where the last one was interrupted.' : 'Castline demo: starting PostgreSQL, queues, service and three simulated factories …');
  const configuration = { ...readConfiguration({}), dataDirectory: folder, port: 0, bootstrapKey: story.adminKey, outboundAllow: 'loopback-http' as const, logLevel: 'error' };
  const factories = new Map<string, SimulatedFactory>([['factory-1', await openFactory('accept')], ['factory-2', await openFactory('counter')], ['factory-3', await openFactory('silent')]]);
  const starting = startService(configuration);
  const following = new AbortController();
  const end = async (code: number): Promise<never> => {
    following.abort();
    const service = await starting;
    await service.stop();
    for (const factory of factories.values()) await factory.close();
    process.exit(code);
  };
  // Also while it starts: the database server must not be left behind.
  process.once('SIGINT', () => void end(130).catch(() => process.exit(1)));
  process.once('SIGTERM', () => void end(143).catch(() => process.exit(1)));
  const service: Service = await starting;

  const api = clientOf(service.url, story.adminKey);
  const world = demoWorld(story.startsAt, SEED);
  const keys = await furnish(api, world, story, factories);
  say(`Console      ${service.url}/`);
  say(`Log in       operator / ${story.password}`);
  say(`Admin key    ${story.adminKey}`);
  say(`API          ${service.url}/docs`);
  say('Factories    factory-1 accepts; factory-2 counters with split dates, and confirms only at 9:00 in Shanghai; factory-3 never answers');
  say('Sent         plain http to this machine is allowed for the demo alone (OUTBOUND_ALLOW=loopback-http)');

  const told: Told = { spikes: new Set(), signals: new Map(), applied: new Set(), countered: 0, expired: new Set() };
  const began = Date.now();
  void follow(service.url, story.adminKey, following.signal, narrate(api, told));
  const sums = await broadcast(api, world);
  await settled(api);
  await sleep(800);
  await madeAndReceived(service.url, api, keys);
  await shippedAndReturned(api, world);
  await settled(api);

  const faults = await faultsOf(api, world, told);
  say('');
  say(`The story in numbers, after ${((Date.now() - began) / 1000).toFixed(0)} s: ${sums.accepted} order events taken in, ${sums.duplicates} recognised as repeats; spikes on ${[...told.spikes].sort().join(', ')}; ` +
    `signals for ${told.signals.size} SKUs; ${told.countered} counter-offers decided; signatures refused by factories: ${[...factories.values()].reduce((s, f) => s + f.refused, 0)}.`);
  say(`${world.bulk} was bought 3,000 times at once and cancelled minutes later: ${told.signals.has(world.bulk) ? 'a factory moved' : 'no factory moved'}. ` +
    `${world.giveaway} was given away 2,000 times: ${told.spikes.has(world.giveaway) ? 'a spike' : 'no spike'}.`);
  for (const fault of faults) say(`NOT AS IT SHOULD BE: ${fault}`);
  writeFileSync(join(folder, 'story.json'), JSON.stringify({ ...story, told: true }), { mode: 0o600 });
  if (once) await end(faults.length === 0 ? 0 : 1);
  say(`\nThe service stays up at ${service.url}/ until Ctrl-C.`);
  await new Promise(() => undefined);
}

