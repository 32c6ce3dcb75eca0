// What a changed need means for a factory: at most one open change per group, damped, firm at once or at its confirming hour.
import { Inject, Injectable } from '@nestjs/common';
import { termsOf, type SkuTerms } from '../catalogue/index.js';
import type { NeedChanged } from '../forecast/index.js';
import { supplyOf } from '../inventory/index.js';
import { Database, Handles, Jobs, log, type JobRun, type Tx } from '../kernel/index.js';
import { localTime, nextLocalHour } from '../kernel/math/index.js';
import { allClocks } from '../orders/index.js';
import { NegotiationService, type Draft } from './negotiation.service.js';
import { fallDue, proposeChange } from './production.facts.js';
import { DAMPING_MS, daysBetween, isNews, newsAgainAt, propose, type NeedLine, type OpenOrder, type SupplierTerms } from './production.rules.js';
import * as store from './production.repository.js';

const PLANNER = 'planner';

interface GroupNeed {
  readonly group: string;
  readonly at: Date;
  readonly lines: readonly NeedLine[];
}

/** What planning decided, written once all groups of a job are decided. */
interface Plan {
  readonly drafts: Draft[];
  readonly rechecks: { readonly id: string; readonly at: Date }[];
}

@Injectable()
export class PlanningService {
  private timer: NodeJS.Timeout | undefined;
  private ticking: Promise<void> | undefined;

  constructor(
    @Inject(NegotiationService) private readonly negotiation: NegotiationService,
    @Inject(Database) private readonly database: Database,
    @Inject(Jobs) private readonly jobs: Jobs,
  ) {}

  @Handles(proposeChange)
  async onNeedChanged(run: JobRun<NeedChanged>): Promise<void> {
    const { world, supplier, groups } = run.payload;
    await run.effect(async (tx) => {
      await store.lockPlanning(tx, world, supplier);
      const newest = await store.keepNeeds(tx, world, supplier, run.rowId, groups);
      const wanted = groups.filter((g) => newest.has(g.group)).map((g) => ({ group: g.group, at: new Date(g.at), lines: g.lines }));
      if (wanted.length > 0) await this.plan(tx, world, supplier, wanted, false);
    });
  }

  /** Proposes, renews or withdraws so that what the factory was told fits the need of each group. */
  private async plan(tx: Tx, world: store.World, supplier: string, needs: readonly GroupNeed[], atConfirmingHour: boolean): Promise<void> {
    const keys = needs.map((n) => n.group);
    const skus = needs.flatMap((n) => n.lines.map((l) => l.sku));
    const terms = new Map((await termsOf(tx, skus)).map((t) => [t.sku, t]));
    const open = new Map((await store.openAdjustments(tx, world, supplier, keys)).map((a) => [a.group_key, a]));
    const told = await store.linesOfMany(tx, [...open.values()].map((a) => a.id), [...open.values()].map((a) => a.version));
    const orders = await store.confirmedOrders(tx, world, supplier, keys);
    const orderLines = orders.length === 0 ? [] : await store.orderLines(tx, orders.map((o) => o.id));
    const leaving = await this.negotiation.leaves(tx, world, skus);
    const onHold = await store.groupsOnHold(tx, world, supplier, keys);
    const production = new Map<string, number>();
    for (const s of await supplyOf(tx, world, skus)) production.set(s.sku, (production.get(s.sku) ?? 0) + s.quantity);
    const plan: Plan = { drafts: [], rechecks: [] };
    for (const need of needs) {
      const first = need.lines.map((l) => terms.get(l.sku)).find((t) => t !== undefined);
      // The SKU changed hands since: its new supplier is told by the next assessment.
      if (first?.supplier !== supplier) continue;
      // Production was confirmed since this need was assessed: the assessment that confirmation asked for decides.
      if (need.lines.some((l) => l.production !== (production.get(l.sku) ?? 0))) continue;
      if (onHold.has(need.group)) continue;
      const current = open.get(need.group);
      await this.planGroup(tx, plan, {
        world, supplier, need, first, current, told: told.filter((l) => l.adjustment === current?.id), atConfirmingHour, leaves: need.lines.some((l) => leaving.has(l.sku)),
        orders: orders.filter((o) => o.group_key === need.group).map((o) => openOrder(o, orderLines, first.supplier_time_zone, need.at)),
      });
    }
    if (plan.rechecks.length > 0) await store.recheckAt(tx, plan.rechecks);
    await this.negotiation.issue(tx, plan.drafts);
  }

  private async planGroup(
    tx: Tx,
    plan: Plan,
    g: {
      world: store.World; supplier: string; need: GroupNeed; first: SkuTerms; current: (store.AdjustmentRow & { version_at: Date }) | undefined; told: readonly store.LineRow[];
      atConfirmingHour: boolean; leaves: boolean; orders: readonly OpenOrder[];
    },
  ): Promise<void> {
    const { need, first, current } = g;
    const { at, lines } = need;
    const terms = supplierTerms(first);
    // Its hour has come, whether the clock woke us or a change of need did; or it is that hour right now.
    const hourHasCome = g.atConfirmingHour || (current?.firm_at != null && current.firm_at <= at);
    const local = localTime(at.getTime(), first.supplier_time_zone);
    const firmNow = !terms.hasConfirmingHour || hourHasCome || local.hour === first.confirming_hour;
    const firmAt = firmNow || first.confirming_hour === null ? null : new Date(nextLocalHour(at.getTime(), first.supplier_time_zone, first.confirming_hour));
    const context = { world: g.world, supplier: g.supplier, group: need.group, now: at, firmAt, actor: PLANNER, cause: 'planner' as const, leaves: g.leaves };
    const proposal = propose(lines, g.orders, terms, local.date, firmNow);
    if (current === undefined) {
      if (proposal !== undefined) plan.drafts.push(this.negotiation.opening(context, proposal, lines));
      return;
    }
    // A person's change is theirs until it is answered, withdrawn or expired.
    if (current.origin !== PLANNER) return;
    // The factory's counter waits for the buyer; nothing is changed under their hands. A countered heads-up ends with its hour:
    // the firm version answers it.
    if (current.status === 'countered' && !hourHasCome) return;
    if (proposal === undefined) {
      // A need that went away takes its unanswered signal along, damped like any other change.
      if (hourHasCome || at.getTime() - current.version_at.getTime() >= DAMPING_MS) await this.negotiation.end(tx, current, 'withdrawn', 'planner', at, PLANNER);
      return;
    }
    const sameTarget = proposal.order === current.production_order || (proposal.order === undefined && current.kind === 'create');
    if (!sameTarget) {
      if (!hourHasCome) return;
      // What was announced no longer fits what is right now (the order froze, or can be hurried instead): that one is told instead.
      await this.negotiation.end(tx, current, 'withdrawn', 'planner', at, PLANNER);
      plan.drafts.push(this.negotiation.opening(context, proposal, lines));
      return;
    }
    // A firm change that waits for its answer is not taken back to a heads-up; what is new comes after it.
    if (current.commitment === 'firm' && proposal.commitment !== 'firm') return;
    const renewed = { ...proposal, order: current.production_order };
    const before = g.told.map((l) => ({ lineId: l.line_id, sku: l.sku, quantity: l.quantity, quantityBefore: l.quantity_before, due: l.due, dueBefore: l.due_before }));
    const told = { kind: current.kind, lines: before, at: current.version_at.getTime() };
    if (hourHasCome || isNews(told, renewed, terms.lotMultiple, at.getTime())) {
      plan.drafts.push(this.negotiation.renewal(current, context, renewed, lines));
    } else {
      const again = newsAgainAt(told, at.getTime());
      if (again !== undefined) plan.rechecks.push({ id: current.id, at: new Date(again) });
    }
  }

  @Handles(fallDue)
  async onDue(run: JobRun<{ signal: string; version: number; now: string }>): Promise<void> {
    await run.effect(async (tx) => {
      const seen = await store.findAdjustment(tx, run.payload.signal);
      if (seen === undefined) return;
      await store.lockPlanning(tx, seen.world, seen.supplier);
      const a = await store.lockAdjustment(tx, seen.id);
      const now = new Date(run.payload.now);
      if (a === undefined || a.version !== run.payload.version || !['sent', 'accepted', 'proposed', 'countered'].includes(a.status)) return;
      if (a.firm_at !== null && a.firm_at <= now) {
        const need = await store.needOf(tx, a.world, a.supplier, a.group_key);
        if (need !== undefined) await this.plan(tx, a.world, a.supplier, [{ group: a.group_key, at: a.firm_at, lines: need.lines }], true);
        // A heads-up whose hour has come and that nothing replaced is over: its clock must not ring for ever.
        const after = await store.findAdjustment(tx, a.id);
        if (after?.version === a.version && after.status === a.status) await this.negotiation.end(tx, a, 'withdrawn', 'clock', now, 'clock');
        return;
      }
      if ((a.status === 'sent' || a.status === 'countered') && a.respond_by !== null && a.respond_by <= now) {
        await this.negotiation.end(tx, a, 'expired', 'clock', now, 'clock');
        return;
      }
      await store.recheckAt(tx, [{ id: a.id, at: null }]);
      const need = await store.needOf(tx, a.world, a.supplier, a.group_key);
      if (need !== undefined) await this.plan(tx, a.world, a.supplier, [{ group: a.group_key, at: now, lines: need.lines }], false);
    });
  }

  start(): void {
    this.timer = setInterval(() => {
      this.ticking ??= this.database
        .transaction((tx) => this.tick(tx))
        .catch((error: unknown) => log.warn('tick of production failed', { reason: (error as Error).message }))
        .finally(() => (this.ticking = undefined));
    }, 1_000);
  }

  async tick(tx: Tx): Promise<void> {
    const clocks = await allClocks(tx);
    for (const world of ['live', 'replay'] as const) {
      if (!clocks.some((c) => c.clock === world && c.now !== null)) continue;
      const now = await this.negotiation.now(tx, world);
      const due = await store.dueAdjustments(tx, world, now, 500);
      if (due.length > 0) await this.jobs.enqueue(tx, fallDue, due.map((d) => ({ signal: d.id, version: d.version, now: now.toISOString() })));
    }
  }

  async stop(): Promise<void> {
    if (this.timer !== undefined) clearInterval(this.timer);
    await this.ticking;
  }
}

const openOrder = (o: store.OrderRow, lines: readonly store.OrderLineRow[], timeZone: string, at: Date): OpenOrder => ({
  id: o.id,
  ageDays: o.confirmed_at === null ? 0 : daysBetween(localTime(o.confirmed_at.getTime(), timeZone).date, localTime(at.getTime(), timeZone).date),
  lines: lines.filter((l) => l.production_order === o.id).map((l) => ({ lineId: l.line_id, sku: l.sku, quantity: l.quantity, due: l.due, produced: l.produced, expediteRefused: l.expedite_refused })),
});

const supplierTerms = (t: SkuTerms): SupplierTerms => ({
  lotMultiple: t.lot_multiple, leadTimeDays: t.lead_time_days, frozenFenceDays: t.frozen_fence_days, stageDays: t.stage_days, hasConfirmingHour: t.confirming_hour !== null,
});
