import 'reflect-metadata';
import { createServer, request as httpRequest, type ClientRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyReply } from 'fastify';
import type { AccessGuard, AccessRequest, Principal } from '../access/index.js';
import { DomainError, type Database } from '../kernel/index.js';
import { StreamController } from './stream.controller.js';

class Quick extends StreamController {
  protected override readonly identifyMs = 20;
}

/** The controller behind a real server; `gate` holds the first read of facts up, and callers are named by a header. */
async function served(over: { identify?: () => Promise<Principal>; gate?: Promise<void> } = {}): Promise<{ controller: StreamController; open: () => number; connect: (who: string) => ClientRequest; server: Server }> {
  const principal = (who: string): Principal => ({ kind: 'key', id: who, name: who, role: 'operator', bindings: [], scopes: [] });
  let first = true;
  const database = {
    transaction: async () => {
      const isFirst = first;
      first = false;
      if (isFirst) await over.gate;
      return [];
    },
  } as unknown as Database;
  const controller = new Quick(database, { identify: over.identify ?? (() => Promise.resolve(principal('x'))) } as unknown as AccessGuard);
  const server = createServer((req, res) => {
    const headers: Record<string, string> = {};
    const reply = {
      raw: res, hijack: () => undefined,
      status: (status: number) => { res.statusCode = status; return reply; },
      header: (name: string, value: string) => { headers[name] = value; return reply; },
      send: (body: object) => { res.writeHead(res.statusCode, headers); res.end(JSON.stringify(body)); return reply; },
    } as unknown as FastifyReply;
    void controller.stream(principal(String(req.headers['x-who'])), undefined, {}, { raw: req, headers: req.headers, method: 'GET' } as unknown as AccessRequest, reply);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const connect = (who: string): ClientRequest => {
    const client = httpRequest({ port, host: '127.0.0.1', headers: { 'x-who': who }, agent: false });
    client.on('error', () => undefined);
    client.end();
    return client;
  };
  const open = (): number => [...(controller as unknown as { open: Map<string, number> }).open.values()].reduce((s, n) => s + n, 0);
  return { controller, open, connect, server };
}

const answered = (client: ClientRequest): Promise<IncomingMessage> => new Promise((resolve) => client.on('response', resolve));
async function eventually(is: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !is(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(is()).toBe(true);
}
const stop = (s: { controller: StreamController; server: Server }): void => {
  s.controller.closeAll();
  s.server.closeAllConnections();
  s.server.close();
};

describe('an event stream', () => {
  it('ends when whoever reads it is no longer known', async () => {
    let known = true;
    const s = await served({ identify: () => (known ? Promise.resolve({ kind: 'key', id: 'a', name: 'a', role: 'operator', bindings: [], scopes: [] }) : Promise.reject(new DomainError(401, 'unauthorized', 'revoked'))) });
    const response = await answered(s.connect('a'));
    let ended = false;
    response.resume().on('end', () => { ended = true; });
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect([ended, s.open()]).toEqual([false, 1]);
    known = false;
    await eventually(() => ended);
    expect(s.open()).toBe(0);
    stop(s);
  });

  it('is capped for each caller, and leaves the others room', async () => {
    const s = await served();
    const own = await Promise.all(Array.from({ length: 21 }, () => answered(s.connect('a'))));
    expect(own.map((r) => r.statusCode).sort()).toEqual([...Array.from({ length: 20 }, () => 200), 429]);
    expect((await answered(s.connect('b'))).statusCode).toBe(200);
    expect(s.open()).toBe(21);
    stop(s);
    await eventually(() => s.open() === 0);
  });

  it('counts while it waits for its beginning, and leaves no count behind where the reader has gone by then', async () => {
    let pass = (): void => undefined;
    const s = await served({ gate: new Promise<void>((resolve) => { pass = resolve; }) });
    const client = s.connect('a');
    await eventually(() => s.open() === 1);
    client.destroy();
    await eventually(() => s.open() === 0);
    pass();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(s.open()).toBe(0);
    stop(s);
  });
});
