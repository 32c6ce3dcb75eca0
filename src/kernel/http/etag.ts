import { DomainError } from '../errors.js';

export const etagOf = (version: number): string => `"${version}"`;

/** The version an edit is based on, from If-Match; undefined where the client does not mind (absent or *). */
export function expectedVersion(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined;
  const m = /^(?:W\/)?"(\d{1,15})"$/.exec(ifMatch);
  if (m === null) throw new DomainError(412, 'precondition-failed', 'If-Match is not an ETag that this service gave');
  return Number(m[1]);
}

export function checkVersion(expected: number | undefined, current: number): void {
  if (expected !== undefined && expected !== current) {
    throw new DomainError(412, 'precondition-failed', 'it was changed meanwhile; read it again and repeat the edit on its new state', { current });
  }
}
