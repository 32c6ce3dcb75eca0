// Who is asking. Bindings are opaque to this room: `{kind: 'supplier', id: 'factory-3'}` means something to others.
export const ROLES = ['admin', 'operator', 'factory', 'anchor', 'controller', 'warehouse', 'quality', 'finance', 'platform'] as const;
/** `platform` is a key that only takes in orders of the shops in its scopes. */
export type RoleName = (typeof ROLES)[number];

export interface Binding {
  readonly kind: string;
  readonly id: string;
}

export interface Principal {
  readonly kind: 'user' | 'key';
  readonly id: string;
  readonly name: string;
  readonly role: RoleName;
  readonly bindings: readonly Binding[];
  readonly scopes: readonly string[];
}

/** The roles that must be bound, and to what. */
export const BOUND_ROLES: Readonly<Partial<Record<RoleName, string>>> = { factory: 'supplier', anchor: 'anchor', controller: 'anchor' };

export const boundTo = (principal: Principal, kind: string): readonly string[] =>
  principal.bindings.filter((binding) => binding.kind === kind).map((binding) => binding.id);

/** undefined: everything of this kind; a list: only these. */
export const limitTo = (principal: Principal, kind: string): readonly string[] | undefined =>
  BOUND_ROLES[principal.role] === kind ? boundTo(principal, kind) : undefined;

/** True where the principal may take in events of `shop`. */
export const mayIngest = (principal: Principal, shop: string): boolean =>
  principal.role === 'admin' || principal.role === 'operator' || principal.scopes.includes(`ingest:${shop}`) || principal.scopes.includes('ingest:*');

export const actorOf = (principal: Principal): string => `${principal.kind}:${principal.id}`;
