import type { Tx } from '../kernel/index.js';
import { one, rows, touched } from '../kernel/database/sql.js';
import type { Binding } from './principal.js';

export interface FileRow {
  readonly id: string;
  readonly content: string;
  readonly content_type: string;
  readonly size: number;
  readonly actor: string;
  readonly at: Date;
}

export const insertFile = (tx: Tx, f: Omit<FileRow, 'at'>): Promise<number> =>
  touched(tx, 'insert into files (id, content, content_type, size, actor) values ($1, $2, $3, $4, $5)', [f.id, f.content, f.content_type, f.size, f.actor]);
export const findFile = (tx: Tx, id: string): Promise<FileRow | undefined> => one(tx, 'select * from files where id = $1', [id]);
export const filesOf = (tx: Tx, ids: readonly string[]): Promise<FileRow[]> => rows(tx, 'select * from files where id = any($1)', [ids]);

/** Lets everybody who is bound to `binding` read these files. */
export const grant = (tx: Tx, ids: readonly string[], binding: Binding): Promise<number> =>
  touched(tx, 'insert into file_grants (file, kind, id) select f, $2, $3 from unnest($1::text[]) as f on conflict do nothing', [ids, binding.kind, binding.id]);
export const grantsOf = (tx: Tx, ids: readonly string[]): Promise<{ file: string; kind: string; id: string }[]> => rows(tx, 'select file, kind, id from file_grants where file = any($1)', [ids]);
