import fc from 'fast-check';
import { LogMasses } from '../../kernel/math/index.js';
import { cancellationToCome, holdingCap } from './cancellation.js';
import { criticalFractile, decideGroup, expectedSales, type Item } from './quantity.js';
import { pooled, remainingStanding, unitsPerLine } from './remaining.js';

/** A negative binomial of huge shape is a Poisson. */
const poisson = (mean: number) => ({ shape: 1e9, probability: 1e9 / (1e9 + mean) });
const item = (over: Partial<Item>): Item => ({ sku: 'A', certain: 0, more: { shape: 1, probability: 1 }, price: 200, unitCost: 80, salvage: 20, keep: 1, capacity: 10_000, sizeRatio: 0, ...over });

describe('expected sales of a large supply', () => {
  it('are those of the sum over all masses, where the closed form takes over', () => {
    for (const demand of [{ shape: 0.4, probability: 0.4 / (0.4 + 700) }, { shape: 3, probability: 3 / 503 }, { shape: 50, probability: 50 / 550 }]) {
      for (const q of [401, 700, 1_500]) {
        let [below, sales] = [0, 0];
        for (const at = new LogMasses(demand); at.k < q; at.advance()) {
          sales += at.k * Math.exp(at.log);
          below += Math.exp(at.log);
        }
        expect(expectedSales(demand, q)).toBeCloseTo(sales + q * (1 - below), 6);
      }
    }
    // A plan of a billion is no reason to count to it.
    expect(expectedSales({ shape: 0.5, probability: 0.5 / (0.5 + 1e9) }, 1e9)).toBeGreaterThan(1e8);
  });
});

describe('newsvendor', () => {
  it('makes less of what comes back: the less is kept, the less pays', () => {
    const made = [1, 0.7, 0.4, 0.1].map((keep) => decideGroup([item({ more: poisson(100), keep })], { moq: 1, lotMultiple: 1 })[0]?.recommended ?? 0);
    expect([...made].sort((a, b) => b - a)).toEqual(made);
    expect(made[3]).toBeLessThan(made[0] as number);
  });

  it('agrees with the published Poisson(4.5) case at cost 32, price 55, salvage 20', () => {
    expect(expectedSales(poisson(4.5), 4)).toBeCloseTo(3.411917, 5);
    expect(6 - expectedSales(poisson(4.5), 6)).toBeCloseTo(1.823117, 5);
    const sold = expectedSales(poisson(4.5), 8);
    expect(sold * 55 - 8 * 32 + (8 - sold) * 20).toBeCloseTo(59.134678, 4);
    const [decided] = decideGroup([item({ more: poisson(4.5), price: 55, unitCost: 32, salvage: 20 })], { moq: 1, lotMultiple: 1 });
    expect(decided).toEqual({ sku: 'A', recommended: 5, firm: 0 });
  });

  it('has the published critical fractile of N(3192, 1181) at 110, 190, 90', () => {
    expect(criticalFractile(190, 110, 90)).toBeCloseTo(0.8, 12);
    expect(criticalFractile(100, 110, 90)).toBeUndefined();
    expect(() => criticalFractile(190, 110, 110)).toThrow(/salvage/);
    // Of 100 sold, 40 are kept: the margin is earned by those alone, a leftover costs what it did.
    expect(criticalFractile(190, 110, 90, 0.4)).toBeCloseTo(32 / 52, 12);
    expect(criticalFractile(190, 110, 90, 0)).toBeUndefined();
    expect(() => criticalFractile(190, 110, 90, 1.1)).toThrow(/keep/);
  });
});

describe('quantity under terms', () => {
  it('makes what is sold already, in lots, the firm part never above it', () => {
    expect(decideGroup([item({ certain: 95 })], { moq: 50, lotMultiple: 10 })).toEqual([{ sku: 'A', recommended: 100, firm: 90 }]);
    expect(decideGroup([item({ certain: 40 })], { moq: 50, lotMultiple: 10 })).toEqual([{ sku: 'A', recommended: 50, firm: 0 }]);
  });

  it('leaves a minimum that would not pay', () => {
    expect(decideGroup([item({ certain: 2, price: 100, unitCost: 90, salvage: 0 })], { moq: 100, lotMultiple: 1 })).toEqual([{ sku: 'A', recommended: 0, firm: 0 }]);
  });

  it('binds minimum and lots to the sum of a style-colour, and spreads an excess by size ratio', () => {
    const sizes = [item({ sku: 'S', certain: 12, sizeRatio: 1 }), item({ sku: 'M', certain: 30, sizeRatio: 2 }), item({ sku: 'L', certain: 10, sizeRatio: 1 })];
    const decided = decideGroup(sizes, { moq: 60, lotMultiple: 20 });
    expect(decided.reduce((s, d) => s + d.recommended, 0)).toBe(60);
    expect(decided.map((d) => d.recommended)).toEqual([14, 34, 12]);
    expect(decided.map((d) => d.firm)).toEqual([0, 0, 0]);
    const more = decideGroup(sizes.map((s) => ({ ...s, certain: s.certain * 2 })), { moq: 60, lotMultiple: 20 });
    expect(more.reduce((s, d) => s + d.firm, 0)).toBe(100);
  });

  it('gives no SKU of a group more than can be made of it, and no firm unit beyond that (seed 31)', () => {
    const [small, medium] = ['S', 'M'].map((sku, i) => item({ sku, certain: [40, 1][i] as number, more: poisson(1), price: 100, unitCost: 60, capacity: 15, sizeRatio: 1 })) as [Item, Item];
    const [s, m] = decideGroup([small, medium], { moq: 10, lotMultiple: 1 });
    expect(s).toMatchObject({ recommended: 15, firm: 15 });
    expect(m?.recommended).toBeLessThanOrEqual(3);
    // With a lot of ten the total is twenty, and what S has no room for is of M.
    expect(decideGroup([small, medium], { moq: 10, lotMultiple: 10 }).map((q) => q.recommended)).toEqual([15, 5]);
    const part = fc.record({ certain: fc.integer({ min: -15, max: 40 }), mean: fc.double({ min: 0.1, max: 30, noNaN: true }), capacity: fc.integer({ min: 0, max: 80 }), sizeRatio: fc.integer({ min: 0, max: 3 }) });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 8 }), (parts, moq, lotMultiple) => {
        const items = parts.map(({ mean, ...over }, i) => item({ sku: String(i), more: { shape: 2, probability: 2 / (2 + mean) }, ...over }));
        const decided = decideGroup(items, { moq, lotMultiple });
        decided.forEach((q, i) => {
          expect(q.recommended).toBeLessThanOrEqual((items[i] as Item).capacity);
          expect(q.firm).toBeLessThanOrEqual(q.recommended);
        });
        const total = decided.reduce((sum, q) => sum + q.recommended, 0);
        expect(total % lotMultiple).toBe(0);
        if (total > 0) expect(total).toBeGreaterThanOrEqual(moq);
      }),
      { seed: 31, numRuns: 400 },
    );
  });

  it('respects capacity', () => {
    expect(decideGroup([item({ certain: 500, capacity: 130 })], { moq: 50, lotMultiple: 20 })[0]?.recommended).toBe(120);
    expect(decideGroup([item({ certain: 500, capacity: 30 })], { moq: 50, lotMultiple: 20 })[0]?.recommended).toBe(0);
  });

  it('never commits more than is needed, never breaks lots or minimum (500 runs, seed 9)', () => {
    const one = fc.record({ certain: fc.integer({ min: -50, max: 400 }), mean: fc.integer({ min: 0, max: 60 }), sizeRatio: fc.integer({ min: 0, max: 4 }) });
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 30 }), (list, moq, lot) => {
        const items = list.map((x, i) => item({ sku: `k${i}`, certain: x.certain, more: x.mean === 0 ? { shape: 1, probability: 1 } : { shape: 2, probability: 2 / (2 + x.mean) }, sizeRatio: x.sizeRatio }));
        const decided = decideGroup(items, { moq, lotMultiple: lot });
        const total = decided.reduce((s, d) => s + d.recommended, 0);
        const firm = decided.reduce((s, d) => s + d.firm, 0);
        for (const sum of [total, firm]) if (sum > 0) expect([sum % lot, sum >= moq]).toEqual([0, true]);
        decided.forEach((d, i) => {
          expect(d.firm).toBeLessThanOrEqual(Math.max(0, (items[i] as Item).certain));
          expect(d.firm).toBeLessThanOrEqual(d.recommended);
        });
      }),
      { seed: 9, numRuns: 500 },
    );
  });
});

describe('what is still to come', () => {
  it('expects fewer cancellations the older the open units are, and none of a share beyond all', () => {
    const ages = [0, 6, 24, 72].map((age) => cancellationToCome(200, 30, age));
    expect(ages).toEqual([...ages].sort((a, b) => b - a));
    expect(ages[0]).toBeCloseTo(33 / 250, 12);
    expect(ages[3]).toBeLessThan(0.001);
    expect(() => cancellationToCome(1, 2, 0)).toThrow(/cancelled/);
  });

  it('caps what one line may take: 200, or 20 of the usual line, which one huge line does not make usual', () => {
    expect(holdingCap(0, 0)).toBe(200);
    expect(holdingCap(1, Math.round(1000 * Math.log(30_000)))).toBeLessThan(400);
    expect(holdingCap(1000, 1000 * Math.round(1000 * Math.log(50)))).toBeGreaterThan(900);
  });

  it('never expects an infinity or less than nothing', () => {
    for (const d of [remainingStanding(0, 0, 1e9), remainingStanding(1e-3, 5, 1e9)]) {
      expect(Number.isFinite(d.shape)).toBe(true);
      expect(d.probability).toBeGreaterThan(0);
    }
    expect(pooled([], 3)).toEqual({ shape: 1, probability: 1 });
  });

  it('takes the usual line for the next one, which one huge line does not make larger than twice the geometric mean', () => {
    expect([unitsPerLine(0, 0, 0), unitsPerLine(10, 10, 0), unitsPerLine(2, 6, Math.round(2000 * Math.log(3)))]).toEqual([1, 1, expect.closeTo(3, 2)]);
    expect(unitsPerLine(100, 99 + 3000, Math.round(1000 * Math.log(3000)))).toBeCloseTo(2 * Math.exp(Math.log(3000) / 100), 3);
  });
});
