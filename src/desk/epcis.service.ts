// The chain that a trace tells, as a document of EPCIS 2.0: finds what belongs to it, and reads what happened to that.
import { Inject, Injectable } from '@nestjs/common';
import { invalid, listed, notFound, pageOf, PublicUrl, type Query, type Tx } from '../kernel/index.js';
import * as store from './chain.repository.js';
import { documentOf, STEPS, type EpcisEvent, type Happening, type LotOfChain } from './epcis.rules.js';
import { linesOfOneShop } from './trace.order.js';
import * as links from './trace.repository.js';

/** Events of a page, unless `limit` asks for fewer. */
const PAGE = '500';
const NOTHING: store.Chain = { lots: [], lines: [], of: null, returns: [], broadcast: null };

@Injectable()
export class EpcisService {
  constructor(@Inject(PublicUrl) private readonly publicUrl: PublicUrl) {}

  async document(tx: Tx, kind: string, id: string, shop: string | null, query: Query): Promise<{ document: EpcisEvent; nextCursor: string | null }> {
    const page = pageOf({ limit: PAGE, ...query }, 3);
    const after = page.after.map(Number);
    if (!after.every((n) => Number.isSafeInteger(n))) throw invalid('cursor', 'is not a cursor of this list');
    const found = await store.happenings(tx, await this.chainOf(tx, kind, id, shop), after, page.limit + 1);
    const { items, nextCursor } = listed(found, page, (h) => [String(h.moment), String(h.step), String(h.id)], (h) => h);
    return { document: documentOf(this.publicUrl.value, await this.told(tx, items), new Date(), nextCursor), nextCursor };
  }

  /** What belongs to the chain of one of its links. What does not exist has none. */
  private async chainOf(tx: Tx, kind: string, id: string, shop: string | null): Promise<store.Chain> {
    switch (kind) {
      case 'return': return this.ofReturns(await store.returnedGoods(tx, { returns: [id] }), `the return ${id}`);
      case 'chargeback':
        if ((await links.chargebackById(tx, id)) === undefined) throw notFound(`the chargeback ${id}`);
        return this.ofReturns(await store.returnedGoods(tx, { chargeback: id }));
      case 'order': {
        const lines = await linesOfOneShop(tx, shop, id);
        const returns = await links.returnsOfLines(tx, lines[0].shop, lines);
        return { ...NOTHING, lines: lines.map((l) => `${l.shop}/${l.order_id}/${l.line_id}`), returns: returns.map((r) => r.id) };
      }
      case 'lot':
        if ((await links.lotsById(tx, [id])).length === 0) throw notFound(`the lot ${id}`);
        return { ...NOTHING, lots: [id] };
      case 'production-order':
        if ((await links.productionOrder(tx, id)) === undefined) throw notFound(`the production order ${id}`);
        return this.ofOrders(tx, [id]);
      case 'signal': {
        const order = await links.orderOfSignal(tx, id);
        if (order === undefined) throw notFound(`the signal ${id}`);
        return this.ofOrders(tx, [order.production_order]);
      }
      case 'spike': {
        const spike = await links.spikeById(tx, id);
        if (spike === undefined) throw notFound(`the spike ${id}`);
        return this.ofOrders(tx, (await links.ordersOfSpike(tx, id, spike.sku)).map((o) => o.production_order));
      }
      case 'broadcast': {
        const broadcast = await links.broadcastById(tx, id);
        if (broadcast === undefined) throw notFound(`the broadcast ${id}`);
        return { ...(await this.ofOrders(tx, (await links.ordersOfBroadcast(tx, id)).map((o) => o.production_order))), broadcast: { shop: broadcast.shop, id } };
      }
      default: throw notFound(`a trace of the kind ${kind}`);
    }
  }

  private async ofOrders(tx: Tx, orders: readonly string[]): Promise<store.Chain> {
    const lots = await Promise.all(orders.map((order) => links.lotsOfOrder(tx, order)));
    return { ...NOTHING, lots: lots.flat().map((l) => l.id) };
  }

  /** Back from what came back, by its lots; before anything has, every unit of its lines may be what will. */
  private ofReturns(goods: readonly { id: string; line: string; lots: readonly string[] }[], what?: string): store.Chain {
    if (goods.length === 0 && what !== undefined) throw notFound(what);
    const lots = [...new Set(goods.flatMap((g) => g.lots))];
    return { ...NOTHING, lines: [...new Set(goods.map((g) => g.line))], of: lots.length === 0 ? null : lots, returns: goods.map((g) => g.id) };
  }

  /** Each happening with what it is of: its lot, its order line, its return, what it was charged for. */
  private async told(tx: Tx, found: readonly store.HappeningRow[]): Promise<Happening[]> {
    const named = (origin: string): string[] => [...new Set(found.flatMap((h) => (h.origin === origin ? [h.origin_id] : [])))];
    const [lots, lines, cases, charged] = await Promise.all([
      this.lotsOf(tx, [...new Set(found.flatMap((h) => (h.lot === '' ? [] : [h.lot])))]), store.movedLines(tx, named('order-line')), store.movedCases(tx, named('return')),
      store.chargedInspections(tx, found.flatMap((h) => (STEPS[h.step] === 'inspection' ? [h.id] : []))),
    ]);
    const lineOf = new Map(lines.map((l) => [l.origin_id, { shop: l.shop, orderId: l.order_id, lineId: l.line_id, broadcast: l.broadcast, anchor: l.anchor, shippedAt: l.shipped_at }]));
    const caseOf = new Map(cases.map((c) => [c.id, { id: c.id, shop: c.shop, orderId: c.order_id, claimedReason: c.claimed_reason }]));
    return found.map((h): Happening => ({
      step: STEPS[h.step] ?? 'receipt', id: h.id, at: h.at, recordedAt: h.recorded_at, world: h.world, location: h.location, lot: h.lot, goods: h.goods, origin: lots.get(h.lot),
      line: h.origin === 'order-line' ? lineOf.get(h.origin_id) : undefined, returned: h.origin === 'return' ? caseOf.get(h.origin_id) : undefined,
      found: h.grade === null ? undefined : { grade: h.grade, finding: h.finding ?? '', disposition: h.disposition ?? '', chargebacks: charged.filter((c) => c.inspection === h.id).map((c) => c.chargeback) },
      // The note of what inspection sent out of the house is where it was sent.
      toSupplier: h.origin === 'return' && h.note === 'return-to-supplier',
    }));
  }

  private async lotsOf(tx: Tx, ids: readonly string[]): Promise<ReadonlyMap<string, LotOfChain>> {
    const lots = await links.lotsById(tx, ids);
    const signals = await links.signalsOf(tx, [...new Set(lots.flatMap((l) => (l.production_order === null ? [] : [l.production_order])))]);
    return new Map(lots.map((l) => [l.id, {
      supplier: l.supplier, name: l.name, productionOrder: l.production_order, receipt: l.receipt, deliveryNote: l.delivery_note, signals: signals.filter((s) => s.production_order === l.production_order),
    }]));
  }
}
