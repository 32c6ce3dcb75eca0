import { Inject, Injectable } from '@nestjs/common';
import argon2 from 'argon2';
import { createHash, timingSafeEqual } from 'node:crypto';
import { currentScope, Database, DomainError, invalid, newId, notFound, randomSecret, Remembered, Secrets, type Tx, unavailable } from '../kernel/index.js';
import * as store from './access.repository.js';
import { actorOf, BOUND_ROLES, type Binding, type Principal, type RoleName } from './principal.js';

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();
/** How long a key's or session's principal is remembered; a revocation reaches other processes within this time. */
const REMEMBER_MS = 2_000;
const SESSION_HOURS = 12;
const MAX_REMEMBERED = 10_000;
const MAX_HASHES = 1_000;
export const BEARER = /^Bearer ([\x21-\x7e]{1,512})$/i;
/** Each verification takes 64 MB and a quarter of a second of work: so many at once, so many more wait, the rest is refused. */
const MAX_VERIFYING = 4;
const MAX_WAITING = 100;
/** Failed log-ins per user name within a quarter of an hour before further tries are refused. */
const MAX_FAILURES = 10;
const FAILURE_WINDOW_MS = 15 * 60_000;

export interface NewIdentity {
  readonly name: string;
  readonly role: RoleName;
  readonly supplier?: string | undefined;
  readonly anchors?: readonly string[] | undefined;
}

function bindingsOf(identity: NewIdentity): Binding[] {
  const bindings: Binding[] = [
    ...(identity.supplier === undefined ? [] : [{ kind: 'supplier', id: identity.supplier }]),
    ...(identity.anchors ?? []).map((id) => ({ kind: 'anchor', id })),
  ];
  const needed = BOUND_ROLES[identity.role];
  if (needed !== undefined && !bindings.some((b) => b.kind === needed)) {
    throw invalid(needed === 'supplier' ? 'supplier' : 'anchors', `the role ${identity.role} must be bound to ${needed === 'supplier' ? 'a supplier' : 'at least one anchor'}`);
  }
  if (bindings.some((b) => b.kind !== needed)) throw invalid('role', `the role ${identity.role} takes no such binding`);
  return bindings;
}

@Injectable()
export class AccessService {
  private readonly remembered = new Remembered<Principal>(REMEMBER_MS, MAX_REMEMBERED);
  /** Hashes of headers seen lately: one costs as much as reading an order. */
  private readonly hashes = new Map<string, string>();
  private readonly failures = new Map<string, { count: number; since: number }>();
  private verifying = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Secrets) private readonly secrets: Secrets,
  ) {}

  /** The principal of an `Authorization` header that was identified a moment ago, without asking anybody. */
  recognise(authorization: string): Principal | undefined {
    let hash = this.hashes.get(authorization);
    if (hash === undefined) {
      const token = BEARER.exec(authorization)?.[1];
      if (token === undefined) return undefined;
      hash = hashOf(`key:${token}`).toString('base64url');
      if (this.hashes.size >= MAX_HASHES) this.hashes.clear();
      this.hashes.set(authorization, hash);
    }
    return this.remembered.peek(hash);
  }

  /** The principal behind a bearer token or session cookie; undefined where there is none. */
  async identify(kind: 'key' | 'session', token: string): Promise<Principal | undefined> {
    const hash = hashOf(`${kind}:${token}`);
    return this.remembered.get(hash.toString('base64url'), () => this.database.transaction((tx) => (kind === 'session' ? this.ofSession(tx, hash) : this.ofKey(tx, hash))));
  }

  private async ofSession(tx: Tx, hash: Buffer): Promise<Principal | undefined> {
    const user = await store.findSession(tx, hash);
    return user && { kind: 'user', id: user.id, name: user.name, role: user.role, bindings: user.bindings, scopes: [] };
  }

  private async ofKey(tx: Tx, hash: Buffer): Promise<Principal | undefined> {
    const key = await store.findKey(tx, hash);
    if (key === undefined) return undefined;
    await store.markUsed(tx, key.id);
    return { kind: 'key', id: key.id, name: key.name, role: key.role, bindings: key.bindings, scopes: key.scopes };
  }

  async createKey(tx: Tx, actor: Principal, identity: NewIdentity & { scopes?: readonly string[] | undefined; expiresAt?: Date | undefined }): Promise<{ id: string; key: string }> {
    const scopes = identity.scopes ?? [];
    if (identity.role === 'platform' && scopes.length === 0) throw invalid('scopes', 'a platform key needs at least one scope such as ingest:my-shop');
    const id = newId('key');
    const key = `${id}.${randomSecret()}`;
    const bindings = bindingsOf(identity);
    await store.insertKey(tx, { id, name: identity.name, role: identity.role, bindings, scopes, hash: hashOf(`key:${key}`), expiresAt: identity.expiresAt ?? null });
    await this.audit(tx, actor, 'api-key.created', id, undefined, { name: identity.name, role: identity.role, bindings, scopes });
    return { id, key };
  }

  async revokeKey(tx: Tx, actor: Principal, id: string): Promise<void> {
    if ((await store.revokeKey(tx, id)) === 0) throw notFound('this API key');
    this.remembered.clear();
    await this.audit(tx, actor, 'api-key.revoked', id, undefined, undefined);
  }

  async createUser(tx: Tx, actor: Principal, identity: NewIdentity & { password: string }): Promise<{ id: string }> {
    if (identity.role === 'platform') throw invalid('role', 'platform is a role of API keys, not of people');
    const id = newId('usr');
    const bindings = bindingsOf(identity);
    if ((await store.findUser(tx, identity.name)) !== undefined) throw new DomainError(409, 'exists', `a user named ${identity.name} exists already`);
    await store.insertUser(tx, { id, name: identity.name, role: identity.role, bindings, password_hash: await argon2.hash(identity.password) });
    await this.audit(tx, actor, 'user.created', id, undefined, { name: identity.name, role: identity.role, bindings });
    return { id };
  }

  /** Answers the session token; the same refusal for an unknown name and a wrong password, at the same cost. */
  async logIn(name: string, password: string): Promise<{ token: string; principal: Principal }> {
    this.countTry(name);
    const user = await this.verified(name, password).catch((error: unknown) => {
      // Nothing was tried: the database was away, or too many log in.
      this.forgiveTry(name);
      throw error;
    });
    if (user === undefined) throw new DomainError(401, 'unauthorized', 'the name or the password is wrong');
    this.failures.delete(name);
    const token = randomSecret();
    await this.database.transaction((tx) => store.insertSession(tx, hashOf(`session:${token}`), user.id, SESSION_HOURS));
    return { token, principal: { kind: 'user', id: user.id, name: user.name, role: user.role, bindings: user.bindings, scopes: [] } };
  }

  private async verified(name: string, password: string): Promise<store.UserRow | undefined> {
    const user = await this.database.transaction((tx) => store.findUser(tx, name));
    const fallback = '$argon2id$v=19$m=65536,p=4,t=3$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
    const right = await this.inTurn(() => argon2.verify(user?.password_hash ?? fallback, password).catch(() => false));
    return user === undefined || user.disabled || !right ? undefined : user;
  }

  /** A try counts before it is verified, and a success clears the count: tries sent side by side are no more than those one after the other. */
  private countTry(name: string): void {
    const failed = this.failures.get(name);
    const fresh = failed === undefined || Date.now() - failed.since >= FAILURE_WINDOW_MS;
    if (!fresh && failed.count >= MAX_FAILURES) {
      throw new DomainError(429, 'too-many-tries', 'too many failed log-ins for this name; try again in a quarter of an hour', { retryAfter: 900 });
    }
    if (this.failures.size > MAX_REMEMBERED) this.failures.clear();
    this.failures.set(name, fresh ? { count: 1, since: Date.now() } : { ...failed, count: failed.count + 1 });
  }

  private forgiveTry(name: string): void {
    const counted = this.failures.get(name);
    if (counted !== undefined) this.failures.set(name, { ...counted, count: counted.count - 1 });
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.verifying < MAX_VERIFYING) this.verifying++;
    else if (this.waiting.length >= MAX_WAITING) throw unavailable('too many log-ins at the moment');
    // Who ends hands its turn over.
    else await new Promise<void>((resolve) => void this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.verifying--;
      else next();
    }
  }

  async logOut(token: string): Promise<void> {
    this.remembered.clear();
    await this.database.transaction((tx) => store.deleteSession(tx, hashOf(`session:${token}`)));
  }

  csrfToken(sessionToken: string): string {
    return this.secrets.keyedHash('csrf', sessionToken);
  }

  csrfMatches(sessionToken: string, given: string | undefined): boolean {
    const wanted = Buffer.from(this.csrfToken(sessionToken));
    const got = Buffer.from(given ?? '');
    return wanted.length === got.length && timingSafeEqual(wanted, got);
  }

  listKeys = (tx: Tx, after: string, limit: number): Promise<store.KeyRow[]> => store.listKeys(tx, after, limit);
  listUsers = (tx: Tx, after: string, limit: number): Promise<store.UserRow[]> => store.listUsers(tx, after, limit);
  listAudit = (tx: Tx, before: number, limit: number): Promise<store.AuditRow[]> => store.listAudit(tx, before, limit);

  /** Writes who did what to which object into the caller's transaction. */
  async audit(tx: Tx, actor: Principal, action: string, object: string, before: unknown, after: unknown): Promise<void> {
    await store.insertAudit(tx, { actor: actorOf(actor), action, object, before, after, requestId: currentScope()?.requestId ?? null });
  }

  /**
   * The first admin key: the value of BOOTSTRAP_KEY, which exists from the first start on; without it one is made when no
   * admin key exists, and returned to be printed once.
   */
  async bootstrap(value: string | undefined): Promise<string | undefined> {
    return this.database.transaction(async (tx) => {
      const base = { name: 'bootstrap', role: 'admin' as const, bindings: [], scopes: [], expiresAt: null };
      if (value !== undefined) {
        await store.insertKey(tx, { ...base, id: 'key_bootstrap', hash: hashOf(`key:${value}`) });
        return undefined;
      }
      if (await store.anyAdminKey(tx)) return undefined;
      const id = newId('key');
      const key = `${id}.${randomSecret()}`;
      await store.insertKey(tx, { ...base, id, hash: hashOf(`key:${key}`) });
      return key;
    });
  }

  prune(): Promise<number> {
    return this.database.transaction((tx) => store.pruneSessions(tx));
  }
}
