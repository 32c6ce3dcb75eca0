import { closeServer, request, running, type Running } from '../factories/database.js';
import { CATALOGUE_HEAD, furnish, skuRow } from '../factories/merchant.js';
import { hmacBase64, standardHeaders } from '../factories/platform-signatures.js';

let r: Running;
let secret = '';

/** Posts without our own authorisation, as a platform does. */
const post = (path: string, body: string | Uint8Array, headers: Record<string, string>) => request(r.url, 'POST', path, body, { authorization: '', ...headers });
const shopNamed = (id: string) => r.call('PUT', `/v1/shops/${id}`, { platform: 'generic', timeZone: 'Asia/Shanghai', currency: 'CNY', clock: 'live' });
const linesOf = async (shop: string, order: string) => (await r.call('GET', `/v1/shops/${shop}/orders/${order}`)).body.lines as Record<string, any>[] | undefined;
const count = async (table: string, where = 'true') => Number((await r.sql.query(`select count(*) from ${table} where ${where}`)).rows[0].count);

beforeAll(async () => {
  r = await running();
  await furnish(r, ['K1-S', 'K1-M'], {}, { clock: 'live', platform: 'generic' });
  const put = await r.call('PUT', '/v1/shops/shop-1/connection', { platform: 'generic' });
  expect(put.status).toBe(201);
  secret = put.body.made.webhookSecret;
});
afterAll(async () => {
  await r.close();
  await closeServer();
});

const event = (over: Record<string, unknown> = {}) => ({ event_id: 'g1', occurred_at: new Date(Date.now() - 60_000).toISOString(), order_id: '4705288465508532862', line_id: '1', sku: 'K1-S', quantity: 1, unit_price: 15_900, currency: 'CNY', type: 'paid', ...over });

describe('the generic signed webhook', () => {
  const send = (body: unknown, headers?: Record<string, string>) => {
    const text = JSON.stringify(body);
    return post('/webhooks/generic/shop-1', text, headers ?? standardHeaders(secret, text));
  };

  it('takes one event, and the same again as a duplicate; ids stay as they came', async () => {
    expect(await send(event())).toMatchObject({ status: 202, body: { accepted: 1 } });
    const again = event();
    again.occurred_at = (await r.sql.query('select occurred_at from order_events')).rows[0].occurred_at.toISOString();
    expect(await send(again)).toMatchObject({ status: 202, body: { accepted: 0, duplicates: 1 } });
    expect(await linesOf('shop-1', '4705288465508532862')).toMatchObject([{ sku: 'K1-S', ordered: 1, open: 1 }]);
  });
  it('keeps a numeric id beyond 2^53 digit by digit', async () => {
    const text = JSON.stringify(event({ event_id: 'g2', order_id: 'ID' })).replace('"ID"', '4705288465508532862999');
    expect(await post('/webhooks/generic/shop-1', text, standardHeaders(secret, text))).toMatchObject({ status: 202, body: { accepted: 1 } });
    expect(await linesOf('shop-1', '4705288465508532862999')).toHaveLength(1);
  });
  it('takes lists of events and returns in an envelope, and tells of the bad ones without failing the good', async () => {
    const answer = await send({ type: 'orders', timestamp: new Date().toISOString(), data: { events: [event({ event_id: 'g3', order_id: 'o3' }), event({ event_id: 'g4', quantity: -1 }), event({ event_id: 'g5', shop: 'shop-2' }), event({ event_id: 'g6', sku: 'NOBODY' })], returns: [{ return_id: 'r1', occurred_at: new Date().toISOString(), order_id: 'o3', line_id: '1', sku: 'K1-S', quantity: 1, claimed_reason: 'too-small' }] } });
    expect(answer).toMatchObject({ status: 202, body: { accepted: 2, rejectedCount: 2 } });
    expect(answer.body.rejected.map((x: any) => x.detail)).toEqual([expect.stringContaining('quantity'), expect.stringContaining('shop')]);
    expect(await count('return_cases', `id = 'r1'`)).toBe(1);
  });
  it('refuses what is not signed with the secret of the shop, and writes nothing of it', async () => {
    const before = await count('order_events');
    const text = JSON.stringify(event({ event_id: 'g7' }));
    const good = standardHeaders(secret, text);
    const flipped = text.replace('"quantity":1', '"quantity":2');
    for (const [body, headers] of [
      [flipped, good], [text, { ...good, 'webhook-signature': '' }], [text, { 'content-type': 'application/json' }], [text, standardHeaders(`whsec_${Buffer.alloc(32, 9).toString('base64')}`, text)],
      [text, standardHeaders(secret, text, 'msg_1', Math.floor(Date.now() / 1000) - 301)], [text, standardHeaders(secret, text, 'msg_1', Math.floor(Date.now() / 1000) + 330)],
    ] as const) {
      const answer = await post('/webhooks/generic/shop-1', body, headers);
      expect([answer.status, answer.body ?? '']).toEqual([401, '']);
    }
    expect(await count('order_events')).toBe(before);
  });
  it.each([
    ['broken JSON', '{"event_id":', 400], ['duplicate keys', '{"event_id":"a","event_id":"b"}', 400], ['an empty object', '{}', 422], ['a number', '7', 422], ['__proto__', '{"__proto__":{"events":[]}}', 400],
    ['invalid UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 400], ['deep nesting', '['.repeat(50_000), 400],
  ])('answers %s with a clear refusal', async (_name, body, status) => {
    const at = Math.floor(Date.now() / 1000);
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    // The library signs the text that the bytes decode to.
    const answer = await post('/webhooks/generic/shop-1', body, { 'content-type': 'application/json', 'webhook-id': 'm', 'webhook-timestamp': String(at), 'webhook-signature': `v1,${hmacBase64(key, `m.${at}.`, Buffer.from(body).toString())}` });
    expect(answer.status).toBe(status);
    expect(answer.body.detail).not.toContain('position');
  });
  it('refuses ten megabytes before it reads them to the end', async () => {
    expect((await post('/webhooks/generic/shop-1', Buffer.alloc(10 * 1024 * 1024, 32), standardHeaders(secret, 'x'))).status).toBe(413);
  });
  it('knows no other address', async () => {
    const text = JSON.stringify(event());
    for (const path of ['/webhooks/generic/shop-9', '/webhooks/shopify/shop-1', '/webhooks/nobody/shop-1']) expect((await post(path, text, standardHeaders(secret, text))).status).toBe(404);
  });
  it('accepts the secret of before for a while after a rotation, and the new one at once', async () => {
    const rotated = await r.call('POST', '/v1/shops/shop-1/connection/secret');
    const fresh = rotated.body.made.webhookSecret as string;
    expect(fresh).toMatch(/^whsec_/);
    expect(fresh).not.toBe(secret);
    for (const [i, key] of [secret, fresh].entries()) {
      const text = JSON.stringify(event({ event_id: `rotated-${i}`, order_id: `rotated-${i}` }));
      expect((await post('/webhooks/generic/shop-1', text, standardHeaders(key, text))).status).toBe(202);
    }
    await r.sql.query(`update connections set secret_changed_at = now() - interval '8 days' where shop = 'shop-1'`);
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    const text = JSON.stringify(event({ event_id: 'rotated-3' }));
    expect((await post('/webhooks/generic/shop-1', text, standardHeaders(secret, text))).status).toBe(401);
    secret = fresh;
  });
});

describe('Shopify', () => {
  const SECRET = 'shpss_dummy_client_secret';
  const line = (over: Record<string, unknown> = {}) => ({ id: 466157049, variant_id: 39072856, product_id: 632910392, sku: 'K1-S', quantity: 3, price: '19.99', gift_card: false, discount_allocations: [{ amount: '6.00' }], fulfillment_status: null, ...over });
  const order = (over: Record<string, unknown> = {}) => ({
    id: 5678901234567890123n, created_at: '2026-11-20T20:00:00+08:00', processed_at: '2026-11-20T20:00:05+08:00', updated_at: '2026-11-20T20:00:05+08:00', cancelled_at: null, currency: 'USD', financial_status: 'paid', test: false,
    customer: { id: 207119551, email: 'canary.person@example.com', first_name: 'CanaryFirst' }, email: 'canary.person@example.com', shipping_address: { name: 'CanaryFirst CanaryLast', phone: '555-0100-999' },
    note_attributes: [{ name: 'broadcast', value: 'B-77' }], line_items: [line()], fulfillments: [], refunds: [], ...over,
  });
  const json = (body: unknown) => JSON.stringify(body, (_k, v) => (typeof v === 'bigint' ? `@@${v}@@` : v)).replace(/"@@(\d+)@@"/g, '$1');
  const send = (topic: string, body: unknown, key = SECRET) => {
    const text = json(body);
    return post('/webhooks/shopify/shopify-1', text, { 'content-type': 'application/json', 'x-shopify-topic': topic, 'x-shopify-hmac-sha256': hmacBase64(key, text), 'x-shopify-triggered-at': '2026-11-22T10:00:00Z' });
  };

  beforeAll(async () => {
    await shopNamed('shopify-1');
    expect(await r.call('PUT', '/v1/shops/shopify-1/connection', { platform: 'shopify', credentials: {} })).toMatchObject({ status: 422, body: { detail: expect.stringContaining('credentials.webhookSecret') } });
    expect(await r.call('PUT', '/v1/shops/shopify-1/connection', { platform: 'shopify', credentials: { webhookSecret: SECRET } })).toMatchObject({ status: 201, body: { status: 'connected' } });
  });

  it('maps an order with its price after discount, its broadcast and its hashed buyer, once however often it comes', async () => {
    for (const topic of ['orders/create', 'orders/paid', 'orders/updated', 'orders/create']) expect(await send(topic, order())).toMatchObject({ status: 200, body: undefined });
    const lines = await linesOf('shopify-1', '5678901234567890123');
    expect(lines).toMatchObject([{ sku: 'K1-S', ordered: 3, netPaid: 3, unitPrice: 1799, currency: 'USD', broadcast: 'B-77' }]);
    expect((await r.sql.query(`select count(*)::int as n from order_events where shop = 'shopify-1'`)).rows[0].n).toBe(2);
  });
  it('refuses a wrong signature with 401 and no words', async () => {
    const answer = await send('orders/create', order({ id: 1 }), 'other');
    expect([answer.status, answer.body]).toEqual([401, undefined]);
    expect(await linesOf('shopify-1', '1')).toBeUndefined();
  });
  it('comes to the same state whatever the order of snapshots', async () => {
    const parcel = { id: 255858046, status: 'success', created_at: '2026-11-21T09:00:00+08:00', updated_at: '2026-11-21T09:00:00+08:00', line_items: [{ id: 466157049, quantity: 2 }] };
    const refund = { id: 509562969, created_at: '2026-11-20T21:00:00+08:00', refund_line_items: [{ line_item_id: 466157049, quantity: 1, restock_type: 'cancel' }] };
    const snapshots = [
      order({ id: 200 }), order({ id: 200, refunds: [refund], line_items: [line({ current_quantity: 2 })], updated_at: '2026-11-20T21:00:00+08:00' }),
      order({ id: 200, refunds: [refund], line_items: [line({ current_quantity: 2 })], fulfillments: [parcel], updated_at: '2026-11-21T09:00:00+08:00' }),
      order({ id: 200, refunds: [refund], line_items: [line({ current_quantity: 2 })], fulfillments: [{ ...parcel, shipment_status: 'delivered', updated_at: '2026-11-23T09:00:00+08:00' }], updated_at: '2026-11-21T10:00:00+08:00' }),
    ];
    for (const snapshot of snapshots) await send('orders/updated', snapshot);
    for (const snapshot of [3, 0, 2, 1, 3, 0].map((i) => ({ ...snapshots[i], id: 201 }))) await send('orders/updated', snapshot);
    const [a, b] = [await linesOf('shopify-1', '200'), await linesOf('shopify-1', '201')];
    expect(a).toMatchObject([{ ordered: 3, cancelled: 1, netPaid: 2, open: 0, shipped: 2, delivered: 2 }]);
    expect(b).toEqual(a);
  });
  it('makes a return of a refund of what was sent, under one identity with the return it belongs to', async () => {
    await send('orders/updated', order({ id: 300, fulfillments: [{ id: 31, status: 'success', created_at: '2026-11-21T09:00:00+08:00', updated_at: '2026-11-21T09:00:00+08:00', line_items: [{ id: 466157049, quantity: 3 }] }] }));
    await send('returns/request', { id: 901, order_id: 300, status: 'requested', return_line_items: [{ id: 1, quantity: 2, return_reason: 'size_too_small', fulfillment_line_item: { id: 5, line_item: { id: 466157049, sku: 'K1-S' } } }] });
    await send('refunds/create', { id: 902, order_id: 300, created_at: '2026-11-23T12:00:00Z', return: { id: 901 }, refund_line_items: [{ id: 7, line_item_id: 466157049, quantity: 2, restock_type: 'return', line_item: { id: 466157049, sku: 'K1-S', fulfillment_status: 'fulfilled' } }] });
    const cases = (await r.sql.query(`select id, quantity, status, kind, claimed_reason from return_cases where shop = 'shopify-1'`)).rows;
    expect(cases).toEqual([{ id: 'shopify-1/901/466157049', quantity: 2, status: 'refunded', kind: 'return', claimed_reason: 'too-small' }]);
    await send('returns/cancel', { id: 901, order_id: 300, status: 'canceled' });
    // Said at 10:00 on the 22nd, before the refund: the latest word stands.
    expect((await r.sql.query(`select status from return_cases where id = 'shopify-1/901/466157049'`)).rows[0].status).toBe('refunded');
  });
  it('counts every unit of a return that is refunded bit by bit, and none twice that the return told of', async () => {
    const refund = (id: number, returnId: number, line: number, at: string) => ({ id, order_id: 310, created_at: at, return: { id: returnId }, refund_line_items: [{ id: id * 10, line_item_id: line, quantity: 1, restock_type: 'return', line_item: { id: line, sku: 'K1-S', fulfillment_status: 'fulfilled' } }] });
    for (const r of [refund(971, 97, 11, '2026-11-23T12:00:00Z'), refund(972, 97, 12, '2026-11-23T12:10:00Z'), refund(973, 97, 11, '2026-11-23T12:20:00Z'), refund(972, 97, 12, '2026-11-23T12:10:00Z')]) await send('refunds/create', r);
    expect((await r.sql.query(`select sum(quantity)::int as n, count(*)::int as cases from return_cases where order_id = '310'`)).rows[0]).toEqual({ n: 3, cases: 3 });
    await send('returns/approve', { id: 97, order_id: 310, status: 'open', return_line_items: [{ id: 1, quantity: 2, return_reason: 'defective', fulfillment_line_item: { id: 5, line_item: { id: 11, sku: 'K1-S' } } }] });
    expect((await r.sql.query(`select sum(quantity)::int as n from return_cases where order_id = '310'`)).rows[0].n).toBe(3);
  });
  it('keeps what is said of a return before its lines are known', async () => {
    await send('orders/updated', order({ id: 330, line_items: [line({ id: 31 })] }));
    await send('returns/cancel', { id: 96, order_id: 330, status: 'canceled' });
    await send('returns/request', { id: 96, order_id: 330, status: 'requested', return_line_items: [{ id: 1, quantity: 1, fulfillment_line_item: { id: 5, line_item: { id: 31, sku: 'K1-S' } } }] });
    expect((await r.sql.query(`select status from return_cases where id = 'shopify-1/96/31'`)).rows).toEqual([{ status: 'withdrawn' }]);
  });
  it('takes a return in that came before its order, once it is looked at again', async () => {
    await send('refunds/create', { id: 981, order_id: 320, created_at: '2026-11-23T12:00:00Z', refund_line_items: [{ id: 1, line_item_id: 21, quantity: 1, restock_type: 'return' }] });
    expect((await r.call('POST', '/v1/platform-quarantine/redrive', { shop: 'shopify-1' })).body.redriven).toBe(0);
    await send('orders/updated', order({ id: 320, line_items: [line({ id: 21 })] }));
    expect((await r.call('POST', '/v1/platform-quarantine/redrive', { shop: 'shopify-1' })).body.redriven).toBe(1);
    expect((await r.sql.query(`select sku, quantity from return_cases where order_id = '320'`)).rows).toEqual([{ sku: 'K1-S', quantity: 1 }]);
  });
  it('keeps unknown topics and what cannot be read, without a word of a person, and acknowledges them', async () => {
    expect((await send('metaobjects/create', { id: 5, handle: 'CanaryHandle' })).status).toBe(200);
    expect((await send('orders/create', order({ id: 400, currency: 'dollars', email: 'canary.person@example.com' }))).status).toBe(200);
    const list = (await r.call('GET', '/v1/platform-quarantine?shop=shopify-1')).body.items;
    expect(list.map((q: any) => [q.entity, q.entityId, q.reason])).toEqual(expect.arrayContaining([['message', 'metaobjects/create', 'unknown-event'], ['order', '400', 'unreadable']]));
    expect(JSON.stringify(list)).not.toMatch(/canary/i);
    expect(JSON.stringify(list)).toContain('<text of');
  });
  it('sets a line of an unknown code aside, suggests a SKU, and takes it in once it is mapped', async () => {
    await send('orders/create', order({ id: 500, line_items: [line({ id: 1, sku: 'k1_s!', variant_id: 77 }), line({ id: 2, sku: 'K1-M' })] }));
    expect((await linesOf('shopify-1', '500'))?.map((l) => l['sku'])).toEqual(['K1-M']);
    const unmapped = (await r.call('GET', '/v1/shops/shopify-1/unmapped-codes')).body.items;
    expect(unmapped).toMatchObject([{ code: 'k1_s!', kind: 'seller', suggestions: [{ sku: 'K1-S', resemblance: 1 }, { sku: 'K1-M' }] }]);
    // Looked at again while nobody knows the code: it was heard of once, and when it was.
    const waits = async () => [(await r.sql.query(`select id, times, last_at from platform_quarantine where entity_id = '500'`)).rows, (await r.call('GET', '/v1/shops/shopify-1/unmapped-codes')).body.items];
    const before = await waits();
    expect((await r.call('POST', '/v1/platform-quarantine/redrive', { shop: 'shopify-1' })).body).toMatchObject({ redriven: 0, remaining: expect.any(Number) });
    expect(await waits()).toEqual(before);
    expect(await r.call('PUT', '/v1/shops/shopify-1/sku-mappings', { code: 'k1_s!', components: [{ sku: 'NOBODY' }] })).toMatchObject({ status: 422, body: { code: 'unknown-sku' } });
    expect(await r.call('PUT', '/v1/shops/shopify-1/sku-mappings', { code: 'k1_s!', components: [{ sku: 'K1-S' }] })).toMatchObject({ status: 200, body: { redriven: 1 } });
    expect((await linesOf('shopify-1', '500'))?.map((l) => l['sku']).sort()).toEqual(['K1-M', 'K1-S']);
    expect((await r.call('GET', '/v1/shops/shopify-1/unmapped-codes')).body.items).toEqual([]);
  });
  it('sells a link of several SKUs as what is in it, of which the first is the sale', async () => {
    await r.call('PUT', '/v1/shops/shopify-1/sku-mappings', { code: 'SET', components: [{ sku: 'K1-S', quantity: 2 }, { sku: 'K1-M' }] });
    await send('orders/create', order({ id: 600, line_items: [line({ id: 9, sku: 'SET', price: '30.00', quantity: 2, discount_allocations: [] })] }));
    expect((await linesOf('shopify-1', '600'))?.map((l) => [l['lineId'], l['sku'], l['ordered'], l['unitPrice'], l['kind']])).toEqual([['9', 'K1-S', 4, 1500, 'sale'], ['9/K1-M', 'K1-M', 2, 0, 'bundle-component']]);
  });
  it('takes a new SKU of the catalogue for what quarantined lines were waiting for', async () => {
    await send('orders/create', order({ id: 700, line_items: [line({ id: 1, sku: 'K9-XL' })] }));
    await r.call('POST', '/v1/imports/catalogue', [CATALOGUE_HEAD, skuRow('K9-XL'), ''].join('\n'), { 'content-type': 'text/csv' });
    for (let i = 0; i < 100 && (await linesOf('shopify-1', '700')) === undefined; i++) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await linesOf('shopify-1', '700')).toMatchObject([{ sku: 'K9-XL', ordered: 3 }]);
  });
  describe('who sold what, known better later', () => {
    const starts = Date.now() - 600_000;
    const at = (minute: number): string => new Date(starts + minute * 60_000).toISOString();
    const sold = (id: number, minute: number, note: object[]) => send('orders/create', order({ id, created_at: at(minute), processed_at: at(minute), updated_at: at(minute), note_attributes: note }));
    const attributed = async (id: string) => { const { body } = await r.call('GET', `/v1/shops/shopify-1/orders/${id}/attributions`); return body.lines?.map((l: any) => `${l.broadcast} ${l.method} ${l.confidence}`).join() ?? 'nobody'; };
    const until = async (id: string, what: string) => {
      for (let i = 0; i < 200 && (await attributed(id)) !== what; i++) await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await attributed(id)).toBe(what);
      const [broadcast] = what.split(' ');
      const [line] = (await linesOf('shopify-1', id)) ?? [];
      expect(line?.['broadcast'] ?? 'nobody').toBe(broadcast);
    };
    const standing = async (broadcast: string) => (await r.sql.query(`select coalesce(sum(w.orders), 0)::int as n from demand_windows w join streams s on s.id = w.stream where s.shop = 'shopify-1' and s.sku = 'K1-S' and s.broadcast = $1`, [broadcast])).rows[0].n;
    const plan = async (id: string, slot: number) => {
      await r.call('POST', '/v1/broadcasts', { id, anchor: `anchor-of-${id}`, shop: 'shopify-1', startsAt: at(0), endsAt: at(60) });
      expect(await r.call('PUT', `/v1/broadcasts/${id}/line-up`, { items: [{ sku: 'K1-S', slotAt: at(slot), price: 1_799, plannedUnits: 100, promiseDays: 3 }] })).toMatchObject({ status: 200 });
    };

    it('follows a line-up that came late by itself, and a person who says which broadcast a room was', async () => {
      await sold(800, 1, [{ name: 'broadcast', value: 'room-5' }]);
      await sold(801, 2, []);
      expect(await attributed('801')).toBe('nobody');
      await plan('B-late', 0);
      await until('801', 'B-late slot 0.9');
      expect(await linesOf('shopify-1', '801')).toMatchObject([{ anchor: 'anchor-of-B-late' }]);
      expect(await standing('B-late')).toBe(1);
      expect(await r.call('PUT', '/v1/shops/shopify-1/live-rooms/room-5', { broadcast: 'nobody' })).toMatchObject({ status: 422, body: { code: 'unknown-broadcast' } });
      expect((await r.call('PUT', '/v1/shops/shopify-1/live-rooms/room-5', { broadcast: 'B-late' })).body).toMatchObject({ moved: 1 });
      await until('800', 'B-late order-note 0.95');
      expect(await r.call('POST', '/v1/shops/shopify-1/attributions', { from: at(0), to: at(3) })).toMatchObject({ status: 200, body: { looked: 1, attributed: 0 } });
    });
    it('follows a live log, entries taken back, and a broadcast that was never held; what the order said stays', async () => {
      await plan('B-two', 50);
      await until('801', 'B-late slot 0.51');
      const log = (broadcast: string, entries: object[]) => r.call('POST', `/v1/broadcasts/${broadcast}/live-log`, { entries });
      expect(await log('B-two', [{ at: at(1), kind: 'shown', sku: 'K1-S' }, { at: at(1), kind: 'viewers', viewers: 4_200 }])).toMatchObject({ status: 201, body: { recorded: 2, known: 0 } });
      await until('801', 'nobody');
      expect(await log('B-late', [{ at: at(0), kind: 'shown', sku: 'K1-M' }])).toMatchObject({ status: 201, body: { recorded: 1 } });
      await until('801', 'B-two live-log 0.53');
      expect([await standing('B-late'), await standing('B-two')]).toEqual([1, 1]);
      expect(await log('B-two', [{ at: at(1), kind: 'shown', sku: 'K1-S' }])).toMatchObject({ status: 201, body: { recorded: 0, known: 1 } });
      const { items } = (await r.call('GET', '/v1/broadcasts/B-two/live-log')).body;
      expect(items).toMatchObject([{ kind: 'shown', sku: 'K1-S', viewers: null }, { kind: 'viewers', sku: null, viewers: 4_200 }]);
      expect(await r.call('DELETE', `/v1/broadcasts/B-two/live-log/${items[0].id}`)).toMatchObject({ status: 204 });
      expect(await r.call('DELETE', `/v1/broadcasts/B-two/live-log/${items[0].id}`)).toMatchObject({ status: 404 });
      await until('801', 'nobody');
      expect(await r.call('PATCH', '/v1/broadcasts/B-two', { cancelled: true }, { 'if-match': (await r.call('GET', '/v1/broadcasts/B-two')).headers.get('etag') ?? '' })).toMatchObject({ status: 200 });
      await until('801', 'B-late line-up 0.7');
      expect(await r.call('PATCH', '/v1/broadcasts/B-late', { cancelled: true }, { 'if-match': (await r.call('GET', '/v1/broadcasts/B-late')).headers.get('etag') ?? '' })).toMatchObject({ status: 200 });
      await until('801', 'nobody');
      expect(await linesOf('shopify-1', '801')).not.toMatchObject([{ anchor: expect.anything() }]);
      expect(await attributed('800')).toBe('B-late order-note 0.95');
      expect(await log('B-late', [{ at: at(1), kind: 'shown', sku: 'K1-S' }])).toMatchObject({ status: 409, body: { code: 'cancelled' } });
    });
  });
});

describe('how a connection is', () => {
  it('tells what came, what was refused and what waits', async () => {
    for (let i = 0; i < 50 && (await r.call('GET', '/v1/shops/shopify-1/connection')).body.webhooks < 15; i++) await new Promise((resolve) => setTimeout(resolve, 100));
    const { body } = await r.call('GET', '/v1/shops/shopify-1/connection');
    expect(body).toMatchObject({ platform: 'shopify', status: 'connected', refused: 1, lastFault: expect.stringMatching(/signed|accessToken/), webhookUrl: expect.stringMatching(/\/webhooks\/shopify\/shopify-1$/) });
    expect(body.webhooks).toBeGreaterThan(10);
    expect(body.lastEventAt).not.toBeNull();
    expect(JSON.stringify(body)).not.toContain('shpss');
    expect((await r.call('GET', '/v1/connections')).body.items.map((c: any) => c.shop)).toEqual(['shop-1', 'shopify-1']);
  });
  it('cannot be asked without a token, and says so', async () => {
    expect((await r.call('POST', '/v1/shops/shopify-1/connection/test')).body).toMatchObject({ ok: false, fault: expect.stringContaining('accessToken') });
  });
  it('stores no credential as it was given', async () => {
    expect(JSON.stringify((await r.sql.query('select * from connections')).rows)).not.toMatch(/shpss|whsec/);
    expect(JSON.stringify((await r.sql.query('select * from audit_log')).rows)).not.toMatch(/shpss|whsec/);
  });
});
