import type { FastifyRequest } from 'fastify';
import type { OnceRequest } from './once.js';

/** What identifies a creating POST for Idempotency-Key. */
export function onceOf(request: FastifyRequest, principal: string): OnceRequest {
  const key = request.headers['idempotency-key'];
  return { principal, key: Array.isArray(key) ? key.join(',') : key, route: `${request.method} ${request.url.split('?')[0] ?? ''}`, body: request.body };
}
