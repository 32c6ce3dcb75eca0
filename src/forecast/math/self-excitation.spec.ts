import fc from 'fast-check';
import { providedRows, withProvided } from '../../../test/factories/provided.js';
import { forecastCascade, TWITTER_DELAY, type CascadeEvent } from './index.js';

const SEISMIC = { delay: TWITTER_DELAY, meanReach: 100, mostBranching: null };
const CAPPED = { ...SEISMIC, mostBranching: 0.9 };

describe('self-exciting cascades', () => {
  withProvided('agree with the R package seismic on its own tweet: infectiousness to six digits and forecast to the printed one, infinities included; capped, none is infinite', () => {
    const events = providedRows('data/seismic_tweet.csv.gz').map((row): CascadeEvent => ({ time: Number(row['relative_time_second']), reach: Number(row['number_of_followers']) }));
    const rows = providedRows('golden/golden_seismic_tweet.csv');
    expect(rows).toHaveLength(14);
    const infinite: string[] = [];
    for (const row of rows) {
      const at = 60 * Number(row['min']);
      const found = forecastCascade(events, at, SEISMIC);
      expect(events.filter((e) => e.time <= at)).toHaveLength(Number(row['n_seen']));
      // The package rounds the height of its plateau, 1/(300 (1 + 1/0.2314843)), to 0.0006265725.
      const rounded = found.infectiousness / (0.0006265725 * 300 * (1 + 1 / 0.2314843));
      expect(`${row['min']}: ${Number(rounded.toPrecision(6))}`).toBe(`${row['min']}: ${Number(row['infect'])}`);
      expect(`${row['min']}: ${found.final === Infinity ? 'Inf' : Number(found.final.toFixed(1))}`).toBe(`${row['min']}: ${row['pred'] === 'Inf' ? 'Inf' : Number(row['pred'])}`);
      if (found.final === Infinity) infinite.push(row['min'] ?? '');
      expect(Number.isFinite(forecastCascade(events, at, CAPPED).final)).toBe(true);
    }
    expect(infinite).toEqual(['5', '30', '45']);
  });

  it('never end below what is seen nor at infinity under a cap, and the cap does not touch calm ones (seed 20261122)', () => {
    const steps = fc.array(fc.record({ gap: fc.integer({ min: 0, max: 400 }), reach: fc.nat(2000) }), { minLength: 1, maxLength: 80 });
    fc.assert(fc.property(steps, fc.integer({ min: 1, max: 20_000 }), (list, after) => {
      let time = 0;
      const events = list.map(({ gap, reach }, i): CascadeEvent => ({ time: (time += i === 0 ? 0 : gap), reach }));
      const free = forecastCascade(events, after, SEISMIC);
      const capped = forecastCascade(events, after, CAPPED);
      const seen = events.filter((e) => e.time <= after).length;
      expect(Number.isFinite(capped.final)).toBe(true);
      expect(capped.final).toBeGreaterThanOrEqual(seen - 1);
      expect(capped.final).toBeLessThanOrEqual(free.final + 1e-9);
      if (free.branching <= 0.9) expect(capped.final).toBe(free.final);
      // What comes later is not looked at.
      expect(forecastCascade(events.filter((e) => e.time <= after), after, CAPPED)).toEqual(capped);
    }), { seed: 20261122, numRuns: 300 });
  });

  it('weigh delays as integration by small steps does', () => {
    // One event of reach 1,000 at 0 and one without reach now and then: infectiousness = Σ weights / (1,000 ∫ weight × density).
    const events: CascadeEvent[] = [{ time: 0, reach: 1000 }, ...[700, 800, 900, 1000, 1100].map((time) => ({ time, reach: 0 }))];
    const [at, window] = [1300, 650];
    const density = (x: number): number => (1 / (300 * (1 + 1 / 0.2314843))) * (x <= 300 ? 1 : (x / 300) ** -1.2314843);
    let integral = 0;
    for (let x = at - window + 0.005; x < at; x += 0.01) integral += 0.01 * (1 - (at - x) / window) * density(x);
    const weights = [700, 800, 900, 1000, 1100].reduce((s, t) => s + 1 - (at - t) / window, 0);
    expect(forecastCascade(events, at, SEISMIC).infectiousness / (weights / (1000 * integral))).toBeCloseTo(1, 6);
  });

  const one = [{ time: 0, reach: 5 }];
  it.each([
    ['at must', one, 0, CAPPED], ['ascend', [{ time: 5, reach: 1 }, { time: 4, reach: 1 }], 10, CAPPED], ['ascend', [{ time: NaN, reach: 1 }], 10, CAPPED], ['reach', [{ time: 1, reach: -1 }], 10, CAPPED], ['before the moment', [], 10, CAPPED],
    ['before the moment', [{ time: 10, reach: 1 }], 10, CAPPED], ['exponent', one, 10, { ...CAPPED, delay: { cutoff: 300, exponent: 1 } }], ['meanReach', one, 10, { ...CAPPED, meanReach: NaN }], ['mostBranching', one, 10, { ...CAPPED, mostBranching: 1 }],
  ])('name what is wrong with their input: %s (%#)', (word, events, at, options) => {
    expect(() => forecastCascade(events, at, options)).toThrow(RangeError);
    expect(() => forecastCascade(events, at, options)).toThrow(word);
  });
});
