// Webhooks are hints: what they name is fetched, and every feed of a shop is pulled from its cursor on, so that what never came
// comes all the same. Paged, no faster than the platform allows, and resumed where it stopped: a page and the cursor behind it
// are one transaction.
import { Inject, Injectable } from '@nestjs/common';
import { Database, Handles, isTransient, Jobs, Repeated, type JobRun, type Tx } from '../kernel/index.js';
import { fetchHints, pullFeed, redrivePass, redriveUnmapped } from './connections.jobs.js';
import * as connections from './connections.repository.js';
import { ConnectionsService, NoApi, type Connected } from './connections.service.js';
import { Noticed } from './noticed.js';
import { PlatformIntake, type Taken } from './platform-intake.js';
import * as records from './platform-records.repository.js';
import { PlatformRefused } from './platforms/platform-http.js';
import type { Entity, Heard } from './platforms/platform.js';
import { prunePushes } from './shared-stock.repository.js';
import { forgetUnmapped } from './sku-names.repository.js';

const TICK_MS = 1_000;
/** Seconds between two pulls of one feed. */
export const PULL_SECONDS = 300;
/** A pull begins this long before the end of the one before: what changes while a page is read may be on neither. */
export const OVERLAP_MS = 10 * 60_000;
const PRUNE_MS = 3_600_000;
const PAGES_PER_RUN = 20;
const HINTS_PER_RUN = 500;
/** A run ends well before its lease does: what is left is the next run's. */
const RUN_MS = 30_000;
/** Tries of one hint before it is set aside: with doubling waits this is most of a day. */
const HINT_TRIES = 12;

const FIRST_PASS = { after: '', upTo: '' };

const waitOf = (failures: number, error: PlatformRefused): number => Math.max(error.retryAfterSeconds ?? 0, Math.min(3_600, 5 * 2 ** Math.min(failures, 10)));

interface Redriven {
  readonly redriven: number;
  readonly remaining: number;
  readonly fetching: number;
}

@Injectable()
export class Pulls {
  private readonly ticks: Repeated;
  private prunedAt = 0;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(ConnectionsService) private readonly connections: ConnectionsService,
    @Inject(PlatformIntake) private readonly intake: PlatformIntake,
    @Inject(Noticed) private readonly noticed: Noticed,
  ) {
    this.ticks = new Repeated('the tick of pulls', TICK_MS, () => this.database.transaction((tx) => this.tick(tx)));
  }

  start(): void {
    this.ticks.start();
  }

  async stop(): Promise<void> {
    await this.ticks.stop();
  }

  async tick(tx: Tx): Promise<void> {
    const due = await connections.dueFeeds(tx, 200);
    if (due.length > 0) await this.jobs.enqueue(tx, pullFeed, due);
    const shops = await records.shopsWithHints(tx);
    if (shops.length > 0) await this.jobs.enqueue(tx, fetchHints, shops);
    if (Date.now() - this.prunedAt < PRUNE_MS) return;
    await records.pruneRecords(tx);
    await prunePushes(tx);
    // Returns that came before their order, and whatever else can be taken in by now.
    await this.jobs.enqueue(tx, redrivePass, [FIRST_PASS]);
    this.prunedAt = Date.now();
  }

  @Handles(fetchHints)
  async onHints(run: JobRun<{ shop: string }>): Promise<void> {
    const connected = await this.connections.find(run.payload.shop);
    if (connected !== undefined && !connected.paused) for (const entity of ['order', 'return'] as const) await this.fetchWaiting(connected, entity);
  }

  private async fetchWaiting(connected: Connected, entity: Entity): Promise<void> {
    const { shop } = connected;
    const ends = Date.now() + RUN_MS;
    for (let done = 0; done < HINTS_PER_RUN && Date.now() < ends; ) {
      let hints: records.HintRow[] = [];
      try {
        const api = await this.connections.api(connected);
        hints = await this.database.transaction((tx) => records.dueHints(tx, shop, entity, api.batch));
        if (hints.length === 0) return;
        const heard = await api.fetch(entity, hints.map((h) => h.id));
        this.note(connected, await this.intake.take(connected, heard));
        await this.ended(connected, hints, heard);
      } catch (error) {
        if (!(error instanceof PlatformRefused)) {
          // A fault of ours: it is not met again every second.
          await this.database.transaction((tx) => records.postponeHints(tx, shop, hints, 60, 'an unexpected fault; it was logged'));
          throw error;
        }
        if (hints.length === 0) hints = await this.database.transaction((tx) => records.dueHints(tx, shop, entity, HINTS_PER_RUN));
        // One that the platform will not hear of must not be the end of the others of its batch.
        if (hints.length > 1 && !error.retry && !error.unauthorised && !(error instanceof NoApi)) for (const hint of hints) await this.fetchOne(connected, hint);
        else if (hints.length > 0) await this.failed(connected, hints, error);
        return;
      }
      done += hints.length;
    }
  }

  private async fetchOne(connected: Connected, hint: records.HintRow): Promise<void> {
    try {
      const heard = await (await this.connections.api(connected)).fetch(hint.entity, [hint.id]);
      this.note(connected, await this.intake.take(connected, heard));
      await this.ended(connected, [hint], heard);
    } catch (error) {
      if (!(error instanceof PlatformRefused)) throw error;
      await this.failed(connected, [hint], error);
    }
  }

  /** What the platform answered is done; what it left out is asked for again, and set aside when it never comes. */
  private async ended(connected: Connected, hints: readonly records.HintRow[], heard: readonly Heard[]): Promise<void> {
    const answered = new Set(heard.flatMap((h) => (h.kind === 'order' ? [h.order.orderId] : h.kind === 'return' ? [h.case.returnId] : h.kind === 'unreadable' ? [h.id] : [])));
    const missing = hints.filter((h) => !answered.has(h.id));
    await this.database.transaction((tx) => records.endHints(tx, connected.shop, hints.filter((h) => answered.has(h.id))));
    if (missing.length > 0) await this.failed(connected, missing, new PlatformRefused('the platform does not know it', true));
  }

  private async failed(connected: Connected, hints: readonly records.HintRow[], error: PlatformRefused): Promise<void> {
    const { shop } = connected;
    const never = error instanceof NoApi;
    await this.database.transaction(async (tx) => {
      const over = hints.filter((h) => never || h.attempts + 1 >= HINT_TRIES);
      const again = hints.filter((h) => !over.includes(h));
      if (again.length > 0) await records.postponeHints(tx, shop, again, waitOf(Math.min(...again.map((h) => h.attempts)), error), error.message);
      if (over.length > 0) {
        await this.intake.keepUnfetched(tx, connected, over, error.message);
        await records.endHints(tx, shop, over);
      }
    });
    if (error.unauthorised) await this.connections.accessRefused(connected);
    this.noticed.fault(shop, error.message);
  }

  @Handles(pullFeed)
  async onPull(run: JobRun<{ shop: string; feed: string }>): Promise<void> {
    const { shop, feed } = run.payload;
    const connected = await this.connections.find(shop);
    if (connected === undefined || connected.paused) return;
    const ends = Date.now() + RUN_MS;
    for (let page = 0; page < PAGES_PER_RUN && Date.now() < ends; page++) if (!(await this.pullPage(connected, feed))) return;
  }

  /** Pulls one page; true where another may follow at once. */
  private async pullPage(connected: Connected, feed: string): Promise<boolean> {
    const { shop } = connected;
    const before = await this.database.transaction((tx) => connections.findFeed(tx, shop, feed));
    if (before?.due !== true) return false;
    // By the database's clock: a process whose own is ahead would ask for the future, and what changed meanwhile would never be asked for.
    const now = before.now.getTime();
    try {
      const api = await this.connections.api(connected);
      const until = before.until ?? new Date(Math.max(before.since.getTime(), Math.min(now, before.since.getTime() + api.spanHours * 3_600_000)));
      const page = await api.changed(feed, before.since, until, before.page);
      const { heard, next } = page;
      // However long the reading took: what changed meanwhile is the next pull's, which a busy feed would otherwise never come to.
      const caughtUp = until.getTime() - before.since.getTime() < api.spanHours * 3_600_000;
      const after = next !== null
        ? { since: before.since, until, page: next, nextSeconds: 0, done: false }
        : { since: new Date(until.getTime() - OVERLAP_MS), until: null, page: null, nextSeconds: caughtUp ? (api.pullSeconds?.[feed] ?? PULL_SECONDS) : 0, done: caughtUp };
      const taken = await this.intake.take(connected, heard, (tx) => connections.advanceFeed(tx, before, { ...after, records: heard.length }));
      this.note(connected, taken);
      // A crash before this, or its refusal, brings the page again: what it says is told once all the same.
      await api.after?.(feed, page);
      return !after.done;
    } catch (error) {
      if (!(error instanceof PlatformRefused)) {
        await this.database.transaction((tx) => connections.failFeed(tx, before, 300, 'an unexpected fault; it was logged', false));
        throw error;
      }
      await this.database.transaction(async (tx) => {
        // A page that is refused for good may be a token that ran out: the span is asked for anew from its first page.
        await connections.failFeed(tx, before, error instanceof NoApi ? 3_600 : waitOf(before.failures, error), error.message, !error.retry);
      });
      if (error.unauthorised) await this.connections.accessRefused(connected);
      this.noticed.fault(shop, error.message);
      return false;
    }
  }

  private note(connected: Connected, taken: Taken): void {
    if (taken.latest > 0) this.noticed.event(connected.shop, taken.latest);
  }

  @Handles(redriveUnmapped)
  async onSkusAdded(run: JobRun<{ skus: string[] }>): Promise<void> {
    await run.effect(async (tx) => {
      await forgetUnmapped(tx, run.payload.skus);
      await this.jobs.enqueue(tx, redrivePass, [FIRST_PASS]);
    });
  }

  @Handles(redrivePass)
  async onRedrivePass(run: JobRun<{ after: string; upTo: string }>): Promise<void> {
    const upTo = run.payload.upTo === '' ? await this.newest() : run.payload.upTo;
    const { rest } = await this.redriveUpTo({ ids: null, shop: null, reasons: ['unmapped-sku'] }, upTo, run.payload.after, Date.now() + RUN_MS);
    // Idempotent by itself: a repeat finds nothing left to take in.
    if (rest !== undefined) await run.effect((tx) => this.jobs.enqueue(tx, redrivePass, [{ after: rest, upTo }]));
  }

  private newest(): Promise<string> {
    return this.database.transaction((tx) => records.newestQuarantined(tx));
  }

  /** Takes quarantined records in again, each in a transaction of its own: what was mapped but for a SKU from what is kept, the rest by fetching it anew. */
  async redrive(filter: records.QuarantineFilter): Promise<Redriven> {
    return (await this.redriveUpTo(filter, await this.newest(), '', Infinity)).sum;
  }

  /** Records after `after` up to `upTo`: what is set aside again meanwhile has a later id and is not met twice. `rest`: how far it came, where time ran out. */
  private async redriveUpTo(filter: records.QuarantineFilter, upTo: string, after: string, ends: number): Promise<{ readonly sum: Redriven; readonly rest?: string }> {
    const sum = { redriven: 0, remaining: 0, fetching: 0 };
    for (let from = after; ; ) {
      const list = await this.database.transaction((tx) => records.quarantinedIds(tx, filter, from, upTo, 200));
      if (list.length === 0) return { sum };
      for (const { id, shop } of list) {
        const connected = await this.connections.find(shop);
        const outcome = connected === undefined ? 'remaining' : await this.redriveOne(connected, id);
        if (outcome !== undefined) sum[outcome]++;
        from = id;
        if (Date.now() >= ends) return { sum, rest: from };
      }
    }
  }

  /** undefined where another redrive was faster. */
  private async redriveOne(connected: Connected, id: string, tries = 4): Promise<'redriven' | 'remaining' | 'fetching' | undefined> {
    try {
      return await this.database.transaction(async (tx) => {
        const row = await records.lockQuarantined(tx, id);
        return row === undefined ? undefined : this.intake.redriveOne(tx, connected, row, connected.platform.api !== null);
      });
    } catch (error) {
      if (isTransient(error) && tries > 1) return this.redriveOne(connected, id, tries - 1);
      throw error;
    }
  }
}
