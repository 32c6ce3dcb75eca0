// Production in a back-test: what is ordered of factories, when it comes, and everything that binds it (MOQ, lots, capacity, lead times,
// samples, cutting).
import { nextLocalHour } from '../../kernel/math/index.js';
import type { Account } from './account.js';
import { DAY_MS, HOUR_MS } from './clock.js';
import type { Scene } from './scene.js';

/** What takes longer comes at the end of it: nobody of a play waits for it. */
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

/** What a factory may make of a SKU: by the moments at which its goods would come, and how much later each would be if one ordered tomorrow. */
export interface Room {
  readonly slots: readonly { readonly at: number; readonly units: number }[];
  readonly delay: number;
}

/** The house that factories make for. */
export interface Maker {
  readonly now: () => number;
  readonly later: (at: number, what: () => void) => void;
  readonly touch: (sku: number) => void;
  /** Goods are in. */
  readonly arrive: (sku: number, units: number) => void;
}

export class Factories {
  /** By SKU, what is under way. */
  private readonly batches = new Map<number, Batch[]>();
  /** By SKU, then by day: units that a factory is busy with. */
  private readonly capacity: readonly Map<number, number>[];
  private readonly approvedAt = new Map<string, number>();
  private readonly styleMade = new Map<string, number>();
  private orders = 0;

  constructor(
    private readonly scene: Scene,
    /** By SKU, its first sale: what is made from then on bears the premium. */
    private readonly firstSales: Float64Array,
    private readonly account: Account,
    private readonly house: Maker,
  ) {
    this.capacity = scene.skus.map(() => new Map<number, number>());
  }

  /** Units under way from factories, by the day on which they come. */
  supply(sku: number): { readonly quantity: number; readonly arrivesAt: number }[] {
    return (this.batches.get(sku) ?? []).filter((b) => b.quantity > 0);
  }

  /**
   * The room a factory has for an order placed now, by the moments at which its goods would come, for `days` from its lead time on,
   * behind what it has to make already; and how much later each would be if one ordered tomorrow.
   */
  room(sku: number, days: number): Room {
    const { terms } = this.scene.skus[sku] as Scene['skus'][number];
    const capacity = this.capacityOf(sku);
    const { from, firstDay, delay } = this.timing(sku);
    const slots = Array.from({ length: days }, (_, i) => ({ at: Math.max(from, (firstDay + i) * DAY_MS + 8 * HOUR_MS), units: Math.max(0, terms.daily_capacity - (capacity.get(firstDay + i) ?? 0)) }));
    return { slots, delay };
  }

  /** When the first goods of an order placed now would come, and how much later if one ordered tomorrow. */
  soonest(sku: number): { readonly at: number; readonly delay: number } {
    const { from, firstDay, delay } = this.timing(sku);
    return { at: Math.max(from, firstDay * DAY_MS + 8 * HOUR_MS), delay };
  }

  private timing(sku: number): { readonly from: number; readonly firstDay: number; readonly delay: number } {
    const { terms } = this.scene.skus[sku] as Scene['skus'][number];
    const starts = this.startsAt(terms, this.house.now());
    const from = starts + terms.lead_time_days * DAY_MS;
    return { from, firstDay: Math.floor(from / DAY_MS), delay: this.startsAt(terms, this.house.now() + DAY_MS) - starts };
  }

  private startsAt(terms: Scene['skus'][number]['terms'], at: number): number {
    return terms.confirming_hour === null ? at + this.scene.assumptions.answerHours * HOUR_MS : nextLocalHour(at, terms.supplier_time_zone, terms.confirming_hour);
  }

  /** Units that may still be taken back from the factory. */
  uncut(sku: number): number {
    return (this.batches.get(sku) ?? []).reduce((s, b) => s + (b.cutAt > this.house.now() ? b.quantity : 0), 0);
  }

  /** Unit cost of an order placed now: the premium is for orders that follow the first sale. */
  unitCost(sku: number): number | null {
    const s = this.scene.skus[sku] as Scene['skus'][number];
    if (s.unitCost === null) return null;
    return (this.firstSales[sku] as number) > this.house.now() ? s.unitCost : Math.round((s.unitCost * (10_000 + s.terms.reorder_premium_bp)) / 10_000);
  }

  /** Orders units of one group. Throws where MOQ or lots are not kept: a policy that breaks them is wrong, not unlucky. */
  place(quantities: ReadonlyMap<number, number>): void {
    const [firstSku] = quantities.keys();
    const terms = this.scene.skus[firstSku as number]?.terms;
    const total = [...quantities.values()].reduce((s, q) => s + q, 0);
    if (terms === undefined || total === 0) return;
    if (total < terms.moq || total % terms.lot_multiple !== 0) throw new RangeError(`${total} units of ${terms.style} break the MOQ of ${terms.moq} or multiples of ${terms.lot_multiple}`);
    this.account.signals++;
    const order = this.orders++;
    const startsAt = this.startsAt(terms, this.house.now());
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
    if (trial === null || (this.approvedAt.get(style) ?? Infinity) <= this.house.now()) return { now: quantity, later: 0 };
    const now = Math.max(0, Math.min(quantity, trial - made));
    return { now, later: quantity - now };
  }

  private approval(style: string): number {
    let at = this.approvedAt.get(style);
    if (at === undefined) {
      at = this.house.now() + this.scene.assumptions.sampleDays * DAY_MS;
      this.approvedAt.set(style, at);
      this.account.samples++;
    }
    return at;
  }

  private make(sku: number, quantity: number, startsAt: number, order: number): void {
    const { terms } = this.scene.skus[sku] as Scene['skus'][number];
    const capacity = this.capacityOf(sku);
    const lead = terms.lead_time_days * DAY_MS;
    const cutAfter = terms.stage_days['cut'];
    const cutAt = startsAt + (cutAfter === undefined ? lead * this.scene.assumptions.cutShareOfLead : Math.min(lead, cutAfter * DAY_MS));
    let left = quantity;
    const firstDay = Math.floor((startsAt + lead) / DAY_MS);
    for (let day = firstDay; left > 0; day++) {
      const room = terms.daily_capacity - (capacity.get(day) ?? 0);
      if (room <= 0) continue;
      // What takes longer than a year comes at the end of it: nobody of this play waits for it.
      const taken = day >= firstDay + LONGEST_RUN_DAYS ? left : Math.min(room, left);
      capacity.set(day, (capacity.get(day) ?? 0) + taken);
      left -= taken;
      const batch: Batch = { sku, quantity: taken, startsAt, cutAt, arrivesAt: Math.max(startsAt + lead, day * DAY_MS + 8 * HOUR_MS), premium: (this.firstSales[sku] as number) <= this.house.now(), order };
      const list = this.batches.get(sku);
      if (list === undefined) this.batches.set(sku, [batch]);
      else list.push(batch);
      this.house.later(batch.arrivesAt, () => this.receive(batch));
    }
    this.house.touch(sku);
  }

  private receive(batch: Batch): void {
    const list = this.batches.get(batch.sku) as Batch[];
    list.splice(list.indexOf(batch), 1);
    const s = this.scene.skus[batch.sku] as Scene['skus'][number];
    const good = Math.round(batch.quantity * this.scene.assumptions.yield);
    this.account.made += good;
    this.account.production += good * (s.unitCost ?? 0) * (batch.premium ? 1 + s.terms.reorder_premium_bp / 10_000 : 1);
    this.house.arrive(batch.sku, good);
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
      const most = own.map((b) => (b.cutAt > this.house.now() ? Math.min(b.quantity, wanted.get(b.sku) ?? 0) : 0));
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
        const capacity = this.capacityOf(b.sku);
        const day = Math.floor(b.arrivesAt / DAY_MS);
        capacity.set(day, Math.max(0, (capacity.get(day) ?? 0) - taken));
        this.house.touch(b.sku);
      }
      all += cut;
    }
    if (all > 0) this.account.signals++;
    return all;
  }

  /** What is under way is taken in at once. */
  receiveAll(): void {
    for (const batches of [...this.batches.values()]) for (const batch of [...batches]) this.receive(batch);
  }

  private capacityOf(sku: number): Map<number, number> {
    return this.capacity[sku] as Map<number, number>;
  }
}
