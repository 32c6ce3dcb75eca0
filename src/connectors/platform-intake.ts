// What was heard from a platform, by webhook or by pull, becomes order events and return cases: one transaction, in which only
// what is new is told on. What cannot be mapped is kept with its reason, and nothing of a person with it.
import { Inject, Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { Database, isTransient, Jobs, newId, type Tx } from '../kernel/index.js';
import { countedTimesOf, IntakeService, type OrderEvent } from '../orders/index.js';
import { ReturnsService, type ReturnRow } from '../returns/index.js';
import { Attributions } from './attributions.js';
import { fetchHints } from './connections.jobs.js';
import * as store from './platform-records.repository.js';
import type { ConnectedShop, Heard, Platform, PlatformOrder, PlatformReturn } from './platforms/platform.js';
import { redacted } from './platforms/redact.js';
import { SkuNames } from './sku-names.js';
import { componentLine, growth, linesNamed, type Component, type KnownCaseLine, type ToldLine } from './told.rules.js';

export interface Taken {
  events: number;
  returns: number;
  hints: number;
  /** Lines moved to the broadcast that sold them. */
  attributed: number;
  /** Already told, or older than what is known. */
  unchanged: number;
  quarantined: number;
  /** What was refused, for a sender who reads answers: the first 100. */
  rejected: { code: string; detail: string }[];
  rejectedCount: number;
  nothing: number;
  deauthorised: boolean;
  /** The latest business time among what was new, ms; 0 where nothing was. */
  latest: number;
}

const none = (): Taken => ({ events: 0, returns: 0, hints: 0, attributed: 0, unchanged: 0, quarantined: 0, rejected: [], rejectedCount: 0, nothing: 0, deauthorised: false, latest: 0 });

/** Webhooks about one entity come in bursts: a moment's patience makes them one request. */
const HINT_DELAY_SECONDS = 0;

type Source = Pick<ConnectedShop, 'shop'> & { readonly platform: Pick<Platform, 'name' | 'keep'> };

@Injectable()
export class PlatformIntake {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(IntakeService) private readonly intake: IntakeService,
    @Inject(ReturnsService) private readonly returns: ReturnsService,
    @Inject(SkuNames) private readonly names: SkuNames,
    @Inject(Attributions) private readonly attributions: Attributions,
    @Inject(Jobs) private readonly jobs: Jobs,
  ) {}

  /**
   * In a transaction of its own, `beside` in the same; what the database refuses for one record is repeated one by one, so that it fails
   * alone.
   */
  async take(source: Source, heard: readonly Heard[], beside: (tx: Tx) => Promise<unknown> = () => Promise.resolve(), tries = 4): Promise<Taken> {
    try {
      return await this.database.transaction(async (tx) => {
        const taken = await this.takeIn(tx, source, heard);
        await beside(tx);
        return taken;
      });
    } catch (error) {
      if (isTransient(error) && tries > 1) return this.take(source, heard, beside, tries - 1);
      const { code } = error as { code?: string };
      if (code === undefined || !/^2[123]/.test(code)) throw error;
      if (heard.length === 1) {
        const one = heard[0] as Heard;
        if (one.kind === 'event' || one.kind === 'return-row') {
          const taken = none();
          refuse(taken, 'refused', 'the database refused it: a value cannot be stored');
          return taken;
        }
        return this.database.transaction(async (tx) => {
          const taken = await this.setAside(tx, source, none(), [{ ...entityOf(one), reason: 'refused', detail: `the database refused it (${code})`, normal: null, shape: null }]);
          await beside(tx);
          return taken;
        });
      }
      const sum = none();
      for (const one of heard) add(sum, await this.take(source, [one]));
      // Last: what stands beside a batch (a cursor) is saved when all of it is.
      await this.database.transaction(beside);
      return sum;
    }
  }

  async takeIn(tx: Tx, source: Source, heard: readonly Heard[]): Promise<Taken> {
    const taken = none();
    const orders = latestOf(heard.flatMap((h) => (h.kind === 'order' ? [h.order] : [])), (o) => o.orderId);
    const returns = mergedReturns(heard.flatMap((h) => (h.kind === 'return' ? [h.case] : [])));
    if (orders.length > 0) await this.takeOrders(tx, source, orders, taken);
    if (returns.length > 0) await this.takeReturns(tx, source, returns, taken);
    await this.takeRows(tx, source, heard, taken);
    for (const h of heard) if (h.kind === 'return-status') await this.takeStatus(tx, source, h, taken);
    const said = heard.flatMap((h) => (h.kind === 'attribution' ? [h] : []));
    if (said.length > 0) await this.takeAttributions(tx, source, said, taken);
    const hints = heard.flatMap((h) => (h.kind === 'hint' ? [h] : []));
    if (hints.length > 0) await this.hint(tx, source.shop, hints, taken);
    const aside: Omit<store.SetAside, 'id'>[] = [];
    for (const h of heard) {
      if (h.kind === 'unknown') aside.push({ entity: 'message', entityId: h.about.slice(0, 128), reason: 'unknown-event', detail: `nobody has listed this kind of message: ${h.about.slice(0, 80)}`, normal: null, shape: redacted(h.document, source.platform.keep) });
      else if (h.kind === 'unreadable') {
        refuse(taken, 'invalid', h.reason);
        aside.push({ entity: h.entity, entityId: h.id, reason: 'unreadable', detail: h.reason, normal: null, shape: redacted(h.document, source.platform.keep) });
      } else if (h.kind === 'nothing') taken.nothing++;
      else if (h.kind === 'deauthorised') taken.deauthorised = true;
    }
    return this.setAside(tx, source, taken, aside);
  }

  /** Events and returns that come in our own words: their identity is theirs, so nothing has to be remembered of them here. */
  private async takeRows(tx: Tx, source: Source, heard: readonly Heard[], taken: Taken): Promise<void> {
    const events = heard.flatMap((h) => (h.kind === 'event' ? [{ ...h.event, buyer: h.event.buyer === null ? null : this.intake.hashBuyer(source.shop, h.event.buyer) }] : []));
    if (events.length > 0) {
      (await this.intake.takeIn(tx, events)).forEach((outcome, i) => {
        taken.latest = Math.max(taken.latest, events[i]?.occurredAt ?? 0);
        if (outcome.kind === 'accepted') taken.events++;
        else if (outcome.kind === 'duplicate') taken.unchanged++;
        else if (outcome.kind === 'quarantined') taken.quarantined++;
        else refuse(taken, outcome.code, `${events[i]?.eventId ?? ''}: ${outcome.detail}`);
      });
    }
    const rows = heard.flatMap((h) => (h.kind === 'return-row' ? [h.row] : []));
    if (rows.length === 0) return;
    (await this.returns.takeIn(tx, rows, `platform:${source.platform.name}`)).forEach((outcome, i) => {
      if (outcome.kind === 'accepted') {
        taken.returns++;
        taken.latest = Math.max(taken.latest, rows[i]?.case.at ?? 0);
      } else if (outcome.kind === 'duplicate') taken.unchanged++;
      else refuse(taken, outcome.code, `${rows[i]?.case.id ?? ''}: ${outcome.detail}`);
    });
  }

  private async hint(tx: Tx, shop: string, hints: readonly { entity: 'order' | 'return'; id: string }[], taken: Taken): Promise<void> {
    await store.addHints(tx, shop, hints, HINT_DELAY_SECONDS);
    await this.jobs.enqueue(tx, fetchHints, [{ shop }]);
    taken.hints += hints.length;
  }

  private async setAside(tx: Tx, source: Source, taken: Taken, list: readonly Omit<store.SetAside, 'id'>[]): Promise<Taken> {
    // One statement may touch a row once: of several about one entity the last stands.
    const rows = [...new Map(list.map((q) => [`${q.entity}\0${q.entityId}\0${q.reason}`, { ...q, id: newId('pqr') }])).values()];
    if (rows.length > 0) await store.quarantine(tx, source.shop, rows);
    taken.quarantined += rows.length;
    return taken;
  }

  /** What a webhook named and the platform never gave. */
  async keepUnfetched(tx: Tx, source: Source, list: readonly { entity: 'order' | 'return'; id: string }[], why: string): Promise<void> {
    await this.setAside(tx, source, none(), list.map((h) => ({ entity: h.entity, entityId: h.id, reason: 'not-fetched', detail: why.slice(0, 300), normal: null, shape: null })));
  }

  /** One quarantined record again: from its normal form, or by fetching it; what cannot be taken in again stays. */
  async redriveOne(tx: Tx, source: Source, row: store.QuarantinedRow, canFetch: boolean): Promise<'redriven' | 'remaining' | 'fetching'> {
    if (row.normal !== null && row.entity !== 'message') {
      // Before anything is written: a row that is looked at every hour and left as it is must not seem to have been heard of every hour.
      if (row.reason === 'unmapped-sku' && !(await this.isAnyKnown(tx, row))) return 'remaining';
      const heard: Heard = row.entity === 'order' ? { kind: 'order', order: row.normal as PlatformOrder } : { kind: 'return', case: row.normal as PlatformReturn };
      // What still has no SKU stays in this very row; the rest is told.
      if ((await this.takeIn(tx, source, [heard])).quarantined > 0) return 'remaining';
      await store.markRedriven(tx, [row.id]);
      return 'redriven';
    }
    if (!canFetch || row.entity === 'message') return 'remaining';
    await store.markRedriven(tx, [row.id]);
    await this.hint(tx, row.shop, [{ entity: row.entity, id: row.entity_id }], none());
    return 'fetching';
  }

  /** Whether a SKU is known by now for any of the lines that a row waits with. */
  private async isAnyKnown(tx: Tx, { shop, normal }: store.QuarantinedRow): Promise<boolean> {
    const lines = (normal as PlatformOrder | PlatformReturn).lines.map((l) => ({ code: l.code, lineId: l.lineId, orderId: 'orderId' in l ? l.orderId : (normal as PlatformOrder).orderId }));
    if ((await this.names.resolve(tx, shop, lines.map((l) => l.code))).some((skus) => skus !== undefined)) return true;
    // A line that was told by now needs no code: of a return its order tells it.
    const told = await store.readTold(tx, shop, [...new Set(lines.map((l) => l.orderId))]);
    return lines.some((l) => told.get(l.orderId)?.[l.lineId] !== undefined);
  }

  private async takeOrders(tx: Tx, source: Source, orders: readonly PlatformOrder[], taken: Taken): Promise<void> {
    const { shop } = source;
    const known = await store.lockTold(tx, shop, orders.map((o) => o.orderId));
    // An older snapshot says nothing that a newer one does not, but of lines that could not be mapped then.
    const news = orders.filter((o) => { const k = known.get(o.orderId); return k === undefined || o.updatedAt >= k.updated_at.getTime() || o.lines.some((l) => k.told[l.lineId] === undefined); });
    taken.unchanged += orders.length - news.length;
    const lines = news.flatMap((order) => order.lines.map((line) => ({ order, line, before: known.get(order.orderId)?.told[line.lineId] })));
    const strangers = lines.filter((l) => l.before === undefined);
    const resolved = await this.names.resolve(tx, shop, strangers.map((l) => l.line.code));
    const skusOf = new Map(strangers.map((l, i) => [l.line, resolved[i]]));
    const fresh = strangers.filter((l) => skusOf.get(l.line) !== undefined);
    const found = await this.attributions.of(tx, shop, fresh.map((l) => ({ at: Math.min(...l.line.facts.map((f) => f.at)), skus: (skusOf.get(l.line) ?? []).map((c) => c.sku), live: l.line.live })));
    const soldBy = new Map(fresh.map((l, i) => [l.line, found[i] ?? null]));

    const events: OrderEvent[] = [];
    const aside: Omit<store.SetAside, 'id'>[] = [];
    const saved: { orderId: string; updatedAt: number; told: Record<string, ToldLine> }[] = [];
    const attributed: Parameters<Attributions['save']>[2][number][] = [];
    for (const order of news) {
      const told: Record<string, ToldLine> = { ...known.get(order.orderId)?.told };
      const unmapped = order.lines.filter((line) => told[line.lineId] === undefined && skusOf.get(line) === undefined);
      const buyer = order.buyer === null ? null : this.intake.hashBuyer(shop, order.buyer);
      let grown = 0;
      for (const line of order.lines) {
        const skus: readonly Component[] | undefined = told[line.lineId]?.skus ?? skusOf.get(line);
        if (skus === undefined) continue;
        const sold = soldBy.get(line) ?? null;
        const { events: own, after } = growth(shop, order, line, told[line.lineId], skus, { broadcast: sold?.broadcast ?? null, anchor: sold?.anchor ?? null }, buyer);
        if (sold !== null && own.length > 0) skus.forEach((_, i) => attributed.push({ ...sold, orderId: order.orderId, lineId: componentLine(line.lineId, skus, i) }));
        if (own.length > 0) told[line.lineId] = after;
        events.push(...own);
        grown += own.length;
      }
      if (unmapped.length > 0) {
        await this.names.note(tx, shop, unmapped.map((l) => l.code));
        // Without the buyer: what is kept here must not be a person's. The hash is made where the rest is told.
        aside.push({ entity: 'order', entityId: order.orderId, reason: 'unmapped-sku', detail: `no SKU of ours is known for ${unmapped.map((l) => l.code.seller ?? l.code.platform ?? l.code.link ?? '?').slice(0, 5).join(', ')}`, normal: { ...order, buyer: null, lines: unmapped }, shape: null });
      }
      if (grown === 0) taken.unchanged++;
      saved.push({ orderId: order.orderId, updatedAt: Math.max(order.updatedAt, known.get(order.orderId)?.updated_at.getTime() ?? 0), told });
    }
    if (saved.length > 0) await store.saveTold(tx, shop, saved);
    if (attributed.length > 0) await this.attributions.save(tx, shop, attributed);
    if (events.length > 0) {
      const outcomes = await this.intake.takeIn(tx, events);
      outcomes.forEach((outcome, i) => {
        const event = events[i] as OrderEvent;
        taken.latest = Math.max(taken.latest, event.occurredAt);
        if (outcome.kind === 'accepted') taken.events++;
        else if (outcome.kind === 'duplicate') taken.unchanged++;
        else if (outcome.kind === 'quarantined') taken.quarantined++;
        else aside.push({ entity: 'order', entityId: event.orderId, reason: outcome.code, detail: `${event.eventId}: ${outcome.detail}`.slice(0, 300), normal: null, shape: null });
      });
    }
    await this.setAside(tx, source, taken, aside);
  }

  /** What a platform says of who sold lines that were told before. An order that is not told yet is asked for, and the word comes again with the next pull. */
  private async takeAttributions(tx: Tx, source: Source, said: readonly Extract<Heard, { kind: 'attribution' }>[], taken: Taken): Promise<void> {
    const { shop } = source;
    const told = await store.readTold(tx, shop, [...new Set(said.map((h) => h.orderId))]);
    const codes = said.map((h) => h.code ?? { seller: null, platform: null, link: null });
    const resolved = await this.names.resolve(tx, shop, codes);
    const sold = await countedTimesOf(tx, shop, [...told.keys()]);
    const list = said.flatMap((h, i) => linesNamed(told.get(h.orderId) ?? {}, h.code, (resolved[i] ?? []).map((c) => c.sku)).flatMap(([lineId, line]) => {
      return line.skus.map((c, n) => ({ h, at: sold.get(h.orderId) ?? 0, lineId: componentLine(lineId, line.skus, n), sku: c.sku }));
    }));
    const found = await this.attributions.of(tx, shop, list.map((l) => ({ at: l.at, skus: [l.sku], live: l.h.live })));
    const moved = await this.attributions.correct(tx, shop, list.flatMap((l, i) => { const a = found[i]; return a == null ? [] : [{ ...a, orderId: l.h.orderId, lineId: l.lineId }]; }));
    taken.attributed += moved;
    const strangers = [...new Set(said.map((h) => h.orderId).filter((id) => !told.has(id)))];
    if (strangers.length > 0) await this.hint(tx, shop, strangers.map((id) => ({ entity: 'order' as const, id })), taken);
  }

  private async takeReturns(tx: Tx, source: Source, returns: readonly PlatformReturn[], taken: Taken): Promise<void> {
    const { shop } = source;
    const told = await store.readTold(tx, shop, [...new Set(returns.flatMap((r) => r.lines.map((l) => l.orderId)))]);
    const known = await store.lockReturns(tx, shop, returns.map((r) => r.returnId));
    const lines = returns.flatMap((r) => r.lines);
    const resolved = await this.names.resolve(tx, shop, lines.map((l) => l.code));
    const skusOf = new Map(lines.map((l, i) => [l, told.get(l.orderId)?.[l.lineId]?.skus ?? resolved[i]]));
    const rows: ReturnRow[] = [];
    const later: ReturnRow[] = [];
    const aside: Omit<store.SetAside, 'id'>[] = [];
    for (const r of returns) {
      const row = known.get(r.returnId) as store.KnownReturnRow;
      const cases: KnownCaseLine[] = [...row.cases];
      const unmapped = r.lines.filter((l) => skusOf.get(l) === undefined);
      for (const line of r.lines) {
        const skus = skusOf.get(line);
        const before = cases.find((c) => c.id === line.id);
        if (before !== undefined && (before.kind !== r.kind || before.quantity !== line.quantity * (skus?.[0]?.quantity ?? 1))) {
          aside.push({ entity: 'return', entityId: r.returnId, reason: 'fact-changed', detail: `line ${line.id}: was ${before.quantity} of kind ${before.kind}, is ${line.quantity} of kind ${r.kind}; the first stands`, normal: null, shape: null });
        }
        // Units that the return itself told of are not told again by its refunds, nor the other way round.
        const twice = cases.some((c) => c.orderId === line.orderId && c.lineId === line.lineId && (c.refund ?? false) !== (line.refund ?? false));
        if (skus === undefined || before !== undefined || twice) continue;
        skus.forEach((component, i) => cases.push({
          id: line.id, caseId: caseIdOf(shop, r.returnId, line.id, i), orderId: line.orderId, lineId: componentLine(line.lineId, skus, i), sku: component.sku, quantity: line.quantity * component.quantity, kind: r.kind, ...(line.refund === true ? { refund: true } : {}),
        }));
      }
      for (const c of cases) rows.push(rowOf(shop, c, r));
      // What was said of it before its lines were known, unless it is older.
      if (row.said !== null && row.said.at >= r.updatedAt) for (const c of cases) later.push(rowOf(shop, c, { claimedReason: null, trackingNumber: null, updatedAt: row.said.at, status: row.said.status as PlatformReturn['status'] }));
      if (unmapped.length > 0) {
        await this.names.note(tx, shop, unmapped.map((l) => l.code));
        aside.push({ entity: 'return', entityId: r.returnId, reason: 'unmapped-sku', detail: 'no SKU of ours is known for what came back', normal: { ...r, lines: unmapped }, shape: null });
      }
      await store.saveReturn(tx, shop, r.returnId, r.updatedAt, cases);
    }
    await this.bookReturns(tx, source, rows, taken, aside);
    if (later.length > 0) await this.bookReturns(tx, source, later, taken, []);
  }

  private async takeStatus(tx: Tx, source: Source, h: Extract<Heard, { kind: 'return-status' }>, taken: Taken): Promise<void> {
    const row = (await store.lockReturns(tx, source.shop, [h.returnId])).get(h.returnId);
    if (row === undefined || row.cases.length === 0) {
      // A status before its return is kept for it; the return is fetched, where the platform can be asked.
      await store.saySoon(tx, source.shop, h.returnId, { status: h.status, at: h.at });
      await this.hint(tx, source.shop, [{ entity: 'return', id: h.returnId }], taken);
      return;
    }
    await store.saveReturn(tx, source.shop, h.returnId, h.at, row.cases);
    await this.bookReturns(tx, source, row.cases.map((c) => rowOf(source.shop, c, { claimedReason: null, trackingNumber: null, updatedAt: h.at, status: h.status })), taken, []);
  }

  private async bookReturns(tx: Tx, source: Source, rows: readonly ReturnRow[], taken: Taken, aside: Omit<store.SetAside, 'id'>[]): Promise<void> {
    if (rows.length > 0) {
      const outcomes = await this.returns.takeIn(tx, rows, `platform:${source.platform.name}`);
      outcomes.forEach((outcome, i) => {
        const row = rows[i] as ReturnRow;
        if (outcome.kind === 'accepted') {
          taken.returns++;
          taken.latest = Math.max(taken.latest, row.case.at);
        } else if (outcome.kind === 'duplicate') taken.unchanged++;
        else aside.push({ entity: 'return', entityId: row.case.id, reason: outcome.code, detail: outcome.detail.slice(0, 300), normal: null, shape: null });
      });
    }
    await this.setAside(tx, source, taken, aside);
  }
}

/** At most 128 characters; a longer one is cut and told apart by its hash. */
function caseIdOf(shop: string, returnId: string, line: string, i: number): string {
  const id = `${shop}/${returnId}/${line}${i === 0 ? '' : `/${i + 1}`}`;
  return id.length <= 128 ? id : `${id.slice(0, 100)}~${createHash('sha256').update(id).digest('base64url').slice(0, 27)}`;
}

const rowOf = (shop: string, c: KnownCaseLine, r: Pick<PlatformReturn, 'claimedReason' | 'trackingNumber' | 'updatedAt' | 'status'>): ReturnRow => ({
  case: { id: c.caseId, shop, orderId: c.orderId, lineId: c.lineId, sku: c.sku, quantity: c.quantity, kind: c.kind as PlatformReturn['kind'], claimedReason: r.claimedReason, trackingNumber: r.trackingNumber, at: r.updatedAt, status: r.status },
  receivedAt: null, grade: null, finding: null,
});

/** Of several words about one return in a batch the latest stands; each may speak of other lines. */
function mergedReturns(list: readonly PlatformReturn[]): PlatformReturn[] {
  const byId = new Map<string, PlatformReturn>();
  for (const r of list) {
    const known = byId.get(r.returnId);
    if (known === undefined) byId.set(r.returnId, r);
    else {
      const [older, newer] = r.updatedAt >= known.updatedAt ? [known, r] : [r, known];
      byId.set(r.returnId, { ...newer, lines: [...new Map([...older.lines, ...newer.lines].map((l) => [l.id, l])).values()] });
    }
  }
  return [...byId.values()];
}

/** Of several snapshots of one thing in a batch the latest stands; it says all that the others do. */
function latestOf<T extends { readonly updatedAt: number }>(list: readonly T[], idOf: (item: T) => string): T[] {
  const latest = new Map<string, T>();
  for (const item of list) {
    const known = latest.get(idOf(item));
    if (known === undefined || item.updatedAt >= known.updatedAt) latest.set(idOf(item), item);
  }
  return [...latest.values()];
}

function refuse(taken: Taken, code: string, detail: string): void {
  taken.rejectedCount++;
  if (taken.rejected.length < 100) taken.rejected.push({ code, detail: detail.slice(0, 300) });
}

function entityOf(h: Heard): { entity: 'order' | 'return' | 'message'; entityId: string } {
  if (h.kind === 'order') return { entity: 'order', entityId: h.order.orderId };
  if (h.kind === 'return') return { entity: 'return', entityId: h.case.returnId };
  if (h.kind === 'return-status') return { entity: 'return', entityId: h.returnId };
  return { entity: 'message', entityId: h.kind };
}

function add(sum: Taken, t: Taken): void {
  for (const name of ['events', 'returns', 'hints', 'attributed', 'unchanged', 'quarantined', 'rejectedCount', 'nothing'] as const) sum[name] += t[name];
  sum.rejected.push(...t.rejected.slice(0, 100 - sum.rejected.length));
  sum.deauthorised ||= t.deauthorised;
  sum.latest = Math.max(sum.latest, t.latest);
}
