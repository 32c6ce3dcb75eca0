// Shopify's order, refund and return resources in the normal form. One order resource says all that ever happened to it.
import type { Kind, Payment } from '../../../orders/index.js';
import type { CaseStatus } from '../../../returns/index.js';
import { currencyOf, fieldsOf, flag, idOf, instant, listOf, money, optionalId, optionalInstant, optionalText, optionalWhole, units, type Fields } from '../payload.js';
import type { LineFact, LiveClue, PlatformLine, PlatformOrder, PlatformReturn, SkuCode } from '../platform.js';
import { RETURN_REASONS } from './reasons.js';

const PAID = new Set(['paid', 'partially_refunded', 'refunded']);
/** A parcel of these was never one. */
const NO_PARCEL = new Set(['cancelled', 'failure', 'error']);

const codeOf = (line: Fields): SkuCode => ({ seller: optionalText(line, 'sku', 128), platform: optionalId(line, 'variant_id'), link: optionalId(line, 'product_id') });

/** Cash on delivery is a payment gateway's name on Shopify. */
const isCod = (order: Fields): boolean => Array.isArray(order['payment_gateway_names']) && order['payment_gateway_names'].some((name) => typeof name === 'string' && /cash on delivery|\bcod\b/i.test(name));

interface Refunded {
  readonly lineId: string;
  readonly quantity: number;
  readonly restock: string;
  readonly at: number;
}

const refundedUnits = (order: Fields): Refunded[] =>
  listOf(order['refunds'], 'refunds').flatMap((refund) => {
    const at = instant(refund, 'created_at');
    return listOf(refund['refund_line_items'], 'refund_line_items').map((line) => ({ lineId: idOf(line, 'line_item_id'), quantity: units(line, 'quantity', 0), restock: optionalText(line, 'restock_type') ?? 'no_restock', at }));
  });

/** By line, once: an order of thousands of lines must not be searched for each of them. */
function grouped<T>(list: readonly T[], linesOf: (item: T) => readonly string[]): ReadonlyMap<string, readonly T[]> {
  const byLine = new Map<string, T[]>();
  for (const item of list) for (const line of linesOf(item)) {
    const known = byLine.get(line);
    if (known === undefined) byLine.set(line, [item]);
    else known.push(item);
  }
  return byLine;
}

interface Parcel {
  readonly id: string;
  readonly at: number;
  readonly deliveredAt: number | null;
  readonly units: ReadonlyMap<string, number>;
}

const parcelsOf = (order: Fields): Parcel[] =>
  listOf(order['fulfillments'], 'fulfillments').filter((f) => !NO_PARCEL.has(optionalText(f, 'status') ?? '')).map((f) => {
    const sums = new Map<string, number>();
    for (const line of listOf(f['line_items'], 'line_items')) sums.set(idOf(line, 'id'), (sums.get(idOf(line, 'id')) ?? 0) + units(line, 'quantity', 0));
    return { id: idOf(f, 'id'), at: instant(f, 'created_at'), deliveredAt: f['shipment_status'] === 'delivered' ? instant(f, 'updated_at') : null, units: sums };
  });

function liveOf(order: Fields, attribute: string): LiveClue | null {
  for (const note of listOf(order['note_attributes'], 'note_attributes')) {
    if (optionalText(note, 'name') !== attribute) continue;
    const room = optionalText(note, 'value', 128);
    if (room !== null && /^[\w.:-]+$/.test(room)) return { room, author: null, method: 'order-note' };
  }
  return null;
}

/** What a unit was sold for: its price less its share of the line's discounts. */
function soldFor(line: Fields, quantity: number, currency: string): number {
  const discounts = listOf(line['discount_allocations'], 'discount_allocations').reduce((sum, d) => sum + money(d, 'amount', currency), 0);
  return Math.max(0, money(line, 'price', currency) - Math.round(discounts / quantity));
}

const parcelsByLine = (order: Fields): ReadonlyMap<string, readonly Parcel[]> => grouped(parcelsOf(order), (p) => [...p.units.keys()]);

/** Units of a line in these parcels, that had left by then. */
const leftBy = (parcels: readonly Parcel[], lineId: string, at: number): number => parcels.reduce((s, p) => s + (p.at <= at ? (p.units.get(lineId) ?? 0) : 0), 0);

/**
 * Cancelled units of a line: refunded before they left, taken out of the order by an edit, and, where the whole order was
 * cancelled, all that never left. A refund without restocking is one of goods that stay where they are as long as nothing had left;
 * by its own time, so that every later snapshot says the same.
 */
function cancelledOf(line: Fields, own: readonly Refunded[], parcels: readonly Parcel[], cancelledAt: number | null, updatedAt: number): LineFact[] {
  const lineId = idOf(line, 'id');
  const quantity = units(line, 'quantity');
  const shipped = leftBy(parcels, lineId, Infinity);
  const current = optionalWhole(line, 'current_quantity');
  const edited = current === null ? 0 : Math.max(0, quantity - current - own.reduce((s, r) => s + r.quantity, 0));
  const beforeShipping = own.filter((r) => r.restock === 'cancel' || (r.restock === 'no_restock' && leftBy(parcels, lineId, r.at) === 0));
  const sum = Math.min(quantity - Math.min(quantity, shipped), Math.max(edited + beforeShipping.reduce((s, r) => s + r.quantity, 0), cancelledAt === null ? 0 : quantity - shipped));
  if (sum <= 0) return [];
  const refundedAt = beforeShipping.reduce((last, r) => Math.max(last, r.at), 0);
  return [{ type: 'cancelled', id: '', quantity: sum, at: cancelledAt ?? (refundedAt === 0 ? updatedAt : refundedAt) }];
}

export function mapOrder(order: Fields, broadcastAttribute: string): PlatformOrder {
  const orderId = idOf(order, 'id');
  const currency = currencyOf(order, 'currency');
  const createdAt = instant(order, 'created_at');
  const updatedAt = optionalInstant(order, 'updated_at') ?? createdAt;
  const cancelledAt = optionalInstant(order, 'cancelled_at');
  const status = optionalText(order, 'financial_status') ?? 'pending';
  const cod = isCod(order);
  const payment: Payment = cod ? 'cod' : 'prepaid';
  const paid = PAID.has(status) || (cod && status !== 'voided');
  // The resource has no time of payment: most orders are paid as they are placed, and the same time must come by webhook and by pull.
  const paidAt = optionalInstant(order, 'processed_at') ?? createdAt;
  const refunds = grouped(refundedUnits(order), (r) => [r.lineId]);
  const parcels = parcelsByLine(order);
  const live = liveOf(order, broadcastAttribute);
  const lines = listOf(order['line_items'], 'line_items').filter((line) => !flag(line, 'gift_card')).map((line): PlatformLine => {
    const lineId = idOf(line, 'id');
    const quantity = units(line, 'quantity');
    const unitPrice = soldFor(line, quantity, currency);
    const own = (parcels.get(lineId) ?? []).filter((p) => (p.units.get(lineId) ?? 0) > 0);
    return {
      lineId, code: codeOf(line), unitPrice, currency, kind: kindOf(order, unitPrice), payment, shipBy: null, live,
      facts: [
        { type: 'created', id: '', quantity, at: createdAt },
        ...(paid ? [{ type: 'paid' as const, id: '', quantity, at: paidAt }] : []),
        ...cancelledOf(line, refunds.get(lineId) ?? [], own, cancelledAt, updatedAt),
        ...own.map((p): LineFact => ({ type: 'shipped', id: p.id, quantity: p.units.get(lineId) ?? 0, at: p.at })),
        ...own.filter((p) => p.deliveredAt !== null).map((p): LineFact => ({ type: 'delivered', id: p.id, quantity: p.units.get(lineId) ?? 0, at: p.deliveredAt ?? 0 })),
      ],
    };
  });
  const customer = order['customer'] === null || order['customer'] === undefined ? null : optionalId(fieldsOf(order['customer'], 'customer'), 'id');
  return { orderId, updatedAt, buyer: customer, lines };
}

/** Shopify has no kinds: what costs nothing is a gift, unless the order is marked as a sample or an exchange. */
function kindOf(order: Fields, unitPrice: number): Kind {
  const tags = (optionalText(order, 'tags', 2_000) ?? '').split(',').map((t) => t.trim().toLowerCase());
  if (tags.includes('sample')) return 'sample';
  if (tags.includes('exchange') || optionalText(order, 'source_name') === 'exchange') return 'exchange';
  return unitPrice === 0 ? 'gift' : 'sale';
}

/**
 * A refund of goods that were sent: what came back, or money alone. Refunds before shipping are the order's cancellations.
 * @param order the order as it is now, where it is known: a refund by itself says what its lines were when it was made
 */
export function mapRefund(refund: Fields, order?: Fields): PlatformReturn[] {
  const orderId = idOf(refund, 'order_id');
  const at = instant(refund, 'created_at');
  const ofReturn = refund['return'] === undefined || refund['return'] === null ? null : optionalId(fieldsOf(refund['return'], 'return'), 'id');
  const lines = listOf(refund['refund_line_items'], 'refund_line_items').map((line) => ({ fields: line, item: line['line_item'] === undefined ? ({}) : fieldsOf(line['line_item'], 'line_item'), restock: optionalText(line, 'restock_type') ?? 'no_restock' }));
  const parcels = order === undefined ? undefined : parcelsByLine(order);
  const hadLeft = (lineId: string, item: Fields): boolean =>
    parcels === undefined ? ['fulfilled', 'partial'].includes(optionalText(item, 'fulfillment_status') ?? '') : leftBy(parcels.get(lineId) ?? [], lineId, at) > 0;
  const sent = lines.filter(({ fields, item, restock }) => units(fields, 'quantity', 0) > 0 && (restock === 'return' || (restock !== 'cancel' && hadLeft(idOf(fields, 'line_item_id'), item))));
  return (['return', 'refund-only'] as const).flatMap((kind): PlatformReturn[] => {
    const own = sent.filter(({ restock }) => (ofReturn !== null || restock === 'return' || restock === 'legacy_restock' ? 'return' : 'refund-only') === kind);
    if (own.length === 0) return [];
    return [{
      returnId: ofReturn ?? `refund-${idOf(refund, 'id')}-${kind}`, updatedAt: at, kind, status: 'refunded', claimedReason: null, trackingNumber: null,
      lines: own.map(({ fields, item }) => ({ id: ofReturn === null ? idOf(fields, 'line_item_id') : `${idOf(refund, 'id')}:${idOf(fields, 'line_item_id')}`, ...(ofReturn === null ? {} : { refund: true }), orderId, lineId: idOf(fields, 'line_item_id'), code: codeOf(item), quantity: units(fields, 'quantity') })),
    }];
  });
}

const STATUSES: Readonly<Record<string, CaseStatus>> = { requested: 'requested', open: 'approved', closed: 'closed', declined: 'refused', canceled: 'withdrawn', cancelled: 'withdrawn' };
const TOPICS: Readonly<Record<string, CaseStatus>> = {
  'returns/request': 'requested', 'returns/approve': 'approved', 'returns/decline': 'refused', 'returns/cancel': 'withdrawn', 'returns/close': 'closed', 'returns/reopen': 'approved', 'returns/process': 'approved', 'returns/update': 'approved',
};

export const returnStatus = (body: Fields, topic: string): CaseStatus => TOPICS[topic] ?? STATUSES[(optionalText(body, 'status') ?? '').toLowerCase()] ?? 'requested';

/** A return as returns/request and returns/approve tell it: the line item is inside the fulfilment line. */
export function mapReturn(body: Fields, topic: string, at: number): PlatformReturn {
  const orderId = body['order'] === undefined ? idOf(body, 'order_id') : idOf(fieldsOf(body['order'], 'order'), 'id');
  const lines = listOf(body['return_line_items'], 'return_line_items').map((line) => {
    const fulfilled = line['fulfillment_line_item'] === undefined ? line : fieldsOf(line['fulfillment_line_item'], 'fulfillment_line_item');
    const item = fulfilled['line_item'] === undefined ? null : fieldsOf(fulfilled['line_item'], 'line_item');
    const lineId = item === null ? idOf(fulfilled, 'line_item_id', 'id') : idOf(item, 'id');
    return { line, entry: { id: lineId, orderId, lineId, code: item === null ? { seller: null, platform: null, link: null } : codeOf(item), quantity: units(line, 'quantity') } };
  });
  const reason = lines.map(({ line }) => optionalText(line, 'return_reason', 80)).find((r) => r !== null) ?? null;
  return { returnId: idOf(body, 'id'), updatedAt: at, kind: 'return', status: returnStatus(body, topic), claimedReason: reason === null ? null : (RETURN_REASONS[reason.toLowerCase()] ?? 'other'), trackingNumber: null, lines: lines.map((l) => l.entry) };
}

