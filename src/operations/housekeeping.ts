// Retention, hourly, by every worker process (each statement takes a bounded bite, so two of them do no harm).
import { Inject, Injectable } from '@nestjs/common';
import { AccessService } from '../access/index.js';
import { Database, log, pruneAnswers, pruneOutbox, type Tx } from '../kernel/index.js';

/** Days that ended work and facts are kept; documented in ARCHITECTURE.md. */
const KEEP_DAYS = 7;

@Injectable()
export class Housekeeping {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(AccessService) private readonly access: AccessService,
  ) {}

  /** `more`: what other rooms keep in order, such as partitions made ahead; `then`: what may take longer than one transaction. */
  start(more: (tx: Tx) => Promise<void>, then: () => Promise<unknown>): void {
    const sweep = (): void => {
      this.database
        .transaction(async (tx) => {
          await pruneOutbox(tx, KEEP_DAYS);
          await pruneAnswers(tx);
          await more(tx);
        })
        .then(() => this.access.prune())
        .then(then)
        .catch((error: unknown) => log.warn('housekeeping failed', { reason: (error as Error).message }));
    };
    this.timer = setInterval(sweep, 3_600_000);
  }

  stop(): void {
    if (this.timer !== undefined) clearInterval(this.timer);
  }
}
