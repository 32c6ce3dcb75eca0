import { until, type Running } from './database.js';
import { iso, ndjson, NDJSON, orderEvent } from './merchant.js';

/** Sells, has a lot made and received for it, and ships the first `shipped` orders out of it. Orders are called `${prefix}0` … */
export async function soldAndShipped(r: Running, o: { prefix: string; sku: string; sold: number; received: number; shipped: number; at: number; broadcast?: string }): Promise<{ lot: string; order: string }> {
  const take = (events: readonly unknown[]) => r.call('POST', '/v1/order-events/bulk', ndjson(events), NDJSON);
  const more = o.broadcast === undefined ? {} : { broadcast: o.broadcast };
  await take(Array.from({ length: o.sold }, (_, i) => orderEvent({ event_id: `${o.prefix}${i}-p`, order_id: `${o.prefix}${i}`, sku: o.sku, occurred_at: iso(o.at + i), ...more })));
  let signal: any;
  await until('a signal', async () => (signal = (await r.call('GET', `/v1/signals?status=sent&sku=${o.sku}`)).body.items[0]) !== undefined);
  await r.call('POST', `/v1/signals/${signal.id}/reply`, { version: signal.version, verdict: 'accept' });
  const booked = await r.call('POST', `/v1/production-orders/${signal.productionOrder}/receipts`, { lines: [{ lineId: signal.lines[0].lineId, quantity: o.received }], at: iso(o.at + 86_400), acceptExcess: true });
  if (booked.status !== 201) throw new Error(JSON.stringify(booked.body));
  const before = (await r.call('GET', `/v1/skus/${o.sku}/availability?world=replay`)).body.claimed;
  await take(Array.from({ length: o.shipped }, (_, i) => orderEvent({ event_id: `${o.prefix}${i}-s`, order_id: `${o.prefix}${i}`, sku: o.sku, type: 'shipped', occurred_at: iso(o.at + 90_000 + i) })));
  await until('they left', async () => (await r.call('GET', `/v1/skus/${o.sku}/availability?world=replay`)).body.claimed === before + o.shipped);
  return { lot: booked.body.lot, order: signal.productionOrder };
}

/** One unit of an order comes back, is received and inspected. */
export async function cameBack(r: Running, o: { id: string; order: string; sku: string; finding: string; grade: string; at: number; reason?: string }): Promise<void> {
  await r.call('POST', '/v1/returns', { return_id: o.id, occurred_at: iso(o.at), shop: 'shop-1', order_id: o.order, line_id: '1', sku: o.sku, quantity: 1, claimed_reason: o.reason ?? 'broken' });
  await r.call('POST', `/v1/returns/${o.id}/receipt`, { at: iso(o.at + 10_000) });
  const inspected = await r.call('POST', `/v1/returns/${o.id}/inspection`, { units: [{ quantity: 1, grade: o.grade, finding: o.finding }], at: iso(o.at + 20_000) });
  if (inspected.status !== 200) throw new Error(JSON.stringify(inspected.body));
}
