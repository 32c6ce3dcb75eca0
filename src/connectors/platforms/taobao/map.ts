// Taobao's trade and refund in the normal form. A trade holds orders: those are our lines. Money is yuan.
import type { Kind, Payment } from '../../../orders/index.js';
import type { CaseStatus, ReturnKind } from '../../../returns/index.js';
import { flag, idOf, optionalId, optionalMoney, optionalText, optionalWhole, units, type Fields } from '../payload.js';
import type { LineFact, PlatformLine, PlatformOrder, PlatformReturn, SkuCode } from '../platform.js';
import { beijing, listIn, optionalBeijing } from './answers.js';
import { claimedReason } from './reasons.js';

const CURRENCY = 'CNY';
/** Cancelled before payment; closed after it, for its money was given back. */
const CANCELLED = 'TRADE_CLOSED_BY_TAOBAO';
const CLOSED = 'TRADE_CLOSED';
const SENT = new Set(['WAIT_BUYER_CONFIRM_GOODS', 'TRADE_BUYER_SIGNED', 'TRADE_FINISHED']);
const RECEIVED = new Set(['TRADE_BUYER_SIGNED', 'TRADE_FINISHED']);
const CONFIRMED = new Set(['WAIT_SELLER_SEND_GOODS', 'SELLER_CONSIGNED_PART', 'PAID_FORBID_CONSIGN', ...SENT]);
const ALL_PAID = 'FRONT_PAID_FINAL_PAID';

export const TRADE_FIELDS =
  'tid,tid_str,created,modified,pay_time,consign_time,end_time,status,type,step_trade_status,buyer_open_uid,delivery_time,send_time,orders.oid,orders.oid_str,orders.num,orders.num_iid,orders.sku_id,orders.outer_sku_id,orders.outer_iid,orders.price,orders.payment,orders.divide_order_fee,orders.status,orders.refund_status,orders.refund_id,orders.consign_time,orders.end_time,orders.is_free_gift';
export const REFUND_FIELDS = 'refund_id,tid,oid,num,num_iid,sku,outer_id,status,created,modified,reason,has_good_return,dispute_type,good_status,order_status,cs_status,sid,refund_phase';

const codeOf = (order: Fields): SkuCode => ({ seller: optionalText(order, 'outer_sku_id', 128) ?? optionalText(order, 'outer_iid', 128), platform: optionalId(order, 'sku_id'), link: optionalId(order, 'num_iid') });

/** What was paid for a unit, its share of the trade's discounts taken off. */
function soldFor(order: Fields, quantity: number): number {
  const paid = optionalMoney(order, 'divide_order_fee', CURRENCY) ?? optionalMoney(order, 'payment', CURRENCY);
  return paid === null ? (optionalMoney(order, 'price', CURRENCY) ?? 0) : Math.round(paid / quantity);
}

function paymentOf(trade: Fields): Payment {
  const type = optionalText(trade, 'type');
  return type === 'cod' ? 'cod' : type === 'step' ? 'deposit' : 'prepaid';
}

/** When all was paid; null before. A deposit is no demand yet; cash on delivery counts once the platform lets it be sent. */
function paidAt(trade: Fields, status: string, payment: Payment): number | null {
  const at = optionalBeijing(trade, 'pay_time');
  if (payment === 'deposit' && optionalText(trade, 'step_trade_status') !== ALL_PAID && !SENT.has(status)) return null;
  if (CONFIRMED.has(status)) return at ?? beijing(trade, 'created');
  return status === CLOSED || status === CANCELLED ? at : null;
}

function mapLine(trade: Fields, order: Fields, alone: boolean): PlatformLine {
  const quantity = units(order, 'num');
  const status = optionalText(order, 'status') ?? optionalText(trade, 'status') ?? '';
  const payment = paymentOf(trade);
  const createdAt = beijing(trade, 'created');
  const changedAt = optionalBeijing(trade, 'modified') ?? createdAt;
  // The trade's own time is that of its first parcel: of several orders it says nothing of this one.
  const consigned = optionalBeijing(order, 'consign_time') ?? (alone || SENT.has(status) ? optionalBeijing(trade, 'consign_time') : null);
  const sent = SENT.has(status) || (status === CLOSED && consigned !== null);
  const endedAt = optionalBeijing(order, 'end_time') ?? optionalBeijing(trade, 'end_time') ?? changedAt;
  const paid = paidAt(trade, status, payment);
  const unitPrice = soldFor(order, quantity);
  const kind: Kind = flag(order, 'is_free_gift') || unitPrice === 0 ? 'gift' : 'sale';
  const facts: LineFact[] = [{ type: 'created', id: '', quantity, at: createdAt }];
  if (paid !== null) facts.push({ type: 'paid', id: '', quantity, at: paid });
  if (!sent && (status === CANCELLED || status === CLOSED)) facts.push({ type: 'cancelled', id: '', quantity, at: endedAt });
  if (sent) facts.push({ type: 'shipped', id: '', quantity, at: consigned ?? changedAt });
  if (sent && RECEIVED.has(status)) facts.push({ type: 'delivered', id: '', quantity, at: endedAt });
  return {
    lineId: optionalId(order, 'oid_str') ?? idOf(order, 'oid'), code: codeOf(order), unitPrice, currency: CURRENCY, kind, payment, facts, live: null, shipBy: optionalBeijing(trade, 'delivery_time') ?? optionalBeijing(trade, 'send_time'),
  };
}

const tradeId = (trade: Fields): string => optionalId(trade, 'tid_str') ?? idOf(trade, 'tid');

export function mapTrade(trade: Fields): PlatformOrder {
  const orders = listIn(trade, 'orders', 'order');
  return { orderId: tradeId(trade), updatedAt: optionalBeijing(trade, 'modified') ?? beijing(trade, 'created'), buyer: optionalText(trade, 'buyer_open_uid'), lines: orders.map((order) => mapLine(trade, order, orders.length === 1)) };
}

const STATUSES: Readonly<Record<string, CaseStatus>> = { WAIT_SELLER_AGREE: 'requested', WAIT_BUYER_RETURN_GOODS: 'approved', WAIT_SELLER_CONFIRM_GOODS: 'in-transit', SELLER_REFUSE_BUYER: 'refused', CLOSED: 'withdrawn', SUCCESS: 'refunded' };
/** The platform's people are asked, look at it, or look at it again. */
const HEARING = new Set([2, 3, 4, 5, 10, 11]);
const NO_GOODS = new Set(['RESHIPPING']);

export function caseStatus(status: string, hearing: number | null, kind: ReturnKind): CaseStatus {
  const said = STATUSES[status] ?? 'requested';
  if (said === 'refunded') return kind === 'exchange' ? 'closed' : said;
  return said !== 'withdrawn' && hearing !== null && HEARING.has(hearing) ? 'appealed' : said;
}

function kindOf(refund: Fields): ReturnKind {
  const dispute = optionalText(refund, 'dispute_type') ?? '';
  if (dispute.endsWith('EXCHANGE') || dispute === 'REPAIR') return 'exchange';
  return dispute === 'REFUND_AND_RETURN' || flag(refund, 'has_good_return') ? 'return' : 'refund-only';
}

/** A refund of what had not left is the trade's cancellation, and a case of nothing; the trade says which. */
export function mapRefund(refund: Fields, trade: PlatformOrder): PlatformReturn {
  const kind = kindOf(refund);
  const oid = idOf(refund, 'oid');
  const line = trade.lines.find((l) => l.lineId === oid);
  const shipped = line?.facts.find((f) => f.type === 'shipped')?.quantity ?? 0;
  const quantity = Math.min(shipped, optionalWhole(refund, 'num') === null ? shipped : units(refund, 'num', 0) || shipped);
  return {
    returnId: idOf(refund, 'refund_id'), updatedAt: optionalBeijing(refund, 'modified') ?? beijing(refund, 'created'), kind, status: caseStatus(optionalText(refund, 'status') ?? '', optionalWhole(refund, 'cs_status'), kind), claimedReason: claimedReason(refund),
    trackingNumber: optionalText(refund, 'sid', 128), lines: line === undefined || quantity === 0 || NO_GOODS.has(optionalText(refund, 'dispute_type') ?? '') ? [] : [{ id: oid, orderId: trade.orderId, lineId: oid, code: line.code, quantity }],
  };
}
