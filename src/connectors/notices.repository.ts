import type { Tx } from '../kernel/index.js';
import { one, touched } from '../kernel/database/sql.js';
import type { DeliveryState, Outcome } from './courier.js';

export type NoticeKind = 'sample-request' | 'chargeback';

export interface NoticeRow {
  readonly kind: NoticeKind;
  readonly subject: string;
  readonly version: number;
  readonly supplier: string;
  readonly webhook_id: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly created_at: Date;
}

/** One per version of what it is about; a repeat finds it there. Notices of earlier versions are over. */
export async function openNotice(tx: Tx, n: Pick<NoticeRow, 'kind' | 'subject' | 'version' | 'supplier' | 'webhook_id'>): Promise<boolean> {
  await touched(tx, `update notices set state = 'ended', next_at = null where kind = $1 and subject = $2 and version < $3 and state = 'waiting'`, [n.kind, n.subject, n.version]);
  return (await touched(
    tx, `insert into notices (kind, subject, version, supplier, webhook_id, state) values ($1, $2, $3, $4, $5, 'waiting') on conflict (kind, subject, version) do nothing`, [n.kind, n.subject, n.version, n.supplier, n.webhook_id],
  )) === 1;
}

export const findNotice = (tx: Tx, kind: NoticeKind, subject: string, version: number): Promise<NoticeRow | undefined> =>
  one(tx, 'select * from notices where kind = $1 and subject = $2 and version = $3', [kind, subject, version]);

export const endNotice = (tx: Tx, n: Pick<NoticeRow, 'kind' | 'subject' | 'version'>, state: DeliveryState): Promise<number> =>
  touched(tx, `update notices set state = $4, next_at = null where kind = $1 and subject = $2 and version = $3 and state = 'waiting'`, [n.kind, n.subject, n.version, state]);

/** Records the `attempt`-th try; false where it was recorded before (a second run of the same work). */
export const recordNotice = async (tx: Tx, n: Pick<NoticeRow, 'kind' | 'subject' | 'version'>, attempt: number, o: Outcome): Promise<boolean> =>
  (await touched(
    tx,
    `update notices set attempts = $4, state = $5, last_status = $6, last_error = $7, next_at = now() + make_interval(secs => $8) where kind = $1 and subject = $2 and version = $3 and attempts = $4 - 1 and state = 'waiting'`,
    [n.kind, n.subject, n.version, attempt, o.state, o.status, o.error, o.wait],
  )) === 1;
