// How a change is issued, answered, decided and applied. Every step locks the adjustment's row, checks the machine, writes its
// transition, and announces a fact.
import { Inject, Injectable } from '@nestjs/common';
import { existingSkus, termsOf } from '../catalogue/index.js';
import { findAssessment, requestAssessment } from '../forecast/index.js';
import { recordSupply, removeSupply, type DatedSupply } from '../inventory/index.js';
import { DomainError, invalid, Jobs, newId, notFound, type Tx } from '../kernel/index.js';
import { allClocks, demandOf } from '../orders/index.js';
import { checkTransition, type AdjustmentStatus, type Cause } from './adjustment.states.js';
import { adjustmentApplied, adjustmentEnded, signalAnswered, signalIssued } from './production.facts.js';
import { asCountered, asProposed, liabilityOf, localTime, type AgreedLine, type NeedLine, type Proposal, type ReplyLine } from './production.rules.js';
import * as store from './production.repository.js';

export interface Reply {
  readonly version: number;
  readonly verdict: 'accept' | 'reject' | 'counter';
  readonly lines?: readonly ReplyLine[] | undefined;
  readonly note?: string | undefined;
}

export interface Decision {
  readonly version: number;
  readonly verdict: 'accept' | 'counter' | 'withdraw';
  readonly lines?: readonly { readonly lineId: string; readonly quantity?: number | undefined; readonly due?: string | undefined }[] | undefined;
  readonly note?: string | undefined;
}

/** How long a factory has to answer where it has no confirming hour. */
const RESPOND_MS = 12 * 3_600_000;

@Injectable()
export class NegotiationService {
  constructor(@Inject(Jobs) private readonly jobs: Jobs) {}

  /** "Now" of a world: the database's clock, or the latest that its replay shops have seen. */
  async now(tx: Tx, world: store.World): Promise<Date> {
    const clocks = (await allClocks(tx)).filter((c) => c.clock === world && c.now !== null).map((c) => c.now as Date);
    return world === 'live' || clocks.length === 0 ? (clocks[0] ?? new Date()) : clocks.reduce((a, b) => (a > b ? a : b));
  }

  /** Issues the first version of a change. */
  async open(tx: Tx, context: { world: store.World; supplier: string; group: string; now: Date; firmAt: Date | null; actor: string; cause: Cause }, proposal: Proposal, need: readonly NeedLine[]): Promise<void> {
    const order = proposal.order ?? newId('po');
    if (proposal.order === undefined) {
      await store.insertOrder(tx, { id: order, world: context.world, supplier: context.supplier, group_key: context.group, status: 'proposed', created_at: context.now });
    }
    const id = newId('sig');
    const respondBy = this.respondBy(context.now, proposal, context.firmAt);
    await store.insertAdjustment(tx, {
      id, world: context.world, supplier: context.supplier, group_key: context.group, production_order: order, kind: proposal.kind, status: 'proposed', version: 1, commitment: proposal.commitment,
      firm_at: proposal.commitment === 'firm' ? null : context.firmAt, respond_by: respondBy, created_at: context.now,
    });
    await store.insertTransition(tx, { adjustment: id, version: 1, from: 'draft', to: 'proposed', at: context.now, actor: context.actor });
    await this.writeVersion(tx, id, 1, context, proposal, need, respondBy);
    await this.issue(tx, id, context);
  }

  /** Issues version n + 1 of an open change; the version before is superseded. */
  async renew(tx: Tx, current: store.AdjustmentRow, context: { now: Date; firmAt: Date | null; actor: string; cause: Cause }, proposal: Proposal, need: readonly NeedLine[]): Promise<void> {
    checkTransition(current.status, 'superseded', context.cause);
    const version = current.version + 1;
    const respondBy = this.respondBy(context.now, proposal, context.firmAt);
    await store.setVersionStatus(tx, current.id, current.version, 'superseded');
    await store.endDelivery(tx, current.id, current.version, 'ended');
    await store.insertTransition(tx, { adjustment: current.id, version: current.version, from: current.status, to: 'superseded', at: context.now, actor: context.actor });
    await store.setAdjustment(tx, {
      id: current.id, kind: proposal.kind, status: 'proposed', version, commitment: proposal.commitment, firm_at: proposal.commitment === 'firm' ? null : context.firmAt, respond_by: respondBy,
    });
    await store.insertTransition(tx, { adjustment: current.id, version, from: 'draft', to: 'proposed', at: context.now, actor: context.actor });
    await this.writeVersion(tx, current.id, version, { ...context, supplier: current.supplier, world: current.world }, proposal, need, respondBy);
    await this.issue(tx, current.id, { ...context, world: current.world });
  }

  private respondBy(now: Date, proposal: Proposal, firmAt: Date | null): Date {
    return proposal.commitment === 'firm' || firmAt === null ? new Date(now.getTime() + RESPOND_MS) : firmAt;
  }

  private async writeVersion(
    tx: Tx, id: string, version: number, context: { world: store.World; supplier: string; now: Date }, proposal: Proposal, need: readonly NeedLine[], respondBy: Date,
  ): Promise<void> {
    const terms = new Map((await termsOf(tx, proposal.lines.map((l) => l.sku))).map((t) => [t.sku, t]));
    const lines = proposal.lines.map((l): store.LineRow => {
      const t = terms.get(l.sku);
      const n = need.find((x) => x.sku === l.sku);
      if (t === undefined) throw new DomainError(500, 'no-terms', `the SKU ${l.sku} has no terms any more`);
      return {
        line_id: l.lineId, sku: l.sku, style: t.style, colour: t.colour, size: t.size, quantity: l.quantity, quantity_before: l.quantityBefore, due: l.due, due_before: l.dueBefore,
        p50: n?.p50 ?? 0, p90: n?.p90 ?? 0, unit_price: t.unit_cost, currency: t.cost_currency,
      };
    });
    await store.insertVersion(
      tx,
      { adjustment: id, version, kind: proposal.kind, commitment: proposal.commitment, status: 'proposed', at: context.now, respond_by: respondBy, valid_until: respondBy,
        liability: liabilityOf(proposal.commitment), evidence: await this.evidence(tx, need, proposal, context.now) },
      lines,
    );
  }

  /** What a factory may know of why: counts and the broadcast, never prices or buyers. */
  private async evidence(tx: Tx, need: readonly NeedLine[], proposal: Proposal, now: Date): Promise<Record<string, unknown>> {
    const mine = need.filter((n) => proposal.lines.some((l) => l.sku === n.sku));
    let [gross, paid, cancelled, open] = [0, 0, 0, 0];
    let lead: { id: string; broadcast: unknown; anchor: unknown; size: number } | undefined;
    const reasons: string[] = [];
    for (const line of mine) {
      const a = await findAssessment(tx, line.assessment);
      if (a === undefined) continue;
      gross += Number(a.inputs['gross'] ?? 0);
      paid += Number(a.inputs['paid'] ?? 0);
      cancelled += Number(a.inputs['cancelled'] ?? 0);
      open += a.open_units;
      if (lead === undefined || a.open_units > lead.size) lead = { id: a.id, broadcast: a.inputs['broadcast'], anchor: a.inputs['anchor'], size: a.open_units };
      reasons.push(`${a.sku}: committed need ${a.committed_need} of ${a.open_units} open`);
    }
    const spike = mine.find((n) => n.spike !== null)?.spike ?? null;
    return {
      broadcast: lead?.broadcast ?? null, anchor: lead?.anchor ?? null, from: null, to: now.toISOString(), gross, paid, cancelled, open, assessment: lead?.id ?? null, spike,
      reason: `${spike === null ? 'need changed' : 'a spike is on'}; ${reasons.slice(0, 5).join('; ')}`,
    };
  }

  /** proposed → sent, unless its world only replays: then it stays proposed and nothing leaves the house. */
  private async issue(tx: Tx, id: string, context: { world: store.World; now: Date; actor: string; cause: Cause }): Promise<void> {
    const a = (await store.lockAdjustment(tx, id)) as store.AdjustmentRow;
    if (!(await this.mayLeave(tx, a))) return;
    await this.move(tx, a, 'sent', context.cause, context.now, context.actor);
    await store.insertDelivery(tx, a.id, a.version, newId('evt'));
    await this.jobs.announce(tx, signalIssued, this.about(a));
  }

  private async mayLeave(tx: Tx, a: store.AdjustmentRow): Promise<boolean> {
    if (a.world === 'live') return true;
    const shops = new Set((await demandOf(tx, (await store.linesOf(tx, a.id, a.version)).map((l) => l.sku))).map((d) => d.shop));
    return (await allClocks(tx)).some((c) => c.clock === 'replay' && c.send_signals && shops.has(c.id));
  }

  private about(a: store.AdjustmentRow): { signal: string; version: number; supplier: string; kind: string; commitment: string } {
    return { signal: a.id, version: a.version, supplier: a.supplier, kind: a.kind, commitment: a.commitment };
  }

  private async move(tx: Tx, a: store.AdjustmentRow, to: AdjustmentStatus, cause: Cause, at: Date, actor: string): Promise<store.AdjustmentRow> {
    checkTransition(a.status, to, cause);
    await store.setAdjustment(tx, { ...a, status: to });
    await store.setVersionStatus(tx, a.id, a.version, to);
    await store.insertTransition(tx, { adjustment: a.id, version: a.version, from: a.status, to, at, actor });
    return { ...a, status: to };
  }

  /** Ends a change that never takes effect. A proposed order that was never confirmed ends with it. */
  async end(tx: Tx, a: store.AdjustmentRow, to: 'rejected' | 'expired' | 'withdrawn', cause: Cause, now: Date, actor: string): Promise<void> {
    const ended = await this.move(tx, a, to, cause, now, actor);
    await store.endDelivery(tx, a.id, a.version, 'ended');
    const order = await store.findOrder(tx, a.production_order);
    if (order?.status === 'proposed') await store.setOrderStatus(tx, order.id, 'cancelled', now);
    if (to === 'rejected' && a.kind === 'expedite') await store.refuseExpedite(tx, a.production_order, (await store.linesOf(tx, a.id, a.version)).map((l) => l.line_id));
    await this.jobs.announce(tx, adjustmentEnded, { ...this.about(ended), status: to });
  }

  /** The factory's answer. The same answer again is answered alike; another one, a late one or one to an old version is refused. */
  async reply(tx: Tx, id: string, suppliers: readonly string[] | undefined, body: Reply, actor: string): Promise<store.AdjustmentRow> {
    const a = await store.lockAdjustment(tx, id);
    if (a === undefined || (suppliers !== undefined && !suppliers.includes(a.supplier)) || (a.status === 'proposed' && a.version === 1)) throw notFound(`the signal ${id}`);
    if (body.version !== a.version) {
      throw new DomainError(409, 'stale-version', `the current version is ${a.version}; this answer was to version ${body.version}`, { currentVersion: a.version });
    }
    const known = await store.replyOf(tx, id, body.version);
    if (known !== undefined) {
      if (JSON.stringify(sorted(known.body)) === JSON.stringify(sorted(body))) return a;
      throw new DomainError(409, 'already-answered', `version ${body.version} was answered before, with something else`);
    }
    if (a.status !== 'sent') throw new DomainError(409, 'not-open', `this change is ${a.status}; it takes no answer any more`, { status: a.status });
    const now = await this.now(tx, a.world);
    if (a.respond_by !== null && now > a.respond_by) throw new DomainError(409, 'too-late', `the answer was due by ${a.respond_by.toISOString()}`);
    const lines = await store.linesOf(tx, id, a.version);
    await this.checkReply(tx, body, lines);
    await store.insertReply(tx, id, body.version, body, actor);
    await store.endDelivery(tx, id, a.version, 'ended');
    if (body.verdict === 'reject') {
      await this.end(tx, a, 'rejected', 'factory', now, actor);
      await this.jobs.announce(tx, signalAnswered, { ...this.about(a), verdict: body.verdict });
      return { ...a, status: 'rejected' };
    }
    await this.jobs.announce(tx, signalAnswered, { ...this.about(a), verdict: body.verdict });
    if (body.verdict === 'counter') return this.move(tx, a, 'countered', 'factory', now, actor);
    const accepted = await this.move(tx, a, 'accepted', 'factory', now, actor);
    if (a.commitment !== 'firm') return accepted;
    return this.apply(tx, accepted, asProposed(toProposed(lines)), 'factory', now, actor);
  }

  private async checkReply(tx: Tx, body: Reply, lines: readonly store.LineRow[]): Promise<void> {
    if (body.verdict !== 'counter') {
      if ((body.lines ?? []).length > 0) throw invalid('lines', `an ${body.verdict} means all lines; leave lines out, or counter`);
      return;
    }
    const replied = body.lines ?? [];
    if (replied.length === 0) throw invalid('lines', 'a counter names at least one line; a line that is not named is rejected');
    const seen = new Set<string>();
    replied.forEach((r, i) => {
      const line = lines.find((l) => l.line_id === r.lineId);
      if (line === undefined) throw invalid(`lines[${i}].lineId`, `${r.lineId} is no line of this signal`);
      if (seen.has(r.lineId)) throw invalid(`lines[${i}].lineId`, `${r.lineId} is named twice`);
      seen.add(r.lineId);
      if (r.verdict === 'counter' && (r.splits ?? []).length === 0 && r.substituteSku === undefined && r.surcharge === undefined) throw invalid(`lines[${i}].splits`, 'a countered line says quantities and dates, a substitute, or a surcharge');
      if (r.verdict !== 'counter' && ((r.splits ?? []).length > 0 || r.substituteSku !== undefined || r.surcharge !== undefined)) throw invalid(`lines[${i}].splits`, `a line with the verdict ${r.verdict} takes no splits, substitute or surcharge`);
      const offered = (r.splits ?? []).reduce((s, x) => s + x.quantity, 0);
      if (offered > Math.max(line.quantity, line.quantity_before) * 2) throw invalid(`lines[${i}].splits`, `offer ${offered} units in all, more than twice what was asked`);
    });
    const substitutes = replied.flatMap((r) => (r.substituteSku === undefined ? [] : [r.substituteSku]));
    const known = await existingSkus(tx, substitutes);
    const stranger = substitutes.find((sku) => !known.has(sku));
    if (stranger !== undefined) throw invalid('lines', `substituteSku: ${stranger} does not exist`);
  }

  /** The buyer's answer to a counter; withdraw is possible while the change is open. */
  async decide(tx: Tx, id: string, body: Decision, actor: string): Promise<store.AdjustmentRow> {
    const a = await store.lockAdjustment(tx, id);
    if (a === undefined) throw notFound(`the signal ${id}`);
    const known = await store.decisionOf(tx, id, body.version);
    if (known !== undefined) {
      if (JSON.stringify(sorted(known.body)) === JSON.stringify(sorted(body))) return a;
      throw new DomainError(409, 'already-decided', `version ${body.version} was decided before, with something else`);
    }
    if (body.version !== a.version) throw new DomainError(409, 'stale-version', `the current version is ${a.version}; this decision was on version ${body.version}`, { currentVersion: a.version });
    const now = await this.now(tx, a.world);
    if (body.verdict !== 'counter' && (body.lines ?? []).length > 0) throw invalid('lines', `${body.verdict} takes no lines`);
    if (body.verdict === 'withdraw') {
      checkTransition(a.status, 'withdrawn', 'buyer');
      await store.insertDecision(tx, id, body.version, body, actor);
      await this.end(tx, a, 'withdrawn', 'buyer', now, actor);
      return { ...a, status: 'withdrawn' };
    }
    if (a.status !== 'countered') throw new DomainError(409, 'not-countered', `only a change that the factory countered waits for a decision; this one is ${a.status}`, { status: a.status });
    await store.insertDecision(tx, id, body.version, body, actor);
    const lines = await store.linesOf(tx, id, a.version);
    if (body.verdict === 'accept') {
      const reply = (await store.replyOf(tx, id, a.version))?.body as Reply;
      const agreed = asCountered(toProposed(lines), reply.lines ?? []);
      if (a.commitment !== 'firm') throw new DomainError(409, 'heads-up', 'a countered heads-up is answered by its firm version; withdraw it or counter it');
      return this.apply(tx, a, agreed, 'buyer', now, actor);
    }
    const wanted = body.lines ?? [];
    if (wanted.length === 0) throw invalid('lines', 'a counter names at least one line');
    wanted.forEach((w, i) => {
      if (!lines.some((l) => l.line_id === w.lineId)) throw invalid(`lines[${i}].lineId`, `${w.lineId} is no line of this signal`);
    });
    const proposed = toProposed(lines)
      .filter((l) => wanted.some((w) => w.lineId === l.lineId))
      .map((l) => { const w = wanted.find((x) => x.lineId === l.lineId); return { ...l, quantity: w?.quantity ?? l.quantity, due: w?.due ?? l.due }; });
    const need = (await store.needOf(tx, a.world, a.supplier, a.group_key))?.lines ?? [];
    await this.renew(tx, a, { now, firmAt: null, actor, cause: 'buyer' }, { kind: a.kind, commitment: a.commitment, order: a.production_order, lines: proposed }, need);
    return (await store.findAdjustment(tx, id)) as store.AdjustmentRow;
  }

  /** confirmed → applied: the production order gets its new quantities and dates, and inventory its dated supply. */
  private async apply(tx: Tx, a: store.AdjustmentRow, agreed: readonly AgreedLine[], cause: Cause, now: Date, actor: string): Promise<store.AdjustmentRow> {
    const confirmed = await this.move(tx, a, 'confirmed', cause, now, actor);
    const applied = await this.move(tx, confirmed, 'applied', cause, now, actor);
    const lines = await store.linesOf(tx, a.id, a.version);
    const priced = agreed.map((l) => { const line = lines.find((x) => x.line_id === l.lineId) as store.LineRow; return { ...l, unitPrice: line.unit_price, currency: line.currency }; });
    const kept = priced.filter((l) => l.quantity > 0 || a.kind !== 'create');
    if (kept.length > 0 && a.kind !== 'hold' && a.kind !== 'resume' && a.kind !== 'cancel') await store.upsertOrderLines(tx, a.production_order, kept);
    const status = a.kind === 'hold' ? 'on-hold' : a.kind === 'cancel' || (a.kind === 'create' && kept.length === 0) ? 'cancelled' : 'confirmed';
    await store.setOrderStatus(tx, a.production_order, status, now);
    await this.recordSupply(tx, a, status === 'confirmed');
    await this.jobs.announce(tx, adjustmentApplied, { ...this.about(applied), productionOrder: a.production_order });
    await requestAssessment(tx, a.world, lines.map((l) => l.sku));
    return applied;
  }

  private async recordSupply(tx: Tx, a: store.AdjustmentRow, counts: boolean): Promise<void> {
    await removeSupply(tx, 'production', `${a.production_order}/`);
    if (!counts) return;
    const supply = (await store.orderLines(tx, [a.production_order])).flatMap((l): DatedSupply[] =>
      l.splits.map((s, i) => ({ source: 'production', ref: `${a.production_order}/${l.line_id}/${i}`, world: a.world, sku: l.sku, quantity: s.quantity, due: s.date })));
    if (supply.length > 0) await recordSupply(tx, supply);
  }

  /** A change that a person asks for: it goes the same way as the planner's. */
  async request(
    tx: Tx, orderId: string, kind: Exclude<Proposal['kind'], 'create'>, changes: readonly { lineId: string; quantity?: number | undefined; due?: string | undefined }[], actor: string,
  ): Promise<store.AdjustmentRow> {
    const order = await store.findOrder(tx, orderId);
    if (order === undefined) throw notFound(`the production order ${orderId}`);
    await store.lockGroup(tx, order.world, order.supplier, order.group_key);
    const wanted = { hold: ['confirmed'], resume: ['on-hold'], cancel: ['confirmed', 'on-hold'], increase: ['confirmed'], decrease: ['confirmed'], expedite: ['confirmed'], delay: ['confirmed'] }[kind];
    if (!wanted.includes(order.status)) throw new DomainError(409, 'not-allowed-now', `${kind} needs an order that is ${wanted.join(' or ')}; this one is ${order.status}`, { status: order.status });
    if ((await store.openAdjustment(tx, order.world, order.supplier, order.group_key)) !== undefined) throw new DomainError(409, 'change-open', 'another change of this order is open; a factory sees at most one at a time');
    const now = await this.now(tx, order.world);
    const all = await store.orderLines(tx, [orderId]);
    const chosen = changes.length === 0 ? all.map((l) => ({ lineId: l.line_id })) : changes;
    const lines = chosen.map((c, i) => {
      const line = all.find((l) => l.line_id === c.lineId);
      if (line === undefined) throw invalid(`lines[${i}].lineId`, `${c.lineId} is no line of this order`);
      const change = c as { quantity?: number; due?: string };
      const quantity = kind === 'cancel' ? 0 : (change.quantity ?? line.quantity);
      const due = change.due ?? line.due;
      if (kind === 'increase' && quantity <= line.quantity) throw invalid(`lines[${i}].quantity`, `must be above ${line.quantity} to increase`);
      if (kind === 'decrease' && (quantity >= line.quantity || quantity < line.produced)) throw invalid(`lines[${i}].quantity`, `must be below ${line.quantity} and not below the ${line.produced} produced`);
      if (kind === 'expedite' && due >= line.due) throw invalid(`lines[${i}].due`, `must be before ${line.due}`);
      if (kind === 'delay' && due <= line.due) throw invalid(`lines[${i}].due`, `must be after ${line.due}`);
      return { lineId: line.line_id, sku: line.sku, quantity, quantityBefore: line.quantity, due, dueBefore: line.due };
    });
    const need = (await store.needOf(tx, order.world, order.supplier, order.group_key))?.lines ?? [];
    await this.open(tx, { world: order.world, supplier: order.supplier, group: order.group_key, now, firmAt: null, actor, cause: 'buyer' }, { kind, commitment: 'firm', order: orderId, lines }, need);
    return (await store.openAdjustment(tx, order.world, order.supplier, order.group_key)) as store.AdjustmentRow;
  }

  today = (now: Date, timeZone: string): string => localTime(now, timeZone).date;
}

const toProposed = (lines: readonly store.LineRow[]) =>
  lines.map((l) => ({ lineId: l.line_id, sku: l.sku, quantity: l.quantity, quantityBefore: l.quantity_before, due: l.due, dueBefore: l.due_before }));

/** Keys in order, absent ones dropped: two equal answers compare equal. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)]));
}
