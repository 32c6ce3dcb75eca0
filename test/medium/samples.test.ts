import { closeServer, request, running, until, type Running } from '../factories/database.js';
import { furnish, iso, ndjson, NDJSON, orderEvent } from '../factories/merchant.js';
import { endpoint } from '../factories/webhooks.js';

const JPEG = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from('a photo of a seam')]);
const PNG = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), Buffer.from('another')]);

let r: Running;
let hook: Awaited<ReturnType<typeof endpoint>>;
let factory = '';
let stranger = '';
let quality = '';
let at = 0;
const as = (key: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => request(r.url, method, path, body, { authorization: `Bearer ${key}`, ...headers });
const take = (events: readonly unknown[]) => r.call('POST', '/v1/order-events/bulk', ndjson(events), NDJSON);
const sell = (sku: string, orders: number, seconds = 1) => take(Array.from({ length: orders }, () => orderEvent({ sku, broadcast: 'B7', occurred_at: iso((at += seconds)) })));
const samples = async (query: string) => (await r.call('GET', `/v1/sample-requests?${query}`)).body.items;
const signals = async (query: string) => (await r.call('GET', `/v1/signals?${query}`)).body.items;

beforeAll(async () => {
  hook = await endpoint();
  r = await running();
  await furnish(r, ['K1-S', 'N2-S', 'S3-S', 'F4-S', 'P5-S', 'T6-S', 'T6-M'], { trial_quantity: 30, stage_days: '' });
  await r.call('POST', '/v1/suppliers', { id: 'factory-9', timeZone: 'UTC' });
  const changed = await r.call('PATCH', '/v1/suppliers/factory-1', { webhookUrl: hook.url });
  hook.trust(changed.body.webhookSecret);
  await r.call('POST', '/v1/broadcasts', { id: 'B7', anchor: 'anchor-7', shop: 'shop-1', startsAt: iso(0), endsAt: iso(3600) });
  const make = async (body: object): Promise<string> => (await r.call('POST', '/v1/api-keys', { name: 'x', ...body })).body.key;
  factory = await make({ role: 'factory', supplier: 'factory-1' });
  stranger = await make({ role: 'factory', supplier: 'factory-9' });
  quality = await make({ role: 'quality' });
});
afterAll(async () => {
  await r.close();
  await hook.close();
  await closeServer();
});

describe('production of a style without an approved sample', () => {
  let sample: any;
  let order = '';
  it('goes up to the trial quantity at once; the rest waits and asks for the sample', async () => {
    await sell('K1-S', 100);
    await until('a signal', async () => (await signals('status=sent&sku=K1-S')).length === 1);
    const [signal] = await signals('status=sent&sku=K1-S');
    expect(signal).toMatchObject({ kind: 'create', lines: [{ sku: 'K1-S', quantity: 30 }] });
    await until('a sample is asked for', async () => (sample = (await samples('style=K1'))[0]) !== undefined);
    expect(sample).toMatchObject({ kind: 'pre-production', status: 'requested', round: 1, supplier: 'factory-1', whoPays: 'merchant', evidence: { cause: 'adjustment', waiting: expect.any(Number), spike: expect.stringMatching(/^spk_/) } });
    expect(sample.evidence.waiting).toBeGreaterThanOrEqual(50);
    order = signal.productionOrder;
    await as(factory, 'POST', `/v1/signals/${signal.id}/reply`, { version: signal.version, verdict: 'accept' });
    await sell('K1-S', 5);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect((await signals('sku=K1-S')).filter((s: any) => s.status === 'sent')).toEqual([]);
    expect(await samples('style=K1')).toHaveLength(1);
  });

  it('is told to the factory, signed, as a CloudEvent of its own type', async () => {
    await until('it came', async () => Promise.resolve(hook.received.some((x) => x.body.type === 'castline.sample-request.v1')));
    const { body } = hook.received.find((x) => x.body.type === 'castline.sample-request.v1') as (typeof hook.received)[number];
    expect(body).toMatchObject({ specversion: '1.0', type: 'castline.sample-request.v1', datacontenttype: 'application/json' });
    expect(Object.keys(body.data).sort()).toEqual(['createdAt', 'evidence', 'fee', 'id', 'kind', 'lines', 'replyUrl', 'respondBy', 'round', 'rounds', 'roundsUrl', 'status', 'supplier', 'version', 'whoPays']);
    expect(body.data).toMatchObject({ id: sample.id, version: 1, lines: [{ lineId: 'l1', style: 'K1', quantity: 1 }], replyUrl: `${r.url}/v1/signals/${sample.id}/reply` });
    expect(hook.refused()).toBe(0);
  });

  const reply = (body: object, key = factory) => as(key, 'POST', `/v1/signals/${sample.id}/reply`, body);
  const step = (n: number, body: object, key = quality) => as(key, 'POST', `/v1/sample-requests/${sample.id}/rounds/${n}`, body);

  it('is answered like any signal: another date and a fee wait for the buyer', async () => {
    expect((await reply({ version: 1, verdict: 'accept' }, stranger)).status).toBe(404);
    expect((await as(stranger, 'GET', `/v1/sample-requests/${sample.id}`)).status).toBe(404);
    expect((await reply({ version: 2, verdict: 'accept' })).body).toMatchObject({ code: 'stale-version', currentVersion: 1 });
    expect((await reply({ version: 1, verdict: 'counter', lines: [{ lineId: 'l2', verdict: 'counter', surcharge: 1 }] })).body.detail).toContain('l1');
    const counter = { version: 1, verdict: 'counter', lines: [{ lineId: 'l1', verdict: 'counter', splits: [{ quantity: 1, date: '2026-11-28' }], surcharge: 20_000 }] };
    expect((await reply(counter)).body).toMatchObject({ status: 'countered', reply: counter });
    expect((await reply(counter)).body.status).toBe('countered');
    expect((await reply({ version: 1, verdict: 'accept' })).body.code).toBe('already-answered');
    expect((await r.call('POST', `/v1/signals/${sample.id}/decision`, { version: 1, verdict: 'accept' })).body).toMatchObject({ status: 'accepted', fee: 20_000, lines: [{ due: '2026-11-28' }], rounds: [{ n: 1, due: '2026-11-28' }] });
  });

  it('comes in rounds, with photos that only the parties can read', async () => {
    const photo = (await as(factory, 'POST', '/v1/files', JPEG, { 'content-type': 'image/jpeg' })).body;
    expect(photo).toMatchObject({ id: expect.stringMatching(/^file_/), contentType: 'image/jpeg', size: JPEG.length });
    expect((await as(stranger, 'GET', `/v1/files/${photo.id}`)).status).toBe(404);
    expect((await step(1, { step: 'shipped', trackingNumber: 'SF1', photos: [photo.id] }, stranger)).status).toBe(404);
    expect((await step(1, { step: 'reviewed', verdict: 'approved' }, factory)).status).toBe(403);
    expect((await step(2, { step: 'shipped' }, factory)).status).toBe(404);
    expect((await step(1, { step: 'shipped', trackingNumber: 'SF1', photos: ['file_none'] }, factory)).body.detail).toContain('photos[0]');
    expect((await step(1, { step: 'shipped', trackingNumber: 'SF1', photos: [photo.id] }, factory)).body).toMatchObject({ status: 'shipped', rounds: [{ trackingNumber: 'SF1', photos: [photo.id] }] });
    expect((await step(1, { step: 'reviewed', verdict: 'approved' })).body).toMatchObject({ code: 'not-allowed-now', currentStatus: 'shipped' });
    expect((await step(1, { step: 'received' })).body.status).toBe('received');
    const ours = (await as(quality, 'POST', '/v1/files', PNG, { 'content-type': 'image/png' })).body;
    expect((await as(factory, 'GET', `/v1/files/${ours.id}`)).status).toBe(404);
    const measurements = [{ point: 'chest', target: 5_000, measured: 5_090, tolerance: 50 }];
    expect((await step(1, { step: 'measured', measurements, photos: [ours.id] })).body).toMatchObject({ status: 'in-review', rounds: [{ measurements: [{ point: 'chest', outOfTolerance: true }] }] });
    const seen = await fetch(`${r.url}/v1/files/${ours.id}`, { headers: { authorization: `Bearer ${factory}` } });
    expect([seen.status, seen.headers.get('content-type'), Buffer.from(await seen.arrayBuffer()).equals(PNG)]).toEqual([200, 'image/png', true]);
    expect(seen.headers.get('content-security-policy')).toContain('sandbox');
    expect((await step(1, { step: 'reviewed', verdict: 'approved' })).body).toMatchObject({ code: 'out-of-tolerance', detail: expect.stringContaining('chest') });
  });

  it('a rejected round opens the next, which goes to the factory again', async () => {
    expect((await step(1, { step: 'reviewed', verdict: 'rejected' })).body.detail).toContain('comments');
    expect((await step(1, { step: 'reviewed', verdict: 'rejected', comments: 'chest 9 mm too wide' })).body).toMatchObject({ status: 'requested', round: 2, version: 2, rounds: [{ n: 1, verdict: 'rejected' }, { n: 2, verdict: null }] });
    expect((await step(1, { step: 'received' })).body).toMatchObject({ code: 'round-over', currentRound: 2 });
    await until('the second round was told', async () => Promise.resolve(hook.received.some((x) => x.body.type === 'castline.sample-request.v1' && x.body.data.version === 2)));
    expect((await signals('sku=K1-S')).filter((s: any) => s.status === 'sent')).toEqual([]);
  });

  it('an approval lets what waited go on by itself', async () => {
    await reply({ version: 2, verdict: 'accept' });
    for (const body of [{ step: 'making' }, { step: 'shipped' }]) expect((await step(2, body, factory)).status).toBe(200);
    await step(2, { step: 'received' });
    expect((await step(2, { step: 'reviewed', verdict: 'approved', measurements: [{ point: 'chest', target: 5_000, measured: 5_010, tolerance: 50 }] })).body.status).toBe('approved');
    let signal: any;
    await until('the rest goes', async () => (signal = (await signals('status=sent&sku=K1-S'))[0]) !== undefined);
    expect(signal).toMatchObject({ kind: 'increase', productionOrder: order, lines: [{ quantityBefore: 30 }] });
    expect(signal.lines[0].quantity).toBeGreaterThanOrEqual(80);
    expect((await step(2, { step: 'sealed' })).body.status).toBe('sealed');
    await as(factory, 'POST', `/v1/signals/${signal.id}/reply`, { version: signal.version, verdict: 'accept' });
  });

  it('a repeat asks only for the swatch of its dye lot, and does not wait for it', async () => {
    const [line] = (await r.call('GET', `/v1/production-orders/${order}`)).body.lines;
    await r.call('POST', `/v1/production-orders/${order}/progress`, { stage: 'cut', lines: [{ lineId: line.lineId, quantity: line.quantity }] });
    await sell('K1-S', 80);
    let signal: any;
    await until('a repeat', async () => (signal = (await signals('status=sent&sku=K1-S')).find((s: any) => s.kind === 'create')) !== undefined);
    expect(signal.lines[0].quantity).toBeGreaterThan(30);
    await until('a swatch', async () => (await samples('style=K1&kind=swatch')).length === 1);
    expect((await samples('style=K1')).filter((s: any) => s.kind === 'pre-production')).toHaveLength(1);
  });
});

it('a small trial of a large need: the rest goes all the same when the sample is approved', async () => {
  await sell('P5-S', 600);
  await until('a trial', async () => (await signals('status=sent&sku=P5-S')).length === 1);
  const [signal] = await signals('status=sent&sku=P5-S');
  expect(signal.lines[0].quantity).toBe(30);
  await as(factory, 'POST', `/v1/signals/${signal.id}/reply`, { version: signal.version, verdict: 'accept' });
  let asked: any;
  await until('a sample', async () => (asked = (await samples('style=P5'))[0]) !== undefined);
  await as(factory, 'POST', `/v1/signals/${asked.id}/reply`, { version: 1, verdict: 'accept' });
  for (const body of [{ step: 'received' }, { step: 'reviewed', verdict: 'approved-with-comments', comments: 'a shade lighter' }]) expect((await as(quality, 'POST', `/v1/sample-requests/${asked.id}/rounds/1`, body)).status).toBe(200);
  await until('the rest goes', async () => (await signals('status=sent&sku=P5-S')).some((s: any) => s.kind === 'increase'));
  expect((await signals('status=sent&sku=P5-S'))[0].lines[0].quantity).toBeGreaterThan(500);
});

it('the trial is one for the style, however many groups it is ordered in', async () => {
  await take([...Array.from({ length: 60 }, () => orderEvent({ sku: 'T6-S', broadcast: 'B7', occurred_at: iso((at += 1)) })), ...Array.from({ length: 60 }, () => orderEvent({ sku: 'T6-M', broadcast: 'B7', occurred_at: iso((at += 1)) }))]);
  await until('a sample', async () => (await samples('style=T6')).length === 1);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const told = [...(await signals('status=sent&sku=T6-S')), ...(await signals('status=sent&sku=T6-M'))];
  expect(told.flatMap((s: any) => s.lines).reduce((sum: number, l: any) => sum + l.quantity, 0)).toBeLessThanOrEqual(30);
  expect(told.length).toBeGreaterThan(0);
});

describe('without waiting for it', () => {
  it('a person lets production go on, on record', async () => {
    await sell('N2-S', 100);
    await until('a trial', async () => (await signals('status=sent&sku=N2-S')).length === 1);
    const [signal] = await signals('status=sent&sku=N2-S');
    await as(factory, 'POST', `/v1/signals/${signal.id}/reply`, { version: signal.version, verdict: 'accept' });
    expect((await as(factory, 'POST', '/v1/sample-overrides', { supplier: 'factory-1', style: 'N2', note: 'x', world: 'replay' })).status).toBe(403);
    expect((await r.call('POST', '/v1/sample-overrides', { supplier: 'factory-1', style: 'none', note: 'x', world: 'replay' })).body.detail).toContain('style');
    expect((await r.call('POST', '/v1/sample-overrides', { supplier: 'factory-1', style: 'N2', note: 'same as N1 but the collar', world: 'replay' })).status).toBe(201);
    await until('the rest goes', async () => (await signals('status=sent&sku=N2-S')).some((s: any) => s.kind === 'increase'));
    const audit = (await r.call('GET', '/v1/audit-log?limit=500')).body.items;
    expect(audit).toContainEqual(expect.objectContaining({ action: 'sample.overridden', object: 'N2', after: expect.objectContaining({ note: 'same as N1 but the collar' }) }));
    await expect(r.sql.query('delete from sample_overrides')).rejects.toThrow(/never changed/);
  });

  it('a person asks for a sample of any kind; a pre-production sample waits for the fit', async () => {
    const ask = (body: object, key = quality) => as(key, 'POST', '/v1/sample-requests', { supplier: 'factory-1', style: 'F4', world: 'replay', kind: 'fit', ...body });
    expect((await ask({ supplier: 'factory-9' })).body.detail).toContain('style');
    expect((await ask({ colour: 'pink' })).body.detail).toContain('colour');
    const fit = await ask({ size: 'S', pieces: 2, due: '2026-12-01' });
    expect(fit).toMatchObject({ status: 201, body: { kind: 'fit', status: 'requested', lines: [{ size: 'S', quantity: 2, due: '2026-12-01' }], evidence: { cause: 'person' } } });
    expect((await ask({})).body.code).toBe('sample-open');
    expect((await ask({ kind: 'pre-production' })).body.code).toBe('fit-first');
    expect((await r.call('POST', `/v1/signals/${fit.body.id}/decision`, { version: 1, verdict: 'withdraw' })).body.status).toBe('cancelled');
    expect((await ask({ kind: 'pre-production' })).status).toBe(201);
    expect((await ask({}, factory)).status).toBe(403);
  });

  it('nobody answers: the request expires by its clock, and can be asked for again', async () => {
    const asked = (await as(quality, 'POST', '/v1/sample-requests', { supplier: 'factory-1', style: 'F4', kind: 'proto', world: 'replay' })).body;
    await take([orderEvent({ sku: 'F4-S', occurred_at: iso((at += 26 * 3600)) })]);
    await until('it expired', async () => (await r.call('GET', `/v1/sample-requests/${asked.id}`)).body.status === 'expired');
    expect((await as(quality, 'POST', '/v1/sample-requests', { supplier: 'factory-1', style: 'F4', kind: 'proto', world: 'replay' })).status).toBe(201);
  });

  it('a coming line-up asks for something to show, once', async () => {
    await r.call('POST', '/v1/broadcasts', { id: 'B9', anchor: 'anchor-1', shop: 'shop-1', startsAt: iso(at + 3 * 86_400), endsAt: iso(at + 3 * 86_400 + 3600) });
    await r.call('PUT', '/v1/broadcasts/B9/line-up', { items: [{ sku: 'S3-S', slotAt: iso(at + 3 * 86_400), price: 100, plannedUnits: 10, promiseDays: 2 }] });
    await until('a show sample', async () => (await samples('style=S3')).length === 1, 90);
    expect(await samples('style=S3')).toMatchObject([{ kind: 'show', status: 'requested', evidence: { cause: 'line-up', broadcast: 'B9' } }]);
  }, 120_000);
});

describe('files', () => {
  it('are what their bytes are, up to 8 MB, and nothing else is taken', async () => {
    const upload = (bytes: Uint8Array, type = 'image/png') => as(quality, 'POST', '/v1/files', bytes, { 'content-type': type });
    expect((await upload(JPEG, 'text/html')).body.contentType).toBe('image/jpeg');
    expect(await upload(Buffer.from('<svg onload=alert(1)>'), 'image/png')).toMatchObject({ status: 415, body: { code: 'unsupported-media-type' } });
    expect((await upload(Buffer.alloc(0))).status).toBe(422);
    expect(await upload(Buffer.concat([PNG, Buffer.alloc(8 * 1024 * 1024)]))).toMatchObject({ status: 413, body: { code: 'too-large' } });
    expect((await as(quality, 'GET', '/v1/files/file_none')).status).toBe(404);
    const [a, b] = [await as(quality, 'POST', '/v1/files', PNG, { 'idempotency-key': 'f1' }), await as(quality, 'POST', '/v1/files', PNG, { 'idempotency-key': 'f1' })];
    expect(a.body.id).toBe(b.body.id);
    expect(await as(quality, 'POST', '/v1/files', JPEG, { 'idempotency-key': 'f1' })).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
  });
});
