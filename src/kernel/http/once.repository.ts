import type { Tx } from '../database/database.js';
import { one, touched } from '../database/sql.js';

export const lock = async (tx: Tx, principal: string, key: string): Promise<boolean> =>
  (await one<{ got: boolean }>(tx, 'select pg_try_advisory_xact_lock(hashtextextended($1, 7)) as got', [`${principal} ${key}`]))?.got ?? false;

export const find = (tx: Tx, principal: string, key: string): Promise<{ body_hash: string; answer: string } | undefined> =>
  one(tx, 'select body_hash, answer from idempotency_keys where principal = $1 and key = $2', [principal, key]);

export const store = (tx: Tx, row: { principal: string; key: string; route: string; hash: string; answer: string }): Promise<number> =>
  touched(tx, 'insert into idempotency_keys (principal, key, route, body_hash, status, answer) values ($1, $2, $3, $4, 201, $5)', [row.principal, row.key, row.route, row.hash, row.answer]);

/** Keys are kept for two days, longer than any client retries. */
const BITE = 5_000;
/** A bite of the answers that are too old; whether there may be more. */
export const prune = async (tx: Tx): Promise<boolean> =>
  (await touched(tx, `delete from idempotency_keys where ctid = any(array(select ctid from idempotency_keys where created_at < now() - interval '2 days' limit $1))`, [BITE])) >= BITE;
