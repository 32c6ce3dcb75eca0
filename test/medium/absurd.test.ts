// Absurd quantities that are allowed one by one must not take others with them.
import { closeServer, running, until, type Running } from '../factories/database.js';
import { furnish, iso, ndjson, NDJSON, orderEvent } from '../factories/merchant.js';

let r: Running;
beforeAll(async () => {
  r = await running();
  await furnish(r, ['K1-S', 'K1-M', 'K2-S']);
});
afterAll(async () => {
  await r.close();
  await closeServer();
});

it('refuses the event whose sum cannot be stored, and none beside it', async () => {
  const shipped = (i: number) => orderEvent({ event_id: `big-${i}`, order_id: 'big', type: 'shipped', quantity: 1_000_000, unit_price: undefined, currency: undefined });
  expect((await r.call('POST', '/v1/order-events/bulk', ndjson(Array.from({ length: 2_147 }, (_, i) => shipped(i))), NDJSON)).body).toMatchObject({ accepted: 2_147 });
  const answers = await Promise.all([...Array.from({ length: 39 }, (_, i) => r.call('POST', '/v1/order-events', orderEvent({ event_id: `beside-${i}`, order_id: `beside-${i}`, sku: 'K2-S' }))), r.call('POST', '/v1/order-events', shipped(9_999))]);
  expect(answers.map((a) => a.status)).toEqual([...Array.from({ length: 39 }, () => 202), 422]);
});

it('keeps on looking at other SKUs where one has more open units than a mean age can be summed over', async () => {
  expect((await r.call('POST', '/v1/order-events/bulk', ndjson(Array.from({ length: 8 }, (_, i) => orderEvent({ sku: 'K1-M', quantity: 1_000_000, order_id: `huge-${i}` }))), NDJSON)).body).toMatchObject({ accepted: 8 });
  await r.call('POST', '/v1/order-events/bulk', ndjson(Array.from({ length: 60 }, (_, i) => orderEvent({ sku: 'K1-S', occurred_at: iso(3_600 + i * 0.1) }))), NDJSON);
  await until('the ordinary SKU is assessed', async () => (await r.sql.query(`select 1 from assessments where sku = 'K1-S'`)).rowCount !== 0, 30);
  expect((await r.sql.query(`select count(*)::int as n from job_outbox where job = 'forecast.assess' and last_error is not null and state <> 'done'`)).rows[0].n).toBe(0);
});
