// Line-ups by API: two at once, and what they say of links.
import { closeServer, running, type Running } from '../factories/database.js';
import { furnish } from '../factories/merchant.js';
import { SkuNames } from '../../src/connectors/sku-names.js';
import { Database } from '../../src/kernel/index.js';

let r: Running;
let database: Database;
const starts = Date.now() - 1_200_000;
const at = (minute: number): string => new Date(starts + minute * 60_000).toISOString();
const item = (sku: string, over: object = {}) => ({ sku, slotAt: at(5), price: 1_799, plannedUnits: 100, promiseDays: 3, ...over });
const put = (items: readonly object[], headers?: Record<string, string>) => r.call('PUT', '/v1/broadcasts/B1/line-up', { items }, headers);
const lineUp = async (): Promise<any[]> => (await r.call('GET', '/v1/broadcasts/B1')).body.lineUp;
/** What an order line is taken for of which only the link is known. */
const sells = async (link: string) => (await database.transaction((tx) => new SkuNames({} as never, {} as never).resolve(tx, 'shop-1', [{ seller: null, platform: null, link }])))[0];

beforeAll(async () => {
  r = await running();
  await furnish(r, ['A', 'B', 'C'], {}, { clock: 'live' });
  await r.call('POST', '/v1/broadcasts', { id: 'B1', anchor: 'anchor-1', shop: 'shop-1', startsAt: at(0), endsAt: at(60) });
  database = await Database.connect({ url: r.databaseUrl, pool: 2, entities: [], migrations: [] });
});
afterAll(async () => {
  await database.close();
  await r.close();
  await closeServer();
});

it('lists broadcasts from the start where a cursor is not one of ours', async () => {
  const forged = Buffer.from(JSON.stringify(['foo 1', 'x'])).toString('base64url');
  expect(await r.call('GET', `/v1/broadcasts?cursor=${forged}`)).toMatchObject({ status: 200, body: { items: [{ id: 'B1' }] } });
});

it('takes one of several line-ups that are set at once on the same version, and that one whole', async () => {
  const etag = (await r.call('GET', '/v1/broadcasts/B1')).headers.get('etag') ?? '';
  const sets = [['A', 'B', 'C', 'A', 'B', 'C'], ['B'], ['C', 'A'], ['A']];
  const answers = await Promise.all(sets.map((skus) => put(skus.map((sku) => item(sku)), { 'if-match': etag })));
  expect(answers.map((a) => a.status).sort()).toEqual([200, 412, 412, 412]);
  const won = sets[answers.findIndex((a) => a.status === 200)] as string[];
  expect((await lineUp()).map((i) => i.sku)).toEqual(won);
});

it('adds the items of two files to one broadcast behind each other', async () => {
  const head = 'broadcast,anchor,shop,starts_at,ends_at,sku,slot_at,price,planned_units,promise_days';
  const file = (sku: string): string => `${head}\nB2,anchor-1,shop-1,${at(0)},${at(60)},${sku},${at(5)},100,10,3\n`;
  const answers = await Promise.all(['A', 'B', 'C'].map((sku) => r.call('POST', '/v1/imports/broadcasts', file(sku), { 'content-type': 'text/csv' })));
  expect(answers).toMatchObject([{ status: 202, body: { accepted: 1 } }, { status: 202, body: { accepted: 1 } }, { status: 202, body: { accepted: 1 } }]);
  const { lineUp: items } = (await r.call('GET', '/v1/broadcasts/B2')).body;
  expect(items.map((i: any) => i.sku).sort()).toEqual(['A', 'B', 'C']);
  expect(items.map((i: any) => i.position)).toEqual([1, 2, 3]);
});

it('forgets what a link was wrongly said to sell: no bundle comes of a correction', async () => {
  expect(await put([item('A', { link: 'L1', components: [{ sku: 'A', quantity: 1 }] })])).toMatchObject({ status: 200 });
  expect(await sells('L1')).toEqual([{ sku: 'A', quantity: 1 }]);
  expect(await put([item('B', { link: 'L1', components: [{ sku: 'B', quantity: 1 }] })])).toMatchObject({ status: 200 });
  expect(await sells('L1')).toEqual([{ sku: 'B', quantity: 1 }]);
  expect((await lineUp())[0]).toMatchObject({ link: 'L1', components: [{ sku: 'B', quantity: 1 }] });
  // A bundle keeps the order it was given in: its first SKU carries the price. It is one until it is said to be none.
  expect(await put([item('B', { link: 'L1', components: [{ sku: 'B', quantity: 1 }, { sku: 'A', quantity: 2 }] })])).toMatchObject({ status: 200 });
  expect(await put([item('B', { link: 'L1' })])).toMatchObject({ status: 200 });
  expect(await sells('L1')).toEqual([{ sku: 'B', quantity: 1 }, { sku: 'A', quantity: 2 }]);
  expect(await put([item('C', { link: 'L1', components: [{ sku: 'C', quantity: 1 }] })])).toMatchObject({ status: 200 });
  expect(await sells('L1')).toEqual([{ sku: 'C', quantity: 1 }]);
});

it('takes several SKUs of one link for variants: which of them was sold the link does not say', async () => {
  expect(await put([item('A', { link: 'L2' }), item('B', { link: 'L2' })])).toMatchObject({ status: 200 });
  expect(await sells('L2')).toBeUndefined();
  expect((await lineUp()).map((i) => i.components)).toEqual([[{ sku: 'A', quantity: 1 }], [{ sku: 'B', quantity: 1 }]]);
  // Read and set again, it is the same.
  expect(await put((await lineUp()).map(({ sku, link, components }) => item(sku, { link, components })))).toMatchObject({ status: 200 });
  expect(await sells('L2')).toBeUndefined();
  expect(await put([item('B', { link: 'L2' })])).toMatchObject({ status: 200 });
  expect(await sells('L2')).toEqual([{ sku: 'B', quantity: 1 }]);
});

it('forgets a variant that another line-up showed by mistake, once that one names another link', async () => {
  const other = (link: string) => r.call('PUT', '/v1/broadcasts/B2/line-up', { items: [item('B', { link })] });
  expect([(await put([item('A', { link: 'L4' })])).status, (await other('L4')).status]).toEqual([200, 200]);
  expect(await sells('L4')).toBeUndefined();
  expect((await other('L5')).status).toBe(200);
  expect([await sells('L4'), await sells('L5')]).toEqual([[{ sku: 'A', quantity: 1 }], [{ sku: 'B', quantity: 1 }]]);
  // The last one stays, for orders that come late.
  expect((await put([item('C')])).status).toBe(200);
  expect(await sells('L4')).toEqual([{ sku: 'A', quantity: 1 }]);
  // The same by a file that edits the row.
  const head = 'broadcast,anchor,shop,starts_at,ends_at,sku,slot_at,price,planned_units,promise_days,link';
  const file = (...rows: [string, string, string][]): string => [head, ...rows.map(([broadcast, sku, link]) => `${broadcast},anchor-1,shop-1,${at(0)},${at(60)},${sku},${at(5)},100,10,3,${link}`), ''].join('\n');
  for (const [rows, said] of [[[['B1', 'C', 'L6'], ['B2', 'B', 'L6']], undefined], [[['B2', 'B', 'L5']], [{ sku: 'C', quantity: 1 }]]] as const) {
    expect((await r.call('POST', '/v1/imports/broadcasts', file(...(rows as unknown as [string, string, string][])), { 'content-type': 'text/csv' })).status).toBe(202);
    expect(await sells('L6')).toEqual(said);
  }
});

it('refuses two bundles by one link, and names the item', async () => {
  const bundle = (...skus: string[]) => ({ link: 'L3', components: skus.map((sku) => ({ sku, quantity: 1 })) });
  expect(await put([item('A', bundle('A', 'B')), item('C', bundle('C', 'B'))])).toMatchObject({ status: 422, body: { errors: [{ field: 'items[1].components', detail: expect.stringContaining('L3') }] } });
  expect(await put([item('A', bundle('A', 'B')), item('B', bundle('B', 'A'))])).toMatchObject({ status: 200 });
});

it('refuses a SKU that is named twice among the components of an item', async () => {
  const twice = [{ sku: 'A', quantity: 1 }, { sku: 'A', quantity: 2 }];
  expect(await put([item('A', { link: 'L7', components: twice })])).toMatchObject({ status: 422, body: { errors: [{ field: 'items[0].components', detail: expect.stringContaining('twice') }] } });
  const head = 'broadcast,anchor,shop,starts_at,ends_at,sku,slot_at,price,planned_units,promise_days,link,components';
  const file = `${head}\nB2,anchor-1,shop-1,${at(0)},${at(60)},A,${at(5)},100,10,3,L7,A:1;A:2\n`;
  expect((await r.call('POST', '/v1/imports/broadcasts', file, { 'content-type': 'text/csv' })).status).toBe(422);
  expect(await sells('L7')).toBeUndefined();
});
