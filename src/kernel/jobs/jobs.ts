// Announcing facts, asking for work, the relay that turns due rows into BullMQ wake-ups, and the run of one row.
import { Inject, Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { afterCommit, Database, isTransient, type Tx } from '../database/database.js';
import { DomainError } from '../errors.js';
import { inScope, log, openScope } from '../log/log.js';
import { jobRuns, jobSeconds } from '../metrics/metrics.js';
import { allJobs, bindHandlers, jobNamed, reactionsTo, type Fact, type Handler, type Job, type JobRun } from './definitions.js';
import * as outbox from './outbox.repository.js';
import { Queues } from './queues.js';

/** Another worker took the row over; this run's effect was rolled back. */
export class LateWriter extends Error {
  constructor(row: number) {
    super(`row ${row} was taken over by another worker; this run's effect is refused`);
    this.name = 'LateWriter';
  }
}

const POLL_MS = 250;
const BATCH = 500;
/** A row that was enqueued and not ended is looked at again after this long. */
const AGAIN_SECONDS = 30;

/** So many runs of a row may be lost beside the tries that it has. */
const LOST_RUNS = 3;

/** Seconds until try `attempt + 1`: 1, 2, 4 … capped at 300, each shortened by up to a half at random. */
export const backoffSeconds = (attempt: number, random: number): number => Math.min(300, 2 ** Math.min(attempt - 1, 10)) * (1 - random / 2);

@Injectable()
export class Jobs {
  /** How long after its last sign of life a run's row may be taken over by another worker. */
  leaseSeconds = 60;
  /** A run gives signs of life for so long at most: what hangs for ever must not keep its row for ever. */
  longestSeconds = 1_800;
  private handlers: ReadonlyMap<string, Handler> = new Map();
  private timer: NodeJS.Timeout | undefined;
  private relaying: Promise<void> | undefined;
  private again = false;
  private stopped = false;
  private readonly running = new Set<Promise<void>>();

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Queues) private readonly queues: Queues,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
  ) {}

  async announce<P>(tx: Tx, fact: Fact<P>, ...payloads: readonly P[]): Promise<void> {
    // A fact that nobody reacts to leaves nothing to relay.
    if (reactionsTo(fact as unknown as Fact<never>).length > 0) afterCommit(tx, () => this.kick());
    await outbox.insertFacts(tx, fact, payloads);
  }

  async enqueue<P>(tx: Tx, job: Job<P>, payloads: readonly P[], delaySeconds = 0): Promise<number> {
    const inserted = await outbox.insertJobs(tx, job, payloads, delaySeconds);
    if (delaySeconds <= 0) afterCommit(tx, () => this.kick());
    return inserted;
  }

  /** Refuses to go on where a job lacks a handler or has two. */
  bind(): void {
    const providers = this.discovery
      .getProviders()
      .map((wrapper) => wrapper.instance as unknown)
      .filter((instance): instance is object => typeof instance === 'object' && instance !== null);
    this.handlers = bindHandlers(allJobs(), [...new Set(providers)]);
  }

  startRelay(): void {
    this.timer = setInterval(() => this.kick(), POLL_MS);
  }

  startWorkers(): void {
    this.queues.work((row) => this.track(this.run(row)));
  }

  /** Relays what is due now; calls during a pass cause one more pass. */
  kick(): void {
    if (this.stopped || this.timer === undefined) return;
    this.again = true;
    if (this.relaying !== undefined) return;
    this.relaying = (async () => {
      while (this.again && !this.stopped) {
        this.again = false;
        await this.relayOnce();
      }
    })()
      .catch((error: unknown) => log.warn('relay could not pass rows on', { reason: (error as Error).message }))
      .finally(() => (this.relaying = undefined));
  }

  private async relayOnce(): Promise<void> {
    const due = await this.database.transaction((tx) => outbox.takeDue(tx, BATCH, AGAIN_SECONDS));
    if (due.length === 0) return;
    try {
      await this.queues.wake(due);
    } catch (error) {
      await this.database.transaction((tx) => outbox.postpone(tx, due.map((row) => row.id), 1));
      throw error;
    }
    if (due.length === BATCH) this.again = true;
  }

  private async track(work: Promise<void>): Promise<void> {
    this.running.add(work);
    try {
      await work;
    } finally {
      this.running.delete(work);
    }
  }

  /** One run of one row, whatever woke us: claims it, hands it to its handler, ends it with its effect. Never throws. */
  async run(rowId: number, jobOf: (name: string) => Job<never> | undefined = jobNamed): Promise<void> {
    const claimed = await this.database.transaction((tx) => outbox.claim(tx, rowId, this.leaseSeconds)).catch((error: unknown) => {
      log.warn('a row could not be claimed', { row: String(rowId), reason: (error as Error).message });
      return undefined;
    });
    if (claimed === undefined) return;
    const scope = openScope(claimed.trace ?? undefined, { jobId: String(rowId), job: claimed.job });
    await inScope(scope, async () => {
      const began = process.hrtime.bigint();
      const letGo = this.holding(claimed);
      let outcome = 'done';
      try {
        await this.handle(claimed, jobOf(claimed.job));
      } catch (error) {
        outcome = await this.failed(claimed, jobOf(claimed.job), error);
      } finally {
        letGo();
      }
      jobRuns.inc({ job_name: claimed.job, outcome });
      jobSeconds.observe({ job_name: claimed.job }, Number(process.hrtime.bigint() - began) / 1e9);
    });
  }

  /** Renews the lease of a row while its run is alive: work that takes longer than a lease would be begun again and again, and never end. */
  private holding({ id, fence }: outbox.ClaimedRow): () => void {
    const until = Date.now() + this.longestSeconds * 1000;
    const timer = setInterval(() => {
      if (Date.now() > until) clearInterval(timer);
      else this.database.transaction((tx) => outbox.renew(tx, id, fence, this.leaseSeconds)).catch((error: unknown) => log.warn('a lease could not be renewed', { row: String(id), reason: (error as Error).message }));
    }, (this.leaseSeconds * 1000) / 3);
    timer.unref();
    return () => clearInterval(timer);
  }

  private async handle(claimed: outbox.ClaimedRow, job: Job<never> | undefined): Promise<void> {
    const handler = this.handlers.get(claimed.job);
    if (job === undefined || handler === undefined) throw new DomainError(500, 'unknown-job', `no handler for the job ${claimed.job} in this version`);
    // Failures are buried by then: these runs ended without a word, so that the work may well have ended their processes.
    if (claimed.attempts > job.maxAttempts + LOST_RUNS) throw new DomainError(500, 'lost-runs', `${claimed.attempts - 1} runs of it ended without a word; it may be what ends its workers`);
    const parsed = job.payload.safeParse(claimed.payload);
    if (!parsed.success) throw new DomainError(500, 'bad-payload', `the payload does not fit the job: ${parsed.error.issues[0]?.path.join('.') ?? ''} ${parsed.error.issues[0]?.message ?? ''}`);
    const progress = { ended: false };
    const end = async (tx: Tx): Promise<void> => {
      if (!(await outbox.complete(tx, claimed.id, claimed.fence))) throw new LateWriter(claimed.id);
      progress.ended = true;
    };
    const run: JobRun<never> = {
      payload: parsed.data,
      rowId: claimed.id,
      attempt: claimed.attempts,
      effect: (work) =>
        this.database.transaction(async (tx) => {
          const result = await work(tx);
          await end(tx);
          return result;
        }),
    };
    await handler(run);
    if (!progress.ended) await this.database.transaction(end);
  }

  private async failed(claimed: outbox.ClaimedRow, job: Job<never> | undefined, error: unknown): Promise<string> {
    if (error instanceof LateWriter) {
      log.warn(error.message);
      return 'late';
    }
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const refused = error instanceof DomainError && error.code !== 'unavailable';
    // A deadlock or a database that is away says nothing about the work, so it does not use up its tries.
    const free = isTransient(error) || (error instanceof DomainError && error.code === 'unavailable');
    const last = refused || (!free && claimed.attempts >= (job?.maxAttempts ?? 1));
    try {
      await this.database.transaction((tx) =>
        last
          ? outbox.bury(tx, claimed.id, claimed.fence, reason)
          : outbox.retryLater(tx, claimed.id, claimed.fence, backoffSeconds(Math.max(claimed.attempts, claimed.enqueued), Math.random()), reason, free),
      );
    } catch (later) {
      // The lease ends by itself and the row is relayed again.
      log.warn('the failure of a job could not be recorded', { reason: (later as Error).message });
    }
    log[last ? 'error' : 'warn'](last ? 'a job became a dead letter' : 'a job failed and will be tried again', { reason, attempt: String(claimed.attempts) });
    return last ? 'dead' : 'retry';
  }

  /** Stops relaying and waits for running jobs. */
  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer !== undefined) clearInterval(this.timer);
    await this.relaying;
    await this.queues.stopWorkers();
    await Promise.allSettled(this.running);
  }
}
