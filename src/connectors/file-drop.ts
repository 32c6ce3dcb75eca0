// Files that others put into a folder: DROP_DIR/orders, /returns, /catalogue, /broadcasts. A file is taken when nobody has written
// to it for a while, applied whole or not at all, and ends in done/ or failed/ with a report beside it. A claim is a rename, so of
// several processes on one folder one takes a file; a claim whose process died goes back by itself. Taking a file twice counts
// nothing twice.
import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, readdir, rename, rmdir, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Principal } from '../access/index.js';
import { CONFIGURATION, DomainError, formatOf, log, Repeated, type Configuration, type IntakeAnswer } from '../kernel/index.js';
import { ImportsService, type ImportKind } from './imports.service.js';

/** The order in which kinds are taken: what orders name should be there before them. */
const KINDS: readonly ImportKind[] = ['catalogue', 'broadcasts', 'orders', 'returns'];
const TICK_MS = 1_000;
/** A file that is still being written changes within this time. */
const QUIET_MS = 3_000;
/** A claim that was not renewed for this long is nobody's any more. */
const CLAIM_MS = 60_000;
/** Names of files under way: of scp, rsync, browsers and editors. */
const UNFINISHED = /^\.|\.(part|partial|tmp|filepart|crdownload)$|~$/i;

const DROP: Principal = { kind: 'key', id: 'file-drop', name: 'file drop', role: 'admin', bindings: [], scopes: [] };

@Injectable()
export class FileDrop {
  readonly folder: string;
  private readonly looks: Repeated;
  private stopped = false;

  constructor(
    @Inject(ImportsService) private readonly imports: ImportsService,
    @Inject(CONFIGURATION) configuration: Configuration,
  ) {
    this.looks = new Repeated('the look into the drop folder', TICK_MS, () => this.look());
    this.folder = configuration.dropDirectory ?? join(configuration.dataDirectory, 'drop');
  }

  async start(): Promise<void> {
    for (const name of [...KINDS, 'done', 'failed', '.taking']) await mkdir(join(this.folder, name), { recursive: true });
    this.looks.start();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.looks.stop();
  }

  /** Takes every file that is ready, one after the other. */
  async look(now = Date.now()): Promise<void> {
    await this.giveBack(now);
    for (const kind of KINDS) {
      for (const name of (await readdir(join(this.folder, kind))).sort()) {
        if (this.stopped) return;
        if (!UNFINISHED.test(name) && (await this.isQuiet(join(this.folder, kind, name), now))) await this.take(kind, name);
      }
    }
  }

  private async isQuiet(path: string, now: number): Promise<boolean> {
    const found = await stat(path).catch(() => undefined);
    return found?.isFile() === true && now - Math.max(found.mtimeMs, found.ctimeMs) >= QUIET_MS;
  }

  /** Files claimed by a process that is gone. */
  private async giveBack(now: number): Promise<void> {
    for (const claim of await readdir(join(this.folder, '.taking'))) {
      const path = join(this.folder, '.taking', claim);
      const found = await stat(path).catch(() => undefined);
      if (found === undefined || now - found.mtimeMs < CLAIM_MS) continue;
      const kind = KINDS.find((k) => claim.startsWith(`${k}-`));
      for (const name of kind === undefined ? [] : await readdir(path)) await this.putBack(join(path, name), kind ?? 'orders', name).catch(() => undefined);
      await rmdir(path).catch(() => undefined);
    }
  }

  private async take(kind: ImportKind, name: string): Promise<void> {
    const claim = join(this.folder, '.taking', `${kind}-${randomUUID()}`);
    await mkdir(claim);
    const path = join(claim, name);
    try {
      await rename(join(this.folder, kind, name), path);
    } catch {
      // Another process was faster.
      await rmdir(claim);
      return;
    }
    const beat = setInterval(() => void utimes(claim, new Date(), new Date()).catch(() => undefined), CLAIM_MS / 4);
    try {
      const format = formatOf(undefined, name);
      if (format === undefined) throw new DomainError(422, 'unknown-format', 'the name must end in .csv, .ndjson or .json (and .gz)');
      const answer = await this.imports.run(kind, createReadStream(path), format, 'stop', DROP);
      log.info('a dropped file was taken in', { kind, file: name, accepted: String(answer.accepted) });
      await this.end('done', kind, path, name, { file: name, kind, ...answer });
    } catch (error) {
      // The database is away or busy: the file goes back, and is taken when it is there again.
      if (!(error instanceof DomainError) || error.status >= 500) {
        log.warn('a dropped file has to wait', { kind, file: name, reason: (error as Error).message });
        await this.putBack(path, kind, name);
      } else {
        log.warn('a dropped file was refused', { kind, file: name, code: error.code });
        await this.end('failed', kind, path, name, { file: name, kind, code: error.code, detail: error.message, ...(error.extra as Partial<IntakeAnswer>) });
      }
    } finally {
      clearInterval(beat);
      await rmdir(claim).catch(() => undefined);
    }
  }

  /** Never over a newer file of the same name: that one may have come meanwhile. */
  private async putBack(path: string, kind: ImportKind, name: string): Promise<void> {
    for (const target of [name, `${randomUUID()}-${name}`]) {
      try {
        await link(path, join(this.folder, kind, target));
        await unlink(path);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }

  private async end(where: 'done' | 'failed', kind: ImportKind, path: string, name: string, report: object): Promise<void> {
    const target = join(this.folder, where, `${new Date().toISOString().replace(/[:.]/g, '-')}-${kind}-${name}`);
    await writeFile(`${target}.report.json`, `${JSON.stringify(report, null, 2)}\n`);
    await rename(path, target);
  }
}
