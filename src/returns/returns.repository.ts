import type { Tx } from '../kernel/index.js';
import { one, rows, touched } from '../kernel/database/sql.js';
import type { Disposition, Finding, Grade, Kind, KnownCase } from './returns.rules.js';
import type { CaseStatus, Goods } from './returns.states.js';

export interface ReturnCase {
  readonly id: string;
  readonly shop: string;
  readonly world: 'live' | 'replay';
  readonly order_id: string;
  readonly line_id: string;
  readonly sku: string;
  readonly quantity: number;
  readonly kind: Kind;
  readonly claimed_reason: string | null;
  readonly tracking_number: string | null;
  readonly requested_at: Date;
  readonly status: CaseStatus;
  readonly status_at: Date;
  readonly goods: Goods;
  readonly condition: 'whole' | 'short' | 'wrong' | null;
  readonly received: number;
  readonly inspected: number;
  readonly received_at: Date | null;
}

const CASE = 'select c.*, s.clock as world from return_cases c join shops s on s.id = c.shop';

export const findCase = (tx: Tx, id: string): Promise<ReturnCase | undefined> => one(tx, `${CASE} where c.id = $1`, [id]);
export const lockCase = (tx: Tx, id: string): Promise<ReturnCase | undefined> => one(tx, `${CASE} where c.id = $1 for update of c`, [id]);
export const lockCases = (tx: Tx, ids: readonly string[]): Promise<ReturnCase[]> => rows(tx, `${CASE} where c.id = any($1) order by c.id for update of c`, [ids]);
export const casesOfWaybill = (tx: Tx, trackingNumber: string): Promise<ReturnCase[]> => rows(tx, `${CASE} where c.tracking_number = $1 order by c.id for update of c`, [trackingNumber]);

/** live or replay, by shop. */
export const worldsOf = async (tx: Tx, shops: readonly string[]): Promise<Map<string, 'live' | 'replay'>> =>
  new Map((await rows<{ id: string; clock: 'live' | 'replay' }>(tx, 'select id, clock from shops where id = any($1)', [shops])).map((s) => [s.id, s.clock]));

export const insertCases = (tx: Tx, list: readonly (KnownCase & { goods: Goods })[]): Promise<{ id: string }[]> =>
  rows(
    tx,
    `insert into return_cases (id, shop, order_id, line_id, sku, quantity, kind, claimed_reason, tracking_number, requested_at, status, status_at, goods)
     select id, shop, "orderId", "lineId", sku, quantity, kind, "claimedReason", "trackingNumber", to_timestamp("requestedAt" / 1000.0), status, to_timestamp("statusAt" / 1000.0), goods
     from jsonb_to_recordset($1::jsonb) as r(id text, shop text, "orderId" text, "lineId" text, sku text, quantity int, kind text, "claimedReason" text, "trackingNumber" text, "requestedAt" float8,
       status text, "statusAt" float8, goods text)
     on conflict do nothing returning id`,
    [JSON.stringify(list)],
  );

export const updateCases = (tx: Tx, list: readonly KnownCase[]): Promise<number> =>
  touched(
    tx,
    `update return_cases c set claimed_reason = r."claimedReason", tracking_number = r."trackingNumber", requested_at = to_timestamp(r."requestedAt" / 1000.0), status = r.status,
       status_at = to_timestamp(r."statusAt" / 1000.0)
     from jsonb_to_recordset($1::jsonb) as r(id text, "claimedReason" text, "trackingNumber" text, "requestedAt" float8, status text, "statusAt" float8) where c.id = r.id`,
    [JSON.stringify(list)],
  );

export const insertTransitions = (tx: Tx, list: readonly { case: string; machine: 'case' | 'goods'; to: string; at: Date; actor: string }[]): Promise<number> =>
  touched(
    tx, 'insert into return_transitions (return_case, machine, "to", at, actor) select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[])',
    [list.map((t) => t.case), list.map((t) => t.machine), list.map((t) => t.to), list.map((t) => t.at), list.map((t) => t.actor)],
  );

export const transitionsOf = (tx: Tx, id: string): Promise<{ machine: string; to: string; at: Date; actor: string }[]> =>
  rows(tx, 'select machine, "to", at, actor from return_transitions where return_case = $1 order by id', [id]);

export const setGoods = (tx: Tx, id: string, g: { goods: Goods; condition: string | null; received: number; inspected: number; receivedAt: Date | null }): Promise<number> =>
  touched(tx, 'update return_cases set goods = $2, condition = $3, received = $4, inspected = $5, received_at = $6 where id = $1', [id, g.goods, g.condition, g.received, g.inspected, g.receivedAt]);

export interface ReturnLot {
  readonly return_case: string;
  readonly lot: string;
  readonly sub_lot: string;
  readonly location: string;
  readonly units: number;
  readonly inspected: number;
}

export const addLots = (tx: Tx, id: string, location: string, lots: readonly { lot: string; subLot: string; units: number }[]): Promise<number> =>
  touched(
    tx,
    `insert into return_lots (return_case, lot, sub_lot, location, units) select $1, w.lot, w.sub_lot, $2, w.units from unnest($3::text[], $4::text[], $5::int[]) as w(lot, sub_lot, units)
     on conflict (return_case, lot, sub_lot, location) do update set units = return_lots.units + excluded.units`,
    [id, location, lots.map((l) => l.lot), lots.map((l) => l.subLot), lots.map((l) => l.units)],
  );

export const lotsOfCases = (tx: Tx, ids: readonly string[]): Promise<ReturnLot[]> => rows(tx, 'select * from return_lots where return_case = any($1) order by return_case, lot collate "C", sub_lot collate "C", location', [ids]);

/** Returns of one order line are traced to lots one at a time; to be taken after the case's own lock. */
export const lockLine = (tx: Tx, c: Pick<ReturnCase, 'shop' | 'order_id' | 'line_id' | 'sku'>): Promise<unknown> =>
  // One of a few: a file of returns is one transaction, and a lock for each of its lines would use up the server's.
  rows(tx, 'select pg_advisory_xact_lock(29, (hashtextextended($1, 29) & 127)::int)', [JSON.stringify([c.shop, c.order_id, c.line_id, c.sku])]);

/** Lots of all returns of one order line: what came back of it so far. */
export const lotsOfLine = (tx: Tx, c: Pick<ReturnCase, 'shop' | 'order_id' | 'line_id' | 'sku'>): Promise<{ lot: string; sub_lot: string; units: number }[]> =>
  rows(
    tx,
    `select l.lot, l.sub_lot, sum(l.units)::int as units from return_cases c join return_lots l on l.return_case = c.id
     where c.shop = $1 and c.order_id = $2 and c.line_id = $3 and c.sku = $4 group by 1, 2`,
    [c.shop, c.order_id, c.line_id, c.sku],
  );

/** The cases of one order line. */
export const casesOfLine = (tx: Tx, c: Pick<ReturnCase, 'shop' | 'order_id' | 'line_id' | 'sku'>): Promise<{ id: string; status: CaseStatus; kind: Kind }[]> =>
  rows(tx, 'select id, status, kind from return_cases where shop = $1 and order_id = $2 and line_id = $3 and sku = $4 order by id', [c.shop, c.order_id, c.line_id, c.sku]);

export const markInspected = (tx: Tx, l: Pick<ReturnLot, 'return_case' | 'lot' | 'sub_lot' | 'location'>, units: number): Promise<number> =>
  touched(tx, 'update return_lots set inspected = inspected + $5 where return_case = $1 and lot = $2 and sub_lot = $3 and location = $4', [l.return_case, l.lot, l.sub_lot, l.location, units]);

export interface Inspection {
  readonly return_case: string;
  readonly lot: string;
  readonly sub_lot: string;
  readonly quantity: number;
  readonly grade: Grade;
  readonly finding: Finding;
  readonly disposition: Disposition;
  readonly note: string | null;
  readonly photos: readonly string[];
  readonly at: Date;
  readonly actor: string;
}

export interface InspectionRow extends Inspection {
  readonly id: number;
  readonly recorded_at: Date;
}

export const insertInspections = (tx: Tx, list: readonly Inspection[]): Promise<number> =>
  touched(
    tx,
    `insert into inspections (return_case, lot, sub_lot, quantity, grade, finding, disposition, note, photos, at, actor)
     select return_case, lot, sub_lot, quantity, grade, finding, disposition, note, array(select jsonb_array_elements_text(photos)), at, actor
     from jsonb_to_recordset($1::jsonb) as r(return_case text, lot text, sub_lot text, quantity int, grade text, finding text, disposition text, note text, photos jsonb, at timestamptz, actor text)`,
    [JSON.stringify(list)],
  );

export const inspectionsOf = (tx: Tx, ids: readonly string[]): Promise<InspectionRow[]> => rows(tx, 'select * from inspections where return_case = any($1) order by id', [ids]);

/** Units asked back of an order line by all its cases that stand. */
export const askedBack = async (tx: Tx, c: Pick<ReturnCase, 'shop' | 'order_id' | 'line_id'>): Promise<number> =>
  (await one<{ n: number }>(tx, `select coalesce(sum(quantity), 0)::int as n from return_cases where shop = $1 and order_id = $2 and line_id = $3 and status not in ('refused', 'withdrawn')`, [c.shop, c.order_id, c.line_id]))?.n ?? 0;

export interface CaseFilter {
  readonly shop: string | null;
  readonly sku: string | null;
  readonly status: string | null;
  readonly goods: string | null;
  readonly order: string | null;
  readonly trackingNumber: string | null;
}

export const listCases = (tx: Tx, f: CaseFilter, after: string, limit: number): Promise<ReturnCase[]> =>
  rows(
    tx,
    `${CASE} where c.id > $1 and ($3::text is null or c.shop = $3) and ($4::text is null or c.sku = $4) and ($5::text is null or c.status = $5) and ($6::text is null or c.goods = $6)
       and ($7::text is null or c.order_id = $7) and ($8::text is null or c.tracking_number = $8) order by c.id limit $2`,
    [after, limit, f.shop, f.sku, f.status, f.goods, f.order, f.trackingNumber],
  );
