// The live log by API: what is taken, what is refused, and what the live view makes of it.
import { closeServer, running, type Running } from '../factories/database.js';
import { furnish } from '../factories/merchant.js';

let r: Running;
const starts = Date.now() - 1_200_000;
const at = (minute: number): string => new Date(starts + minute * 60_000).toISOString();
const log = (entries: readonly object[], headers?: Record<string, string>) => r.call('POST', '/v1/broadcasts/B1/live-log', { entries }, headers);
const bearer = async (role: string, over: object = {}) => ({ authorization: `Bearer ${(await r.call('POST', '/v1/api-keys', { name: `${role} ${JSON.stringify(over)}`, role, ...over })).body.key as string}` });

beforeAll(async () => {
  r = await running();
  await furnish(r, ['K1-S', 'K1-M', 'K1-L'], {}, { clock: 'live' });
  await r.call('POST', '/v1/broadcasts', { id: 'B1', anchor: 'anchor-1', shop: 'shop-1', startsAt: at(0), endsAt: at(60) });
  const item = (sku: string, minute: number, over: object = {}) => ({ sku, slotAt: at(minute), price: 1_799, plannedUnits: 100, promiseDays: 3, ...over });
  expect(await r.call('PUT', '/v1/broadcasts/B1/line-up', { items: [item('K1-S', 5), item('K1-M', 40, { link: 'SET', components: [{ sku: 'K1-M', quantity: 1 }, { sku: 'K1-L', quantity: 2 }] })] })).toMatchObject({ status: 200 });
});
afterAll(async () => {
  await r.close();
  await closeServer();
});

it('refuses what an entry cannot be, names the field, and takes nothing of the rest', async () => {
  const good = { at: at(1), kind: 'shown', sku: 'K1-S' };
  for (const [entry, field, said] of [
    [{ at: at(1), kind: 'shown' }, 'entries[1].sku', 'needed'], [{ at: at(1), kind: 'shown', sku: 'NOBODY' }, 'entries[1].sku', 'does not exist'], [{ at: at(1), kind: 'pulled', link: 'NONE' }, 'entries[1].link', 'no link NONE'],
    [{ at: at(1), kind: 'shown', sku: 'K1-S', link: 'SET' }, 'entries[1].link', 'left out'], [{ at: at(1), kind: 'price-set', sku: 'K1-S' }, 'entries[1].amount', 'needed'],
    [{ at: at(1), kind: 'refill', sku: 'K1-S', amount: 5, units: 5 }, 'entries[1].amount', 'left out'], [{ at: at(1), kind: 'viewers', sku: 'K1-S', viewers: 7 }, 'entries[1].sku', 'left out'], [{ at: at(1), kind: 'viewers' }, 'entries[1].viewers', 'needed'],
    [{ at: at(181), kind: 'viewers', viewers: 7 }, 'entries[1].at', 'two hours'], [{ at: at(-121), kind: 'viewers', viewers: 7 }, 'entries[1].at', 'two hours'], [{ at: at(45), kind: 'viewers', viewers: 7 }, 'entries[1].at', 'in the future'],
  ] as const) {
    const answer = await log([good, entry]);
    expect({ entry, answer }).toMatchObject({ answer: { status: 422, body: { code: 'invalid', errors: [{ field, detail: expect.stringContaining(said) }] } } });
  }
  for (const entry of [{ at: 'now', kind: 'shown', sku: 'K1-S' }, { at: at(1), kind: 'sold', sku: 'K1-S' }, { at: at(1), kind: 'refill', sku: 'K1-S', units: 0 }, { at: at(1), kind: 'viewers', viewers: -1 }, { at: at(1), kind: 'viewers', viewers: 1.5 }, { at: at(1), kind: 'coupon', amount: 2 ** 53 }, { ...good, note: 'x' }]) expect({ entry, answer: await log([good, entry]) }).toMatchObject({ answer: { status: 422 } });
  expect(await log([{ at: at(1), kind: 'viewers', viewers: 7 }, { at: at(1), kind: 'viewers', viewers: 8 }])).toMatchObject({ status: 422, body: { errors: [{ field: 'entries[1]' }] } });
  expect(await r.call('POST', '/v1/broadcasts/NONE/live-log', { entries: [good] })).toMatchObject({ status: 404 });
  expect((await r.call('GET', '/v1/broadcasts/B1/live-log')).body).toEqual({ items: [], nextCursor: null });
});

it('takes each entry once, keeps the latest word on a moment, and lists them in order of time', async () => {
  const entries = [{ at: at(8), kind: 'coupon', amount: 500 }, { at: at(3), kind: 'shown', sku: 'K1-S' }, { at: at(3), kind: 'price-set', sku: 'K1-S', amount: 1_599 }, { at: at(4), kind: 'refill', link: 'SET', units: 40 }];
  expect(await log(entries, { 'idempotency-key': 'first' })).toMatchObject({ status: 201, body: { broadcast: 'B1', recorded: 4, known: 0 } });
  expect(await log(entries, { 'idempotency-key': 'first' })).toMatchObject({ status: 201, body: { recorded: 4 } });
  expect(await log([...entries, { at: at(3), kind: 'price-set', sku: 'K1-S', amount: 1_499 }].slice(3))).toMatchObject({ status: 201, body: { recorded: 1, known: 1 } });
  const first = (await r.call('GET', '/v1/broadcasts/B1/live-log?limit=3')).body;
  expect(first.items).toMatchObject([{ at: at(3), kind: 'price-set', sku: 'K1-S', amount: 1_499 }, { at: at(3), kind: 'shown' }, { at: at(4), kind: 'refill', link: 'SET', sku: null, units: 40 }]);
  const second = (await r.call('GET', `/v1/broadcasts/B1/live-log?limit=3&cursor=${first.nextCursor}`)).body;
  expect(second).toMatchObject({ items: [{ kind: 'coupon', sku: null, link: null, amount: 500 }], nextCursor: null });
});

it('is for those whose broadcast it is', async () => {
  const mine = await bearer('anchor', { anchors: ['anchor-1'] });
  const other = await bearer('anchor', { anchors: ['anchor-2'] });
  expect(await r.call('GET', '/v1/broadcasts/B1/live-log', undefined, mine)).toMatchObject({ status: 200 });
  expect(await r.call('GET', '/v1/broadcasts/B1/live-log', undefined, other)).toMatchObject({ status: 404 });
  expect(await log([{ at: at(9), kind: 'viewers', viewers: 7 }], mine)).toMatchObject({ status: 403 });
});

it('tells the live view what was shown when, before its planned slot too', async () => {
  const picture = async () => new Map<string, any>((await r.call('GET', '/v1/broadcasts/B1/live')).body.items.map((i: any) => [i.sku, i]));
  const before = await picture();
  expect(before.get('K1-S')).toMatchObject({ slotAt: at(5), shownAt: at(3) });
  expect(before.get('K1-M')).toMatchObject({ slotAt: at(40), shownAt: null, nowcast: null });
  await log([{ at: at(15), kind: 'shown', link: 'SET' }]);
  const after = await picture();
  expect(after.get('K1-M')).toMatchObject({ slotAt: at(40), shownAt: at(15) });
  // Its pitch is on, so something is expected of it although nobody has ordered yet.
  expect(after.get('K1-M').nowcast.grossPaidUnits['0.9']).toBeGreaterThan(0);
  const [entry] = (await r.call('GET', '/v1/broadcasts/B1/live-log')).body.items.filter((e: any) => e.link === 'SET' && e.kind === 'shown');
  expect(await r.call('DELETE', `/v1/broadcasts/B1/live-log/${entry.id}`)).toMatchObject({ status: 204 });
  expect((await picture()).get('K1-M')).toMatchObject({ shownAt: null, nowcast: null });
  for (const id of ['0', 'x', '99999999999999999999']) expect(await r.call('DELETE', `/v1/broadcasts/B1/live-log/${id}`)).toMatchObject({ status: 404 });
});
