// Kuaishou's order and refund in the normal form. An order is one item, or, where it has sub-orders, those. Money is fen, times are
// milliseconds.
import type { Kind, Payment } from '../../../orders/index.js';
import type { CaseStatus, ReturnKind } from '../../../returns/index.js';
import { fieldsOf, flag, idOf, listOf, optionalCents, optionalId, optionalText, optionalTime, optionalWhole, time, units, type Fields } from '../payload.js';
import type { ConnectedShop, LineFact, LiveClue, PlatformLine, PlatformOrder, PlatformReturn, SkuCode } from '../platform.js';
import { claimedReason } from './reasons.js';

const PAID = new Set([30, 40, 50, 70]);
const SENT = new Set([40, 50, 70]);
const RECEIVED = new Set([50, 70]);
const SUCCEEDED = 70;
const FAILED = 80;

const inner = (fields: Fields, name: string): Fields => (fields[name] === undefined || fields[name] === null ? {} : fieldsOf(fields[name], name));
const codeOf = (item: Fields): SkuCode => ({ seller: optionalText(item, 'skuNick', 128) ?? optionalText(item, 'goodsCode', 128), platform: optionalId(item, 'skuId'), link: optionalId(item, 'itemId') });

/** The parts of an order that make one line. */
interface Part {
  readonly lineId: string;
  readonly base: Fields;
  readonly item: Fields;
  readonly delivery: Fields;
  readonly unitPrice: number;
}

function partsOf(order: Fields, base: Fields): Part[] {
  const oid = idOf(base, 'oid');
  const subs = listOf(order['subOrderDetail'], 'subOrderDetail');
  if (subs.length === 0) {
    const item = fieldsOf(order['orderItemInfo'], 'orderItemInfo');
    const quantity = units(item, 'num');
    // What the merchant gets for the goods: price by units, less the discounts that he bears, without carriage.
    const total = optionalCents(base, 'totalFee');
    return [{ lineId: oid, base, item, delivery: inner(order, 'orderDeliveryInfo'), unitPrice: total === null ? (optionalCents(item, 'price') ?? 0) : Math.round(total / quantity) }];
  }
  return subs.map((sub) => {
    const own = fieldsOf(sub['subOrderBaseInfo'], 'subOrderBaseInfo');
    const item = fieldsOf(sub['subOrderItemInfo'], 'subOrderItemInfo');
    return { lineId: idOf(own, 'oid'), base: own, item, delivery: inner(sub, 'subOrderDeliveryInfo'), unitPrice: optionalCents(item, 'price') ?? 0 };
  });
}

/** When all was paid; null before. A presale in steps is paid with its last, for a deposit is no demand yet. */
function paidAt(order: Fields, base: Fields, status: number): { readonly payment: Payment; readonly at: number | null } {
  const steps = listOf(order['orderPaymentStepInfos'], 'orderPaymentStepInfos');
  const at = optionalTime(base, 'payTime');
  const paid = PAID.has(status) || (status === FAILED && at !== null);
  if (steps.length < 2) return { payment: 'prepaid', at: paid ? (at ?? time(base, 'createTime')) : null };
  const times = steps.map((step) => optionalTime(step, 'payTime'));
  if (times.every((t) => t !== null)) return { payment: 'deposit', at: Math.max(...times) };
  return { payment: 'deposit', at: PAID.has(status) ? (at ?? time(base, 'createTime')) : null };
}

/** Which carrier type means a live room is written nowhere: it is said only where the merchant has found it out. */
function liveOf(base: Fields, shop: Pick<ConnectedShop, 'settings'>): LiveClue | null {
  const room = optionalId(base, 'carrierId');
  const type = optionalText(base, 'carrierType');
  return room !== null && type !== null && type === shop.settings['liveCarrierType'] ? { room, author: null, method: 'order-line' } : null;
}

/** Units that left. Of an order in several parcels the count of its parcels, else all once it is sent. */
function shippedOf(part: Part, quantity: number, status: number, sentAt: number | null): number {
  const counted = flag(part.delivery, 'splitDeliveryOrder') ? optionalWhole(part.delivery, 'deliveryNum') : null;
  if (counted !== null && counted > 0) return Math.min(quantity, units(part.delivery, 'deliveryNum'));
  return SENT.has(status) || (status === FAILED && sentAt !== null) ? quantity : 0;
}

export function mapOrder(order: Fields, shop: Pick<ConnectedShop, 'settings'>): PlatformOrder {
  const base = fieldsOf(order['orderBaseInfo'], 'orderBaseInfo');
  const createdAt = time(base, 'createTime');
  const updatedAt = optionalTime(base, 'updateTime') ?? createdAt;
  const whole = optionalWhole(base, 'status') ?? 10;
  const { payment, at: paid } = paidAt(order, base, whole);
  const lines = partsOf(order, base).map((part): PlatformLine => {
    const quantity = units(part.item, 'num');
    const status = optionalWhole(part.base, 'status') ?? whole;
    const changedAt = optionalTime(part.base, 'updateTime') ?? updatedAt;
    const sentAt = optionalTime(part.base, 'sendTime') ?? (part.base === base ? null : optionalTime(base, 'sendTime'));
    const receivedAt = optionalTime(part.base, 'recvTime') ?? optionalTime(base, 'recvTime');
    const shipped = shippedOf(part, quantity, status, sentAt);
    // A finished order sends no more: what it did not send was refunded before it left.
    const cancelled = status === FAILED || (status === SUCCEEDED && shipped > 0) ? quantity - shipped : 0;
    const facts: LineFact[] = [{ type: 'created', id: '', quantity, at: createdAt }];
    if (paid !== null) facts.push({ type: 'paid', id: '', quantity, at: paid });
    if (cancelled > 0) facts.push({ type: 'cancelled', id: '', quantity: cancelled, at: optionalTime(base, 'refundTime') ?? changedAt });
    if (shipped > 0) facts.push({ type: 'shipped', id: '', quantity: shipped, at: sentAt ?? changedAt });
    if (shipped > 0 && (RECEIVED.has(status) || receivedAt !== null)) facts.push({ type: 'delivered', id: '', quantity: shipped, at: receivedAt ?? changedAt });
    const kind: Kind = part.unitPrice === 0 ? 'gift' : 'sale';
    return {
      lineId: part.lineId, code: codeOf(part.item), unitPrice: part.unitPrice, currency: 'CNY', kind, payment, facts, live: liveOf(base, shop),
      shipBy: optionalTime(base, 'validPromiseShipmentTimeStamp') ?? optionalTime(base, 'promiseTimeStampOfDelivery'),
    };
  });
  return { orderId: idOf(base, 'oid'), updatedAt, buyer: optionalText(base, 'buyerOpenId'), lines };
}

const KINDS: Readonly<Record<number, ReturnKind>> = { 1: 'return', 10: 'refund-only', 3: 'exchange', 5: 'exchange' };
const STATUSES: Readonly<Record<number, CaseStatus>> = { 10: 'requested', 11: 'requested', 12: 'refused', 20: 'appealed', 21: 'appealed', 22: 'appealed', 30: 'approved', 40: 'in-transit', 45: 'approved', 50: 'approved', 60: 'refunded', 70: 'withdrawn' };

export function caseStatus(status: number, handlingWay: number): CaseStatus {
  // An exchange, a resend or a repair succeeds without money.
  return status === 60 && handlingWay !== 1 && handlingWay !== 10 ? 'closed' : (STATUSES[status] ?? 'requested');
}

/**
 * A refund names no units and does not say whether its goods had left: its order does. What never left is the order's cancellation,
 * and a case of nothing.
 */
export function mapRefund(refund: Fields, order: PlatformOrder | null): PlatformReturn {
  const handlingWay = optionalWhole(refund, 'handlingWay') ?? 10;
  const code = codeOf(refund);
  const kind = KINDS[handlingWay];
  const line = order?.lines.find((l) => order.lines.length === 1 || (code.platform !== null && l.code.platform === code.platform));
  const shipped = line?.facts.find((f) => f.type === 'shipped')?.quantity ?? 0;
  const claimed = optionalWhole(refund, 'num') === null ? shipped : Math.min(shipped, units(refund, 'num'));
  return {
    returnId: idOf(refund, 'refundId'), updatedAt: optionalTime(refund, 'updateTime') ?? time(refund, 'createTime'), kind: kind ?? 'refund-only', status: caseStatus(optionalWhole(refund, 'status') ?? 10, handlingWay),
    claimedReason: claimedReason(refund), trackingNumber: optionalText(refund, 'expressNo', 128),
    lines: kind === undefined || line === undefined || claimed === 0 ? [] : [{ id: line.lineId, orderId: idOf(refund, 'oid'), lineId: line.lineId, code: line.code, quantity: claimed }],
  };
}
