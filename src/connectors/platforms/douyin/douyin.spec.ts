import fc from 'fast-check';
import { hmacHex, md5Hex } from '../../../../test/factories/platform-signatures.js';
import { providedJson, withProvided } from '../../../../test/factories/provided.js';
import { parseLossless } from '../../../kernel/index.js';
import { growth, type ToldLine } from '../../told.rules.js';
import type { Fields } from '../payload.js';
import { PlatformHttp, PlatformRefused, type Asked } from '../platform-http.js';
import type { ConnectedShop, Heard, PlatformLine, PlatformOrder, PlatformReturn, RawWebhook, Webhooks } from '../platform.js';
import { caseStatus, mapAftersale } from './aftersales.js';
import { douyin } from './douyin.js';
import { mapOrder } from './map.js';
import { claimedReason } from './reasons.js';

const KEY = '6838755441212393991';
const SECRET = 'dummy-secret';
const shop: ConnectedShop = { shop: 's', credentials: { appKey: KEY, appSecret: SECRET, accessToken: 'token-1', refreshToken: 'refresh-1' }, settings: { shopId: '95250' }, timeZone: 'Asia/Shanghai', currency: 'CNY' };
const webhook = (body: string, headers: Record<string, string | undefined> = {}): RawWebhook => ({ body: Buffer.from(body), headers: { 'app-id': KEY, 'event-sign': md5Hex(KEY, body, SECRET), ...headers }, url: '', query: {} });
const hooks = douyin.webhooks as Webhooks;
const apiOf = douyin.api as NonNullable<typeof douyin.api>;
const refresh = douyin.refresh as NonNullable<typeof douyin.refresh>;
const T = 1_763_700_000;
const order = (over: Record<string, unknown> = {}, line: Record<string, unknown> = {}): Fields => ({
  order_id: '4781320682406083640', create_time: T, update_time: T + 10, order_status: 2, pay_type: 1, doudian_open_id: '#enc==', post_receiver: 'Canary', order_phase_list: [], logistics_info: [],
  sku_order_list: [{
    order_id: '4781320682406083641', item_num: 3, order_status: 2, pay_type: 1, pay_time: T + 5, create_time: T, update_time: T + 10, code: 'K1-S', sku_id: 3254535, product_id_str: '3473196049974326153', sum_amount: 30_000, shop_cost_amount: 3_000, modify_amount: -300,
    exp_ship_time: T + 172_800, room_id: 1473196049974326200, room_id_str: '1473196049974326153', author_id: 77, theme_type: '1', trade_type: 0, ...line,
  }], ...over,
});
const parcel = (count: number, at = T + 100, tracking = 'SF1') => ({ delivery_id: `sf_${tracking}`, tracking_no: tracking, ship_time: at, product_info: [{ sku_order_id: '4781320682406083641', product_count: count }] });
const lineOf = (o: PlatformOrder): PlatformLine => o.lines[0] as PlatformLine;
const line = (o: Fields) => lineOf(mapOrder(o));
const sums = (o: Fields) => Object.fromEntries(line(o).facts.map((f) => [f.type, f.quantity]));

describe('pushes', () => {
  const body = JSON.stringify([{ tag: '101', msg_id: 'm1', data: '{"p_id":4705288465508532862,"shop_id":95250}' }]);

  it('are verified over raw bytes with key, body and secret', () => {
    expect(hooks.verify(webhook(body), shop.credentials, 0)).toBe(true);
    expect(hooks.verify(webhook(body, { 'event-sign': md5Hex(KEY, body, SECRET).toUpperCase() }), shop.credentials, 0)).toBe(true);
    expect(hooks.verify(webhook(body, { 'app-id': undefined }), shop.credentials, 0)).toBe(true);
  });
  it.each([
    ['a tampered byte', () => ({ ...webhook(body), body: Buffer.from(body.replace('m1', 'm2')) })], ['another secret', () => webhook(body, { 'event-sign': md5Hex(KEY, body, 'other') })],
    ['no signature', () => webhook(body, { 'event-sign': undefined })], ['another app', () => webhook(body, { 'app-id': '1' })], ['parts in another order', () => webhook(body, { 'event-sign': md5Hex(SECRET, body, KEY) })],
  ])('are refused with %s', (_name, made) => expect(hooks.verify(made(), shop.credentials, 0)).toBe(false));
  it('are answered as Douyin wants', () => {
    expect(hooks.acknowledged).toEqual({ status: 200, body: '{"code":0,"msg":"success"}', contentType: 'application/json; charset=utf-8' });
    expect(hooks.refused.status).toBe(401);
  });
  it.each([
    ['a list with msg_id and data as text', body], ['a list with msgId and data as object', '[{"tag":101,"msgId":"m","data":{"p_id":4705288465508532862,"shop_id":95250}}]'], ['one object', '{"tag":"101","msg_id":"m","data":{"p_id":"4705288465508532862"}}'],
  ])('are read from %s, ids digit by digit', (_name, text) => expect(hooks.read(webhook(text), shop)).toEqual([{ kind: 'hint', entity: 'order', id: '4705288465508532862' }]));
  it.each([
    [100, 'order'], [101, 'order'], [102, 'order'], [103, 'order'], [106, 'order'], [108, 'order'], [110, 'order'], [200, 'return'], [203, 'return'], [206, 'return'], [207, 'return'], [211, 'return'], [216, 'return'],
  ])('with tag %s name what to fetch', (tag, entity) => expect(hooks.read(webhook(JSON.stringify([{ tag, msg_id: 'm', data: { p_id: '1', aftersale_id: '2', aftersale_type: 0 } }])), shop)).toEqual([{ kind: 'hint', entity, id: entity === 'order' ? '1' : '2' }]));
  it('about a refund before shipping name the order', () => expect(hooks.read(webhook('[{"tag":"206","data":{"p_id":1,"aftersale_id":2,"aftersale_type":2}}]'), shop)).toEqual([{ kind: 'hint', entity: 'order', id: '1' }]));
  it('of other shops and other things say nothing, unlisted ones are kept, bad ones fail alone', () => {
    const text = '[{"tag":"100","data":{"p_id":1,"shop_id":2}},{"tag":"400","data":{}},{"tag":"999","data":{}},{"tag":"101","msg_id":"bad","data":"{"},{"tag":"101","msg_id":"bare","data":{}},{"tag":"101","data":{"p_id":7}}]';
    expect(hooks.read(webhook(text), shop).map((h) => [h.kind, 'id' in h ? h.id : ''])).toEqual([['nothing', ''], ['nothing', ''], ['unknown', ''], ['unreadable', 'bad'], ['unreadable', 'bare'], ['hint', '7']]);
  });
  it('answers the probe, unless it is signed with another secret or comes with news', () => {
    const probe = '[{"tag":"0","msg_id":"0","data":"2021-06-10T10:00:00"}]';
    expect(hooks.probe?.(webhook(probe), shop.credentials)).toEqual(hooks.acknowledged);
    expect(hooks.probe?.(webhook('{"tag":0}', { 'event-sign': undefined }), shop.credentials)).toEqual(hooks.acknowledged);
    expect(hooks.probe?.(webhook(probe, { 'event-sign': md5Hex('x') }), shop.credentials)).toBeUndefined();
    for (const text of [body, '[{"tag":"0"},{"tag":"101"}]', '[]', 'nonsense']) expect(hooks.probe?.(webhook(text), shop.credentials)).toBeUndefined();
  });
});

describe('an order', () => {
  it('becomes lines with price, ship-by, live room and buyer', () => {
    const mapped = mapOrder(order());
    expect(mapped).toMatchObject({ orderId: '4781320682406083640', updatedAt: (T + 10) * 1000, buyer: '#enc==' });
    expect(mapped.lines[0]).toMatchObject({
      lineId: '4781320682406083641', code: { seller: 'K1-S', platform: '3254535', link: '3473196049974326153' }, unitPrice: 8_900, currency: 'CNY', kind: 'sale', payment: 'prepaid', shipBy: (T + 172_800) * 1000,
      live: { room: '1473196049974326153', author: '77', method: 'order-line' },
      facts: [{ type: 'created', id: '', quantity: 3, at: T * 1000 }, { type: 'paid', id: '', quantity: 3, at: (T + 5) * 1000 }],
    });
    expect(JSON.stringify(mapped)).not.toContain('Canary');
  });
  it.each([
    ['1 unpaid', 1, { pay_time: 0 }, [], { created: 3 }], ['105 paid, under review', 105, {}, [], { created: 3, paid: 3 }], ['2 to ship', 2, {}, [], { created: 3, paid: 3 }],
    ['101 partly shipped', 101, {}, [parcel(2)], { created: 3, paid: 3, shipped: 2 }], ['3 shipped', 3, {}, [parcel(2), parcel(1, T + 200, 'SF2')], { created: 3, paid: 3, shipped: 3 }],
    ['3 shipped but for what was refunded before', 3, {}, [parcel(2)], { created: 3, paid: 3, shipped: 2, cancelled: 1 }], ['3 shipped without parcels', 3, { ship_time: T + 9 }, [], { created: 3, paid: 3, shipped: 3 }],
    ['4 cancelled unpaid', 4, { pay_time: 0 }, [], { created: 3, cancelled: 3 }], ['4 cancelled after payment', 4, {}, [], { created: 3, paid: 3, cancelled: 3 }], ['4 closed after a refund of what was shipped', 4, {}, [parcel(3)], { created: 3, paid: 3, shipped: 3 }],
    ['5 completed', 5, { confirm_receipt_time: T + 900 }, [parcel(3)], { created: 3, paid: 3, shipped: 3, delivered: 3 }],
  ])('with status %s comes to its sums', (_name, status, over, parcels, expected) => expect(sums(order({ order_status: status, logistics_info: parcels }, { order_status: status, ...over }))).toEqual(expected));
  it('does not ship twice when the seller corrects a tracking number', () => {
    const before = line(order({ logistics_info: [parcel(2, T + 100, 'WRONG')] }, { order_status: 101 }));
    const after = line(order({ logistics_info: [parcel(2, T + 100, 'RIGHT')], update_time: T + 50 }, { order_status: 101 }));
    const told = growth('s', mapOrder(order()), before, undefined, [{ sku: 'K1-S', quantity: 1 }], { broadcast: null, anchor: null }, null).after;
    expect(growth('s', mapOrder(order()), after, told, [], { broadcast: null, anchor: null }, null).events).toEqual([]);
  });
  it('is confirmed by the platform where it is paid on delivery, and is no demand while only a deposit is paid', () => {
    expect(line(order({}, { pay_type: 0, pay_time: 0 }))).toMatchObject({ payment: 'cod', facts: [{ type: 'created' }, { type: 'paid', at: T * 1000 }] });
    expect(sums(order({}, { pay_type: 0, pay_time: 0, order_status: 1 }))).toEqual({ created: 3 });
    const phase = (n: number, paid: boolean) => ({ total_phase: 2, current_phase: n, pay_success: paid, phase_pay_time: paid ? T + n * 100 : 0, sku_order_id: '4781320682406083641' });
    const presale = (...phases: object[]) => line(order({ order_phase_list: phases }, { trade_type: 2, order_status: 1 }));
    expect(presale(phase(1, true), phase(2, false))).toMatchObject({ payment: 'deposit', facts: [{ type: 'created' }] });
    expect(presale(phase(1, true))).toMatchObject({ facts: [{ type: 'created' }] });
    expect(presale(phase(1, true), phase(2, true)).facts[1]).toEqual({ type: 'paid', id: '', quantity: 3, at: (T + 200) * 1000 });
  });
  it.each([[{ given_product_type: 'FREE' }, 'gift'], [{ given_product_type: 'MASTER' }, 'sale'], [{ trade_type: 10 }, 'sample'], [{ trade_type: 11 }, 'giveaway'], [{ trade_type: 102 }, 'gift'], [{ sum_amount: 0, modify_amount: 0, shop_cost_amount: 0 }, 'gift']])('of %j is a %s', (over, kind) =>
    expect(line(order({}, over)).kind).toBe(kind));
  it('names a room only where it has one', () => {
    expect(line(order({}, { room_id: 0, room_id_str: '0', author_id: 77 })).live).toEqual({ room: '', author: '77', method: 'order-line' });
    expect(line(order({}, { room_id: 0, room_id_str: '', author_id: 77, theme_type: '0' })).live).toBeNull();
    expect(line(order({}, { room_id: '', room_id_str: undefined, author_id: 0 })).live).toBeNull();
  });
  it.each([[{ item_num: 0 }], [{ item_num: -1 }], [{ item_num: 2_000_000 }], [{ sum_amount: -5 }], [{ order_id: '0' }]])('with %j cannot be read', (over) => expect(() => mapOrder(order({}, over))).toThrow(/item_num|sum_amount|order_id/));

  it('comes to the same sums whatever the order and repetition of its snapshots', () => {
    const stages = [
      order({ update_time: T }, { order_status: 1, pay_time: 0 }), order(), order({ update_time: T + 100, logistics_info: [parcel(1)] }, { order_status: 101 }), order({ update_time: T + 200, logistics_info: [parcel(1), parcel(1, T + 150, 'SF2')] }, { order_status: 3 }),
      order({ update_time: T + 900, logistics_info: [parcel(1), parcel(1, T + 150, 'SF2')] }, { order_status: 5, logistics_receipt_time: T + 800 }),
    ].map(mapOrder);
    const totals = (sequence: readonly PlatformOrder[]): Record<string, number> => {
      let told: ToldLine | undefined;
      let latest = 0;
      const units: Record<string, number> = {};
      for (const o of sequence) {
        if (told !== undefined && o.updatedAt < latest) continue;
        latest = o.updatedAt;
        const grown = growth('s', o, lineOf(o), told, [{ sku: 'K1-S', quantity: 1 }], { broadcast: null, anchor: null }, null);
        for (const e of grown.events) units[e.type] = (units[e.type] ?? 0) + e.quantity;
        told = grown.after;
      }
      return units;
    };
    fc.assert(fc.property(fc.array(fc.nat(4), { maxLength: 12 }), (picks) => { expect(totals([...picks, 4].map((i) => stages[i] as PlatformOrder))).toEqual({ created: 3, paid: 3, shipped: 2, cancelled: 1, delivered: 2 }); }));
  });
  withProvided('of a public SDK is read', () => {
    const sample = providedJson('platforms/doudian-api-order-detail.json') as { data: { shop_order_detail: Fields } };
    expect(mapOrder(sample.data.shop_order_detail).lines[0]).toMatchObject({ lineId: '4781320682406083640', code: { seller: 'ahgldjj', platform: '3254535', link: '3473196049974326153' }, unitPrice: 45, kind: 'gift', live: { room: '1473196049974326153' } });
    for (const [name, entity] of [['100-trade-create', 'order'], ['101-trade-paid', 'order'], ['103-trade-success', 'order'], ['106-trade-canceled', 'order'], ['108-trade-partly-ship', 'order'], ['200-refund-created', 'return'], ['206-refund-success', 'return'], ['207-refund-closed', 'return']]) {
      const message = JSON.stringify([providedJson(`platforms/doudian-${name}.json`)]);
      expect(hooks.read(webhook(message), { ...shop, settings: {} })).toMatchObject([{ kind: 'hint', entity }]);
    }
  });
});

const aftersale = (info: Record<string, unknown> = {}, logistics: object = {}, item: Record<string, unknown> = {}): Fields => ({
  process_info: { after_sale_info: { after_sale_id: 7012345678901234567n, after_sale_type: 0, after_sale_status: 7, refund_status: 1, apply_time: T, update_time: T + 60, reason: '质量问题', after_sale_apply_count: 2, need_return_count: 1, ...info }, logistics_info: logistics, arbitrate_info: { arbitrate_status: 0 } },
  order_info: { shop_order_id: '4781320682406083640', sku_order_infos: [{ sku_order_id: '4781320682406083641', shop_sku_code: 'K1-S', sku_id: 3254535, product_id: 1, item_quantity: 3, after_sale_item_count: 2, ...item }] },
});
const caseOf = (data: Fields): PlatformReturn => (mapAftersale(data).find((h) => h.kind === 'return') as Extract<Heard, { kind: 'return' }>).case;

describe('an after-sale', () => {
  it('becomes a case of what had left, under ids digit by digit', () => {
    expect(caseOf(aftersale({}, { return: { tracking_no: 'YT9' } }))).toEqual({
      returnId: '7012345678901234567', updatedAt: (T + 60) * 1000, kind: 'return', status: 'in-transit', claimedReason: 'defective', trackingNumber: 'YT9',
      lines: [{ id: '4781320682406083641', orderId: '4781320682406083640', lineId: '4781320682406083641', code: { seller: 'K1-S', platform: '3254535', link: '1' }, quantity: 1 }],
    });
  });
  it.each([
    [6, 0, 1, null, false, 'requested'], [7, 0, 1, null, false, 'approved'], [7, 0, 1, null, true, 'in-transit'], [11, 0, 1, null, true, 'in-transit'], [12, 0, 3, null, true, 'refunded'], [12, 3, null, null, true, 'closed'], [13, 3, null, null, true, 'approved'], [14, 3, null, null, true, 'closed'],
    [27, 0, 1, null, false, 'refused'], [29, 0, 1, null, true, 'refused'], [28, 0, 1, null, false, 'withdrawn'], [28, 0, 4, null, false, 'refused'], [27, 0, 1, 1, false, 'appealed'], [12, 0, 3, 1, true, 'refunded'], [53, 0, 3, null, false, 'refunded'], [51, 4, null, null, false, 'closed'], [99, 0, null, null, false, 'requested'],
  ])('of status %s, type %s, refund %s, arbitration %s, sent back %s is %s', (status, type, refund, arbitration, sentBack, expected) => expect(caseStatus(status, type, refund, arbitration, sentBack)).toBe(expected));
  it('of a refund alone, a refused parcel or a price guarantee is not a return', () => {
    expect(caseOf(aftersale({ after_sale_type: 1 }))).toMatchObject({ kind: 'refund-only', lines: [{ quantity: 2 }] });
    expect(caseOf(aftersale({ after_sale_type: 1 }, { order: [{ logistics_state: 2, tracking_no: 'A' }, { logistics_state: 3, tracking_no: 'B' }] }))).toMatchObject({ kind: 'failed-delivery', trackingNumber: 'B' });
    expect(caseOf(aftersale({ after_sale_type: 6 })).lines).toEqual([]);
  });
  it('before shipping has the order read again and makes no case', () => {
    expect(mapAftersale(aftersale({ after_sale_type: 2 }))).toEqual([{ kind: 'return', case: expect.objectContaining({ lines: [] }) }, { kind: 'hint', entity: 'order', id: '4781320682406083640' }]);
  });
  it('that is an exchange or resend sends goods that are no sale', () => {
    const exchange = mapAftersale(aftersale({ after_sale_type: 3, after_sale_status: 13, exchange_sku_info: { sku_id: '9', code: 'K1-M', num: 2 } }, { exchange: { tracking_no: 'Z', logistics_time: T + 50 } }));
    expect(exchange[1]).toMatchObject({ order: { orderId: 'aftersale-7012345678901234567', lines: [{ kind: 'exchange', unitPrice: 0, code: { seller: 'K1-M', platform: '9' }, facts: [{ type: 'created', quantity: 2 }, { type: 'paid' }, { type: 'shipped', quantity: 2, at: (T + 50) * 1000 }] }] } });
    expect(mapAftersale(aftersale({ after_sale_type: 7, after_sale_status: 8 }))[1]).toMatchObject({ order: { lines: [{ kind: 'replacement', facts: [{ quantity: 2 }, {}] }] } });
    expect(mapAftersale(aftersale({ after_sale_type: 3, after_sale_status: 6, exchange_sku_info: { code: 'K1-M', num: 2 } }))).toHaveLength(1);
  });
  it.each([
    [{ reason: '七天无理由退货' }, 'changed-mind'], [{ reason: '不喜欢/不想要', reason_second_labels: [{ code: 1, name: '尺码偏小' }] }, 'too-small'], [{ reason: '商家发错货' }, 'wrong-item'], [{ reason: '少件/漏发' }, 'missing-parts'], [{ reason: '包装/商品破损' }, 'damaged'], [{ reason: '未收到货' }, 'not-received'],
    [{ reason: '未按约定时间发货' }, 'late'], [{ reason: '颜色/款式与商品描述不符' }, 'colour-or-style'], [{ reason: '材质与商品描述不符' }, 'not-as-described'], [{ reason: '穿着偏大' }, 'too-large'], [{ reason: '其他' }, 'other'], [{}, null],
  ])('with %j was claimed as %s', (info, word) => expect(claimedReason(info)).toBe(word));
});

describe('calls', () => {
  const http = (answer: (method: string, params: any, asked: Asked) => unknown) =>
    new PlatformHttp((asked) => {
      const q = new URL(asked.url).searchParams;
      const method = q.get('method') ?? '';
      const plain = `app_key${KEY}method${method}param_json${asked.body ?? ''}timestamp${q.get('timestamp') ?? ''}v2`;
      expect(q.get('sign')).toBe(hmacHex(SECRET, SECRET, plain, SECRET));
      expect(new URL(asked.url).pathname).toBe(`/${method.replaceAll('.', '/')}`);
      if (!method.startsWith('token.')) expect(q.get('access_token')).toBe('token-1');
      const body = JSON.stringify(answer(method, JSON.parse(asked.body ?? ''), asked), (_k, v) => (typeof v === 'bigint' ? String(v) : v));
      return Promise.resolve({ status: 200, headers: {}, body: Buffer.from(body) });
    }, () => 1_000, () => Promise.resolve());
  const ok = (data: unknown) => ({ code: 10_000, msg: 'success', sub_code: '', data });
  const from = new Date(T * 1000);
  const to = new Date((T + 5_000) * 1000);

  it('are signed, with sorted parameters, and give orders and cases as pushes would have them fetched', async () => {
    const api = apiOf(shop, http((method, params, asked) => {
      expect(asked.body).toBe(JSON.stringify(Object.fromEntries(Object.entries(params as object).sort(([a], [b]) => (a < b ? -1 : 1)))));
      return method === 'order.orderDetail' ? (params.shop_order_id === '404' ? { code: 50_002, sub_code: 'isv.business-failed', msg: 'Canary' } : ok({ shop_order_detail: order() })) : method === 'afterSale.Detail' ? ok(aftersale()) : ok({ shop_order_list: [order()] });
    }));
    expect(await api.fetch('order', ['404', '4781320682406083640'])).toEqual([{ kind: 'order', order: mapOrder(order()) }]);
    expect((await api.changed('orders', from, to, null)).heard).toEqual([{ kind: 'order', order: mapOrder(order()) }]);
    expect(await api.fetch('return', ['7'])).toMatchObject([{ kind: 'return' }]);
  });
  it('page by time, so that what changes meanwhile hides nothing', async () => {
    let stock = Array.from({ length: 250 }, (_v, i) => ({ order_id: String(i + 1), at: T + Math.floor(i / 3) }));
    const api = apiOf(shop, http((_method, p) => {
      const found = stock.filter((o) => o.at >= p.update_time_start && o.at < p.update_time_end).sort((a, b) => a.at - b.at).slice(p.page * p.size, (p.page + 1) * p.size);
      // Ten orders that were on this page change while it is read: they leave the window.
      const moved = new Set(found.slice(0, 10).map((o) => o.order_id));
      stock = stock.map((o) => (moved.has(o.order_id) ? { ...o, at: T + 9_000 } : o));
      return ok({ shop_order_list: found.map((o) => order({ order_id: o.order_id, update_time: o.at })) });
    }));
    const seen = new Set<string>();
    for (let page: string | null = null; ; ) {
      const answer = await api.changed('orders', from, to, page);
      for (const h of answer.heard) if (h.kind === 'order') seen.add(h.order.orderId);
      if ((page = answer.next) === null) break;
    }
    expect(seen.size).toBe(250);
  });
  it('read more orders of one second than a page holds, page by page', async () => {
    const api = apiOf(shop, http((_method, p) => ok({ items: Array.from({ length: p.page === 2 ? 7 : 100 }, (_v, i) => ({ aftersale_info: { aftersale_id: String(p.page * 100 + i + 1), update_time: T } })) })));
    const first = await api.changed('aftersales', from, to, null);
    expect(first.next).toBe(`${T}:1`);
    expect((await api.changed('aftersales', from, to, `${T}:2`)).next).toBeNull();
    expect(first.heard[0]).toEqual({ kind: 'hint', entity: 'return', id: '1' });
  });
  it('set a bad record aside alone', async () => {
    const api = apiOf(shop, http(() => ok({ shop_order_list: [order({ order_id: '1' }, { item_num: -1 }), order({ order_id: {} }), order({ order_id: '2' })], items: [{ aftersale_info: { aftersale_id: 0 } }, { aftersale_info: { aftersale_id: 3 } }] })));
    expect((await api.changed('orders', from, to, null)).heard.map((h) => [h.kind, 'id' in h ? h.id : ''])).toEqual([['unreadable', '1'], ['unreadable', 'without-id'], ['order', '']]);
    expect((await api.changed('aftersales', from, to, null)).heard.map((h) => h.kind)).toEqual(['unreadable', 'hint']);
  });
  it.each([
    [{ code: 40_003, sub_code: 'isv.access-token-expired', msg: 'Canary' }, false, true], [{ code: 30_001, sub_code: 'dop.authorization-closed' }, false, true], [{ code: 60_000 }, true, false], [{ code: 20_000, sub_code: 'isp.service-error:Canary Name' }, true, false], [{ err_no: 7, message: 'Canary' }, false, false], [[], true, false],
  ])('that are answered %j are refused (retry %s, unauthorised %s), without the words of the answer', async (body, retry, unauthorised) => {
    const error = await apiOf(shop, http(() => body)).changed('orders', from, to, null).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(PlatformRefused);
    expect(error).toMatchObject({ retry, unauthorised });
    expect((error as Error).message).not.toContain('Canary');
  });
  it('renew access by the refresh token, or by the shop where there is none', async () => {
    const asked: unknown[] = [];
    const client = http((method, params) => { asked.push([method, params]); return ok({ access_token: 'token-2', refresh_token: 'refresh-2', expires_in: 600_000 }); });
    const renewed = await refresh(shop, client);
    expect(renewed).toMatchObject({ accessToken: 'token-2', refreshToken: 'refresh-2' });
    expect(Number(renewed['accessTokenEndsAt']) - Date.now()).toBeGreaterThan(599_000_000);
    await refresh({ ...shop, credentials: { appKey: KEY, appSecret: SECRET } }, client);
    expect(asked).toEqual([['token.refresh', { grant_type: 'refresh_token', refresh_token: 'refresh-1' }], ['token.create', { code: '', grant_type: 'authorization_self', shop_id: '95250' }]]);
  });
  it('keep ids of numbers', () => expect(mapOrder(parseLossless(Buffer.from(`{"order_id":4705288465508532862,"create_time":${T},"sku_order_list":[]}`)) as Fields).orderId).toBe('4705288465508532862'));
});
