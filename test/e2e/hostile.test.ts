import { closeServer, running, type Running } from '../factories/database.js';
import { furnish, orderEvent } from '../factories/merchant.js';

let r: Running;
beforeAll(async () => {
  r = await running();
  await furnish(r);
});
afterAll(async () => {
  await r.close();
  await closeServer();
});

const JSON_TYPE = { 'content-type': 'application/json' };
const rowsOf = async (): Promise<number> => (await r.sql.query('select count(*)::int as n from order_events')).rows[0].n;

/** Every operation with a body, with something at its placeholders. */
async function operations(): Promise<[string, string][]> {
  const api = (await r.call('GET', '/openapi.json')).body;
  return Object.entries(api.paths as Record<string, Record<string, unknown>>).flatMap(([path, methods]) =>
    Object.keys(methods).map((m): [string, string] => [m.toUpperCase(), path.replace('{kind}', 'orders').replace('{shop}', 'shop-1').replace(/\{\w+\}/g, 'x')]));
}

it('no body makes any route answer 5xx, and every refusal is problem+json with a code', async () => {
  const bodies: [string, string | Uint8Array][] = [
    ['empty object', '{}'], ['array', '[]'], ['null', 'null'], ['number', '1'], ['text', '"x"'], ['cut', '{"a":'], ['deep', '['.repeat(5000)], ['proto', '{"__proto__":{"x":1}}'],
    ['infinite', '{"version":1e309,"quantity":1e309,"limit":1e309}'], ['utf8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])], ['nul', '{"name":"a\\u0000b","id":"a\\u0000b"}'],
    ['surrogate', '{"name":"\\ud800","id":"\\ud800","sku":"\\ud800"}'], ['duplicate keys', '{"id":"a","id":["b"]}'], ['wrong types', '{"id":{},"name":[],"version":"1","verdict":7,"lines":"x","timeZone":0,"items":{}}'],
    ['long', JSON.stringify({ name: 'x'.repeat(100_000), id: 'y'.repeat(100_000) })], ['extra', '{"surprise":1}'],
  ];
  const wrong: string[] = [];
  const writing = (await operations()).filter(([method]) => ['POST', 'PUT', 'PATCH'].includes(method));
  expect(writing.length).toBeGreaterThan(15);
  await Promise.all(writing.map(async ([method, path]) => {
    for (const [name, body] of bodies) {
      const { status, body: answer, headers } = await r.call(method, path, body, JSON_TYPE);
      if (status >= 500) wrong.push(`${method} ${path} with ${name}: ${status}`);
      if (status >= 400 && (headers.get('content-type')?.startsWith('application/problem+json') !== true || typeof answer.code !== 'string' || JSON.stringify(answer).includes('node_modules'))) wrong.push(`${method} ${path} with ${name}: ${status} is no problem+json`);
    }
  }));
  expect(wrong).toEqual([]);
}, 300_000);

it('no query or path makes any route answer 5xx', async () => {
  const wrong: string[] = [];
  const odd = ['?limit=0', '?limit=9999', '?limit=x', '?cursor=x', '?cursor=WyJcdTAwMDAiXQ', '?from=now', '?limit=1&limit=2', '?status=%00', "?sku=' or 1=1 --", '?after=x-y'];
  for (const [method, path] of await operations()) {
    if (method !== 'GET' || path === '/v1/stream') continue;
    for (const query of odd) {
      const { status } = await r.call(method, `${path}${query}`);
      if (status >= 500) wrong.push(`${path}${query}: ${status}`);
    }
  }
  for (const path of ['/v1/skus/%00', '/v1/skus/%ff', '/v1/skus/..%2f..%2fetc', `/v1/skus/${'x'.repeat(2000)}`, '/v1/signals/%F0%9F%98%80', '/v1/dead-letters/99999999999999999999/redrive', '/nothing', '/v1', '/v1/shops//outcome']) {
    for (const method of ['GET', 'POST']) {
      const { status } = await r.call(method, path);
      if (status >= 500) wrong.push(`${method} ${path}: ${status}`);
    }
  }
  expect(wrong).toEqual([]);
});

it.each([
  ['event_id', undefined], ['event_id', 7], ['event_id', ''], ['event_id', 'x'.repeat(300)], ['event_id', 'a\0'], ['occurred_at', 'yesterday'], ['occurred_at', '2026-11-22T10:00:00'], ['occurred_at', 1763800000],
  ['occurred_at', '2026-02-30T10:00:00Z'], ['shop', null], ['order_id', { a: 1 }], ['line_id', undefined], ['sku', ''], ['sku', 5], ['quantity', 0], ['quantity', -1], ['quantity', 1.5], ['quantity', 1_000_001], ['quantity', '1e3'],
  ['quantity', true], ['quantity', 9007199254740993], ['unit_price', -1], ['unit_price', undefined], ['unit_price', 1e15], ['currency', 'XXQ'], ['currency', undefined], ['currency', 'cny'], ['type', 'sold'], ['type', undefined],
  ['kind', 'present'], ['payment', 'barter'], ['ship_by', 'soon'], ['broadcast', 'a\u0007b'], ['buyer', 'x'.repeat(300)],
])('an order event whose %s is %p is refused by that name, and nothing of it is stored', async (field, value) => {
  const before = await rowsOf();
  const event = { ...orderEvent(), [field]: value };
  const { status, body } = await r.call('POST', '/v1/order-events', event);
  expect(status).toBe(422);
  expect(JSON.stringify(body.errors ?? body)).toContain(field);
  expect(await rowsOf()).toBe(before);
});

it('numeric ids beyond 2^53 are refused rather than rounded, as texts they are kept to the digit', async () => {
  const raw = JSON.stringify(orderEvent({ order_id: '@' })).replace('"@"', '4705288465508532862');
  expect((await r.call('POST', '/v1/order-events', raw, JSON_TYPE)).status).toBe(422);
  await r.call('POST', '/v1/order-events', orderEvent({ order_id: '4705288465508532862' }));
  expect((await r.call('GET', '/v1/shops/shop-1/orders/4705288465508532862')).body.orderId).toBe('4705288465508532862');
});

it('a body that is too large or of another type is refused', async () => {
  expect((await r.call('POST', '/v1/order-events', JSON.stringify({ x: 'y'.repeat(2_000_000) }), JSON_TYPE)).status).toBe(413);
  expect((await r.call('POST', '/v1/order-events', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
  expect((await r.call('POST', '/v1/order-events/bulk', 'x', { 'content-type': 'text/plain' })).status).toBe(415);
});

it('webhook addresses that lead inside are refused where they are set', async () => {
  for (const webhookUrl of ['https://127.0.0.1/x', 'https://[::ffff:127.0.0.1]/', 'http://factory.example/', 'https://u:p@factory.example/', 'file:///etc/passwd', 'https://2130706433/']) {
    expect(await r.call('PATCH', '/v1/suppliers/factory-1', { webhookUrl })).toMatchObject({ status: 422, body: { errors: [{ field: 'webhookUrl' }] } });
  }
});

it('spreadsheets of catalogues and broadcasts name the line and column that is wrong', async () => {
  const csv = { 'content-type': 'text/csv' };
  const head = 'broadcast,anchor,shop,starts_at,ends_at,sku,slot_at,price,planned_units,promise_days';
  const bad = await r.call('POST', '/v1/imports/broadcasts', `${head}\nB1,a,shop-1,2026-11-22T12:00:00Z,2026-11-22T11:00:00Z,K1-S,2026-11-22T12:00:00Z,1,1,1\n`, csv);
  expect(bad).toMatchObject({ status: 422, body: { rejected: [{ line: 2, detail: 'ends_at: must be after starts_at' }] } });
  const unknown = await r.call('POST', '/v1/imports/broadcasts', `${head}\nB1,a,shop-1,2026-11-22T12:00:00Z,2026-11-22T13:00:00Z,NOPE,2026-11-22T12:00:00Z,1,1,1\n`, csv);
  expect(unknown).toMatchObject({ status: 422, body: { rejected: [{ line: 2, code: 'unknown-sku' }] } });
  expect((await r.call('GET', '/v1/broadcasts/B1')).status).toBe(404);
  expect((await r.call('POST', '/v1/imports/catalogue', 'a,"b\n1,2\n', csv)).status).toBe(400);
});
