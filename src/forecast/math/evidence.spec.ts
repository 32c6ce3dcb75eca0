import { Evidence } from './evidence.js';
import { COMPONENTS, mixtureOf, ratiosOf } from './likelihood.js';
import { long } from './precision.js';

const BIN = 10_000;
const EXCESS = { most: 0.5, plain: 0.4 };
const MEAN = 0.05;

describe('evidence for a rise', () => {
  it('follows R ← (R + 1) × ratio bin by bin, within what rounding leaves', () => {
    const evidence = Evidence.from(0, BIN);
    const mixture = mixtureOf(EXCESS);
    const expected = new Array<number>(COMPONENTS).fill(0);
    const ratios = new Float64Array(COMPONENTS);
    for (const [i, orders] of [1, 0, 2, 0, 0, 1].entries()) {
      if (orders === 0) evidence.empty((i + 1) * BIN, 1, MEAN, MEAN, EXCESS);
      else evidence.take(i * BIN, orders, MEAN, MEAN, EXCESS);
      if (orders > 0) ratiosOf(ratios, mixture, orders, MEAN);
      for (let k = 0; k < COMPONENTS; k++) expected[k] = ((expected[k] as number) + 1) * (orders > 0 ? (ratios[k] as number) : Math.exp((mixture.perMean[k] as number) * MEAN));
    }
    for (let k = 0; k < COMPONENTS; k++) expect((evidence.sr[k] as number) / (expected[k] as number)).toBeCloseTo(1, 4);
  });

  it('says before a bin is taken what it will be, and changes nothing by being asked', () => {
    const evidence = Evidence.from(0, BIN);
    evidence.take(0, 2, MEAN, MEAN, EXCESS);
    const before = [...evidence.sr];
    const asked = evidence.statistic(3, MEAN, EXCESS);
    for (const other of [1, 2, 9]) evidence.statistic(other, MEAN, EXCESS);
    expect(evidence.sr).toEqual(before);
    evidence.take(BIN, 3, MEAN, MEAN, EXCESS);
    expect(evidence.sr.reduce((s, v) => s + v, 0) / COMPONENTS / asked).toBeCloseTo(1, 4);
  });

  it('grows with the orders of a bin, and looks at each rate and dispersion anew', () => {
    const evidence = Evidence.from(0, BIN);
    const at = [1, 2, 3, 6].map((orders) => evidence.statistic(orders, MEAN, EXCESS));
    expect([...at].sort((a, b) => a - b)).toEqual(at);
    expect(evidence.statistic(6, 20 * MEAN, EXCESS)).toBeLessThan(at[3] as number);
    expect(evidence.statistic(6, MEAN, { most: 4, plain: 4 })).toBeLessThan(at[3] as number);
    expect(evidence.statistic(6, MEAN, EXCESS)).toBe(at[3]);
  });

  it('dates the onset at the first bin of the rise, with the orders since and those that were expected', () => {
    const evidence = Evidence.from(0, BIN);
    evidence.take(0, 1, MEAN, MEAN, EXCESS);
    // A single order is forgotten in time.
    evidence.empty(600 * BIN, 600, MEAN, MEAN, EXCESS);
    expect(evidence.onset()).toEqual({ level: 0, since: 600 * BIN, orders: 0, expected: 0 });
    for (let i = 0; i < 5; i++) evidence.take((600 + i) * BIN, 2, MEAN, MEAN / 1.3, EXCESS);
    evidence.empty(607 * BIN, 2, MEAN, MEAN / 1.3, EXCESS);
    const { level, since, orders, expected } = evidence.onset();
    expect(level).toBeGreaterThan(5);
    expect([since, orders]).toEqual([600 * BIN, 10]);
    expect(expected).toBeCloseTo((7 * MEAN) / 1.3, 4);
  });

  it('keeps what can be stored: going on from a stored state gives the same values to the last bit', () => {
    const [one, other] = [Evidence.from(0, BIN), Evidence.from(0, BIN)];
    let stored = other;
    for (let i = 0; i < 200; i++) {
      for (const evidence of [one, stored]) {
        if (i % 3 === 0) evidence.take(i * BIN, 1 + (i % 2), MEAN, MEAN, EXCESS);
        else evidence.empty((i + 1) * BIN, 1, MEAN, MEAN, EXCESS);
      }
      expect(stored.sr.map(long)).toEqual(stored.sr);
      stored = new Evidence(stored.sr, stored.onset(), BIN);
    }
    expect(stored.sr).toEqual(one.sr);
    expect(stored.onset()).toEqual(one.onset());
  });

  it('begins anew after an episode, and from a state whose components were others', () => {
    const evidence = Evidence.from(0, BIN);
    evidence.take(0, 4, MEAN, MEAN, EXCESS);
    evidence.restart(5 * BIN);
    expect(evidence.sr).toEqual(new Array<number>(COMPONENTS).fill(0));
    expect(evidence.onset()).toEqual({ level: 0, since: 5 * BIN, orders: 0, expected: 0 });
    expect(new Evidence([100, 90, 80, 70, 60], evidence.onset(), BIN).sr).toEqual(new Array<number>(COMPONENTS).fill(0));
  });
});
