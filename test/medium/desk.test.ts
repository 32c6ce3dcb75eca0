import { closeServer, request, running, until, type Running } from '../factories/database.js';
import { BUSIEST, OVERVIEW } from '../../src/desk/desk.repository.js';
import { CATALOGUE_HEAD, furnish, iso, ndjson, NDJSON, orderEvent, skuRow } from '../factories/merchant.js';

const DAY = 86_400;
const STOCK: Readonly<Record<string, Partial<Record<string, string | number>>>> = {
  'G1-S': { initial_stock: 100 }, 'G1-M': { initial_stock: 50 },
  'D2-S': { initial_stock: 0 }, 'D2-M': { initial_stock: 30 }, 'D2-L': { initial_stock: 8 },
  'P3-one': { initial_stock: 50 }, 'Q4-one': { initial_stock: 10, daily_capacity: 20, lead_time_days: 2 }, 'N5-one': { initial_stock: 0 },
  'Z8-one': { initial_stock: 500 }, 'Z9-one': { initial_stock: 700 }, 'Y1-one': { initial_stock: 900, category: 'socks' }, 'Y2-one': { initial_stock: 0, category: 'socks' },
  'L1-one': { initial_stock: 50 }, 'L2-one': { initial_stock: 20 }, 'L3-one': { initial_stock: 1000 }, 'L4-one': { initial_stock: 40 },
};

let r: Running;
let anchorKey = '';
beforeAll(async () => {
  r = await running();
  await furnish(r, ['K1-S']);
  const csv = [CATALOGUE_HEAD, ...Object.entries(STOCK).map(([sku, over]) => skuRow(sku, over)), ''].join('\n');
  expect((await r.call('POST', '/v1/imports/catalogue', csv, { 'content-type': 'text/csv' })).status).toBe(202);
  anchorKey = (await r.call('POST', '/v1/api-keys', { name: 'a', role: 'anchor', anchors: ['anchor-1'] })).body.key;
  // The shop's clock is the data's own: it stands at the first second of T0.
  await take([orderEvent({ event_id: 'clock', order_id: 'clock', sku: 'Z8-one', occurred_at: iso(0) })]);
  await settled();
});
afterAll(async () => {
  await r.close();
  await closeServer();
});

const take = (events: readonly unknown[]) => r.call('POST', '/v1/order-events/bulk', ndjson(events), NDJSON);
const settled = () => until('order news are taken up', async () =>
  (await r.sql.query(`select (select count(*) from order_news)::int + (select count(*) from job_outbox where job = 'inventory.settle-orders' and state = 'due')::int as n`)).rows[0].n === 0);
const planned = (id: string, startsAt: number, anchor = 'anchor-1', seconds = 3600) => r.call('POST', '/v1/broadcasts', { id, anchor, shop: 'shop-1', startsAt: iso(startsAt), endsAt: iso(startsAt + seconds) });
const lineUp = async (id: string, items: readonly (readonly [sku: string, slotAt: number, plannedUnits: number, promiseDays?: number])[]) =>
  expect((await r.call('PUT', `/v1/broadcasts/${id}/line-up`, { items: items.map(([sku, slotAt, plannedUnits, promiseDays]) => ({ sku, slotAt: iso(slotAt), price: 15_900, plannedUnits, promiseDays: promiseDays ?? 5 })) })).status).toBe(200);
const check = async (id: string) => (await r.call('GET', `/v1/broadcasts/${id}/stock-check`)).body;
const codes = (item: { reasons: { code: string }[] }) => item.reasons.map((x) => x.code);
const asAnchor = (path: string) => request(r.url, 'GET', path, undefined, { authorization: `Bearer ${anchorKey}` });

describe('a stock check', () => {
  it('says go, limited or no-go per item, with reasons and everything to decide by', async () => {
    await planned('B1', 7200);
    await lineUp('B1', [['G1-S', 7200, 40], ['G1-M', 7200, 40], ['D2-M', 7500, 10], ['D2-S', 7500, 10], ['P3-one', 7800, 30], ['N5-one', 8000, 5]]);
    const body = await check('B1');
    expect(body).toMatchObject({ broadcast: 'B1', world: 'replay', phase: 'planned', verdict: 'limited', counts: { go: 3, limited: 1, noGo: 2 }, checkedAt: iso(0), validUntil: iso(600), notes: [expect.stringContaining('one bucket')] });
    const [go, , broken, gone, , none] = body.items;
    expect(go).toMatchObject({
      position: 1, sku: 'G1-S', verdict: 'go', reasons: [{ code: 'covered' }], stock: [{ bucket: 'general', onHand: 100, reserved: 0, available: 100, blocked: 0, waiting: 0 }], unitsToOpen: 100,
      promise: { days: 5, keepable: true, units: 100, by: '2026-11-25', until: iso(7200 + 5 * DAY), keptInDays: 0 }, brokenSizes: [], demand: null,
      returns: { method: 'naive', sold: 0, rate: null },
      substitutes: [{ sku: 'L3-one', available: 1000 }, { sku: 'Z9-one', available: 700 }, { sku: 'Z8-one', available: 499 }],
    });
    // Seven days to make, five to promise.
    expect(go.overflow).toMatchObject({ supplier: 'factory-1', units: 0, earliest: '2026-11-27', leadTimeDays: 7, dailyCapacity: 500, moq: 20, lotMultiple: 10, moqScope: 'sku' });
    expect([broken.verdict, codes(broken), broken.brokenSizes]).toEqual(['limited', ['broken-sizes'], ['S']]);
    expect([gone.verdict, codes(gone)]).toEqual(['no-go', ['no-stock', 'promise-not-keepable', 'broken-sizes']]);
    expect(none).toMatchObject({ verdict: 'no-go', unitsToOpen: 0, promise: { keepable: false, earliest: null, keptInDays: null }, brokenSizes: [] });
  });

  it('does not promise a unit twice where broadcasts share a SKU, and names them', async () => {
    await planned('B2', 14_400, 'anchor-2');
    await lineUp('B2', [['P3-one', 14_400, 30], ['G1-S', 14_500, 60], ['G1-S', 14_900, 10]]);
    const [first] = (await check('B1')).items.filter((i: { sku: string }) => i.sku === 'P3-one');
    expect([first.verdict, first.unitsToOpen, first.reasons[0].text]).toEqual(['go', 50, 'B2 comes later and plans 30 units of it']);
    const second = await check('B2');
    expect(second.items[0]).toMatchObject({ verdict: 'limited', unitsToOpen: 20, availableToPromise: [{ units: 20 }] });
    expect(second.items[0].reasons).toContainEqual({ code: 'shared-with', text: 'B1 comes first and plans 30 units of it, which are not promised here' });
    // G1-S: 100 there, 40 for B1, 60 for its own first row, nothing for the second.
    expect(second.items.slice(1).map((i: { unitsToOpen: number; verdict: string }) => [i.unitsToOpen, i.verdict])).toEqual([[60, 'go'], [0, 'no-go']]);
    // An anchor is not told whose broadcast it is.
    const hers = (await asAnchor('/v1/broadcasts/B1/stock-check')).body;
    expect(JSON.stringify(hers)).not.toContain('B2');
    expect(JSON.stringify(hers)).toContain('another broadcast comes later and plans 30 units');
    expect(hers.items[0].overflow).not.toHaveProperty('supplier');
  });

  it('opens no unit again that an unpaid order holds; what is ordered is off the plan, and back on it when the order is cancelled', async () => {
    await planned('B6', 7200);
    await lineUp('B6', [['L4-one', 7200, 30]]);
    const order = { event_id: 'u1', order_id: 'u1', sku: 'L4-one', type: 'created', quantity: 12, broadcast: 'B6', occurred_at: iso(0) };
    await take([orderEvent(order), orderEvent({ ...order, event_id: 'u2', order_id: 'u2', quantity: 3, broadcast: '' })]);
    await settled();
    expect((await check('B6')).items[0]).toMatchObject({ plannedLeft: 18, unitsToOpen: 25, stock: [{ available: 40, unpaid: 15 }], verdict: 'go', reasons: [{ code: 'unpaid-orders' }] });
    // What a platform had reserved for the order before it told of it is off the stock once.
    const { id } = (await r.call('POST', '/v1/reservations', { lines: [{ sku: 'L4-one', quantity: 12 }], seconds: 600, shop: 'shop-1', orderId: 'u1' })).body;
    expect((await check('B6')).items[0]).toMatchObject({ unitsToOpen: 25, stock: [{ available: 28, unpaid: 3 }] });
    await r.call('DELETE', `/v1/reservations/${id}`);
    await take([orderEvent({ ...order, event_id: 'u3', type: 'cancelled' }), orderEvent({ ...order, event_id: 'u4', order_id: 'u2', quantity: 3, type: 'cancelled', broadcast: '' })]);
    await settled();
    expect((await check('B6')).items[0]).toMatchObject({ plannedLeft: 30, unitsToOpen: 40, stock: [{ unpaid: 0 }], reasons: [{ code: 'covered' }] });
    await r.call('PATCH', '/v1/broadcasts/B6', { cancelled: true });
  });

  it('says by when a promise could be kept where it cannot, and what can still be made', async () => {
    await r.sql.query(`insert into dated_supply (source, ref, world, sku, quantity, due) values ('test', '1', 'replay', 'Q4-one', 50, '2026-11-23'), ('test', '2', 'replay', 'Q4-one', 60, '2026-12-10'),
      ('test', '3', 'replay', 'Q4-one', 7, '2026-11-18'), ('test', '4', 'live', 'Q4-one', 900, '2026-11-21')`);
    await planned('B3', 7200);
    await lineUp('B3', [['Q4-one', 7200, 100, 5], ['Y2-one', 7300, 3, 5]]);
    const [item, socks] = (await check('B3')).items;
    expect(item).toMatchObject({
      verdict: 'limited', unitsToOpen: 10, availableToPromise: [{ date: '2026-11-20', units: 10 }, { date: '2026-11-23', units: 60 }, { date: '2026-12-10', units: 120 }],
      promise: { keepable: false, units: 60, by: '2026-11-25', earliest: '2026-12-10', keptInDays: 21 },
      // Four days of twenty, less the fifty and the seven that it makes anyway, in tens.
      overflow: { units: 20, earliest: '2026-11-22', by: '2026-11-24', moq: 20 },
    });
    expect(codes(item)).toEqual(['short-stock', 'rests-on-supply', 'promise-not-keepable', 'supply-overdue']);
    // The SKU's own page promises no more: what is overdue is named, and nothing is promised on it.
    const page = (await r.call('GET', '/v1/skus/Q4-one/availability?world=replay')).body;
    expect(page).toMatchObject({ incoming: [{ date: '2026-11-18', units: 7, overdue: true }, { date: '2026-11-23', overdue: false }, { date: '2026-12-10' }], availableToPromise: [{ date: '2026-11-23', units: 60 }, { date: '2026-12-10', units: 120 }] });
    expect(socks.substitutes.map((s: { sku: string }) => s.sku)).toEqual(['Y1-one']);
    await r.sql.query(`delete from dated_supply where source = 'test'`);
  });

  it('knows the demand of the latest assessment and how much came back, and counts orders that wait', async () => {
    await planned('B0', -60, 'anchor-1', 600);
    await take(Array.from({ length: 60 }, (_, i) => orderEvent({ event_id: `d${i}`, order_id: `d${i}`, sku: 'D2-L', broadcast: 'B0', occurred_at: iso(1 + i / 2) })));
    await settled();
    await until('an assessment', async () => (await r.sql.query(`select 1 from need_states where sku = 'D2-L' and assessment <> ''`)).rowCount === 1);
    for (const [id, reason, status] of [['R1', 'too small', 'requested'], ['R2', 'too small', 'requested'], ['R3', 'late', 'requested'], ['R4', 'late', 'withdrawn']]) {
      expect((await r.call('POST', '/v1/returns', { return_id: id, occurred_at: iso(40), shop: 'shop-1', order_id: `d${String(id).slice(1)}`, line_id: '1', sku: 'D2-L', quantity: 1, claimed_reason: reason, status })).status).toBe(201);
    }
    await planned('B4', 7200);
    await lineUp('B4', [['D2-L', 7200, 10]]);
    const [item] = (await check('B4')).items;
    expect(item).toMatchObject({ verdict: 'no-go', unitsToOpen: 0, stock: [{ onHand: 8, reserved: 8, available: 0, waiting: 52 }], returns: { sold: 60, returned: 3, rate: 0.05, topReason: { claimedReason: 'too small', units: 2 } } });
    expect(item.demand.assessment).toMatch(/^as_/);
    expect(Object.keys(item.demand.quantiles)).toEqual(expect.arrayContaining(['0.05', '0.5', '0.95']));
  });

  it('looks at the stock and the clock of the world that the shop is in', async () => {
    await r.call('PUT', '/v1/shops/shop-now', { platform: 'tiktok', timeZone: 'Asia/Shanghai', currency: 'CNY', clock: 'live' });
    const [startsAt, endsAt] = [60, 3600].map((s) => new Date(Date.now() + 1000 * s).toISOString()) as [string, string];
    await r.call('POST', '/v1/broadcasts', { id: 'NOW', anchor: 'anchor-3', shop: 'shop-now', startsAt, endsAt });
    expect((await r.call('PUT', '/v1/broadcasts/NOW/line-up', { items: [{ sku: 'D2-L', slotAt: startsAt, price: 1, plannedUnits: 8, promiseDays: 2 }] })).status).toBe(200);
    const body = await check('NOW');
    // The eight that replayed orders took are still there in the live world, and no replayed broadcast has a claim on them.
    expect(body).toMatchObject({ world: 'live', phase: 'planned', validUntil: startsAt, items: [{ unitsToOpen: 8, brokenSizes: ['S'], demand: null, returns: { sold: 0, returned: 0 } }] });
    expect(codes(body.items[0])).toEqual(['broken-sizes']);
    expect(Math.abs(Date.parse(body.checkedAt) - Date.now())).toBeLessThan(60_000);
    expect((await r.call('GET', '/v1/broadcasts/NOW/live')).body).toMatchObject({ world: 'live', phase: 'planned', items: [{ orders: 0, nowcast: null, stock: { available: 8 } }] });
  });

  it('holds until something is shown', async () => {
    await planned('B5', 330);
    await lineUp('B5', [['Y1-one', 330, 1]]);
    expect((await check('B5')).validUntil).toBe(iso(330));
  });

  it('answers no-go for an empty line-up, an ended and a cancelled broadcast', async () => {
    await planned('E1', -7200);
    await lineUp('E1', [['Y1-one', -7200, 1]]);
    expect(await check('E1')).toMatchObject({ phase: 'ended', verdict: 'no-go', reasons: [{ code: 'ended' }], items: [{ verdict: 'no-go', reasons: [{ code: 'ended' }] }], counts: { noGo: 1 } });
    await planned('E2', 7200);
    expect(await check('E2')).toMatchObject({ verdict: 'no-go', reasons: [{ code: 'empty-line-up' }], items: [], counts: { go: 0, limited: 0, noGo: 0 } });
    await r.call('PATCH', '/v1/broadcasts/E2', { cancelled: true });
    expect(await check('E2')).toMatchObject({ phase: 'cancelled', verdict: 'no-go', reasons: [{ code: 'cancelled' }] });
  });

  it.each(['stock-check', 'live'])("does not exist for a stranger's or an unknown broadcast: %s", async (view) => {
    expect((await asAnchor(`/v1/broadcasts/B1/${view}`)).status).toBe(200);
    expect((await asAnchor(`/v1/broadcasts/B2/${view}`)).status).toBe(404);
    expect((await r.call('GET', `/v1/broadcasts/none/${view}`)).status).toBe(404);
  });
});

describe('the live view', () => {
  const live = async (id: string) => (await r.call('GET', `/v1/broadcasts/${id}/live`)).body;
  const of = (body: { items: { sku: string }[] }, sku: string): any => body.items.find((i) => i.sku === sku);
  const sale = (sku: string, n: number, at: number, over: Record<string, unknown> = {}) =>
    orderEvent({ event_id: `${sku}-${n}-p`, order_id: `${sku}-${n}`, sku, broadcast: 'LIVE', occurred_at: iso(at), ...over });

  it('has nothing to say of a broadcast that has not begun', async () => {
    const body = await live('B1');
    expect(body).toMatchObject({ phase: 'planned', minutes: { elapsed: 0, left: 60 }, totals: { orders: 0, paidUnits: 0, perMinute: 0 }, alerts: [] });
    expect(of(body, 'G1-S')).toMatchObject({ orders: 0, nowcast: null, spike: null, alert: null, rate: { perMinute: 0, peak: null }, stock: { available: 100, percentSold: 0 } });
  });

  it('equals what was sent, by SKU and in total', async () => {
    await planned('LIVE', 600, 'anchor-1');
    await lineUp('LIVE', [['L3-one', 600, 100], ['L1-one', 900, 50]]);
    const events = [
      // 40 paid of 50, one a second: 80 %.
      ...Array.from({ length: 40 }, (_, i) => sale('L1-one', i, 960 + i)),
      // 19 of 20, in one line: 95 %; it was never planned.
      sale('L2-one', 0, 1000, { quantity: 19 }),
      // 30 orders of two: 10 are cancelled after payment, 5 others were never paid and are cancelled.
      ...Array.from({ length: 30 }, (_, i) => sale('L3-one', i, 700 + 10 * i, { quantity: 2 })),
      ...Array.from({ length: 10 }, (_, i) => sale('L3-one', i, 1001 + i, { event_id: `L3-c${i}`, type: 'cancelled', quantity: 2 })),
      ...Array.from({ length: 5 }, (_, i) => sale('L3-one', 100 + i, 1010 + i, { event_id: `L3-o${i}`, type: 'created', quantity: 2 })),
      ...Array.from({ length: 5 }, (_, i) => sale('L3-one', 100 + i, 1020 + i, { event_id: `L3-oc${i}`, type: 'cancelled', quantity: 2 })),
      // Gifts and other broadcasts are no sale of this one.
      sale('L4-one', 0, 1000, { kind: 'giveaway', quantity: 7 }), sale('L4-one', 1, 1000, { broadcast: 'B9', quantity: 3 }),
    ];
    expect((await take([...events].reverse())).body).toMatchObject({ accepted: events.length, duplicates: 0, quarantined: 0 });
    await take(events);
    await settled();
    const body = await live('LIVE');
    expect(body).toMatchObject({ phase: 'live', at: iso(1024), minutes: { elapsed: 7, left: 53 }, totals: { orders: 76, withdrawnOrders: 15, orderedUnits: 129, paidUnits: 119, cancelledUnits: 30, soldUnits: 99 } });
    expect(body.items.map((i: { sku: string; position: number | null }) => [i.sku, i.position])).toEqual([['L3-one', 1], ['L1-one', 2], ['L2-one', null]]);
    expect(of(body, 'L3-one')).toMatchObject({ orders: 35, withdrawnOrders: 15, orderedUnits: 70, paidUnits: 60, cancelledUnits: 30, soldUnits: 40, plannedUnits: 100, stock: { available: 960, percentSold: 4 }, alert: null });
    expect(of(body, 'L1-one')).toMatchObject({ orders: 40, paidUnits: 40, cancelledUnits: 0, rate: { perMinute: 8, overMinutes: 5, peak: { minute: iso(960), orders: 40 } } });
    // The orders from 730 to 990 came within the last five minutes, and the five that were never paid.
    expect(of(body, 'L3-one').rate.perMinute).toBe((27 + 5) / 5);
    const sum = body.items.reduce((s: number, i: { rate: { perMinute: number } }) => s + i.rate.perMinute, 0);
    expect(body.totals.perMinute).toBeCloseTo(sum, 9);
  });

  it('alerts at 80 and at 95 percent sold', async () => {
    const body = await live('LIVE');
    expect(body.alerts).toEqual([{ sku: 'L1-one', threshold: 80, percentSold: 80, available: 10 }, { sku: 'L2-one', threshold: 95, percentSold: 95, available: 1 }]);
    expect([of(body, 'L1-one').alert, of(body, 'L2-one').alert]).toEqual([80, 95]);
  });

  it('nowcasts no less than what is paid, and names the spike that is on', async () => {
    await until('a spike', async () => of(await live('LIVE'), 'L1-one').spike !== null);
    const body = await live('LIVE');
    expect(of(body, 'L1-one').spike).toMatchObject({ id: expect.stringMatching(/^spk_/), ratio: expect.any(Number) });
    for (const item of body.items) {
      const quantiles = Object.values<number>(item.nowcast.grossPaidUnits);
      expect(quantiles).toHaveLength(6);
      expect(quantiles.every((q, i) => Number.isInteger(q) && q >= (i === 0 ? item.paidUnits : (quantiles[i - 1] as number)))).toBe(true);
    }
    expect(of(body, 'L1-one').nowcast.grossPaidUnits['0.5']).toBeGreaterThan(40);
  });

  it('takes what was sold already off the plan of the stock check', async () => {
    // 50 planned, 40 sold: the 10 that are left are there.
    expect((await check('LIVE')).items[1]).toMatchObject({ sku: 'L1-one', plannedUnits: 50, plannedLeft: 10, unitsToOpen: 10, verdict: 'go' });
  });

  it('stays as it is when the broadcast is over', async () => {
    await take([orderEvent({ event_id: 'later', order_id: 'later', sku: 'Z8-one', occurred_at: iso(600 + 3600) })]);
    const body = await live('LIVE');
    expect(body).toMatchObject({ phase: 'ended', minutes: { elapsed: 60, left: 0 }, totals: { paidUnits: 119, perMinute: 0 } });
    for (const item of body.items) expect(new Set(Object.values(item.nowcast.grossPaidUnits))).toEqual(new Set([item.paidUnits]));
  });
});

describe('the overview', () => {
  it('counts a change as not delivered while it is open, and its version now has not arrived', async () => {
    await r.sql.query(`insert into production_orders (id, world, supplier, group_key, status, created_at) values ('po_x', 'replay', 'factory-1', 'x', 'proposed', now())`);
    const change = async (id: string, group: string, status: string, version: number, deliveries: readonly string[]): Promise<void> => {
      await r.sql.query(`insert into adjustments (id, world, supplier, group_key, production_order, kind, status, version, commitment, created_at, origin) values ($1, 'replay', 'factory-1', $2, 'po_x', 'create', $3, $4, 'firm', now(), 'test')`, [id, group, status, version]);
      for (const [i, state] of deliveries.entries()) {
        await r.sql.query(`insert into adjustment_versions (adjustment, version, kind, commitment, status, at, liability, evidence) values ($1, $2, 'create', 'firm', 'sent', now(), '{}', '{}')`, [id, i + 1]);
        await r.sql.query('insert into signal_deliveries (adjustment, version, webhook_id, state) values ($1, $2, $3, $4)', [id, i + 1, `${id}-${i + 1}`, state]);
      }
    };
    const undelivered = async (): Promise<number> => (await r.call('GET', '/v1/overview')).body.undelivered;
    const before = await undelivered();
    await change('sig_x1', 'x1', 'sent', 1, ['exhausted']);
    await change('sig_x2', 'x2', 'sent', 2, ['exhausted', 'delivered']);
    await change('sig_x3', 'x3', 'expired', 1, ['gone']);
    expect((await undelivered()) - before).toBe(1);
    await r.sql.query(`update adjustments set status = 'withdrawn' where id = 'sig_x1'`);
    expect((await undelivered()) - before).toBe(0);
  });

  it('is read by index, whatever has ended', async () => {
    await r.sql.query('begin; set local enable_seqscan = off');
    const plan = async (sql: string): Promise<string> => (await r.sql.query(`explain ${sql}`)).rows.map((l: Record<string, string>) => l['QUERY PLAN']).join('\n');
    const overview = await plan(OVERVIEW);
    const busiest = await plan(BUSIEST.replace('$1', '8'));
    await r.sql.query('rollback');
    for (const index of ['spikes_on', 'adjustments_due', 'quarantine_', 'job_outbox_dead', 'facts_by_age']) expect(overview).toContain(index);
    expect(overview).not.toContain('Seq Scan');
    expect(busiest).toContain('stream_totals_by_since');
  });
});
