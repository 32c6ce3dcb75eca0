// Cases in, goods back, inspection, and where the units go. A message about a case may come twice, late, or before its order.
import { Inject, Injectable } from '@nestjs/common';
import { CatalogueService, existingSkus, termsOf } from '../catalogue/index.js';
import { requestAssessment } from '../forecast/index.js';
import { claimsOfLine, MAIN, StockService, withdrawnLots, type Quality } from '../inventory/index.js';
import { DomainError, invalid, isTransient, Jobs, notFound, toDomainError, undoable, type Tx } from '../kernel/index.js';
import { casesRecorded, caseVoided, expectReflow, goodsInspected, goodsReceived } from './returns.facts.js';
import type { ReturnRow } from './returns.file.js';
import { lotsReturned, merged, notRestocked, usualDisposition, type CaseRow, type Disposition, type Finding, type Grade, type KnownCase } from './returns.rules.js';
import { GOODS, NOTHING_LOST, VOID, type Goods } from './returns.states.js';
import * as store from './returns.repository.js';

export type Outcome = { readonly kind: 'accepted' } | { readonly kind: 'duplicate' } | { readonly kind: 'rejected'; readonly code: string; readonly detail: string };

export interface Inspected {
  /** Where inspection knows it (a label): the lot, of those that came back with the case. */
  readonly lot?: string | undefined;
  readonly subLot?: string | undefined;
  readonly quantity: number;
  readonly grade: Grade;
  readonly finding: Finding;
  readonly disposition: Disposition | undefined;
  readonly note: string | undefined;
  readonly photos: readonly string[];
}

/** Dispositions after which the units are where they stay. */
const FINAL: readonly Disposition[] = ['restock', 'return-to-supplier', 'scrap'];

/** Many messages about one SKU in a row are one look at it. */
const REFLOW_DELAY_SECONDS = 2;

const known = (c: store.ReturnCase): KnownCase => ({
  id: c.id, shop: c.shop, orderId: c.order_id, lineId: c.line_id, sku: c.sku, quantity: c.quantity, kind: c.kind, claimedReason: c.claimed_reason, trackingNumber: c.tracking_number, status: c.status,
  requestedAt: c.requested_at.getTime(), statusAt: c.status_at.getTime(),
});
const fresh = ({ at, ...row }: CaseRow): KnownCase => ({ ...row, requestedAt: at, statusAt: at });

@Injectable()
export class ReturnsService {
  constructor(
    @Inject(StockService) private readonly stock: StockService,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(Jobs) private readonly jobs: Jobs,
  ) {}

  /** Takes messages about cases in, each with its outcome, in the order given; goods that a message says came back are booked. */
  async takeIn(tx: Tx, list: readonly ReturnRow[], actor: string, unbooked?: (row: ReturnRow, fault: DomainError) => void): Promise<Outcome[]> {
    const skus = await existingSkus(tx, [...new Set(list.map((r) => r.case.sku))]);
    const cases = new Map((await store.lockCases(tx, [...new Set(list.map((r) => r.case.id))].sort())).map((c) => [c.id, { now: known(c), isNew: false, news: false }]));
    const moved: { case: string; machine: 'case'; to: string; at: Date; actor: string }[] = [];
    const outcomes = list.map(({ case: row }): Outcome => {
      if (!skus.has(row.sku)) return { kind: 'rejected', code: 'unknown-sku', detail: `sku: ${row.sku} does not exist` };
      const before = cases.get(row.id);
      if (before === undefined) {
        cases.set(row.id, { now: fresh(row), isNew: true, news: false });
        moved.push({ case: row.id, machine: 'case', to: row.status, at: new Date(row.at), actor });
        return { kind: 'accepted' };
      }
      const result = merged(before.now, row);
      if (result.verdict === 'reused') return { kind: 'rejected', code: 'return-id-reused', detail: `return_id: ${row.id} was used before for another line, quantity or kind` };
      cases.set(row.id, { now: result.now, isNew: before.isNew, news: before.news || result.verdict === 'news' });
      if (result.verdict === 'news' && result.now.status !== before.now.status) moved.push({ case: row.id, machine: 'case', to: row.status, at: new Date(row.at), actor });
      return result.verdict === 'news' ? { kind: 'accepted' } : { kind: 'duplicate' };
    });
    const made = [...cases.values()].filter((c) => c.isNew).map((c) => c.now).sort((a, b) => (a.id < b.id ? -1 : 1));
    if (made.length > 0) {
      const inserted = await store.insertCases(tx, made.map((c) => ({ ...c, goods: c.kind === 'refund-only' || VOID.includes(c.status) ? 'none' : 'awaiting' })));
      // The same new case in two batches at once: the other came first, and this batch is taken in again on top of it.
      if (inserted.length < made.length) throw Object.assign(new Error('a case was opened at the same moment'), { code: '40001' });
    }
    const changed = [...cases.values()].filter((c) => !c.isNew && c.news).map((c) => c.now);
    if (changed.length > 0) await store.updateCases(tx, changed);
    if (moved.length > 0) await store.insertTransitions(tx, moved);
    const voided = changed.filter((c) => NOTHING_LOST.includes(c.status) && moved.some((m) => m.case === c.id));
    if (voided.length > 0) await this.jobs.announce(tx, caseVoided, ...voided.map((c) => ({ return: c.id, status: c.status })));
    for (const shop of new Set(made.map((c) => c.shop))) {
      const mine = made.filter((c) => c.shop === shop);
      await this.jobs.announce(tx, casesRecorded, { shop, cases: mine.length, units: mine.reduce((s, c) => s + c.quantity, 0) });
    }
    const touched = [...new Map([...made, ...changed].map((c) => [`${c.shop}\0${c.sku}`, c])).values()];
    const worlds = await store.worldsOf(tx, [...new Set(touched.map((c) => c.shop))]);
    await this.jobs.enqueue(tx, expectReflow, [...new Map(touched.map((c) => { const p = { world: worlds.get(c.shop) ?? 'live', sku: c.sku }; return [`${p.world}\0${p.sku}`, p]; })).values()], REFLOW_DELAY_SECONDS);
    for (const [i, row] of list.entries()) if (row.receivedAt !== null && outcomes[i]?.kind !== 'rejected') await this.book(tx, row, actor, unbooked);
    return outcomes;
  }

  /** The same for lines of a file: one whose goods cannot be booked is rejected by itself, and nothing of it is taken in. */
  async takeInLines(tx: Tx, list: readonly ReturnRow[], actor: string): Promise<Outcome[]> {
    const refused = new Map<ReturnRow, Outcome>();
    const again = new Error('taken in again without the lines that were refused');
    for (;;) {
      const known = refused.size;
      try {
        const outcomes = await undoable(tx, async () => {
          const taken = await this.takeIn(tx, list.filter((row) => !refused.has(row)), actor, (row, fault) => void refused.set(row, { kind: 'rejected', code: fault.code, detail: fault.message }));
          if (refused.size > known) throw again;
          return taken.values();
        });
        return list.map((row) => refused.get(row) ?? (outcomes.next().value as Outcome));
      } catch (error) {
        if (error !== again) throw error;
      }
    }
  }

  /** With `unbooked` what was refused is undone and told, else thrown; a fault of ours is thrown in any case. */
  private async book(tx: Tx, row: ReturnRow, actor: string, unbooked?: (row: ReturnRow, fault: DomainError) => void): Promise<void> {
    if (unbooked === undefined) return this.bookFromFile(tx, row, actor);
    try {
      await undoable(tx, () => this.bookFromFile(tx, row, actor));
    } catch (error) {
      const fault = toDomainError(error);
      if (isTransient(error) || fault.status >= 500) throw error;
      unbooked(row, fault);
    }
  }

  /** A file may say that goods came back and how they were found; what is booked already is left alone, and what the warehouse counted stands. */
  private async bookFromFile(tx: Tx, { case: row, receivedAt, grade, finding }: ReturnRow, actor: string): Promise<void> {
    const c = (await store.findCase(tx, row.id)) as store.ReturnCase;
    const at = new Date(receivedAt ?? 0);
    if (c.received === 0) await this.receive(tx, c.id, { quantity: c.quantity, condition: undefined, location: undefined, at }, actor);
    if (grade !== null && c.inspected === 0) await this.inspect(tx, c.id, [{ quantity: c.received === 0 ? c.quantity : c.received, grade, finding: finding ?? 'no-fault', disposition: undefined, note: undefined, photos: [] }], at, actor);
  }

  /** Goods of a case came in. Each unit is traced to the lot that it left from, and is blocked until it is inspected. */
  async receive(tx: Tx, id: string, r: { quantity: number; condition: 'whole' | 'short' | 'wrong' | undefined; location: string | undefined; at: Date }, actor: string): Promise<void> {
    const c = await store.lockCase(tx, id);
    if (c === undefined) throw notFound(`the return ${id}`);
    const left = c.quantity - c.received;
    if (r.quantity > left) {
      throw new DomainError(409, 'already-received', left === 0 ? `all ${c.quantity} units of this return were received` : `quantity: ${left} of ${c.quantity} units are still to come`, { quantity: c.quantity, received: c.received });
    }
    this.check(c, 'received');
    // Another case of the line that comes in at this moment must see which lots this one takes.
    await store.lockLine(tx, c);
    const claims = await claimsOfLine(tx, { shop: c.shop, orderId: c.order_id, lineId: c.line_id, sku: c.sku });
    const lots = lotsReturned(claims.map((l) => ({ lot: l.lot, subLot: l.sub_lot, units: l.units })), (await store.lotsOfLine(tx, c)).map((l) => ({ lot: l.lot, subLot: l.sub_lot, units: l.units })), r.quantity);
    const location = r.location ?? MAIN;
    await this.stock.takeBack(tx, { world: c.world, location, sku: c.sku, returnId: id, lots, at: r.at, actor });
    await store.addLots(tx, id, location, lots);
    const received = c.received + r.quantity;
    await store.setGoods(tx, id, { goods: 'received', condition: r.condition ?? (received === c.quantity ? 'whole' : 'short'), received, inspected: c.inspected, receivedAt: c.received_at ?? r.at });
    await store.insertTransitions(tx, [{ case: id, machine: 'goods', to: 'received', at: r.at, actor }]);
    await this.jobs.announce(tx, goodsReceived, { return: id, sku: c.sku, units: r.quantity });
  }

  /** What inspection found of received units, and where they go: restocked ones serve the orders that wait. */
  async inspect(tx: Tx, id: string, units: readonly Inspected[], at: Date, actor: string): Promise<void> {
    const c = await store.lockCase(tx, id);
    if (c === undefined) throw notFound(`the return ${id}`);
    const total = units.reduce((s, u) => s + u.quantity, 0);
    if (total > c.received - c.inspected) {
      throw new DomainError(409, 'not-received', `units: ${total} units were inspected, ${c.received - c.inspected} received ones wait for it`, { received: c.received, inspected: c.inspected });
    }
    const category = (await termsOf(tx, [c.sku]))[0]?.category ?? '';
    units.forEach((u, i) => {
      const fault = u.disposition === 'restock' ? notRestocked({ ...u, category }) : undefined;
      if (fault !== undefined) throw invalid(`units[${i}].disposition`, `${fault}; rework, quarantine, return or scrap them`);
    });
    const lots = (await store.lotsOfCases(tx, [id])).map((l) => ({ ...l, left: l.units - l.inspected }));
    // Before the levels of stock, as an alarm takes them: a lot is not withdrawn while units of it go on sale.
    const withdrawn = await withdrawnLots(tx, lots.map((l) => l.lot));
    const rows: store.Inspection[] = [];
    let restocked = 0;
    // Rows that name their lot first: the others take what is left.
    for (const [i, u] of [...units.entries()].sort(([, a], [, b]) => Number(!namesLot(a)) - Number(!namesLot(b)))) {
      const own = lotsNamed(lots, u, i);
      const wished = u.disposition ?? usualDisposition({ ...u, category });
      let wanted = u.quantity;
      for (const l of own) {
        const quantity = Math.min(wanted, l.left);
        if (quantity === 0) continue;
        l.left -= quantity;
        wanted -= quantity;
        const alarm = wished === 'restock' ? withdrawn.get(l.lot) : undefined;
        if (alarm !== undefined && u.disposition !== undefined) {
          throw new DomainError(409, 'lot-withdrawn', `units[${i}].disposition: the lot ${l.lot} must not be sold (alarm ${alarm}); leave it out, and its units wait in quarantine for what becomes of the alarm`, { alarm, lot: l.lot });
        }
        const disposition = alarm === undefined ? wished : 'quarantine';
        rows.push({ return_case: id, lot: l.lot, sub_lot: l.sub_lot, quantity, grade: u.grade, finding: u.finding, disposition, note: u.note ?? null, photos: u.photos, at, actor });
        await store.markInspected(tx, l, quantity);
        const to: Quality | 'out' = disposition === 'restock' ? 'A' : disposition === 'scrap' || disposition === 'return-to-supplier' ? 'out' : 'quarantine';
        await this.stock.sendOn(tx, { world: c.world, location: l.location, sku: c.sku, returnId: id, lot: l.lot, subLot: l.sub_lot, quantity, to, withdrawnBy: alarm, note: disposition, at, actor });
        if (disposition === 'restock') restocked += quantity;
      }
    }
    await store.insertInspections(tx, rows);
    const inspected = c.inspected + total;
    const all = [...(await store.inspectionsOf(tx, [id]))];
    const goods: Goods = inspected < c.received ? 'received' : all.every((x) => FINAL.includes(x.disposition)) ? 'disposed' : 'inspected';
    this.check(c, goods);
    await store.setGoods(tx, id, { goods, condition: c.condition, received: c.received, inspected, receivedAt: c.received_at });
    await store.insertTransitions(tx, [{ case: id, machine: 'goods', to: goods, at, actor }]);
    if (restocked > 0) await requestAssessment(tx, c.world, [c.sku]);
    await this.jobs.enqueue(tx, expectReflow, [{ world: c.world, sku: c.sku }], REFLOW_DELAY_SECONDS);
    await this.jobs.announce(tx, goodsInspected, { return: id, sku: c.sku, units: total, restocked });
  }

  /** The shop must exist and, for a platform's key, be one of its own; what is not in scope does not exist. */
  async shopOf(id: string, mayIngest: boolean): Promise<void> {
    if (!mayIngest) throw notFound(`the shop ${id}`);
    await this.catalogue.shop(id);
  }

  private check(c: store.ReturnCase, to: Goods): void {
    if (!GOODS[c.goods].includes(to)) throw new DomainError(409, 'not-allowed-now', `the goods of this return are ${c.goods}; they cannot become ${to}`, { currentStatus: c.goods });
  }
}

const namesLot = (u: Inspected): boolean => u.lot !== undefined || u.subLot !== undefined;

/** The lots that a row of an inspection is of: those that it names, or all of the case. */
function lotsNamed<L extends { readonly lot: string; readonly sub_lot: string; readonly left: number }>(lots: readonly L[], u: Inspected, i: number): readonly L[] {
  if (!namesLot(u)) return lots;
  const own = lots.filter((l) => (u.lot === undefined || l.lot === u.lot) && (u.subLot === undefined || l.sub_lot === u.subLot));
  const field = `units[${i}].${u.lot === undefined || lots.some((l) => l.lot === u.lot) ? 'subLot' : 'lot'}`;
  if (own.length === 0) throw invalid(field, `no units of it came back with this return; its lots are ${lots.map((l) => [l.lot === '' ? 'unknown' : l.lot, ...(l.sub_lot === '' ? [] : [l.sub_lot])].join('/')).join(', ')}`);
  const left = own.reduce((s, l) => s + l.left, 0);
  if (u.quantity > left) throw new DomainError(409, 'not-received', `units[${i}].quantity: ${left} units of this lot wait for inspection`, { units: left });
  return own;
}
