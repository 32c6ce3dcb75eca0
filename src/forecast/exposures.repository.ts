import type { Tx } from '../kernel/index.js';
import { rows, touched } from '../kernel/database/sql.js';

/** An exposure that is new holds from a time of which no stream of its world has seen anything: who looks at streams holds this shared while he does. */
export const holdExposures = (tx: Tx): Promise<unknown> => rows(tx, `select pg_advisory_xact_lock_shared(hashtextextended('exposures', 29))`);
export const changeExposures = (tx: Tx): Promise<unknown> => rows(tx, `select pg_advisory_xact_lock(hashtextextended('exposures', 29))`);

export interface ViewerStep {
  readonly broadcast: string;
  /** The quarter of an hour from which on so many were watching. */
  readonly from_at: Date;
  readonly viewers: number;
}

/** The latest reading told before a step begins is the step's; a step that has begun is never told again. */
export const setViewerStep = (tx: Tx, step: ViewerStep, toldAt: Date): Promise<number> =>
  touched(
    tx,
    `insert into viewer_steps as v (broadcast, from_at, viewers, told_at) values ($1, $2, $3, $4)
     on conflict (broadcast, from_at) do update set viewers = excluded.viewers, told_at = excluded.told_at where v.told_at <= excluded.told_at`,
    [step.broadcast, step.from_at, step.viewers, toldAt],
  );

export const viewerSteps = (tx: Tx, broadcasts: readonly string[]): Promise<ViewerStep[]> =>
  broadcasts.length === 0 ? Promise.resolve([]) : rows(tx, 'select broadcast, from_at, viewers from viewer_steps where broadcast = any($1) order by broadcast, from_at', [broadcasts]);
