// The world of the benches: 1,000 SKUs live in 20 broadcasts of one shop, and order events as pure functions of their
// number, so that a peer can be given the same rows and a seed keeps its meaning.
export const SKUS = 1_000;
export const BROADCASTS = 20;
export const SUPPLIERS = 10;
export const SHOP = 'bench-live';

const PER_BROADCAST = SKUS / BROADCASTS;
const HOUR_MS = 3_600_000;

export const skuOf = (i) => `SKU-${String(i).padStart(4, '0')}`;
export const broadcastOf = (i) => `B${String(Math.floor(i / PER_BROADCAST) + 1).padStart(4, '0')}`;
const anchorOf = (i) => `anchor-${Math.floor(i / PER_BROADCAST) + 1}`;
const iso = (at) => new Date(at).toISOString();

/** A whole number's 32-bit hash (the finaliser of MurmurHash3); as a fraction it draws without a state to carry along. */
const hash = (seed, n) => {
  let h = Math.imul(n ^ seed, 0x9e3779b1) ^ (n >>> 16);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};
const fraction = (seed, n) => hash(seed, n) / 4294967296;

export const catalogueCsv = (initialStock) =>
  [
    'sku,style,colour,size,category,price,currency,supplier,unit_cost,cost_currency,salvage_value,moq,lot_multiple,lead_time_days,daily_capacity,initial_stock',
    ...Array.from(
      { length: SKUS },
      (_, i) => `${skuOf(i)},ST${i >> 2},black,${'SMLX'[i & 3]},knitwear,15900,CNY,factory-${(i >> 2) % SUPPLIERS},5160,CNY,1290,20,10,7,2000,${initialStock}`,
    ),
    '',
  ].join('\n');

export const broadcastsCsv = (now) =>
  [
    'broadcast,anchor,shop,starts_at,ends_at,sku,slot_at,price,planned_units,promise_days',
    ...Array.from(
      { length: SKUS },
      (_, i) => `${broadcastOf(i)},${anchorOf(i)},${SHOP},${iso(now - HOUR_MS)},${iso(now + 3 * HOUR_MS)},${skuOf(i)},${iso(now - HOUR_MS)},15900,100,10`,
    ),
    '',
  ].join('\n');

/** Few SKUs sell much and many little: the square of a uniform draw. */
const skewed = (seed, n) => Math.floor(SKUS * fraction(seed, n) ** 2);

/** One paid order of its own per number, as JSON. */
export function singleEvent(prefix, seed, n, at) {
  const sku = skewed(seed, n);
  return `{"event_id":"${prefix}-${n}","occurred_at":"${iso(at)}","shop":"${SHOP}","order_id":"${prefix}-o${n}","line_id":"1","sku":"${skuOf(sku)}","quantity":1,"unit_price":15900,"currency":"CNY","type":"paid","broadcast":"${broadcastOf(sku)}","anchor":"${anchorOf(sku)}","buyer":"buyer-${hash(seed, n) % 500_000}"}`;
}

/** A paid order of a given SKU. */
export function orderEvent(id, sku, at) {
  return `{"event_id":"${id}","occurred_at":"${iso(at)}","shop":"${SHOP}","order_id":"o-${id}","line_id":"1","sku":"${skuOf(sku)}","quantity":1,"unit_price":15900,"currency":"CNY","type":"paid","broadcast":"${broadcastOf(sku)}","anchor":"${anchorOf(sku)}","buyer":"buyer-${id}"}`;
}

/** Blocks of 21 events: ten orders created, the same ten paid a little later, one of them cancelled. */
const BLOCK = 21;

function bulkFields(seed, n, total, from, spanMs) {
  const block = Math.floor(n / BLOCK);
  const k = n % BLOCK;
  const type = k < 10 ? 'created' : k < 20 ? 'paid' : 'cancelled';
  const order = block * 10 + (k < 10 ? k : k < 20 ? k - 10 : hash(seed, block) % 10);
  const sku = skewed(seed, order);
  return { type, order, sku, at: Math.floor(from + (spanMs * n) / total), buyer: hash(seed, order) % 500_000 };
}

export function bulkLine(prefix, seed, n, total, from, spanMs) {
  const { type, order, sku, at, buyer } = bulkFields(seed, n, total, from, spanMs);
  const money = type === 'cancelled' ? '' : ',"unit_price":15900,"currency":"CNY"';
  return `{"event_id":"${prefix}-${n}","occurred_at":"${iso(at)}","shop":"${SHOP}","order_id":"${prefix}-o${order}","line_id":"1","sku":"${skuOf(sku)}","quantity":1${money},"type":"${type}","broadcast":"${broadcastOf(sku)}","anchor":"${anchorOf(sku)}","buyer":"buyer-${buyer}"}\n`;
}

export const COPY_COLUMNS =
  'shop, event_id, occurred_at, order_id, line_id, sku, type, quantity, unit_price, currency, kind, payment, ship_by, broadcast, anchor, supplier, lot, buyer';

/** The same event as a row of COPY's text format; the buyer is a hash of the length that the service stores. */
export function copyLine(prefix, seed, n, total, from, spanMs) {
  const { type, order, sku, at, buyer } = bulkFields(seed, n, total, from, spanMs);
  const money = type === 'cancelled' ? '\\N\t\\N' : '15900\tCNY';
  return `${SHOP}\t${prefix}-${n}\t${iso(at)}\t${prefix}-o${order}\t1\t${skuOf(sku)}\t${type}\t1\t${money}\t\\N\t\\N\t\\N\t${broadcastOf(sku)}\t${anchorOf(sku)}\t\\N\t\\N\t${String(buyer).padStart(43, 'x')}\n`;
}

/** Orders among the first `total` bulk events. */
export const bulkOrders = (total) => Math.floor(total / BLOCK) * 10 + Math.min(10, total % BLOCK);
