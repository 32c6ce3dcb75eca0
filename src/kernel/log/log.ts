// Structured logs (JSON lines on stderr) that carry the scope they were written in: request, job, and the W3C trace
// context that travels from the HTTP request through outbox and job to the factory.
import { AsyncLocalStorage } from 'node:async_hooks';
import { pino, type Logger as Pino } from 'pino';
import { randomHex } from '../ids/ids.js';

export interface Scope {
  readonly traceId: string;
  readonly spanId: string;
  readonly requestId?: string;
  readonly jobId?: string;
  readonly [name: string]: string | undefined;
}

const scopes = new AsyncLocalStorage<Scope>();
let root: Pino = pino({ level: 'info', base: null }, pino.destination({ fd: 2, sync: true }));

export function configureLog(level: string): void {
  root = pino({ level, base: null }, pino.destination({ fd: 2, sync: true }));
}

export const currentScope = (): Scope | undefined => scopes.getStore();
export const inScope = <T>(scope: Scope, work: () => T): T => scopes.run(scope, work);

/** Opens a new span below `traceparent`, or a new trace where it is absent or malformed (W3C Trace Context, section 3.2). */
export function openScope(traceparent: string | undefined, names: Record<string, string>): Scope {
  const parent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(traceparent ?? '');
  const traceId = parent?.[1] !== undefined && !/^0+$/.test(parent[1]) ? parent[1] : randomHex(16);
  return { traceId, spanId: randomHex(8), ...names };
}

export const traceparentOf = (scope: Scope | undefined): string | undefined =>
  scope === undefined ? undefined : `00-${scope.traceId}-${scope.spanId}-01`;

const write =
  (level: 'debug' | 'info' | 'warn' | 'error') =>
  (message: string, fields: Record<string, unknown> = {}): void => {
    root[level]({ ...scopes.getStore(), ...fields }, message);
  };

export const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
