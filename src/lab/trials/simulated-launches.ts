// A catalogue of launches over two years, drawn from known laws: a SKU's own rate is log-normal, it fades after its launch, lines
// hold a geometric number of units with a bulk purchase now and then, and the whole market swells before each winter.
import { randomFrom, type Random } from '../../kernel/math/index.js';
import { DAY_MS, type SaleLine } from '../math/index.js';

/** Parameters are assumed, after the spread of a gift wholesaler's year (UCI Online Retail II). */
const DAYS = 728;
const LOG_RATE = { mean: Math.log(0.5), deviation: 1.1 };
const FADE_DAYS = 120;
const BULK = { chance: 0.01, times: 30 };

const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
const season = (day: number): number => 1 + Math.max(0, Math.sin((2 * Math.PI * ((day % 364) - 180)) / 364));

export function simulatedLaunches(seed: number, skus: number): { readonly skus: Map<string, SaleLine[]>; readonly start: number; readonly end: number } {
  const start = Date.parse('2026-01-05T00:00:00Z');
  const all = randomFrom(seed).split('launches');
  const catalogue = new Map<string, SaleLine[]>();
  for (let i = 0; i < skus; i++) {
    const random = all.split(String(i));
    // A third is there from the start.
    const begin = i % 3 === 0 ? random.next() : random.next() * (DAYS - 70);
    const rate = Math.exp(LOG_RATE.mean + LOG_RATE.deviation * normal(random));
    const units = 1 + random.exponential(4);
    const unitPrice = Math.round(Math.exp(5 + 0.6 * normal(random)));
    const lines: SaleLine[] = [];
    // Thinned from the largest rate there can be.
    for (let day = begin; day < DAYS; day += random.exponential(1 / (2 * rate))) {
      const now = (season(day) / 2) * (0.3 + 0.7 * Math.exp(-(day - begin) / FADE_DAYS));
      if (lines.length > 0 && random.next() > now) continue;
      const usual = 1 + Math.floor(random.exponential(units));
      const at = start + Math.floor(day * DAY_MS);
      lines.push({ order: `${i}-${lines.length}`, at, unitPrice, created: [], paid: [{ at, quantity: random.next() < BULK.chance ? BULK.times * usual : usual }], cancelled: [] });
    }
    if (lines.length > 0) catalogue.set(`K${String(i).padStart(5, '0')}`, lines);
  }
  return { skus: catalogue, start, end: start + DAYS * DAY_MS };
}
