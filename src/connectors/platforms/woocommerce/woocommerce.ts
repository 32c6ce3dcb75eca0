// WooCommerce: webhooks carry the whole order but for the units of its refunds, which the REST API tells. Deliveries that fail
// are not repeated, so pulls matter. What a delivery is called (X-WC-Webhook-Delivery-ID) is shared by all of one second, and not used.
import { fieldsOf, idOf } from '../payload.js';
import { EMPTY, type ConnectedShop, type Credentials, type Heard, type Platform, type RawWebhook } from '../platform.js';
import { reading } from '../reading.js';
import { equalSecrets, hmac256 } from '../signatures.js';
import { parseLossless } from '../../../kernel/index.js';
import { api, heardOf } from './api.js';

/** WooCommerce signs with an empty secret where none was set: that is no proof of anything. */
const verify = (webhook: RawWebhook, credentials: Credentials): boolean => {
  const secret = credentials['webhookSecret'] ?? '';
  return secret !== '' && equalSecrets(hmac256(secret, webhook.body).toString('base64'), webhook.headers['x-wc-webhook-signature']);
};

const canAsk = ({ credentials, settings }: ConnectedShop): boolean => credentials['consumerKey'] !== undefined && credentials['consumerSecret'] !== undefined && (settings['site'] ?? settings['apiBase']) !== undefined;

function read(webhook: RawWebhook, shop: ConnectedShop): readonly Heard[] {
  const topic = webhook.headers['x-wc-webhook-topic'] ?? `${webhook.headers['x-wc-webhook-resource'] ?? ''}.${webhook.headers['x-wc-webhook-event'] ?? ''}`;
  const body = fieldsOf(parseLossless(webhook.body), 'body');
  if (/^(product|customer|coupon)\./.test(topic)) return [{ kind: 'nothing', about: topic }];
  if (!/^order\.(created|updated|deleted|restored)$/.test(topic)) return [{ kind: 'unknown', about: topic === '.' ? 'no topic' : topic, document: body }];
  const id = idOf(body, 'id');
  const refunded = Array.isArray(body['refunds']) && body['refunds'].length > 0;
  if (topic === 'order.deleted' || refunded) {
    if (canAsk(shop)) return [{ kind: 'hint', entity: 'order', id }];
    const why = refunded ? 'refunds: how many units were given back is told by the REST API alone, and the credentials for it are missing' : 'a deleted order is named and nothing more; the credentials to ask for it are missing';
    return [{ kind: 'unreadable', entity: 'order', id, reason: why, document: body }];
  }
  return reading('order', id, body, () => heardOf(body, [], shop));
}

/** Sent as a webhook is switched on: a form, unsigned. */
const isPing = (body: Buffer): boolean => body.length < 64 && /^webhook_id=\d+$/.test(body.toString('latin1').trim());

export const woocommerce: Platform = {
  name: 'woocommerce',
  title: 'WooCommerce',
  credentials: [
    { name: 'webhookSecret', secret: true, required: true, about: 'the secret of the webhooks, the same for all of them' },
    { name: 'consumerKey', secret: true, required: false, about: 'of a REST API key that may read (ck_…); without it refunds and deleted orders are not understood' },
    { name: 'consumerSecret', secret: true, required: false, about: 'of the same key (cs_…)' },
  ],
  settings: [
    { name: 'site', secret: false, required: false, about: 'https://my-shop.example, with the folder of WordPress if it has one; needed for pulls', fault: (v) => (/^https:\/\/[^\s?#]*[^\s?#/]$/.test(v) ? undefined : 'must be an https address without / at its end') },
    { name: 'broadcastMeta', secret: false, required: false, about: 'the meta field of an order or a line in which the live app writes the broadcast; default broadcast' },
    { name: 'apiBase', secret: false, required: false, about: 'another address of the site, such as a gateway of your own' },
  ],
  webhooks: { secret: 'webhookSecret', verify, probe: (webhook) => (isPing(webhook.body) ? EMPTY(200) : undefined), read, acknowledged: EMPTY(200), refused: EMPTY(401) },
  api,
  keep: new Set(['id', 'parent_id', 'status', 'currency', 'sku', 'product_id', 'variation_id', 'date_created_gmt', 'date_modified_gmt', 'date_paid_gmt', 'date_completed_gmt', 'payment_method']),
};
