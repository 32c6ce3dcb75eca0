// Castline's own policy, by the very rules of the service (need.rules.ts, quantity.ts): what is sold for certain is made while the show
// runs; what is recommended beyond it is made when the show is over and each morning; what is no longer needed is taken back.
import { choose, dateOf, decide, needInput, PRIOR_STANDING, PUBLISHED, type Decided, type NeedInput } from '../../forecast/offline.js';
import { dueNow, grossMargins, HOLDING_MS, holdingCap, servable, unserved, type DatedDemand } from '../../forecast/math/index.js';
import type { NegativeBinomial } from '../../kernel/math/index.js';
import { DAY_MS, HOUR_MS } from './clock.js';
import type { House } from './house.js';
import type { Knowledge } from './knowledge.js';
import type { Policy } from './policies.js';
import type { LineUpItem } from './scene.js';

/** A factory's capacity of so many days from its lead time on is what an order may take. */
const ROOM_DAYS = 7;
/** Local hour (UTC) at which each day's need is looked at. */
const MORNING_HOUR = 1;

export interface Decision {
  readonly at: number;
  readonly group: string;
  /** What the house was told to make or to give back, by SKU. */
  readonly made: ReadonlyMap<string, number>;
  readonly takenBack: number;
  readonly members: readonly Decided[];
}

export interface CastlineOptions {
  /** Make only what is sold already: never more than the committed need. */
  readonly committedOnly: boolean;
  readonly hear?: (decision: Decision) => void;
}

const itemsBySku = (house: House): Map<number, LineUpItem[]> => {
  const index = new Map(house.scene.skus.map((s, i) => [s.terms.sku, i]));
  const items = new Map<number, LineUpItem[]>();
  for (const item of house.scene.items) {
    const sku = index.get(item.sku);
    if (sku !== undefined) items.set(sku, [...(items.get(sku) ?? []), item]);
  }
  return items;
};

/** The numbers behind one SKU, as the service would gather them. `words`: reasons too. */
export function inputOf(house: House, sku: number, items: readonly LineUpItem[], knowledge: Knowledge, whole: boolean, words = true): NeedInput {
  const { terms } = house.scene.skus[sku] as House['scene']['skus'][number];
  const d = house.demand[sku] as House['demand'][number];
  const cap = holdingCap(d.lines, d.lineLogMilli);
  const large = house.largeLines(sku, cap, house.now - HOLDING_MS);
  const held = large.length === 0 ? undefined : { held: large.reduce((s, l) => s + l.units - cap, 0), first_paid: new Date(Math.min(...large.map((l) => l.paidAt))) };
  const now = new Date(house.now);
  const cost = house.unitCost(sku);
  const supply = house.supply(sku);
  const base = needInput({
    terms: { ...terms, unit_cost: cost ?? terms.unit_cost, cost_currency: cost === null ? terms.cost_currency : terms.currency, salvage_value: house.scene.skus[sku]?.salvage ?? 0 },
    now, demand: d, held, sellable: house.sellable(sku),
    // A new order would queue behind what is under way, so all of that counts as in time, whatever the queue made of its date.
    supply: supply.length === 0 ? [] : [{ quantity: supply.reduce((s, b) => s + b.quantity, 0), due: dateOf(now, terms.supplier_time_zone) }], returns: undefined,
    // What still sells is believed below, by `knowledge`.
    standing: undefined, standingModel: PRIOR_STANDING, nowcasts: [], model: PUBLISHED, items: items.filter((i) => i.ends_at.getTime() > house.now - DAY_MS),
  });
  const { assumptions: a } = house.scene;
  const { slots, delay } = house.room(sku, ROOM_DAYS);
  const firstAt = slots[0]?.at ?? Infinity;
  const days = Math.min(45, Math.max(1, Math.round((firstAt - house.now) / DAY_MS)));
  const reflow = knowledge.reflow(house, sku, days);
  const ageHours = d.open === 0 ? 0 : Math.max(0, house.now / 1000 - d.openPaidSeconds / d.open) / 3600;
  const cancellation = knowledge.cancellation(house, sku, ageHours) ?? base.cancellation;
  const share = (d.open === 0 ? 0 : (d.open - base.held) / d.open) * (1 - cancellation);
  const open = house.openByShipBy(sku).map(({ at, units }): DatedDemand => ({ mean: units * share, variance: 0, deadline: at }));
  const goods = [{ at: house.now, units: base.stock }, ...supply.map((b) => ({ at: b.arrivesAt, units: b.quantity })), { at: firstAt, units: reflow.units }].sort((x, y) => x.at - y.at);
  const { demand: uncovered, left } = unserved(open, goods, a.patienceDays);
  // What can be ordered tomorrow as well is not ordered today, when more is known tomorrow; unless tomorrow's room is not enough.
  const tomorrow = slots.map((s) => ({ at: s.at + delay, units: s.units }));
  const urgent = whole ? uncovered.filter((u) => servable([u], tomorrow, a.patienceDays) < 0.98 * u.mean) : uncovered;
  const certain = servable(urgent, slots, a.patienceDays);
  const wanted = uncovered.reduce((sum, u) => sum + u.mean, 0);
  const waits = wanted - urgent.reduce((sum, u) => sum + u.mean, 0);
  const notes = !words || wanted < 0.5 ? [] : [
    `nothing comes for ${wanted.toFixed(1)} of the open units: ${certain.toFixed(1)} still find their buyers if ordered now (from ${new Date(firstAt).toISOString().slice(0, 10)} on), ${waits.toFixed(1)} can be ordered a day later as well, the other buyers will have given up`,
  ];
  const expected = knowledge.more(house, sku, items.filter((i) => i.ends_at.getTime() > house.now - 3 * DAY_MS), firstAt + delay - house.now);
  const later = dueNow(expected, { arrivesAt: firstAt, nextArrivesAt: firstAt + delay, patienceDays: a.patienceDays });
  const keep = 1 - reflow.rate;
  const price = base.terms.price;
  const cu = cost === null || cost <= base.terms.salvage_value || keep <= 0 ? undefined : grossMargins(
    { price, unitCost: cost, salvage: base.terms.salvage_value }, { keepRate: keep, freight: (price * a.freightBackBp) / 10_000, grading: (price * a.gradingBp) / 10_000, markdown: 0 },
    items.some((i) => i.starts_at.getTime() > firstAt) ? 'in season' : 'after season',
  ).under - (price * a.freightOutBp) / 10_000;
  return {
    ...base, cancellation, kept: Math.floor(base.stock + base.due + reflow.units - left + certain), reflow: reflow.units, keep, more: negativeBinomialOf(later.mean, later.variance), standing: knowledge.standing(house, sku, firstAt + delay - house.now),
    room: slots.reduce((sum, x) => sum + x.units, 0), notes,
    ...(cu === undefined ? {} : { underage: cu }),
  };
}

const negativeBinomialOf = (mean: number, variance: number): NegativeBinomial => {
  if (mean <= 0) return { shape: 1, probability: 1 };
  const v = Math.max(variance, mean * (1 + 1e-6));
  return { shape: (mean * mean) / (v - mean), probability: mean / v };
};

export interface CastlinePolicy extends Policy {
  /** Looks at every group as on a morning, whatever the hour. */
  decideAll(house: House): void;
}

export function castlinePolicy(knowledge: Knowledge, options: CastlineOptions = { committedOnly: false }): CastlinePolicy {
  let items: Map<number, LineUpItem[]> | undefined;
  /** Groups to look at, by when they may be next: a quarter of an hour after the last time. */
  let morning = -Infinity;
  let upcoming: LineUpItem[] = [];
  /** When any show runs: between them nothing is looked at but in the morning. */
  let shows: { readonly from: number; readonly to: number }[] = [];
  const pending = new Set<string>();
  const groupBySku = new Map<number, string>();
  return {
    sells: true,
    decideAll: (house) => {
      items ??= itemsBySku(house);
      for (const group of house.groups.values()) decideGroupOf(house, group, items, knowledge, !options.committedOnly, options.hear);
    },
    decide: (house) => {
      items ??= itemsBySku(house);
      if (groupBySku.size === 0) {
        for (const [key, group] of house.groups) for (const sku of group) groupBySku.set(sku, key);
        upcoming = [...house.scene.items].sort((a, b) => a.ends_at.getTime() - b.ends_at.getTime());
        shows = [...new Map(upcoming.map((i) => [`${i.starts_at.getTime()} ${i.ends_at.getTime()}`, { from: i.starts_at.getTime(), to: i.ends_at.getTime() }])).values()];
      }
      for (const sku of house.touched) pending.add(groupBySku.get(sku) as string);
      house.touched.clear();
      const over = new Set<string>();
      while (upcoming[0] !== undefined && upcoming[0].ends_at.getTime() <= house.now) over.add((upcoming.shift() as LineUpItem).broadcast);
      const isMorning = new Date(house.now).getUTCHours() === MORNING_HOUR && house.now - morning >= 20 * HOUR_MS;
      if (isMorning) {
        morning = house.now;
        // Shows within the lead time are looked at although nothing happened yet.
        for (const [sku, list] of items) {
          const lead = (house.scene.skus[sku]?.terms.lead_time_days ?? 0) * DAY_MS;
          if (list.some((i) => i.starts_at.getTime() > house.now && i.starts_at.getTime() <= house.now + lead)) pending.add(groupBySku.get(sku) as string);
        }
      }
      if (pending.size === 0 || (!isMorning && over.size === 0 && !shows.some((s) => s.from <= house.now && house.now < s.to))) return;
      for (const key of isMorning || over.size > 0 ? pending : [...pending].filter((g) => isOnAir(house, house.groups.get(g) ?? [], items as Map<number, LineUpItem[]>))) {
        const group = house.groups.get(key) ?? [];
        const whole = isMorning || group.some((sku) => items?.get(sku)?.some((i) => over.has(i.broadcast)) === true);
        if (!whole && !isOnAir(house, group, items)) continue;
        // While the show runs only what is sold for certain is ordered: nothing to decide where that cannot reach the least order.
        if (!whole && !mayReachLeast(house, group)) continue;
        pending.delete(key);
        decideGroupOf(house, group, items, knowledge, whole && !options.committedOnly, options.hear);
      }
    },
  };
}

const isOnAir = (house: House, group: readonly number[], items: ReadonlyMap<number, readonly LineUpItem[]>): boolean =>
  group.some((sku) => items.get(sku)?.some((i) => i.starts_at.getTime() <= house.now && house.now < i.ends_at.getTime()) === true);

function mayReachLeast(house: House, group: readonly number[]): boolean {
  const most = group.reduce((s, sku) => s + Math.max(0, (house.demand[sku]?.open ?? 0) - house.stock(sku) - house.supply(sku).reduce((sum, b) => sum + b.quantity, 0)), 0);
  return most >= (house.scene.skus[group[0] as number]?.terms.moq ?? 1);
}

function decideGroupOf(house: House, group: readonly number[], items: ReadonlyMap<number, readonly LineUpItem[]>, knowledge: Knowledge, whole: boolean, hear: CastlineOptions['hear']): void {
  const first = house.scene.skus[group[0] as number];
  if (first?.terms.supplier == null) return;
  const inputs = group.map((sku) => inputOf(house, sku, items.get(sku) ?? [], knowledge, whole, hear !== undefined));
  // Words are for whoever listens.
  const decided = hear === undefined ? undefined : decide(inputs);
  const members = decided ?? choose(inputs);
  const made = new Map(group.map((sku, i) => [sku, whole ? (members[i]?.recommended ?? 0) : (members[i]?.firm ?? 0)]));
  const total = [...made.values()].reduce((s, q) => s + q, 0);
  if (total > 0) {
    house.place(new Map([...made].filter(([, q]) => q > 0)));
    hear?.({ at: house.now, group: first.group, made: named(house, made), takenBack: 0, members: decided ?? [] });
    return;
  }
  if (!whole) return;
  const surplus = new Map(group.map((sku, i) => [sku, members[i]?.surplus ?? 0]));
  const units = [...surplus.values()].reduce((s, q) => s + q, 0);
  const takenBack = units >= Math.max(first.terms.lot_multiple, 1) ? house.takeBack(group, surplus) : 0;
  hear?.({ at: house.now, group: first.group, made: new Map(), takenBack, members: decided ?? [] });
}

const named = (house: House, made: ReadonlyMap<number, number>): Map<string, number> => new Map([...made].filter(([, q]) => q > 0).map(([sku, q]) => [house.scene.skus[sku]?.terms.sku ?? '', q]));
