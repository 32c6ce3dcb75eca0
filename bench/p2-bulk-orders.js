// P2: bulk orders by HTTP as NDJSON, beside COPY of the same rows into the same partitioned, indexed table of a database of
// its own on the same PostgreSQL. Memory of the service is watched while it reads.
import { spread } from './report.js';
import { furnish, load, memoryOf, openGround, quick, say, settled, startService, watchMemory } from './service.js';
import { bulkOrders } from './world.js';

const SEED = 20_261_122;
const EVENTS = Number(process.env['BENCH_P2_EVENTS'] ?? (quick ? 50_000 : 300_000));
const SPAN_MS = 2 * 3_600_000;
/** A repetition that costs more than this is done once. */
const PATIENCE_S = 20;

export async function run() {
  const ground = await openGround('p2');
  const databaseUrl = await ground.peerDatabase('peer');
  let service = await startService(ground.dataDir);
  const key = await furnish(service, 50);
  const job = (prefix) => ({ prefix, seed: SEED, events: EVENTS, from: Date.now() - SPAN_MS, spanMs: SPAN_MS, limitSeconds: 600 });
  const bulk = async (prefix) => {
    await ground.checkpoint();
    const before = memoryOf(service.pid);
    const stop = watchMemory(service.pid);
    const result = await load({ ...job(prefix), kind: 'bulk', url: service.url, key }, { service: service.pid, postgres: ground.postmaster });
    const samples = stop();
    const half = samples.slice(samples.length >> 1);
    return { ...result, memory: { before, firstHalf: Math.max(...samples.slice(0, samples.length >> 1)), secondHalf: Math.max(...half), peak: Math.max(...samples) } };
  };

  const checks = [];
  const bulks = [];
  const copies = [];
  for (let repetition = 1; repetition <= (quick ? 1 : 3); repetition++) {
    say(`P2: repetition ${repetition}, ${EVENTS} events`);
    bulks.push(await bulk(`b${repetition}`));
    await settled(ground, 60_000);
    await ground.checkpoint();
    copies.push(await load({ ...job(`b${repetition}`), kind: 'copy', databaseUrl }, { postgres: ground.postmaster }));
    if (bulks[0].seconds > PATIENCE_S) break;
  }
  const n = bulks.length;
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const after = memoryOf(service.pid);
  const [held] = await ground.rows(
    `select (select count(*) from event_identities)::int as identities, (select count(*) from order_events)::int as events, (select count(*) from orders)::int as orders,
       (select coalesce(sum(orders), 0) from demand_windows)::int as counted, (select coalesce(sum(ordered), 0) from sku_demand)::int as ordered`,
  );
  const [copied] = await ground.rows('select count(*)::int as events, count(distinct order_id)::int as orders from order_events', [], 'peer');
  const orders = n * bulkOrders(EVENTS);
  const deadlocks = ground.deadlocks();
  checks.push(
    { what: 'the answers count every event as accepted', ok: bulks.every((b) => b.refused === 0 && b.accepted === EVENTS), detail: `${bulks.map((b) => `${b.accepted} accepted, ${b.duplicates} duplicates, ${b.refused} times refused as busy`).join('; ')}; ${deadlocks} deadlocks in PostgreSQL's log` },
    { what: 'identities and events are in the database', ok: held.identities === n * EVENTS && held.events === n * EVENTS, detail: `${held.identities} of ${n * EVENTS}` },
    { what: 'each order is counted once in orders, windows and demand', ok: [held.orders, held.counted, held.ordered].every((x) => x === orders), detail: `${JSON.stringify(held)}, ${orders} sent` },
    { what: 'COPY wrote the same number of events and orders', ok: copied.events === n * EVENTS && copied.orders === orders, detail: JSON.stringify(copied) },
  );

  await service.stop();
  service = await startService(ground.dataDir, { ROLE: 'api' });
  say('P2: intake alone (ROLE=api)');
  const alone = await bulk('api');
  await service.stop();
  await ground.close();

  const ratio = spread(bulks.map((b, i) => b.perSecond / copies[i].perSecond));
  const memory = (pick) => spread(bulks.map((b) => pick(b.memory)));
  const cpu = (list, part) => spread(list.map((r) => (r.cpu === undefined ? NaN : (1e6 * r.cpu.cores[part]) / r.perSecond)));
  const peak = memory((m) => m.peak);
  return {
    id: 'p2', title: `bulk orders by HTTP, ${EVENTS.toLocaleString('en-US')} events as NDJSON, beside COPY of the same rows`,
    setup: { seed: SEED, events: EVENTS, repetitions: n, skus: 1000, broadcasts: 20, role: 'all', eventsPerOrder: 2.1 },
    rows: [
      { what: 'service, /v1/order-events/bulk', value: spread(bulks.map((b) => b.perSecond)), unit: 'events/s' },
      { what: 'COPY into the same table', value: spread(copies.map((c) => c.perSecond)), unit: 'events/s' },
      { what: 'service / COPY', value: ratio, unit: '', reach: '>= 0.40', reached: ratio.median >= 0.4 },
      { what: 'intake alone (ROLE=api)', value: alone.perSecond, unit: 'events/s' },
      { what: 'memory before', value: memory((m) => m.before), unit: 'MB' },
      { what: 'memory at its peak, first half', value: memory((m) => m.firstHalf), unit: 'MB' },
      { what: 'memory at its peak, second half', value: memory((m) => m.secondHalf), unit: 'MB', reach: 'flat', reached: bulks.every((b) => b.memory.secondHalf <= 1.25 * b.memory.firstHalf) },
      { what: 'memory at its peak', value: peak, unit: 'MB' },
      { what: 'memory 5 s after the last', value: after, unit: 'MB' },
      { what: 'CPU of the service per event', value: cpu(bulks, 'service'), unit: 'µs' },
      { what: 'CPU of PostgreSQL per event, service', value: cpu(bulks, 'postgres'), unit: 'µs' },
      { what: 'CPU of PostgreSQL per event, COPY', value: cpu(copies, 'postgres'), unit: 'µs' },
      { what: 'CPU of the sender per event', value: cpu(bulks, 'load'), unit: 'µs' },
      { what: 'cores used by other work of the machine', value: spread([...bulks, ...copies].map((r) => r.cpu?.others ?? NaN)), unit: '' },
    ],
    checks, details: { bulks, copies, alone },
    notes: [
      'the sender makes the events as it sends them, in a process of its own on the same cores, for the service and for COPY alike',
      'of 21 events ten orders are created, the same ten paid, and one is cancelled; flat: the peak of the second half is at most 1.25 times that of the first',
      'COPY fills order_events alone, partitions and index as the service has them; identity, order lines, windows and validation are the service\'s',
    ],
  };
}
