// Starts what the benches need and ends it again: the embedded PostgreSQL, the service, peers and load generators, each in a
// process of its own on the loopback, and reads from /proc what they cost.
import { fork, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const quick = process.env['BENCH_QUICK'] === '1';
export const say = (line) => void process.stderr.write(`bench: ${line}\n`);

const { openEmbedded } = await import(join(root, 'dist', 'kernel', 'index.js'));
const { clientOf } = await import(join(root, 'dist', 'lab', 'index.js'));
const { catalogueCsv, broadcastsCsv, SHOP } = await import('./world.js');

const ADMIN_KEY = 'bench-admin-key-0123456789-abcdefghij';

/** Every child started here, by process id, so that an interrupted bench leaves none behind. */
const children = new Map();
const folders = new Set();
const opened = new Set();

function keep(child) {
  children.set(child.pid, child);
  child.once('exit', () => children.delete(child.pid));
  return child;
}

const exited = (child) => (child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : new Promise((resolve) => child.once('exit', resolve)));

async function end(child, patienceMs = 25_000) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const gone = await Promise.race([exited(child).then(() => true), sleep(patienceMs, false, { ref: false })]);
  if (!gone) {
    child.kill('SIGKILL');
    await exited(child);
  }
}

/** What a child process needs, and nothing else of our environment: a DATABASE_URL or REDIS_URL set here means nothing. */
const childEnvironment = (more) => ({ PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', LC_ALL: 'C', ...more });

export const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/** An embedded PostgreSQL of its own under .castline/bench; `settings`: server settings that need a restart. */
export async function openGround(name, settings = []) {
  const dataDir = join(root, '.castline', 'bench', `${name}-${process.pid}`);
  rmSync(dataDir, { recursive: true, force: true });
  mkdirSync(dataDir, { recursive: true });
  folders.add(dataDir);
  let server = await openEmbedded(dataDir);
  if (settings.length > 0) {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    for (const setting of settings) await client.query(`alter system set ${setting}`);
    await client.end();
    await server.leave();
    server = await openEmbedded(dataDir);
  }
  folders.add(server.folder);
  const pools = new Map();
  const urlOf = (database) => {
    const url = new URL(server.url);
    if (database !== undefined) url.pathname = `/${database}`;
    return url.toString();
  };
  const ground = {
    dataDir,
    url: server.url,
    urlOf,
    postmaster: server.pid,
    async rows(text, values = [], database = undefined) {
      if (!pools.has(database)) {
        const pool = new pg.Pool({ connectionString: urlOf(database), max: 2 });
        pool.on('error', () => undefined);
        pools.set(database, pool);
      }
      return (await pools.get(database).query(text, values)).rows;
    },
    /** A database of its own for a peer, with the very tables of the service: made by its migrations. */
    async peerDatabase(database) {
      await ground.rows(`create database ${database}`);
      const { ENTITIES, MIGRATIONS } = await import(join(root, 'dist', 'app.module.js'));
      const { Database } = await import(join(root, 'dist', 'kernel', 'index.js'));
      const { ensurePartitions } = await import(join(root, 'dist', 'orders', 'index.js'));
      const opened = await Database.connect({ url: urlOf(database), pool: 4, entities: ENTITIES, migrations: MIGRATIONS });
      await opened.migrate();
      await opened.transaction(ensurePartitions);
      await opened.close();
      return urlOf(database);
    },
    /** Nobody pays for the pages that somebody else made dirty. */
    checkpoint: () => ground.rows('checkpoint'),
    /** Transactions that PostgreSQL ended because they waited for each other in a circle. */
    deadlocks() {
      const log = join(server.folder, 'postgres.log');
      return existsSync(log) ? (readFileSync(log, 'utf8').match(/deadlock detected/g)?.length ?? 0) : 0;
    },
    async close() {
      opened.delete(ground);
      for (const pool of pools.values()) await pool.end().catch(() => undefined);
      await server.leave();
      for (const folder of [dataDir, server.folder]) {
        rmSync(folder, { recursive: true, force: true });
        folders.delete(folder);
      }
    },
  };
  opened.add(ground);
  return ground;
}

/** `node bin/castline.js serve`; answers when /health/ready does. BENCH_NODE_OPTIONS goes to node, such as --cpu-prof. */
export async function startService(dataDir, environment = {}) {
  const began = performance.now();
  const log = join(dataDir, 'service.log');
  const stderr = openSync(log, 'a');
  const nodeOptions = (process.env['BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((o) => o !== '');
  const child = keep(
    spawn(process.execPath, [...nodeOptions, join(root, 'bin', 'castline.js'), 'serve'], {
      cwd: root,
      stdio: ['ignore', 'pipe', stderr],
      env: childEnvironment({ DATA_DIR: dataDir, PORT: '0', BOOTSTRAP_KEY: ADMIN_KEY, LOG_LEVEL: 'warn', ...environment }),
    }),
  );
  closeSync(stderr);
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (said += text));
  const failed = () => new Error(`the service did not start: ${said}${existsSync(log) ? readFileSync(log, 'utf8').slice(-2_000) : ''}`);
  let url;
  for (const deadline = Date.now() + 60_000; url === undefined; ) {
    if (child.exitCode !== null || Date.now() > deadline) throw failed();
    url = /listens on (\S+)/.exec(said)?.[1];
    if (url === undefined) await sleep(5);
  }
  for (const deadline = Date.now() + 30_000; ; ) {
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
    if (answer?.ok === true) break;
    if (child.exitCode !== null || Date.now() > deadline) throw failed();
    await sleep(5);
  }
  const readyMs = performance.now() - began;
  return { url, pid: child.pid, readyMs, key: ADMIN_KEY, log, stop: () => end(child) };
}

/** A live-clock shop with its catalogue, broadcasts and a key that may only bring its orders. */
export async function furnish(service, initialStock) {
  const api = clientOf(service.url, service.key, 10_000);
  await api.call('PUT', `/v1/shops/${SHOP}`, { platform: 'tiktok', timeZone: 'Asia/Shanghai', currency: 'CNY', clock: 'live' });
  const csv = { 'content-type': 'text/csv' };
  await api.call('POST', '/v1/imports/catalogue', catalogueCsv(initialStock), csv);
  await api.call('POST', '/v1/imports/broadcasts', broadcastsCsv(Date.now()), csv);
  const { key } = await api.call('POST', '/v1/api-keys', { name: 'bench', role: 'platform', scopes: [`ingest:${SHOP}`] });
  return key;
}

/** Waits until nothing is left to assess or to do; false where that takes longer than `limitMs`. */
export async function settled(ground, limitMs) {
  for (const deadline = Date.now() + limitMs; Date.now() < deadline; await sleep(250)) {
    const [left] = await ground.rows(
      "select (select count(*) from stream_totals where version > assessed_version) + (select count(*) from job_outbox where state = 'due' and due_at <= now() + interval '31 s') as n",
    );
    if (Number(left.n) === 0) return true;
  }
  return false;
}

/** A peer of the service (peers.js) in a process of its own. */
export async function startPeer(kind, databaseUrl) {
  const child = keep(fork(join(root, 'bench', 'peers.js'), [kind], { env: childEnvironment({ PEER_DATABASE_URL: databaseUrl ?? '' }), stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }));
  const port = await new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message.port));
    child.once('exit', () => reject(new Error(`the peer ${kind} ended while it started`)));
  });
  return { url: `http://127.0.0.1:${port}`, pid: child.pid, stop: () => end(child) };
}

/** Runs one job of the load generator (load.js) in a process of its own; `measured` pids are watched while it measures. */
export async function load(job, watched = {}) {
  const child = keep(fork(join(root, 'bench', 'load.js'), [], { env: childEnvironment({}), stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }));
  let before;
  let after;
  const pids = { ...watched, load: child.pid };
  const result = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the load generator did not end in ${job.limitSeconds ?? 120} s`)), (job.limitSeconds ?? 120) * 1000);
    child.on('message', (message) => {
      if (message.type === 'begin') before = cpuNow(pids);
      else if (message.type === 'end') {
        after = cpuNow(pids);
        clearTimeout(timer);
        resolve(message.result);
      } else if (message.type === 'failed') reject(new Error(message.reason));
    });
    child.once('exit', (code) => reject(new Error(`the load generator ended early (${code})`)));
    child.send(job);
  }).finally(() => end(child, 2_000));
  return { ...result, cpu: cpuBetween(before, after) };
}

const TICK_MS = 10;
const statOf = (pid) => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
};

/** CPU milliseconds of a process, or of a PostgreSQL server with all its backends, living and gone. */
function cpuOf(pid, family) {
  const own = statOf(pid);
  if (own === undefined) return 0;
  let ticks = Number(own[11]) + Number(own[12]);
  if (family) {
    ticks += Number(own[13]) + Number(own[14]);
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const stat = statOf(name);
      if (stat !== undefined && Number(stat[1]) === pid) ticks += Number(stat[11]) + Number(stat[12]);
    }
  }
  return ticks * TICK_MS;
}

function cpuNow(pids) {
  if (process.platform !== 'linux') return undefined;
  const [, ...all] = readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).map(Number);
  const idle = all[3] + all[4];
  return {
    at: performance.now(),
    busy: (all.slice(0, 8).reduce((s, x) => s + x, 0) - idle) * TICK_MS,
    own: Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuOf(pid, name === 'postgres')])),
  };
}

/** Cores used by each watched process while the load ran, and by everything else on the machine. */
function cpuBetween(before, after) {
  if (before === undefined || after === undefined) return undefined;
  const wall = after.at - before.at;
  const cores = Object.fromEntries(Object.keys(after.own).map((name) => [name, (after.own[name] - before.own[name]) / wall]));
  const ours = Object.values(cores).reduce((s, x) => s + x, 0);
  return { seconds: wall / 1000, cores, others: Math.max(0, (after.busy - before.busy) / wall - ours) };
}

/** Resident memory of a process in MB; `field` as in /proc/PID/status. */
export function memoryOf(pid, field = 'VmRSS') {
  try {
    const line = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n').find((l) => l.startsWith(`${field}:`));
    return line === undefined ? null : Number(/\d+/.exec(line)[0]) / 1024;
  } catch {
    return null;
  }
}

/** Proportional share of memory of a PostgreSQL server with its backends, in MB: shared buffers counted once. */
export function serverMemory(postmaster) {
  let sum = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    if (Number(name) !== postmaster && Number(statOf(name)?.[1]) !== postmaster) continue;
    try {
      sum += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024;
    } catch {
      // It has ended, or it is not ours to read.
    }
  }
  return sum;
}

/** Samples a process's memory until it is stopped. */
export function watchMemory(pid, everyMs = 200) {
  const samples = [];
  const timer = setInterval(() => {
    const now = memoryOf(pid);
    if (now !== null) samples.push(now);
  }, everyMs);
  return () => {
    clearInterval(timer);
    return samples;
  };
}

export async function startRedis(folder) {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const child = keep(
    spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', '--save', '', '--maxmemory-policy', 'noeviction'], {
      stdio: 'ignore',
      env: childEnvironment({}),
    }),
  );
  await sleep(500);
  if (child.exitCode !== null) throw new Error('redis-server ended while it started');
  return { url: `redis://127.0.0.1:${port}`, stop: () => end(child) };
}

export const hasRedis = () => (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, 'redis-server')));

/** Ends every child that is left and gives the servers up. */
export async function endAll() {
  await Promise.all([...children.values()].map((child) => end(child, 10_000)));
  for (const ground of opened) await ground.close().catch(() => undefined);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
