// A real PostgreSQL server from npm, for when no DATABASE_URL is given. Every process that uses a data folder is a member of
// it; the first member starts the server, later ones join, the last one out stops it. A server whose members all died
// (kill -9) is an orphan: the next process adopts it as it stands. A server with a living member is never stopped.
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { childEnvironment } from '../config/environment.js';
import { canEnter, locateBinaries, openFolder, serverUser, type ServerUser } from './embedded-binaries.js';

export interface EmbeddedServer {
  readonly url: string;
  /** What happened: a fresh cluster, an existing one started, a living one joined, an orphan adopted. */
  readonly how: 'created' | 'started' | 'joined' | 'adopted';
  readonly folder: string;
  readonly pid: number;
  /** Leaves the server; stops it when nobody else uses it. */
  leave(): Promise<void>;
}

const MAJOR = '18';

/** A process's identity that survives the reuse of its pid: on Linux its start time is part of it. */
function identityOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : `${pid}-${fields[19] ?? ''}`;
  } catch {
    return `${pid}-`;
  }
}

const members = (folder: string): string[] =>
  readdirSync(join(folder, 'members')).filter((name) => {
    const alive = identityOf(Number(name.split('-')[0])) === name;
    if (!alive) rmSync(join(folder, 'members', name), { force: true });
    return alive;
  });

/** One process at a time looks at the server's state and changes it. */
async function locked<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const file = join(folder, 'lock');
  for (const deadline = Date.now() + 60_000; ; ) {
    try {
      const handle = openSync(file, 'wx');
      writeFileSync(handle, identityOf(process.pid) ?? '');
      closeSync(handle);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = existsSync(file) ? readFileSync(file, 'utf8') : '';
      const stale = holder !== '' && identityOf(Number(holder.split('-')[0])) !== holder;
      if (stale) rmSync(file, { force: true });
      else if (Date.now() > deadline) throw new Error(`${file} is held by process ${holder}; remove it if that process is gone`);
      else await sleep(50);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });

interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

function livingPostmaster(data: string): Postmaster | undefined {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, 'utf8').split('\n');
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!Number.isInteger(pid) || pid <= 0 || identityOf(pid) === undefined) return undefined;
  // A reused pid is not our server: on Linux its command line names the data folder.
  try {
    if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(data)) return undefined;
  } catch {
    // No /proc: the pid alone has to do.
  }
  return { pid, port };
}

async function waitUntilReady(url: string, alive: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000; ; ) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    try {
      await client.connect();
      await client.query('select 1');
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (!alive()) throw new Error('the embedded PostgreSQL ended while it started');
      if (Date.now() > deadline) throw new Error(`the embedded PostgreSQL did not become ready: ${String(error)}`);
      await sleep(30);
    }
  }
}

function makeFolder(wanted: string, user: ServerUser | undefined): string {
  try {
    mkdirSync(wanted, { recursive: true });
  } catch (error) {
    throw new Error(`DATA_DIR: the folder ${wanted} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'error'}); choose another or mend its rights`);
  }
  const folder = canEnter(wanted, user) ? wanted : openFolder(`data ${wanted}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (process.getuid !== undefined && statSync(folder).uid !== process.getuid()) {
    throw new Error(`DATA_DIR: the folder ${folder} belongs to another user; choose another`);
  }
  try {
    mkdirSync(join(folder, 'members'), { recursive: true });
  } catch (error) {
    throw new Error(`DATA_DIR: the folder ${folder} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'error'}); choose another or mend its rights`);
  }
  return folder;
}

const as = (user: ServerUser | undefined) => (user === undefined ? {} : { uid: user.uid, gid: user.gid });

function initialise(binaries: string, folder: string, password: string, user: ServerUser | undefined): void {
  const data = join(folder, 'pgdata');
  const passwordFile = join(folder, 'initdb.password');
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) {
    chownSync(data, user.uid, user.gid);
    chownSync(passwordFile, user.uid, user.gid);
  }
  const made = spawnSync(
    join(binaries, 'bin', 'initdb'),
    ['-D', data, '-U', 'castline', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...as(user), encoding: 'utf8', env: childEnvironment(), cwd: folder },
  );
  rmSync(passwordFile, { force: true });
  if (made.status !== 0) {
    rmSync(data, { recursive: true, force: true });
    throw new Error(`initdb failed: ${made.error?.message ?? made.stderr.trim()}`);
  }
}

// No wal_compression: this build compresses page images with pglz alone, which costs more processor time per order than all that an
// order writes; where disks are the limit, a PostgreSQL of one's own can compress with lz4 or zstd.
function startServer(binaries: string, data: string, port: number, user: ServerUser | undefined, logFile: string): number {
  const output = openSync(logFile, 'a');
  const server = spawn(
    join(binaries, 'bin', 'postgres'),
    ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'max_connections=200',
      '-c', 'shared_buffers=256MB', '-c', 'max_wal_size=2GB', '-c', 'jit=off', '-c', 'log_min_messages=warning',
      '-c', 'log_min_error_statement=panic'],
    { ...as(user), detached: true, stdio: ['ignore', output, output], env: childEnvironment(), cwd: data },
  );
  closeSync(output);
  server.unref();
  if (server.pid === undefined) throw new Error('the embedded PostgreSQL could not be started');
  return server.pid;
}

export async function openEmbedded(wanted: string): Promise<EmbeddedServer> {
  const user = serverUser();
  const folder = makeFolder(wanted, user);
  const data = join(folder, 'pgdata');
  const me = identityOf(process.pid) ?? String(process.pid);

  return locked(folder, async () => {
    const others = members(folder).filter((name) => name !== me);
    let how: EmbeddedServer['how'];
    const passwordFile = join(folder, 'server.password');
    const versionFile = join(data, 'PG_VERSION');
    if (!existsSync(versionFile) || !existsSync(passwordFile)) {
      const { randomBytes } = await import('node:crypto');
      writeFileSync(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
      initialise(locateBinaries(user), folder, readFileSync(passwordFile, 'utf8'), user);
      how = 'created';
    } else {
      how = 'started';
      const version = readFileSync(versionFile, 'utf8').trim();
      if (version !== MAJOR) {
        throw new Error(
          `the data in ${data} was written by PostgreSQL ${version}, this version of Castline brings ${MAJOR}: dump it with the Castline that wrote it ` +
            '(docs: README, "Upgrading"), or set DATA_DIR to a new folder',
        );
      }
    }
    const password = readFileSync(passwordFile, 'utf8');
    const urlAt = (port: number, database: string) => `postgres://castline:${password}@127.0.0.1:${port}/${database}`;

    const living = livingPostmaster(data);
    let port: number;
    let pid: number;
    if (living !== undefined) {
      how = others.length > 0 ? 'joined' : 'adopted';
      ({ port, pid } = living);
    } else {
      const binaries = locateBinaries(user);
      // After a kill -9 of the server its shared memory may need a few seconds to be given back.
      for (let attempt = 1; ; attempt++) {
        port = await freePort();
        pid = startServer(binaries, data, port, user, join(folder, 'postgres.log'));
        try {
          const started = pid;
          await waitUntilReady(urlAt(port, 'postgres'), () => identityOf(started) !== undefined);
          break;
        } catch (error) {
          if (attempt >= 6) throw error;
          await sleep(500 * attempt);
        }
      }
    }
    await waitUntilReady(urlAt(port, 'postgres'), () => identityOf(pid) !== undefined);
    const client = new pg.Client({ connectionString: urlAt(port, 'postgres') });
    await client.connect();
    const exists = await client.query("select 1 from pg_database where datname = 'castline'");
    if (exists.rowCount === 0) await client.query('create database castline');
    await client.end();
    writeFileSync(join(folder, 'members', me), '');

    const leave = (): Promise<void> =>
      locked(folder, async () => {
        rmSync(join(folder, 'members', me), { force: true });
        if (members(folder).length > 0) return;
        const running = livingPostmaster(data);
        if (running === undefined) return;
        process.kill(running.pid, 'SIGINT');
        for (const deadline = Date.now() + 20_000; identityOf(running.pid) !== undefined && Date.now() < deadline; ) await sleep(20);
      });
    return { url: urlAt(port, 'castline'), how, folder, pid, leave };
  });
}


/** Removes a data folder's cluster, stopping an orphaned server; false where somebody lives in it. */
export async function discardEmbedded(wanted: string): Promise<boolean> {
  const user = serverUser();
  const folder = makeFolder(wanted, user);
  return locked(folder, async () => {
    if (members(folder).length > 0) return false;
    const data = join(folder, 'pgdata');
    const orphan = livingPostmaster(data);
    if (orphan !== undefined) {
      process.kill(orphan.pid, 'SIGINT');
      for (const deadline = Date.now() + 20_000; identityOf(orphan.pid) !== undefined && Date.now() < deadline; ) await sleep(20);
    }
    rmSync(data, { recursive: true, force: true });
    rmSync(join(folder, 'server.password'), { force: true });
    return true;
  });
}
