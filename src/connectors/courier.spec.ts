import { createServer, type Server } from 'node:http';
import { nextTry, post, RETRY_SECONDS } from './courier.js';

const failed = { status: 500, error: null, retryAfterSeconds: null };

describe('the retry schedule', () => {
  it('is 0 s, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, then ends', () => {
    expect(RETRY_SECONDS).toEqual([0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]);
    expect(nextTry(1, failed, 0.5)).toBe(5);
    expect(nextTry(9, failed, 0.5)).toBe(86400);
    expect(nextTry(10, failed, 0.5)).toBeNull();
  });
  it('is jittered by a tenth, and longer where the endpoint asks for it', () => {
    expect(nextTry(2, failed, 0)).toBe(270);
    expect(nextTry(1, { status: 429, error: null, retryAfterSeconds: 90 }, 0.5)).toBe(90);
    expect(nextTry(1, { status: 500, error: null, retryAfterSeconds: 90 }, 0.5)).toBe(5);
    expect(nextTry(1, { status: 503, error: null, retryAfterSeconds: 1e9 }, 0.5)).toBe(86400);
  });
});

describe('one POST', () => {
  let server: Server;
  let base: string;
  let elsewhere = 0;
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/elsewhere') elsewhere++;
      if (request.url === '/redirect') response.writeHead(302, { location: '/elsewhere' }).end();
      else if (request.url === '/hang') return;
      else if (request.url === '/flood') {
        response.writeHead(200);
        const write = (): void => { while (response.write(Buffer.alloc(65_536))); if (!response.destroyed) response.once('drain', write); };
        write();
      } else if (request.url === '/reset') request.socket.destroy();
      else response.writeHead(Number(request.url?.slice(1)), { 'retry-after': '7' }).end('body');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('tells the status and Retry-After', async () => expect(await post(new URL(`${base}/503`), {}, '{}')).toEqual({ status: 503, error: null, retryAfterSeconds: 7 }));
  it('never follows a redirect', async () => {
    expect((await post(new URL(`${base}/redirect`), {}, '{}')).status).toBe(302);
    expect(elsewhere).toBe(0);
  });
  it('gives up on an endpoint that never answers', async () => expect(await post(new URL(`${base}/hang`), {}, '{}', 200)).toMatchObject({ status: null, error: 'no answer within 0.2 s' }));
  it('does not read an endless answer', async () => expect((await post(new URL(`${base}/flood`), {}, '{}')).status).toBe(200));
  it('survives a reset', async () => expect((await post(new URL(`${base}/reset`), {}, '{}')).status).toBeNull());
});
