// Many concurrent requests, few commits: what waits while a batch is being written becomes the next batch. Each request is
// answered after the commit that holds its event.
import { unavailable } from '../kernel/index.js';
import type { OrderEvent } from './math/settle.js';
import type { Outcome } from './intake.service.js';

interface Waiting {
  readonly event: OrderEvent;
  readonly since: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitLimits {
  /** Events of one batch. */
  readonly batch: number;
  /** A second batch sets out beside the one under way only when so many wait: half-empty batches cost as much as full ones. */
  readonly beside: number;
  /** Events that wait to be written. What comes beyond is refused at once rather than made to wait. */
  readonly waiting: number;
  /** Milliseconds that the first in line has waited, beyond which nobody else is let in. */
  readonly patienceMs: number;
}

export const LIMITS: GroupCommitLimits = { batch: 500, beside: 96, waiting: 4_000, patienceMs: 2_000 };
const MOST_IN_FLIGHT = 2;

export class GroupCommit {
  private queue: Waiting[] = [];
  private inFlight = 0;
  private waking = false;

  constructor(
    private readonly take: (events: readonly OrderEvent[]) => Promise<Outcome[]>,
    private readonly limits: GroupCommitLimits = LIMITS,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Refuses with 503 where the queue is full, or stands still: a client that comes again in a second is better served than one that waits. */
  submit(event: OrderEvent): Promise<Outcome> {
    const first = this.queue[0];
    if (this.queue.length >= this.limits.waiting || (first !== undefined && this.now() - first.since > this.limits.patienceMs)) {
      return Promise.reject(unavailable('too many order events are waiting; try again in a second', 1));
    }
    return new Promise((resolve, reject) => {
      this.queue.push({ event, since: this.now(), resolve, reject });
      this.wake();
    });
  }

  get waiting(): number {
    return this.queue.length;
  }

  /** Sets out at the end of this turn of the event loop, with all that arrived in it. */
  private wake(): void {
    if (this.waking || this.inFlight >= MOST_IN_FLIGHT) return;
    this.waking = true;
    setImmediate(() => {
      this.waking = false;
      while (this.queue.length > 0 && (this.inFlight === 0 || (this.inFlight < MOST_IN_FLIGHT && this.queue.length >= this.limits.beside))) void this.commit(this.queue.splice(0, this.limits.batch));
    });
  }

  private async commit(batch: readonly Waiting[]): Promise<void> {
    this.inFlight++;
    try {
      const outcomes = await this.take(batch.map((w) => w.event));
      batch.forEach((w, i) => w.resolve(outcomes[i] as Outcome));
    } catch (error) {
      for (const w of batch) w.reject(error);
    } finally {
      this.inFlight--;
      this.wake();
    }
  }
}
