import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { providedData } from '../../../kernel/index.js';
import { hmacHex } from '../../../../test/factories/platform-signatures.js';
import { PlatformHttp, PlatformRefused, type Asked } from '../platform-http.js';
import type { ConnectedShop, Heard, PlatformOrder, RawWebhook } from '../platform.js';
import { growth, type ToldLine } from '../../told.rules.js';
import { failedDelivery, mapOrder, mapReverse, returnStatus, timeOf } from './map.js';
import { lazada } from './lazada.js';
import { reasonOf } from './reasons.js';
import { requestSignature } from './sign.js';

const KEY = '123456';
const SECRET = 'dummy-app-secret';
const shop = (settings: Record<string, string> = { country: 'vn' }): ConnectedShop => ({ shop: 's', credentials: { appKey: KEY, appSecret: SECRET, accessToken: 'token', refreshToken: 'refresh' }, settings, timeZone: 'Asia/Ho_Chi_Minh', currency: 'VND' });
const webhook = (body: string, authorization: string | undefined = hmacHex(SECRET, KEY, body)): RawWebhook => ({ body: Buffer.from(body), headers: { authorization }, url: 'https://x/webhooks/lazada/s', query: {} });
const heard = (body: unknown, settings = {}): readonly Heard[] => lazada.webhooks?.read(webhook(typeof body === 'string' ? body : JSON.stringify(body)), shop(settings)) ?? [];
const verified = (w: RawWebhook, appKey = KEY, appSecret = SECRET): boolean | undefined => lazada.webhooks?.verify(w, { appKey, appSecret }, 0);
const order = (over: object = {}) => ({ order_id: '260422900198363', created_at: '2026-11-20T20:00:00+08:00', updated_at: '2026-11-20T20:05:00+08:00', payment_method: 'MIXEDCARD', ...over });
const item = (over: object = {}) => ({ order_item_id: '260422900298363', status: 'pending', sku: 'K1-S', shop_sku: '1_VNAMZ-2', sku_id: '666', item_price: '200000.00', paid_price: '150000.00', currency: 'VND', buyer_id: '1001', created_at: '2026-11-20 20:00:00 +0800', updated_at: '2026-11-20 20:05:00 +0800', payment_time: '1763640060000', sla_time_stamp: '2026-11-22T23:59:59+08:00', order_type: 'Normal', stage_pay_status: 'null', ...over });
const types = (i: object, o: object = {}) => mapOrder(order(o), [item(i)]).lines[0]?.facts.map((f) => f.type);

describe('who may speak', () => {
  const body = '{"message_type":0}';
  it('is who signs app key and raw body with the secret', () => expect([verified(webhook(body)), verified(webhook(body, hmacHex(SECRET, KEY, body).toUpperCase()))]).toEqual([true, true]));
  it.each([['a changed byte', { ...webhook(body), body: Buffer.from(body.replace('0', '1')) }], ['another secret', webhook(body, hmacHex('other', KEY, body))], ['no app key in it', webhook(body, hmacHex(SECRET, body))], ['an empty signature', webhook(body, '')], ['no signature', { ...webhook(body), headers: {} }]])(
    'is nobody with %s', (_name, w) => expect(verified(w)).toBe(false));
  it('is answered without words', () => expect([lazada.webhooks?.acknowledged, lazada.webhooks?.refused]).toEqual([{ status: 200, body: '', contentType: null }, { status: 401, body: '', contentType: null }]));
});

describe('what a message says', () => {
  const trade = { kind: 'hint', entity: 'order', id: '7' };
  it.each([
    ['an order, its time in milliseconds', { message_type: 0, timestamp: 1603766859530, data: { order_status: 'unpaid', trade_order_id: '7', trade_order_line_id: '8' } }, [trade]],
    ['a return within a trade message', { message_type: 0, data: { order_status: 'returned', trade_order_id: '7', reverse_order_id: '5', reverse_order_line_id: '6' } }, [trade, { kind: 'hint', entity: 'return', id: '5/6' }]],
    ['a cancellation within a trade message', { message_type: 0, data: { order_status: 'canceled', trade_order_id: '7', reverse_order_id: '5', reverse_order_line_id: '6' } }, [trade]],
    ['a return, its time in seconds', { message_type: 10, timestamp: 1627889609, data: { reverse_status: 'RTM_INIT', trade_order_id: 7, reverse_order_id: 5, reverse_order_line_id: 6 } }, [trade, { kind: 'hint', entity: 'return', id: '5/6' }]],
    ['a cancellation that is not final', { message_type: 10, data: { reverse_status: 'CANCEL_INIT', trade_order_id: 7, reverse_order_id: 5, reverse_order_line_id: 6 } }, [trade]],
    ['a parcel', { message_type: 14, data: { trade_order_id: '7', fulfillment_package_id: 'FP0', status: 'DELIVERED' } }, [trade]],
    ['access that ends soon', { seller_id: 'null', message_type: 8, data: {} }, [{ kind: 'nothing', about: 'authorisation is about to end' }]],
  ])('names %s', (_name, body, wanted) => expect(heard(body)).toEqual(wanted));
  it('keeps numeric ids beyond 2^53 digit by digit', () => {
    expect(heard('{"message_type":10,"data":{"reverse_status":"RTM_INIT","trade_order_id":9007199254740993,"reverse_order_id":9007199254740995,"reverse_order_line_id":9007199254740997}}').map((h) => (h.kind === 'hint' ? h.id : ''))).toEqual(['9007199254740993', '9007199254740995/9007199254740997']);
  });
  it('keeps what nobody has listed, and leaves alone what is said to another seller of the app', () => {
    expect(heard({ message_type: 99, data: {} })).toMatchObject([{ kind: 'unknown', about: 'type 99' }]);
    expect(heard({ seller_id: '2', message_type: 0, data: { trade_order_id: '7' } }, { sellerId: '1' })).toEqual([{ kind: 'nothing', about: 'a message to another seller' }]);
    expect(heard({ seller_id: '1', message_type: 0, data: { trade_order_id: '7' } }, { sellerId: '1' })).toEqual([trade]);
  });
  it.each([['no order', { message_type: 0, data: {} }], ['no data', { message_type: 14 }], ['no type', { data: {} }]])('is refused by field where it has %s', (_name, body) => expect(() => heard(body)).toThrow(/trade_order_id|data|message_type/));
});

describe('an order', () => {
  it('has ids as texts, money in minor units, the platform\'s own buyer and the latest time to ship', () => {
    expect(mapOrder(order(), [item()])).toEqual({
      orderId: '260422900198363', updatedAt: Date.parse('2026-11-20T12:05:00Z'), buyer: '1001',
      lines: [{
        lineId: '260422900298363', code: { seller: 'K1-S', platform: '666', link: null }, unitPrice: 150_000, currency: 'VND', kind: 'sale', payment: 'prepaid', shipBy: Date.parse('2026-11-22T15:59:59Z'), live: null,
        facts: [{ type: 'created', id: '', quantity: 1, at: Date.parse('2026-11-20T12:00:00Z') }, { type: 'paid', id: '', quantity: 1, at: 1763640060000 }],
      }],
    });
    expect(mapOrder(order(), [item({ currency: 'SGD', paid_price: '19.99' })]).lines[0]?.unitPrice).toBe(1999);
    expect(mapOrder(order(), [item({ currency: 'IDR', paid_price: '99000.00' })]).lines[0]?.unitPrice).toBe(9_900_000);
  });
  it('has times in each of the forms that they come in', () => {
    expect(['1413786247000', '2018-02-09T22:44:30+08:00', '2018-02-09 22:44:30 +0800', 'null', ''].map((t) => timeOf({ t }, 't'))).toEqual([1413786247000, Date.parse('2018-02-09T14:44:30Z'), Date.parse('2018-02-09T14:44:30Z'), null, null]);
    expect(() => timeOf({ t: 'yesterday' }, 't')).toThrow(/^t:/);
  });
  const [created, paid, shipped] = [['created'], ['created', 'paid'], ['created', 'paid', 'shipped']];
  it.each([
    ['unpaid', created], ...['pending', 'topack', 'toship', 'packed', 'repacked', 'ready_to_ship_pending', 'ready_to_ship', 'READY_TO_SHIP'].map((s) => [s, paid] as const), ...['shipped', 'shipping', 'INFO_ST_DOMESTIC_OUT_FOR_DELIVERY'].map((s) => [s, shipped] as const),
    ...['delivered', 'confirmed', 'returned'].map((s) => [s, [...shipped, 'delivered']] as const), ['canceled', ['created', 'cancelled']],
    ...['failed', 'lost', 'lost_by_3pl', 'damaged_by_3pl', 'shipped_back', 'INFO_ST_DOMESTIC_BACK_TO_SHIPPER', 'INFO_ST_DOMESTIC_DELIVERY_FAILED'].map((s) => [s, shipped] as const),
  ] as const)('item %s is %j', (status, wanted) => expect(types({ status, payment_time: undefined })).toEqual(wanted));
  it('of a status that nobody has listed is not guessed', () => expect(() => types({ status: 'teleported' })).toThrow(/^status:/));
  it('was paid before it was cancelled where the platform says when, or where it was to be paid at the door', () => {
    expect(types({ status: 'canceled' })).toEqual(['created', 'paid', 'cancelled']);
    const cod = mapOrder(order({ payment_method: 'COD' }), [item({ payment_time: undefined })]).lines[0];
    expect([cod?.payment, cod?.facts.map((f) => f.type)]).toEqual(['cod', paid]);
    expect(types({ status: 'canceled', payment_time: undefined }, { payment_method: 'COD' })).toEqual(['created', 'paid', 'cancelled']);
  });
  it('that only asks to be cancelled is not', () => expect(types({ is_cancel_pending: 'true', need_cancel_confirm: 'true', reverse_order_id: '5' })).toEqual(paid));
  it('of a presale is paid with its balance', () => {
    const presale = (stage_pay_status: string | null) => { const line = mapOrder(order(), [item({ order_type: 'PreSale', stage_pay_status, payment_time: undefined })]).lines[0]; return [line?.payment, line?.facts.map((f) => f.type)]; };
    expect([presale('unpaid'), presale('unpaid final payment'), presale(null), presale('null')]).toEqual([['deposit', created], ['deposit', created], ['deposit', paid], ['deposit', paid]]);
  });
  it('holds gifts by their list price, and nothing that is delivered as a file', () => {
    expect(mapOrder(order(), [item({ item_price: '0.00', paid_price: '0.00' }), item({ paid_price: '0.00' }), item({ is_digital: '1' })]).lines.map((l) => [l.kind, l.unitPrice])).toEqual([['gift', 0], ['sale', 0]]);
  });
  it('whose delivery failed is a case, item by item, also where it ended as a cancellation', () => {
    const items = [item({ order_item_id: '1', status: 'delivered' }), item({ order_item_id: '2', status: 'lost_by_3pl', tracking_code: 'T1' }), item({ order_item_id: '3', status: 'canceled', cancel_return_initiator: 'cancellation-failed Delivery' }), item({ order_item_id: '4', status: 'canceled', cancel_return_initiator: 'cancellation-customer' })];
    expect(failedDelivery(order(), items)).toMatchObject([{ returnId: 'failed-260422900198363', kind: 'failed-delivery', status: 'refunded', trackingNumber: 'T1', lines: [{ lineId: '2', quantity: 1 }, { lineId: '3', quantity: 1 }] }]);
    expect(mapOrder(order(), items).lines.map((l) => l.facts.at(-1)?.type)).toEqual(['delivered', 'shipped', 'shipped', 'cancelled']);
    expect(failedDelivery(order(), items.slice(0, 1))).toEqual([]);
  });
  it.each([['paid_price', { paid_price: '-1' }], ['paid_price', { paid_price: '9'.repeat(15) }], ['currency', { currency: 'dong' }], ['order_item_id', { order_item_id: '' }], ['item_price', { item_price: undefined, paid_price: undefined }]])(
    'with an absurd %s is not read', (field, over) => expect(() => mapOrder(order(), [item(over)])).toThrow(new RegExp(`^${field}:`)));
  it('comes to the same sums whatever the order of its snapshots', () => {
    const turn = (n: number, a: string, b: string) => mapOrder(order({ updated_at: 1763640000000 + n }), [item({ order_item_id: '1', status: a, updated_at: 1763640000000 + n, payment_time: n === 0 ? undefined : '1763640060000' }), item({ order_item_id: '2', status: b, updated_at: 1763640000000 + n, payment_time: n === 0 ? undefined : '1763640060000' })]);
    const all = [turn(0, 'unpaid', 'unpaid'), turn(1, 'pending', 'pending'), turn(2, 'shipped', 'canceled'), turn(3, 'delivered', 'canceled')];
    const sums = (snapshots: readonly PlatformOrder[]): Record<string, unknown> => {
      const told: Record<string, ToldLine> = {};
      let latest = 0;
      for (const s of snapshots) {
        if (s.updatedAt < latest) continue;
        latest = s.updatedAt;
        for (const line of s.lines) told[line.lineId] = growth('s', s, line, told[line.lineId], [{ sku: 'K', quantity: 1 }], { broadcast: null, anchor: null }, null).after;
      }
      return Object.fromEntries(Object.entries(told).map(([id, t]) => [id, t.units]));
    };
    fc.assert(fc.property(fc.shuffledSubarray([0, 1, 2, 3, 0, 1, 2, 3], { minLength: 8, maxLength: 8 }), (turns) => expect(sums(turns.map((i) => all[i] as PlatformOrder))).toEqual({ 1: { created: 1, paid: 1, shipped: 1, delivered: 1 }, 2: { created: 1, paid: 1, cancelled: 1 } })), { numRuns: 50 });
  });
});

const line = (over: object = {}) => ({ reverse_order_line_id: '6', trade_order_line_id: '260422900298363', reverse_status: 'REQUEST_INITIATE', ofc_status: 'INITIAL', reason_text: 'Item is defective or not working', return_order_line_gmt_create: '1763800000000', return_order_line_gmt_modified: '1763800005000', seller_sku_id: 'K1-S', platform_sku_id: 'th-1', tracking_number: 'TH1', ...over });
const reverse = (lines: object[] = [line()], over: object = {}) => ({ reverse_order_id: '5', trade_order_id: '260422900198363', request_type: 'RETURN', is_rtm: 'true', reverse_order_lines: lines, ...over });

describe('a return', () => {
  it('is a case per line of a reverse order', () => {
    expect(mapReverse(reverse(), line())).toEqual({
      returnId: '5/6', updatedAt: 1763800005000, kind: 'return', status: 'requested', claimedReason: 'defective', trackingNumber: 'TH1', lines: [{ id: '6', orderId: '260422900198363', lineId: '260422900298363', code: { seller: 'K1-S', platform: 'th-1', link: null }, quantity: 1 }],
    });
    expect(mapReverse(reverse([], { request_type: 'ONLY_ REFUND' }), line({ return_order_line_gmt_modified: '0' }))).toMatchObject({ kind: 'refund-only', updatedAt: 1763800000000 });
    expect(() => mapReverse(reverse([], { request_type: 'REPAIR' }), line())).toThrow(/^request_type:/);
  });
  it.each([
    ['REQUEST_INITIATE', 'requested'], ['REQUEST_REJECT', 'refused'], ['REQUEST_CANCEL', 'withdrawn'], ['REQUEST_COMPLETE', 'refunded'], ['RTM_INIT', 'requested'], ['RTM_CANCELED', 'withdrawn'], ['RTM_SHIPPING_BACK', 'in-transit'], ['RTM_RECEIVE_ITEM', 'in-transit'],
    ['RTW_INIT', 'requested'], ['RTW_CANCELED', 'withdrawn'], ['RTW_SHIPPING_BACK', 'in-transit'], ['RTW_REJECT', 'refused'], ['RTW_REFUND_PENDING', 'approved'], ['REFUND_INIT', 'requested'], ['REFUND_PENDING', 'approved'], ['REFUND_SUCCESS', 'refunded'], ['REFUND_REJECTED', 'refused'],
  ])('in %s is %s', (status, wanted) => expect(returnStatus(line({ reverse_status: status }))).toBe(wanted));
  it('is further than its request where its parcel is', () => {
    expect(['RETURN_CANCELED', 'RETURN_PICKED_UP', 'RETURN_DELIVERED', 'null'].map((ofc_status) => returnStatus(line({ ofc_status })))).toEqual(['withdrawn', 'in-transit', 'in-transit', 'requested']);
    expect(returnStatus(line({ reverse_status: 'REFUND_SUCCESS', ofc_status: 'RETURN_DELIVERED' }))).toBe('refunded');
    expect(() => returnStatus(line({ reverse_status: 'SOMETHING' }))).toThrow(/^reverse_status:/);
  });
  it.each([
    ['Item is damaged', 'damaged'], ['Wrong item was sent', 'wrong-item'], ['Item does not match description or pictures', 'not-as-described'], ['Missing accessories / freebies', 'missing-parts'], ['Too small', 'too-small'], ['Item is too large', 'too-large'], ['Change of mind', 'changed-mind'],
    ['Colour is not what I wanted', 'colour-or-style'], ['Never arrived', 'not-received'], ['Delivery was too late', 'late'], ['Sản phẩm lỗi', 'other'], [null, null],
  ])('for %s is counted as %s', (text, word) => expect(reasonOf(text)).toBe(word));
});

/** A platform that checks every signature by another implementation before it answers. */
function fake(answers: (path: string, query: URLSearchParams) => object) {
  const asked: string[] = [];
  const transport = (request: Asked) => {
    const url = new URL(request.url);
    const path = url.pathname.replace(/^\/rest/, '');
    asked.push(path);
    const names = [...url.searchParams.keys()].filter((n) => n !== 'sign').sort();
    const right = hmacHex(SECRET, path + names.map((n) => n + (url.searchParams.get(n) ?? '')).join('')).toUpperCase();
    const good = url.searchParams.get('sign') === right && url.searchParams.get('sign_method') === 'sha256' && (path.startsWith('/auth/') || url.searchParams.get('access_token') === 'token') && Math.abs(Number(url.searchParams.get('timestamp')) - Date.now()) < 30_000;
    return Promise.resolve({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(good ? answers(path, url.searchParams) : { code: 'IncompleteSignature', type: 'ISV', message: 'sign' })) });
  };
  const http = new PlatformHttp(transport, () => 1_000_000, () => Promise.resolve());
  return { asked, http, api: () => lazada.api?.(shop(), http) as NonNullable<ReturnType<NonNullable<typeof lazada.api>>> };
}
const ids = (query: URLSearchParams) => (query.get('order_ids') ?? '').replace(/[[\]]/g, '').split(',');
const itemsOf = (query: URLSearchParams) => ({ code: '0', data: ids(query).map((order_id) => ({ order_id, order_items: [item({ order_item_id: `${order_id}1` })] })) });
const SINCE = new Date('2026-11-20T00:00:00Z');
const UNTIL = new Date('2026-11-21T00:00:00Z');
const refusal = (work: Promise<unknown> | undefined): Promise<PlatformRefused> => (work ?? Promise.resolve()).then(() => { throw new Error('was not refused'); }, (e: unknown) => e as PlatformRefused);

describe('asking', () => {
  it('fetches orders with their items, and leaves out what the platform does not know', async () => {
    const platform = fake((path, query) => (path === '/order/get' ? (query.get('order_id') === '404' ? { code: '16', type: 'ISV', message: 'E016: "404" Invalid Order ID' } : { code: '0', data: order({ order_id: query.get('order_id') }) }) : itemsOf(query)));
    expect((await platform.api().fetch('order', ['1', '404', '2'])).map((h) => (h.kind === 'order' ? h.order.orderId : h.kind))).toEqual(['1', '2']);
    expect(platform.asked).toEqual(['/order/get', '/order/get', '/order/get', '/orders/items/get']);
  });
  /** A shop of so many orders, changed at the second given by their number; asked as the platform is. */
  const shopOf = (count: number, changedAt: (n: number) => number) => {
    const changed = Array.from({ length: count }, (_, n) => ({ id: String(n + 1), at: changedAt(n) }));
    const platform = fake((path, query) => {
      if (path === '/orders/items/get') return itemsOf(query);
      if (path === '/order/get') return { code: '0', data: order({ order_id: query.get('order_id') }) };
      expect([path, query.get('sort_by'), query.get('sort_direction')]).toEqual(['/orders/get', 'updated_at', 'ASC']);
      const [from, to, offset] = [Date.parse(query.get('update_after') ?? ''), Date.parse(query.get('update_before') ?? ''), Number(query.get('offset'))];
      const found = changed.filter((o) => o.at >= from && o.at < to).sort((a, b) => a.at - b.at || Number(a.id) - Number(b.id)).slice(offset, offset + 50);
      return { code: '0', data: { orders: found.map((o) => order({ order_id: o.id, updated_at: new Date(o.at).toISOString() })) } };
    });
    const pulled = async (between: (page: number) => void = () => undefined): Promise<string[]> => {
      const ids: string[] = [];
      for (let [page, n]: [string | null, number] = [null, 1]; ; n++) {
        const { heard, next } = await platform.api().changed('orders', SINCE, UNTIL, page);
        ids.push(...heard.flatMap((h) => (h.kind === 'order' ? [h.order.orderId] : [])));
        if (next === null) return ids;
        page = next;
        between(n);
      }
    };
    return { changed, platform, pulled };
  };
  it('pages through changes, oldest first, with the same facts as a fetch', async () => {
    const { platform } = shopOf(60, (n) => SINCE.getTime() + 10_000 * n);
    const first = await platform.api().changed('orders', SINCE, UNTIL, null);
    const second = await platform.api().changed('orders', SINCE, UNTIL, first.next);
    expect([first.heard.length, second.heard.length, second.next]).toEqual([50, 11, null]);
    expect(second.heard.slice(0, 2)).toEqual(await platform.api().fetch('order', ['50', '51']));
  });
  it('loses no order while others change and leave the span that is read', async () => {
    const { changed, pulled } = shopOf(180, (n) => SINCE.getTime() + 1_000 * n);
    const ids = await pulled((page) => changed.slice(page - 1, page + 1).forEach((o) => (o.at = UNTIL.getTime() + 60_000)));
    expect(new Set(ids).size).toBe(180);
  });
  it('counts offsets within one second alone, and says where more changed in it than can be asked for', async () => {
    expect(new Set(await shopOf(170, (n) => SINCE.getTime() + (n < 5 ? 0 : 60_000)).pulled()).size).toBe(170);
    expect(await refusal(shopOf(5_100, () => SINCE.getTime() + 500).pulled().then(() => ({ heard: [], next: null })))).toBeInstanceOf(PlatformRefused);
  });
  it('hears the same of a reverse order by its detail and by the list, line by line; of a cancellation its order', async () => {
    const lines = [line(), line({ reverse_order_line_id: '7', reverse_status: '?' })];
    const platform = fake((path, query) =>
      path === '/orders/items/get' ? itemsOf(query)
        : path === '/order/get' ? { code: '0', data: order({ order_id: query.get('order_id') }) }
          : path === '/order/reverse/return/detail/list' ? { code: '0', data: { ...reverse(), reverse_order_lines: undefined, reverseOrderLineDTOList: lines } }
            : { code: '0', result: { success: 'true', total: '2', items: [reverse(lines), reverse([line()], { reverse_order_id: '8', trade_order_id: '77', request_type: 'CANCEL' })] } });
    const pulled = (await platform.api().changed('returns', SINCE, UNTIL, null)).heard;
    expect(pulled.map((h) => (h.kind === 'order' ? h.order.orderId : h.kind === 'return' ? h.case.returnId : h.kind === 'unreadable' ? `${h.id} ${h.reason.split(':')[0] ?? ''}` : h.kind))).toEqual(['260422900198363', '77', '5/6', '5/7 reverse_status']);
    expect(await platform.api().fetch('return', ['5/6', '5/7'])).toEqual(pulled.filter((h) => h.kind !== 'order' || h.order.orderId !== '77'));
  });
  it('reads one bad record without failing its neighbours', async () => {
    const found = await fake((path, query) => (path === '/order/get' ? { code: '0', data: order({ order_id: query.get('order_id'), created_at: query.get('order_id') === '2' ? 'soon' : '1763640000000' }) } : itemsOf(query))).api().fetch('order', ['1', '2']);
    expect(found).toMatchObject([{ kind: 'order' }, { kind: 'unreadable', entity: 'order', id: '2', reason: expect.stringContaining('created_at') }]);
  });
  it.each([
    ['ApiCallLimit', 'ISV', true, false], ['ServiceTimeout', 'SYSTEM', true, false], ['106', 'ISP', true, false], ['IllegalAccessToken', 'ISV', false, true], ['InsufficientPermission', 'ISV', false, false], ['17', 'ISV', false, false], ['canary@example.com', 'ISV', false, false],
  ])('takes code %s of type %s as a refusal, retry %s, unauthorised %s, without its words', async (code, type, retry, unauthorised) => {
    const error = await refusal(fake(() => ({ code, type, message: 'canary@example.com' })).api().changed('orders', SINCE, UNTIL, null));
    expect(error).toBeInstanceOf(PlatformRefused);
    expect([error.retry, error.unauthorised]).toEqual([retry, unauthorised]);
    expect(error.message).not.toMatch(/canary/);
  });
  it.each([['a list', []], ['no code', {}], ['orders of another shape', { code: '0', data: { orders: 7 } }]])('takes %s for a fault of the moment', async (_name, answer) => {
    expect(await refusal(fake(() => answer).api().changed('orders', SINCE, UNTIL, null))).toMatchObject({ name: 'PlatformRefused', retry: true });
  });
  it('proves the credentials, and names what calls need', async () => {
    expect(await fake((path) => { expect(path).toBe('/seller/get'); return { code: '0', data: { name: 'Shop A' } }; }).api().test()).toBe('Shop A');
    expect(() => lazada.api?.({ ...shop(), credentials: { appKey: KEY, appSecret: SECRET } }, fake(() => ({})).http)).toThrow('accessToken');
    expect(() => lazada.api?.(shop({}), fake(() => ({})).http)).toThrow('country');
  });
  it('renews access, for good or not at all', async () => {
    const renewed = await lazada.refresh?.(shop(), fake((path, query) => { expect([path, query.get('refresh_token')]).toEqual(['/auth/token/refresh', 'refresh']); return { code: '0', access_token: 'new', refresh_token: 'newer', expires_in: '604800' }; }).http);
    expect(renewed).toMatchObject({ accessToken: 'new', refreshToken: 'newer' });
    expect(Math.abs(Number(renewed?.['accessTokenEndsAt']) - Date.now() - 604_800_000)).toBeLessThan(5_000);
    expect(await refusal(lazada.refresh?.(shop(), fake(() => ({ code: 'IllegalRefreshToken', type: 'ISP' })).http))).toMatchObject({ unauthorised: true, retry: false });
    expect(await refusal(lazada.refresh?.(shop(), fake(() => ({ code: 'ServiceTimeout', type: 'ISP' })).http))).toMatchObject({ unauthorised: false, retry: true });
  });
});

describe('against what others computed or wrote', () => {
  it('signs a request as lazada-open-platform-sdk 2.0.0-0 does', () => {
    const query = { app_key: '123456', timestamp: '1517820392000', sign_method: 'sha256', access_token: 'tok', order_id: '1234', sign: 'not signed' };
    expect(requestSignature('/order/get', query, 'helloworld')).toBe('B02DCCACD78F5701B5EB8A65DF969D88F9E154609E3688AB81094AE976C126D1');
    expect(requestSignature('/order/get', query, 'helloworld')).toBe(hmacHex('helloworld', '/order/getaccess_tokentokapp_key123456order_id1234sign_methodsha256timestamp1517820392000').toUpperCase());
  });
  const samples = join(providedData() ?? '/nowhere', '..', 'platforms');
  const there = existsSync(samples) ? it : it.skip;
  const sample = (name: string): string => readFileSync(join(samples, name), 'utf8').trimEnd();
  there('verifies the computed vector and reads the documented samples', () => {
    const vector = (JSON.parse(sample('signature-vectors.COMPUTED.json')) as Record<string, Record<string, string>>)['lazada'] ?? {};
    expect(verified(webhook(sample(vector['file'] ?? ''), vector['Authorization']), vector['app_key'], vector['app_secret'])).toBe(true);
    expect(readdirSync(samples).filter((f) => f.startsWith('lazada-')).map((f) => heard(sample(f)).map((h) => (h.kind === 'hint' ? `${h.entity} ${h.id}` : h.kind)))).toEqual([
      ['order 252883361348153', 'return 501977696648153/502491640048153'], ['order 260422900198363'], ['order 416557324702006', 'return 658960600102006/663790000102006'],
    ]);
  });
});
