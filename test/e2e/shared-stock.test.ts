import { closeServer, running, until, type Running } from '../factories/database.js';
import { fakePlatform, type FakePlatform, type Heard } from '../factories/fake-platform.js';
import { furnish } from '../factories/merchant.js';
import { hmacHex } from '../factories/platform-signatures.js';

const KEY = '1';
const SECRET = 'dummy';
let r: Running;
/** Two platforms, each with its own number of the same SKU, which it sells down without asking anybody. */
const shops = ['shop-1', 'shop-2'] as const;
const shown: Record<string, number> = { 'shop-1': 40, 'shop-2': 0 };
const pushes: { shop: string; id: string; change: number }[] = [];
const counted = new Set<string>();
let mode: 'good' | 'lost-answer' | 'refusing' = 'good';
const platforms: Record<string, FakePlatform> = {};

const answer = (shop: string) => ({ path, query, body }: Heard): string | { status: number; body: string } => {
  const method = query.get('method') ?? '';
  if (hmacHex(SECRET, `${SECRET}app_key${KEY}method${method}param_json${body}timestamp${query.get('timestamp') ?? ''}v2${SECRET}`) !== query.get('sign')) return '{"code":40003,"sub_code":"isv.signature-invalid"}';
  const params = JSON.parse(body);
  if (path === '/sku/stockNum') return JSON.stringify({ code: 10_000, data: params.sku_id === '77' ? { stock_num: shown[shop] } : {} });
  if (path !== '/sku/syncStock') return JSON.stringify({ code: 10_000, data: { shop_order_list: [], items: [] } });
  expect(params).toMatchObject({ sku_id: '77', incremental: true });
  pushes.push({ shop, id: params.idempotent_id, change: params.stock_num });
  if (mode === 'refusing') return '{"code":50002,"sub_code":"isv.business-failed"}';
  // The platform counts an id once, however often it hears it.
  if (!counted.has(params.idempotent_id)) {
    counted.add(params.idempotent_id);
    shown[shop] = (shown[shop] ?? 0) + Number(params.stock_num);
  }
  return mode === 'lost-answer' ? { status: 503, body: '' } : '{"code":10000,"data":{}}';
};
const offers = async (): Promise<Record<string, any>[]> => (await r.call('GET', '/v1/stock-offers?sku=K1-S')).body.items;
const settled = async (): Promise<boolean> => (await offers()).every((o) => o['waiting'] === null && o['shown'] === o['wanted']);
const buy = (shop: string, order: string, quantity: number, type = 'paid') => r.call('POST', '/v1/order-events', { event_id: `${order}-${type}`, occurred_at: new Date().toISOString(), shop, order_id: order, line_id: '1', sku: 'K1-S', quantity, unit_price: 100, currency: 'CNY', type });

beforeAll(async () => {
  r = await running();
  await furnish(r, ['K1-S'], { initial_stock: 100 }, { clock: 'live', platform: 'douyin' });
  await r.call('PUT', '/v1/shops/shop-2', { platform: 'douyin', timeZone: 'Asia/Shanghai', currency: 'CNY', clock: 'live' });
  for (const shop of shops) {
    platforms[shop] = await fakePlatform(answer(shop));
    expect((await r.call('PUT', `/v1/shops/${shop}/connection`, { platform: 'douyin', credentials: { appKey: KEY, appSecret: SECRET, accessToken: 'token' }, settings: { apiBase: platforms[shop].url } })).status).toBe(201);
  }
});
afterAll(async () => {
  await r.close();
  for (const shop of shops) await platforms[shop]?.close();
  await closeServer();
});

describe('two shops, one pile', () => {
  it('refuses what cannot be told', async () => {
    expect(await r.call('PUT', '/v1/shops/shop-1/stock-offers', { items: [{ sku: 'K1-S', code: 'nobody' }] })).toMatchObject({ status: 422, body: { detail: expect.stringContaining('does not know the code nobody') } });
    expect(await r.call('PUT', '/v1/shops/shop-1/stock-offers', { items: [{ sku: 'NOBODY', code: '77' }] })).toMatchObject({ status: 422, body: { detail: expect.stringContaining('NOBODY') } });
    expect((await offers()).length).toBe(0);
  });
  it('shows all of the pile in both shops while nothing sells, by changes from what each shows', async () => {
    for (const shop of shops) expect((await r.call('PUT', `/v1/shops/${shop}/stock-offers`, { items: [{ sku: 'K1-S', code: '77', item: '3' }] })).status).toBe(200);
    await until('both show the pile', () => Promise.resolve(shown['shop-1'] === 100 && shown['shop-2'] === 100));
    expect(pushes.map((p) => [p.shop, p.change]).sort()).toEqual([['shop-1', 60], ['shop-2', 100]]);
    await until('it is settled', settled);
  });
  it('takes what one shop sold from the other, and nothing from the one that counted it down itself', async () => {
    pushes.splice(0);
    shown['shop-1'] = (shown['shop-1'] ?? 0) - 5;
    await buy('shop-1', 'o1', 5);
    await until('the other shows less', () => Promise.resolve((shown['shop-2'] ?? 0) <= 95));
    await until('it is settled', settled);
    expect(pushes.filter((p) => p.shop === 'shop-1')).toEqual([]);
    // What the first may still sell before a push arrives is held back from the second.
    expect((await offers()).map((o) => [o['shop'], o['heldBack'] > 0, o['shown']])).toEqual([['shop-1', false, 95], ['shop-2', true, shown['shop-2']]]);
  });
  it('sends a change again under its id where the answer was lost, and it counts once', async () => {
    pushes.splice(0);
    mode = 'lost-answer';
    shown['shop-2'] = (shown['shop-2'] ?? 0) - 1;
    await buy('shop-2', 'o2', 1);
    await until('it was tried twice', () => Promise.resolve(pushes.filter((p) => p.shop === 'shop-1').length >= 2), 30);
    mode = 'good';
    await until('it is settled', settled, 90);
    expect(new Set(pushes.filter((p) => p.shop === 'shop-1').slice(0, 2).map((p) => p.id)).size).toBe(1);
    for (const o of await offers()) expect([o['shop'], o['shown']]).toEqual([o['shop'], shown[o['shop'] as string]]);
  });
  it('takes back what the platform refuses, and believes a difference that it reads twice', async () => {
    await r.sql.query(`update stock_offers set read_at = now() - interval '20 minutes' where shop = 'shop-1'`);
    shown['shop-1'] = (shown['shop-1'] ?? 0) - 7;
    await until('it was read once', async () => (await r.sql.query(`select drift from stock_offers where shop = 'shop-1'`)).rows[0].drift === -7);
    await r.sql.query(`update stock_offers set read_at = now() - interval '20 minutes' where shop = 'shop-1'`);
    await until('the difference is made up', async () => (await settled()) && (await offers())[0]?.['shown'] === shown['shop-1']);
    mode = 'refusing';
    pushes.splice(0);
    expect((await r.call('POST', '/v1/stock-movements', { cause: 'adjust', sku: 'K1-S', quantity: 10, note: 'found ten' })).status).toBe(201);
    await until('it was refused', async () => Number((await r.sql.query(`select count(*) from stock_pushes where state = 'refused'`)).rows[0].count) === 2);
    // Refused is refused: it is not asked again every second.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(pushes).toHaveLength(2);
    expect((await offers()).map((o) => o['refusedLately'])).toEqual([true, true]);
    mode = 'good';
    await r.sql.query('update stock_offers set quiet_until = null');
    await until('it is settled', settled, 60);
    for (const o of await offers()) expect([o['shop'], o['shown']]).toEqual([o['shop'], shown[o['shop'] as string]]);
  });
});
