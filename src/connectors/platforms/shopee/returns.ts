// Shopee's return detail in the normal form.
import type { CaseStatus, ReturnKind } from '../../../returns/index.js';
import { flag, idOf, listOf, optionalText, optionalWhole, text, time, Unreadable, units, type Fields } from '../payload.js';
import type { PlatformReturn, PlatformReturnLine } from '../platform.js';
import { codeOf, lineIdOf } from './items.js';
import { reasonOf } from './reasons.js';

/** Shopee has no word for refused: a request that the seller wins ends as closed or cancelled. */
const STATUSES: Readonly<Record<string, CaseStatus>> = {
  REQUESTED: 'requested', PROCESSING: 'approved', JUDGING: 'appealed', SELLER_DISPUTE: 'appealed', ACCEPTED: 'refunded', CLOSED: 'closed', CANCELLED: 'withdrawn',
};
/** The parcel is on its way back, or there. */
const UNDER_WAY = new Set(['LOGISTICS_PICKUP_DONE', 'LOGISTICS_DELIVERY_FAILED', 'LOGISTICS_DELIVERY_DONE', 'DELIVERED', 'DELIVERY FAILED']);
const REFUND_ONLY = 1;

function statusOf(found: Fields): CaseStatus {
  const name = text(found, 'status', 40);
  const status = STATUSES[name];
  if (status === undefined) throw new Unreadable('status', 'is none that is known');
  const parcel = (optionalText(found, 'reverse_logistic_status', 80) ?? optionalText(found, 'logistics_status', 80) ?? '').toUpperCase();
  return status === 'approved' && UNDER_WAY.has(parcel) ? 'in-transit' : status;
}

/** Requests of types 1 and 2 are made while the parcel is under way or at the door: nobody had it. */
function kindOf(found: Fields, reason: string): ReturnKind {
  const solution = optionalWhole(found, 'return_solution');
  const nothingSent = found['needs_logistics'] !== undefined && !flag(found, 'needs_logistics');
  if (solution === REFUND_ONLY || (nothingSent && (solution === null || reason === 'not-received'))) return 'refund-only';
  return [1, 2].includes(optionalWhole(found, 'return_refund_request_type') ?? 0) ? 'failed-delivery' : 'return';
}

export function mapReturn(found: Fields): PlatformReturn {
  const orderId = idOf(found, 'order_sn', 'ordersn');
  const reason = reasonOf(optionalText(found, 'reason', 80) ?? 'NONE');
  const lines = new Map<string, PlatformReturnLine>();
  for (const item of listOf(found['item'], 'item')) {
    // A gift costs nothing, as on its order.
    const id = lineIdOf(item, optionalText(item, 'item_price') !== null && Number(item['item_price']) === 0 && !flag(item, 'is_main_item'));
    lines.set(id, { id, orderId, lineId: id, code: codeOf(item, 'variation_sku'), quantity: (lines.get(id)?.quantity ?? 0) + units(item, 'amount') });
  }
  if (lines.size === 0) throw new Unreadable('item', 'is missing');
  return { returnId: idOf(found, 'return_sn'), updatedAt: time(found, 'update_time'), kind: kindOf(found, reason), status: statusOf(found), claimedReason: reason, trackingNumber: optionalText(found, 'tracking_number', 128), lines: [...lines.values()] };
}
