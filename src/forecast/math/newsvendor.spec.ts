import fc from 'fast-check';
import { providedRows, withProvided } from '../../../test/factories/provided.js';
import { standardNormalQuantile } from '../../kernel/math/index.js';
import {
  allocateAtCommonRisk, allocateWithMinimum, countOutcome, countQuantity, firstOfTwo, firstOrderBySample, negativeBinomialDemand, normalOutcome, normalQuantity, perfectInformationProfit, poissonDemand, sampleDemand, type Costs,
} from './index.js';

const SEED = { seed: 20261122, numRuns: 200 };
const costs = (unitCost: number, price: number, salvage: number): Costs => ({ unitCost, price, salvage });
const anyCosts = fc.record({ salvage: fc.integer({ min: 0, max: 50 }), loss: fc.integer({ min: 1, max: 50 }), gain: fc.integer({ min: 1, max: 100 }) }).map(({ salvage, loss, gain }) => costs(salvage + loss, salvage + loss + gain, salvage));

describe('newsvendor, published cases', () => {
  const surf = { mean: 3192, deviation: 1181 };
  const surfCosts = costs(110, 190, 90);

  it('N(3192, 1181) at 110/190/90', () => {
    expect(normalQuantity(surf, surfCosts)).toBe(4186);
    const o = normalOutcome(surf, surfCosts, 4186);
    expect([o.profit.toFixed(2), o.sales.toFixed(2), o.lost.toFixed(2), o.leftOver.toFixed(2)]).toEqual(['222296.50', '3060.16', '131.84', '1125.84']);
    expect(o.stockOut).toBeCloseTo(0.2, 4);
  });

  it('N(3192, 1181) with a second order at 22 more', () => {
    const plan = firstOfTwo(surf, surfCosts, 22);
    expect([plan.criticalRatio.toFixed(7), plan.first, plan.second.toFixed(6), plan.profit.toFixed(4)]).toEqual(['0.5238095', 3263, '436.502003', '235606.9159']);
    expect(perfectInformationProfit(3192, surfCosts)).toBe(255_360);
    const one = normalOutcome(surf, surfCosts, 4186).profit;
    expect(((100 * (plan.profit - one)) / (255_360 - one)).toFixed(2)).toBe('40.26');
  });

  it('N(200, 80) at 12/20/8', () => {
    expect(normalQuantity({ mean: 200, deviation: 80 }, costs(12, 20, 8))).toBe(234);
    expect(normalOutcome({ mean: 200, deviation: 80 }, costs(12, 20, 8), 300).profit.toFixed(4)).toBe('1151.4366');
  });

  it('Poisson(4.5) at 32/55/20', () => {
    const demand = poissonDemand(4.5);
    const c = costs(32, 55, 20);
    expect(countQuantity(demand, c)).toBe(5);
    expect([countOutcome(demand, c, 4).sales.toFixed(6), countOutcome(demand, c, 6).leftOver.toFixed(6), countOutcome(demand, c, 8).profit.toFixed(6)]).toEqual(['3.411917', '1.823117', '59.134678']);
  });
});

describe('Sport Obermeyer', () => {
  interface Style { readonly name: string; readonly mean: number; readonly deviation: number; readonly common: string; readonly oneShot: number }
  const rows = (): Style[] => providedRows('golden/golden_obermeyer.csv').map((row) => {
    const votes = ['laura', 'carolyn', 'greg', 'wendy', 'tom', 'wally'].map((who) => Number(row[who]));
    const mean = votes.reduce((s, v) => s + v, 0) / votes.length;
    // Twice the committee's standard deviation (n − 1).
    return { name: row['style'] ?? '', mean, deviation: 2 * Math.sqrt(votes.reduce((s, v) => s + (v - mean) ** 2, 0) / (votes.length - 1)), common: row['Q_k'] ?? '', oneShot: Number(row['Q_newsvendor_24_8']) };
  });

  withProvided('shares half the total mean at the published k', () => {
    const styles = rows();
    const shared = allocateAtCommonRisk(styles, 10_000);
    expect(shared.risk.toFixed(5)).toBe('1.06068');
    styles.forEach((style, i) => expect(`${style.name} ${(shared.quantities[i] as number).toFixed(3)}`).toBe(`${style.name} ${Number(style.common).toFixed(3)}`));
  });

  withProvided('with a minimum of 600 leaves out Isis, Teri and Stephanie, and re-solves k', () => {
    const styles = rows();
    const shared = allocateWithMinimum(styles, 10_000, 600);
    expect(shared.risk.toFixed(5)).toBe('0.96751');
    expect(Object.fromEntries(styles.map((style, i) => [style.name, Math.round(shared.quantities[i] as number)]))).toEqual({
      Gail: 641, Isis: 0, Entice: 879, Assault: 1867, Teri: 0, Electra: 1369, Stephanie: 0, Seduced: 2940, Anita: 1270, Daphne: 1035,
    });
  });

  withProvided('in one shot at a margin of 24 % and a loss of 8 % makes 26,359', () => {
    const styles = rows();
    const made = styles.map((s) => s.mean + s.deviation * standardNormalQuantile(24 / 32));
    styles.forEach((s, i) => {
      expect(made[i]).toBeCloseTo(s.oneShot, 2);
      expect(normalQuantity(s, costs(100, 124, 92))).toBe(Math.round(s.oneShot));
    });
    expect(Math.round(made.reduce((a, b) => a + b, 0))).toBe(26_359);
  });

  it('shares exactly, never below the minimum; moving a unit from one style to another never leaves less over (seed 20261122)', () => {
    const style = fc.record({ mean: fc.integer({ min: 50, max: 3000 }), deviation: fc.integer({ min: 10, max: 1500 }) });
    fc.assert(fc.property(fc.array(style, { minLength: 1, maxLength: 6 }), fc.integer({ min: 100, max: 8000 }), fc.integer({ min: 0, max: 900 }), (styles, total, minimum) => {
      const free = allocateAtCommonRisk(styles, total);
      expect(free.quantities.reduce((s, q) => s + q, 0)).toBeCloseTo(total, 5);
      for (const q of free.quantities) expect(q).toBeGreaterThanOrEqual(0);
      const left = (quantities: readonly number[]): number => styles.reduce((s, d, i) => s + normalOutcome(d, costs(2, 3, 1), quantities[i] as number).leftOver, 0);
      const here = left(free.quantities);
      styles.forEach((_, i) => styles.forEach((__, j) => {
        if (i === j || (free.quantities[i] as number) < 1) return;
        expect(left(free.quantities.map((q, k) => (k === i ? q - 1 : k === j ? q + 1 : q)))).toBeGreaterThanOrEqual(here - 1e-6);
      }));
      if (total < minimum) return;
      const bound = allocateWithMinimum(styles, total, minimum);
      expect(bound.quantities.reduce((s, q) => s + q, 0)).toBeCloseTo(total, 5);
      for (const q of bound.quantities) expect(q === 0 || q >= minimum).toBe(true);
      // A minimum can only cost.
      expect(allocateWithMinimum(styles, total, 0).leftOver).toBeLessThanOrEqual(bound.leftOver + 1e-9);
    }), SEED);
  });

  it.each([['style', [], 10, 0], ['deviation', [{ mean: 1, deviation: 0 }], 10, 0], ['total', [{ mean: 1, deviation: 1 }], NaN, 0], ['minimum', [{ mean: 1, deviation: 1 }], 10, -1], ['at least', [{ mean: 1, deviation: 1 }], 10, 11]] as const)('names what is wrong with its input: %s', (word, styles, total, minimum) => {
    expect(() => allocateWithMinimum(styles, total, minimum)).toThrow(word);
  });
});

describe('laws of the newsvendor (seed 20261122)', () => {
  const demands = fc.oneof(fc.double({ min: 0, max: 80, noNaN: true }).map(poissonDemand), fc.record({ shape: fc.double({ min: 0.2, max: 20, noNaN: true }), probability: fc.double({ min: 0.05, max: 1, noNaN: true }) }).map(negativeBinomialDemand),
    fc.array(fc.nat(60), { minLength: 1, maxLength: 30 }).map(sampleDemand));

  it('no neighbour of the answer earns more, sales and loss make demand, sales and leftover make supply', () => {
    fc.assert(fc.property(demands, anyCosts, fc.nat(90), (demand, c, q) => {
      const best = countQuantity(demand, c);
      const most = countOutcome(demand, c, best).profit;
      for (const other of [best - 1, best + 1, q].filter((x) => x >= 0)) expect(countOutcome(demand, c, other).profit).toBeLessThanOrEqual(most + 1e-7 * (1 + Math.abs(most)));
      const o = countOutcome(demand, c, q);
      expect(o.sales + o.lost).toBeCloseTo(demand.mean, 6);
      expect(o.sales + o.leftOver).toBeCloseTo(q, 9);
      expect(countQuantity(demand, { ...c, price: c.price + 10 })).toBeGreaterThanOrEqual(best);
    }), SEED);
  });

  it('a dearer second order is used less, commits more and earns less, between the newsvendor and perfect information', () => {
    fc.assert(fc.property(anyCosts, fc.integer({ min: 500, max: 5000 }), fc.integer({ min: 10, max: 100 }), fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }), (c, mean, deviation, x, y) => {
      const demand = { mean, deviation };
      const [cheap, dear] = [firstOfTwo(demand, c, Math.min(x, y)), firstOfTwo(demand, c, Math.max(x, y))];
      expect(dear.first).toBeGreaterThanOrEqual(cheap.first);
      expect(dear.second).toBeLessThanOrEqual(cheap.second + 1e-9);
      expect(dear.profit).toBeLessThanOrEqual(cheap.profit + 1e-6 * Math.abs(cheap.profit));
      expect(cheap.profit).toBeLessThanOrEqual(perfectInformationProfit(mean, c) + 1e-6 * mean);
      expect(dear.profit).toBeGreaterThanOrEqual(normalOutcome(demand, c, normalQuantity(demand, c)).profit - 1e-6 * Math.abs(dear.profit));
    }), SEED);
  });

  it('the sample average finds the best first order of all, and is the newsvendor where there is no second', () => {
    const scenario = fc.record({ early: fc.nat(12), late: fc.array(fc.nat(12), { minLength: 1, maxLength: 4 }) });
    fc.assert(fc.property(fc.array(scenario, { minLength: 1, maxLength: 6 }), anyCosts, fc.nat(60), fc.oneof(fc.nat(12), fc.constant(Infinity)), (scenarios, c, premium, limit) => {
      const found = firstOrderBySample(scenarios, c, premium, limit);
      // Brute force over both orders.
      const value = (first: number): number => scenarios.reduce((s, { early, late }) => s + Math.max(...Array.from({ length: Math.min(limit, 24) + 1 }, (_, second) =>
        late.reduce((t, x) => t + c.price * Math.min(first + second, early + x) - c.unitCost * first - (c.unitCost + premium) * second + c.salvage * Math.max(0, first + second - early - x), 0) / late.length)), 0) / scenarios.length;
      const values = Array.from({ length: 25 }, (_, first) => value(first));
      expect(found.profit).toBeCloseTo(Math.max(...values), 7);
      expect(values[found.first]).toBeCloseTo(Math.max(...values), 7);
      const single = firstOrderBySample(scenarios.map(({ early, late }) => ({ early, late: late.slice(0, 1) })), c, premium, 0);
      const pooled = sampleDemand(scenarios.map(({ early, late }) => early + (late[0] as number)));
      expect(single.profit).toBeCloseTo(countOutcome(pooled, c, countQuantity(pooled, c)).profit, 7);
    }), SEED);
  });

  it('makes nothing where nothing is earned', () => {
    const c = costs(10, 10, 5);
    expect([normalQuantity({ mean: 10, deviation: 2 }, c), countQuantity(poissonDemand(3), c), firstOfTwo({ mean: 10, deviation: 2 }, c, 1).first, firstOrderBySample([{ early: 3, late: [2] }], c, 1, 9).first, perfectInformationProfit(9, c)]).toEqual([0, 0, 0, 0, 0]);
  });

  it.each([
    ['salvage', () => normalQuantity({ mean: 1, deviation: 1 }, costs(5, 9, 5))], ['costs', () => countQuantity(poissonDemand(1), costs(NaN, 9, 5))], ['deviation', () => normalOutcome({ mean: 1, deviation: 0 }, costs(5, 9, 1), 1)],
    ['mean', () => normalOutcome({ mean: NaN, deviation: 1 }, costs(5, 9, 1), 1)], ['supply', () => normalOutcome({ mean: 1, deviation: 1 }, costs(5, 9, 1), -1)], ['whole', () => countOutcome(poissonDemand(1), costs(5, 9, 1), 1.5)],
    ['premium', () => firstOfTwo({ mean: 1, deviation: 1 }, costs(5, 9, 1), -1)], ['limit', () => firstOrderBySample([{ early: 1, late: [1] }], costs(5, 9, 1), 1, NaN)], ['scenario', () => firstOrderBySample([], costs(5, 9, 1), 1, 1)],
    ['late value', () => firstOrderBySample([{ early: 1, late: [] }], costs(5, 9, 1), 1, 1)], ['whole', () => firstOrderBySample([{ early: 1.5, late: [1] }], costs(5, 9, 1), 1, 1)], ['at least one', () => sampleDemand([])], ['whole', () => sampleDemand([-1])],
  ])('names what is wrong with its input: %s (%#)', (word, work) => {
    expect(work).toThrow(RangeError);
    expect(work).toThrow(word);
  });
});
