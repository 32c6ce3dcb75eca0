// The columns of an order event, as files, the HTTP API and connectors give it, and its one normalised form.
import { createHash } from 'node:crypto';
import type { Columns, Row } from '../kernel/index.js';
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

export function checkOrderRow(row: Row): string | undefined {
  if (row['type'] === 'created' || row['type'] === 'paid') {
    if (row['unit_price'] === undefined) return `unit_price: is missing (it is required on ${row['type']})`;
    if (row['currency'] === undefined) return `currency: is missing (it is required on ${row['type']})`;
  }
  return undefined;
}

const text = (row: Row, name: string): string | null => (row[name] === undefined ? null : String(row[name]));
const whole = (row: Row, name: string): number | null => (row[name] === undefined ? null : Number(row[name]));

/** A checked row as an event; `hashBuyer` keeps the buyer's platform id out of the database. */
export const orderEvent = (row: Row, hashBuyer: (shop: string, buyer: string) => string): OrderEvent => ({
  shop: String(row['shop']), eventId: String(row['event_id']), occurredAt: Number(row['occurred_at']), orderId: String(row['order_id']), lineId: String(row['line_id']),
  sku: String(row['sku']), quantity: Number(row['quantity']), type: row['type'] as OrderEvent['type'], unitPrice: whole(row, 'unit_price'), currency: text(row, 'currency'),
  kind: text(row, 'kind') as OrderEvent['kind'], payment: text(row, 'payment') as OrderEvent['payment'], shipBy: whole(row, 'ship_by'), broadcast: text(row, 'broadcast'),
  anchor: text(row, 'anchor'), supplier: text(row, 'supplier'), lot: text(row, 'lot'), buyer: row['buyer'] === undefined ? null : hashBuyer(String(row['shop']), String(row['buyer'])),
});

/** 16 bytes of SHA-256 over the normalised content: tells a repeat from an id that was used for something else. */
export const digestOf = (e: OrderEvent): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([e.occurredAt, e.orderId, e.lineId, e.sku, e.quantity, e.type, e.unitPrice, e.currency, e.kind, e.payment, e.shipBy, e.broadcast, e.anchor, e.supplier, e.lot, e.buyer]))
    .digest()
    .subarray(0, 16);
