import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

export interface Received {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly type: string; readonly id: string; readonly data: any };
}

/** A factory's endpoint on loopback: keeps what it can verify with `secret`, refuses the rest. */
export async function endpoint(): Promise<{ url: string; received: Received[]; refused: () => number; trust: (secret: string) => void; close: () => Promise<void> }> {
  const received: Received[] = [];
  let refused = 0;
  let secret = '';
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString();
      try {
        const body = new Webhook(secret).verify(raw, request.headers as Record<string, string>) as Received['body'];
        received.push({ headers: request.headers as Record<string, string>, body });
        response.writeHead(204).end();
      } catch {
        refused++;
        response.writeHead(401).end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/hook`, received, refused: () => refused,
    trust: (given) => void (secret = given),
    close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(() => resolve()); }),
  };
}
