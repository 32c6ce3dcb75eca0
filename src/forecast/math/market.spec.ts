import { Market } from './market.js';

const DAY = 86_400_000;
/** Sales of some SKUs, one line of two units each per SKU and step, over days; the rate doubles from `doubled` on. */
const market = (days: number, doubled: (day: number) => boolean, skus = 20, from = 0): Market => {
  const m = new Market();
  for (let s = 0; s < skus; s++) {
    const lines: { at: number; units: number }[] = [];
    for (let half = 0; half < 2 * days; half++) if (half % 2 === 0 || doubled(half / 2)) lines.push({ at: from + (half / 2) * DAY, units: 2 });
    m.add(lines);
  }
  return m;
};

describe('growth of a market', () => {
  it('is what came true, against the four weeks before', () => {
    const m = market(200, (day) => day >= 100);
    // 560 lines in the thinner window: 560/660 of ln 2 is believed.
    expect(m.realised(100 * DAY, 55 * DAY)).toBeCloseTo((560 / 660) * Math.log(2), 2);
    expect(m.realised(50 * DAY, 28 * DAY)).toBeCloseTo(0, 2);
    expect(m.realised(160 * DAY, 20 * DAY)).toBeCloseTo(0, 2);
  });

  it('is hardly believed where little was sold, and not at all where nothing was or there is no week to compare with', () => {
    expect(Math.abs(market(200, (day) => day >= 100, 1).realised(100 * DAY, 55 * DAY))).toBeLessThan(0.25 * Math.log(2));
    const m = market(200, (day) => day >= 100);
    expect(m.realised(5 * DAY, 28 * DAY)).toBe(0);
    expect(m.realised(400 * DAY, 28 * DAY)).toBe(0);
    expect(new Market().realised(0, DAY)).toBe(0);
    const nothing = new Market().expected(0, 55 * DAY);
    expect(nothing.log).toBe(0);
    expect(nothing.variance).toBeCloseTo(0.1, 9);
  });

  it('is expected as it was a year before, where that is known; else none, and less surely the longer it is', () => {
    const m = market(500, (day) => day % 364 >= 100 && day % 364 < 160);
    const season = m.expected((364 + 100) * DAY, 55 * DAY);
    expect(season.log).toBeCloseTo(m.realised(100 * DAY, 55 * DAY), 9);
    expect(season.log).toBeGreaterThan(0.5);
    const unknown = m.expected(100 * DAY, 55 * DAY);
    expect(unknown.log).toBe(0);
    expect(unknown.variance).toBeGreaterThan(season.variance);
    expect(season.variance).toBeGreaterThan(0);
    expect(m.expected(100 * DAY, 7 * DAY).variance).toBeLessThan(unknown.variance);
    expect(m.expected(100 * DAY, 5000 * DAY).variance).toBe(0.5);
  });

  it('is the less sure the more it was wrong before', () => {
    const steady = market(300, () => false).expected(290 * DAY, 28 * DAY);
    const jumpy = market(300, (day) => day % 56 >= 28).expected(290 * DAY, 28 * DAY);
    expect(steady.variance).toBeLessThan((0.1 * 28) / 55 / 4);
    expect(jumpy.variance).toBeGreaterThan(2 * ((0.1 * 28) / 55));
    expect(jumpy.variance).toBeLessThanOrEqual(0.5);
  });

  it('looks at nothing after the moment it is asked at', () => {
    const at = (364 + 100) * DAY + 12_345;
    const growth = (m: Market): object => m.expected(at, 55 * DAY);
    const both = market(600, (day) => day > 90);
    const cut = new Market();
    for (let s = 0; s < 20; s++) {
      const lines: { at: number; units: number }[] = [];
      for (let half = 0; half < 1200; half++) if ((half % 2 === 0 || half / 2 > 90) && (half / 2) * DAY < at) lines.push({ at: (half / 2) * DAY, units: 2 });
      cut.add(lines);
    }
    expect(growth(cut)).toEqual(growth(both));
  });

  it('is not moved by one bulk purchase', () => {
    const plain = market(200, () => false);
    const bulk = market(200, () => false);
    bulk.add(Array.from({ length: 200 }, (_, day) => ({ at: day * DAY, units: day === 120 ? 100_000 : 2 })));
    expect(Math.abs(bulk.realised(100 * DAY, 55 * DAY) - plain.realised(100 * DAY, 55 * DAY))).toBeLessThan(0.01);
  });
});
