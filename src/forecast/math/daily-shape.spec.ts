import { randomFrom } from '../../kernel/math/index.js';
import { HOUR_MS, HOURS, hourOf, hourRate, unknownError } from './daily-shape.js';

const DAY_MS = 24 * HOUR_MS;
const every = (value: number): number[] => new Array<number>(HOURS).fill(value);
const perHour = (rate: number): number => rate * HOUR_MS;

/** The shop sells 60 an hour from 8 to 20, hardly anything at night; seen for ten days. */
const DAYS = 10;
const time = every(DAYS * HOUR_MS);
const SHOP = Array.from({ length: HOURS }, (_, h) => DAYS * (h >= 8 && h < 20 ? 60 : 1));

describe('the shape of a day', () => {
  it('numbers the hours of the day in UTC', () => {
    expect([hourOf(0), hourOf(HOUR_MS - 1), hourOf(HOUR_MS), hourOf(DAY_MS - 1), hourOf(Date.parse('2026-11-22T14:03:00Z'))]).toEqual([0, 0, 1, 23, 14]);
  });

  it('answers orders per ms: a flat stream of 12 an hour, seen for ten days, has 12 in each hour', () => {
    for (const hour of [0, 11, 23]) {
      const { rate, least, days } = hourRate(every(120), time, 1, hour, 1);
      expect(perHour(rate)).toBeCloseTo(12, 1);
      expect(perHour(least)).toBeCloseTo(12, 1);
      expect(days).toBeCloseTo(10, 9);
    }
  });

  it('takes counts that are to be scaled for the scaled ones', () => {
    const half = hourRate(SHOP.map((n) => 2 * n), time.map((t) => 2 * t), 0.5, 12, 1.4);
    const whole = hourRate(SHOP, time, 1, 12, 1.4);
    for (const name of ['rate', 'least', 'days', 'variance'] as const) expect(half[name] / whole[name]).toBeCloseTo(1, 9);
  });

  it('knows the night of a shop from its day, and allows for a higher neighbour where the day begins', () => {
    expect(perHour(hourRate(SHOP, time, 1, 13, 1).rate)).toBeGreaterThan(55);
    expect(perHour(hourRate(SHOP, time, 1, 13, 1).rate)).toBeLessThan(65);
    expect(perHour(hourRate(SHOP, time, 1, 2, 1).rate)).toBeLessThan(4);
    // Before the shop opens: no less than the smoothed rate of its first hour, (1 + 2 × 60 + 60) / 4.
    expect(perHour(hourRate(SHOP, time, 1, 7, 1).rate)).toBeGreaterThan(42);
    expect(perHour(hourRate(SHOP, time, 1, 7, 1).least)).toBeLessThan(4);
  });

  it('shrinks hours that differ by no more than chance to the mean of the day: the mean square error is less than a fifth of that of the plain rates (seed 2)', () => {
    const random = randomFrom(2);
    let [shrunk, plain] = [0, 0];
    for (let i = 0; i < 50; i++) {
      // 20 orders expected in an hour, Poisson as a sum of rare orders.
      const orders = Array.from({ length: HOURS }, () => Array.from({ length: 200 }, () => (random.next() < 0.1 ? 1 : 0) as number).reduce((s, n) => s + n, 0));
      for (let hour = 0; hour < HOURS; hour++) {
        shrunk += (perHour(hourRate(orders, time, 1, hour, 1).rate) - 2) ** 2;
        plain += ((orders[hour] as number) / DAYS - 2) ** 2;
      }
    }
    expect(shrunk / plain).toBeLessThan(0.2);
  });

  it('takes an hour that was hardly seen to be as busy as the busiest', () => {
    const unseen = time.map((t, h) => (h === 3 ? 0.5 * HOUR_MS : t));
    const busiest = Math.max(...Array.from({ length: HOURS }, (_, h) => hourRate(SHOP, time, 1, h, 1).rate));
    expect(hourRate(SHOP.map((n, h) => (h === 3 ? 0 : n)), unseen, 1, 3, 1).rate / busiest).toBeGreaterThan(0.9);
  });

  it('is never without a rate: a stream of which nothing was seen sells an order an hour', () => {
    const { rate, variance } = hourRate(every(0), every(0), 1, 5, 1);
    expect(perHour(rate)).toBeCloseTo(1, 9);
    expect(variance).toBeGreaterThanOrEqual(1);
  });

  it('is the less certain the fewer days it rests on and the more the counts scatter', () => {
    expect(unknownError(0)).toBeCloseTo(1.015, 9);
    expect(unknownError(1)).toBeCloseTo(1 / 9 + 0.015, 9);
    const of = (days: number, dispersion: number): number => hourRate(every(12 * days), every(days * HOUR_MS), 1, 5, dispersion).variance;
    expect(of(1, 1)).toBeGreaterThan(of(3, 1));
    expect(of(3, 2)).toBeGreaterThan(of(3, 1));
  });
});
