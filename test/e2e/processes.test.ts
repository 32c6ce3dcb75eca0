import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ADMIN_KEY, closeServer, environmentFor, freshDatabase, request, spawnService, testSetting, until } from '../factories/database.js';
import { newFolder } from '../factories/folders.js';
import { furnish, ndjson, NDJSON, orderEvent } from '../factories/merchant.js';

const root = join(import.meta.dirname, '..', '..');
const castline = (args: string[], env: Record<string, string> = {}, input?: string) =>
  spawnSync('node', [join(root, 'bin', 'castline.js'), ...args], { encoding: 'utf8', env: { PATH: (globalThis as any).process.env.PATH as string, ...env }, ...(input === undefined ? {} : { input }), timeout: 120_000 });

afterAll(closeServer);

describe('start-up', () => {
  it.each([['PORT', 'x'], ['ROLE', 'boss'], ['DATABASE_URL', 'nope'], ['BOOTSTRAP_KEY', 'short']])('stops at a wrong %s with one line that names it, and exit code 2', (name, value) => {
    const { status, stderr } = castline(['serve'], { [name]: value });
    expect(status).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain(name);
  });

  it('refuses a generated secret with a database of its own', async () => {
    const { status, stderr } = castline(['serve'], { DATABASE_URL: await freshDatabase() });
    expect([status, stderr]).toEqual([2, expect.stringContaining('SECRET_KEY')]);
  });

  it('names a port that is in use, a data folder that cannot be written, and a database that is away', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as { port: number };
    const used = castline(['serve'], { ...environmentFor(await freshDatabase()), PORT: String(port) });
    holder.close();
    expect([used.status, used.stderr]).toEqual([1, expect.stringMatching(/PORT: .*in use/)]);
    const file = join(newFolder('file'), 'not-a-folder');
    writeFileSync(file, '');
    const folder = castline(['serve'], { DATA_DIR: join(file, 'x') });
    expect(folder.status).not.toBe(0);
    expect(folder.stderr).toMatch(/DATA_DIR|not-a-folder/);
    const away = castline(['serve'], { ...environmentFor('postgres://x:y@127.0.0.1:1/z') });
    expect(away.status).toBe(1);
    expect(away.stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
  });
});

describe('the command line', () => {
  it('says what is wrong with exit code 2, and helps everywhere', () => {
    expect(castline(['nonsense']).status).toBe(2);
    expect(castline(['replay']).status).toBe(2);
    expect(castline(['replay', 'x.csv', '--to', 'http://127.0.0.1:1', '--key', 'k', '--speed', 'fast']).stderr).toMatch(/speed/);
    expect(castline(['import']).status).toBe(2);
    for (const command of ['', 'serve', 'demo', 'import', 'replay', 'openapi']) expect(castline([...(command === '' ? [] : [command]), '--help'])).toMatchObject({ status: 0 });
  });

  it('imports files into the configured database, whole or not at all', async () => {
    const env = environmentFor(await freshDatabase());
    const folder = newFolder('import');
    const catalogue = join(folder, 'catalogue.csv');
    writeFileSync(catalogue, 'sku,style,colour,size,category,price,currency,supplier,unit_cost,cost_currency,salvage_value,moq,lot_multiple,lead_time_days,daily_capacity,initial_stock\nA,A,x,y,z,100,CNY,f,40,CNY,5,1,1,3,100,7\n');
    const orders = join(folder, 'orders.ndjson');
    writeFileSync(orders, ndjson([orderEvent({ sku: 'A' }), orderEvent({ sku: 'A', quantity: 'many' })]));
    expect(castline(['import', '--catalogue', catalogue], env)).toMatchObject({ status: 0, stdout: expect.stringContaining('catalogue: 1 accepted') });
    const bad = castline(['import', '--orders', orders], env);
    expect(bad.status).toBe(2);
    expect(bad.stderr).toContain(`${orders}:2: invalid: quantity`);
    expect(JSON.parse(castline(['import', '--orders', orders, '--on-error', 'skip', '--json'], env).stdout)).toMatchObject({ kind: 'orders', accepted: 1, rejectedCount: 1 });
    expect(castline(['import', '--orders', join(folder, 'none.csv')], env)).toMatchObject({ status: 2 });
  }, 120_000);
});

describe('the processes of docker-compose.yml, started by hand', () => {
  it('api and worker apart, with the environment of the file, do the work of one', async () => {
    const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8')) as { services: Record<string, { environment?: Record<string, string>; command?: string[] }> };
    expect(compose.services['api']?.environment?.['ROLE']).toBe('api');
    expect(compose.services['worker']?.environment?.['ROLE']).toBe('worker');
    expect(JSON.stringify(compose.services['redis']?.command)).toMatch(/appendonly.*yes.*noeviction|noeviction.*appendonly.*yes/);
    const database = await freshDatabase();
    const redis = testSetting('TEST_REDIS_URL_E2E');
    const common = { ...(redis === undefined ? {} : { REDIS_URL: redis }) };
    const [api, worker] = await Promise.all([spawnService(environmentFor(database, { ...common, ROLE: 'api' })), spawnService(environmentFor(database, { ...common, ROLE: 'worker' }))]);
    const r = { call: (m: string, p: string, b?: unknown, h?: Record<string, string>) => request(api.url, m, p, b, h) };
    await furnish(r as never);
    await r.call('POST', '/v1/order-events/bulk', ndjson(Array.from({ length: 60 }, () => orderEvent())), NDJSON);
    await until('the worker made a signal of the api’s orders', async () => (await r.call('GET', '/v1/signals')).body.items.length === 1);
    expect((await request(worker.url, 'GET', '/health/ready')).status).toBe(200);
    expect((await r.call('GET', '/health/ready')).body.queues).toBe(redis === undefined ? 'postgres' : 'redis');
    expect((await r.call('GET', '/metrics')).body).toContain('castline_order_events_total');
    expect(await worker.end()).toBe(0);
    expect(await api.end()).toBe(0);
  }, 120_000);

  it('SIGTERM under load: every answer that was given is kept, and nothing is answered falsely', async () => {
    const database = await freshDatabase();
    const service = await spawnService(environmentFor(database));
    const r = { call: (m: string, p: string, b?: unknown, h?: Record<string, string>) => request(service.url, m, p, b, h) };
    await furnish(r as never);
    let acknowledged = 0;
    let going = true;
    const clients = Array.from({ length: 8 }, async () => {
      while (going) {
        try {
          const answer = await r.call('POST', '/v1/order-events', orderEvent());
          if (answer.status === 202) acknowledged += answer.body.accepted;
        } catch {
          going = false;
        }
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await service.end('SIGTERM')).toBe(0);
    going = false;
    await Promise.all(clients);
    const again = await spawnService(environmentFor(database));
    const held = (await request(again.url, 'GET', '/v1/shops/shop-1/intake-summary')).body;
    expect(acknowledged).toBeGreaterThan(50);
    expect(held.events).toBeGreaterThanOrEqual(acknowledged);
    await again.end();
  }, 120_000);
});

describe('the embedded server', () => {
  const env = (folder: string): Record<string, string> => ({ DATA_DIR: folder, BOOTSTRAP_KEY: ADMIN_KEY });

  it('is joined by a second process, outlives the first, and is adopted after kill -9', async () => {
    const folder = newFolder('embedded');
    const first = await spawnService(env(folder));
    expect(first.output()).toContain('created');
    const second = await spawnService(env(folder));
    expect(second.output()).toContain('joined');
    expect(await first.end()).toBe(0);
    expect((await request(second.url, 'GET', '/health/ready')).status).toBe(200);
    await second.end('SIGKILL');
    const third = await spawnService(env(folder));
    expect(third.output()).toContain('adopted');
    expect(await third.end()).toBe(0);
    const fourth = await spawnService(env(folder));
    expect(fourth.output()).toContain('started');
    await fourth.end();
  }, 120_000);

  it('told to end while it still starts, ends cleanly and leaves no server behind', async () => {
    const folder = newFolder('early');
    const child = spawn('node', [join(root, 'bin', 'castline.js'), 'serve'], { env: { PATH: (globalThis as any).process.env.PATH as string, PORT: '0', ...env(folder) }, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const server = join(folder, 'pgdata', 'postmaster.pid');
    await until('the database server starts', () => Promise.resolve(existsSync(server)), 60);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(existsSync(server)).toBe(false);
  }, 120_000);

  it('works under a folder that only its owner can enter', async () => {
    const home = newFolder('home');
    mkdirSync(join(home, 'data'));
    chmodSync(home, 0o700);
    const service = await spawnService(env(join(home, 'data')));
    expect((await request(service.url, 'GET', '/health/ready')).status).toBe(200);
    expect(await service.end()).toBe(0);
    // As root the cluster lies elsewhere, for its user; it says where.
    const elsewhere = /in (\S+)\)/.exec(service.output())?.[1];
    if (elsewhere !== undefined) rmSync(elsewhere, { recursive: true });
  }, 120_000);

  it('answers 503 while the database is away, and recovers without a restart', async () => {
    const folder = newFolder('away');
    const service = await spawnService(env(folder));
    const r = { call: (m: string, p: string, b?: unknown, h?: Record<string, string>) => request(service.url, m, p, b, h) };
    await furnish(r as never);
    const used = /in (\S+)\)/.exec(service.output())?.[1] ?? folder;
    const pid = Number(readFileSync(join(used, 'pgdata', 'postmaster.pid'), 'utf8').split('\n')[0]);
    const port = readFileSync(join(used, 'pgdata', 'postmaster.pid'), 'utf8').split('\n')[3] ?? '';
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter((x) => x !== '');
    const { uid, gid } = (await import('node:fs')).statSync(join(used, 'pgdata'));
    (globalThis as any).process.kill(pid, 'SIGKILL');
    const answered = (): Promise<number> => r.call('POST', '/v1/order-events', orderEvent()).then((a) => a.status, (error: unknown) => { throw new Error(`no answer (${String((error as Error).cause)}); the service said: ${service.output()}`, { cause: error }); });
    await until('it says so', async () => (await answered()) === 503);
    const isRoot = (globalThis as any).process.getuid() === 0;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const revived = spawn(command[0] as string, command.slice(1), { cwd: join(used, 'pgdata'), stdio: 'ignore', ...(isRoot ? { uid, gid } : {}) });
    expect(command.join(' ')).toContain(port);
    await until('it recovers', async () => (await answered()) === 202, 40);
    await service.end();
    revived.kill('SIGINT');
  }, 120_000);
});
