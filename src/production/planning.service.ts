// What a changed need means for a factory: at most one open change per group, damped, firm at once or at its confirming hour.
import { Inject, Injectable } from '@nestjs/common';
import { itemsOfSkus } from '../broadcasts/index.js';
import { termsOf, type SkuTerms } from '../catalogue/index.js';
import { letWait, needOf, needsOfStyle, recommendedNeeds, takeNeeds, type GroupNeed } from '../forecast/index.js';
import { supplyOf } from '../inventory/index.js';
import { Database, Handles, Jobs, Repeated, type JobRun, type Tx } from '../kernel/index.js';
import { localTime, nextLocalHour } from '../kernel/math/index.js';
import { allClocks, worldNow } from '../orders/index.js';
import { spareOfOrders } from './commitments.repository.js';
import type { Commitment } from './commitments.rules.js';
import { CommitmentsService, POLICY, type Allowance } from './commitments.service.js';
import { NegotiationService, type Draft } from './negotiation.service.js';
import { floorOf } from './order-changes.rules.js';
import { commitRecommended, expireSample, fallDue, mindLineUps, proposeChange, resumeProduction } from './production.facts.js';
import { DAMPING_MS, daysBetween, ESCALATION_MS, isNews, newsAgainAt, propose, type OpenOrder, type Proposal, type SupplierTerms } from './production.rules.js';
import * as store from './production.repository.js';
import { clearanceOf, dueSamples, trialUse, type Clearance } from './samples.repository.js';
import { withinTrial } from './samples.rules.js';
import { SamplesService, type Wanted } from './samples.service.js';

const PLANNER = 'planner';

type OpenAdjustment = store.AdjustmentRow & { version_at: Date };

/** What planning decided, written once all groups of a job are decided. */
interface Plan {
  readonly drafts: Draft[];
  /** Versions that the merchant's policy signed for. */
  readonly signed: { readonly draft: Draft; readonly lines: readonly Commitment[]; readonly policy: number }[];
  readonly rechecks: { readonly id: string; readonly at: Date }[];
  /** Samples that changes wait for, or that a repeat asks for. */
  readonly samples: Wanted[];
  /** Groups whose need cannot be told now: something else is open with their factory, or their order stands still. */
  readonly waiting: string[];
  /** What this plan lets go of each style and group before a sample is approved. */
  readonly letGo: Map<string, number>;
}

/** Line-ups, and recommendations that a policy may sign for, are looked at this often, in wall time. */
const LINE_UPS_MS = 10_000;
const RECOMMENDED_MS = 10_000;

/** Why a need is planned: it changed, its confirming hour has come, or the policy looks at what is recommended and nothing else. */
interface Occasion {
  readonly hour: boolean;
  readonly allowance?: Allowance | undefined;
  readonly only?: 'recommended';
}
const CHANGED: Occasion = { hour: false };

@Injectable()
export class PlanningService {
  private readonly ticks: Repeated;
  private lineUpsAt = 0;
  private recommendedAt = 0;

  constructor(
    @Inject(NegotiationService) private readonly negotiation: NegotiationService,
    @Inject(SamplesService) private readonly samples: SamplesService,
    @Inject(CommitmentsService) private readonly commitments: CommitmentsService,
    @Inject(Database) private readonly database: Database,
    @Inject(Jobs) private readonly jobs: Jobs,
  ) {
    this.ticks = new Repeated('the tick of production', 1_000, () => this.database.transaction((tx) => this.tick(tx)));
  }

  @Handles(proposeChange)
  async onNeedChanged(run: JobRun<{ world: store.World; supplier: string }>): Promise<void> {
    const { world, supplier } = run.payload;
    await run.effect(async (tx) => {
      await store.lockPlanning(tx, world, supplier);
      const needs = await takeNeeds(tx, world, supplier);
      if (needs.length > 0) await this.plan(tx, world, supplier, needs, CHANGED);
    });
  }

  /** Proposes, renews or withdraws so that what the factory was told fits the need of each group. */
  private async plan(tx: Tx, world: store.World, supplier: string, changed: readonly GroupNeed[], occasion: Occasion): Promise<void> {
    const open = new Map((await store.openAdjustments(tx, world, supplier, changed.map((n) => n.group))).map((a) => [a.group_key, a]));
    // In a surge needs change every second, and the factory heard of most of them moments ago.
    const needs = changed.filter((n) => occasion.hour || !waits(open.get(n.group), n.at));
    const plan: Plan = { drafts: [], signed: [], rechecks: occasion.only !== undefined ? [] : changed.flatMap((n) => recheckOf(open.get(n.group), n.at)), samples: [], waiting: [], letGo: new Map() };
    if (needs.length > 0) await this.planGroups(tx, world, supplier, needs, open, plan, occasion);
    if (needs.length > 0 && occasion.only === undefined) await letWait(tx, world, supplier, needs.map((n) => n.group), plan.waiting);
    if (plan.rechecks.length > 0) await store.recheckAt(tx, plan.rechecks);
    await this.negotiation.issue(tx, plan.drafts);
    await this.commitments.issue(tx, plan.signed);
    for (const wanted of plan.samples) await this.samples.ask(tx, wanted);
  }

  private async planGroups(
    tx: Tx, world: store.World, supplier: string, needs: readonly GroupNeed[], open: ReadonlyMap<string, OpenAdjustment>, plan: Plan, occasion: Occasion,
  ): Promise<void> {
    const keys = needs.map((n) => n.group);
    const skus = needs.flatMap((n) => n.lines.map((l) => l.sku));
    const current = keys.flatMap((key) => open.get(key) ?? []);
    const [termRows, told, orders, leaving, onHold, supply] = await Promise.all([
      termsOf(tx, skus), current.length === 0 ? [] : store.linesOfMany(tx, current.map((a) => a.id), current.map((a) => a.version)), store.confirmedOrders(tx, world, supplier, keys),
      this.negotiation.leaves(tx, world, skus), store.groupsOnHold(tx, world, supplier, keys), supplyOf(tx, world, skus, 'production'),
    ]);
    const minded = [...new Set(termRows.filter((t) => t.trial_quantity !== null).map((t) => t.style))];
    const [clearance, used] = minded.length === 0 ? [new Map<string, Clearance>(), []] : await Promise.all([clearanceOf(tx, world, supplier, minded), trialUse(tx, world, supplier, minded)]);
    const [orderLines, spare] = orders.length === 0 ? [[], []] : await Promise.all([store.orderLines(tx, orders.map((o) => o.id)), spareOfOrders(tx, orders.map((o) => o.id))]);
    const airing = occasion.allowance === undefined ? new Set<string>() : await onAir(tx, needs);
    const terms = new Map(termRows.map((t) => [t.sku, t]));
    const production = new Map<string, number>();
    for (const s of supply) production.set(s.sku, (production.get(s.sku) ?? 0) + s.quantity);
    for (const need of needs) {
      const first = need.lines.map((l) => terms.get(l.sku)).find((t) => t !== undefined);
      // The SKU changed hands since: its new supplier is told by the next assessment.
      if (first?.supplier !== supplier) continue;
      // Production was confirmed since this need was assessed: the assessment that confirmation asked for decides.
      if (need.lines.some((l) => l.production !== (production.get(l.sku) ?? 0))) continue;
      if (onHold.has(need.group)) {
        plan.waiting.push(need.group);
        continue;
      }
      const change = open.get(need.group);
      await this.planGroup(tx, plan, {
        world, supplier, need, first, current: change, told: told.filter((l) => l.adjustment === change?.id), occasion, airing: need.lines.some((l) => airing.has(l.sku)), terms, leaves: need.lines.some((l) => leaving.has(l.sku)),
        ordered: trialUsed(used, plan, first.style, need.group), clearance: clearance.get(first.style),
        orders: orders.filter((o) => o.group_key === need.group).map((o) => ({ ...openOrder(o, orderLines, first.supplier_time_zone, need.at), spare: new Map(spare.filter((x) => x.order === o.id).map((x) => [x.sku, x.spare])) })),
      });
    }
  }

  private async planGroup(
    tx: Tx,
    plan: Plan,
    g: {
      world: store.World; supplier: string; need: GroupNeed; first: SkuTerms; current: OpenAdjustment | undefined; told: readonly store.LineRow[];
      occasion: Occasion; airing: boolean; terms: ReadonlyMap<string, SkuTerms>; leaves: boolean; orders: readonly OpenOrder[]; ordered: number; clearance: Clearance | undefined;
    },
  ): Promise<void> {
    const { need, first, current } = g;
    const { at, lines } = need;
    const terms = supplierTerms(first);
    // Its hour has come, whether the clock woke us or a change of need did; or it is that hour right now.
    const hourHasCome = g.occasion.hour || (current?.firm_at != null && current.firm_at <= at);
    const local = localTime(at.getTime(), first.supplier_time_zone);
    const firmNow = !terms.hasConfirmingHour || hourHasCome || local.hour === first.confirming_hour;
    const firmAt = firmNow || first.confirming_hour === null ? null : new Date(nextLocalHour(at.getTime(), first.supplier_time_zone, first.confirming_hour));
    const wait = (): void => void plan.waiting.push(need.group);
    // A person's change, or the policy's, is theirs until it is answered, withdrawn or expired.
    if (current !== undefined && current.origin !== PLANNER) {
      wait();
      return;
    }
    const signing = firmNow ? this.signing(g, terms, local.date) : undefined;
    if (g.occasion.only === 'recommended' && signing === undefined) return;
    const context = { world: g.world, supplier: g.supplier, group: need.group, now: at, firmAt, actor: signing === undefined ? PLANNER : POLICY, cause: 'planner' as const, leaves: g.leaves };
    const wanted = signing?.proposal ?? propose(lines, g.orders, terms, local.date, firmNow);
    const proposal = wanted === undefined ? undefined : this.guarded(plan, g, wanted);
    const issue = (draft: Draft): void => {
      if (signing === undefined) plan.drafts.push(draft);
      else plan.signed.push({ draft: { ...draft, adjustment: { ...draft.adjustment, origin: POLICY } }, lines: this.commitments.standingFor(draft.proposal, lines, g.terms), policy: signing.policy });
    };
    if (current === undefined) {
      if (proposal !== undefined) issue(this.negotiation.opening(context, proposal, lines));
      return;
    }
    // The factory's counter waits for the buyer; nothing is changed under their hands. A countered heads-up ends with its hour:
    // the firm version answers it.
    if (current.status === 'countered' && !hourHasCome) {
      wait();
      return;
    }
    if (proposal === undefined) {
      // A need that went away takes its unanswered signal along, damped like any other change.
      if (hourHasCome || at.getTime() - current.version_at.getTime() >= DAMPING_MS) await this.negotiation.end(tx, current, 'withdrawn', 'planner', at, PLANNER);
      return;
    }
    const sameTarget = proposal.order === current.production_order || (proposal.order === undefined && current.kind === 'create');
    if (!sameTarget) {
      if (!hourHasCome) {
        wait();
        return;
      }
      // What was announced no longer fits what is right now (the order froze, or can be hurried instead): that one is told instead.
      await this.negotiation.end(tx, current, 'withdrawn', 'planner', at, PLANNER);
      issue(this.negotiation.opening(context, proposal, lines));
      return;
    }
    // A firm change that waits for its answer is not taken back to a heads-up; what is new comes after it.
    if (current.commitment === 'firm' && proposal.commitment !== 'firm') {
      wait();
      return;
    }
    const renewed = { ...proposal, order: current.production_order };
    const before = g.told.map((l) => ({ lineId: l.line_id, sku: l.sku, quantity: l.quantity, quantityBefore: l.quantity_before, due: l.due, dueBefore: l.due_before }));
    const told = { kind: current.kind, lines: before, at: current.version_at.getTime() };
    // A signature makes a heads-up firm at once.
    const signed = signing !== undefined && current.commitment !== 'firm';
    if (hourHasCome || signed || isNews(told, renewed, terms.lotMultiple, at.getTime())) issue(this.negotiation.renewal(current, context, renewed, lines));
  }

  /** The whole recommendation as a firm change, where the merchant's policy signs for it. While a show with it is on air nothing is signed: more is known when it is over. */
  private signing(g: { need: GroupNeed; orders: readonly OpenOrder[]; occasion: Occasion; airing: boolean; terms: ReadonlyMap<string, SkuTerms> }, terms: SupplierTerms, today: string): { proposal: Proposal; policy: number } | undefined {
    const { allowance } = g.occasion;
    if (allowance === undefined || g.airing) return undefined;
    const proposal = propose(g.need.lines.map((l) => ({ ...l, firm: Math.max(l.firm, l.recommended) })), g.orders, terms, today, true);
    return proposal !== undefined && this.commitments.covers(allowance, proposal, g.need.lines, g.terms) ? { proposal, policy: allowance.policy.version } : undefined;
  }

  /** What of a proposal may go before a sample is approved; what waits asks for the sample. */
  private guarded(plan: Plan, g: { world: store.World; supplier: string; need: GroupNeed; first: SkuTerms; leaves: boolean; ordered: number; clearance: Clearance | undefined }, proposal: Proposal): Proposal | undefined {
    const { first, need } = g;
    if (first.trial_quantity === null) return proposal;
    const lead = need.lines.find((l) => l.spike !== null) ?? need.lines[0];
    const request = { world: g.world, supplier: g.supplier, style: first.style, leaves: g.leaves, actor: PLANNER };
    const evidence = { broadcast: lead?.evidence.broadcast ?? null, anchor: lead?.evidence.anchor ?? null, spike: lead?.spike ?? null, assessment: lead?.assessment ?? null };
    if (g.clearance === 'cleared') {
      // Same pattern, fabric and workshop as what was approved: only the new dye lot is looked at, and nothing waits for it.
      if (proposal.kind === 'create' && g.ordered > 0) plan.samples.push({ ...request, colour: first.colour, kind: 'swatch', cause: 'repeat', causeId: `${need.group} after ${g.ordered}`, evidence });
      return proposal;
    }
    const { goes, waits } = withinTrial(proposal, { room: first.trial_quantity - g.ordered, lotMultiple: first.lot_multiple, moq: first.moq });
    plan.letGo.set(`${first.style}\0${need.group}`, goes === undefined ? 0 : goes.lines.reduce((s, l) => s + Math.max(0, l.quantity - l.quantityBefore), 0));
    // An alarm has asked for its own sample.
    if (waits > 0 && g.clearance !== 'alarmed') plan.samples.push({ ...request, colour: '', kind: 'pre-production', cause: 'adjustment', causeId: need.group, evidence: { ...evidence, waiting: waits } });
    return goes;
  }

  @Handles(resumeProduction)
  async onCleared(run: JobRun<{ world: store.World; supplier: string; style: string }>): Promise<void> {
    const { world, supplier, style } = run.payload;
    await run.effect(async (tx) => {
      await store.lockPlanning(tx, world, supplier);
      const now = await worldNow(tx, world);
      const needs = await needsOfStyle(tx, world, supplier, style);
      if (needs.length > 0) await this.plan(tx, world, supplier, needs.map((n) => ({ ...n, at: n.at > now ? n.at : now })), CHANGED);
    });
  }

  @Handles(expireSample)
  async onSampleDue(run: JobRun<{ sampleRequest: string; version: number }>): Promise<void> {
    await run.effect((tx) => this.samples.expire(tx, run.payload.sampleRequest, run.payload.version));
  }

  @Handles(mindLineUps)
  async onLineUps(run: JobRun<{ world: store.World; now: string }>): Promise<void> {
    await run.effect((tx) => this.samples.mindLineUps(tx, run.payload.world, new Date(run.payload.now)));
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
        const need = await needOf(tx, a.world, a.supplier, a.group_key);
        if (need !== undefined) await this.plan(tx, a.world, a.supplier, [{ group: a.group_key, at: a.firm_at, lines: need.lines }], { hour: true, allowance: await this.commitments.allowance(tx, a.world, need.lines) });
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
      const need = await needOf(tx, a.world, a.supplier, a.group_key);
      if (need !== undefined) await this.plan(tx, a.world, a.supplier, [{ group: a.group_key, at: now, lines: need.lines }], CHANGED);
    });
  }

  /** What is recommended and nobody ordered: the merchant's policy may sign for it. */
  @Handles(commitRecommended)
  async onRecommended(run: JobRun<{ world: store.World; now: string }>): Promise<void> {
    const { world } = run.payload;
    await run.effect(async (tx) => {
      const suppliers = [...new Set((await recommendedNeeds(tx, world)).map((n) => n.supplier))];
      // As planning locks them: first the suppliers, in one order, then what all of them share.
      for (const supplier of suppliers) await store.lockPlanning(tx, world, supplier);
      // Read again behind the locks: whoever held them may have planned by a newer need.
      const needs = (await recommendedNeeds(tx, world)).filter((n) => suppliers.includes(n.supplier));
      const allowance = await this.commitments.allowance(tx, world, needs.flatMap((n) => n.lines));
      if (allowance === undefined) return;
      const now = new Date(run.payload.now);
      for (const supplier of suppliers) {
        await this.plan(tx, world, supplier, needs.filter((n) => n.supplier === supplier).map(({ group, at, lines }) => ({ group, at: at > now ? at : now, lines })), { hour: false, allowance, only: 'recommended' });
      }
    });
  }

  start(): void {
    this.ticks.start();
  }

  async tick(tx: Tx): Promise<void> {
    const clocks = await allClocks(tx);
    const lineUps = Date.now() - this.lineUpsAt >= LINE_UPS_MS;
    const recommended = Date.now() - this.recommendedAt >= RECOMMENDED_MS && (await this.commitments.isAutomatic(tx));
    for (const world of ['live', 'replay'] as const) {
      if (!clocks.some((c) => c.clock === world && c.now !== null)) continue;
      const now = await worldNow(tx, world);
      const due = await store.dueAdjustments(tx, world, now, 500);
      if (due.length > 0) await this.jobs.enqueue(tx, fallDue, due.map((d) => ({ signal: d.id, version: d.version, now: now.toISOString() })));
      const samples = await dueSamples(tx, world, now, 500);
      if (samples.length > 0) await this.jobs.enqueue(tx, expireSample, samples.map((d) => ({ sampleRequest: d.id, version: d.version })));
      if (recommended) await this.jobs.enqueue(tx, commitRecommended, [{ world, now: now.toISOString() }]);
      if (lineUps) await this.jobs.enqueue(tx, mindLineUps, [{ world, now: now.toISOString() }]);
    }
    if (lineUps) this.lineUpsAt = Date.now();
    if (recommended) this.recommendedAt = Date.now();
  }

  async stop(): Promise<void> {
    await this.ticks.stop();
  }
}

/** SKUs of which a broadcast runs now. */
async function onAir(tx: Tx, needs: readonly GroupNeed[]): Promise<Set<string>> {
  const at = needs.reduce((latest, n) => (n.at > latest ? n.at : latest), new Date(0));
  return new Set((await itemsOfSkus(tx, needs.flatMap((n) => n.lines.map((l) => l.sku)), at)).filter((i) => i.starts_at <= at && at < i.ends_at).map((i) => i.sku));
}

/** A change of the planner's that the factory heard of less than a minute ago and that has no other clock: nothing can be news yet. */
const waits = (a: OpenAdjustment | undefined, at: Date): boolean =>
  a?.origin === PLANNER && a.status !== 'countered' && at.getTime() - a.version_at.getTime() < ESCALATION_MS && (a.firm_at === null || a.firm_at > at);

/** When the need of a group is to be looked at again because its open change is too young now; nothing where that is known. */
function recheckOf(a: OpenAdjustment | undefined, at: Date): { id: string; at: Date }[] {
  const again = a?.origin === PLANNER ? newsAgainAt(a.version_at.getTime(), at.getTime()) : undefined;
  return a === undefined || again === undefined || a.recheck_at?.getTime() === again ? [] : [{ id: a.id, at: new Date(again) }];
}

const openOrder = (o: store.OrderRow, lines: readonly store.OrderLineRow[], timeZone: string, at: Date): OpenOrder => ({
  id: o.id,
  ageDays: o.confirmed_at === null ? 0 : daysBetween(localTime(o.confirmed_at.getTime(), timeZone).date, localTime(at.getTime(), timeZone).date),
  lines: lines.filter((l) => l.production_order === o.id).map((l) => ({ lineId: l.line_id, sku: l.sku, quantity: l.quantity, due: l.due, produced: floorOf(l), isIn: l.received >= l.quantity, expediteRefused: l.expedite_refused })),
});

const supplierTerms = (t: SkuTerms): SupplierTerms => ({
  moq: t.moq, lotMultiple: t.lot_multiple, leadTimeDays: t.lead_time_days, frozenFenceDays: t.frozen_fence_days, stageDays: t.stage_days, hasConfirmingHour: t.confirming_hour !== null,
});

/** Units of a style's trial that are used up, the group itself apart from what it is just being asked for again. */
const trialUsed = (used: readonly { style: string; group_key: string; ordered: number; pending: number }[], plan: Plan, style: string, group: string): number => {
  const planned = [...plan.letGo].filter(([key]) => key.startsWith(`${style}\0`) && key !== `${style}\0${group}`);
  const groups = new Set(planned.map(([key]) => key));
  const pending = used.filter((u) => u.style === style && u.group_key !== group && !groups.has(`${style}\0${u.group_key}`)).reduce((s, u) => s + u.pending, 0);
  return used.filter((u) => u.style === style).reduce((s, u) => s + u.ordered, 0) + pending + planned.reduce((s, [, n]) => s + n, 0);
};
