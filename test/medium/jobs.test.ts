import 'reflect-metadata';
import { jest } from '@jest/globals';
import { z } from 'zod';
import { closeServer, freshDatabase, testSetting, until } from '../factories/database.js';
import { Database, defineFact, defineJob, DomainError, Handles, Jobs, JobsAndFacts1763800000000, Queues, type JobRun, type Tx } from '../../src/kernel/index.js';
import { rows, touched } from '../../src/kernel/database/sql.js';
import { Housekeeping } from '../../src/operations/housekeeping.js';

const happened = defineFact('test.happened', z.object({ n: z.number().int() }));
const effect = defineJob({ name: 'test.effect', queue: 'orders', on: happened, maxAttempts: 3 });
const single = defineJob({ name: 'test.single', queue: 'orders', payload: z.object({ key: z.string() }), identity: (p) => p.key });

const gather = defineJob({ name: 'test.gather', queue: 'orders', payload: z.object({ key: z.string() }), identity: (p) => p.key, identityUntil: 'claimed' });

/** What the handlers do, set by each test. */
const act: { effect: (run: JobRun<{ n: number }>) => Promise<void>; single: (run: JobRun<{ key: string }>) => Promise<void>; gather: (run: JobRun<{ key: string }>) => Promise<void> } = {
  effect: () => Promise.resolve(), single: () => Promise.resolve(), gather: () => Promise.resolve(),
};
class Room {
  @Handles(effect)
  onHappened(run: JobRun<{ n: number }>): Promise<void> {
    return act.effect(run);
  }
  @Handles(single)
  onSingle(run: JobRun<{ key: string }>): Promise<void> {
    return act.single(run);
  }
  @Handles(gather)
  onGather(run: JobRun<{ key: string }>): Promise<void> {
    return act.gather(run);
  }
}

let database: Database;
let queues: Queues;
let jobs: Jobs;
const insertEffect = (tx: Tx, n: number): Promise<number> => touched(tx, 'insert into effects (n) values ($1)', [n]);
const effects = () => database.transaction((tx) => rows<{ n: number; count: number }>(tx, 'select n, count(*)::int as count from effects group by n order by n'));
const outbox = (where = 'true') => database.transaction((tx) => rows<{ id: number; state: string; attempts: number; last_error: string | null }>(tx, `select id, state, attempts, last_error from job_outbox where ${where} order by id`));
const announce = (n: number): Promise<void> => database.transaction((tx) => jobs.announce(tx, happened, { n }));

function freshJobs(): Jobs {
  const made = new Jobs(database, queues, { getProviders: () => [{ instance: new Room() }] } as never);
  made.bind();
  return made;
}

beforeAll(async () => {
  const url = await freshDatabase();
  database = await Database.connect({ url, pool: 20, entities: [], migrations: [JobsAndFacts1763800000000] });
  await database.migrate();
  await database.transaction((tx) => touched(tx, 'create table effects (n int not null, at timestamptz default now()); create table log_of_runs (n int not null)'));
  const redis = testSetting('TEST_REDIS_URL');
  queues = await Queues.open({ databaseUrl: url, redisUrls: redis === undefined ? [] : [redis], concurrency: { forecast: 1, production: 1, orders: 8, connectors: 1 } });
  jobs = freshJobs();
  jobs.startRelay();
  jobs.startWorkers();
});
beforeEach(async () => {
  act.effect = (run) => run.effect((tx) => insertEffect(tx, run.payload.n)).then(() => undefined);
  act.single = (run) => run.effect(() => Promise.resolve());
  await until('earlier work has ended', async () => (await outbox(`state = 'due'`)).length === 0);
  await database.transaction((tx) => touched(tx, 'truncate effects; truncate log_of_runs; truncate job_outbox; truncate facts'));
});
afterAll(async () => {
  await jobs.stop();
  await queues.close();
  await database.close();
  await closeServer();
});

it('a fact and its work are one with the transaction that saw it: rolled back together', async () => {
  await expect(database.transaction(async (tx) => {
    await jobs.announce(tx, happened, { n: 1 });
    throw new Error('the business failed');
  })).rejects.toThrow('the business failed');
  expect(await outbox()).toEqual([]);
  await announce(2);
  await until('the effect is there', async () => (await effects()).length === 1);
  await until('the row has ended', async () => (await outbox())[0]?.state === 'done');
});

it('a wrong payload is refused where it is announced', async () => {
  await expect(database.transaction((tx) => jobs.announce(tx, happened, { n: 1.5 }))).rejects.toThrow();
});

it('a hundred wake-ups for one row have one effect', async () => {
  act.effect = async (run) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    await run.effect((tx) => insertEffect(tx, run.payload.n));
  };
  await announce(3);
  const [row] = await outbox();
  await Promise.all(Array.from({ length: 100 }, () => jobs.run((row as { id: number }).id)));
  await until('the row has ended', async () => (await outbox())[0]?.state === 'done');
  expect(await effects()).toEqual([{ n: 3, count: 1 }]);
});

it('a worker frozen past its lease is refused when it wakes; without the fence its effect would be there twice', async () => {
  const gates: (() => void)[] = [];
  let control = 0;
  act.effect = async (run) => {
    if (run.attempt === 1) await new Promise<void>((resolve) => gates.push(resolve));
    // The control: an effect outside the fence happens as often as the handler runs.
    await database.transaction((tx) => touched(tx, 'insert into log_of_runs values ($1)', [run.payload.n]));
    control++;
    await run.effect((tx) => insertEffect(tx, run.payload.n));
  };
  // Frozen: it gives no sign of life.
  [jobs.leaseSeconds, jobs.longestSeconds] = [1, 0];
  await announce(4);
  await until('the first run is frozen', () => Promise.resolve(gates.length === 1));
  await until('another worker took it over and ended it', async () => (await outbox())[0]?.state === 'done', 40);
  gates.forEach((open) => open());
  await until('the frozen one woke', () => Promise.resolve(control === 2));
  await new Promise((resolve) => setTimeout(resolve, 300));
  [jobs.leaseSeconds, jobs.longestSeconds] = [60, 1_800];
  expect(await effects()).toEqual([{ n: 4, count: 1 }]);
  expect((await database.transaction((tx) => rows(tx, 'select n from log_of_runs'))).length).toBe(2);
}, 60_000);

it('work that takes longer than a lease is done once, by the worker that is at it', async () => {
  let runs = 0;
  act.effect = async (run) => {
    runs++;
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    await run.effect((tx) => insertEffect(tx, run.payload.n));
  };
  jobs.leaseSeconds = 1;
  await announce(7);
  await until('it is done', async () => (await outbox())[0]?.state === 'done', 40);
  jobs.leaseSeconds = 60;
  expect([runs, await effects()]).toEqual([1, [{ n: 7, count: 1 }]]);
}, 60_000);

it('a failure that says nothing about the work uses up no try', async () => {
  let runs = 0;
  act.effect = (run) => {
    if (++runs <= 3) return Promise.reject(Object.assign(new Error('deadlock detected'), { code: '40P01' }));
    return run.effect((tx) => insertEffect(tx, run.payload.n)).then(() => undefined);
  };
  const spy = jest.spyOn(Math, 'random').mockReturnValue(1);
  await announce(8);
  await until('it is done', async () => (await outbox())[0]?.state === 'done', 40);
  spy.mockRestore();
  expect([runs, (await outbox())[0]?.attempts]).toEqual([4, 1]);
}, 60_000);

it('work whose runs end without a word becomes a dead letter, and is not tried for ever', async () => {
  let runs = 0;
  act.effect = () => (runs++, Promise.resolve());
  await database.transaction(async (tx) => {
    await jobs.announce(tx, happened, { n: 9 });
    // As after runs that took their processes with them: claimed, and never ended.
    await touched(tx, 'update job_outbox set attempts = 6');
  });
  await until('it is buried', async () => (await outbox(`state = 'dead'`)).length === 1);
  expect([runs, (await outbox())[0]?.last_error]).toEqual([0, expect.stringContaining('6 runs of it ended without a word')]);
});

it('a poison message ends as a dead letter with its cause, its neighbours go on, and it can be redriven', async () => {
  act.effect = (run) => (run.payload.n === 13 ? Promise.reject(new DomainError(422, 'poison', 'cannot be done')) : run.effect((tx) => insertEffect(tx, run.payload.n)).then(() => undefined));
  await Promise.all([12, 13, 14].map(announce));
  await until('the neighbours are done', async () => (await effects()).length === 2);
  await until('it is buried', async () => (await outbox(`state = 'dead'`)).length === 1);
  const [dead] = await outbox(`state = 'dead'`);
  expect(dead).toMatchObject({ attempts: 1, last_error: 'DomainError: cannot be done' });
  act.effect = (run) => run.effect((tx) => insertEffect(tx, run.payload.n)).then(() => undefined);
  const { redrive } = await import('../../src/kernel/index.js');
  expect(await database.transaction((tx) => redrive(tx, (dead as { id: number }).id))).toBe(true);
  jobs.kick();
  await until('it is done after all', async () => (await effects()).length === 3);
});

it('an unexpected failure is tried again with its reason kept, and buried after the last try', async () => {
  const spy = jest.spyOn(Math, 'random').mockReturnValue(1);
  act.effect = () => Promise.reject(new Error('flaky'));
  await announce(5);
  await until('it is buried after three tries', async () => (await outbox(`state = 'dead'`))[0]?.attempts === 3, 40);
  expect((await outbox())[0]?.last_error).toBe('Error: flaky');
  spy.mockRestore();
}, 60_000);

it('work of one identity is open once at a time', async () => {
  await database.transaction(async (tx) => {
    expect(await jobs.enqueue(tx, single, [{ key: 'a' }, { key: 'b' }], 1000)).toBe(2);
    expect(await jobs.enqueue(tx, single, [{ key: 'a' }], 1000)).toBe(0);
  });
  await database.transaction((tx) => touched(tx, 'delete from job_outbox'));
});

it('work that was enqueued and lost with its queue is done all the same: the row is the truth', async () => {
  // As if the queue had been flushed after the relay passed the row on.
  await jobs.stop();
  const lost = new Jobs(database, queues, { getProviders: () => [{ instance: new Room() }] } as never);
  await database.transaction((tx) => lost.announce(tx, happened, { n: 6 }));
  await database.transaction((tx) => touched(tx, `update job_outbox set enqueued = 1, due_at = now() + interval '1 second'`));
  jobs = freshJobs();
  jobs.startRelay();
  jobs.startWorkers();
  await until('it is relayed again', async () => (await effects()).length === 1);
  expect(await effects()).toEqual([{ n: 6, count: 1 }]);
});

it('work that gathers is asked for once while it waits, and once more while it runs', async () => {
  let go: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (go = resolve));
  let runs = 0;
  act.gather = async (run) => {
    runs++;
    await gate;
    await run.effect(() => Promise.resolve());
  };
  const ask = (): Promise<number> => database.transaction((tx) => jobs.enqueue(tx, gather, [{ key: 'a' }, { key: 'a' }]));
  expect(await ask()).toBe(1);
  await until('it runs', () => Promise.resolve(runs === 1));
  expect(await ask()).toBe(1);
  await until('the second runs too', () => Promise.resolve(runs === 2));
  go();
  await until('both have ended', async () => (await outbox(`state = 'done'`)).length === 2);
  expect(runs).toBe(2);
});

it('retention takes all that is too old, however much came in an hour, and nothing else', async () => {
  const count = () => database.transaction((tx) => rows<{ work: number; facts: number }>(tx, `select (select count(*) from job_outbox where job = 'test.old')::int as work, (select count(*) from facts where name = 'test.old')::int as facts`));
  await database.transaction(async (tx) => {
    await touched(tx, `insert into job_outbox (job, queue, payload, state, ended_at) select 'test.old', 'orders', '{}', s, now() - make_interval(days => d) from generate_series(1, 6000), (values ('done', 8)) as w(s, d)`);
    await touched(tx, `insert into job_outbox (job, queue, payload, state, ended_at) values ('test.old', 'orders', '{}', 'done', now()), ('test.old', 'orders', '{}', 'dead', now() - interval '9 days')`);
    await touched(tx, `insert into facts (name, payload, created_at) select 'test.old', '{}', now() - interval '8 days' from generate_series(1, 11000)`);
    await touched(tx, `insert into idempotency_keys (principal, key, route, body_hash, status, answer, created_at) select 'p', n::text, 'r', 'h', 201, 'a', now() - interval '3 days' from generate_series(1, 6000) as n`);
  });
  await new Housekeeping(database, undefined as never).sweep();
  expect(await count()).toEqual([{ work: 2, facts: 0 }]);
  expect(await database.transaction((tx) => rows(tx, `select 1 from idempotency_keys where principal = 'p'`))).toEqual([]);
});
