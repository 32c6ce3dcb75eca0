import fc from 'fast-check';
import { alertOf, minutesOf, nowcastOf, percentSold, recentSpan, soldUnits, type Running } from './live.rules.js';

const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 20, 12, minute));
const b = { startsAt: at(0), endsAt: at(60), cancelledAt: null };
const running = (over: Partial<Running> = {}): Running => ({ paid: 0, recentOrders: 0, unitsPerOrder: 1, slotAt: at(0), ...over });

it('a unit that was cancelled before it was paid takes nothing from what was sold', () => {
  expect(soldUnits({ units: 200, paid: 100, cancelled: 100 })).toBe(100);
  expect(soldUnits({ units: 100, paid: 100, cancelled: 30 })).toBe(70);
  expect(soldUnits({ units: 10, paid: 10, cancelled: 10 })).toBe(0);
  expect(soldUnits({ units: 0, paid: 0, cancelled: 5 })).toBe(0);
});

it('alerts come at 80 and 95 percent of what was there, neither earlier nor for nothing', () => {
  expect([alertOf(79, 21), alertOf(80, 20), alertOf(94, 6), alertOf(95, 5), alertOf(10, 0), alertOf(10, -4), alertOf(0, 0)]).toEqual([null, 80, 80, 95, 95, 95, null]);
  expect([percentSold(0, 0), percentSold(0, 10), percentSold(2, 1), percentSold(9499, 501), percentSold(5, -1)]).toEqual([null, 0, 66.6, 94.9, 100]);
});

it('minutes add up to the broadcast', () => {
  expect(minutesOf(b, at(-5))).toEqual({ elapsed: 0, left: 60 });
  expect(minutesOf(b, new Date(at(7).getTime() + 1))).toEqual({ elapsed: 7, left: 53 });
  expect(minutesOf(b, at(90))).toEqual({ elapsed: 60, left: 0 });
  expect(minutesOf({ ...b, cancelledAt: at(3) }, at(7)).left).toBe(0);
  expect([recentSpan(b, at(-1)), recentSpan(b, at(4)), recentSpan(b, at(40))]).toEqual([10_000, 240_000, 900_000]);
});

describe('nowcast', () => {
  it('is what was paid once it is over, and goes beyond it while it runs', () => {
    const over = nowcastOf(running({ paid: 37, recentOrders: 30 }), b, at(60)) ?? {};
    expect(Object.values(over)).toEqual([37, 37, 37, 37, 37, 37]);
    expect(Object.values(nowcastOf(running({ paid: 37, recentOrders: 30 }), { ...b, cancelledAt: at(20) }, at(30)) ?? {})[5]).toBe(37);
    const live = nowcastOf(running({ paid: 37, recentOrders: 30 }), b, at(30)) ?? {};
    expect(live['0.5']).toBeGreaterThan(50);
    expect(live['0.5']).toBeLessThan(70);
  });

  it('says nothing before there is anything to go by', () => {
    expect(nowcastOf(running(), b, at(-10))).toBeNull();
    expect(nowcastOf(running({ slotAt: at(20) }), b, at(10))).toBeNull();
    expect(nowcastOf(running({ slotAt: at(20), paid: 1 }), b, at(10))).not.toBeNull();
    expect(nowcastOf(running({ slotAt: null }), b, at(10))).not.toBeNull();
  });

  it('never falls below what is paid, ascends, and is finite', () => {
    fc.assert(fc.property(fc.nat(5000), fc.nat(3000), fc.integer({ min: -30, max: 90 }), fc.double({ min: 1, max: 20, noNaN: true }), (paid, recentOrders, minute, unitsPerOrder) => {
      const quantiles = Object.values(nowcastOf(running({ paid, recentOrders, unitsPerOrder }), b, at(minute)) ?? {});
      for (const [i, q] of quantiles.entries()) {
        expect(Number.isFinite(q)).toBe(true);
        expect(q).toBeGreaterThanOrEqual(i === 0 ? paid : (quantiles[i - 1] as number));
      }
    }), { numRuns: 50 });
  });
});
