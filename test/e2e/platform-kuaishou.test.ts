import { closeServer, request, running, until, type Running } from '../factories/database.js';
import { fakePlatform, tablesWith, type FakePlatform, type Heard } from '../factories/fake-platform.js';
import { furnish } from '../factories/merchant.js';
import { aesCbcBase64, md5Hex } from '../factories/platform-signatures.js';

const KEY = Buffer.alloc(16, 5).toString('base64');
const now = Date.now();
let r: Running;
let platform: FakePlatform;

const order = (oid: number, status: number, sku: string, over: object = {}) => ({
  orderBaseInfo: { oid, status, createTime: now - 300_000, payTime: now - 290_000, updateTime: now - 100_000, totalFee: 31_800, buyerOpenId: 'CanaryOpenId', buyerNick: 'CanaryNick', ...over }, orderItemInfo: { num: 2, price: 15_900, skuNick: sku, skuId: 1, itemId: 2 }, orderAddress: { desensitiseConsignee: 'CanaryName', encryptedMobile: 'Canary138' },
});
const orders: Record<string, object> = { '2607602240240301': order(2607602240240301, 30, 'K1-S'), '2607602240240302': order(2607602240240302, 40, 'K1-M', { sendTime: now - 200_000 }) };
const refund = { refundId: 3300112233445566, oid: 2607602240240302, status: 30, handlingWay: 1, refundReasonDesc: '尺码偏小', refundDesc: 'CanaryWords', skuId: 1, createTime: now - 60_000, updateTime: now - 50_000 };

function answer({ path, query }: Heard): string {
  const { sign, ...params } = Object.fromEntries(query);
  if (sign !== md5Hex(`${Object.keys(params).sort().map((k) => `${k}=${params[k] ?? ''}`).join('&')}&signSecret=sign-secret`)) return '{"result":14,"error_msg":"sign is wrong"}';
  const param = JSON.parse(params['param'] ?? '{}');
  const data = path === '/open/order/detail' ? orders[String(param.oid)] : path === '/open/seller/order/refund/detail' ? refund
    : path === '/open/order/cursor/list' ? { orderList: Object.values(orders), cursor: 'nomore' } : path === '/open/shop/info/get' ? { shopName: 'A shop' } : { refundOrderInfoList: [refund], pcursor: 'nomore' };
  return JSON.stringify({ result: 1, data });
}
const push = (message: object, key = KEY) => request(r.url, 'POST', '/webhooks/kuaishou/shop-1', aesCbcBase64(key, JSON.stringify(message)), { authorization: '', 'content-type': 'text/plain;charset=utf-8' });
const linesOf = async (id: string) => (await r.call('GET', `/v1/shops/shop-1/orders/${id}`)).body.lines as Record<string, any>[] | undefined;
const count = async (table: string) => Number((await r.sql.query(`select count(*) from ${table}`)).rows[0].count);

beforeAll(async () => {
  platform = await fakePlatform(answer);
  r = await running();
  await furnish(r, ['K1-S', 'K1-M'], {}, { clock: 'live', platform: 'kuaishou' });
  expect((await r.call('PUT', '/v1/shops/shop-1/connection', { platform: 'kuaishou', credentials: { appKey: 'ks1', messageKey: KEY, signSecret: 'sign-secret', accessToken: 'token' }, settings: { apiBase: platform.url } })).status).toBe(201);
});
afterAll(async () => {
  await r.close();
  await platform.close();
  await closeServer();
});

describe('Kuaishou, from the push to the order line', () => {
  it('fetches what a push names, and closes by pulling what no push named, each told once', async () => {
    expect(await request(r.url, 'POST', '/webhooks/kuaishou/shop-1', '{"test":true}', { authorization: '', 'content-type': 'text/plain' })).toMatchObject({ status: 200, body: { result: 1 } });
    const paid = { eventId: 'e1', appKey: 'ks1', userId: 1, event: 'kwaishop_order_paySuccess', bizId: 2607602240240301, info: '{"oid":2607602240240301}' };
    expect((await push(paid, Buffer.alloc(16, 6).toString('base64'))).status).toBe(401);
    expect(await push(paid)).toMatchObject({ status: 200, body: { result: 1 } });
    await until('the named order is there', async () => (await linesOf('2607602240240301')) !== undefined);
    expect(await linesOf('2607602240240301')).toMatchObject([{ sku: 'K1-S', ordered: 2, netPaid: 2, open: 2, unitPrice: 15_900 }]);
    expect((await r.call('POST', '/v1/shops/shop-1/connection/pull')).status).toBeLessThan(300);
    await until('the lost order is there', async () => (await linesOf('2607602240240302')) !== undefined);
    expect(await linesOf('2607602240240302')).toMatchObject([{ sku: 'K1-M', ordered: 2, shipped: 2 }]);
    await until('the return is there', async () => (await count('return_cases')) === 1);
    expect((await r.sql.query('select id, status, kind, claimed_reason, quantity from return_cases')).rows).toEqual([{ id: 'shop-1/3300112233445566/2607602240240302', status: 'approved', kind: 'return', claimed_reason: 'too-small', quantity: 2 }]);
    expect(await count('order_events')).toBe(5);
    const lists = platform.asked.filter((a) => a.path === '/open/order/cursor/list').length;
    await r.call('POST', '/v1/shops/shop-1/connection/pull');
    await push(paid);
    await until('it was pulled again', () => Promise.resolve(platform.asked.filter((a) => a.path === '/open/order/cursor/list').length > lists));
    await until('nothing waits', async () => (await count('platform_hints')) === 0);
    expect(await count('order_events')).toBe(5);
    expect((await r.call('POST', '/v1/shops/shop-1/connection/test')).body).toMatchObject({ ok: true, account: 'A shop' });
  });
  it('keeps nothing of a person', async () => {
    expect(await tablesWith(r.sql, '2607602240240301')).toContain('public.order_lines');
    expect(await tablesWith(r.sql, 'canary')).toEqual([]);
  });
});
