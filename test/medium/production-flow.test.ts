import { closeServer, request, running, until, type Running } from '../factories/database.js';
import { furnish, iso, ndjson, NDJSON, orderEvent } from '../factories/merchant.js';

let r: Running;
let factory = '';
let stranger = '';
let warehouse = '';
beforeAll(async () => {
  r = await running();
  await furnish(r, ['K1-S', 'K1-M'], { stage_days: '' });
  await r.call('POST', '/v1/suppliers', { id: 'factory-9', timeZone: 'UTC' });
  const make = async (body: object): Promise<string> => (await r.call('POST', '/v1/api-keys', { name: 'x', ...body })).body.key;
  factory = await make({ role: 'factory', supplier: 'factory-1' });
  stranger = await make({ role: 'factory', supplier: 'factory-9' });
  warehouse = await make({ role: 'warehouse' });
});
afterAll(async () => {
  await r.close();
  await closeServer();
});

const as = (key: string, method: string, path: string, body?: unknown) => request(r.url, method, path, body, { authorization: `Bearer ${key}` });
const stockOf = async (sku: string) => (await r.call('GET', `/v1/skus/${sku}/availability?world=replay`)).body;
let sold = 0;
async function confirmedOrder(sku: string, orders: number): Promise<{ id: string; lineId: string; quantity: number; due: string }> {
  await r.call('POST', '/v1/order-events/bulk', ndjson(Array.from({ length: orders }, () => orderEvent({ sku, occurred_at: iso(sold++) }))), NDJSON);
  let signal: any;
  await until('a signal', async () => (signal = (await r.call('GET', `/v1/signals?status=sent&sku=${sku}`)).body.items[0]) !== undefined);
  await as(factory, 'POST', `/v1/signals/${signal.id}/reply`, { version: signal.version, verdict: 'accept' });
  const order = (await r.call('GET', `/v1/production-orders/${signal.productionOrder}`)).body;
  expect(order).toMatchObject({ status: 'confirmed', stages: [], receipts: [] });
  return { id: order.id, lineId: order.lines[0].lineId, quantity: order.lines[0].quantity, due: order.lines[0].due };
}
const incoming = async (sku: string): Promise<number> => (await stockOf(sku)).incoming.reduce((s: number, i: { units: number }) => s + i.units, 0);

describe('a production order from its confirmation to the shelf', () => {
  let order: Awaited<ReturnType<typeof confirmedOrder>>;
  const report = (stage: string, quantity: number, key = factory) => as(key, 'POST', `/v1/production-orders/${order.id}/progress`, { stage, lines: [{ lineId: order.lineId, quantity }] });
  const receive = (lines: object[], over: object = {}) => as(warehouse, 'POST', `/v1/production-orders/${order.id}/receipts`, { lines, ...over });

  it('is expected in stock as soon as it is confirmed', async () => {
    order = await confirmedOrder('K1-S', 60);
    expect(await incoming('K1-S')).toBe(order.quantity);
    expect(await stockOf('K1-S')).toMatchObject({ waiting: 60, available: 0 });
  });

  it('takes reports of stages from its own factory alone, never falling', async () => {
    expect((await report('greige', order.quantity)).body).toMatchObject({ status: 'in-production', stages: [{ stage: 'greige', quantity: order.quantity }] });
    expect((await report('greige', order.quantity - 1)).body).toMatchObject({ status: 422, detail: expect.stringContaining('lines[0].quantity') });
    expect((await report('greige', order.quantity, stranger)).status).toBe(404);
    expect((await as(factory, 'POST', '/v1/production-orders/po_none/progress', { stage: 'cut', lines: [{ lineId: 'l1', quantity: 1 }] })).status).toBe(404);
    expect((await as(factory, 'POST', `/v1/production-orders/${order.id}/progress`, { stage: 'cut', lines: [{ lineId: 'l9', quantity: 1 }] })).body).toMatchObject({ status: 422, detail: expect.stringContaining('l9') });
    expect((await as(warehouse, 'POST', `/v1/production-orders/${order.id}/progress`, { stage: 'cut', lines: [] })).status).toBe(403);
  });

  it('the actual cut becomes the order within tolerance, and is refused beyond it', async () => {
    const cut = Math.floor(order.quantity * 1.05);
    expect((await report('cut', cut + 1)).body).toMatchObject({ code: 'outside-tolerance', status: 422 });
    expect((await report('cut', cut)).body).toMatchObject({ lines: [{ quantity: cut, produced: cut }] });
    expect(await incoming('K1-S')).toBe(cut);
    expect((await report('sewn', cut + 1)).body.detail).toContain(`only ${cut}`);
    order = { ...order, quantity: cut };
    expect((await r.call('POST', '/v1/adjustments', { productionOrder: order.id, kind: 'decrease', lines: [{ lineId: order.lineId, quantity: cut - 10 }] })).status).toBeGreaterThanOrEqual(409);
    expect((await report('shipped', cut)).body.status).toBe('shipped');
  });

  it('comes in in parts, as lots whose units go to the lines that wait', async () => {
    const first = await receive([{ lineId: order.lineId, quantity: 30, dyeLot: 'D7', workshop: 'W2' }], { deliveryNote: 'DN-1', lot: 'L-2026-11', at: `${order.due}T01:00:00Z` });
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ deliveryNote: 'DN-1', lines: [{ quantity: 30, onTime: 30, excess: 0, subLot: 'D7 / W2' }], productionOrder: { status: 'received', lines: [{ received: 30 }] } });
    expect(await stockOf('K1-S')).toMatchObject({ onHand: 30, reserved: 30, waiting: 30, available: 0, lots: [{ lot: first.body.lot, name: 'L-2026-11', subLot: 'D7 / W2', units: 30 }] });
    expect(await incoming('K1-S')).toBe(order.quantity - 30);
  });

  it('the same delivery note is the same receipt, and with other content it is refused', async () => {
    const again = await receive([{ quantity: 30, lineId: order.lineId, dyeLot: 'D7', workshop: 'W2' }], { lot: 'L-2026-11', deliveryNote: 'DN-1', at: `${order.due}T01:00:00Z` });
    expect(again.body).toMatchObject({ deliveryNote: 'DN-1', productionOrder: { lines: [{ received: 30 }] } });
    expect((await receive([{ lineId: order.lineId, quantity: 31 }], { deliveryNote: 'DN-1' })).body.code).toBe('note-reused');
    expect(await stockOf('K1-S')).toMatchObject({ onHand: 30 });
  });

  it('what comes late and beyond the order is said, line by line; what comes far beyond it is asked about', async () => {
    expect((await receive([{ lineId: order.lineId, quantity: 1000 }])).body).toMatchObject({ code: 'excess', ordered: order.quantity, received: 30 });
    const late = `${new Date(Date.parse(order.due) + 5 * 86_400_000).toISOString().slice(0, 10)}T01:00:00Z`;
    const rest = order.quantity - 30;
    const second = await receive([{ lineId: order.lineId, quantity: rest - 5 }, { lineId: order.lineId, quantity: 6, quality: 'B' }], { at: late, acceptExcess: true });
    expect(second.body).toMatchObject({ lines: [{ onTime: 0, excess: 0, quantity: rest - 5 }, { onTime: 0, excess: 1, quality: 'B' }], productionOrder: { status: 'closed' } });
    const stock = await stockOf('K1-S');
    const sellable = order.quantity - 5;
    expect(stock).toMatchObject({ waiting: 60 - sellable, reserved: sellable, blocked: 6, history: { received: order.quantity + 1 } });
    expect(stock.incoming).toEqual([]);
    expect((await receive([{ lineId: order.lineId, quantity: 1 }])).body.code).toBe('closed');
  });

  it('units that leave come from the oldest lot, or from the one that the event names', async () => {
    const lots = (await stockOf('K1-S')).lots.filter((l: { quality: string }) => l.quality === 'A');
    expect(lots).toHaveLength(2);
    const { order_id } = (await r.sql.query(`select order_id from stock_allocations where sku = 'K1-S' and reserved = 1 order by since limit 1`)).rows[0];
    await r.call('POST', '/v1/order-events', orderEvent({ event_id: 'named-s', order_id, sku: 'K1-S', type: 'shipped', occurred_at: iso(901), lot: lots[1].lot }));
    await until('it left', async () => (await stockOf('K1-S')).claimed === 1);
    expect((await stockOf('K1-S')).lots.find((l: { lot: string; quality: string }) => l.lot === lots[1].lot && l.quality === 'A').units).toBe(lots[1].units - 1);
  });

  it('an order is closed short where nothing more is to come, and what it lacks is needed again', async () => {
    const short = await confirmedOrder('K1-M', 50);
    const booked = await as(warehouse, 'POST', `/v1/production-orders/${short.id}/receipts`, { lines: [{ lineId: short.lineId, quantity: 20 }], final: true });
    expect(booked.body.productionOrder).toMatchObject({ status: 'closed', lines: [{ received: 20 }] });
    expect(await incoming('K1-M')).toBe(0);
    await until('the rest is asked for again', async () => (await r.call('GET', '/v1/signals?status=sent&sku=K1-M')).body.items.length === 1);
  });
});
