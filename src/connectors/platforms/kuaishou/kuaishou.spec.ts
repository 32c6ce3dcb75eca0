import fc from 'fast-check';
import { aesCbcBase64, md5Hex } from '../../../../test/factories/platform-signatures.js';
import { providedJson, withProvided } from '../../../../test/factories/provided.js';
import { growth, type ToldLine } from '../../told.rules.js';
import type { Fields } from '../payload.js';
import { PlatformHttp, PlatformRefused } from '../platform-http.js';
import type { ConnectedShop, PlatformLine, PlatformOrder, RawWebhook, Webhooks } from '../platform.js';
import { kuaishou } from './kuaishou.js';
import { caseStatus, mapOrder, mapRefund } from './map.js';

const KEY = Buffer.alloc(16, 7).toString('base64');
const shop: ConnectedShop = {
  shop: 's', credentials: { appKey: 'ks1', messageKey: KEY, signSecret: 'sign-secret', accessToken: 'token-1', appSecret: 'app-secret', refreshToken: 'refresh-1' }, settings: { sellerId: '2161524184', liveCarrierType: '1' }, timeZone: 'Asia/Shanghai', currency: 'CNY',
};
const hooks = kuaishou.webhooks as Webhooks;
const apiOf = kuaishou.api as NonNullable<typeof kuaishou.api>;
const raw = (body: string): RawWebhook => ({ body: Buffer.from(body), headers: {}, url: '', query: {} });
const webhook = (message: unknown, key = KEY): RawWebhook => raw(aesCbcBase64(key, typeof message === 'string' ? message : JSON.stringify(message)));
const added = { eventId: 'e1', bizId: 1, userId: 2161524184, appKey: 'ks1', event: 'kwaishop_order_addOrder', info: '{"oid":2607602240240301999,"sellerId":2161524184}' };
const T = 1_763_700_000_000;
const order = (base: Record<string, unknown> = {}, over: Record<string, unknown> = {}, item: Record<string, unknown> = {}): Fields => ({
  orderBaseInfo: { oid: 2607602240240301, status: 30, createTime: T, payTime: T + 5_000, updateTime: T + 6_000, sendTime: 0, recvTime: 0, refundTime: 0, totalFee: 27_000, expressFee: 500, buyerOpenId: 'b-open', buyerNick: 'Canary', validPromiseShipmentTimeStamp: T + 172_800_000, carrierId: '987', carrierType: 1, ...base },
  orderItemInfo: { num: 3, price: 9_900, skuNick: 'K1-S', skuId: 11, itemId: 12, ...item }, orderDeliveryInfo: { splitDeliveryOrder: false, deliveryNum: 0 }, ...over,
});
const lineOf = (o: PlatformOrder): PlatformLine => o.lines[0] as PlatformLine;
const line = (o: Fields) => lineOf(mapOrder(o, shop));
const sums = (o: Fields) => Object.fromEntries(line(o).facts.map((f) => [f.type, f.quantity]));

describe('pushes', () => {
  it.each([16, 24, 32])('are taken where they are encrypted with our key of %s bytes and name our app', (length) => {
    const messageKey = Buffer.alloc(length, 9).toString('base64');
    expect(hooks.verify(webhook(added, messageKey), { ...shop.credentials, messageKey }, 0)).toBe(true);
  });
  it.each([
    ['another key', webhook(added, Buffer.alloc(16, 8).toString('base64'))], ['another app', webhook({ ...added, appKey: 'ks2' })], ['plain text', raw(JSON.stringify(added))], ['a cut cipher text', raw(aesCbcBase64(KEY, JSON.stringify(added)).slice(0, 64))], ['nothing', raw('')],
    ['no message', webhook('[]')], ['a number', webhook('7')],
  ])('are refused with %s', (_name, made) => expect(hooks.verify(made, shop.credentials, 0)).toBe(false));
  it('are hints alone, whatever they say: nothing tells a message that was made up from its own', () => {
    const claimed = { ...added, event: 'kwaishop_order_paySuccess', info: JSON.stringify(order({ oid: 5 })), bizId: 5, orderBaseInfo: { oid: 5, status: 30, totalFee: 1 } };
    expect(hooks.read(webhook(claimed), shop)).toEqual([{ kind: 'hint', entity: 'order', id: '5' }]);
    fc.assert(fc.property(fc.record({ event: fc.constantFrom('kwaishop_order_addOrder', 'kwaishop_aftersales_addRefund', 'kwaishop_x'), bizId: fc.nat(), info: fc.oneof(fc.string(), fc.json()) }), (message) => {
      expect(['hint', 'unknown', 'unreadable', 'nothing']).toContain(hooks.read(webhook(message), shop)[0]?.kind);
    }), { numRuns: 50 });
  });
  it('are answered as Kuaishou wants', () => {
    expect(hooks.acknowledged).toEqual({ status: 200, body: '{"result":1}', contentType: 'application/json; charset=utf-8' });
    expect(hooks.refused.status).toBe(401);
  });
  it('answers the heartbeat, encrypted or not', () => {
    for (const made of [raw('{"test":true}'), webhook({ test: true })]) expect(hooks.probe?.(made, shop.credentials)).toEqual(hooks.acknowledged);
    for (const made of [raw('{"test":false}'), raw('nonsense'), raw('[]'), webhook(added), webhook({ test: true }, Buffer.alloc(16, 8).toString('base64'))]) expect(hooks.probe?.(made, shop.credentials)).toBeUndefined();
  });
  it('name what to fetch, ids digit by digit', () => {
    expect(hooks.read(webhook(added), shop)).toEqual([{ kind: 'hint', entity: 'order', id: '2607602240240301999' }]);
    expect(hooks.read(webhook({ ...added, info: undefined, bizId: 2607602240240301 }), shop)).toEqual([{ kind: 'hint', entity: 'order', id: '2607602240240301' }]);
    for (const name of ['addRefund', 'updateRefund']) expect(hooks.read(webhook({ ...added, event: `kwaishop_aftersales_${name}`, info: '{"orderId":1,"refundId":22,"handlingWay":10,"status":10}' }), shop)).toEqual([{ kind: 'hint', entity: 'return', id: '22' }]);
    for (const name of ['paySuccess', 'delivering', 'deliverySuccess', 'orderSuccess', 'orderFail', 'totalFeeChange']) expect(hooks.read(webhook({ ...added, event: `kwaishop_order_${name}` }), shop)).toMatchObject([{ kind: 'hint', entity: 'order' }]);
  });
  it('of other shops and things say nothing, unlisted ones are kept, bad ones fail alone', () => {
    const list = [{ ...added, userId: 5 }, { ...added, event: 'kwaishop_item_addItem' }, { ...added, event: 'kwaishop_order_newThing' }, { ...added, info: '{' }, { ...added, bizId: 0, info: '{}' }, added];
    expect(hooks.read(webhook(list), shop).map((h) => h.kind)).toEqual(['nothing', 'nothing', 'unknown', 'unreadable', 'unreadable', 'hint']);
  });
  withProvided('of the SDK sample name its order', () => {
    const sample = providedJson('platforms/kuaishou-addOrder-plaintext.json');
    expect(hooks.read(webhook(sample), { ...shop, settings: {} })).toEqual([{ kind: 'hint', entity: 'order', id: '2607602240240301' }]);
  });
});

describe('an order', () => {
  it('becomes a line at what the merchant gets for it', () => {
    const mapped = mapOrder(order(), shop);
    expect(mapped).toMatchObject({ orderId: '2607602240240301', updatedAt: T + 6_000, buyer: 'b-open' });
    expect(mapped.lines).toEqual([{
      lineId: '2607602240240301', code: { seller: 'K1-S', platform: '11', link: '12' }, unitPrice: 9_000, currency: 'CNY', kind: 'sale', payment: 'prepaid', shipBy: T + 172_800_000, live: { room: '987', author: null, method: 'order-line' },
      facts: [{ type: 'created', id: '', quantity: 3, at: T }, { type: 'paid', id: '', quantity: 3, at: T + 5_000 }],
    }]);
    expect(JSON.stringify(mapped)).not.toContain('Canary');
  });
  it.each([
    ['10 unpaid', { status: 10, payTime: 0 }, {}, { created: 3 }], ['30 paid', { status: 30 }, {}, { created: 3, paid: 3 }], ['30 with one parcel gone', { status: 30 }, { orderDeliveryInfo: { splitDeliveryOrder: true, deliveryNum: 1 } }, { created: 3, paid: 3, shipped: 1 }],
    ['40 shipped', { status: 40, sendTime: T + 9_000 }, {}, { created: 3, paid: 3, shipped: 3 }], ['50 received', { status: 50, sendTime: T + 9_000 }, {}, { created: 3, paid: 3, shipped: 3, delivered: 3 }], ['70 done', { status: 70, sendTime: T + 9_000, recvTime: T + 10_000 }, {}, { created: 3, paid: 3, shipped: 3, delivered: 3 }],
    ['70 done but for what was refunded before', { status: 70, sendTime: T + 9_000 }, { orderDeliveryInfo: { splitDeliveryOrder: true, deliveryNum: 2 } }, { created: 3, paid: 3, cancelled: 1, shipped: 2, delivered: 2 }],
    ['80 failed unpaid', { status: 80, payTime: 0 }, {}, { created: 3, cancelled: 3 }], ['80 failed after payment', { status: 80, refundTime: T + 7_000 }, {}, { created: 3, paid: 3, cancelled: 3 }], ['80 refunded after shipping', { status: 80, sendTime: T + 9_000 }, {}, { created: 3, paid: 3, shipped: 3 }],
  ])('with status %s comes to its sums', (_name, base, over, expected) => expect(sums(order(base, over))).toEqual(expected));
  it('of sub-orders becomes their lines, of which what costs nothing is a gift', () => {
    const sub = (oid: number, price: number, over: object) => ({ subOrderBaseInfo: { oid, status: 30 }, subOrderItemInfo: { num: 1, price, skuNick: 'K1-M', ...over } });
    expect(mapOrder(order({}, { subOrderDetail: [sub(71, 500, {}), sub(72, 0, { num: 2 })] }), shop).lines.map((l) => [l.lineId, l.unitPrice, l.kind, l.facts[0]?.quantity])).toEqual([['71', 500, 'sale', 1], ['72', 0, 'gift', 2]]);
  });
  it('whose deposit alone is paid is no demand yet', () => {
    const steps = (second: number) => ({ orderPaymentStepInfos: [{ payStepNo: 1, payTime: T + 1_000 }, { payStepNo: 2, payTime: second }] });
    expect(line(order({ status: 10 }, steps(0)))).toMatchObject({ payment: 'deposit', facts: [{ type: 'created' }] });
    expect(line(order({ status: 30 }, steps(T + 2_000))).facts[1]).toEqual({ type: 'paid', id: '', quantity: 3, at: T + 2_000 });
  });
  it('names a live room only where the merchant says which carrier is one', () => {
    expect(line(order({ carrierType: 2 })).live).toBeNull();
    expect(lineOf(mapOrder(order(), { settings: {} })).live).toBeNull();
  });
  it.each([[{}, { num: 0 }], [{}, { num: -2 }], [{ totalFee: -1 }, {}], [{ createTime: 5 }, {}], [{ oid: 0 }, {}]])('with %j %j cannot be read', (base, item) => expect(() => mapOrder(order(base, {}, item), shop)).toThrow(/num|totalFee|createTime|oid/));
  it('comes to the same sums whatever the order and repetition of its snapshots', () => {
    const split = (deliveryNum: number) => ({ orderDeliveryInfo: { splitDeliveryOrder: true, deliveryNum } });
    const stages = [order({ status: 10, payTime: 0, updateTime: T }), order(), order({ updateTime: T + 7_000 }, split(1)), order({ status: 40, sendTime: T + 8_000, updateTime: T + 8_000 }, split(2)), order({ status: 70, sendTime: T + 8_000, recvTime: T + 9_000, updateTime: T + 9_000 }, split(2))].map((o) => mapOrder(o, shop));
    fc.assert(fc.property(fc.array(fc.nat(4), { maxLength: 12 }), (picks) => {
      let told: ToldLine | undefined;
      let latest = 0;
      const totals: Record<string, number> = {};
      for (const i of [...picks, 4]) {
        const o = stages[i] as PlatformOrder;
        if (told !== undefined && o.updatedAt < latest) continue;
        latest = o.updatedAt;
        const grown = growth('s', o, lineOf(o), told, [{ sku: 'K1-S', quantity: 1 }], { broadcast: null, anchor: null }, null);
        for (const e of grown.events) totals[e.type] = (totals[e.type] ?? 0) + e.quantity;
        told = grown.after;
      }
      expect(totals).toEqual({ created: 3, paid: 3, cancelled: 1, shipped: 2, delivered: 2 });
    }));
  });
});

const refund = (over: Record<string, unknown> = {}): Fields => ({ refundId: 9007199254740993123n, oid: 2607602240240301, status: 40, handlingWay: 1, skuId: 11, skuNick: 'K1-S', refundReasonDesc: '质量问题', createTime: T, updateTime: T + 60_000, expressNo: 'YT1', ...over });
const sent = mapOrder(order({ status: 40, sendTime: T + 9_000 }), shop);

describe('a refund', () => {
  it('becomes a case of what its order had sent', () => {
    expect(mapRefund(refund(), sent)).toEqual({
      returnId: '9007199254740993123', updatedAt: T + 60_000, kind: 'return', status: 'in-transit', claimedReason: 'defective', trackingNumber: 'YT1',
      lines: [{ id: '2607602240240301', orderId: '2607602240240301', lineId: '2607602240240301', code: { seller: 'K1-S', platform: '11', link: '12' }, quantity: 3 }],
    });
    expect(mapRefund(refund({ num: 2 }), sent).lines[0]?.quantity).toBe(2);
    expect(mapRefund(refund(), mapOrder(order(), shop)).lines).toEqual([]);
    expect(mapRefund(refund({ handlingWay: 4 }), sent).lines).toEqual([]);
  });
  it.each([[1, 'return'], [10, 'refund-only'], [3, 'exchange'], [5, 'exchange']])('handled in way %s is a %s', (handlingWay, kind) => expect(mapRefund(refund({ handlingWay }), sent).kind).toBe(kind));
  it.each([[10, 1, 'requested'], [12, 1, 'refused'], [20, 1, 'appealed'], [30, 1, 'approved'], [40, 1, 'in-transit'], [45, 3, 'approved'], [50, 1, 'approved'], [60, 1, 'refunded'], [60, 10, 'refunded'], [60, 3, 'closed'], [70, 1, 'withdrawn'], [99, 1, 'requested']])('of status %s in way %s is %s', (status, way, expected) =>
    expect(caseStatus(status, way)).toBe(expected));
});

describe('calls', () => {
  const http = (answer: (method: string, param: any, text: string) => unknown) =>
    new PlatformHttp((asked) => {
      const url = new URL(asked.url);
      if (url.pathname.startsWith('/oauth2')) return Promise.resolve({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(answer(url.pathname, Object.fromEntries(new URLSearchParams(asked.body)), ''))) });
      const { sign, ...params } = Object.fromEntries(url.searchParams);
      expect(sign).toBe(md5Hex(`${Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => `${k}=${v}`).join('&')}&signSecret=sign-secret`));
      expect(params).toMatchObject({ appkey: 'ks1', access_token: 'token-1', signMethod: 'MD5', version: '1' });
      expect(url.pathname).toBe(`/${(params['method'] ?? '').replaceAll('.', '/')}`);
      return Promise.resolve({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(answer(params['method'] ?? '', JSON.parse(params['param'] ?? ''), params['param'] ?? ''), (_k, v) => (typeof v === 'bigint' ? String(v) : v))) });
    }, () => 1_000, () => Promise.resolve());
  const ok = (data: unknown) => ({ result: 1, data });
  const from = new Date(T);
  const to = new Date(T + 3_600_000);

  it('ask with ids digit by digit, and read a refund with its order', async () => {
    const texts: string[] = [];
    const api = apiOf(shop, http((method, _param, text) => { texts.push(text); return method === 'open.order.detail' ? ok(order({ status: 40, sendTime: T + 9_000 })) : ok(refund()); }));
    expect(await api.fetch('order', ['2607602240240301999'])).toEqual([{ kind: 'order', order: sent }]);
    expect(await api.fetch('return', ['9007199254740993123'])).toEqual([{ kind: 'order', order: sent }, { kind: 'return', case: mapRefund(refund(), sent) }]);
    expect(texts).toEqual(['{"oid":2607602240240301999}', '{"refundId":9007199254740993123}', '{"oid":2607602240240301}']);
  });
  it('leave out what is not known, and set aside what cannot be read', async () => {
    const api = apiOf(shop, http((method, param) => (param.oid === 1 ? { result: 21, error_msg: 'Canary' } : method.includes('refund') ? ok(refund({ oid: 1 })) : ok(order({}, {}, { num: -1 })))));
    expect((await api.fetch('order', ['1', 'not-an-id', '2'])).map((h) => h.kind)).toEqual(['unreadable']);
    expect((await api.fetch('return', ['5'])).map((h) => h.kind)).toEqual(['unreadable']);
  });
  it('page by the cursor to its end', async () => {
    const cursors: string[] = [];
    const api = apiOf(shop, http((method, p) => {
      expect(p).toMatchObject({ beginTime: T, endTime: T + 3_600_000, queryType: 2 });
      const cursor = p.cursor ?? p.pcursor;
      cursors.push(cursor);
      const next = cursor === '' ? 'c2' : 'nomore';
      return ok(method === 'open.order.cursor.list' ? { orderList: [order({ oid: cursor === '' ? 1 : 2 })], cursor: next } : { refundOrderInfoList: [refund({ refundId: cursor === '' ? 1 : 2 })], pcursor: next });
    }));
    for (const feed of api.feeds) {
      const first = await api.changed(feed, from, to, null);
      const second = await api.changed(feed, from, to, first.next);
      expect([first.next, second.next]).toEqual(['c2', null]);
      expect([...first.heard, ...second.heard]).toEqual(['1', '2'].map((id) => ({ kind: 'hint', entity: feed === 'orders' ? 'order' : 'return', id })));
    }
    expect(cursors).toEqual(['', 'c2', '', 'c2']);
  });
  it('set a bad record of a list aside alone', async () => {
    const api = apiOf(shop, http(() => ok({ orderList: [{}, order({ oid: 2 })], refundOrderInfoList: [{}, refund({ refundId: 3 })] })));
    for (const feed of api.feeds) expect((await api.changed(feed, from, to, null)).heard.map((h) => h.kind)).toEqual(['unreadable', 'hint']);
  });
  it.each([
    [{ result: 24, error_msg: 'access_token invalid, Canary' }, false, true], [{ result: 28, error_msg: 'AUTHORIZATION_REVOKED' }, false, true], [{ result: 7, error_msg: 'Exceed qps limit, KEY Canary' }, true, false], [{ result: 0, sub_code: '802006', sub_msg: 'Canary' }, true, false], [{ result: 21, error_msg: 'order operation reject Canary' }, false, false], [[], true, false],
  ])('that are answered %j are refused (retry %s, unauthorised %s), without the words of the answer', async (body, retry, unauthorised) => {
    const error = await apiOf(shop, http(() => body)).changed('orders', from, to, null).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(PlatformRefused);
    expect(error).toMatchObject({ retry, unauthorised });
    expect((error as Error).message).not.toContain('Canary');
  });
  it('renew access by the refresh token', async () => {
    const renewed = await (kuaishou.refresh as NonNullable<typeof kuaishou.refresh>)(shop, http((path, form) => {
      expect([path, form]).toEqual(['/oauth2/refresh_token', { app_id: 'ks1', app_secret: 'app-secret', grant_type: 'refresh_token', refresh_token: 'refresh-1' }]);
      return { result: 1, access_token: 'token-2', refresh_token: 'refresh-2', expires_in: 172_800 };
    }));
    expect(renewed).toMatchObject({ accessToken: 'token-2', refreshToken: 'refresh-2' });
    expect(Number(renewed['accessTokenEndsAt']) - Date.now()).toBeGreaterThan(172_000_000);
  });
  it('name the shop, and want whole credentials', async () => {
    expect(await apiOf(shop, http(() => ok({ shopName: 'A shop' }))).test()).toBe('A shop');
    expect(() => apiOf({ ...shop, credentials: { appKey: 'ks1', messageKey: KEY } }, http(() => ok({})))).toThrow('accessToken');
    expect(kuaishou.credentials.find((f) => f.name === 'messageKey')?.fault?.('c2hvcnQ=')).toContain('16, 24 or 32');
  });
});
