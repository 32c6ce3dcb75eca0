// Facts and due work as rows. A row of job_outbox ends with the transaction of its effect, never because it was enqueued.
import { currentScope, traceparentOf } from '../log/log.js';
import { one, rows, touched } from '../database/sql.js';
import type { Tx } from '../database/database.js';
import { allJobs, reactionsTo, type Fact, type Job } from './definitions.js';

export interface DueRow {
  readonly id: number;
  readonly job: string;
  readonly queue: string;
  /** How often it was enqueued, this time included. */
  readonly enqueued: number;
}

export interface ClaimedRow {
  readonly id: number;
  readonly job: string;
  readonly payload: unknown;
  readonly fence: number;
  readonly attempts: number;
  /** How often it was passed on to a queue. */
  readonly enqueued: number;
  readonly trace: string | null;
}

export interface DeadLetter {
  readonly id: number;
  readonly job: string;
  readonly payload: unknown;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly created_at: Date;
  readonly ended_at: Date | null;
}

const ENQUEUE = `
  insert into job_outbox (job, queue, identity, payload, trace, due_at, fact)
  select j.job, j.queue, j.identity, j.payload::jsonb, $1, now() + make_interval(secs => j.delay), j.fact
  from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::bigint[]) as j(job, queue, identity, payload, delay, fact)
  on conflict (job, identity) where state = 'due' and identity is not null do nothing`;

interface Work {
  readonly job: Job<never>;
  readonly payload: unknown;
  readonly delaySeconds: number;
  readonly fact: number | null;
}

async function insertWork(tx: Tx, work: readonly Work[]): Promise<number> {
  if (work.length === 0) return 0;
  const parsed = work.map((w) => w.job.payload.parse(w.payload));
  return touched(tx, ENQUEUE, [
    traceparentOf(currentScope()) ?? null,
    work.map((w) => w.job.name),
    work.map((w) => w.job.queue),
    work.map((w, i) => w.job.identity?.(parsed[i] as never) ?? null),
    parsed.map((p) => JSON.stringify(p)),
    work.map((w) => w.delaySeconds),
    work.map((w) => w.fact),
  ]);
}

/** Writes facts, and one row of work for each job that reacts to them, into the caller's transaction. */
export async function insertFacts<P>(tx: Tx, fact: Fact<P>, payloads: readonly P[]): Promise<void> {
  if (payloads.length === 0) return;
  const parsed = payloads.map((p) => fact.payload.parse(p));
  const ids = await rows<{ id: number }>(
    tx,
    `insert into facts (name, payload, trace) select $1, p::jsonb, $2 from unnest($3::text[]) as p returning id`,
    [fact.name, traceparentOf(currentScope()) ?? null, parsed.map((p) => JSON.stringify(p))],
  );
  const reactions = reactionsTo(fact as unknown as Fact<never>);
  await insertWork(
    tx,
    reactions.flatMap((job) => parsed.map((payload, i) => ({ job, payload, delaySeconds: 0, fact: ids[i]?.id ?? null }))),
  );
}

export const insertJobs = <P>(tx: Tx, job: Job<P>, payloads: readonly P[], delaySeconds: number): Promise<number> =>
  insertWork(tx, payloads.map((payload) => ({ job: job as unknown as Job<never>, payload, delaySeconds, fact: null })));

/** Claims what is due and not being worked on; a row that was enqueued but not ended comes back after `againSeconds`, then twice that, … */
export const takeDue = (tx: Tx, limit: number, againSeconds: number): Promise<DueRow[]> =>
  rows<DueRow>(
    tx,
    `with due as (
       select id from job_outbox where state = 'due' and due_at <= now() order by due_at limit $1 for update skip locked)
     update job_outbox o set due_at = now() + make_interval(secs => $2 * (1 << least(enqueued, 5))), enqueued = enqueued + 1
     from due where o.id = due.id returning o.id, o.job, o.queue, o.enqueued`,
    [limit, againSeconds],
  );

/** Hands rows back whose enqueueing failed. */
export const postpone = (tx: Tx, ids: readonly number[], seconds: number): Promise<number> =>
  touched(tx, `update job_outbox set due_at = now() + make_interval(secs => $2), enqueued = greatest(0, enqueued - 1) where id = any($1::bigint[]) and state = 'due'`, [ids, seconds]);

/** Takes the row for one run. Nothing is answered where it has ended or another worker's lease runs. */
export const claim = (tx: Tx, id: number, leaseSeconds: number): Promise<ClaimedRow | undefined> =>
  one<ClaimedRow>(
    tx,
    `update job_outbox set fence = fence + 1, attempts = attempts + 1, leased_until = now() + make_interval(secs => $2),
       due_at = now() + make_interval(secs => $2 + 1), identity = case when job = any($3) then null else identity end
     where id = $1 and state = 'due' and (leased_until is null or leased_until < now())
     returning id, job, payload, fence, attempts, enqueued, trace`,
    [id, leaseSeconds, allJobs().filter((j) => j.identityUntil === 'claimed').map((j) => j.name)],
  );

/** A sign of life: the run that holds the row holds it for another lease. */
export const renew = (tx: Tx, id: number, fence: number, leaseSeconds: number): Promise<number> =>
  touched(
    tx, `update job_outbox set leased_until = now() + make_interval(secs => $3), due_at = now() + make_interval(secs => $3 + 1) where id = $1 and fence = $2 and state = 'due' and leased_until is not null`,
    [id, fence, leaseSeconds],
  );

/** Ends the row; false where a later claim has a higher fence. */
export const complete = async (tx: Tx, id: number, fence: number): Promise<boolean> =>
  (await touched(tx, `update job_outbox set state = 'done', ended_at = now(), leased_until = null where id = $1 and fence = $2 and state = 'due'`, [id, fence])) === 1;

/** @param free the failure says nothing about the work: it does not count as a try */
export const retryLater = (tx: Tx, id: number, fence: number, seconds: number, reason: string, free: boolean): Promise<number> =>
  touched(
    tx,
    `update job_outbox set leased_until = null, due_at = now() + make_interval(secs => $3), last_error = $4, attempts = attempts - $5
     where id = $1 and fence = $2 and state = 'due'`,
    [id, fence, seconds, reason, free ? 1 : 0],
  );

export const bury = (tx: Tx, id: number, fence: number, reason: string): Promise<number> =>
  touched(
    tx,
    `update job_outbox set state = 'dead', ended_at = now(), leased_until = null, last_error = $3 where id = $1 and fence = $2 and state = 'due'`,
    [id, fence, reason],
  );

export const deadLetters = (tx: Tx, afterId: number, limit: number): Promise<DeadLetter[]> =>
  rows<DeadLetter>(
    tx,
    `select id, job, payload, attempts, last_error, created_at, ended_at from job_outbox where state = 'dead' and id > $1 order by id limit $2`,
    [afterId, limit],
  );

/** A dead letter becomes due again, with its attempts counted anew. */
export const redrive = async (tx: Tx, id: number): Promise<boolean> =>
  (await touched(
    tx,
    `update job_outbox set state = 'due', due_at = now(), attempts = 0, enqueued = 0, ended_at = null, last_error = null, identity = null where id = $1 and state = 'dead'`,
    [id],
  )) === 1;

export interface OutboxHealth {
  readonly due: number;
  readonly dead: number;
  /** Seconds since the oldest row that could run became due; 0 where nothing waits. */
  readonly oldest_seconds: number;
}

export const outboxHealth = (tx: Tx): Promise<OutboxHealth | undefined> =>
  one<OutboxHealth>(
    tx,
    `select count(*) filter (where state = 'due' and (enqueued > 0 or due_at <= now()))::int as due, count(*) filter (where state = 'dead')::int as dead,
       coalesce(extract(epoch from now() - min(created_at) filter (where state = 'due' and attempts = 0 and (enqueued > 0 or due_at <= now()))), 0)::float8 as oldest_seconds
     from job_outbox where state <> 'done'`,
  );

/** Rows that one transaction of retention takes, so that none holds locks for long. */
const BITE = 5_000;

/** Retention: ended rows and facts are history for a week, dead letters stay until they are redriven. A bite of each; answers whether there may be more. */
export async function prune(tx: Tx, days: number, bite = BITE): Promise<boolean> {
  const work = await touched(tx, `delete from job_outbox where id in (select id from job_outbox where state = 'done' and ended_at < now() - make_interval(days => $1) limit $2)`, [days, bite]);
  const facts = await touched(tx, `delete from facts where id in (select id from facts where created_at < now() - make_interval(days => $1) limit $2)`, [days, bite]);
  return work >= bite || facts >= bite;
}

export interface StreamedFact {
  readonly id: number;
  readonly xact: string;
  readonly name: string;
  readonly payload: Record<string, unknown>;
  readonly created_at: Date;
}

/**
 * Facts in commit-safe order after (xact, id): rows of transactions that may still be running are left for later, so that a
 * slower transaction's facts are never skipped by a reader's high-water mark.
 */
export const factsAfter = (tx: Tx, xact: string, id: number, limit: number): Promise<StreamedFact[]> =>
  rows<StreamedFact>(
    tx,
    // The table's xact (a number) orders, not the text of the same name that is answered.
    `select f.id, f.xact::text as xact, f.name, f.payload, f.created_at from facts f
     where (f.xact, f.id) > ($1::text::xid8, $2) and f.xact < pg_snapshot_xmin(pg_current_snapshot())
     order by f.xact, f.id limit $3`,
    [xact, id, limit],
  );

export const latestFact = (tx: Tx): Promise<{ xact: string; id: number } | undefined> =>
  one(tx, `select f.xact::text as xact, f.id from facts f where f.xact < pg_snapshot_xmin(pg_current_snapshot()) order by f.xact desc, f.id desc limit 1`);
