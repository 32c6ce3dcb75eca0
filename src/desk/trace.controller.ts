import { Controller, Get, Inject, Param, Query as QueryParam, Res } from '@nestjs/common';
import { ApiOkResponse, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow } from '../access/index.js';
import { Database, invalid, listed, ListQuery, notFound, pageOf, queryText, type Query, type Tx } from '../kernel/index.js';
import { EpcisService } from './epcis.service.js';
import { linesOfOneShop } from './trace.order.js';
import * as store from './trace.repository.js';

const KINDS = ['return', 'order', 'lot', 'production-order', 'signal', 'spike', 'broadcast', 'chargeback'] as const;
/** Lines of a chargeback that one trace walks back; its own list has them all, and `lineCount` says how many there are. */
const CHARGED_LINES = 50;
/** Returns of a lot that one trace lists; `returnCount` says how many there are. */
const LISTED_RETURNS = 500;
const MINUTE = 60_000;

@ApiTags('desk')
@Controller('v1/trace')
export class TraceController {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(EpcisService) private readonly epcis: EpcisService,
  ) {}

  /** One call from a returned unit back to the minute of the broadcast, or from a lot on to every unit of it. */
  @Get(':kind/:id')
  @Allow('operator', 'warehouse', 'quality', 'finance')
  @ApiParam({ name: 'kind', enum: KINDS })
  @ApiQuery({ name: 'format', required: false, enum: ['epcis'], description: 'epcis: what happened to the goods of the chain, as EPCIS 2.0 JSON-LD; a page has 500 events unless limit asks for fewer' })
  @ListQuery('shop')
  @ApiOkResponse({ content: { 'application/json': { schema: { type: 'object' } }, 'application/ld+json': { schema: { type: 'object', description: 'an EPCISDocument' } } } })
  async trace(@Param('kind') kind: string, @Param('id') id: string, @QueryParam() query: Query, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const shop = queryText(query, 'shop') ?? null;
    const format = queryText(query, 'format');
    if (format === undefined) return this.database.transaction((tx) => this.links(tx, kind, id, shop, query));
    if (format !== 'epcis') throw invalid('format', 'must be epcis; leave it out for the chain as plain JSON');
    const { document, nextCursor } = await this.database.transaction((tx) => this.epcis.document(tx, kind, id, shop, query));
    void reply.type('application/ld+json');
    if (nextCursor !== null) {
      const next = new URLSearchParams({ format, cursor: nextCursor, ...(shop === null ? {} : { shop }), ...(typeof query['limit'] === 'string' ? { limit: query['limit'] } : {}) });
      void reply.header('link', `<?${next.toString()}>; rel="next"`);
    }
    return document;
  }

  private links(tx: Tx, kind: string, id: string, shop: string | null, query: Query): Promise<object> {
    switch (kind) {
      case 'return': return this.ofReturn(tx, id);
      case 'order': return this.ofOrder(tx, shop, id);
      case 'lot': return this.ofLot(tx, id, query);
      case 'chargeback': return this.ofChargeback(tx, id);
      case 'production-order': return this.ofProductionOrder(tx, id);
      case 'signal': return this.ofSignal(tx, id);
      case 'spike': return this.ofSpike(tx, id);
      case 'broadcast': return this.ofBroadcast(tx, id, query);
      default: throw notFound(`a trace of the kind ${kind}`);
    }
  }

  private async ofReturn(tx: Tx, id: string): Promise<object> {
    const c = await store.returnById(tx, id);
    if (c === undefined) throw notFound(`the return ${id}`);
    const [line, lots, inspections, claims] = await Promise.all([store.lineOf(tx, c.shop, c.order_id, c.line_id), store.returnedLots(tx, id), store.inspectionsOf(tx, id), store.claimsOfReturn(tx, id)]);
    return {
      kind: 'return', id, sku: c.sku, quantity: c.quantity, returnKind: c.kind, claimedReason: c.claimed_reason, goods: c.goods, received: c.received,
      inspections: inspections.map((i) => ({ ...i, lot: named(i.lot) })),
      order: line === undefined ? null : await this.shownLine(tx, line), lots: await this.shownLots(tx, lots),
      chargebacks: claims.map((x) => ({ id: x.id, lineId: x.line_id, status: x.status, party: x.party, partyId: x.party_id, amount: x.amount, currency: x.currency })),
    };
  }

  private async ofProductionOrder(tx: Tx, id: string): Promise<object> {
    const order = await store.productionOrder(tx, id);
    if (order === undefined) throw notFound(`the production order ${id}`);
    const [signals, lots] = await Promise.all([store.signalsOf(tx, [id]), store.lotsOfOrder(tx, id)]);
    const came = [];
    for (const lot of lots) {
      const counted = await store.countsOfLot(tx, lot.id);
      came.push({ id: lot.id, skus: await store.sumsOf(tx, lot.id), orderLines: counted.order_lines, returns: counted.returns, chargebacks: counted.chargebacks });
    }
    return { kind: 'production-order', id, supplier: order.supplier, status: order.status, confirmedAt: order.confirmed_at, signals: signals.map(shownSignal), lots: came };
  }

  private async ofSignal(tx: Tx, id: string): Promise<object> {
    const found = await store.orderOfSignal(tx, id);
    if (found === undefined) throw notFound(`the signal ${id}`);
    const [signal] = (await store.signalsOf(tx, [found.production_order])).filter((s) => s.id === id);
    return { ...(signal === undefined ? { id } : shownSignal(signal)), change: signal?.kind ?? null, kind: 'signal', productionOrder: await this.ofProductionOrder(tx, found.production_order) };
  }

  /** From the minute on air on: the orders it made, their lots, and how many of them came back. */
  private async ofSpike(tx: Tx, id: string): Promise<object> {
    const spike = await store.spikeById(tx, id);
    if (spike === undefined) throw notFound(`the spike ${id}`);
    const orders = [];
    for (const o of await store.ordersOfSpike(tx, id, spike.sku)) orders.push(await this.ofProductionOrder(tx, o.production_order));
    return {
      kind: 'spike', id, shop: spike.shop, sku: spike.sku, onset: spike.onset, detectedAt: spike.detected_at, orders: spike.orders, ratio: spike.ratio, anchor: spike.anchor,
      broadcast: spike.broadcast === null ? null : { id: spike.broadcast, minute: spike.starts_at === null ? null : Math.floor((spike.onset.getTime() - spike.starts_at.getTime()) / MINUTE) }, productionOrders: orders,
    };
  }

  /** From a broadcast on: what was sold in it with what came back, its spikes, and what was made because of it. */
  private async ofBroadcast(tx: Tx, id: string, query: Query): Promise<object> {
    const page = pageOf(query, 3);
    const b = await store.broadcastById(tx, id);
    if (b === undefined) throw notFound(`the broadcast ${id}`);
    const [spikes, orders, lines] = await Promise.all([store.spikesOfBroadcast(tx, id), store.ordersOfBroadcast(tx, id), store.linesOfBroadcast(tx, b, page.after, page.limit + 1)]);
    const returns = await store.returnsOfLines(tx, b.shop, lines.slice(0, page.limit));
    const productionOrders = [];
    for (const o of orders) productionOrders.push(await this.ofProductionOrder(tx, o.production_order));
    return {
      kind: 'broadcast', id, shop: b.shop, anchor: b.anchor, startsAt: b.starts_at, endsAt: b.ends_at, cancelledAt: b.cancelled_at,
      spikes: spikes.map((s) => ({ id: s.id, sku: s.sku, onset: s.onset, detectedAt: s.detected_at, orders: s.orders, ratio: s.ratio })), productionOrders,
      orderLines: listed(lines, page, (l) => [l.sku, l.order_id, l.line_id], (l) => ({
        orderId: l.order_id, lineId: l.line_id, sku: l.sku, ordered: l.ordered, orderedAt: l.ordered_at, paidAt: l.paid_at, returns: returns.filter((r) => r.order_id === l.order_id && r.line_id === l.line_id).map(shownReturn),
      })),
    };
  }

  /** From the money back to the minute on air, line by line. */
  private async ofChargeback(tx: Tx, id: string): Promise<object> {
    const cb = await store.chargebackById(tx, id);
    if (cb === undefined) throw notFound(`the chargeback ${id}`);
    const claims = await store.claimsOfChargeback(tx, id, CHARGED_LINES);
    const lines = [];
    for (const c of claims) lines.push({ lineId: c.line_id, amount: c.amount, return: await this.ofReturn(tx, c.return_case) });
    return { kind: 'chargeback', id, status: cb.status, party: cb.party, supplier: cb.party === 'supplier' ? cb.party_id : null, currency: cb.currency, lineCount: await store.countClaims(tx, id), lines };
  }

  private async ofOrder(tx: Tx, shop: string | null, id: string): Promise<object> {
    const lines = await linesOfOneShop(tx, shop, id);
    const [first] = lines;
    const returns = await store.returnsOfLines(tx, first.shop, lines);
    const shown = [];
    for (const line of lines) {
      shown.push({
        ...(await this.shownLine(tx, line)), lots: await this.shownLots(tx, await store.lotsOfLine(tx, { shop: line.shop, orderId: id, lineId: line.line_id })),
        returns: returns.filter((r) => r.line_id === line.line_id).map(shownReturn),
      });
    }
    return { kind: 'order', id, shop: first.shop, lines: shown };
  }

  private async ofLot(tx: Tx, id: string, query: Query): Promise<object> {
    const page = pageOf(query, 1);
    const after = Number(page.after[0] ?? 0);
    if (!Number.isSafeInteger(after)) throw invalid('cursor', 'is not a cursor of this list');
    const [origin] = await this.shownLots(tx, [{ lot: id, sub_lot: '', units: 0 }]);
    const [house, sums, left, returns, counted] = await Promise.all([
      store.houseOf(tx, id), store.sumsOf(tx, id), store.buyersLinesOf(tx, id, after, page.limit + 1), store.returnsOfLot(tx, id, LISTED_RETURNS), store.countsOfLot(tx, id),
    ]);
    if (origin?.productionOrder === undefined) throw notFound(`the lot ${id}`);
    return {
      kind: 'lot', ...origin, id, skus: sums,
      house: house.map((h) => ({ sku: h.sku, subLot: named(h.sub_lot), location: h.location, quality: h.quality, units: h.units })),
      orderLines: listed(left, page, (l) => [String(l.id)], (l) => ({ orderLine: l.origin_id, sku: l.sku, subLot: named(l.sub_lot), units: l.units, at: l.at })),
      returnCount: counted.returns,
      returns: returns.map((r) => ({ id: r.id, orderId: r.order_id, sku: r.sku, units: r.units, claimedReason: r.claimed_reason, findings: r.findings ?? [], chargebacks: r.chargebacks })),
    };
  }

  private async shownLine(tx: Tx, l: store.OrderLine): Promise<object> {
    const spike = await store.spikeAt(tx, l);
    const at = l.ordered_at;
    return {
      shop: l.shop, orderId: l.order_id, lineId: l.line_id, sku: l.sku, ordered: l.ordered, orderedAt: at, paidAt: l.paid_at, anchor: l.anchor,
      broadcast: l.broadcast === null ? null : {
        id: l.broadcast, startsAt: l.starts_at, endsAt: l.ends_at, slotAt: l.slot_at,
        // The minute of the broadcast in which it was ordered, counted from its start as 0; negative before it.
        minute: at === null || l.starts_at === null ? null : Math.floor((at.getTime() - l.starts_at.getTime()) / MINUTE),
      },
      spike: spike === undefined ? null : { id: spike.id, onset: spike.onset, detectedAt: spike.detected_at, ratio: spike.ratio },
    };
  }

  /** Each lot with the production order it is of, and the signals that made that order. */
  private async shownLots(tx: Tx, lots: readonly { lot: string; sub_lot: string; units: number }[]): Promise<{ productionOrder?: object | null }[]> {
    const origins = new Map((await store.lotsById(tx, [...new Set(lots.map((l) => l.lot))])).map((o) => [o.id, o]));
    const signals = await store.signalsOf(tx, [...new Set([...origins.values()].flatMap((o) => (o.production_order === null ? [] : [o.production_order])))]);
    return lots.map((l) => {
      const o = origins.get(l.lot);
      if (o === undefined) return { lot: named(l.lot), subLot: named(l.sub_lot), units: l.units };
      return {
        lot: o.id, subLot: named(l.sub_lot), units: l.units, name: o.name, supplier: o.supplier, receivedAt: o.received_at, receipt: o.receipt === null ? null : { id: o.receipt, deliveryNote: o.delivery_note, actor: o.booked_by },
        productionOrder: o.production_order === null ? null : {
          id: o.production_order, status: o.order_status, confirmedAt: o.confirmed_at,
          signals: signals.filter((s) => s.production_order === o.production_order).map(shownSignal),
        },
      };
    });
  }
}

const shownReturn = (r: { id: string; quantity: number; goods: string; status: string; chargebacks: readonly string[] }): object => ({ id: r.id, quantity: r.quantity, goods: r.goods, status: r.status, chargebacks: r.chargebacks });

const named = (lot: string): string | null => (lot === '' ? null : lot);

const shownSignal = (s: store.SignalOfOrder): { id: string } & Record<string, unknown> => ({
  id: s.id, kind: s.kind, status: s.status, version: s.version, commitment: s.commitment, at: s.at, broadcast: s.broadcast, anchor: s.anchor, assessment: s.assessment,
  spike: s.spike === null ? null : { id: s.spike, onset: s.onset, detectedAt: s.detected_at },
});
