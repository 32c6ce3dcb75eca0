import { DAY_MS, launchesOf, type SaleLine } from '../math/index.js';
import { ASKED, coverageOf, FRACTILE, gapClosed, pinballOf, sampleQuantiles, SCORED } from './launch-score.js';
import { launchesTrial } from './launches.js';
import { fitReference, referenceRule } from './reference-regression.js';
import { secondYears } from './second-year.js';
import { simulatedLaunches } from './simulated-launches.js';

const START = Date.parse('2026-01-05T00:00:00Z');
const sale = (order: string, day: number, quantity: number): SaleLine => ({ order, at: START + day * DAY_MS, unitPrice: 100, created: [], paid: [{ at: START + day * DAY_MS, quantity }], cancelled: [] });

describe('the score of forecasts', () => {
  const flat = (q: number): number[] => ASKED.map(() => q);

  it('is worked by hand: pinball is half the distance where all quantiles are one, and coverage counts the ends', () => {
    // Levels sum to 3.5, so above the forecast the mean weight is one half, and below it too.
    expect(pinballOf([{ outcome: 14, quantiles: flat(10) }])).toBeCloseTo(2, 12);
    expect(pinballOf([{ outcome: 6, quantiles: flat(10) }])).toBeCloseTo(2, 12);
    expect(coverageOf([{ outcome: 10, quantiles: flat(10) }, { outcome: 11, quantiles: flat(10) }])).toBe(0.5);
    expect(SCORED.every((level) => ASKED.includes(level)) && ASKED.includes(FRACTILE)).toBe(true);
  });

  it('closes none of the gap where it says what the prior says, all of it where it knows', () => {
    const outcomes = [3, 50, 12];
    const of = (pick: (y: number) => number): { outcome: number; quantiles: number[] }[] => outcomes.map((outcome) => ({ outcome, quantiles: flat(pick(outcome)) }));
    expect(gapClosed(of(() => 20), of(() => 20))).toBe(0);
    expect(gapClosed(of((y) => y), of(() => 20))).toBeCloseTo(1, 12);
    expect(gapClosed(of(() => 0), of(() => 20))).toBeLessThan(0);
  });

  it('takes the quantiles of a sample between its values', () => {
    expect(sampleQuantiles([0, 10, 20])[ASKED.indexOf(0.25)]).toBeCloseTo(5, 12);
    expect(sampleQuantiles([7])).toEqual(ASKED.map(() => 7));
  });
});

describe('what forecasts are held against', () => {
  it('is a regression that finds the law its launches were drawn by', () => {
    const { skus, start, end } = simulatedLaunches(3, 300);
    const launches = launchesOf(skus, start, end, 7 * DAY_MS, 55 * DAY_MS).filter((l) => l.completeAt <= end).map((l) => ({ ...l, outcome: 4 * l.begun.lines }));
    const rule = referenceRule(fitReference(launches));
    for (const l of launches.filter((x) => x.begun.lines >= 3).slice(0, 20)) {
      const median = rule(l)[ASKED.indexOf(0.5)] as number;
      expect(median / (4 * l.begun.lines)).toBeGreaterThan(0.8);
      expect(median / (4 * l.begun.lines)).toBeLessThan(1.25);
    }
  });
});

it('a second year is the first again, each launch in one of the two', () => {
  const skus = new Map([['old', [sale('a', 0, 1), sale('b', 90, 2)]], ['x', [sale('c', 70, 3)]], ['y', [sale('d', 71, 4)]], ['late', [sale('e', 350, 5)]]]);
  const worlds = secondYears(skus, ['x', 'y'], new Set(['old']), 1);
  expect(worlds).toHaveLength(2);
  for (const { skus: both, first, second } of worlds) {
    expect([...first, ...second].sort()).toEqual(['x', 'y']);
    expect(both.get('old')?.map((l) => (l.at - START) / DAY_MS)).toEqual([0, 90, 364, 454]);
    expect(both.has('late')).toBe(false);
    for (const sku of second) expect(both.get(sku)?.[0]?.at).toBe((skus.get(sku)?.[0]?.at ?? 0) + 364 * DAY_MS);
    for (const sku of first) expect(both.get(sku)).toEqual(skus.get(sku));
  }
});

it('without real data the trial says so, and what is simulated decides', async () => {
  const said: string[] = [];
  const findings = await launchesTrial(undefined, (line) => said.push(line));
  expect(said.join('\n')).toContain('skipped');
  expect(findings.filter((f) => f.gate)).toHaveLength(1);
  expect(findings[0]?.met).toBe(true);
}, 120_000);
