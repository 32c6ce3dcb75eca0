import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { closeServer, request, running, until, type Running } from '../factories/database.js';
import { furnish, iso, ndjson, NDJSON, orderEvent } from '../factories/merchant.js';

/**
 * What each role may call. Every operation of the OpenAPI file must be here: a new route without a line fails.
 * `roles`: those that get through to the route; everyone else gets 403. `own`: whose objects the bound roles see.
 */
type Role = 'operator' | 'factory' | 'anchor' | 'controller' | 'warehouse' | 'quality' | 'finance' | 'platform';
const ALL: readonly Role[] = ['operator', 'factory', 'anchor', 'controller', 'warehouse', 'quality', 'finance', 'platform'];
const EXPECTED: Readonly<Record<string, readonly Role[] | 'everyone'>> = {
  'POST /v1/session': 'everyone', 'GET /v1/session': ALL, 'DELETE /v1/session': ALL,
  'GET /v1/api-keys': [], 'POST /v1/api-keys': [], 'DELETE /v1/api-keys/{id}': [], 'GET /v1/users': [], 'POST /v1/users': [], 'GET /v1/audit-log': [],
  'GET /health/live': 'everyone', 'GET /health/ready': 'everyone', 'GET /metrics': ['operator'], 'GET /v1/dead-letters': ['operator'], 'POST /v1/dead-letters/{id}/redrive': ['operator'],
  'GET /v1/shops': ['operator', 'controller', 'warehouse', 'quality', 'finance'], 'GET /v1/shops/{shop}': ['operator', 'controller', 'warehouse', 'quality', 'finance'], 'PUT /v1/shops/{shop}': ['operator'],
  'GET /v1/shops/{shop}/intake-summary': ['operator'], 'GET /v1/shops/{shop}/outcome': ['operator'], 'GET /v1/shops/{shop}/orders/{order}': ['operator', 'warehouse', 'quality', 'finance'],
  'GET /v1/suppliers': ['operator', 'factory', 'warehouse', 'quality', 'finance'], 'POST /v1/suppliers': ['operator'], 'GET /v1/suppliers/{id}': ['operator', 'factory', 'warehouse', 'quality', 'finance'],
  'PATCH /v1/suppliers/{id}': ['operator'], 'POST /v1/suppliers/{id}/secret': ['operator'],
  'GET /v1/skus': ['operator', 'factory', 'controller', 'warehouse', 'quality', 'finance'], 'GET /v1/skus/{sku}': ['operator', 'factory', 'controller', 'warehouse', 'quality', 'finance'],
  'GET /v1/broadcasts': ['operator', 'anchor', 'controller', 'warehouse', 'quality', 'finance'], 'POST /v1/broadcasts': ['operator', 'controller'],
  'GET /v1/broadcasts/{id}': ['operator', 'anchor', 'controller', 'warehouse', 'quality', 'finance'], 'PATCH /v1/broadcasts/{id}': ['operator', 'controller'], 'PUT /v1/broadcasts/{id}/line-up': ['operator', 'controller'],
  'GET /v1/broadcasts/{id}/stock-check': ['operator', 'anchor', 'controller', 'warehouse'], 'GET /v1/broadcasts/{id}/live-log': ['operator', 'anchor', 'controller', 'warehouse', 'quality', 'finance'], 'POST /v1/broadcasts/{id}/live-log': ['operator', 'controller'], 'DELETE /v1/broadcasts/{id}/live-log/{entry}': ['operator', 'controller'],
  'GET /v1/broadcasts/{id}/live': ['operator', 'anchor', 'controller', 'warehouse', 'finance'],
  'POST /v1/order-events': ['operator', 'platform'], 'POST /v1/order-events/bulk': ['operator', 'platform'], 'GET /v1/quarantine': ['operator'], 'POST /v1/quarantine/redrive': ['operator'],
  'POST /v1/imports/{kind}': ['operator'], 'GET /v1/spikes': ['operator', 'quality', 'finance'], 'GET /v1/assessments/{id}': ['operator', 'quality', 'finance', 'factory'],
  'GET /v1/production-orders': ['operator', 'factory', 'warehouse', 'finance'], 'GET /v1/production-orders/{id}': ['operator', 'factory', 'warehouse', 'finance'],
  'POST /v1/production-orders/{id}/progress': ['operator', 'factory'], 'POST /v1/production-orders/{id}/receipts': ['operator', 'warehouse'],
  'GET /v1/skus/{sku}/availability': ['operator', 'controller', 'warehouse', 'quality', 'finance'], 'POST /v1/reservations': ['operator', 'controller', 'warehouse', 'platform'],
  'GET /v1/reservations': ['operator', 'controller', 'warehouse', 'platform'],
  'GET /v1/reservations/{id}': ['operator', 'controller', 'warehouse', 'platform'], 'POST /v1/reservations/{id}/confirm': ['operator', 'controller', 'warehouse', 'platform'],
  'DELETE /v1/reservations/{id}': ['operator', 'controller', 'warehouse', 'platform'], 'POST /v1/stock-movements': ['operator', 'warehouse', 'quality'],
  'GET /v1/stock-movements': ['operator', 'warehouse', 'quality', 'finance'],
  'POST /v1/returns': ['operator', 'platform', 'quality', 'warehouse'], 'GET /v1/returns': ['operator', 'warehouse', 'quality', 'finance'], 'GET /v1/returns/{id}': ['operator', 'warehouse', 'quality', 'finance'],
  'POST /v1/returns/{id}/receipt': ['operator', 'warehouse', 'quality'], 'POST /v1/return-receipts': ['operator', 'warehouse', 'quality'], 'POST /v1/returns/{id}/inspection': ['operator', 'warehouse', 'quality'],
  'GET /v1/trace/{kind}/{id}': ['operator', 'warehouse', 'quality', 'finance'],
  'GET /v1/return-rates': ['operator', 'quality', 'finance'],
  'GET /v1/responsibility-policy': ['operator', 'quality', 'finance'], 'PUT /v1/responsibility-policy': [], 'GET /v1/suppliers/{id}/terms': ['operator', 'factory', 'quality', 'finance'], 'PUT /v1/suppliers/{id}/terms': [],
  'GET /v1/returns/{id}/responsibility': ['operator', 'quality', 'finance'], 'POST /v1/returns/{id}/responsibility': ['operator', 'quality', 'finance'],
  'GET /v1/chargebacks': ['operator', 'factory', 'anchor', 'quality', 'finance'], 'GET /v1/chargebacks/{id}': ['operator', 'factory', 'anchor', 'quality', 'finance'], 'POST /v1/chargebacks/{id}/notify': ['operator', 'finance'],
  'POST /v1/chargebacks/{id}/response': ['factory', 'anchor', 'operator', 'finance'], 'POST /v1/chargebacks/{id}/ruling': ['finance'], 'POST /v1/chargebacks/{id}/settlement': ['finance'],
  'GET /v1/ledger': ['finance'], 'GET /v1/ledger/accounts': ['finance'],
  'POST /v1/files': ['operator', 'factory', 'anchor', 'controller', 'warehouse', 'quality', 'finance'], 'GET /v1/files/{id}': ['operator', 'factory', 'anchor', 'controller', 'warehouse', 'quality', 'finance'],
  'GET /v1/sample-requests': ['operator', 'factory', 'quality', 'finance', 'warehouse'], 'GET /v1/sample-requests/{id}': ['operator', 'factory', 'quality', 'finance', 'warehouse'], 'POST /v1/sample-requests': ['operator', 'quality'],
  'POST /v1/sample-requests/{id}/rounds/{n}': ['operator', 'factory', 'quality', 'warehouse'], 'POST /v1/sample-overrides': ['operator', 'quality'],
  'GET /v1/alarms': ['operator', 'controller', 'warehouse', 'quality', 'finance'], 'GET /v1/alarms/{id}': ['operator', 'controller', 'warehouse', 'quality', 'finance'], 'POST /v1/alarms/{id}/closing': ['operator', 'quality'],
  'GET /v1/suppliers/{id}/scorecard': ['operator', 'factory', 'quality', 'finance'],
  'GET /v1/adjustments': ['operator', 'finance'], 'POST /v1/adjustments': ['operator'], 'GET /v1/signals': ['operator', 'factory', 'finance'], 'GET /v1/signals/{id}': ['operator', 'factory', 'finance'],
  'GET /v1/platforms': ['operator'], 'GET /v1/connections': ['operator'], 'GET /v1/shops/{shop}/connection': ['operator'], 'PUT /v1/shops/{shop}/connection': ['operator'], 'DELETE /v1/shops/{shop}/connection': ['operator'],
  'POST /v1/shops/{shop}/connection/secret': ['operator'], 'POST /v1/shops/{shop}/connection/test': ['operator'], 'POST /v1/shops/{shop}/connection/pause': ['operator'], 'POST /v1/shops/{shop}/connection/resume': ['operator'],
  'POST /v1/shops/{shop}/connection/pull': ['operator'], 'GET /v1/platform-quarantine': ['operator'], 'POST /v1/platform-quarantine/redrive': ['operator'], 'GET /v1/shops/{shop}/sku-mappings': ['operator'],
  'PUT /v1/shops/{shop}/sku-mappings': ['operator'], 'GET /v1/shops/{shop}/unmapped-codes': ['operator'], 'POST /webhooks/{platform}/{shop}': 'everyone', 'GET /v1/shops/{shop}/orders/{order}/attributions': ['operator', 'warehouse', 'quality', 'finance'],
  'PUT /v1/shops/{shop}/live-rooms/{room}': ['operator'], 'POST /v1/shops/{shop}/attributions': ['operator'], 'GET /v1/stock-offers': ['operator', 'warehouse', 'controller'], 'PUT /v1/shops/{shop}/stock-offers': ['operator'],
  'POST /v1/signals/{id}/reply': ['factory', 'operator'], 'POST /v1/signals/{id}/decision': ['operator'], 'GET /v1/signals/{id}/commitment': ['operator'], 'GET /v1/commitment-policy': ['operator', 'finance'], 'PUT /v1/commitment-policy': [], 'GET /v1/stream': ['operator', 'factory', 'warehouse', 'quality', 'finance'], 'GET /v1/overview': ['operator'],
};

let r: Running;
const keys: Record<string, string> = {};
let signal = '';
let order = '';
let assessment = '';
let operations: [method: string, path: string][] = [];

beforeAll(async () => {
  r = await running();
  await furnish(r);
  await r.call('POST', '/v1/suppliers', { id: 'factory-2', timeZone: 'UTC' });
  for (const [id, anchor] of [['B1', 'anchor-1'], ['B2', 'anchor-2']]) await r.call('POST', '/v1/broadcasts', { id, anchor, shop: 'shop-1', startsAt: iso(0), endsAt: iso(3600) });
  const make = async (name: string, body: object): Promise<void> => void (keys[name] = (await r.call('POST', '/v1/api-keys', { name, ...body })).body.key);
  await make('operator', { role: 'operator' });
  await make('factory', { role: 'factory', supplier: 'factory-1' });
  await make('factory-b', { role: 'factory', supplier: 'factory-2' });
  await make('anchor', { role: 'anchor', anchors: ['anchor-1'] });
  await make('controller', { role: 'controller', anchors: ['anchor-1'] });
  for (const role of ['warehouse', 'quality', 'finance']) await make(role, { role });
  await make('platform', { role: 'platform', scopes: ['ingest:shop-1'] });
  await make('platform-b', { role: 'platform', scopes: ['ingest:shop-2'] });
  await make('expired', { role: 'operator', expiresAt: '2020-01-01T00:00:00Z' });
  const revoked = (await r.call('POST', '/v1/api-keys', { name: 'revoked', role: 'operator' })).body;
  keys['revoked'] = revoked.key;
  await r.call('DELETE', `/v1/api-keys/${revoked.id}`);
  await r.call('POST', '/v1/order-events/bulk', ndjson(Array.from({ length: 60 }, (_, i) => orderEvent({ occurred_at: iso(i), broadcast: 'B1' }))), NDJSON);
  await until('a signal', async () => (await r.call('GET', '/v1/signals')).body.items.length > 0);
  const made = (await r.call('GET', '/v1/signals')).body.items[0];
  signal = made.id;
  order = made.productionOrder;
  assessment = made.evidence.assessment;
  const api = (await r.call('GET', '/openapi.json')).body;
  operations = Object.entries(api.paths as Record<string, Record<string, unknown>>).flatMap(([path, methods]) => Object.keys(methods).map((m): [string, string] => [m.toUpperCase(), path]));
});
afterAll(async () => {
  await r.close();
  await closeServer();
});

const as = (who: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  request(r.url, method, path, body, { authorization: who === 'anonymous' ? '' : `Bearer ${keys[who] ?? ''}`, ...headers });

it('the table holds every operation of the API, and nothing else', () => {
  expect(operations.map(([m, p]) => `${m} ${p}`).sort()).toEqual(Object.keys(EXPECTED).sort());
});

it('the checked-in OpenAPI file is the one the service answers', async () => {
  const sorted = (value: unknown): unknown => (Array.isArray(value) ? value.map(sorted) : typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)])) : value);
  const served = (await r.call('GET', '/openapi.json')).body;
  expect(served.openapi).toBe('3.1.0');
  expect(sorted(served)).toEqual(JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'openapi.json'), 'utf8')));
});

it('every route lets in the roles of the table and nobody else, and a missing object is 404 to those it lets in', async () => {
  const wrong: string[] = [];
  for (const [method, template] of operations) {
    if (template === '/v1/stream') continue;
    const allowed = EXPECTED[`${method} ${template}`];
    const path = template.replace(/\{\w+\}/g, 'missing-one');
    const body = ['POST', 'PUT', 'PATCH'].includes(method) ? {} : undefined;
    for (const who of ['anonymous', 'revoked', 'expired', ...ALL]) {
      const { status } = await as(who, method, path, body);
      const stranger = ['anonymous', 'revoked', 'expired'].includes(who);
      const fine = allowed === 'everyone' ? status !== 403 : stranger ? status === 401 : (allowed ?? []).includes(who as Role) ? status !== 403 && status !== 401 && status < 500 : status === 403;
      if (!fine) wrong.push(`${who} ${method} ${template}: ${status}`);
      if (fine && allowed !== 'everyone' && !stranger && method === 'GET' && template.includes('{') && (allowed ?? []).includes(who as Role) && status !== 404) wrong.push(`${who} ${method} ${template}: ${status} for a missing object`);
    }
  }
  expect(wrong).toEqual([]);
});

it.each([
  ['factory', 'GET', () => `/v1/signals/${signal}`, 200], ['factory-b', 'GET', () => `/v1/signals/${signal}`, 404],
  ['factory', 'GET', () => `/v1/production-orders/${order}`, 200], ['factory-b', 'GET', () => `/v1/production-orders/${order}`, 404],
  ['factory', 'GET', () => `/v1/assessments/${assessment}`, 200], ['factory-b', 'GET', () => `/v1/assessments/${assessment}`, 404],
  ['factory', 'GET', () => '/v1/suppliers/factory-1', 200], ['factory-b', 'GET', () => '/v1/suppliers/factory-1', 404],
  ['factory', 'GET', () => '/v1/skus/K1-S', 200], ['factory-b', 'GET', () => '/v1/skus/K1-S', 404],
  ['anchor', 'GET', () => '/v1/broadcasts/B1', 200], ['anchor', 'GET', () => '/v1/broadcasts/B2', 404],
  ['controller', 'GET', () => '/v1/broadcasts/B1', 200], ['controller', 'GET', () => '/v1/broadcasts/B2', 404],
  ['anchor', 'GET', () => '/v1/broadcasts/B1/stock-check', 200], ['anchor', 'GET', () => '/v1/broadcasts/B2/stock-check', 404],
  ['controller', 'GET', () => '/v1/broadcasts/B1/live', 200], ['controller', 'GET', () => '/v1/broadcasts/B2/live', 404], ['finance', 'GET', () => '/v1/broadcasts/B2/live', 200],
])("%s %s own or other's: %s", async (who, method, path, status) => {
  expect((await as(who, method, path())).status).toBe(status);
});

it("changes to other's objects are refused as if they did not exist", async () => {
  expect((await as('factory-b', 'POST', `/v1/signals/${signal}/reply`, { version: 1, verdict: 'accept' })).status).toBe(404);
  expect((await as('controller', 'PATCH', '/v1/broadcasts/B2', { cancelled: true })).status).toBe(404);
  expect((await as('controller', 'PUT', '/v1/broadcasts/B2/line-up', { items: [] })).status).toBe(404);
  expect((await as('platform-b', 'POST', '/v1/order-events', orderEvent())).status).toBe(404);
  expect((await as('platform-b', 'POST', '/v1/order-events/bulk', ndjson([orderEvent()]), NDJSON)).body).toMatchObject({ accepted: 0, rejectedCount: 1 });
  expect((await as('platform', 'POST', '/v1/order-events', orderEvent())).status).toBe(202);
});

it("lists, the stream and errors leak nothing of others", async () => {
  for (const path of ['/v1/signals', '/v1/production-orders', '/v1/skus', `/v1/signals?supplier=factory-1`]) expect((await as('factory-b', 'GET', path)).body.items).toEqual([]);
  expect((await as('anchor', 'GET', '/v1/broadcasts?anchor=anchor-2')).body.items).toEqual([]);
  const mine = JSON.stringify([(await as('factory', 'GET', `/v1/assessments/${assessment}`)).body, (await as('factory', 'GET', '/v1/skus')).body, (await as('factory', 'GET', '/v1/signals')).body]);
  for (const word of ['15900', 'salvage', 'critical fractile', '"price"']) expect({ word, found: mine.includes(word) }).toEqual({ word, found: false });
  const abort = new AbortController();
  const response = await fetch(`${r.url}/v1/stream?after=0-0`, { headers: { authorization: `Bearer ${keys['factory-b'] ?? ''}` }, signal: abort.signal });
  setTimeout(() => abort.abort(), 1500);
  let text = '';
  try {
    for await (const chunk of response.body as ReadableStream<Uint8Array>) text += Buffer.from(chunk).toString();
  } catch {
    // Aborted on purpose.
  }
  expect(text).not.toContain('event:');
});

it('people log in with a password, change things only with the CSRF token, and log out', async () => {
  await r.call('POST', '/v1/users', { name: 'olivia', role: 'operator', password: 'correct horse battery' });
  expect((await request(r.url, 'POST', '/v1/session', { name: 'olivia', password: 'wrong' }, { authorization: '' })).status).toBe(401);
  expect((await request(r.url, 'POST', '/v1/session', { name: 'nobody', password: 'wrong' }, { authorization: '' })).status).toBe(401);
  const login = await request(r.url, 'POST', '/v1/session', { name: 'olivia', password: 'correct horse battery' }, { authorization: '' });
  const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  expect(login.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict/);
  const browser = (method: string, path: string, body?: unknown, more: Record<string, string> = {}) => request(r.url, method, path, body, { authorization: '', cookie, ...more });
  expect((await browser('GET', '/v1/shops')).status).toBe(200);
  expect(await browser('POST', '/v1/suppliers', { id: 'f9', timeZone: 'UTC' })).toMatchObject({ status: 403, body: { code: 'csrf' } });
  expect((await browser('POST', '/v1/suppliers', { id: 'f9', timeZone: 'UTC' }, { 'x-csrf-token': login.body.csrfToken })).status).toBe(201);
  expect((await browser('DELETE', '/v1/session', undefined, { 'x-csrf-token': login.body.csrfToken })).status).toBe(204);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect((await browser('GET', '/v1/shops')).status).toBe(401);
  const audit = (await r.call('GET', '/v1/audit-log?limit=500')).body.items;
  expect(audit.some((a: any) => a.action === 'supplier.created' && a.object === 'f9' && a.actor.startsWith('user:'))).toBe(true);
});

it('tries of a password that are sent side by side are no more than those one after the other', async () => {
  await r.call('POST', '/v1/users', { name: 'petra', role: 'operator', password: 'correct horse battery' });
  const enter = (password: string) => request(r.url, 'POST', '/v1/session', { name: 'petra', password }, { authorization: '' });
  for (let i = 0; i < 3; i++) expect((await enter('wrong')).status).toBe(401);
  // Who gets in starts anew.
  expect((await enter('correct horse battery')).status).toBe(200);
  const tries = (await Promise.all(Array.from({ length: 30 }, (_, i) => enter(`guess ${i}`)))).map((x) => x.status).sort();
  expect(tries).toEqual([...Array.from({ length: 10 }, () => 401), ...Array.from({ length: 20 }, () => 429)]);
  expect((await enter('correct horse battery')).status).toBe(429);
});

it('the queue board is for admins; operators may look', async () => {
  expect((await as('anonymous', 'GET', '/queues')).status).toBe(401);
  expect((await as('finance', 'GET', '/queues')).status).toBe(403);
  expect((await as('operator', 'GET', '/queues')).status).toBe(200);
  expect((await as('operator', 'PUT', '/queues/api/queues/forecast/pause')).status).toBe(403);
});

it('Idempotency-Key: the same answer again, never a second effect; another body is refused; keys are per principal', async () => {
  const once = (body: unknown, key: string, who = 'operator') => as(who, 'POST', '/v1/suppliers', body, { 'idempotency-key': key });
  const first = await once({ id: 'once-1', timeZone: 'UTC' }, 'k1');
  const again = await once({ id: 'once-1', timeZone: 'UTC' }, 'k1');
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(again.body).toEqual(first.body);
  expect(await once({ id: 'once-2', timeZone: 'UTC' }, 'k1')).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
  expect(await r.call('POST', '/v1/suppliers', { id: 'once-3', timeZone: 'UTC' }, { 'idempotency-key': 'k1' })).toMatchObject({ status: 201 });
  const many = await Promise.all(Array.from({ length: 10 }, () => once({ id: 'once-4', timeZone: 'UTC' }, 'k4')));
  expect(many.every((m) => m.status === 201 || m.status === 409)).toBe(true);
  expect(many.some((m) => m.status === 201)).toBe(true);
  expect((await r.sql.query(`select count(*)::int as n from suppliers where id = 'once-4'`)).rows[0].n).toBe(1);
});

it('edits carry ETags: a stale If-Match is refused', async () => {
  const seen = await r.call('GET', '/v1/suppliers/factory-2');
  const etag = seen.headers.get('etag') ?? '';
  expect((await r.call('PATCH', '/v1/suppliers/factory-2', { name: 'Two' }, { 'if-match': etag })).status).toBe(200);
  expect((await r.call('PATCH', '/v1/suppliers/factory-2', { name: 'Too' }, { 'if-match': etag })).status).toBe(412);
});
