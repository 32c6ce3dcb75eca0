// Anything that can sign by Standard Webhooks and speak of orders in our own words: JD, Mogujie, a shop of one's own.
import { Webhook } from 'standardwebhooks';
import { randomSecret } from '../../../kernel/index.js';
import type { Credentials, Platform, RawWebhook } from '../platform.js';
import { EMPTY, JSON_ANSWER } from '../platform.js';
import { readGeneric } from './read.js';

const SECRET = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;

function verify(webhook: RawWebhook, credentials: Credentials): boolean {
  try {
    // Refuses a time stamp more than five minutes off, and compares in constant time.
    new Webhook(credentials['webhookSecret'] ?? '').verify(webhook.body.toString('utf8'), webhook.headers as Record<string, string>);
    return true;
  } catch (error) {
    // The library parses the body once the signature is right; what it cannot parse is read, and refused by name, afterwards.
    return error instanceof SyntaxError;
  }
}

export const generic: Platform = {
  name: 'generic',
  title: 'Standard Webhooks',
  credentials: [
    {
      name: 'webhookSecret', secret: true, required: true, about: 'whsec_ and 24 to 64 random bytes in base64; made here where none is given', generate: () => `whsec_${Buffer.from(randomSecret(32), 'base64url').toString('base64')}`,
      fault: (value) => (SECRET.test(value) ? undefined : 'must be whsec_ and 24 to 64 bytes in base64'),
    },
  ],
  settings: [],
  webhooks: { secret: 'webhookSecret', verify, read: (webhook, shop) => readGeneric(webhook.body, shop.shop), acknowledged: JSON_ANSWER(202, {}), refused: EMPTY(401) },
  api: null,
  keep: new Set(['event_id', 'order_id', 'line_id', 'sku', 'type', 'kind', 'payment', 'currency', 'return_id', 'status', 'occurred_at', 'shop']),
};
