// How shops are doing, noticed per webhook and pull and written once a second: a row per webhook would make one shop's flood wait
// for one row.
import { Inject, Injectable } from '@nestjs/common';
import { Database, log, Repeated } from '../kernel/index.js';
import { addNoticed } from './connections.repository.js';

interface Notes {
  webhooks: number;
  refused: number;
  webhookAt: number;
  eventAt: number;
  fault: string | null;
}

const FLUSH_MS = 1_000;

@Injectable()
export class Noticed {
  private notes = new Map<string, Notes>();
  private readonly flushes: Repeated;

  constructor(@Inject(Database) private readonly database: Database) {
    this.flushes = new Repeated('the writing of what was noticed', FLUSH_MS, () => this.flush());
  }

  start(): void {
    this.flushes.start();
  }

  private of(shop: string): Notes {
    let notes = this.notes.get(shop);
    if (notes === undefined) this.notes.set(shop, (notes = { webhooks: 0, refused: 0, webhookAt: 0, eventAt: 0, fault: null }));
    return notes;
  }

  webhook(shop: string, latest: number): void {
    const notes = this.of(shop);
    notes.webhooks++;
    notes.webhookAt = Date.now();
    notes.eventAt = Math.max(notes.eventAt, latest);
  }

  event(shop: string, latest: number): void {
    const notes = this.of(shop);
    notes.eventAt = Math.max(notes.eventAt, latest);
  }

  /** A webhook that was not the platform's, or that could not be read; `fault` never quotes it. */
  refused(shop: string, fault: string): void {
    const notes = this.of(shop);
    notes.refused++;
    notes.fault = fault.slice(0, 300);
  }

  /** A call that the platform did not answer well. */
  fault(shop: string, fault: string): void {
    this.of(shop).fault = fault.slice(0, 300);
  }

  async flush(): Promise<void> {
    if (this.notes.size === 0) return;
    const { notes } = this;
    this.notes = new Map();
    const at = (ms: number): Date | null => (ms === 0 ? null : new Date(ms));
    const list = [...notes].map(([shop, n]) => ({ shop, webhooks: n.webhooks, refused: n.refused, webhookAt: at(n.webhookAt), eventAt: at(n.eventAt), fault: n.fault }));
    await this.database.transaction((tx) => addNoticed(tx, list)).catch((error: unknown) => log.warn('the health of shops could not be written', { reason: (error as Error).message }));
  }

  async stop(): Promise<void> {
    await this.flushes.stop();
    await this.flush();
  }
}
