import type { Tx } from '../kernel/index.js';
import { one, rows, touched } from '../kernel/database/sql.js';
import type { Commitment, CommitmentPolicy } from './commitments.rules.js';

export interface PolicyRow extends CommitmentPolicy {
  readonly version: number;
  readonly note: string;
  readonly actor: string;
  readonly at: Date;
}

export const currentPolicy = (tx: Tx): Promise<PolicyRow | undefined> =>
  one(tx, 'select version, automatic, most_at_risk as "mostAtRisk", currency, note, actor, at from commitment_policies order by version desc limit 1');

/** The next version; false where another one took its number meanwhile. */
export const insertPolicy = async (tx: Tx, p: Omit<PolicyRow, 'at'>): Promise<boolean> =>
  (await touched(tx, 'insert into commitment_policies (version, automatic, most_at_risk, currency, note, actor) values ($1, $2, $3, $4, $5, $6) on conflict do nothing', [p.version, p.automatic, p.mostAtRisk, p.currency, p.note, p.actor])) === 1;

/** What somebody, or a version of the policy, signed for with a version of a change. */
export interface Signed {
  readonly adjustment: string;
  readonly version: number;
  readonly actor: string;
  readonly policy: number | null;
  readonly at: Date;
  readonly lines: readonly Commitment[];
}

export const insertCommitments = (tx: Tx, list: readonly Signed[]): Promise<number> =>
  touched(
    tx,
    `insert into commitments (adjustment, version, line_id, sku, assessment, units, beyond, spare, at_risk, currency, actor, policy, at)
     select adjustment, version, "lineId", sku, assessment, units, beyond, spare, "atRisk", currency, actor, policy, at
     from jsonb_to_recordset($1::jsonb) as r(adjustment text, version int, "lineId" text, sku text, assessment text, units int, beyond int, spare int, "atRisk" bigint, currency text, actor text, policy int, at timestamptz)`,
    [JSON.stringify(list.flatMap(({ lines, ...signed }) => lines.map((l) => ({ ...l, ...signed }))))],
  );

export const commitmentsOfVersion = (tx: Tx, adjustment: string, version: number): Promise<(Commitment & { actor: string; policy: number | null; at: Date })[]> =>
  rows(
    tx,
    `select line_id as "lineId", sku, assessment, units, beyond, spare, at_risk as "atRisk", currency, actor, policy, at from commitments where adjustment = $1 and version = $2 order by length(line_id), line_id`,
    [adjustment, version],
  );

/** Units of orders that were signed for although even high demand does not need them, by order and SKU: of versions that took effect. */
export const spareOfOrders = (tx: Tx, orders: readonly string[]): Promise<{ order: string; sku: string; spare: number }[]> =>
  rows(
    tx,
    `select a.production_order as "order", c.sku, sum(c.spare)::int as spare from adjustments a join commitments c on c.adjustment = a.id and c.version = a.version
     where a.production_order = any($1) and a.status = 'applied' and c.spare > 0 group by 1, 2`,
    [orders],
  );

/** A counter of the buyer's is a version of its own: who signed for the one before has signed for what is left of it. */
export const carryCommitments = (tx: Tx, adjustment: string, from: number, to: number, lines: readonly string[]): Promise<number> =>
  touched(
    tx,
    `insert into commitments (adjustment, version, line_id, sku, assessment, units, beyond, spare, at_risk, currency, actor, policy, at)
     select adjustment, $3, line_id, sku, assessment, units, beyond, spare, at_risk, currency, actor, policy, at from commitments where adjustment = $1 and version = $2 and line_id = any($4)`,
    [adjustment, from, to, lines],
  );

/** Money in a currency that the policy has put at risk in changes that wait for an answer and in orders that are still being made. */
export const automaticAtRisk = async (tx: Tx, world: string, currency: string): Promise<number> =>
  (await one<{ sum: number }>(
    tx,
    `select coalesce(sum(c.at_risk), 0)::bigint as sum from commitments c join adjustments a on a.id = c.adjustment and a.version = c.version join production_orders o on o.id = a.production_order
     where c.policy is not null and a.world = $1 and a.status in ('proposed', 'sent', 'accepted', 'countered', 'applied') and o.status in ('proposed', 'confirmed', 'in-production', 'shipped', 'received', 'on-hold') and c.currency = $2`,
    [world, currency],
  ))?.sum ?? 0;

/** Assessments that the policy has signed for already: what a factory refused is not asked again before the need was looked at anew. */
export const signedByPolicy = async (tx: Tx, assessments: readonly string[]): Promise<Set<string>> =>
  new Set((await rows<{ assessment: string }>(tx, 'select distinct assessment from commitments where assessment = any($1) and policy is not null', [assessments])).map((r) => r.assessment));

/** One automatic commitment of a world at a time: they share one limit. */
export const lockCommitments = (tx: Tx, world: string): Promise<unknown> => rows(tx, 'select pg_advisory_xact_lock(hashtextextended($1, 17))', [world]);
