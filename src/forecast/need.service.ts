// Need and quantity per SKU over all its streams and shops of one world (live, or replayed), under one lock per supplier.
import { Inject, Injectable } from '@nestjs/common';
import { itemsOfSkus } from '../broadcasts/index.js';
import { termsOf, termsOfStyles, type SkuTerms } from '../catalogue/index.js';
import { sellableSupply, supplyOf } from '../inventory/index.js';
import { Jobs, newId, type Tx } from '../kernel/index.js';
import { negativeBinomialMean } from '../kernel/math/index.js';
import { demandOf, heldUnits, type ShopClockRow } from '../orders/index.js';
import { HOLDING_MS, holdingCap, LEVELS, TAIL_MS } from './math/index.js';
import { needChanged } from './forecast.facts.js';
import * as store from './forecast.repository.js';
import { groupOf } from './groups.js';
import { airOf, mayStillSell, recentOrders } from './nowcast.rules.js';
import { NowcastService } from './nowcast.service.js';
import { standingInputs } from './standing.rules.js';
import { StandingService } from './standing.service.js';
import { changed, dateOf, decide, needInput, sumOfDemand, type Decided, type Demand, type NeedInput } from './need.rules.js';

const DAY_MS = 86_400_000;
/** Groups that one fact names. */
const GROUPS_PER_FACT = 100;

export type World = 'live' | 'replay';

@Injectable()
export class NeedService {
  constructor(
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(NowcastService) private readonly nowcast: NowcastService,
    @Inject(StandingService) private readonly standing: StandingService,
  ) {}

  /** Assesses the given SKUs and all that share a minimum order with them; saves and announces where a decision changed. */
  async assess(tx: Tx, world: World, wanted: readonly string[], clocks: readonly ShopClockRow[]): Promise<number> {
    const shops = new Map(clocks.filter((c) => c.clock === world && c.now !== null).map((c) => [c.id, c.now as Date]));
    const terms = await this.withGroups(tx, wanted);
    const suppliers = [...new Set(terms.map((t) => t.supplier ?? ''))].sort();
    await store.lockSuppliers(tx, suppliers.map((supplier) => `${world} ${supplier}`));
    const inputs = await this.gather(tx, world, terms, shops);

    const groups = new Map<string, NeedInput[]>();
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
            p50: d.quantiles[2] ?? 0, p90: d.quantiles[4] ?? 0, spike: spikes.get(sku)?.id ?? null, production: d.due + d.late, spare: Math.max(0, d.stock + d.due + d.late - d.kept - d.held), promise: dateOf(d.promise, d.terms.supplier_time_zone),
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

  private async gather(tx: Tx, world: World, terms: readonly SkuTerms[], shops: ReadonlyMap<string, Date>): Promise<NeedInput[]> {
    const skus = terms.map((t) => t.sku);
    const fallback = [...shops.values()].reduce((latest, now) => (now > latest ? now : latest), new Date(0));
    const earliest = [...shops.values()].reduce((least, now) => (now < least ? now : least), fallback);
    const [demandRows, sellable, supply, planned, expected, model, standing] = await Promise.all([
      demandOf(tx, skus), sellableSupply(tx, world, skus), supplyOf(tx, world, skus, 'production'), itemsOfSkus(tx, skus, new Date(earliest.getTime() - TAIL_MS)),
      store.returnExpectations(tx, world, skus), this.nowcast.current(tx, world), this.standing.current(tx, world),
    ]);
    const lead = new Map(terms.map((t) => [t.sku, t.lead_time_days * DAY_MS]));
    const items = planned.filter((i) => { const now = shops.get(i.shop); return now !== undefined && mayStillSell(airOf(i), now.getTime(), lead.get(i.sku) ?? 0); });
    const stored = await store.broadcastStates(tx, skus, [...new Set(items.map((i) => i.broadcast))]);
    const demand = bySku(demandRows.filter((row) => shops.has(row.shop)));
    const nowOf = (sku: string): Date => (demand.get(sku) ?? []).reduce((latest, row) => { const now = shops.get(row.shop) as Date; return now > latest ? now : latest; }, new Date(0));

    const totals = new Map(skus.map((sku) => [sku, sumOfDemand(demand.get(sku) ?? [])]));
    const caps = new Map(skus.map((sku) => { const t = totals.get(sku) as Demand; return [sku, holdingCap(t.lines, t.lineLogMilli)]; }));
    const cutoffs = new Map([...shops].map(([shop, now]) => [shop, now.getTime() - HOLDING_MS]));
    const held = new Map((await heldUnits(tx, caps, cutoffs)).map((h) => [h.sku, h]));
    const supplyBySku = bySku(supply);
    const itemsBySku = bySku(items);
    const expectedBySku = new Map(expected.map((e) => [e.sku, e]));
    const shopOf = new Map(items.map((i) => [i.broadcast, i.shop]));
    const stateOf = new Map(stored.flatMap((s) => (shopOf.get(s.broadcast) !== s.shop ? [] : [[`${s.broadcast}\0${s.sku}`, s]])));
    const nowcasts = await this.nowcast.ofItems(tx, model.model, items, shops, (broadcast, sku) => {
      const stream = stateOf.get(`${broadcast}\0${sku}`);
      return stream === undefined ? null : recentOrders(stream.state, shops.get(stream.shop)?.getTime() ?? 0);
    });

    const sold = await this.standing.ofSkus(tx, world, standing.usual, [...shops.keys()], terms, fallback);

    return terms.map((t) => needInput({
      terms: t, now: demand.has(t.sku) ? nowOf(t.sku) : fallback, demand: totals.get(t.sku) as Demand, held: held.get(t.sku), sellable: sellable.get(t.sku) ?? 0,
      supply: supplyBySku.get(t.sku) ?? [], returns: expectedBySku.get(t.sku), standing: sold.get(t.sku), standingModel: standing.named,
      items: itemsBySku.get(t.sku) ?? [], model,
      // Two slots in one broadcast are one item.
      nowcasts: [...new Set((itemsBySku.get(t.sku) ?? []).map((i) => i.broadcast))].flatMap((broadcast) => nowcasts.get(broadcast)?.get(t.sku) ?? []),
    }));
  }

  private row(id: string, world: World, d: Decided, spike: string | null): store.AssessmentRow {
    const { terms: t } = d;
    return {
      id, world, sku: t.sku, supplier: t.supplier, at: d.now, open_units: d.demand.open, held: d.held, cancellation: d.cancellation, stock: d.stock, production_due: d.due, reflow: d.reflow,
      committed_need: d.committedNeed, more: Object.fromEntries(LEVELS.map((level, i) => [String(level), d.quantiles[i] ?? 0])), recommended: d.recommended, firm: d.firm, surplus: d.surplus,
      inputs: {
        gross: d.demand.ordered, paid: d.demand.netPaid + d.demand.cancelled, netPaid: d.demand.netPaid, cancelled: d.demand.cancelled, shipped: d.demand.shipped,
        moreMean: negativeBinomialMean(d.more), price: t.price, currency: t.currency, unitCost: t.unit_cost, costCurrency: t.cost_currency, salvage: t.salvage_value, moq: t.moq,
        lotMultiple: t.lot_multiple, moqScope: t.moq_scope, leadTimeDays: t.lead_time_days, dailyCapacity: t.daily_capacity, lateProduction: d.late, overdueProduction: d.overdue, keepRate: d.keep,
        broadcast: d.running?.broadcast ?? null, anchor: d.running?.anchor ?? null, group: groupOf(t),
        ...(d.standing === undefined ? {} : { standing: standingInputs(d.standing) }),
        nowcast: { model: d.model.id, learnedFrom: d.model.model.broadcasts, broadcasts: d.onAir.map((p) => ({ broadcast: p.broadcast, phase: p.phase, orders: p.orders, mean: negativeBinomialMean(p.units) })) },
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
