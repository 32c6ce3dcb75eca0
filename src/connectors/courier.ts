// One try of carrying something to a factory: Standard Webhooks headers around a CloudEvent, with the retry schedule of
// contracts.md. What is carried and where its state is kept is the sender's; the next try is a row of its own with its due time.
import { Inject, Injectable } from '@nestjs/common';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Webhook } from 'standardwebhooks';
import { CatalogueService } from '../catalogue/index.js';
import { checkOutboundUrl, CONFIGURATION, currentScope, Database, outboundAgent, PublicUrl, signalDeliveries, traceparentOf, type Configuration, type Tx } from '../kernel/index.js';

/** Seconds from one try to the next: at once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. */
export const RETRY_SECONDS = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const;
const TIMEOUT_MS = 15_000;
/** Deliveries to one factory at a time in one process: a slow one keeps no other waiting. */
const PER_SUPPLIER = 2;
export const DEFER_SECONDS = 3;
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

export type DeliveryState = 'waiting' | 'delivered' | 'ended' | 'exhausted' | 'no-endpoint' | 'gone';

/** Something that waits to be carried, as its sender finds it. */
export interface Parcel {
  readonly supplier: string;
  readonly webhookId: string;
  readonly type: string;
  readonly time: Date;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Outcome {
  readonly state: DeliveryState;
  readonly status: number | null;
  readonly error: string | null;
  /** Seconds until the next try; null where there is none. */
  readonly wait: number | null;
}

/** What became of a try: it was made, the factory is busy with others, or there is nowhere to send it. */
export type Tried = { readonly kind: 'made'; readonly outcome: Outcome } | { readonly kind: 'busy' } | { readonly kind: 'no-endpoint' };

@Injectable()
export class Courier {
  private readonly busy = new Map<string, number>();

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
    @Inject(PublicUrl) private readonly publicUrl: PublicUrl,
  ) {}

  async carry(parcel: Parcel, attempt: number): Promise<Tried> {
    const endpoint = await this.database.transaction((tx) => this.catalogue.endpointOf(tx, parcel.supplier, new Date()));
    if (endpoint === undefined) return { kind: 'no-endpoint' };
    const body = JSON.stringify({
      specversion: '1.0', id: parcel.webhookId, source: `${this.publicUrl.value}/`, type: parcel.type, time: parcel.time.toISOString(), datacontenttype: 'application/json', data: parcel.data,
    });
    const at = new Date();
    const signatures = endpoint.secrets.map((secret) => new Webhook(secret).sign(parcel.webhookId, at, body));
    const trace = traceparentOf(currentScope());
    const busy = this.busy.get(parcel.supplier) ?? 0;
    if (busy >= PER_SUPPLIER) return { kind: 'busy' };
    this.busy.set(parcel.supplier, busy + 1);
    const posted = await this.send(endpoint.url, {
      'content-type': 'application/cloudevents+json', 'webhook-id': parcel.webhookId, 'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': signatures.join(' '), 'user-agent': 'castline', ...(trace === undefined ? {} : { traceparent: trace }),
    }, body).finally(() => this.busy.set(parcel.supplier, (this.busy.get(parcel.supplier) ?? 1) - 1));
    const ok = posted.status !== null && posted.status >= 200 && posted.status < 300;
    const gone = posted.status === 410;
    const wait = ok || gone ? null : nextTry(attempt, posted, Math.random());
    const state = ok ? 'delivered' : gone ? 'gone' : wait === null ? 'exhausted' : 'waiting';
    signalDeliveries.inc({ outcome: ok ? 'delivered' : state === 'waiting' ? 'failed' : state });
    return { kind: 'made', outcome: { state, status: posted.status, error: posted.error, wait } };
  }

  /** The endpoint said that it is gone for good. */
  disable = (tx: Tx, supplier: string): Promise<number> => this.catalogue.disableEndpoint(tx, supplier);

  private async send(url: string, headers: Record<string, string>, body: string): Promise<Posted> {
    try {
      return await post(checkOutboundUrl('webhookUrl', url, this.configuration.outboundAllow), headers, body);
    } catch (error) {
      return { status: null, error: (error as Error).message.slice(0, 200), retryAfterSeconds: null };
    }
  }
}

/** Why nobody took it in time. */
export const failureOf = (outcome: Outcome, attempt: number): string | undefined =>
  outcome.state === 'gone' ? 'the endpoint answered 410 Gone and was disabled' : outcome.state === 'exhausted' ? `no success in ${attempt} tries` : undefined;
