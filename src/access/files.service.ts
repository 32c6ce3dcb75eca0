// Photos and measurement sheets: who uploaded them, and who else may read them. A file that is not the caller's does not exist.
import { Inject, Injectable } from '@nestjs/common';
import { contentKey, Database, DomainError, FILE_STORE, invalid, log, newId, notFound, unavailable, type FileStore, type Tx } from '../kernel/index.js';
import * as store from './files.repository.js';
import { actorOf, BOUND_ROLES, type Binding, type Principal } from './principal.js';

export const MAX_FILE_BYTES = 8 * 1024 * 1024;

const TYPES: readonly (readonly [type: string, matches: (b: Buffer) => boolean])[] = [
  ['image/jpeg', (b) => b.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))],
  ['image/png', (b) => b.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))],
  ['image/webp', (b) => b.subarray(0, 4).toString('latin1') === 'RIFF' && b.subarray(8, 12).toString('latin1') === 'WEBP'],
  ['application/pdf', (b) => b.subarray(0, 5).toString('latin1') === '%PDF-'],
];

/** What the bytes are, whatever they are called; undefined where it is nothing that is kept here. */
export const typeOf = (bytes: Buffer): string | undefined => TYPES.find(([, matches]) => matches(bytes))?.[0];

/** The reason is for our log; where the files are kept is nobody else's business. */
function silent(error: unknown): DomainError {
  log.warn('the file store failed', { reason: (error as Error).message });
  return unavailable('the file store does not answer; try again', 5);
}

@Injectable()
export class FilesService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(FILE_STORE) private readonly files: FileStore,
  ) {}

  /** Keeps the bytes before anything points to them; answers what `record` then writes in the caller's transaction. */
  async keep(bytes: Buffer): Promise<{ content: string; contentType: string }> {
    if (bytes.length === 0) throw invalid('body', 'is empty: send the bytes of a photo');
    const contentType = typeOf(bytes);
    if (contentType === undefined) throw new DomainError(415, 'unsupported-media-type', 'send a photo as JPEG, PNG or WebP, or a sheet as PDF');
    const content = contentKey(bytes);
    await this.files.put(content, bytes, contentType).catch((error: unknown) => {
      throw silent(error);
    });
    return { content, contentType };
  }

  async record(tx: Tx, principal: Principal, file: { content: string; contentType: string; size: number }): Promise<store.FileRow> {
    const id = newId('file');
    await store.insertFile(tx, { id, content: file.content, content_type: file.contentType, size: file.size, actor: actorOf(principal) });
    for (const binding of principal.bindings) await store.grant(tx, [id], binding);
    return (await store.findFile(tx, id)) as store.FileRow;
  }

  async read(principal: Principal, id: string): Promise<{ file: store.FileRow; bytes: Buffer }> {
    const file = await this.database.transaction(async (tx) => (await this.readable(tx, principal, [id])).get(id));
    if (file === undefined) throw notFound(`the file ${id}`);
    const bytes = await this.files.get(file.content).catch((error: unknown) => {
      throw silent(error);
    });
    if (bytes === undefined) throw new DomainError(410, 'gone', `the bytes of the file ${id} are not in the file store any more`);
    return { file, bytes };
  }

  /** For rooms that take photos: each must be there for the caller; whoever is bound to `grants` may read them from now on. */
  async attach(tx: Tx, principal: Principal, field: string, ids: readonly string[], grants: readonly Binding[]): Promise<void> {
    if (ids.length === 0) return;
    const known = await this.readable(tx, principal, ids);
    ids.forEach((id, i) => {
      if (!known.has(id)) throw invalid(`${field}[${i}]`, `the file ${id} does not exist; upload it with POST /v1/files first`);
    });
    for (const binding of grants) await store.grant(tx, ids, binding);
  }

  grant = (tx: Tx, ids: readonly string[], binding: Binding): Promise<number> => store.grant(tx, ids, binding);

  /** Those of the files that the principal may read: a bound role what its bindings were granted or it uploaded itself, any other role all. */
  private async readable(tx: Tx, principal: Principal, ids: readonly string[]): Promise<ReadonlyMap<string, store.FileRow>> {
    const found = await store.filesOf(tx, ids);
    if (BOUND_ROLES[principal.role] === undefined) return new Map(found.map((f) => [f.id, f]));
    const grants = await store.grantsOf(tx, ids);
    const mine = (f: store.FileRow): boolean => f.actor === actorOf(principal) || grants.some((g) => g.file === f.id && principal.bindings.some((b) => b.kind === g.kind && b.id === g.id));
    return new Map(found.filter(mine).map((f) => [f.id, f]));
  }
}
