// What sells outside broadcasts, as whoever plays a back-test as the service would comes to know it.
import { learnStanding, Market, MOST_TEACHING, standingOf, sumsBefore, type Standing } from '../../forecast/math/index.js';
import { PRIOR_STANDING, type NamedStanding } from '../../forecast/offline.js';
import { DAY_MS } from './clock.js';
import type { House } from './house.js';
import type { StandingDays } from './seen.js';

const medianOf = (values: readonly number[]): number => Math.max(1, [...values].sort((a, b) => a - b)[values.length >> 1] ?? 1);

export class StandingSales {
  /** The model in force. */
  by: NamedStanding = PRIOR_STANDING;
  /** Price of a usual SKU. */
  private usual = 1;
  private learnedOn = -Infinity;
  private lookedOn = -Infinity;

  /** Learned anew at the start of a day, once there are four weeks of sales of every seventh. */
  learn(house: House): void {
    const day = Math.floor(house.now / DAY_MS);
    if (day === this.lookedOn) return;
    this.lookedOn = day;
    const start = house.seen.standing.reduce((least, s) => Math.min(least, s.days[0] ?? Infinity), Infinity);
    if (!(start < day) || day - this.learnedOn < (day - start > 28 ? 7 : 1)) return;
    this.learnedOn = day;
    const sold = house.seen.standing.flatMap((sales, i) => (sales.days.length === 0 ? [] : [{ sales, terms: (house.scene.skus[i] as House['scene']['skus'][number]).terms }]));
    this.usual = medianOf(sold.map((s) => s.terms.price));
    const market = new Market();
    for (const { sales, terms } of sold) {
      const d = house.demand[house.index.get(terms.sku) as number] as House['demand'][number];
      const most = 4 * Math.exp(d.lineLogMilli / 1000 / Math.max(1, d.lines));
      sales.days.forEach((at, i) => { if (at < day) market.addSum((at + 0.5) * DAY_MS, Math.min(sales.units[i] as number, most * (sales.lines[i] as number)), sales.lines[i] as number); });
    }
    const step = Math.max(1, sold.length / MOST_TEACHING);
    const teaching = Array.from({ length: Math.min(sold.length, MOST_TEACHING) }, (_, i) => sold[Math.floor(i * step)] as (typeof sold)[number]);
    const model = learnStanding({ skus: teaching.map(({ sales, terms }) => ({ sales, style: terms.style, relativePrice: terms.price / this.usual })), market, start, day }, this.by.model);
    if (model.lessons > 0) this.by = { id: 'learned here', asOf: new Date(day * DAY_MS).toISOString().slice(0, 10), model };
  }

  /** How a SKU sells now; undefined where it never sold. */
  of(house: House, sku: number): Standing | undefined {
    const sales = house.seen.standing[sku] as StandingDays;
    const now = house.now / DAY_MS;
    const today = Math.floor(now);
    const since = { units: 0, lines: 0, activeDays: 0 };
    for (let i = sales.days.length - 1; i >= 0 && (sales.days[i] as number) >= today; i--) {
      since.units += sales.units[i] as number;
      since.lines += sales.lines[i] as number;
      if ((sales.lines[i] as number) > 0) since.activeDays++;
    }
    const price = (house.scene.skus[sku] as House['scene']['skus'][number]).terms.price;
    return standingOf(sumsBefore(sales, today), since, today, now, price / this.usual);
  }
}
