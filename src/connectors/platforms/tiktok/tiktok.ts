// TikTok Shop: webhooks name an order or a return, which is then asked for; four feeds are pulled besides. Which LIVE sold an order
// is known by the affiliate programme alone.
// What it was checked against: docs/platforms/tiktok.md.
import { parseLossless } from '../../../kernel/index.js';
import { fieldsOf, idOf, listOf, optionalId, text, type Fields } from '../payload.js';
import { EMPTY, type ConnectedShop, type Credentials, type Heard, type Platform, type RawWebhook } from '../platform.js';
import { equalSecrets } from '../signatures.js';
import { api, refresh } from './api.js';
import { webhookSignature } from './sign.js';

const verify = (webhook: RawWebhook, credentials: Credentials): boolean =>
  equalSecrets(webhookSignature(credentials['appKey'] ?? '', credentials['appSecret'] ?? '', webhook.body), webhook.headers['authorization'], true);

/** Kinds of message that say nothing of orders or returns. */
const NOTHING: Readonly<Record<string, string>> = {
  3: 'recipient address', 5: 'product status', 7: 'authorisation is about to end', 13: 'new conversation', 14: 'new message', 15: 'product information', 16: 'product creation', 17: 'shoppable content', 18: 'product category',
  19: 'size chart', 20: 'creator deauthorised', 21: 'inbound to TikTok', 22: 'TikTok fulfilment', 23: 'goods match', 24: 'inventory at TikTok', 25: 'opportunity match', 27: 'inventory status', 33: 'affiliate message', 35: 'mirror status',
  36: 'invoice status', 37: 'product audit', 38: 'strikethrough price', 39: 'promotion', 42: 'combined listing', 46: 'image translation', 51: 'replication', 52: 'listing method', 55: 'video check',
};

const hint = (entity: 'order' | 'return', id: string): Heard => ({ kind: 'hint', entity, id });

/** The documented return message lacks a comma between two lines; a message written by that example is still understood. */
function parsed(body: Buffer): Fields {
  try {
    return fieldsOf(parseLossless(body), 'body');
  } catch (error) {
    const mended = body.toString('utf8').replace(/(["\d\]}])([ \t]*\r?\n\s*")/g, '$1,$2');
    if (mended === body.toString('utf8')) throw error;
    return fieldsOf(parseLossless(Buffer.from(mended)), 'body');
  }
}

function read(webhook: RawWebhook, shop: ConnectedShop): readonly Heard[] {
  const body = parsed(webhook.body);
  const type = text(body, 'type', 20);
  // One app has one address for all shops that granted it access.
  const own = shop.settings['shopId'];
  const named = optionalId(body, 'shop_id');
  if (own !== undefined && named !== null && named !== own) return [{ kind: 'nothing', about: 'a message to another shop' }];
  if (type === '6') return [{ kind: 'deauthorised' }];
  const about = NOTHING[type];
  if (about !== undefined) return [{ kind: 'nothing', about }];
  const data = (): Fields => fieldsOf(body['data'], 'data');
  if (type === '1' || type === '11') return [hint('order', idOf(data(), 'order_id'))];
  if (type === '12') return [hint('return', idOf(data(), 'return_id'))];
  if (type === '4') return listOf(data()['package_list'], 'package_list').flatMap((parcel) => (Array.isArray(parcel['order_id_list']) ? parcel['order_id_list'] : []).map((id: unknown) => hint('order', idOf({ id }, 'id'))));
  return [{ kind: 'unknown', about: `type ${type}`, document: body }];
}

const address = (value: string): string | undefined => (/^https?:\/\/[^\s?#]+$/.test(value) ? undefined : 'must be an address without query');

export const tiktok: Platform = {
  name: 'tiktok',
  title: 'TikTok Shop',
  credentials: [
    { name: 'appKey', secret: false, required: true, about: "the app's key (Partner Center, app details)" },
    { name: 'appSecret', secret: true, required: true, about: "the app's secret: it signs webhooks and requests" },
    { name: 'shopCipher', secret: false, required: false, about: 'cipher of the shop, as Get Authorized Shops answers it; without it and a token nothing can be asked, and webhooks alone say too little' },
    { name: 'accessToken', secret: true, required: false, about: "the seller's access token, with the scopes for orders, returns and, where wanted, affiliate orders" },
    { name: 'refreshToken', secret: true, required: false, about: 'renews the access token before it ends' },
    { name: 'accessTokenEndsAt', secret: false, required: false, about: 'when the access token ends, in milliseconds since 1970; 0 renews it at once; without it it is never renewed', fault: (v) => (/^\d{1,15}$/.test(v) ? undefined : 'must be milliseconds since 1970') },
  ],
  settings: [
    { name: 'shopId', secret: false, required: false, about: "the platform's id of the shop; needed where one app serves several shops, so that messages to the others are left alone", fault: (v) => (/^\d{1,30}$/.test(v) ? undefined : 'must be digits') },
    { name: 'affiliateOrders', secret: false, required: false, about: 'no: affiliate orders are not pulled (their scope was not granted); default yes', fault: (v) => (v === 'yes' || v === 'no' ? undefined : 'must be yes or no') },
    { name: 'apiBase', secret: false, required: false, about: 'another address of the API, such as a gateway of your own', fault: address },
    { name: 'authBase', secret: false, required: false, about: 'another address for renewing access', fault: address },
  ],
  webhooks: { secret: 'appSecret', verify, read, acknowledged: EMPTY(200), refused: EMPTY(401) },
  api,
  refresh,
  keep: new Set([
    'id', 'type', 'shop_id', 'order_id', 'return_id', 'cancel_id', 'return_line_item_id', 'order_line_item_id', 'sku_id', 'seller_sku', 'product_id', 'package_id', 'status', 'display_status', 'package_status', 'order_status', 'return_status',
    'cancel_status', 'return_type', 'return_reason', 'arbitration_status', 'order_type', 'currency', 'create_time', 'update_time', 'paid_time', 'cancel_time', 'content_type', 'content_id',
  ]),
};
