// What a factory makes of an order and what comes in of it: stages as they are reported, the actual cut, receipts in parts.
// Both write dated supply, so that need knows what is still to come.
import { Inject, Injectable } from '@nestjs/common';
import { termsOf } from '../catalogue/index.js';
import { requestAssessment } from '../forecast/index.js';
import { MAIN, StockService, type Quality } from '../inventory/index.js';
import { DomainError, invalid, Jobs, newId, notFound, type Tx } from '../kernel/index.js';
import { localTime } from '../kernel/math/index.js';
import { NegotiationService } from './negotiation.service.js';
import { lotReceived, progressReported } from './production.facts.js';
import { punctuality, resplit, sameJson, TOLERANCE_BP, withinTolerance } from './production.rules.js';
import * as store from './production.repository.js';
import { writeSupply } from './supply.js';

export interface Progress {
  readonly stage: store.Stage;
  readonly lines: readonly { readonly lineId: string; readonly quantity: number }[];
  readonly at: Date;
}

export interface Delivery {
  readonly lines: readonly { readonly lineId: string; readonly quantity: number; readonly quality: Quality; readonly subLot: string }[];
  readonly deliveryNote: string | undefined;
  readonly lot: string | undefined;
  readonly location: string | undefined;
  readonly at: Date;
  readonly acceptExcess: boolean;
  readonly final: boolean;
}

const STAGES: readonly store.Stage[] = ['greige', 'dyed', 'trims', 'cut', 'sewn', 'finished', 'shipped'];

@Injectable()
export class FulfilmentService {
  constructor(
    @Inject(StockService) private readonly stock: StockService,
    @Inject(NegotiationService) private readonly negotiation: NegotiationService,
    @Inject(Jobs) private readonly jobs: Jobs,
  ) {}

  /** A report of how far an order is. Quantities are sums so far and never fall; the actual cut becomes the order. */
  async report(tx: Tx, id: string, suppliers: readonly string[] | undefined, p: Progress, actor: string): Promise<void> {
    const { order, lines } = await this.open(tx, id, suppliers, ['confirmed', 'in-production', 'received']);
    const known = await store.progressOf(tx, [id]);
    const reported = (line: string, stage: store.Stage): number | undefined => known.find((k) => k.line_id === line && k.stage === stage)?.quantity;
    p.lines.forEach((l, i) => {
      const line = lineNamed(lines, l.lineId, i);
      if (p.lines.findIndex((x) => x.lineId === l.lineId) !== i) throw invalid(`lines[${i}].lineId`, `${l.lineId} is named twice`);
      const before = reported(l.lineId, p.stage) ?? 0;
      if (l.quantity < before) throw invalid(`lines[${i}].quantity`, `${before} units of ${line.sku} were reported ${p.stage} before; a report says the sum so far`);
      if (p.stage === 'cut' && !withinTolerance(l.quantity, line.agreed)) {
        throw new DomainError(422, 'outside-tolerance', `lines[${i}].quantity: ${l.quantity} of ${line.agreed} agreed were cut; up to ${TOLERANCE_BP / 100} % more or less needs no talk, beyond that answer or ask for a change of the order first`);
      }
      const cut = reported(l.lineId, 'cut');
      if (STAGES.indexOf(p.stage) > STAGES.indexOf('cut') && cut !== undefined && l.quantity > cut) throw invalid(`lines[${i}].quantity`, `only ${cut} units of ${line.sku} were cut`);
    });
    await store.insertProgress(tx, id, p.stage, p.lines, p.at, actor);
    if (p.stage === 'cut') {
      await store.setCut(tx, id, p.lines.map((l) => ({ ...l, splits: resplit(lines.find((x) => x.line_id === l.lineId)?.splits ?? [], l.quantity) })));
      await writeSupply(tx, order.world, id, true);
      await requestAssessment(tx, order.world, [...new Set(lines.map((l) => l.sku))]);
    }
    const now = await store.progressOf(tx, [id]);
    const cutNow = await store.orderLines(tx, [id]);
    const gone = p.stage === 'shipped' && cutNow.every((l) => (now.find((x) => x.line_id === l.line_id && x.stage === 'shipped')?.quantity ?? 0) >= l.quantity);
    // Of what came in in part the rest is still being made; when that leaves too, the order is on its way as a whole.
    const status = gone ? 'shipped' : order.status === 'received' ? 'received' : 'in-production';
    if (order.status !== status) await store.setOrderStatus(tx, id, status, p.at);
    await this.negotiation.overtake(tx, id);
    await this.jobs.announce(tx, progressReported, { productionOrder: id, supplier: order.supplier, stage: p.stage });
  }

  /** Books what came in as a lot. The same delivery note again is the same receipt; with other content it is refused. */
  async receive(tx: Tx, id: string, d: Delivery, body: unknown, actor: string): Promise<string> {
    const { order, lines } = await this.open(tx, id, undefined, ['confirmed', 'in-production', 'shipped', 'received', 'on-hold', 'closed']);
    if (d.deliveryNote !== undefined) {
      const known = await store.receiptByNote(tx, id, d.deliveryNote);
      if (known !== undefined && sameJson(known.body, body)) return known.id;
      if (known !== undefined) throw new DomainError(409, 'note-reused', `deliveryNote: ${d.deliveryNote} was booked before with other content, as ${known.id}`);
    }
    if (order.status === 'closed') throw new DomainError(409, 'closed', 'this order is closed; book what came beyond it as a stock movement (adjust)', { currentStatus: order.status });
    const [terms] = await termsOf(tx, lines.slice(0, 1).map((l) => l.sku));
    const date = localTime(d.at.getTime(), terms?.supplier_time_zone ?? 'UTC').date;
    const came = new Map<string, number>();
    const rows = d.lines.map((l, i): store.ReceiptLineRow => {
      const line = lineNamed(lines, l.lineId, i);
      const before = line.received + (came.get(l.lineId) ?? 0);
      came.set(l.lineId, (came.get(l.lineId) ?? 0) + l.quantity);
      const after = before + l.quantity;
      if (after > line.quantity && !withinTolerance(after, line.agreed) && !d.acceptExcess) {
        throw new DomainError(422, 'excess', `lines[${i}].quantity: ${after} units of ${line.sku} would have come, ${line.quantity} were ordered; count again, or send acceptExcess`, { ordered: line.quantity, received: before });
      }
      const { onTime, excess } = punctuality(line.splits, before, l.quantity, date);
      return { line_id: l.lineId, sku: line.sku, quantity: l.quantity, quality: l.quality, sub_lot: l.subLot, on_time: onTime, excess };
    });
    const receipt = newId('rec');
    const lot = await this.stock.receive(tx, {
      world: order.world, location: d.location ?? MAIN, supplier: order.supplier, productionOrder: id, name: d.lot ?? null, at: d.at, actor, origin: 'receipt', originId: receipt,
      units: d.lines.map((l, i) => ({ sku: rows[i]?.sku ?? '', quantity: l.quantity, quality: l.quality, subLot: l.subLot })),
    });
    await store.insertReceipt(tx, { id: receipt, production_order: id, lot, delivery_note: d.deliveryNote ?? null, body, at: d.at, actor }, rows);
    await store.addReceived(tx, id, [...came].map(([lineId, quantity]) => ({ lineId, quantity })));
    const wholly = lines.every((l) => l.received + (came.get(l.line_id) ?? 0) >= l.quantity);
    const status = wholly || d.final ? 'closed' : order.status === 'on-hold' ? 'on-hold' : 'received';
    if (status !== order.status) await store.setOrderStatus(tx, id, status, d.at);
    await writeSupply(tx, order.world, id, status === 'received');
    await this.negotiation.overtake(tx, id);
    await requestAssessment(tx, order.world, [...new Set(lines.map((l) => l.sku))]);
    await this.jobs.announce(tx, lotReceived, { productionOrder: id, supplier: order.supplier, lot, units: d.lines.reduce((s, l) => s + l.quantity, 0) });
    return receipt;
  }

  /** The order with its lines, locked the way planning does; what a factory was never told of does not exist for it. */
  private async open(tx: Tx, id: string, suppliers: readonly string[] | undefined, statuses: readonly store.OrderRow['status'][]): Promise<{ order: store.OrderRow; lines: readonly store.OrderLineRow[] }> {
    const seen = await store.findOrder(tx, id);
    if (seen === undefined || (suppliers !== undefined && (!suppliers.includes(seen.supplier) || !(await store.wasTold(tx, [id])).has(id)))) throw notFound(`the production order ${id}`);
    await store.lockPlanning(tx, seen.world, seen.supplier);
    const order = (await store.lockOrder(tx, id)) as store.OrderRow;
    if (!statuses.includes(order.status)) throw new DomainError(409, 'not-allowed-now', `this order is ${order.status}; that needs one that is ${statuses.join(' or ')}`, { currentStatus: order.status });
    return { order, lines: await store.orderLines(tx, [id]) };
  }
}

function lineNamed(lines: readonly store.OrderLineRow[], lineId: string, i: number): store.OrderLineRow {
  const line = lines.find((l) => l.line_id === lineId);
  if (line === undefined) throw invalid(`lines[${i}].lineId`, `${lineId} is no line of this order`);
  return line;
}
