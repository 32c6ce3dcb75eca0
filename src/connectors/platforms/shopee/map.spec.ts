import fc from 'fast-check';
import { order, item, parcel, refund, sums, T } from '../../../../test/factories/shopee.js';
import { parseLossless } from '../../../kernel/index.js';
import { growth, type ToldLine } from '../../told.rules.js';
import type { Fields } from '../payload.js';
import type { PlatformOrder } from '../platform.js';
import { failedDeliveries, mapOrder } from './map.js';
import { reasonOf } from './reasons.js';
import { mapReturn } from './returns.js';

describe('orders', () => {
  it.each<[string, Record<string, unknown>, Record<string, number>]>([
    ['UNPAID', { pay_time: null, package_list: [parcel('LOGISTICS_NOT_START')] }, { created: 3 }],
    ['PENDING', { package_list: [parcel('LOGISTICS_NOT_START')] }, { created: 3 }],
    ['INVOICE_PENDING', {}, { created: 3 }],
    ['READY_TO_SHIP', {}, { created: 3, paid: 3 }],
    ['PROCESSED', { package_list: [parcel('LOGISTICS_REQUEST_CREATED')] }, { created: 3, paid: 3 }],
    ['RETRY_SHIP', { package_list: [parcel('LOGISTICS_PICKUP_RETRY')] }, { created: 3, paid: 3 }],
    ['IN_CANCEL', {}, { created: 3, paid: 3 }],
    ['CANCELLED', { package_list: [parcel('LOGISTICS_INVALID')] }, { created: 3, paid: 3, cancelled: 3 }],
    ['CANCELLED', { pay_time: 0, package_list: [] }, { created: 3, cancelled: 3 }],
    ['SHIPPED', { package_list: [parcel('LOGISTICS_PICKUP_DONE')] }, { created: 3, paid: 3, shipped: 3 }],
    ['TO_CONFIRM_RECEIVE', { package_list: [parcel('LOGISTICS_DELIVERY_DONE')] }, { created: 3, paid: 3, shipped: 3, delivered: 3 }],
    ['TO_RETURN', { package_list: [parcel('LOGISTICS_DELIVERY_DONE')] }, { created: 3, paid: 3, shipped: 3, delivered: 3 }],
    ['COMPLETED', { package_list: [parcel('LOGISTICS_DELIVERY_DONE')] }, { created: 3, paid: 3, shipped: 3, delivered: 3 }],
    ['COMPLETED', { package_list: undefined }, { created: 3, paid: 3, shipped: 3, delivered: 3 }],
  ])('%s', (order_status, over, expected) => {
    expect(sums(mapOrder(order({ order_status, ...over })))).toEqual(expected);
  });

  it('carry price, kind, deadline, codes and the times of the platform', () => {
    const [line] = mapOrder(order()).lines;
    expect(line).toMatchObject({
      lineId: '23620853561-221404189791', unitPrice: 1999, currency: 'SGD', kind: 'sale', payment: 'prepaid', shipBy: (T + 172_800) * 1000, code: { seller: 'K1-S', platform: '221404189791', link: '23620853561' },
      facts: [{ type: 'created', at: T * 1000 }, { type: 'paid', at: (T + 50) * 1000 }],
    });
    expect(JSON.stringify(mapOrder(order()))).not.toContain('Canary');
  });
  it('take the listing’s own code only where it has no models', () => {
    expect(mapOrder(order({ item_list: [item({ model_sku: '' })] })).lines[0]?.code).toEqual({ seller: null, platform: '221404189791', link: '23620853561' });
    expect(mapOrder(order({ item_list: [item({ model_sku: '', model_id: 0 })], package_list: [] })).lines[0]).toMatchObject({ lineId: '23620853561-0', code: { seller: 'PARENT', platform: '23620853561', link: '23620853561' } });
  });
  it('write money in the exponent of its currency', () => {
    // Intl of Node 20 knows no sen of a rupiah, ISO 4217 does.
    expect(mapOrder(order({ currency: 'VND', item_list: [item({ model_discounted_price: 48_000 })] })).lines[0]?.unitPrice).toBe(48_000);
    expect(mapOrder(order({ currency: 'IDR', item_list: [item({ model_discounted_price: 48_000 })] })).lines[0]?.unitPrice).toBe(4_800_000);
  });
  it('know a gift from an item of a bundle deal, which also says 0', () => {
    const mapped = mapOrder(order({ item_list: [item(), item({ order_item_id: 7, promotion_group_id: 9, model_quantity_purchased: 1, model_discounted_price: 0, promotion_type: 'add_on_deal_sub' }), item({ model_id: 5, order_item_id: 2, model_discounted_price: 0, promotion_type: 'bundle_deal' })], package_list: [
      parcel('LOGISTICS_PICKUP_DONE', { item_list: [{ item_id: 23620853561, model_id: 221404189791, model_quantity: 3, order_item_id: 23620853561, promotion_group_id: 0 }, { item_id: 23620853561, model_id: 221404189791, model_quantity: 1, order_item_id: 7, promotion_group_id: 9 }] }),
    ], order_status: 'SHIPPED' }));
    expect(mapped.lines.map((l) => [l.lineId, l.kind, l.unitPrice, sums(mapped, l.lineId)['shipped']])).toEqual([
      ['23620853561-221404189791', 'sale', 1999, 3], ['23620853561-221404189791-gift', 'gift', 0, 1], ['23620853561-5', 'sale', 3000, undefined],
    ]);
  });
  it('sell one model twice as one line at the price between', () => {
    const mapped = mapOrder(order({ item_list: [item({ model_quantity_purchased: 1, model_discounted_price: 10 }), item({ model_quantity_purchased: 3, model_discounted_price: 20, order_item_id: 2, promotion_group_id: 4 })] }));
    expect(mapped.lines).toMatchObject([{ unitPrice: 1750, facts: [{ quantity: 4 }, { quantity: 4 }] }]);
  });
  it('count cash on delivery from its release, not from the money', () => {
    const cod = (order_status: string, logistics: string, over: Record<string, unknown> = {}) => mapOrder(order({ cod: true, pay_time: null, order_status, package_list: [parcel(logistics)], ...over }));
    expect(sums(cod('UNPAID', 'LOGISTICS_NOT_START'))).toEqual({ created: 3 });
    expect(sums(cod('PENDING', 'LOGISTICS_PENDING_ARRANGE'))).toEqual({ created: 3 });
    const paid = cod('READY_TO_SHIP', 'LOGISTICS_READY').lines[0];
    expect(paid).toMatchObject({ payment: 'cod' });
    expect(paid?.facts).toEqual(cod('PROCESSED', 'LOGISTICS_REQUEST_CREATED', { update_time: T + 9_000, pay_time: T + 8_000 }).lines[0]?.facts);
    expect(sums(cod('CANCELLED', 'LOGISTICS_COD_REJECTED'))).toEqual({ created: 3, cancelled: 3 });
    expect(sums(cod('CANCELLED', 'LOGISTICS_REQUEST_CANCELED'))).toEqual({ created: 3, paid: 3, cancelled: 3 });
  });
  it('of several parcels follow each parcel, not the status', () => {
    const part = (package_number: string, status: string, model_quantity: number) => parcel(status, { package_number, item_list: [{ item_id: 23620853561, model_id: 221404189791, model_quantity }] });
    const split = (order_status: string, a: string, b: string) => sums(mapOrder(order({ order_status, package_list: [part('A', a, 1), part('B', b, 2)] })));
    expect(split('SHIPPED', 'LOGISTICS_PICKUP_DONE', 'LOGISTICS_READY')).toEqual({ created: 3, paid: 3, shipped: 1 });
    expect(split('SHIPPED', 'LOGISTICS_DELIVERY_DONE', 'LOGISTICS_PICKUP_DONE')).toEqual({ created: 3, paid: 3, shipped: 3, delivered: 1 });
    expect(split('CANCELLED', 'LOGISTICS_DELIVERY_DONE', 'LOGISTICS_INVALID')).toEqual({ created: 3, paid: 3, shipped: 1, delivered: 1, cancelled: 2 });
    expect(split('COMPLETED', 'LOGISTICS_DELIVERY_DONE', 'LOGISTICS_INVALID')).toEqual({ created: 3, paid: 3, shipped: 1, delivered: 1, cancelled: 2 });
  });
  it('that came to no one are failed deliveries, or lost', () => {
    const failed = order({ order_status: 'CANCELLED', package_list: [parcel('LOGISTICS_DELIVERY_FAILED')] });
    expect(sums(mapOrder(failed))).toEqual({ created: 3, paid: 3, shipped: 3 });
    expect(failedDeliveries(failed)).toMatchObject([{ returnId: '2404098R48U37H:OFG1', kind: 'failed-delivery', status: 'in-transit', lines: [{ lineId: '23620853561-221404189791', quantity: 3 }] }]);
    expect(failedDeliveries(order({ order_status: 'CANCELLED', package_list: [parcel('LOGISTICS_LOST')] }))).toMatchObject([{ kind: 'refund-only', status: 'refunded', claimedReason: 'not-received' }]);
    expect(failedDeliveries(order({ order_status: 'CANCELLED', pickup_done_time: T + 60, package_list: [parcel('LOGISTICS_PICKUP_FAILED')] }))).toMatchObject([{ kind: 'failed-delivery' }]);
    for (const other of [order(), order({ order_status: 'CANCELLED', package_list: [parcel('LOGISTICS_PICKUP_FAILED')] }), order({ order_status: 'TO_RETURN', package_list: [parcel('LOGISTICS_DELIVERY_FAILED')] })]) expect(failedDeliveries(other)).toEqual([]);
  });
  it('keep ids beyond 2^53', () => {
    const text = JSON.stringify(order()).replaceAll('221404189791', '4705288465508532862');
    expect(mapOrder(parseLossless(Buffer.from(text)) as Fields).lines[0]).toMatchObject({ lineId: '23620853561-4705288465508532862', code: { platform: '4705288465508532862' } });
  });
  it.each([['model_quantity_purchased', -1], ['model_quantity_purchased', 0], ['model_quantity_purchased', 1e9], ['model_quantity_purchased', 1.5], ['model_discounted_price', -3], ['model_discounted_price', '12,50'], ['item_id', null]])('are not read with %s %s', (name, value) => {
    expect(() => mapOrder(order({ item_list: [item({ [name]: value })] }))).toThrow(name);
  });
  it('come to the same sums in whatever order snapshots arrive', () => {
    const part = (package_number: string, status: string, model_quantity: number) => parcel(status, { package_number, item_list: [{ item_id: 23620853561, model_id: 221404189791, model_quantity }] });
    const life = [
      order({ order_status: 'UNPAID', pay_time: null, package_list: [] }), order({ update_time: T + 200 }),
      order({ order_status: 'PROCESSED', update_time: T + 300, package_list: [part('A', 'LOGISTICS_REQUEST_CREATED', 1), part('B', 'LOGISTICS_READY', 2)] }),
      order({ order_status: 'SHIPPED', update_time: T + 400, package_list: [part('A', 'LOGISTICS_PICKUP_DONE', 1), part('B', 'LOGISTICS_REQUEST_CREATED', 2)] }),
      order({ order_status: 'SHIPPED', update_time: T + 500, package_list: [part('A', 'LOGISTICS_DELIVERY_DONE', 1), part('B', 'LOGISTICS_PICKUP_DONE', 2)] }),
      order({ order_status: 'COMPLETED', update_time: T + 600, package_list: [part('A', 'LOGISTICS_DELIVERY_DONE', 1), part('B', 'LOGISTICS_DELIVERY_DONE', 2)] }),
    ].map(mapOrder);
    const told = (list: readonly PlatformOrder[]) => {
      let line: ToldLine | undefined;
      const total: Record<string, number> = {};
      for (const o of list) {
        const { events, after } = growth('s', o, o.lines[0] as never, line, [{ sku: 'K1-S', quantity: 1 }], { broadcast: null, anchor: null }, null);
        line = after;
        for (const e of events) total[e.type] = (total[e.type] ?? 0) + e.quantity;
      }
      return total;
    };
    expect(told(life)).toEqual({ created: 3, paid: 3, shipped: 3, delivered: 3 });
    fc.assert(fc.property(fc.shuffledSubarray([...life, ...life], { minLength: 1 }), (some) => expect(told([...some, life[5] as PlatformOrder])).toEqual(told(life))), { seed: 11, numRuns: 200 });
  });
});

describe('returns', () => {
  it.each([['REQUESTED', 'requested'], ['PROCESSING', 'approved'], ['JUDGING', 'appealed'], ['SELLER_DISPUTE', 'appealed'], ['ACCEPTED', 'refunded'], ['CLOSED', 'closed'], ['CANCELLED', 'withdrawn']])('%s is %s', (status, expected) => {
    expect(mapReturn(refund({ status })).status).toBe(expected);
  });
  it('are in transit once the parcel is', () => {
    expect(mapReturn(refund({ status: 'PROCESSING', logistics_status: 'LOGISTICS_PICKUP_DONE' })).status).toBe('in-transit');
    expect(mapReturn(refund({ status: 'PROCESSING', reverse_logistic_status: 'Delivered', return_refund_request_type: 2 })).status).toBe('in-transit');
    expect(mapReturn(refund({ status: 'REQUESTED', logistics_status: 'LOGISTICS_PICKUP_DONE' })).status).toBe('requested');
  });
  it('are of goods, of money alone, or of what nobody had', () => {
    const kinds = [refund(), refund({ return_solution: 1 }), refund({ return_solution: undefined, needs_logistics: false }), refund({ reason: 'NOT_RECEIPT', needs_logistics: false }), refund({ return_refund_request_type: 1 }), refund({ return_refund_request_type: 2 })];
    expect(kinds.map((r) => mapReturn(r).kind)).toEqual(['return', 'refund-only', 'refund-only', 'refund-only', 'failed-delivery', 'failed-delivery']);
  });
  it('name the order’s lines, added up', () => {
    const lines = mapReturn(refund({ item: [{ item_id: 23620853561, model_id: 221404189791, amount: 2, item_price: 10 }, { item_id: 23620853561, model_id: 221404189791, amount: 1, item_price: 12 }, { item_id: 23620853561, model_id: 221404189791, amount: 1, item_price: 0 }] })).lines;
    expect(lines.map((l) => [l.lineId, l.quantity])).toEqual([['23620853561-221404189791', 3], ['23620853561-221404189791-gift', 1]]);
  });
  it('give their reasons in the words that are counted, by both spellings', () => {
    expect(['NOT_RECEIPT', 'NONRECEIPT', 'WRONG_ITEM', 'ITEM_DAMAGED', 'DIFFERENT_DESCRIPTION', 'DIFF_DESC', 'FUNCTIONAL_DMG', 'CHANGE_MIND', 'ITEM_MISSING', 'MUTUAL_AGREE', 'NONE', 'SOMETHING_NEW'].map(reasonOf)).toEqual([
      'not-received', 'not-received', 'wrong-item', 'damaged', 'not-as-described', 'not-as-described', 'defective', 'changed-mind', 'missing-parts', 'other', 'unknown', 'other',
    ]);
  });
  it('of a status that nobody listed, or of nothing, are not read', () => {
    expect(() => mapReturn(refund({ status: 'REFUND_PAID' }))).toThrow('status');
    expect(() => mapReturn(refund({ item: [] }))).toThrow('item');
  });
});
