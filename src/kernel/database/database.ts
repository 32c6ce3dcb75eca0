// The way into the database. Services see `Database.transaction` and an opaque `Tx`; only repositories can turn a `Tx` into
// SQL (sql.ts, kept to them by the lint rule sql-in-repositories-only).
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
  readonly runner: QueryRunner;
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
      await this.source.runMigrations({ transaction: 'each' });
      await this.transaction(after);
    } finally {
      await client.end();
    }
  }

  async transaction<T>(work: (tx: Tx) => Promise<T>, isolation?: 'REPEATABLE READ' | 'SERIALIZABLE'): Promise<T> {
    const runner = this.source.createQueryRunner();
    const tx = {} as Tx;
    try {
      const client = (await runner.connect()) as pg.PoolClient;
      await runner.startTransaction(isolation);
      const inner: OpenTx = { client, runner, afterCommit: [] };
      open.set(tx, inner);
      const result = await work(tx);
      await runner.commitTransaction();
      for (const later of inner.afterCommit) later();
      return result;
    } catch (error) {
      // What runs beside the part that failed must not write after the rollback.
      open.delete(tx);
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      if (!(error instanceof DomainError) && isAway(error)) throw unavailable('the database is not available at the moment');
      throw error;
    } finally {
      open.delete(tx);
      await runner.release().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await this.source.destroy();
  }
}
