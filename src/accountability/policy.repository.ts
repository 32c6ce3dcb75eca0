import type { Tx } from '../kernel/index.js';
import { one, rows, touched } from '../kernel/database/sql.js';
import type { CostRates, Rule, SupplierTerms } from './accountability.rules.js';

export interface PolicyRow {
  readonly version: number;
  readonly note: string;
  readonly write_down_bp: Readonly<Record<string, number>>;
  readonly costs: readonly CostRates[];
  readonly actor: string;
  readonly at: Date;
}

export interface Policy extends PolicyRow {
  readonly rules: readonly Rule[];
}

const withRules = async (tx: Tx, row: PolicyRow | undefined): Promise<Policy | undefined> =>
  row && {
    ...row,
    rules: await rows<Rule & { [key: string]: unknown }>(tx, 'select finding, claimed_reason as "claimedReason", party, share_bp as "shareBp" from responsibility_rules where version = $1 order by finding, claimed_reason, party', [row.version]),
  };

/** The version in force at a moment of the database's clock; the first where that was before all of them. */
export const policyAt = async (tx: Tx, at: Date): Promise<Policy> =>
  (await withRules(tx, (await one(tx, 'select * from responsibility_policies where at <= $1 order by version desc limit 1', [at])) ?? (await one(tx, 'select * from responsibility_policies order by version limit 1')))) as Policy;

export const latestPolicy = async (tx: Tx): Promise<Policy> => (await withRules(tx, await one(tx, 'select * from responsibility_policies order by version desc limit 1'))) as Policy;
export const policyOf = async (tx: Tx, version: number): Promise<Policy | undefined> => withRules(tx, await one(tx, 'select * from responsibility_policies where version = $1', [version]));

/** The next version; false where another one took its number meanwhile. */
export async function insertPolicy(tx: Tx, p: Omit<PolicyRow, 'at'>, rules: readonly Rule[]): Promise<boolean> {
  const inserted = await touched(tx, 'insert into responsibility_policies (version, note, write_down_bp, costs, actor) values ($1, $2, $3, $4, $5) on conflict do nothing', [p.version, p.note, JSON.stringify(p.write_down_bp), JSON.stringify(p.costs), p.actor]);
  if (inserted === 0) return false;
  await touched(
    tx, 'insert into responsibility_rules (version, finding, claimed_reason, party, share_bp) select $1, w.* from unnest($2::text[], $3::text[], $4::text[], $5::int[]) as w(finding, claimed_reason, party, share_bp)',
    [p.version, rules.map((r) => r.finding), rules.map((r) => r.claimedReason), rules.map((r) => r.party), rules.map((r) => r.shareBp)],
  );
  return true;
}

const TERMS = `version, allowance_bp as "allowanceBp", cap_bp as "capBp", claim_window_days as "claimWindowDays", answer_days as "answerDays", collect_days as "collectDays", silence_accepts as "silenceAccepts", remedy, at`;
export type TermsRow = SupplierTerms & { readonly version: number; readonly at: Date; readonly [key: string]: unknown };

export const latestTerms = (tx: Tx, supplier: string): Promise<TermsRow | undefined> => one(tx, `select ${TERMS} from supplier_terms where supplier = $1 order by version desc limit 1`, [supplier]);

/** The terms in force at a moment of the database's clock: those that stood when a lot came in bind what is claimed for it. */
export const termsAt = (tx: Tx, supplier: string, at: Date): Promise<TermsRow | undefined> =>
  one(tx, `select ${TERMS} from supplier_terms where supplier = $1 and at <= $2 order by version desc limit 1`, [supplier, at]);

export const insertTerms = async (tx: Tx, supplier: string, version: number, t: SupplierTerms, actor: string): Promise<boolean> =>
  (await touched(
    tx,
    `insert into supplier_terms (supplier, version, allowance_bp, cap_bp, claim_window_days, answer_days, collect_days, silence_accepts, remedy, actor) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing`,
    [supplier, version, t.allowanceBp, t.capBp, t.claimWindowDays, t.answerDays, t.collectDays, t.silenceAccepts, t.remedy, actor],
  )) === 1;
