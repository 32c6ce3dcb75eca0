// What is needed of a SKU and how much of it to make, with the reasons: pure, so that the service and the back-test decide alike.
import type { RunningItem } from '../broadcasts/index.js';
import type { SkuTerms } from '../catalogue/index.js';
import { localTime, negativeBinomialMean, negativeBinomialQuantiles, type NegativeBinomial } from '../kernel/math/index.js';
import type { SkuDemand } from '../orders/index.js';
import {
  cancellationToCome, criticalFractile, decideGroup, HOLDING_MS, LEVELS, pooled, type Item, type Standing,
} from './math/index.js';
import type { NeedState, ReturnExpectation } from './forecast.repository.js';
import { standingPart, standingReason, type NamedStanding, type StandingPart } from './standing.rules.js';
import { tells, unitsOf, unitsToCome, type ItemNowcast, type NamedModel } from './nowcast.rules.js';

const DAY_MS = 86_400_000;

/** What orders of a SKU sum up to over the shops of one world (contracts of order lines: units, lines, seconds). */
export interface Demand {
  readonly open: number;
  readonly ordered: number;
  readonly netPaid: number;
  readonly cancelled: number;
  readonly shipped: number;
  readonly lines: number;
  readonly lineUnits: number;
  readonly lineLogMilli: number;
  readonly saleLines: number;
  readonly cancelledLines: number;
  readonly openPaidSeconds: number;
}

export interface NeedInput {
  readonly terms: SkuTerms;
  readonly now: Date;
  readonly demand: Demand;
  readonly held: number;
  readonly cancellation: number;
  readonly kept: number;
  readonly stock: number;
  readonly due: number;
  readonly late: number;
  /** Part of `due` that should have come before today. It counts: what is late is chased, and ordering it again would make it twice. */
  readonly overdue: number;
  /** Returned units that will be on the shelf by the promise, cautiously. */
  readonly reflow: number;
  readonly keep: number;
  /** What one more unit that sells earns, where more is known than the keep rate. */
  readonly underage?: number;
  /** More reasons, from whoever knew more. */
  readonly notes?: readonly string[];
  /** What the factory has room for, where more is known than its daily capacity. */
  readonly room?: number;
  readonly promise: Date;
  readonly more: NegativeBinomial;
  /** What broadcasts are expected to sell still, part of `more`, and by which model. */
  readonly onAir: readonly BroadcastPart[];
  readonly model: NamedModel;
  /** What is expected to sell outside broadcasts, part of `more`. */
  readonly standing: StandingPart | undefined;
  readonly running: Omit<RunningItem, 'version'> | undefined;
  readonly reassessAt: Date | null;
}

export interface Decided extends NeedInput {
  readonly committedNeed: number;
  readonly recommended: number | null;
  readonly firm: number;
  readonly surplus: number;
  readonly quantiles: readonly number[];
  readonly reasons: readonly string[];
}

export const dateOf = (at: Date, timeZone: string): string => localTime(at.getTime(), timeZone).date;

/** Units that one broadcast is expected to sell still. */
export interface BroadcastPart {
  readonly broadcast: string;
  readonly phase: ItemNowcast['phase'];
  readonly orders: number;
  readonly units: NegativeBinomial;
}

/** What is known of one SKU at a moment: the raw material of an assessment. */
export interface NeedFacts {
  readonly terms: SkuTerms;
  readonly now: Date;
  readonly demand: Demand;
  /** Units beyond the cap for one line or one buyer, and when the first of them was paid. */
  readonly held: { readonly held: number; readonly first_paid: Date } | undefined;
  /** Sellable units that ever were, those since shipped included. */
  readonly sellable: number;
  readonly supply: readonly { readonly quantity: number; readonly due: string }[];
  readonly returns: ReturnExpectation | undefined;
  /** How it sells outside broadcasts, and the model to ask; undefined where it never did. */
  readonly standing: Standing | undefined;
  readonly standingModel: NamedStanding;
  /** Line-up items of broadcasts that may still sell. */
  readonly items: readonly Omit<RunningItem, 'version'>[];
  /** The SKU in each of these broadcasts, and by which model. */
  readonly nowcasts: readonly ItemNowcast[];
  readonly model: NamedModel;
}

export function needInput(f: NeedFacts): NeedInput {
  const { terms: t, now, demand: d } = f;
  const held = Math.min(d.open, f.held?.held ?? 0);
  const ageHours = d.open === 0 ? 0 : Math.max(0, now.getTime() / 1000 - d.openPaidSeconds / d.open) / 3600;
  const cancellation = cancellationToCome(d.saleLines, d.cancelledLines, ageHours);
  const running = f.items.filter((i) => i.starts_at <= now && now < i.ends_at);
  const promiseDays = Math.max(0, ...running.map((i) => i.promise_days));
  const horizonDays = Math.max(t.lead_time_days, promiseDays);
  const today = dateOf(now, t.supplier_time_zone);
  const inTime = dateOf(new Date(now.getTime() + horizonDays * DAY_MS), t.supplier_time_zone);
  const promise = new Date(now.getTime() + (promiseDays > 0 ? promiseDays : t.lead_time_days) * DAY_MS);
  const wakes = [...(f.held === undefined ? [] : [f.held.first_paid.getTime() + HOLDING_MS]), ...running.map((i) => i.ends_at.getTime())];
  const onAir = partsOf(f);
  const standing = standingPart(f.standingModel, f.standing, t.lead_time_days);
  return {
    terms: t, now, demand: d, held, cancellation, kept: Math.floor((d.open - held) * (1 - cancellation)), stock: Math.max(0, f.sellable - d.shipped),
    due: f.supply.filter((s) => s.due <= inTime).reduce((s, x) => s + x.quantity, 0), late: f.supply.filter((s) => s.due > inTime).reduce((s, x) => s + x.quantity, 0),
    overdue: f.supply.filter((s) => s.due < today).reduce((s, x) => s + x.quantity, 0), promise,
    reflow: f.returns === undefined ? 0 : reflowBetween(f.returns, today, dateOf(promise, t.supplier_time_zone)), keep: 1 - (f.returns?.rate ?? 0),
    more: pooled([...onAir.map((p) => p.units), ...(standing === undefined ? [] : [standing.units])], 1), onAir, model: f.model, standing, running: running[0], reassessAt: wakes.length === 0 ? null : new Date(Math.min(...wakes)),
  };
}

/** What broadcasts will still sell of a SKU: those on air, their tails, and those that begin within its lead time. */
function partsOf(f: NeedFacts): BroadcastPart[] {
  const perOrder = unitsOf(f.model.model, f.demand);
  return f.nowcasts.filter((n) => tells(f.model.model, n)).map((n) => ({ broadcast: n.broadcast, phase: n.phase, orders: n.orders, units: unitsToCome(n, perOrder) }));
}

export function sumOfDemand(rows: readonly SkuDemand[]): Demand {
  const add = (pick: (r: SkuDemand) => number): number => rows.reduce((s, r) => s + pick(r), 0);
  return {
    open: add((r) => r.open_units), ordered: add((r) => r.ordered), netPaid: add((r) => r.net_paid), cancelled: add((r) => r.cancelled), shipped: add((r) => r.shipped),
    lines: add((r) => r.lines), lineUnits: add((r) => r.line_units), lineLogMilli: add((r) => r.line_log_milli), saleLines: add((r) => r.sale_lines),
    cancelledLines: add((r) => r.cancelled_lines), openPaidSeconds: add((r) => r.open_paid_seconds),
  };
}

/** Usable units that come back after `today` and by `until`; what was expected for days that are over and did not come is not counted. */
function reflowBetween(e: ReturnExpectation, today: string, until: string): number {
  const by = (date: string): number => {
    const days = Math.round((Date.parse(date) - Date.parse(e.asOf)) / DAY_MS);
    return days < 1 ? 0 : (e.dated[Math.min(days, e.dated.length) - 1]?.units ?? 0);
  };
  return Math.max(0, by(until) - by(today));
}

/** Why no quantity can be decided; undefined where one can. */
function undecidable(t: SkuTerms): string | undefined {
  if (t.supplier === null) return 'no-supplier: no supplier that may get signals makes this SKU';
  if (t.currency !== t.cost_currency) return `no-rate: it sells in ${t.currency} and costs in ${t.cost_currency}, and no dated exchange rate is known`;
  if (t.salvage_value >= t.unit_cost) return 'salvage-not-below-cost: a leftover unit would lose nothing, so no quantity is too many';
  return undefined;
}

/** What is decided of the members of one group, without the words and the distribution behind it. */
export interface Choice {
  readonly recommended: number | null;
  readonly firm: number;
  readonly surplus: number;
}

/** Production beyond what even high demand needs. */
const HIGH_LEVEL = LEVELS[4];

/** The quantities that `decide` answers, for whoever asks nothing else: reasons and quantiles are most of its work. */
export function choose(members: readonly NeedInput[]): Choice[] {
  const able = members.filter((m) => undecidable(m.terms) === undefined);
  const items: Item[] = able.map((m) => ({
    sku: m.terms.sku, certain: m.kept - m.stock - m.due - m.reflow, more: m.more, keep: m.keep, underage: m.underage, price: m.terms.price, unitCost: m.terms.unit_cost, salvage: m.terms.salvage_value,
    capacity: m.room ?? Math.max(0, m.terms.daily_capacity * Math.max(1, m.terms.lead_time_days) - m.due), sizeRatio: m.terms.size_ratio,
  }));
  const first = able[0]?.terms;
  const quantities = new Map(first === undefined ? [] : decideGroup(items, { moq: first.moq, lotMultiple: first.lot_multiple }).map((q) => [q.sku, q]));
  return members.map((m): Choice => {
    const q = quantities.get(m.terms.sku);
    const production = m.due + m.late;
    const most = q === undefined || production === 0 ? 0 : m.stock + production - m.kept - m.held;
    const surplus = most <= 0 ? 0 : Math.min(production, Math.max(0, most - (negativeBinomialQuantiles(m.more, [HIGH_LEVEL])[0] as number)));
    return { recommended: q?.recommended ?? null, firm: q?.firm ?? 0, surplus };
  });
}

export function decide(members: readonly NeedInput[]): Decided[] {
  const choices = choose(members);
  return members.map((m, i) => {
    const { recommended, firm, surplus } = choices[i] as Choice;
    const committedNeed = Math.max(0, m.kept - m.stock - m.due - m.reflow);
    return { ...m, committedNeed, quantiles: negativeBinomialQuantiles(m.more, LEVELS), recommended, firm, surplus, reasons: reasonsOf(m, committedNeed, recommended, firm, surplus) };
  });
}

function reasonsOf(m: NeedInput, committedNeed: number, recommended: number | null, firm: number, surplus: number): string[] {
  const t = m.terms;
  const fault = undecidable(t);
  const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;
  return [
    `open ${m.demand.open}: net paid ${m.demand.netPaid}, shipped ${m.demand.shipped}`,
    ...(m.held > 0 ? [`held ${m.held}: beyond the cap for one line or one buyer, for 30 minutes`] : []),
    `cancellation still to come ${percent(m.cancellation)}, so ${m.kept} units are kept`,
    `committed need ${committedNeed} = max(0, ${m.kept} kept − ${m.stock} stock − ${m.due} production due in time − ${m.reflow} returns back on the shelf in time)`,
    ...(m.overdue > 0 ? [`${m.overdue} of the units of production were due before today and have not come; they are counted as still coming, so ask the factory, and cancel what will not come`] : []),
    ...(m.late > 0 ? [`${m.late} units of production come too late to count`] : []),
    ...m.onAir.map((p) => `${negativeBinomialMean(p.units).toFixed(1)} more expected of broadcast ${p.broadcast}, ${SAID[p.phase]}, after ${p.orders} orders in it (${modelText(m.model)})`),
    ...(m.standing === undefined ? [] : [standingReason(m.standing)]),
    ...(fault !== undefined ? [fault] : [
      `still expected to sell ${negativeBinomialMean(m.more).toFixed(1)} on average; critical fractile ${(criticalFractile(t.price, t.unit_cost, t.salvage_value, m.keep) ?? 0).toFixed(3)}${m.keep < 1 ? `, ${percent(m.keep)} of what is sold is kept` : ''}`,
      `recommended ${recommended ?? 0}, of which ${firm} firm (MOQ ${t.moq} and multiples of ${t.lot_multiple} per ${t.moq_scope})`,
    ]),
    ...(m.notes ?? []),
    ...(surplus > 0 ? [`${surplus} units of production are more than even high demand (90 %) needs`] : []),
  ];
}

const SAID: Readonly<Record<ItemNowcast['phase'], string>> = { coming: 'which is to come', 'on air': 'which is on air', over: 'which is over but sells on' };
const modelText = ({ id, model }: NamedModel): string => (model.broadcasts === 0 ? 'the published nowcast: no broadcast has ended yet' : `nowcast ${id}, learned from ${model.broadcasts} finished broadcast${model.broadcasts === 1 ? '' : 's'}`);

/** A decision changed: by a lot and a tenth, or from nothing to something. */
export function changed(before: NeedState | undefined, after: Decided): boolean {
  if (before === undefined || before.assessment === '') return after.firm > 0 || (after.recommended ?? 0) > 0 || after.surplus > 0 || after.held > 0;
  // Planning leaves a need alone that was assessed before production changed, so it must hear of it again.
  if (before.production !== after.due + after.late) return true;
  const lot = Math.max(1, after.terms.lot_multiple);
  const far = (a: number, b: number): boolean => (a > 0) !== (b > 0) || Math.abs(a - b) >= Math.max(lot, 0.1 * a);
  if ((before.recommended === null) !== (after.recommended === null)) return true;
  return far(before.firm, after.firm) || far(before.recommended ?? 0, after.recommended ?? 0) || far(before.surplus, after.surplus);
}
