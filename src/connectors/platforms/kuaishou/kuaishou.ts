// Kuaishou (快手小店): pushes are encrypted, not authenticated, and so hints alone. Checked against its public message document, field
// lists of public SDKs and second implementations of the cipher and the signature; nothing was tried against the platform.
import { JSON_ANSWER, type Credentials, type Platform, type RawWebhook } from '../platform.js';
import { kuaishouApi, refreshKuaishou } from './api.js';
import { isProbe, readMessages } from './messages.js';
import { decrypted, isMessageKey, plain } from './sign.js';

const SUCCESS = JSON_ANSWER(200, { result: 1 });

/** Encrypted with our key, and of our app where it says of which. */
function verify(webhook: RawWebhook, credentials: Credentials): boolean {
  const messages = decrypted(webhook.body, credentials);
  return messages !== undefined && messages.every((m) => m['appKey'] === undefined || m['appKey'] === credentials['appKey']);
}

export const kuaishou: Platform = {
  name: 'kuaishou',
  title: 'Kuaishou',
  credentials: [
    { name: 'appKey', secret: false, required: true, about: "the app's key" },
    { name: 'messageKey', secret: true, required: true, about: "the app's message key (消息解密密钥), base64", fault: (v) => (isMessageKey(v) ? undefined : 'must be 16, 24 or 32 bytes in base64') },
    { name: 'signSecret', secret: true, required: false, about: 'signs calls (signSecret); needed for all that a push names' },
    { name: 'accessToken', secret: true, required: false, about: 'an access token of the shop; without it nothing can be fetched, and pushes name orders without telling them' },
    { name: 'appSecret', secret: true, required: false, about: "the app's secret; needed to renew access" },
    { name: 'refreshToken', secret: true, required: false, about: 'the refresh token that came with the access token' },
    { name: 'accessTokenEndsAt', secret: false, required: false, about: 'when the access token ends, in milliseconds since 1970; 0 renews it at once', fault: (v) => (/^\d{1,15}$/.test(v) ? undefined : 'must be milliseconds since 1970') },
  ],
  settings: [
    { name: 'sellerId', secret: false, required: false, about: "the shop's userId at Kuaishou: pushes of other shops of the same app are passed over", fault: (v) => (/^\d{1,20}$/.test(v) ? undefined : 'must be digits') },
    { name: 'liveCarrierType', secret: false, required: false, about: 'the carrierType that means a live room, whose carrierId is then taken for the broadcast', fault: (v) => (/^\d{1,4}$/.test(v) ? undefined : 'must be digits') },
    { name: 'apiBase', secret: false, required: false, about: 'another address of the API, such as a gateway of your own' },
  ],
  webhooks: {
    secret: 'messageKey', verify, read: readMessages, acknowledged: SUCCESS, refused: JSON_ANSWER(401, { result: 0 }),
    probe: (webhook, credentials) => (isProbe(plain(webhook.body) ?? decrypted(webhook.body, credentials)) ? SUCCESS : undefined),
  },
  api: kuaishouApi,
  refresh: refreshKuaishou,
  keep: new Set([
    'event', 'eventId', 'msgId', 'bizId', 'userId', 'appKey', 'status', 'oid', 'refundId', 'skuId', 'itemId', 'skuNick', 'handlingWay', 'refundReason', 'createTime', 'updateTime', 'payTime', 'sendTime', 'recvTime', 'refundTime', 'endTime', 'carrierType', 'cpsType', 'preSale',
  ]),
};
