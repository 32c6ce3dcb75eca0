// Carries a signal to its factory: Standard Webhooks headers around a CloudEvent, with the retry schedule of contracts.md.
// The job does one try; the next is a row of its own with its due time.
import { Inject, Injectable } from '@nestjs/common';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { CatalogueService } from '../catalogue/index.js';
import { checkOutboundUrl, CONFIGURATION, currentScope, Database, defineFact, defineJob, Handles, Jobs, outboundAgent, PublicUrl, signalDeliveries, traceparentOf, type Configuration, type JobRun } from '../kernel/index.js';
import { deliveryOf, endDelivery, findAdjustment, linesOf, recordAttempt, signalData, signalIssued, versionOf } from '../production/index.js';

export const deliverSignal = defineJob({ name: 'connectors.deliver-signal', queue: 'connectors', on: signalIssued });
/** A later try; `deferred` counts how often it stepped aside because its factory was busy with others. */
export const redeliverSignal = defineJob({
  name: 'connectors.redeliver-signal', queue: 'connectors', payload: z.object({ signal: z.string(), version: z.number().int(), attempt: z.number().int().min(1), deferred: z.number().int() }),
  identity: (p) => `${p.signal}/${p.version}/${p.attempt}/${p.deferred}`,
});
/** Nobody took the signal in time: a person has to call. */
export const deliveryFailed = defineFact('connectors.delivery-failed', z.object({ signal: z.string(), version: z.number().int(), supplier: z.string(), reason: z.string() }));

/** Seconds from one try to the next: at once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. */
export const RETRY_SECONDS = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const;
const TIMEOUT_MS = 15_000;
/** Deliveries to one factory at a time in one process: a slow one keeps no other waiting. */
const PER_SUPPLIER = 2;
const DEFER_SECONDS = 3;
const MAX_ANSWER = 64 * 1024;

export interface Posted {
  readonly status: number | null;
  readonly error: string | null;
  readonly retryAfterSeconds: number | null;
}

/** Seconds until the try after `attempt`; null where that was the last. Busy answers wait longer, up to a day. */
export function nextTry(attempt: number, posted: Posted, random: number): number | null {
  const scheduled = RETRY_SECONDS[attempt];
  if (scheduled === undefined) return null;
  const jittered = scheduled * (0.9 + 0.2 * random);
  const busy = posted.status !== null && [429, 502, 503, 504].includes(posted.status);
  return busy ? Math.min(86_400, Math.max(jittered, posted.retryAfterSeconds ?? 0)) : jittered;
}

function retryAfter(header: string | undefined): number | null {
  if (header === undefined) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, (at - Date.now()) / 1000);
}

/** One POST: no redirects, a total time limit, the answer's body read to a cap and thrown away. */
export function post(url: URL, headers: Record<string, string>, body: string, timeoutMs = TIMEOUT_MS): Promise<Posted> {
  return new Promise((resolve) => {
    let done = false;
    const finish = (posted: Posted): void => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      resolve(posted);
      request.destroy();
    };
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, { method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(body) }, agent: outboundAgent(url) }, (response) => {
      const status = response.statusCode ?? null;
      const answered = { status, error: null, retryAfterSeconds: retryAfter(response.headers['retry-after']) };
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER) finish(answered);
      });
      response.on('end', () => finish(answered));
      response.on('error', () => finish(answered));
    });
    const timer = setTimeout(() => finish({ status: null, error: `no answer within ${timeoutMs / 1000} s`, retryAfterSeconds: null }), timeoutMs);
    request.on('error', (error) => finish({ status: null, error: error.message.slice(0, 200), retryAfterSeconds: null }));
    request.end(body);
  });
}

@Injectable()
export class SignalSender {
  private readonly busy = new Map<string, number>();

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
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
      const a = await findAdjustment(tx, signal);
      const v = await versionOf(tx, signal, version);
      const delivery = await deliveryOf(tx, signal, version);
      if (a === undefined || v === undefined || delivery === undefined) return undefined;
      return { a, v, delivery, lines: await linesOf(tx, signal, version), endpoint: await this.catalogue.endpointOf(tx, a.supplier, new Date()) };
    });
    // Answered, superseded, expired, or this try was made already: nothing to do.
    if (found === undefined || found.delivery.state !== 'waiting' || found.delivery.attempts !== attempt - 1) return run.effect(() => Promise.resolve());
    const { a, v, lines, endpoint } = found;
    if (a.version !== version) return run.effect(async (tx) => void (await endDelivery(tx, signal, version, 'ended')));
    if (endpoint === undefined) return run.effect(async (tx) => void (await endDelivery(tx, signal, version, 'no-endpoint')));

    const data = signalData({ ...a, ...v, id: a.id, status: 'sent' }, lines, this.publicUrl.value);
    const body = JSON.stringify({
      specversion: '1.0', id: found.delivery.webhook_id, source: `${this.publicUrl.value}/`, type: 'castline.production-adjustment.v1', time: v.at.toISOString(), datacontenttype: 'application/json', data,
    });
    const at = new Date();
    const signatures = endpoint.secrets.map((secret) => new Webhook(secret).sign(found.delivery.webhook_id, at, body));
    const trace = traceparentOf(currentScope());
    const busy = this.busy.get(a.supplier) ?? 0;
    if (busy >= PER_SUPPLIER) return run.effect(async (tx) => void (await this.jobs.enqueue(tx, redeliverSignal, [{ signal, version, attempt, deferred: deferred + 1 }], DEFER_SECONDS)));
    this.busy.set(a.supplier, busy + 1);
    const posted = await this.send(endpoint.url, {
      'content-type': 'application/cloudevents+json', 'webhook-id': found.delivery.webhook_id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': signatures.join(' '), 'user-agent': 'castline', ...(trace === undefined ? {} : { traceparent: trace }),
    }, body).finally(() => this.busy.set(a.supplier, (this.busy.get(a.supplier) ?? 1) - 1));

    const ok = posted.status !== null && posted.status >= 200 && posted.status < 300;
    const gone = posted.status === 410;
    const wait = ok || gone ? null : nextTry(attempt, posted, Math.random());
    const state = ok ? 'delivered' : gone ? 'gone' : wait === null ? 'exhausted' : 'waiting';
    signalDeliveries.inc({ outcome: ok ? 'delivered' : state === 'waiting' ? 'failed' : state });
    await run.effect(async (tx) => {
      const fresh = await recordAttempt(tx, { adjustment: signal, version, attempt, state, status: posted.status, error: posted.error, nextSeconds: wait });
      if (!fresh) return;
      if (wait !== null) await this.jobs.enqueue(tx, redeliverSignal, [{ signal, version, attempt: attempt + 1, deferred: 0 }], wait);
      if (gone) await this.catalogue.disableEndpoint(tx, a.supplier);
      if (gone || state === 'exhausted') {
        await this.jobs.announce(tx, deliveryFailed, { signal, version, supplier: a.supplier, reason: gone ? 'the endpoint answered 410 Gone and was disabled' : `no success in ${attempt} tries` });
      }
    });
  }

  private async send(url: string, headers: Record<string, string>, body: string): Promise<Posted> {
    try {
      return await post(checkOutboundUrl('webhookUrl', url, this.configuration.outboundAllow), headers, body);
    } catch (error) {
      return { status: null, error: (error as Error).message.slice(0, 200), retryAfterSeconds: null };
    }
  }
}
