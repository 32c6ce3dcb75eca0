import { closeServer, request, running, until, type Running } from '../factories/database.js';
import { fakePlatform, tablesWith, type FakePlatform, type Heard } from '../factories/fake-platform.js';
import { furnish } from '../factories/merchant.js';
import { hmacHex, md5Hex } from '../factories/platform-signatures.js';

const KEY = '6838755441212393991';
const SECRET = 'dummy-app-secret';
const now = Math.floor(Date.now() / 1000);
let r: Running;
let platform: FakePlatform;

const line = (id: string, status: number, code: string) => ({ order_id: id, item_num: 2, order_status: status, pay_type: 1, pay_time: now - 290, create_time: now - 300, code, sku_id: 9, product_id_str: '3', sum_amount: 31_800, exp_ship_time: now + 172_800, room_id_str: '7300000000000000001', author_id: 5, theme_type: '1', post_receiver: 'CanaryName' });
const orders: Record<string, object> = {
  '4781320682406083640': { order_id: '4781320682406083640', create_time: now - 300, update_time: now - 200, order_status: 2, doudian_open_id: '#CanaryOpenId', post_tel: 'Canary13800000000', post_addr: { detail: 'CanaryStreet' }, logistics_info: [], sku_order_list: [line('4781320682406083641', 2, 'K1-S')] },
  '4781320682406083650': { order_id: '4781320682406083650', create_time: now - 300, update_time: now - 100, order_status: 3, logistics_info: [{ delivery_id: 'd', tracking_no: 'SF1', ship_time: now - 150, product_info: [{ sku_order_id: '4781320682406083651', product_count: 2 }] }], sku_order_list: [line('4781320682406083651', 3, 'K1-M')] },
};
const detail = { process_info: { after_sale_info: { after_sale_id: '70123456789', after_sale_type: 0, after_sale_status: 7, refund_status: 1, apply_time: now - 60, update_time: now - 50, reason: '尺码偏小', reason_remark: 'CanaryRemark', after_sale_apply_count: 1, need_return_count: 1 }, logistics_info: { return: { tracking_no: 'YT77' } } }, order_info: { shop_order_id: '4781320682406083650', sku_order_infos: [{ sku_order_id: '4781320682406083651', shop_sku_code: 'K1-M', item_quantity: 2, after_sale_item_count: 1 }] } };

function answer({ path, query, body }: Heard): string {
  const method = query.get('method') ?? '';
  if (hmacHex(SECRET, `${SECRET}app_key${KEY}method${method}param_json${body}timestamp${query.get('timestamp') ?? ''}v2${SECRET}`) !== query.get('sign')) return '{"code":40003,"sub_code":"isv.signature-invalid"}';
  const params = JSON.parse(body);
  const data = path === '/order/orderDetail' ? { shop_order_detail: orders[params.shop_order_id] } : path === '/afterSale/Detail' ? detail : path === '/afterSale/List' ? { items: [{ aftersale_info: { aftersale_id: '70123456789', update_time: now - 50 } }] } : { shop_order_list: Object.values(orders) };
  return JSON.stringify({ code: 10_000, data });
}
const push = (body: string, secret = SECRET) => request(r.url, 'POST', '/webhooks/douyin/shop-1', body, { authorization: '', 'content-type': 'application/json', 'app-id': KEY, 'event-sign': md5Hex(KEY, body, secret) });
const linesOf = async (order: string) => (await r.call('GET', `/v1/shops/shop-1/orders/${order}`)).body.lines as Record<string, any>[] | undefined;
const events = async () => Number((await r.sql.query('select count(*) from order_events')).rows[0].count);

beforeAll(async () => {
  platform = await fakePlatform(answer);
  r = await running();
  await furnish(r, ['K1-S', 'K1-M'], {}, { clock: 'live', platform: 'douyin' });
  expect((await r.call('PUT', '/v1/shops/shop-1/connection', { platform: 'douyin', credentials: { appKey: KEY, appSecret: SECRET, accessToken: 'token' }, settings: { apiBase: platform.url } })).status).toBe(201);
});
afterAll(async () => {
  await r.close();
  await platform.close();
  await closeServer();
});

describe('Douyin, from the push to the order line', () => {
  it('fetches what a push names, and closes by pulling what no push named, each told once', async () => {
    expect(await push('[{"tag":"0","msg_id":"0","data":"x"}]')).toMatchObject({ status: 200, body: { code: 0, msg: 'success' } });
    const body = '[{"tag":"101","msg_id":"m","data":"{\\"p_id\\":4781320682406083640}"}]';
    expect((await push(body, 'other')).status).toBe(401);
    expect(await push(body)).toMatchObject({ status: 200, body: { code: 0, msg: 'success' } });
    await until('the named order is there', async () => (await linesOf('4781320682406083640')) !== undefined);
    expect(await linesOf('4781320682406083640')).toMatchObject([{ sku: 'K1-S', ordered: 2, netPaid: 2, open: 2, unitPrice: 15_900, currency: 'CNY' }]);
    expect((await r.call('POST', '/v1/shops/shop-1/connection/pull')).status).toBeLessThan(300);
    await until('the lost order is there', async () => (await linesOf('4781320682406083650')) !== undefined);
    expect(await linesOf('4781320682406083650')).toMatchObject([{ sku: 'K1-M', ordered: 2, shipped: 2, open: 0 }]);
    await until('the return is there', async () => Number((await r.sql.query('select count(*) from return_cases')).rows[0].count) === 1);
    expect((await r.sql.query('select id, status, kind, claimed_reason, quantity from return_cases')).rows).toEqual([{ id: 'shop-1/70123456789/4781320682406083651', status: 'in-transit', kind: 'return', claimed_reason: 'too-small', quantity: 1 }]);
    const before = await events();
    expect(before).toBe(5);
    const pulls = platform.asked.filter((a) => a.path === '/order/searchList').length;
    await r.call('POST', '/v1/shops/shop-1/connection/pull');
    await until('it was pulled again', () => Promise.resolve(platform.asked.filter((a) => a.path === '/order/searchList').length > pulls));
    await push(body);
    await until('the hint was followed', () => Promise.resolve(platform.asked.filter((a) => a.path === '/order/orderDetail').length === 2));
    await until('nothing waits', async () => Number((await r.sql.query('select count(*) from platform_hints')).rows[0].count) === 0);
    expect(await events()).toBe(before);
    expect((await r.call('POST', '/v1/shops/shop-1/connection/test')).body).toMatchObject({ ok: true });
  });
  it('keeps nothing of a person', async () => {
    expect(await tablesWith(r.sql, '4781320682406083640')).toContain('public.order_lines');
    expect(await tablesWith(r.sql, 'canary')).toEqual([]);
  });
});
