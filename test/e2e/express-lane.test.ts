import http from 'node:http';
import { ADMIN_KEY, closeServer, running, type Running } from '../factories/database.js';
import { furnish, orderEvent } from '../factories/merchant.js';

let r: Running;
beforeAll(async () => {
  r = await running({ ROLE: 'api' });
  await furnish(r);
});
afterAll(async () => {
  await r.close();
  await closeServer();
});

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** `common`: in chunks, without a length, which no lane takes. */
const post = (body: Uint8Array | string, way: 'lane' | 'common', headers: Record<string, string> = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const bytes = Buffer.from(body);
    const request = http.request(new URL('/v1/order-events', r.url), {
      method: 'POST', headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', ...(way === 'lane' ? { 'content-length': bytes.length } : { 'transfer-encoding': 'chunked' }), ...headers },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(text) as Record<string, unknown> }));
    });
    request.end(bytes);
  });

const COMPARED = ['content-type', 'x-content-type-options', 'x-correlation-id', 'www-authenticate', 'retry-after'] as const;
const comparable = ({ status, headers, body }: Answer): unknown => ({ status, headers: COMPARED.map((name) => headers[name]), body: { ...body, requestId: typeof body['requestId'] } });

it('answers as the common way does, to good events, repeats and all kinds of bad ones', async () => {
  const good = orderEvent();
  const bodies: [string, Uint8Array | string][] = [
    ['good', JSON.stringify(good)], ['repeat', JSON.stringify(good)], ['reused', JSON.stringify({ ...good, quantity: 3 })], ['unknown sku', JSON.stringify(orderEvent({ sku: 'nobody' }))],
    ['unknown shop', JSON.stringify(orderEvent({ shop: 'nowhere' }))], ['unicode', JSON.stringify(orderEvent({ event_id: 'ü-𝄞', order_id: '"\\,{}' }))], ['extra', JSON.stringify({ ...orderEvent(), more: { deep: [1] } })],
    ['array', '[]'], ['null', 'null'], ['number', '1'], ['cut', '{"a":'], ['deep', '['.repeat(500)], ['proto', '{"__proto__":{"x":1}}'], ['escaped proto', '{"\\u005f_proto__":1}'], ['infinite', JSON.stringify(orderEvent()).replace('"quantity":1', '"quantity":1e309')],
    ['no utf8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])], ['byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(JSON.stringify(good))])], ['nul', '{"name":"a\\u0000b"}'], ['surrogate', '{"sku":"\\ud800"}'],
    ['no price', JSON.stringify({ ...orderEvent(), unit_price: undefined })], ['many faults', JSON.stringify({ event_id: 7, occurred_at: 'x', quantity: 0 })], ['long name', JSON.stringify(orderEvent({ shop: 'x'.repeat(200) }))],
    ['no such day', JSON.stringify(orderEvent({ occurred_at: '2026-02-30T10:00:00Z' }))], ['control', JSON.stringify(orderEvent({ broadcast: 'a\u0007' }))],
  ];
  await post(JSON.stringify(orderEvent()), 'common');
  for (const [name, body] of bodies) {
    // Twice the common way first: what is new is known then, and the same for both.
    await post(body, 'common');
    const common = await post(body, 'common', { 'x-request-id': 'mine' });
    const lane = await post(body, 'lane', { 'x-request-id': 'mine' });
    expect({ name, answer: comparable(lane) }).toEqual({ name, answer: comparable(common) });
    expect(lane.headers['x-request-id']).toMatch(/^req_/);
  }
  const fresh = await post(JSON.stringify(orderEvent()), 'lane');
  expect([fresh.status, fresh.body]).toEqual([202, { accepted: 1, duplicates: 0, quarantined: 0 }]);
});

it('takes no other role, key, method or type past the guard', async () => {
  const key = await r.call('POST', '/v1/api-keys', { name: 'scanner', role: 'warehouse' });
  const body = JSON.stringify(orderEvent());
  // The first of each identifies the key, so that it is remembered for the second.
  for (let i = 0; i < 2; i++) expect((await post(body, 'lane', { authorization: `Bearer ${key.body.key}` })).status).toBe(403);
  for (let i = 0; i < 2; i++) expect((await post(body, 'lane', { authorization: 'Bearer nobody' })).status).toBe(401);
  expect((await post(body, 'lane', { authorization: '' })).status).toBe(401);
  expect((await post(body, 'lane', { 'content-type': 'text/plain' })).status).toBe(415);
  expect((await r.sql.query('select count(*)::int as n from order_events where event_id = $1', [JSON.parse(body).event_id])).rows).toEqual([{ n: 0 }]);
});

it('counts its requests and writes the trace of a request into the facts of its batch', async () => {
  const trace = 'a'.repeat(31) + 'b';
  const event = orderEvent();
  await post(JSON.stringify(orderEvent()), 'lane');
  await post(JSON.stringify(event), 'lane', { traceparent: `00-${trace}-00f067aa0ba902b7-01` });
  expect((await r.sql.query('select count(*)::int as n from facts where trace like $1', [`00-${trace}-%`])).rows).toEqual([{ n: 1 }]);
  expect((await r.call('GET', '/metrics')).body).toMatch(/castline_http_seconds_count\{method="POST",route="\/v1\/order-events",status="202"\} \d+/);
});
