import { closeServer, running, until, type Running } from '../factories/database.js';
import { furnish, iso, ndjson, NDJSON, orderEvent } from '../factories/merchant.js';

let r: Running;
beforeAll(async () => {
  r = await running();
  await furnish(r, ['K1-S', 'K1-M']);
});
afterAll(async () => {
  await r.close();
  await closeServer();
});

const assessed = () => until('everything is assessed', async () => (await r.call('GET', '/v1/shops/shop-1/intake-summary')).body.unassessedStreams === 0);

it('orders that come after their bin was assessed still raise their spike, though no later order of the stream follows', async () => {
  await r.call('POST', '/v1/order-events', orderEvent({ sku: 'K1-S', broadcast: 'B1', occurred_at: iso(0) }));
  await r.call('POST', '/v1/order-events', orderEvent({ sku: 'K1-M', broadcast: 'B1', occurred_at: iso(300) }));
  await assessed();
  // The clock stands at 300 s; forty orders of the first minute arrive now.
  await r.call('POST', '/v1/order-events/bulk', ndjson(Array.from({ length: 40 }, (_, i) => orderEvent({ sku: 'K1-S', broadcast: 'B1', occurred_at: iso(10 + i) }))), NDJSON);
  await until('the spike is found', async () => (await r.call('GET', '/v1/spikes?sku=K1-S')).body.items.length === 1);
  // Once the clock moves on, they are booked: none is lost to the baseline, none counted twice.
  await r.call('POST', '/v1/order-events', orderEvent({ sku: 'K1-M', broadcast: 'B1', occurred_at: iso(400) }));
  await until('they are booked', async () =>
    (await r.sql.query(`select (t.state->>'counted')::int as n from stream_states t join streams s on s.id = t.stream where s.sku = 'K1-S'`)).rows[0]?.n === 41);
  expect((await r.call('GET', '/v1/spikes?sku=K1-S')).body.items).toHaveLength(1);
}, 90_000);
