import type { Tx } from '../kernel/index.js';
import { one, rows, touched } from '../kernel/database/sql.js';
import type { World } from './production.repository.js';
import type { Measurement } from './samples.rules.js';
import type { SampleKind, SampleStatus } from './samples.states.js';

export type SampleReason = 'adjustment' | 'line-up' | 'alarm' | 'repeat' | 'person';

export interface SampleRow {
  readonly id: string;
  readonly world: World;
  readonly supplier: string;
  readonly style: string;
  readonly colour: string;
  readonly kind: SampleKind;
  readonly status: SampleStatus;
  readonly version: number;
  readonly round: number;
  readonly pieces: number;
  readonly size: string | null;
  readonly due: string;
  readonly who_pays: 'merchant' | 'supplier';
  readonly fee: number;
  readonly cause: SampleReason;
  readonly cause_id: string;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly created_at: Date;
  readonly respond_by: Date;
  readonly actor: string;
  readonly sent: boolean;
}

const SAMPLE = `select s.id, s.world, s.supplier, s.style, s.colour, s.kind, s.status, s.version, s.round, s.pieces, s.size, to_char(s.due, 'YYYY-MM-DD') as due, s.who_pays, s.fee, s.cause, s.cause_id, s.evidence, s.created_at, s.respond_by, s.actor, s.sent
  from sample_requests s`;

/** Inserts a request with its first round; false where one like it is open, or was made for the same cause. */
export async function insertSample(tx: Tx, s: SampleRow): Promise<boolean> {
  const inserted = await touched(
    tx,
    `insert into sample_requests (id, world, supplier, style, colour, kind, status, pieces, size, due, who_pays, cause, cause_id, evidence, created_at, respond_by, actor, sent)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) on conflict do nothing`,
    [s.id, s.world, s.supplier, s.style, s.colour, s.kind, s.status, s.pieces, s.size, s.due, s.who_pays, s.cause, s.cause_id, JSON.stringify(s.evidence), s.created_at, s.respond_by, s.actor, s.sent],
  );
  if (inserted === 1) await openRound(tx, s.id, 1, s.due, s.who_pays);
  return inserted === 1;
}

export const openRound = (tx: Tx, id: string, n: number, due: string, whoPays: string): Promise<number> =>
  touched(tx, 'insert into sample_rounds (sample_request, n, due, who_pays) values ($1, $2, $3, $4)', [id, n, due, whoPays]);

export const findSample = (tx: Tx, id: string): Promise<SampleRow | undefined> => one(tx, `${SAMPLE} where s.id = $1`, [id]);
export const lockSample = (tx: Tx, id: string): Promise<SampleRow | undefined> => one(tx, `${SAMPLE} where s.id = $1 for update of s`, [id]);

export const updateSample = (tx: Tx, s: Pick<SampleRow, 'id' | 'status' | 'version' | 'round' | 'due' | 'who_pays' | 'fee' | 'respond_by'>): Promise<number> =>
  touched(tx, 'update sample_requests set status = $2, version = $3, round = $4, due = $5, who_pays = $6, fee = $7, respond_by = $8 where id = $1', [s.id, s.status, s.version, s.round, s.due, s.who_pays, s.fee, s.respond_by]);

export interface RoundRow {
  readonly sample_request: string;
  readonly n: number;
  readonly due: string;
  readonly who_pays: string;
  readonly shipped_at: Date | null;
  readonly tracking_number: string | null;
  readonly received_at: Date | null;
  readonly measurements: readonly Measurement[];
  readonly verdict: 'approved' | 'approved-with-comments' | 'rejected' | null;
  readonly comments: string | null;
  readonly photos: readonly string[];
}

export const roundsOf = (tx: Tx, ids: readonly string[]): Promise<RoundRow[]> =>
  rows(tx, `select sample_request, n, to_char(due, 'YYYY-MM-DD') as due, who_pays, shipped_at, tracking_number, received_at, measurements, verdict, comments, photos from sample_rounds where sample_request = any($1) order by sample_request, n`, [ids]);

/** Fills in what a step said of a round; what it did not say stays. Photos add up. */
export const updateRound = (
  tx: Tx, id: string, n: number,
  r: { due?: string; shippedAt?: Date; trackingNumber?: string | undefined; receivedAt?: Date; measurements?: readonly Measurement[] | undefined; verdict?: string; comments?: string | undefined; photos: readonly string[] },
): Promise<number> =>
  touched(
    tx,
    `update sample_rounds set due = coalesce($3::date, due), shipped_at = coalesce($4, shipped_at), tracking_number = coalesce($5, tracking_number), received_at = coalesce($6, received_at),
       measurements = coalesce($7::jsonb, measurements), verdict = coalesce($8, verdict), comments = coalesce($9, comments), photos = photos || $10::text[] where sample_request = $1 and n = $2`,
    [id, n, r.due ?? null, r.shippedAt ?? null, r.trackingNumber ?? null, r.receivedAt ?? null, r.measurements === undefined ? null : JSON.stringify(r.measurements), r.verdict ?? null, r.comments ?? null, r.photos],
  );

export const insertSampleTransition = (tx: Tx, t: { sample: string; round: number; version: number; from: string; to: string; body: unknown; at: Date; actor: string }): Promise<number> =>
  touched(
    tx, 'insert into sample_transitions (sample_request, round, version, "from", "to", body, at, actor) values ($1, $2, $3, $4, $5, $6, $7, $8)',
    [t.sample, t.round, t.version, t.from, t.to, t.body === undefined ? null : JSON.stringify(t.body), t.at, t.actor],
  );

export interface SampleTransition {
  readonly round: number;
  readonly version: number;
  readonly from: string;
  readonly to: string;
  readonly body: unknown;
  readonly at: Date;
  readonly actor: string;
}

export const sampleTransitions = (tx: Tx, id: string): Promise<SampleTransition[]> => rows(tx, 'select round, version, "from", "to", body, at, actor from sample_transitions where sample_request = $1 order by id', [id]);

/** What the factory said to a version, where it did. */
export const sampleReplyOf = (tx: Tx, id: string, version: number): Promise<{ body: unknown } | undefined> =>
  one(tx, `select body from sample_transitions where sample_request = $1 and version = $2 and "from" = 'requested' and "to" in ('accepted', 'countered', 'declined')`, [id, version]);

/** cleared: production may go on; alarmed: a sample that an alarm asked for is on its way; stopped: that one came to nothing. */
export type Clearance = 'cleared' | 'alarmed' | 'stopped';

/**
 * What is known of styles: an approved pre-production sample, a sealed one, or a person's word clears them, unless an alarm about a
 * lot of theirs asked for a sample after that, whatever became of it. By the database's clock; a style nobody looked at has no entry.
 */
export const clearanceOf = async (tx: Tx, world: string, supplier: string, styles: readonly string[]): Promise<Map<string, Clearance>> =>
  new Map((await rows<{ style: string; cleared_at: Date | null; alarmed_at: Date | null; pending: boolean | null }>(
    tx,
    `with mine as (select s.* from sample_requests s where s.world = $1 and s.supplier = $2 and s.style = any($3)),
     clearing as (
       select s.style, max(t.recorded_at) as at from mine s join sample_transitions t on t.sample_request = s.id
       where (t."to" = 'sealed' or (t."to" in ('approved', 'approved-with-comments') and (s.kind in ('pre-production', 'sealed') or s.cause = 'alarm'))) group by s.style
       union all select style, max(at) from sample_overrides where world = $1 and supplier = $2 and style = any($3) group by style),
     alarms as (
       select style, max(recorded_at) as at, bool_or(status in ('draft', 'requested', 'accepted', 'countered', 'making', 'shipped', 'received', 'in-review')) as pending
       from mine where cause = 'alarm' and status not in ('cancelled', 'approved', 'approved-with-comments', 'sealed') group by style)
     select w.style, (select max(c.at) from clearing c where c.style = w.style) as cleared_at, a.at as alarmed_at, a.pending from unnest($3::text[]) as w(style) left join alarms a on a.style = w.style`,
    [world, supplier, styles],
  )).flatMap((r): [string, Clearance][] => {
    if (r.alarmed_at !== null && (r.cleared_at === null || r.cleared_at < r.alarmed_at)) return [[r.style, r.pending === true ? 'alarmed' : 'stopped']];
    return r.cleared_at === null ? [] : [[r.style, 'cleared']];
  }));

/**
 * What of the trial quantity of styles is used up, by style and group: units ever ordered, and units that open changes add, which are
 * not in force yet.
 */
export const trialUse = (tx: Tx, world: string, supplier: string, styles: readonly string[]): Promise<{ style: string; group_key: string; ordered: number; pending: number }[]> =>
  rows(
    tx,
    `select style, group_key, sum(ordered)::int as ordered, sum(pending)::int as pending from (
       select k.style, o.group_key, l.quantity as ordered, 0 as pending from production_orders o join production_order_lines l on l.production_order = o.id join skus k on k.id = l.sku
       where o.world = $1 and o.supplier = $2 and k.style = any($3) and o.status <> 'cancelled'
       union all
       select l.style, a.group_key, 0, greatest(0, l.quantity - l.quantity_before) from adjustments a join adjustment_lines l on l.adjustment = a.id and l.version = a.version
       where a.world = $1 and a.supplier = $2 and l.style = any($3) and a.kind in ('create', 'increase') and a.status in ('proposed', 'sent', 'accepted', 'countered')) x
     group by 1, 2`,
    [world, supplier, styles],
  );

/** Samples that an alarm asked for and nobody approved. */
export const samplesOfAlarm = (tx: Tx, alarm: string): Promise<SampleRow[]> =>
  rows(tx, `${SAMPLE} where s.cause = 'alarm' and s.cause_id = $1 and s.status not in ('approved', 'approved-with-comments', 'sealed', 'cancelled') for update of s`, [alarm]);

export const insertOverride = (tx: Tx, o: { world: string; supplier: string; style: string; note: string; actor: string }): Promise<number> =>
  touched(tx, 'insert into sample_overrides (world, supplier, style, note, actor) values ($1, $2, $3, $4, $5)', [o.world, o.supplier, o.style, o.note, o.actor]);

/** Fit samples of a style that were asked for, and whether one of them was approved. */
export const fitOf = (tx: Tx, world: string, supplier: string, style: string): Promise<{ asked: number; approved: number } | undefined> =>
  one(
    tx,
    `select count(*)::int as asked, count(*) filter (where status in ('approved', 'approved-with-comments', 'sealed'))::int as approved from sample_requests
     where world = $1 and supplier = $2 and style = $3 and kind = 'fit' and status not in ('cancelled', 'expired', 'declined')`,
    [world, supplier, style],
  );

export const dueSamples = (tx: Tx, world: string, now: Date, limit: number): Promise<{ id: string; version: number }[]> =>
  rows(tx, `select id, version from sample_requests where world = $1 and status in ('requested', 'countered') and respond_by <= $2 order by respond_by limit $3`, [world, now, limit]);

/** Styles in line-ups of broadcasts that begin soon, of suppliers whose samples are minded (they have a trial quantity), with no sample to show asked for or on file. */
export const stylesToShow = (tx: Tx, world: string, from: Date, until: Date, limit: number): Promise<{ supplier: string; style: string; broadcast: string; starts_at: Date; leaves: boolean }[]> =>
  rows(
    tx,
    `select distinct on (x.supplier, k.style) x.supplier, k.style, b.id as broadcast, b.starts_at, h.clock = 'live' or h.send_signals as leaves
     from broadcasts b join shops h on h.id = b.shop and h.clock = $1 join line_up_items i on i.broadcast = b.id join skus k on k.id = i.sku
     join lateral (select c.supplier, c.trial_quantity from sourcing c join suppliers q on q.id = c.supplier where c.sku = k.id and q.standing <> 'prevent' order by c.rank, c.supplier limit 1) x on x.trial_quantity is not null
     where b.starts_at > $2 and b.starts_at <= $3 and b.cancelled_at is null
       and not exists (select 1 from sample_requests s where s.world = $1 and s.supplier = x.supplier and s.style = k.style and (s.status = 'sealed' or s.kind in ('show', 'sealed', 'pre-production'))
         and (s.status in ('approved', 'approved-with-comments', 'sealed') or (s.kind = 'show' and (s.status not in ('expired', 'cancelled', 'declined') or s.cause_id = b.id))))
     order by x.supplier, k.style, b.starts_at limit $4`,
    [world, from, until, limit],
  );

export interface SampleFilter {
  readonly suppliers: readonly string[] | undefined;
  readonly supplier: string | null;
  readonly status: string | null;
  readonly style: string | null;
  readonly sku: string | null;
  readonly kind: string | null;
  readonly broadcast: string | null;
  readonly since: string | null;
  readonly until: string | null;
}

export const listSamples = (tx: Tx, f: SampleFilter, after: string, limit: number): Promise<SampleRow[]> =>
  rows(
    tx,
    `${SAMPLE} where s.id > $1 and ($3::text[] is null or (s.supplier = any($3) and s.sent)) and ($4::text is null or s.supplier = $4) and ($5::text is null or s.status = $5)
       and ($6::text is null or s.style = $6) and ($7::text is null or s.style = (select style from skus where id = $7)) and ($8::text is null or s.kind = $8)
       and ($9::text is null or s.evidence->>'broadcast' = $9) and ($10::timestamptz is null or s.created_at >= $10) and ($11::timestamptz is null or s.created_at < $11) order by s.id limit $2`,
    [after, limit, f.suppliers ?? null, f.supplier, f.status, f.style, f.sku, f.kind, f.broadcast, f.since, f.until],
  );
