import { Inject, Injectable } from '@nestjs/common';
import { Database, DomainError, notFound } from '../kernel/index.js';
import { ConnectionsService, type Connected } from './connections.service.js';
import { setDeauthorised } from './connections.repository.js';
import { Noticed } from './noticed.js';
import { PlatformIntake, type Taken } from './platform-intake.js';
import { Unreadable } from './platforms/payload.js';
import type { Answer, Heard, RawWebhook } from './platforms/platform.js';

@Injectable()
export class WebhooksService {
  constructor(
    @Inject(ConnectionsService) private readonly connections: ConnectionsService,
    @Inject(PlatformIntake) private readonly intake: PlatformIntake,
    @Inject(Noticed) private readonly noticed: Noticed,
    @Inject(Database) private readonly database: Database,
  ) {}

  async take(platform: string, shop: string, webhook: RawWebhook): Promise<Answer> {
    const connected = await this.connections.find(shop);
    if (connected?.platform.name !== platform || connected.platform.webhooks === null) throw notFound(`the address of ${shop}`);
    const { webhooks } = connected.platform;
    const probed = webhooks.probe?.(webhook, connected.credentials);
    if (probed !== undefined) return probed;
    const now = Date.now();
    const signedWith = [connected.credentials, connected.previous].find((credentials) => credentials !== undefined && webhooks.verify(webhook, credentials, now));
    if (signedWith === undefined) {
      this.noticed.refused(shop, 'a webhook was not signed with the secret of this shop');
      return webhooks.refused;
    }
    const taken = await this.intake.take(connected, this.read({ ...connected, credentials: signedWith }, webhook));
    this.noticed.webhook(shop, taken.latest);
    if (taken.deauthorised) await this.database.transaction((tx) => setDeauthorised(tx, shop)).then(() => this.connections.forget(shop));
    return connected.platform.name === 'generic' ? counted(taken) : webhooks.acknowledged;
  }

  /** Signed, and not to be understood: refused with the field's name, which the sender may read; nothing of it is kept. */
  private read(connected: Connected, webhook: RawWebhook): readonly Heard[] {
    try {
      return connected.platform.webhooks?.read(webhook, connected) ?? [];
    } catch (error) {
      if (error instanceof Unreadable) {
        this.noticed.refused(connected.shop, `a webhook could not be read: ${error.message}`);
        throw new DomainError(422, 'invalid', error.message, { errors: [{ field: error.field, detail: error.fault }] });
      }
      if (error instanceof DomainError) this.noticed.refused(connected.shop, `a webhook could not be read: ${error.code}`);
      throw error;
    }
  }
}

/** Who speaks our own words reads our answer: nothing good in it is a fault of the sender's. */
function counted(taken: Taken): Answer {
  const answer = { accepted: taken.events + taken.returns, duplicates: taken.unchanged, quarantined: taken.quarantined, rejectedCount: taken.rejectedCount, rejected: taken.rejected };
  const first = taken.rejected[0];
  if (first !== undefined && taken.events + taken.returns + taken.unchanged === 0 && taken.quarantined <= taken.rejectedCount) {
    throw new DomainError(first.code === 'event-id-reused' || first.code === 'return-id-reused' ? 409 : 422, first.code, first.detail, answer);
  }
  return { status: 202, body: JSON.stringify(answer), contentType: 'application/json; charset=utf-8' };
}
