// Need and quantity per SKU over all its streams and shops of one world (live, or replayed), under one lock per supplier.
import { Inject, Injectable } from '@nestjs/common';
import { itemsOfSkus, type RunningItem } from '../broadcasts/index.js';
import { termsOf, termsOfStyles, type SkuTerms } from '../catalogue/index.js';
import { sellableSupply, supplyOf } from '../inventory/index.js';
import { Jobs, newId, type Tx } from '../kernel/index.js';
import { localTime, negativeBinomialMean, negativeBinomialQuantiles, type NegativeBinomial } from '../kernel/math/index.js';
import { demandOf, heldUnits, type ShopClockRow, type SkuDemand } from '../orders/index.js';
import {
  cancellationToCome, criticalFractile, decideGroup, HOLDING_MS, holdingCap, LEVELS, meanRate, pooled, RECENT_MS, remainingInBroadcast, remainingStanding, unitsPerLine, type Item, type StreamState,
} from './math/index.js';
import { needChanged } from './forecast.facts.js';
import * as store from './forecast.repository.js';
import { groupOf } from './groups.js';

const DAY_MS = 86_400_000;
/** Groups that one fact names. */
const GROUPS_PER_FACT = 100;

export type World = 'live' | 'replay';

interface Inputs {
  readonly terms: SkuTerms;
  readonly now: Date;
  readonly demand: { open: number; ordered: number; netPaid: number; cancelled: number; shipped: number; lines: number; lineUnits: number; lineLogMilli: number; saleLines: number; cancelledLines: number; openPaidSeconds: number };
  readonly held: number;
  readonly cancellation: number;
  readonly kept: number;
  readonly stock: number;
  readonly due: number;
  readonly late: number;
  /** Returned units that will be on the shelf by the promise, cautiously. */
  readonly reflow: number;
  readonly keep: number;
  readonly promise: Date;
  readonly more: NegativeBinomial;
  readonly running: RunningItem | undefined;
  readonly reassessAt: Date | null;
}

interface Decided extends Inputs {
  readonly committedNeed: number;
  readonly recommended: number | null;
  readonly firm: number;
  readonly surplus: number;
  readonly quantiles: readonly number[];
  readonly reasons: readonly string[];
}

const dateOf = (at: Date, timeZone: string): string => localTime(at.getTime(), timeZone).date;

function recentOrders(state: StreamState, now: number): number {
  const bins = state.episode === null ? state.baseline.waiting : state.episode.recent;
  return bins.reduce((s, [bin, n]) => (bin > now - RECENT_MS ? s + n : s), 0);
}

@Injectable()
export class NeedService {
  constructor(@Inject(Jobs) private readonly jobs: Jobs) {}

  /** Assesses the given SKUs and all that share a minimum order with them; saves and announces where a decision changed. */
  async assess(tx: Tx, world: World, wanted: readonly string[], clocks: readonly ShopClockRow[]): Promise<number> {
    const shops = new Map(clocks.filter((c) => c.clock === world && c.now !== null).map((c) => [c.id, c.now as Date]));
    const terms = await this.withGroups(tx, wanted);
    const suppliers = [...new Set(terms.map((t) => t.supplier ?? ''))].sort();
    await store.lockSuppliers(tx, suppliers.map((supplier) => `${world} ${supplier}`));
    const inputs = await this.gather(tx, world, terms, shops);

    const groups = new Map<string, Inputs[]>();
    for (const input of inputs) {
      const key = `${input.terms.supplier ?? ''}\0${groupOf(input.terms)}`;
      groups.set(key, [...(groups.get(key) ?? []), input]);
    }
    const decided = [...groups.values()].map((members) => decide(members));
    const skus = inputs.map((i) => i.terms.sku);
    const [before, open] = await Promise.all([store.needStates(tx, world, skus), store.openSpikes(tx, skus, [...shops.keys()])]);
    const previous = new Map(before.map((n) => [n.sku, n]));
    const spikes = new Map(open.map((s) => [s.sku, s]));

    const assessments: store.AssessmentRow[] = [];
    const states: (store.NeedState & { reassessAt: Date | null })[] = [];
    const needs: (store.GroupNeed & { supplier: string })[] = [];
    for (const members of decided) {
      const moved = members.some((d) => changed(previous.get(d.terms.sku), d));
      const lines: store.NeedLine[] = [];
      for (const d of members) {
        const before = previous.get(d.terms.sku);
        const sku = d.terms.sku;
        let assessment = before?.assessment ?? '';
        if (moved) {
          assessment = newId('as');
          assessments.push(this.row(assessment, world, d, spikes.get(sku)?.id ?? null));
        }
        // Nothing was ever decided for this SKU and nothing is: no row.
        if (assessment === '' && d.reassessAt === null) continue;
        states.push(moved || before === undefined
          ? { world, sku, assessment, recommended: d.recommended, firm: d.firm, surplus: d.surplus, production: d.due + d.late, reassessAt: d.reassessAt }
          : { ...before, reassessAt: d.reassessAt });
        if (moved && d.recommended !== null) {
          lines.push({
            sku, assessment, firm: d.firm, recommended: d.recommended, surplus: d.surplus, committedNeed: d.committedNeed, lateProduction: d.late,
            p50: d.quantiles[2] ?? 0, p90: d.quantiles[4] ?? 0, spike: spikes.get(sku)?.id ?? null, production: d.due + d.late, promise: dateOf(d.promise, d.terms.supplier_time_zone),
            evidence: {
              gross: d.demand.ordered, paid: d.demand.netPaid + d.demand.cancelled, cancelled: d.demand.cancelled, open: d.demand.open,
              broadcast: d.running?.broadcast ?? (spikes.get(sku)?.broadcast || null), anchor: d.running?.anchor ?? null,
            },
          });
        }
      }
      const [first] = members;
      if (lines.length > 0 && first?.terms.supplier != null) {
        const at = members.reduce((latest, d) => (d.now > latest ? d.now : latest), first.now);
        needs.push({ supplier: first.terms.supplier, group: groupOf(first.terms), at, lines });
      }
    }
    await Promise.all([
      ...(assessments.length > 0 ? [store.insertAssessments(tx, assessments)] : []), ...(states.length > 0 ? [store.saveNeedStates(tx, states)] : []),
      ...(needs.length > 0 ? [store.saveGroupNeeds(tx, world, needs), this.announce(tx, world, needs)] : []),
    ]);
    return assessments.length;
  }

  private async announce(tx: Tx, world: World, needs: readonly (store.GroupNeed & { supplier: string })[]): Promise<void> {
    const facts = [...new Set(needs.map((n) => n.supplier))].flatMap((supplier) => {
      const groups = needs.filter((n) => n.supplier === supplier).map(({ group, at, lines }) => ({
        group, at: at.toISOString(), lines: lines.map(({ sku, assessment, firm, recommended }) => ({ sku, assessment, firm, recommended })),
      }));
      return Array.from({ length: Math.ceil(groups.length / GROUPS_PER_FACT) }, (_, i) => ({ world, supplier, groups: groups.slice(i * GROUPS_PER_FACT, (i + 1) * GROUPS_PER_FACT) }));
    });
    await this.jobs.announce(tx, needChanged, ...facts);
  }

  private async withGroups(tx: Tx, wanted: readonly string[]): Promise<SkuTerms[]> {
    const own = await termsOf(tx, wanted);
    const styles = [...new Set(own.filter((t) => t.supplier !== null && t.moq_scope !== 'sku').map((t) => t.style))];
    if (styles.length === 0) return own;
    const groups = new Set(own.filter((t) => t.moq_scope !== 'sku').map((t) => `${t.supplier ?? ''} ${groupOf(t)}`));
    const known = new Set(own.map((t) => t.sku));
    const siblings = (await termsOfStyles(tx, styles)).filter((t) => !known.has(t.sku) && groups.has(`${t.supplier ?? ''} ${groupOf(t)}`));
    return [...own, ...siblings];
  }

  private async gather(tx: Tx, world: World, terms: readonly SkuTerms[], shops: ReadonlyMap<string, Date>): Promise<Inputs[]> {
    const skus = terms.map((t) => t.sku);
    const fallback = [...shops.values()].reduce((latest, now) => (now > latest ? now : latest), new Date(0));
    const earliest = [...shops.values()].reduce((least, now) => (now < least ? now : least), fallback);
    const [demandRows, sellable, supply, items, stored, expected] = await Promise.all([
      demandOf(tx, skus), sellableSupply(tx, world, skus), supplyOf(tx, world, skus, 'production'), itemsOfSkus(tx, skus, earliest), store.statesOfSkus(tx, skus),
      store.returnExpectations(tx, world, skus),
    ]);
    const demand = bySku(demandRows.filter((row) => shops.has(row.shop)));
    const nowOf = (sku: string): Date => (demand.get(sku) ?? []).reduce((latest, row) => { const now = shops.get(row.shop) as Date; return now > latest ? now : latest; }, new Date(0));

    const totals = new Map(skus.map((sku) => [sku, sum(demand.get(sku) ?? [])]));
    const caps = new Map(skus.map((sku) => { const t = totals.get(sku) as Inputs['demand']; return [sku, holdingCap(t.lines, t.lineLogMilli)]; }));
    const cutoffs = new Map([...shops].map(([shop, now]) => [shop, now.getTime() - HOLDING_MS]));
    const held = new Map((await heldUnits(tx, caps, cutoffs)).map((h) => [h.sku, h]));
    const states = bySku(stored);
    const supplyBySku = bySku(supply);
    const itemsBySku = bySku(items);
    const expectedBySku = new Map(expected.map((e) => [e.sku, e]));

    return terms.map((t) => {
      const d = totals.get(t.sku) as Inputs['demand'];
      const now = demand.has(t.sku) ? nowOf(t.sku) : fallback;
      const heldUnitsOfSku = Math.min(d.open, held.get(t.sku)?.held ?? 0);
      const ageHours = d.open === 0 ? 0 : Math.max(0, now.getTime() / 1000 - d.openPaidSeconds / d.open) / 3600;
      const cancellation = cancellationToCome(d.saleLines, d.cancelledLines, ageHours);
      const kept = Math.floor((d.open - heldUnitsOfSku) * (1 - cancellation));
      const mine = (itemsBySku.get(t.sku) ?? []).filter((i) => shops.has(i.shop));
      const running = mine.filter((i) => i.starts_at <= now && now < i.ends_at);
      const promiseDays = Math.max(0, ...running.map((i) => i.promise_days));
      const horizonDays = Math.max(t.lead_time_days, promiseDays);
      const inTime = dateOf(new Date(now.getTime() + horizonDays * DAY_MS), t.supplier_time_zone);
      const promise = new Date(now.getTime() + (promiseDays > 0 ? promiseDays : t.lead_time_days) * DAY_MS);
      const returns = expectedBySku.get(t.sku);
      const ours = supplyBySku.get(t.sku) ?? [];
      const due = ours.filter((s) => s.due <= inTime).reduce((s, x) => s + x.quantity, 0);
      const late = ours.filter((s) => s.due > inTime).reduce((s, x) => s + x.quantity, 0);
      const wakes = [
        ...(held.has(t.sku) ? [(held.get(t.sku) as { first_paid: Date }).first_paid.getTime() + HOLDING_MS] : []),
        ...running.map((i) => i.ends_at.getTime()),
      ];
      return {
        terms: t, now, demand: d, held: heldUnitsOfSku, cancellation, kept, stock: Math.max(0, (sellable.get(t.sku) ?? 0) - d.shipped), due, late, promise,
        reflow: returns === undefined ? 0 : reflowBetween(returns, dateOf(now, t.supplier_time_zone), dateOf(promise, t.supplier_time_zone)), keep: 1 - (returns?.rate ?? 0),
        more: this.more(t, d, (states.get(t.sku) ?? []).filter((s) => shops.has(s.shop)), running, now), running: running[0],
        reassessAt: wakes.length === 0 ? null : new Date(Math.min(...wakes)),
      };
    });
  }

  /** Units still expected to sell: running broadcasts go on and fade, standing streams go on over the lead time. */
  private more(t: SkuTerms, d: Inputs['demand'], states: readonly store.StoredState[], running: readonly RunningItem[], now: Date): NegativeBinomial {
    const parts = states.flatMap((s) => {
      const item = running.find((i) => i.broadcast === s.broadcast && i.shop === s.shop);
      if (item !== undefined) return [remainingInBroadcast(recentOrders(s.state, now.getTime()), RECENT_MS, item.ends_at.getTime() - now.getTime())];
      if (s.broadcast !== '') return [];
      const { rate, orders } = meanRate(s.state.baseline);
      return [remainingStanding(rate, orders, t.lead_time_days * DAY_MS)];
    });
    return pooled(parts, unitsPerLine(d.lines, d.lineUnits, d.lineLogMilli));
  }

  private row(id: string, world: World, d: Decided, spike: string | null): store.AssessmentRow {
    const { terms: t } = d;
    return {
      id, world, sku: t.sku, supplier: t.supplier, at: d.now, open_units: d.demand.open, held: d.held, cancellation: d.cancellation, stock: d.stock, production_due: d.due, reflow: d.reflow,
      committed_need: d.committedNeed, more: Object.fromEntries(LEVELS.map((level, i) => [String(level), d.quantiles[i] ?? 0])), recommended: d.recommended, firm: d.firm, surplus: d.surplus,
      inputs: {
        gross: d.demand.ordered, paid: d.demand.netPaid + d.demand.cancelled, netPaid: d.demand.netPaid, cancelled: d.demand.cancelled, shipped: d.demand.shipped,
        moreMean: negativeBinomialMean(d.more), price: t.price, currency: t.currency, unitCost: t.unit_cost, costCurrency: t.cost_currency, salvage: t.salvage_value, moq: t.moq,
        lotMultiple: t.lot_multiple, moqScope: t.moq_scope, leadTimeDays: t.lead_time_days, dailyCapacity: t.daily_capacity, lateProduction: d.late, keepRate: d.keep,
        broadcast: d.running?.broadcast ?? null, anchor: d.running?.anchor ?? null, group: groupOf(t),
      },
      reasons: d.reasons, spike,
    };
  }
}

function bySku<T extends { readonly sku: string }>(rows: readonly T[]): Map<string, T[]> {
  const map = new Map<string, T[]>();
  for (const row of rows) {
    const list = map.get(row.sku);
    if (list === undefined) map.set(row.sku, [row]);
    else list.push(row);
  }
  return map;
}

function sum(rows: readonly SkuDemand[]): Inputs['demand'] {
  const add = (pick: (r: SkuDemand) => number): number => rows.reduce((s, r) => s + pick(r), 0);
  return {
    open: add((r) => r.open_units), ordered: add((r) => r.ordered), netPaid: add((r) => r.net_paid), cancelled: add((r) => r.cancelled), shipped: add((r) => r.shipped),
    lines: add((r) => r.lines), lineUnits: add((r) => r.line_units), lineLogMilli: add((r) => r.line_log_milli), saleLines: add((r) => r.sale_lines),
    cancelledLines: add((r) => r.cancelled_lines), openPaidSeconds: add((r) => r.open_paid_seconds),
  };
}

/** Why no quantity can be decided; undefined where one can. */
/** Usable units that come back after `today` and by `until`; what was expected for days that are over and did not come is not counted. */
function reflowBetween(e: store.ReturnExpectation, today: string, until: string): number {
  const by = (date: string): number => {
    const days = Math.round((Date.parse(date) - Date.parse(e.asOf)) / DAY_MS);
    return days < 1 ? 0 : (e.dated[Math.min(days, e.dated.length) - 1]?.units ?? 0);
  };
  return Math.max(0, by(until) - by(today));
}

function undecidable(t: SkuTerms): string | undefined {
  if (t.supplier === null) return 'no-supplier: no supplier that may get signals makes this SKU';
  if (t.currency !== t.cost_currency) return `no-rate: it sells in ${t.currency} and costs in ${t.cost_currency}, and no dated exchange rate is known`;
  if (t.salvage_value >= t.unit_cost) return 'salvage-not-below-cost: a leftover unit would lose nothing, so no quantity is too many';
  return undefined;
}

function decide(members: readonly Inputs[]): Decided[] {
  const able = members.filter((m) => undecidable(m.terms) === undefined);
  const items: Item[] = able.map((m) => ({
    sku: m.terms.sku, certain: m.kept - m.stock - m.due - m.reflow, more: m.more, keep: m.keep, price: m.terms.price, unitCost: m.terms.unit_cost, salvage: m.terms.salvage_value,
    capacity: Math.max(0, m.terms.daily_capacity * Math.max(1, m.terms.lead_time_days) - m.due), sizeRatio: m.terms.size_ratio,
  }));
  const first = able[0]?.terms;
  const quantities = new Map(first === undefined ? [] : decideGroup(items, { moq: first.moq, lotMultiple: first.lot_multiple }).map((q) => [q.sku, q]));
  return members.map((m) => {
    const quantiles = negativeBinomialQuantiles(m.more, LEVELS);
    const committedNeed = Math.max(0, m.kept - m.stock - m.due - m.reflow);
    const q = quantities.get(m.terms.sku);
    const production = m.due + m.late;
    const surplus = q === undefined ? 0 : Math.min(production, Math.max(0, m.stock + production - m.kept - m.held - (quantiles[4] ?? 0)));
    return { ...m, committedNeed, quantiles, recommended: q?.recommended ?? null, firm: q?.firm ?? 0, surplus, reasons: reasonsOf(m, committedNeed, q?.recommended ?? null, q?.firm ?? 0, surplus) };
  });
}

function reasonsOf(m: Inputs, committedNeed: number, recommended: number | null, firm: number, surplus: number): string[] {
  const t = m.terms;
  const fault = undecidable(t);
  const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;
  return [
    `open ${m.demand.open}: net paid ${m.demand.netPaid}, shipped ${m.demand.shipped}`,
    ...(m.held > 0 ? [`held ${m.held}: beyond the cap for one line or one buyer, for 30 minutes`] : []),
    `cancellation still to come ${percent(m.cancellation)}, so ${m.kept} units are kept`,
    `committed need ${committedNeed} = max(0, ${m.kept} kept − ${m.stock} stock − ${m.due} production due in time − ${m.reflow} returns back on the shelf in time)`,
    ...(m.late > 0 ? [`${m.late} units of production come too late to count`] : []),
    ...(fault !== undefined ? [fault] : [
      `still expected to sell ${negativeBinomialMean(m.more).toFixed(1)} on average; critical fractile ${(criticalFractile(t.price, t.unit_cost, t.salvage_value, m.keep) ?? 0).toFixed(3)}${m.keep < 1 ? `, ${percent(m.keep)} of what is sold is kept` : ''}`,
      `recommended ${recommended ?? 0}, of which ${firm} firm (MOQ ${t.moq} and multiples of ${t.lot_multiple} per ${t.moq_scope})`,
    ]),
    ...(surplus > 0 ? [`${surplus} units of production are more than even high demand (90 %) needs`] : []),
  ];
}

/** A decision changed: by a lot and a tenth, or from nothing to something. */
function changed(before: store.NeedState | undefined, after: Decided): boolean {
  if (before === undefined || before.assessment === '') return after.firm > 0 || (after.recommended ?? 0) > 0 || after.surplus > 0 || after.held > 0;
  // Planning leaves a need alone that was assessed before production changed, so it must hear of it again.
  if (before.production !== after.due + after.late) return true;
  const lot = Math.max(1, after.terms.lot_multiple);
  const far = (a: number, b: number): boolean => (a > 0) !== (b > 0) || Math.abs(a - b) >= Math.max(lot, 0.1 * a);
  if ((before.recommended === null) !== (after.recommended === null)) return true;
  return far(before.firm, after.firm) || far(before.recommended ?? 0, after.recommended ?? 0) || far(before.surplus, after.surplus);
}
