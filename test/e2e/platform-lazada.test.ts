import { closeServer, request, running, until, type Running } from '../factories/database.js';
import { fakePlatform, tablesWith, type FakePlatform, type Heard } from '../factories/fake-platform.js';
import { furnish } from '../factories/merchant.js';
import { hmacHex } from '../factories/platform-signatures.js';

const KEY = '123456';
const SECRET = 'dummy-app-secret';
const NOW = Math.floor(Date.now() / 1000) * 1000;
const ORDER = '260422900198363';
const REVERSE = '658960600102006';
let r: Running;
let platform: FakePlatform;
let orders: Record<string, any>[] = [];
let items: Record<string, any>[] = [];
let reverses: Record<string, any>[] = [];

const canary = { customer_first_name: 'Canary Person', buyer_note: 'canary says please', address_shipping: { phone: '84555-0100', address1: 'Canary Street 1' }, recipient_info: { passport_no: 'canary-7' } };
const order = (id: string, at: number) => ({ order_id: id, created_at: new Date(NOW - 600_000).toISOString(), updated_at: new Date(at).toISOString(), payment_method: 'COD', ...canary });
const item = (order_id: string, order_item_id: string, over: object = {}) => ({ order_id, order_item_id, status: 'pending', sku: 'K1-S', sku_id: '666', item_price: '200000.00', paid_price: '150000.00', currency: 'VND', buyer_id: '7021436810468230477', updated_at: String(NOW - 590_000), name: 'canary label', ...over });

/** The platform: answers what is signed right with a token that was renewed. */
function answer({ path, query }: Heard): object {
  const names = [...query.keys()].filter((n) => n !== 'sign').sort();
  if (query.get('sign') !== hmacHex(SECRET, path + names.map((n) => n + (query.get(n) ?? '')).join('')).toUpperCase()) return { code: 'IncompleteSignature', type: 'ISV' };
  if (path === '/auth/token/refresh') return { code: '0', access_token: 'lazada-token-new', refresh_token: 'lazada-token-newer', expires_in: 604_800 };
  if (query.get('access_token') !== 'lazada-token-new') return { code: 'IllegalAccessToken', type: 'ISV' };
  const listed = (query.get('order_ids') ?? '').replace(/[[\]]/g, '').split(',');
  const found = orders.find((o) => o['order_id'] === query.get('order_id'));
  const within = (at: number, from: string, to: string): boolean => at >= new Date(Number(query.get(from)) || (query.get(from) ?? '')).getTime() && at <= new Date(Number(query.get(to)) || (query.get(to) ?? '')).getTime();
  const answers: Record<string, () => object> = {
    '/seller/get': () => ({ code: '0', data: { name: 'Lazada shop' } }),
    '/order/get': () => (found === undefined ? { code: '16', type: 'ISV' } : { code: '0', data: found }),
    '/orders/items/get': () => ({ code: '0', data: listed.map((id) => ({ order_id: id, order_items: items.filter((i) => i['order_id'] === id) })) }),
    '/orders/get': () => ({ code: '0', data: { orders: orders.filter((o) => within(Date.parse(o['updated_at'] as string), 'update_after', 'update_before')) } }),
    '/order/reverse/return/detail/list': () => ({ code: '0', data: reverses.find((x) => x['reverse_order_id'] === query.get('reverse_order_id')) }),
    '/reverse/getreverseordersforseller': () => ({ code: '0', result: { items: reverses.filter((x) => within(Number(x['reverse_order_lines'][0].return_order_line_gmt_modified), 'ReverseOrderLineModifiedTimeRangeStart', 'ReverseOrderLineModifiedTimeRangeEnd')) } }),
  };
  return answers[path]?.() ?? { code: 'InvalidApiPath', type: 'ISV' };
}

beforeAll(async () => {
  platform = await fakePlatform((heard) => ({ body: answer(heard) }));
  r = await running();
  await furnish(r, ['K1-S', 'K1-M'], {}, { clock: 'live', platform: 'lazada', currency: 'VND' });
});
afterAll(async () => {
  await r.close();
  await platform.close();
  await closeServer();
});

const send = (message: object, secret = SECRET) => {
  const body = JSON.stringify(message);
  return request(r.url, 'POST', '/webhooks/lazada/shop-1', body, { authorization: hmacHex(secret, KEY, body), 'content-type': 'application/json' });
};
const linesOf = async (id: string) => (await r.call('GET', `/v1/shops/shop-1/orders/${id}`)).body.lines as Record<string, any>[] | undefined;
const events = async () => Number((await r.sql.query('select count(*) from order_events')).rows[0].count);

it('Lazada: what a push names is fetched, what never came is pulled, and no person is kept', async () => {
  const base = platform.url;
  const put = await r.call('PUT', '/v1/shops/shop-1/connection', { platform: 'lazada', credentials: { appKey: KEY, appSecret: SECRET, accessToken: 'lazada-token-old', refreshToken: 'lazada-token-refresh', accessTokenEndsAt: '0' }, settings: { country: 'vn', apiBase: base, authBase: base } });
  expect(put.status).toBe(201);
  expect((await r.call('POST', '/v1/shops/shop-1/connection/test')).body).toMatchObject({ ok: true, account: 'Lazada shop' });

  orders = [order(ORDER, NOW - 590_000)];
  items = [item(ORDER, '1'), item(ORDER, '2', { status: 'canceled' }), item(ORDER, '3', { sku: 'K1-M', item_price: '0.00', paid_price: '0.00' })];
  const told = { seller_id: '1', message_type: 0, data: { order_status: 'pending', trade_order_id: ORDER, trade_order_line_id: '1' } };
  expect((await send(told, 'other')).status).toBe(401);
  const acknowledged = await send(told);
  expect([acknowledged.status, acknowledged.body]).toEqual([200, undefined]);
  await until('the order was fetched', async () => (await linesOf(ORDER)) !== undefined);
  expect((await linesOf(ORDER))?.map((l) => [l['lineId'], l['sku'], l['kind'], l['netPaid'], l['cancelled'], l['unitPrice']])).toEqual([['1', 'K1-S', 'sale', 1, 0, 150_000], ['2', 'K1-S', 'sale', 0, 1, 150_000], ['3', 'K1-M', 'gift', 1, 0, 0]]);

  // Delivered and sent back in part, lost in part; no push tells of it, nor of another order.
  orders = [order(ORDER, NOW - 200_000), order('999', NOW - 100_000)];
  items = [item(ORDER, '1', { status: 'delivered' }), item(ORDER, '2', { status: 'canceled' }), item(ORDER, '3', { sku: 'K1-M', item_price: '0.00', paid_price: '0.00', status: 'lost_by_3pl' }), item('999', '9')];
  const line = { reverse_order_line_id: '663', trade_order_line_id: '1', reverse_status: 'REQUEST_INITIATE', ofc_status: 'RETURN_PICKED_UP', reason_text: 'Item is defective', return_order_line_gmt_modified: String(NOW - 150_000), seller_sku_id: 'K1-S', tracking_number: 'TH9', receiver_address: 'Canary Street 1' };
  reverses = [{ reverse_order_id: REVERSE, trade_order_id: ORDER, request_type: 'RETURN', reverse_order_lines: [line] }];
  const since = { since: new Date(NOW - 3_600_000).toISOString() };
  expect((await r.call('POST', '/v1/shops/shop-1/connection/pull', since)).status).toBe(202);
  await until('the gap was closed', async () => (await linesOf('999')) !== undefined && (await r.sql.query('select 1 from return_cases')).rows.length === 2);
  expect((await linesOf(ORDER))?.map((l) => [l['lineId'], l['netPaid'], l['cancelled'], l['shipped'], l['delivered']])).toEqual([['1', 1, 0, 1, 1], ['2', 0, 1, 0, 0], ['3', 1, 0, 1, 0]]);
  expect((await r.sql.query('select id, line_id, quantity, kind, status, claimed_reason, tracking_number from return_cases order by line_id')).rows).toEqual([
    { id: `shop-1/${REVERSE}/663/663`, line_id: '1', quantity: 1, kind: 'return', status: 'in-transit', claimed_reason: 'defective', tracking_number: 'TH9' },
    { id: `shop-1/failed-${ORDER}/3`, line_id: '3', quantity: 1, kind: 'failed-delivery', status: 'closed', claimed_reason: null, tracking_number: null },
  ]);

  // The same again by both ways says nothing new.
  const before = await events();
  await send({ message_type: 10, data: { reverse_status: 'RTM_SHIPPING_BACK', trade_order_id: ORDER, reverse_order_id: REVERSE, reverse_order_line_id: '663' } });
  const asks = platform.asked.length;
  await r.call('POST', '/v1/shops/shop-1/connection/pull', since);
  await until('all was asked again', () => Promise.resolve(new Set(platform.asked.slice(asks).map((a) => a.path)).size >= 5));
  await until('nothing waits', async () => (await r.sql.query('select 1 from platform_hints')).rows.length === 0);
  expect(await events()).toBe(before);
  expect((await r.sql.query('select 1 from return_cases')).rows).toHaveLength(2);

  expect(await tablesWith(r.sql, ORDER)).toContain('public.order_lines');
  expect(await tablesWith(r.sql, 'canary', '555-0100', '7021436810468230477', 'lazada-token-')).toEqual([]);
});
