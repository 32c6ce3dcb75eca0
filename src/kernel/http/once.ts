// Idempotency-Key: the effect and the stored answer are one transaction, so a crash between them cannot make a repeat run
// twice. Answers are sealed at rest because some carry a secret that is shown once.
import { Inject, Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { Database, type Tx } from '../database/database.js';
import { DomainError, invalid } from '../errors.js';
import { Secrets } from '../secrets/secrets.js';
import * as answers from './once.repository.js';

export interface OnceRequest {
  readonly principal: string;
  readonly key: string | undefined;
  readonly route: string;
  readonly body: unknown;
}

@Injectable()
export class Once {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Secrets) private readonly secrets: Secrets,
  ) {}

  /** Runs `work` in a transaction; with a key, at most once for this principal. */
  async run<T>(request: OnceRequest, work: (tx: Tx) => Promise<T>): Promise<T> {
    const { key } = request;
    if (key === undefined) return this.database.transaction(work);
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw invalid('Idempotency-Key', 'must be 1 to 255 visible ASCII characters');
    const hash = createHash('sha256').update(request.route).update('\0').update(request.body === undefined ? '' : JSON.stringify(request.body)).digest('base64url');
    return this.database.transaction(async (tx) => {
      if (!(await answers.lock(tx, request.principal, key))) {
        throw new DomainError(409, 'still-running', 'a request with this Idempotency-Key is still running; repeat it later', { retryAfter: 1 });
      }
      const known = await answers.find(tx, request.principal, key);
      if (known !== undefined) {
        if (known.body_hash !== hash) throw new DomainError(422, 'idempotency-key-reused', 'this Idempotency-Key was used with another request');
        return JSON.parse(this.secrets.open(known.answer)) as T;
      }
      const answer = await work(tx);
      await answers.store(tx, { ...request, key, hash, answer: this.secrets.seal(JSON.stringify(answer ?? null)) });
      return answer;
    });
  }
}
