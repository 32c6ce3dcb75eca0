// Who answers for returned units, what they cost, and who is asked for it. Policy judges by itself; a person may judge otherwise,
// on record, as long as nobody was asked for money yet.
import { Inject, Injectable } from '@nestjs/common';
import { anchorOf } from '../broadcasts/index.js';
import { termsOf as skuTermsOf } from '../catalogue/index.js';
import { lotRecords, type LotRecord } from '../inventory/index.js';
import { DomainError, Handles, invalid, Jobs, newId, notFound, type JobRun, type Tx } from '../kernel/index.js';
import { orderTotals, shopNow, soldLine, worldNow } from '../orders/index.js';
import { orderLines } from '../production/index.js';
import { casesOfLine, inspectionsOf, lockCase, NOTHING_LOST, type InspectionRow, type ReturnCase } from '../returns/index.js';
import { assignResponsibility, decisionAwaited, forgetClaims, responsibilityProposed } from './accountability.facts.js';
import {
  allowanceOf, type ClaimParts, claimsOf, faultOfShares, NOT_INSPECTED, OTHER_TERMS, sharesOf, unitCosts, USUAL_TERMS, type Costs, type Party, WHOLE_BP, type Share, type SupplierTerms, unitsBeyond,
} from './accountability.rules.js';
import * as store from './accountability.repository.js';
import { blindGroups } from './blind.js';
import { postTransfers, standingOfResponsibility, type Transfer } from './ledger.repository.js';
import { policyAt, termsAt, type Policy } from './policy.repository.js';

const DAY_MS = 86_400_000;
/** What the platform says of a case whose buyer has the money back. */
const REFUNDED: readonly string[] = ['refunded', 'closed', 'appealed', 'lost'];

/** Units that are judged together: one line of an inspection, or all of a case whose goods nobody saw. */
interface Group {
  readonly inspection: InspectionRow | undefined;
  readonly quantity: number;
  readonly finding: string;
  readonly lot: string;
}

@Injectable()
export class ResponsibilityService {
  constructor(@Inject(Jobs) private readonly jobs: Jobs) {}

  @Handles(assignResponsibility)
  async onInspected(run: JobRun<{ return: string }>): Promise<void> {
    await run.effect((tx) => this.assign(tx, run.payload.return));
  }

  @Handles(forgetClaims)
  async onVoided(run: JobRun<{ return: string }>): Promise<void> {
    await run.effect((tx) => this.forget(tx, run.payload.return));
  }

  /** Judges what of a case was inspected and not judged yet, by the policy in force when it was inspected. */
  async assign(tx: Tx, id: string): Promise<void> {
    const c = await this.lock(tx, id);
    if (c === undefined) return;
    const judged = await store.responsibilitiesOf(tx, id);
    const known = new Set(judged.map((r) => r.inspection));
    const fresh = (await inspectionsOf(tx, [id])).filter((i) => !known.has(i.id));
    if (fresh.length === 0) return;
    // Judged without goods, which came all the same: the units are the same, so that judgement ends with this one. Where its party
    // was told already, a person has to say what becomes of it.
    const blind = judged.filter((r) => r.inspection === null && r.superseded_by === null);
    const sent = await this.sentFor(tx, ...blind.map((r) => r.id));
    if (sent !== undefined) return this.jobs.announce(tx, decisionAwaited, { return: id, sku: c.sku, chargeback: sent.id, reason: 'goods-came' });
    const book: Transfer[] = [];
    for (const r of blind) book.push(...(await this.takeBack(tx, r, await worldNow(tx, c.world), 'policy')));
    for (const [i, inspection] of fresh.entries()) {
      const policy = await policyAt(tx, inspection.recorded_at);
      const shares = sharesOf(policy.rules, inspection.finding, c.claimed_reason);
      const group = { inspection, quantity: inspection.quantity, finding: inspection.finding, lot: inspection.lot };
      book.push(...(await this.judge(tx, c, group, policy, shares, { origin: 'policy', note: null, actor: 'policy', at: inspection.at }, ...(i === 0 ? blind.map((r) => r.id) : []))));
    }
    await postTransfers(tx, book);
  }

  /** A person's judgement of a case, or of one inspected line of it, in place of the policy's. */
  async decide(tx: Tx, id: string, wanted: { inspection: number | undefined; shares: readonly Share[]; note: string }, actor: string): Promise<void> {
    const c = await this.lock(tx, id);
    if (c === undefined) throw notFound(`the return ${id}`);
    const fault = faultOfShares(wanted.shares);
    if (fault !== undefined) throw invalid('shares', fault);
    const inspections = await inspectionsOf(tx, [id]);
    if (wanted.inspection !== undefined && !inspections.some((i) => i.id === wanted.inspection)) throw invalid('inspection', `${wanted.inspection} is no inspection of this return`);
    if (c.goods === 'awaiting' || c.goods === 'received') throw new DomainError(409, 'not-inspected', `the goods of this return are ${c.goods}; inspect them first`, { currentStatus: c.goods });
    const standing = (await store.responsibilitiesOf(tx, id)).filter((r) => r.superseded_by === null);
    // A judgement that stands can be replaced whatever the platform says by now.
    if (inspections.length === 0 && standing.length === 0 && !REFUNDED.includes(c.status)) throw new DomainError(409, 'not-refunded', `nothing was lost yet: no goods came, and the platform says that this case is ${c.status}`, { currentStatus: c.status });
    const groups: Group[] = inspections.length === 0
      ? await blindGroups(tx, c, wanted.shares)
      : inspections.filter((i) => wanted.inspection === undefined || i.id === wanted.inspection).map((inspection) => ({ inspection, quantity: inspection.quantity, finding: inspection.finding, lot: inspection.lot }));
    const at = await worldNow(tx, c.world);
    const book: Transfer[] = [];
    for (const [n, group] of groups.entries()) {
      const before = standing.filter((r) => (r.inspection === null ? n === 0 : r.inspection === group.inspection?.id));
      for (const r of before) book.push(...(await this.takeBack(tx, r, at, actor)));
      const policy = await policyAt(tx, group.inspection?.recorded_at ?? new Date());
      book.push(...(await this.judge(tx, c, group, policy, wanted.shares, { origin: 'person', note: wanted.note, actor, at }, ...before.map((r) => r.id))));
    }
    await postTransfers(tx, book);
  }

  /** The platform refused the case, the buyer withdrew it, or we won the appeal: what was asked for without goods was never lost. */
  private async forget(tx: Tx, id: string): Promise<void> {
    const c = await this.lock(tx, id);
    if (c === undefined || !NOTHING_LOST.includes(c.status)) return;
    const blind = (await store.responsibilitiesOf(tx, id)).filter((r) => r.inspection === null && r.superseded_by === null);
    if (blind.length === 0) return;
    // What was sent already is for a person to withdraw: the party may have answered.
    const sent = await this.sentFor(tx, ...blind.map((r) => r.id));
    if (sent !== undefined) return this.jobs.announce(tx, decisionAwaited, { return: id, sku: c.sku, chargeback: sent.id, reason: 'nothing-lost' });
    const at = await worldNow(tx, c.world);
    const policy = await policyAt(tx, new Date());
    const book: Transfer[] = [];
    for (const r of blind) book.push(...(await this.takeBack(tx, r, at, 'platform')));
    const group: Group = { inspection: undefined, quantity: blind.reduce((s, r) => s + r.quantity, 0), finding: NOT_INSPECTED, lot: '' };
    await this.judge(tx, c, group, policy, [{ party: 'merchant', shareBp: WHOLE_BP }], { origin: 'policy', note: `the case is ${c.status}`, actor: 'platform', at }, ...blind.map((r) => r.id));
    await postTransfers(tx, [...book, ...(await this.judgeOthers(tx, c, at))]);
  }

  /** Units of other cases of the line that were beyond what it sold, for this one stood judged for them: now they are lost. */
  private async judgeOthers(tx: Tx, c: ReturnCase, at: Date): Promise<Transfer[]> {
    const book: Transfer[] = [];
    for (const { id } of (await casesOfLine(tx, c)).filter((x) => x.id !== c.id)) {
      const other = (await lockCase(tx, id)) as ReturnCase;
      const inspections = await inspectionsOf(tx, [id]);
      for (const r of await store.responsibilitiesOf(tx, id)) {
        const inspection = inspections.find((i) => i.id === r.inspection);
        // What of it is in a chargeback that was sent is for a person to judge again.
        if (r.superseded_by !== null || r.beyond === 0 || inspection === undefined || (await this.sentFor(tx, r.id)) !== undefined) continue;
        book.push(...(await this.takeBack(tx, r, at, 'platform')));
        const group = { inspection, quantity: r.quantity, finding: inspection.finding, lot: inspection.lot };
        book.push(...(await this.judge(tx, other, group, await policyAt(tx, inspection.recorded_at), r.shares, { origin: r.origin, note: r.note, actor: r.actor, at }, r.id)));
      }
    }
    return book;
  }

  /** What of a case waits for a person: it was judged without goods and charged, and then the goods came, or nothing was lost after all. */
  async awaited(tx: Tx, c: ReturnCase): Promise<{ reason: 'goods-came' | 'nothing-lost'; chargeback: string } | null> {
    const blind = (await store.responsibilitiesOf(tx, c.id)).filter((r) => r.inspection === null && r.superseded_by === null);
    const [sent] = await store.bindingChargebacks(tx, blind.map((r) => r.id));
    if (sent === undefined) return null;
    if (c.inspected > 0) return { reason: 'goods-came', chargeback: sent.id };
    return NOTHING_LOST.includes(c.status) ? { reason: 'nothing-lost', chargeback: sent.id } : null;
  }

  private async lock(tx: Tx, id: string): Promise<ReturnCase | undefined> {
    const c = await lockCase(tx, id);
    if (c !== undefined) await store.lockJudging(tx, c.world);
    return c;
  }

  /** A chargeback that was sent and asks for units of one of these judgements. */
  private async sentFor(tx: Tx, ...judgements: readonly string[]): Promise<store.ChargebackRow | undefined> {
    await store.lockChargebacksOf(tx, judgements);
    return (await store.bindingChargebacks(tx, judgements))[0];
  }

  /** Frees what a judgement asked for; answers the reversals of what it booked. Refused once a party was told of it. */
  private async takeBack(tx: Tx, before: store.ResponsibilityRow, at: Date, actor: string): Promise<Transfer[]> {
    const sent = await this.sentFor(tx, before.id);
    if (sent !== undefined) throw new DomainError(409, 'already-charged', `these units stand in the chargeback ${sent.id}, which was sent; rule on it instead`, { chargeback: sent.id, currentStatus: sent.status });
    await store.voidClaims(tx, before.id);
    return (await standingOfResponsibility(tx, before.id)).map((t) => reversalOf(t, at, actor));
  }

  /** Writes a judgement in place of those it supersedes, and what it asks for; answers what it books. */
  private async judge(
    tx: Tx, c: ReturnCase, group: Group, policy: Policy, shares: readonly Share[], by: { origin: 'policy' | 'person'; note: string | null; actor: string; at: Date }, ...supersedes: readonly string[]
  ): Promise<Transfer[]> {
    const id = newId('rsp');
    for (const before of supersedes) await store.supersede(tx, before, id);
    const beyond = await this.beyondSold(tx, c, group.quantity);
    await store.insertResponsibility(tx, {
      id, world: c.world, return_case: c.id, inspection: group.inspection?.id ?? null, lot: group.inspection === undefined ? group.lot : '', quantity: group.quantity, beyond, finding: group.finding, claimed_reason: c.claimed_reason, origin: by.origin, policy: policy.version,
      shares, status: 'proposed', note: by.note, at: by.at, actor: by.actor,
    });
    const book = await this.ask(tx, c, { ...group, quantity: group.quantity - beyond, beyond }, policy, shares, id, by);
    await this.jobs.announce(tx, responsibilityProposed, { return: c.id, sku: c.sku, units: group.quantity, parties: shares.map((s) => s.party) });
    return book;
  }

  /** Judgements of one world go one at a time, so no other case of the line is judged beside this one. */
  private async beyondSold(tx: Tx, c: ReturnCase, quantity: number): Promise<number> {
    // For what was exchanged another unit left: it is lost beside the one that was sold.
    if (c.kind === 'exchange') return 0;
    const cases = await casesOfLine(tx, c);
    if (cases.length < 2) return 0;
    const bought = await orderTotals(tx, c.shop, c.order_id, c.line_id);
    if (bought === undefined) return 0;
    const judged = await store.judgedUnits(tx, cases.map((x) => x.id));
    // What was refunded without goods and then was not refunded after all is nobody's loss; for what was exchanged another unit left.
    const lost = (j: (typeof judged)[number]): number => {
      const of = cases.find((x) => x.id === j.return_case);
      return (of?.kind === 'exchange' ? 0 : j.units) + (of === undefined || NOTHING_LOST.includes(of.status) ? 0 : j.blind);
    };
    const sum = (list: typeof judged): number => list.reduce((s, j) => s + lost(j), 0);
    return unitsBeyond(quantity, Math.max(bought.ordered - bought.cancelled, bought.shipped), { elsewhere: sum(judged.filter((j) => j.return_case !== c.id)), here: sum(judged.filter((j) => j.return_case === c.id)) });
  }

  /** Puts what can be claimed for the units into the drafts of their parties; answers what they cost, by who answers for it. */
  private async ask(tx: Tx, c: ReturnCase, group: Group & { readonly beyond: number }, policy: Policy, shares: readonly Share[], responsibility: string, by: { actor: string; at: Date }): Promise<Transfer[]> {
    if (group.lot !== '') await store.lockLot(tx, group.lot);
    const [lots, allowed, sold, skuTerms] = await Promise.all([
      lotRecords(tx, group.lot === '' ? [] : [group.lot]), store.allowedOfLot(tx, group.lot), soldLine(tx, c.shop, c.order_id, c.line_id, c.sku), skuTermsOf(tx, [c.sku]),
    ]);
    const [lot] = lots;
    const worth = await this.valueOf(tx, c, group, lot, sold, skuTerms[0], policy);
    const supplierTerms: SupplierTerms = lot?.supplier == null ? USUAL_TERMS : ((await termsAt(tx, lot.supplier, lot.recorded_at)) ?? USUAL_TERMS);
    const partyIds: Readonly<Record<Party, string | null>> = {
      supplier: lot?.supplier ?? null, anchor: sold?.anchor ?? (sold?.broadcast == null ? null : ((await anchorOf(tx, sold.broadcast))?.anchor ?? null)), warehouse: 'main', carrier: 'carrier', buyer: 'buyer', merchant: 'merchant',
    };
    const parts = group.quantity === 0 ? notSold(shares) : claimsOf(
      {
        quantity: group.quantity, costs: worth.costs, unitValue: worth.unitValue, unitCost: worth.unitCost, disposition: group.inspection?.disposition ?? 'none', age: lot === undefined ? null : Math.floor(((c.received_at ?? by.at).getTime() - lot.received_at.getTime()) / DAY_MS),
        allowanceLeft: lot === undefined ? 0 : Math.max(0, allowanceOf(lot.received, supplierTerms.allowanceBp) - allowed),
      },
      shares, (party) => (party === 'supplier' ? supplierTerms : OTHER_TERMS), (party) => partyIds[party] !== null,
    );
    const now = await worldNow(tx, c.world);
    // As with signals: in the live world always, in a replay where its shop says so.
    const leaves = c.world === 'live' || (await shopNow(tx, [c.shop])).some((s) => s.send_signals);
    const transfers: Transfer[] = [];
    for (const { party, shareBp } of shares) {
      const part = parts.get(party);
      if (part === undefined) continue;
      const partyId = partyIds[party] ?? 'unknown';
      const terms = party === 'supplier' ? supplierTerms : OTHER_TERMS;
      const draft = part.outcome === 'claimed' ? await this.draft(tx, {
        id: newId('cb'), world: c.world, party, party_id: partyId, currency: worth.currency, created_at: now, notify_at: new Date(now.getTime() + terms.collectDays * DAY_MS), silence_accepts: terms.silenceAccepts, answer_days: terms.answerDays, leaves,
      }) : undefined;
      await store.insertClaim(tx, {
        responsibility, party, party_id: partyId, share_bp: shareBp, return_case: c.id, sku: c.sku, lot: group.lot, quantity: group.quantity === 0 ? group.beyond : group.quantity, allowed: part.allowed, outcome: part.outcome,
        // What the buyer paid is no supplier's business.
        unit_value: party === 'supplier' && worth.unitCost !== undefined ? worth.unitCost : worth.unitValue, currency: worth.currency, chargeback: draft?.id ?? null, line_id: draft === undefined ? null : `l${draft.lines}`,
      }, part.elements);
      for (const { element, cost } of part.elements) {
        if (cost === 0) continue;
        transfers.push({
          id: newId('trf'), world: c.world, debit: `cost/${party}/${partyId}`, credit: `loss/${element}`, amount: cost, currency: worth.currency, business_key: `cost/${responsibility}/${party}/${element}`, reverses: null,
          chargeback: null, responsibility, at: by.at, actor: by.actor,
        });
      }
    }
    return transfers;
  }

  /** The draft that collects; where it was sent at this very moment, the next. */
  private async draft(tx: Tx, wanted: Parameters<typeof store.draftFor>[1]): Promise<NonNullable<Awaited<ReturnType<typeof store.draftFor>>>> {
    for (;;) {
      const found = await store.draftFor(tx, wanted);
      if (found !== undefined) return found;
    }
  }

  /** What one of the units is worth and what its return cost: goods by what the factory was paid for them; a refund without goods by what the buyer got back. */
  private async valueOf(
    tx: Tx, c: ReturnCase, group: Group, lot: LotRecord | undefined, sold: { unit_price: number | null; currency: string | null } | undefined, terms: { unit_cost: number; cost_currency: string } | undefined, policy: Policy,
  ): Promise<{ unitValue: number; unitCost?: number | null; currency: string; costs: Costs }> {
    const line = lot?.production_order == null ? undefined : (await orderLines(tx, [lot.production_order])).find((l) => l.sku === c.sku);
    const value = line === undefined ? { unitValue: terms?.unit_cost ?? 0, currency: terms?.cost_currency ?? 'XXX' } : { unitValue: line.unit_price, currency: line.currency };
    if (group.inspection === undefined) {
      const refunded = c.kind === 'refund-only' && REFUNDED.includes(c.status) && sold?.unit_price != null && sold.currency !== null;
      return refunded ? { unitValue: sold.unit_price as number, unitCost: sold.currency === value.currency ? value.unitValue : null, currency: sold.currency as string, costs: { refund: sold.unit_price as number } } : { ...value, costs: {} };
    }
    const rates = policy.costs.find((r) => r.currency === value.currency);
    return { ...value, costs: unitCosts({ grade: group.inspection.grade, disposition: group.inspection.disposition, unitValue: value.unitValue }, policy.write_down_bp, rates) };
  }
}

/** Units that no sale stands behind ask nobody for anything. */
const notSold = (shares: readonly Share[]): ReadonlyMap<Party, ClaimParts> => new Map(shares.map((s) => [s.party, { outcome: 'beyond-sold', allowed: 0, elements: [] }]));

/** The exact opposite of a transfer, linked to it. */
export const reversalOf = (t: Transfer, at: Date, actor: string): Transfer => ({ ...t, id: newId('trf'), debit: t.credit, credit: t.debit, business_key: `reversal/${t.id}`, reverses: t.id, at, actor });
