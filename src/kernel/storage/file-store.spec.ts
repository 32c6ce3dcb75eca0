import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentKey, DiskStore, S3Store } from './file-store.js';

const PHOTO = Buffer.from('the bytes of a photo');
const KEY = contentKey(PHOTO);

describe('a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'castline-files-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('gives back what was put, answers nothing for what was not, and leaves no drafts behind', async () => {
    const store = new DiskStore(folder);
    await Promise.all([store.put(KEY, PHOTO), store.put(KEY, PHOTO)]);
    expect((await store.get(KEY))?.equals(PHOTO)).toBe(true);
    expect(await store.get(contentKey(Buffer.from('other')))).toBeUndefined();
    expect(readdirSync(join(folder, KEY.slice(0, 2)))).toEqual([KEY]);
  });

  it.each(['../../etc/passwd', '', 'A'.repeat(64), `${KEY}/x`])('knows no file called %j', async (name) => {
    await expect(new DiskStore(folder).get(name)).rejects.toThrow(RangeError);
    await expect(new DiskStore(folder).put(name, PHOTO)).rejects.toThrow(RangeError);
  });
});

/** Signature Version 4 worked out from the request as it came, by the published recipe and with node's own HMAC. */
function signatureOf(request: IncomingMessage, body: Buffer, secret: string): string {
  const [, scope = '', signed = ''] = /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+), /.exec(request.headers.authorization ?? '') ?? [];
  const [date = '', region = '', service = ''] = scope.split('/');
  const hash = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
  const mac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();
  const names = signed.split(';');
  const given = String(request.headers['x-amz-content-sha256']);
  // The client may leave the payload unsigned over TLS; what it declares is what is signed.
  const payload = given === 'UNSIGNED-PAYLOAD' ? given : hash(body);
  const canonical = [request.method, request.url, '', ...names.map((n) => `${n}:${String(request.headers[n]).trim()}`), '', signed, payload].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, hash(canonical)].join('\n');
  return createHmac('sha256', mac(mac(mac(mac(`AWS4${secret}`, date), region), service), 'aws4_request')).update(toSign).digest('hex');
}

describe('an S3-compatible store', () => {
  const kept = new Map<string, Buffer>();
  const seen: { method: string; url: string; good: boolean }[] = [];
  let failing = 0;
  let server: Server;
  let endpoint = '';
  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        const good = request.headers.authorization?.endsWith(`Signature=${signatureOf(request, body, 'the secret')}`) === true;
        seen.push({ method: request.method ?? '', url: request.url ?? '', good });
        if (!good) return response.writeHead(403).end();
        if (failing > 0) {
          failing--;
          return response.writeHead(500).end();
        }
        if (request.method === 'PUT') kept.set(request.url ?? '', body);
        const found = kept.get(request.url ?? '');
        return request.method === 'PUT' ? response.writeHead(200).end() : found === undefined ? response.writeHead(404).end() : response.writeHead(200).end(found);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  });
  afterAll(() => new Promise<void>((resolve) => { server.closeAllConnections(); server.close(() => resolve()); }));
  const store = (secretAccessKey = 'the secret') => new S3Store({ endpoint, bucket: 'photos', prefix: 'castline', region: 'eu-central-1', accessKeyId: 'AKID', secretAccessKey });

  it('keeps and gives back, with signatures that a second implementation agrees with', async () => {
    await store().put(KEY, PHOTO, 'image/jpeg');
    expect((await store().get(KEY))?.equals(PHOTO)).toBe(true);
    expect(await store().get(contentKey(Buffer.from('other')))).toBeUndefined();
    expect(seen.every((s) => s.good)).toBe(true);
    expect(seen[0]).toMatchObject({ method: 'PUT', url: `/photos/castline/${KEY.slice(0, 2)}/${KEY}` });
  });

  it('says so when it is refused, and goes on after a fault of the store', async () => {
    await expect(store('another').put(KEY, PHOTO, 'image/jpeg')).rejects.toThrow('403');
    failing = 1;
    await store().put(KEY, PHOTO, 'image/jpeg');
    failing = 20;
    await expect(store().get(KEY)).rejects.toThrow('500');
    failing = 0;
  });
});
