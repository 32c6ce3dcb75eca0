// What a look at one SKU finds, as the service would gather it: what is open against what is there and comes, and what is to be believed
// of the rest.
import type { SkuTerms } from '../../catalogue/index.js';
import { dateOf, needInput, PRIOR_STANDING, PUBLISHED, type NeedInput } from '../../forecast/offline.js';
import { dueNow, grossMargins, HOLDING_MS, holdingCap, servable, unserved, type DatedDemand } from '../../forecast/math/index.js';
import type { NegativeBinomial } from '../../kernel/math/index.js';
import { DAY_MS } from './clock.js';
import type { Room } from './factories.js';
import type { House } from './house.js';
import type { Knowledge, Reflow } from './knowledge.js';
import { LEAST_SPREAD, sellingOn } from './may-pay.js';
import type { LineUpItem, SceneSku } from './scene.js';

/** A factory's capacity of so many days from its lead time on is what an order may take. */
const ROOM_DAYS = 7;

/** What is open of a SKU and what serves it: all but what is still expected to sell. */
export interface Covered {
  readonly sku: number;
  readonly base: NeedInput;
  /** In the currency of the price; null where no rate is known. */
  readonly cost: number | null;
  readonly room: Room;
  /** When goods ordered now would come. */
  readonly firstAt: number;
  readonly reflow: Reflow;
  readonly cancellation: number;
  readonly kept: number;
  /** Open units that nothing comes for; those of them that an order placed now serves; those that can be ordered a day later as well. */
  readonly uncovered: number;
  readonly certain: number;
  readonly waits: number;
}

/** The terms of a SKU at what it cost when it was last asked for: a price changes once in a play. */
const priced = new WeakMap<SceneSku, SkuTerms>();

function termsAt(sku: SceneSku, cost: number | null): SkuTerms {
  const known = priced.get(sku);
  if (known?.unit_cost === (cost ?? sku.terms.unit_cost)) return known;
  const terms = { ...sku.terms, unit_cost: cost ?? sku.terms.unit_cost, cost_currency: cost === null ? sku.terms.cost_currency : sku.terms.currency, salvage_value: sku.salvage };
  priced.set(sku, terms);
  return terms;
}

/** @param whole what can wait for tomorrow waits */
export function coveredOf(house: House, sku: number, items: readonly LineUpItem[], knowledge: Knowledge, whole: boolean): Covered {
  const own = house.scene.skus[sku] as SceneSku;
  const d = house.demand[sku] as House['demand'][number];
  const cap = holdingCap(d.lines, d.lineLogMilli);
  const large = house.largeLines(sku, cap, house.now - HOLDING_MS);
  const held = large.length === 0 ? undefined : { held: large.reduce((s, l) => s + l.units - cap, 0), first_paid: new Date(Math.min(...large.map((l) => l.paidAt))) };
  const now = new Date(house.now);
  const cost = house.unitCost(sku);
  const supply = house.supply(sku);
  const base = needInput({
    terms: termsAt(own, cost), now, demand: d, held, sellable: house.sellable(sku),
    // A new order would queue behind what is under way, so all of that counts as in time, whatever the queue made of its date.
    supply: supply.length === 0 ? [] : [{ quantity: supply.reduce((s, b) => s + b.quantity, 0), due: dateOf(now, own.terms.supplier_time_zone) }], returns: undefined,
    // What still sells is believed below, by `knowledge`.
    standing: undefined, standingModel: PRIOR_STANDING, nowcasts: [], model: PUBLISHED, items: items.filter((i) => i.ends_at.getTime() > house.now - DAY_MS),
  });
  const { patienceDays } = house.scene.assumptions;
  const room = house.room(sku, ROOM_DAYS);
  const { slots, delay } = room;
  const firstAt = slots[0]?.at ?? Infinity;
  const days = Math.min(45, Math.max(1, Math.round((firstAt - house.now) / DAY_MS)));
  const reflow = knowledge.reflow(house, sku, days);
  const ageHours = d.open === 0 ? 0 : Math.max(0, house.now / 1000 - d.openPaidSeconds / d.open) / 3600;
  const cancellation = knowledge.cancellation(house, sku, ageHours) ?? base.cancellation;
  const share = (d.open === 0 ? 0 : (d.open - base.held) / d.open) * (1 - cancellation);
  const open = house.seen.openByShipBy(sku).map(({ at, units }): DatedDemand => ({ mean: units * share, variance: 0, deadline: at }));
  const goods = [{ at: house.now, units: base.stock }, ...supply.map((b) => ({ at: b.arrivesAt, units: b.quantity })), { at: firstAt, units: reflow.units }].sort((x, y) => x.at - y.at);
  const { demand, left } = unserved(open, goods, patienceDays);
  // What can be ordered tomorrow as well is not ordered today, when more is known tomorrow; unless tomorrow's room is not enough.
  const tomorrow = slots.map((s) => ({ at: s.at + delay, units: s.units }));
  const urgent = whole ? demand.filter((u) => servable([u], tomorrow, patienceDays) < 0.98 * u.mean) : demand;
  const certain = servable(urgent, slots, patienceDays);
  const uncovered = demand.reduce((sum, u) => sum + u.mean, 0);
  return {
    sku, base, cost, room, firstAt, reflow, cancellation, kept: Math.floor(base.stock + base.due + reflow.units - left + certain), uncovered, certain, waits: uncovered - urgent.reduce((sum, u) => sum + u.mean, 0),
  };
}

/** Units that must be made whatever still sells; below 0 where more is there than is open. */
export const mustMake = ({ kept, base, reflow }: Covered): number => kept - base.stock - base.due - reflow.units;

/** The numbers behind one SKU, as the service would gather them. `words`: reasons too. */
export function inputOf(house: House, covered: Covered, items: readonly LineUpItem[], knowledge: Knowledge, words = true): NeedInput {
  const { sku, base, cost, room: { slots, delay }, firstAt, reflow, cancellation, kept, uncovered, certain, waits } = covered;
  const { assumptions: a } = house.scene;
  const notes = !words || uncovered < 0.5 ? [] : [
    `nothing comes for ${uncovered.toFixed(1)} of the open units: ${certain.toFixed(1)} still find their buyers if ordered now (from ${new Date(firstAt).toISOString().slice(0, 10)} on), ${waits.toFixed(1)} can be ordered a day later as well, the other buyers will have given up`,
  ];
  const horizonMs = firstAt + delay - house.now;
  const later = dueNow(knowledge.more(house, sku, sellingOn(items, house.now), horizonMs), { arrivesAt: firstAt, nextArrivesAt: firstAt + delay, patienceDays: a.patienceDays });
  const keep = 1 - reflow.rate;
  const price = base.terms.price;
  const cu = cost === null || cost <= base.terms.salvage_value || keep <= 0 ? undefined : grossMargins(
    { price, unitCost: cost, salvage: base.terms.salvage_value }, { keepRate: keep, freight: (price * a.freightBackBp) / 10_000, grading: (price * a.gradingBp) / 10_000, markdown: 0 },
    items.some((i) => i.starts_at.getTime() > firstAt) ? 'in season' : 'after season',
  ).under - (price * a.freightOutBp) / 10_000;
  return {
    ...base, cancellation, kept, reflow: reflow.units, keep, more: negativeBinomialOf(later.mean, later.variance), standing: words ? knowledge.standing(house, sku, horizonMs) : undefined,
    room: slots.reduce((sum, x) => sum + x.units, 0), notes,
    ...(cu === undefined ? {} : { underage: cu }),
  };
}

const negativeBinomialOf = (mean: number, variance: number): NegativeBinomial => {
  if (mean <= 0) return { shape: 1, probability: 1 };
  const v = Math.max(variance, mean * LEAST_SPREAD);
  return { shape: (mean * mean) / (v - mean), probability: mean / v };
};
