import { closeServer, request, running, until, type Running } from '../factories/database.js';
import { UNBALANCED } from '../factories/stock.js';
import { CATALOGUE_HEAD, furnish, iso, ndjson, NDJSON, orderEvent, skuRow } from '../factories/merchant.js';

let r: Running;
beforeAll(async () => {
  r = await running();
  await furnish(r, ['K1-S', 'K1-M', 'K2-S', 'K3-S', 'K4-S', 'K5-S', 'K6-S', 'K7-S', 'K7-M', 'K8-S', 'K9-S'], { initial_stock: 10 });
});
afterAll(async () => {
  await r.close();
  await closeServer();
});

const stockOf = async (sku: string, world = 'replay') => (await r.call('GET', `/v1/skus/${sku}/availability?world=${world}`)).body;
const take = (events: readonly unknown[]) => r.call('POST', '/v1/order-events/bulk', ndjson(events), NDJSON);
const settled = () => until('order news are taken up', async () => (await r.sql.query('select (select count(*) from order_news)::int + (select count(*) from job_outbox where job = $1 and state = $2)::int as n', ['inventory.settle-orders', 'due'])).rows[0].n === 0);
const line = (order: string, sku: string, type: string, quantity: number, at: number, over: Record<string, unknown> = {}) =>
  orderEvent({ event_id: `${order}-${type}-${at}`, order_id: order, sku, type, quantity, occurred_at: iso(at), ...over });
afterEach(async () => {
  await settled();
  expect((await r.sql.query(UNBALANCED)).rows).toEqual([]);
});

describe('order lines and stock', () => {
  it('reserves at paid, claims at shipped, releases at cancellation; what is lacking waits', async () => {
    await take([line('a1', 'K1-S', 'paid', 4, 1), line('a2', 'K1-S', 'paid', 3, 2), line('a3', 'K1-S', 'paid', 5, 3)]);
    await settled();
    expect(await stockOf('K1-S')).toMatchObject({ onHand: 10, reserved: 10, available: 0, waiting: 2, claimed: 0 });
    await take([line('a1', 'K1-S', 'shipped', 4, 4)]);
    await settled();
    expect(await stockOf('K1-S')).toMatchObject({ onHand: 6, reserved: 6, waiting: 2, claimed: 4 });
    await take([line('a2', 'K1-S', 'cancelled', 3, 5)]);
    await settled();
    // The units of the cancelled line go to the one that waited.
    expect(await stockOf('K1-S')).toMatchObject({ onHand: 6, reserved: 5, available: 1, waiting: 0, claimed: 4, history: { opening: 10 } });
    const causes = (await r.call('GET', '/v1/stock-movements?sku=K1-S&world=replay')).body.items.map((m: { cause: string }) => m.cause).reverse();
    expect(causes).toEqual(['opening', 'reserve', 'reserve', 'reserve', 'claim', 'release', 'reserve']);
  });

  it('comes to the same stock in whatever order the events come, and twice', async () => {
    const events = [line('b1', 'K1-M', 'paid', 4, 1), line('b1', 'K1-M', 'shipped', 4, 9), line('b2', 'K1-M', 'paid', 3, 2), line('b2', 'K1-M', 'cancelled', 1, 5)];
    for (const event of [events[1], events[3], events[0], events[2], events[1]]) {
      await take([event]);
      await settled();
    }
    expect(await stockOf('K1-M')).toMatchObject({ onHand: 6, reserved: 2, available: 4, claimed: 4, waiting: 0, unclaimed: 0 });
  });

  it('never lets more leave than is there: the rest stays unclaimed until stock comes in', async () => {
    await take([line('c1', 'K2-S', 'paid', 14, 1), line('c1', 'K2-S', 'shipped', 14, 2)]);
    await settled();
    expect(await stockOf('K2-S')).toMatchObject({ onHand: 0, claimed: 10, unclaimed: 4, available: 0 });
    const body = { cause: 'adjust', sku: 'K2-S', quantity: 6, world: 'replay', note: 'found on the shelf' };
    expect((await r.call('POST', '/v1/stock-movements', body)).status).toBe(201);
    expect(await stockOf('K2-S')).toMatchObject({ onHand: 2, claimed: 14, unclaimed: 0, available: 2, history: { adjusted: 6 } });
  });

  it('what a cancellation frees goes to who waits longest, not to who orders next', async () => {
    await take([line('q1', 'K6-S', 'paid', 10, 1)]);
    await settled();
    await take([line('q2', 'K6-S', 'paid', 4, 2)]);
    await settled();
    await take([line('q1', 'K6-S', 'cancelled', 5, 3), line('q3', 'K6-S', 'paid', 5, 4)]);
    await settled();
    expect((await r.sql.query(`select order_id, reserved from stock_allocations where sku = 'K6-S' order by 1`)).rows).toEqual([{ order_id: 'q1', reserved: 5 }, { order_id: 'q2', reserved: 4 }, { order_id: 'q3', reserved: 1 }]);
  });

  it('keeps gifts and giveaways in view: they need pieces too', async () => {
    await take([line('g1', 'K3-S', 'paid', 3, 1, { kind: 'giveaway', unit_price: 0 })]);
    await settled();
    expect(await stockOf('K3-S')).toMatchObject({ reserved: 3, available: 7 });
  });

  it('keeps the worlds apart: a replay takes nothing of the live stock', async () => {
    expect(await stockOf('K1-S', 'live')).toMatchObject({ onHand: 10, reserved: 0, available: 10 });
  });
});

describe('reservations', () => {
  const reserve = (lines: object[], over: object = {}) => r.call('POST', '/v1/reservations', { lines, seconds: 600, shop: 'shop-1', ...over });

  it('promises all lines or none, the same SKU twice included', async () => {
    expect((await reserve([{ sku: 'K4-S', quantity: 6 }, { sku: 'K4-S', quantity: 5 }])).body).toMatchObject({ code: 'not-enough-stock', lines: [{ sku: 'K4-S', wanted: 11, available: 10 }] });
    expect((await reserve([{ sku: 'K4-S', quantity: 4 }, { sku: 'K5-S', quantity: 11 }])).status).toBe(409);
    expect(await stockOf('K4-S')).toMatchObject({ reserved: 0 });
    expect((await reserve([{ sku: 'K4-S', quantity: 4 }, { sku: 'K5-S', quantity: 10 }])).body).toMatchObject({ status: 'held', lines: [{ sku: 'K4-S', quantity: 4 }, { sku: 'K5-S', quantity: 10 }] });
    expect([await stockOf('K4-S'), await stockOf('K5-S')]).toMatchObject([{ available: 6 }, { available: 0 }]);
    expect((await reserve([{ sku: 'nothing', quantity: 1 }])).body.detail).toContain('nothing');
  });

  it('gives units back once, however often it is released', async () => {
    const { id } = (await reserve([{ sku: 'K4-S', quantity: 2 }])).body;
    expect((await r.call('DELETE', `/v1/reservations/${id}`)).body).toMatchObject({ status: 'released' });
    expect((await r.call('DELETE', `/v1/reservations/${id}`)).status).toBe(200);
    expect(await stockOf('K4-S')).toMatchObject({ available: 6 });
    expect((await r.call('POST', `/v1/reservations/${id}/confirm`)).body).toMatchObject({ code: 'not-held', status: 409 });
  });

  it('expires by the database’s clock, and is not confirmed after', async () => {
    const { id } = (await reserve([{ sku: 'K4-S', quantity: 2 }], { seconds: 1 })).body;
    await until('it expires', async () => (await r.call('GET', `/v1/reservations/${id}`)).body.status === 'expired');
    expect(await stockOf('K4-S')).toMatchObject({ available: 6 });
    expect((await r.call('POST', `/v1/reservations/${id}/confirm`)).status).toBe(409);
  });

  it('expiry and confirmation at the same moment: one of them, never both', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, async () => (await reserve([{ sku: 'K4-S', quantity: 1 }], { seconds: 1 })).body.id as string));
    await new Promise((resolve) => setTimeout(resolve, 960));
    const answers = await Promise.all(ids.map((id) => r.call('POST', `/v1/reservations/${id}/confirm`)));
    await until('none is held', async () => (await Promise.all(ids.map((id) => r.call('GET', `/v1/reservations/${id}`)))).every((x) => x.body.status !== 'held'));
    const now = await Promise.all(ids.map((id) => r.call('GET', `/v1/reservations/${id}`)));
    expect(now.map((x) => x.body.status)).toEqual(answers.map((a) => (a.status === 200 ? 'confirmed' : 'expired')));
    for (const id of ids) await r.call('DELETE', `/v1/reservations/${id}`);
    expect(await stockOf('K4-S')).toMatchObject({ available: 6 });
  });

  it('hands its units to the lines of the order it was made for, before others that wait', async () => {
    const { id } = (await reserve([{ sku: 'K4-S', quantity: 6 }], { orderId: 'h1' })).body;
    await take([line('w1', 'K4-S', 'paid', 3, 1)]);
    await settled();
    expect(await stockOf('K4-S')).toMatchObject({ available: 0, waiting: 3 });
    await take([line('h1', 'K4-S', 'paid', 5, 2)]);
    await settled();
    // Five of the six went over; the sixth is kept for a line of the order that may still be told.
    expect((await r.call('GET', `/v1/reservations/${id}`)).body).toMatchObject({ status: 'held', lines: [{ sku: 'K4-S', quantity: 6, taken: 5 }] });
    expect(await stockOf('K4-S')).toMatchObject({ reserved: 10, available: 0, waiting: 3 });
    await r.call('DELETE', `/v1/reservations/${id}`);
    // Given back, it goes to the line that waited.
    expect(await stockOf('K4-S')).toMatchObject({ reserved: 10, available: 0, waiting: 2 });
    expect((await r.sql.query(`select order_id, reserved from stock_allocations where sku = 'K4-S' order by 1`)).rows).toEqual([{ order_id: 'h1', reserved: 5 }, { order_id: 'w1', reserved: 1 }]);
  });

  const reservation = async (id: string) => (await r.call('GET', `/v1/reservations/${id}`)).body;
  const shares = async (sku: string) => (await r.sql.query('select order_id, line_id, reserved, claimed from stock_allocations where sku = $1 order by 1, 2', [sku])).rows.map((a: Record<string, unknown>) => [a['order_id'], a['line_id'], a['reserved'], a['claimed']]);

  it('keeps the units of a SKU whose line is told later, though others wait for them', async () => {
    const { id } = (await reserve([{ sku: 'K7-S', quantity: 10 }, { sku: 'K7-M', quantity: 10 }], { orderId: 'two' })).body;
    await take([line('other', 'K7-M', 'paid', 3, 1)]);
    await settled();
    await take([line('two', 'K7-S', 'paid', 10, 2)]);
    await settled();
    expect(await reservation(id)).toMatchObject({ status: 'held', lines: [{ sku: 'K7-M', taken: 0 }, { sku: 'K7-S', taken: 10 }] });
    expect(await stockOf('K7-M')).toMatchObject({ reserved: 10, available: 0, waiting: 3 });
    await take([line('two', 'K7-M', 'paid', 10, 3, { line_id: '2' })]);
    await settled();
    expect((await reservation(id)).status).toBe('used');
    expect(await shares('K7-M')).toEqual([['other', '1', 0, 0], ['two', '2', 10, 0]]);
  });

  it('keeps the units of one SKU for the second line of it, shipped at once though another shipped without stock', async () => {
    const { id } = (await reserve([{ sku: 'K8-S', quantity: 10 }], { orderId: 'twice' })).body;
    await take([line('twice', 'K8-S', 'paid', 4, 1)]);
    await settled();
    expect(await reservation(id)).toMatchObject({ status: 'held', lines: [{ taken: 4 }] });
    await take([line('rival', 'K8-S', 'paid', 2, 1), line('rival', 'K8-S', 'shipped', 2, 2), line('twice', 'K8-S', 'paid', 6, 3, { line_id: '2' }), line('twice', 'K8-S', 'shipped', 5, 4, { line_id: '2' })]);
    await settled();
    expect((await reservation(id)).status).toBe('used');
    expect(await shares('K8-S')).toEqual([['rival', '1', 0, 0], ['twice', '1', 4, 0], ['twice', '2', 1, 5]]);
  });

  it('ends when its order is cancelled before anybody saw it open; confirmed, it ends after 30 days at the latest', async () => {
    const confirmed = async (orderId: string): Promise<string> => {
      const { id } = (await reserve([{ sku: 'K9-S', quantity: 3 }], { orderId })).body;
      const days = (Date.parse((await r.call('POST', `/v1/reservations/${id}/confirm`)).body.expiresAt) - Date.now()) / 86_400_000;
      expect(Math.round(days)).toBe(30);
      return id;
    };
    const [unpaid, both, part] = [await confirmed('unpaid'), await confirmed('both'), await confirmed('part')];
    await take([line('unpaid', 'K9-S', 'created', 3, 1), line('both', 'K9-S', 'created', 3, 1), line('part', 'K9-S', 'created', 3, 1)]);
    await settled();
    expect([await reservation(unpaid), await reservation(both), await reservation(part)]).toMatchObject([{ status: 'confirmed' }, { status: 'confirmed' }, { status: 'confirmed' }]);
    await take([line('unpaid', 'K9-S', 'cancelled', 3, 2), line('both', 'K9-S', 'paid', 3, 2), line('both', 'K9-S', 'cancelled', 3, 3), line('part', 'K9-S', 'cancelled', 2, 2)]);
    await settled();
    expect([await reservation(unpaid), await reservation(both), await reservation(part)]).toMatchObject([{ status: 'released' }, { status: 'released' }, { status: 'confirmed' }]);
    expect(await stockOf('K9-S')).toMatchObject({ reserved: 3, available: 7 });
    await r.sql.query(`update reservations set expires_at = clock_timestamp() where id = $1`, [part]);
    await until('it ends', async () => (await reservation(part)).status === 'expired');
    expect(await stockOf('K9-S')).toMatchObject({ reserved: 0, available: 10 });
  });

  it('are listed newest first, by SKU, order and status, in pages', async () => {
    const page = async (query: string) => (await r.call('GET', `/v1/reservations?${query}`)).body;
    const all = await page('sku=K9-S');
    expect(all.items.map((i: { orderId: string; status: string }) => [i.orderId, i.status])).toEqual([['part', 'expired'], ['both', 'released'], ['unpaid', 'released']]);
    expect((await page('sku=K9-S&status=released')).items).toHaveLength(2);
    expect((await page('orderId=two')).items).toMatchObject([{ status: 'used', lines: [{ sku: 'K7-M', quantity: 10, taken: 10 }, { sku: 'K7-S', quantity: 10, taken: 10 }] }]);
    const first = await page('sku=K9-S&limit=2');
    expect((await page(`sku=K9-S&limit=2&cursor=${first.nextCursor}`))).toMatchObject({ items: [{ orderId: 'unpaid' }], nextCursor: null });
    expect(await page('status=gone')).toMatchObject({ status: 422, detail: expect.stringContaining('status') });
  });

  it('shows a platform its own reservations alone', async () => {
    const key = (await r.call('POST', '/v1/api-keys', { name: 'p', role: 'platform', scopes: ['ingest:shop-1'] })).body.key;
    const asPlatform = (body: object) => request(r.url, 'POST', '/v1/reservations', { lines: [{ sku: 'K1-M', quantity: 1 }], seconds: 60, ...body }, { authorization: `Bearer ${key}` });
    await r.call('PUT', '/v1/shops/shop-2', { platform: 'tiktok', timeZone: 'Asia/Shanghai', currency: 'CNY' });
    expect([(await asPlatform({ shop: 'shop-2' })).status, (await asPlatform({})).status]).toEqual([404, 422]);
    const own = await asPlatform({ shop: 'shop-1' });
    expect(own.status).toBe(201);
    expect((await request(r.url, 'GET', '/v1/reservations', undefined, { authorization: `Bearer ${key}` })).body.items.map((i: { id: string }) => i.id)).toEqual([own.body.id]);
    await r.call('DELETE', `/v1/reservations/${own.body.id}`);
    const { id } = (await reserve([{ sku: 'K1-M', quantity: 1 }])).body;
    expect((await request(r.url, 'GET', `/v1/reservations/${id}`, undefined, { authorization: `Bearer ${key}` })).status).toBe(404);
    expect((await request(r.url, 'DELETE', `/v1/reservations/${id}`, undefined, { authorization: `Bearer ${key}` })).status).toBe(404);
    await r.call('DELETE', `/v1/reservations/${id}`);
  });
});

const imported = (...rows: string[]) => r.call('POST', '/v1/imports/catalogue', [CATALOGUE_HEAD, ...rows, ''].join('\n'), { 'content-type': 'text/csv' });

describe('corrections', () => {
  const move = (body: object) => r.call('POST', '/v1/stock-movements', { world: 'replay', note: 'test', ...body });

  it('blocks, regrades and scraps what is not promised', async () => {
    expect((await move({ cause: 'quarantine', sku: 'K3-S', quantity: 5 })).body).toMatchObject({ onHand: 5, blocked: 5, available: 2 });
    expect((await move({ cause: 'quarantine', sku: 'K3-S', quantity: 3 })).body).toMatchObject({ code: 'promised', available: 2 });
    expect((await move({ cause: 'regrade', sku: 'K3-S', quality: 'quarantine', toQuality: 'A', quantity: 2 })).body).toMatchObject({ onHand: 7, blocked: 3 });
    expect((await move({ cause: 'scrap', sku: 'K3-S', quality: 'quarantine', quantity: 3 })).body).toMatchObject({ onHand: 7, blocked: 0 });
    expect((await move({ cause: 'scrap', sku: 'K3-S', quality: 'B', quantity: 1 })).body).toMatchObject({ code: 'not-there', units: 0 });
    expect(await stockOf('K3-S')).toMatchObject({ history: { scrapped: 3 } });
  });

  it.each([
    [{ cause: 'scrap', sku: 'K3-S', quantity: -1 }, 'quantity'], [{ cause: 'adjust', sku: 'K3-S', quantity: 0 }, 'quantity'], [{ cause: 'regrade', sku: 'K3-S', quantity: 1 }, 'toQuality'],
    [{ cause: 'adjust', sku: 'none', quantity: 1 }, 'sku'], [{ cause: 'adjust', sku: 'K3-S', quantity: 1, lot: 'lot_none' }, 'lot'], [{ cause: 'regrade', sku: 'K3-S', quantity: 1, toQuality: 'A' }, 'toQuality'],
  ])('refuses %j and names the field', async (body, field) => {
    const { status, body: problem } = await move(body);
    expect([status, problem.detail]).toEqual([422, expect.stringContaining(field)]);
  });

  it('opening stock changes by the difference, and never below what is promised or gone', async () => {
    expect((await imported(skuRow('K2-S', { initial_stock: 12 }))).body).toMatchObject({ accepted: 1, rejectedCount: 0 });
    expect(await stockOf('K2-S')).toMatchObject({ onHand: 4, history: { opening: 12 } });
    expect((await imported(skuRow('K2-S', { initial_stock: 12 }))).body).toMatchObject({ accepted: 1 });
    expect(await stockOf('K2-S')).toMatchObject({ onHand: 4 });
    const { id } = (await r.call('POST', '/v1/reservations', { lines: [{ sku: 'K2-S', quantity: 8 }], seconds: 600 })).body;
    expect((await imported(skuRow('K3-S', { initial_stock: 10 }), skuRow('K2-S', { initial_stock: 2 }))).body).toMatchObject({ accepted: 0, rejected: [{ line: 3, code: 'stock-promised', detail: expect.stringMatching(/K2-S cannot fall by 10, only 4/) }] });
    expect([await stockOf('K2-S'), await stockOf('K2-S', 'live')]).toMatchObject([{ onHand: 4, history: { opening: 12 } }, { onHand: 12, history: { opening: 12 } }]);
    await r.call('DELETE', `/v1/reservations/${id}`);
    // The replay has used its own up, and keeps it; the live stock is corrected all the same.
    expect((await imported(skuRow('K2-S', { initial_stock: 2 }))).body).toMatchObject({ accepted: 1, rejectedCount: 0 });
    expect([await stockOf('K2-S'), await stockOf('K2-S', 'live')]).toMatchObject([{ onHand: 4, history: { opening: 12 } }, { onHand: 2, history: { opening: 2 } }]);
    const announced = await r.sql.query(`select payload->>'world' as world from facts where name = 'inventory.stock-changed' and payload->>'cause' = 'opening' and payload->'skus' ? 'K2-S' order by id`);
    expect(announced.rows.map((a: { world: string }) => a.world)).toEqual(['live', 'replay', 'live', 'replay', 'live']);
  });

  it('opening stock loses no unit that came in with a lot', async () => {
    await imported(skuRow('K8-M', { initial_stock: 4 }));
    await r.sql.query(`insert into lots (id, world, received_at) values ('lot_k8', 'live', now())`);
    const move = { cause: 'adjust', sku: 'K8-M', note: 'test' };
    expect((await r.call('POST', '/v1/stock-movements', { ...move, quantity: 20, lot: 'lot_k8' })).status).toBe(201);
    expect((await r.call('POST', '/v1/stock-movements', { ...move, quantity: -3 })).status).toBe(201);
    expect((await imported(skuRow('K8-M', { initial_stock: 2 }))).body).toMatchObject({ accepted: 0, rejected: [{ line: 2, code: 'stock-promised', detail: expect.stringContaining('only 1 unit') }] });
    expect((await imported(skuRow('K8-M', { initial_stock: 3 }))).body).toMatchObject({ accepted: 1 });
    expect(await stockOf('K8-M', 'live')).toMatchObject({ onHand: 20, history: { opening: 3, adjusted: 17 } });
  });
});

describe('who makes a SKU', () => {
  const terms = async (sku: string) => (await r.call('GET', `/v1/skus/${sku}`)).body;
  const ranks = async (sku: string) => (await r.sql.query('select supplier, rank from sourcing where sku = $1 order by rank', [sku])).rows.map((s: { supplier: string; rank: number }) => [s.supplier, s.rank]);
  const announced = async (): Promise<string[][]> => (await r.sql.query(`select payload->'skus' as skus from facts where name = 'catalogue.terms-changed' order by id`)).rows.map((f: { skus: string[] }) => f.skus);

  it('is the first supplier that the latest file names, whatever the alphabet says; what changes is announced once', async () => {
    await imported(skuRow('M1-S', { supplier: 'aaa' }));
    expect(await announced()).toEqual([]);
    await imported(skuRow('M1-S', { supplier: 'zzz', unit_cost: 4_000 }));
    expect(await terms('M1-S')).toMatchObject({ supplier: 'zzz', unitCost: 4_000 });
    expect(await ranks('M1-S')).toEqual([['zzz', 1], ['aaa', 2]]);
    await imported(skuRow('M1-S', { supplier: 'mmm' }), skuRow('M1-S', { supplier: 'aaa' }));
    expect(await ranks('M1-S')).toEqual([['mmm', 1], ['aaa', 2], ['zzz', 3]]);
    const before = await announced();
    expect(before).toEqual([['M1-S'], ['M1-S']]);
    expect((await imported(skuRow('M1-S', { supplier: 'mmm' }), skuRow('M1-S', { supplier: 'aaa' }))).body).toMatchObject({ accepted: 2 });
    expect(await announced()).toEqual(before);
  });

  it('is the next supplier where the first may get no signals', async () => {
    const standing = (to: string) => r.call('PATCH', '/v1/suppliers/mmm', { standing: to });
    const before = (await announced()).length;
    expect((await standing('prevent')).body).toMatchObject({ id: 'mmm', standing: 'prevent' });
    expect(await terms('M1-S')).toMatchObject({ supplier: 'aaa' });
    expect((await standing('prefer')).body).toMatchObject({ standing: 'prefer' });
    expect(await terms('M1-S')).toMatchObject({ supplier: 'mmm' });
    expect((await announced()).slice(before)).toEqual([['M1-S'], ['M1-S']]);
    expect((await standing('best')).body).toMatchObject({ status: 422, detail: expect.stringContaining('standing') });
  });
});
