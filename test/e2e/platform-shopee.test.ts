import { closeServer, request, running, until, type Running } from '../factories/database.js';
import { fakePlatform, tablesWith, type Heard } from '../factories/fake-platform.js';
import { furnish } from '../factories/merchant.js';
import { hmacHex } from '../factories/platform-signatures.js';

const KEY = 'shopee-partner-key-of-a-test';
const now = Math.floor(Date.now() / 1000);
let r: Running;
let platform: { url: string; close: () => Promise<void> };
let hook = '';

/** What the fake Shopee knows. */
const orders = new Map<string, Record<string, unknown>>();
const returns = new Map<string, Record<string, unknown>>();
let lost: { id: number; sn: string }[] = [];
let confirmations = 0;
const storedWhenConfirmed: boolean[] = [];

const order = (order_sn: string, over: Record<string, unknown> = {}) => ({
  order_sn, order_status: 'READY_TO_SHIP', cod: false, currency: 'SGD', create_time: now - 600, update_time: now - 500, pay_time: now - 550, ship_by_date: now + 86_400, buyer_user_id: 1170319091, buyer_username: 'CanaryBuyer',
  recipient_address: { name: 'CanaryName', phone: '555-0100-999' }, message_to_seller: 'CanaryNote',
  item_list: [{ item_id: 23620853561, item_name: 'CanaryItem', model_id: 4705288465508532, model_sku: 'K1-S', model_quantity_purchased: 3, model_original_price: 30, model_discounted_price: 19.99, order_item_id: 23620853561, promotion_group_id: 0 }],
  package_list: [{ package_number: 'P1', logistics_status: 'LOGISTICS_READY', item_list: [{ item_id: 23620853561, model_id: 4705288465508532, model_quantity: 3, order_item_id: 23620853561, promotion_group_id: 0 }] }], ...over,
});

async function answer({ path, query, body }: Heard): Promise<{ status?: number; body: unknown }> {
  const ofApp = /\/push\/|\/auth\//.test(path);
  const base = `${query.get('partner_id') ?? ''}${path}${query.get('timestamp') ?? ''}${ofApp ? '' : `${query.get('access_token') ?? ''}${query.get('shop_id') ?? ''}`}`;
  if (query.get('sign') !== hmacHex(KEY, base)) return { body: { error: 'error_sign', message: 'Wrong sign.' } };
  const fine = (response: unknown) => ({ body: { error: '', message: '', response } });
  if (path.endsWith('/access_token/get')) return { body: { error: '', access_token: 'token-2', refresh_token: 'refresh-2', expire_in: 14_400, ...(JSON.parse(body).refresh_token === 'refresh-1' ? {} : { error: 'error_auth' }) } };
  if (path.endsWith('/get_lost_push_message')) {
    return fine({ push_message_list: lost.map((m) => ({ shop_id: 727720655, code: 3, timestamp: now, data: JSON.stringify({ shop_id: 727720655, code: 3, timestamp: now, data: { ordersn: m.sn, status: 'READY_TO_SHIP' } }) })), has_next_page: false, last_message_id: lost.at(-1)?.id ?? 0 });
  }
  if (path.endsWith('/confirm_consumed_lost_push_message')) {
    confirmations++;
    const stored = await r.sql.query(`select (select count(*) from platform_hints where id = 'LOST1') + (select count(*) from order_events where order_id = 'LOST1') as n`);
    storedWhenConfirmed.push(Number(stored.rows[0].n) > 0);
    // The first confirmation fails, as if the service had died before it.
    if (confirmations === 1) return { status: 500, body: {} };
    lost = lost.filter((m) => m.id > JSON.parse(body).last_message_id);
    return { body: { error: '-' } };
  }
  if (query.get('access_token') !== 'token-2') return { body: { error: 'error_auth', message: 'Invalid access_token.' } };
  if (path.endsWith('/get_order_detail')) return fine({ order_list: (query.get('order_sn_list') ?? '').split(',').flatMap((sn) => orders.get(sn) ?? []) });
  if (path.endsWith('/get_return_detail')) return fine(returns.get(query.get('return_sn') ?? ''));
  const within = (o: Record<string, unknown>) => Number(o['update_time']) >= Number(query.get('time_from') ?? query.get('update_time_from')) && o['unlisted'] !== true;
  if (path.endsWith('/get_order_list')) {
    // One a page.
    const list = [...orders.values()].filter(within);
    const at = Number(query.get('cursor') || '0');
    return fine({ more: at + 1 < list.length, next_cursor: String(at + 1), order_list: list.slice(at, at + 1).map((o) => ({ order_sn: o['order_sn'] })) });
  }
  if (path.endsWith('/get_return_list')) return fine({ more: false, return: [...returns.values()].filter(within).map((x) => ({ return_sn: x['return_sn'] })) });
  return { body: { error: '', shop_name: 'a shop of a test' } };
}

const push = (code: number, data: object, key = KEY) => {
  const body = JSON.stringify({ shop_id: 727720655, code, timestamp: now, data });
  return request(r.url, 'POST', '/webhooks/shopee/shopee-1', body, { 'content-type': 'application/json', authorization: hmacHex(key, `${hook}|`, body) });
};
const linesOf = async (sn: string) => (await r.call('GET', `/v1/shops/shopee-1/orders/${sn}`)).body.lines as Record<string, any>[] | undefined;
const pull = () => r.call('POST', '/v1/shops/shopee-1/connection/pull', {});
const feeds = async () => (await r.call('GET', '/v1/shops/shopee-1/connection')).body.feeds as { feed: string; fault: string | null; doneAt: string | null }[];

beforeAll(async () => {
  r = await running();
  await furnish(r, ['K1-S'], {}, { clock: 'live' });
  platform = await fakePlatform(answer);
  await r.call('PUT', '/v1/shops/shopee-1', { platform: 'shopee', timeZone: 'Asia/Singapore', currency: 'SGD', clock: 'live' });
});
afterAll(async () => {
  await r.close();
  await platform.close();
  await closeServer();
});

it('a shop of Shopee from its first push to its last return', async () => {
  const put = await r.call('PUT', '/v1/shops/shopee-1/connection', { platform: 'shopee', credentials: { partnerKey: KEY, accessToken: 'token-1', refreshToken: 'refresh-1', accessTokenEndsAt: '0' }, settings: { partnerId: '2001887', shopId: '727720655', apiBase: platform.url } });
  expect([put.status, put.body]).toMatchObject([201, { status: 'connected' }]);
  hook = put.body.webhookUrl;

  // The address is tried before it is used, and what is not signed is refused.
  const probe = await request(r.url, 'POST', '/webhooks/shopee/shopee-1', '', { authorization: '', 'content-type': 'application/json' });
  expect([probe.status, probe.body]).toEqual([200, undefined]);
  expect((await push(3, { ordersn: 'A1' }, 'another key')).status).toBe(401);

  // Access has ended: it is renewed before the first call.
  expect((await r.call('POST', '/v1/shops/shopee-1/connection/test')).body).toMatchObject({ ok: true, account: 'a shop of a test' });

  // Pushed, fetched, told.
  orders.set('A1', order('A1', { unlisted: true }));
  const answered = await push(3, { ordersn: 'A1', status: 'READY_TO_SHIP', update_time: now });
  expect([answered.status, answered.body]).toEqual([200, undefined]);
  await until('the pushed order', async () => (await linesOf('A1')) !== undefined);
  expect(await linesOf('A1')).toMatchObject([{ lineId: '23620853561-4705288465508532', sku: 'K1-S', ordered: 3, netPaid: 3, open: 3, unitPrice: 1999, currency: 'SGD' }]);

  // Shipped and partly back: the push of the return came, that of the parcel did not. One order was never pushed, one push was lost.
  const sent = { order_status: 'TO_RETURN', update_time: now - 100, pickup_done_time: now - 300, package_list: [{ ...(order('A1').package_list[0]), logistics_status: 'LOGISTICS_DELIVERY_DONE' }] };
  orders.set('A1', order('A1', sent));
  orders.set('NEVER1', order('NEVER1'));
  orders.set('LOST1', order('LOST1', { unlisted: true }));
  lost = [{ id: 176610, sn: 'LOST1' }];
  returns.set('R1', { return_sn: 'R1', order_sn: 'A1', status: 'PROCESSING', reason: 'FUNCTIONAL_DMG', text_reason: 'CanaryReason', update_time: now - 50, needs_logistics: true, return_solution: 0, tracking_number: 'RN9', user: { username: 'CanaryBuyer' }, item: [{ item_id: 23620853561, model_id: 4705288465508532, amount: 1, item_price: 19.99, variation_sku: 'K1-S' }] });
  expect((await push(29, { order_sn: 'A1', return_sn: 'R1', updated_values: [] })).status).toBe(200);
  expect((await pull()).status).toBeLessThan(300);
  await until('what no push told', async () => (await linesOf('NEVER1')) !== undefined && (await linesOf('LOST1')) !== undefined && (await linesOf('A1'))?.[0]?.['delivered'] === 3);
  await until('the return', async () => (await r.sql.query(`select 1 from return_cases where shop = 'shopee-1'`)).rowCount === 1);
  expect((await r.sql.query(`select id, order_id, quantity, kind, status, claimed_reason, tracking_number from return_cases where shop = 'shopee-1'`)).rows).toEqual([
    { id: 'shopee-1/R1/23620853561-4705288465508532', order_id: 'A1', quantity: 1, kind: 'return', status: 'approved', claimed_reason: 'defective', tracking_number: 'RN9' },
  ]);

  // The confirmation that failed is made again, with the message that it is about.
  await until('the failed confirmation', async () => (await feeds()).some((f) => f.feed === 'lost' && f.fault !== null));
  expect(lost).toHaveLength(1);
  await pull();
  await until('the confirmation', async () => lost.length === 0 && (await feeds()).every((f) => f.fault === null && f.doneAt !== null));
  expect(storedWhenConfirmed).toEqual([true, true]);

  // The same again, by push and by pull: nothing twice.
  const before = (await r.sql.query(`select order_id, type, sum(quantity)::int as units from order_events where shop = 'shopee-1' group by 1, 2 order by 1, 2`)).rows;
  expect(before).toEqual([
    { order_id: 'A1', type: 'created', units: 3 }, { order_id: 'A1', type: 'delivered', units: 3 }, { order_id: 'A1', type: 'paid', units: 3 }, { order_id: 'A1', type: 'shipped', units: 3 },
    { order_id: 'LOST1', type: 'created', units: 3 }, { order_id: 'LOST1', type: 'paid', units: 3 }, { order_id: 'NEVER1', type: 'created', units: 3 }, { order_id: 'NEVER1', type: 'paid', units: 3 },
  ]);
  for (const sn of ['A1', 'NEVER1', 'LOST1']) await push(3, { ordersn: sn });
  await r.call('POST', '/v1/shops/shopee-1/connection/pull', { since: new Date((now - 3_600) * 1000).toISOString() });
  await until('an idle connection', async () => (await r.sql.query(`select 1 from platform_hints union all select 1 from connection_feeds where next_at <= now() or page is not null`)).rowCount === 0);
  expect((await r.sql.query(`select order_id, type, sum(quantity)::int as units from order_events where shop = 'shopee-1' group by 1, 2 order by 1, 2`)).rows).toEqual(before);
  expect((await r.sql.query('select 1 from platform_quarantine')).rowCount).toBe(0);

  expect(await tablesWith(r.sql, 'canary')).toEqual([]);
  for (const secret of [KEY, 'token-2', 'refresh-2']) expect(await tablesWith(r.sql, secret)).toEqual([]);
}, 120_000);
