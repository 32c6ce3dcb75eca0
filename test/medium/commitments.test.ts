import { closeServer, request, running, until, type Running } from '../factories/database.js';
import { furnish, iso, ndjson, NDJSON, orderEvent } from '../factories/merchant.js';

// A factory that confirms at 09:00 (UTC, as suppliers of files do): what is recommended before is a heads-up.
let r: Running;
let factory = '';
let operator = '';
let finance = '';
beforeAll(async () => {
  r = await running();
  await furnish(r, ['K1-S', 'K2-S', 'K3-S', 'K4-S', 'K5-S'], { confirming_hour: 9, stage_days: '' });
  const make = async (body: object): Promise<string> => (await r.call('POST', '/v1/api-keys', { name: 'x', ...body })).body.key;
  factory = await make({ role: 'factory', supplier: 'factory-1' });
  operator = await make({ role: 'operator' });
  finance = await make({ role: 'finance' });
});
afterAll(async () => {
  await r.close();
  await closeServer();
});

const as = (key: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => request(r.url, method, path, body, { authorization: `Bearer ${key}`, ...headers });
let clock = 3_600;
/** Sold one after another; the world's clock stands at the last of them. */
const sell = async (sku: string, orders: number, quantity = 1, over: Record<string, unknown> = {}) => {
  expect((await r.call('POST', '/v1/order-events/bulk', ndjson(Array.from({ length: orders }, () => orderEvent({ sku, quantity, occurred_at: iso(clock++), ...over }))), NDJSON)).body.accepted).toBe(orders);
  await until('everything is assessed', async () => (await r.call('GET', '/v1/shops/shop-1/intake-summary')).body.unassessedStreams === 0);
};
const signalsOf = async (sku: string) => (await r.call('GET', `/v1/signals?sku=${sku}`)).body.items;
const headsUp = async (sku: string): Promise<any> => {
  let found: any;
  await until(`a heads-up of ${sku}`, async () => (found = (await signalsOf(sku)).find((s: any) => s.commitment !== 'firm' && s.status === 'sent')) !== undefined);
  return found;
};
const commit = (s: any, lines?: object[], key = operator) => as(key, 'POST', `/v1/signals/${s.id}/decision`, { version: s.version, verdict: 'commit', ...(lines === undefined ? {} : { lines }) });
const shown = async (id: string) => (await r.call('GET', `/v1/signals/${id}`)).body;
const waitForPlanner = () => new Promise((done) => setTimeout(done, 3_000));

describe('a person orders what a heads-up announced', () => {
  let s: any;
  let announced = 0;
  it('sees what it would mean first, and the factory may not', async () => {
    await sell('K1-S', 30, 2);
    s = await headsUp('K1-S');
    const preview = await as(operator, 'GET', `/v1/signals/${s.id}/commitment`);
    expect(preview).toMatchObject({ status: 200, body: { signal: s.id, version: s.version, moq: 20, lotMultiple: 10, lines: [{ sku: 'K1-S', unitCost: 5_160, salvage: 1_000, currency: 'CNY' }] } });
    const [line] = preview.body.lines;
    announced = line.quantity;
    expect(announced).toBeGreaterThan(line.committedNeed);
    expect(line.atRisk).toBe((line.quantity - line.committedNeed) * 4_160);
    expect(preview.body.atRisk).toEqual([{ currency: 'CNY', amount: line.atRisk }]);
    expect([(await as(factory, 'GET', `/v1/signals/${s.id}/commitment`)).status, (await commit(s, undefined, factory)).status, (await commit(s, undefined, finance)).status]).toEqual([403, 403, 403]);
    expect((await as(operator, 'GET', '/v1/signals/sig_none/commitment')).status).toBe(404);
  }, 60_000);

  it('refuses what the factory could not take, and another version', async () => {
    const [line] = s.lines;
    for (const [lines, code] of [
      [[{ lineId: 'l9', quantity: 20 }], 'invalid'], [[{ lineId: line.lineId }], 'invalid'], [[{ lineId: line.lineId, quantity: line.quantity + 10 }], 'invalid'], [[{ lineId: line.lineId, quantity: 0 }], 'invalid'],
      [[{ lineId: line.lineId, quantity: 25 }], 'not-in-lots'], [[{ lineId: line.lineId, quantity: 10 }], 'below-moq'],
    ] as const) {
      const answer = await commit(s, [...lines]);
      expect([answer.status, answer.body.code]).toEqual([422, code]);
    }
    expect((await commit({ ...s, version: s.version + 1 })).body).toMatchObject({ status: 409, code: 'stale-version', currentVersion: s.version });
    expect((await shown(s.id)).version).toBe(s.version);
  });

  it('of two at once one wins; the same again is answered alike', async () => {
    const [line] = s.lines;
    const fewer = [{ lineId: line.lineId, quantity: line.quantity - 10 }];
    const answers = await Promise.all([commit(s), commit(s, fewer), commit(s), commit(s, fewer)]);
    const won = answers.filter((a) => a.status === 200);
    const lost = answers.filter((a) => a.status !== 200);
    expect([won.length, lost.map((a) => a.body.code)]).toEqual([2, ['already-decided', 'already-decided']]);
    const now = await shown(s.id);
    expect(now).toMatchObject({ version: s.version + 1, commitment: 'firm', status: 'sent', kind: 'create', liability: { finished: 'merchant' }, delivery: { state: expect.any(String) } });
    expect(won.every((a) => a.body.version === now.version)).toBe(true);
    const rows = (await r.sql.query('select units, beyond, at_risk, actor, policy from commitments where adjustment = $1', [s.id])).rows;
    expect(rows).toEqual([{ units: now.lines[0].quantity, beyond: expect.any(Number), at_risk: String(rows[0].beyond * 4_160), actor: expect.stringMatching(/./), policy: null }]);
    expect((await r.sql.query(`select count(*)::int as n from audit_log where action = 'signal.commit' and object = $1`, [s.id])).rows[0].n).toBeGreaterThan(0);
    s = now;
  });

  it('stands while the factory thinks, although less is sold: planning neither renews nor withdraws it', async () => {
    clock += 1_200;
    await sell('K2-S', 1);
    await r.call('POST', '/v1/order-events/bulk', ndjson([orderEvent({ sku: 'K1-S', occurred_at: iso(clock), quantity: 1 })]), NDJSON);
    await waitForPlanner();
    expect(await shown(s.id)).toMatchObject({ version: s.version, status: 'sent', commitment: 'firm', lines: [{ quantity: s.lines[0].quantity }] });
  }, 30_000);

  it('is an order once it is accepted: not doubled, and not taken back because less is sold', async () => {
    expect((await as(factory, 'POST', `/v1/signals/${s.id}/reply`, { version: s.version, verdict: 'accept' })).body).toMatchObject({ status: 'applied' });
    await until('it is expected in stock', async () => (await r.call('GET', '/v1/skus/K1-S/availability?world=replay')).body.incoming.length > 0);
    clock += 3_600;
    await sell('K1-S', 1);
    await waitForPlanner();
    const signals = await signalsOf('K1-S');
    // Nothing is cut; what more is announced is on top of it.
    expect(signals.filter((x: any) => ['decrease', 'hold', 'cancel'].includes(x.kind))).toEqual([]);
    expect((await r.call('GET', '/v1/production-orders?sku=K1-S')).body.items).toMatchObject([{ status: 'confirmed', lines: [{ quantity: s.lines[0].quantity }] }]);
    const { rows: [last] } = await r.sql.query(`select inputs, recommended, production_due from assessments where sku = 'K1-S' order by recorded_at desc limit 1`);
    expect(last.production_due).toBe(s.lines[0].quantity);
    // Whichever of the two commitments won: both together are less than twice what was announced.
    expect(last.recommended + last.production_due).toBeLessThan(2 * announced);
  }, 60_000);

  it('can no longer be committed to once it is firm', async () => {
    expect((await as(operator, 'GET', `/v1/signals/${s.id}/commitment`)).body).toMatchObject({ status: 409, code: 'not-open' });
    expect((await commit(s)).body).toMatchObject({ status: 409, code: 'not-open' });
  });
});

it('a signature stands while the factory thinks, although everything that was sold is cancelled meanwhile', async () => {
  const orders = Array.from({ length: 30 }, (_, i) => ({ sku: 'K2-S', quantity: 2, order_id: `gone-${i}` }));
  const send = async (over: object, step: number) => {
    clock += step;
    await r.call('POST', '/v1/order-events/bulk', ndjson(orders.map((o) => orderEvent({ ...o, ...over, occurred_at: iso(clock++) }))), NDJSON);
    await until('everything is assessed', async () => (await r.call('GET', '/v1/shops/shop-1/intake-summary')).body.unassessedStreams === 0);
  };
  await send({}, 60);
  const s = await headsUp('K2-S');
  expect((await commit(s)).status).toBe(200);
  await send({ type: 'cancelled' }, 1_200);
  await waitForPlanner();
  expect(await shown(s.id)).toMatchObject({ version: s.version + 1, status: 'sent', commitment: 'firm' });
}, 60_000);

describe('a policy orders by itself', () => {
  it('is off by default, set by an admin alone, versioned and audited', async () => {
    const first = await r.call('GET', '/v1/commitment-policy');
    expect(first.body).toMatchObject({ version: 0, automatic: false });
    expect([(await as(operator, 'PUT', '/v1/commitment-policy', { automatic: true, mostAtRisk: 1, currency: 'CNY' })).status, (await as(factory, 'GET', '/v1/commitment-policy')).status]).toEqual([403, 403]);
    expect((await r.call('PUT', '/v1/commitment-policy', { automatic: true, mostAtRisk: 1, currency: 'CNY', note: 'nearly nothing' })).body).toMatchObject({ version: 1, automatic: true, mostAtRisk: 1 });
    expect((await r.call('PUT', '/v1/commitment-policy', { automatic: false, mostAtRisk: 0, currency: 'CNY' }, { 'if-match': '"0"' })).status).toBe(412);
    expect((await r.sql.query(`select count(*)::int as n from audit_log where action = 'commitment-policy.set'`)).rows[0].n).toBe(1);
  });

  it('signs at the confirming hour up to its limit, and leaves what would cost more to a person', async () => {
    await sell('K3-S', 30, 2);
    const s = await headsUp('K3-S');
    // 21 hours after the first order of all.
    const hour = 21 * 3_600 + 60;
    clock = Math.max(clock, hour);
    await sell('K5-S', 1);
    await until('the hour has come', async () => (await shown(s.id)).commitment === 'firm' || (await shown(s.id)).status === 'withdrawn', 30);
    // One fen covers nothing: what is sold already is ordered, and no more.
    expect((await shown(s.id)).lines[0].quantity).toBeLessThanOrEqual(60);
    expect((await r.sql.query('select count(*)::int as n from commitments where policy is not null')).rows[0].n).toBe(0);

    expect((await r.call('PUT', '/v1/commitment-policy', { automatic: true, mostAtRisk: 100_000_000, currency: 'CNY' })).body.version).toBe(2);
    await sell('K4-S', 30, 2);
    // What is sold is ordered at once; a quarter of an hour later, still within the hour, the change is old enough for another version.
    clock += 1_200;
    await sell('K5-S', 1);
    let signed: any;
    await until('the policy has signed', async () => (signed = (await signalsOf('K4-S')).find((x: any) => x.commitment === 'firm' && x.lines[0].quantity > 60)) !== undefined, 60);
    const rows = (await r.sql.query('select actor, policy, units, beyond from commitments where adjustment = $1', [signed.id])).rows;
    expect(rows).toMatchObject([{ actor: 'policy', policy: 2, units: signed.lines[0].quantity - signed.lines[0].quantityBefore }]);
    expect(rows[0].beyond).toBeGreaterThan(0);
    expect((await shown(signed.id)).history.some((h: any) => h.actor === 'policy')).toBe(true);
    // Refused, it is not asked again before the need was looked at anew.
    expect((await as(factory, 'POST', `/v1/signals/${signed.id}/reply`, { version: signed.version, verdict: 'reject' })).body.status).toBe('rejected');
    const count = async () => (await r.sql.query('select count(*)::int as n from commitments where sku = $1', ['K4-S'])).rows[0].n as number;
    const before = await count();
    await new Promise((done) => setTimeout(done, 35_000));
    expect(await count()).toBe(before);
  }, 200_000);
});
