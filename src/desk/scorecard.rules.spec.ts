import { measured, scoreOf, WEIGHTS } from './scorecard.rules.js';

const none = { hits: 0, trials: 0 };

it('no activity means no score, never 100', () => {
  const parts = (['faults', 'onTime', 'fill', 'answers', 'samples'] as const).map((m) => measured(m, none));
  expect(parts.every((p) => p.points === null && p.rate === null)).toBe(true);
  expect(scoreOf(parts)).toBeNull();
});

it('a measure without activity takes no part, the others keep their weights', () => {
  expect(scoreOf([measured('onTime', { hits: 80, trials: 100 }), measured('samples', none)])).toBeCloseTo(80, 9);
  // 25 × 80 and 30 × 50 of 55.
  expect(scoreOf([measured('onTime', { hits: 80, trials: 100 }), measured('faults', { hits: 5, trials: 100 })])).toBeCloseTo((25 * 80 + 30 * 50) / 55, 9);
});

it('faults cost all of their part at one in ten, and more than the whole never earns more', () => {
  expect([0, 5, 10, 50].map((hits) => measured('faults', { hits, trials: 100 }).points)).toEqual([100, 50, 0, 0]);
  expect(measured('fill', { hits: 105, trials: 100 })).toMatchObject({ points: 100, rate: 1.05, upper: 1 });
});

it('says how sure it is: the same rate of a few is wider than of many', () => {
  const width = (n: number): number => { const m = measured('onTime', { hits: n * 0.9, trials: n }); return (m.upper ?? 0) - (m.lower ?? 0); };
  expect(width(10)).toBeGreaterThan(3 * width(1_000));
  expect(Object.values(WEIGHTS).reduce((s, w) => s + w, 0)).toBe(100);
});
