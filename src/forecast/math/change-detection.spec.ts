import fc from 'fast-check';
import { randomFrom, type Random } from '../../kernel/math/index.js';
import { focusBin, focusStart, MIXTURE, negativeBinomialCusum, poissonCusum, shiryaevRobertsBin, shiryaevRobertsLevel, shiryaevRobertsOrder, shiryaevRobertsStart } from './index.js';

const SEED = { seed: 20261122, numRuns: 300 };
const counts = fc.array(fc.oneof(fc.nat(3), fc.nat(30)), { minLength: 1, maxLength: 60 });

const poisson = (random: Random, mean: number): number => {
  let n = 0;
  for (let t = random.exponential(1); t < mean; t += random.exponential(1)) n++;
  return n;
};

/** Gamma of any shape, mean 1 × shape: Marsaglia and Tsang (2000), with their boost below shape 1. */
function gamma(random: Random, shape: number): number {
  if (shape < 1) return gamma(random, shape + 1) * Math.pow(1 - random.next(), 1 / shape);
  const d = shape - 1 / 3;
  for (;;) {
    const z = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    const v = (1 + z / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random.next()) < (z * z) / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

interface Detector<S> {
  readonly start: () => S;
  readonly next: (state: S, count: number) => S;
  readonly alarmed: (state: S) => boolean;
}

/** Mean minutes from the change to the end of the alarming bin of 10 s; the change is at a bin's start after `quiet` bins, after a false alarm the detector starts anew. */
function meanDelay<S>(detector: Detector<S>, runs: number, quiet: number, draw: (raised: boolean) => number): number {
  let bins = 0;
  for (let run = 0; run < runs; run++) {
    let state = detector.start();
    for (let i = 0; i < quiet; i++) {
      state = detector.next(state, draw(false));
      if (detector.alarmed(state)) state = detector.start();
    }
    do {
      state = detector.next(state, draw(true));
      bins++;
    } while (!detector.alarmed(state));
  }
  return bins / runs / 6;
}

/** The same in continuous time, in minutes to the alarming order, after an hour of quiet. */
function meanDelayByOrder(random: Random, runs: number, base: number, jump: number, threshold: number): number {
  let minutes = 0;
  for (let run = 0; run < runs; run++) {
    let state = shiryaevRobertsStart();
    let now = 0;
    for (let at = random.exponential(1 / base); at < 60; at += random.exponential(1 / base)) {
      state = shiryaevRobertsOrder(state, at - now, base);
      now = at;
    }
    for (let at = 60; shiryaevRobertsLevel(state) < threshold; ) {
      at += random.exponential(1 / (jump * base));
      state = shiryaevRobertsOrder(state, at - now, base);
      now = at;
    }
    minutes += now - 60;
  }
  return minutes / runs;
}

const cusum = (mean: number, jump: number, threshold: number): Detector<number> => ({ start: () => 0, next: (w, x) => poissonCusum(w, x, mean, jump), alarmed: (w) => w >= threshold });
const RUNS = 400;
/** A CUSUM forgets within minutes, windows and sums within an hour. */
const QUIET = 150;
const LONG_QUIET = 300;
const near = (found: number, published: number, tolerance: number): void => { expect({ found, published, near: Math.abs(found / published - 1) < tolerance }).toEqual({ found, published, near: true }); };

describe('the published detection delays, at one false alarm per 60,000 minutes (thresholds of the published runs, 400 runs, within 10 %; 0.5 × 10 and shapes 1 and 0.5 held within 6 % at 1,500 runs; seed 20261122)', () => {
  it.each([
    [2, 3, 10.6, 3.99, 11.99, 4.35, 4.67, 4.35], [2, 5, 10.8, 1.46, 11.99, 1.57, 1.72, 1.56], [2, 10, 10.82, 0.53, 11.99, 0.56, 0.61, 0.51], [0.5, 5, 10.22, 4.91, 11.91, 5.36, 5.73, 5.54],
  ])('base %s a minute × %s: CUSUM at %s %s minutes, FOCuS at %s %s, e-SR in bins %s, e-SR by order %s', (base, jump, tuned, byCusum, focused, byFocus, byBins, byOrder) => {
    const random = randomFrom(20261122).split(`${base} × ${jump}`);
    const mean = base / 6;
    const draw = (raised: boolean): number => poisson(random, raised ? jump * mean : mean);
    near(meanDelay(cusum(mean, jump, tuned), RUNS, QUIET, draw), byCusum, 0.1);
    near(meanDelay({ start: focusStart, next: (s, x) => focusBin(s, x, mean), alarmed: (s) => s.level >= focused }, RUNS, LONG_QUIET, draw), byFocus, 0.1);
    near(meanDelay({ start: shiryaevRobertsStart, next: (s, x) => shiryaevRobertsBin(s, x, mean), alarmed: (s) => shiryaevRobertsLevel(s) >= 360_000 }, RUNS, LONG_QUIET, draw), byBins, 0.1);
    near(meanDelayByOrder(random, RUNS, base, jump, 60_000), byOrder, 0.1);
  });

  it.each([[2, 10.37, 4.86], [0.2, 9.4, 12.34]])('over-dispersed, shape %s a bin, base 2 × 3: NB-CUSUM at %s %s minutes', (shape, threshold, published) => {
    const random = randomFrom(20261122).split(`shape ${shape}`);
    const draw = (raised: boolean): number => poisson(random, (gamma(random, shape) / shape) * ((raised ? 3 : 1) / 3));
    near(meanDelay({ start: () => 0, next: (w, x) => negativeBinomialCusum(w, x, 1 / 3, 3, shape), alarmed: (w) => w >= threshold }, RUNS, QUIET, draw), published, 0.1);
  });

  it('a Poisson CUSUM for × 3 at base 2 cries wolf on counts of variance/mean 2.67: once in 96 minutes, not in 60,000 (300 alarms, within 20 %)', () => {
    const random = randomFrom(20261122).split('wolf');
    // Without a rise and without a warm-up: the run length.
    near(meanDelay(cusum(1 / 3, 3, 10.6), 300, 0, () => poisson(random, gamma(random, 0.2) / 0.2 / 3)), 96, 0.2);
  });
});

describe('laws of the detectors (seed 20261122)', () => {
  it('FOCuS equals searching all windows, and finds the onset', () => {
    fc.assert(fc.property(counts, fc.double({ min: 0.05, max: 8, noNaN: true }), (list, expected) => {
      let state = focusStart();
      list.forEach((x, t) => {
        state = focusBin(state, x, expected);
        let best = 0;
        for (let from = 0, sum = 0; from <= t; from++) {
          sum = list.slice(from, t + 1).reduce((s, v) => s + v, 0);
          const mu = (t + 1 - from) * expected;
          if (sum > mu) best = Math.max(best, sum * Math.log(sum / mu) - (sum - mu));
        }
        expect(state.level).toBeCloseTo(best, 8);
        expect(state.since === null).toBe(state.level === 0);
      });
      expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    }), SEED);
    let rise = focusStart();
    for (let t = 0; t < 80; t++) rise = focusBin(rise, t >= 60 ? 4 : t % 2, 0.5);
    expect(rise.since).toBe(60);
  });

  it('a likelihood ratio has mean one under the null, so that R − t has no drift: summed over all counts of one bin', () => {
    fc.assert(fc.property(fc.double({ min: 0.01, max: 3, noNaN: true }), (expected) => {
      const mean = [0, 0, 0, 0, 0];
      for (let x = 0, mass = Math.exp(-expected); x < 200; mass *= expected / ++x) shiryaevRobertsBin([4, 3, 2, 1, 0], x, expected).forEach((r, i) => (mean[i] = (mean[i] as number) + mass * r));
      expect(mean).toEqual([5, 4, 3, 2, 1].map((r) => expect.closeTo(r, 6)));
    }), SEED);
  });

  it('more orders never lower a detector, and continuous time is the limit of ever finer empty bins', () => {
    const value = fc.double({ min: 0.01, max: 5, noNaN: true });
    fc.assert(fc.property(fc.nat(20), value, fc.double({ min: 1.01, max: 20, noNaN: true }), value, value, value, (x, expected, jump, shape, level, gap) => {
      expect(poissonCusum(level, x + 1, expected, jump)).toBeGreaterThanOrEqual(poissonCusum(level, x, expected, jump));
      expect(negativeBinomialCusum(level, x + 1, expected, jump, shape)).toBeGreaterThanOrEqual(negativeBinomialCusum(level, x, expected, jump, shape));
      // A huge shape is a Poisson.
      expect(negativeBinomialCusum(level, x, expected, jump, 1e9)).toBeCloseTo(poissonCusum(level, x, expected, jump), 4);
      const state = MIXTURE.map(() => level);
      expect(shiryaevRobertsLevel(shiryaevRobertsBin(state, x + 1, expected))).toBeGreaterThanOrEqual(shiryaevRobertsLevel(shiryaevRobertsBin(state, x, expected)));
      // 2,000 pieces of a gap, by the trapezoidal rule, and an order.
      const piece = gap / 2000;
      shiryaevRobertsOrder(state, gap, expected).forEach((found, i) => {
        const decay = Math.exp(-((MIXTURE[i] as number) - 1) * expected * piece);
        let r = level;
        for (let k = 0; k < 2000; k++) r = (r + piece / 2) * decay + piece / 2;
        expect(found / (r * (MIXTURE[i] as number))).toBeCloseTo(1, 2);
      });
    }), { ...SEED, numRuns: 100 });
    // However many orders come, no infinity.
    const flood = shiryaevRobertsOrder(shiryaevRobertsBin(shiryaevRobertsBin(shiryaevRobertsStart(), 1e6, 1), 0, 1e6), 1, 1);
    expect(flood.every(Number.isFinite)).toBe(true);
    expect(shiryaevRobertsLevel(shiryaevRobertsBin(shiryaevRobertsStart(), 1e6, 1))).toBeGreaterThan(1e299);
    // The limit of a rate of nothing: the gap itself.
    expect(shiryaevRobertsOrder(shiryaevRobertsStart(), 7, 1e-14)).toEqual(MIXTURE.map((jump) => expect.closeTo(7 * jump, 9)));
  });

  it.each([
    ['count', () => poissonCusum(0, -1, 1, 2)], ['expected', () => poissonCusum(0, 1, 0, 2)], ['jump', () => poissonCusum(0, 1, 1, 1)], ['shape', () => negativeBinomialCusum(0, 1, 1, 2, NaN)], ['count', () => focusBin(focusStart(), 0.5, 1)], ['expected', () => focusBin(focusStart(), 1, NaN)],
    ['state', () => shiryaevRobertsBin([1], 1, 1)], ['gap', () => shiryaevRobertsOrder(shiryaevRobertsStart(), -1, 1)], ['rate', () => shiryaevRobertsOrder(shiryaevRobertsStart(), 1, 0)], ['level', () => poissonCusum(NaN, 1, 1, 2)], ['level', () => negativeBinomialCusum(-1, 1, 1, 2, 1)],
  ])('names what is wrong with its input: %s (%#)', (word, work) => {
    expect(work).toThrow(RangeError);
    expect(work).toThrow(word);
  });
});
