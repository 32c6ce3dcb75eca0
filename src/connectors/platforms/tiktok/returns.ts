// TikTok Shop's returns in the normal form, and what its affiliate programme knows of the LIVE that sold an order.
import type { CaseStatus, ReturnKind } from '../../../returns/index.js';
import { idOf, listOf, optionalId, optionalText, optionalTime, text, time, Unreadable, type Fields } from '../payload.js';
import type { Heard, PlatformOrder, PlatformReturn } from '../platform.js';
import { returnedParts } from './map.js';
import { reasonOf } from './reasons.js';

const KINDS: Readonly<Record<string, ReturnKind>> = { REFUND: 'refund-only', RETURN_AND_REFUND: 'return', REPLACEMENT: 'exchange' };

const STATUSES: Readonly<Record<string, CaseStatus>> = {
  RETURN_OR_REFUND_REQUEST_PENDING: 'requested', AWAITING_BUYER_RESPONSE: 'requested', REFUND_OR_RETURN_REQUEST_REJECT: 'refused', AWAITING_BUYER_SHIP: 'approved', BUYER_SHIPPED_ITEM: 'in-transit',
  REJECT_RECEIVE_PACKAGE: 'refused', RETURN_OR_REFUND_REQUEST_SUCCESS: 'approved', RETURN_OR_REFUND_REQUEST_CANCEL: 'withdrawn', RETURN_OR_REFUND_REQUEST_COMPLETE: 'refunded',
  REPLACEMENT_REQUEST_PENDING: 'requested', REPLACEMENT_REQUEST_REJECT: 'refused', REPLACEMENT_REQUEST_REFUND_SUCCESS: 'refunded', REPLACEMENT_REQUEST_CANCEL: 'withdrawn', REPLACEMENT_REQUEST_COMPLETE: 'approved',
};

/** Docs write RETURN_OR_REFUND__REQUEST_CANCELLED where their list has RETURN_OR_REFUND_REQUEST_CANCEL. */
const plainStatus = (status: string): string => status.toUpperCase().replace(/_{2,}/g, '_').replace(/CANCELL?ED$/, 'CANCEL');

function returnStatus(fields: Fields): CaseStatus {
  // Edited into another return, which is told of under its own id.
  if (optionalId(fields, 'next_return_id') !== null) return 'withdrawn';
  const status = STATUSES[plainStatus(text(fields, 'return_status', 80))];
  if (status === undefined) throw new Unreadable('return_status', 'is a status that nobody has listed');
  // A dispute before any refund is the buyer's, and the return's own status says how it ended; one after it is ours.
  if (status !== 'refunded') return status;
  const arbitration = optionalText(fields, 'arbitration_status', 40) ?? '';
  return arbitration === 'IN_PROGRESS' ? 'appealed' : arbitration === 'SUPPORT_SELLER' ? 'won' : status;
}

/** @param order the order it is about, where it is known: a bundle comes back as its parts */
export function mapReturn(fields: Fields, order: PlatformOrder | undefined): PlatformReturn {
  const orderId = idOf(fields, 'order_id');
  const kind = KINDS[text(fields, 'return_type', 40).toUpperCase()];
  if (kind === undefined) throw new Unreadable('return_type', 'is a type that nobody has listed');
  return {
    returnId: idOf(fields, 'return_id'), updatedAt: optionalTime(fields, 'update_time') ?? time(fields, 'create_time'), kind, status: returnStatus(fields), claimedReason: reasonOf(optionalText(fields, 'return_reason')),
    trackingNumber: optionalText(fields, 'return_tracking_number', 128),
    lines: listOf(fields['return_line_items'], 'return_line_items').flatMap((line) =>
      returnedParts(order, idOf(line, 'order_line_item_id'), idOf(line, 'return_line_item_id', 'order_line_item_id'), { seller: optionalText(line, 'seller_sku', 128), platform: optionalId(line, 'sku_id'), link: optionalId(line, 'product_id') }, orderId)),
  };
}

/**
 * The LIVE that sold a product of an order. A product that one order names twice from different places cannot be told apart by
 * line, and is left to be guessed by the line-up.
 */
export function mapAffiliateOrder(order: Fields): Heard[] {
  const orderId = idOf(order, 'id');
  const places = new Map<string, Set<string>>();
  for (const sku of listOf(order['skus'], 'skus')) {
    const product = idOf(sku, 'product_id');
    const live = (optionalText(sku, 'content_type', 40) ?? '').toUpperCase() === 'LIVE';
    places.set(product, (places.get(product) ?? new Set()).add(JSON.stringify(live ? { room: optionalId(sku, 'content_id') ?? '', author: optionalText(sku, 'creator_username', 128) } : null)));
  }
  return [...places].flatMap(([product, found]): Heard[] => {
    const only = found.size === 1 ? (JSON.parse([...found][0] ?? 'null') as { room: string; author: string | null } | null) : null;
    if (only === null || (only.room === '' && only.author === null)) return [];
    return [{ kind: 'attribution', orderId, code: { seller: null, platform: null, link: product }, live: { ...only, method: 'affiliate-order' } }];
  });
}
