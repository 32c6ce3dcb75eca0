// Every error leaves as RFC 9457 problem+json with a stable `code`. What we did not expect is logged whole and answered
// without detail.
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isAway } from '../database/database.js';
import { DomainError } from '../errors.js';
import { log } from '../log/log.js';

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 409: 'Conflict', 412: 'Precondition Failed',
  413: 'Content Too Large', 415: 'Unsupported Media Type', 422: 'Unprocessable Content', 429: 'Too Many Requests', 500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** Data that only the database could refuse: malformed text (NUL), out of range, broken reference, duplicate, failed check. */
function fromDatabase(error: { code?: string; constraint?: string; detail?: string }): DomainError | undefined {
  switch (error.code) {
    case '22021': case '22P05': case '22P02':
      return new DomainError(422, 'invalid-text', 'a text holds characters that cannot be stored (NUL or a lone surrogate)');
    case '22003': case '22007': case '22008':
      return new DomainError(422, 'out-of-range', 'a number or time is out of the range that can be stored');
    case '23503':
      return new DomainError(422, 'unknown-reference', `something that is referred to does not exist (${error.constraint ?? 'reference'})`);
    case '23505':
      return new DomainError(409, 'exists', `it exists already (${error.constraint ?? 'key'})`);
    case '23514': case '23502':
      return new DomainError(422, 'invalid', `a value is not allowed (${error.constraint ?? 'check'})`);
    default:
      return undefined;
  }
}

export function toDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (error instanceof HttpException) {
    const body = error.getResponse();
    const said = typeof body === 'string' ? body : (body as { message?: unknown }).message;
    const detail = typeof said === 'string' ? said : error.message;
    const code = { 404: 'not-found', 405: 'method-not-allowed', 413: 'too-large', 415: 'unsupported-media-type' }[error.getStatus()] ?? 'refused';
    return new DomainError(error.getStatus(), code, detail);
  }
  const fastify = error as { statusCode?: number; code?: string; message?: string };
  if (fastify.code?.startsWith('FST_') === true && fastify.statusCode !== undefined && fastify.statusCode < 500) {
    const code = { FST_ERR_CTP_BODY_TOO_LARGE: 'too-large', FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type' }[fastify.code] ?? 'bad-request';
    return new DomainError(fastify.statusCode, code, fastify.message ?? 'the request cannot be read');
  }
  const mapped = fromDatabase(error as { code?: string });
  if (mapped !== undefined) return mapped;
  if (isAway(error)) return new DomainError(503, 'unavailable', 'the database is not available at the moment', { retryAfter: 1 });
  // Lock time-out, deadlock, statement time-out, queue full: the same request may pass a little later.
  if (['55P03', '40P01', '40001', '57014'].includes(fastify.code ?? '')) {
    return new DomainError(503, 'busy', 'the request could not get through in time, try again', { retryAfter: 1 });
  }
  return new DomainError(500, 'internal', 'something went wrong on our side; it was logged under the request id', { unexpected: true });
}

export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An error as its answer; what was not expected is logged whole. */
export function problemOf(error: unknown, requestId: string, path: string): Problem {
  const known = toDomainError(error);
  const { retryAfter, unexpected, ...extra } = known.extra;
  if (unexpected === true) log.error('unexpected error', { requestId, reason: String(error), stack: (error as Error).stack });
  return {
    status: known.status,
    headers: {
      ...(typeof retryAfter === 'number' ? { 'retry-after': String(retryAfter) } : {}), ...(known.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      'content-type': 'application/problem+json; charset=utf-8',
    },
    body: JSON.stringify({
      // First, so that no extension can stand in for a member that RFC 9457 defines.
      ...extra,
      type: `https://castline.example/problems/${known.code}`,
      title: TITLES[known.status] ?? 'Error',
      status: known.status,
      code: known.code,
      detail: known.message,
      instance: path,
      requestId,
    }),
  };
}

export function sendProblem(reply: FastifyReply, request: FastifyRequest, error: unknown): void {
  const { status, headers, body } = problemOf(error, request.id, request.url.split('?')[0] ?? '');
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  // A body that was refused before it was read to its end must not be taken for the next request.
  if (!request.raw.complete) void reply.header('connection', 'close');
  void reply.status(status).headers(headers).send(body);
}

@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(http.getResponse<FastifyReply>(), http.getRequest<FastifyRequest>(), error);
  }
}
