// The house of a back-test: shelves, orders that wait, production under way, returns and money. It only carries out: policies say what
// to make, and everything that binds (MOQ, lots, capacity, lead times, samples, cutting) is checked here, for all of them alike.
import type { Demand } from '../../forecast/offline.js';
import { nextLocalHour } from '../../kernel/math/index.js';
import { Queue } from './queue.js';
import { groupsOf, type DemandReturn, type Scene } from './scene.js';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** Time passes in steps of this; within a step everything that fell due happens, then the policy decides. */
export const STEP_MS = HOUR_MS / 4;
/** After the last event of the files everything may come to its end for so long. */
const AFTERMATH_MS = 150 * DAY_MS;
const LONGEST_RUN_DAYS = 365;

/** Units of one SKU that come in together. */
interface Batch {
  readonly sku: number;
  quantity: number;
  readonly startsAt: number;
  readonly cutAt: number;
  readonly arrivesAt: number;
  readonly premium: boolean;
  readonly order: number;
}

/** All that came of one policy. Money in minor units, units whole. */
export interface Account {
  revenue: number; refunds: number; production: number; initialStock: number; freight: number; grading: number; markdowns: number; lateness: number; cancellations: number; salvage: number;
  demanded: number; made: number; sold: number; given: number; lost: number; late: number; leftOver: number; returned: number; restocked: number; resold: number; signals: number; samples: number;
}

const emptyAccount = (): Account => ({
  revenue: 0, refunds: 0, production: 0, initialStock: 0, freight: 0, grading: 0, markdowns: 0, lateness: 0, cancellations: 0, salvage: 0,
  demanded: 0, made: 0, sold: 0, given: 0, lost: 0, late: 0, leftOver: 0, returned: 0, restocked: 0, resold: 0, signals: 0, samples: 0,
});

export const profitOf = (a: Account): number => a.revenue - a.refunds + a.markdowns + a.salvage - a.initialStock - a.production - a.freight - a.grading - a.lateness - a.cancellations;

interface Shelf {
  stock: number;
  /** Restocked units among those on the shelf: they leave first. */
  restocked: number;
  /** Sellable units that ever were. */
  ever: number;
  /** Paid lines that are not packed yet, in the order of payment, and those that may leave, by ship-by. */
  readonly packing: number[];
  packed: number;
  readonly waiting: Queue<number>;
  readonly capacity: Map<number, number>;
}

export type MutableDemand = { -readonly [K in keyof Demand]: Demand[K] };

/** Units delivered by day, and when how many of them were asked back: what a policy may know of returns. */
export interface ReturnHistory {
  /** By day of delivery. */
  readonly delivered: Map<number, number>;
  /** By day of delivery, then by whole days until they were asked back: units. */
  readonly asked: Map<number, Map<number, number>>;
  /** The same in all: by day of delivery, and over all days. */
  readonly gone: Map<number, number>;
  back: number;
  /** Units asked back whose goods are not on the shelf yet, by request: [day, units]. */
  readonly announced: Map<number, { day: number; units: number }>;
  usable: number;
  lost: number;
}

const noHistory = (): ReturnHistory => ({ delivered: new Map(), asked: new Map(), gone: new Map(), back: 0, announced: new Map(), usable: 0, lost: 0 });

function askBack(history: ReturnHistory, deliveredOn: number, askedOn: number, units: number): void {
  let lags = history.asked.get(deliveredOn);
  if (lags === undefined) history.asked.set(deliveredOn, (lags = new Map<number, number>()));
  lags.set(askedOn - deliveredOn, (lags.get(askedOn - deliveredOn) ?? 0) + units);
  history.gone.set(deliveredOn, (history.gone.get(deliveredOn) ?? 0) + units);
  history.back += units;
}

export class House {
  readonly account = emptyAccount();
  readonly demand: readonly MutableDemand[];
  readonly returns: readonly ReturnHistory[];
  /** SKUs of which something changed since a policy last asked. */
  readonly touched = new Set<number>();
  readonly groups: ReadonlyMap<string, readonly number[]>;
  /** SKUs by name. */
  readonly index: ReadonlyMap<string, number>;
  /** When sales of each SKU were paid, by broadcast. */
  readonly arrivals: ReadonlyMap<string, number[]>[];
  now: number;
  private readonly shelves: readonly Shelf[];
  /** Open units by the day of their ship-by. */
  private readonly openByDay: readonly Map<number, number>[];
  private readonly open: Int32Array;
  private readonly shipped: Int32Array;
  private readonly gaveUp: Uint8Array;
  /** SKUs that may have something to pack or to ship. */
  private readonly busy = new Set<number>();
  private readonly givingUp = new Queue<number>();
  private readonly due = new Queue<() => void>();
  private readonly batches = new Map<number, Batch[]>();
  private readonly firstOrder: readonly number[];
  private readonly approvedAt = new Map<string, number>();
  private readonly styleMade = new Map<string, number>();
  private readonly payments: readonly number[];
  private readonly cancellations: readonly { readonly at: number; readonly line: number; readonly quantity: number }[];
  private created = 0;
  private paid = 0;
  private cancelled = 0;
  private orders = 0;

  constructor(readonly scene: Scene, private readonly options: { readonly sells: boolean }) {
    const { skus, lines } = scene;
    this.groups = groupsOf(scene);
    this.index = new Map(skus.map((s, i) => [s.terms.sku, i]));
    this.demand = skus.map(() => ({ open: 0, ordered: 0, netPaid: 0, cancelled: 0, shipped: 0, lines: 0, lineUnits: 0, lineLogMilli: 0, saleLines: 0, cancelledLines: 0, openPaidSeconds: 0 }));
    this.returns = skus.map(noHistory);
    this.arrivals = skus.map(() => new Map<string, number[]>());
    this.shelves = skus.map((s) => ({ stock: s.initialStock, restocked: 0, ever: s.initialStock, packing: [], packed: 0, waiting: new Queue<number>(), capacity: new Map<number, number>() }));
    this.openByDay = skus.map(() => new Map<number, number>());
    this.open = new Int32Array(lines.length);
    this.shipped = new Int32Array(lines.length);
    this.gaveUp = new Uint8Array(lines.length);
    this.account.initialStock = skus.reduce((s, k) => s + k.initialStock * (k.unitCost ?? 0), 0);
    const first = new Array<number>(skus.length).fill(Infinity);
    for (const l of lines) if (l.sale && l.createdAt < (first[l.sku] as number)) first[l.sku] = l.createdAt;
    this.firstOrder = first;
    this.payments = lines.map((_, i) => i).filter((i) => lines[i]?.paidAt !== null).sort((a, b) => (lines[a]?.paidAt as number) - (lines[b]?.paidAt as number) || a - b);
    this.cancellations = lines.flatMap((l, line) => l.cancelled.map((c) => ({ at: c.at, line, quantity: c.quantity }))).sort((a, b) => a.at - b.at || a.line - b.line);
    this.now = Math.floor(scene.startsAt / STEP_MS) * STEP_MS;
    this.account.demanded = 0;
  }

  /** True while something may still happen. */
  get running(): boolean {
    const { lines, endsAt } = this.scene;
    if (this.now >= endsAt + AFTERMATH_MS) return false;
    return this.now <= endsAt || this.created < lines.length || this.due.size > 0 || this.givingUp.size > 0;
  }

  /** Everything up to `until` (a step on), in the order: orders, payments, cancellations, goods in, goods out, buyers who give up. */
  step(until = this.now + STEP_MS): void {
    const { lines } = this.scene;
    for (let l = lines[this.created]; l !== undefined && l.createdAt <= until; l = lines[++this.created]) this.create(this.created);
    for (let i = this.payments[this.paid]; i !== undefined && (lines[i]?.paidAt as number) <= until; i = this.payments[++this.paid]) this.pay(i);
    for (let c = this.cancellations[this.cancelled]; c !== undefined && c.at <= until; c = this.cancellations[++this.cancelled]) this.cancel(c.line, c.quantity, c.at);
    while (this.due.next <= until) this.due.pop()?.();
    this.now = until;
    this.dispatch();
    while (this.givingUp.next <= until) this.giveUp(this.givingUp.pop() as number);
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
    this.touched.add(l.sku);
  }

  private pay(i: number): void {
    const l = this.scene.lines[i] as Scene['lines'][number];
    const d = this.demand[l.sku] as MutableDemand;
    this.open[i] = l.quantity;
    this.byDay(l, l.quantity);
    d.netPaid += l.quantity;
    d.open += l.quantity;
    d.openPaidSeconds += (l.quantity * (l.paidAt as number)) / 1000;
    if (l.sale) {
      const byBroadcast = this.arrivals[l.sku] as Map<string, number[]>;
      const times = byBroadcast.get(l.broadcast);
      if (times === undefined) byBroadcast.set(l.broadcast, [l.paidAt as number]);
      else times.push(l.paidAt as number);
    }
    const shelf = this.shelves[l.sku] as Shelf;
    shelf.packing.push(i);
    this.busy.add(l.sku);
    // Who sells only what is there closes the link instead of letting buyers wait: nobody gives up.
    this.givingUp.push(this.options.sells ? l.shipBy + l.patience * DAY_MS : Math.max(l.shipBy, (l.paidAt as number) + DAY_MS), i);
    this.touched.add(l.sku);
  }

  private byDay(l: Scene['lines'][number], units: number): void {
    const days = this.openByDay[l.sku] as Map<number, number>;
    const day = Math.floor(l.shipBy / DAY_MS);
    days.set(day, (days.get(day) ?? 0) + units);
  }

  private cancel(i: number, quantity: number, at: number): void {
    const l = this.scene.lines[i] as Scene['lines'][number];
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
    this.byDay(l, -units);
    d.open -= units;
    d.netPaid -= units;
    d.cancelled += units;
    d.openPaidSeconds -= (units * (l.paidAt as number)) / 1000;
    this.touched.add(l.sku);
  }

  private dispatch(): void {
    const ready = this.now - this.scene.assumptions.packHours * HOUR_MS;
    const { lines } = this.scene;
    for (const sku of this.busy) {
      const shelf = this.shelves[sku] as Shelf;
      for (let i = shelf.packing[shelf.packed]; i !== undefined && (lines[i]?.paidAt as number) <= ready; i = shelf.packing[++shelf.packed]) if ((this.open[i] as number) > 0) shelf.waiting.push(lines[i]?.shipBy as number, i);
      while (shelf.stock > 0) {
        const i = shelf.waiting.peek();
        if (i === undefined) break;
        const units = Math.min(this.open[i] as number, shelf.stock);
        if (units === this.open[i]) shelf.waiting.pop();
        if (units > 0) this.ship(sku, i, units);
      }
      if (shelf.packed === shelf.packing.length && (shelf.stock === 0 || shelf.waiting.size === 0)) this.busy.delete(sku);
    }
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
    this.byDay(l, -units);
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
    this.due.push(deliveredAt, () => {
      const history = this.returns[sku] as ReturnHistory;
      history.delivered.set(day, (history.delivered.get(day) ?? 0) + units);
      this.touched.add(sku);
    });
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
    const history = this.returns[sku] as ReturnHistory;
    const price = this.listPrice(sku);
    this.shipped[i] = (this.shipped[i] as number) - units;
    this.account.refunds += units * l.unitPrice;
    this.account.returned += units;
    const day = Math.floor(at / DAY_MS);
    if (deliveredOn !== undefined) askBack(history, deliveredOn, day, units);
    this.touched.add(sku);
    if (r.kind === 'refund-only') return;
    this.account.freight += (units * price * a.freightBackBp) / 10_000;
    const id = this.orders++;
    history.announced.set(id, { day, units });
    this.due.push(at + r.underWay + a.gradingDays * DAY_MS, () => {
      history.announced.delete(id);
      this.account.grading += (units * price * a.gradingBp) / 10_000;
      this.touched.add(sku);
      if (r.grade === 'A') {
        history.usable += units;
        this.account.restocked += units;
        this.stockUp(sku, units, true);
      } else {
        history.lost += units;
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
    this.touched.add(sku);
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

  /** Units under way from factories, by the day on which they come. */
  supply(sku: number): { readonly quantity: number; readonly arrivesAt: number }[] {
    return (this.batches.get(sku) ?? []).filter((b) => b.quantity > 0);
  }

  /**
   * The room a factory has for an order placed now, by the moments at which its goods would come, for `days` from its lead time on,
   * behind what it has to make already; and how much later each would be if one ordered tomorrow.
   */
  room(sku: number, days: number): { readonly slots: readonly { readonly at: number; readonly units: number }[]; readonly delay: number } {
    const { terms } = this.scene.skus[sku] as Scene['skus'][number];
    const { capacity } = this.shelves[sku] as Shelf;
    const starts = this.startsAt(terms, this.now);
    const from = starts + terms.lead_time_days * DAY_MS;
    const firstDay = Math.floor(from / DAY_MS);
    const slots = Array.from({ length: days }, (_, i) => ({ at: Math.max(from, (firstDay + i) * DAY_MS + 8 * HOUR_MS), units: Math.max(0, terms.daily_capacity - (capacity.get(firstDay + i) ?? 0)) }));
    return { slots, delay: this.startsAt(terms, this.now + DAY_MS) - starts };
  }

  private startsAt(terms: Scene['skus'][number]['terms'], at: number): number {
    return terms.confirming_hour === null ? at + this.scene.assumptions.answerHours * HOUR_MS : nextLocalHour(at, terms.supplier_time_zone, terms.confirming_hour);
  }

  /** Open units by the day of their ship-by, the earliest first. */
  openByShipBy(sku: number): { readonly at: number; readonly units: number }[] {
    const byDay = this.openByDay[sku] as Map<number, number>;
    return [...byDay].filter(([, units]) => units > 0).sort(([a], [b]) => a - b).map(([day, units]) => ({ at: (day + 1) * DAY_MS, units }));
  }

  /** Units that may still be taken back from the factory. */
  uncut(sku: number): number {
    return (this.batches.get(sku) ?? []).reduce((s, b) => s + (b.cutAt > this.now ? b.quantity : 0), 0);
  }

  /** Lines of more than `least` units that were paid after `since` and are open: [units, paid at, buyer]. */
  largeLines(sku: number, least: number, since: number): { readonly units: number; readonly paidAt: number; readonly buyer: string }[] {
    const shelf = this.shelves[sku] as Shelf;
    const found: { units: number; paidAt: number; buyer: string }[] = [];
    for (let n = shelf.packing.length - 1; n >= 0; n--) {
      const i = shelf.packing[n] as number;
      const l = this.scene.lines[i] as Scene['lines'][number];
      if ((l.paidAt as number) <= since) break;
      if ((this.open[i] as number) > least) found.push({ units: this.open[i] as number, paidAt: l.paidAt as number, buyer: l.buyer });
    }
    return found;
  }

  /** Unit cost of an order placed now: the premium is for orders that follow the first sale. */
  unitCost(sku: number): number | null {
    const s = this.scene.skus[sku] as Scene['skus'][number];
    if (s.unitCost === null) return null;
    return (this.firstOrder[sku] as number) > this.now ? s.unitCost : Math.round((s.unitCost * (10_000 + s.terms.reorder_premium_bp)) / 10_000);
  }

  // What policies do.

  /** Orders units of one group. Throws where MOQ or lots are not kept: a policy that breaks them is wrong, not unlucky. */
  place(quantities: ReadonlyMap<number, number>): void {
    const [firstSku] = quantities.keys();
    const terms = this.scene.skus[firstSku as number]?.terms;
    const total = [...quantities.values()].reduce((s, q) => s + q, 0);
    if (terms === undefined || total === 0) return;
    if (total < terms.moq || total % terms.lot_multiple !== 0) throw new RangeError(`${total} units of ${terms.style} break the MOQ of ${terms.moq} or multiples of ${terms.lot_multiple}`);
    this.account.signals++;
    const order = this.orders++;
    const startsAt = this.startsAt(terms, this.now);
    for (const [sku, quantity] of quantities) {
      if (!Number.isSafeInteger(quantity) || quantity < 0) throw new RangeError(`a quantity must be a whole number, got ${quantity}`);
      const { now: withinTrial, later } = this.trial(terms.style, terms.trial_quantity, quantity);
      if (withinTrial > 0) this.make(sku, withinTrial, startsAt, order);
      if (later > 0) this.make(sku, later, Math.max(startsAt, this.approval(terms.style)), order);
    }
  }

  /** Up to the trial quantity of a style may be made at once; the rest waits for its sample. */
  private trial(style: string, trial: number | null, quantity: number): { now: number; later: number } {
    const made = this.styleMade.get(style) ?? 0;
    this.styleMade.set(style, made + quantity);
    if (trial === null || (this.approvedAt.get(style) ?? Infinity) <= this.now) return { now: quantity, later: 0 };
    const now = Math.max(0, Math.min(quantity, trial - made));
    return { now, later: quantity - now };
  }

  private approval(style: string): number {
    let at = this.approvedAt.get(style);
    if (at === undefined) {
      at = this.now + this.scene.assumptions.sampleDays * DAY_MS;
      this.approvedAt.set(style, at);
      this.account.samples++;
    }
    return at;
  }

  private make(sku: number, quantity: number, startsAt: number, order: number): void {
    const { terms } = this.scene.skus[sku] as Scene['skus'][number];
    const shelf = this.shelves[sku] as Shelf;
    const lead = terms.lead_time_days * DAY_MS;
    const cutAfter = terms.stage_days['cut'];
    const cutAt = startsAt + (cutAfter === undefined ? lead * this.scene.assumptions.cutShareOfLead : Math.min(lead, cutAfter * DAY_MS));
    let left = quantity;
    const firstDay = Math.floor((startsAt + lead) / DAY_MS);
    for (let day = firstDay; left > 0; day++) {
      const room = terms.daily_capacity - (shelf.capacity.get(day) ?? 0);
      if (room <= 0) continue;
      // What takes longer than a year comes at the end of it: nobody of this play waits for it.
      const taken = day >= firstDay + LONGEST_RUN_DAYS ? left : Math.min(room, left);
      shelf.capacity.set(day, (shelf.capacity.get(day) ?? 0) + taken);
      left -= taken;
      const batch: Batch = { sku, quantity: taken, startsAt, cutAt, arrivesAt: Math.max(startsAt + lead, day * DAY_MS + 8 * HOUR_MS), premium: (this.firstOrder[sku] as number) <= this.now, order };
      const list = this.batches.get(sku);
      if (list === undefined) this.batches.set(sku, [batch]);
      else list.push(batch);
      this.due.push(batch.arrivesAt, () => this.receive(batch));
    }
    this.touched.add(sku);
  }

  private receive(batch: Batch): void {
    const list = this.batches.get(batch.sku) as Batch[];
    list.splice(list.indexOf(batch), 1);
    const s = this.scene.skus[batch.sku] as Scene['skus'][number];
    const good = Math.round(batch.quantity * this.scene.assumptions.yield);
    this.account.made += good;
    this.account.production += good * (s.unitCost ?? 0) * (batch.premium ? 1 + s.terms.reorder_premium_bp / 10_000 : 1);
    this.stockUp(batch.sku, good, false);
  }

  /**
   * Takes units back that are not cut, the latest first; of each order what is left stays at or above the MOQ and in lots, or
   * becomes nothing. Answers how many of each SKU were taken back.
   */
  takeBack(group: readonly number[], surplus: ReadonlyMap<number, number>): number {
    const terms = this.scene.skus[group[0] as number]?.terms;
    if (terms === undefined) return 0;
    const batches = group.flatMap((sku) => (this.batches.get(sku) ?? []).filter((b) => b.quantity > 0));
    const wanted = new Map(surplus);
    let all = 0;
    for (const order of [...new Set(batches.map((b) => b.order))].sort((a, b) => b - a)) {
      const own = batches.filter((b) => b.order === order);
      const total = own.reduce((s, b) => s + b.quantity, 0);
      const most = own.map((b) => (b.cutAt > this.now ? Math.min(b.quantity, wanted.get(b.sku) ?? 0) : 0));
      const possible = most.reduce((s, n) => s + n, 0);
      const cut = possible === total ? total : Math.min(Math.floor(possible / terms.lot_multiple) * terms.lot_multiple, Math.floor(Math.max(0, total - terms.moq) / terms.lot_multiple) * terms.lot_multiple);
      if (cut === 0) continue;
      let left = cut;
      for (const [n, b] of [...own.entries()].reverse()) {
        const taken = Math.min(left, most[n] as number);
        if (taken === 0) continue;
        left -= taken;
        b.quantity -= taken;
        wanted.set(b.sku, (wanted.get(b.sku) ?? 0) - taken);
        const { capacity } = this.shelves[b.sku] as Shelf;
        const day = Math.floor(b.arrivesAt / DAY_MS);
        capacity.set(day, Math.max(0, (capacity.get(day) ?? 0) - taken));
        this.touched.add(b.sku);
      }
      all += cut;
    }
    if (all > 0) this.account.signals++;
    return all;
  }

  /** What is still under way is taken in and paid for, whoever still waits gives up, and what is left is counted and salvaged. */
  close(): void {
    // Nothing that was ordered is free, and nobody waits for ever.
    for (const batches of [...this.batches.values()]) for (const batch of [...batches]) this.receive(batch);
    while (this.givingUp.size > 0) this.giveUp(this.givingUp.pop() as number);
    for (const [sku, shelf] of this.shelves.entries()) {
      this.account.leftOver += shelf.stock;
      this.account.salvage += shelf.stock * (this.scene.skus[sku]?.salvage ?? 0);
    }
    this.account.demanded = this.account.sold + this.account.lost;
  }
}
