// For repositories, entities and sql/ alone: SQL on an opaque transaction.
import { readFileSync } from 'node:fs';
import type { QueryResultRow } from 'pg';
import type { EntityManager } from 'typeorm';
import { openTx, type Tx } from './database.js';

/** A statement of its own file, prepared once per connection under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Loads `./sql/NAME.sql` beside the repository; pass `import.meta.url`. */
export function statement(base: string, name: string): Statement {
  return { name, text: readFileSync(new URL(`./sql/${name}.sql`, base), 'utf8') };
}

export async function rows<R extends QueryResultRow>(tx: Tx, query: string | Statement, values: readonly unknown[] = []): Promise<R[]> {
  const { client } = openTx(tx);
  const result =
    typeof query === 'string'
      ? await client.query<R>(query, values as unknown[])
      : await client.query<R>({ name: query.name, text: query.text, values: values as unknown[] });
  return result.rows;
}

export async function one<R extends QueryResultRow>(tx: Tx, query: string | Statement, values: readonly unknown[] = []): Promise<R | undefined> {
  return (await rows<R>(tx, query, values))[0];
}

/** Runs a writing statement and answers how many rows it touched. */
export async function touched(tx: Tx, query: string | Statement, values: readonly unknown[] = []): Promise<number> {
  const { client } = openTx(tx);
  const result =
    typeof query === 'string'
      ? await client.query(query, values as unknown[])
      : await client.query({ name: query.name, text: query.text, values: values as unknown[] });
  return result.rowCount ?? 0;
}

/** TypeORM's manager on the same transaction, for the tables that are mapped by entities. */
export const managerOf = (tx: Tx): EntityManager => openTx(tx).runner.manager;
