import { closeServer, request, running, until, type Running } from '../factories/database.js';
import { furnish, iso, ndjson, NDJSON, orderEvent } from '../factories/merchant.js';

let r: Running;
let factory = '';
let warehouse = '';
beforeAll(async () => {
  r = await running();
  await furnish(r, ['K1-S', 'K2-S', 'K3-S', 'K4-S', 'K5-S', 'K6-S', 'K8-S'], { stage_days: '' });
  await furnish(r, ['K7-S'], { stage_days: '', confirming_hour: 9 });
  const make = async (body: object): Promise<string> => (await r.call('POST', '/v1/api-keys', { name: 'x', ...body })).body.key;
  factory = await make({ role: 'factory', supplier: 'factory-1' });
  warehouse = await make({ role: 'warehouse' });
});
afterAll(async () => {
  await r.close();
  await closeServer();
});

const as = (key: string, method: string, path: string, body?: unknown) => request(r.url, method, path, body, { authorization: `Bearer ${key}` });
const dayAfter = (date: string, days: number): string => new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
/** Seconds of the replayed clock. */
let clock = 0;
const sell = (sku: string, orders: number) => r.call('POST', '/v1/order-events/bulk', ndjson(Array.from({ length: orders }, () => orderEvent({ sku, occurred_at: iso(clock++) }))), NDJSON);
const openSignal = async (sku: string) => (await r.call('GET', `/v1/signals?sku=${sku}`)).body.items.find((s: { status: string }) => ['sent', 'countered'].includes(s.status));
const signal = async (id: string) => (await r.call('GET', `/v1/signals/${id}`)).body;
const asked = async (sku: string) => {
  let found: any;
  await until('a signal', async () => (found = await openSignal(sku)) !== undefined);
  return found;
};
async function confirmed(sku: string, orders: number) {
  await sell(sku, orders);
  const s = await asked(sku);
  expect((await as(factory, 'POST', `/v1/signals/${s.id}/reply`, { version: s.version, verdict: 'accept' })).status).toBe(200);
  const order = (await r.call('GET', `/v1/production-orders/${s.productionOrder}`)).body;
  return { id: order.id as string, ...(order.lines[0] as { lineId: string; quantity: number; due: string }) };
}
const request_ = (order: { id: string; lineId: string }, kind: string, line: object) => r.call('POST', '/v1/adjustments', { productionOrder: order.id, kind, lines: [{ lineId: order.lineId, ...line }] });
const waits = async (sku: string): Promise<boolean> => (await r.sql.query(`select 1 from group_needs g where waits and exists (select 1 from jsonb_array_elements(g.lines) l where l->>'sku' = $1)`, [sku])).rowCount === 1;

describe('a need that changes while something else is open with the factory', () => {
  it('is told as soon as that has ended', async () => {
    const order = await confirmed('K1-S', 60);
    const change = await request_(order, 'delay', { due: dayAfter(order.due, 2) });
    expect(change).toMatchObject({ status: 201, body: { kind: 'delay', status: 'sent' } });
    await sell('K1-S', 200);
    await until('planning looked at it', () => waits('K1-S'));
    expect((await openSignal('K1-S')).id).toBe(change.body.id);
    await as(factory, 'POST', `/v1/signals/${change.body.id}/reply`, { version: 1, verdict: 'reject' });
    const next = await asked('K1-S');
    expect(next).toMatchObject({ kind: 'increase', productionOrder: order.id });
    expect(next.lines[0].quantity - next.lines[0].quantityBefore).toBeGreaterThanOrEqual(180);
    expect(await waits('K1-S')).toBe(false);
  });

  it('is told where an order stood still and is then cancelled', async () => {
    const order = await confirmed('K2-S', 60);
    const hold = (await r.call('POST', '/v1/adjustments', { productionOrder: order.id, kind: 'hold' })).body;
    expect((await as(factory, 'POST', `/v1/signals/${hold.id}/reply`, { version: 1, verdict: 'accept' })).body).toMatchObject({ status: 'applied' });
    // Two days on: what it was last assessed at is long past.
    clock += 2 * 86_400;
    await sell('K1-S', 1);
    const cancel = (await r.call('POST', '/v1/adjustments', { productionOrder: order.id, kind: 'cancel' })).body;
    await as(factory, 'POST', `/v1/signals/${cancel.id}/reply`, { version: 1, verdict: 'accept' });
    const again = await asked('K2-S');
    expect(again).toMatchObject({ kind: 'create', lines: [{ quantity: order.quantity }] });
    expect(Date.parse(again.respondBy)).toBeGreaterThan(Date.parse(iso(clock)) + 11 * 3_600_000);
  });

  it('is told as more once the factory refuses to hurry', async () => {
    await sell('K3-S', 60);
    const first = await asked('K3-S');
    // Later than was promised: need sees it as too late.
    const late = dayAfter(first.lines[0].due, 20);
    await as(factory, 'POST', `/v1/signals/${first.id}/reply`, { version: first.version, verdict: 'counter', lines: [{ lineId: first.lines[0].lineId, verdict: 'counter', splits: [{ quantity: first.lines[0].quantity, date: late }] }] });
    expect((await r.call('POST', `/v1/signals/${first.id}/decision`, { version: first.version, verdict: 'accept' })).status).toBe(200);
    const hurry = await asked('K3-S');
    expect(hurry).toMatchObject({ kind: 'expedite', lines: [{ dueBefore: late }] });
    await as(factory, 'POST', `/v1/signals/${hurry.id}/reply`, { version: hurry.version, verdict: 'reject' });
    expect(['create', 'increase']).toContain((await asked('K3-S')).kind);
  });
});

describe('a counter', () => {
  it('gives the buyer a time of their own, and what the buyer answers is theirs', async () => {
    await sell('K4-S', 60);
    const first = await asked('K4-S');
    clock += 11 * 3600;
    await sell('K1-S', 1);
    const line = first.lines[0];
    await as(factory, 'POST', `/v1/signals/${first.id}/reply`, { version: first.version, verdict: 'counter', lines: [{ lineId: line.lineId, verdict: 'counter', splits: [{ quantity: 40, date: line.due }] }] });
    const countered = await signal(first.id);
    expect(countered.status).toBe('countered');
    expect(Date.parse(countered.respondBy) - Date.parse(first.respondBy)).toBeGreaterThan(10 * 3_600_000);
    expect((await r.call('POST', `/v1/signals/${first.id}/decision`, { version: first.version, verdict: 'counter', lines: [{ lineId: line.lineId, quantity: 50 }] })).status).toBe(200);
    clock += 20 * 60;
    await sell('K4-S', 300);
    await until('planning looked at it', () => waits('K4-S'));
    expect(await signal(first.id)).toMatchObject({ status: 'sent', version: first.version + 1, lines: [{ quantity: 50 }] });
  });
});

describe('a counter to a heads-up', () => {
  it('waits for its hour, which brings the firm version', async () => {
    await sell('K7-S', 60);
    const first = await asked('K7-S');
    expect(first.commitment).not.toBe('firm');
    const line = first.lines[0];
    await as(factory, 'POST', `/v1/signals/${first.id}/reply`, { version: first.version, verdict: 'counter', lines: [{ lineId: line.lineId, verdict: 'counter', splits: [{ quantity: 40, date: line.due }] }] });
    expect(await signal(first.id)).toMatchObject({ status: 'countered', respondBy: first.respondBy });
    clock += 24 * 3600;
    await sell('K1-S', 1);
    await until('it is firm', async () => (await signal(first.id)).commitment === 'firm');
  });
});

describe('an order that moves on while a change of it is open', () => {
  it('ends the change when it is cut; tolerance is of what was agreed', async () => {
    const order = await confirmed('K5-S', 100);
    const less = await request_(order, 'decrease', { quantity: order.quantity - 20 });
    expect(less.status).toBe(201);
    const cut = (quantity: number) => as(factory, 'POST', `/v1/production-orders/${order.id}/progress`, { stage: 'cut', lines: [{ lineId: order.lineId, quantity }] });
    const most = Math.floor(order.quantity * 1.05);
    expect((await cut(most)).body).toMatchObject({ lines: [{ quantity: most }] });
    const further = await request_(order, 'delay', { due: dayAfter(order.due, 3) });
    await as(factory, 'POST', `/v1/signals/${further.body.id}/reply`, { version: 1, verdict: 'accept' });
    expect((await cut(Math.floor(most * 1.05))).body.code).toBe('outside-tolerance');
    expect((await signal(less.body.id)).status).toBe('withdrawn');
    expect((await as(factory, 'POST', `/v1/signals/${less.body.id}/reply`, { version: 1, verdict: 'accept' })).body.code).toBe('not-open');
    expect((await r.call('GET', `/v1/production-orders/${order.id}`)).body.lines[0].quantity).toBe(most);
  });

  it('asks for a new one where what was asked of it can no longer be added', async () => {
    const order = await confirmed('K8-S', 60);
    await sell('K8-S', 100);
    const more = await asked('K8-S');
    expect(more).toMatchObject({ kind: 'increase', productionOrder: order.id });
    await as(factory, 'POST', `/v1/production-orders/${order.id}/progress`, { stage: 'shipped', lines: [{ lineId: order.lineId, quantity: order.quantity }] });
    expect((await signal(more.id)).status).toBe('withdrawn');
    const next = await asked('K8-S');
    expect(next.kind).toBe('create');
    expect(next.productionOrder).not.toBe(order.id);
  });

  it('goes on being made after a first part came, and ends its changes when the last one did', async () => {
    const order = await confirmed('K6-S', 100);
    const receive = (quantity: number) => as(warehouse, 'POST', `/v1/production-orders/${order.id}/receipts`, { lines: [{ lineId: order.lineId, quantity }] });
    expect((await receive(30)).body.productionOrder.status).toBe('received');
    expect((await as(factory, 'POST', `/v1/production-orders/${order.id}/progress`, { stage: 'dyed', lines: [{ lineId: order.lineId, quantity: order.quantity }] })).body.status).toBe('received');
    expect((await request_(order, 'decrease', { quantity: 29 })).body).toMatchObject({ status: 422, detail: expect.stringContaining('30 produced or received') });
    expect((await request_(order, 'expedite', { due: dayAfter(order.due, -2), quantity: 5000 })).body).toMatchObject({ status: 422, detail: expect.stringContaining('lines[0].quantity') });
    const later = await request_(order, 'delay', { due: dayAfter(order.due, 2) });
    expect(later.status).toBe(201);
    await as(factory, 'POST', `/v1/signals/${later.body.id}/reply`, { version: 1, verdict: 'accept' });
    expect((await r.call('GET', `/v1/production-orders/${order.id}`)).body).toMatchObject({ status: 'received', lines: [{ quantity: order.quantity, due: dayAfter(order.due, 2) }] });
    const again = await request_(order, 'delay', { due: dayAfter(order.due, 4) });
    expect((await receive(order.quantity - 30)).body.productionOrder.status).toBe('closed');
    expect((await signal(again.body.id)).status).toBe('withdrawn');
  });
});
