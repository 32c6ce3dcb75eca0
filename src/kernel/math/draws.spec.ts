import { drawBeta, drawGamma, drawIndex, drawLogNormal, drawNormal, drawPoisson } from './draws.js';
import { randomFrom } from './random.js';

const moments = (draw: () => number, n = 40_000): { mean: number; variance: number } => {
  const x = Array.from({ length: n }, draw);
  const mean = x.reduce((s, v) => s + v, 0) / n;
  return { mean, variance: x.reduce((s, v) => s + (v - mean) ** 2, 0) / (n - 1) };
};

/** Within five standard errors of the mean, and a variance within a tenth: a wrong formula misses by far more. */
const agrees = (got: { mean: number; variance: number }, mean: number, variance: number): void => {
  expect(Math.abs(got.mean - mean)).toBeLessThan(5 * Math.sqrt(variance / 40_000));
  expect(got.variance / variance).toBeGreaterThan(0.9);
  expect(got.variance / variance).toBeLessThan(1.1);
};

describe('draws (seed 5, 40,000 each)', () => {
  it('have the moments of their distributions', () => {
    const random = randomFrom(5);
    agrees(moments(() => drawNormal(random)), 0, 1);
    agrees(moments(() => drawLogNormal(random, 3, 0.5)), 3 * Math.exp(0.125), 9 * Math.exp(0.25) * (Math.exp(0.25) - 1));
    for (const shape of [0.3, 1, 2.5, 40]) agrees(moments(() => drawGamma(random, shape, 2)), 2 * shape, 4 * shape);
    for (const [a, b] of [[0.5, 0.5], [2, 8], [98, 2]] as const) agrees(moments(() => drawBeta(random, a, b)), a / (a + b), (a * b) / ((a + b) ** 2 * (a + b + 1)));
    for (const mean of [0.2, 3, 11.9, 12.1, 55, 4_000]) agrees(moments(() => drawPoisson(random, mean)), mean, mean);
  });

  it('choose in proportion to weights, and never what weighs nothing', () => {
    const random = randomFrom(6);
    const counts = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) {
      const chosen = drawIndex(random, [1, 0, 3]);
      counts[chosen] = (counts[chosen] as number) + 1;
    }
    expect(counts[1]).toBe(0);
    expect(counts[2] as number).toBeGreaterThan(2.8 * (counts[0] as number));
    expect(counts[2] as number).toBeLessThan(3.2 * (counts[0] as number));
  });

  it('refuse parameters outside their domain', () => {
    const random = randomFrom(1);
    expect(() => drawGamma(random, 0)).toThrow(/shape/);
    expect(() => drawPoisson(random, -1)).toThrow(/mean/);
    expect(() => drawPoisson(random, Infinity)).toThrow(/mean/);
    expect(drawPoisson(random, 0)).toBe(0);
  });
});
