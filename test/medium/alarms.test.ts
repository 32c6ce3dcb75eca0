import { closeServer, request, running, until, type Running } from '../factories/database.js';
import { cameBack, soldAndShipped } from '../factories/lots.js';
import { CATALOGUE_HEAD, furnish, iso, ndjson, NDJSON, orderEvent, skuRow } from '../factories/merchant.js';
import { UNBALANCED } from '../factories/stock.js';

let r: Running;
let bad: { lot: string; order: string };
let good: { lot: string; order: string };
beforeAll(async () => {
  r = await running();
  await furnish(r, ['K1-S', 'K2-S'], { stage_days: '', trial_quantity: '' });
  await r.call('POST', '/v1/imports/catalogue', `${CATALOGUE_HEAD}\n${skuRow('T3-S', { stage_days: '', trial_quantity: 20 })}\n`, { 'content-type': 'text/csv' });
  bad = await soldAndShipped(r, { prefix: 'b', sku: 'K1-S', sold: 120, received: 100, shipped: 60, at: 100 });
  good = await soldAndShipped(r, { prefix: 'g', sku: 'K2-S', sold: 100, received: 100, shipped: 80, at: 100_000 });
});
afterEach(async () => {
  expect((await r.sql.query(UNBALANCED)).rows).toEqual([]);
});
afterAll(async () => {
  await r.close();
  await closeServer();
});
const stockOf = async (sku: string) => (await r.call('GET', `/v1/skus/${sku}/availability?world=replay`)).body;
const alarms = async (query = '') => (await r.call('GET', `/v1/alarms?world=replay${query}`)).body.items;
const drained = () => until('inspections are looked at', async () => (await r.sql.query(`select count(*)::int as n from job_outbox where job in ('returns.watch-lots', 'inventory.settle-orders') and state = 'due'`)).rows[0].n === 0);

it('returns for other reasons, and a few faulty units, are no alarm', async () => {
  for (let i = 0; i < 12; i++) await cameBack(r, { id: `G${i}`, order: `g${i}`, sku: 'K2-S', finding: i < 2 ? 'defect' : 'too-small', grade: i < 2 ? 'C' : 'A', at: 300_000 + i });
  await drained();
  expect(await alarms()).toEqual([]);
  expect(good.lot).toMatch(/^lot_/);
});

let alarm: any;
it('a lot out of control is stopped everywhere: stock, production, and a sample is asked for', async () => {
  expect(await stockOf('K1-S')).toMatchObject({ onHand: 40, reserved: 40, waiting: 20, blocked: 0 });
  for (let i = 0; i < 12; i++) {
    await cameBack(r, { id: `B${i}`, order: `b${i}`, sku: 'K1-S', finding: 'defect', grade: 'C', at: 310_000 + i });
    await drained();
    if ((await alarms()).length > 0) break;
  }
  [alarm] = await alarms();
  expect(alarm).toMatchObject({
    kind: 'lot', lot: bad.lot, supplier: 'factory-1', skus: ['K1-S'], status: 'open', productionOrder: bad.order,
    counted: { left: 60, limit: 0.025, falseAlarms: 0.001 }, actions: { quarantined: 40, kept: 0, sample: expect.stringMatching(/^smp_/) },
  });
  expect(alarm.counted.evidence).toBeGreaterThanOrEqual(alarm.counted.alarmAt);
  expect(alarm.counted.defects).toBeGreaterThanOrEqual(5);
  // The promised units wait again, and nobody can be sold one.
  expect(await stockOf('K1-S')).toMatchObject({ onHand: 0, reserved: 0, available: 0, waiting: 60, blocked: 40 });
  expect((await r.call('GET', `/v1/sample-requests/${alarm.actions.sample}`)).body).toMatchObject({ kind: 'top-of-production', lines: [{ style: 'K1', colour: 'black' }], evidence: { cause: 'alarm', lot: bad.lot } });
  expect((await r.call('GET', `/v1/stock-movements?world=replay&lot=${bad.lot}&cause=quarantine`)).body.items).toHaveLength(2);
});

it('what is being made behind it is told to stop', async () => {
  // The rest of the order that the lot is of is still to come.
  expect(alarm.actions.held).toBe(bad.order);
  const hold = (await r.call('GET', '/v1/signals?sku=K1-S&limit=500')).body.items.find((s: { kind: string }) => s.kind === 'hold');
  expect(hold).toMatchObject({ productionOrder: bad.order, commitment: 'firm', status: 'sent' });
  await r.call('POST', `/v1/signals/${hold.id}/reply`, { version: hold.version, verdict: 'accept' });
  expect((await r.call('GET', `/v1/production-orders/${bad.order}`)).body.status).toBe('on-hold');
  // The 60 units that wait now ask for nothing new while the order behind them is stopped.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect((await r.call('GET', '/v1/signals?sku=K1-S&status=sent')).body.items).toEqual([]);
});

it('is raised once, however many more come back', async () => {
  await cameBack(r, { id: 'B50', order: 'b50', sku: 'K1-S', finding: 'defect', grade: 'C', at: 320_000 });
  await drained();
  expect(await alarms()).toHaveLength(1);
});

it('what comes back of it as new waits with the rest of the lot, and is not sold', async () => {
  await r.call('POST', '/v1/returns', { return_id: 'B55', occurred_at: iso(320_100), shop: 'shop-1', order_id: 'b55', line_id: '1', sku: 'K1-S', quantity: 1 });
  await r.call('POST', '/v1/returns/B55/receipt', { at: iso(321_000) });
  const inspect = (over: object) => r.call('POST', '/v1/returns/B55/inspection', { units: [{ quantity: 1, grade: 'A', finding: 'no-fault', ...over }], at: iso(322_000) });
  expect((await inspect({ disposition: 'restock' })).body).toMatchObject({ status: 409, code: 'lot-withdrawn', alarm: alarm.id, lot: bad.lot, detail: expect.stringContaining('units[0].disposition') });
  expect((await inspect({})).body).toMatchObject({ goods: 'inspected', inspections: [{ grade: 'A', disposition: 'quarantine' }] });
  await drained();
  expect(await stockOf('K1-S')).toMatchObject({ onHand: 0, reserved: 0, waiting: 60, blocked: 41 });
});

it('a person closes it: dismissed, its stock serves the orders that wait; nothing twice', async () => {
  const quality = (await r.call('POST', '/v1/api-keys', { name: 'q', role: 'quality' })).body.key;
  const close = (verdict: string, key = quality) => request(r.url, 'POST', `/v1/alarms/${alarm.id}/closing`, { verdict, note: 'a careless inspector' }, { authorization: `Bearer ${key}` });
  expect((await request(r.url, 'POST', '/v1/alarms/alm_none/closing', { verdict: 'dismissed', note: 'x' }, { authorization: `Bearer ${quality}` })).status).toBe(404);
  expect((await close('maybe')).status).toBe(422);
  expect((await close('dismissed')).body).toMatchObject({ status: 'dismissed', note: 'a careless inspector' });
  expect(await stockOf('K1-S')).toMatchObject({ onHand: 41, reserved: 41, waiting: 19, blocked: 0 });
  expect((await close('dismissed')).body.status).toBe('dismissed');
  expect((await close('confirmed')).body).toMatchObject({ status: 409, currentStatus: 'dismissed' });
  expect(await stockOf('K1-S')).toMatchObject({ onHand: 41, blocked: 0 });
});

it('what was dismissed does not count towards the next alarm of the lot, what comes after it does', async () => {
  for (let i = 20; i < 24; i++) await cameBack(r, { id: `B${i}`, order: `b${i}`, sku: 'K1-S', finding: 'defect', grade: 'C', at: 330_000 + i });
  await drained();
  expect(await alarms()).toHaveLength(1);
  for (let i = 24; i < 36; i++) await cameBack(r, { id: `B${i}`, order: `b${i}`, sku: 'K1-S', finding: 'out-of-tolerance', grade: 'C', at: 330_000 + i });
  await drained();
  expect((await alarms('&status=open')).map((a: { lot: string }) => a.lot)).toEqual([bad.lot]);
});

it('several dismissals add up: one more faulty unit after them is no alarm', async () => {
  const [open] = await alarms('&status=open');
  await r.call('POST', `/v1/alarms/${open.id}/closing`, { verdict: 'dismissed', note: 'the same inspector' });
  await cameBack(r, { id: 'B40', order: 'b40', sku: 'K1-S', finding: 'defect', grade: 'C', at: 335_000 });
  await drained();
  expect(await alarms('&status=open')).toEqual([]);
});

it('units that a reservation holds stay with it, are named, and are blocked when it lets them go; goods nobody looked at are never readmitted', async () => {
  const { available } = await stockOf('K2-S');
  expect(available).toBeGreaterThan(0);
  const held = await r.call('POST', '/v1/reservations', { lines: [{ sku: 'K2-S', quantity: available }], seconds: 600, shop: 'shop-1' });
  expect(held.status).toBe(201);
  for (let i = 20; i < 40; i++) await cameBack(r, { id: `H${i}`, order: `g${i}`, sku: 'K2-S', finding: 'defect', grade: 'C', at: 340_000 + i });
  await drained();
  const [raised] = await alarms('&sku=K2-S');
  expect(raised.actions.kept).toBe(available);
  expect((await r.call('GET', `/v1/reservations/${held.body.id}`)).body.status).toBe('held');
  await r.call('DELETE', `/v1/reservations/${held.body.id}`);
  const level = await stockOf('K2-S');
  expect(level.lots.filter((l: { lot: string; quality: string }) => l.lot === raised.lot && l.quality === 'A')).toEqual([]);
  // One more comes back and waits for its inspection, when the alarm turns out to be none.
  await r.call('POST', '/v1/returns', { return_id: 'H60', occurred_at: iso(345_000), shop: 'shop-1', order_id: 'g60', line_id: '1', sku: 'K2-S', quantity: 1 });
  await r.call('POST', '/v1/returns/H60/receipt', { at: iso(346_000) });
  const blocked = (await stockOf('K2-S')).lots.filter((l: { lot: string; quality: string }) => l.lot === raised.lot && l.quality === 'quarantine').reduce((n: number, l: { units: number }) => n + l.units, 0);
  expect((await r.call('POST', '/v1/stock-movements', { world: 'replay', cause: 'scrap', sku: 'K2-S', lot: raised.lot, quality: 'quarantine', quantity: blocked - 1, note: 'burnt' })).status).toBe(201);
  expect((await r.call('POST', `/v1/alarms/${raised.id}/closing`, { verdict: 'dismissed', note: 'x' })).status).toBe(200);
  const inspected = await r.call('POST', '/v1/returns/H60/inspection', { units: [{ quantity: 1, grade: 'C', finding: 'defect' }] });
  expect(inspected.body).toMatchObject({ goods: 'disposed', inspected: 1 });
});

it('of a withdrawn lot nobody is sold a unit: neither the order that a reservation kept units of it for, nor another; none is sold by hand either', async () => {
  await r.call('POST', '/v1/imports/catalogue', `${CATALOGUE_HEAD}\n${skuRow('K4-S', { stage_days: '', trial_quantity: '', initial_stock: 0 })}\n`, { 'content-type': 'text/csv' });
  const { lot, order } = await soldAndShipped(r, { prefix: 'w', sku: 'K4-S', sold: 100, received: 100, shipped: 60, at: 400_000 });
  const take = async (events: readonly object[]) => {
    await r.call('POST', '/v1/order-events/bulk', ndjson(events), NDJSON);
    await drained();
    await until('order news are taken up', async () => (await r.sql.query('select count(*)::int as n from order_news')).rows[0].n === 0);
    await drained();
  };
  const told = (name: string, type: string, quantity: number, at: number) => orderEvent({ event_id: `${name}-${type}-${at}`, order_id: name, sku: 'K4-S', type, quantity, occurred_at: iso(at) });
  // Ten that were sold are not wanted after all: a reservation takes them.
  await take(Array.from({ length: 10 }, (_, i) => told(`w${60 + i}`, 'cancelled', 1, 410_000 + i)));
  const { available } = await stockOf('K4-S');
  expect((await r.call('POST', '/v1/reservations', { lines: [{ sku: 'K4-S', quantity: available }], seconds: 600, shop: 'shop-1', orderId: 'wr' })).status).toBe(201);
  for (let i = 0; i < 12 && (await alarms('&sku=K4-S')).length === 0; i++) {
    await cameBack(r, { id: `W${i}`, order: `w${i}`, sku: 'K4-S', finding: 'defect', grade: 'C', at: 420_000 + i });
    await drained();
  }
  const [raised] = await alarms('&sku=K4-S');
  expect([raised.lot, raised.actions.kept]).toEqual([lot, available]);
  const before = (await r.sql.query('select coalesce(max(id), 0) as id from stock_movements')).rows[0].id;
  // Good units come in for the 30 that wait; what is paid and shipped now leaves out of those.
  await r.call('POST', '/v1/stock-movements', { world: 'replay', cause: 'adjust', sku: 'K4-S', quantity: 35, note: 'made elsewhere' });
  await take([told('wr', 'paid', available, 430_000), told('wr', 'shipped', available, 430_001), ...Array.from({ length: 30 }, (_, i) => told(`w${70 + i}`, 'shipped', 1, 430_100 + i))]);
  const claims = (await r.sql.query(`select coalesce(sum(claimed) filter (where lot = $2), 0)::int as withdrawn, sum(claimed)::int as n from stock_movements where sku = 'K4-S' and cause = 'claim' and id > $1`, [before, lot])).rows[0];
  expect(claims).toEqual({ withdrawn: 0, n: 35 });
  const level = await stockOf('K4-S');
  expect(level.unclaimed).toBe(available + 30 - 35);
  expect(level.lots.filter((l: { lot: string; quality: string }) => l.lot === lot && l.quality === 'A')).toEqual([]);
  expect(order).toMatch(/^po_/);
  const byHand = await r.call('POST', '/v1/stock-movements', { world: 'replay', cause: 'regrade', sku: 'K4-S', lot, quality: 'quarantine', toQuality: 'A', quantity: 1, note: 'looks fine' });
  expect(byHand.body).toMatchObject({ status: 409, code: 'lot-withdrawn', withdrawnBy: raised.id });
});

it('production of a style that an alarm stopped goes on when the alarm is dismissed, or a person says so', async () => {
  await r.call('POST', '/v1/sample-overrides', { supplier: 'factory-1', style: 'T3', note: 'known for years', world: 'replay' });
  const { lot } = await soldAndShipped(r, { prefix: 't', sku: 'T3-S', sold: 60, received: 60, shipped: 40, at: 500_000 });
  const raise = async (from: number, orders: number): Promise<any> => {
    for (let i = from; i < from + orders; i++) await cameBack(r, { id: `T${i}`, order: `t${i}`, sku: 'T3-S', finding: 'defect', grade: 'C', at: 700_000 + i });
    await drained();
    return (await alarms('&sku=T3-S&status=open'))[0];
  };
  const first = await raise(0, 9);
  expect(first.lot).toBe(lot);
  await r.call('POST', '/v1/order-events/bulk', ndjson(Array.from({ length: 60 }, (_, i) => orderEvent({ sku: 'T3-S', occurred_at: iso(720_000 + i) }))), NDJSON);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect((await r.call('GET', '/v1/signals?status=sent&sku=T3-S')).body.items).toEqual([]);
  await r.call('POST', `/v1/alarms/${first.id}/closing`, { verdict: 'dismissed', note: 'the seams are fine' });
  expect((await r.call('GET', `/v1/sample-requests/${first.actions.sample}`)).body.status).toBe('cancelled');
  // Meanwhile its time to be answered had run out; it is called off all the same.
  await until('production goes on', async () => (await r.call('GET', '/v1/signals?status=sent&sku=T3-S')).body.items.length === 1);
  // A second alarm, whose sample the factory declines: a person's word is enough.
  const second = await raise(9, 9);
  expect((await r.call('POST', `/v1/signals/${second.actions.sample}/reply`, { version: 1, verdict: 'reject' })).body.status).toBe('declined');
  await r.call('POST', '/v1/sample-overrides', { supplier: 'factory-1', style: 'T3', note: 'we looked ourselves', world: 'replay' });
  await until('production goes on', async () => (await r.call('GET', '/v1/signals?status=sent&sku=T3-S')).body.items.length === 1);
}, 120_000);
