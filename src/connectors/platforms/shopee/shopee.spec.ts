import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hmacHex } from '../../../../test/factories/platform-signatures.js';
import { order, parcel, refund, sums, T } from '../../../../test/factories/shopee.js';
import { parseLossless, providedData } from '../../../kernel/index.js';
import type { Fields } from '../payload.js';
import { PlatformHttp, PlatformRefused, type Answered, type Asked } from '../platform-http.js';
import type { ConnectedShop, Heard, RawWebhook } from '../platform.js';
import { mapOrder } from './map.js';
import { heardOf, heardOfLost, isProbe } from './push.js';
import { mapReturn } from './returns.js';
import { shopee } from './shopee.js';
import { callSignature, pushSignature } from './sign.js';

const KEY = 'partner-key-of-a-test';
const shop: ConnectedShop = { shop: 's', credentials: { partnerKey: KEY, accessToken: 'token-1', refreshToken: 'refresh-1' }, settings: { partnerId: '2001887', shopId: '727720655', apiBase: 'https://shopee.test' }, timeZone: 'Asia/Singapore', currency: 'SGD' };

describe('signatures', () => {
  const URL_OF = 'https://example.com/hook';
  const body = Buffer.from(JSON.stringify({ shop_id: 727720655, code: 3, data: { ordersn: 'é1' } }));
  const posted = (over: Partial<RawWebhook> = {}): RawWebhook => ({ body, url: URL_OF, query: {}, headers: { authorization: hmacHex(KEY, `${URL_OF}|`, body) }, ...over });
  const verify = (webhook: RawWebhook, credentials: ConnectedShop['credentials'] = shop.credentials) => shopee.webhooks?.verify(webhook, credentials, Date.now());

  it('of a push are over the address and the raw bytes', () => {
    expect(verify(posted())).toBe(true);
    expect(verify(posted({ body: Buffer.concat([body, Buffer.from(' ')]) }))).toBe(false);
    expect(verify(posted({ url: `${URL_OF}/` }))).toBe(false);
    expect(verify(posted({ headers: {} }))).toBe(false);
    expect(verify(posted(), { partnerKey: 'other' })).toBe(false);
    expect(verify(posted(), {})).toBe(false);
    const flipped = Buffer.from(body);
    flipped[10] = (flipped[10] ?? 0) ^ 1;
    expect(verify(posted({ body: flipped }))).toBe(false);
  });
  it('of a call are over partner, path, time, token and shop', () => {
    expect(callSignature(KEY, '1', '/api/v2/x', 5, 'tok', '9')).toBe(hmacHex(KEY, '1/api/v2/x5tok9'));
    expect(callSignature(KEY, '1', '/api/v2/x', 5)).toBe(hmacHex(KEY, '1/api/v2/x5'));
  });

  const folder = providedData();
  const provided = folder === undefined ? '' : join(folder, '..', 'platforms');
  (folder === undefined ? it.skip : it)('agree with the vector computed beside the samples, and the samples are read', () => {
    const of = (name: string): string => readFileSync(join(provided, name), 'utf8').replace(/\n$/, '');
    const vector = (JSON.parse(of('signature-vectors.COMPUTED.json')) as Record<string, Record<string, string>>)['shopee'] ?? {};
    expect(pushSignature(vector['partner_key'] ?? '', vector['url'] ?? '', Buffer.from(of(vector['file'] ?? '')))).toBe(vector['Authorization']);
    const heard = (name: string) => heardOf(JSON.parse(of(name)) as Fields, { ...shop, settings: { shopId: String((JSON.parse(of(name)) as Fields)['shop_id']) } });
    expect(heard('shopee-03-order-status.json')).toEqual([{ kind: 'hint', entity: 'order', id: '220810QSK8S7BX' }]);
    expect(heard('shopee-04-trackingno.json')).toEqual([{ kind: 'hint', entity: 'order', id: '220809MDBFYFT2' }]);
    expect(heard('shopee-15-shipping-document.json')).toEqual([{ kind: 'nothing', about: 'shipping document' }]);
    expect(heard('shopee-29-return-updates.json')).toEqual([{ kind: 'hint', entity: 'return', id: '2411280EDT4JRV5' }]);
    const found = mapReturn((parseLossless(Buffer.from(of('shopee-api-return-detail.json'))) as { response: Fields }).response);
    expect(found).toMatchObject({ returnId: '2206140TA5PM808', kind: 'refund-only', status: 'refunded', claimedReason: 'not-received', trackingNumber: 'RNSHS00177569', lines: [{ lineId: '2700126223-2001586745', quantity: 1, code: { seller: 'RED', platform: '2001586745', link: '2700126223' } }] });
    // The official sample misses a comma and opens twice.
    const mended = of('shopee-api-order-detail.txt').replace(/^\{\s*\{/, '{').replace(/("logistics_channel_id": 18080)/, '$1,');
    const whole = (parseLossless(Buffer.from(mended)) as { response: { order_list: Fields[] } }).response.order_list[0] as Fields;
    const mapped = mapOrder(whole);
    expect(mapped).toMatchObject({ orderId: '2404098R48U37H', buyer: '1170319091', lines: [{ payment: 'cod', currency: 'VND', unitPrice: 48_000, shipBy: 1_712_671_200_000, code: { seller: 'QAZ-SADOER-05' } }] });
    expect(sums(mapped)).toEqual({ created: 1, paid: 1, shipped: 1, delivered: 1 });
  });
});

describe('pushes', () => {
  const push = (over: Record<string, unknown> = {}): Fields => ({ shop_id: 727720655, code: 3, timestamp: T, data: { ordersn: '220810QSK8S7BX', status: 'PROCESSED', update_time: T }, ...over });

  it.each([[3, { ordersn: 'o1' }], [3, { order_sn: 'o1' }], [4, { ordersn: 'o1' }], [47, { order_sn: 'o1' }], [30, { ordersn: 'o1' }]])('code %i names an order, by either spelling', (code, data) => {
    expect(heardOf(push({ code, data }), shop)).toEqual([{ kind: 'hint', entity: 'order', id: 'o1' }]);
  });
  it('code 29 names a return, whatever the order is called', () => {
    for (const data of [{ order_sn: 'o1', return_sn: 'r1' }, { ordersn: 'o1', return_sn: 'r1' }]) expect(heardOf(push({ code: 29, data }), shop)).toEqual([{ kind: 'hint', entity: 'return', id: 'r1' }]);
  });
  it('is about another shop of the same app: not heard', () => {
    expect(heardOf(push({ shop_id: 1 }), shop)).toEqual([{ kind: 'nothing', about: 'another shop' }]);
  });
  it('says nothing of orders, or something that nobody listed', () => {
    for (const code of [1, 5, 8, 12, 15, 28]) expect(heardOf(push({ code, data: {} }), shop)).toMatchObject([{ kind: 'nothing' }]);
    expect(heardOf(push({ code: 99 }), shop)).toMatchObject([{ kind: 'unknown', about: 'code 99' }]);
    expect(heardOf(push({ code: 3, data: {} }), shop)).toMatchObject([{ kind: 'unreadable', entity: 'message', reason: expect.stringContaining('ordersn') }]);
  });
  it('takes the permission away, named at the top, in the data or in a list; another shop’s not', () => {
    for (const over of [{}, { shop_id: undefined, data: { shop_id: 727720655 } }, { shop_id: undefined, data: { shop_id_list: [1, 727720655] } }]) expect(heardOf(push({ code: 2, data: {}, ...over }), shop)).toEqual([{ kind: 'deauthorised' }]);
    expect(heardOf(push({ code: 2, shop_id: undefined, data: { shop_id_list: [1] } }), shop)).toMatchObject([{ kind: 'nothing' }]);
  });
  it('that was lost holds the whole push as a text, or its data alone', () => {
    for (const data of [JSON.stringify(push()), JSON.stringify(push()['data']), push()['data']]) expect(heardOfLost({ shop_id: 727720655, code: 3, timestamp: T, data }, shop)).toEqual([{ kind: 'hint', entity: 'order', id: '220810QSK8S7BX' }]);
    expect(heardOfLost({ code: 2, timestamp: T, data: JSON.stringify({ code: 2, data: { shop_id: 727720655 } }) }, shop)).toMatchObject([{ kind: 'nothing' }]);
  });
  it('that tries the address is known by naming neither shop nor code', () => {
    expect(['', '{}', '{"code":0,"data":{"verify_info":"hello"}}'].map((b) => isProbe(Buffer.from(b)))).toEqual([true, true, true]);
    expect([JSON.stringify(push()), '[]', 'x', '{"code":3}', '{"code":0,"shop_id":5}', `{"a":"${'x'.repeat(5_000)}"}`].map((b) => isProbe(Buffer.from(b)))).toEqual([false, false, false, false, false, false]);
    expect(shopee.webhooks?.probe?.({ body: Buffer.alloc(0), headers: {}, url: '', query: {} }, {})).toEqual({ status: 200, body: '', contentType: null });
    expect(shopee.webhooks?.acknowledged).toEqual({ status: 200, body: '', contentType: null });
  });
});

describe('calls', () => {
  type Handler = (path: string, query: URLSearchParams, body: any) => unknown;
  const asked: string[] = [];
  /** A Shopee that answers only what is signed as it should be, by another implementation. */
  const api = (handler: Handler, over: Partial<ConnectedShop> = {}) => {
    asked.length = 0;
    const transport = (a: Asked): Promise<Answered> => {
      const url = new URL(a.url);
      const q = url.searchParams;
      const ofApp = /\/push\/|\/auth\//.test(url.pathname);
      const base = `${q.get('partner_id') ?? ''}${url.pathname}${q.get('timestamp') ?? ''}${ofApp ? '' : `${q.get('access_token') ?? ''}${q.get('shop_id') ?? ''}`}`;
      const good = q.get('sign') === hmacHex(KEY, base) && ofApp !== q.has('access_token') && Math.abs(Number(q.get('timestamp')) - Date.now() / 1000) < 300;
      asked.push(`${a.method} ${url.pathname} ${q.get('order_sn_list') ?? q.get('return_sn') ?? q.get('cursor') ?? q.get('page_no') ?? ''}`.trim());
      const answer = good ? handler(url.pathname, q, a.body === undefined ? undefined : JSON.parse(a.body)) : { error: 'error_sign', message: 'Wrong sign.' };
      return Promise.resolve({ status: 200, headers: {}, body: Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer)) });
    };
    return shopee.api?.({ ...shop, ...over }, new PlatformHttp(transport, () => 1e6)) as NonNullable<ReturnType<NonNullable<typeof shopee.api>>>;
  };
  const fine = (response: unknown) => ({ error: '', message: '', response });
  const span = [new Date(T * 1000), new Date((T + 3_600) * 1000)] as const;
  const orderIds = (heard: readonly Heard[]) => heard.map((h) => (h.kind === 'order' ? h.order.orderId : h.kind));

  it('prove the credentials', async () => {
    expect(await api(() => ({ error: '', shop_name: 'mysip' })).test()).toBe('mysip');
  });
  it('fetch details together, and one by one where one is not there', async () => {
    const handler: Handler = (_path, q) => {
      const ids = (q.get('order_sn_list') ?? '').split(',');
      return ids.includes('gone') ? { error: 'error_not_found', message: 'Wrong parameters' } : fine({ order_list: ids.map((order_sn) => (order_sn === 'odd' ? order({ order_sn, currency: 'dollars' }) : order({ order_sn }))) });
    };
    expect(orderIds(await api(handler).fetch('order', ['a', 'b']))).toEqual(['a', 'b']);
    expect(asked).toEqual(['GET /api/v2/order/get_order_detail a,b']);
    const heard = await api(handler).fetch('order', ['a', 'gone', 'odd']);
    expect(orderIds(heard)).toEqual(['a', 'unreadable']);
    expect(heard[1]).toMatchObject({ entity: 'order', id: 'odd', reason: expect.stringContaining('currency') });
  });
  it('fetch returns, and failed deliveries by their order', async () => {
    const handler: Handler = (path, q) => {
      if (path.endsWith('get_order_detail')) return fine({ order_list: [order({ order_sn: q.get('order_sn_list'), order_status: 'CANCELLED', package_list: [parcel('LOGISTICS_DELIVERY_FAILED')] })] });
      return q.get('return_sn') === 'gone' ? { error: 'returns.error_not_exists', message: '' } : { error: '-', message: '-', response: refund({ return_sn: q.get('return_sn') }) };
    };
    const heard = await api(handler).fetch('return', ['r1', 'gone', 'o7:OFG1']);
    expect(heard.map((h) => (h.kind === 'return' ? h.case.returnId : h.kind))).toEqual(['r1', 'order', 'o7:OFG1']);
  });
  it('pull changed orders page by page, and a fetched order is the pulled one', async () => {
    const handler: Handler = (path, q) => {
      if (path.endsWith('get_order_detail')) return fine({ order_list: (q.get('order_sn_list') ?? '').split(',').map((order_sn) => order({ order_sn })) });
      expect([q.get('time_range_field'), q.get('time_from'), q.get('time_to')]).toEqual(['update_time', String(T), String(T + 3_600)]);
      return q.get('cursor') === '' ? fine({ more: true, next_cursor: '50', order_list: [{ order_sn: 'a' }] }) : fine({ more: false, next_cursor: '', order_list: [{ order_sn: 'b' }] });
    };
    const client = api(handler);
    const first = await client.changed('orders', ...span, null);
    const second = await client.changed('orders', ...span, first.next);
    expect([orderIds(first.heard), first.next, orderIds(second.heard), second.next]).toEqual([['a'], '50', ['b'], null]);
    expect(await client.fetch('order', ['a'])).toEqual(first.heard);
  });
  it('pull changed returns page by page', async () => {
    const handler: Handler = (path, q) => (path.endsWith('get_return_detail') ? fine(refund({ return_sn: q.get('return_sn') })) : fine({ more: q.get('page_no') === '0', return: [{ return_sn: `r${q.get('page_no') ?? ''}` }] }));
    const client = api(handler);
    const first = await client.changed('returns', ...span, null);
    expect([first.heard.length, first.next, (await client.changed('returns', ...span, '1')).next]).toEqual([1, '1', null]);
  });
  it('confirm lost pushes only when told that they are stored, and never those of another shop', async () => {
    const confirmed: unknown[] = [];
    let messages: unknown[] = [{ shop_id: 727720655, code: 3, timestamp: T, data: JSON.stringify({ code: 3, shop_id: 727720655, data: { ordersn: 'o9' } }) }];
    const client = api((path, _q, body) => (path.endsWith('confirm_consumed_lost_push_message') ? (confirmed.push(body), { error: '-' }) : { error: '-', response: { push_message_list: messages, has_next_page: true, last_message_id: 176610 } }));
    const page = await client.changed('lost', ...span, null);
    expect([page.heard, page.next, confirmed]).toEqual([[{ kind: 'hint', entity: 'order', id: 'o9' }], '176610', []]);
    await client.after?.('lost', page);
    expect(confirmed).toEqual([{ last_message_id: 176610 }]);
    // The same page again says that the confirmation did not take: no hurry then.
    expect((await client.changed('lost', ...span, '176610')).next).toBeNull();
    messages = [...messages, { shop_id: 5, code: 3, timestamp: T, data: '{}' }];
    const mixed = await client.changed('lost', ...span, null);
    await client.after?.('lost', mixed);
    await client.after?.('orders', { heard: [], next: null });
    expect([mixed.heard.map((h) => h.kind), mixed.next, confirmed.length]).toEqual([['hint', 'nothing'], null, 1]);
  });
  it.each([
    ['error_server', true, false], ['error_rate_limit', true, false], ['error_auth', false, true], ['common.invalid_acceess_token', false, true], ['shop_access_expired', false, true], ['error_param', false, false], ['error_sign', false, false],
  ])('say by %s whether it may pass and whether access has ended', async (error, retry, unauthorised) => {
    const failed = api(() => ({ error, message: 'Canary Person said so' })).changed('orders', ...span, null);
    await expect(failed).rejects.toMatchObject({ retry, unauthorised });
    await failed.catch((e: unknown) => expect([(e as Error).constructor, (e as Error).message.includes('Canary')]).toEqual([PlatformRefused, false]));
  });
  it('of the app do not end the shop’s access', async () => {
    await expect(api(() => ({ error: 'error_auth', message: 'No permission to current api.' })).changed('lost', ...span, null)).rejects.toMatchObject({ unauthorised: false });
  });
  it('with an answer that is not as documented may pass later', async () => {
    await expect(api(() => '<html>').changed('orders', ...span, null)).rejects.toMatchObject({ retry: true });
    await expect(api(() => ({ error: '' })).changed('orders', ...span, null)).rejects.toMatchObject({ retry: true });
    await expect(api(() => fine({ order_list: [{}] })).changed('orders', ...span, null)).rejects.toMatchObject({ retry: true });
  });
  it('renew access with a token for one use', async () => {
    const seen: unknown[] = [];
    const http = new PlatformHttp((a) => {
      seen.push(JSON.parse(a.body ?? ''));
      return Promise.resolve({ status: 200, headers: {}, body: Buffer.from(JSON.stringify({ error: '', access_token: 'token-2', refresh_token: 'refresh-2', expire_in: 14_400 })) });
    }, () => 1e6);
    const before = Date.now();
    const renewed = await shopee.refresh?.(shop, http);
    expect(seen).toEqual([{ shop_id: 727720655, partner_id: 2001887, refresh_token: 'refresh-1' }]);
    expect(renewed).toMatchObject({ accessToken: 'token-2', refreshToken: 'refresh-2' });
    expect(Number(renewed?.['accessTokenEndsAt']) - before - 14_400_000).toBeLessThan(5_000);
    expect(Number(renewed?.['accessTokenEndsAt'])).toBeGreaterThanOrEqual(before + 14_400_000);
    await expect(shopee.refresh?.({ ...shop, credentials: { partnerKey: KEY } }, http)).rejects.toMatchObject({ unauthorised: true });
    for (const name of Object.keys(renewed ?? {})) expect(shopee.credentials.map((f) => f.name)).toContain(name);
  });
});
