import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query as QueryParam, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, Allow, AccessService, CurrentPrincipal, limitTo, type AccessRequest, type Principal } from '../access/index.js';
import { Database, listed, ListQuery, notFound, Once, onceOf, pageOf, PublicUrl, queryText, type Listed, type Query, type Tx } from '../kernel/index.js';
import { worldOf } from '../orders/index.js';
import { ChargebackResponseBody, ChargebackRulingBody, SettlementBody } from './accountability.dto.js';
import * as store from './accountability.repository.js';
import { ChargebackService } from './chargeback.service.js';
import { chargebackData, type ChargebackData } from './chargeback.view.js';
import { accounts, listTransfers, settledOf, standingOf } from './ledger.repository.js';

/** Transitions that the party itself makes. */
const PARTY_SIDE = ['accepted', 'partly-accepted', 'disputed'];

/** A factory or an anchor sees and answers what was sent to it; everybody else who may look sees all. */
function partyOf(principal: Principal): store.PartyScope | undefined {
  const suppliers = limitTo(principal, 'supplier');
  if (suppliers !== undefined) return { party: 'supplier', ids: suppliers };
  const anchors = limitTo(principal, 'anchor');
  return anchors === undefined ? undefined : { party: 'anchor', ids: anchors };
}

const SUPPLIERS_BUSINESS = ['unitValue', 'lot', 'lotName', 'productionOrder', 'receivedAt'];

/** What a supplier is paid, and which of its orders it was, is no anchor's business. */
function seenBy(only: store.PartyScope | undefined, data: ChargebackData): ChargebackData {
  if (only?.party !== 'anchor') return data;
  return { ...data, lines: data.lines.map((line) => Object.fromEntries(Object.entries(line).filter(([name]) => !SUPPLIERS_BUSINESS.includes(name)))) };
}

@ApiTags('accountability')
@Controller('v1')
export class ChargebacksController {
  constructor(
    @Inject(ChargebackService) private readonly chargebacks: ChargebackService,
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(Database) private readonly database: Database,
    @Inject(Once) private readonly once: Once,
    @Inject(PublicUrl) private readonly publicUrl: PublicUrl,
  ) {}

  @Get('chargebacks')
  @Allow('operator', 'factory', 'anchor', 'quality', 'finance')
  @ListQuery('party', 'partyId', 'status', 'world')
  async list(@QueryParam() query: Query, @CurrentPrincipal() principal: Principal): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const text = (name: string): string | null => queryText(query, name) ?? null;
    const filter = { only: partyOf(principal), party: text('party'), partyId: text('partyId'), status: text('status'), world: text('world') };
    return this.database.transaction(async (tx) => {
      const found = await store.listChargebacks(tx, filter, page.after[0] ?? '', page.limit + 1);
      const shown = new Map<string, object>();
      for (const cb of found.slice(0, page.limit)) shown.set(cb.id, seenBy(filter.only, await chargebackData(tx, cb, this.publicUrl.value)));
      return listed(found, page, (row) => [row.id], (row) => shown.get(row.id) ?? {});
    });
  }

  @Get('chargebacks/:id')
  @Allow('operator', 'factory', 'anchor', 'quality', 'finance')
  one(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<object> {
    return this.database.transaction((tx) => this.shown(tx, id, principal));
  }

  /** Sends a draft now rather than when its time of collecting is over. */
  @Post('chargebacks/:id/notify')
  @Allow('operator', 'finance')
  @HttpCode(200)
  notify(@Param('id') id: string, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.change(request, principal, id, 'chargeback.notified', undefined, (tx, actor) => this.chargebacks.notify(tx, id, 'merchant', actor));
  }

  @Post('chargebacks/:id/response')
  @Allow('factory', 'anchor', 'operator', 'finance')
  @HttpCode(200)
  respond(@Param('id') id: string, @Body() body: ChargebackResponseBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.change(request, principal, id, `chargeback.${body.verdict}`, body, (tx, actor) => this.chargebacks.answer(tx, id, partyOf(principal), body, actor));
  }

  @Post('chargebacks/:id/ruling')
  @Allow('finance')
  @HttpCode(200)
  rule(@Param('id') id: string, @Body() body: ChargebackRulingBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.change(request, principal, id, `chargeback.${body.verdict}`, body, (tx, actor) => this.chargebacks.rule(tx, id, body, actor));
  }

  @Post('chargebacks/:id/settlement')
  @Allow('finance')
  @HttpCode(200)
  settle(@Param('id') id: string, @Body() body: SettlementBody, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.change(request, principal, id, 'chargeback.settled', body, (tx, actor) => this.chargebacks.settle(tx, id, { reference: body.reference, amount: body.amount }, actor));
  }

  /** Every transfer has both sides, so it sums to zero; what was taken back stands beside its reversal. */
  @Get('ledger')
  @Allow('finance')
  @ListQuery('account', 'chargeback', 'world')
  async ledger(@QueryParam() query: Query): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const filter = { world: worldOf(query), account: queryText(query, 'account') ?? null, chargeback: queryText(query, 'chargeback') ?? null };
    const found = await this.database.transaction((tx) => listTransfers(tx, filter, page.after[0] ?? '', page.limit + 1));
    return listed(found, page, (row) => [row.id], (t) => ({
      id: t.id, debit: t.debit, credit: t.credit, amount: t.amount, currency: t.currency, businessKey: t.business_key, reverses: t.reverses, chargeback: t.chargeback, responsibility: t.responsibility, at: t.at, actor: t.actor,
    }));
  }

  @Get('ledger/accounts')
  @Allow('finance')
  @ListQuery('world')
  async balances(@QueryParam() query: Query): Promise<object> {
    const found = await this.database.transaction((tx) => accounts(tx, worldOf(query)));
    return { items: found.map((a) => ({ ...a, balance: a.debits - a.credits })), nextCursor: null };
  }

  private change(request: AccessRequest, principal: Principal, id: string, action: string, body: object | undefined, work: (tx: Tx, actor: string) => Promise<void>): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      await work(tx, actorOf(principal));
      await this.access.audit(tx, principal, action, id, undefined, body);
      return this.shown(tx, id, principal);
    });
  }

  private async shown(tx: Tx, id: string, principal: Principal): Promise<object> {
    const cb = await store.findChargeback(tx, id);
    const only = partyOf(principal);
    if (cb === undefined || (only !== undefined && !store.mayHear(cb, only))) throw notFound(`the chargeback ${id}`);
    const [answer, rulings, history, standing, settled] = await Promise.all([store.answerOf(tx, id), store.rulingsOf(tx, id), store.transitionsOf(tx, id), standingOf(tx, id), settledOf(tx, id)]);
    const owed = standing.reduce((s, t) => s + t.amount, 0);
    return {
      ...seenBy(only, await chargebackData(tx, cb, this.publicUrl.value)), response: answer?.body ?? null, rulings: rulings.map((r) => ({ n: r.n, at: r.at, ...(r.body as object) })), posted: owed, settled, outstanding: owed - settled,
      history: history.map((h) => ({ from: h.from, to: h.to, at: h.at, actor: only === undefined || h.actor === actorOf(principal) ? h.actor : PARTY_SIDE.includes(h.to) ? only.party : 'merchant' })),
    };
  }
}
