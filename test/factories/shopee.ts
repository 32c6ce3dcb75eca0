// Orders and returns of the shape that Shopee's API gives.
import type { Fields } from '../../src/connectors/platforms/payload.js';
import type { PlatformOrder } from '../../src/connectors/platforms/platform.js';

/** Seconds. */
export const T = 1_763_800_000;

export const item = (over: Record<string, unknown> = {}) => ({ item_id: 23620853561, item_sku: 'PARENT', model_id: 221404189791, model_sku: 'K1-S', model_quantity_purchased: 3, model_original_price: 30, model_discounted_price: 19.99, order_item_id: 23620853561, promotion_group_id: 0, promotion_type: 'flash_sale', main_item: false, ...over });
export const parcel = (status: string, over: Record<string, unknown> = {}) => ({ package_number: 'OFG1', logistics_status: status, item_list: [{ item_id: 23620853561, model_id: 221404189791, model_quantity: 3, order_item_id: 23620853561, promotion_group_id: 0 }], ...over });
export const order = (over: Record<string, unknown> = {}): Fields => ({
  order_sn: '2404098R48U37H', order_status: 'READY_TO_SHIP', cod: false, currency: 'SGD', create_time: T, update_time: T + 100, pay_time: T + 50, ship_by_date: T + 172_800, buyer_user_id: 1170319091, buyer_username: 'Canary Person', pickup_done_time: 0,
  item_list: [item()], package_list: [parcel('LOGISTICS_READY')], ...over,
});
export const sums = (o: PlatformOrder, lineId?: string): Record<string, number> => {
  const total: Record<string, number> = {};
  for (const line of o.lines) if (lineId === undefined || line.lineId === lineId) for (const f of line.facts) total[f.type] = (total[f.type] ?? 0) + f.quantity;
  return total;
};
export const refund = (over: Record<string, unknown> = {}): Fields => ({
  return_sn: '2206140TA5PM808', order_sn: '2404098R48U37H', status: 'REQUESTED', reason: 'WRONG_ITEM', update_time: T + 500, create_time: T + 400, tracking_number: 'RN1', needs_logistics: true, return_solution: 0, return_refund_request_type: 0, logistics_status: 'LOGISTICS_PENDING_ARRANGE',
  item: [{ item_id: 23620853561, model_id: 221404189791, amount: 2, item_price: 19.99, item_sku: 'PARENT', variation_sku: 'K1-S' }], user: { username: 'Canary Person' }, ...over,
});
