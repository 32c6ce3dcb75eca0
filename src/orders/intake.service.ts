// The one way in for order events, whoever brings them. One transaction per batch: identities, events, order lines, demand
// windows, dirty marks and facts.
import { Inject, Injectable } from '@nestjs/common';
import { CatalogueService, existingSkus, type Shop } from '../catalogue/index.js';
import { afterCommit, Database, Handles, intakeEvents, isTransient, Jobs, newId, Secrets, type JobRun, type Tx } from '../kernel/index.js';
import { addDifference, contributionOf, type Sums } from './math/contribution.js';
import { foldEvent, setAside, stateKey, type LineState, type OrderEvent } from './math/settle.js';
import { digestOf } from './orders.file.js';
import { eventsRecorded, redriveQuarantine } from './orders.facts.js';
import * as store from './orders.repository.js';

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

/** Sorts keys by code unit, as every writer does, so that no two batches wait for each other in a circle. */
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const streamKey = (s: { shop: string; sku: string; broadcast: string }): string => `${s.shop}\0${s.sku}\0${s.broadcast}`;

@Injectable()
export class IntakeService {
  private readonly knownSkus = new Set<string>();
  private readonly knownStreams = new Map<string, number>();

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
      return await this.database.transaction((tx) => this.takeIn(tx, events));
    } catch (error) {
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
  async takeIn(tx: Tx, events: readonly OrderEvent[]): Promise<Outcome[]> {
    const outcomes = new Array<Outcome>(events.length);
    const shops = await this.shopsOf(tx, events);
    await this.learnSkus(tx, events);

    const digests = new Map<string, { digest: Buffer; index: number }>();
    const claimable: number[] = [];
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
      if (reason === undefined) claimable.push(index);
      else aside.push({ index, reason });
    });

    const accepted = await this.claim(tx, events, claimable, digests, outcomes);
    await this.setAside(tx, events, aside, digests, outcomes);
    if (accepted.length > 0) await this.settle(tx, accepted, shops);
    for (const outcome of outcomes) intakeEvents.inc({ outcome: outcome.kind });
    return outcomes;
  }

  private async shopsOf(tx: Tx, events: readonly OrderEvent[]): Promise<Map<string, { shop: Shop; now: number }>> {
    const ids = [...new Set(events.map((e) => e.shop))];
    const shops = new Map<string, { shop: Shop; now: number }>();
    let clocks: Awaited<ReturnType<typeof store.shopNow>> | undefined;
    for (const id of ids) {
      const shop = await this.catalogue.shop(id, tx);
      // A live shop's clock is the database's: reading it costs a query, so the local one does for the plausibility check.
      if (shop.clock === 'live') shops.set(id, { shop, now: Date.now() });
      else {
        clocks ??= await store.shopNow(tx, ids);
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

  private async claim(tx: Tx, events: readonly OrderEvent[], claimable: readonly number[], digests: ReadonlyMap<string, { digest: Buffer }>, outcomes: Outcome[]): Promise<OrderEvent[]> {
    if (claimable.length === 0) return [];
    const identities = claimable
      .map((index) => ({ index, event: events[index] as OrderEvent }))
      .map(({ index, event }) => ({ index, event, key: store.identityKey(event) }))
      .sort((a, b) => byText(a.key, b.key));
    const keyed = identities.map(({ event, key }) => ({ shop: event.shop, eventId: event.eventId, digest: (digests.get(key) as { digest: Buffer }).digest }));
    const fresh = await store.claimIdentities(tx, keyed);
    const taken = keyed.filter((k) => !fresh.has(store.identityKey(k)));
    const known = taken.length === 0 ? new Map<string, Buffer>() : await store.digests(tx, taken);
    const accepted: OrderEvent[] = [];
    for (const { index, event, key } of identities) {
      if (fresh.has(key)) {
        outcomes[index] = ACCEPTED;
        accepted.push(event);
      } else outcomes[index] = known.get(key)?.equals((digests.get(key) as { digest: Buffer }).digest) === true ? DUPLICATE : REUSED;
    }
    return accepted;
  }

  private async setAside(tx: Tx, events: readonly OrderEvent[], aside: readonly { index: number; reason: string }[], digests: ReadonlyMap<string, { digest: Buffer }>, outcomes: Outcome[]): Promise<void> {
    if (aside.length === 0) return;
    const list = aside.map(({ index, reason }) => ({ id: newId('qua'), event: events[index] as OrderEvent, reason, index }));
    // An id that was counted before and comes again with an unknown SKU or an absurd time is a reuse, not news.
    const counted = await store.digests(tx, list.map(({ event }) => ({ shop: event.shop, eventId: event.eventId, digest: Buffer.alloc(0) })));
    const news = list.filter(({ event, index }) => {
      const known = counted.get(store.identityKey(event));
      if (known === undefined) return true;
      outcomes[index] = known.equals((digests.get(store.identityKey(event)) as { digest: Buffer }).digest) ? DUPLICATE : REUSED;
      return false;
    });
    const reused = await store.quarantine(tx, news);
    for (const { event, reason, index } of news) outcomes[index] = reused.has(store.identityKey(event)) ? REUSED : { kind: 'quarantined', reason };
  }

  private async settle(tx: Tx, accepted: readonly OrderEvent[], shops: ReadonlyMap<string, { shop: Shop; now: number }>): Promise<void> {
    const byOrder = new Map<string, OrderEvent[]>();
    for (const event of accepted) {
      const key = store.orderKey(event);
      const list = byOrder.get(key);
      if (list === undefined) byOrder.set(key, [event]);
      else list.push(event);
    }
    const keys = [...byOrder.keys()].sort(byText);
    const [existing] = await Promise.all([store.lockOrders(tx, keys.map((key) => byOrder.get(key)?.[0] as OrderEvent)), store.insertEvents(tx, accepted)]);

    const sums: Sums = { windows: new Map(), skus: new Map(), buyers: new Map() };
    const changed: store.ChangedLine[] = [];
    for (const key of keys) {
      const events = byOrder.get(key) as OrderEvent[];
      const { shop, orderId } = events[0] as OrderEvent;
      const before = existing.get(key) ?? [];
      const states = new Map<string, LineState>(before.map((s) => [stateKey(s), s]));
      const dirty = new Set<string>();
      for (const event of events) {
        const id = stateKey({ lineId: event.lineId, sku: event.sku });
        states.set(id, foldEvent(states.get(id), event));
        dirty.add(event.lineId);
      }
      const after = [...states.values()];
      const aside = setAside(after);
      for (const state of after) if (dirty.has(state.lineId)) changed.push({ shop, orderId, state, aside: aside.has(stateKey(state)) });
      addDifference(sums, shop, contributionOf(before), contributionOf(after));
    }
    const writing: Promise<unknown>[] = [store.upsertLines(tx, changed), store.insertNews(tx, changed)];
    for (const [id, { shop }] of shops) {
      const mine = accepted.filter((e) => e.shop === id);
      if (mine.length === 0) continue;
      if (shop.clock === 'replay') writing.push(store.advanceClock(tx, id, mine.reduce((most, e) => Math.max(most, e.occurredAt), 0)));
      writing.push(this.jobs.announce(tx, eventsRecorded, { shop: id, events: mine.length, orders: new Set(mine.map((e) => e.orderId)).size, skus: new Set(mine.map((e) => e.sku)).size }));
    }
    // Last, because other batches wait for these rows: they are locked for no longer than the rest of the round trip and the commit.
    writing.push(this.addDemand(tx, sums));
    await Promise.all(writing);
  }

  private async addDemand(tx: Tx, { windows, skus, buyers }: Sums): Promise<void> {
    const parsed = [...windows].map(([key, add]) => {
      const [shop, sku, broadcast, bucket] = key.split('\0') as [string, string, string, string];
      return { shop, sku, broadcast, bucket: Number(bucket), add };
    });
    const demand = [...skus]
      .map(([key, add]) => ({ ...add, shop: key.slice(0, key.indexOf('\0')), sku: key.slice(key.indexOf('\0') + 1) }))
      .sort((a, b) => byText(a.shop, b.shop) || byText(a.sku, b.sku));
    // Lines that are no sale have no window, but what they need must be assessed too: their SKU's standing stream is touched.
    const streamed = new Set(parsed.map((p) => `${p.shop}\0${p.sku}`));
    const standing = demand.filter((d) => !streamed.has(`${d.shop}\0${d.sku}`)).map((d) => ({ shop: d.shop, sku: d.sku, broadcast: '' }));
    const ids = await this.streamIds(tx, [...parsed, ...standing]);

    const writing: Promise<unknown>[] = [];
    const rows = parsed.map((p) => ({ ...p.add, stream: ids.get(streamKey(p)) as number, bucket: p.bucket }));
    const changed = rows.filter((r) => r.orders !== 0 || r.withdrawn !== 0 || r.units !== 0 || r.paidUnits !== 0 || r.cancelledUnits !== 0);
    if (changed.length > 0) writing.push(store.addWindows(tx, changed.sort((a, b) => a.stream - b.stream || a.bucket - b.bucket)));
    writing.push(store.addSkuDemand(tx, demand));
    if (buyers.size > 0) {
      const held = [...buyers].sort(([a], [b]) => byText(a, b)).map(([key, add]) => { const [shop, sku, buyer] = key.split('\0') as [string, string, string]; return { shop, sku, buyer, open: add.open }; });
      writing.push(store.addBuyerDemand(tx, held));
    }

    const totals = new Map<number, { stream: number; orders: number; withdrawn: number }>();
    const add = (stream: number, orders: number, withdrawn: number): void => {
      const sum = totals.get(stream);
      totals.set(stream, { stream, orders: (sum?.orders ?? 0) + orders, withdrawn: (sum?.withdrawn ?? 0) + withdrawn });
    };
    for (const row of rows) add(row.stream, row.orders, row.withdrawn);
    for (const s of standing) add(ids.get(streamKey(s)) as number, 0, 0);
    writing.push(store.markDirty(tx, [...totals.values()].sort((a, b) => a.stream - b.stream)));
    await Promise.all(writing);
  }

  /** Ids of streams, made where they are new. One is remembered only once it is committed: a rolled-back insert gives its id away. */
  private async streamIds(tx: Tx, streams: readonly { shop: string; sku: string; broadcast: string }[]): Promise<Map<string, number>> {
    const ids = new Map<string, number>();
    const strangers = new Map<string, { shop: string; sku: string; broadcast: string }>();
    for (const s of streams) {
      const known = this.knownStreams.get(streamKey(s));
      if (known === undefined) strangers.set(streamKey(s), s);
      else ids.set(streamKey(s), known);
    }
    if (strangers.size === 0) return ids;
    const found = await store.streamIds(tx, [...strangers].sort(([a], [b]) => byText(a, b)).map(([, s]) => s));
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
        const list = await store.quarantinedOf(tx, filter, after, 500);
        await this.learnSkus(tx, list.map((q) => q.event));
        const shops = await this.shopsOf(tx, list.map((q) => q.event));
        const reasons = list.map((q) => this.quarantineReason(q.event, shops.get(q.shop)));
        const ready = list.filter((_, i) => reasons[i] === undefined);
        const still = list.flatMap((q, i) => (reasons[i] === undefined ? [] : [{ id: q.id, reason: reasons[i] }]));
        if (ready.length > 0) {
          await store.markRedriven(tx, ready.map((q) => q.id));
          await this.takeIn(tx, ready.map((q) => q.event));
        }
        if (still.length > 0) await store.setReason(tx, still.map((q) => q.id), still.map((q) => q.reason));
        return { ready: ready.length, still: still.length, last: list.at(-1)?.id };
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
