import type { Tx } from '../kernel/index.js';
import { one, rows, touched } from '../kernel/database/sql.js';
import type { Binding, RoleName } from './principal.js';

export interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly role: RoleName;
  readonly bindings: readonly Binding[];
  readonly password_hash: string;
  readonly disabled: boolean;
  readonly created_at: Date;
}

export interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly role: RoleName;
  readonly bindings: readonly Binding[];
  readonly scopes: readonly string[];
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
}

export const findUser = (tx: Tx, name: string): Promise<UserRow | undefined> => one(tx, 'select * from users where name = $1', [name]);

export const insertUser = (tx: Tx, user: Pick<UserRow, 'id' | 'name' | 'role' | 'bindings' | 'password_hash'>): Promise<number> =>
  touched(tx, 'insert into users (id, name, role, bindings, password_hash) values ($1, $2, $3, $4, $5)', [user.id, user.name, user.role, JSON.stringify(user.bindings), user.password_hash]);

export const setPassword = (tx: Tx, id: string, hash: string): Promise<number> => touched(tx, 'update users set password_hash = $2 where id = $1', [id, hash]);

export const listUsers = (tx: Tx, after: string, limit: number): Promise<UserRow[]> => rows(tx, 'select * from users where id > $1 order by id limit $2', [after, limit]);

export const findKey = (tx: Tx, hash: Buffer): Promise<KeyRow | undefined> =>
  one(tx, 'select * from api_keys where hash = $1 and revoked_at is null and (expires_at is null or expires_at > now())', [hash]);

export const markUsed = (tx: Tx, id: string): Promise<number> =>
  touched(tx, `update api_keys set last_used_at = now() where id = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute')`, [id]);

export const insertKey = (tx: Tx, key: { id: string; name: string; role: RoleName; bindings: readonly Binding[]; scopes: readonly string[]; hash: Buffer; expiresAt: Date | null }): Promise<number> =>
  touched(
    tx,
    `insert into api_keys (id, name, role, bindings, scopes, hash, expires_at) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (id) do update set hash = excluded.hash, revoked_at = null`,
    [key.id, key.name, key.role, JSON.stringify(key.bindings), key.scopes, key.hash, key.expiresAt],
  );

export const listKeys = (tx: Tx, after: string, limit: number): Promise<KeyRow[]> =>
  rows(tx, 'select id, name, role, bindings, scopes, created_at, expires_at, last_used_at from api_keys where revoked_at is null and id > $1 order by id limit $2', [after, limit]);

export const revokeKey = (tx: Tx, id: string): Promise<number> => touched(tx, 'update api_keys set revoked_at = now() where id = $1 and revoked_at is null', [id]);

export const anyAdminKey = async (tx: Tx): Promise<boolean> =>
  (await one(tx, `select 1 from api_keys where role = 'admin' and revoked_at is null limit 1`)) !== undefined;

export const insertSession = (tx: Tx, hash: Buffer, userId: string, hours: number): Promise<number> =>
  touched(tx, 'insert into sessions (hash, user_id, expires_at) values ($1, $2, now() + make_interval(hours => $3))', [hash, userId, hours]);

export const findSession = (tx: Tx, hash: Buffer): Promise<UserRow | undefined> =>
  one(tx, 'select u.* from sessions s join users u on u.id = s.user_id where s.hash = $1 and s.expires_at > now() and not u.disabled', [hash]);

export const deleteSession = (tx: Tx, hash: Buffer): Promise<number> => touched(tx, 'delete from sessions where hash = $1', [hash]);

export const pruneSessions = (tx: Tx): Promise<number> => touched(tx, 'delete from sessions where expires_at < now()');

export interface AuditRow {
  readonly id: number;
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly object: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly request_id: string | null;
}

export const insertAudit = (tx: Tx, row: { actor: string; action: string; object: string; before: unknown; after: unknown; requestId: string | null }): Promise<number> =>
  touched(tx, 'insert into audit_log (actor, action, object, before, after, request_id) values ($1, $2, $3, $4, $5, $6)', [
    row.actor, row.action, row.object, row.before === undefined ? null : JSON.stringify(row.before), row.after === undefined ? null : JSON.stringify(row.after), row.requestId,
  ]);

export const listAudit = (tx: Tx, beforeId: number, limit: number): Promise<AuditRow[]> =>
  rows(tx, 'select * from audit_log where id < $1 order by id desc limit $2', [beforeId, limit]);
