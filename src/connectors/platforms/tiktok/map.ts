// TikTok Shop's orders in the normal form. Each unit is a line item of its own with a status of its own, so no share of a line has
// to be guessed; what the order says of the whole is only asked where an item says nothing.
import type { Kind, Payment } from '../../../orders/index.js';
import { currencyOf, fieldsOf, flag, idOf, listOf, money, optionalId, optionalText, optionalTime, time, units, type Fields } from '../payload.js';
import type { LineFact, PlatformLine, PlatformOrder, PlatformReturn, SkuCode } from '../platform.js';
import { reasonOf } from './reasons.js';

/** The API writes CANCELLED, the webhook CANCEL. */
export const statusOf = (fields: Fields, name: string): string => (optionalText(fields, name, 64) ?? '').toUpperCase().replace(/^CANCEL(ED)?$/, 'CANCELLED');

const CONFIRMED = new Set(['AWAITING_SHIPMENT', 'AWAITING_COLLECTION', 'PARTIALLY_SHIPPING', 'IN_TRANSIT', 'DELIVERED', 'COMPLETED']);
const SHIPPED = new Set(['IN_TRANSIT', 'DELIVERED', 'COMPLETED']);
const ARRIVED = new Set(['DELIVERED', 'COMPLETED']);
/** Of a parcel: not yet with the carrier; with it, or delivered. */
const PARCEL_HERE = new Set(['TO_FULFILL', 'PROCESSING']);
const PARCEL_LEFT = new Set(['FULFILLING', 'COMPLETED']);
/** Reasons of cancellations that can only befall what was sent. */
const LOST_ON_THE_WAY = /package_(lost|damaga?ed|scrap)|returned_to_shipper/;

/** Where an item is: with us, cancelled before it left, on its way, arrived, or lost or refused on its way. */
type Place = 'here' | 'cancelled' | 'on-its-way' | 'arrived' | 'failed';

/** A name or its text in the seller's language. */
const reasonName = (order: Fields, item: Fields): string => (optionalText(item, 'cancel_reason') ?? optionalText(order, 'cancel_reason') ?? '').toLowerCase().replace(/\s+/g, '_');

const isCancelled = (order: Fields): boolean => statusOf(order, 'status') === 'CANCELLED';

function placeOf(order: Fields, item: Fields): Place {
  const status = statusOf(item, 'display_status') || statusOf(order, 'status');
  const parcel = statusOf(item, 'package_status');
  if (status !== 'CANCELLED') return ARRIVED.has(status) || parcel === 'COMPLETED' ? 'arrived' : SHIPPED.has(status) || parcel === 'FULFILLING' ? 'on-its-way' : 'here';
  const collected = optionalTime(order, 'collection_time');
  const cancelled = optionalTime(order, 'cancel_time');
  // Cancelled after the carrier had it: not delivered or refused at the door, which is no cancellation. While other items of the
  // order go on, only a parcel that was itself cancelled (lost or damaged, say the docs) tells of it.
  const sent = collected !== null && optionalId(item, 'package_id') !== null && !PARCEL_HERE.has(parcel);
  const left = sent && (isCancelled(order) ? cancelled === null || collected <= cancelled : parcel === 'CANCELLED');
  return left || PARCEL_LEFT.has(parcel) || LOST_ON_THE_WAY.test(reasonName(order, item)) ? 'failed' : 'cancelled';
}

/**
 * Cash on delivery is demand once the order may be shipped; its money comes later. A cancelled one counts as confirmed before, as a
 * later snapshot must say all that an earlier one said. Everything else is paid when the platform says so.
 */
function isPaid(order: Fields, cod: boolean): boolean {
  const status = statusOf(order, 'status');
  if (CONFIRMED.has(status)) return true;
  if (cod) return isCancelled(order);
  if (optionalTime(order, 'paid_time') !== null) return true;
  // Money of a pre-order on hold is taken a day before its release; other orders on hold are paid.
  if (status === 'ON_HOLD') return statusOf(order, 'order_type') !== 'PRE_ORDER';
  return isCancelled(order) && (optionalTime(order, 'rts_time') ?? optionalTime(order, 'collection_time')) !== null;
}

function kindOf(order: Fields, item: Fields): Kind {
  if (flag(order, 'is_sample_order')) return 'sample';
  if (flag(order, 'is_replacement_order')) return 'replacement';
  if (flag(order, 'is_exchange_order')) return 'exchange';
  // The item's own type is deprecated and still comes.
  if (statusOf(order, 'order_type') === 'ZERO_LOTTERY' || statusOf(item, 'sku_type') === 'ZERO_LOTTERY') return 'giveaway';
  return flag(item, 'is_gift') ? 'gift' : 'sale';
}

const codeOf = (item: Fields): SkuCode => ({ seller: optionalText(item, 'seller_sku', 128), platform: optionalId(item, 'sku_id'), link: optionalId(item, 'product_id') });

interface Part {
  readonly suffix: string;
  readonly code: SkuCode;
  readonly perUnit: number;
}

/** A virtual bundle names the SKUs that it is made of; everything else is itself. */
function partsOf(item: Fields): Part[] {
  const parts = listOf(item['combined_listing_skus'], 'combined_listing_skus');
  if (parts.length === 0) return [{ suffix: '', code: codeOf(item), perUnit: 1 }];
  return parts.map((part, i) => ({ suffix: i === 0 ? '' : `/${idOf(part, 'sku_id')}`, code: codeOf(part), perUnit: optionalText(part, 'sku_count') === null ? 1 : units(part, 'sku_count') }));
}

function linesOf(order: Fields, item: Fields, cod: boolean, createdAt: number, updatedAt: number): PlatformLine[] {
  const currency = currencyOf(item, 'currency', optionalText(fieldsOf(order['payment'] ?? {}, 'payment'), 'currency', 8) ?? undefined);
  const price = money(item, 'sale_price', currency);
  const kind = kindOf(order, item);
  const payment: Payment = cod ? 'cod' : 'prepaid';
  const lineId = idOf(item, 'id');
  const count = optionalText(item, 'quantity') === null ? 1 : units(item, 'quantity');
  const place = placeOf(order, item);
  const shippedAt = optionalTime(item, 'rts_time') ?? optionalTime(order, 'rts_time') ?? updatedAt;
  return partsOf(item).map(({ suffix, code, perUnit }, i): PlatformLine => {
    const fact = (type: LineFact['type'], at: number): LineFact => ({ type, id: '', quantity: count * perUnit, at });
    return {
      lineId: `${lineId}${suffix}`, code, unitPrice: i === 0 ? Math.round(price / perUnit) : 0, currency, kind: i > 0 && kind === 'sale' ? 'bundle-component' : kind, payment,
      shipBy: optionalTime(order, 'rts_sla_time') ?? optionalTime(order, 'shipping_due_time'), live: null,
      facts: [
        fact('created', createdAt),
        ...(isPaid(order, cod) ? [fact('paid', cod ? createdAt : (optionalTime(order, 'paid_time') ?? createdAt))] : []),
        ...(place === 'cancelled' ? [fact('cancelled', optionalTime(order, 'cancel_time') ?? updatedAt)] : []),
        ...(place === 'on-its-way' || place === 'arrived' || place === 'failed' ? [fact('shipped', optionalTime(order, 'collection_time') ?? shippedAt)] : []),
        ...(place === 'arrived' ? [fact('delivered', optionalTime(order, 'delivery_time') ?? updatedAt)] : []),
      ],
    };
  });
}

export function mapOrder(order: Fields): PlatformOrder {
  const createdAt = time(order, 'create_time');
  const updatedAt = optionalTime(order, 'update_time') ?? createdAt;
  const cod = flag(order, 'is_cod');
  return { orderId: idOf(order, 'id'), updatedAt, buyer: optionalId(order, 'user_id'), lines: listOf(order['line_items'], 'line_items').flatMap((item) => linesOf(order, item, cod, createdAt, updatedAt)) };
}

/** What was sent and then cancelled is a delivery that failed: one case per order, its goods on their way back or lost. */
export function failedDelivery(order: Fields): PlatformReturn[] {
  const failed = listOf(order['line_items'], 'line_items').filter((item) => placeOf(order, item) === 'failed');
  if (failed.length === 0) return [];
  const mapped = mapOrder(order);
  const first = failed[0] as Fields;
  const reason = reasonName(order, first);
  return [{
    returnId: `failed-${mapped.orderId}`, updatedAt: mapped.updatedAt, kind: 'failed-delivery', status: flag(order, 'is_cod') ? 'closed' : 'refunded', claimedReason: reasonOf(reason === '' ? null : reason),
    trackingNumber: optionalText(first, 'tracking_number', 128) ?? optionalText(order, 'tracking_number', 128), lines: failed.flatMap((item) => returnedParts(mapped, idOf(item, 'id'), idOf(item, 'id'), codeOf(item))),
  }];
}

/** The lines that an order's item stands for: several where it is a bundle, itself where its order is not known. */
export function returnedParts(order: PlatformOrder | undefined, lineId: string, id: string, code: SkuCode, orderId = order?.orderId ?? ''): PlatformReturn['lines'] {
  const own = order?.lines.filter((line) => line.lineId === lineId || line.lineId.startsWith(`${lineId}/`)) ?? [];
  if (own.length === 0) return [{ id, orderId, lineId, code, quantity: 1 }];
  return own.map((line, i) => ({ id: i === 0 ? id : `${id}/${line.lineId.slice(lineId.length + 1)}`, orderId, lineId: line.lineId, code: line.code, quantity: line.facts[0]?.quantity ?? 1 }));
}
