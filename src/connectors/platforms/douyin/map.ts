// Douyin's shop order in the normal form. A shop order holds SKU orders: those are our lines. The list and the detail give the
// same resource, so one mapping serves both. Money is fen, times are seconds.
import type { Kind, Payment } from '../../../orders/index.js';
import { flag, idOf, listOf, optionalCents, optionalId, optionalText, optionalTime, optionalWhole, time, units, type Fields } from '../payload.js';
import type { LineFact, LiveClue, PlatformLine, PlatformOrder, SkuCode } from '../platform.js';

const CURRENCY = 'CNY';
const CANCELLED = 4;
/** All that will ever be shipped has been: shipped, completed. */
const SENT = new Set([3, 5]);
const COMPLETED = 5;
/** To be shipped, paid and under review, partly shipped, shipped, completed. */
const CONFIRMED = new Set([2, 105, 101, 3, 5]);
const CASH_ON_DELIVERY = 0;
const DEPOSIT_PRESALE = 2;
const KINDS: Readonly<Record<number, Kind>> = { 5: 'giveaway', 10: 'sample', 11: 'giveaway', 12: 'sample', 102: 'gift' };

export const codeOf = (item: Fields, seller: string): SkuCode => ({
  seller: optionalText(item, seller, 128) ?? optionalId(item, 'out_sku_id'), platform: optionalId(item, 'sku_id'), link: optionalId(item, 'product_id_str') ?? optionalId(item, 'product_id'),
});

interface Sent {
  readonly quantity: number;
  readonly at: number;
}

/** Units of each SKU order over all parcels. By line, not by parcel: a parcel's id is made of its tracking number, which sellers correct. */
function sentOf(order: Fields): ReadonlyMap<string, Sent> {
  const sent = new Map<string, Sent>();
  for (const parcel of listOf(order['logistics_info'], 'logistics_info')) {
    const at = optionalTime(parcel, 'ship_time') ?? optionalTime(order, 'ship_time') ?? time(order, 'update_time');
    for (const product of listOf(parcel['product_info'], 'product_info')) {
      const line = idOf(product, 'sku_order_id');
      const before = sent.get(line);
      sent.set(line, { quantity: (before?.quantity ?? 0) + units(product, 'product_count', 0), at: Math.max(before?.at ?? 0, at) });
    }
  }
  return sent;
}

/** What the merchant gets for a unit: what it was listed at, as re-priced by hand, less the share of discounts that he bears. */
function soldFor(item: Fields, quantity: number): number {
  const listed = optionalCents(item, 'sum_amount') ?? (optionalCents(item, 'origin_amount') ?? 0) * quantity;
  return Math.max(0, Math.round((listed + (optionalWhole(item, 'modify_amount') ?? 0) - (optionalCents(item, 'shop_cost_amount') ?? 0)) / quantity));
}

/** The room is told twice; the number is rounded by some readers, the text never. An author without a room counts in a live room alone. */
function liveOf(item: Fields): LiveClue | null {
  const room = optionalId(item, 'room_id_str') ?? optionalId(item, 'room_id');
  const author = optionalId(item, 'author_id');
  const inRoom = optionalText(item, 'theme_type') === '1' || optionalText(item, 'theme_type_desc') === '直播间';
  return room !== null || (author !== null && inRoom) ? { room: room ?? '', author, method: 'order-line' } : null;
}

function kindOf(item: Fields, unitPrice: number): Kind {
  if (optionalText(item, 'given_product_type') === 'FREE') return 'gift';
  return KINDS[optionalWhole(item, 'trade_type') ?? 0] ?? (unitPrice === 0 ? 'gift' : 'sale');
}

/**
 * When the line was paid in full; null before. Cash on delivery is taken for paid once the platform confirms the order; a presale
 * when its last phase is paid, for a deposit is no demand yet.
 */
function paidAt(order: Fields, item: Fields, lineId: string, status: number, payment: Payment): number | null {
  const at = optionalTime(item, 'pay_time') ?? optionalTime(order, 'pay_time');
  const created = optionalTime(item, 'create_time') ?? time(order, 'create_time');
  if (payment === 'deposit') {
    const phases = listOf(order['order_phase_list'], 'order_phase_list').filter((p) => { const id = optionalId(p, 'sku_order_id'); return id === null || id === lineId; });
    const whole = phases.length > 0 && phases.length >= Math.max(...phases.map((p) => optionalWhole(p, 'total_phase') ?? 1)) && phases.every((p) => flag(p, 'pay_success'));
    if (whole) return Math.max(...phases.map((p) => optionalTime(p, 'phase_pay_time') ?? 0)) || (at ?? created);
    return CONFIRMED.has(status) ? (at ?? created) : null;
  }
  if (CONFIRMED.has(status)) return at ?? created;
  return status === CANCELLED ? at : null;
}

function mapLine(order: Fields, item: Fields, sent: ReadonlyMap<string, Sent>): PlatformLine {
  const lineId = idOf(item, 'order_id');
  const quantity = units(item, 'item_num');
  const status = optionalWhole(item, 'order_status') ?? optionalWhole(order, 'order_status') ?? 1;
  const createdAt = optionalTime(item, 'create_time') ?? time(order, 'create_time');
  const changedAt = optionalTime(item, 'update_time') ?? time(order, 'update_time');
  const payType = optionalWhole(item, 'pay_type') ?? optionalWhole(order, 'pay_type');
  const payment: Payment = payType === CASH_ON_DELIVERY ? 'cod' : optionalWhole(item, 'trade_type') === DEPOSIT_PRESALE ? 'deposit' : 'prepaid';
  const finishedAt = optionalTime(item, 'finish_time') ?? changedAt;
  const shipTime = optionalTime(item, 'ship_time');
  const parcels = sent.get(lineId);
  // Parcels are not listed where nothing is carried; then the status alone says that all was sent.
  const whole = parcels === undefined && (SENT.has(status) || (status === CANCELLED && shipTime !== null));
  const shipped = Math.min(quantity, parcels?.quantity ?? (whole ? quantity : 0));
  const shippedAt = parcels?.at ?? shipTime ?? finishedAt;
  // What a fully shipped order did not ship was refunded before it left: the order says it nowhere else.
  const cancelled = status === CANCELLED || (SENT.has(status) && shipped > 0) ? quantity - shipped : 0;
  const receivedAt = optionalTime(item, 'logistics_receipt_time') ?? optionalTime(item, 'confirm_receipt_time');
  const deliveredAt = status === COMPLETED ? (receivedAt ?? finishedAt) : status === CANCELLED || SENT.has(status) ? receivedAt : null;
  const paid = paidAt(order, item, lineId, status, payment);
  const unitPrice = soldFor(item, quantity);
  const facts: LineFact[] = [{ type: 'created', id: '', quantity, at: createdAt }];
  if (paid !== null) facts.push({ type: 'paid', id: '', quantity, at: paid });
  if (cancelled > 0) facts.push({ type: 'cancelled', id: '', quantity: cancelled, at: status === CANCELLED ? finishedAt : shippedAt });
  if (shipped > 0) facts.push({ type: 'shipped', id: '', quantity: shipped, at: shippedAt });
  if (shipped > 0 && deliveredAt !== null) facts.push({ type: 'delivered', id: '', quantity: shipped, at: deliveredAt });
  return {
    lineId, code: codeOf(item, 'code'), unitPrice, currency: CURRENCY, kind: kindOf(item, unitPrice), payment, facts, live: liveOf(item),
    shipBy: optionalTime(item, 'exp_ship_time') ?? optionalTime(order, 'exp_ship_time') ?? optionalTime(item, 'appointment_ship_time'),
  };
}

export function mapOrder(order: Fields): PlatformOrder {
  const sent = sentOf(order);
  return {
    orderId: idOf(order, 'order_id'), updatedAt: optionalTime(order, 'update_time') ?? time(order, 'create_time'), buyer: optionalText(order, 'doudian_open_id'),
    lines: listOf(order['sku_order_list'], 'sku_order_list').map((item) => mapLine(order, item, sent)),
  };
}
