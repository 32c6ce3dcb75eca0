import { closeServer, environmentFor, request, running, spawnService, until, type Process, type Running } from '../factories/database.js';
import { fakePlatform, tablesWith, type FakePlatform, type Heard } from '../factories/fake-platform.js';
import { furnish } from '../factories/merchant.js';
import { md5Hex } from '../factories/platform-signatures.js';

const SECRET = 'top-secret';
const A = '4705288465508532862';
const B = '4705288465508532999';
let r: Running;
let second: Process | undefined;
let platform: FakePlatform;
/** What the message service still repeats. */
const queue = new Map([['901', `{"id":901,"topic":"taobao_trade_TradeBuyerPay","user_id":77,"content":"{\\"tid\\":${A},\\"buyer_nick\\":\\"CanaryNick\\"}"}`]]);
let lost = false;
let confirming: (() => Promise<void>) | undefined;
let stored = -1;

const beijing = (agoSeconds: number) => new Date(Date.now() + 8 * 3_600_000 - agoSeconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
const times = { created: beijing(600), paid: beijing(590), sent: beijing(300), changed: beijing(200) };
const trade = (tid: string, status: string, sku: string) =>
  `{"tid":${tid},"created":"${times.created}","modified":"${times.changed}","pay_time":"${times.paid}","status":"${status}","type":"fixed","buyer_open_uid":"CanaryUid","buyer_nick":"CanaryNick","receiver_mobile":"Canary138","orders":{"order":[{"oid":${tid},"num":2,"outer_sku_id":"${sku}","divide_order_fee":"318.00","status":"${status}"${status === 'WAIT_SELLER_SEND_GOODS' ? '' : `,"consign_time":"${times.sent}"`}}]}}`;
const trades: Record<string, string> = { [A]: trade(A, 'WAIT_SELLER_SEND_GOODS', 'K1-S'), [B]: trade(B, 'WAIT_BUYER_CONFIRM_GOODS', 'K1-M') };
const refund = `{"refund_id":"55","tid":${B},"oid":${B},"num":1,"status":"WAIT_BUYER_RETURN_GOODS","created":"${times.sent}","modified":"${times.changed}","dispute_type":"REFUND_AND_RETURN","has_good_return":true,"reason":"尺码偏小","desc":"CanaryWords"}`;

async function answer({ body }: Heard): Promise<string> {
  const { sign, ...p } = Object.fromEntries(new URLSearchParams(body));
  if (sign !== md5Hex(SECRET, ...Object.keys(p).sort().map((k) => `${k}${p[k] ?? ''}`), SECRET).toUpperCase()) return '{"error_response":{"code":25,"msg":"Invalid signature"}}';
  const method = p['method'] ?? '';
  const wrap = (said: string) => `{"${method.replace('taobao.', '').replaceAll('.', '_')}_response":${said}}`;
  if (method === 'taobao.tmc.messages.consume') return wrap(`{"messages":{"tmc_message":[${[...queue.values()].join(',')}]}}`);
  if (method === 'taobao.tmc.messages.confirm') {
    await confirming?.();
    for (const id of (p['s_message_ids'] ?? '').split(',')) queue.delete(id);
    return wrap('{"is_success":true}');
  }
  if (method === 'taobao.trade.fullinfo.get') return wrap(`{"trade":${trades[p['tid'] ?? ''] ?? 'null'}}`);
  if (method === 'taobao.refund.get') return wrap(`{"refund":${refund}}`);
  if (method === 'taobao.trades.sold.increment.get') return wrap(lost ? `{"total_results":2,"trades":{"trade":[${Object.values(trades).join(',')}]}}` : '{"total_results":0}');
  return wrap(method === 'taobao.refunds.receive.get' ? (lost ? '{"total_results":1,"refunds":{"refund":[{"refund_id":"55"}]}}' : '{"total_results":0}') : '{"user":{"user_id":77}}');
}
const asked = (method: string) => platform.asked.filter((a) => new URLSearchParams(a.body).get('method') === method).length;
const call = (method: string, path: string, body?: unknown) => request(second?.url ?? r.url, method, path, body);
const linesOf = async (id: string) => (await call('GET', `/v1/shops/shop-1/orders/${id}`)).body.lines as Record<string, any>[] | undefined;
const count = async (table: string, where = 'true') => Number((await r.sql.query(`select count(*) from ${table} where ${where}`)).rows[0].count);

beforeAll(async () => {
  platform = await fakePlatform(answer);
  r = await running();
  await furnish(r, ['K1-S', 'K1-M'], {}, { clock: 'live', platform: 'taobao' });
});
afterAll(async () => {
  await second?.end();
  await r.close();
  await platform.close();
  await closeServer();
});

describe('Taobao, from the message to the order line', () => {
  it('confirms a message only after what it says is stored: a crash before brings it again, told once', async () => {
    let reached = false;
    confirming = async () => {
      stored = (await count('platform_hints', `id = '${A}'`)) + (await count('platform_orders', `order_id = '${A}'`));
      reached = true;
      await new Promise(() => undefined);
    };
    expect((await r.call('PUT', '/v1/shops/shop-1/connection', { platform: 'taobao', credentials: { appKey: '12345', appSecret: SECRET, accessToken: 'session' }, settings: { apiBase: platform.url, sellerId: '77' } })).status).toBe(201);
    await until('the service confirms', () => Promise.resolve(reached), 30);
    expect(stored).toBeGreaterThan(0);
    await r.process.end('SIGKILL');
    expect(queue.size).toBe(1);
    confirming = undefined;
    const before = asked('taobao.tmc.messages.consume');
    // Of the killed process: nobody waits for it a minute here.
    await r.sql.query(`update job_outbox set leased_until = null, due_at = now() where state = 'due'`);
    await r.sql.query('update connection_feeds set next_at = now()');
    second = await spawnService(environmentFor(r.databaseUrl));
    await until('the message is consumed again and confirmed', () => Promise.resolve(asked('taobao.tmc.messages.consume') > before && queue.size === 0), 40);
    await until('its order is there', async () => (await linesOf(A)) !== undefined, 40);
    await until('nothing waits', async () => (await count('platform_hints')) === 0, 40);
    expect(await linesOf(A)).toMatchObject([{ sku: 'K1-S', ordered: 2, netPaid: 2, open: 2, unitPrice: 15_900, currency: 'CNY' }]);
    expect(await count('order_events')).toBe(2);
  }, 150_000);
  it('closes by increments what no message named, each told once', async () => {
    lost = true;
    expect((await call('POST', '/v1/shops/shop-1/connection/pull')).status).toBeLessThan(300);
    await until('the lost order is there', async () => (await linesOf(B)) !== undefined);
    expect(await linesOf(B)).toMatchObject([{ sku: 'K1-M', ordered: 2, shipped: 2, open: 0 }]);
    await until('the return is there', async () => (await count('return_cases')) === 1);
    expect((await r.sql.query('select id, status, kind, claimed_reason, quantity from return_cases')).rows).toEqual([{ id: `shop-1/55/${B}`, status: 'approved', kind: 'return', claimed_reason: 'too-small', quantity: 1 }]);
    const pulls = asked('taobao.trades.sold.increment.get');
    await call('POST', '/v1/shops/shop-1/connection/pull');
    await until('it was pulled again', () => Promise.resolve(asked('taobao.trades.sold.increment.get') > pulls));
    await until('nothing waits', async () => (await count('platform_hints')) === 0);
    expect(await count('order_events')).toBe(5);
    expect((await call('POST', '/v1/shops/shop-1/connection/test')).body).toMatchObject({ ok: true, account: '77' });
    expect(await tablesWith(r.sql, A)).toContain('public.order_lines');
    expect(await tablesWith(r.sql, 'canary')).toEqual([]);
  });
});
