// Lazada's orders and reverse orders in the normal form. An order has no status: each of its items is one unit with a status of its
// own, and each line of a reverse order has one too.
import { parseInstant } from '../../../kernel/index.js';
import type { Payment } from '../../../orders/index.js';
import type { CaseStatus, ReturnKind } from '../../../returns/index.js';
import { currencyOf, flag, idOf, listOf, money, optionalId, optionalMoney, optionalText, optionalTime, text, Unreadable, type Fields } from '../payload.js';
import type { LineFact, PlatformLine, PlatformOrder, PlatformReturn, SkuCode } from '../platform.js';
import { reasonOf } from './reasons.js';

/** Where an item is. */
type Place = 'unpaid' | 'here' | 'cancelled' | 'on-its-way' | 'arrived' | 'failed';

const PLACES: Readonly<Record<string, Place>> = {
  unpaid: 'unpaid', pending: 'here', topack: 'here', toship: 'here', packed: 'here', repacked: 'here', ready_to_ship_pending: 'here', ready_to_ship: 'here', shipped: 'on-its-way', shipping: 'on-its-way',
  delivered: 'arrived', confirmed: 'arrived', returned: 'arrived', canceled: 'cancelled', cancelled: 'cancelled', failed: 'failed', failed_delivery: 'failed', lost: 'failed', lost_by_3pl: 'failed', damaged_by_3pl: 'failed',
  shipped_back: 'failed', shipped_back_success: 'failed', shipped_back_failed: 'failed', package_scrapped: 'failed',
};

/** Absent values come as the text "null" as well. */
const optional = (fields: Fields, name: string, max = 256): string | null => {
  const value = optionalText(fields, name, max);
  return value === 'null' ? null : value;
};

/** Milliseconds, ISO 8601, or "2018-02-10 16:00:00 +0800". */
export function timeOf(fields: Fields, name: string): number | null {
  const value = optional(fields, name, 64);
  if (value === null) return null;
  if (/^\d+$/.test(value)) return optionalTime({ [name]: value }, name);
  const at = parseInstant(value.replace(/^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d) ?([+-]\d\d):?(\d\d)$/, '$1T$2$3:$4'));
  if (at === undefined) throw new Unreadable(name, 'is not a time with an offset');
  return at;
}

function needed(at: number | null, name: string): number {
  if (at === null) throw new Unreadable(name, 'is missing');
  return at;
}

function placeOf(item: Fields): Place {
  const status = text(item, 'status', 80).toLowerCase();
  const place = PLACES[status] ?? (status.startsWith('info_st_') ? (/return|back_to_shipper|failed$|scrap|lost|damaged/.test(status) ? 'failed' : 'on-its-way') : undefined);
  if (place === undefined) throw new Unreadable('status', 'is a status that nobody has listed');
  // A delivery that failed may end as a cancellation, and only who made it says so.
  return place === 'cancelled' && /failed.?delivery/i.test(optional(item, 'cancel_return_initiator') ?? '') ? 'failed' : place;
}

const codeOf = (item: Fields): SkuCode => ({ seller: optionalText(item, 'sku', 128), platform: optionalId(item, 'sku_id') ?? optionalId(item, 'shop_sku'), link: optionalId(item, 'product_id') });

const isCod = (order: Fields): boolean => /^cod$|cash.?on.?delivery/i.test(optional(order, 'payment_method') ?? '');

/**
 * Paid where the platform gave a time for it, or where the item is beyond unpaid. A cancelled one without such a time never was,
 * unless it was to be paid at the door: those are never unpaid. A presale is paid with its balance.
 */
function isPaid(item: Fields, place: Place, cod: boolean): boolean {
  if (optional(item, 'stage_pay_status')?.toLowerCase().startsWith('unpaid') === true || place === 'unpaid') return false;
  return place !== 'cancelled' || cod || timeOf(item, 'payment_time') !== null;
}

function lineOf(order: Fields, item: Fields, createdAt: number): PlatformLine {
  const currency = currencyOf(item, 'currency');
  const place = placeOf(item);
  const cod = isCod(order);
  const at = needed(timeOf(item, 'updated_at') ?? timeOf(order, 'updated_at') ?? createdAt, 'updated_at');
  const payment: Payment = cod ? 'cod' : /^pre.?sale$/i.test(optional(item, 'order_type') ?? '') ? 'deposit' : 'prepaid';
  const fact = (type: LineFact['type'], when: number): LineFact => ({ type, id: '', quantity: 1, at: when });
  const left = place === 'on-its-way' || place === 'arrived' || place === 'failed';
  const listed = optionalMoney(item, 'item_price', currency);
  return {
    lineId: idOf(item, 'order_item_id'), code: codeOf(item), unitPrice: optionalMoney(item, 'paid_price', currency) ?? money(item, 'item_price', currency), currency,
    // Nothing marks a gift but that its list price is nothing: a voucher may bring a sale to nothing too.
    kind: listed === 0 ? 'gift' : 'sale', payment, shipBy: timeOf(item, 'sla_time_stamp'), live: null,
    facts: [
      fact('created', createdAt), ...(isPaid(item, place, cod) ? [fact('paid', timeOf(item, 'payment_time') ?? createdAt)] : []),
      ...(place === 'cancelled' ? [fact('cancelled', at)] : []), ...(left ? [fact('shipped', at)] : []), ...(place === 'arrived' ? [fact('delivered', at)] : []),
    ],
  };
}

/** @param items of this order, as /orders/items/get answers them; what is delivered as a file is left out */
export function mapOrder(order: Fields, items: readonly Fields[]): PlatformOrder {
  const createdAt = needed(timeOf(order, 'created_at'), 'created_at');
  const updatedAt = Math.max(timeOf(order, 'updated_at') ?? createdAt, ...items.map((item) => timeOf(item, 'updated_at') ?? 0));
  return { orderId: idOf(order, 'order_id', 'order_number'), updatedAt, buyer: items.map((item) => optionalId(item, 'buyer_id')).find((id) => id !== null) ?? null, lines: items.filter((item) => !flag(item, 'is_digital')).map((item) => lineOf(order, item, createdAt)) };
}

/** Items that were sent and never arrived: no reverse order is made for them. */
export function failedDelivery(order: Fields, items: readonly Fields[]): PlatformReturn[] {
  const failed = items.filter((item) => !flag(item, 'is_digital') && placeOf(item) === 'failed');
  const first = failed[0];
  if (first === undefined) return [];
  const { orderId, updatedAt } = mapOrder(order, items);
  return [{
    returnId: `failed-${orderId}`, updatedAt, kind: 'failed-delivery', status: isCod(order) ? 'closed' : 'refunded', claimedReason: reasonOf(optional(first, 'reason')), trackingNumber: optional(first, 'tracking_code', 128),
    lines: failed.map((item) => ({ id: idOf(item, 'order_item_id'), orderId, lineId: idOf(item, 'order_item_id'), code: codeOf(item), quantity: 1 })),
  }];
}

/** ONLY_REFUND is written with a blank in one place. */
const requestType = (reverse: Fields): string => text(reverse, 'request_type', 40).toUpperCase().replace(/\s/g, '');
export const isCancellation = (reverse: Fields): boolean => requestType(reverse) === 'CANCEL';

const KINDS: Readonly<Record<string, ReturnKind>> = { RETURN: 'return', ONLY_REFUND: 'refund-only' };

/** The list of statuses that is documented is short; what the push, the API and its filters name is known by its words. */
const STATUSES: readonly (readonly [RegExp, CaseStatus])[] = [
  [/CANCEL/, 'withdrawn'], [/REJECT|REFUSE/, 'refused'], [/REFUND_(SUCCESS|ISSUED)|REQUEST_COMPLETE/, 'refunded'], [/INITIATE|_INIT$/, 'requested'], [/SHIPPING_BACK|RECEIVE_ITEM|BUYER_RETURN_ITEM/, 'in-transit'], [/AGREE|PENDING|AUTHORI[SZ]E/, 'approved'],
];

export function returnStatus(line: Fields): CaseStatus {
  const status = text(line, 'reverse_status', 80).toUpperCase();
  const found = STATUSES.find(([pattern]) => pattern.test(status))?.[1];
  if (found === undefined) throw new Unreadable('reverse_status', 'is a status that nobody has listed');
  const parcel = (optional(line, 'ofc_status') ?? '').toUpperCase();
  if (found === 'requested' || found === 'approved') return /CANCEL/.test(parcel) ? 'withdrawn' : /PICKED|SHIPPING|TRANSIT|DELIVERED|RECEIVED/.test(parcel) ? 'in-transit' : found;
  return found;
}

/** The id of one line's return: each line of a reverse order has a status of its own, and so is a return of its own. */
export const reverseId = (reverse: string, line: string): string => `${reverse}/${line}`;

/** The detail and the list name the lines of a reverse order differently. */
export const reverseLines = (reverse: Fields): readonly Fields[] => listOf(reverse['reverseOrderLineDTOList'] ?? reverse['reverse_order_lines'], 'reverse_order_lines');

export function mapReverse(reverse: Fields, line: Fields): PlatformReturn {
  const kind = KINDS[requestType(reverse)];
  if (kind === undefined) throw new Unreadable('request_type', 'is a type that nobody has listed');
  const own = idOf(line, 'reverse_order_line_id');
  return {
    returnId: reverseId(idOf(reverse, 'reverse_order_id'), own), updatedAt: needed(timeOf(line, 'return_order_line_gmt_modified') ?? timeOf(line, 'return_order_line_gmt_create'), 'return_order_line_gmt_modified'), kind, status: returnStatus(line),
    claimedReason: reasonOf(optional(line, 'reason_text', 500)), trackingNumber: optional(line, 'tracking_number', 128),
    lines: [{ id: own, orderId: idOf(reverse, 'trade_order_id'), lineId: idOf(line, 'trade_order_line_id'), code: { seller: optionalText(line, 'seller_sku_id', 128), platform: optionalId(line, 'platform_sku_id'), link: null }, quantity: 1 }],
  };
}
