// The house of a back-test: shelves, orders that wait, returns and money. It only carries out: policies say what to make, and what binds
// production (factories.ts) is checked for all of them alike.
import type { Demand } from '../../forecast/offline.js';
import { emptyAccount } from './account.js';
import { DAY_MS, HOUR_MS } from './clock.js';
import { Factories, type Room } from './factories.js';
import { Queue } from './queue.js';
import { Seen } from './seen.js';
import { groupsOf, type DemandReturn, type Scene } from './scene.js';
import { timetableOf, type Farewells, type Timetable } from './timetable.js';

/** Time passes in steps of this; within a step everything that fell due happens, then the policy decides. */
export const STEP_MS = HOUR_MS / 4;
/** After the last event of the files everything may come to its end for so long. */
const AFTERMATH_MS = 150 * DAY_MS;

interface Shelf {
  stock: number;
  /** Restocked units among those on the shelf: they leave first. */
  restocked: number;
  /** Sellable units that ever were. */
  ever: number;
  /** Paid lines that are packed and may leave, by ship-by. */
  readonly waiting: Queue<number>;
}

export type MutableDemand = { -readonly [K in keyof Demand]: Demand[K] };

export interface HouseOptions {
  /** Buyers are let wait for goods that are not there. */
  readonly sells: boolean;
  /** What may be seen is kept: for a policy that looks at more than demand and shelves. */
  readonly looks: boolean;
}

export class House {
  readonly account = emptyAccount();
  readonly demand: readonly MutableDemand[];
  readonly groups: ReadonlyMap<string, readonly number[]>;
  /** SKUs by name. */
  readonly index: ReadonlyMap<string, number>;
  now: number;
  private readonly shelves: readonly Shelf[];
  private readonly open: Int32Array;
  private readonly shipped: Int32Array;
  private readonly gaveUp: Uint8Array;
  /** SKUs of which goods came in or lines were packed since they were last shipped. */
  private readonly busy = new Set<number>();
  private readonly due = new Queue<() => void>();
  private readonly view: Seen | undefined;
  private readonly factories: Factories;
  private readonly timetable: Timetable;
  private readonly farewells: Farewells;
  private created = 0;
  private paid = 0;
  private packed = 0;
  private cancelled = 0;
  private gone = 0;
  private announcements = 0;

  constructor(readonly scene: Scene, private readonly options: HouseOptions) {
    const { skus, lines } = scene;
    this.groups = groupsOf(scene);
    this.index = new Map(skus.map((s, i) => [s.terms.sku, i]));
    this.demand = skus.map(() => ({ open: 0, ordered: 0, netPaid: 0, cancelled: 0, shipped: 0, lines: 0, lineUnits: 0, lineLogMilli: 0, saleLines: 0, cancelledLines: 0, openPaidSeconds: 0 }));
    this.shelves = skus.map((s) => ({ stock: s.initialStock, restocked: 0, ever: s.initialStock, waiting: new Queue<number>() }));
    this.open = new Int32Array(lines.length);
    this.shipped = new Int32Array(lines.length);
    this.gaveUp = new Uint8Array(lines.length);
    this.account.initialStock = skus.reduce((s, k) => s + k.initialStock * (k.unitCost ?? 0), 0);
    this.timetable = timetableOf(scene);
    this.view = options.looks ? new Seen(skus.length, this.timetable, lines) : undefined;
    this.farewells = options.sells ? this.timetable.waiting : this.timetable.closing;
    this.now = Math.floor(scene.startsAt / STEP_MS) * STEP_MS;
    this.account.demanded = 0;
    this.factories = new Factories(scene, this.timetable.firstSales, this.account, {
      now: () => this.now, later: (at, what) => this.due.push(at, what), touch: (sku) => void this.view?.touched.add(sku), arrive: (sku, units) => this.stockUp(sku, units, false),
    });
  }

  /** True while something may still happen. */
  get running(): boolean {
    const { lines, endsAt } = this.scene;
    if (this.now >= endsAt + AFTERMATH_MS) return false;
    return this.now <= endsAt || this.created < lines.length || this.due.size > 0 || this.view?.awaitsDeliveries === true || this.gone < this.paid;
  }

  /** Everything up to `until` (a step on), in the order: orders, payments, cancellations, goods in, goods out, buyers who give up. */
  step(until = this.now + STEP_MS): void {
    const { createdAt, paidAt, payments, cancellations } = this.timetable;
    const { lines: leaving, at: leavesAt } = this.farewells;
    // Most steps are empty: a length is asked first, because reading beyond the end of a column takes long.
    while (this.created < createdAt.length && (createdAt[this.created] as number) <= until) this.create(this.created++);
    while (this.paid < payments.length && (paidAt[payments[this.paid] as number] as number) <= until) this.pay(payments[this.paid++] as number);
    for (let c = cancellations[this.cancelled]; c !== undefined && c.at <= until; c = cancellations[++this.cancelled]) this.cancel(c.line, c.quantity, c.at);
    this.view?.deliver(until);
    while (this.due.next <= until) this.due.pop()?.();
    this.now = until;
    this.dispatch();
    while (this.gone < leaving.length && (leavesAt[leaving[this.gone] as number] as number) <= until) this.giveUp(leaving[this.gone++] as number);
  }

  private create(i: number): void {
    const l = this.scene.lines[i] as Scene['lines'][number];
    const d = this.demand[l.sku] as MutableDemand;
    d.ordered += l.ordered;
    if (!l.sale) return;
    d.lines++;
    d.saleLines++;
    d.lineUnits += l.ordered;
    d.lineLogMilli += Math.round(1000 * Math.log(l.ordered));
    this.view?.touched.add(l.sku);
  }

  private pay(i: number): void {
    const l = this.scene.lines[i] as Scene['lines'][number];
    const d = this.demand[l.sku] as MutableDemand;
    this.open[i] = l.quantity;
    d.netPaid += l.quantity;
    d.open += l.quantity;
    d.openPaidSeconds += (l.quantity * (l.paidAt as number)) / 1000;
    this.view?.pay(i, l);
  }

  private cancel(i: number, quantity: number, at: number): void {
    const l = this.scene.lines[i] as Scene['lines'][number];
    this.view?.cancel(l, quantity, at);
    if (this.gaveUp[i] === 1) return;
    const before = Math.min(quantity, this.open[i] as number);
    if (before > 0) this.takeOut(i, before);
    if (before > 0 && this.open[i] === 0 && this.shipped[i] === 0 && l.sale) (this.demand[l.sku] as MutableDemand).cancelledLines++;
    // What has left is refused at the door and comes back unopened.
    const after = Math.min(quantity - before, this.shipped[i] as number);
    if (after > 0) this.comesBack(i, after, { kind: 'failed-delivery', quantity: after, lag: 0, underWay: this.scene.assumptions.returnTransitDays * DAY_MS, grade: 'A' }, Math.max(at, this.now));
  }

  /** Units of a line that will not leave. */
  private takeOut(i: number, units: number): void {
    const l = this.scene.lines[i] as Scene['lines'][number];
    const d = this.demand[l.sku] as MutableDemand;
    this.open[i] = (this.open[i] as number) - units;
    this.view?.open(i, l.sku, -units);
    d.open -= units;
    d.netPaid -= units;
    d.cancelled += units;
    d.openPaidSeconds -= (units * (l.paidAt as number)) / 1000;
    this.view?.touched.add(l.sku);
  }

  private dispatch(): void {
    const ready = this.now - this.scene.assumptions.packHours * HOUR_MS;
    const { payments, paidAt, sku: skuOf, shipBy } = this.timetable;
    while (this.packed < this.paid && (paidAt[payments[this.packed] as number] as number) <= ready) {
      const i = payments[this.packed++] as number;
      if (this.open[i] === 0) continue;
      const sku = skuOf[i] as number;
      this.shelves[sku]?.waiting.push(shipBy[i] as number, i);
      this.busy.add(sku);
    }
    if (this.busy.size === 0) return;
    for (const sku of this.busy) {
      const shelf = this.shelves[sku] as Shelf;
      while (shelf.stock > 0) {
        const i = shelf.waiting.peek();
        if (i === undefined) break;
        const units = Math.min(this.open[i] as number, shelf.stock);
        if (units === this.open[i]) shelf.waiting.pop();
        if (units > 0) this.ship(sku, i, units);
      }
    }
    this.busy.clear();
  }

  private ship(sku: number, i: number, units: number): void {
    const l = this.scene.lines[i] as Scene['lines'][number];
    const { assumptions: a } = this.scene;
    const shelf = this.shelves[sku] as Shelf;
    const d = this.demand[sku] as MutableDemand;
    const before = this.shipped[i] as number;
    shelf.stock -= units;
    const again = Math.min(units, shelf.restocked);
    shelf.restocked -= again;
    this.open[i] = (this.open[i] as number) - units;
    this.view?.open(i, l.sku, -units);
    this.shipped[i] = before + units;
    d.open -= units;
    d.shipped += units;
    d.openPaidSeconds -= (units * (l.paidAt as number)) / 1000;
    const price = this.listPrice(sku);
    this.account.freight += (units * price * a.freightOutBp) / 10_000;
    if (l.sale) {
      this.account.sold += units;
      this.account.resold += again;
      this.account.revenue += units * l.unitPrice;
    } else this.account.given += units;
    if (this.now > l.shipBy && l.sale) {
      this.account.late += units;
      this.account.lateness += (units * l.unitPrice * a.latenessPerDayBp * Math.ceil((this.now - l.shipBy) / DAY_MS)) / 10_000;
    }
    const deliveredAt = this.now + a.transitDays * DAY_MS;
    const day = Math.floor(deliveredAt / DAY_MS);
    this.view?.ship(sku, units, deliveredAt);
    // Of the line's returned units those of the units that leave now: the first ones first.
    let past = before;
    let left = units;
    for (const r of l.returns) {
      const taken = Math.min(left, Math.max(0, r.quantity - past));
      past = Math.max(0, past - r.quantity);
      left -= taken;
      if (taken > 0) this.due.push(deliveredAt + r.lag, () => this.comesBack(i, taken, r, deliveredAt + r.lag, day));
    }
  }

  private listPrice(sku: number): number {
    return this.scene.skus[sku]?.terms.price ?? 0;
  }

  private comesBack(i: number, units: number, r: DemandReturn, at: number, deliveredOn?: number): void {
    const l = this.scene.lines[i] as Scene['lines'][number];
    const { assumptions: a } = this.scene;
    const { sku } = l;
    const history = this.view?.returns.skus[sku];
    const price = this.listPrice(sku);
    this.shipped[i] = (this.shipped[i] as number) - units;
    this.account.refunds += units * l.unitPrice;
    this.account.returned += units;
    const day = Math.floor(at / DAY_MS);
    if (deliveredOn !== undefined) this.view?.returns.askBack(sku, deliveredOn, day, units);
    this.view?.touched.add(sku);
    if (r.kind === 'refund-only') return;
    this.account.freight += (units * price * a.freightBackBp) / 10_000;
    const id = this.announcements++;
    history?.announced.set(id, { day, units });
    this.due.push(at + r.underWay + a.gradingDays * DAY_MS, () => {
      history?.announced.delete(id);
      this.account.grading += (units * price * a.gradingBp) / 10_000;
      this.view?.touched.add(sku);
      if (r.grade === 'A') {
        if (history !== undefined) history.usable += units;
        this.account.restocked += units;
        this.stockUp(sku, units, true);
      } else {
        if (history !== undefined) history.lost += units;
        this.account.markdowns += (units * price * (10_000 - a.markdownBp[r.grade])) / 10_000;
      }
    });
  }

  private stockUp(sku: number, units: number, restocked: boolean): void {
    const shelf = this.shelves[sku] as Shelf;
    shelf.stock += units;
    shelf.ever += units;
    if (restocked) shelf.restocked += units;
    this.busy.add(sku);
    this.view?.touched.add(sku);
  }

  private giveUp(i: number): void {
    const units = this.open[i] as number;
    if (units === 0) return;
    const l = this.scene.lines[i] as Scene['lines'][number];
    this.gaveUp[i] = 1;
    if (l.sale) {
      this.account.lost += units;
      if (this.options.sells) this.account.cancellations += (units * l.unitPrice * this.scene.assumptions.cancellationAfterPromiseBp) / 10_000;
    }
    // A gift that was promised and does not come is made good in money.
    else this.account.cancellations += units * (this.scene.skus[l.sku]?.unitCost ?? 0);
    this.takeOut(i, units);
  }

  // What policies ask.

  /** Sellable units that ever were, those since shipped included. */
  sellable(sku: number): number {
    return (this.shelves[sku] as Shelf).ever;
  }

  stock(sku: number): number {
    return (this.shelves[sku] as Shelf).stock;
  }

  get seen(): Seen {
    if (this.view === undefined) throw new Error('a policy that looks says so: `looks`');
    return this.view;
  }

  /** Lines of more than `least` units that were paid after `since` and are open: [units, paid at, buyer]. */
  largeLines(sku: number, least: number, since: number): ReturnType<Seen['largeLines']> {
    return this.seen.largeLines(sku, least, since, this.open);
  }

  /** Units under way from factories, by the day on which they come. */
  supply(sku: number): { readonly quantity: number; readonly arrivesAt: number }[] {
    return this.factories.supply(sku);
  }

  room(sku: number, days: number): Room {
    return this.factories.room(sku, days);
  }

  soonest(sku: number): { readonly at: number; readonly delay: number } {
    return this.factories.soonest(sku);
  }

  uncut(sku: number): number {
    return this.factories.uncut(sku);
  }

  unitCost(sku: number): number | null {
    return this.factories.unitCost(sku);
  }

  // What policies do.

  place(quantities: ReadonlyMap<number, number>): void {
    this.factories.place(quantities);
  }

  takeBack(group: readonly number[], surplus: ReadonlyMap<number, number>): number {
    return this.factories.takeBack(group, surplus);
  }

  /** What is still under way is taken in and paid for, whoever still waits gives up, and what is left is counted and salvaged. */
  close(): void {
    // Nothing that was ordered is free, and nobody waits for ever.
    this.factories.receiveAll();
    for (const { lines } = this.farewells; this.gone < lines.length; this.gone++) this.giveUp(lines[this.gone] as number);
    for (const [sku, shelf] of this.shelves.entries()) {
      this.account.leftOver += shelf.stock;
      this.account.salvage += shelf.stock * (this.scene.skus[sku]?.salvage ?? 0);
    }
    this.account.demanded = this.account.sold + this.account.lost;
  }
}
