import { negativeBinomialMean } from '../kernel/math/index.js';
import { learnNowcast, OrderTimes, PUBLISHED_NOWCAST, TAIL_MS, type NowcastModel } from './math/index.js';
import { factsOf, mayStillSell, nowcastsOf, quantilesOf, tells, unitsToCome, type PlannedBroadcast } from './nowcast.rules.js';

const MINUTE = 60_000;
const AIR = { startsAt: Date.parse('2026-03-01T12:00:00Z'), endsAt: Date.parse('2026-03-01T15:00:00Z') };
const at = (minutes: number): number => AIR.startsAt + minutes * MINUTE;
const plan: PlannedBroadcast = {
  id: 'B1', anchor: 'a', shop: 's', air: AIR, categories: new Map([['A', 'knit']]),
  items: [{ sku: 'A', slotAt: at(10), price: 100, plannedUnits: 60 }, { sku: 'B', slotAt: at(30), price: 200, plannedUnits: 40 }, { sku: 'A', slotAt: at(90), price: 90, plannedUnits: 40 }],
};
const learned: NowcastModel = { ...PUBLISHED_NOWCAST, broadcasts: 3 };

it('a SKU with two slots is one item with both, and one that sold unplanned is there too', () => {
  expect(factsOf(plan, ['X', 'A']).map((f) => [f.sku, f.category, f.plannedUnits, f.price, f.pitches.length])).toEqual([['A', 'knit', 100, 100, 2], ['B', '', 40, 200, 1], ['X', '', 0, 0, 0]]);
});

it('says of each SKU how the broadcast stands and what it still sells', () => {
  const phases = [-10, 60, 200].map((m) => nowcastsOf(PUBLISHED_NOWCAST, plan, new Map([['A', 30]]), () => 0, at(m)).get('A'));
  expect(phases.map((n) => [n?.phase, n?.orders, n?.broadcast])).toEqual([['coming', 30, 'B1'], ['on air', 30, 'B1'], ['over', 30, 'B1']]);
  const means = phases.map((n) => (n === undefined ? NaN : negativeBinomialMean(unitsToCome(n, 1))));
  // The tail is what is left once it is over: a tenth or so of what sold.
  expect(means[1]).toBeGreaterThan(2 * (means[2] as number));
  expect(means[2]).toBeGreaterThan(0.5);
  expect(means[2]).toBeLessThan(10);
  const on = phases[1] as NonNullable<(typeof phases)[number]>;
  const quantiles = quantilesOf(PUBLISHED_NOWCAST, on, 2, 61, [0.05, 0.5, 0.95]);
  expect(Object.keys(quantiles)).toEqual(['0.05', '0.5', '0.95']);
  expect(quantiles['0.05']).toBeGreaterThanOrEqual(61);
});

it('the published prior alone makes nothing of a SKU that nobody has ordered in the broadcast', () => {
  expect([tells(PUBLISHED_NOWCAST, { orders: 0 }), tells(PUBLISHED_NOWCAST, { orders: 1 }), tells(learned, { orders: 0 })]).toEqual([false, true, true]);
  const past = [{ air: AIR, knownUntil: AIR.endsAt + TAIL_MS, items: factsOf(plan, []).map((facts) => ({ facts, sold: new OrderTimes([at(11), at(31)]) })) }];
  expect(tells(learnNowcast(past, 0), { orders: 0 })).toBe(true);
});

it('a broadcast may still sell from its lead time before it starts until its tail is over', () => {
  const day = 1440 * MINUTE;
  expect([AIR.startsAt - 8 * day, AIR.startsAt - 6 * day, at(1), AIR.endsAt + 2 * day, AIR.endsAt + TAIL_MS].map((now) => mayStillSell(AIR, now, 7 * day))).toEqual([false, true, true, true, false]);
});
