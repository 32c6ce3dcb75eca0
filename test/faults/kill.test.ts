import { closeServer, environmentFor, freshDatabase, request, spawnService, testSetting, until, type Process } from '../factories/database.js';
import { furnish, iso, ndjson, NDJSON } from '../factories/merchant.js';
import pg from 'pg';

/** The short form runs in CI; CASTLINE_FAULTS=whole (npm run test:faults) the whole. */
const whole = testSetting('CASTLINE_FAULTS') === 'whole';
const KILLS = whole ? 50 : 4;
const EVENTS = whole ? 100_000 : 8_000;
const CHUNK = 400;

afterAll(closeServer);

it(`kill -9 of the service ${KILLS} times in ${EVENTS} orders: nothing acknowledged is lost, nothing is counted twice, every fact has its effect`, async () => {
  const database = await freshDatabase();
  const environment = environmentFor(database);
  let service: Process = await spawnService(environment);
  await furnish({ call: (m: string, p: string, b?: unknown, h?: Record<string, string>) => request(service.url, m, p, b, h) } as never);
  const events = Array.from({ length: EVENTS }, (_, i) => ({
    event_id: `k${i}`, occurred_at: iso(i / 10), shop: 'shop-1', order_id: `k${i}`, line_id: '1', sku: i % 3 === 0 ? 'K1-M' : 'K1-S', quantity: 1, unit_price: 15_900, currency: 'CNY', type: 'paid',
  }));
  const acknowledged = new Set<string>();
  let kills = 0;
  let seed = 4711;
  const random = (): number => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  const killAt = new Set<number>();
  while (killAt.size < KILLS) killAt.add(Math.floor(random() * (EVENTS / CHUNK)));
  for (let c = 0; c < EVENTS / CHUNK; c++) {
    const chunk = events.slice(c * CHUNK, (c + 1) * CHUNK);
    for (let done = false; !done; ) {
      let killing: Promise<unknown> | undefined;
      if (killAt.delete(c)) {
        kills++;
        killing = new Promise((resolve) => setTimeout(resolve, random() * 60)).then(() => service.end('SIGKILL'));
      }
      try {
        const answer = await request(service.url, 'POST', '/v1/order-events/bulk', ndjson(chunk), NDJSON);
        if (answer.status === 202 && answer.body.accepted + answer.body.duplicates === CHUNK) {
          for (const e of chunk) acknowledged.add(e.event_id);
          done = true;
        }
      } catch {
        // Cut off in the middle: sent again once the service is back.
      }
      if (killing !== undefined) {
        await killing;
        service = await spawnService(environment);
      }
    }
  }
  await until('everything is assessed', async () => (await request(service.url, 'GET', '/v1/shops/shop-1/intake-summary')).body.unassessedStreams === 0, 60);
  const sql = new pg.Client({ connectionString: database });
  await sql.connect();
  const one = async (text: string): Promise<number> => (await sql.query(text)).rows[0].n as number;
  expect(kills).toBe(KILLS);
  expect(acknowledged.size).toBe(EVENTS);
  expect(await one('select count(*)::int as n from event_identities')).toBe(EVENTS);
  expect(await one('select count(*)::int as n from order_events')).toBe(EVENTS);
  expect(await one('select sum(ordered)::int as n from sku_demand')).toBe(EVENTS);
  expect(await one('select sum(orders)::int as n from demand_windows')).toBe(EVENTS);
  expect(await one(`select sum((payload->>'events')::int)::int as n from facts where name = 'orders.events-recorded'`)).toBe(EVENTS);
  expect(await one(`select count(*)::int as n from job_outbox where state = 'dead'`)).toBe(0);
  await until('no work is left over', async () => (await one(`select count(*)::int as n from job_outbox where state = 'due' and job <> 'connectors.redeliver-signal'`)) === 0, 90);
  await sql.end();
  await service.end();
}, 1_800_000);
