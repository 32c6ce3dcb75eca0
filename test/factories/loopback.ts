// A platform on loopback: answers what the test says, as text and when it says so, and remembers what it was asked.
import { createServer } from 'node:http';

export interface AskedOf {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** A body with 200, or with another status. */
type Answered = string | { readonly status: number; readonly body: string };

export async function loopbackPlatform(answer: (asked: AskedOf) => Answered | Promise<Answered>): Promise<{ url: string; asked: AskedOf[]; close: () => Promise<void> }> {
  const asked: AskedOf[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://loopback');
      const one = { path: url.pathname, query: url.searchParams, body: Buffer.concat(chunks).toString() };
      asked.push(one);
      void Promise.resolve(answer(one)).then((said) => response.writeHead(typeof said === 'string' ? 200 : said.status, { 'content-type': 'application/json' }).end(typeof said === 'string' ? said : said.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, asked, close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(() => resolve()); }) };
}

/** Every text that the database holds, of every table: what must not be in it is looked for here. */
export async function everythingIn(sql: { query(text: string): Promise<{ rows: any[] }> }): Promise<string> {
  const tables = (await sql.query(`select table_schema || '.' || quote_ident(table_name) as name from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`)).rows;
  const texts: string[] = [];
  for (const { name } of tables) texts.push((await sql.query(`select coalesce(string_agg(t::text, ' '), '') as all from ${name} t`)).rows[0].all);
  return texts.join('\n');
}
