import fc from 'fast-check';
import { randomFrom } from '../../kernel/math/index.js';
import { askedBackWithin, usableReflow, type ReflowInput } from './reflow.js';
import type { Lag } from './lag.js';

const SEED = 20_261_122;
const lag: Lag = { share: Array.from({ length: 31 }, (_, day) => (1 - Math.exp(-(day + 1) / 6)) / (1 - Math.exp(-31 / 6))) };
const input = (over: Partial<ReflowInput> = {}): ReflowInput => ({ announced: [], delivered: [], rate: 0.6, lag, shelfDays: 5, usable: 85, lost: 15, ...over });

describe('goods that will be back', () => {
  it('announced ones count once they can be on the shelf, and not before', () => {
    const dated = usableReflow(input({ announced: [{ age: 2, units: 40 }] }), 6);
    expect(dated.map((d) => d.units).slice(0, 2)).toEqual([0, 0]);
    expect(dated[2]?.units).toBeGreaterThan(25);
    expect(dated[2]?.units).toBeLessThan(34);
    expect(dated[2]?.mean).toBeCloseTo(40 * (86 / 102), 9);
  });

  it('what nobody has asked for yet counts later, and only if it was delivered', () => {
    const dated = usableReflow(input({ delivered: [{ age: 0, units: 100 }] }), 20);
    expect(dated[4]?.units).toBe(0);
    expect(dated[19]?.units).toBeGreaterThan(15);
    expect(dated[19]?.mean).toBeLessThan(60);
    expect(usableReflow(input(), 5).every((d) => d.units === 0 && d.mean === 0)).toBe(true);
  });

  it('never shrinks with time, never exceeds what is out there, and nothing is asked back of a rate of 0', () => {
    const aged = fc.array(fc.record({ age: fc.nat(40), units: fc.nat(200) }), { maxLength: 5 });
    fc.assert(
      fc.property(aged, aged, fc.double({ min: 0, max: 0.99, noNaN: true }), fc.nat(12), fc.nat(200), fc.nat(200), (announced, delivered, rate, shelfDays, usable, lost) => {
        const dated = usableReflow(input({ announced, delivered, rate, shelfDays, usable, lost }), 15);
        const out = [...announced, ...delivered].reduce((s, x) => s + x.units, 0);
        dated.forEach((d, i) => {
          expect(d.units).toBeGreaterThanOrEqual(dated[i - 1]?.units ?? 0);
          expect(d.units).toBeLessThanOrEqual(out);
          expect(Number.isFinite(d.mean)).toBe(true);
        });
      }),
      { seed: SEED, numRuns: 60 },
    );
    expect(askedBackWithin([{ age: 3, units: 100 }], 0, lag, 10)).toBe(0);
  });

  it(`is there nine times of ten, and is not timid either (seed ${SEED}, 600 worlds)`, () => {
    const random = randomFrom(SEED).split('reflow');
    let kept = 0;
    let said = 0;
    let came = 0;
    for (let world = 0; world < 600; world++) {
      // The yield and the rate of each world are drawn, not known; the yield is learned from 100 earlier cases.
      const truth = 0.7 + 0.25 * random.next();
      const usable = Array.from({ length: 100 }, () => random.next() < truth).filter(Boolean).length;
      const dated = usableReflow(input({ announced: [{ age: 3, units: 60 }], usable, lost: 100 - usable }), 4);
      const there = Array.from({ length: 60 }, () => random.next() < truth).filter(Boolean).length;
      const units = dated[3]?.units ?? 0;
      if (there >= units) kept++;
      said += units;
      came += there;
    }
    expect(kept / 600).toBeGreaterThanOrEqual(0.87);
    expect(said / came).toBeGreaterThan(0.8);
  });
});
