import type { Tx } from '../kernel/index.js';
import { one, rows, touched } from '../kernel/database/sql.js';
import { currentState, storedState, type StoredStream, type StreamState } from './math/index.js';

export interface StoredState {
  readonly stream: number;
  readonly shop: string;
  readonly sku: string;
  readonly broadcast: string;
  readonly state: StreamState;
  readonly episode: string | null;
}

type StateRow = Omit<StoredState, 'state'> & { readonly state: StoredStream };

const asToday = (found: readonly StateRow[]): StoredState[] => found.map((row) => ({ ...row, state: currentState(row.state) }));

export const statesOf = async (tx: Tx, streams: readonly number[]): Promise<StoredState[]> =>
  asToday(await rows(tx, 'select t.stream, s.shop, s.sku, s.broadcast, t.state, t.episode from stream_states t join streams s on s.id = t.stream where t.stream = any($1::bigint[])', [streams]));

/** Streams of SKUs in these broadcasts; how they sell outside of broadcasts is summed up elsewhere, and how they sold in earlier ones is over. */
export const broadcastStates = async (tx: Tx, skus: readonly string[], broadcasts: readonly string[]): Promise<StoredState[]> =>
  broadcasts.length === 0 ? [] : asToday(await rows(tx, 'select t.stream, s.shop, s.sku, s.broadcast, t.state, t.episode from streams s join stream_states t on s.id = t.stream where s.sku = any($1) and s.broadcast = any($2)', [skus, broadcasts]));

export const saveStates = (tx: Tx, list: readonly { stream: number; shop: string; state: StreamState; episode: string | null; wakeAt: number | null }[]): Promise<number> =>
  touched(
    tx,
    `insert into stream_states (stream, shop, state, episode, wake_at)
     select w.stream, w.shop, w.state::json, w.episode, to_timestamp(w.wake_at / 1000) from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::float8[]) as w(stream, shop, state, episode, wake_at)
     on conflict (stream) do update set state = excluded.state, episode = excluded.episode, wake_at = excluded.wake_at`,
    [list.map((s) => s.stream), list.map((s) => s.shop), list.map((s) => JSON.stringify(storedState(s.state))), list.map((s) => s.episode), list.map((s) => s.wakeAt)],
  );

/** Streams whose state is due to be looked at again by their shop's clock; each is answered once. */
export const dueStreams = (tx: Tx, shop: string, now: Date): Promise<{ stream: number }[]> =>
  rows(tx, 'update stream_states set wake_at = null where shop = $1 and wake_at <= $2 returning stream', [shop, now]);

export const dueNeeds = (tx: Tx, world: string, now: Date): Promise<{ sku: string }[]> =>
  rows(tx, 'update need_states set reassess_at = null where world = $1 and reassess_at <= $2 returning sku', [world, now]);

export interface SpikeRow {
  readonly id: string;
  readonly shop: string;
  readonly sku: string;
  readonly broadcast: string;
  readonly onset: Date;
  readonly detected_at: Date;
  readonly orders: number;
  readonly expected_orders: number;
  readonly ratio: number;
  readonly score: number;
  readonly ended_at: Date | null;
}

export const insertSpikes = (tx: Tx, s: readonly SpikeRow[]): Promise<number> =>
  touched(
    tx,
    `insert into spikes (id, shop, sku, broadcast, onset, detected_at, orders, expected_orders, ratio, score)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::int[], $8::float8[], $9::float8[], $10::float8[])`,
    [s.map((x) => x.id), s.map((x) => x.shop), s.map((x) => x.sku), s.map((x) => x.broadcast), s.map((x) => x.onset), s.map((x) => x.detected_at), s.map((x) => x.orders),
      s.map((x) => x.expected_orders), s.map((x) => x.ratio), s.map((x) => x.score)],
  );

export const endSpikes = (tx: Tx, ends: readonly { id: string; at: Date }[]): Promise<number> =>
  touched(tx, 'update spikes s set ended_at = w.at from unnest($1::text[], $2::timestamptz[]) as w(id, at) where s.id = w.id and s.ended_at is null', [ends.map((e) => e.id), ends.map((e) => e.at)]);

export const listSpikes = (tx: Tx, filter: { shop: string | null; sku: string | null; broadcast: string | null }, after: { at: string; id: string } | undefined, limit: number): Promise<SpikeRow[]> =>
  rows(
    tx,
    `select * from spikes where ($1::text is null or shop = $1) and ($2::text is null or sku = $2) and ($3::text is null or broadcast = $3)
       and ($4::timestamptz is null or (detected_at, id) < ($4, $5)) order by detected_at desc, id desc limit $6`,
    [filter.shop, filter.sku, filter.broadcast, after?.at ?? null, after?.id ?? null, limit],
  );

/** The spike that is on for a SKU, if any: the newest that has not ended. */
export const openSpikes = (tx: Tx, skus: readonly string[], shops: readonly string[]): Promise<{ sku: string; id: string; broadcast: string; onset: Date }[]> =>
  rows(tx, 'select distinct on (sku) sku, id, broadcast, onset from spikes where sku = any($1) and shop = any($2) and ended_at is null order by sku, detected_at desc', [skus, shops]);

export interface AssessmentRow {
  readonly id: string;
  readonly world: 'live' | 'replay';
  readonly sku: string;
  readonly supplier: string | null;
  readonly at: Date;
  readonly open_units: number;
  readonly held: number;
  readonly cancellation: number;
  readonly stock: number;
  readonly production_due: number;
  readonly reflow: number;
  readonly committed_need: number;
  readonly more: Readonly<Record<string, number>>;
  readonly recommended: number | null;
  readonly firm: number;
  readonly surplus: number;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly reasons: readonly string[];
  readonly spike: string | null;
}

export const insertAssessments = (tx: Tx, list: readonly AssessmentRow[]): Promise<number> =>
  touched(
    tx,
    `insert into assessments (id, world, sku, supplier, at, open_units, held, cancellation, stock, production_due, reflow, committed_need, more, recommended, firm, surplus, inputs, reasons, spike)
     select id, world, sku, supplier, at, open_units, held, cancellation, stock, production_due, reflow, committed_need, more, recommended, firm, surplus, inputs, reasons, spike
     from jsonb_to_recordset($1::jsonb) as r(id text, world text, sku text, supplier text, at timestamptz, open_units int, held int, cancellation float8, stock int, production_due int,
       reflow int, committed_need int, more jsonb, recommended int, firm int, surplus int, inputs jsonb, reasons jsonb, spike text)`,
    [JSON.stringify(list)],
  );

export const findAssessment = (tx: Tx, id: string): Promise<AssessmentRow | undefined> => one(tx, 'select * from assessments where id = $1', [id]);

export interface NeedState {
  readonly world: string;
  readonly sku: string;
  readonly assessment: string;
  readonly recommended: number | null;
  readonly firm: number;
  readonly surplus: number;
  readonly production: number;
}

export const needStates = (tx: Tx, world: string, skus: readonly string[]): Promise<NeedState[]> =>
  rows(tx, 'select world, sku, assessment, recommended, firm, surplus, production from need_states where world = $1 and sku = any($2)', [world, skus]);

export const saveNeedStates = (tx: Tx, list: readonly (NeedState & { reassessAt: Date | null })[]): Promise<number> =>
  touched(
    tx,
    `insert into need_states (world, sku, assessment, recommended, firm, surplus, reassess_at, production)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::int[], $6::int[], $7::timestamptz[], $8::int[])
     on conflict (world, sku) do update set assessment = excluded.assessment, recommended = excluded.recommended, firm = excluded.firm, surplus = excluded.surplus, reassess_at = excluded.reassess_at, production = excluded.production`,
    [list.map((n) => n.world), list.map((n) => n.sku), list.map((n) => n.assessment), list.map((n) => n.recommended), list.map((n) => n.firm), list.map((n) => n.surplus), list.map((n) => n.reassessAt),
      list.map((n) => n.production)],
  );

/** One assessment of a supplier's needs at a time; locked in the order given. */
export const lockSuppliers = (tx: Tx, suppliers: readonly string[]): Promise<unknown> =>
  rows(tx, 'select pg_advisory_xact_lock(hashtextextended(w.supplier, 11)) from (select supplier from unnest($1::text[]) with ordinality as u(supplier, n) order by n offset 0) w', [suppliers]);

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What one SKU of a group needs, as a supplier's planning reads it. */
export interface NeedLine {
  readonly sku: string;
  readonly assessment: string;
  readonly firm: number;
  readonly recommended: number;
  readonly surplus: number;
  readonly committedNeed: number;
  readonly lateProduction: number;
  readonly p50: number;
  readonly p90: number;
  readonly spike: string | null;
  /** Stock and production beyond what is sold, so that more would come on top of it. Needs kept by an earlier version have none. */
  readonly spare?: number;
  /** Units of production, in time or late, that the need was net of: another number now means it is out of date. */
  readonly production: number;
  /** Calendar date of the supplier by which it is promised. */
  readonly promise: string;
  /** What a factory may know of why: counts and the broadcast, never prices or buyers. */
  readonly evidence: { readonly gross: number; readonly paid: number; readonly cancelled: number; readonly open: number; readonly broadcast: string | null; readonly anchor: string | null };
}

export interface GroupNeed {
  readonly group: string;
  readonly at: Date;
  readonly lines: readonly NeedLine[];
}

/** Keeps the latest need of groups; to be called under their suppliers' lock. */
export const saveGroupNeeds = (tx: Tx, world: string, list: readonly (GroupNeed & { readonly supplier: string })[]): Promise<number> =>
  touched(
    tx,
    `insert into group_needs (world, supplier, group_key, at, lines) select $1, g.supplier, g.group_key, g.at, g.lines from jsonb_to_recordset($2::jsonb) as g(supplier text, group_key text, at timestamptz, lines jsonb)
     on conflict (world, supplier, group_key) do update set at = excluded.at, lines = excluded.lines, version = group_needs.version + 1`,
    // In the order in which planning takes them, so that the two never wait for each other in a circle.
    [world, JSON.stringify(list.map((n) => ({ supplier: n.supplier, group_key: n.group, at: n.at, lines: n.lines })).sort((a, b) => byText(a.supplier, b.supplier) || byText(a.group_key, b.group_key)))],
  );

/** The needs of a supplier that changed since they were last taken; each change is answered to one taker, with its transaction. */
export const takeNeeds = (tx: Tx, world: string, supplier: string): Promise<GroupNeed[]> =>
  rows(
    tx,
    `with news as (select group_key from group_needs where world = $1 and supplier = $2 and version > taken order by group_key collate "C" for update)
     update group_needs g set taken = version, waits = false from news n where g.world = $1 and g.supplier = $2 and g.group_key = n.group_key returning g.group_key as "group", g.at, g.lines`,
    [world, supplier],
  );

/** Of needs that were looked at: which of them could not be told now and wait until what stands in their way has ended. */
export const letWait = (tx: Tx, world: string, supplier: string, looked: readonly string[], waiting: readonly string[]): Promise<number> =>
  touched(
    tx, 'update group_needs set waits = group_key = any($4) where world = $1 and supplier = $2 and group_key = any($3) and waits <> (group_key = any($4))', [world, supplier, looked, waiting],
  );

/** The latest need of a group can be taken once more, where it waited or `anyway`, and is planned as of now: it may have waited for days. False where it need not be. */
export const takeAgain = async (tx: Tx, world: string, supplier: string, group: string, now: Date, anyway: boolean): Promise<boolean> =>
  (await touched(
    tx, 'update group_needs set taken = version - 1, waits = false, at = greatest(at, $5) where world = $1 and supplier = $2 and group_key = $3 and (waits or $4) and taken >= version', [world, supplier, group, anyway, now],
  )) === 1;

/** The latest needs of groups of which more is recommended than is sold already, by supplier. */
export const recommendedNeeds = (tx: Tx, world: string): Promise<(GroupNeed & { supplier: string })[]> =>
  rows(
    tx,
    `select supplier, group_key as "group", at, lines from group_needs where world = $1
       and exists (select 1 from jsonb_array_elements(lines) l where (l->>'recommended')::int > (l->>'firm')::int) order by supplier collate "C", group_key collate "C"`,
    [world],
  );

/** The latest need of a group, taken or not. */
export const needOf = (tx: Tx, world: string, supplier: string, group: string): Promise<GroupNeed | undefined> =>
  one(tx, 'select group_key as "group", at, lines from group_needs where world = $1 and supplier = $2 and group_key = $3', [world, supplier, group]);

/** The latest needs of a supplier's groups that hold SKUs of a style. */
export const needsOfStyle = (tx: Tx, world: string, supplier: string, style: string): Promise<GroupNeed[]> =>
  rows(
    tx,
    `select g.group_key as "group", g.at, g.lines from group_needs g where g.world = $1 and g.supplier = $2
       and exists (select 1 from jsonb_array_elements(g.lines) l join skus k on k.id = l->>'sku' where k.style = $3) order by g.group_key collate "C"`,
    [world, supplier, style],
  );

/** What will come back of one SKU, and when it can be sold again. */
export interface ReturnExpectation {
  readonly sku: string;
  /** Calendar date of the assessment. */
  readonly asOf: string;
  /** Share of what is sold that comes back in the end. */
  readonly rate: number;
  /** Usable units on the shelf by the end of day n after `asOf`, cumulative. */
  readonly dated: readonly { readonly day: number; readonly units: number; readonly mean: number }[];
}

export const saveReturnExpectation = (tx: Tx, world: string, e: ReturnExpectation): Promise<number> =>
  touched(
    tx,
    `insert into return_expectations (world, sku, as_of, rate, dated) values ($1, $2, $3, $4, $5)
     on conflict (world, sku) do update set as_of = excluded.as_of, rate = excluded.rate, dated = excluded.dated`,
    [world, e.sku, e.asOf, e.rate, JSON.stringify(e.dated)],
  );

export const returnExpectations = (tx: Tx, world: string, skus: readonly string[]): Promise<ReturnExpectation[]> =>
  rows(tx, `select sku, to_char(as_of, 'YYYY-MM-DD') as "asOf", rate, dated from return_expectations where world = $1 and sku = any($2)`, [world, skus]);
