// Shopee's order detail in the normal form. The order's status says what is true of all its units; where it has several parcels
// they say which units went and arrived.
import { currencyOf, flag, idOf, listOf, optionalId, optionalText, optionalTime, time, units, type Fields } from '../payload.js';
import type { LineFact, PlatformLine, PlatformOrder, PlatformReturn } from '../platform.js';
import { entryOf, parcelKeyOf, type Entry } from './items.js';

/** Before the platform lets the seller ship: placed, unpaid, being checked, or waiting for an invoice. */
const NOT_YET = new Set(['UNPAID', 'PENDING', 'INVOICE_PENDING']);
/** Beyond the screening of cash on delivery. */
const RELEASED = new Set(['READY_TO_SHIP', 'PROCESSED', 'RETRY_SHIP', 'SHIPPED', 'TO_CONFIRM_RECEIVE', 'TO_RETURN', 'COMPLETED']);
const LEFT = new Set(['SHIPPED', 'TO_CONFIRM_RECEIVE', 'TO_RETURN', 'COMPLETED']);
const RECEIVED = new Set(['TO_CONFIRM_RECEIVE', 'COMPLETED']);

/** Parcels that an order loses before they go: their statuses all say that the order had been released to the seller. */
const DEAD = new Set(['LOGISTICS_INVALID', 'LOGISTICS_REQUEST_CANCELED', 'LOGISTICS_PICKUP_FAILED']);
const REJECTED = 'LOGISTICS_COD_REJECTED';
const GONE = new Set(['LOGISTICS_PICKUP_DONE', 'LOGISTICS_DELIVERY_DONE', 'LOGISTICS_DELIVERY_FAILED', 'LOGISTICS_LOST']);
const PARCEL_RELEASED = new Set([...DEAD, ...GONE, 'LOGISTICS_READY', 'LOGISTICS_REQUEST_CREATED', 'LOGISTICS_PICKUP_RETRY']);

interface Parcel {
  readonly id: string;
  readonly status: string;
  readonly gone: boolean;
  readonly arrived: boolean;
  /** By line. */
  readonly units: ReadonlyMap<string, number>;
}

interface ReadOrder {
  readonly orderId: string;
  readonly status: string;
  readonly updatedAt: number;
  readonly currency: string;
  readonly entries: readonly Entry[];
  readonly parcels: readonly Parcel[];
}

/** Units of a parcel by line; an order's only parcel that lists nothing holds all of it. */
function contentsOf(parcel: Fields, entries: readonly Entry[], alone: boolean): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  const add = (lineId: string, quantity: number): void => void sums.set(lineId, (sums.get(lineId) ?? 0) + quantity);
  const items = listOf(parcel['item_list'], 'package_list.item_list');
  if (items.length === 0 && alone) for (const entry of entries) add(entry.lineId, entry.quantity);
  for (const item of items) {
    const key = parcelKeyOf(item);
    const [itemId, model] = key.split('/');
    const entry = entries.find((e) => e.parcelKey === key) ?? entries.find((e) => e.parcelKey.startsWith(`${itemId ?? ''}/${model ?? ''}/`));
    if (entry !== undefined) add(entry.lineId, item['model_quantity'] === undefined || item['model_quantity'] === null ? entry.quantity : units(item, 'model_quantity', 0));
  }
  return sums;
}

function parcelsOf(order: Fields, status: string, entries: readonly Entry[]): Parcel[] {
  const listed = listOf(order['package_list'], 'package_list');
  const pickedUp = optionalTime(order, 'pickup_done_time') !== null;
  // Orders that are sent without Shopee's carriers may list no parcel: then all of it went as one.
  const all = listed.length === 0 && LEFT.has(status) ? [{ package_number: 'order', logistics_status: '' }] : listed;
  const alone = all.length === 1;
  return all.map((parcel: Fields): Parcel => {
    const own = optionalText(parcel, 'logistics_status') ?? '';
    const failed = own === 'LOGISTICS_PICKUP_FAILED' && pickedUp;
    const never = (DEAD.has(own) && !failed) || own === REJECTED;
    const lost = own === 'LOGISTICS_DELIVERY_FAILED' || own === 'LOGISTICS_LOST' || failed;
    return {
      id: idOf(parcel, 'package_number'), status: failed ? 'LOGISTICS_DELIVERY_FAILED' : own, units: contentsOf(parcel, entries, alone),
      gone: GONE.has(own) || failed || (!never && (RECEIVED.has(status) || (alone && LEFT.has(status)))),
      arrived: own === 'LOGISTICS_DELIVERY_DONE' || (!never && !lost && RECEIVED.has(status)),
    };
  });
}

function readOrder(order: Fields): ReadOrder {
  const status = optionalText(order, 'order_status') ?? '';
  const currency = currencyOf(order, 'currency');
  const entries = listOf(order['item_list'], 'item_list').map((item) => entryOf(item, currency));
  return { orderId: idOf(order, 'order_sn', 'ordersn'), status, currency, entries, parcels: parcelsOf(order, status, entries), updatedAt: time(order, 'update_time') };
}

const unitsIn = (parcels: readonly Parcel[], lineId: string): number => parcels.reduce((sum, p) => sum + (p.units.get(lineId) ?? 0), 0);

/** A request to cancel (IN_CANCEL) cancels nothing. What has left is not cancelled but returned. */
function cancelledOf(read: ReadOrder, lineId: string, quantity: number): number {
  if (read.status === 'CANCELLED') return Math.max(0, quantity - unitsIn(read.parcels.filter((p) => p.gone), lineId));
  return read.status === 'COMPLETED' ? Math.min(quantity, unitsIn(read.parcels.filter((p) => !p.gone), lineId)) : 0;
}

export function mapOrder(order: Fields): PlatformOrder {
  const read = readOrder(order);
  const { orderId, status, updatedAt, currency, entries, parcels } = read;
  const createdAt = time(order, 'create_time');
  const payTime = optionalTime(order, 'pay_time');
  const cod = flag(order, 'cod');
  // Cash is paid at the door; it counts from when Shopee released the order to be sent, of which there is no time: the order's own
  // is the same in every snapshot.
  const released = RELEASED.has(status) || parcels.some((p) => PARCEL_RELEASED.has(p.status));
  const paid = cod ? released : !NOT_YET.has(status) && (payTime !== null || RELEASED.has(status));
  const paidAt = cod ? createdAt : (payTime ?? createdAt);
  const sentAt = optionalTime(order, 'pickup_done_time') ?? updatedAt;
  const lines = [...new Set(entries.map((e) => e.lineId))].map((lineId): PlatformLine => {
    const own = entries.filter((e) => e.lineId === lineId);
    const first = own[0] as Entry;
    const quantity = own.reduce((sum, e) => sum + e.quantity, 0);
    const cancelled = cancelledOf(read, lineId, quantity);
    const gone = parcels.filter((p) => p.gone && (p.units.get(lineId) ?? 0) > 0);
    return {
      lineId, code: first.code, currency, kind: first.gift ? 'gift' : 'sale', payment: cod ? 'cod' : 'prepaid', shipBy: optionalTime(order, 'ship_by_date'), live: null,
      unitPrice: Math.round(own.reduce((sum, e) => sum + e.unitPrice * e.quantity, 0) / quantity),
      facts: [
        { type: 'created', id: '', quantity, at: createdAt },
        ...(paid ? [{ type: 'paid' as const, id: '', quantity, at: paidAt }] : []),
        ...(cancelled > 0 ? [{ type: 'cancelled' as const, id: '', quantity: cancelled, at: updatedAt }] : []),
        ...gone.map((p): LineFact => ({ type: 'shipped', id: p.id, quantity: p.units.get(lineId) ?? 0, at: sentAt })),
        ...gone.filter((p) => p.arrived).map((p): LineFact => ({ type: 'delivered', id: p.id, quantity: p.units.get(lineId) ?? 0, at: updatedAt })),
      ],
    };
  });
  return { orderId, updatedAt, buyer: optionalId(order, 'buyer_user_id'), lines };
}

/** The id of a parcel that came to no one, among the returns; the order is found in it again. */
const failedId = (orderId: string, parcelId: string): string => `${orderId}:${parcelId}`;
export const orderOfFailed = (returnId: string): string | null => (returnId.includes(':') ? (returnId.split(':')[0] ?? null) : null);

/**
 * Parcels of a cancelled order that had left: Shopee opens no return for them. Those that could not be delivered come back; those
 * that were lost do not.
 */
export function failedDeliveries(order: Fields): PlatformReturn[] {
  const { orderId, status, updatedAt, entries, parcels } = readOrder(order);
  if (status !== 'CANCELLED') return [];
  return parcels.filter((p) => p.gone && !p.arrived && p.units.size > 0).map((p): PlatformReturn => {
    const lost = p.status === 'LOGISTICS_LOST';
    const lines = [...p.units].filter(([, quantity]) => quantity > 0).map(([lineId, quantity]) => ({ id: lineId, orderId, lineId, code: (entries.find((e) => e.lineId === lineId) as Entry).code, quantity }));
    return { returnId: failedId(orderId, p.id), updatedAt, kind: lost ? 'refund-only' : 'failed-delivery', status: lost ? 'refunded' : 'in-transit', claimedReason: lost ? 'not-received' : null, trackingNumber: null, lines };
  });
}
