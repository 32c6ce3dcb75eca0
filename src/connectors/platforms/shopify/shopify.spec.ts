import fc from 'fast-check';
import '@shopify/shopify-api/adapters/node';
import { shopifyApi, LogSeverity } from '@shopify/shopify-api';
import { hmacBase64 } from '../../../../test/factories/platform-signatures.js';
import { growth, type ToldLine } from '../../told.rules.js';
import { MissingCredential, PlatformHttp, type Answered, type Asked } from '../platform-http.js';
import type { ConnectedShop, Heard, RawWebhook } from '../platform.js';
import { mapOrder, mapRefund } from './map.js';
import { shopify } from './shopify.js';

const SECRET = 'shpss_dummy';
const library = shopifyApi({ apiKey: 'key', apiSecretKey: SECRET, hostName: 'castline.example', apiVersion: '2025-10' as never, isEmbeddedApp: false, logger: { level: LogSeverity.Error } });
const webhook = (topic: string, body: string, signature: string | undefined): RawWebhook => ({
  body: Buffer.from(body), url: 'https://castline.example/webhooks/shopify/s', query: {},
  headers: { 'x-shopify-topic': topic, 'x-shopify-hmac-sha256': signature, 'x-shopify-triggered-at': '2026-11-22T10:00:00Z' },
});
const byLibrary = async (body: string, signature: string): Promise<boolean> =>
  (await library.webhooks.validate({
    rawBody: body,
    rawRequest: { headers: { 'x-shopify-hmac-sha256': signature, 'x-shopify-topic': 'orders/create', 'x-shopify-api-version': '2025-10', 'x-shopify-shop-domain': 'a.myshopify.com', 'x-shopify-webhook-id': 'w' } },
  })).valid;

const shop = (over: Partial<ConnectedShop> = {}): ConnectedShop => ({ shop: 's', credentials: { webhookSecret: SECRET, accessToken: 'shpat_dummy' }, settings: { domain: 'a.myshopify.com' }, timeZone: 'UTC', currency: 'USD', ...over });
const line = (over: Record<string, unknown> = {}) => ({ id: 11, variant_id: 21, product_id: 31, sku: 'K1-S', quantity: 3, price: '19.99', fulfillment_status: null, ...over });
const order = (over: Record<string, unknown> = {}) => ({
  id: 1, created_at: '2026-11-20T20:00:00+08:00', processed_at: '2026-11-20T20:00:05+08:00', updated_at: '2026-11-20T20:00:05+08:00', cancelled_at: null, currency: 'USD', financial_status: 'paid', line_items: [line()], fulfillments: [], refunds: [], ...over,
});
const facts = (o: Record<string, unknown>) => mapOrder(o, 'broadcast').lines[0]?.facts.map((f) => [f.type, f.id, f.quantity]);
const parcel = (quantity: number, over: Record<string, unknown> = {}) => ({ id: 41, status: 'success', created_at: '2026-11-21T00:00:00Z', updated_at: '2026-11-23T00:00:00Z', line_items: [{ id: 11, quantity }], ...over });
const refund = (quantity: number, restock: string, over: Record<string, unknown> = {}) => ({ id: 51, created_at: '2026-11-20T13:00:00Z', refund_line_items: [{ line_item_id: 11, quantity, restock_type: restock }], ...over });

describe('signatures', () => {
  it('are accepted and refused as by the platform’s own library', async () => {
    const body = '{"id":1,"name":"Grüße 直播"}';
    const good = hmacBase64(SECRET, body);
    for (const [b, s] of [[body, good], [body.replace('1', '2'), good], [body, hmacBase64('other', body)], [body, `${good.slice(0, -2)}A=`]] as const) {
      expect(shopify.webhooks?.verify(webhook('orders/create', b, s), { webhookSecret: SECRET }, 0)).toBe(await byLibrary(b, s));
    }
    expect(shopify.webhooks?.verify(webhook('orders/create', body, good), { webhookSecret: SECRET }, 0)).toBe(true);
    expect(shopify.webhooks?.verify(webhook('orders/create', body, undefined), { webhookSecret: SECRET }, 0)).toBe(false);
  });
  it('refuse any flipped bit of the body', () => {
    const body = Buffer.from(JSON.stringify(order()));
    const signature = hmacBase64(SECRET, body);
    fc.assert(fc.property(fc.nat(body.length * 8 - 1), (bit) => {
      const flipped = Buffer.from(body);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      return shopify.webhooks?.verify({ ...webhook('orders/create', '', signature), body: flipped }, { webhookSecret: SECRET }, 0) === false;
    }), { seed: 7 });
  });
});

describe('an order', () => {
  it.each([
    ['pending', {}, [['created', '', 3]]], ['authorized', {}, [['created', '', 3]]], ['voided', { cancelled_at: '2026-11-20T21:00:00Z' }, [['created', '', 3], ['cancelled', '', 3]]],
    ['paid', {}, [['created', '', 3], ['paid', '', 3]]], ['partially_refunded', {}, [['created', '', 3], ['paid', '', 3]]], ['pending', { payment_gateway_names: ['Cash on Delivery (COD)'] }, [['created', '', 3], ['paid', '', 3]]],
  ])('that is %s', (financial_status, over, expected) => expect(facts(order({ financial_status, ...over }))).toEqual(expected));
  it('on cash on delivery says so', () => expect(mapOrder(order({ financial_status: 'pending', payment_gateway_names: ['cash on delivery'] }), 'b').lines[0]).toMatchObject({ payment: 'cod' }));
  it('loses what was refunded before it was sent', () => expect(facts(order({ refunds: [refund(1, 'cancel')], line_items: [line({ current_quantity: 2 })] }))).toContainEqual(['cancelled', '', 1]));
  it('says the same of a unit that was refunded without restocking before anything left, whichever snapshot is seen', () => {
    const refunds = [refund(1, 'no_restock')];
    const sent = [parcel(2)];
    const early = facts(order({ refunds }));
    const late = facts(order({ refunds, fulfillments: sent }));
    expect(early).toContainEqual(['cancelled', '', 1]);
    expect(late).toContainEqual(['cancelled', '', 1]);
    expect(late).toContainEqual(['shipped', '41', 2]);
    // As an order that is pulled tells it: no refund of something that was sent.
    const told = { ...refunds[0], id: 5, order_id: 1, refund_line_items: [{ line_item_id: 11, quantity: 1, restock_type: 'no_restock', line_item: { id: 11, sku: 'K1-S', fulfillment_status: 'partial' } }] };
    expect(mapRefund(told, order({ refunds, fulfillments: sent }))).toEqual([]);
    // Money back for one of three that had left is a refund, and no cancellation.
    const before = [parcel(3, { created_at: '2026-11-20T21:00:00+08:00' })];
    expect(facts(order({ refunds, fulfillments: before }))).not.toContainEqual(expect.arrayContaining(['cancelled']));
    expect(mapRefund(told, order({ refunds, fulfillments: before }))).toMatchObject([{ kind: 'refund-only', lines: [{ lineId: '11', quantity: 1 }] }]);
  });
  it('loses what an edit took out', () => expect(facts(order({ line_items: [line({ current_quantity: 1 })] }))).toContainEqual(['cancelled', '', 2]));
  it('does not lose what came back after it was sent', () => expect(facts(order({ refunds: [refund(1, 'return')], fulfillments: [parcel(3)], line_items: [line({ current_quantity: 2 })] }))).not.toContainEqual(expect.arrayContaining(['cancelled'])));
  it('cancelled as a whole keeps what had left', () => expect(facts(order({ cancelled_at: '2026-11-21T10:00:00Z', fulfillments: [parcel(1)] }))).toEqual([['created', '', 3], ['paid', '', 3], ['cancelled', '', 2], ['shipped', '41', 1]]));
  it('counts no parcel that failed', () => expect(facts(order({ fulfillments: [parcel(3, { status: 'failure' })] }))).toEqual([['created', '', 3], ['paid', '', 3]]));
  it('is delivered where its parcel was', () => expect(facts(order({ fulfillments: [parcel(3, { shipment_status: 'delivered' })] }))).toContainEqual(['delivered', '41', 3]));
  it('has prices after discounts, in minor units', () => {
    expect(mapOrder(order({ line_items: [line({ discount_allocations: [{ amount: '6.00' }] })] }), 'b').lines[0]?.unitPrice).toBe(1799);
    expect(mapOrder(order({ currency: 'JPY', line_items: [line({ price: '1999' })] }), 'b').lines[0]?.unitPrice).toBe(1999);
    expect(mapOrder(order({ currency: 'KWD', line_items: [line({ price: '1.234' })] }), 'b').lines[0]?.unitPrice).toBe(1234);
  });
  it('that costs nothing is a gift; gift cards are no goods', () => {
    expect(mapOrder(order({ line_items: [line({ price: '0.00' })] }), 'b').lines[0]?.kind).toBe('gift');
    expect(mapOrder(order({ line_items: [line({ gift_card: true })] }), 'b').lines).toEqual([]);
    expect(mapOrder(order({ tags: 'vip, Sample' }), 'b').lines[0]?.kind).toBe('sample');
  });
  it.each([['quantity', { quantity: -1 }], ['quantity', { quantity: 0 }], ['quantity', { quantity: 1_000_001 }], ['quantity', { quantity: 1.5 }], ['price', { price: '-1' }], ['price', { price: '1e9' }], ['price', { price: null }], ['id', { id: null }]])('with a bad %s names the field', (field, over) => {
    expect(() => mapOrder(order({ line_items: [line(over)] }), 'b')).toThrow(expect.objectContaining({ field }));
  });

  it('comes to the same sums whatever the order and number of its snapshots', () => {
    const parcelAt = (day: number, over: Record<string, unknown> = {}) => parcel(2, { updated_at: `2026-11-2${day}T00:00:00Z`, ...over });
    const snapshots = [
      order({ financial_status: 'pending' }), order(), order({ refunds: [refund(1, 'cancel')] }), order({ refunds: [refund(1, 'cancel')], fulfillments: [parcelAt(2)] }),
      order({ refunds: [refund(1, 'cancel')], fulfillments: [parcelAt(3, { shipment_status: 'delivered' })] }),
    ].map((o) => mapOrder(o, 'b'));
    const sums = (sequence: readonly number[]): Record<string, number> => {
      let told: ToldLine | undefined;
      const sum: Record<string, number> = {};
      for (const i of sequence) {
        const o = snapshots[i] as (typeof snapshots)[number];
        const grown = growth('s', o, o.lines[0] as (typeof o.lines)[number], told, [{ sku: 'K1-S', quantity: 1 }], { broadcast: null, anchor: null }, null);
        told = grown.after;
        for (const e of grown.events) sum[e.type] = (sum[e.type] ?? 0) + e.quantity;
      }
      return sum;
    };
    const inOrder = sums([0, 1, 2, 3, 4]);
    expect(inOrder).toEqual({ created: 3, paid: 3, cancelled: 1, shipped: 2, delivered: 2 });
    fc.assert(fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 0, 1, 2, 3, 4], { minLength: 10 }), (sequence) => expect(sums(sequence)).toEqual(inOrder)), { seed: 11 });
  });
});

describe('a refund', () => {
  const sent = { line_item: { id: 11, sku: 'K1-S', fulfillment_status: 'fulfilled' } };
  const of = (restock: string, over: Record<string, unknown> = {}) => mapRefund({ id: 51, order_id: 1, created_at: '2026-11-25T00:00:00Z', refund_line_items: [{ line_item_id: 11, quantity: 1, restock_type: restock, ...sent }], ...over }).map((r) => [r.returnId, r.kind, r.status]);
  it('of what came back is a return', () => expect(of('return')).toEqual([['refund-51-return', 'return', 'refunded']]));
  it('of what stays with the buyer is money alone', () => expect(of('no_restock')).toEqual([['refund-51-refund-only', 'refund-only', 'refunded']]));
  it('before shipping is no return', () => expect(of('cancel')).toEqual([]));
  it('of a known return is that return', () => expect(of('no_restock', { return: { id: 9 } })).toEqual([['9', 'return', 'refunded']]));
});

describe('topics', () => {
  const read = (topic: string, body: unknown): readonly Heard[] => shopify.webhooks?.read(webhook(topic, JSON.stringify(body), undefined), shop()) ?? [];
  it.each([['returns/decline', 'refused'], ['returns/cancel', 'withdrawn'], ['returns/close', 'closed'], ['returns/reopen', 'approved']])('%s tells the status of a known return', (topic, status) => {
    expect(read(topic, { id: 9, order_id: 1, status: 'x' })).toEqual([{ kind: 'return-status', returnId: '9', orderId: '1', status, at: Date.parse('2026-11-22T10:00:00Z') }]);
  });
  it('knows what is none of its business, what is new to it, and when it is thrown out', () => {
    expect(read('products/update', { id: 1 })).toEqual([{ kind: 'nothing', about: 'products/update' }]);
    expect(read('metaobjects/create', { id: 1 })).toMatchObject([{ kind: 'unknown', about: 'metaobjects/create' }]);
    expect(read('app/uninstalled', { id: 1 })).toEqual([{ kind: 'deauthorised' }]);
    expect(read('orders/create', order({ test: true }))).toEqual([{ kind: 'nothing', about: 'test order' }]);
  });
});

describe('calls', () => {
  const asked: Asked[] = [];
  const answering = (answers: Record<string, Partial<Answered> & { json?: unknown }>): PlatformHttp => new PlatformHttp((a) => {
    asked.push(a);
    const found = Object.entries(answers).find(([part]) => a.url.includes(part))?.[1];
    return Promise.resolve({ status: found?.status ?? (found === undefined ? 404 : 200), headers: found?.headers ?? {}, body: found?.body ?? Buffer.from(JSON.stringify(found?.json ?? {})) });
  }, () => 1_000, () => Promise.resolve());
  const api = (http: PlatformHttp, over: Partial<ConnectedShop> = {}) => {
    if (shopify.api === null) throw new Error('no API');
    return shopify.api(shop(over), http);
  };
  beforeEach(() => void asked.splice(0));

  it('follow pages by the link the platform gives', async () => {
    const http = answering({ 'page_info=two': { json: { orders: [order({ id: 2 })] } }, 'updated_at_min': { json: { orders: [order()] }, headers: { link: '<https://a.myshopify.com/admin/api/2025-10/orders.json?limit=250&page_info=two>; rel="next"' } } });
    const first = await api(http).changed('orders', new Date('2026-11-20T00:00:00Z'), new Date('2026-11-21T00:00:00Z'), null);
    expect([first.heard.length, first.next]).toEqual([1, 'two']);
    expect(await api(http).changed('orders', new Date(0), new Date(1), 'two')).toMatchObject({ next: null, heard: [{ kind: 'order', order: { orderId: '2' } }] });
    expect(asked[0]?.url).toContain('updated_at_min=2026-11-20T00%3A00%3A00.000Z');
    expect(asked.every((a) => a.headers?.['x-shopify-access-token'] === 'shpat_dummy')).toBe(true);
  });
  it('give the same facts as the webhook of the same order, and its refunds as returns', async () => {
    const both = order({ fulfillments: [parcel(3)], refunds: [{ ...refund(1, 'return'), refund_line_items: [{ line_item_id: 11, quantity: 1, restock_type: 'return', line_item: { id: 11, sku: 'K1-S', fulfillment_status: 'fulfilled' } }] }] });
    const pulled = await api(answering({ 'ids=1': { json: { orders: [both] } } })).fetch('order', ['1']);
    const hooked = shopify.webhooks?.read(webhook('orders/updated', JSON.stringify(both), undefined), shop()) ?? [];
    expect(pulled[0]).toEqual(hooked[0]);
    expect(pulled[1]).toMatchObject({ kind: 'return', case: { returnId: 'refund-51-return' } });
  });
  it('do not let one bad order spoil a page', async () => {
    const heard = (await api(answering({ 'orders.json': { json: { orders: [order(), order({ id: 2, currency: '?' }), order({ id: 3 })] } } })).changed('orders', new Date(0), new Date(1), null)).heard;
    expect(heard.map((h) => h.kind)).toEqual(['order', 'unreadable', 'order']);
  });
  it.each([[401, { unauthorised: true }], [429, { retry: true, retryAfterSeconds: 7 }], [503, { retry: true }], [404, { retry: false }]])('answered with %s say what to do, and never what was answered', async (status, expected) => {
    const failing = api(answering({ shop: { status, headers: { 'retry-after': '7' }, body: Buffer.from('canary secret') } })).test();
    await expect(failing).rejects.toMatchObject(expected);
    await expect(failing).rejects.not.toThrow(/canary/);
  });
  it('need a token and a domain', () => {
    expect(() => api(answering({}), { credentials: {} })).toThrow(MissingCredential);
    expect(() => api(answering({}), { settings: {} })).toThrow(MissingCredential);
  });
  it('tell the name of the account', async () => expect(await api(answering({ 'shop.json': { json: { shop: { name: 'A Shop' } } } })).test()).toBe('A Shop'));
});
