import { randomFrom } from '../../kernel/math/index.js';
import { driftOf, varianceOver, type Seen } from './drift.js';

const SEED = 20_261_122;
const STEPS = [0.02, 0.05, 0.1, 0.2, 0.4, 0.7];
const seen = (came: number, expected: number): Seen => ({ came, expected, dispersion: 1, blur: 0 });
const sd = (d: ReturnType<typeof driftOf>, i: number): number => Math.sqrt((d.covariance[i] as Float64Array)[i] as number);

describe('factors that drift along a row', () => {
  it('are flat where nothing but chance moves them, and follow a step that it cannot explain', () => {
    const flat = driftOf(Array.from({ length: 10 }, (_, i) => seen(100 + (i % 2 === 0 ? 6 : -6), 100)), new Array<number>(10).fill(1), STEPS);
    flat.log.forEach((x) => expect(Math.abs(x)).toBeLessThan(0.04));
    const step = driftOf(Array.from({ length: 10 }, (_, i) => seen(i < 5 ? 1000 : 2000, 1500)), new Array<number>(10).fill(1), STEPS);
    expect((step.log[9] as number) - (step.log[0] as number)).toBeCloseTo(Math.log(2), 1);
  });

  it('know less where little came, and nothing new where nothing could', () => {
    const row = driftOf([seen(0, 0), seen(0, 0), seen(3, 4), ...Array.from({ length: 6 }, (_, i) => seen(i % 2 === 0 ? 900 : 1200, 1000))], [0, 0, 1, 1, 1, 1, 1, 1, 1], STEPS);
    expect(sd(row, 0)).toBeGreaterThan(sd(row, 1));
    expect(sd(row, 1)).toBeGreaterThan(sd(row, 2));
    expect(sd(row, 2)).toBeGreaterThan(sd(row, 5));
    expect(Math.abs((row.log[0] as number) - (row.log[1] as number))).toBeLessThan(0.05 * sd(row, 0));
  });

  it('do not take a blurred expectation at its word', () => {
    const row = (blur: number): number => driftOf([{ came: 2000, expected: 1000, dispersion: 1, blur }, ...Array.from({ length: 6 }, (_, i) => seen(i % 2 === 0 ? 900 : 1100, 1000))], [0, 1, 1, 1, 1, 1, 1], STEPS).log[0] as number;
    expect(row(0)).toBeGreaterThan(0.55);
    expect(row(0.5)).toBeLessThan(row(0) - 0.1);
  });

  it(`hold the truth nine times of ten (seed ${SEED}, 300 rows)`, () => {
    const random = randomFrom(SEED).split('drift');
    const normal = (): number => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    let inside = 0;
    for (let run = 0; run < 300; run++) {
      let log = 0;
      const truth = Array.from({ length: 12 }, () => (log += 0.12 * normal()));
      const expected = 80;
      const row = truth.map((x) => {
        const mean = expected * Math.exp(x);
        return seen(Math.max(0, Math.round(mean + Math.sqrt(mean) * normal())), expected);
      });
      const drift = driftOf(row, new Array<number>(12).fill(1), STEPS);
      const centre = truth.reduce((s, x) => s + x, 0) / 12;
      const z = ((drift.log[0] as number) - ((truth[0] as number) - centre)) / sd(drift, 0);
      if (Math.abs(z) < 1.645) inside++;
    }
    expect(inside / 300).toBeGreaterThan(0.85);
    expect(inside / 300).toBeLessThan(0.97);
  });

  it('say how far a mixture of places may be off: the level they share is not part of it', () => {
    const row = driftOf(Array.from({ length: 4 }, (_, i) => seen(40 + 10 * i, 50)), [1, 1, 1, 1], STEPS);
    expect(varianceOver(row, Float64Array.from([1, 1, 1, 1]))).toBeLessThan(0.2 * varianceOver(row, Float64Array.from([1, 0, 0, 0])));
    expect(varianceOver(row, new Float64Array(4))).toBe(0);
    expect(driftOf([], [], STEPS).log).toHaveLength(0);
    expect([...driftOf([seen(0, 0)], [0], STEPS).log]).toEqual([0]);
  });
});
