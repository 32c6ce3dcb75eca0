import { createServer } from 'node:http';
import type pg from 'pg';

export interface Heard {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Told {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A platform on loopback that answers as the test says. */
export async function fakePlatform(answer: (heard: Heard) => Told | Promise<Told>): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://platform.test');
      void Promise.resolve(answer({ method: request.method ?? '', path: url.pathname, query: url.searchParams, headers: request.headers, body: Buffer.concat(chunks).toString() })).then(({ status = 200, headers = {}, body }) =>
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body)),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(() => resolve()); }) };
}

/** Tables in which a text stands anywhere, whatever its case. */
export async function tablesWith(sql: pg.Client, text: string): Promise<string[]> {
  const tables = (await sql.query<{ name: string }>(`select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`)).rows;
  const found: string[] = [];
  for (const { name } of tables) if ((await sql.query(`select 1 from ${name} t where t::text ilike $1 limit 1`, [`%${text}%`])).rowCount !== 0) found.push(name);
  return found;
}
