// How a change is issued, answered, decided and applied. Every step locks the adjustment's row, checks the machine, writes its
// transition, and announces a fact.
import { Inject, Injectable } from '@nestjs/common';
import { termsOf, type SkuTerms } from '../catalogue/index.js';
import { needOf, requestAssessment, takeAgain, type NeedLine } from '../forecast/index.js';
import { DomainError, invalid, Jobs, newId, notFound, type Tx } from '../kernel/index.js';
import { allClocks, demandOf, worldNow } from '../orders/index.js';
import { checkTransition, type AdjustmentStatus, type Cause } from './adjustment.states.js';
import { APPLIES_TO, faultOfChange, floorOf, isWhole, overtaken } from './order-changes.rules.js';
import { adjustmentApplied, adjustmentEnded, proposeChange, signalAnswered, signalIssued } from './production.facts.js';
import { asCountered, asProposed, liabilityOf, sameJson, type AgreedLine, type Proposal, type ReplyLine } from './production.rules.js';
import * as store from './production.repository.js';
import { carryCommitments } from './commitments.repository.js';
import { writeSupply } from './supply.js';

export interface Reply {
  readonly version: number;
  readonly verdict: 'accept' | 'reject' | 'counter';
  readonly lines?: readonly ReplyLine[] | undefined;
  readonly note?: string | undefined;
}

export interface Decision {
  readonly version: number;
  readonly verdict: 'accept' | 'counter' | 'withdraw' | 'commit';
  readonly lines?: readonly { readonly lineId: string; readonly quantity?: number | undefined; readonly due?: string | undefined }[] | undefined;
  readonly note?: string | undefined;
}

/** A version that is decided on and not yet written. */
export interface Draft {
  readonly adjustment: store.AdjustmentRow;
  readonly before: store.AdjustmentRow | undefined;
  readonly order: store.OrderHead | undefined;
  readonly context: { readonly now: Date; readonly actor: string; readonly leaves: boolean };
  readonly proposal: Proposal;
  readonly need: readonly NeedLine[];
}

/** How long a factory has to answer where it has no confirming hour, and the buyer to answer its counter. */
const RESPOND_MS = 12 * 3_600_000;

@Injectable()
export class NegotiationService {
  constructor(@Inject(Jobs) private readonly jobs: Jobs) {}

  /** The first version of a change, ready to be issued; `leaves`: whether it is sent, or stays in the house because its world only replays. */
  opening(
    context: { world: store.World; supplier: string; group: string; now: Date; firmAt: Date | null; actor: string; leaves: boolean }, proposal: Proposal, need: readonly NeedLine[],
  ): Draft {
    const order = proposal.order ?? newId('po');
    const adjustment: store.AdjustmentRow = {
      id: newId('sig'), world: context.world, supplier: context.supplier, group_key: context.group, production_order: order, kind: proposal.kind, status: context.leaves ? 'sent' : 'proposed',
      version: 1, commitment: proposal.commitment, firm_at: proposal.commitment === 'firm' ? null : context.firmAt, respond_by: this.respondBy(context.now, proposal, context.firmAt), created_at: context.now, recheck_at: null, origin: context.actor,
    };
    const proposed = proposal.order === undefined ? { id: order, world: context.world, supplier: context.supplier, group_key: context.group, status: 'proposed' as const, created_at: context.now } : undefined;
    return { adjustment, before: undefined, order: proposed, context, proposal, need };
  }

  /** Version n + 1 of an open change, ready to be issued; the version before is superseded. */
  renewal(current: store.AdjustmentRow, context: { now: Date; firmAt: Date | null; actor: string; cause: Cause; leaves: boolean }, proposal: Proposal, need: readonly NeedLine[]): Draft {
    checkTransition(current.status, 'superseded', context.cause);
    const adjustment: store.AdjustmentRow = {
      ...current, recheck_at: null, kind: proposal.kind, status: context.leaves ? 'sent' : 'proposed', version: current.version + 1, commitment: proposal.commitment,
      firm_at: proposal.commitment === 'firm' ? null : context.firmAt, respond_by: this.respondBy(context.now, proposal, context.firmAt),
    };
    return { adjustment, before: current, order: undefined, context, proposal, need };
  }

  /** Issues versions with their lines and transitions; those that leave also get their delivery and the fact that carries them out. */
  async issue(tx: Tx, drafts: readonly Draft[]): Promise<void> {
    if (drafts.length === 0) return;
    const terms = new Map((await termsOf(tx, [...new Set(drafts.flatMap((d) => d.proposal.lines.map((l) => l.sku)))])).map((t) => [t.sku, t]));
    await store.issue(tx, drafts.map((d) => {
      const { adjustment: a, context, proposal, need } = d;
      return {
        adjustment: a, before: d.before, order: d.order, webhookId: context.leaves ? newId('evt') : undefined, lines: proposal.lines.map((l) => lineOf(l, terms.get(l.sku), need)),
        version: {
          adjustment: a.id, version: a.version, kind: a.kind, commitment: a.commitment, status: a.status, at: context.now, respond_by: a.respond_by, valid_until: a.respond_by,
          liability: liabilityOf(a.commitment), evidence: evidenceOf(need, proposal, context.now),
        },
      };
    }));
    await store.insertTransitions(tx, drafts.flatMap(({ adjustment: a, before, context }) => {
      const own = { adjustment: a.id, at: context.now, actor: context.actor };
      return [
        ...(before === undefined ? [] : [{ ...own, version: before.version, from: before.status, to: 'superseded' }]),
        { ...own, version: a.version, from: 'draft', to: 'proposed' },
        ...(context.leaves ? [{ ...own, version: a.version, from: 'proposed', to: 'sent' }] : []),
      ];
    }));
    await this.jobs.announce(tx, signalIssued, ...drafts.filter((d) => d.context.leaves).map((d) => this.about(d.adjustment)));
  }

  private respondBy(now: Date, proposal: Proposal, firmAt: Date | null): Date {
    return proposal.commitment === 'firm' || firmAt === null ? new Date(now.getTime() + RESPOND_MS) : firmAt;
  }

  /** Whether signals about these SKUs leave the house: always in the live world; in a replay where one of their shops says so. */
  async leaves(tx: Tx, world: store.World, skus: readonly string[]): Promise<ReadonlySet<string>> {
    if (world === 'live') return new Set(skus);
    const senders = new Set((await allClocks(tx)).filter((c) => c.clock === 'replay' && c.send_signals).map((c) => c.id));
    return new Set((await demandOf(tx, skus)).filter((d) => senders.has(d.shop)).map((d) => d.sku));
  }

  private about(a: store.AdjustmentRow): { signal: string; version: number; supplier: string; kind: string; commitment: string } {
    return { signal: a.id, version: a.version, supplier: a.supplier, kind: a.kind, commitment: a.commitment };
  }

  private async move(tx: Tx, a: store.AdjustmentRow, to: AdjustmentStatus, cause: Cause, at: Date, actor: string): Promise<store.AdjustmentRow> {
    checkTransition(a.status, to, cause);
    await store.setStatus(tx, a.id, to);
    await store.setVersionStatus(tx, a.id, a.version, to);
    await store.insertTransitions(tx, [{ adjustment: a.id, version: a.version, from: a.status, to, at, actor }]);
    return { ...a, status: to };
  }

  /** Ends a change that never takes effect. A proposed order that was never confirmed ends with it. */
  async end(tx: Tx, a: store.AdjustmentRow, to: 'rejected' | 'expired' | 'withdrawn', cause: Cause, now: Date, actor: string): Promise<void> {
    const ended = await this.move(tx, a, to, cause, now, actor);
    await store.endDelivery(tx, a.id, a.version, 'ended');
    const order = await store.findOrder(tx, a.production_order);
    if (order?.status === 'proposed') await store.setOrderStatus(tx, order.id, 'cancelled', now);
    const refused = to === 'rejected' && a.kind === 'expedite';
    if (refused) await store.refuseExpedite(tx, a.production_order, (await store.linesOf(tx, a.id, a.version)).map((l) => l.line_id));
    await this.jobs.announce(tx, adjustmentEnded, { ...this.about(ended), status: to });
    // What cannot come sooner is asked for as more: by the same need.
    await this.planAgain(tx, a, refused);
  }

  /** A need that had to wait for this change to end is planned now. One that the factory was told is not told again, unless `anyway`. */
  private async planAgain(tx: Tx, { world, supplier, group_key: group }: store.AdjustmentRow, anyway = false): Promise<void> {
    if (await takeAgain(tx, world, supplier, group, await worldNow(tx, world), anyway)) await this.jobs.enqueue(tx, proposeChange, [{ world, supplier, groups: [] }]);
  }

  /** An order was cut, left or came in: a change of it that is open and can no longer be made ends, so that nobody answers what is over. */
  async overtake(tx: Tx, orderId: string): Promise<void> {
    const order = (await store.findOrder(tx, orderId)) as store.OrderRow;
    const open = await store.openAdjustment(tx, order.world, order.supplier, order.group_key);
    if (open?.production_order !== orderId) return;
    const reason = overtaken(open.kind, order.status, await store.linesOf(tx, open.id, open.version), await store.orderLines(tx, [orderId]));
    if (reason === undefined) return;
    await this.end(tx, open, 'withdrawn', 'clock', await worldNow(tx, order.world), 'clock');
    // What the planner had told by it is to be told otherwise now: its need did not change.
    if (open.origin === 'planner' || open.origin === 'policy') await this.planAgain(tx, open, true);
  }

  /** Locks a change the way planning does: first its supplier's planning, then its row. */
  async lock(tx: Tx, id: string): Promise<store.AdjustmentRow | undefined> {
    const seen = await store.findAdjustment(tx, id);
    if (seen === undefined) return undefined;
    await store.lockPlanning(tx, seen.world, seen.supplier);
    return store.lockAdjustment(tx, id);
  }

  /** The factory's answer. The same answer again is answered alike; another one, a late one or one to an old version is refused. */
  async reply(tx: Tx, id: string, suppliers: readonly string[] | undefined, body: Reply, actor: string): Promise<store.AdjustmentRow> {
    const a = await this.lock(tx, id);
    if (a === undefined || (suppliers !== undefined && !suppliers.includes(a.supplier)) || (a.status === 'proposed' && a.version === 1)) throw notFound(`the signal ${id}`);
    if (body.version !== a.version) {
      throw new DomainError(409, 'stale-version', `the current version is ${a.version}; this answer was to version ${body.version}`, { currentVersion: a.version });
    }
    const known = await store.replyOf(tx, id, body.version);
    if (known !== undefined) {
      if (sameJson(known.body, body)) return a;
      throw new DomainError(409, 'already-answered', `version ${body.version} was answered before, with something else`);
    }
    if (a.status !== 'sent') throw new DomainError(409, 'not-open', `this change is ${a.status}; it takes no answer any more`, { currentStatus: a.status });
    const now = await worldNow(tx, a.world);
    if (a.respond_by !== null && now > a.respond_by) throw new DomainError(409, 'too-late', `the answer was due by ${a.respond_by.toISOString()}`);
    const lines = await store.linesOf(tx, id, a.version);
    await this.checkReply(tx, a, body, lines);
    await store.insertReply(tx, id, body.version, body, actor);
    await store.endDelivery(tx, id, a.version, 'ended');
    if (body.verdict === 'reject') {
      await this.end(tx, a, 'rejected', 'factory', now, actor);
      await this.jobs.announce(tx, signalAnswered, { ...this.about(a), verdict: body.verdict });
      return { ...a, status: 'rejected' };
    }
    await this.jobs.announce(tx, signalAnswered, { ...this.about(a), verdict: body.verdict });
    if (body.verdict === 'counter') {
      // The factory's clock is over with its answer: the buyer has a time of their own, however late the counter came. A heads-up waits for
      // its hour, which brings its firm version: ended before, what is sold would not be ordered then.
      const respondBy = a.firm_at ?? new Date(now.getTime() + RESPOND_MS);
      await store.setRespondBy(tx, a.id, respondBy);
      return { ...(await this.move(tx, a, 'countered', 'factory', now, actor)), respond_by: respondBy };
    }
    const accepted = await this.move(tx, a, 'accepted', 'factory', now, actor);
    if (a.commitment !== 'firm') return accepted;
    return this.apply(tx, accepted, asProposed(a.kind, toProposed(lines), await this.agreedDates(tx, a)), 'factory', now, actor);
  }

  /** Dates that were agreed before, by line. */
  private agreedDates = async (tx: Tx, a: store.AdjustmentRow): Promise<Map<string, store.OrderLineRow['splits']>> =>
    new Map((await store.orderLines(tx, [a.production_order])).map((l) => [l.line_id, l.splits]));

  private async checkReply(tx: Tx, a: store.AdjustmentRow, body: Reply, lines: readonly store.LineRow[]): Promise<void> {
    if (body.verdict !== 'counter') {
      if ((body.lines ?? []).length > 0) throw invalid('lines', `an ${body.verdict} means all lines; leave lines out, or counter`);
      return;
    }
    if (['hold', 'resume', 'cancel'].includes(a.kind)) throw invalid('verdict', `a ${a.kind} concerns the whole order: accept or reject it`);
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
    // A factory offers its own SKUs; another's is no different to it from one that does not exist.
    const own = new Set((await termsOf(tx, substitutes)).filter((t) => t.supplier === a.supplier).map((t) => t.sku));
    const stranger = substitutes.find((sku) => !own.has(sku));
    if (stranger !== undefined) throw invalid('lines', `substituteSku: ${stranger} is no SKU that you make`);
  }

  /** The buyer's answer to a counter; withdraw is possible while the change is open. */
  async decide(tx: Tx, id: string, body: Decision, actor: string): Promise<store.AdjustmentRow> {
    const a = await this.lock(tx, id);
    if (a === undefined) throw notFound(`the signal ${id}`);
    const known = await store.decisionOf(tx, id, body.version);
    if (known !== undefined) {
      if (sameJson(known.body, body)) return a;
      throw new DomainError(409, 'already-decided', `version ${body.version} was decided before, with something else`);
    }
    if (body.version !== a.version) throw new DomainError(409, 'stale-version', `the current version is ${a.version}; this decision was on version ${body.version}`, { currentVersion: a.version });
    const now = await worldNow(tx, a.world);
    if (body.verdict !== 'counter' && (body.lines ?? []).length > 0) throw invalid('lines', `${body.verdict} takes no lines`);
    if (body.verdict === 'withdraw') {
      checkTransition(a.status, 'withdrawn', 'buyer');
      await store.insertDecision(tx, id, body.version, body, actor);
      await this.end(tx, a, 'withdrawn', 'buyer', now, actor);
      return { ...a, status: 'withdrawn' };
    }
    if (a.status !== 'countered') throw new DomainError(409, 'not-countered', `only a change that the factory countered waits for a decision; this one is ${a.status}`, { currentStatus: a.status });
    await store.insertDecision(tx, id, body.version, body, actor);
    const lines = await store.linesOf(tx, id, a.version);
    if (body.verdict === 'accept') {
      const reply = (await store.replyOf(tx, id, a.version))?.body as Reply;
      const agreed = asCountered(a.kind, toProposed(lines), reply.lines ?? [], await this.agreedDates(tx, a));
      if (a.commitment !== 'firm') throw new DomainError(409, 'heads-up', 'a countered heads-up is answered by its firm version; commit to it, withdraw it or counter it');
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
    const standing = await store.orderLines(tx, [a.production_order]);
    for (const l of proposed) {
      const fault = faultOfChange(a.kind, l, floorOf(standing.find((x) => x.line_id === l.lineId)));
      if (fault !== undefined) throw invalid(`lines[${wanted.findIndex((w) => w.lineId === l.lineId)}].${fault[0]}`, fault[1]);
    }
    const need = (await needOf(tx, a.world, a.supplier, a.group_key))?.lines ?? [];
    const renewed = this.renewal(a, { now, firmAt: a.firm_at, actor, cause: 'buyer', leaves: true }, { kind: a.kind, commitment: a.commitment, order: a.production_order, lines: proposed }, need);
    // From here on a firm change is the buyer's: planning does not write its own quantity over theirs. A heads-up stays a forecast, and
    // its hour brings what is sold by then.
    const origin = a.commitment === 'firm' ? actor : a.origin;
    await this.issue(tx, [{ ...renewed, adjustment: { ...renewed.adjustment, origin } }]);
    await carryCommitments(tx, a.id, a.version, a.version + 1, proposed.map((l) => l.lineId));
    return (await store.findAdjustment(tx, id)) as store.AdjustmentRow;
  }

  /** confirmed → applied: the production order gets its new quantities and dates, and inventory its dated supply. */
  private async apply(tx: Tx, a: store.AdjustmentRow, agreed: readonly AgreedLine[], cause: Cause, now: Date, actor: string): Promise<store.AdjustmentRow> {
    const order = (await store.lockOrder(tx, a.production_order)) as store.OrderRow;
    const lines = await store.linesOf(tx, a.id, a.version);
    const before = await store.orderLines(tx, [a.production_order]);
    const isOfLines = !['hold', 'resume', 'cancel'].includes(a.kind);
    // More may have come of a line than was ordered: it keeps what it has, and only its dates move.
    const leastOf = (line: store.OrderLineRow | undefined): number => Math.min(floorOf(line), line?.quantity ?? 0);
    const broken = isOfLines ? agreed.find((l) => !isWhole(l, leastOf(before.find((x) => x.line_id === l.lineId)))) : undefined;
    const over = overtaken(a.kind, order.status, lines, before) ?? (broken === undefined ? undefined : `${broken.lineId} has more made or received than would be left of it`);
    if (over !== undefined) throw new DomainError(409, 'overtaken', `this change can no longer be made: ${over}`, { currentStatus: a.status });
    const confirmed = await this.move(tx, a, 'confirmed', cause, now, actor);
    const applied = await this.move(tx, confirmed, 'applied', cause, now, actor);
    const priced = agreed.map((l) => { const line = lines.find((x) => x.line_id === l.lineId) as store.LineRow; return { ...l, unitPrice: line.unit_price, currency: line.currency }; });
    const kept = priced.filter((l) => l.quantity > 0 || a.kind !== 'create');
    if (kept.length > 0 && isOfLines) await store.upsertOrderLines(tx, a.production_order, kept);
    const [progress, standing] = await Promise.all([store.progressOf(tx, [a.production_order]), store.orderLines(tx, [a.production_order])]);
    const running = standing.some((l) => l.received > 0) ? 'received' : progress.length > 0 ? 'in-production' : 'confirmed';
    const status = a.kind === 'hold' ? 'on-hold' : a.kind === 'cancel' || (a.kind === 'create' && kept.length === 0) ? 'cancelled' : running;
    await store.setOrderStatus(tx, a.production_order, status, now);
    await writeSupply(tx, a.world, a.production_order, status !== 'on-hold' && status !== 'cancelled');
    await this.jobs.announce(tx, adjustmentApplied, { ...this.about(applied), productionOrder: a.production_order });
    await requestAssessment(tx, a.world, [...new Set([...lines.map((l) => l.sku), ...agreed.map((l) => l.sku)])]);
    // A cancelled order leaves the need that it was for: it is asked for again, whether or not an assessment saw the order.
    await this.planAgain(tx, a, a.kind === 'cancel');
    return applied;
  }

  /**
   * Stops what is being made behind a production order (the order itself, or the one that followed it in its group). What the
   * planner had asked for meanwhile is taken back; a person's open change is left to that person. Answers the order that is to
   * stop; undefined where nothing is being made, or a person's change stands in the way.
   */
  async requestHold(tx: Tx, orderId: string, actor: string): Promise<string | undefined> {
    const order = await store.findOrder(tx, orderId);
    if (order === undefined) return undefined;
    await store.lockPlanning(tx, order.world, order.supplier);
    // Partly received, the rest of it is still being made.
    const target = ['confirmed', 'in-production', 'received'].includes(order.status) ? order : (await store.confirmedOrders(tx, order.world, order.supplier, [order.group_key])).at(-1);
    const open = await store.openAdjustment(tx, order.world, order.supplier, order.group_key);
    if (open !== undefined && open.origin !== 'planner' && open.origin !== 'policy') return undefined;
    if (open !== undefined) await this.end(tx, open, 'withdrawn', 'planner', await worldNow(tx, order.world), actor);
    if (target === undefined) return undefined;
    await this.request(tx, target.id, 'hold', [], actor);
    return target.id;
  }

  /** What `requestHold` asked for was not needed: an unanswered stop is taken back, a stopped order is told to go on. */
  async liftHold(tx: Tx, orderId: string, actor: string): Promise<void> {
    const order = await store.findOrder(tx, orderId);
    if (order === undefined) return;
    await store.lockPlanning(tx, order.world, order.supplier);
    const open = await store.openAdjustment(tx, order.world, order.supplier, order.group_key);
    if (open !== undefined) {
      if (open.kind === 'hold' && open.production_order === orderId) await this.end(tx, open, 'withdrawn', 'buyer', await worldNow(tx, order.world), actor);
      return;
    }
    if ((await store.lockOrder(tx, orderId))?.status === 'on-hold') await this.request(tx, orderId, 'resume', [], actor);
  }

  /** A change that a person asks for: it goes the same way as the planner's. */
  async request(
    tx: Tx, orderId: string, kind: Exclude<Proposal['kind'], 'create'>, changes: readonly { lineId: string; quantity?: number | undefined; due?: string | undefined }[], actor: string,
  ): Promise<store.AdjustmentRow> {
    const order = await store.findOrder(tx, orderId);
    if (order === undefined) throw notFound(`the production order ${orderId}`);
    await store.lockPlanning(tx, order.world, order.supplier);
    const wanted = APPLIES_TO[kind];
    if (!wanted.includes(order.status)) throw new DomainError(409, 'not-allowed-now', `${kind} needs an order that is ${wanted.join(' or ')}; this one is ${order.status}`, { currentStatus: order.status });
    if ((await store.openAdjustment(tx, order.world, order.supplier, order.group_key)) !== undefined) throw new DomainError(409, 'change-open', 'another change of this order is open; a factory sees at most one at a time');
    if (['hold', 'resume', 'cancel'].includes(kind) && changes.length > 0) throw invalid('lines', `a ${kind} concerns the whole order; leave lines out`);
    const now = await worldNow(tx, order.world);
    const all = await store.orderLines(tx, [orderId]);
    const chosen = changes.length === 0 ? all.map((l) => ({ lineId: l.line_id })) : changes;
    const lines = chosen.map((c, i) => {
      const line = all.find((l) => l.line_id === c.lineId);
      if (line === undefined) throw invalid(`lines[${i}].lineId`, `${c.lineId} is no line of this order`);
      const change = c as { quantity?: number; due?: string };
      const quantity = kind === 'cancel' ? 0 : (change.quantity ?? line.quantity);
      const due = change.due ?? line.due;
      const changed = { lineId: line.line_id, sku: line.sku, quantity, quantityBefore: line.quantity, due, dueBefore: line.due };
      const fault = faultOfChange(kind, changed, floorOf(line));
      if (fault !== undefined) throw invalid(`lines[${i}].${fault[0]}`, fault[1]);
      return changed;
    });
    const need = (await needOf(tx, order.world, order.supplier, order.group_key))?.lines ?? [];
    const leaves = (await this.leaves(tx, order.world, lines.map((l) => l.sku))).size > 0;
    const draft = this.opening({ world: order.world, supplier: order.supplier, group: order.group_key, now, firmAt: null, actor, leaves }, { kind, commitment: 'firm', order: orderId, lines }, need);
    await this.issue(tx, [draft]);
    return (await store.findAdjustment(tx, draft.adjustment.id)) as store.AdjustmentRow;
  }

}

function lineOf(l: Proposal['lines'][number], t: SkuTerms | undefined, need: readonly NeedLine[]): store.LineRow {
  if (t === undefined) throw new DomainError(500, 'no-terms', `the SKU ${l.sku} has no terms any more`);
  const n = need.find((x) => x.sku === l.sku);
  return {
    line_id: l.lineId, sku: l.sku, style: t.style, colour: t.colour, size: t.size, quantity: l.quantity, quantity_before: l.quantityBefore, due: l.due, due_before: l.dueBefore,
    p50: n?.p50 ?? 0, p90: n?.p90 ?? 0, unit_price: t.unit_cost, currency: t.cost_currency,
  };
}

/** Why, in one line and a few counts. */
function evidenceOf(need: readonly NeedLine[], proposal: Proposal, now: Date): Record<string, unknown> {
  const mine = need.filter((n) => proposal.lines.some((l) => l.sku === n.sku));
  const sum = (pick: (e: NeedLine['evidence']) => number): number => mine.reduce((s, n) => s + pick(n.evidence), 0);
  const lead = mine.reduce<NeedLine | undefined>((best, n) => (best === undefined || n.evidence.open > best.evidence.open ? n : best), undefined);
  const spike = mine.find((n) => n.spike !== null)?.spike ?? null;
  const reasons = mine.slice(0, 5).map((n) => `${n.sku}: committed need ${n.committedNeed} of ${n.evidence.open} open`);
  return {
    broadcast: lead?.evidence.broadcast ?? null, anchor: lead?.evidence.anchor ?? null, from: null, to: now.toISOString(), gross: sum((e) => e.gross), paid: sum((e) => e.paid),
    cancelled: sum((e) => e.cancelled), open: sum((e) => e.open), assessment: lead?.assessment ?? null, spike,
    reason: `${spike === null ? 'need changed' : 'a spike is on'}${reasons.length === 0 ? '' : `; ${reasons.join('; ')}`}`,
  };
}

export const toProposed = (lines: readonly store.LineRow[]) =>
  lines.map((l) => ({ lineId: l.line_id, sku: l.sku, quantity: l.quantity, quantityBefore: l.quantity_before, due: l.due, dueBefore: l.due_before }));
