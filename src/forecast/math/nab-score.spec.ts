import fc from 'fast-check';
import { providedJson, providedRows, withProvided } from '../../../test/factories/provided.js';
import { NAB_PROFILES, nabScore, type NabSeries } from './index.js';

describe('NAB score', () => {
  withProvided('gives two published detectors their published scores, in three profiles, to nine digits and more', () => {
    const { windows } = providedJson('data/nab_windows.json') as { windows: Record<string, [string, string][]> };
    const times = new Map<string, string[]>();
    for (const { file = '', timestamp = '' } of providedRows('data/nab_all.csv.gz')) {
      const list = times.get(file);
      if (list === undefined) times.set(file, [timestamp]);
      else list.push(timestamp);
    }
    type Published = Record<string, { files: Record<string, number[]> }> & { final: Record<string, number> };
    const detectors = providedJson('data/nab_detections_golden.json.gz') as Record<string, Published>;
    const names = { standard: 'standard', fewFalseAlarms: 'reward_low_FP_rate', fewMissed: 'reward_low_FN_rate' } as const;
    for (const detector of ['windowedGaussian', 'relativeEntropy']) {
      for (const [profile, name] of Object.entries(names)) {
        const published = detectors[detector] as Published;
        const series = Object.entries(windows).map(([file, list]): NabSeries => {
          const rows = times.get(file) as string[];
          // Labels carry microseconds that the rows lack.
          const at = (label: string): number => rows.indexOf(label.slice(0, 19));
          return { rows: rows.length, windows: list.map(([left, right]) => [at(left), at(right)] as const), detections: published[name]?.files[file] ?? [] };
        });
        expect(nabScore(series, NAB_PROFILES[profile as keyof typeof names])).toBeCloseTo(published.final[name] as number, 8);
        if (detector === 'windowedGaussian') expect(nabScore(series, NAB_PROFILES[profile as keyof typeof names]).toFixed(6)).toBe({ standard: '39.649523', fewFalseAlarms: '20.867986', fewMissed: '47.410027' }[profile]);
      }
    }
  });

  it('is 100 for a perfect detector, 0 for a silent one, less for every false alarm, and deaf while learning', () => {
    const one: NabSeries = { rows: 1000, windows: [[300, 349], [600, 649]], detections: [] };
    const score = (detections: number[]): number => nabScore([{ ...one, detections }], NAB_PROFILES.standard);
    expect([score([]), score([300, 600]), score([0, 149, 300, 600])]).toEqual([0, expect.closeTo(100, 12), expect.closeTo(100, 12)]);
    expect(score([300, 600, 150])).toBeCloseTo(100 - (100 * 0.11) / 4, 10);
    expect(score([300, 340, 600, 640])).toBeCloseTo(100, 12);
    expect(score([300, 600, 352])).toBeGreaterThan(score([300, 600, 590]));
  });

  it('falls the later a window is found (seed 20261122)', () => {
    fc.assert(fc.property(fc.integer({ min: 200, max: 800 }), fc.nat(99), fc.nat(99), (left, x, y) => {
      const at = (i: number): number => nabScore([{ rows: 1000, windows: [[left, left + 99]], detections: [left + i] }], NAB_PROFILES.fewMissed);
      expect(at(Math.max(x, y))).toBeLessThanOrEqual(at(Math.min(x, y)));
      expect(at(x)).toBeLessThanOrEqual(100 + 1e-9);
    }), { seed: 20261122, numRuns: 200 });
  });

  it.each([['rows', { rows: 0, windows: [], detections: [] }], ['at least one window', { rows: 9, windows: [], detections: [] }], ['window 5 to 4', { rows: 9, windows: [[5, 4]], detections: [] }], ['window -1', { rows: 9, windows: [[-1, 4]], detections: [] }], ['detections', { rows: 9, windows: [[1, 4]], detections: [9] }]] as const)(
    'names what is wrong with its input: %s', (word, series) => {
      expect(() => nabScore([series], NAB_PROFILES.standard)).toThrow(RangeError);
      expect(() => nabScore([series], NAB_PROFILES.standard)).toThrow(word);
      expect(() => nabScore([series], { found: 1, missed: NaN, falseAlarm: 1 })).toThrow('weights');
    });
});
