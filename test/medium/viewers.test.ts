import { closeServer } from '../factories/database.js';
import { paidLine, withoutWorkers, type Foundation } from '../factories/services.js';
import { AssessService } from '../../src/forecast/index.js';
import { NeedService } from '../../src/forecast/need.service.js';
import { NowcastService } from '../../src/forecast/nowcast.service.js';
import { StandingService } from '../../src/forecast/standing.service.js';
import { Viewers } from '../../src/forecast/viewers.js';

const MINUTE = 60_000;
/** A full hour; the shop's clock is what its orders say. */
const T = Date.parse('2026-11-20T12:00:00Z');
let f: Foundation;
let service: AssessService;
beforeAll(async () => {
  f = await withoutWorkers(['K1-S', 'K2-S'], { initial_stock: 0 });
  await f.sql.query(`update shops set clock = 'replay', send_signals = false`);
  await f.sql.query(`insert into anchors (id, name) values ('a', 'a')`);
  for (const id of ['watched', 'unwatched']) await f.sql.query(`insert into broadcasts (id, anchor, shop, starts_at, ends_at) values ($1, 'a', 'shop-1', $2, $3)`, [id, new Date(T), new Date(T + 180 * MINUTE)]);
  service = new AssessService(new NeedService(f.jobs, new NowcastService(f.jobs), new StandingService(f.jobs)), f.jobs);
}, 60_000);
afterAll(async () => {
  await f.close();
  await closeServer();
});

let counter = 0;
/** `perMinute` orders a minute, evenly, from minute `from` to minute `to`. */
const sell = async (sku: string, broadcast: string | null, from: number, to: number, perMinute: number): Promise<void> => {
  const events = Array.from({ length: (to - from) * perMinute }, (_, i) => paidLine(String(++counter), sku, T + from * MINUTE + Math.floor((i * MINUTE) / perMinute), { broadcast }));
  for (let i = 0; i < events.length; i += 1_000) await f.intake.take(events.slice(i, i + 1_000));
};
const assess = () => f.database.transaction((tx) => service.assessShard(tx, 0, 1));
const told = (minute: number, viewers: number) =>
  new Viewers().onViewersTold({ payload: { broadcast: 'watched', shop: 'shop-1', at: new Date(T + minute * MINUTE).toISOString(), viewers }, effect: (work: never) => f.database.transaction(work) } as never);
const steps = async () => (await f.sql.query(`select extract(epoch from from_at - $1::timestamptz)::int / 60 as minute, viewers from viewer_steps order by 1`, [new Date(T)])).rows;
const spikes = async () => (await f.sql.query(`select broadcast, sku from spikes where broadcast <> '' order by 1, 2`)).rows.map((r) => `${r.broadcast} ${r.sku}`);

it('holds from the next quarter of an hour, by the latest word of before; old readings say nothing', async () => {
  for (const sku of ['K1-S', 'K2-S']) await sell(sku, null, -480, -2, 2);
  await assess();
  await told(-20, 500);
  await told(-1, 1_000);
  await told(-1.5, 900);
  await told(-40, 7);
  expect(await steps()).toEqual([{ minute: 0, viewers: 1_000 }]);
});

it('three times the viewers and three times the orders are no spike; more than that is, and so it is where nobody counts viewers', async () => {
  for (const broadcast of ['watched', 'unwatched']) for (const sku of ['K1-S', 'K2-S']) await sell(sku, broadcast, 0, 60, 2);
  await assess();
  expect(await spikes()).toEqual([]);
  await told(59, 3_000);
  expect(await steps()).toEqual([{ minute: 0, viewers: 1_000 }, { minute: 60, viewers: 3_000 }]);
  for (const broadcast of ['watched', 'unwatched']) await sell('K1-S', broadcast, 60, 90, 6);
  await sell('K2-S', 'watched', 60, 90, 24);
  await assess();
  expect(await spikes()).toEqual(['unwatched K1-S', 'watched K2-S']);
}, 60_000);

it('orders that an attribution brings into the past, or takes out of it, are no burst of now, and hide none', async () => {
  const before = await spikes();
  const standing = async () => (await f.sql.query(`select sku from spikes where broadcast = ''`)).rows.length;
  await sell('K2-S', 'elsewhere', 20, 70, 1);
  await assess();
  const raised = await standing();
  const lines = (await f.sql.query(`select order_id from order_lines where broadcast = 'elsewhere'`)).rows.map((l) => ({ orderId: l.order_id, lineId: '1', anchor: null }));
  const attribute = (broadcast: string) => f.database.transaction((tx) => f.intake.attribute(tx, 'shop-1', lines.map((l) => ({ ...l, broadcast }))));
  for (const broadcast of ['', 'unwatched']) {
    expect(await attribute(broadcast)).toBe(50);
    await assess();
  }
  expect(await spikes()).toEqual([...before, ...(await spikes()).filter((s) => s.startsWith('elsewhere'))].sort());
  expect(await standing()).toBe(raised);
  expect((await f.sql.query('select 1 from stream_moves')).rows).toEqual([]);
  // What really comes late is still counted now.
  await sell('K2-S', null, 30, 32, 60);
  await assess();
  expect(await standing()).toBe(raised + 1);
}, 60_000);
