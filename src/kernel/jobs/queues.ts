// BullMQ, on PostgreSQL or on Redis, behind one small face. It carries wake-ups ("look at row 7"), never the work itself:
// everything it holds can be rebuilt from job_outbox.
import { Queue as RedisQueue, Worker as RedisWorker, createPostgresBackend, runMigrations, withBackend } from 'bullmq';
import { Cluster, Redis } from 'ioredis';
import pg from 'pg';
import { log } from '../log/log.js';
import { QUEUES, type QueueName } from './definitions.js';

export interface QueueSettings {
  readonly redisUrls: readonly string[];
  readonly databaseUrl: string;
  /** Jobs of one queue that one process runs at a time; their sum stays well below the database pool, so that requests never wait for jobs. */
  readonly concurrency: Readonly<Record<QueueName, number>>;
}

export type Backend = 'postgres' | 'redis';

interface Wake {
  readonly row: number;
}

/** Cluster needs one hash slot per queue; on a single Redis the braces do no harm. */
const PREFIX = '{castline}';

export class Queues {
  private constructor(
    readonly backend: Backend,
    private readonly queues: ReadonlyMap<QueueName, RedisQueue>,
    private readonly makeWorker: (name: QueueName, handle: (row: number) => Promise<void>) => RedisWorker,
    private readonly closeConnections: () => Promise<void>,
    private readonly workers: RedisWorker[] = [],
  ) {}

  static async open(settings: QueueSettings): Promise<Queues> {
    return settings.redisUrls.length > 0 ? Queues.onRedis(settings) : Queues.onPostgres(settings);
  }

  private static async onPostgres(settings: QueueSettings): Promise<Queues> {
    const migrator = new pg.Client({ connectionString: settings.databaseUrl });
    await migrator.connect();
    await runMigrations(migrator);
    await migrator.end();
    // One pool for all queues and workers (each worker keeps one client for LISTEN); BullMQ wants its schema on the path.
    const pool = new pg.Pool({
      connectionString: settings.databaseUrl, max: 12, application_name: 'castline-queues', options: '-c search_path=bullmq', keepAlive: true, connectionTimeoutMillis: 5_000,
    });
    pool.on('error', (error) => log.warn('queue connection lost', { reason: error.message }));
    const { Queue, Worker } = withBackend(createPostgresBackend);
    const connection = pool as never;
    const queues = new Map(QUEUES.map((name) => [name, new Queue(name, { connection }) as unknown as RedisQueue]));
    for (const queue of queues.values()) queue.on('error', (error) => log.warn('queue error', { queue: queue.name, reason: error.message }));
    const makeWorker = (name: QueueName, handle: (row: number) => Promise<void>): RedisWorker =>
      new Worker(name, async (job: { data: Wake }) => handle(job.data.row), { connection, concurrency: settings.concurrency[name], lockDuration: 60_000, maxStalledCount: 3 }) as unknown as RedisWorker;
    return new Queues('postgres', queues, makeWorker, () => pool.end());
  }

  private static async onRedis(settings: QueueSettings): Promise<Queues> {
    const connect = (producer: boolean): Redis | Cluster => {
      // Producers fail fast, so that the relay can hand its rows back; workers wait for Redis to return.
      const options = { maxRetriesPerRequest: producer ? 1 : null, enableOfflineQueue: !producer, enableReadyCheck: true };
      const made =
        settings.redisUrls.length > 1
          ? new Cluster(settings.redisUrls.map((url) => ({ host: new URL(url).hostname, port: Number(new URL(url).port || 6379) })), {
              redisOptions: { ...options, ...credentials(settings.redisUrls[0] ?? '') },
              enableOfflineQueue: !producer,
            })
          : new Redis(settings.redisUrls[0] ?? '', options);
      made.on('error', (error: Error) => log.warn('redis connection lost', { reason: error.message }));
      return made;
    };
    const producer = connect(true);
    await untilReady(producer);
    await refuseEvictingRedis(producer);
    const consumers: (Redis | Cluster)[] = [];
    const queues = new Map(QUEUES.map((name) => [name, new RedisQueue(name, { connection: producer, prefix: PREFIX })]));
    for (const queue of queues.values()) queue.on('error', (error) => log.warn('queue error', { queue: queue.name, reason: error.message }));
    const makeWorker = (name: QueueName, handle: (row: number) => Promise<void>): RedisWorker => {
      const connection = connect(false);
      consumers.push(connection);
      return new RedisWorker<Wake>(name, async (job) => handle(job.data.row), {
        connection: connection, prefix: PREFIX, concurrency: settings.concurrency[name], lockDuration: 60_000, maxStalledCount: 3,
      });
    };
    return new Queues('redis', queues, makeWorker, () => {
      producer.disconnect();
      for (const connection of consumers) connection.disconnect();
      return Promise.resolve();
    });
  }

  /**
   * Wakes a worker for each row. The job id names the row and how often it was enqueued: a repeat of one enqueueing is dropped
   * by the queue, and a later one gets through even while an earlier run hangs (the row's lease lets only one of them work).
   */
  async wake(rows: readonly { readonly id: number; readonly queue: string; readonly enqueued: number }[]): Promise<void> {
    const byQueue = new Map<QueueName, { id: number; enqueued: number }[]>();
    for (const row of rows) byQueue.set(row.queue as QueueName, [...(byQueue.get(row.queue as QueueName) ?? []), row]);
    for (const [name, due] of byQueue) {
      const queue = this.queues.get(name);
      if (queue === undefined) throw new Error(`there is no queue ${name}`);
      await queue.addBulk(
        due.map(({ id, enqueued }) => ({ name, data: { row: id }, opts: { jobId: `row-${id}-${enqueued}`, removeOnComplete: true, removeOnFail: true, attempts: 1 } })),
      );
    }
  }

  work(handle: (row: number) => Promise<void>): void {
    for (const name of QUEUES) {
      const worker = this.makeWorker(name, handle);
      worker.on('error', (error) => log.warn('worker error', { queue: name, reason: error.message }));
      this.workers.push(worker);
    }
  }

  all(): readonly RedisQueue[] {
    return [...this.queues.values()];
  }

  async counts(): Promise<Record<string, Record<string, number>>> {
    const entries = await Promise.all([...this.queues].map(async ([name, queue]) => [name, await queue.getJobCounts('waiting', 'active', 'delayed', 'failed')] as const));
    return Object.fromEntries(entries);
  }

  /** Waits for running jobs, then lets go. */
  async stopWorkers(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.close()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.close().catch(() => undefined)));
    await this.closeConnections();
  }
}

function credentials(url: string): { username?: string; password?: string; tls?: object } {
  const parsed = new URL(url);
  return {
    ...(parsed.username === '' ? {} : { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password === '' ? {} : { password: decodeURIComponent(parsed.password) }),
    ...(parsed.protocol === 'rediss:' ? { tls: {} } : {}),
  };
}

async function untilReady(redis: Redis | Cluster): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('REDIS_URL: Redis did not answer within 10 s')), 10_000);
    redis.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** A Redis that evicts keys loses jobs without a word; one without AOF loses the last second's on a crash (rebuilt, but late). */
async function refuseEvictingRedis(redis: Redis | Cluster): Promise<void> {
  const nodes = redis instanceof Cluster ? redis.nodes('master') : [redis];
  for (const node of nodes) {
    let policy: string | undefined;
    let aof: string | undefined;
    try {
      [, policy] = (await node.config('GET', 'maxmemory-policy'));
      [, aof] = (await node.config('GET', 'appendonly'));
    } catch (error) {
      log.warn('Redis does not answer CONFIG GET; see to it that maxmemory-policy is noeviction', { reason: (error as Error).message });
      continue;
    }
    if (policy !== 'noeviction') {
      throw new Error(`REDIS_URL: this Redis evicts keys (maxmemory-policy is ${policy ?? 'unknown'}); set it to noeviction`);
    }
    if (aof !== 'yes') log.warn('Redis has no AOF (appendonly no): after a crash of Redis waiting wake-ups come a lease later');
  }
}
