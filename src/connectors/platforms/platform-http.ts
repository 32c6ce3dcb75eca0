// Asking a platform: one request, no redirects, a time limit, an answer read to a cap, and only to where outbound requests may
// go. What it answers is read by the platform's folder.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { checkOutboundUrl, outboundAgent, parseLossless, type OutboundAllow } from '../../kernel/index.js';

const TIMEOUT_MS = 20_000;
const MAX_ANSWER = 16 * 1024 * 1024;

export interface Asked {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** The platform did not give what was asked for. `retry`: the same may pass later, after so many seconds where it said. */
export class PlatformRefused extends Error {
  constructor(
    message: string,
    readonly retry: boolean,
    readonly retryAfterSeconds: number | null = null,
    /** The credentials are no longer good. */
    readonly unauthorised = false,
  ) {
    super(message);
    this.name = 'PlatformRefused';
  }
}

/** A credential that calls need and the merchant has not given. */
export class MissingCredential extends Error {
  constructor(readonly credential: string) {
    super(credential);
  }
}

export function credential(credentials: Readonly<Record<string, string>>, name: string): string {
  const value = credentials[name];
  if (value === undefined) throw new MissingCredential(name);
  return value;
}

export type Transport = (asked: Asked) => Promise<Answered>;

function permitted(url: string, allow: OutboundAllow): URL {
  try {
    return checkOutboundUrl('apiBase', url, allow);
  } catch (error) {
    throw new PlatformRefused((error as Error).message, false);
  }
}

export const overNetwork = (allow: OutboundAllow): Transport => (asked) =>
  new Promise((resolve, reject) => {
    const url = permitted(asked.url, allow);
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, { method: asked.method, headers: { accept: 'application/json', 'user-agent': 'castline', ...asked.headers, ...(asked.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(asked.body)) }) }, agent: outboundAgent(url) }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER) request.destroy(new PlatformRefused(`the answer is larger than ${MAX_ANSWER} bytes`, false));
        else chunks.push(chunk);
      });
      response.on('end', () => {
        clearTimeout(timer);
        if (!response.complete) return reject(new PlatformRefused('the answer was cut off', true));
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
      response.on('error', () => request.destroy(new PlatformRefused('the answer was cut off', true)));
    });
    const timer = setTimeout(() => request.destroy(new PlatformRefused(`no answer within ${TIMEOUT_MS / 1000} s`, true)), TIMEOUT_MS);
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(error instanceof PlatformRefused ? error : new PlatformRefused(`no connection: ${(error as NodeJS.ErrnoException).code ?? 'failed'}`, true));
    });
    request.end(asked.body);
  });

function retryAfter(answered: Answered): number | null {
  const header = answered.headers['retry-after'];
  return typeof header === 'string' && /^\d{1,6}(\.\d+)?$/.test(header) ? Number(header) : null;
}

/** Requests of one shop: no faster than the platform allows, answers as lossless JSON. */
export class PlatformHttp {
  private nextAt = 0;

  constructor(
    private readonly transport: Transport,
    private readonly perSecond: () => number,
    private readonly wait: (ms: number) => Promise<void> = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  ) {}

  /** 2xx only; what else is answered becomes PlatformRefused, without its body: that may hold what is nobody's business. */
  async send(asked: Asked): Promise<Answered> {
    const now = Date.now();
    const at = Math.max(now, this.nextAt);
    this.nextAt = at + 1000 / this.perSecond();
    if (at > now) await this.wait(at - now);
    const answered = await this.transport(asked);
    if (answered.status >= 200 && answered.status < 300) return answered;
    const busy = answered.status === 429 || answered.status >= 500;
    throw new PlatformRefused(`answered ${answered.status}`, busy, retryAfter(answered), answered.status === 401);
  }

  async json(asked: Asked): Promise<unknown> {
    const { body } = await this.send(asked);
    try {
      return parseLossless(body);
    } catch {
      throw new PlatformRefused('the answer is not JSON', true);
    }
  }
}
