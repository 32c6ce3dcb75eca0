// Many concurrent requests, few commits: what waits while a batch is being written becomes the next batch. Each request is
// answered after the commit that holds its event.
import { unavailable } from '../kernel/index.js';
import type { OrderEvent } from './math/settle.js';
import type { Outcome } from './intake.service.js';

interface Waiting {
  readonly event: OrderEvent;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitLimits {
  readonly batch: number;
  readonly inFlight: number;
  /** Requests waiting beyond this are refused with 503 rather than made to wait for ever. */
  readonly waiting: number;
}

export class GroupCommit {
  private queue: Waiting[] = [];
  private inFlight = 0;

  constructor(
    private readonly take: (events: readonly OrderEvent[]) => Promise<Outcome[]>,
    private readonly limits: GroupCommitLimits = { batch: 500, inFlight: 2, waiting: 10_000 },
  ) {}

  submit(event: OrderEvent): Promise<Outcome> {
    if (this.queue.length >= this.limits.waiting) return Promise.reject(unavailable('too many order events are waiting; try again in a second', 1));
    return new Promise((resolve, reject) => {
      this.queue.push({ event, resolve, reject });
      this.pump();
    });
  }

  get waiting(): number {
    return this.queue.length;
  }

  private pump(): void {
    while (this.inFlight < this.limits.inFlight && this.queue.length > 0) {
      const batch = this.queue.splice(0, this.limits.batch);
      this.inFlight++;
      // Gather what arrives in this turn of the event loop before the batch is cut.
      setImmediate(() => {
        if (batch.length < this.limits.batch) batch.push(...this.queue.splice(0, this.limits.batch - batch.length));
        void this.commit(batch);
      });
    }
  }

  private async commit(batch: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.take(batch.map((w) => w.event));
      batch.forEach((w, i) => w.resolve(outcomes[i] as Outcome));
    } catch (error) {
      for (const w of batch) w.reject(error);
    } finally {
      this.inFlight--;
      this.pump();
    }
  }
}
