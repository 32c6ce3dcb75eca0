import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ADMIN_KEY, closeServer, environmentFor, freshDatabase, request, running, spawnService, type Process, type Running } from '../factories/database.js';
import { furnish, iso, ndjson, NDJSON, orderEvent } from '../factories/merchant.js';
import { Database } from '../../src/kernel/index.js';
import { dropOldEvents } from '../../src/orders/index.js';

afterAll(closeServer);

describe('a batch that is thought to hold nothing known', () => {
  let databaseUrl: string;
  let a: Process;
  let b: Process;
  let sql: pg.Client;
  const bulk = (process: Process, events: readonly unknown[]) => request(process.url, 'POST', '/v1/order-events/bulk', ndjson(events), NDJSON);
  const line = async (order: string): Promise<unknown> => (await sql.query('select ordered, open_units, flags from order_lines where order_id = $1 order by line_id', [order])).rows;

  beforeAll(async () => {
    databaseUrl = await freshDatabase();
    const environment = environmentFor(databaseUrl, { ROLE: 'api' });
    a = await spawnService(environment);
    b = await spawnService(environment);
    await furnish({ call: (m: string, p: string, body?: unknown, h?: Record<string, string>) => request(a.url, m, p, body, h) } as never);
    sql = new pg.Client({ connectionString: databaseUrl });
    await sql.connect();
  });
  afterAll(async () => {
    await sql.end();
    await a.end();
    await b.end();
  });

  it('is taken in whole where it holds repeats and reused identities after all', async () => {
    const known = Array.from({ length: 30 }, () => orderEvent());
    expect((await bulk(a, known)).body).toMatchObject({ accepted: 30 });
    const fresh = Array.from({ length: 30 }, () => orderEvent());
    const mixed = [...fresh.slice(0, 15), ...known.slice(0, 10), { ...known[20], quantity: 7 }, ...fresh.slice(15)];
    expect((await bulk(b, mixed)).body).toMatchObject({ accepted: 30, duplicates: 10, quarantined: 0, rejectedCount: 1, rejected: [{ line: 26, code: 'event-id-reused' }] });
    expect((await sql.query('select count(*)::int as n from order_events')).rows).toEqual([{ n: 60 }]);
    expect((await sql.query('select sum(ordered)::int as n from sku_demand')).rows).toEqual([{ n: 60 }]);
    expect((await sql.query(`select sum((payload->>'events')::int)::int as n from facts where name = 'orders.events-recorded'`)).rows).toEqual([{ n: 60 }]);
  });

  it('adds to orders that another process created, now or at the same moment', async () => {
    const orders = Array.from({ length: 40 }, (_, i) => `both-${i}`);
    await bulk(a, orders.map((order_id) => orderEvent({ order_id, quantity: 3, type: 'created' })));
    await bulk(b, orders.map((order_id) => orderEvent({ order_id, quantity: 3 })));
    for (const order of orders) expect(await line(order)).toEqual([{ ordered: 3, open_units: 3, flags: [] }]);
    const racing = Array.from({ length: 20 }, (_, i) => `race-${i}`);
    const answers = await Promise.all([a, b].flatMap((process) => ['created', 'paid', 'shipped'].map((type) => bulk(process, racing.map((order_id) => orderEvent({ order_id, type, event_id: `${order_id}-${type}`, occurred_at: iso(5) }))))));
    expect(answers.reduce((s, x) => s + x.body.accepted, 0)).toBe(60);
    expect(answers.reduce((s, x) => s + x.body.duplicates, 0)).toBe(60);
    for (const order of racing) expect(await line(order)).toEqual([{ ordered: 1, open_units: 0, flags: [] }]);
  });
});

describe('a flood that the database cannot follow', () => {
  let r: Running;
  beforeAll(async () => {
    r = await running({ ROLE: 'api' });
    await furnish(r);
  });
  afterAll(() => r.close());

  const one = async (event: unknown): Promise<{ status: number; retryAfter: string | null; ms: number }> => {
    const began = performance.now();
    const { status, headers } = await r.call('POST', '/v1/order-events', event);
    return { status, retryAfter: headers.get('retry-after'), ms: performance.now() - began };
  };

  it('is refused at once with 503 and Retry-After when the queue stands still, what was let in is kept, and afterwards all are taken again', async () => {
    for (let i = 0; i < 3; i++) expect((await one(orderEvent())).status).toBe(202);
    const lock = new pg.Client({ connectionString: r.databaseUrl });
    await lock.connect();
    await lock.query('begin; lock table stream_totals in access exclusive mode');
    // The first batch is under way when the others come: they wait in the queue.
    const events = Array.from({ length: 80 }, () => orderEvent());
    const first = one(events[0]);
    await sleep(300);
    const waiting = events.slice(1).map((e) => one(e));
    await sleep(2_600);
    const refused = await Promise.all(Array.from({ length: 40 }, () => one(orderEvent({ event_id: `refused-${Math.random()}` }))));
    expect(refused.map((x) => [x.status, x.retryAfter])).toEqual(refused.map(() => [503, '1']));
    expect(Math.max(...refused.map((x) => x.ms))).toBeLessThan(2_000);
    await lock.query('rollback');
    await lock.end();
    expect((await Promise.all([first, ...waiting])).every((x) => x.status === 202)).toBe(true);
    const after = await Promise.all(Array.from({ length: 40 }, () => one(orderEvent())));
    expect(after.every((x) => x.status === 202)).toBe(true);
    const kept = await r.sql.query('select count(*)::int as n from event_identities');
    expect(kept.rows).toEqual([{ n: 3 + 80 + 40 }]);
    expect((await r.sql.query(`select count(*)::int as n from event_identities where event_id like 'refused-%'`)).rows).toEqual([{ n: 0 }]);
  });
});

it('months of events are dropped when all of them are older than events are kept, and their identities stay', async () => {
  const r = await running({ ROLE: 'api' });
  await furnish(r);
  const event = orderEvent();
  await r.call('POST', '/v1/order-events', event);
  await r.sql.query(`create table order_events_2020_01 partition of order_events for values from ('2020-01-01 00:00+00') to ('2020-02-01 00:00+00')`);
  await r.sql.query(`insert into order_events (shop, event_id, occurred_at, order_id, line_id, sku, type, quantity, received_at) values ('s', 'old', now(), 'o', '1', 'K1-S', 'paid', 1, '2020-01-15')`);
  const database = await Database.connect({ url: r.databaseUrl, pool: 2, entities: [], migrations: [] });
  const partitions = async (): Promise<number> => (await r.sql.query(`select count(*)::int as n from pg_inherits where inhparent = 'order_events'::regclass`)).rows[0].n as number;
  const before = await partitions();
  expect(await dropOldEvents(database, 36_500)).toEqual([]);
  expect(await dropOldEvents(database, 400)).toEqual(['order_events_2020_01']);
  expect(await dropOldEvents(database, 400)).toEqual([]);
  expect(await partitions()).toBe(before - 1);
  expect((await r.call('POST', '/v1/order-events', event)).body).toMatchObject({ duplicates: 1 });
  await database.close();
  await r.close();
});

it('a platform key that is revoked is refused within seconds, whichever way its orders come', async () => {
  const r = await running({ ROLE: 'api' });
  await furnish(r);
  const made = await r.call('POST', '/v1/api-keys', { name: 'flood', role: 'platform', scopes: ['ingest:shop-1'] });
  const headers = { authorization: `Bearer ${made.body.key}` };
  for (let i = 0; i < 3; i++) expect((await r.call('POST', '/v1/order-events', orderEvent(), headers)).status).toBe(202);
  expect((await r.call('POST', '/v1/order-events', orderEvent({ shop: 'another' }), headers)).status).toBe(404);
  await r.call('DELETE', `/v1/api-keys/${made.body.id}`, undefined, { authorization: `Bearer ${ADMIN_KEY}` });
  expect((await r.call('POST', '/v1/order-events', orderEvent(), headers)).status).toBe(401);
  await r.close();
});
