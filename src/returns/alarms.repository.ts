import type { Tx } from '../kernel/index.js';
import { one, rows, touched } from '../kernel/database/sql.js';

export interface AlarmRow {
  readonly id: string;
  readonly world: 'live' | 'replay';
  readonly lot: string;
  readonly supplier: string | null;
  readonly style: string;
  readonly skus: readonly string[];
  readonly production_order: string | null;
  readonly status: 'open' | 'confirmed' | 'dismissed';
  readonly defects: number;
  readonly exposure: number;
  readonly units_left: number;
  readonly limit_share: number;
  readonly evidence: number;
  readonly actions: Readonly<Record<string, unknown>>;
  readonly at: Date;
  readonly closed_at: Date | null;
  readonly known_at_closing: number | null;
  readonly note: string | null;
  readonly actor: string | null;
}

/** Lots of one case whose inspected units had one of the given findings. */
export const faultyLots = async (tx: Tx, returnCase: string, findings: readonly string[]): Promise<string[]> =>
  (await rows<{ lot: string }>(tx, `select distinct lot from inspections where return_case = $1 and lot <> '' and finding = any($2) order by lot`, [returnCase, findings])).map((r) => r.lot);

export const faultyUnits = async (tx: Tx, lot: string, findings: readonly string[]): Promise<number> =>
  (await one<{ n: number }>(tx, `select coalesce(sum(quantity), 0)::int as n from inspections where lot = $1 and lot <> '' and finding = any($2)`, [lot, findings]))?.n ?? 0;

/** One look at a lot at a time. */
export const lockLot = (tx: Tx, lot: string): Promise<unknown> => rows(tx, 'select pg_advisory_xact_lock(hashtextextended($1, 19))', [lot]);

export const alarmsOfLot = (tx: Tx, lot: string): Promise<AlarmRow[]> => rows(tx, 'select * from alarms where lot = $1 order by id', [lot]);
export const findAlarm = (tx: Tx, id: string): Promise<AlarmRow | undefined> => one(tx, 'select * from alarms where id = $1', [id]);
export const lockAlarm = (tx: Tx, id: string): Promise<AlarmRow | undefined> => one(tx, 'select * from alarms where id = $1 for update', [id]);

export const insertAlarm = (tx: Tx, a: Omit<AlarmRow, 'closed_at' | 'known_at_closing' | 'note' | 'actor'>): Promise<number> =>
  touched(
    tx,
    `insert into alarms (id, world, lot, supplier, style, skus, production_order, status, defects, exposure, units_left, limit_share, evidence, actions, at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
    [a.id, a.world, a.lot, a.supplier, a.style, a.skus, a.production_order, a.status, a.defects, a.exposure, a.units_left, a.limit_share, a.evidence, JSON.stringify(a.actions), a.at],
  );

export const closeAlarm = (tx: Tx, id: string, status: 'confirmed' | 'dismissed', known: number, note: string, at: Date, actor: string): Promise<number> =>
  touched(tx, 'update alarms set status = $2, known_at_closing = $3, note = $4, closed_at = $5, actor = $6 where id = $1', [id, status, known, note, at, actor]);

export interface AlarmFilter {
  readonly status: string | null;
  readonly lot: string | null;
  readonly supplier: string | null;
  readonly sku: string | null;
  readonly world: string | null;
}

export const listAlarms = (tx: Tx, f: AlarmFilter, after: string, limit: number): Promise<AlarmRow[]> =>
  rows(
    tx,
    `select * from alarms where id > $1 and ($3::text is null or status = $3) and ($4::text is null or lot = $4) and ($5::text is null or supplier = $5) and ($6::text is null or $6 = any(skus))
       and ($7::text is null or world = $7) order by id limit $2`,
    [after, limit, f.status, f.lot, f.supplier, f.sku, f.world],
  );
