// Lazada: pushes name an order line or a line of a reverse order, which is then asked for; orders and reverse orders are pulled
// besides. Nothing that Lazada says names a broadcast.
// What it was checked against: docs/platforms/lazada.md.
import { parseLossless } from '../../../kernel/index.js';
import { fieldsOf, idOf, optionalId, optionalText, text } from '../payload.js';
import { EMPTY, type ConnectedShop, type Credentials, type Heard, type Platform, type RawWebhook } from '../platform.js';
import { equalSecrets } from '../signatures.js';
import { api, COUNTRIES, refresh } from './api.js';
import { reverseId } from './map.js';
import { pushSignature } from './sign.js';

const verify = (webhook: RawWebhook, credentials: Credentials): boolean =>
  equalSecrets(pushSignature(credentials['appKey'] ?? '', credentials['appSecret'] ?? '', webhook.body), webhook.headers['authorization'], true);

/** Kinds of message that say nothing of orders or returns. */
const NOTHING: Readonly<Record<string, string>> = {
  1: 'product quality', 2: 'chat message', 3: 'product', 6: 'shallow stock', 7: 'short video', 8: 'authorisation is about to end', 11: 'promotion', 12: 'product category', 13: 'seller status', 19: 'chat session', 21: 'product review', 35: 'purchase order',
  46: 'pick-up order',
};

function read(webhook: RawWebhook, shop: ConnectedShop): readonly Heard[] {
  const body = fieldsOf(parseLossless(webhook.body), 'body');
  const type = text(body, 'message_type', 20);
  // One app has one address for all sellers who granted it access.
  const own = shop.settings['sellerId'];
  const named = optionalId(body, 'seller_id');
  if (own !== undefined && named !== null && named !== 'null' && named !== own) return [{ kind: 'nothing', about: 'a message to another seller' }];
  const about = NOTHING[type];
  if (about !== undefined) return [{ kind: 'nothing', about }];
  if (type !== '0' && type !== '10' && type !== '14') return [{ kind: 'unknown', about: `type ${type}`, document: body }];
  const data = fieldsOf(body['data'], 'data');
  const order: Heard = { kind: 'hint', entity: 'order', id: idOf(data, 'trade_order_id') };
  const [reverse, line] = [optionalId(data, 'reverse_order_id'), optionalId(data, 'reverse_order_line_id')];
  const status = (optionalText(data, 'reverse_status', 80) ?? optionalText(data, 'order_status', 80) ?? '').toUpperCase();
  // A cancellation is a reverse order as well: its order says all of it.
  return reverse === null || line === null || status.startsWith('CANCEL') ? [order] : [order, { kind: 'hint', entity: 'return', id: reverseId(reverse, line) }];
}

const address = (value: string): string | undefined => (/^https?:\/\/[^\s?#]+$/.test(value) ? undefined : 'must be an address without query');

export const lazada: Platform = {
  name: 'lazada',
  title: 'Lazada',
  credentials: [
    { name: 'appKey', secret: false, required: true, about: "the app's key (App Console)" },
    { name: 'appSecret', secret: true, required: true, about: "the app's secret: it signs pushes and requests" },
    { name: 'accessToken', secret: true, required: false, about: "the seller's access token; without it nothing can be asked, and pushes alone say too little" },
    { name: 'refreshToken', secret: true, required: false, about: 'renews the access token before it ends' },
    { name: 'accessTokenEndsAt', secret: false, required: false, about: 'when the access token ends, in milliseconds since 1970; 0 renews it at once; without it it is never renewed', fault: (v) => (/^\d{1,15}$/.test(v) ? undefined : 'must be milliseconds since 1970') },
  ],
  settings: [
    { name: 'country', secret: false, required: false, about: 'where the shop sells: sg, th, my, vn, ph or id; needed for calls', fault: (v) => (Object.hasOwn(COUNTRIES, v) ? undefined : 'must be one of sg, th, my, vn, ph, id') },
    { name: 'sellerId', secret: false, required: false, about: "the platform's id of the seller; needed where one app serves several, so that messages to the others are left alone", fault: (v) => (/^\d{1,30}$/.test(v) ? undefined : 'must be digits') },
    { name: 'apiBase', secret: false, required: false, about: 'another address of the API, such as a gateway of your own', fault: address },
    { name: 'authBase', secret: false, required: false, about: 'another address for renewing access', fault: address },
  ],
  webhooks: { secret: 'appSecret', verify, read, acknowledged: EMPTY(200), refused: EMPTY(401) },
  api,
  refresh,
  keep: new Set([
    'message_type', 'site', 'seller_id', 'order_id', 'order_item_id', 'trade_order_id', 'trade_order_line_id', 'reverse_order_id', 'reverse_order_line_id', 'order_status', 'reverse_status', 'ofc_status', 'request_type', 'status', 'order_type',
    'stage_pay_status', 'sku', 'shop_sku', 'sku_id', 'seller_sku_id', 'platform_sku_id', 'currency', 'reason_code', 'created_at', 'updated_at', 'payment_time', 'status_update_time', 'fulfillment_package_id',
  ]),
};
