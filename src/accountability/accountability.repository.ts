import type { Tx } from '../kernel/index.js';
import { one, rows, touched } from '../kernel/database/sql.js';
import type { Element, Outcome, Party, Share } from './accountability.rules.js';
import type { ChargebackStatus } from './chargeback.states.js';
import type { World } from './ledger.repository.js';

export interface ResponsibilityRow {
  readonly id: string;
  readonly world: World;
  readonly return_case: string;
  readonly inspection: number | null;
  /** Of a judgement without goods: the lot that its units left from, where that matters; else empty. */
  readonly lot: string;
  readonly quantity: number;
  /** Of these, units beyond what their order line sold: others of the same line were judged before. */
  readonly beyond: number;
  readonly finding: string;
  readonly claimed_reason: string | null;
  readonly origin: 'policy' | 'person';
  readonly policy: number;
  readonly shares: readonly Share[];
  readonly status: 'proposed' | 'agreed' | 'disputed' | 'ruled';
  readonly note: string | null;
  readonly at: Date;
  readonly actor: string;
  readonly superseded_by: string | null;
}

export const responsibilitiesOf = (tx: Tx, returnCase: string): Promise<ResponsibilityRow[]> => rows(tx, 'select * from responsibilities where return_case = $1 order by id', [returnCase]);

export const insertResponsibility = (tx: Tx, r: Omit<ResponsibilityRow, 'superseded_by'>): Promise<number> =>
  touched(
    tx,
    `insert into responsibilities (id, world, return_case, inspection, lot, quantity, beyond, finding, claimed_reason, origin, policy, shares, status, note, at, actor) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
    [r.id, r.world, r.return_case, r.inspection, r.lot, r.quantity, r.beyond, r.finding, r.claimed_reason, r.origin, r.policy, JSON.stringify(r.shares), r.status, r.note, r.at, r.actor],
  );

/** To be called before the row that supersedes is inserted: there is one that stands per inspection. */
export const supersede = (tx: Tx, id: string, by: string): Promise<number> => touched(tx, 'update responsibilities set superseded_by = $2 where id = $1', [id, by]);

/** Units of cases that stand judged, by case: those with their goods, and those without. */
export const judgedUnits = (tx: Tx, cases: readonly string[]): Promise<{ return_case: string; units: number; blind: number }[]> =>
  rows(
    tx,
    `select return_case, coalesce(sum(quantity - beyond) filter (where inspection is not null), 0)::int as units, coalesce(sum(quantity - beyond) filter (where inspection is null), 0)::int as blind
     from responsibilities where return_case = any($1) and superseded_by is null group by 1`,
    [cases],
  );

/** Units of cases that stand judged without their goods, by the lot that they left from. */
export const blindLots = (tx: Tx, cases: readonly string[]): Promise<{ lot: string; units: number }[]> =>
  rows(tx, `select lot, sum(quantity - beyond)::int as units from responsibilities where return_case = any($1) and inspection is null and superseded_by is null and lot <> '' group by lot`, [cases]);

export const setResponsibilityStatus = (tx: Tx, ids: readonly string[], status: ResponsibilityRow['status']): Promise<number> =>
  touched(tx, 'update responsibilities set status = $2 where id = any($1) and status <> $2', [ids, status]);

export interface ClaimRow {
  readonly id: number;
  readonly responsibility: string;
  readonly party: Party;
  readonly party_id: string;
  readonly share_bp: number;
  readonly return_case: string;
  readonly sku: string;
  readonly lot: string;
  readonly quantity: number;
  readonly allowed: number;
  readonly outcome: Outcome;
  readonly unit_value: number | null;
  readonly currency: string | null;
  readonly chargeback: string | null;
  readonly line_id: string | null;
  readonly charged: number | null;
  readonly voided: boolean;
}

export interface ClaimElement {
  readonly claim: number;
  readonly element: Element;
  readonly cost: number;
  readonly amount: number;
}

export async function insertClaim(tx: Tx, c: Omit<ClaimRow, 'id' | 'charged' | 'voided'>, elements: readonly Omit<ClaimElement, 'claim'>[]): Promise<number> {
  const { id } = (await one<{ id: number }>(
    tx,
    `insert into claims (responsibility, party, party_id, share_bp, return_case, sku, lot, quantity, allowed, outcome, unit_value, currency, chargeback, line_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning id`,
    [c.responsibility, c.party, c.party_id, c.share_bp, c.return_case, c.sku, c.lot, c.quantity, c.allowed, c.outcome, c.unit_value, c.currency, c.chargeback, c.line_id],
  )) as { id: number };
  await touched(tx, 'insert into claim_elements (claim, element, cost, amount) select $1, w.* from unnest($2::text[], $3::bigint[], $4::bigint[]) as w(element, cost, amount)', [
    id, elements.map((e) => e.element), elements.map((e) => e.cost), elements.map((e) => e.amount),
  ]);
  return id;
}

export const claimsOfResponsibilities = (tx: Tx, ids: readonly string[]): Promise<ClaimRow[]> => rows(tx, 'select * from claims where responsibility = any($1) order by id', [ids]);
export const elementsOf = (tx: Tx, claims: readonly number[]): Promise<ClaimElement[]> => rows(tx, 'select claim, element, cost, amount from claim_elements where claim = any($1) order by claim, element', [claims]);

/** Claims that another judgement replaces: their place in a draft is given up; in a chargeback that was sent and withdrawn they stay as its record. */
export const voidClaims = (tx: Tx, responsibility: string): Promise<number> =>
  touched(
    tx,
    `update claims c set voided = true, chargeback = case when d.id is null then c.chargeback end, line_id = case when d.id is null then c.line_id end
     from claims x left join chargebacks d on d.id = x.chargeback and d.status = 'draft' where x.id = c.id and c.responsibility = $1`,
    [responsibility],
  );

/** The allowance of a lot is given out one claim after the other. */
export const lockLot = (tx: Tx, lot: string): Promise<unknown> => rows(tx, 'select pg_advisory_xact_lock(hashtextextended($1, 17))', [lot]);
export const allowedOfLot = async (tx: Tx, lot: string): Promise<number> => (await one<{ n: number }>(tx, `select coalesce(sum(allowed), 0)::int as n from claims where lot = $1 and lot <> '' and not voided`, [lot]))?.n ?? 0;

// ---- Chargebacks ----

export interface ChargebackRow {
  readonly id: string;
  readonly world: World;
  readonly party: Party;
  readonly party_id: string;
  readonly currency: string;
  readonly status: ChargebackStatus;
  readonly version: number;
  readonly created_at: Date;
  readonly notify_at: Date;
  readonly notified_at: Date | null;
  readonly answer_by: Date | null;
  readonly silence_accepts: boolean;
  readonly answer_days: number;
  /** Whether its party hears of it: not of what a replay came to whose shop sends nothing. */
  readonly leaves: boolean;
}

/** One draft per party, currency and terms (and whether it leaves the house) collects claims; who asks first makes it. Locked, with the number of its next line; undefined where it was sent at this very moment. */
export async function draftFor(
  tx: Tx, d: Pick<ChargebackRow, 'id' | 'world' | 'party' | 'party_id' | 'currency' | 'created_at' | 'notify_at' | 'silence_accepts' | 'answer_days' | 'leaves'>,
): Promise<(ChargebackRow & { readonly lines: number }) | undefined> {
  await touched(
    tx,
    `insert into chargebacks (id, world, party, party_id, currency, status, created_at, notify_at, silence_accepts, answer_days, leaves) values ($1, $2, $3, $4, $5, 'draft', $6, $7, $8, $9, $10)
     on conflict (world, party, party_id, currency, silence_accepts, answer_days, leaves) where status = 'draft' do nothing`,
    [d.id, d.world, d.party, d.party_id, d.currency, d.created_at, d.notify_at, d.silence_accepts, d.answer_days, d.leaves],
  );
  return one(
    tx,
    `update chargebacks set lines = lines + 1 where world = $1 and party = $2 and party_id = $3 and currency = $4 and silence_accepts = $5 and answer_days = $6 and leaves = $7 and status = 'draft' returning *`,
    [d.world, d.party, d.party_id, d.currency, d.silence_accepts, d.answer_days, d.leaves],
  );
}

/** Judgements of one world go one at a time: each touches lots, drafts of several parties and accounts. */
export const lockJudging = (tx: Tx, world: string): Promise<unknown> => rows(tx, 'select pg_advisory_xact_lock(hashtextextended($1, 23))', [world]);

export const findChargeback = (tx: Tx, id: string): Promise<ChargebackRow | undefined> => one(tx, 'select * from chargebacks where id = $1', [id]);
export const lockChargeback = (tx: Tx, id: string): Promise<ChargebackRow | undefined> => one(tx, 'select * from chargebacks where id = $1 for update', [id]);
/** The chargebacks that claims of responsibilities stand in, locked in one order. */
export const lockChargebacksOf = (tx: Tx, responsibilities: readonly string[]): Promise<unknown> =>
  rows(tx, 'select c.id from chargebacks c where c.id in (select chargeback from claims where responsibility = any($1)) order by c.id for update', [responsibilities]);
/**
 * Chargebacks that left the house with a claim of these responsibilities in them, and still ask for it. One that was withdrawn asks for
 * nothing, nor does a ruling that charged no unit of the claim.
 */
export const bindingChargebacks = (tx: Tx, responsibilities: readonly string[]): Promise<ChargebackRow[]> =>
  rows(
    tx,
    `select c.* from chargebacks c where c.status not in ('draft', 'withdrawn') and exists (
       select 1 from claims x where x.responsibility = any($1) and x.chargeback = c.id and not x.voided and not (c.status in ('posted', 'settled') and x.charged = 0)) order by c.id`,
    [responsibilities],
  );

export const claimsOfChargebacks = (tx: Tx, ids: readonly string[]): Promise<(ClaimRow & { finding: string; claimed_reason: string | null; inspection: number | null })[]> =>
  rows(
    tx,
    `select c.*, r.finding, r.claimed_reason, r.inspection from claims c join responsibilities r on r.id = c.responsibility where c.chargeback = any($1) order by c.chargeback, length(c.line_id), c.line_id`, [ids],
  );

export const setStatus = (tx: Tx, id: string, status: ChargebackStatus, stamps: { notifiedAt?: Date; answerBy?: Date } = {}): Promise<number> =>
  touched(
    tx, 'update chargebacks set status = $2, version = version + 1, notified_at = coalesce($3, notified_at), answer_by = coalesce($4, answer_by) where id = $1', [id, status, stamps.notifiedAt ?? null, stamps.answerBy ?? null],
  );

export const setCharged = (tx: Tx, chargeback: string, lines: readonly { lineId: string; charged: number }[]): Promise<number> =>
  touched(tx, 'update claims c set charged = w.charged from unnest($2::text[], $3::int[]) as w(line_id, charged) where c.chargeback = $1 and c.line_id = w.line_id', [chargeback, lines.map((l) => l.lineId), lines.map((l) => l.charged)]);

export const insertTransition = (tx: Tx, t: { chargeback: string; version: number; from: string; to: string; at: Date; actor: string }): Promise<number> =>
  touched(tx, 'insert into chargeback_transitions (chargeback, version, "from", "to", at, actor) values ($1, $2, $3, $4, $5, $6)', [t.chargeback, t.version, t.from, t.to, t.at, t.actor]);
export const transitionsOf = (tx: Tx, id: string): Promise<{ version: number; from: string; to: string; at: Date; actor: string }[]> =>
  rows(tx, 'select version, "from", "to", at, actor from chargeback_transitions where chargeback = $1 order by id', [id]);

export const answerOf = (tx: Tx, id: string): Promise<{ body: unknown; at: Date } | undefined> => one(tx, 'select body, at from chargeback_answers where chargeback = $1', [id]);
export const insertAnswer = (tx: Tx, id: string, body: unknown, at: Date, actor: string): Promise<number> =>
  touched(tx, 'insert into chargeback_answers (chargeback, body, at, actor) values ($1, $2, $3, $4)', [id, JSON.stringify(body), at, actor]);
export const rulingsOf = (tx: Tx, id: string): Promise<{ n: number; body: unknown; at: Date; actor: string }[]> => rows(tx, 'select n, body, at, actor from chargeback_rulings where chargeback = $1 order by n', [id]);
export const insertRuling = (tx: Tx, id: string, n: number, body: unknown, at: Date, actor: string): Promise<number> =>
  touched(tx, 'insert into chargeback_rulings (chargeback, n, body, at, actor) values ($1, $2, $3, $4, $5)', [id, n, JSON.stringify(body), at, actor]);

/** Drafts whose time to be sent has come, and notified ones whose time to answer is over, by the world's now. */
export const dueChargebacks = (tx: Tx, world: World, now: Date, limit: number): Promise<{ id: string; version: number }[]> =>
  rows(tx, `select id, version from chargebacks where world = $1 and status in ('draft', 'notified') and (case status when 'draft' then notify_at else answer_by end) <= $2 order by id limit $3`, [world, now, limit]);

/** Who may see a chargeback beside the merchant: its party, once it was sent and where it leaves the house. */
export interface PartyScope {
  readonly party: 'supplier' | 'anchor';
  readonly ids: readonly string[];
}

export const mayHear = (cb: Pick<ChargebackRow, 'party' | 'party_id' | 'notified_at' | 'leaves'>, only: PartyScope): boolean =>
  cb.party === only.party && only.ids.includes(cb.party_id) && cb.notified_at !== null && cb.leaves;

export interface ChargebackFilter {
  readonly only: PartyScope | undefined;
  readonly party: string | null;
  readonly partyId: string | null;
  readonly status: string | null;
  readonly world: string | null;
}

/** A party sees those that were sent to it; a draft is nobody's business yet. */
export const listChargebacks = (tx: Tx, f: ChargebackFilter, after: string, limit: number): Promise<ChargebackRow[]> =>
  rows(
    tx,
    `select * from chargebacks where id > $1 and ($3::text[] is null or (party = $8 and party_id = any($3) and notified_at is not null and leaves)) and ($4::text is null or party = $4)
       and ($5::text is null or party_id = $5) and ($6::text is null or status = $6) and ($7::text is null or world = $7) order by id limit $2`,
    [after, limit, f.only?.ids ?? null, f.party, f.partyId, f.status, f.world, f.only?.party ?? null],
  );
