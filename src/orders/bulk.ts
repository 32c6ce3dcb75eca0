// A stream of order events taken in chunk by chunk: while one chunk is being written the next is read, checked and sent off, and no
// more than that is ever held.
import {
  BrokenFile, describeFaults, DomainError, emptyAnswer, isAway, isTransient, readBatches, readRow, reject, type FileFormat, type FileRecord, type IntakeAnswer,
} from '../kernel/index.js';
import type { Outcome } from './intake.service.js';
import type { OrderEvent } from './math/settle.js';
import { checkOrderRow, ORDER_COLUMNS, orderEvent } from './orders.file.js';

/** Events of one transaction. */
const CHUNK = 4_000;
/** Chunks that are written at the same time. */
const WRITING = 2;
const MOST_SCOPES = 10_000;

interface Sources {
  readonly take: (events: readonly OrderEvent[]) => Promise<Outcome[]>;
  readonly hashBuyer: (shop: string, buyer: string) => string;
  /** Whether the caller may bring events of a shop that is there. */
  readonly inScope: (shop: string) => Promise<boolean>;
}

interface Lined {
  readonly line: number;
  readonly event: OrderEvent;
}

export class BulkIntake {
  readonly answer: IntakeAnswer = emptyAnswer();
  /** Everything up to this line is kept, or was refused by name. */
  private lastLine = 0;
  private chunk: Lined[] = [];
  private readonly writing: Promise<void>[] = [];
  private readonly scopes = new Map<string, boolean>();

  constructor(private readonly sources: Sources) {}

  async take(source: AsyncIterable<Uint8Array>, format: FileFormat): Promise<IntakeAnswer> {
    try {
      for await (const batch of readBatches(source, format)) {
        for (const record of batch) {
          const event = this.checked(record);
          if (event === undefined) continue;
          if (this.scopes.get(event.shop) ?? (await this.learnScope(event.shop))) this.chunk.push({ line: record.line, event });
          else reject(this.answer, { line: record.line, code: 'unknown-shop', detail: `shop: ${event.shop} does not exist, or is not yours to see` });
          if (this.chunk.length >= CHUNK) await this.sendOff();
        }
      }
      await this.finish();
    } catch (error) {
      if (!(error instanceof BrokenFile)) throw await this.interrupted(error);
      // What was read before the break is written; where that fails, nothing behind it may be called kept.
      await this.finish().catch(async (failure: unknown) => { throw await this.interrupted(failure); });
      throw new DomainError(400, error.code, error.message, { ...this.answer, lastLine: Math.max(this.lastLine, error.lastLine) });
    }
    return this.answer;
  }

  /** What to answer where a chunk could not be written: lines count as kept only as far as none before them failed. */
  private async interrupted(error: unknown): Promise<unknown> {
    await Promise.allSettled(this.writing);
    if (!isAway(error) && !isTransient(error) && !(error instanceof DomainError && error.status === 503)) return error;
    return new DomainError(503, 'unavailable', `the database went away; everything up to line ${this.lastLine} is kept, send the rest again`, { ...this.answer, lastLine: this.lastLine, retryAfter: 1 });
  }

  private async learnScope(shop: string): Promise<boolean> {
    const may = await this.sources.inScope(shop);
    if (this.scopes.size < MOST_SCOPES) this.scopes.set(shop, may);
    return may;
  }

  /** The event of a record, or undefined where it was refused. */
  private checked(record: FileRecord): OrderEvent | undefined {
    const { line } = record;
    const read = 'fault' in record ? { faults: [{ field: 'line', detail: record.fault }] } : readRow(ORDER_COLUMNS, record.value);
    if ('faults' in read) {
      reject(this.answer, { line, code: 'fault' in record ? 'unreadable' : 'invalid', detail: describeFaults(read.faults) });
      return undefined;
    }
    const fault = checkOrderRow(read.row);
    if (fault === undefined) return orderEvent(read.row, this.sources.hashBuyer);
    reject(this.answer, { line, code: 'invalid', detail: fault });
    return undefined;
  }

  private async sendOff(): Promise<void> {
    if (this.writing.length >= WRITING) await this.writing.shift();
    const sent = this.write(this.chunk, this.writing.at(-1) ?? Promise.resolve());
    sent.catch(() => undefined);
    this.writing.push(sent);
    this.chunk = [];
  }

  private async finish(): Promise<void> {
    if (this.chunk.length > 0) await this.sendOff();
    // All of them, the failed ones too: a later chunk must have ended before anything is said of it.
    const ended = await Promise.allSettled(this.writing.splice(0));
    const failed = ended.find((e) => e.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** @param before the chunk that came before this: lines count as kept in their order */
  private async write(events: readonly Lined[], before: Promise<void>): Promise<void> {
    const outcomes = await this.sources.take(events.map((e) => e.event));
    outcomes.forEach((outcome, i) => this.count(events[i]?.line ?? 0, outcome));
    await before;
    this.lastLine = events.at(-1)?.line ?? this.lastLine;
  }

  private count(line: number, outcome: Outcome): void {
    if (outcome.kind === 'accepted') this.answer.accepted++;
    else if (outcome.kind === 'duplicate') this.answer.duplicates++;
    else if (outcome.kind === 'quarantined') this.answer.quarantined++;
    else reject(this.answer, { line, code: outcome.code, detail: outcome.detail });
  }
}
