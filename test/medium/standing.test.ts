import { closeServer } from '../factories/database.js';
import { paidLine, withoutWorkers, type Foundation } from '../factories/services.js';
import { allClocks } from '../../src/orders/index.js';
import { NowcastService } from '../../src/forecast/nowcast.service.js';
import { NeedService } from '../../src/forecast/need.service.js';
import { StandingService } from '../../src/forecast/standing.service.js';
import { sumsBefore } from '../../src/forecast/math/index.js';

const DAY_MS = 86_400_000;
const SKUS = Array.from({ length: 8 }, (_, i) => `K${i + 1}-S`);
const TODAY = Math.floor(Date.now() / DAY_MS);
let f: Foundation;
beforeAll(async () => { f = await withoutWorkers(SKUS, { initial_stock: 0 }); });
afterAll(async () => {
  await f.close();
  await closeServer();
});

let counter = 0;
const sold = (sku: string, at: number, over: Partial<ReturnType<typeof paidLine>> = {}) => paidLine(String(++counter), sku, at, { quantity: 2, ...over });
const take = (events: readonly ReturnType<typeof sold>[]) => f.database.transaction((tx) => f.intake.takeIn(tx, events));
/** A process of its own: remembers nothing. */
const learn = () => new StandingService(f.jobs).learn({ payload: { world: 'live' }, effect: (work: never) => f.database.transaction(work) } as never);
const assess = async (sku: string): Promise<{ inputs: { standing: { model: string; asOf: string | null; learnedFrom: object; mean: number; units28: number; orders28: number } }; reasons: string[]; more: Record<string, number> }> => {
  await f.sql.query('delete from need_states');
  await f.database.transaction(async (tx) => new NeedService(f.jobs, new NowcastService(f.jobs), new StandingService(f.jobs)).assess(tx, 'live', [sku], await allClocks(tx)));
  return (await f.sql.query('select inputs, reasons, more from assessments where sku = $1 order by recorded_at desc limit 1', [sku])).rows[0];
};
const model = async () => (await f.sql.query('select id, skus, lessons from standing_models order by day desc, learned_at desc limit 1')).rows[0] as { id: string; skus: number; lessons: number } | undefined;
/** The day has passed: what was learned on it is as of the day before. */
const tomorrow = () => f.sql.query(`update standing_models set day = day - 1; update standing_sales set until = until - 1; delete from standing_days where day >= current_date - 1`);

it('without any history the published prior stands, and an assessment says so', async () => {
  await learn();
  await take([sold('K1-S', Date.now() - 5_000, { quantity: 30 }), sold('K1-S', Date.now() - 4_000, { quantity: 30 })]);
  const { inputs, reasons } = await assess('K1-S');
  expect(inputs.standing).toMatchObject({ model: 'published', asOf: null, learnedFrom: { skus: 0, lessons: 0 }, units28: 60, orders28: 2 });
  expect(inputs.standing.mean).toBeGreaterThan(0);
  expect(reasons).toContainEqual(expect.stringMatching(/more expected outside broadcasts in 7\.0 days, after 60 units in 2 orders .* \(the published prior of standing sales/));
});

it('learns from days that came later in a file, sums them up as the mathematics does, and need asks what was learned', async () => {
  // Sales that halve every five days: six a day at first.
  const events = SKUS.slice(1).flatMap((sku, k) => Array.from({ length: 60 }, (_, age) => age).flatMap((age) =>
    Array.from({ length: Math.round((4 + k) * 3 * Math.pow(0.5, (59 - age) / 12)) }, (_, n) => sold(sku, (TODAY - 1 - age) * DAY_MS + 3_600_000 + n * 60_000))));
  await take(events);
  // One of them was cancelled the day after.
  const [first] = events;
  await take([{ ...sold('K2-S', (first?.occurredAt ?? 0) + DAY_MS), type: 'cancelled', orderId: first?.orderId ?? '', quantity: 2 }]);
  await tomorrow();
  await learn();
  const learned = await model();
  expect(learned).toMatchObject({ id: expect.stringMatching(/^st_/), skus: 7 });
  expect(learned?.lessons).toBeGreaterThan(20);

  const days = new Map<number, { lines: number; units: number }>();
  for (const e of events.filter((x) => x.sku === 'K2-S')) {
    const day = Math.floor(e.occurredAt / DAY_MS);
    const d = days.get(day) ?? { lines: 0, units: 0 };
    days.set(day, { lines: d.lines + 1, units: d.units + 2 });
  }
  const nextDay = Math.floor((first?.occurredAt ?? 0) / DAY_MS) + 1;
  const onNext = days.get(nextDay) ?? { lines: 0, units: 0 };
  days.set(nextDay, { ...onNext, units: onNext.units - 2 });
  const sorted = [...days].sort(([a], [b]) => a - b);
  const { firstDay, lastDay, ...sums } = sumsBefore({ days: sorted.map(([d]) => d), lines: sorted.map(([, x]) => x.lines), units: sorted.map(([, x]) => x.units) }, TODAY) ?? { firstDay: 0, lastDay: 0 };
  const row = (await f.sql.query(`select units28::int, units91::int, lines28, lines91, active28 as "activeDays28", first_day - date '1970-01-01' as first, last_day - date '1970-01-01' as last from standing_sales where sku = 'K2-S'`)).rows[0];
  expect(row).toEqual({ ...sums, first: firstDay, last: lastDay });

  const { inputs, reasons } = await assess('K8-S');
  expect(inputs.standing).toMatchObject({ model: learned?.id, asOf: new Date(TODAY * DAY_MS).toISOString().slice(0, 10), learnedFrom: { skus: 7, lessons: learned?.lessons } });
  expect(reasons).toContainEqual(expect.stringMatching(new RegExp(`outside broadcasts .* \\(standing sales ${learned?.id}, learned as of .* outcomes of 7 SKUs\\)`)));
  // Sales that fade are not expected to go on as the published prior would have them.
  const seen = { ...inputs.standing } as unknown as { units28: number; units91: number; orders28: number };
  expect(inputs.standing.mean).toBeLessThan(0.8 * ((7 * seen.units28) / 28));
}, 60_000);

it('orders of days that were summed up already are counted when they come late, and no day twice', async () => {
  const before = (await f.sql.query(`select lines91 from standing_sales where sku = 'K3-S'`)).rows[0].lines91 as number;
  await take([sold('K3-S', (TODAY - 20) * DAY_MS + 7_200_000), sold('K3-S', (TODAY - 20) * DAY_MS + 7_260_000)]);
  await f.sql.query('update standing_models set day = day - 1; update standing_sales set until = until - 1');
  await learn();
  expect((await f.sql.query(`select lines91 from standing_sales where sku = 'K3-S'`)).rows[0].lines91).toBe(before + 2);
  // Nothing new: the same again.
  await f.sql.query('update standing_models set day = day - 1; update standing_sales set until = until - 1');
  await learn();
  const twice = await f.sql.query(`select s.sku from standing_sales s join (select sku, sum(orders) as n from standing_days group by sku) d using (sku) join (select s.sku, sum(t.orders) as n from streams s join stream_totals t on t.stream = s.id group by 1) t using (sku)
    where d.n <> t.n and s.sku <> 'K1-S'`);
  expect(twice.rows).toEqual([]);
}, 60_000);
