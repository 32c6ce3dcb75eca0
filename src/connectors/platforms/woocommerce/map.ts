// WooCommerce's order and refunds in the normal form. An order names its refunds without their units: those are read beside it.
import type { Kind } from '../../../orders/index.js';
import { currencyOf, flag, idOf, listOf, money, optionalId, optionalInstant, optionalMoney, optionalText, optionalWhole, Unreadable, units, type Fields } from '../payload.js';
import type { LineFact, LiveClue, PlatformLine, PlatformOrder, PlatformReturn, PlatformReturnLine, SkuCode } from '../platform.js';
import { reasonOf } from './reasons.js';

/** Not an order yet: a basket at the till. */
export const DRAFTS = new Set(['checkout-draft', 'auto-draft', 'draft', 'new']);
/** Money is in, or is to be had at the door. */
const CONFIRMED = new Set(['processing', 'completed']);
const UNPAID = new Set(['pending', 'on-hold', 'failed']);

/** Times of the `_gmt` fields come without an offset. */
export function gmt(fields: Fields, name: string): number | null {
  const value = optionalText(fields, name, 40);
  return value === null ? null : optionalInstant({ [name]: /(Z|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value}Z` }, name);
}

function gmtOf(fields: Fields, name: string): number {
  const at = gmt(fields, name);
  if (at === null) throw new Unreadable(name, 'is missing');
  return at;
}

const codeOf = (line: Fields): SkuCode => ({ seller: optionalText(line, 'sku', 128), platform: optionalId(line, 'variation_id') ?? optionalId(line, 'product_id'), link: optionalId(line, 'product_id') });

const meta = (fields: Fields, key: string): string | null => {
  const found = listOf(fields['meta_data'], 'meta_data').find((m) => m['key'] === key)?.['value'];
  return typeof found === 'string' || typeof found === 'number' ? String(found) : null;
};

function liveOf(order: Fields, line: Fields, key: string): LiveClue | null {
  const room = meta(line, key) ?? meta(order, key);
  return room !== null && /^[\w.:-]{1,128}$/.test(room) ? { room, author: null, method: 'order-note' } : null;
}

/** Bundles and composites list their parts as lines of their own. */
function kindOf(line: Fields, unitPrice: number): Kind {
  if (optionalText(line, 'bundled_by') !== null || optionalText(line, 'composite_parent') !== null || meta(line, '_bundled_by') !== null || meta(line, '_composite_parent') !== null) return 'bundle-component';
  return unitPrice === 0 ? 'gift' : 'sale';
}

interface Refund {
  readonly id: string;
  readonly at: number;
  readonly reason: string | null;
  /** By line of the order; empty where money alone was given back. */
  readonly units: ReadonlyMap<string, number>;
}

interface Line {
  readonly fields: Fields;
  readonly id: string;
  readonly quantity: number;
}

const linesOf = (order: Fields): Line[] =>
  listOf(order['line_items'], 'line_items').map((fields) => ({ fields, id: idOf(fields, 'id'), quantity: units(fields, 'quantity', 0) })).filter((line) => line.quantity > 0);

/** Units of a refund are negative. Which line they are of is said beside it; older ones name the product alone. */
function refundsOf(refunds: readonly Fields[], lines: readonly Line[]): Refund[] {
  return refunds.map((refund) => {
    const sums = new Map<string, number>();
    for (const item of listOf(refund['line_items'], 'line_items')) {
      const quantity = Math.abs(optionalWhole(item, 'quantity') ?? 0);
      const named = meta(item, '_refunded_item_id');
      const line = lines.find((l) => l.id === named) ?? lines.find((l) => named === null && idOf(l.fields, 'product_id') === optionalId(item, 'product_id') && optionalId(l.fields, 'variation_id') === optionalId(item, 'variation_id'));
      if (line === undefined || quantity === 0) continue;
      if (quantity > line.quantity) throw new Unreadable('refunds.quantity', 'is more than was sold');
      sums.set(line.id, (sums.get(line.id) ?? 0) + quantity);
    }
    return { id: idOf(refund, 'id'), at: gmtOf(refund, 'date_created_gmt'), reason: reasonOf(optionalText(refund, 'reason', 4_000)), units: sums };
  }).sort((a, b) => a.at - b.at);
}

const unitsOf = (refunds: readonly Refund[], lineId: string): number => refunds.reduce((sum, r) => sum + (r.units.get(lineId) ?? 0), 0);

interface ReadOrder {
  readonly orderId: string;
  readonly status: string;
  readonly lines: readonly Line[];
  readonly completedAt: number | null;
  /** Before the order went, and after. */
  readonly early: readonly Refund[];
  readonly late: readonly Refund[];
}

/** @param refunds of the order, as their own resource gives them */
function readOrder(order: Fields, refunds: readonly Fields[]): ReadOrder {
  const lines = linesOf(order);
  const status = optionalText(order, 'status', 80) ?? '';
  // WooCommerce knows no parcels: an order is completed when it is sent.
  const completedAt = gmt(order, 'date_completed_gmt') ?? (status === 'completed' ? (gmt(order, 'date_modified_gmt') ?? gmtOf(order, 'date_created_gmt')) : null);
  let read = refundsOf(refunds, lines);
  const last = read.at(-1);
  if (status === 'refunded' && last !== undefined) {
    // Who sets the whole order to refunded gives all that is left back, by a refund that names no line.
    const rest = new Map(lines.map((l): [string, number] => [l.id, Math.max(0, l.quantity - unitsOf(read.slice(0, -1), l.id))]).filter(([, left]) => left > 0));
    if (last.units.size === 0) read = [...read.slice(0, -1), { ...last, units: rest }];
  }
  const early = read.filter((r) => completedAt === null || r.at < completedAt);
  return { orderId: idOf(order, 'id'), status, lines, completedAt, early, late: read.filter((r) => !early.includes(r)) };
}

/** What the customer paid for a unit after the line's discounts, with tax where the shop's prices have it. */
function soldFor(order: Fields, line: Line, currency: string): number {
  const total = money(line.fields, 'total', currency) + (flag(order, 'prices_include_tax') ? (optionalMoney(line.fields, 'total_tax', currency) ?? 0) : 0);
  return Math.round(total / line.quantity);
}

export function mapOrder(order: Fields, refunds: readonly Fields[], broadcastMeta: string): PlatformOrder {
  const { orderId, status, lines, completedAt, early } = readOrder(order, refunds);
  const currency = currencyOf(order, 'currency');
  const createdAt = gmtOf(order, 'date_created_gmt');
  const updatedAt = gmt(order, 'date_modified_gmt') ?? createdAt;
  const paidAt = gmt(order, 'date_paid_gmt');
  const cod = optionalText(order, 'payment_method', 80) === 'cod';
  // Cash on delivery is confirmed by the shop as it takes the order up; its date_paid is that of the cash. Who pays by other means may
  // try again after a failure: that is no cancellation, unless money had come.
  const paid = CONFIRMED.has(status) || completedAt !== null || (!cod && paidAt !== null) || (cod && !UNPAID.has(status) && !['cancelled', 'trash', 'refunded'].includes(status));
  const ended = status === 'cancelled' || status === 'trash' || (status === 'refunded' && completedAt === null) || (status === 'failed' && paidAt !== null);
  return {
    orderId, updatedAt, buyer: optionalId(order, 'customer_id'),
    lines: lines.map((line): PlatformLine => {
      const { id, quantity, fields } = line;
      const unitPrice = soldFor(order, line, currency);
      const givenBack = Math.min(quantity, unitsOf(early, id));
      const cancelled = ended && completedAt === null ? quantity : givenBack;
      const sent = completedAt === null ? 0 : quantity - cancelled;
      const cancelledAt = givenBack === cancelled ? Math.max(...early.filter((r) => r.units.has(id)).map((r) => r.at)) : updatedAt;
      return {
        lineId: id, code: codeOf(fields), unitPrice, currency, kind: kindOf(fields, unitPrice), payment: cod ? 'cod' : 'prepaid', shipBy: null, live: liveOf(order, fields, broadcastMeta),
        facts: [
          { type: 'created', id: '', quantity, at: createdAt },
          ...(paid ? [{ type: 'paid' as const, id: '', quantity, at: (cod ? null : paidAt) ?? createdAt }] : []),
          ...(cancelled > 0 ? [{ type: 'cancelled' as const, id: '', quantity: cancelled, at: cancelledAt }] : []),
          ...(sent > 0 ? (['shipped', 'delivered'] as const).map((type): LineFact => ({ type, id: '', quantity: sent, at: completedAt ?? updatedAt })) : []),
        ],
      };
    }),
  };
}

/** Refunds of what had been sent. One that names no units gave money alone for no goods: a price put right, no return. */
export function mapRefunds(order: Fields, refunds: readonly Fields[]): PlatformReturn[] {
  const { orderId, lines, late } = readOrder(order, refunds);
  return late.filter((r) => r.units.size > 0).map((r): PlatformReturn => ({
    returnId: `${orderId}:${r.id}`, updatedAt: r.at, kind: 'return', status: 'refunded', claimedReason: r.reason, trackingNumber: null,
    lines: lines.filter((l) => r.units.has(l.id)).map((l): PlatformReturnLine => ({ id: l.id, orderId, lineId: l.id, code: codeOf(l.fields), quantity: r.units.get(l.id) ?? 0 })),
  }));
}
