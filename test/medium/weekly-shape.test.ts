import { closeServer } from '../factories/database.js';
import { paidLine, withoutWorkers, type Foundation } from '../factories/services.js';
import { AssessService } from '../../src/forecast/index.js';
import { advanceStream, currentState, EVEN, openStream, weeklyExposure, type Bin, type Exposure, type StoredStream, type StreamState } from '../../src/forecast/math/index.js';
import { NeedService } from '../../src/forecast/need.service.js';
import { NowcastService } from '../../src/forecast/nowcast.service.js';
import { StandingService } from '../../src/forecast/standing.service.js';

const DAY_MS = 86_400_000;
const SKUS = Array.from({ length: 4 }, (_, i) => `K${i + 1}-S`);
const TODAY = Math.floor(Date.now() / DAY_MS);
let f: Foundation;
beforeAll(async () => { f = await withoutWorkers(SKUS, { initial_stock: 0 }); });
afterAll(async () => {
  await f.close();
  await closeServer();
});

let counter = 0;
const sold = (sku: string, at: number) => paidLine(String(++counter), sku, at);
const take = (events: readonly ReturnType<typeof sold>[]) => f.database.transaction((tx) => f.intake.takeIn(tx, events));
/** A process of its own: remembers nothing. */
const learn = () => new StandingService(f.jobs).learn({ payload: { world: 'live' }, effect: (work: never) => f.database.transaction(work) } as never);
const shapes = async () => (await f.sql.query(`select from_day - date '1970-01-01' as "from", factors from weekly_shapes where shop = 'shop-1' order by 1`)).rows as { from: number; factors: number[] }[];
const isWeekend = (day: number): boolean => [0, 6].includes((day + 4) % 7);

it('learns the shape of a week from what a shop sold by day, a bulk day of one SKU capped, and lets it hold from tomorrow', async () => {
  await take(SKUS.slice(0, 3).flatMap((sku) => Array.from({ length: 42 }, (_, age) => TODAY - 1 - age).flatMap((day) =>
    Array.from({ length: isWeekend(day) ? 12 : 4 }, (_, n) => sold(sku, day * DAY_MS + 28_800_000 + n * 3_600_000)))));
  // 200 orders of a fourth SKU on one Wednesday.
  const wednesday = Array.from({ length: 7 }, (_, age) => TODAY - 8 - age).find((day) => (day + 4) % 7 === 3) ?? 0;
  await take(Array.from({ length: 200 }, (_, n) => sold('K4-S', wednesday * DAY_MS + 40_000_000 + n * 10_000)));
  await learn();
  const [shape, ...more] = await shapes();
  expect(more).toEqual([]);
  expect(shape?.from).toBe(TODAY + 1);
  const factors = shape?.factors ?? [];
  expect(factors.reduce((s, x) => s + x, 0)).toBeCloseTo(7, 9);
  for (const day of [0, 6]) expect(factors[day]).toBeGreaterThan(1.5);
  for (const day of [1, 2, 3, 4, 5]) expect(factors[day]).toBeLessThan(1);
  // 200 orders beside twelve a day would have made a Wednesday of several times the others.
  expect((factors[3] ?? 9) / (factors[2] ?? 1)).toBeLessThan(2);
}, 60_000);

it('sets no new one within the week, never changes one that was set, and sums each day up once', async () => {
  const before = await shapes();
  await f.sql.query('update standing_models set day = day - 1; update standing_sales set until = until - 1');
  await learn();
  expect(await shapes()).toEqual(before);
  await expect(f.sql.query('update weekly_shapes set from_day = from_day + 1')).rejects.toThrow();
  const days = (await f.sql.query(`select day - date '1970-01-01' as day, orders from shop_days where shop = 'shop-1' order by day desc limit 2`)).rows as { day: number; orders: number }[];
  expect(days).toEqual([1, 2].map((ago) => ({ day: TODAY - ago, orders: 3 * (isWeekend(TODAY - ago) ? 12 : 4) })));
}, 60_000);

it('a standing stream is assessed as the mathematics moves it on with the shapes of its shop, also those that this process reads later', async () => {
  const factors = [2, 0.6, 0.6, 0.6, 0.6, 0.6, 2];
  const insert = (from: number) => f.sql.query(`insert into weekly_shapes (shop, from_day, factors) values ('shop-1', date '1970-01-01' + $1::int, $2)`, [from, factors]);
  await f.sql.query('alter table weekly_shapes disable trigger all');
  await f.sql.query('delete from weekly_shapes');
  await insert(TODAY - 42);
  const service = new AssessService(new NeedService(f.jobs, new NowcastService(f.jobs), new StandingService(f.jobs)), f.jobs);
  const assess = () => f.database.transaction((tx) => service.assessShard(tx, 0, 1));
  const stateOf = async (): Promise<StreamState> => currentState((await f.sql.query(`select t.state from stream_states t join streams s on s.id = t.stream where s.sku = 'K1-S'`)).rows[0].state as StoredStream);
  await assess();
  const bins = (await f.sql.query(`select (extract(epoch from d.bucket) * 1000)::float8 as bin, d.orders from demand_windows d join streams s on s.id = d.stream where s.sku = 'K1-S' order by 1`)).rows as { bin: number; orders: number }[];
  const moved = (from: StreamState, list: readonly Bin[], exposure: Exposure): StreamState => advanceStream(from, list, Date.now(), { orders: 0, withdrawn: 0 }, { falseAlarmsPer1000SkuHours: 1, exposure }).state;
  const all = bins.map(({ bin, orders }): Bin => ({ bin, orders, withdrawn: 0 }));
  const start = openStream(all[0]?.bin ?? 0, { kind: 'standing' });
  const week = weeklyExposure([{ from: TODAY - 42, factors }]);
  const state = await stateOf();
  expect({ sr: state.sr, baseline: state.baseline }).toEqual({ sr: moved(start, all, week).sr, baseline: moved(start, all, week).baseline });
  expect(moved(start, all, EVEN).baseline.hourTime).not.toEqual(state.baseline.hourTime);
  // A second shape, and an order after it.
  await f.sql.query(`insert into weekly_shapes (shop, from_day, factors) values ('shop-1', date '1970-01-01' + $1::int, $2)`, [TODAY, [1, 1, 1, 1, 1, 1, 1]]);
  const at = Math.floor(Date.now() / 10_000) * 10_000;
  await take([sold('K1-S', at)]);
  await assess();
  const both = weeklyExposure([{ from: TODAY - 42, factors }, { from: TODAY, factors: [1, 1, 1, 1, 1, 1, 1] }]);
  expect((await stateOf()).baseline.hourTime).toEqual(moved(state, [{ bin: at, orders: 1, withdrawn: 0 }], both).baseline.hourTime);
}, 60_000);
