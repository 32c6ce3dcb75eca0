import 'reflect-metadata';
import fc from 'fast-check';
import { addDays, brokenSizes, judgeBroadcast, judgeItem, naiveReturnRate, overflow, phaseOf, stillPlanned, validUntil, type ItemFacts } from './stock-check.rules.js';

const facts = (over: Partial<ItemFacts> = {}): ItemFacts => ({
  planned: 40, promiseDays: 5, available: 100, waiting: 0, unpaid: 0, today: '2026-11-20', from: '2026-11-20', by: '2026-11-25', incoming: [], claimants: [], sizes: [{ size: 'S', free: 100 }], ...over,
});
const codes = (over: Partial<ItemFacts>): string[] => judgeItem(facts(over)).reasons.map((r) => r.code);

describe('the verdict of an item', () => {
  it('is go where stock covers the plan and no size is gone', () => {
    expect(judgeItem(facts())).toMatchObject({ verdict: 'go', unitsToOpen: 100, reasons: [{ code: 'covered' }], promise: { keepable: true, earliest: '2026-11-20', keptInDays: 0 }, availableToPromise: [{ date: '2026-11-20', units: 100 }] });
  });

  it('is limited where stock falls short of the plan, and says how far supply carries the promise', () => {
    const j = judgeItem(facts({ planned: 120, available: 10, incoming: [{ date: '2026-11-23', units: 50 }, { date: '2026-12-10', units: 60 }] }));
    expect(j).toMatchObject({ verdict: 'limited', unitsToOpen: 10, promise: { keepable: false, units: 60, earliest: '2026-12-10', keptInDays: 21 } });
    expect(j.reasons.map((r) => r.code)).toEqual(['short-stock', 'rests-on-supply', 'promise-not-keepable']);
  });

  it('is limited, not go, where the promise rests on supply that comes in time', () => {
    expect(judgeItem(facts({ available: 0, incoming: [{ date: '2026-11-24', units: 40 }] }))).toMatchObject({ verdict: 'limited', unitsToOpen: 0, promise: { keepable: true, units: 40, keptInDays: 5 } });
    // Due on the day on which the promise ends: it may come an hour later.
    expect(judgeItem(facts({ available: 0, incoming: [{ date: '2026-11-25', units: 40 }] }))).toMatchObject({ verdict: 'no-go', promise: { keepable: false, units: 0, earliest: '2026-11-25', keptInDays: 6 } });
  });

  it('keeps a promise of no days out of stock alone', () => {
    expect(judgeItem(facts({ promiseDays: 0, by: '2026-11-20', incoming: [{ date: '2026-11-20', units: 9 }] })).promise).toMatchObject({ keepable: true, units: 100, keptInDays: 0 });
    expect(judgeItem(facts({ promiseDays: 0, by: '2026-11-20', available: 30, incoming: [{ date: '2026-11-20', units: 10 }] })).promise).toMatchObject({ keepable: false, units: 30, earliest: '2026-11-20', keptInDays: 1 });
  });

  it('is no-go where nothing is there and nothing comes in time; the rest never comes on known supply', () => {
    const j = judgeItem(facts({ available: 5, waiting: 9 }));
    expect(j).toMatchObject({ verdict: 'no-go', unitsToOpen: 0, promise: { keepable: false, earliest: null, keptInDays: null } });
    expect(j.reasons[0]?.code).toBe('no-stock');
    expect(j.reasons[1]?.text).toContain('never on known supply');
  });

  it('promises nothing on supply whose day has passed', () => {
    const j = judgeItem(facts({ available: 0, incoming: [{ date: '2026-11-19', units: 500 }] }));
    expect(j).toMatchObject({ verdict: 'no-go', availableToPromise: [{ date: '2026-11-20', units: 0 }] });
    expect(j.reasons.map((r) => r.code)).toContain('supply-overdue');
  });

  it('leaves the units of those who come first to them, and only names those who come later', () => {
    const first = { name: 'B1', units: 70, before: true };
    expect(judgeItem(facts({ claimants: [first] }))).toMatchObject({ verdict: 'limited', unitsToOpen: 30, promise: { units: 30 } });
    expect(judgeItem(facts({ claimants: [{ ...first, before: false }] }))).toMatchObject({ verdict: 'go', unitsToOpen: 100, reasons: [{ code: 'shared-with', text: expect.stringContaining('B1 comes later') }] });
  });

  it('opens no unit again that an unpaid order holds, and says so', () => {
    const j = judgeItem(facts({ available: 50, waiting: 5, unpaid: 15 }));
    expect(j).toMatchObject({ verdict: 'limited', unitsToOpen: 30, promise: { units: 30 }, reasons: [{ code: 'short-stock' }, { code: 'promise-not-keepable' }, { code: 'unpaid-orders', text: expect.stringContaining('15') }] });
  });

  it('is limited by a broken run of sizes', () => {
    expect(codes({ sizes: [{ size: 'S', free: 100 }, { size: 'M', free: 0 }, { size: 'L', free: -3 }] })).toEqual(['broken-sizes']);
    expect(brokenSizes([{ size: 'S', free: 0 }, { size: 'M', free: 0 }])).toEqual([]);
    expect(brokenSizes([{ size: 'M', free: 0 }, { size: 'L', free: -1 }, { size: 'S', free: 2 }])).toEqual(['L', 'M']);
  });

  it('never opens or promises a unit that is not there, whatever comes in', () => {
    const units = fc.integer({ min: 0, max: 200 });
    const dated = fc.record({ date: fc.integer({ min: -5, max: 30 }).map((d) => addDays('2026-11-20', d)), units });
    fc.assert(fc.property(units, units, units, units, fc.array(dated, { maxLength: 6 }), fc.array(fc.record({ name: fc.constant('B'), units, before: fc.boolean() }), { maxLength: 3 }), (planned, available, waiting, unpaid, incoming, claimants) => {
      const j = judgeItem(facts({ planned, available, waiting, unpaid, incoming, claimants }));
      const all = available + incoming.reduce((s, i) => s + i.units, 0);
      const taken = waiting + unpaid + claimants.reduce((s, c) => s + (c.before ? c.units : 0), 0);
      expect(j.unitsToOpen).toBe(Math.max(0, available - taken));
      expect(j.promise.units).toBeGreaterThanOrEqual(j.unitsToOpen);
      expect(j.promise.units).toBeLessThanOrEqual(Math.max(0, all - taken));
      expect(j.verdict === 'no-go').toBe(j.promise.units === 0);
      if (j.verdict === 'go') expect(Math.min(j.unitsToOpen, j.promise.units)).toBeGreaterThanOrEqual(planned);
      expect(j.reasons.length).toBeGreaterThan(0);
    }));
  });
});

it('units sold already are taken off the rows in the order in which they are shown', () => {
  expect(stillPlanned([30, 20, 10], 35)).toEqual([0, 15, 10]);
  expect(stillPlanned([30, 20], 0)).toEqual([30, 20]);
  expect(stillPlanned([30], 90)).toEqual([0]);
});

describe('overflow', () => {
  const terms = { leadTimeDays: 7, dailyCapacity: 25, moq: 60, lotMultiple: 10, moqScope: 'sku' };
  it('is the capacity of the days until the promise, in whole lots, less what is made by then anyway', () => {
    expect(overflow(terms, '2026-11-20', '2026-11-29', 0)).toEqual({ units: 220, earliest: '2026-11-27' });
    expect(overflow(terms, '2026-11-20', '2026-11-29', 100)).toEqual({ units: 120, earliest: '2026-11-27' });
  });
  it('is nothing where the lead time is too long or the minimum of this SKU is not reached', () => {
    expect(overflow(terms, '2026-11-20', '2026-11-26', 0).units).toBe(0);
    expect(overflow(terms, '2026-11-20', '2026-11-29', 180).units).toBe(0);
    expect(overflow({ ...terms, moqScope: 'colour' }, '2026-11-20', '2026-11-29', 180).units).toBe(40);
    expect(overflow({ ...terms, leadTimeDays: 0 }, '2026-11-20', '2026-11-20', 0).units).toBe(0);
    expect(overflow({ ...terms, leadTimeDays: 0, moq: 1 }, '2026-11-20', '2026-11-20', 0).units).toBe(20);
  });
});

it('a return rate without sales is unknown, and never above one', () => {
  expect(naiveReturnRate(0, 0, null)).toEqual({ method: 'naive', sold: 0, returned: 0, rate: null, topReason: null });
  expect(naiveReturnRate(10, 4, { claimed: 'too small', units: 3 })).toMatchObject({ rate: 0.4, topReason: { claimedReason: 'too small', units: 3, share: 0.75 } });
  expect(naiveReturnRate(2, 4, null)).toMatchObject({ rate: 1 });
});

describe('a broadcast', () => {
  const at = (hour: number): Date => new Date(Date.UTC(2026, 10, 20, hour));
  const b = { startsAt: at(10), endsAt: at(12), cancelledAt: null };
  it('is planned, live, ended or cancelled', () => {
    expect([phaseOf(b, at(9)), phaseOf(b, at(10)), phaseOf(b, at(12)), phaseOf({ ...b, cancelledAt: at(8) }, at(13))]).toEqual(['planned', 'live', 'ended', 'cancelled']);
  });
  it('is go where all is, no-go where nothing is, else limited', () => {
    expect(judgeBroadcast('planned', ['go', 'go'])).toMatchObject({ verdict: 'go', counts: { go: 2, limited: 0, noGo: 0 } });
    expect(judgeBroadcast('live', ['go', 'no-go', 'limited'])).toMatchObject({ verdict: 'limited', counts: { go: 1, limited: 1, noGo: 1 } });
    expect(judgeBroadcast('planned', ['no-go'])).toMatchObject({ verdict: 'no-go', reasons: [{ code: 'nothing-to-show' }] });
    expect(judgeBroadcast('planned', [])).toMatchObject({ verdict: 'no-go', reasons: [{ code: 'empty-line-up' }] });
    expect(judgeBroadcast('ended', ['go'])).toMatchObject({ verdict: 'no-go', reasons: [{ code: 'ended' }] });
    expect(judgeBroadcast('cancelled', [])).toMatchObject({ verdict: 'no-go', reasons: [{ code: 'cancelled' }] });
  });
  it('has a check that holds for ten minutes, or until something is shown', () => {
    expect(validUntil(at(9), [at(10), at(11)])).toEqual(new Date(Date.UTC(2026, 10, 20, 9, 10)));
    expect(validUntil(new Date(at(10).getTime() - 60_000), [at(8), at(10)])).toEqual(at(10));
    expect(validUntil(at(11), [at(10), at(11)])).toEqual(new Date(Date.UTC(2026, 10, 20, 11, 10)));
  });
});
