// What a policy may know of a play beyond what stands on the shelves: kept for policies that look, because keeping it takes about as
// long as moving the goods, and the oracle alone plays thousands of houses.
import { DAY_MS } from './clock.js';
import { Returns } from './return-history.js';
import type { DemandLine } from './scene.js';
import type { Timetable } from './timetable.js';

export interface StandingDays {
  readonly days: number[];
  readonly lines: number[];
  readonly units: number[];
}

/** Units of a SKU that reach their buyers. */
interface Delivery {
  readonly at: number;
  readonly sku: number;
  readonly day: number;
  units: number;
}

export class Seen {
  /** SKUs of which something changed since a policy last asked. */
  readonly touched = new Set<number>();
  readonly returns: Returns;
  /** When sales of each SKU were paid, by broadcast. */
  readonly arrivals: ReadonlyMap<string, number[]>[];
  /** What each SKU sold outside broadcasts, by day: what was paid, less what buyers cancelled on it. */
  readonly standing: readonly StandingDays[];
  /** Open units by the day of their ship-by. */
  private readonly openByDay: readonly Map<number, number>[];
  /** By SKU, its paid lines in the order of payment. */
  private readonly paidLines: readonly number[][];
  /** All goods travel equally long, so they arrive in the order in which they left. */
  private readonly deliveries: Delivery[] = [];
  private delivered = 0;

  constructor(
    skus: number,
    private readonly timetable: Timetable,
    private readonly lines: readonly DemandLine[],
  ) {
    this.returns = new Returns(skus);
    const each = <T>(make: () => T): T[] => Array.from({ length: skus }, make);
    this.arrivals = each(() => new Map<string, number[]>());
    this.standing = each(() => ({ days: [], lines: [], units: [] }));
    this.openByDay = each(() => new Map<number, number>());
    this.paidLines = each(() => []);
  }

  /** Whether goods are on their way to buyers. */
  get awaitsDeliveries(): boolean {
    return this.delivered < this.deliveries.length;
  }

  pay(i: number, l: DemandLine): void {
    this.open(i, l.sku, l.quantity);
    if (l.sale) {
      const byBroadcast = this.arrivals[l.sku] as Map<string, number[]>;
      const times = byBroadcast.get(l.broadcast);
      if (times === undefined) byBroadcast.set(l.broadcast, [l.paidAt as number]);
      else times.push(l.paidAt as number);
      if (l.broadcast === '') this.sell(l.sku, l.paidAt as number, 1, l.quantity);
    }
    (this.paidLines[l.sku] as number[]).push(i);
    this.touched.add(l.sku);
  }

  /** A buyer cancels; what had left already is cancelled all the same. */
  cancel(l: DemandLine, quantity: number, at: number): void {
    if (l.sale && l.broadcast === '' && l.paidAt !== null) this.sell(l.sku, Math.max(at, l.paidAt), 0, -Math.min(quantity, l.quantity));
  }

  /** So many units more of a line are open. */
  open(i: number, sku: number, units: number): void {
    const days = this.openByDay[sku] as Map<number, number>;
    const day = Math.floor((this.timetable.shipBy[i] as number) / DAY_MS);
    const open = (days.get(day) ?? 0) + units;
    if (open === 0) days.delete(day);
    else days.set(day, open);
  }

  /** Events come in the order of time within their kind, cancellations after payments of the same step: at most the day before is met again. */
  private sell(sku: number, at: number, lines: number, units: number): void {
    const s = this.standing[sku] as StandingDays;
    const day = Math.floor(at / DAY_MS);
    let i = s.days.length;
    while (i > 0 && (s.days[i - 1] as number) > day) i--;
    if (s.days[i - 1] !== day) {
      s.days.splice(i, 0, day);
      s.lines.splice(i, 0, 0);
      s.units.splice(i++, 0, 0);
    }
    s.lines[i - 1] = (s.lines[i - 1] as number) + lines;
    s.units[i - 1] = (s.units[i - 1] as number) + units;
  }

  ship(sku: number, units: number, deliveredAt: number): void {
    const latest = this.deliveries[this.deliveries.length - 1];
    if (latest?.at === deliveredAt && latest.sku === sku) latest.units += units;
    else this.deliveries.push({ at: deliveredAt, sku, day: Math.floor(deliveredAt / DAY_MS), units });
  }

  /** What reaches its buyers up to a moment. */
  deliver(until: number): void {
    for (let d = this.deliveries[this.delivered]; d !== undefined && d.at <= until; d = this.deliveries[++this.delivered]) {
      this.returns.deliver(d.sku, d.day, d.units);
      this.touched.add(d.sku);
    }
  }

  /** Open units by the day of their ship-by, the earliest first. */
  openByShipBy(sku: number): { readonly at: number; readonly units: number }[] {
    const byDay = this.openByDay[sku] as Map<number, number>;
    return [...byDay].filter(([, units]) => units > 0).sort(([a], [b]) => a - b).map(([day, units]) => ({ at: (day + 1) * DAY_MS, units }));
  }

  /** Lines of more than `least` open units that were paid after `since`. @param open by line, its open units */
  largeLines(sku: number, least: number, since: number, open: Int32Array): { readonly units: number; readonly paidAt: number; readonly buyer: string }[] {
    const paid = this.paidLines[sku] as number[];
    const found: { units: number; paidAt: number; buyer: string }[] = [];
    for (let n = paid.length - 1; n >= 0; n--) {
      const i = paid[n] as number;
      const paidAt = this.timetable.paidAt[i] as number;
      if (paidAt <= since) break;
      if ((open[i] as number) > least) found.push({ units: open[i] as number, paidAt, buyer: this.lines[i]?.buyer ?? '' });
    }
    return found;
  }
}
