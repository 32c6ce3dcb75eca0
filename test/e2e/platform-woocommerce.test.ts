import { closeServer, request, running, until, type Running } from '../factories/database.js';
import { fakePlatform, tablesWith, type Heard } from '../factories/fake-platform.js';
import { furnish } from '../factories/merchant.js';
import { hmacBase64 } from '../factories/platform-signatures.js';

const SECRET = 'woo-webhook-secret-of-a-test';
const gmt = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1000).toISOString().slice(0, 19);
let r: Running;
let platform: { url: string; close: () => Promise<void> };
const orders = new Map<string, Record<string, any>>();
const refunds = new Map<string, unknown[]>();

const order = (id: number, over: Record<string, unknown> = {}) => ({
  id, status: 'processing', currency: 'EUR', prices_include_tax: false, date_created_gmt: gmt(600), date_modified_gmt: gmt(590), date_paid_gmt: gmt(595), date_completed_gmt: null, customer_id: 26, payment_method: 'stripe', customer_note: 'CanaryNote',
  billing: { first_name: 'CanaryFirst', email: 'canary@example.com', phone: '555-0100-999' }, meta_data: [], refunds: [] as unknown[],
  line_items: [{ id: 315, name: 'CanaryItem', product_id: 93, variation_id: 94, quantity: 3, sku: 'K1-S', total: '54.00', total_tax: '0.00', meta_data: [] }], ...over,
});

function answer({ path, query, headers }: Heard): { status?: number; body: unknown } {
  if (headers['authorization'] !== `Basic ${Buffer.from('ck_canarykey:cs_canarysecret').toString('base64')}`) return { status: 401, body: {} };
  const one = /\/orders\/(\d+)(\/refunds)?$/.exec(path);
  if (one !== null) return one[2] === undefined ? (orders.has(one[1] ?? '') ? { body: orders.get(one[1] ?? '') } : { status: 404, body: {} }) : { body: refunds.get(one[1] ?? '') ?? [] };
  const named = query.get('include')?.split(',');
  const list = [...orders.values()].filter((o) => o['status'] !== 'trash' && (named === undefined ? o['date_modified_gmt'] > (query.get('modified_after') ?? '') : named.includes(String(o['id']))));
  return { body: list.sort((a, b) => (a['date_modified_gmt'] < b['date_modified_gmt'] ? -1 : 1)) };
}

const send = (topic: string, body: unknown, key = SECRET) => {
  const text = JSON.stringify(body);
  // Every delivery of one second is called the same.
  return request(r.url, 'POST', '/webhooks/woocommerce/woo-1', text, { 'content-type': 'application/json', 'x-wc-webhook-topic': topic, 'x-wc-webhook-delivery-id': '36e520ebabc2fa725092ff4a47acedf2', 'x-wc-webhook-signature': hmacBase64(key, text) });
};
const linesOf = async (id: string) => (await r.call('GET', `/v1/shops/woo-1/orders/${id}`)).body.lines as Record<string, any>[] | undefined;
const told = async () => (await r.sql.query(`select order_id, type, sum(quantity)::int as units from order_events where shop = 'woo-1' group by 1, 2 order by 1, 2`)).rows;

beforeAll(async () => {
  r = await running();
  await furnish(r, ['K1-S'], {}, { clock: 'live' });
  platform = await fakePlatform(answer);
  await r.call('PUT', '/v1/shops/woo-1', { platform: 'woocommerce', timeZone: 'Europe/Berlin', currency: 'EUR', clock: 'live' });
});
afterAll(async () => {
  await r.close();
  await platform.close();
  await closeServer();
});

it('a shop of WooCommerce from its ping to a refund', async () => {
  const put = await r.call('PUT', '/v1/shops/woo-1/connection', { platform: 'woocommerce', credentials: { webhookSecret: SECRET, consumerKey: 'ck_canarykey', consumerSecret: 'cs_canarysecret' }, settings: { apiBase: platform.url } });
  expect([put.status, put.body]).toMatchObject([201, { status: 'connected' }]);
  const ping = await request(r.url, 'POST', '/webhooks/woocommerce/woo-1', 'webhook_id=3', { authorization: '', 'content-type': 'application/x-www-form-urlencoded' });
  expect([ping.status, ping.body]).toEqual([200, undefined]);
  expect((await send('order.created', order(1), 'another secret')).status).toBe(401);
  expect((await r.call('POST', '/v1/shops/woo-1/connection/test')).body).toMatchObject({ ok: true });

  // Two orders by deliveries of one name, and one again.
  for (const id of [1, 2, 1]) expect((await send('order.created', order(id))).status).toBe(200);
  expect([await linesOf('1'), await linesOf('2')]).toMatchObject([[{ sku: 'K1-S', ordered: 3, netPaid: 3, open: 3, unitPrice: 1800, currency: 'EUR' }], [{ ordered: 3 }]]);

  // One unit given back before it went, one after; the order says neither how many.
  const sold = { status: 'completed', date_completed_gmt: gmt(300), date_modified_gmt: gmt(100), refunds: [{ id: 801, reason: 'CanaryReason', total: '-18.00' }, { id: 802, reason: '', total: '-18.00' }] };
  orders.set('1', order(1, sold));
  const back = (id: number, secondsAgo: number, reason: string) => ({ id, date_created_gmt: gmt(secondsAgo), reason, line_items: [{ id: id + 100, product_id: 93, variation_id: 94, quantity: -1, total: '-18.00', meta_data: [{ key: '_refunded_item_id', value: '315' }] }] });
  refunds.set('1', [back(801, 400, 'CanaryReason'), back(802, 100, 'too small, says CanaryFirst')]);
  expect((await send('order.updated', order(1, sold))).status).toBe(200);
  await until('the refunds', async () => (await r.sql.query(`select 1 from return_cases where shop = 'woo-1'`)).rowCount === 1);
  expect((await r.sql.query(`select id, quantity, kind, status, claimed_reason from return_cases where shop = 'woo-1'`)).rows).toEqual([{ id: 'woo-1/1:802/315', quantity: 1, kind: 'return', status: 'refunded', claimed_reason: 'too-small' }]);
  expect(await linesOf('1')).toMatchObject([{ ordered: 3, cancelled: 1, netPaid: 2, open: 0, shipped: 2, delivered: 2 }]);

  // One is put in the bin; of it no more than its id is told. One was never told of.
  orders.set('2', order(2, { status: 'trash' }));
  expect((await send('order.deleted', { id: 2 })).status).toBe(200);
  orders.set('3', order(3));
  await r.call('POST', '/v1/shops/woo-1/connection/pull', { since: new Date(Date.now() - 3_600_000).toISOString() });
  await until('what was not told', async () => (await linesOf('3')) !== undefined && (await linesOf('2'))?.[0]?.['cancelled'] === 3);
  const events = await told();
  expect(events.filter((e) => e.order_id === '1')).toEqual([{ order_id: '1', type: 'cancelled', units: 1 }, { order_id: '1', type: 'created', units: 3 }, { order_id: '1', type: 'delivered', units: 2 }, { order_id: '1', type: 'paid', units: 3 }, { order_id: '1', type: 'shipped', units: 2 }]);

  // The same again, both ways: nothing twice.
  for (const id of [1, 3]) await send('order.updated', orders.get(String(id)));
  await r.call('POST', '/v1/shops/woo-1/connection/pull', { since: new Date(Date.now() - 3_600_000).toISOString() });
  await until('an idle connection', async () => (await r.sql.query(`select 1 from platform_hints union all select 1 from connection_feeds where next_at <= now() or page is not null`)).rowCount === 0);
  expect(await told()).toEqual(events);
  expect((await r.sql.query('select 1 from platform_quarantine')).rowCount).toBe(0);
  expect(await tablesWith(r.sql, 'canary')).toEqual([]);
}, 120_000);
