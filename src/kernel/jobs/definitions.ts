// Facts and jobs as definition objects shared by both sides, so that they cannot drift: a wrong payload does not compile, and
// a job without a handler, or with two, refuses to start.
import type { z } from 'zod';

/** Something that happened; past tense; declared by the room that saw it; 0..n jobs react to it. */
export interface Fact<P> {
  readonly name: string;
  readonly payload: z.ZodType<P>;
}

/** Work to be done; imperative; declared by the room that does it; exactly one handler. */
export interface Job<P> {
  readonly name: string;
  readonly queue: QueueName;
  readonly payload: z.ZodType<P>;
  readonly on: Fact<P> | undefined;
  /** Open rows of one job with equal identity are one piece of work; undefined: every row is its own. */
  readonly identity: ((payload: P) => string) | undefined;
  /**
   * Until when a row stands for its identity. `ended`: never two at a time, whoever asks meanwhile asks again later (a ticker).
   * `claimed`: what is asked for while one runs is another piece of work, for a handler that reads what to do from the database.
   */
  readonly identityUntil: 'ended' | 'claimed';
  readonly maxAttempts: number;
}

export const QUEUES = ['forecast', 'production', 'orders', 'connectors'] as const;
export type QueueName = (typeof QUEUES)[number];

const facts = new Map<string, Fact<never>>();
const jobs = new Map<string, Job<never>>();

export function defineFact<P>(name: string, payload: z.ZodType<P>): Fact<P> {
  if (facts.has(name)) throw new Error(`the fact ${name} is defined twice`);
  const fact: Fact<P> = { name, payload };
  facts.set(name, fact as unknown as Fact<never>);
  return fact;
}

interface JobOptions<P> {
  readonly name: string;
  readonly queue: QueueName;
  readonly identity?: (payload: P) => string;
  readonly identityUntil?: 'ended' | 'claimed';
  readonly maxAttempts?: number;
}

export function defineJob<P>(options: JobOptions<P> & ({ readonly on: Fact<P> } | { readonly payload: z.ZodType<P> })): Job<P> {
  if (jobs.has(options.name)) throw new Error(`the job ${options.name} is defined twice`);
  const on = 'on' in options ? options.on : undefined;
  const job: Job<P> = {
    name: options.name,
    queue: options.queue,
    payload: 'on' in options ? options.on.payload : options.payload,
    on,
    identity: options.identity,
    identityUntil: options.identityUntil ?? 'ended',
    maxAttempts: options.maxAttempts ?? 12,
  };
  jobs.set(options.name, job as unknown as Job<never>);
  return job;
}

export const allJobs = (): readonly Job<never>[] => [...jobs.values()];
export const jobNamed = (name: string): Job<never> | undefined => jobs.get(name);
export const reactionsTo = (fact: Fact<never>): readonly Job<never>[] => allJobs().filter((job) => job.on === fact);

const HANDLES = Symbol('castline:handles');

export interface JobRun<P> {
  readonly payload: P;
  readonly rowId: number;
  readonly attempt: number;
  /**
   * Runs the effect and ends the row in one transaction. Throws `LateWriter`, and rolls the effect back, where another worker
   * has taken the row over meanwhile. To be called exactly once; a handler that needs no effect of its own may leave it out.
   */
  effect<T>(work: (tx: import('../database/database.js').Tx) => Promise<T>): Promise<T>;
}

export const Handles =
  <P>(job: Job<P>) =>
  (target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<(run: JobRun<P>) => Promise<void>>): void => {
    const list = (Reflect.getMetadata(HANDLES, target.constructor) as HandlerMark[] | undefined) ?? [];
    if (descriptor.value === undefined) throw new Error(`${String(key)} is not a method`);
    Reflect.defineMetadata(HANDLES, [...list, { job: job as unknown as Job<never>, key }], target.constructor);
  };

export interface HandlerMark {
  readonly job: Job<never>;
  readonly key: string | symbol;
}

export const handlerMarks = (type: object): readonly HandlerMark[] =>
  (Reflect.getOwnMetadata(HANDLES, type) as HandlerMark[] | undefined) ?? [];

export type Handler = (run: JobRun<never>) => Promise<void>;

/** One handler for every job that is defined, or a list of what is wrong. */
export function bindHandlers(defined: readonly Job<never>[], providers: readonly object[]): Map<string, Handler> {
  const bound = new Map<string, Handler>();
  const faults: string[] = [];
  for (const provider of providers) {
    for (const { job, key } of handlerMarks(provider.constructor)) {
      if (bound.has(job.name)) faults.push(`the job ${job.name} has two handlers`);
      const method = (provider as Record<string | symbol, unknown>)[key] as Handler;
      bound.set(job.name, method.bind(provider));
    }
  }
  for (const job of defined) if (!bound.has(job.name)) faults.push(`the job ${job.name} has no handler`);
  if (faults.length > 0) throw new Error(`jobs and handlers do not match: ${faults.join('; ')}`);
  return bound;
}
