// The way into the database. Services see `Database.transaction` and an opaque `Tx`; only repositories can turn a `Tx` into
// SQL (sql.ts, kept to them by the lint rule sql-in-repositories-only).
import type { Writable } from 'node:stream';
import pg from 'pg';
import { DataSource, type EntityTarget, type MigrationInterface, type QueryRunner } from 'typeorm';
import { DomainError, unavailable } from '../errors.js';
import { log } from '../log/log.js';

declare const opaque: unique symbol;

/** A running transaction. It has no members on purpose: a repository opens it with `sql(tx)`. */
export interface Tx {
  readonly [opaque]: true;
}

export interface OpenTx {
  readonly client: pg.PoolClient;
  /** TypeORM's view of this transaction, made when somebody asks for it: most transactions are plain statements. */
  readonly runner: () => QueryRunner;
  /** Statements under way that the commit is sent right behind, without waiting for their answers. */
  readonly last: Promise<unknown>[];
  readonly afterCommit: (() => void)[];
}

const open = new WeakMap<Tx, OpenTx>();

export const openTx = (tx: Tx): OpenTx => {
  const inner = open.get(tx);
  if (inner === undefined) throw new Error('this transaction has ended');
  return inner;
};

/** Runs `work` once the transaction is durable; not at all where it rolls back. */
export const afterCommit = (tx: Tx, work: () => void): void => void openTx(tx).afterCommit.push(work);

/**
 * Runs `work` so that what it wrote is undone where it throws, while the transaction goes on. To be awaited alone: a statement
 * beside it would be undone with it.
 */
export async function undoable<T>(tx: Tx, work: () => Promise<T>): Promise<T> {
  const { client } = openTx(tx);
  await client.query('savepoint undoable');
  try {
    const result = await work();
    await client.query('release savepoint undoable');
    return result;
  } catch (error) {
    await client.query('rollback to savepoint undoable');
    await client.query('release savepoint undoable');
    throw error;
  }
}

/**
 * What the transaction ends with: the commit is sent right behind these statements, which saves a round trip and holds their row
 * locks no longer than the server needs. Where one of them fails, PostgreSQL turns the commit into a rollback.
 */
export const endWith = (tx: Tx, ...statements: readonly Promise<unknown>[]): void => {
  // The commit waits for them; a failure that comes before is not unhandled.
  for (const statement of statements) statement.catch(() => undefined);
  openTx(tx).last.push(...statements);
};

// PostgreSQL answers bigint and numeric as text. Our bigints are counts and minor units below 2^53 (checked at the door), so
// they are read as numbers, and a larger one is a fault rather than a silent rounding. Only our own pool reads so: the
// parsers are not set globally, because BullMQ shares the driver.
const INT8: number = pg.types.builtins.INT8;
const ownTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
    if (oid !== INT8 || format === 'binary') return (pg.types.getTypeParser as (oid: number, format?: string) => unknown)(oid, format);
    return (text: string): number => {
      const value = Number(text);
      if (!Number.isSafeInteger(value)) throw new Error(`bigint ${text} from the database exceeds 2^53`);
      return value;
    };
  },
};

export interface DatabaseOptions {
  readonly url: string;
  readonly pool: number;
  readonly entities: readonly EntityTarget<unknown>[];
  readonly migrations: readonly (new () => MigrationInterface)[];
  readonly applicationName?: string;
}

/** SQLSTATE classes in which the database is away, overloaded or shutting down rather than refusing the data. */
const AWAY = /^(08|53|57P)/;
const AWAY_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN']);

export function isAway(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return (
    (code !== undefined && (AWAY.test(code) || AWAY_CODES.has(code))) ||
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/.test(message ?? '')
  );
}

/** Serialisation failure, deadlock, lock time-out: the same transaction may pass when it is run again. */
export const isTransient = (error: unknown): boolean =>
  ['40001', '40P01', '55P03'].includes((error as { code?: string }).code ?? '');

/** Statements that are sent in one turn of the event loop leave in one piece: a system call each would cost more than many of them. */
export function gathered(client: pg.PoolClient): pg.PoolClient {
  const { stream } = (client as unknown as { connection: { stream: Writable } }).connection;
  if (stream.writableCorked === 0) {
    stream.cork();
    process.nextTick(() => stream.uncork());
  }
  return client;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

export class Database {
  private constructor(
    readonly source: DataSource,
    private readonly options: DatabaseOptions,
  ) {}

  static async connect(options: DatabaseOptions): Promise<Database> {
    const source = new DataSource({
      type: 'postgres',
      url: options.url,
      entities: options.entities as never,
      migrations: options.migrations as never,
      migrationsTableName: 'migrations',
      synchronize: false,
      extra: {
        max: options.pool,
        // Statements that do not need each other's answers go out together (Promise.all) and cost one round trip. The server
        // still runs them one after the other, in the order in which they were sent.
        pipeline: true,
        types: ownTypes,
        connectionTimeoutMillis: 10_000,
        idleTimeoutMillis: 60_000,
        application_name: options.applicationName ?? 'castline',
        statement_timeout: 120_000,
        lock_timeout: 30_000,
        idle_in_transaction_session_timeout: 120_000,
      },
      poolErrorHandler: (error: Error) => log.warn('database connection lost', { reason: error.message }),
    });
    await source.initialize();
    const database = new Database(source, options);
    const [{ version }] = await source.query<[{ version: number }]>("select current_setting('server_version_num')::int as version");
    if (version < 150_000) throw new Error(`DATABASE_URL: PostgreSQL 15 or newer is needed, this one is ${Math.floor(version / 10_000)}`);
    return database;
  }

  /** Runs what is pending, and `after` (what must be there before the first request, such as partitions), one process at a time (advisory lock 7226). */
  async migrate(after: (tx: Tx) => Promise<void> = () => Promise.resolve()): Promise<void> {
    const client = new pg.Client({ connectionString: this.options.url });
    await client.connect();
    try {
      await client.query('select pg_advisory_lock(7226)');
      // An index over a long history takes longer than a statement may. The pool has one connection yet, and gives it to the migrations.
      await this.source.query('set statement_timeout = 0');
      await this.source.runMigrations({ transaction: 'each' });
      await this.source.query('set statement_timeout = 120000');
      await this.transaction(after);
    } finally {
      await client.end();
    }
  }

  async transaction<T>(work: (tx: Tx) => Promise<T>, isolation?: 'REPEATABLE READ' | 'SERIALIZABLE'): Promise<T> {
    const client = await this.connection();
    const tx = {} as Tx;
    let broken: Error | undefined;
    const onError = (error: Error): void => void (broken = error);
    client.on('error', onError);
    try {
      // It goes out together with the first statement; where it fails, so does that one.
      const begun = gathered(client).query(isolation === undefined ? 'begin' : `begin isolation level ${isolation}`);
      begun.catch(() => undefined);
      const inner: OpenTx = { client, runner: once(() => this.runnerOn(client)), last: [], afterCommit: [] };
      open.set(tx, inner);
      const result = await work(tx);
      // Nothing more may be written: what still runs would come behind the commit.
      open.delete(tx);
      const committed = gathered(client).query('commit');
      committed.catch(() => undefined);
      await begun;
      await Promise.all(inner.last);
      if ((await committed).command !== 'COMMIT') throw new Error('the transaction was rolled back: a statement in it had failed');
      for (const later of inner.afterCommit) later();
      return result;
    } catch (error) {
      // What runs beside the part that failed must not write after the rollback.
      open.delete(tx);
      await client.query('rollback').catch((reason: unknown) => (broken ??= reason as Error));
      if (!(error instanceof DomainError) && isAway(error)) throw unavailable('the database is not available at the moment');
      throw error;
    } finally {
      open.delete(tx);
      client.off('error', onError);
      client.release(broken);
    }
  }

  private async connection(): Promise<pg.PoolClient> {
    try {
      return await (this.source.driver as unknown as { master: pg.Pool }).master.connect();
    } catch (error) {
      if (isAway(error)) throw unavailable('the database is not available at the moment');
      throw error;
    }
  }

  /** A query runner of TypeORM on a connection that is in a transaction already; what it starts itself are savepoints. */
  private runnerOn(client: pg.PoolClient): QueryRunner {
    return Object.assign(this.source.createQueryRunner(), { databaseConnection: client, isTransactionActive: true, transactionDepth: 1 });
  }

  async close(): Promise<void> {
    await this.source.destroy();
  }
}
