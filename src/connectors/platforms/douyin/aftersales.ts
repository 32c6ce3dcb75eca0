// Douyin's after-sale detail in the normal form: a return case; the order to be read again, where units were refunded before they
// left; and, for an exchange or a resend, the parcel that goes out for it, as an order of its own.
import type { CaseStatus, ReturnKind } from '../../../returns/index.js';
import { fieldsOf, idOf, listOf, optionalText, optionalTime, optionalWhole, time, units, type Fields } from '../payload.js';
import type { Heard, PlatformReturn, PlatformReturnLine } from '../platform.js';
import { codeOf } from './map.js';
import { claimedReason } from './reasons.js';

const EXCHANGE = 3;
const RESEND = 7;
/** Refunded before shipping, cancelled by the system, cancelled by the buyer: the order's cancellation, no return. */
export const BEFORE_SHIPPING: ReadonlySet<number> = new Set([2, 4, 5]);
const KINDS: Readonly<Record<number, ReturnKind>> = { 0: 'return', 1: 'refund-only', [EXCHANGE]: 'exchange', 8: 'exchange' };
/** The merchant owes the goods of an exchange or resend, or has sent them. */
const OWED = new Set([8, 12, 13, 14]);
/** Of the forward parcel: refused by the buyer, on its way back, received by the merchant. */
const CAME_BACK = new Set([1, 3, 4]);
const HEARING = new Set([1, 4, 5]);
const REFUNDED = 3;

const STATUSES: Readonly<Record<number, CaseStatus>> = { 6: 'requested', 7: 'approved', 8: 'approved', 11: 'in-transit', 12: 'refunded', 13: 'approved', 14: 'closed', 27: 'refused', 29: 'refused', 51: 'closed' };

const inner = (fields: Fields, name: string): Fields => (fields[name] === undefined || fields[name] === null ? {} : fieldsOf(fields[name], name));

/** @param sentBack the buyer has named the parcel in which the goods come */
export function caseStatus(status: number, type: number, refund: number | null, arbitration: number | null, sentBack: boolean): CaseStatus {
  const said = STATUSES[status];
  // A request that the buyer took back fails with its refund still to be made.
  if (status === 28) return refund === 1 ? 'withdrawn' : 'refused';
  if (status === 53) return refund === REFUNDED ? 'refunded' : 'closed';
  if (status === 12 && (type === EXCHANGE || type === 8)) return 'closed';
  if (arbitration !== null && HEARING.has(arbitration) && said !== 'refunded' && said !== 'closed') return 'appealed';
  return status === 7 && sentBack ? 'in-transit' : (said ?? 'requested');
}

function linesOf(order: Fields, info: Fields, kind: ReturnKind): PlatformReturnLine[] {
  const orderId = idOf(order, 'shop_order_id');
  const items = listOf(order['sku_order_infos'], 'sku_order_infos');
  return items.flatMap((item) => {
    const lineId = idOf(item, 'sku_order_id');
    const claimed = optionalWhole(item, 'after_sale_item_count') !== null ? units(item, 'after_sale_item_count', 0) : optionalWhole(info, 'after_sale_apply_count') !== null ? units(info, 'after_sale_apply_count', 0) : units(item, 'item_quantity');
    // Of what is claimed only that comes back which had left; the rest the order tells as cancelled.
    const back = kind !== 'refund-only' && items.length === 1 && (optionalWhole(info, 'need_return_count') ?? 0) > 0 ? Math.min(claimed, units(info, 'need_return_count')) : claimed;
    return back === 0 ? [] : [{ id: lineId, orderId, lineId, code: codeOf(item, 'shop_sku_code'), quantity: back }];
  });
}

/** What goes out for an exchange or a resend: no sale, but goods that must be there. */
function substitute(id: string, type: number, status: number, info: Fields, order: Fields, logistics: Fields): Heard[] {
  if ((type !== EXCHANGE && type !== RESEND) || !OWED.has(status)) return [];
  const parcel = inner(logistics, type === EXCHANGE ? 'exchange' : 'resend');
  const item = type === EXCHANGE ? inner(info, 'exchange_sku_info') : (listOf(order['sku_order_infos'], 'sku_order_infos')[0] ?? {});
  const code = codeOf(item, type === EXCHANGE ? 'code' : 'shop_sku_code');
  if (code.seller === null && code.platform === null) return [];
  const quantity = type === EXCHANGE ? units(item, 'num') : units(info, 'after_sale_apply_count');
  const at = time(info, 'apply_time');
  const sentAt = optionalText(parcel, 'tracking_no') === null ? null : (optionalTime(parcel, 'logistics_time') ?? time(info, 'update_time'));
  return [{
    kind: 'order',
    order: {
      orderId: `aftersale-${id}`, updatedAt: time(info, 'update_time'), buyer: null,
      lines: [{
        lineId: '1', code, unitPrice: 0, currency: 'CNY', kind: type === EXCHANGE ? 'exchange' : 'replacement', payment: 'prepaid', shipBy: null, live: null,
        facts: [{ type: 'created', id: '', quantity, at }, { type: 'paid', id: '', quantity, at }, ...(sentAt === null ? [] : [{ type: 'shipped' as const, id: '', quantity, at: sentAt }])],
      }],
    },
  }];
}

export function mapAftersale(data: Fields): Heard[] {
  const course = fieldsOf(data['process_info'], 'process_info');
  const info = fieldsOf(course['after_sale_info'], 'after_sale_info');
  const order = fieldsOf(data['order_info'], 'order_info');
  const logistics = inner(course, 'logistics_info');
  const id = idOf(info, 'after_sale_id');
  const type = optionalWhole(info, 'after_sale_type') ?? -1;
  const status = optionalWhole(info, 'after_sale_status') ?? 6;
  const tracking = optionalText(inner(logistics, 'return'), 'tracking_no', 128);
  const refused = listOf(logistics['order'], 'order').find((parcel) => CAME_BACK.has(optionalWhole(parcel, 'logistics_state') ?? 0));
  const failed = type === 1 && refused !== undefined;
  const kind = failed ? 'failed-delivery' : KINDS[type];
  const found: PlatformReturn = {
    returnId: id, updatedAt: time(info, 'update_time'), kind: kind ?? 'refund-only', claimedReason: claimedReason(info), trackingNumber: failed ? optionalText(refused, 'tracking_no', 128) : tracking,
    status: caseStatus(status, type, optionalWhole(info, 'refund_status'), optionalWhole(inner(course, 'arbitrate_info'), 'arbitrate_status'), tracking !== null),
    // A price guarantee gives money, a resend goods: nothing comes back, and no unit is refunded.
    lines: kind === undefined ? [] : linesOf(order, info, kind),
  };
  return [{ kind: 'return', case: found }, ...(BEFORE_SHIPPING.has(type) ? [{ kind: 'hint' as const, entity: 'order' as const, id: idOf(order, 'shop_order_id') }] : []), ...substitute(id, type, status, info, order, logistics)];
}
