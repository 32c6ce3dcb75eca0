import fc from 'fast-check';
import { grossMargins, netMargins } from './index.js';

const costs = { unitCost: 80, price: 200, salvage: 20 };
const terms = { keepRate: 0.6, freight: 10, grading: 2, markdown: 15 };

describe('margins under returns', () => {
  it('by hand, in both forms', () => {
    // .6 × 120 − .4 × 27; .6 × 120 − .4 × (60 + 12); 120 − (2/3) × 27.
    expect(grossMargins(costs, terms, 'in season')).toEqual({ under: expect.closeTo(61.2, 10), over: 60, fractile: expect.closeTo(61.2 / 121.2, 12) });
    expect(grossMargins(costs, terms, 'after season').under).toBeCloseTo(43.2, 10);
    expect(netMargins(costs, terms).under).toBeCloseTo(102, 10);
  });

  it('without returns are the plain newsvendor in every form, and fall with every return and every cost (seed 20261122)', () => {
    const amount = fc.integer({ min: 0, max: 100 });
    fc.assert(fc.property(fc.double({ min: 0.05, max: 1, noNaN: true }), fc.double({ min: 0.05, max: 1, noNaN: true }), amount, amount, amount, (a, b, freight, grading, markdown) => {
      const at = (keepRate: number, more: number): number[] => {
        const t = { keepRate, freight: freight + more, grading, markdown };
        return [grossMargins(costs, t, 'in season').under, grossMargins(costs, t, 'after season').under, netMargins(costs, t).under];
      };
      expect(at(1, 0)).toEqual([120, 120, 120]);
      const [few, many] = [at(Math.max(a, b), 0), at(Math.min(a, b), 0)];
      at(Math.min(a, b), 5).forEach((x, i) => {
        expect(x).toBeLessThanOrEqual((many[i] as number) + 1e-9);
        expect(many[i] as number).toBeLessThanOrEqual((few[i] as number) + 1e-9);
      });
      // Per unit kept, the gross margin with returns resold is the net one.
      expect((many[0] as number) / Math.min(a, b)).toBeCloseTo(many[2] as number, 6);
      const { fractile } = grossMargins(costs, { keepRate: Math.min(a, b), freight, grading, markdown }, 'after season');
      expect(fractile >= 0 && fractile < 1).toBe(true);
    }), { seed: 20261122, numRuns: 200 });
  });

  it.each([['keepRate', { keepRate: 0 }], ['keepRate', { keepRate: NaN }], ['not negative', { freight: -1 }], ['not negative', { markdown: Infinity }]])('name what is wrong with their input: %s (%#)', (word, wrong) => {
    expect(() => grossMargins(costs, { ...terms, ...wrong }, 'in season')).toThrow(RangeError);
    expect(() => netMargins(costs, { ...terms, ...wrong })).toThrow(word);
    expect(() => netMargins({ ...costs, salvage: 80 }, terms)).toThrow('salvage');
  });
});
