import { wilsonInterval } from './proportion.js';

describe("Wilson's interval", () => {
  it('agrees with the formula worked out apart from it (z = 1.959963984540054)', () => {
    const of = (x: number, n: number): number[] => { const { lower, upper } = wilsonInterval(x, n, 0.95); return [lower, upper].map((v) => Number(v.toFixed(6))); };
    expect(of(15, 50)).toEqual([0.191036, 0.437504]);
    expect(of(0, 10)).toEqual([0, 0.277533]);
    expect(of(10, 10)).toEqual([0.722467, 1]);
  });

  it('holds the share, and narrows with evidence', () => {
    for (const n of [1, 5, 50, 5_000]) {
      for (const x of [0, Math.floor(n / 3), n]) {
        const { lower, upper } = wilsonInterval(x, n, 0.9);
        expect(lower).toBeLessThanOrEqual(x / n);
        expect(upper).toBeGreaterThanOrEqual(x / n);
      }
    }
    const width = (n: number): number => { const { lower, upper } = wilsonInterval(n / 2, n, 0.9); return upper - lower; };
    expect(width(1_000)).toBeLessThan(width(10) / 5);
  });

  it.each([[1, 0, 0.9], [-1, 5, 0.9], [6, 5, 0.9], [1.5, 5, 0.9], [1, 5, 0], [1, 5, 1], [1, NaN, 0.9]])('refuses %d of %d at %d', (x, n, level) => {
    expect(() => wilsonInterval(x, n, level)).toThrow(RangeError);
  });
});
