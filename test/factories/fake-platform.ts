// A platform on loopback: answers what the test says, when it says so, and remembers what it was asked.
import { createServer } from 'node:http';
import type pg from 'pg';

export interface Heard {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A body with 200, or more of an answer; what is no text is written as JSON. */
export type Told = string | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body: unknown };

export interface FakePlatform {
  readonly url: string;
  readonly asked: readonly Heard[];
  close(): Promise<void>;
}

export async function fakePlatform(answer: (heard: Heard) => Told | Promise<Told>): Promise<FakePlatform> {
  const asked: Heard[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://platform.test');
      const heard = { method: request.method ?? '', path: url.pathname, query: url.searchParams, headers: request.headers, body: Buffer.concat(chunks).toString() };
      asked.push(heard);
      void Promise.resolve(answer(heard)).then((told) => {
        const { status = 200, headers = {}, body } = typeof told === 'string' ? { body: told } : told;
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, asked, close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(() => resolve()); }) };
}

/**
 * Tables of the whole database in which one of the texts stands anywhere, in whatever case. What is looked for must be too long, or have
 * letters beyond hexadecimal, to be met by chance in a hash, a time or a made secret.
 */
export async function tablesWith(sql: pg.Client, ...texts: readonly string[]): Promise<string[]> {
  const tables = (await sql.query<{ name: string }>(`select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`)).rows;
  const found: string[] = [];
  for (const { name } of tables) if ((await sql.query(`select 1 from ${name} t where t::text ilike any($1) limit 1`, [texts.map((text) => `%${text}%`)])).rowCount !== 0) found.push(name);
  return found;
}
