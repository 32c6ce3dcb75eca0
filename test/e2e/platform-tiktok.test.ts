import { closeServer, request, running, until, type Running } from '../factories/database.js';
import { fakePlatform, tablesWith, type FakePlatform, type Heard } from '../factories/fake-platform.js';
import { furnish } from '../factories/merchant.js';
import { hmacHex } from '../factories/platform-signatures.js';

const KEY = '68xu9ks5p4i8';
const SECRET = 'dummy-app-secret';
const NOW = Math.floor(Date.now() / 1000);
const ORDER = '576461413038785752';
let r: Running;
let platform: FakePlatform;
let orders: Record<string, any>[] = [];
let returns: Record<string, any>[] = [];
let affiliates: Record<string, any>[] = [];

const canary = { recipient_address: { name: 'Canary Person', phone_number: '+62-555-0100', full_address: 'Canary Street 1' }, buyer_email: 'canary@example.com', buyer_message: 'canary says please', cpf: '321-canary' };
const item = (id: string, over: object = {}) => ({ id, sku_id: '2729382476852921560', product_id: '1729', seller_sku: 'K1-S', sale_price: '150000.00', currency: 'IDR', display_status: 'AWAITING_SHIPMENT', ...over });
const order = (id: string, items: object[], over: object = {}) => ({ id, user_id: '7021436810468230477', status: 'AWAITING_SHIPMENT', create_time: NOW - 600, paid_time: NOW - 590, update_time: NOW - 590, payment: { currency: 'IDR' }, line_items: items, ...canary, ...over });

/** The platform: answers what is signed right with a token that was renewed. */
function answer({ path, query, headers, body }: Heard): object {
  if (path === '/api/v2/token/refresh') return { code: 0, data: { access_token: 'tiktok-token-new', refresh_token: 'tiktok-token-newer', access_token_expire_in: NOW + 604_800 } };
  const names = [...query.keys()].filter((n) => n !== 'sign').sort();
  if (query.get('sign') !== hmacHex(SECRET, SECRET + path + names.map((n) => n + (query.get(n) ?? '')).join('') + body + SECRET)) return { code: 106001, message: 'sign' };
  if (headers['x-tts-access-token'] !== 'tiktok-token-new') return { code: 105002, message: 'expired' };
  if ((query.get('ids') ?? '').split(',').includes('4040')) return { code: 11035001, message: 'no such order' };
  const sent = body === '' ? {} : (JSON.parse(body) as Record<string, any>);
  const changed = (o: Record<string, any>): boolean => o['update_time'] >= sent['update_time_ge'] && o['update_time'] < sent['update_time_lt'];
  const data: Record<string, () => object> = {
    '/authorization/202309/shops': () => ({ shops: [{ cipher: 'GCP_cipher', name: 'Maomao' }] }),
    '/order/202507/orders': () => ({ orders: orders.filter((o) => (query.get('ids') ?? '').split(',').includes(o['id'] as string)) }),
    '/order/202309/orders/search': () => ({ orders: orders.filter(changed) }),
    '/return_refund/202309/returns/search': () => ({ return_orders: returns.filter((o) => (sent['return_ids'] === undefined ? changed(o) : sent['return_ids'].includes(o['return_id']))) }),
    '/return_refund/202309/cancellations/search': () => ({ cancellations: [] }),
    '/affiliate_seller/202410/orders/search': () => ({ orders: affiliates }),
  };
  return { code: 0, data: data[path]?.() ?? {} };
}

beforeAll(async () => {
  platform = await fakePlatform((heard) => ({ body: answer(heard) }));
  r = await running();
  await furnish(r, ['K1-S', 'K1-M'], {}, { clock: 'live', platform: 'tiktok', currency: 'IDR' });
});
afterAll(async () => {
  await r.close();
  await platform.close();
  await closeServer();
});

const send = (message: object, secret = SECRET) => {
  const body = JSON.stringify(message);
  return request(r.url, 'POST', '/webhooks/tiktok/shop-1', body, { authorization: hmacHex(secret, KEY, body), 'content-type': 'application/json' });
};
const linesOf = async (id: string) => (await r.call('GET', `/v1/shops/shop-1/orders/${id}`)).body.lines as Record<string, any>[] | undefined;
const events = async () => Number((await r.sql.query('select count(*) from order_events')).rows[0].count);

it('TikTok Shop: what a webhook names is fetched, what never came is pulled, and no person is kept', async () => {
  const base = platform.url;
  const put = await r.call('PUT', '/v1/shops/shop-1/connection', {
    platform: 'tiktok', credentials: { appKey: KEY, appSecret: SECRET, accessToken: 'tiktok-token-old', refreshToken: 'tiktok-token-refresh', accessTokenEndsAt: '0', shopCipher: 'GCP_cipher' }, settings: { apiBase: base, authBase: base },
  });
  expect(put.status).toBe(201);
  expect((await r.call('POST', '/v1/shops/shop-1/connection/test')).body).toMatchObject({ ok: true, account: 'Maomao' });

  orders = [order(ORDER, [item('1'), item('2', { display_status: 'CANCELLED' }), item('3', { seller_sku: 'K1-M', is_gift: true, sale_price: '0' })], { is_buyer_request_cancel: true })];
  expect((await send({ type: 1, data: { order_id: ORDER, order_status: 'CANCEL' } }, 'other')).status).toBe(401);
  const told = await send({ type: 1, tts_notification_id: '1', data: { order_id: ORDER, order_status: 'AWAITING_SHIPMENT' } });
  expect([told.status, told.body]).toEqual([200, undefined]);
  await until('the order was fetched', async () => (await linesOf(ORDER)) !== undefined);
  expect((await linesOf(ORDER))?.map((l) => [l['lineId'], l['sku'], l['kind'], l['netPaid'], l['cancelled'], l['unitPrice']])).toEqual([['1', 'K1-S', 'sale', 1, 0, 15_000_000], ['2', 'K1-S', 'sale', 0, 1, 15_000_000], ['3', 'K1-M', 'gift', 1, 0, 0]]);

  // Shipped, delivered and sent back; no webhook tells of it, nor of another order.
  orders = [order(ORDER, [item('1', { display_status: 'DELIVERED' }), item('2', { display_status: 'CANCELLED' }), item('3', { seller_sku: 'K1-M', is_gift: true, sale_price: '0', display_status: 'DELIVERED' })], { status: 'DELIVERED', collection_time: NOW - 300, delivery_time: NOW - 200, update_time: NOW - 200 }), order('999', [item('9')])];
  returns = [{ return_id: '4035318504086604100', order_id: ORDER, return_type: 'RETURN_AND_REFUND', return_status: 'BUYER_SHIPPED_ITEM', return_reason: 'ecom_order_delivered_refund_and_return_reason_defective_uk', return_tracking_number: 'JX9', create_time: NOW - 150, update_time: NOW - 100, return_line_items: [{ return_line_item_id: '31', order_line_item_id: '1', seller_sku: 'K1-S' }] }];
  const since = { since: new Date((NOW - 3_600) * 1000).toISOString() };
  expect((await r.call('POST', '/v1/shops/shop-1/connection/pull', since)).status).toBe(202);
  await until('the gap was closed', async () => (await linesOf('999')) !== undefined && (await r.sql.query('select 1 from return_cases')).rows.length > 0);
  expect((await linesOf(ORDER))?.map((l) => [l['lineId'], l['netPaid'], l['cancelled'], l['shipped'], l['delivered']])).toEqual([['1', 1, 0, 1, 1], ['2', 0, 1, 0, 0], ['3', 1, 0, 1, 1]]);
  expect((await r.sql.query('select id, line_id, quantity, kind, status, claimed_reason, tracking_number from return_cases')).rows).toEqual([{ id: 'shop-1/4035318504086604100/31', line_id: '1', quantity: 1, kind: 'return', status: 'in-transit', claimed_reason: 'defective', tracking_number: 'JX9' }]);

  // The same again by both ways says nothing new.
  const before = await events();
  await send({ type: 1, data: { order_id: ORDER } });
  await send({ type: 12, data: { return_id: '4035318504086604100' } });
  const asks = platform.asked.length;
  await r.call('POST', '/v1/shops/shop-1/connection/pull', since);
  await until('all was asked again', () => Promise.resolve(new Set(platform.asked.slice(asks).map((a) => a.path)).size >= 5));
  await until('nothing waits', async () => (await r.sql.query('select 1 from platform_hints')).rows.length === 0);
  expect(await events()).toBe(before);
  expect((await r.sql.query('select 1 from return_cases')).rows).toHaveLength(1);

  expect(await tablesWith(r.sql, ORDER)).toContain('public.order_lines');
  expect(await tablesWith(r.sql, 'canary', '555-0100', '7021436810468230477', 'tiktok-token-')).toEqual([]);
});

it('fetches what it can of a batch in which the platform will not hear of one order', async () => {
  await r.call('POST', '/v1/shops/shop-1/connection/pause');
  orders = [order('777', [item('7')])];
  for (const id of ['4040', '777']) expect((await send({ type: 1, tts_notification_id: id, shop_id: '1', timestamp: NOW, data: { order_id: id, order_status: 'AWAITING_SHIPMENT', update_time: NOW } })).status).toBe(200);
  // The orders feed must not bring it: only the hint does.
  await r.sql.query(`update connection_feeds set next_at = now() + interval '1 hour'`);
  await r.call('POST', '/v1/shops/shop-1/connection/resume');
  await until('the other is there', async () => (await linesOf('777')) !== undefined);
  expect((await r.sql.query(`select id from platform_hints`)).rows).toEqual([{ id: '4040' }]);
});

it('believes an affiliate order, which names the product alone, of whose room sold it', async () => {
  orders = [order('888', [item('8'), item('9', { seller_sku: 'K1-M', product_id: '1730' })])];
  affiliates = [{ id: '888', skus: [{ sku_id: '2729382476852921560', product_id: '1729', content_type: 'LIVE', content_id: '7493990579714164574', creator_username: 'anchor_1' }] }];
  const pull = { since: new Date((NOW - 3_600) * 1000).toISOString() };
  expect((await r.call('POST', '/v1/shops/shop-1/connection/pull', pull)).status).toBe(202);
  await until('the order is there', async () => (await linesOf('888')) !== undefined);
  // The word may come before its order does: the feed tells it again.
  expect((await r.call('POST', '/v1/shops/shop-1/connection/pull', pull)).status).toBe(202);
  const attributed = async () => (await r.call('GET', '/v1/shops/shop-1/orders/888/attributions')).body.lines as Record<string, any>[] | undefined;
  await until('the line is attributed', async () => ((await attributed())?.length ?? 0) > 0);
  expect(await attributed()).toMatchObject([{ lineId: '8', broadcast: expect.stringContaining('7493990579714164574'), method: 'affiliate-order' }]);
});
