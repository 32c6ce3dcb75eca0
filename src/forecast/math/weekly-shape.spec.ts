import { cappedOrders, dueShape, LEAST_FACTOR, weeklyExposure, weeklyFactors, type ShopDay } from './weekly-shape.js';

const DAY = 86_400_000;
/** 4 January 1970, a Sunday. */
const SUNDAY = 3;
const days = (n: number, orders: (i: number) => number): ShopDay[] => Array.from({ length: n }, (_, i) => ({ day: SUNDAY + i, orders: orders(i) }));
const mean = (list: readonly number[]): number => list.reduce((s, x) => s + x, 0) / list.length;
const factorsOf = (list: readonly ShopDay[], before: number): number[] => weeklyFactors(list, before) as number[];

describe('the shape of a week', () => {
  it('is that of a gamma posterior: two weeks that sell 14 orders on Sundays alone, by hand', () => {
    // Every seven days hold 14 orders, two a day. The second Sunday is seven days old, Saturdays are eight and one, the others two to six.
    const weight = (age: number): number => Math.exp(-age / 56) / (1.5 + 0.1 * 2);
    const raw = [7, 6, 5, 4, 3, 2].map((age, i) => (5 + (i === 0 ? 14 : 0) * weight(age)) / (5 + 2 * weight(age)));
    raw.push(5 / (5 + 2 * (weight(8) + weight(1))));
    const factors = factorsOf(days(14, (i) => (i % 7 === 0 ? 14 : 0)), SUNDAY + 14);
    for (const [i, f] of factors.entries()) expect(f).toBeCloseTo((raw[i] as number) / mean(raw), 12);
    expect(factors[0]).toBeCloseTo(2.0823, 4);
  });

  it('is flat where all days are alike, where nothing is sold, and not known before every day was compared with a full week', () => {
    for (const f of factorsOf(days(40, () => 25), SUNDAY + 40)) expect(f).toBeCloseTo(1, 12);
    expect(factorsOf(days(40, () => 0), SUNDAY + 40)).toEqual(new Array(7).fill(1));
    expect(weeklyFactors(days(40, () => 25), SUNDAY + 12)).toBeUndefined();
    expect(weeklyFactors(days(40, () => 25), SUNDAY + 13)).toBeDefined();
    expect(weeklyFactors([], 100)).toBeUndefined();
  });

  it('comes near to weekends of three times and of a third of the orders within eight weeks, with a mean of 1', () => {
    for (const weekend of [3, 1 / 3]) {
      const factors = factorsOf(days(56, (i) => (i % 7 === 0 || i % 7 === 6 ? 600 * weekend : 600)), SUNDAY + 56);
      expect(mean(factors)).toBeCloseTo(1, 12);
      for (const day of [0, 6]) expect(Math.abs(Math.log((factors[day] as number) / (factors[3] as number) / weekend))).toBeLessThan(0.25);
    }
  });

  it('does not take growth for a shape of the week, and lets a day that never sells fall to the floor and no further', () => {
    for (const f of factorsOf(days(60, (i) => 100 * 1.03 ** i), SUNDAY + 60)) expect(f).toBeCloseTo(1, 1);
    const closed = factorsOf(days(200, (i) => (i % 7 === 6 ? 0 : 2000)), SUNDAY + 200);
    expect(closed[6]).toBe(LEAST_FACTOR);
    expect(mean(closed)).toBeCloseTo(1, 12);
  });

  it('asks only days before the one it is set for: what comes later changes nothing', () => {
    const list = days(60, (i) => (i * 37) % 11);
    expect(weeklyFactors(list, SUNDAY + 30)).toEqual(weeklyFactors(list.slice(0, 30), SUNDAY + 30));
  });

  it('refuses by name days that are out of order or hold no number of orders', () => {
    expect(() => weeklyFactors([{ day: 5, orders: 1 }, { day: 5, orders: 1 }], 30)).toThrow('day 5 is out of order');
    expect(() => weeklyFactors([{ day: 0.5, orders: 1 }], 30)).toThrow('day 0.5 is out of order');
    for (const orders of [-1, NaN, Infinity]) expect(() => weeklyFactors([{ day: 5, orders }], 30)).toThrow(`day 5 has ${orders} orders`);
  });

  it("caps a SKU's day: neither a spike nor a bulk buyer makes a day of the week, nor does a first order of a SKU", () => {
    expect([cappedOrders(100, 0), cappedOrders(2, 0), cappedOrders(100, 10), cappedOrders(30, 10)]).toEqual([3, 2, 40, 30]);
  });

  it('is set anew after a week, for days of which nothing was seen, and exposes a stream by the day of the week', () => {
    const list = days(60, (i) => (i % 7 === 0 ? 100 : 10));
    const first = dueShape(undefined, list, SUNDAY + 20);
    expect(first?.from).toBe(SUNDAY + 21);
    expect(dueShape(first, list, SUNDAY + 26)).toBeUndefined();
    const second = dueShape(first, list, SUNDAY + 27);
    expect(second?.from).toBe(SUNDAY + 28);
    if (first === undefined || second === undefined) throw new Error('no shape');
    const exposure = weeklyExposure([first, second]);
    expect([exposure.at(0), exposure.until(5), exposure.at(first.from * DAY - 1)]).toEqual([1, first.from * DAY, 1]);
    expect(exposure.at(first.from * DAY)).toBe(first.factors[0]);
    expect(exposure.at((first.from + 7) * DAY)).toBe(second.factors[0]);
    expect(exposure.at((first.from + 8) * DAY + 5)).toBe(second.factors[1]);
    expect(exposure.at((first.from + 1) * DAY)).toBe(first.factors[1]);
    expect(exposure.until((first.from + 8) * DAY + 5)).toBe((first.from + 9) * DAY);
    expect([weeklyExposure([]).at(5), weeklyExposure([]).until(5)]).toEqual([1, Infinity]);
  });
});
