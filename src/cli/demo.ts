// The demo: the whole service, three simulated factories and a simulated broadcast on this machine. It keeps its story in its
// data folder: killed in the middle, the next start goes on and nothing is counted twice; told to the end, the next is new.
import 'reflect-metadata';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startService, type Service } from '../app.js';
import { configureLog, discardEmbedded, projectRoot, randomSecret, readConfiguration } from '../kernel/index.js';
import { clientOf, demoWorld, follow, openFactory, type Client, type DemoWorld, type SimulatedFactory } from '../lab/index.js';
import { accounted, clock, ensure, inspectedReturns, judgeSamples, madeAndReceived, nextShow, say, shippedAndReturned, shippedLines, stockOf, type Order } from './demo-days-after.js';

const SEED = 20_261_111;
/** Event seconds per wall second while the anchor is on air, and before and after. */
const LIVE_SPEED = 150;
const QUIET_SPEED = 14_400;
const BATCH_MS = 400;
/** From the end of the show to the desk where samples are judged. */
const MORNING_MS = 14 * 3_600_000;

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
  samples: Set<string>;
  alarms: Set<string>;
}

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
    } else if (name === 'production.sample-requested') {
      const { evidence } = await api.call<{ evidence: { waiting?: number; broadcast?: string | null } }>('GET', `/v1/sample-requests/${String(data['sampleRequest'])}`);
      told.samples.add(`${String(data['style'])} ${String(data['kind'])}`);
      say(`  sample    ${String(data['supplier'])} ← ${String(data['kind'])} of ${String(data['style'])}, round ${Number(data['round'])}${evidence.waiting === undefined ? (evidence.broadcast == null ? '' : `, to show in ${evidence.broadcast}`) : `: ${evidence.waiting} more units wait for it`}`);
    } else if (name === 'production.sample-cleared') {
      say(`  cleared   ${String(data['supplier'])}: what waited for the sample of ${String(data['style'])} goes on`);
    } else if (name === 'returns.alarm-raised') {
      told.alarms.add(String(data['lot']));
      const { actions, counted } = await api.call<{ actions: { held: string | null; sample: string | null }; counted: { falseAlarms: number } }>('GET', `/v1/alarms/${String(data['alarm'])}`);
      say(`  ALARM     lot ${String(data['lot'])} of ${String(data['supplier'])}: ${Number(data['defects'])} faulty of ${Number(data['left'])} sold (a good lot alarms once in ${1 / counted.falseAlarms}); ` +
        `${Number(data['quarantined'])} units blocked, ${actions.held === null ? 'nothing of it is being made' : `${actions.held} told to stop`}${actions.sample === null ? '' : ', a sample asked for'}`);
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
  let morning = false;
  while (next < world.events.length) {
    const live = at >= world.startsAt && at < world.endsAt + 5 * 60_000;
    const name = at < world.startsAt ? 'two quiet days before the show' : live ? 'on air: anchor-lin, broadcast B0001, 12 SKUs in 4 styles' : 'the show is over: the night, and the morning after';
    if (name !== phase) {
      // What is held up on air was looked at before it.
      if (live) await judgeSamples(api, ['show']);
      say(`\n${clock(at)}  ${name}`);
    }
    phase = name;
    if (at >= world.endsAt + MORNING_MS && !morning) {
      morning = true;
      await judgeSamples(api, ['pre-production']);
    }
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
  const sent = world.events.length + 2 * shippedLines(world).length;
  if (held.events !== sent) faults.push(`the database holds ${held.events} events, ${sent} were sent`);
  const returns = await api.call<{ items: { id: string; goods: string }[] }>('GET', '/v1/returns?limit=500');
  const inspected = returns.items.filter((c) => c.id.startsWith('RET-'));
  if (inspected.length !== inspectedReturns() || inspected.some((c) => c.goods === 'awaiting' || c.goods === 'received')) faults.push(`${inspected.length} returns were taken in, ${inspectedReturns()} came back, and not all were looked at`);
  const alarms = await api.call<{ items: { lot: string }[] }>('GET', '/v1/alarms?world=replay');
  if (alarms.items.length !== 1) faults.push(`${alarms.items.length} lots raised an alarm, one is bad`);
  const charged = await api.call<{ items: { status: string; party: string; charged: number | null }[] }>('GET', '/v1/chargebacks?world=replay&party=supplier');
  if (!charged.items.some((c) => c.status === 'settled' && (c.charged ?? 0) > 0)) faults.push('no chargeback was settled');
  const samples = await api.call<{ items: { kind: string; status: string }[] }>('GET', '/v1/sample-requests?limit=500');
  if (!samples.items.some((x) => x.kind === 'pre-production' && x.status === 'approved')) faults.push('no pre-production sample was approved');
  const { items: accounts } = await api.call<{ items: { debits: number; credits: number }[] }>('GET', '/v1/ledger/accounts?world=replay');
  if (accounts.reduce((sum, x) => sum + x.debits - x.credits, 0) !== 0) faults.push('the ledger does not sum to zero');
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

  const told: Told = { spikes: new Set(), signals: new Map(), applied: new Set(), countered: 0, expired: new Set(), samples: new Set(), alarms: new Set() };
  const began = Date.now();
  void follow(service.url, story.adminKey, following.signal, narrate(api, told));
  const sums = await broadcast(api, world);
  await settled(api);
  await sleep(800);
  await madeAndReceived(service.url, api, keys);
  await shippedAndReturned(api, world);
  await settled(api);
  await accounted(service.url, api, keys, world);
  await nextShow(api, world);
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

