import { closeServer, running, until, type Running } from '../factories/database.js';
import { CATALOGUE_HEAD, furnish, iso, ndjson, NDJSON, orderEvent, skuRow } from '../factories/merchant.js';

let r: Running;
beforeAll(async () => {
  r = await running();
  await furnish(r, ['K1-S', 'H1-S'], { initial_stock: 40, moq: 1, lot_multiple: 1 });
  const csv = skuRow('H1-S', { initial_stock: 40, moq: 1, lot_multiple: 1, category: 'underwear' });
  await r.call('POST', '/v1/imports/catalogue', `${CATALOGUE_HEAD}\n${csv}\n`, { 'content-type': 'text/csv' });
});
afterAll(async () => {
  await r.close();
  await closeServer();
});
const take = (events: readonly unknown[]) => r.call('POST', '/v1/order-events/bulk', ndjson(events), NDJSON);
const latest = async (sku: string) => (await r.sql.query('select id, open_units, stock, reflow, committed_need, inputs, reasons from assessments where sku = $1 order by id desc limit 1', [sku])).rows[0];
const back = (id: string, order: string, sku: string, at: number) => r.call('POST', '/v1/returns', { return_id: id, occurred_at: iso(at), shop: 'shop-1', order_id: order, line_id: '1', sku, quantity: 1, tracking_number: `SF-${id}` });

/** 40 units sold, delivered; 12 came back and went on sale again; those 12 were sold too. */
async function history(prefix: string, sku: string, at: number): Promise<void> {
  const of = (type: string, from: number, to: number, when: number) => Array.from({ length: to - from }, (_, i) => orderEvent({ event_id: `${prefix}${from + i}-${type}`, order_id: `${prefix}${from + i}`, sku, type, occurred_at: iso(when + i) }));
  await take([...of('paid', 0, 40, at), ...of('shipped', 0, 40, at + 1_000), ...of('delivered', 0, 40, at + 200_000)]);
  await until('they left', async () => (await r.call('GET', `/v1/skus/${sku}/availability?world=replay`)).body.claimed === 40);
  for (let i = 0; i < 12; i++) {
    await back(`${prefix}R${i}`, `${prefix}${i}`, sku, at + 260_000 + i);
    await r.call('POST', '/v1/return-receipts', { trackingNumber: `SF-${prefix}R${i}`, at: iso(at + 300_000) });
    await r.call('POST', `/v1/returns/${prefix}R${i}/inspection`, { units: [{ quantity: 1, grade: 'A', finding: 'no-fault' }], at: iso(at + 310_000) });
  }
  await take(of('paid', 40, 52, at + 320_000));
}

it('goods on their way back count as supply once they can be on the shelf before the promise, cautiously', async () => {
  await history('a', 'K1-S', 0);
  for (let i = 12; i < 32; i++) await back(`aS${i}`, `a${i}`, 'K1-S', 330_000 + i);
  await until('the expectation is known', async () => ((await r.sql.query(`select (dated->44->>'units')::int as units from return_expectations where sku = 'K1-S'`)).rows[0]?.units ?? 0) > 0);
  await take(Array.from({ length: 30 }, (_, i) => orderEvent({ event_id: `w${i}`, order_id: `w${i}`, sku: 'K1-S', occurred_at: iso(340_000 + i) })));
  await until('it is netted', async () => (await latest('K1-S'))?.reflow > 0);
  const seen = await latest('K1-S');
  // Twenty are on their way and twelve of twelve were good: cautiously about half to three quarters, by how much was known when it was worked out.
  expect(seen.reflow).toBeGreaterThanOrEqual(6);
  expect(seen.reflow).toBeLessThanOrEqual(20);
  const shown = (await r.call('GET', `/v1/assessments/${seen.id}`)).body;
  expect(shown.committedNeed).toBeLessThanOrEqual(shown.open - shown.stock - shown.reflow);
  expect(shown.reasons).toContainEqual(expect.stringContaining(`− ${seen.reflow} returns back on the shelf in time`));
  expect(shown.inputs.keepRate).toBeLessThan(1);
  // And it can be promised, by the day on which it will be there.
  const { incoming, availableToPromise } = (await r.call('GET', '/v1/skus/K1-S/availability?world=replay')).body;
  const back20 = incoming.filter((i: { source: string }) => i.source === 'returns');
  expect(back20.reduce((n: number, i: { units: number }) => n + i.units, 0)).toBeGreaterThanOrEqual(seen.reflow);
  expect(availableToPromise.map((a: { date: string }) => a.date)).toEqual(expect.arrayContaining(back20.map((i: { date: string }) => i.date)));
});

it('what touched the skin is no supply, however much of it comes back', async () => {
  await history('h', 'H1-S', 400_000);
  for (let i = 12; i < 32; i++) await back(`hS${i}`, `h${i}`, 'H1-S', 730_000 + i);
  await until('the expectation is known', async () => (await r.sql.query(`select 1 from return_expectations where sku = 'H1-S'`)).rowCount === 1);
  await take(Array.from({ length: 30 }, (_, i) => orderEvent({ event_id: `x${i}`, order_id: `x${i}`, sku: 'H1-S', occurred_at: iso(740_000 + i) })));
  await until('need is known', async () => (await latest('H1-S'))?.open_units >= 30);
  expect((await latest('H1-S')).reflow).toBe(0);
});

it('what was expected and did not come is not expected for ever', async () => {
  await take([orderEvent({ event_id: 'late', order_id: 'late', sku: 'K1-S', quantity: 40, occurred_at: iso(340_000 + 20 * 86_400) })]);
  await until('need is known', async () => (await latest('K1-S'))?.open_units >= 60);
  expect((await latest('K1-S')).reflow).toBe(0);
  expect((await r.call('GET', '/v1/skus/K1-S/availability?world=replay')).body.incoming.filter((i: { source: string; date: string }) => i.source === 'returns' && i.date < iso(340_000 + 20 * 86_400).slice(0, 10))).toEqual([]);
});
