// For repositories, entities and sql/ alone: SQL on an opaque transaction.
import { readFileSync } from 'node:fs';
import type { QueryResult, QueryResultRow } from 'pg';
import type { EntityManager } from 'typeorm';
import { gathered, openTx, type Tx } from './database.js';

export { flags, numbers, sharedTexts, texts } from './arrays.js';

/** A statement of its own file, prepared once per connection under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Loads `./sql/NAME.sql` beside the repository; pass `import.meta.url`. */
export function statement(base: string, name: string): Statement {
  return { name, text: readFileSync(new URL(`./sql/${name}.sql`, base), 'utf8') };
}

const send = <R extends QueryResultRow>(tx: Tx, query: string | Statement, values: readonly unknown[]): Promise<QueryResult<R>> => {
  const client = gathered(openTx(tx).client);
  return typeof query === 'string' ? client.query<R>(query, values as unknown[]) : client.query<R>({ name: query.name, text: query.text, values: values as unknown[] });
};

export const rows = async <R extends QueryResultRow>(tx: Tx, query: string | Statement, values: readonly unknown[] = []): Promise<R[]> => (await send<R>(tx, query, values)).rows;

export const one = async <R extends QueryResultRow>(tx: Tx, query: string | Statement, values: readonly unknown[] = []): Promise<R | undefined> => (await send<R>(tx, query, values)).rows[0];

/** Runs a writing statement and answers how many rows it touched. */
export const touched = async (tx: Tx, query: string | Statement, values: readonly unknown[] = []): Promise<number> => (await send(tx, query, values)).rowCount ?? 0;

/** TypeORM's manager on the same transaction, for the tables that are mapped by entities. */
export const managerOf = (tx: Tx): EntityManager => openTx(tx).runner().manager;
