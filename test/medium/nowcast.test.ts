import { closeServer, running, until, type Running } from '../factories/database.js';
import { furnish, iso, ndjson, NDJSON, orderEvent } from '../factories/merchant.js';

const SKUS = ['K1-S', 'K1-M', 'K2-S', 'K2-M', 'K3-S', 'K4-S'];
let r: Running;
beforeAll(async () => {
  r = await running();
  await furnish(r, SKUS, { initial_stock: 0 });
});
afterAll(async () => {
  await r.close();
  await closeServer();
});

const HOUR = 3_600;
const planned = async (id: string, startsAt: number, items: readonly (readonly [sku: string, slotAt: number])[]) => {
  expect((await r.call('POST', '/v1/broadcasts', { id, anchor: 'anchor-1', shop: 'shop-1', startsAt: iso(startsAt), endsAt: iso(startsAt + HOUR) })).status).toBe(201);
  expect((await r.call('PUT', `/v1/broadcasts/${id}/line-up`, { items: items.map(([sku, slotAt]) => ({ sku, slotAt: iso(slotAt), price: 15_900, plannedUnits: 100, promiseDays: 5 })) })).status).toBe(200);
};
const sell = (broadcast: string, sku: string, from: number, orders: number) => r.call('POST', '/v1/order-events/bulk', ndjson(Array.from({ length: orders }, (_, i) => orderEvent({ sku, broadcast, occurred_at: iso(from + 4 * i) }))), NDJSON);
const assessed = () => until('everything is assessed', async () => (await r.call('GET', '/v1/shops/shop-1/intake-summary')).body.unassessedStreams === 0);
const model = async () => (await r.sql.query(`select id, broadcasts, items from nowcast_models where world = 'replay' order by learned_at desc limit 1`)).rows[0];
const latest = async (sku: string) => (await r.sql.query('select inputs, reasons, more from assessments where sku = $1 order by recorded_at desc limit 1', [sku])).rows[0];

it('begins with the published nowcast, says so, and makes nothing of what nobody has ordered on air', async () => {
  await planned('B1', 0, [['K1-S', 60], ['K2-S', 1_800], ['K3-S', 2_700]]);
  await sell('B1', 'K1-S', 60, 60);
  await assessed();
  const first = await latest('K1-S');
  expect(first.inputs.nowcast).toMatchObject({ model: 'published', learnedFrom: 0, broadcasts: [{ broadcast: 'B1', phase: 'on air', orders: 60 }] });
  expect(first.inputs.nowcast.broadcasts[0].mean).toBeGreaterThan(1);
  expect(first.reasons).toContainEqual(expect.stringMatching(/more expected of broadcast B1, which is on air, after 60 orders in it \(the published nowcast/));
  const check = (await r.call('GET', '/v1/broadcasts/B1/stock-check')).body;
  expect(check.items.map((i: { nowcast: unknown }) => i.nowcast === null)).toEqual([false, true, true]);
  expect(await model()).toBeUndefined();
}, 60_000);

it('learns when a broadcast has ended, and expects of the tail and of the next one what it learned', async () => {
  await planned('B2', 2 * 24 * HOUR, [['K1-S', 2 * 24 * HOUR], ['K4-S', 2 * 24 * HOUR + 600]]);
  // Beyond its lead time of seven days.
  await planned('B3', 30 * 24 * HOUR, [['K1-S', 30 * 24 * HOUR]]);
  await sell('B1', 'K2-S', 1_800, 30);
  await sell('', 'K1-S', HOUR + 30, 1);
  await until('it has learned', async () => (await model()) !== undefined, 40);
  const { id, broadcasts, items } = await model();
  expect([id, broadcasts, items]).toEqual([expect.stringMatching(/^nm_/), 1, 3]);

  await sell('', 'K1-S', HOUR + 300, 1);
  await sell('B1', 'K1-S', HOUR + 400, 20);
  await assessed();
  await until('the need is told by the model', async () => (await latest('K1-S')).inputs.nowcast.model === id);
  const { inputs, reasons } = await latest('K1-S');
  expect(inputs.nowcast.broadcasts.map((b: { broadcast: string; phase: string }) => [b.broadcast, b.phase]).sort()).toEqual([['B1', 'over'], ['B2', 'coming']]);
  expect(reasons).toContainEqual(expect.stringMatching(new RegExp(`expected of broadcast B2, which is to come, after 0 orders in it \\(nowcast ${id}, learned from 1 finished broadcast\\)`)));
  const check = (await r.call('GET', '/v1/broadcasts/B2/stock-check')).body;
  expect(check.items[1].nowcast).toMatchObject({ model: id, orders: 0, toCome: { '0.5': expect.any(Number) } });
  expect((await r.call('GET', '/v1/broadcasts/B2/live')).body.items[1].nowcast).toMatchObject({ model: id, grossPaidUnits: { '0.95': expect.any(Number) } });
  // One job learns, and once.
  expect((await r.sql.query('select count(*)::int as n from nowcast_models')).rows[0].n).toBe(1);
}, 90_000);

it('what another shop sells under the name of a broadcast is not of it', async () => {
  const shop = (await r.call('GET', '/v1/shops/shop-1')).body;
  expect((await r.call('PUT', '/v1/shops/shop-9', { platform: shop.platform, timeZone: shop.timeZone, currency: shop.currency, clock: shop.clock })).status).toBeLessThan(300);
  const before = (await latest('K1-S')).inputs.nowcast.broadcasts.find((b: { broadcast: string }) => b.broadcast === 'B1').orders;
  const others = Array.from({ length: 50 }, (_, i) => orderEvent({ shop: 'shop-9', sku: 'K1-S', broadcast: 'B1', occurred_at: iso(HOUR + 500 + i) }));
  expect((await r.call('POST', '/v1/order-events/bulk', ndjson(others), NDJSON)).body.accepted).toBe(50);
  await until('the other shop is assessed', async () => (await r.call('GET', '/v1/shops/shop-9/intake-summary')).body.unassessedStreams === 0);
  await sell('B1', 'K1-S', HOUR + 600, 30);
  await assessed();
  await until('the need knows the thirty', async () => (await latest('K1-S')).inputs.nowcast.broadcasts.find((b: { broadcast: string }) => b.broadcast === 'B1').orders > before);
  expect((await latest('K1-S')).inputs.nowcast.broadcasts.find((b: { broadcast: string }) => b.broadcast === 'B1').orders).toBe(before + 30);
}, 60_000);

it('a broadcast whose line-up changed is looked at anew', async () => {
  const before = (await r.call('GET', '/v1/broadcasts/B2/stock-check')).body.items.length;
  expect((await r.call('PUT', '/v1/broadcasts/B2/line-up', { items: [{ sku: 'K3-S', slotAt: iso(2 * 24 * HOUR), price: 15_900, plannedUnits: 100, promiseDays: 5 }] })).status).toBe(200);
  const { items } = (await r.call('GET', '/v1/broadcasts/B2/stock-check')).body;
  expect([before, items.length, items[0].sku]).toEqual([2, 1, 'K3-S']);
  expect(items[0].nowcast).not.toBeNull();
}, 30_000);
