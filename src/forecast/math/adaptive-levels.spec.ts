import fc from 'fast-check';
import { normalBelow, randomFrom } from '../../kernel/math/index.js';
import { adaptiveNext, adaptiveStart, levelsToRead, rejectByEValues } from './index.js';

const SEED = { seed: 20261122, numRuns: 200 };

describe('adaptive levels', () => {
  it('keep their promise for any outcomes: the share at or below each level is within (1 + γ)/(γ T) of it (seed 20261122)', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 400 }), fc.double({ min: 0.01, max: 0.5, noNaN: true }), (positions, pace) => {
      let state = adaptiveStart([0.05, 0.5, 0.9]);
      const below = [0, 0, 0];
      for (const position of positions) {
        state.used.forEach((used, i) => { if (position <= used) below[i] = (below[i] as number) + 1; });
        state = adaptiveNext(state, position, pace);
      }
      const bound = (1 + pace) / (pace * positions.length) + 1e-9;
      state.promised.forEach((level, i) => expect(Math.abs((below[i] as number) / positions.length - level)).toBeLessThanOrEqual(bound));
      const read = levelsToRead(state, 0.01);
      expect(read).toEqual([...read].sort((a, b) => a - b));
      for (const level of read) expect(level >= 0.01 && level <= 0.99).toBe(true);
    }), SEED);
  });

  it('mend a model that is twice too narrow: 80 % intervals cover .8, where the model alone covers half (5,000 outcomes, seed 20261122)', () => {
    const random = randomFrom(20261122).split('narrow');
    let state = adaptiveStart([0.1, 0.9]);
    let [alone, mended] = [0, 0];
    for (let t = 0; t < 5000; t++) {
      const z = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
      const position = normalBelow(2 * z);
      const [low, high] = state.used as [number, number];
      if (position > 0.1 && position <= 0.9) alone++;
      if (position > low && position <= high) mended++;
      state = adaptiveNext(state, position, 0.01);
    }
    expect(alone / 5000).toBeLessThan(0.52);
    expect(Math.abs(mended / 5000 - 0.8)).toBeLessThan(0.02);
    expect((state.used[1] as number)).toBeGreaterThan(0.97);
  });

  it.each([['ascend', () => adaptiveStart([])], ['ascend', () => adaptiveStart([0.5, 0.5])], ['ascend', () => adaptiveStart([NaN])], ['position', () => adaptiveNext(adaptiveStart([0.5]), NaN, 0.1)], ['pace', () => adaptiveNext(adaptiveStart([0.5]), 0.5, 0)], ['floor', () => levelsToRead(adaptiveStart([0.5]), 0.5)]])(
    'name what is wrong with their input: %s (%#)', (word, work) => {
      expect(work).toThrow(RangeError);
      expect(work).toThrow(word);
    });
});

describe('e-BH', () => {
  it('rejects by hand: of five at 10 %, 60 and 30 are enough for two, 60 alone is', () => {
    // Needed: 50 for one, 25 for two, 16.7 for three.
    expect(rejectByEValues([1, 60, 0, 30, 2], 0.1)).toEqual([1, 3]);
    expect(rejectByEValues([1, 60, 0, 20, 2], 0.1)).toEqual([1]);
    // One that misses its own mark is carried by a later one.
    expect(rejectByEValues([17, 26, 26, 1, 1], 0.1)).toEqual([1, 2, 0]);
    expect(rejectByEValues([], 0.1)).toEqual([]);
    expect(rejectByEValues([Infinity, 0], 0.1)).toEqual([0]);
  });

  it('keeps the expected share of false ones, and rejects more as evidence grows (20,000 families, seed 20261122)', () => {
    const random = randomFrom(20261122).split('e');
    let falseShare = 0;
    for (let family = 0; family < 20_000; family++) {
      // Eight nulls whose e-values 1/(2√u) have mean one, two with evidence.
      const e = Array.from({ length: 10 }, (_, i) => (i < 2 ? 300 : 0.5 / Math.sqrt(1 - random.next())));
      const rejected = rejectByEValues(e, 0.2);
      falseShare += rejected.length === 0 ? 0 : rejected.filter((i) => i >= 2).length / rejected.length;
    }
    expect(falseShare / 20_000).toBeLessThanOrEqual(0.2);
    expect(falseShare).toBeGreaterThan(0);
    fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 1, maxLength: 20 }), fc.nat(19), (e, i) => {
      const more = e.map((x, j) => (j === i ? 2 * x : x));
      for (const k of rejectByEValues(e, 0.1)) expect(rejectByEValues(more, 0.1)).toContain(k);
    }), SEED);
    expect(() => rejectByEValues([NaN], 0.1)).toThrow('e-value');
    expect(() => rejectByEValues([1], 1)).toThrow('share');
  });
});
