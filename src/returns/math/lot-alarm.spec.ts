import { randomFrom } from '../../kernel/math/index.js';
import { isOutOfControl, lotEvidence, maturedExposure, type LotCount } from './lot-alarm.js';
import type { Lag } from './lag.js';

const LIMIT = 0.025;
const SEED = 20_261_122;
/** Returns come 8 days after delivery on average; everything has come by day 60. */
const lag: Lag = { share: Array.from({ length: 61 }, (_, day) => (1 - Math.exp(-(day + 1) / 8)) / (1 - Math.exp(-61 / 8))) };

const within = (falseAlarms: number) => (count: LotCount): boolean => isOutOfControl(count, LIMIT, falseAlarms);

/** Watches lots from their first sale to day 60, looking after every faulty unit; answers the share that alarmed, and the mean day of it. */
function watched(lots: number, faulty: number, alarms: (count: LotCount) => boolean, known: Lag | undefined, label: string): { alarmed: number; day: number } {
  const random = randomFrom(SEED).split(label);
  let alarmed = 0;
  let days = 0;
  for (let i = 0; i < lots; i++) {
    const units = 50 + random.below(450);
    // Units reach their buyers over the first three weeks.
    const reached = Array.from({ length: units }, () => random.below(21));
    const back = reached.flatMap((day) => {
      if (random.next() >= faulty) return [];
      const u = random.next();
      return [day + lag.share.findIndex((g) => g >= u)];
    }).sort((a, b) => a - b);
    for (let n = 1; n <= back.length; n++) {
      const day = back[n - 1] as number;
      const exposure = maturedExposure(reached.filter((d) => d <= day).map((d) => ({ age: day - d, units: 1 })), known);
      if (!alarms({ defects: n, exposure })) continue;
      alarmed++;
      days += day;
      break;
    }
  }
  return { alarmed: alarmed / lots, day: alarmed === 0 ? Infinity : days / alarmed };
}

it(`a lot at the limit ever alarms no more often than was asked for, looked at after every unit (seed ${SEED}, 4,000 lots)`, () => {
  const { alarmed } = watched(4_000, LIMIT, within(0.02), lag, 'at the limit');
  expect(alarmed).toBeLessThanOrEqual(0.02 + 3 * Math.sqrt((0.02 * 0.98) / 4_000));
  expect(alarmed).toBeGreaterThan(0);
  // The control: a test for one moment, at the same 2 %, read after every unit.
  const oneOff = watched(1_000, LIMIT, ({ defects, exposure }) => defects > exposure * LIMIT + 2.054 * Math.sqrt(exposure * LIMIT), lag, 'at the limit');
  expect(oneOff.alarmed).toBeGreaterThan(0.1);
}, 60_000);

it('a bad lot is found while most of its returns are still to come; not knowing the lag only delays it', () => {
  const known = watched(300, 0.12, within(0.001), lag, 'bad');
  const unknown = watched(300, 0.12, within(0.001), undefined, 'bad');
  expect(known.alarmed).toBeGreaterThan(0.9);
  expect(known.day).toBeLessThan(25);
  expect(unknown.alarmed).toBeLessThanOrEqual(known.alarmed);
  expect(unknown.alarmed).toBeGreaterThan(0.7);
});

it('counting every unit that left as matured would let bad young lots pass; counting none would damn good ones', () => {
  const young = [{ age: 1, units: 400 }];
  expect(maturedExposure(young, lag)).toBeLessThan(80);
  expect(maturedExposure(young, undefined)).toBe(400);
  expect(isOutOfControl({ defects: 12, exposure: maturedExposure(young, lag) }, LIMIT, 0.001)).toBe(true);
  expect(isOutOfControl({ defects: 12, exposure: 400 }, LIMIT, 0.001)).toBe(false);
});

it('more defects are more evidence, more exposure is less; nothing seen is none', () => {
  expect(lotEvidence({ defects: 0, exposure: 0 }, LIMIT)).toBeCloseTo(0, 12);
  for (let x = 0; x < 50; x++) expect(lotEvidence({ defects: x + 1, exposure: 100 }, LIMIT)).toBeGreaterThan(lotEvidence({ defects: x, exposure: 100 }, LIMIT));
  for (let e = 0; e < 1000; e += 50) expect(lotEvidence({ defects: 5, exposure: e + 50 }, LIMIT)).toBeLessThan(lotEvidence({ defects: 5, exposure: e }, LIMIT));
  expect(Number.isFinite(lotEvidence({ defects: 1_000_000, exposure: 1e9 }, LIMIT))).toBe(true);
});

it.each([[{ defects: -1, exposure: 1 }, 0.1], [{ defects: 1.5, exposure: 1 }, 0.1], [{ defects: 1, exposure: NaN }, 0.1], [{ defects: 1, exposure: -1 }, 0.1], [{ defects: 1, exposure: 1 }, 0], [{ defects: 1, exposure: 1 }, 1]] as const)(
  'refuses %j at %d', (count, limit) => {
    expect(() => lotEvidence(count, limit)).toThrow(RangeError);
  });
