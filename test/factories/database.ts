// One embedded server per run of a tier; a template database migrated once, cloned per test file. TEST_DATABASE_URL points the
// same tests at another PostgreSQL (CI: Debian's 15).
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { spawn } from 'node:child_process';
import { openEmbedded, type EmbeddedServer } from '../../src/kernel/index.js';
import { newFolder } from './folders.js';

export const ADMIN_KEY = 'test-bootstrap-key-0123456789-abcdefghij';

let embedded: EmbeddedServer | undefined;

async function serverUrl(): Promise<string> {
  const given = testSetting('TEST_DATABASE_URL');
  if (given !== undefined) return given;
  embedded ??= await openEmbedded(newFolder('test'));
  return embedded.url;
}

/** Settings of the test runner, read in one place. */
export const testSetting = (name: 'TEST_DATABASE_URL' | 'TEST_REDIS_URL' | 'TEST_REDIS_URL_E2E' | 'CASTLINE_FAULTS'): string | undefined => {
  const { env } = (globalThis as unknown as { process: NodeJS.Process }).process;
  const value = env[name];
  if (value === undefined || value === '') return undefined;
  // Files that run side by side share the server, not what is in it: each worker of the runner has a Redis database of its own.
  return name.startsWith('TEST_REDIS') ? `${value}/${env['JEST_WORKER_ID'] ?? '0'}` : value;
};

/** A fresh, empty database on the test server. */
export async function freshDatabase(): Promise<string> {
  const server = await serverUrl();
  const name = `t_${randomBytes(6).toString('hex')}`;
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.toString();
}

export async function closeServer(): Promise<void> {
  await embedded?.leave();
  embedded = undefined;
}

const root = join(import.meta.dirname, '..', '..');

export interface Process {
  readonly pid: number;
  readonly url: string;
  readonly output: () => string;
  /** Sends the signal and waits for the end; answers the exit code (null where a signal ended it). */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** The built service as a process of its own, as users run it. Resolves when it listens; rejects with its words where it ends. */
export function spawnService(environment: Readonly<Record<string, string>>): Promise<Process> {
  const path = (globalThis as unknown as { process: NodeJS.Process }).process.env['PATH'] ?? '';
  const child = spawn('node', [join(root, 'bin', 'castline.js'), 'serve'], { env: { PATH: path, PORT: '0', LOG_LEVEL: 'error', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const end = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    child.kill(signal);
    return ended;
  };
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the service did not start: ${output}`)), 60_000);
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const url = /listens on (\S+)/.exec(output)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve({ pid: child.pid ?? 0, url, output: () => output, end });
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void ended.then((code) => {
      clearTimeout(timer);
      reject(new Error(`the service ended with ${code}: ${output}`));
    });
  });
}

export function environmentFor(databaseUrl: string, over: Readonly<Record<string, string>> = {}): Record<string, string> {
  const redis = testSetting('TEST_REDIS_URL');
  return {
    DATABASE_URL: databaseUrl, ...(redis === undefined ? {} : { REDIS_URL: redis }), BOOTSTRAP_KEY: ADMIN_KEY, SECRET_KEY: Buffer.alloc(32, 3).toString('base64'),
    DATA_DIR: newFolder('data'), OUTBOUND_ALLOW: 'loopback-http', ...over,
  };
}

export interface Running {
  readonly process: Process;
  readonly url: string;
  readonly databaseUrl: string;
  readonly sql: pg.Client;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<{ status: number; body: any; headers: Headers }>;
  close(): Promise<void>;
}

/** The whole service on a database of its own. */
export async function running(over: Readonly<Record<string, string>> = {}): Promise<Running> {
  const databaseUrl = await freshDatabase();
  const process = await spawnService(environmentFor(databaseUrl, over));
  const sql = new pg.Client({ connectionString: databaseUrl });
  sql.on('error', () => undefined);
  await sql.connect();
  return {
    process, url: process.url, databaseUrl, sql,
    call: (method, path, body, headers) => request(process.url, method, path, body, headers),
    close: async () => {
      await sql.end();
      await process.end();
    },
  };
}

export async function request(base: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<{ status: number; body: any; headers: Headers }> {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(new URL(path, base), {
    // Names the request that hangs, rather than the test.
    signal: AbortSignal.timeout(45_000),
    method, headers: { authorization: `Bearer ${ADMIN_KEY}`, ...(body === undefined || raw ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  let parsed: unknown = text;
  try {
    parsed = text === '' ? undefined : JSON.parse(text);
  } catch {
    // Not JSON: the text is the body.
  }
  return { status: response.status, body: parsed, headers: response.headers };
}

export async function until(what: string, check: () => Promise<boolean>, seconds = 20): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; ) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`did not come to pass within ${seconds} s: ${what}`);
}
