// The columns of an order event, as files, the HTTP API and connectors give it, and its one normalised form.
import { hash } from 'node:crypto';
import type { Columns, Row, RowValue } from '../kernel/offline.js';
import type { OrderEvent } from './math/settle.js';

export const EVENT_TYPES = ['created', 'paid', 'cancelled', 'shipped', 'delivered'] as const;
export const KINDS = ['sale', 'gift', 'giveaway', 'sample', 'bundle-component', 'exchange', 'replacement'] as const;
export const PAYMENTS = ['prepaid', 'cod', 'deposit'] as const;

const id = { kind: 'text', required: true, max: 256 } as const;

export const ORDER_COLUMNS: Columns = {
  event_id: id, occurred_at: { kind: 'instant', required: true }, shop: { kind: 'name', required: true }, order_id: id, line_id: id, sku: { kind: 'name', required: true },
  quantity: { kind: 'whole', min: 1, max: 1_000_000, required: true }, unit_price: { kind: 'whole', min: 0, max: 1_000_000_000_000 }, currency: { kind: 'currency' },
  type: { kind: 'choice', values: EVENT_TYPES, required: true }, kind: { kind: 'choice', values: KINDS }, payment: { kind: 'choice', values: PAYMENTS },
  ship_by: { kind: 'instant' }, broadcast: { kind: 'name' }, anchor: { kind: 'name' }, supplier: { kind: 'name' }, lot: { kind: 'name' }, buyer: { kind: 'text', max: 256 },
};

/** A created or paid event names its price and currency. */
function missingPrice(type: unknown, unitPrice: unknown, currency: unknown): string | undefined {
  if (type !== 'created' && type !== 'paid') return undefined;
  if (unitPrice === undefined) return `unit_price: is missing (it is required on ${type})`;
  return currency === undefined ? `currency: is missing (it is required on ${type})` : undefined;
}

export const checkOrderRow = (row: Row): string | undefined => missingPrice(row['type'], row['unit_price'], row['currency']);

const text = (row: Row, name: string): string | null => (row[name] === undefined ? null : String(row[name]));
const whole = (row: Row, name: string): number | null => (row[name] === undefined ? null : Number(row[name]));

/** A checked row as an event; `hashBuyer` keeps the buyer's platform id out of the database. */
export const orderEvent = (row: Row, hashBuyer: (shop: string, buyer: string) => string): OrderEvent => ({
  shop: String(row['shop']), eventId: String(row['event_id']), occurredAt: Number(row['occurred_at']), orderId: String(row['order_id']), lineId: String(row['line_id']),
  sku: String(row['sku']), quantity: Number(row['quantity']), type: row['type'] as OrderEvent['type'], unitPrice: whole(row, 'unit_price'), currency: text(row, 'currency'),
  kind: text(row, 'kind') as OrderEvent['kind'], payment: text(row, 'payment') as OrderEvent['payment'], shipBy: whole(row, 'ship_by'), broadcast: text(row, 'broadcast'),
  anchor: text(row, 'anchor'), supplier: text(row, 'supplier'), lot: text(row, 'lot'), buyer: row['buyer'] === undefined ? null : hashBuyer(String(row['shop']), String(row['buyer'])),
});

/** The same from the values of a line in the order of ORDER_COLUMNS, buyers as they are written; or what is wrong with it. */
export function orderEventOf(values: readonly (RowValue | undefined)[]): OrderEvent | { readonly fault: string } {
  const [eventId, occurredAt, shop, orderId, lineId, sku, quantity, unitPrice, currency, type, kind, payment, shipBy, broadcast, anchor, supplier, lot, buyer] = values;
  const fault = missingPrice(type, unitPrice, currency);
  if (fault !== undefined) return { fault };
  return {
    shop: shop as string, eventId: eventId as string, occurredAt: occurredAt as number, orderId: orderId as string, lineId: lineId as string, sku: sku as string, quantity: quantity as number,
    type: type as OrderEvent['type'], unitPrice: (unitPrice as number | undefined) ?? null, currency: (currency as string | undefined) ?? null,
    kind: (kind as OrderEvent['kind'] | undefined) ?? null, payment: (payment as OrderEvent['payment'] | undefined) ?? null, shipBy: (shipBy as number | undefined) ?? null,
    broadcast: (broadcast as string | undefined) ?? null, anchor: (anchor as string | undefined) ?? null, supplier: (supplier as string | undefined) ?? null, lot: (lot as string | undefined) ?? null,
    buyer: (buyer as string | undefined) ?? null,
  };
}

/** 16 bytes of SHA-256 over the normalised content: tells a repeat from an id that was used for something else. */
export const digestOf = (e: OrderEvent): Buffer =>
  hash(
    'sha256',
    JSON.stringify([e.occurredAt, e.orderId, e.lineId, e.sku, e.quantity, e.type, e.unitPrice, e.currency, e.kind, e.payment, e.shipBy, e.broadcast, e.anchor, e.supplier, e.lot, e.buyer]),
    'buffer',
  ).subarray(0, 16);
