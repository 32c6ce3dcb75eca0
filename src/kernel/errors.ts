// Expected refusals. A DomainError has a stable code; the HTTP edge turns it into problem+json, a job that throws it is not
// retried. Anything else is a fault of ours: it is logged, answered as 500 without detail, and retried in a job.

export interface FieldFault {
  readonly field: string;
  readonly detail: string;
}

export class DomainError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly extra: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail);
    this.name = 'DomainError';
  }
}

export const notFound = (what: string): DomainError =>
  new DomainError(404, 'not-found', `${what} does not exist, or is not yours to see`);

export const invalid = (field: string, detail: string): DomainError =>
  new DomainError(422, 'invalid', `${field}: ${detail}`, { errors: [{ field, detail } satisfies FieldFault] });

export const unavailable = (detail: string, retryAfterSeconds = 1): DomainError =>
  new DomainError(503, 'unavailable', detail, { retryAfter: retryAfterSeconds });
