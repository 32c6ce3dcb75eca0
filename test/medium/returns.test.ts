import { CohortSums, ratesByKey } from '../../src/returns/math/index.js';
import { closeServer, request, running, until, type Running } from '../factories/database.js';
import { faultsOf } from '../factories/epcis.js';
import { CATALOGUE_HEAD, furnish, iso, ndjson, NDJSON, orderEvent, skuRow } from '../factories/merchant.js';
import { UNBALANCED } from '../factories/stock.js';

let r: Running;
beforeAll(async () => {
  r = await running();
  await furnish(r, ['K1-S', 'K1-M', 'K9-S'], { initial_stock: 10 });
});
afterAll(async () => {
  await r.close();
  await closeServer();
});
const stockOf = async (sku: string) => (await r.call('GET', `/v1/skus/${sku}/availability?world=replay`)).body;
const take = (events: readonly unknown[]) => r.call('POST', '/v1/order-events/bulk', ndjson(events), NDJSON);
const settled = () => until('order news are taken up', async () => (await r.sql.query(`select (select count(*) from order_news)::int + (select count(*) from job_outbox where job = 'inventory.settle-orders' and state = 'due')::int as n`)).rows[0].n === 0);
afterEach(async () => {
  await settled();
  expect((await r.sql.query(UNBALANCED)).rows).toEqual([]);
});
async function sold(order: string, sku: string, quantity: number, at: number): Promise<void> {
  await take([orderEvent({ event_id: `${order}-p`, order_id: order, sku, quantity, occurred_at: iso(at) }), orderEvent({ event_id: `${order}-s`, order_id: order, sku, quantity, type: 'shipped', occurred_at: iso(at + 1) })]);
  await settled();
}
const returned = (id: string, order: string, over: Record<string, unknown> = {}) =>
  r.call('POST', '/v1/returns', { return_id: id, occurred_at: iso(5000), shop: 'shop-1', order_id: order, line_id: '1', sku: 'K1-S', quantity: 2, claimed_reason: 'too small', ...over });

describe('a return from the request to the shelf', () => {
  it('is opened once, mirrors the platform, and says what does not fit its order', async () => {
    await sold('o1', 'K1-S', 3, 1);
    const first = await returned('R1', 'o1', { tracking_number: 'SF100' });
    expect(first).toMatchObject({ status: 201, body: { id: 'R1', status: 'requested', goods: 'awaiting', kind: 'return', claimedReason: 'too small', flags: [] } });
    expect((await returned('R1', 'o1', { tracking_number: 'SF100' })).body.history).toHaveLength(1);
    expect((await returned('R1', 'o1', { occurred_at: iso(6000), status: 'refunded' })).body).toMatchObject({ status: 'refunded', trackingNumber: 'SF100', requestedAt: new Date(iso(5000)).toISOString() });
    expect((await returned('R1', 'o1', { occurred_at: iso(5500), status: 'approved' })).body.status).toBe('refunded');
    expect(await returned('R1', 'o1', { quantity: 1 })).toMatchObject({ status: 409, body: { code: 'return-id-reused' } });
    expect((await returned('R2', 'o1', { quantity: 2 })).body.flags).toEqual(['more-than-bought']);
    expect((await returned('R3', 'nowhere')).body.flags).toEqual(['order-unknown']);
    expect(await returned('R4', 'o1', { sku: 'none' })).toMatchObject({ status: 422, body: { code: 'unknown-sku' } });
    expect(await returned('R4', 'o1', { shop: 'none' })).toMatchObject({ status: 404 });
    expect(await returned('R4', 'o1', { grade: 'A' })).toMatchObject({ status: 422, body: { detail: expect.stringContaining('received_at') } });
  });

  it('comes in by its waybill, once, and is blocked until somebody has looked', async () => {
    expect((await r.call('POST', '/v1/return-receipts', { trackingNumber: 'SF100' })).body).toMatchObject({ received: 1, items: [{ id: 'R1', goods: 'received', condition: 'whole', received: 2, lots: [{ lot: null, units: 2 }] }] });
    expect((await r.call('POST', '/v1/return-receipts', { trackingNumber: 'SF100' })).body.received).toBe(0);
    expect((await r.call('POST', '/v1/returns/R1/receipt', {})).body).toMatchObject({ code: 'already-received' });
    expect((await r.call('POST', '/v1/return-receipts', { trackingNumber: 'SF999' })).status).toBe(404);
    expect(await stockOf('K1-S')).toMatchObject({ onHand: 7, blocked: 2, claimed: 3, history: { opening: 10, returned: 2 } });
  });

  it('is inspected unit by unit: what is like new serves the orders that wait, the rest goes where it is sent', async () => {
    await take([orderEvent({ event_id: 'w-p', order_id: 'w', sku: 'K1-S', quantity: 8, occurred_at: iso(20) })]);
    await settled();
    expect(await stockOf('K1-S')).toMatchObject({ onHand: 7, reserved: 7, waiting: 1 });
    const inspect = (units: object[]) => r.call('POST', '/v1/returns/R1/inspection', { units });
    expect((await inspect([{ quantity: 3, grade: 'A', finding: 'no-fault' }])).body).toMatchObject({ code: 'not-received', received: 2 });
    expect((await inspect([{ quantity: 1, grade: 'B', finding: 'worn', disposition: 'restock' }])).body).toMatchObject({ status: 422, detail: expect.stringContaining('units[0].disposition') });
    expect((await inspect([{ quantity: 1, grade: 'A', finding: 'no-fault' }])).body).toMatchObject({ goods: 'received', inspected: 1 });
    expect(await stockOf('K1-S')).toMatchObject({ onHand: 8, reserved: 8, waiting: 0, blocked: 1 });
    expect((await inspect([{ quantity: 1, grade: 'C', finding: 'defect', note: 'torn seam' }])).body).toMatchObject({ goods: 'disposed', inspected: 2, inspections: [{ disposition: 'restock' }, { disposition: 'scrap', finding: 'defect', note: 'torn seam' }] });
    expect(await stockOf('K1-S')).toMatchObject({ onHand: 8, blocked: 0, history: { returned: 2, scrapped: 1 } });
  });

  it('is not sold as what it is not: of another article, with a fault or of a category of hygiene it waits in quarantine, however good it looks', async () => {
    await r.call('POST', '/v1/imports/catalogue', [CATALOGUE_HEAD, skuRow('U1-S', { category: 'underwear', initial_stock: 5 }), ''].join('\n'), { 'content-type': 'text/csv' });
    for (const [id, sku, finding, field] of [['N1', 'K1-S', 'wrong-item', 'wrong-item'], ['N2', 'U1-S', 'no-fault', 'underwear']] as const) {
      await sold(`order-${id}`, sku, 1, 30);
      await returned(id, `order-${id}`, { sku, quantity: 1 });
      await r.call('POST', `/v1/returns/${id}/receipt`, {});
      const { onHand, blocked } = await stockOf(sku);
      const inspect = (over: object) => r.call('POST', `/v1/returns/${id}/inspection`, { units: [{ quantity: 1, grade: 'A', finding, ...over }] });
      const refused = (await inspect({ disposition: 'restock' })).body;
      expect(refused).toMatchObject({ status: 422, detail: expect.stringContaining('units[0].disposition') });
      expect(refused.detail).toContain(field);
      expect((await inspect({})).body).toMatchObject({ goods: 'inspected', inspections: [{ grade: 'A', disposition: 'quarantine' }] });
      expect(await stockOf(sku)).toMatchObject({ onHand, blocked });
    }
  });

  let lot = '';
  it('of units from a lot is traced to that lot', async () => {
    const receipt = await r.call('POST', '/v1/stock-movements', { world: 'replay', cause: 'adjust', sku: 'K1-M', quantity: -10, note: 'clear' });
    expect(receipt.status).toBe(201);
    await r.call('POST', '/v1/broadcasts', { id: 'B7', anchor: 'anchor-7', shop: 'shop-1', startsAt: iso(0), endsAt: iso(3600) });
    await take(Array.from({ length: 60 }, (_, i) => orderEvent({ event_id: `m${i}`, order_id: `m${i}`, sku: 'K1-M', broadcast: 'B7', occurred_at: iso(100 + i) })));
    let signal: any;
    await until('a signal', async () => (signal = (await r.call('GET', '/v1/signals?status=sent&sku=K1-M')).body.items[0]) !== undefined);
    await r.call('POST', `/v1/signals/${signal.id}/reply`, { version: signal.version, verdict: 'accept' });
    const booked = await r.call('POST', `/v1/production-orders/${signal.productionOrder}/receipts`, { lines: [{ lineId: signal.lines[0].lineId, quantity: 20, dyeLot: 'D9' }] });
    await take([orderEvent({ event_id: 'm0-s', order_id: 'm0', sku: 'K1-M', type: 'shipped', occurred_at: iso(300) })]);
    await settled();
    await returned('R9', 'm0', { sku: 'K1-M', quantity: 1 });
    lot = booked.body.lot;
    expect((await r.call('POST', '/v1/returns/R9/receipt', {})).body.lots).toEqual([{ lot: booked.body.lot, subLot: 'D9', location: 'main', units: 1, inspected: 0 }]);
  });

  it('is traced in one call from the unit back to the minute of the broadcast and its anchor', async () => {
    await r.call('POST', '/v1/returns/R9/inspection', { units: [{ quantity: 1, grade: 'C', finding: 'defect' }] });
    const trace = (await r.call('GET', '/v1/trace/return/R9')).body;
    expect(trace).toMatchObject({
      kind: 'return', id: 'R9', inspections: [{ lot, finding: 'defect', disposition: 'scrap' }],
      order: { orderId: 'm0', broadcast: { id: 'B7', minute: 1 }, anchor: 'anchor-7' },
      lots: [{ lot, subLot: 'D9', units: 1, supplier: 'factory-1', receipt: { id: expect.stringMatching(/^rec_/) }, productionOrder: { id: expect.stringMatching(/^po_/) } }],
    });
    const [signal] = trace.lots[0].productionOrder.signals;
    expect(signal).toMatchObject({ kind: 'create', status: 'applied', broadcast: 'B7', assessment: expect.stringMatching(/^as_/), spike: { id: expect.stringMatching(/^spk_/) } });
    expect((await r.call('GET', `/v1/assessments/${signal.assessment}`)).status).toBe(200);
    // And forward again: from the order, and from the lot to every unit of it.
    expect((await r.call('GET', '/v1/trace/order/m0?shop=shop-1')).body.lines).toMatchObject([{ lots: [{ lot }], returns: [{ id: 'R9', quantity: 1 }] }]);
    const forward = (await r.call('GET', `/v1/trace/lot/${lot}`)).body;
    expect(forward).toMatchObject({
      id: lot, skus: [{ sku: 'K1-M', received: 20, left: 1, returned: 1, scrapped: 1 }], house: [{ sku: 'K1-M', subLot: 'D9', quality: 'A', units: 19 }],
      orderLines: { items: [{ orderLine: 'shop-1/m0/1', units: 1 }], nextCursor: null }, returns: [{ id: 'R9', units: 1, findings: ['defect'] }],
    });
    for (const path of ['return/none', 'order/none', 'lot/none', 'star/R9']) expect((await r.call('GET', `/v1/trace/${path}`)).status).toBe(404);
  });

  it('is traced from the broadcast on: its spikes, what was made because of it, and each order with what came back', async () => {
    const trace = (await r.call('GET', '/v1/trace/broadcast/B7')).body;
    expect(trace).toMatchObject({ kind: 'broadcast', id: 'B7', shop: 'shop-1', anchor: 'anchor-7', cancelledAt: null, spikes: [{ id: expect.stringMatching(/^spk_/), sku: 'K1-M' }], productionOrders: [{ id: expect.stringMatching(/^po_/), lots: [{ id: lot, orderLines: 1, returns: 1 }] }] });
    expect(trace.orderLines.items).toHaveLength(50);
    expect(trace.orderLines.items[0]).toMatchObject({ orderId: 'm0', lineId: '1', sku: 'K1-M', ordered: 1, returns: [{ id: 'R9', goods: 'disposed' }] });
    const rest = (await r.call('GET', `/v1/trace/broadcast/B7?cursor=${trace.orderLines.nextCursor}`)).body.orderLines;
    expect(rest.nextCursor).toBeNull();
    expect(new Set([...trace.orderLines.items, ...rest.items].map((l: { orderId: string }) => l.orderId)).size).toBe(60);
    expect((await r.call('GET', '/v1/trace/broadcast/none')).status).toBe(404);
  });

  it('says how many returns a lot has beyond those that it lists', async () => {
    const { productionOrder } = (await r.call('GET', `/v1/trace/lot/${lot}`)).body;
    await r.sql.query(`insert into lots (id, world, production_order, received_at) values ('lot_many', 'replay', $1, now())`, [productionOrder.id]);
    await r.sql.query(`insert into return_cases (id, shop, order_id, line_id, sku, quantity, kind, requested_at, status, status_at, goods)
      select 'many-' || n, 'shop-1', 'none', '1', 'K1-M', 1, 'refund-only', now(), 'refused', now(), 'none' from generate_series(1, 501) n`);
    // Of no units, so that the books stay balanced.
    await r.sql.query(`insert into stock_movements (world, sku, location, lot, sub_lot, quality, cause, house, reserved, claimed, origin, origin_id, at, actor)
      select 'replay', 'K1-M', 'main', 'lot_many', '', 'quarantine', 'return-receipt', 0, 0, 0, 'return', 'many-' || n, now(), 'x' from generate_series(1, 501) n`);
    const trace = (await r.call('GET', '/v1/trace/lot/lot_many')).body;
    expect([trace.returns.length, trace.returnCount]).toEqual([500, 501]);
    const lots = (await r.call('GET', `/v1/trace/production-order/${productionOrder.id}`)).body.lots;
    expect(lots.map((l: { id: string; returns: number }) => [l.id, l.returns])).toEqual([[lot, 1], ['lot_many', 501]]);
  });

  it('of something never shipped is taken in and flagged; a refund without goods awaits none', async () => {
    await take([orderEvent({ event_id: 'n-p', order_id: 'n', sku: 'K1-S', occurred_at: iso(400) })]);
    await returned('R10', 'n', { quantity: 1 });
    expect((await r.call('POST', '/v1/returns/R10/receipt', {})).body).toMatchObject({ flags: ['never-shipped'], goods: 'received' });
    expect((await returned('R11', 'n', { quantity: 1, kind: 'refund-only' })).body.goods).toBe('none');
  });
});

describe('files', () => {
  const csv = (lines: string[], query = '') => r.call('POST', `/v1/imports/returns${query}`, ['return_id,occurred_at,shop,order_id,line_id,sku,quantity,claimed_reason,kind,grade,finding,received_at', ...lines, ''].join('\n'), { 'content-type': 'text/csv' });

  it('bring cases with what was found, whole or not at all, and once', async () => {
    const lines = [`F1,${iso(7000)},shop-1,o1,1,K1-S,1,late,return,A,no-fault,${iso(8000)}`, `F2,${iso(7000)},shop-1,o1,1,K1-S,1,,failed-delivery,,,`];
    const before = await stockOf('K1-S');
    expect((await csv([...lines, `F3,${iso(7000)},shop-1,o1,1,none,1,,,,,`])).body).toMatchObject({ code: 'import-rejected', detail: expect.stringContaining('line 4') });
    expect((await r.call('GET', '/v1/returns/F1')).status).toBe(404);
    expect((await csv(lines)).body).toMatchObject({ accepted: 2, duplicates: 0 });
    expect((await csv(lines)).body).toMatchObject({ accepted: 0, duplicates: 2 });
    expect((await r.call('GET', '/v1/returns/F1')).body).toMatchObject({ goods: 'disposed', received: 1, inspected: 1 });
    expect((await stockOf('K1-S')).history.returned).toBe(before.history.returned + 1);
    expect((await r.call('GET', '/v1/returns?shop=shop-1&goods=awaiting')).body.items.map((c: { id: string }) => c.id)).toContain('F2');
  });

  it('take in what fits beside a case that came in part, and name the one line that cannot be booked', async () => {
    for (const id of ['F5', 'F6']) await returned(id, 'o1', { quantity: id === 'F5' ? 2 : 1, occurred_at: iso(7100) });
    expect((await r.call('POST', '/v1/returns/F5/receipt', { quantity: 1 })).body).toMatchObject({ received: 1, condition: 'short' });
    const line = (id: string, quantity: number, grade: string, order = 'o1', sku = 'K1-S') => `${id},${iso(7100)},shop-1,${order},1,${sku},${quantity},too small,return,${grade},${grade === '' ? '' : 'worn'},${iso(8100)}`;
    // The file says all two came; the warehouse counted one.
    expect((await csv([line('F5', 2, 'B')])).body).toMatchObject({ duplicates: 1, rejectedCount: 0 });
    expect((await r.call('GET', '/v1/returns/F5')).body).toMatchObject({ goods: 'inspected', received: 1, inspected: 1 });
    // The unit of F6 was thrown away before anybody had looked at it, when that could still be booked by hand.
    await r.call('POST', '/v1/returns/F6/receipt', {});
    const where = `world = 'replay' and sku = 'K1-S' and location = 'main'`;
    const units = Number((await r.sql.query(`select units from stock_lots where ${where} and lot = '' and quality = 'quarantine'`)).rows[0].units);
    expect((await r.call('POST', '/v1/stock-movements', { world: 'replay', cause: 'scrap', sku: 'K1-S', quality: 'quarantine', quantity: units, note: 'burnt' })).body.code).toBe('waits-for-inspection');
    await r.sql.query(`update stock_levels set blocked = blocked - ${units}, scrapped = scrapped + ${units} where ${where}`);
    await r.sql.query(`update stock_lots set units = 0 where ${where} and lot = '' and quality = 'quarantine'`);
    await r.sql.query(`insert into stock_movements (world, sku, location, lot, sub_lot, quality, cause, house, reserved, claimed, origin, origin_id, note, at, actor) values ('replay', 'K1-S', 'main', '', '', 'quarantine', 'scrap', -${units}, 0, 0, 'person', 'key_1', 'burnt', now(), 'key_1')`);
    const lines = [line('F7', 1, '', 'nowhere', 'U1-S'), line('F6', 1, 'C'), line('F8', 1, '', 'nowhere', 'U1-S')];
    expect(await csv(lines)).toMatchObject({ status: 422, body: { code: 'import-rejected', detail: expect.stringContaining('line 3'), rejected: [{ line: 3, code: 'not-there' }] } });
    expect((await r.call('GET', '/v1/returns/F7')).status).toBe(404);
    expect((await csv(lines, '?onError=skip')).body).toMatchObject({ accepted: 2, rejectedCount: 1, rejected: [{ line: 3 }] });
    expect((await r.call('GET', '/v1/returns/F6')).body).toMatchObject({ goods: 'received', inspected: 0 });
    for (const id of ['F7', 'F8']) expect((await r.call('GET', `/v1/returns/${id}`)).body).toMatchObject({ goods: 'received', received: 1 });
  });

  it('a platform opens cases of its own shops alone', async () => {
    const key = (await r.call('POST', '/v1/api-keys', { name: 'p', role: 'platform', scopes: ['ingest:shop-2'] })).body.key;
    const body = { return_id: 'P1', occurred_at: iso(1), shop: 'shop-1', order_id: 'o1', line_id: '1', sku: 'K1-S', quantity: 1 };
    expect((await request(r.url, 'POST', '/v1/returns', body, { authorization: `Bearer ${key}` })).status).toBe(404);
  });
});

describe('return rates', () => {
  const rates = async (query: string) => (await r.call('GET', `/v1/return-rates?${query.includes('world=') ? '' : 'world=replay&'}${query}`)).body;

  it('are answered by key with intervals, the naive share beside them, and add up', async () => {
    const sku = (await rates(`by=sku&asOf=${encodeURIComponent(iso(86_400 * 40))}`)).items;
    expect(sku.map((k: { key: string }) => k.key)).toEqual(['K1-M', 'K1-S', 'U1-S']);
    for (const k of sku) {
      expect(k.lower).toBeLessThanOrEqual(k.rate);
      expect(k.rate).toBeLessThanOrEqual(k.upper);
      expect(k.naive).toBeCloseTo(k.returned / k.sold, 9);
      expect(k.finalReturns.lower).toBeGreaterThanOrEqual(k.returned);
      expect(k.finalReturns.upper).toBeLessThanOrEqual(k.sold);
    }
    expect(sku[0]).toMatchObject({ sold: 60, returned: 1 });
    const all = (await rates(`by=all&asOf=${encodeURIComponent(iso(86_400 * 40))}`)).items;
    expect(all).toMatchObject([{ key: '', sold: sku.reduce((n: number, k: { sold: number }) => n + k.sold, 0), returned: sku.reduce((n: number, k: { returned: number }) => n + k.returned, 0) }]);
    expect((await rates(`by=lot&asOf=${encodeURIComponent(iso(86_400 * 40))}`)).items).toMatchObject([{ key: expect.stringMatching(/^lot_/), sold: 1, returned: 1 }]);
    expect((await rates(`by=supplier&asOf=${encodeURIComponent(iso(86_400 * 40))}`)).items).toMatchObject([{ key: 'factory-1' }]);
    expect((await rates(`by=size&asOf=${encodeURIComponent(iso(86_400 * 40))}`)).items.map((k: { key: string }) => k.key)).toEqual(['M', 'S']);
    expect((await rates(`by=anchor&asOf=${encodeURIComponent(iso(86_400 * 40))}`)).items.map((k: { key: string }) => k.key)).toEqual(['', 'anchor-7']);
    expect((await rates('by=broadcast&kind=failed-delivery')).items.find((k: { key: string }) => k.key === 'B7')).toMatchObject({ sold: 60, returned: 0 });
  });

  it('are what the command says of the same sales: lines of each size for themselves, what a line brings in a day as one clump', async () => {
    // Late enough for the window of two horizons to hold nothing else.
    const day = 86_400;
    const asOf = 240 * day;
    const sums = new CohortSums(Date.parse(iso(asOf)), 30);
    const sizes = [1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 64, 100, 1000];
    const lines = [...sizes, ...sizes].map((quantity, i) => ({ order: `size-${i}`, quantity, at: (190 + i) * day, returns: i % 3 !== 0 ? [] : [{ at: (192 + i) * day, units: Math.ceil(quantity / 2) }, { at: (192 + i) * day + 60, units: quantity }, { at: (196 + i) * day, units: 1 }] }));
    await take(lines.map(({ order, quantity, at }) => orderEvent({ event_id: `${order}-p`, order_id: order, sku: 'K1-S', quantity, occurred_at: iso(at) })));
    for (const { order, quantity, at, returns } of lines) {
      for (const [n, back] of returns.entries()) await returned(`${order}-r${n}`, order, { quantity: back.units, occurred_at: iso(back.at) });
      sums.add('K1-S', { sold: quantity, start: Date.parse(iso(at)), returns: returns.map((x) => ({ at: Date.parse(iso(x.at)), units: x.units })) });
    }
    const { items } = await rates(`by=sku&horizonDays=30&asOf=${encodeURIComponent(iso(asOf))}`);
    const own = ratesByKey(sums.byKey(), 30, 0.9)('K1-S');
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ key: 'K1-S', sold: own.sold, returned: own.returned });
    for (const figure of ['rate', 'lower', 'upper'] as const) expect(items[0][figure]).toBeCloseTo(own[figure], 9);
    expect(items[0].finalReturns).toMatchObject({ lower: own.finalReturns.lower, upper: own.finalReturns.upper, mean: expect.closeTo(own.finalReturns.mean, 6) });
  });

  it('know only what had happened by the moment asked for', async () => {
    const early = (await rates(`by=sku&asOf=${encodeURIComponent(iso(4000))}`)).items;
    expect(early.every((k: { returned: number }) => k.returned === 0)).toBe(true);
    expect((await rates('by=sku&world=live')).items).toEqual([]);
  });

  it.each(['by=colour', 'kind=gift', 'level=2', 'level=abc', 'horizonDays=0', 'asOf=yesterday', 'world=mars'])('refuse %s and name the field', async (query) => {
    const { status, body } = await r.call('GET', `/v1/return-rates?${query}`);
    expect([status, body.detail]).toEqual([422, expect.stringContaining(String(query.split('=')[0]))]);
  });
});

describe('a trace as EPCIS', () => {
  const told = async (path: string): Promise<Record<string, any>[]> => {
    const { body } = await r.call('GET', `/v1/trace/${path}?format=epcis`);
    expect(faultsOf(body)).toEqual([]);
    return body.epcisBody.eventList;
  };
  const steps = (events: readonly Record<string, any>[]) => events.map((e) => `${e['bizStep']} ${e['disposition']}`).sort();

  it('of units of no known lot names their SKU alone; of a return that is awaited it tells what left', async () => {
    const events = await told('return/R1');
    expect(steps(events)).toEqual(['destroying destroyed', 'inspecting damaged', 'inspecting sellable_not_accessible', 'receiving returned', 'shipping in_transit']);
    for (const e of events) expect(e['quantityList']).toMatchObject([{ epcClass: expect.stringMatching(/\/id\/class\/K1-S$/) }]);
    expect(steps(await told('return/R2'))).toEqual(['shipping in_transit']);
    expect(await told('return/R11')).toEqual([]);
  });

  it('of units that go back to their supplier says so', async () => {
    await take([orderEvent({ event_id: 'm1-s', order_id: 'm1', sku: 'K1-M', type: 'shipped', occurred_at: iso(310) })]);
    await settled();
    await returned('R12', 'm1', { sku: 'K1-M', quantity: 1 });
    await r.call('POST', '/v1/returns/R12/receipt', {});
    await r.call('POST', '/v1/returns/R12/inspection', { units: [{ quantity: 1, grade: 'B', finding: 'defect', disposition: 'return-to-supplier' }] });
    const events = await told('return/R12');
    expect(steps(events)).toEqual(['inspecting damaged', 'receiving in_progress', 'receiving returned', 'shipping in_transit', 'shipping returned']);
    expect(events.find((e) => e['destinationList'] !== undefined)).toMatchObject({ bizStep: 'shipping', disposition: 'returned', action: 'OBSERVE', destinationList: [{ type: 'possessing_party', destination: expect.stringMatching(/supplier:factory-1$/) }] });
  });

  it('finds the order of a movement whatever strokes its name has', async () => {
    await r.call('POST', '/v1/stock-movements', { world: 'replay', cause: 'adjust', sku: 'K1-S', quantity: 5_000, note: 'found' });
    await sold('x/y/1', 'K1-S', 1, 500);
    expect(await told('order/x%2Fy%2F1')).toMatchObject([{ bizStep: 'shipping', eventTime: new Date(iso(501)).toISOString(), bizTransactionList: [{ type: 'po', bizTransaction: expect.stringMatching(/\/id\/bt\/order:shop-1:x%2Fy%2F1$/) }], 'castline:orderLine': '1' }]);
  });
});

describe('a return that came in', () => {
  it('keeps its units until somebody has looked: a correction may not move them, and may move what inspection put aside', async () => {
    await sold('o7', 'K9-S', 3, 30);
    await returned('R7', 'o7', { sku: 'K9-S', quantity: 3 });
    await r.call('POST', '/v1/returns/R7/receipt', {});
    const move = (cause: string, quantity: number, over: object = {}) => r.call('POST', '/v1/stock-movements', { world: 'replay', cause, sku: 'K9-S', quality: 'quarantine', quantity, note: 'test', ...over });
    for (const refused of [await move('scrap', 1), await move('regrade', 3, { toQuality: 'B' }), await move('adjust', -2)]) {
      expect(refused).toMatchObject({ status: 409, body: { code: 'waits-for-inspection', returns: ['R7'], units: 0, detail: expect.stringMatching(/3 of these 3 units.*R7/) } });
    }
    expect((await r.call('POST', '/v1/returns/R7/inspection', { units: [{ quantity: 2, grade: 'B', finding: 'worn', disposition: 'rework' }] })).body).toMatchObject({ inspected: 2 });
    expect((await move('regrade', 3, { toQuality: 'A' })).body).toMatchObject({ code: 'waits-for-inspection', units: 2 });
    expect((await move('regrade', 2, { toQuality: 'A' })).status).toBe(201);
    expect((await move('scrap', 1)).body).toMatchObject({ code: 'waits-for-inspection', units: 0 });
    expect((await r.call('POST', '/v1/returns/R7/inspection', { units: [{ quantity: 1, grade: 'A', finding: 'no-fault' }] })).body).toMatchObject({ goods: expect.any(String), inspected: 3 });
    expect(await stockOf('K9-S')).toMatchObject({ onHand: 10, blocked: 0, claimed: 3, history: { returned: 3 } });
  });
});
