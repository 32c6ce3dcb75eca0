// The trial of the weekly shape: shops whose weekends differ from their weekdays, with and without it, through `castline detect`'s own
// function: false alarms where nothing happens, and the delay where something does.
import { DEFAULT_SPIKE_OPTIONS, BIN_MS } from '../../forecast/math/index.js';
import { randomFrom } from '../../kernel/math/index.js';
import { detectSpikes, type Arrivals } from '../math/index.js';
import type { Finding } from './finding.js';
import { DAY, HOUR, MINUTE, simulatedBins, swinging, type Traffic } from './simulated-streams.js';

const SEED = 2027;
const BASES = [0.1, 0.5, 2] as const;
const WEEKS = 7;
/** By then factors have been set twice; before it the shape is being learned. */
const LEARNED_AFTER = 21 * DAY;
/** Within the last two weeks, one a SKU and day of the week: an hour of so many times the orders. */
const JUMP = 5;

export interface Shop {
  readonly name: string;
  /** Orders on a Saturday or Sunday beside those of a weekday. */
  readonly weekend: number;
}

export const SHOPS: readonly Shop[] = [{ name: 'weekends of three times the orders', weekend: 3 }, { name: 'weekends of a third of the orders', weekend: 1 / 3 }, { name: 'closed on weekends', weekend: 0 }, { name: 'no shape of the week', weekend: 1 }];

const isWeekend = (at: number): boolean => [0, 6].includes((Math.floor(at / DAY) + 4) % 7);

/** SKUs of one shop: a day that swings tenfold at hours of its own, and the week of the shop. `jumps`: with an hour's rise on a day of each of the last two weeks. */
function streamsOf(shop: Shop, dispersion: number, perBase: number, jumps: boolean): { readonly streams: Arrivals[]; readonly raised: ReadonlyMap<string, readonly number[]> } {
  const random = randomFrom(SEED, `week/${shop.name}/${dispersion}`);
  const most = Math.max(1, shop.weekend);
  const raised = new Map<string, readonly number[]>();
  const streams = BASES.flatMap((base, b) => Array.from({ length: perBase }, (_, i): Arrivals => {
    const day = swinging(DAY * random.next());
    const traffic: Traffic = { peak: base * most, share: (at) => (day(at) * (isWeekend(at) ? shop.weekend : 1)) / most, dispersion };
    const sku = `${b}-${i}`;
    const bins = simulatedBins(random, traffic, 0, WEEKS * 7 * DAY);
    const counted = bins.flatMap(({ bin, orders }) => new Array<number>(orders).fill(bin));
    if (jumps) {
      const starts = [2, 1].map((week, k) => ((WEEKS - week) * 7 + ((2 * i + b + 3 * k) % 7)) * DAY + Math.floor(22 * random.next()) * HOUR);
      raised.set(sku, starts);
      for (const from of starts) for (const { bin, orders } of simulatedBins(random, { ...traffic, peak: base * most * (JUMP - 1) }, from, from + HOUR)) for (let k = 0; k < orders; k++) counted.push(bin);
      counted.sort((x, y) => x - y);
    }
    return { shop: 's', sku, broadcast: '', counted, withdrawn: [] };
  }));
  return { streams, raised };
}

export interface WeekResult {
  readonly learning: number;
  readonly after: number;
  readonly hours: number;
  readonly minutes: number;
  readonly missed: number;
  readonly jumps: number;
}

/** False alarms while the shape is learned and afterwards (in so many SKU-hours), and the delay of jumps (minutes; 60 where it was missed). */
export function weekResult(shop: Shop, dispersion: number, perBase: number, weekly: boolean): WeekResult {
  const end = WEEKS * 7 * DAY;
  const quiet = detectSpikes(streamsOf(shop, dispersion, perBase, false).streams, end, DEFAULT_SPIKE_OPTIONS, BIN_MS, weekly);
  const { streams, raised } = streamsOf(shop, dispersion, perBase, true);
  const found = detectSpikes(streams, end, DEFAULT_SPIKE_OPTIONS, BIN_MS, weekly);
  const delays: number[] = [];
  for (const [sku, starts] of raised) {
    for (const from of starts) {
      // Where hardly anything is sold five times of it is nothing: no alarm is due.
      if (shop.weekend === 0 && isWeekend(from)) continue;
      const alarm = found.find((a) => a.sku === sku && a.detectedAt >= from && a.detectedAt < from + HOUR);
      delays.push(alarm === undefined ? 60 : (alarm.detectedAt + BIN_MS - from) / MINUTE);
    }
  }
  return {
    learning: quiet.filter((a) => a.detectedAt < LEARNED_AFTER).length, after: quiet.filter((a) => a.detectedAt >= LEARNED_AFTER).length, hours: (streams.length * (end - LEARNED_AFTER)) / HOUR,
    minutes: delays.reduce((s, d) => s + d, 0) / delays.length, missed: delays.filter((d) => d >= 60).length / delays.length, jumps: delays.length,
  };
}

const DISPERSIONS = [1, 1.7] as const;
const ALLOWED = DEFAULT_SPIKE_OPTIONS.falseAlarmsPer1000SkuHours;

export function weekFindings(perBase: number, report: (line: string) => void): Finding[] {
  return SHOPS.flatMap((shop) => DISPERSIONS.map((dispersion): Finding => {
    const [off, on] = [weekResult(shop, dispersion, perBase, false), weekResult(shop, dispersion, perBase, true)];
    const rate = (r: WeekResult): number => (1000 * r.after) / r.hours;
    const said = (r: WeekResult): string => `${rate(r).toFixed(2)} (${r.after}; in the first three weeks ${r.learning}), a jump x${JUMP} of an hour after ${r.minutes.toFixed(1)} min, ${(100 * r.missed).toFixed(1)} % of ${r.jumps} missed`;
    const reached = `${said(on)}; without the weekly shape ${said(off)}`;
    report(`weekly shape, ${shop.name}, variance/mean ${dispersion}: ${reached}`);
    return {
      area: 'spikes', figure: `false alarms per 1,000 SKU-hours of a shop from its fourth week on: ${shop.name}, variance/mean ${dispersion}, ${perBase} SKUs each of ${BASES.join(' / ')} a minute (seed ${SEED})`,
      asked: `<= ${ALLOWED}`, reached, met: rate(on) <= ALLOWED,
    };
  }));
}
