// What a changed need means for a factory: at most one open change per group, damped, firm at once or at its confirming hour.
import { Inject, Injectable } from '@nestjs/common';
import { termsOf, type SkuTerms } from '../catalogue/index.js';
import type { NeedChanged } from '../forecast/index.js';
import { Database, Handles, Jobs, log, type JobRun, type Tx } from '../kernel/index.js';
import { allClocks } from '../orders/index.js';
import { NegotiationService } from './negotiation.service.js';
import { fallDue, proposeChange } from './production.facts.js';
import { DAMPING_MS, daysBetween, isNews, localTime, nextLocalHour, propose, type NeedLine, type OpenOrder, type SupplierTerms } from './production.rules.js';
import * as store from './production.repository.js';

const PLANNER = 'planner';

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
    const { world, supplier, group, at, lines } = run.payload;
    await run.effect(async (tx) => {
      await store.lockGroup(tx, world, supplier, group);
      const need = await store.keepNeed(tx, { world, supplier, group, at: new Date(at), order: run.rowId, lines });
      await this.plan(tx, world, supplier, group, need.lines, need.at, false);
    });
  }

  /** Proposes, renews or withdraws so that what the factory was told fits the need. */
  private async plan(tx: Tx, world: store.World, supplier: string, group: string, need: readonly NeedLine[], at: Date, atConfirmingHour: boolean): Promise<void> {
    const [first] = await termsOf(tx, need.map((l) => l.sku));
    if (first === undefined || first.supplier !== supplier) return;
    const terms = supplierTerms(first);
    const today = localTime(at, first.supplier_time_zone).date;
    const current = await store.openAdjustment(tx, world, supplier, group);
    // Its hour has come, whether the clock woke us or a change of need did; or it is that hour right now.
    const hourHasCome = atConfirmingHour || (current?.firm_at != null && current.firm_at <= at);
    const firmNow = !terms.hasConfirmingHour || hourHasCome || localTime(at, first.supplier_time_zone).hour === first.confirming_hour;
    const firmAt = firmNow || first.confirming_hour === null ? null : nextLocalHour(at, first.supplier_time_zone, first.confirming_hour);
    const context = { world, supplier, group, now: at, firmAt, actor: PLANNER, cause: 'planner' as const };
    const orders = await this.openOrders(tx, world, supplier, group, today, first.supplier_time_zone);
    const proposal = propose(need, orders, terms, today, firmNow);

    if (current === undefined) {
      if (proposal !== undefined) await this.negotiation.open(tx, context, proposal, need);
      return;
    }
    // The factory's counter waits for the buyer; nothing is changed under their hands.
    if (current.status === 'countered') return;
    const version = (await store.versionOf(tx, current.id, current.version)) as store.VersionRow;
    if (proposal === undefined) {
      // A need that went away takes its unanswered signal along, damped like any other change.
      if (hourHasCome || at.getTime() - version.at.getTime() >= DAMPING_MS) await this.negotiation.end(tx, current, 'withdrawn', 'planner', at, PLANNER);
      return;
    }
    const told = (await store.linesOf(tx, current.id, current.version)).map((l) => ({ lineId: l.line_id, sku: l.sku, quantity: l.quantity, quantityBefore: l.quantity_before, due: l.due, dueBefore: l.due_before }));
    const sameTarget = proposal.order === current.production_order || (proposal.order === undefined && current.kind === 'create');
    const renewed = proposal.order === undefined ? { ...proposal, order: current.production_order } : proposal;
    if (!sameTarget) return;
    // A firm change that waits for its answer is not taken back to a heads-up; what is new comes after it.
    if (current.commitment === 'firm' && proposal.commitment !== 'firm') return;
    if (hourHasCome || isNews({ kind: current.kind, lines: told, at: version.at.getTime() }, renewed, terms.lotMultiple, at.getTime())) {
      await this.negotiation.renew(tx, current, context, renewed, need);
    }
  }

  private async openOrders(tx: Tx, world: store.World, supplier: string, group: string, today: string, timeZone: string): Promise<OpenOrder[]> {
    const orders = await store.confirmedOrders(tx, world, supplier, group);
    const lines = await store.orderLines(tx, orders.map((o) => o.id));
    return orders.map((o) => ({
      id: o.id,
      ageDays: o.confirmed_at === null ? 0 : daysBetween(localTime(o.confirmed_at, timeZone).date, today),
      lines: lines.filter((l) => l.production_order === o.id).map((l) => ({ lineId: l.line_id, sku: l.sku, quantity: l.quantity, due: l.due, produced: l.produced, expediteRefused: l.expedite_refused })),
    }));
  }

  @Handles(fallDue)
  async onDue(run: JobRun<{ signal: string; version: number; now: string }>): Promise<void> {
    await run.effect(async (tx) => {
      const seen = await store.findAdjustment(tx, run.payload.signal);
      if (seen === undefined) return;
      await store.lockGroup(tx, seen.world, seen.supplier, seen.group_key);
      const a = await store.lockAdjustment(tx, seen.id);
      const now = new Date(run.payload.now);
      if (a === undefined || a.version !== run.payload.version || !['sent', 'accepted', 'proposed'].includes(a.status)) return;
      if (a.firm_at !== null && a.firm_at <= now) {
        const need = await store.needOf(tx, a.world, a.supplier, a.group_key);
        if (need !== undefined) await this.plan(tx, a.world, a.supplier, a.group_key, need.lines, a.firm_at, true);
        return;
      }
      if (a.status === 'sent' && a.respond_by !== null && a.respond_by <= now) await this.negotiation.end(tx, a, 'expired', 'clock', now, 'clock');
      // Never sent, because its world only replays: it makes room for the next.
      if (a.status === 'proposed' && a.respond_by !== null && a.respond_by <= now) await this.negotiation.end(tx, a, 'withdrawn', 'clock', now, 'clock');
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

const supplierTerms = (t: SkuTerms): SupplierTerms => ({
  lotMultiple: t.lot_multiple, leadTimeDays: t.lead_time_days, frozenFenceDays: t.frozen_fence_days, stageDays: t.stage_days, hasConfirmingHour: t.confirming_hour !== null,
});
