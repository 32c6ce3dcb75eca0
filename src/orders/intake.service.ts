// The one way in for order events, whoever brings them. One transaction per batch: identities, events, order lines, demand
// windows, dirty marks and facts.
import { Inject, Injectable } from '@nestjs/common';
import { CatalogueService, existingSkus, type Shop } from '../catalogue/index.js';
import { afterCommit, Database, endWith, Handles, intakeEvents, isTransient, Jobs, newId, Secrets, type JobRun, type Tx } from '../kernel/index.js';
import { attributeOrder, byText, ordersOf, settleOrders, type LineAttribution, type OrderOfBatch } from './math/batch.js';
import type { SkuAdd, Sums } from './math/contribution.js';
import type { LineState, OrderEvent } from './math/settle.js';
import { digestOf } from './orders.file.js';
import { eventsRecorded, redriveQuarantine } from './orders.facts.js';
import * as store from './intake.repository.js';
import { Seen } from './seen.js';
import { markRedriven, markDirty, quarantine, quarantinedOf, setReason, shopNow } from './orders.repository.js';

export type Outcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'quarantined'; readonly reason: string }
  | { readonly kind: 'rejected'; readonly code: string; readonly detail: string };

const DAY_MS = 86_400_000;
/** An identity is kept at least this long; what is older could have been counted and forgotten, so it is never counted. */
export const IDENTITY_DAYS = 400;
/** How far ahead of the shop's clock an event may be stamped before it is taken for a mistake. */
const AHEAD_MS = DAY_MS;

const REUSED: Outcome = { kind: 'rejected', code: 'event-id-reused', detail: 'event_id: this id was used before in this shop for an event with other content' };
const ACCEPTED: Outcome = { kind: 'accepted' };
const DUPLICATE: Outcome = { kind: 'duplicate' };

function countOutcomes(outcomes: readonly Outcome[]): void {
  const counts = new Map<Outcome['kind'], number>();
  for (const { kind } of outcomes) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  for (const [outcome, n] of counts) intakeEvents.inc({ outcome }, n);
}

/** Batches after one with a repeat in it that do not hope for the best. */
const WARY_BATCHES = 20;
const SEEN_ORDERS = 200_000;
const UNIQUE_VIOLATION = '23505';
const NO_LINES: ReadonlyMap<string, LineState[]> = new Map();

interface Identified extends store.IdentityKey {
  readonly index: number;
  readonly key: string;
  readonly event: OrderEvent;
}

/** A batch that was hoped to hold nothing known does; it is taken in again with care. */
class Repeats extends Error {}

@Injectable()
export class IntakeService {
  private readonly knownSkus = new Set<string>();
  private readonly knownStreams = new Map<string, number>();
  /** Orders taken in here: what is not among them is most likely new. */
  private readonly seenOrders = new Seen(SEEN_ORDERS);
  private wary = 0;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(Secrets) private readonly secrets: Secrets,
  ) {}

  hashBuyer = (shop: string, buyer: string): string => this.secrets.keyedHash(`buyer ${shop}`, buyer);

  /**
   * Takes a batch in, each event with its outcome, in the order given. Where the database refuses the batch for one row, the
   * others still get through: it is repeated event by event.
   */
  async take(events: readonly OrderEvent[], tries = 3): Promise<Outcome[]> {
    try {
      const hopeful = this.wary === 0;
      if (!hopeful) this.wary--;
      return await this.database.transaction((tx) => this.takeBatch(tx, events, hopeful));
    } catch (error) {
      if (error instanceof Repeats) {
        this.wary = WARY_BATCHES;
        return this.take(events, tries);
      }
      // A deadlock or a lock that took too long: nothing was written, and the same batch may pass now.
      if (isTransient(error) && tries > 1) return this.take(events, tries - 1);
      const { code } = error as { code?: string };
      // Data that PostgreSQL refuses (class 22, 23): one bad row must not fail its neighbours.
      if (code === undefined || !/^2[23]/.test(code)) throw error;
      if (events.length === 1) return [{ kind: 'rejected', code: 'refused', detail: 'the database refused the event: a value cannot be stored' }];
      const outcomes: Outcome[] = [];
      for (const event of events) outcomes.push(...(await this.take([event])));
      return outcomes;
    }
  }

  /** The same within the caller's transaction (imports are atomic per file). */
  takeIn(tx: Tx, events: readonly OrderEvent[]): Promise<Outcome[]> {
    return this.takeBatch(tx, events);
  }

  /**
   * @param hopeful the transaction is this batch's own, and it is thought to hold nothing that came before: identities, orders and
   * events then go out together, and where it does hold a repeat all is rolled back (Repeats)
   */
  private async takeBatch(tx: Tx, events: readonly OrderEvent[], hopeful?: boolean): Promise<Outcome[]> {
    const outcomes = new Array<Outcome>(events.length);
    const shops = await this.shopsOf(tx, events);
    await this.learnSkus(tx, events);

    const digests = new Map<string, { digest: Buffer; index: number }>();
    const claimable: Identified[] = [];
    const aside: { index: number; reason: string }[] = [];
    events.forEach((event, index) => {
      const key = store.identityKey(event);
      const digest = digestOf(event);
      const twin = digests.get(key);
      if (twin !== undefined) {
        outcomes[index] = twin.digest.equals(digest) ? DUPLICATE : REUSED;
        return;
      }
      digests.set(key, { digest, index });
      const reason = this.quarantineReason(event, shops.get(event.shop));
      if (reason === undefined) claimable.push({ index, key, event, shop: event.shop, eventId: event.eventId, digest });
      else aside.push({ index, reason });
    });

    claimable.sort((a, b) => byText(a.key, b.key));
    const identities = claimable;
    const own = hopeful !== undefined;
    if (hopeful === true && aside.length === 0 && identities.length > 0) {
      const accepted = identities.map(({ event }) => event);
      const orders = ordersOf(accepted);
      const existing = await this.hope(tx, identities, orders, accepted);
      for (const { index } of identities) outcomes[index] = ACCEPTED;
      await this.settle(tx, accepted, orders, existing, shops, own);
    } else {
      const accepted = await this.claim(tx, identities, outcomes);
      await this.setAside(tx, events, aside, digests, outcomes);
      if (accepted.length > 0) {
        const orders = ordersOf(accepted);
        for (const order of orders) this.seenOrders.add(order.key);
        const [existing] = await Promise.all([store.lockOrders(tx, orders), store.insertEvents(tx, accepted)]);
        await this.settle(tx, accepted, orders, existing, shops, own);
      }
    }
    afterCommit(tx, () => countOutcomes(outcomes));
    return outcomes;
  }

  /** Identities, orders and events of a batch that is thought to hold nothing known but orders seen here; answers the lines of those. */
  private async hope(tx: Tx, identities: readonly Identified[], orders: readonly OrderOfBatch[], accepted: readonly OrderEvent[]): Promise<ReadonlyMap<string, LineState[]>> {
    const [seen, unseen] = [orders.filter((o) => this.seenOrders.has(o.key)), orders.filter((o) => !this.seenOrders.has(o.key))];
    // Before they are committed: a batch beside this one that has them too waits for this one, and does not fail by it.
    for (const order of unseen) this.seenOrders.add(order.key);
    try {
      const made = [store.claimNew(tx, identities), ...(unseen.length === 0 ? [] : [store.createOrders(tx, unseen)])];
      const [lines] = await Promise.all([seen.length === 0 ? NO_LINES : store.lockOrders(tx, seen), store.insertEvents(tx, accepted), ...made]);
      return lines;
    } catch (error) {
      throw (error as { code?: string }).code === UNIQUE_VIOLATION ? new Repeats() : error;
    }
  }

  private async shopsOf(tx: Tx, events: readonly OrderEvent[]): Promise<Map<string, { shop: Shop; now: number }>> {
    const ids = [...new Set(events.map((e) => e.shop))];
    const shops = new Map<string, { shop: Shop; now: number }>();
    let clocks: Awaited<ReturnType<typeof shopNow>> | undefined;
    for (const id of ids) {
      const shop = await this.catalogue.shop(id, tx);
      // A live shop's clock is the database's: reading it costs a query, so the local one does for the plausibility check.
      if (shop.clock === 'live') shops.set(id, { shop, now: Date.now() });
      else {
        clocks ??= await shopNow(tx, ids);
        const possible = Date.now() + IDENTITY_DAYS * DAY_MS;
        const latest = events.reduce((most, e) => (e.shop === id && e.occurredAt > most && e.occurredAt <= possible ? e.occurredAt : most), 0);
        shops.set(id, { shop, now: Math.max(clocks.find((c) => c.id === id)?.now?.getTime() ?? 0, latest) });
      }
    }
    return shops;
  }

  private async learnSkus(tx: Tx, events: readonly OrderEvent[]): Promise<void> {
    const strangers = [...new Set(events.map((e) => e.sku))].filter((sku) => !this.knownSkus.has(sku));
    if (strangers.length === 0) return;
    if (this.knownSkus.size > 500_000) this.knownSkus.clear();
    for (const sku of await existingSkus(tx, strangers)) this.knownSkus.add(sku);
  }

  private quarantineReason(event: OrderEvent, known: { shop: Shop; now: number } | undefined): string | undefined {
    if (!this.knownSkus.has(event.sku)) return 'unknown-sku';
    if (known !== undefined && event.occurredAt < known.now - IDENTITY_DAYS * DAY_MS) return 'too-old';
    // A live shop cannot be ahead of time; a replay's clock only rises, so one absurd stamp would set it for good.
    const limit = known?.shop.clock === 'replay' ? Date.now() + IDENTITY_DAYS * DAY_MS : Date.now() + AHEAD_MS;
    if (event.occurredAt > limit) return 'in-the-future';
    return undefined;
  }

  private async claim(tx: Tx, identities: readonly Identified[], outcomes: Outcome[]): Promise<OrderEvent[]> {
    if (identities.length === 0) return [];
    const fresh = await store.claimIdentities(tx, identities);
    const taken = identities.filter((i) => !fresh.has(i.key));
    const known = taken.length === 0 ? new Map<string, Buffer>() : await store.digests(tx, taken);
    const accepted: OrderEvent[] = [];
    for (const { index, event, key, digest } of identities) {
      if (fresh.has(key)) {
        outcomes[index] = ACCEPTED;
        accepted.push(event);
      } else outcomes[index] = known.get(key)?.equals(digest) === true ? DUPLICATE : REUSED;
    }
    return accepted;
  }

  private async setAside(tx: Tx, events: readonly OrderEvent[], aside: readonly { index: number; reason: string }[], digests: ReadonlyMap<string, { digest: Buffer }>, outcomes: Outcome[]): Promise<void> {
    if (aside.length === 0) return;
    const list = aside.map(({ index, reason }) => ({ id: newId('qua'), event: events[index] as OrderEvent, reason, index }));
    // An id that was counted before and comes again with an unknown SKU or an absurd time is a reuse, not news.
    const counted = await store.digests(tx, list.map(({ event }) => event));
    const news = list.filter(({ event, index }) => {
      const known = counted.get(store.identityKey(event));
      if (known === undefined) return true;
      outcomes[index] = known.equals((digests.get(store.identityKey(event)) as { digest: Buffer }).digest) ? DUPLICATE : REUSED;
      return false;
    });
    const reused = await quarantine(tx, news);
    for (const { event, reason, index } of news) outcomes[index] = reused.has(store.identityKey(event)) ? REUSED : { kind: 'quarantined', reason };
  }

  /** @param own the transaction is the batch's own: nothing comes behind what is written here */
  private async settle(tx: Tx, accepted: readonly OrderEvent[], orders: readonly OrderOfBatch[], existing: ReadonlyMap<string, readonly LineState[]>, shops: ReadonlyMap<string, { shop: Shop; now: number }>, own: boolean): Promise<void> {
    const { changed, sums } = settleOrders(orders, existing);
    const streams = await this.streamsFor(tx, sums);
    const writing: Promise<unknown>[] = [...store.writeLines(tx, changed)];
    for (const [id, { shop }] of shops) {
      const mine = shops.size === 1 ? accepted : accepted.filter((e) => e.shop === id);
      if (mine.length === 0) continue;
      writing.push(store.insertNews(tx, id, shops.size === 1 ? changed : changed.filter((l) => l.shop === id)));
      if (shop.clock === 'replay') writing.push(store.advanceClock(tx, id, mine.reduce((most, e) => Math.max(most, e.occurredAt), 0)));
      writing.push(this.jobs.announce(tx, eventsRecorded, { shop: id, events: mine.length, orders: new Set(mine.map((e) => e.orderId)).size, skus: new Set(mine.map((e) => e.sku)).size }));
    }
    // Last, because other batches wait for these rows: they are locked for no longer than these statements and the commit.
    writing.push(...this.addDemand(tx, sums, streams));
    if (own) endWith(tx, ...writing);
    else await Promise.all(writing);
  }

  /**
   * Moves lines to the broadcast that sold them: windows follow, in the same transaction; spikes and assessments of before stay as
   * they were made. Answers how many lines moved; a line that nobody knows is none.
   */
  async attribute(tx: Tx, shop: string, list: readonly LineAttribution[]): Promise<number> {
    const wanted = new Map<string, LineAttribution[]>();
    for (const a of list) wanted.set(a.orderId, [...(wanted.get(a.orderId) ?? []), a]);
    const existing = await store.lockOrders(tx, [...wanted.keys()].sort(byText).map((orderId) => ({ shop, orderId })));
    const sums: Sums = { windows: new Map(), skus: new Map(), buyers: new Map() };
    const changed = [...existing].sort(([a], [b]) => byText(a, b)).flatMap(([key, lines]) => { const orderId = key.slice(key.indexOf('\0') + 1); return attributeOrder(shop, orderId, lines, wanted.get(orderId) ?? [], sums); });
    if (changed.length === 0) return 0;
    const streams = await this.streamsFor(tx, sums);
    await Promise.all([...store.writeLines(tx, changed), store.insertMoves(tx, streams.rows), ...this.addDemand(tx, sums, streams)]);
    return changed.length;
  }

  /** What a batch adds to demand, by stream: windows, and the standing streams of SKUs whose lines are no sale (what they need must be assessed too). */
  private async streamsFor(tx: Tx, { windows, skus }: Sums): Promise<{ rows: store.WindowRow[]; standing: number[] }> {
    const parsed = [...windows].map(([key, add]) => {
      const end = key.lastIndexOf('\0');
      return { stream: key.slice(0, end), bucket: Number(key.slice(end + 1)), add };
    });
    const streamed = new Set(parsed.map(({ stream }) => stream.slice(0, stream.lastIndexOf('\0'))));
    const standing = [...skus.keys()].filter((key) => !streamed.has(key)).map((key) => `${key}\0`);
    const ids = await this.streamIds(tx, [...parsed.map(({ stream }) => stream), ...standing]);
    return { rows: parsed.map(({ stream, bucket, add }) => ({ stream: ids.get(stream) as number, bucket, orders: add.orders, withdrawn: add.withdrawn, units: add.units, paidUnits: add.paidUnits, cancelledUnits: add.cancelledUnits })), standing: standing.map((key) => ids.get(key) as number) };
  }

  private addDemand(tx: Tx, { skus, buyers }: Sums, { rows, standing }: { rows: readonly store.WindowRow[]; standing: readonly number[] }): Promise<unknown>[] {
    const writing: Promise<unknown>[] = [];
    const changed = rows.filter((r) => r.orders !== 0 || r.withdrawn !== 0 || r.units !== 0 || r.paidUnits !== 0 || r.cancelledUnits !== 0);
    if (changed.length > 0) writing.push(store.addWindows(tx, changed.sort((a, b) => a.stream - b.stream || a.bucket - b.bucket)));
    writing.push(store.addSkuDemand(tx, [...skus.keys()].sort(byText).map((key) => ({ key, add: skus.get(key) as SkuAdd }))));
    if (buyers.size > 0) {
      const held = [...buyers.keys()].sort(byText).map((key) => { const [shop, sku, buyer] = key.split('\0') as [string, string, string]; return { shop, sku, buyer, open: (buyers.get(key) as { open: number }).open }; });
      writing.push(store.addBuyerDemand(tx, held));
    }
    const totals = new Map<number, { stream: number; orders: number; withdrawn: number }>(standing.map((stream) => [stream, { stream, orders: 0, withdrawn: 0 }]));
    for (const { stream, orders, withdrawn } of rows) {
      const sum = totals.get(stream);
      if (sum === undefined) totals.set(stream, { stream, orders, withdrawn });
      else {
        sum.orders += orders;
        sum.withdrawn += withdrawn;
      }
    }
    writing.push(markDirty(tx, [...totals.values()].sort((a, b) => a.stream - b.stream)));
    return writing;
  }

  /** Ids of streams, made where they are new. One is remembered only once it is committed: a rolled-back insert gives its id away. */
  private async streamIds(tx: Tx, keys: readonly string[]): Promise<Map<string, number>> {
    const ids = new Map<string, number>();
    const strangers = new Set<string>();
    for (const key of keys) {
      const known = this.knownStreams.get(key);
      if (known === undefined) strangers.add(key);
      else ids.set(key, known);
    }
    if (strangers.size === 0) return ids;
    const wanted = [...strangers].sort(byText).map((key) => { const [shop, sku, broadcast] = key.split('\0') as [string, string, string]; return { shop, sku, broadcast }; });
    const found = await store.streamIds(tx, wanted);
    for (const [key, id] of found) ids.set(key, id);
    afterCommit(tx, () => {
      if (this.knownStreams.size > 500_000) this.knownStreams.clear();
      for (const [key, id] of found) this.knownStreams.set(key, id);
    });
    return ids;
  }

  /** Takes events out of quarantine and in again; what still cannot be counted stays, with its present reason. */
  async redrive(filter: { ids?: readonly string[] | undefined; skus?: readonly string[] | undefined; shop?: string | undefined }): Promise<{ redriven: number; remaining: number }> {
    let redriven = 0;
    let remaining = 0;
    for (let after = ''; ; ) {
      const pass = await this.database.transaction(async (tx) => {
        const list = await quarantinedOf(tx, filter, after, 500);
        await this.learnSkus(tx, list.map((q) => q.event));
        const shops = await this.shopsOf(tx, list.map((q) => q.event));
        const reasons = list.map((q) => this.quarantineReason(q.event, shops.get(q.shop)));
        const ready = list.filter((_, i) => reasons[i] === undefined);
        const still = list.flatMap((q, i) => (reasons[i] === undefined ? [] : [{ id: q.id, reason: reasons[i] }]));
        const outcomes = ready.length === 0 ? [] : await this.takeIn(tx, ready.map((q) => q.event));
        // Its id may have been used for something else meanwhile: it was taken over with thanks, so it stays, with that for a reason.
        const refused = ready.flatMap((q, i) => { const outcome = outcomes[i]; return outcome?.kind === 'rejected' ? [{ id: q.id, reason: outcome.code }] : []; });
        const taken = ready.filter((_, i) => outcomes[i]?.kind === 'accepted' || outcomes[i]?.kind === 'duplicate');
        if (taken.length > 0) await markRedriven(tx, taken.map((q) => q.id));
        still.push(...refused);
        if (still.length > 0) await setReason(tx, still.map((q) => q.id), still.map((q) => q.reason));
        return { ready: taken.length, still: list.length - taken.length, last: list.at(-1)?.id };
      });
      redriven += pass.ready;
      remaining += pass.still;
      if (pass.last === undefined) return { redriven, remaining };
      after = pass.last;
    }
  }

  @Handles(redriveQuarantine)
  async redriveAdded(run: JobRun<{ skus: string[] }>): Promise<void> {
    // Idempotent by itself: a repeat finds nothing left to take in.
    await this.redrive({ skus: run.payload.skus });
  }
}
