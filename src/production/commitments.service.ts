// A recommendation becomes an order: a person signs for a heads-up, wholly or for fewer units, or the merchant's policy does up to its limit.
import { Inject, Injectable } from '@nestjs/common';
import { termsOf, type SkuTerms } from '../catalogue/index.js';
import { needOf, type NeedLine } from '../forecast/index.js';
import { DomainError, notFound, type Tx } from '../kernel/index.js';
import { worldNow } from '../orders/index.js';
import * as signed from './commitments.repository.js';
import { chosenLines, commitmentsOf, isCovered, type Commitment } from './commitments.rules.js';
import { NegotiationService, toProposed, type Decision, type Draft } from './negotiation.service.js';
import { sameJson, type Proposal } from './production.rules.js';
import * as store from './production.repository.js';

/** The policy in force and what it may still put at risk. */
export interface Allowance {
  readonly policy: signed.PolicyRow;
  atRisk: number;
  /** Assessments it signed for already. */
  readonly spent: ReadonlySet<string>;
}

/** Who signs where nobody does: planning leaves such a change alone until it is answered, like a person's. */
export const POLICY = 'policy';

const OPEN = ['sent', 'accepted', 'countered'];

@Injectable()
export class CommitmentsService {
  constructor(@Inject(NegotiationService) private readonly negotiation: NegotiationService) {}

  /** What committing to a heads-up would mean, line by line; refused where there is nothing to commit to. */
  async preview(tx: Tx, id: string): Promise<object> {
    const a = await store.findAdjustment(tx, id);
    if (a === undefined) throw notFound(`the signal ${id}`);
    checkOpen(a);
    const { lines, need, terms, first } = await this.gather(tx, a);
    const commitments = commitmentsOf(lines, need, terms);
    return {
      signal: a.id, version: a.version, supplier: a.supplier, kind: a.kind, moq: a.kind === 'create' ? first.moq : 0, lotMultiple: first.lot_multiple,
      lines: commitments.map((c, i) => {
        const line = lines[i] as Proposal['lines'][number];
        const n = need.find((x) => x.sku === c.sku);
        const t = terms.get(c.sku) as SkuTerms;
        return {
          lineId: c.lineId, sku: c.sku, quantityBefore: line.quantityBefore, quantity: line.quantity, due: line.due, committedNeed: n?.committedNeed ?? 0, later: { p50: n?.p50 ?? 0, p90: n?.p90 ?? 0 },
          unitCost: t.unit_cost, salvage: t.salvage_value, currency: c.currency, beyond: c.beyond, atRisk: c.atRisk, assessment: c.assessment,
        };
      }),
      atRisk: sums(commitments),
    };
  }

  /** The merchant signs: the next version of the same change is firm. The same decision again is answered alike; another one is refused. */
  async commit(tx: Tx, id: string, body: Decision, actor: string): Promise<void> {
    const a = await this.negotiation.lock(tx, id);
    if (a === undefined) throw notFound(`the signal ${id}`);
    const known = await store.decisionOf(tx, id, body.version);
    if (known !== undefined) {
      if (sameJson(known.body, body)) return;
      throw new DomainError(409, 'already-decided', `version ${body.version} was decided before, with something else`);
    }
    if (body.version !== a.version) throw new DomainError(409, 'stale-version', `the current version is ${a.version}; this decision was on version ${body.version}`, { currentVersion: a.version });
    checkOpen(a);
    const { lines, need, terms, first } = await this.gather(tx, a);
    const chosen = chosenLines(lines, body.lines ?? [], first, a.kind as 'create' | 'increase');
    const now = await worldNow(tx, a.world);
    await store.insertDecision(tx, id, body.version, body, actor);
    const leaves = (await this.negotiation.leaves(tx, a.world, chosen.map((l) => l.sku))).size > 0;
    const draft = this.negotiation.renewal(a, { now, firmAt: null, actor, cause: 'buyer', leaves }, { kind: a.kind, commitment: 'firm', order: a.production_order, lines: chosen }, need);
    await this.issue(tx, [{ draft: { ...draft, adjustment: { ...draft.adjustment, origin: actor } }, lines: commitmentsOf(chosen, need, terms), policy: null }]);
  }

  /** Issues versions that somebody, or the policy, signed for, and keeps what they stand for. */
  async issue(tx: Tx, list: readonly { readonly draft: Draft; readonly lines: readonly Commitment[]; readonly policy: number | null }[]): Promise<void> {
    if (list.length === 0) return;
    await this.negotiation.issue(tx, list.map((l) => l.draft));
    await signed.insertCommitments(tx, list.map(({ draft: { adjustment: a, context }, lines, policy }) => ({ adjustment: a.id, version: a.version, actor: a.origin, policy, at: context.now, lines })));
  }

  /** What the policy may sign for in a world; undefined where it signs for nothing. Others wait until this transaction ends. */
  async allowance(tx: Tx, world: store.World, need: readonly NeedLine[]): Promise<Allowance | undefined> {
    const policy = await signed.currentPolicy(tx);
    if (policy?.automatic !== true) return undefined;
    await signed.lockCommitments(tx, world);
    return { policy, atRisk: await signed.automaticAtRisk(tx, world, policy.currency), spent: await signed.signedByPolicy(tx, need.map((l) => l.assessment)) };
  }

  async isAutomatic(tx: Tx): Promise<boolean> {
    return (await signed.currentPolicy(tx))?.automatic === true;
  }

  /** Whether the policy signs for a proposal; what it puts at risk then counts against what it may still. */
  covers(allowance: Allowance, proposal: Proposal, need: readonly NeedLine[], terms: ReadonlyMap<string, SkuTerms>): boolean {
    if (proposal.kind !== 'create' && proposal.kind !== 'increase') return false;
    const commitments = commitmentsOf(proposal.lines, need, terms);
    if (commitments.some((c) => c.assessment !== null && allowance.spent.has(c.assessment)) || !isCovered(allowance.policy, allowance.atRisk, commitments)) return false;
    allowance.atRisk += commitments.reduce((s, c) => s + c.atRisk, 0);
    return true;
  }

  /** What lines stand for once they are signed. */
  standingFor(proposal: Proposal, need: readonly NeedLine[], terms: ReadonlyMap<string, SkuTerms>): Commitment[] {
    return commitmentsOf(proposal.lines, need, terms);
  }

  private async gather(tx: Tx, a: store.AdjustmentRow): Promise<{ lines: Proposal['lines']; need: readonly NeedLine[]; terms: Map<string, SkuTerms>; first: SkuTerms }> {
    const [rows, need] = await Promise.all([store.linesOf(tx, a.id, a.version), needOf(tx, a.world, a.supplier, a.group_key)]);
    const terms = new Map((await termsOf(tx, rows.map((l) => l.sku))).map((t) => [t.sku, t]));
    const first = rows.map((l) => terms.get(l.sku)).find((t) => t !== undefined);
    if (first?.supplier !== a.supplier) throw new DomainError(409, 'not-sourced-here', `${a.supplier} does not make these SKUs any more; withdraw the change`);
    return { lines: toProposed(rows), need: need?.lines ?? [], terms, first };
  }
}

function checkOpen(a: store.AdjustmentRow): void {
  if (!OPEN.includes(a.status)) throw new DomainError(409, 'not-open', `this change is ${a.status}; there is nothing to commit to`, { currentStatus: a.status });
  if (a.commitment === 'firm' || (a.kind !== 'create' && a.kind !== 'increase')) throw new DomainError(409, 'no-heads-up', 'only a heads-up that asks for more can be committed to');
}

/** By currency; minor units. */
function sums(commitments: readonly Commitment[]): { currency: string; amount: number }[] {
  const by = new Map<string, number>();
  for (const c of commitments) by.set(c.currency, (by.get(c.currency) ?? 0) + c.atRisk);
  return [...by].map(([currency, amount]) => ({ currency, amount }));
}
