import fc from 'fast-check';
import { hmacBase64 } from '../../../../test/factories/platform-signatures.js';
import { growth, type ToldLine } from '../../told.rules.js';
import { PlatformHttp, type Answered, type Asked } from '../platform-http.js';
import type { ConnectedShop, Heard, PlatformOrder, RawWebhook } from '../platform.js';
import { mapOrder, mapRefunds } from './map.js';
import { reasonOf } from './reasons.js';
import { woocommerce } from './woocommerce.js';

const SECRET = 'a webhook secret';
const shop: ConnectedShop = { shop: 's', credentials: { webhookSecret: SECRET, consumerKey: 'ck_1', consumerSecret: 'cs_1' }, settings: { site: 'https://shop.test' }, timeZone: 'Europe/Berlin', currency: 'EUR' };
const blind: ConnectedShop = { ...shop, credentials: { webhookSecret: SECRET } };

type Over = Record<string, unknown>;
const line = (over: Over = {}) => ({ id: 315, name: 'CanaryItem', product_id: 93, variation_id: 94, quantity: 3, sku: 'K1-S', subtotal: '60.00', total: '54.00', total_tax: '10.26', price: 18, meta_data: [], ...over });
const order = (over: Over = {}) => ({
  id: 727, parent_id: 0, status: 'processing', currency: 'EUR', prices_include_tax: false, date_created_gmt: '2026-11-20T12:00:00', date_modified_gmt: '2026-11-20T12:00:10', date_paid_gmt: '2026-11-20T12:00:08', date_completed_gmt: null, customer_id: 26,
  payment_method: 'stripe', billing: { first_name: 'Canary', email: 'canary@example.com' }, meta_data: [{ id: 1, key: 'broadcast', value: 'B-77' }], line_items: [line()], refunds: [] as unknown[], ...over,
});
const refund = (quantity: number, at: string, over: Over = {}) => ({ id: 801, date_created_gmt: at, amount: '18.00', reason: 'too small', line_items: quantity === 0 ? [] : [{ id: 900, product_id: 93, variation_id: 94, quantity: -quantity, total: '-18.00', meta_data: [{ id: 5, key: '_refunded_item_id', value: '315' }] }], ...over });
const EARLY = '2026-11-20T18:00:00';
const LATE = '2026-11-25T18:00:00';
const done = (over: Over = {}) => order({ status: 'completed', date_completed_gmt: '2026-11-22T09:00:00', date_modified_gmt: '2026-11-22T09:00:00', ...over });
const sums = (o: PlatformOrder): Record<string, number> => Object.fromEntries((o.lines[0]?.facts ?? []).map((f) => [f.type, f.quantity]));
const mapped = (o: Over, refunds: Over[] = []) => mapOrder(o, refunds, 'broadcast');

const posted = (body: unknown, topic: string | undefined, over: Partial<RawWebhook> = {}): RawWebhook => {
  const raw = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return { body: raw, url: 'https://x/webhooks/woocommerce/s', query: {}, headers: { 'x-wc-webhook-signature': hmacBase64(SECRET, raw), ...(topic === undefined ? {} : { 'x-wc-webhook-topic': topic }), 'x-wc-webhook-delivery-id': 'same', 'content-type': 'application/json' }, ...over };
};
const read = (body: unknown, topic?: string, of = shop) => woocommerce.webhooks?.read(posted(body, topic), of) ?? [];

describe('webhooks', () => {
  it('are signed over the raw bytes, and never with an empty secret', () => {
    const verify = (webhook: RawWebhook, webhookSecret = SECRET) => woocommerce.webhooks?.verify(webhook, { webhookSecret }, 0);
    expect(verify(posted(order(), 'order.created'))).toBe(true);
    expect(verify({ ...posted(order(), 'order.created'), body: Buffer.from(JSON.stringify(order({ id: 728 }))) })).toBe(false);
    expect(verify(posted(order(), 'order.created'), 'other')).toBe(false);
    expect(verify(posted(order(), 'order.created', { headers: {} }))).toBe(false);
    const empty = posted(order(), 'order.created');
    expect(verify({ ...empty, headers: { 'x-wc-webhook-signature': hmacBase64('', empty.body) } }, '')).toBe(false);
  });
  it('begin with a form that nobody signed', () => {
    const probe = (body: string) => woocommerce.webhooks?.probe?.({ body: Buffer.from(body), headers: {}, url: '', query: {} }, {});
    expect(probe('webhook_id=3')).toEqual({ status: 200, body: '', contentType: null });
    expect([probe('webhook_id=3&id=5'), probe('{"id":3}'), probe('')]).toEqual([undefined, undefined, undefined]);
  });
  it('carry the order, each by itself, whatever the delivery is called', () => {
    for (const topic of ['order.created', 'order.updated', 'order.restored']) expect(read(order(), topic)).toEqual([{ kind: 'order', order: mapped(order()) }]);
    expect([read(order({ id: 1 }), 'order.created'), read(order({ id: 2 }), 'order.created')].map(([h]) => (h?.kind === 'order' ? h.order.orderId : h))).toEqual(['1', '2']);
    const noTopic = posted(order(), undefined, { headers: { 'x-wc-webhook-resource': 'order', 'x-wc-webhook-event': 'updated' } });
    expect(woocommerce.webhooks?.read(noTopic, shop)).toMatchObject([{ kind: 'order' }]);
  });
  it('with refunds, or of a deleted order, are fetched; without credentials they are kept aside', () => {
    const refunded = order({ refunds: [{ id: 801, reason: '', total: '-18.00' }] });
    expect([read(refunded, 'order.updated'), read({ id: 727 }, 'order.deleted')]).toEqual([[{ kind: 'hint', entity: 'order', id: '727' }], [{ kind: 'hint', entity: 'order', id: '727' }]]);
    for (const heard of [read(refunded, 'order.updated', blind), read({ id: 727 }, 'order.deleted', blind)]) expect(heard).toMatchObject([{ kind: 'unreadable', entity: 'order', id: '727', reason: expect.stringContaining('credentials') }]);
  });
  it('of other things say nothing, and unlisted topics are unknown', () => {
    expect([read({ id: 1 }, 'product.updated'), read({ id: 1 }, 'action.wc_add_to_cart'), read({ id: 1 })].map(([h]) => h?.kind)).toEqual(['nothing', 'unknown', 'unknown']);
    expect(read(order({ status: 'checkout-draft' }), 'order.created')).toMatchObject([{ kind: 'nothing' }]);
    expect(read(order({ currency: 'euro' }), 'order.created')).toMatchObject([{ kind: 'unreadable', id: '727', reason: expect.stringContaining('currency') }]);
  });
  it('keep ids beyond 2^53', () => {
    expect(read(JSON.stringify(order()).replace('"id":727', '"id":4705288465508532862'), 'order.created')).toMatchObject([{ order: { orderId: '4705288465508532862' } }]);
  });
});

describe('orders', () => {
  it.each<[string, Over, Record<string, number>]>([
    ['pending', { date_paid_gmt: null }, { created: 3 }], ['on-hold', { date_paid_gmt: null }, { created: 3 }], ['processing', {}, { created: 3, paid: 3 }], ['completed', { date_completed_gmt: '2026-11-22T09:00:00' }, { created: 3, paid: 3, shipped: 3, delivered: 3 }],
    ['completed', { date_completed_gmt: null }, { created: 3, paid: 3, shipped: 3, delivered: 3 }], ['cancelled', { date_paid_gmt: null }, { created: 3, cancelled: 3 }], ['cancelled', {}, { created: 3, paid: 3, cancelled: 3 }], ['failed', { date_paid_gmt: null }, { created: 3 }],
    ['failed', {}, { created: 3, paid: 3, cancelled: 3 }], ['refunded', {}, { created: 3, paid: 3, cancelled: 3 }], ['trash', {}, { created: 3, paid: 3, cancelled: 3 }], ['packed', {}, { created: 3, paid: 3 }],
    ['trash', { date_completed_gmt: '2026-11-22T09:00:00' }, { created: 3, paid: 3, shipped: 3, delivered: 3 }],
  ])('%s', (status, over, expected) => {
    expect(sums(mapped(order({ status, ...over })))).toEqual(expected);
  });
  it('carry what a unit was sold for, codes, buyer, broadcast and times', () => {
    expect(mapped(order())).toMatchObject({
      orderId: '727', buyer: '26', updatedAt: Date.parse('2026-11-20T12:00:10Z'),
      lines: [{ lineId: '315', unitPrice: 1800, currency: 'EUR', kind: 'sale', payment: 'prepaid', live: { room: 'B-77', method: 'order-note' }, code: { seller: 'K1-S', platform: '94', link: '93' }, facts: [{ at: Date.parse('2026-11-20T12:00:00Z') }, { at: Date.parse('2026-11-20T12:00:08Z') }] }],
    });
    expect(mapped(order({ prices_include_tax: true })).lines[0]?.unitPrice).toBe(2142);
    expect(mapped(order({ currency: 'JPY', line_items: [line({ total: '5400' })] })).lines[0]?.unitPrice).toBe(1800);
    expect(mapped(order({ customer_id: 0 })).buyer).toBeNull();
    expect(JSON.stringify(mapped(order()))).not.toMatch(/canary/i);
  });
  it('know gifts and the parts of bundles', () => {
    const kinds = [line({ total: '0.00' }), line({ total: '0.00', bundled_by: '7' }), line({ total: '0.00', meta_data: [{ key: '_bundled_by', value: 'abc' }] })].map((l) => mapped(order({ line_items: [l] })).lines[0]?.kind);
    expect(kinds).toEqual(['gift', 'bundle-component', 'bundle-component']);
  });
  it('count cash on delivery from when the shop takes it up', () => {
    const cod = (status: string, over: Over = {}) => mapped(order({ payment_method: 'cod', date_paid_gmt: null, status, ...over }));
    expect([sums(cod('on-hold')), sums(cod('cancelled'))]).toEqual([{ created: 3 }, { created: 3, cancelled: 3 }]);
    expect(cod('processing').lines[0]).toMatchObject({ payment: 'cod', facts: [{ type: 'created' }, { type: 'paid', at: Date.parse('2026-11-20T12:00:00Z') }] });
    expect(cod('completed', { date_paid_gmt: '2026-11-22T09:00:00', date_completed_gmt: '2026-11-22T09:00:00' }).lines[0]?.facts[1]).toEqual(cod('processing').lines[0]?.facts[1]);
  });
  it.each([['quantity', -1], ['quantity', 1e9], ['quantity', 0.5], ['total', '-1.00'], ['total', 'free'], ['id', null]])('are not read with %s %s', (name, value) => {
    expect(() => mapped(order({ line_items: [line({ [name]: value })] }))).toThrow(name);
  });
});

describe('refunds', () => {
  it('before the order went are cancellations, after it returns', () => {
    expect(sums(mapped(order(), [refund(1, EARLY)]))).toEqual({ created: 3, paid: 3, cancelled: 1 });
    expect(mapRefunds(order(), [refund(1, EARLY)])).toEqual([]);
    const both = [refund(1, EARLY), refund(1, LATE, { id: 802 })];
    expect(sums(mapped(done(), both))).toEqual({ created: 3, paid: 3, cancelled: 1, shipped: 2, delivered: 2 });
    expect(mapRefunds(done(), both)).toEqual([{ returnId: '727:802', updatedAt: Date.parse(`${LATE}Z`), kind: 'return', status: 'refunded', claimedReason: 'too-small', trackingNumber: null, lines: [{ id: '315', orderId: '727', lineId: '315', code: { seller: 'K1-S', platform: '94', link: '93' }, quantity: 1 }] }]);
  });
  it('of money alone return nothing', () => {
    expect(mapRefunds(done(), [refund(0, LATE)])).toEqual([]);
    expect(sums(mapped(order(), [refund(0, EARLY)]))).toEqual({ created: 3, paid: 3 });
  });
  it('of all that is left name no line', () => {
    const rest = [refund(1, LATE), refund(0, '2026-11-26T18:00:00', { id: 802 })];
    expect(mapRefunds(done({ status: 'refunded' }), rest).map((r) => [r.returnId, r.lines[0]?.quantity])).toEqual([['727:801', 1], ['727:802', 2]]);
  });
  it('name the line by its id, or else by its product', () => {
    const old = refund(2, LATE);
    expect(mapRefunds(done(), [{ ...old, line_items: old.line_items.map((l) => ({ ...l, meta_data: [] })) }])[0]?.lines).toMatchObject([{ lineId: '315', quantity: 2 }]);
    expect(() => mapRefunds(done(), [refund(4, LATE)])).toThrow('refunds.quantity');
  });
  it('give what was typed in the words that are counted, and keep nothing else of it', () => {
    expect(['Too small!', 'arrived damaged', 'wrong item', 'Mrs Canary called', "changed her mind"].map(reasonOf)).toEqual(['too-small', 'damaged', 'wrong-item', 'other', 'changed-mind']);
    expect(reasonOf(null)).toBeNull();
  });
  it('come to the same sums in whatever order snapshots arrive', () => {
    const life = [mapped(order({ status: 'pending', date_paid_gmt: null })), mapped(order()), mapped(order(), [refund(1, EARLY)]), mapped(done(), [refund(1, EARLY)]), mapped(done(), [refund(1, EARLY), refund(1, LATE, { id: 802 })])];
    const told = (list: readonly PlatformOrder[]) => {
      let before: ToldLine | undefined;
      const total: Record<string, number> = {};
      for (const o of list) {
        const { events, after } = growth('s', o, o.lines[0] as never, before, [{ sku: 'K1-S', quantity: 1 }], { broadcast: null, anchor: null }, null);
        before = after;
        for (const e of events) total[e.type] = (total[e.type] ?? 0) + e.quantity;
      }
      return total;
    };
    expect(told(life)).toEqual({ created: 3, paid: 3, cancelled: 1, shipped: 2, delivered: 2 });
    fc.assert(fc.property(fc.shuffledSubarray([...life, ...life]), (some) => expect(told([...some, life[4] as PlatformOrder])).toEqual(told(life))), { seed: 5, numRuns: 200 });
  });
});

describe('calls', () => {
  const asked: URL[] = [];
  const client = (handler: (url: URL) => unknown) => {
    asked.length = 0;
    const http = new PlatformHttp((a: Asked): Promise<Answered> => {
      const url = new URL(a.url);
      asked.push(url);
      const allowed = a.headers?.['authorization'] === `Basic ${Buffer.from('ck_1:cs_1').toString('base64')}`;
      const answer = allowed ? handler(url) : 401;
      return Promise.resolve(typeof answer === 'number' ? { status: answer, headers: {}, body: Buffer.from('{"message":"Canary"}') } : { status: 200, headers: {}, body: Buffer.from(JSON.stringify(answer)) });
    }, () => 1e6);
    return woocommerce.api?.(shop, http) as NonNullable<ReturnType<NonNullable<typeof woocommerce.api>>>;
  };
  const ids = (heard: readonly Heard[]) => heard.map((h) => (h.kind === 'order' ? h.order.orderId : h.kind === 'return' ? h.case.returnId : h.kind));

  it('fetch orders together with their refunds, those in the bin alone, and leave out what is gone', async () => {
    const api = client(({ pathname }) => {
      if (pathname.endsWith('/orders/727/refunds')) return [refund(1, LATE)];
      if (pathname.endsWith('/orders/8')) return order({ id: 8, status: 'trash' });
      return pathname.endsWith('/orders') ? [done({ refunds: [{ id: 801 }] })] : 404;
    });
    expect(ids(await api.fetch('order', ['727', '8', '9', 'x']))).toEqual(['727', '727:801', '8']);
    expect(asked[0]?.searchParams.get('include')).toBe('727,8,9');
    expect(ids(await api.fetch('return', ['727:801']))).toEqual(['727', '727:801', ]);
  });
  it('pull by time of change, so that what changes meanwhile shifts nothing', async () => {
    // 120 orders, of which 60 changed in one second: more than a page holds.
    const all = Array.from({ length: 120 }, (_, i) => order({ id: i + 1, date_modified_gmt: new Date(Date.UTC(2026, 10, 20, 12, 0, i < 30 ? i : i < 90 ? 30 : i)).toISOString().slice(0, 19) }));
    const api = client(({ searchParams: q }) => {
      const within = all.filter((o) => o.date_modified_gmt > (q.get('modified_after') ?? '') && o.date_modified_gmt < (q.get('modified_before') ?? ''));
      const page = Number(q.get('page'));
      return within.slice((page - 1) * 50, page * 50);
    });
    const seen = new Set<string>();
    let token: string | null = null;
    for (let pages = 0; pages < 10; pages++) {
      const page = await api.changed('orders', new Date('2026-11-20T12:00:00Z'), new Date('2026-11-20T13:00:00Z'), token);
      for (const id of ids(page.heard)) seen.add(id);
      token = page.next;
      if (token === null) break;
    }
    expect([token, seen.size]).toEqual([null, 120]);
  });
  it('give the same of an order as its webhook', async () => {
    expect(await client(() => [order()]).fetch('order', ['727'])).toEqual(read(order(), 'order.updated'));
  });
  it('say whether a refusal may pass, without its words', async () => {
    await expect(client(() => 503).fetch('order', ['1'])).rejects.toMatchObject({ retry: true, unauthorised: false });
    await expect(client(() => 401).fetch('order', ['1'])).rejects.toMatchObject({ retry: false, unauthorised: true, message: 'answered 401' });
    await expect(client(() => ({ notice: 'a plugin' })).fetch('order', ['1'])).rejects.toMatchObject({ retry: true });
    await expect(client(() => [{}]).fetch('order', ['1'])).rejects.toMatchObject({ retry: true });
  });
  it('need credentials and a site', () => {
    expect(() => woocommerce.api?.(blind, undefined as never)).toThrow('consumerKey');
    expect(() => woocommerce.api?.({ ...shop, settings: {} }, undefined as never)).toThrow('site');
  });
});
