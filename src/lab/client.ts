// A small client of the HTTP API for the replay, the demo and load tests: waits out a service that restarts.
import { setTimeout as sleep } from 'node:timers/promises';

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: Readonly<Record<string, unknown>>,
  ) {
    super(`${status} ${textOf(body['code'])}: ${textOf(body['detail'])}`);
    this.name = 'ApiError';
  }
}

export interface Client {
  call<T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<T>;
}

/** `patienceMs`: how long an unreachable or overloaded service is waited for, per call. */
export function clientOf(base: string, key: string, patienceMs = 120_000, onWait: (reason: string) => void = () => undefined): Client {
  return {
    async call<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
      const raw = typeof body === 'string' || body instanceof Uint8Array;
      for (let waited = 0, pause = 250; ; waited += pause, pause = Math.min(5_000, pause * 2)) {
        let response: Response;
        let text: string;
        try {
          response = await fetch(new URL(path, base), {
            method, headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
            ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
          });
          text = await response.text();
        } catch (error) {
          if (waited >= patienceMs) throw new Error(`${base} cannot be reached: ${(error as { cause?: { message?: string } }).cause?.message ?? (error as Error).message}`);
          onWait('the service cannot be reached');
          await sleep(pause);
          continue;
        }
        const parsed = text === '' ? undefined : (JSON.parse(text) as unknown);
        if (response.ok) return parsed as T;
        if ((response.status === 503 || response.status === 429) && waited < patienceMs) {
          onWait(`the service answered ${response.status}`);
          await sleep(Math.max(pause, 1000 * Number(response.headers.get('retry-after') ?? 0)));
          continue;
        }
        throw new ApiError(response.status, (parsed ?? {}) as Record<string, unknown>);
      }
    },
  };
}

/** Follows /v1/stream from now on; ends with the signal. Reconnects and resumes. */
export async function follow(base: string, key: string, signal: AbortSignal, onFact: (name: string, data: Record<string, unknown>) => void, from?: string): Promise<void> {
  let last = from;
  const over = (): boolean => signal.aborted;
  while (!over()) {
    try {
      const response = await fetch(new URL('/v1/stream', base), { headers: { authorization: `Bearer ${key}`, ...(last === undefined ? {} : { 'last-event-id': last }) }, signal });
      if (!response.ok || response.body === null) throw new Error(`the stream answered ${response.status}`);
      let rest = '';
      const text = new TextDecoder();
      for await (const chunk of response.body) {
        rest += text.decode(chunk as Uint8Array, { stream: true });
        for (let end = rest.indexOf('\n\n'); end !== -1; end = rest.indexOf('\n\n')) {
          const fields = new Map(rest.slice(0, end).split('\n').map((line) => { const at = line.indexOf(': '); return [line.slice(0, at), line.slice(at + 2)] as const; }));
          rest = rest.slice(end + 2);
          last = fields.get('id') ?? last;
          const name = fields.get('event');
          if (name !== undefined) onFact(name, JSON.parse(fields.get('data') ?? '{}') as Record<string, unknown>);
        }
      }
    } catch {
      if (!over()) await sleep(500);
    }
  }
}
