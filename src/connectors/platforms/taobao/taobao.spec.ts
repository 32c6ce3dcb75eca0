import fc from 'fast-check';
import { md5Hex } from '../../../../test/factories/platform-signatures.js';
import { providedJson, withProvided } from '../../../../test/factories/provided.js';
import { parseLossless } from '../../../kernel/index.js';
import { growth, type ToldLine } from '../../told.rules.js';
import type { Fields } from '../payload.js';
import { PlatformHttp, PlatformRefused } from '../platform-http.js';
import type { ConnectedShop, Page, PlatformLine, PlatformOrder } from '../platform.js';
import { caseStatus, mapRefund, mapTrade } from './map.js';
import { readMessage } from './messages.js';
import { taobao } from './taobao.js';

const SECRET = 'top-secret';
const shop: ConnectedShop = { shop: 's', credentials: { appKey: '12345', appSecret: SECRET, accessToken: 'session-1', refreshToken: 'refresh-1' }, settings: { sellerId: '77' }, timeZone: 'Asia/Shanghai', currency: 'CNY' };
const apiOf = taobao.api as NonNullable<typeof taobao.api>;
const at = (text: string): number => Date.parse(`${text.replace(' ', 'T')}+08:00`);
const trade = (over: Record<string, unknown> = {}, ...orders: Record<string, unknown>[]): Fields => ({
  tid: 4705288465508532862n, created: '2026-11-20 20:00:00', modified: '2026-11-20 20:05:00', pay_time: '2026-11-20 20:00:30', status: 'WAIT_SELLER_SEND_GOODS', type: 'fixed', buyer_open_uid: 'AAopen', buyer_nick: 'Canary', delivery_time: '2026-11-22 20:00:30',
  orders: { order: (orders.length === 0 ? [{}] : orders).map((o) => ({ oid: 4705288465508532863n, num: 3, num_iid: 12, sku_id: '11', outer_sku_id: 'K1-S', price: '99.00', payment: '297.00', divide_order_fee: '270.00', status: over['status'] ?? 'WAIT_SELLER_SEND_GOODS', ...o })) }, ...over,
});
const lineOf = (o: PlatformOrder): PlatformLine => o.lines[0] as PlatformLine;
const line = (t: Fields) => lineOf(mapTrade(t));
const sums = (t: Fields) => Object.fromEntries(line(t).facts.map((f) => [f.type, f.quantity]));
const SENT = { consign_time: '2026-11-21 09:00:00' };
const ENDED = { end_time: '2026-11-25 09:00:00' };

describe('a trade', () => {
  it('becomes lines at what was paid for a unit, its times in Beijing, its ids digit by digit', () => {
    const mapped = mapTrade(trade());
    expect(mapped).toMatchObject({ orderId: '4705288465508532862', updatedAt: at('2026-11-20 20:05:00'), buyer: 'AAopen' });
    expect(mapped.lines).toEqual([{
      lineId: '4705288465508532863', code: { seller: 'K1-S', platform: '11', link: '12' }, unitPrice: 9_000, currency: 'CNY', kind: 'sale', payment: 'prepaid', shipBy: at('2026-11-22 20:00:30'), live: null,
      facts: [{ type: 'created', id: '', quantity: 3, at: at('2026-11-20 20:00:00') }, { type: 'paid', id: '', quantity: 3, at: at('2026-11-20 20:00:30') }],
    }]);
    expect(JSON.stringify(mapped)).not.toContain('Canary');
    expect(mapTrade(trade({ tid_str: '4705288465508532862', orders: [{ oid_str: '9', oid: 1, num: 1, status: 'WAIT_BUYER_PAY', payment: '0.00' }] })).lines).toMatchObject([{ lineId: '9', kind: 'gift', unitPrice: 0 }]);
  });
  it.each([
    ['WAIT_BUYER_PAY', { pay_time: undefined }, {}, { created: 3 }], ['WAIT_SELLER_SEND_GOODS', {}, {}, { created: 3, paid: 3 }], ['SELLER_CONSIGNED_PART', {}, { status: 'WAIT_BUYER_CONFIRM_GOODS', ...SENT }, { created: 3, paid: 3, shipped: 3 }],
    ['SELLER_CONSIGNED_PART', SENT, { status: 'WAIT_SELLER_SEND_GOODS' }, { created: 3, paid: 3 }], ['WAIT_BUYER_CONFIRM_GOODS', SENT, {}, { created: 3, paid: 3, shipped: 3 }], ['TRADE_BUYER_SIGNED', SENT, {}, { created: 3, paid: 3, shipped: 3, delivered: 3 }],
    ['TRADE_FINISHED', { ...SENT, ...ENDED }, {}, { created: 3, paid: 3, shipped: 3, delivered: 3 }], ['TRADE_CLOSED_BY_TAOBAO', { pay_time: undefined, ...ENDED }, {}, { created: 3, cancelled: 3 }], ['TRADE_CLOSED', ENDED, {}, { created: 3, paid: 3, cancelled: 3 }],
    ['TRADE_CLOSED', { ...SENT, ...ENDED }, {}, { created: 3, paid: 3, shipped: 3 }],
  ])('with status %s %j %j comes to its sums', (status, over, order, expected) => expect(sums(trade({ status, ...over }, order))).toEqual(expected));
  it('of several orders takes each by itself', () => {
    const mapped = mapTrade(trade({ status: 'SELLER_CONSIGNED_PART', ...SENT }, { oid: 1, status: 'WAIT_BUYER_CONFIRM_GOODS', ...SENT }, { oid: 2, status: 'TRADE_CLOSED', ...ENDED }, { oid: 3, status: 'WAIT_SELLER_SEND_GOODS', is_free_gift: true }));
    expect(mapped.lines.map((l) => [l.lineId, l.kind, l.facts.map((f) => f.type).join(' ')])).toEqual([['1', 'sale', 'created paid shipped'], ['2', 'sale', 'created paid cancelled'], ['3', 'gift', 'created paid']]);
  });
  it('is confirmed where it is paid on delivery, and no demand while only a deposit is paid', () => {
    expect(line(trade({ type: 'cod', pay_time: undefined }))).toMatchObject({ payment: 'cod', facts: [{}, { type: 'paid', at: at('2026-11-20 20:00:00') }] });
    expect(sums(trade({ type: 'cod', pay_time: undefined, status: 'WAIT_BUYER_PAY' }))).toEqual({ created: 3 });
    expect(line(trade({ type: 'step', step_trade_status: 'FRONT_PAID_FINAL_NOPAID', status: 'WAIT_BUYER_PAY' }))).toMatchObject({ payment: 'deposit', facts: [{ type: 'created' }] });
    expect(sums(trade({ type: 'step', step_trade_status: 'FRONT_PAID_FINAL_PAID' }))).toEqual({ created: 3, paid: 3 });
  });
  it.each([[{ num: 0 }], [{ num: -1 }], [{ divide_order_fee: '-3.00' }], [{ oid: 0 }], [{ num: 1.5 }]])('with an order of %j cannot be read', (order) => expect(() => mapTrade(trade({}, order))).toThrow(/num|divide_order_fee|oid/));
  it.each(['20.11.2026', '2026-11-20T20:00:00', '2026-13-40 20:00:00', '1970-01-01 00:00:00'])('created at %s cannot be read', (created) => expect(() => mapTrade(trade({ created }))).toThrow('created'));
  it('is to be sent by the end of a day where only the day is said', () => expect(line(trade({ delivery_time: '2026-11-22' })).shipBy).toBe(at('2026-11-22 23:59:59')));
  it('comes to the same sums whatever the order and repetition of its snapshots', () => {
    const stages = [trade({ status: 'WAIT_BUYER_PAY', pay_time: undefined, modified: '2026-11-20 20:00:00' }), trade(), trade({ status: 'WAIT_BUYER_CONFIRM_GOODS', ...SENT, modified: '2026-11-21 09:00:00' }), trade({ status: 'TRADE_FINISHED', ...SENT, ...ENDED, modified: '2026-11-25 09:00:00' })].map(mapTrade);
    fc.assert(fc.property(fc.array(fc.nat(3), { maxLength: 12 }), (picks) => {
      let told: ToldLine | undefined;
      let latest = 0;
      const totals: Record<string, number> = {};
      for (const i of [...picks, 3]) {
        const o = stages[i] as PlatformOrder;
        if (told !== undefined && o.updatedAt < latest) continue;
        latest = o.updatedAt;
        const grown = growth('s', o, lineOf(o), told, [{ sku: 'K1-S', quantity: 1 }], { broadcast: null, anchor: null }, null);
        for (const e of grown.events) totals[e.type] = (totals[e.type] ?? 0) + e.quantity;
        told = grown.after;
      }
      expect(totals).toEqual({ created: 3, paid: 3, shipped: 3, delivered: 3 });
    }));
  });
});

const refund = (over: Record<string, unknown> = {}): Fields => ({ refund_id: '9007199254740993123', tid: 4705288465508532862n, oid: 4705288465508532863n, num: 2, status: 'WAIT_SELLER_CONFIRM_GOODS', created: '2026-11-23 10:00:00', modified: '2026-11-23 11:00:00', has_good_return: true, dispute_type: 'REFUND_AND_RETURN', reason: '尺码偏小', sid: 'YT1', cs_status: 1, ...over });
const sent = mapTrade(trade({ status: 'WAIT_BUYER_CONFIRM_GOODS', ...SENT }));

describe('a refund', () => {
  it('becomes a case of what its trade had sent', () => {
    expect(mapRefund(refund(), sent)).toEqual({
      returnId: '9007199254740993123', updatedAt: at('2026-11-23 11:00:00'), kind: 'return', status: 'in-transit', claimedReason: 'too-small', trackingNumber: 'YT1',
      lines: [{ id: '4705288465508532863', orderId: '4705288465508532862', lineId: '4705288465508532863', code: { seller: 'K1-S', platform: '11', link: '12' }, quantity: 2 }],
    });
    expect(mapRefund(refund({ num: 9 }), sent).lines[0]?.quantity).toBe(3);
    expect(mapRefund(refund(), mapTrade(trade())).lines).toEqual([]);
    expect(mapRefund(refund({ dispute_type: 'RESHIPPING' }), sent).lines).toEqual([]);
  });
  it.each([[{ dispute_type: 'REFUND', has_good_return: false }, 'refund-only'], [{ dispute_type: undefined }, 'return'], [{ dispute_type: 'TMALL_EXCHANGE' }, 'exchange'], [{ dispute_type: 'TAOBAO_EXCHANGE' }, 'exchange'], [{ dispute_type: 'REPAIR' }, 'exchange']])('with %j is a %s', (over, kind) => expect(mapRefund(refund(over), sent).kind).toBe(kind));
  it.each([
    ['WAIT_SELLER_AGREE', 1, 'return', 'requested'], ['WAIT_BUYER_RETURN_GOODS', 1, 'return', 'approved'], ['WAIT_SELLER_CONFIRM_GOODS', 1, 'return', 'in-transit'], ['SELLER_REFUSE_BUYER', 1, 'return', 'refused'], ['SELLER_REFUSE_BUYER', 3, 'return', 'appealed'],
    ['CLOSED', 3, 'return', 'withdrawn'], ['SUCCESS', 3, 'return', 'refunded'], ['SUCCESS', 1, 'exchange', 'closed'], ['NEW_WORD', null, 'return', 'requested'],
  ] as const)('of status %s, hearing %s, kind %s is %s', (status, hearing, kind, expected) => expect(caseStatus(status, hearing, kind)).toBe(expected));
});

describe('messages', () => {
  const message = (topic: string, content: string, id = 1) => ({ id, topic, content, user_id: 77 });
  it.each(['TradeCreate', 'TradeBuyerPay', 'TradeSellerShip', 'TradePartlySellerShip', 'TradePartlyRefund', 'TradeClose', 'TradeSuccess'])('of %s name the trade, digit by digit', (topic) =>
    expect(readMessage(message(`taobao_trade_${topic}`, '{"tid":4705288465508532862,"oid":1}'))).toEqual([{ kind: 'hint', entity: 'order', id: '4705288465508532862' }]));
  it.each(['RefundCreated', 'RefundSellerAgreeAgreement', 'RefundSellerRefuseAgreement', 'RefundBuyerReturnGoods', 'RefundClosed', 'RefundSuccess'])('of %s name the refund', (topic) =>
    expect(readMessage(message(`taobao_refund_${topic}`, '{"refund_id":9007199254740993123,"tid":1}'))).toEqual([{ kind: 'hint', entity: 'return', id: '9007199254740993123' }]));
  it('of other things say nothing, unlisted ones are kept, bad ones fail alone', () => {
    expect([message('taobao_item_ItemUpdate', '{}'), message('taobao_trade_NewThing', '{}'), message('taobao_trade_TradeClose', '{'), message('taobao_trade_TradeClose', '{}')].map((m) => readMessage(m)[0]?.kind)).toEqual(['nothing', 'unknown', 'unreadable', 'unreadable']);
  });
  withProvided('of the listed fields are read', () => {
    for (const [file, entity, field] of [['taobao-TradeBuyerPay-fields', 'order', 'tid'], ['taobao-RefundCreated-fields', 'return', 'refund_id']] as const) {
      const listed = providedJson(`platforms/${file}.json`) as { topic: string; content_fields: string[] };
      expect(listed.content_fields).toContain(field);
      const content = JSON.stringify(Object.fromEntries(listed.content_fields.map((name, i) => [name, String(i + 1)])));
      expect(readMessage(message(listed.topic, content))).toEqual([{ kind: 'hint', entity, id: String(listed.content_fields.indexOf(field) + 1) }]);
    }
  });
});

describe('calls', () => {
  const http = (answer: (method: string, p: Record<string, string>) => unknown) =>
    new PlatformHttp((asked) => {
      const { sign, ...p } = Object.fromEntries(new URLSearchParams(asked.body));
      expect(sign).toBe(md5Hex(SECRET, ...Object.entries(p).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => `${k}${v}`), SECRET).toUpperCase());
      expect(p).toMatchObject({ app_key: '12345', v: '2.0', format: 'json' });
      expect(Math.abs(at(p['timestamp'] ?? '') - Date.now())).toBeLessThan(5_000);
      const method = p['method'] ?? '';
      if (!method.includes('auth.token')) expect(p['session']).toBe('session-1');
      const said = answer(method, p);
      const wrapped = (said as { error_response?: unknown }).error_response === undefined && !Array.isArray(said) ? { [`${method.replace('taobao.', '').replaceAll('.', '_')}_response`]: said } : said;
      return Promise.resolve({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(wrapped, (_k, v) => (typeof v === 'bigint' ? `@@${v}` : v)).replace(/"@@(\d+)"/g, '$1')) });
    }, () => 1_000, () => Promise.resolve());
  const from = new Date(at('2026-11-20 00:00:00'));
  const to = new Date(at('2026-11-21 00:00:00'));
  const whole = async (next: (page: string | null) => Promise<Page>): Promise<Page['heard'][number][]> => {
    const heard: Page['heard'][number][] = [];
    for (let page: string | null = null; ; ) {
      const answer = await next(page);
      heard.push(...answer.heard);
      if ((page = answer.next) === null) return heard;
    }
  };

  it('give the same trade by fetch and by increment, and a refund with its trade', async () => {
    const shipped = trade({ status: 'WAIT_BUYER_CONFIRM_GOODS', ...SENT });
    const api = apiOf(shop, http((method, p) => (method === 'taobao.trade.fullinfo.get' ? (p['tid'] === '404' ? { error_response: { code: 15, sub_code: 'isv.trade-not-exist', sub_msg: 'Canary' } } : { trade: shipped }) : method === 'taobao.refund.get' ? { refund: refund() } : { total_results: 1, trades: { trade: [shipped] } })));
    expect(await api.fetch('order', ['404', '4705288465508532862'])).toEqual([{ kind: 'order', order: sent }]);
    expect((await api.changed('trades', from, to, null)).heard).toEqual([{ kind: 'order', order: sent }]);
    expect(await api.fetch('return', ['9007199254740993123'])).toEqual([{ kind: 'order', order: sent }, { kind: 'return', case: mapRefund(refund(), sent) }]);
  });
  it('page from the last to the first, so that what changes meanwhile hides nothing', async () => {
    let stock = Array.from({ length: 170 }, (_v, i) => i + 1);
    const api = apiOf(shop, http((_method, p) => {
      expect(p).toMatchObject({ start_modified: '2026-11-20 00:00:00', end_modified: '2026-11-21 00:00:00' });
      const page = stock.slice((Number(p['page_no']) - 1) * 50, Number(p['page_no']) * 50);
      const total = stock.length;
      // Seven trades change while this page is read: they leave the span.
      stock = stock.filter((id) => !page.slice(0, 7).includes(id));
      return { total_results: total, trades: { trade: page.map((id) => trade({ tid: id })) } };
    }));
    const seen = new Set((await whole((page) => api.changed('trades', from, to, page))).flatMap((h) => (h.kind === 'order' ? [h.order.orderId] : [])));
    // The first call only counted: what changed during it is in the next span.
    expect(Array.from({ length: 170 }, (_v, i) => String(i + 1)).filter((id) => !seen.has(id))).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    expect(await whole((page) => apiOf(shop, http(() => ({ total_results: 2, refunds: { refund: [{ refund_id: 1 }, { refund_id: 2 }] } }))).changed('refunds', from, to, page))).toEqual(['1', '2'].map((id) => ({ kind: 'hint', entity: 'return', id })));
    expect(await whole((page) => apiOf(shop, http(() => ({ total_results: 0 }))).changed('trades', from, to, page))).toEqual([]);
  });
  it('consume messages and confirm, when told to, those of this shop alone', async () => {
    const asked: Record<string, string>[] = [];
    const message = (id: bigint, user: number) => ({ id, topic: 'taobao_trade_TradeBuyerPay', content: `{"tid":${id}}`, user_id: user });
    const api = apiOf({ ...shop, settings: { ...shop.settings, messageGroup: 'live' } }, http((_method, p) => { asked.push(p); return { messages: { tmc_message: [message(9007199254740993123n, 77), message(5n, 78), message(6n, 77)] } }; }));
    const page = await api.changed('messages', from, to, null);
    expect(page).toEqual({ heard: [{ kind: 'hint', entity: 'order', id: '9007199254740993123' }, { kind: 'hint', entity: 'order', id: '6' }], receipts: ['9007199254740993123', '6'], next: null });
    expect(asked.map((p) => p['method'])).toEqual(['taobao.tmc.messages.consume']);
    await api.after?.('messages', page);
    expect(asked[1]).toMatchObject({ method: 'taobao.tmc.messages.confirm', s_message_ids: '9007199254740993123,6', group_name: 'live' });
    await api.after?.('trades', { heard: [], next: null });
    expect(asked).toHaveLength(2);
  });
  it('ask for more while the queue gives whole pages', async () => {
    const full = Array.from({ length: 100 }, (_v, i) => ({ id: i + 1, topic: 'taobao_trade_TradeClose', content: `{"tid":${i + 1}}`, user_id: 77 }));
    expect((await apiOf(shop, http(() => ({ messages: { tmc_message: full } }))).changed('messages', from, to, null)).next).toBe('more');
    expect(await apiOf(shop, http(() => ({}))).changed('messages', from, to, 'more')).toEqual({ heard: [], receipts: [], next: null });
  });
  it('set a bad record of a list or queue aside alone', async () => {
    const api = apiOf(shop, http(() => ({ total_results: 2, trades: { trade: [trade({ tid: 0 }), trade()] }, refunds: { refund: [{}, { refund_id: 1 }] }, messages: { tmc_message: [{ topic: 'taobao_trade_TradeClose', content: '{}' }, { id: 2, topic: 'taobao_trade_TradeClose', content: '{"tid":1}' }] } })));
    expect((await api.changed('trades', from, to, null)).heard.map((h) => h.kind)).toEqual(['unreadable', 'order']);
    expect((await api.changed('refunds', from, to, null)).heard.map((h) => h.kind)).toEqual(['unreadable', 'hint']);
    const page = await api.changed('messages', from, to, null);
    expect([page.heard.map((h) => h.kind), page.receipts]).toEqual([['unreadable', 'hint'], ['2']]);
  });
  it.each([
    [{ error_response: { code: 27, msg: 'Invalid session', sub_code: 'invalid-sessionkey', sub_msg: 'Canary' } }, false, true], [{ error_response: { code: 7, sub_code: 'accesscontrol.limited-by-app-access-count', sub_msg: 'Canary' } }, true, false], [{ error_response: { code: 15, sub_code: 'isp.top-remote-connection-timeout' } }, true, false],
    [{ error_response: { code: 25, msg: 'Invalid signature', sub_msg: 'Canary' } }, false, false], [[], true, false],
  ])('that are answered %j are refused (retry %s, unauthorised %s), without the words of the answer', async (body, retry, unauthorised) => {
    const error = await apiOf(shop, http(() => body)).changed('trades', from, to, null).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(PlatformRefused);
    expect(error).toMatchObject({ retry, unauthorised });
    expect((error as Error).message).not.toContain('Canary');
  });
  it('renew the session by the refresh token', async () => {
    const renewed = await (taobao.refresh as NonNullable<typeof taobao.refresh>)(shop, http((method, p) => {
      expect([method, p['refresh_token'], p['session']]).toEqual(['taobao.top.auth.token.refresh', 'refresh-1', undefined]);
      return { token_result: '{"access_token":"session-2","refresh_token":"refresh-2","expire_time":1800000000000}' };
    }));
    expect(renewed).toEqual({ accessToken: 'session-2', refreshToken: 'refresh-2', accessTokenEndsAt: '1800000000000' });
  });
  it('keep ids of numbers', () => expect(mapTrade(parseLossless(Buffer.from('{"tid":4705288465508532862,"created":"2026-11-20 20:00:00"}')) as Fields).orderId).toBe('4705288465508532862'));
});
