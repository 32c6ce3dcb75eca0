import { alertOf, minutesOf, nowcastShown, percentSold, soldUnits } from './live.rules.js';

const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 20, 12, minute));
const b = { startsAt: at(0), endsAt: at(60), cancelledAt: null };

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
});

describe('which nowcast is shown', () => {
  const shown = (over: Partial<Parameters<typeof nowcastShown>[0]>, minute: number, air = b as Parameters<typeof nowcastShown>[1]) => nowcastShown({ paid: 0, orders: 0, slotAt: at(0), learned: false, ...over }, air, at(minute));

  it('is what was paid once the broadcast is over or cancelled', () => {
    expect([shown({ paid: 37, orders: 30 }, 60), shown({ learned: true }, 61), shown({ paid: 37 }, 30, { ...b, cancelledAt: at(20) }), shown({ paid: 37 }, 59)]).toEqual(['paid', 'paid', 'paid', 'nowcast']);
  });

  it('is none before there is anything to go by', () => {
    expect([shown({}, -10), shown({ slotAt: at(20) }, 10)]).toEqual(['none', 'none']);
    expect([shown({ slotAt: at(20), paid: 1 }, 10), shown({ slotAt: at(20), orders: 1 }, 10), shown({ slotAt: null }, 10), shown({ slotAt: at(20) }, 20), shown({ slotAt: at(20), learned: true }, -10)])
      .toEqual(['nowcast', 'nowcast', 'nowcast', 'nowcast', 'nowcast']);
  });
});
