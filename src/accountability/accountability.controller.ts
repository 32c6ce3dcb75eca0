import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query as QueryParam, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, Allow, AccessService, CurrentPrincipal, limitTo, type AccessRequest, type Principal } from '../access/index.js';
import { CatalogueService } from '../catalogue/index.js';
import { Database, DomainError, invalid, ListQuery, notFound, Once, onceOf, queryText, type Query, type Tx } from '../kernel/index.js';
import { findCase } from '../returns/index.js';
import { PolicyBody, ResponsibilityBody, TermsBody } from './accountability.dto.js';
import * as store from './accountability.repository.js';
import { faultOfShares, USUAL_TERMS } from './accountability.rules.js';
import { insertPolicy, insertTerms, latestPolicy, latestTerms, policyOf, type Policy } from './policy.repository.js';
import { ResponsibilityService } from './responsibility.service.js';

@ApiTags('accountability')
@Controller('v1')
export class AccountabilityController {
  constructor(
    @Inject(ResponsibilityService) private readonly responsibility: ResponsibilityService,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(Database) private readonly database: Database,
    @Inject(Once) private readonly once: Once,
  ) {}

  /** The policy that judges what is inspected from now on, or an earlier version of it. */
  @Get('responsibility-policy')
  @Allow('operator', 'quality', 'finance')
  @ListQuery('version')
  async policy(@QueryParam() query: Query): Promise<object> {
    const version = queryText(query, 'version');
    if (version !== undefined && !/^\d{1,9}$/.test(version)) throw invalid('version', 'must be a whole number');
    const found = await this.database.transaction((tx) => (version === undefined ? latestPolicy(tx) : policyOf(tx, Number(version))));
    if (found === undefined) throw notFound(`version ${version ?? ''} of the policy`);
    return shownPolicy(found);
  }

  /** A new version; what was judged before stays as it was judged. */
  @Put('responsibility-policy')
  @Allow()
  setPolicy(@Body() body: PolicyBody, @CurrentPrincipal() principal: Principal): Promise<object> {
    body.rules.forEach((rule, i) => {
      const fault = faultOfShares(rule.shares);
      if (fault !== undefined) throw invalid(`rules[${i}].shares`, fault);
      if (body.rules.findIndex((r) => r.finding === rule.finding && r.claimedReason === rule.claimedReason) !== i) throw invalid(`rules[${i}]`, `${rule.finding}${rule.claimedReason === undefined ? '' : `, "${rule.claimedReason}"`} is ruled on twice`);
    });
    body.costs.forEach((c, i) => {
      if (body.costs.findIndex((x) => x.currency === c.currency) !== i) throw invalid(`costs[${i}].currency`, `${c.currency} is named twice`);
    });
    if (new Set(body.writeDown.map((w) => w.grade)).size < 3) throw invalid('writeDown', 'must name each of the grades A, B and C once');
    return this.database.transaction(async (tx) => {
      const before = await latestPolicy(tx);
      const rules = body.rules.flatMap((r) => r.shares.map((s) => ({ finding: r.finding, claimedReason: r.claimedReason ?? '', party: s.party, shareBp: s.shareBp })));
      const made = await insertPolicy(tx, { version: before.version + 1, note: body.note, write_down_bp: Object.fromEntries(body.writeDown.map((w) => [w.grade, w.lossBp])), costs: body.costs, actor: actorOf(principal) }, rules);
      if (!made) throw new DomainError(409, 'changed-meanwhile', 'somebody else made a new version at the same moment; read it and try again');
      await this.access.audit(tx, principal, 'responsibility-policy.set', String(before.version + 1), shownPolicy(before), body);
      return shownPolicy(await latestPolicy(tx));
    });
  }

  @Get('suppliers/:id/terms')
  @Allow('operator', 'factory', 'quality', 'finance')
  terms(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<object> {
    return this.database.transaction(async (tx) => {
      const only = limitTo(principal, 'supplier');
      if (only !== undefined && !only.includes(id)) throw notFound(`the supplier ${id}`);
      await this.catalogue.supplier(tx, id);
      return this.shownTerms(tx, id);
    });
  }

  /** Binds lots that come in from now on; what came before is claimed by the terms of its time. */
  @Put('suppliers/:id/terms')
  @Allow()
  setTerms(@Param('id') id: string, @Body() body: TermsBody, @CurrentPrincipal() principal: Principal): Promise<object> {
    return this.database.transaction(async (tx) => {
      await this.catalogue.supplier(tx, id);
      const before = await latestTerms(tx, id);
      if (!(await insertTerms(tx, id, (before?.version ?? 0) + 1, body, actorOf(principal)))) throw new DomainError(409, 'changed-meanwhile', 'somebody else set them at the same moment; read them and try again');
      await this.access.audit(tx, principal, 'supplier.terms-set', id, before, body);
      return this.shownTerms(tx, id);
    });
  }

  /** Who answers for the units of a return, what they cost, and what was asked of whom. */
  @Get('returns/:id/responsibility')
  @Allow('operator', 'quality', 'finance')
  judged(@Param('id') id: string): Promise<object> {
    return this.database.transaction((tx) => this.shown(tx, id));
  }

  @Post('returns/:id/responsibility')
  @Allow('operator', 'quality', 'finance')
  @HttpCode(200)
  judge(@Param('id') id: string, @Body() body: ResponsibilityBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      await this.responsibility.decide(tx, id, { inspection: body.inspection, shares: body.shares.map((s) => ({ party: s.party, shareBp: s.shareBp })), note: body.note }, actorOf(principal));
      await this.access.audit(tx, principal, 'responsibility.decided', id, undefined, body);
      return this.shown(tx, id);
    });
  }

  private async shownTerms(tx: Tx, supplier: string): Promise<object> {
    const terms = await latestTerms(tx, supplier);
    return { supplier, ...(terms ?? { version: 0, ...USUAL_TERMS, at: null }) };
  }

  private async shown(tx: Tx, id: string): Promise<object> {
    const c = await findCase(tx, id);
    if (c === undefined) throw notFound(`the return ${id}`);
    const judged = await store.responsibilitiesOf(tx, id);
    const claims = await store.claimsOfResponsibilities(tx, judged.map((r) => r.id));
    const elements = await store.elementsOf(tx, claims.map((c) => c.id));
    const standing = judged.filter((r) => r.superseded_by === null);
    const order = ['disputed', 'proposed', 'ruled', 'agreed'] as const;
    return {
      return: id, status: standing.length === 0 ? 'unassigned' : (order.find((s) => standing.some((r) => r.status === s)) ?? 'proposed'),
      awaitsDecision: await this.responsibility.awaited(tx, c),
      items: judged.map((r) => ({
        id: r.id, inspection: r.inspection, quantity: r.quantity, beyondSold: r.beyond, finding: r.finding, claimedReason: r.claimed_reason, origin: r.origin, policy: r.policy, shares: r.shares, status: r.status, note: r.note, at: r.at, actor: r.actor,
        supersededBy: r.superseded_by,
        claims: claims.filter((x) => x.responsibility === r.id).map((x) => ({
          party: x.party, partyId: x.party_id, shareBp: x.share_bp, lot: x.lot === '' ? null : x.lot, outcome: x.voided ? 'voided' : x.outcome, allowance: x.allowed, currency: x.currency, chargeback: x.chargeback, lineId: x.line_id,
          elements: elements.filter((e) => e.claim === x.id).map((e) => ({ element: e.element, cost: e.cost, amount: e.amount })),
        })),
      })),
    };
  }
}

function shownPolicy(p: Policy): object {
  const keys = [...new Map(p.rules.map((r) => [`${r.finding}\0${r.claimedReason}`, r])).values()];
  return {
    version: p.version, note: p.note, at: p.at, actor: p.actor, writeDown: Object.entries(p.write_down_bp).sort(([a], [b]) => (a < b ? -1 : 1)).map(([grade, lossBp]) => ({ grade, lossBp })), costs: p.costs,
    rules: keys.map((k) => ({
      finding: k.finding, ...(k.claimedReason === '' ? {} : { claimedReason: k.claimedReason }),
      shares: p.rules.filter((r) => r.finding === k.finding && r.claimedReason === k.claimedReason).map((r) => ({ party: r.party, shareBp: r.shareBp })),
    })),
  };
}
