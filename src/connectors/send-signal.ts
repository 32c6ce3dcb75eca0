// Carries signals about production to their factories. The job does one try; the state of a delivery is production's.
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Database, defineFact, defineJob, Handles, Jobs, PublicUrl, type JobRun } from '../kernel/index.js';
import { deliveryOf, endDelivery, findAdjustment, linesOf, recordAttempt, signalData, signalIssued, versionOf } from '../production/index.js';
import { Courier, DEFER_SECONDS, failureOf } from './courier.js';

export const deliverSignal = defineJob({ name: 'connectors.deliver-signal', queue: 'connectors', on: signalIssued });
/** A later try; `deferred` counts how often it stepped aside because its factory was busy with others. */
export const redeliverSignal = defineJob({
  name: 'connectors.redeliver-signal', queue: 'connectors', payload: z.object({ signal: z.string(), version: z.number().int(), attempt: z.number().int().min(1), deferred: z.number().int() }),
  identity: (p) => `${p.signal}/${p.version}/${p.attempt}/${p.deferred}`,
});
/** Nobody took the signal in time: a person has to call. */
export const deliveryFailed = defineFact('connectors.delivery-failed', z.object({ signal: z.string(), version: z.number().int(), supplier: z.string(), reason: z.string() }));

@Injectable()
export class SignalSender {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(Courier) private readonly courier: Courier,
    @Inject(PublicUrl) private readonly publicUrl: PublicUrl,
  ) {}

  @Handles(deliverSignal)
  first(run: JobRun<{ signal: string; version: number; supplier: string; kind: string; commitment: string }>): Promise<void> {
    return this.deliver(run, run.payload.signal, run.payload.version, 1, 0);
  }

  @Handles(redeliverSignal)
  again(run: JobRun<{ signal: string; version: number; attempt: number; deferred: number }>): Promise<void> {
    return this.deliver(run, run.payload.signal, run.payload.version, run.payload.attempt, run.payload.deferred);
  }

  private async deliver(run: JobRun<never> | JobRun<{ signal: string; version: number }>, signal: string, version: number, attempt: number, deferred: number): Promise<void> {
    const found = await this.database.transaction(async (tx) => {
      const [a, v, delivery, lines] = await Promise.all([findAdjustment(tx, signal), versionOf(tx, signal, version), deliveryOf(tx, signal, version), linesOf(tx, signal, version)]);
      return a === undefined || v === undefined || delivery === undefined ? undefined : { a, v, delivery, lines };
    });
    // Answered, superseded, expired, or this try was made already: nothing to do.
    if (found === undefined || found.delivery.state !== 'waiting' || found.delivery.attempts !== attempt - 1) return run.effect(() => Promise.resolve());
    const { a, v, lines } = found;
    if (a.version !== version) return run.effect(async (tx) => void (await endDelivery(tx, signal, version, 'ended')));
    const data = signalData({ ...a, ...v, id: a.id, status: 'sent' }, lines, this.publicUrl.value);
    const tried = await this.courier.carry({ supplier: a.supplier, webhookId: found.delivery.webhook_id, type: 'castline.production-adjustment.v1', time: v.at, data }, attempt);
    if (tried.kind === 'no-endpoint') return run.effect(async (tx) => void (await endDelivery(tx, signal, version, 'no-endpoint')));
    if (tried.kind === 'busy') return run.effect(async (tx) => void (await this.jobs.enqueue(tx, redeliverSignal, [{ signal, version, attempt, deferred: deferred + 1 }], DEFER_SECONDS)));
    const { outcome } = tried;
    await run.effect(async (tx) => {
      const fresh = await recordAttempt(tx, { adjustment: signal, version, attempt, state: outcome.state, status: outcome.status, error: outcome.error, nextSeconds: outcome.wait });
      if (!fresh) return;
      if (outcome.wait !== null) await this.jobs.enqueue(tx, redeliverSignal, [{ signal, version, attempt: attempt + 1, deferred: 0 }], outcome.wait);
      if (outcome.state === 'gone') await this.courier.disable(tx, a.supplier);
      const reason = failureOf(outcome, attempt);
      if (reason !== undefined) await this.jobs.announce(tx, deliveryFailed, { signal, version, supplier: a.supplier, reason });
    });
  }
}
