import { createServer, type Server } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { closeServer, request, running, until, type Running } from '../factories/database.js';
import { furnish, iso, ndjson, NDJSON, orderEvent } from '../factories/merchant.js';

interface Received {
  headers: Record<string, string>;
  raw: string;
  data: any;
}

let r: Running;
let server: Server;
let key: string;
let secret: string;
const received: Received[] = [];
const answers: number[] = [];

beforeAll(async () => {
  server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (c: Buffer) => chunks.push(c));
    req.on('end', () => {
      const raw = Buffer.concat(chunks).toString();
      received.push({ headers: req.headers as Record<string, string>, raw, data: JSON.parse(raw) });
      res.writeHead(answers.shift() ?? 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  r = await running();
  await furnish(r, ['K1-S', 'K1-M', 'K2-S', 'K3-S', 'K4-S', 'K5-S', 'K6-S']);
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/hook`;
  secret = (await r.call('PATCH', '/v1/suppliers/factory-1', { webhookUrl: url })).body.webhookSecret;
  key = (await r.call('POST', '/v1/api-keys', { name: 'f1', role: 'factory', supplier: 'factory-1' })).body.key;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await r.close();
  await closeServer();
});

const asFactory = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => request(r.url, method, path, body, { authorization: `Bearer ${key}`, ...headers });
const buy = (sku: string, quantity: number, at: number) => r.call('POST', '/v1/order-events/bulk', ndjson(Array.from({ length: quantity }, (_, i) => orderEvent({ sku, occurred_at: iso(at + i * 0.1) }))), NDJSON);
const signalOf = async (sku: string): Promise<any> => {
  await until(`a signal for ${sku}`, () => Promise.resolve(received.some((x) => x.data.data.lines.some((l: any) => l.sku === sku))));
  return received.findLast((x) => x.data.data.lines.some((l: any) => l.sku === sku))?.data.data;
};
const shown = async (id: string) => (await r.call('GET', `/v1/signals/${id}`)).body;

describe('from orders to a confirmed answer', () => {
  it('sends a signed CloudEvent with the fields factories rely on', async () => {
    await buy('K1-S', 60, 0);
    const data = await signalOf('K1-S');
    const last = received.findLast((x) => x.data.data.id === data.id) as Received;
    expect(() => new Webhook(secret).verify(last.raw, last.headers)).not.toThrow();
    expect(() => new Webhook(secret).verify(last.raw.replace('"firm"', '"film"'), last.headers)).toThrow();
    expect(last.raw.length).toBeLessThan(20_000);
    expect(last.headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(last.data).toMatchObject({ specversion: '1.0', type: 'castline.production-adjustment.v1', datacontenttype: 'application/json', id: last.headers['webhook-id'] });
    expect(Object.keys(data)).toEqual(expect.arrayContaining(['id', 'version', 'kind', 'commitment', 'status', 'supplier', 'productionOrder', 'respondBy', 'validUntil', 'lines', 'liability', 'evidence', 'replyUrl']));
    expect(data).toMatchObject({ version: 1, kind: 'create', commitment: 'firm', status: 'sent', supplier: 'factory-1', liability: { fabric: 'merchant' } });
    expect(Object.keys(data.lines[0])).toEqual(expect.arrayContaining(['lineId', 'style', 'colour', 'sku', 'size', 'quantity', 'quantityBefore', 'later', 'due', 'unitPrice', 'currency']));
    const assessment = (await r.call('GET', `/v1/assessments/${data.evidence.assessment}`)).body;
    expect(data.lines[0].quantity).toBeLessThanOrEqual(assessment.committedNeed);
    expect(data.lines[0].quantity % 10).toBe(0);
    expect(assessment.reasons.length).toBeGreaterThan(2);
  });

  it('confirms by itself what is accepted as it is, and answers a repeat alike', async () => {
    const data = await signalOf('K1-S');
    const first = await asFactory('POST', `/v1/signals/${data.id}/reply`, { version: data.version, verdict: 'accept' });
    expect(first).toMatchObject({ status: 200, body: { status: 'applied' } });
    expect(await asFactory('POST', `/v1/signals/${data.id}/reply`, { version: data.version, verdict: 'accept' })).toMatchObject({ status: 200, body: { status: 'applied' } });
    expect(await asFactory('POST', `/v1/signals/${data.id}/reply`, { version: data.version, verdict: 'reject' })).toMatchObject({ status: 409, body: { code: 'already-answered' } });
    const order = (await r.call('GET', `/v1/production-orders/${data.productionOrder}`)).body;
    expect(order).toMatchObject({ status: 'confirmed', lines: [{ sku: 'K1-S', quantity: data.lines[0].quantity }] });
    await until('the need is met', async () => (await r.sql.query(`select firm from need_states where sku = 'K1-S'`)).rows[0]?.firm === 0);
    expect((await shown(data.id)).history.map((t: any) => t.to)).toEqual(['proposed', 'sent', 'accepted', 'confirmed', 'applied']);
  });

  it('raises the order when more sells, and keeps the old version in force until the new one is confirmed', async () => {
    const before = (await r.call('GET', '/v1/production-orders?sku=K1-S')).body.items[0];
    received.length = 0;
    await buy('K1-S', 80, 1000);
    const data = await signalOf('K1-S');
    expect(data).toMatchObject({ kind: 'increase', productionOrder: before.id });
    expect(data.lines[0].quantityBefore).toBe(before.lines[0].quantity);
    expect((await r.call('GET', `/v1/production-orders/${before.id}`)).body.lines[0].quantity).toBe(before.lines[0].quantity);
    await asFactory('POST', `/v1/signals/${data.id}/reply`, { version: data.version, verdict: 'reject' });
    expect((await r.call('GET', `/v1/production-orders/${before.id}`)).body.lines[0].quantity).toBe(before.lines[0].quantity);
  });

  it('lets the buyer decide on a counter with split dates', async () => {
    await buy('K2-S', 50, 1200);
    const data = await signalOf('K2-S');
    const line = data.lines[0];
    const counter = { version: data.version, verdict: 'counter', lines: [{ lineId: line.lineId, verdict: 'counter', splits: [{ quantity: 20, date: '2026-12-05' }, { quantity: line.quantity - 20, date: '2026-12-09' }] }] };
    expect(await asFactory('POST', `/v1/signals/${data.id}/reply`, counter)).toMatchObject({ status: 200, body: { status: 'countered' } });
    expect((await r.call('GET', `/v1/production-orders/${data.productionOrder}`)).body.status).toBe('proposed');
    expect(await asFactory('POST', `/v1/signals/${data.id}/decision`, { version: data.version, verdict: 'accept' })).toMatchObject({ status: 403 });
    expect(await r.call('POST', `/v1/signals/${data.id}/decision`, { version: data.version, verdict: 'accept' })).toMatchObject({ status: 200, body: { status: 'applied' } });
    expect((await r.call('GET', `/v1/production-orders/${data.productionOrder}`)).body.lines[0]).toMatchObject({ splits: [{ quantity: 20, date: '2026-12-05' }, { quantity: line.quantity - 20, date: '2026-12-09' }], due: '2026-12-09' });
  });

  it('refuses stale, late, misshapen and priced answers by name', async () => {
    await buy('K3-S', 50, 1400);
    const data = await signalOf('K3-S');
    const reply = (body: unknown) => asFactory('POST', `/v1/signals/${data.id}/reply`, body);
    const line = { lineId: data.lines[0].lineId, verdict: 'counter', splits: [{ quantity: 5, date: '2026-12-05' }] };
    expect(await reply({ version: data.version + 1, verdict: 'accept' })).toMatchObject({ status: 409, body: { code: 'stale-version', currentVersion: data.version } });
    expect(await reply({ version: data.version, verdict: 'accept', lines: [line] })).toMatchObject({ status: 422 });
    expect(await reply({ version: data.version, verdict: 'counter' })).toMatchObject({ status: 422 });
    expect(await reply({ version: data.version, verdict: 'counter', lines: [{ ...line, lineId: 'l9' }] })).toMatchObject({ status: 422 });
    expect(await reply({ version: data.version, verdict: 'counter', lines: [line, line] })).toMatchObject({ status: 422 });
    expect((await reply({ version: data.version, verdict: 'counter', lines: [{ ...line, unitPrice: 1 }] })).body.errors[0].field).toBe('lines[0].unitPrice');
    expect(await reply({ version: data.version, verdict: 'counter', lines: [{ ...line, substituteSku: 'nobody' }] })).toMatchObject({ status: 422 });
    expect(await reply({ verdict: 'accept' })).toMatchObject({ status: 422 });
    // Thirteen hours later by the shop's clock: the answer comes too late, and the change expires.
    await buy('K1-M', 1, 1400 + 13 * 3600);
    await until('the change expires', async () => (await shown(data.id)).status === 'expired');
    expect(await reply({ version: data.version, verdict: 'accept' })).toMatchObject({ status: 409 });
    expect((await r.call('GET', `/v1/production-orders/${data.productionOrder}`)).body.status).toBe('cancelled');
  });

  it('retries a failed delivery under the same webhook id, and shows the attempts', async () => {
    answers.push(500);
    received.length = 0;
    await buy('K4-S', 50, 60_000);
    const data = await signalOf('K4-S');
    await until('it is delivered again after 5 s', () => Promise.resolve(received.filter((x) => x.data.data.id === data.id).length === 2), 30);
    const [first, second] = received.filter((x) => x.data.data.id === data.id) as [Received, Received];
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    await until('the attempts are recorded', async () => (await shown(data.id)).delivery.attempts === 2);
    expect((await shown(data.id)).delivery).toMatchObject({ state: 'delivered', lastStatus: 204 });
  });

  it('disables an endpoint that answers 410, and says so', async () => {
    answers.push(410);
    await buy('K5-S', 50, 62_000);
    const data = await signalOf('K5-S');
    await until('it is given up', async () => (await shown(data.id)).delivery.state === 'gone');
    expect((await r.call('GET', '/v1/suppliers/factory-1')).body.webhookDisabledAt).not.toBeNull();
  });

  it('lets an operator hold, resume and cancel an order by the same negotiation', async () => {
    const order = (await r.call('GET', '/v1/production-orders?sku=K2-S&status=confirmed')).body.items[0];
    const hold = await r.call('POST', '/v1/adjustments', { productionOrder: order.id, kind: 'hold' });
    expect(hold).toMatchObject({ status: 201, body: { kind: 'hold', status: 'sent' } });
    expect(await r.call('POST', '/v1/adjustments', { productionOrder: order.id, kind: 'cancel' })).toMatchObject({ status: 409, body: { code: 'change-open' } });
    await asFactory('POST', `/v1/signals/${hold.body.id}/reply`, { version: 1, verdict: 'accept' });
    expect((await r.call('GET', `/v1/production-orders/${order.id}`)).body.status).toBe('on-hold');
    expect(await r.call('POST', '/v1/adjustments', { productionOrder: order.id, kind: 'increase', lines: [{ lineId: 'l1', quantity: 999 }] })).toMatchObject({ status: 409 });
    const cancel = await r.call('POST', '/v1/adjustments', { productionOrder: order.id, kind: 'cancel' });
    await asFactory('POST', `/v1/signals/${cancel.body.id}/reply`, { version: 1, verdict: 'accept' });
    expect((await r.call('GET', `/v1/production-orders/${order.id}`)).body.status).toBe('cancelled');
    expect((await r.sql.query(`select sum(quantity)::int as n from dated_supply where sku = 'K2-S'`)).rows[0].n).toBeNull();
  });

  it('holds a bulk purchase back for half an hour, and it moves no factory when it is cancelled before', async () => {
    const bulk = orderEvent({ sku: 'K6-S', quantity: 5000, occurred_at: iso(70_000), order_id: 'bulk' });
    await r.call('POST', '/v1/order-events', bulk);
    await until('it is assessed', async () => (await r.sql.query(`select held from assessments where sku = 'K6-S' order by at desc limit 1`)).rows[0]?.held === 4800);
    await r.call('POST', '/v1/order-events', { ...bulk, event_id: 'bulk-cancel', type: 'cancelled', occurred_at: iso(70_300) });
    await r.call('POST', '/v1/order-events', orderEvent({ sku: 'K1-M', occurred_at: iso(75_000) }));
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const open = (await r.sql.query(`select a.status, l.quantity from adjustments a join adjustment_lines l on l.adjustment = a.id and l.version = a.version where l.sku = 'K6-S' and a.status in ('sent', 'proposed', 'accepted')`)).rows;
    expect(open.every((x) => x.quantity <= 200)).toBe(true);
  });
});

describe('the event stream', () => {
  it('resumes after the last event id without losing or repeating one', async () => {
    const read = async (from: string, want: number): Promise<{ ids: string[]; names: string[] }> => {
      const abort = new AbortController();
      const response = await fetch(`${r.url}/v1/stream?after=${from}`, { headers: { authorization: `Bearer ${key}` }, signal: abort.signal });
      const ids: string[] = [];
      const names: string[] = [];
      let text = '';
      try {
        for await (const chunk of response.body as ReadableStream<Uint8Array>) {
          text += Buffer.from(chunk).toString();
          for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
            const block = text.slice(0, end);
            text = text.slice(end + 2);
            const name = /^event: (.+)$/m.exec(block)?.[1];
            if (name === undefined) continue;
            ids.push(/^id: (.+)$/m.exec(block)?.[1] ?? '');
            names.push(name);
            if (ids.length === want) abort.abort();
          }
        }
      } catch {
        // Aborted on purpose.
      }
      return { ids, names };
    };
    const whole = await read('0-0', 8);
    expect(whole.names.every((n) => n.startsWith('production.'))).toBe(true);
    const rest = await read(whole.ids[3] as string, 4);
    expect(rest.ids).toEqual(whole.ids.slice(4));
  });
});
