import fc from 'fast-check';
import { countOutcome, poissonDemand, shareCapacity } from './index.js';

describe('shared capacity', () => {
  const item = fc.record({ mean: fc.double({ min: 0, max: 6, noNaN: true }), salvage: fc.nat(20), loss: fc.integer({ min: 1, max: 20 }), gain: fc.integer({ min: -5, max: 60 }) })
    .map(({ mean, salvage, loss, gain }) => ({ demand: poissonDemand(mean), costs: { salvage, unitCost: salvage + loss, price: salvage + loss + gain } }));

  it('is never beaten by another split (all splits of up to 9 units over three SKUs, seed 20261122)', () => {
    fc.assert(fc.property(fc.array(item, { minLength: 3, maxLength: 3 }), fc.nat(9), (items, capacity) => {
      const plan = shareCapacity(items, capacity);
      const value = (quantities: readonly number[]): number => items.reduce((s, x, i) => s + countOutcome(x.demand, x.costs, quantities[i] as number).profit, 0);
      expect(plan.quantities.reduce((s, q) => s + q, 0)).toBeLessThanOrEqual(capacity);
      let best = -Infinity;
      for (let a = 0; a <= capacity; a++) for (let b = 0; a + b <= capacity; b++) for (let c = 0; a + b + c <= capacity; c++) best = Math.max(best, value([a, b, c]));
      expect(value(plan.quantities)).toBeCloseTo(best, 6);
      expect(value(shareCapacity(items, capacity + 1).quantities) - value(plan.quantities)).toBeCloseTo(plan.worthOfOneMore, 6);
    }), { seed: 20261122, numRuns: 100 });
    expect(shareCapacity([], 5)).toEqual({ quantities: [], worthOfOneMore: 0 });
    expect(() => shareCapacity([], 1.5)).toThrow('capacity');
    expect(() => shareCapacity([{ demand: poissonDemand(1), costs: { unitCost: 1, price: 3, salvage: 1 } }], 1)).toThrow('salvage');
  });
});
