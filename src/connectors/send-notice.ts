// Carries what factories are told beside production changes: sample requests and chargebacks. One row per version; the same
// schedule, signatures and limits as signals.
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { chargebackData, chargebackNotified, findChargeback, type ChargebackData } from '../accountability/index.js';
import { Database, defineJob, Handles, Jobs, newId, PublicUrl, type JobRun, type Tx } from '../kernel/index.js';
import { findSample, roundsOf, sampleData, sampleRequested, type RoundRow } from '../production/index.js';
import { Courier, DEFER_SECONDS, failureOf } from './courier.js';
import { endNotice, findNotice, openNotice, recordNotice, type NoticeKind } from './notices.repository.js';
import { deliveryFailed } from './send-signal.js';

const about = z.object({ kind: z.enum(['sample-request', 'chargeback']), subject: z.string(), version: z.number().int(), attempt: z.number().int().min(1), deferred: z.number().int() });
type Notice = z.infer<typeof about>;

export const noticeSample = defineJob({ name: 'connectors.notice-sample', queue: 'connectors', on: sampleRequested });
export const noticeChargeback = defineJob({ name: 'connectors.notice-chargeback', queue: 'connectors', on: chargebackNotified });
export const deliverNotice = defineJob({ name: 'connectors.deliver-notice', queue: 'connectors', payload: about, identity: (p) => `${p.kind}/${p.subject}/${p.version}/${p.attempt}/${p.deferred}` });

/** Characters of lines that a notice carries: a body stays below 20 kB, the rest is behind the address in it. */
const NOTICED_CHARACTERS = 16_000;

@Injectable()
export class NoticeSender {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(Courier) private readonly courier: Courier,
    @Inject(PublicUrl) private readonly publicUrl: PublicUrl,
  ) {}

  @Handles(noticeSample)
  async onSample(run: JobRun<{ sampleRequest: string; version: number; supplier: string }>): Promise<void> {
    const { sampleRequest, version, supplier } = run.payload;
    await run.effect((tx) => this.open(tx, 'sample-request', sampleRequest, version, supplier));
  }

  @Handles(noticeChargeback)
  async onChargeback(run: JobRun<{ chargeback: string; version: number; supplier: string | null }>): Promise<void> {
    const { chargeback, version, supplier } = run.payload;
    await run.effect(async (tx) => {
      if (supplier !== null) await this.open(tx, 'chargeback', chargeback, version, supplier);
    });
  }

  private async open(tx: Tx, kind: NoticeKind, subject: string, version: number, supplier: string): Promise<void> {
    if (await openNotice(tx, { kind, subject, version, supplier, webhook_id: newId('evt') })) await this.jobs.enqueue(tx, deliverNotice, [{ kind, subject, version, attempt: 1, deferred: 0 }]);
  }

  @Handles(deliverNotice)
  async deliver(run: JobRun<Notice>): Promise<void> {
    const { payload: p } = run;
    const found = await this.database.transaction(async (tx) => {
      const notice = await findNotice(tx, p.kind, p.subject, p.version);
      return notice === undefined || notice.state !== 'waiting' || notice.attempts !== p.attempt - 1 ? undefined : { notice, data: await this.dataOf(tx, p) };
    });
    if (found === undefined) return run.effect(() => Promise.resolve());
    const { notice, data } = found;
    // Answered or superseded meanwhile: there is nothing to tell any more.
    if (data === undefined) return run.effect(async (tx) => void (await endNotice(tx, p, 'ended')));
    const tried = await this.courier.carry({ supplier: notice.supplier, webhookId: notice.webhook_id, type: `castline.${p.kind}.v1`, time: notice.created_at, data }, p.attempt);
    if (tried.kind === 'no-endpoint') return run.effect(async (tx) => void (await endNotice(tx, p, 'no-endpoint')));
    if (tried.kind === 'busy') return run.effect(async (tx) => void (await this.jobs.enqueue(tx, deliverNotice, [{ ...p, deferred: p.deferred + 1 }], DEFER_SECONDS)));
    const { outcome } = tried;
    await run.effect(async (tx) => {
      if (!(await recordNotice(tx, p, p.attempt, outcome))) return;
      if (outcome.wait !== null) await this.jobs.enqueue(tx, deliverNotice, [{ ...p, attempt: p.attempt + 1, deferred: 0 }], outcome.wait);
      if (outcome.state === 'gone') await this.courier.disable(tx, notice.supplier);
      const reason = failureOf(outcome, p.attempt);
      if (reason !== undefined) await this.jobs.announce(tx, deliveryFailed, { signal: p.subject, version: p.version, supplier: notice.supplier, reason });
    });
  }

  private async dataOf(tx: Tx, p: Notice): Promise<Record<string, unknown> | undefined> {
    if (p.kind === 'sample-request') {
      const s = await findSample(tx, p.subject);
      return s === undefined || s.version !== p.version || s.status !== 'requested' ? undefined : sampleData(s, lastRounds(await roundsOf(tx, [s.id])), this.publicUrl.value);
    }
    const cb = await findChargeback(tx, p.subject);
    if (cb === undefined || cb.version !== p.version || !cb.leaves) return undefined;
    const data = await chargebackData(tx, cb, this.publicUrl.value);
    const lines = whatFits(data.lines);
    return { ...data, lines, moreLines: data.lines.length - lines.length, url: `${this.publicUrl.value}/v1/chargebacks/${cb.id}` };
  }
}

function whatFits(lines: ChargebackData['lines']): ChargebackData['lines'] {
  let left = NOTICED_CHARACTERS;
  // Names in Chinese take three bytes a character.
  const over = lines.findIndex((l) => (left -= Buffer.byteLength(JSON.stringify(l))) < 0);
  return over === -1 ? lines : lines.slice(0, over);
}

/** What a factory must know of the rounds to make the next: this one, and why the one before was not it. */
const lastRounds = (rounds: readonly RoundRow[]): RoundRow[] => rounds.slice(-2).map((r) => ({ ...r, measurements: r.measurements.filter((m) => Math.abs(m.measured - m.target) > m.tolerance).slice(0, 30) }));
