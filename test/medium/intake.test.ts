import { gzipSync } from 'node:zlib';
import { running, closeServer, until, type Running } from '../factories/database.js';
import { CATALOGUE_HEAD, furnish, iso, ndjson, NDJSON, orderEvent, skuRow } from '../factories/merchant.js';

let r: Running;
beforeAll(async () => {
  r = await running();
  await furnish(r);
});
afterAll(async () => {
  await r.close();
  await closeServer();
});

const one = (event: unknown) => r.call('POST', '/v1/order-events', event);
const bulk = (events: readonly unknown[]) => r.call('POST', '/v1/order-events/bulk', ndjson(events), NDJSON);
const summary = async (shop = 'shop-1') => (await r.call('GET', `/v1/shops/${shop}/intake-summary`)).body;

/** Everything that intake computes, without ids and times of writing. */
async function state(shop: string): Promise<unknown> {
  const q = async (text: string) => (await r.sql.query(text, [shop])).rows;
  return {
    lines: await q(`select order_id, line_id, sku, counts, kind, broadcast, ordered, open_units, counted_at, paid_at, flags from order_lines where shop = $1 order by 1, 2, 3`),
    windows: await q(`select s.sku, s.broadcast, d.bucket, d.orders, d.withdrawn, d.units, d.paid_units, d.cancelled_units from demand_windows d join streams s on s.id = d.stream
      where s.shop = $1 and (d.orders, d.withdrawn, d.units, d.paid_units, d.cancelled_units) <> (0, 0, 0, 0, 0) order by 1, 2, 3`),
    demand: await q('select sku, ordered, cancelled, net_paid, shipped, open_units, open_paid_seconds, sale_lines, cancelled_lines, lines, line_units, line_log_milli from sku_demand where shop = $1 order by 1'),
    buyers: await q('select sku, open_units from buyer_demand where shop = $1 and open_units <> 0 order by 1, 2'),
  };
}

describe('single intake', () => {
  it('answers when the event is durable, and recognises a repeat', async () => {
    const event = orderEvent();
    expect(await one(event)).toMatchObject({ status: 202, body: { accepted: 1, duplicates: 0, quarantined: 0 } });
    expect((await r.sql.query('select 1 from order_events where event_id = $1', [event['event_id']])).rowCount).toBe(1);
    expect(await one(event)).toMatchObject({ status: 202, body: { accepted: 0, duplicates: 1 } });
    expect(await one({ ...event, occurred_at: String(event['occurred_at']).replace('Z', '+00:00') })).toMatchObject({ body: { duplicates: 1 } });
  });

  it('refuses the same identity with other content, whatever differs', async () => {
    const event = orderEvent();
    await one(event);
    for (const change of [{ quantity: 2 }, { sku: 'K1-M' }, { sku: 'unknown' }, { kind: 'gift' }, { occurred_at: iso(-999) }]) {
      expect(await one({ ...event, ...change })).toMatchObject({ status: 409, body: { code: 'event-id-reused' } });
    }
    expect((await r.sql.query('select count(*)::int as n from order_events where event_id = $1', [event['event_id']])).rows[0].n).toBe(1);
  });

  it('quarantines an unknown SKU, shows it, and takes it in once the SKU exists', async () => {
    const event = orderEvent({ sku: 'NEW-1' });
    expect(await one(event)).toMatchObject({ status: 202, body: { quarantined: 1 } });
    expect(await one(event)).toMatchObject({ status: 202, body: { quarantined: 1 } });
    const listed = (await r.call('GET', '/v1/quarantine?shop=shop-1&reason=unknown-sku')).body.items;
    expect(listed).toHaveLength(1);
    expect(listed[0]).toMatchObject({ eventId: event['event_id'], reason: 'unknown-sku' });
    await r.call('POST', '/v1/imports/catalogue', [CATALOGUE_HEAD, skuRow('NEW-1'), ''].join('\n'), { 'content-type': 'text/csv' });
    await until('the quarantine is redriven', async () => (await r.call('GET', '/v1/quarantine?shop=shop-1')).body.items.length === 0);
    expect((await r.sql.query(`select open_units from order_lines where sku = 'NEW-1'`)).rows).toEqual([{ open_units: 1 }]);
    expect(await one(event)).toMatchObject({ body: { duplicates: 1 } });
  });

  it('keeps a quarantined event whose id was used for something else meanwhile, with that for a reason', async () => {
    const event = orderEvent({ sku: 'NEW-2' });
    expect(await one(event)).toMatchObject({ status: 202, body: { quarantined: 1 } });
    expect(await one({ ...event, sku: 'K1-S' })).toMatchObject({ status: 202, body: { accepted: 1 } });
    await r.call('POST', '/v1/imports/catalogue', [CATALOGUE_HEAD, skuRow('NEW-2'), ''].join('\n'), { 'content-type': 'text/csv' });
    const waits = async (): Promise<any[]> => (await r.call('GET', '/v1/quarantine?shop=shop-1')).body.items.filter((q: any) => q.eventId === event['event_id']);
    await until('the event is looked at again', async () => (await waits())[0]?.reason !== 'unknown-sku');
    expect(await waits()).toMatchObject([{ reason: 'event-id-reused' }]);
    expect((await r.call('POST', '/v1/quarantine/redrive', { ids: [(await waits())[0].id] })).body).toEqual({ redriven: 0, remaining: 1 });
    await r.sql.query('update quarantine set redriven_at = now() where event_id = $1', [event['event_id']]);
  });

  it('never counts what is older than identities are kept', async () => {
    expect(await one(orderEvent({ occurred_at: '2024-01-01T00:00:00Z' }))).toMatchObject({ body: { quarantined: 1 } });
    expect((await r.call('POST', '/v1/quarantine/redrive', {})).body).toMatchObject({ redriven: 0, remaining: 1 });
  });

  it('counts each of many concurrent copies once (8 × 40 requests)', async () => {
    const events = Array.from({ length: 40 }, () => orderEvent({ order_id: 'same-order', line_id: '1', quantity: 1 }));
    const answers = await Promise.all(Array.from({ length: 8 }, () => events).flat().map((e) => one(e)));
    expect(answers.every((a) => a.status === 202)).toBe(true);
    expect(answers.reduce((s, a) => s + a.body.accepted, 0)).toBe(40);
    expect((await r.sql.query(`select ordered from order_lines where order_id = 'same-order'`)).rows).toEqual([{ ordered: 40 }]);
    expect((await r.sql.query(`select sum(d.orders)::int as n from demand_windows d join streams s on s.id = d.stream join order_lines l on l.shop = s.shop and l.sku = s.sku and l.order_id = 'same-order'
      and d.bucket = date_bin('10 seconds', l.counted_at, 'epoch')`)).rows[0].n).toBeGreaterThanOrEqual(1);
  });
});

describe('bulk intake', () => {
  it('keeps good lines beside bad ones and accounts for every line', async () => {
    const good = orderEvent();
    const lines = [JSON.stringify(good), 'not json', JSON.stringify(orderEvent({ quantity: 0 })), JSON.stringify(good), JSON.stringify(orderEvent({ sku: 'nobody' })), JSON.stringify({ ...good, quantity: 9 }), JSON.stringify(orderEvent({ shop: 'no-shop' }))];
    const { status, body } = await r.call('POST', '/v1/order-events/bulk', lines.join('\n'), NDJSON);
    expect(status).toBe(202);
    expect(body).toMatchObject({ accepted: 1, duplicates: 1, quarantined: 1, rejectedCount: 4 });
    expect(body.rejected.map((x: { line: number; code: string }) => [x.line, x.code])).toEqual(expect.arrayContaining([[2, 'unreadable'], [3, 'invalid'], [6, 'event-id-reused'], [7, 'unknown-shop']]));
  });

  it('takes a JSON array, CSV, and gzip', async () => {
    const [a, b] = [orderEvent(), orderEvent()];
    expect((await r.call('POST', '/v1/order-events/bulk', JSON.stringify([a, b]), { 'content-type': 'application/json' })).body).toMatchObject({ accepted: 2 });
    const names = Object.keys(a);
    const csv = [names.join(','), ...[a, orderEvent()].map((e) => names.map((n) => e[n]).join(','))].join('\n');
    expect((await r.call('POST', '/v1/order-events/bulk', gzipSync(csv), { 'content-type': 'text/csv' })).body).toMatchObject({ accepted: 1, duplicates: 1 });
  });

  it('says where a broken stream broke, and keeps what came before', async () => {
    const events = Array.from({ length: 3000 }, () => orderEvent({ order_id: 'cut', broadcast: `b${Math.random()}`.slice(0, 12) }));
    const zipped = gzipSync(ndjson(events));
    const { status, body } = await r.call('POST', '/v1/order-events/bulk', zipped.subarray(0, Math.floor(zipped.length * 0.7)), NDJSON);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'broken-file', rejectedCount: 0 });
    expect(body.lastLine).toBeGreaterThan(0);
    expect(body.accepted).toBe(body.lastLine);
    expect((await bulk(events)).body).toMatchObject({ accepted: 3000 - body.lastLine, duplicates: body.lastLine });
  });
});

describe('any order of arrival', () => {
  it('of ten-fold, shuffled, concurrent delivery gives the same state as the in-order run (seed 42)', async () => {
    for (const shop of ['in-order', 'shuffled']) await r.call('PUT', `/v1/shops/${shop}`, { platform: 'x', timeZone: 'UTC', currency: 'CNY', clock: 'replay' });
    let seed = 42;
    const random = (): number => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
    const base = Array.from({ length: 600 }, (_, i) => ({
      event_id: `x${i}`, occurred_at: iso(Math.floor(random() * 1200)), order_id: `r${Math.floor(random() * 90)}`, line_id: String(1 + Math.floor(random() * 2)),
      sku: random() < 0.93 ? 'K1-S' : 'K1-M', quantity: 1 + Math.floor(random() * 4), unit_price: 15_900, currency: 'CNY', type: ['created', 'paid', 'paid', 'cancelled', 'shipped'][Math.floor(random() * 5)],
      ...(random() < 0.3 ? { kind: ['sale', 'gift'][Math.floor(random() * 2)] } : {}), ...(random() < 0.5 ? { broadcast: `B${Math.floor(random() * 2)}` } : {}), ...(random() < 0.3 ? { buyer: `u${Math.floor(random() * 5)}` } : {}),
    }));
    const inOrder = [...base].sort((a, b) => (a.occurred_at < b.occurred_at ? -1 : 1)).map((e) => ({ ...e, shop: 'in-order' }));
    expect((await bulk(inOrder)).body).toMatchObject({ accepted: 600 });
    const tenfold = Array.from({ length: 10 }, () => base).flat().map((e) => ({ e: { ...e, shop: 'shuffled' }, k: random() })).sort((a, b) => a.k - b.k).map(({ e }) => e);
    const chunks = Array.from({ length: 40 }, (_, i) => tenfold.slice(i * 150, (i + 1) * 150));
    const answers = await Promise.all(chunks.map((c) => bulk(c)));
    expect(answers.reduce((s, a) => s + a.body.accepted, 0)).toBe(600);
    expect(answers.reduce((s, a) => s + a.body.duplicates, 0)).toBe(5400);
    const strip = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    expect(strip(await state('shuffled'))).toEqual(strip(await state('in-order')));
    const [a, b] = [await summary('in-order'), await summary('shuffled')];
    // Digests differ: a buyer's hash is keyed by shop.
    expect(b.events).toBe(a.events);
    expect(b.byType).toEqual(a.byType);
  });
});

describe('imports', () => {
  it('apply nothing of a file with one bad line, and name it; skip keeps the rest', async () => {
    const events = [orderEvent({ shop: 'import-shop' }), orderEvent({ shop: 'import-shop', quantity: -1 }), orderEvent({ shop: 'import-shop' })];
    const stop = await r.call('POST', '/v1/imports/orders', ndjson(events), NDJSON);
    expect(stop).toMatchObject({ status: 422, body: { code: 'import-rejected', accepted: 0, rejectedCount: 1, rejected: [{ line: 2 }] } });
    expect((await r.call('GET', '/v1/shops/import-shop')).status).toBe(404);
    expect(await r.call('POST', '/v1/imports/orders?onError=skip', ndjson(events), NDJSON)).toMatchObject({ status: 202, body: { accepted: 2, rejectedCount: 1 } });
    expect((await r.call('GET', '/v1/shops/import-shop')).body).toMatchObject({ clock: 'live' });
  });

  it('roll a file back when a line of it is refused by what is known already', async () => {
    const known = orderEvent();
    await one(known);
    const before = (await summary()).events;
    const file = [orderEvent(), { ...known, quantity: 7 }];
    expect(await r.call('POST', '/v1/imports/orders', ndjson(file), NDJSON)).toMatchObject({ status: 422, body: { rejected: [{ line: 2, code: 'event-id-reused' }] } });
    expect((await summary()).events).toBe(before);
  });

  it('name missing columns, empty and truncated files', async () => {
    expect((await r.call('POST', '/v1/imports/catalogue', 'sku,style\nA,B\n', { 'content-type': 'text/csv' })).body.detail).toMatch(/line 2: .*colour: is missing/);
    expect(await r.call('POST', '/v1/imports/catalogue', '', { 'content-type': 'text/csv' })).toMatchObject({ status: 422 });
    expect(await r.call('POST', '/v1/imports/catalogue', gzipSync('sku,style\nA,B\n').subarray(0, 15), { 'content-type': 'text/csv' })).toMatchObject({ status: 400, body: { code: 'broken-file' } });
    expect(await r.call('POST', '/v1/imports/nonsense', 'a\n1\n', { 'content-type': 'text/csv' })).toMatchObject({ status: 404 });
  });
});

describe('privacy', () => {
  it('never stores what a buyer is called', async () => {
    await one(orderEvent({ buyer: 'canary-buyer-42' }));
    await one(orderEvent({ buyer: 'canary-buyer-42', sku: 'unknown-for-canary' }));
    const tables = (await r.sql.query(`select table_schema || '.' || quote_ident(table_name) as t from information_schema.tables where table_type = 'BASE TABLE' and table_schema in ('public', 'bullmq')`)).rows;
    for (const { t } of tables) expect({ t, hits: (await r.sql.query(`select count(*)::int as n from ${t} x where x::text like '%canary-buyer%'`)).rows[0].n }).toEqual({ t, hits: 0 });
  });
});
