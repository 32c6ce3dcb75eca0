// Retention, hourly, by every worker process. What has gone by is taken bite by bite, each in a transaction of its own, until less
// than a bite is left: two processes do no harm, and a busy hour leaves nothing over for the next.
import { Inject, Injectable } from '@nestjs/common';
import { AccessService } from '../access/index.js';
import { Database, pruneAnswers, pruneOutbox, Repeated, type Tx } from '../kernel/index.js';

/** Days that ended work and facts are kept; documented in ARCHITECTURE.md. */
const KEEP_DAYS = 7;
const HOUR_MS = 3_600_000;

@Injectable()
export class Housekeeping {
  private timer: Repeated | undefined;
  private stopped = false;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(AccessService) private readonly access: AccessService,
  ) {}

  /** `more`: what other rooms keep in order, such as partitions made ahead; `then`: what may take longer than one transaction. */
  start(more: (tx: Tx) => Promise<void>, then: () => Promise<unknown>): void {
    this.timer = new Repeated('housekeeping', HOUR_MS, async () => {
      await this.sweep();
      await this.database.transaction(more);
      await this.access.prune();
      await then();
    });
    this.timer.start();
  }

  /** Until less than a bite of each is left, or the process ends. */
  async sweep(): Promise<void> {
    for (const bite of [(tx: Tx) => pruneOutbox(tx, KEEP_DAYS), pruneAnswers]) while (!this.stopped && (await this.database.transaction(bite)));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.timer?.stop();
  }
}
