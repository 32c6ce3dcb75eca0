// Shopee: pushes are thin and say what to fetch; orders, returns and pushes that were lost are pulled. No order names the live
// session that sold it. [documentation only]: nothing here could be tried against the platform.
import { fieldsOf } from '../payload.js';
import { EMPTY, type Credentials, type Platform, type RawWebhook } from '../platform.js';
import { equalSecrets } from '../signatures.js';
import { parseLossless } from '../../../kernel/index.js';
import { api, refresh } from './api.js';
import { heardOf, isProbe } from './push.js';
import { pushSignature } from './sign.js';

const verify = (webhook: RawWebhook, credentials: Credentials): boolean =>
  credentials['partnerKey'] !== undefined && equalSecrets(pushSignature(credentials['partnerKey'], webhook.url, webhook.body), webhook.headers['authorization'], true);

const digits = (value: string): string | undefined => (/^\d{1,19}$/.test(value) ? undefined : 'must be digits');

export const shopee: Platform = {
  name: 'shopee',
  title: 'Shopee',
  credentials: [
    { name: 'partnerKey', secret: true, required: true, about: "the app's partner key, which signs pushes and calls" },
    { name: 'accessToken', secret: true, required: false, about: "a shop's access token (4 hours); without it nothing can be fetched, and pushes say nothing by themselves" },
    { name: 'refreshToken', secret: true, required: false, about: "the shop's refresh token (30 days, for one use): access is renewed with it" },
    { name: 'accessTokenEndsAt', secret: false, required: false, about: 'when the access token ends, in milliseconds since 1970; 0 renews it at once, without it it is never renewed', fault: digits },
  ],
  settings: [
    { name: 'partnerId', secret: false, required: true, about: "the app's partner id", fault: digits },
    { name: 'shopId', secret: false, required: true, about: "Shopee's id of the shop", fault: digits },
    { name: 'apiBase', secret: false, required: false, about: 'where the app is used from elsewhere: https://openplatform.shopee.cn, https://openplatform.shopee.com.br, or the sandbox' },
  ],
  webhooks: {
    secret: 'partnerKey',
    verify,
    probe: (webhook) => (isProbe(webhook.body) ? EMPTY(200) : undefined),
    read: (webhook, shop) => heardOf(fieldsOf(parseLossless(webhook.body), 'body'), shop),
    // A body, even an empty object, counts as a failure.
    acknowledged: EMPTY(200),
    refused: EMPTY(401),
  },
  api,
  refresh,
  keep: new Set(['code', 'shop_id', 'ordersn', 'order_sn', 'return_sn', 'package_number', 'status', 'order_status', 'logistics_status', 'reverse_logistic_status', 'currency', 'reason', 'item_id', 'model_id', 'item_sku', 'model_sku', 'order_item_id', 'update_time', 'create_time', 'timestamp']),
};
