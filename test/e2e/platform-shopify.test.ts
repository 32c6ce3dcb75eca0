import { Redis } from 'ioredis';
import { closeServer, request, running, testSetting, until, type Running } from '../factories/database.js';
import { fakePlatform, tablesWith, type FakePlatform, type Heard, type Told } from '../factories/fake-platform.js';
import { furnish } from '../factories/merchant.js';
import { hmacBase64 } from '../factories/platform-signatures.js';

const SECRET = 'shpss_dummy';
const CANARY = 'Canary Person';
let r: Running;
let platform: FakePlatform;
const redis = testSetting('TEST_REDIS_URL_E2E');
let monitor: Redis | undefined;
const sent: string[] = [];
/** Orders that the platform has, by id; all are answered as changed. */
const orders = new Map<number, Record<string, unknown>>();
let fails: { status: number; headers?: Record<string, string> } | undefined;
let pageSize = 100;

const order = (id: number, over: Record<string, unknown> = {}) => ({
  id, created_at: new Date(Date.now() - 3_600_000).toISOString(), processed_at: new Date(Date.now() - 3_600_000).toISOString(), updated_at: new Date(Date.now() - 3_500_000).toISOString(), cancelled_at: null, currency: 'USD', financial_status: 'paid',
  customer: { id: 702_143_681_046_800 + id, first_name: CANARY }, email: 'canary@example.com', note: `for ${CANARY}`, shipping_address: { name: CANARY, phone: '+1 555 0100 777' },
  line_items: [{ id: id * 10, variant_id: 21, product_id: 31, sku: 'K1-S', quantity: 2, price: '19.99', name: `${CANARY} special` }], fulfillments: [], refunds: [], ...over,
});

function answer({ path, query, headers }: Heard): Told {
  if (headers['x-shopify-access-token'] !== 'shpat_good') return { status: 401, body: '{"errors":"Invalid API key or access token"}' };
  if (fails !== undefined) return { status: fails.status, headers: fails.headers ?? {}, body: '' };
  if (path.endsWith('/shop.json')) return '{"shop":{"name":"A Shop"}}';
  const from = Number(query.get('page_info') ?? 0);
  const all = [...orders.values()];
  const next: Record<string, string> = from + pageSize < all.length ? { link: `<http://x/orders.json?limit=1&page_info=${from + pageSize}>; rel="next"` } : {};
  return { headers: next, body: { orders: all.slice(from, from + pageSize) } };
}

const webhook = (topic: string, body: unknown) => {
  const text = JSON.stringify(body);
  return request(r.url, 'POST', '/webhooks/shopify/shop-1', text, { authorization: '', 'content-type': 'application/json', 'x-shopify-topic': topic, 'x-shopify-hmac-sha256': hmacBase64(SECRET, text) });
};
const connection = async () => (await r.call('GET', '/v1/shops/shop-1/connection')).body;
const pull = async (): Promise<void> => {
  const before = (await connection()).feeds[0].doneAt;
  await r.call('POST', '/v1/shops/shop-1/connection/pull', {});
  await until('the pull is done', async () => { const feed = (await connection()).feeds[0]; return feed.doneAt !== before && new Date(feed.nextAt).getTime() > Date.now(); });
};
const events = async (): Promise<string[]> => (await r.sql.query('select event_id from order_events order by event_id')).rows.map((x) => x.event_id);

beforeAll(async () => {
  platform = await fakePlatform(answer);
  // Everything that is logged is logged, and everything that goes to Redis is read along, for what must be in neither.
  if (redis !== undefined) {
    monitor = await new Redis(redis).monitor();
    monitor.on('monitor', (_: string, command: string[]) => sent.push(command.join(' ')));
  }
  r = await running({ LOG_LEVEL: 'debug', ...(redis === undefined ? {} : { REDIS_URL: redis }) });
  await furnish(r, ['K1-S'], {}, { clock: 'live', platform: 'shopify', currency: 'USD' });
  const put = await r.call('PUT', '/v1/shops/shop-1/connection', { platform: 'shopify', credentials: { webhookSecret: SECRET, accessToken: 'shpat_good' }, settings: { domain: 'a-shop.myshopify.com', apiBase: platform.url } });
  expect(put).toMatchObject({ status: 201 });
});
afterAll(async () => {
  await r.close();
  await platform.close();
  monitor?.disconnect();
  await closeServer();
});

describe('a shop that is pulled beside its webhooks', () => {
  it('proves its credentials with one call', async () => {
    expect((await r.call('POST', '/v1/shops/shop-1/connection/test')).body).toEqual({ ok: true, account: 'A Shop', fault: null });
    expect(await connection()).toMatchObject({ status: 'connected', account: 'A Shop' });
  });
  it('closes the gap of a lost webhook, and counts nothing twice that came by both ways', async () => {
    orders.set(1, order(1)).set(2, order(2)).set(3, order(3));
    pageSize = 2;
    await webhook('orders/create', order(1, { created_at: orders.get(1)?.['created_at'], processed_at: orders.get(1)?.['processed_at'], updated_at: orders.get(1)?.['updated_at'] }));
    await pull();
    const first = await events();
    expect(first).toEqual(['1:10:created', '1:10:paid', '2:20:created', '2:20:paid', '3:30:created', '3:30:paid']);
    expect(platform.asked.filter((a) => a.query.get('page_info') === '2').length).toBeGreaterThan(0);
    for (const id of [3, 1, 2]) await webhook('orders/updated', orders.get(id));
    await pull();
    expect(await events()).toEqual(first);
    expect((await r.sql.query(`select sum(open_units)::int as open from order_lines`)).rows[0].open).toBe(6);
  });
  it('slows down where the platform says so, and goes on by itself', async () => {
    fails = { status: 429, headers: { 'retry-after': '2' } };
    orders.set(4, order(4));
    await r.call('POST', '/v1/shops/shop-1/connection/pull', {});
    await until('it fails', async () => (await connection()).status === 'failing');
    const calls = platform.asked.length;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(platform.asked.length).toBe(calls);
    fails = undefined;
    await until('it goes on', async () => (await events()).includes('4:40:paid'), 30);
    expect((await connection()).status).toBe('connected');
  });
  it('asks nothing while it is paused, takes webhooks in all the same, and catches up when it is resumed', async () => {
    expect((await r.call('POST', '/v1/shops/shop-1/connection/pause')).body.status).toBe('paused');
    orders.set(5, order(5)).set(6, order(6));
    // Other processes look a connection up every two seconds.
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    const calls = platform.asked.length;
    await r.call('POST', '/v1/shops/shop-1/connection/pull', {});
    await webhook('orders/create', orders.get(5));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(platform.asked.length).toBe(calls);
    expect(await events()).toContain('5:50:paid');
    expect(await events()).not.toContain('6:60:paid');
    expect((await r.call('POST', '/v1/shops/shop-1/connection/resume')).body.status).toBe('connected');
    await until('it catches up', async () => (await events()).includes('6:60:paid'));
  });
  it('fetches anew what could not be read, once it is redriven', async () => {
    await webhook('orders/create', order(7, { currency: 'dollars' }));
    const kept = (await r.call('GET', '/v1/platform-quarantine?shop=shop-1')).body.items;
    expect(kept).toMatchObject([{ entity: 'order', entityId: '7', reason: 'unreadable', detail: expect.stringContaining('currency') }]);
    orders.clear();
    orders.set(7, order(7));
    expect((await r.call('POST', '/v1/platform-quarantine/redrive', { shop: 'shop-1' })).body).toEqual({ redriven: 0, remaining: 0, fetching: 1 });
    await until('it is fetched', async () => (await events()).includes('7:70:paid'));
    expect((await r.call('GET', '/v1/platform-quarantine?shop=shop-1')).body.items).toEqual([]);
  });
  it('says that its permission was taken away, stops asking, and begins again with a new token', async () => {
    await r.call('PUT', '/v1/shops/shop-1/connection', { platform: 'shopify', credentials: { accessToken: 'shpat_revoked' } });
    await r.call('POST', '/v1/shops/shop-1/connection/pull', {});
    await until('it is noticed', async () => (await connection()).status === 'deauthorised');
    const calls = platform.asked.length;
    await r.call('POST', '/v1/shops/shop-1/connection/pull', {});
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(platform.asked.length).toBe(calls);
    await r.call('PUT', '/v1/shops/shop-1/connection', { platform: 'shopify', credentials: { accessToken: 'shpat_good' } });
    await pull();
    expect((await connection()).status).toBe('connected');
  });
  it('has no word of a person in any table or log', async () => {
    expect(await tablesWith(r.sql, 'canary', '0100 777', '7021436810468')).toEqual([]);
    expect(await tablesWith(r.sql, 'K1-S')).toContain('public.order_lines');
    expect(r.process.output()).toContain('listens on');
    expect(r.process.output()).not.toMatch(/canary|0100 777|7021436810468/i);
  });
  (redis === undefined ? it.skip : it)('sends no word of a person to Redis', () => {
    expect(sent.some((command) => command.includes('connectors'))).toBe(true);
    expect(sent.filter((command) => /canary|0100 777|7021436810468/i.test(command))).toEqual([]);
  });
});
