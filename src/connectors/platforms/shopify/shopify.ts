// Shopify: webhooks carry the whole order; the REST Admin API gives the same resource, so one mapping serves both.
// What it was checked against: signatures against @shopify/shopify-api; payloads of the shape of Shopify's own fixtures and docs.
import { MissingCredential, credential, PlatformRefused, type PlatformHttp } from '../platform-http.js';
import { fieldsOf, idOf, listOf, optionalInstant, text, type Fields } from '../payload.js';
import { EMPTY, type ConnectedShop, type Heard, type Page, type Platform, type PlatformApi, type RawWebhook } from '../platform.js';
import { asAnswered, reading } from '../reading.js';
import { equalSecrets, hmac256 } from '../signatures.js';
import { parseLossless } from '../../../kernel/index.js';
import { mapOrder, mapRefund, mapReturn, returnStatus } from './map.js';

/** Of 2025-10; older resources have the same fields for what is read here. */
const VERSION = '2025-10';
const PAGE = 250;

const verify = (webhook: RawWebhook, credentials: Readonly<Record<string, string>>): boolean =>
  equalSecrets(hmac256(credentials['webhookSecret'] ?? '', webhook.body).toString('base64'), webhook.headers['x-shopify-hmac-sha256']);

const broadcastName = (shop: ConnectedShop): string => shop.settings['broadcastAttribute'] ?? 'broadcast';

function read(webhook: RawWebhook, shop: ConnectedShop): readonly Heard[] {
  const topic = webhook.headers['x-shopify-topic'] ?? '';
  const body = fieldsOf(parseLossless(webhook.body), 'body');
  if (topic.startsWith('orders/')) {
    if (topic === 'orders/delete') return [{ kind: 'nothing', about: topic }];
    const id = idOf(body, 'id');
    return reading('order', id, body, () => (body['test'] === true ? [{ kind: 'nothing', about: 'test order' }] : [{ kind: 'order', order: mapOrder(body, broadcastName(shop)) }]));
  }
  if (topic === 'refunds/create') return reading('order', idOf(body, 'order_id'), body, () => mapRefund(body).map((found) => ({ kind: 'return', case: found })));
  if (topic.startsWith('returns/')) {
    const id = idOf(body, 'id');
    const at = optionalInstant({ at: webhook.headers['x-shopify-triggered-at'] }, 'at') ?? Date.now();
    return reading('return', id, body, () => {
      if (body['return_line_items'] !== undefined) return [{ kind: 'return', case: mapReturn(body, topic, at) }];
      return [{ kind: 'return-status', returnId: id, orderId: idOf(body, 'order_id', 'order'), status: returnStatus(body, topic), at }];
    });
  }
  if (topic === 'app/uninstalled') return [{ kind: 'deauthorised' }];
  if (/^(checkouts|carts|customers|products|fulfillments|fulfillment_events|inventory_levels|shop|order_transactions|draft_orders)\//.test(topic)) return [{ kind: 'nothing', about: topic }];
  return [{ kind: 'unknown', about: topic === '' ? 'no topic' : topic, document: body }];
}

/** The `page_info` of the next page, out of the Link header. */
function nextPage(header: unknown): string | null {
  if (typeof header !== 'string') return null;
  const next = header.split(',').find((part) => /rel="?next"?/.test(part));
  return next === undefined ? null : (/[?&]page_info=([^&>]+)/.exec(next)?.[1] ?? null);
}

function api(shop: ConnectedShop, http: PlatformHttp): PlatformApi {
  const token = credential(shop.credentials, 'accessToken');
  const base = `${shop.settings['apiBase'] ?? `https://${domainOf(shop)}`}/admin/api/${VERSION}`;
  const headers = { 'x-shopify-access-token': token };
  const get = async (path: string): Promise<{ body: Fields; next: string | null }> => {
    const answered = await http.send({ method: 'GET', url: `${base}${path}`, headers });
    try {
      return { body: fieldsOf(parseLossless(answered.body), 'answer'), next: nextPage(answered.headers['link']) };
    } catch {
      throw new PlatformRefused('the answer is not the JSON it should be', true);
    }
  };
  const heardOf = (orders: readonly Fields[]): Heard[] =>
    orders.flatMap((order) => reading('order', idOf(order, 'id'), order, () => (order['test'] === true ? [{ kind: 'nothing', about: 'test order' }] : [
      { kind: 'order', order: mapOrder(order, broadcastName(shop)) }, ...listOf(order['refunds'], 'refunds').flatMap((refund) => mapRefund({ ...refund, order_id: order['id'] }, order).map((found): Heard => ({ kind: 'return', case: found }))),
    ])));
  return {
    batch: 100, feeds: ['orders'], perSecond: 2, spanHours: 24 * 60,
    test: async () => text(fieldsOf((await get('/shop.json')).body['shop'], 'shop'), 'name'),
    fetch: (entity, ids) => asAnswered(async () => {
      // A return's own resource is in GraphQL alone; its refunds come with the order.
      if (entity === 'return') return ids.map((id) => ({ kind: 'unreadable', entity: 'return', id, reason: 'a return is not read by the REST API; it is told by returns/request or returns/approve, and by its refund', document: { id } }));
      return heardOf(listOf((await get(`/orders.json?status=any&limit=${PAGE}&ids=${ids.map(encodeURIComponent).join(',')}`)).body['orders'], 'orders'));
    }),
    changed: (_feed, since, until, page): Promise<Page> => asAnswered(async () => {
      const query = page === null ? `status=any&order=updated_at+asc&updated_at_min=${encodeURIComponent(since.toISOString())}&updated_at_max=${encodeURIComponent(until.toISOString())}` : `page_info=${page}`;
      const { body, next } = await get(`/orders.json?limit=${PAGE}&${query}`);
      return { heard: heardOf(listOf(body['orders'], 'orders')), next };
    }),
  };
}

function domainOf(shop: ConnectedShop): string {
  const domain = shop.settings['domain'];
  if (domain === undefined) throw new MissingCredential('domain');
  return domain;
}

export const shopify: Platform = {
  name: 'shopify',
  title: 'Shopify',
  credentials: [
    { name: 'webhookSecret', secret: true, required: true, about: "the app's client secret, which signs webhooks" },
    { name: 'accessToken', secret: true, required: false, about: 'an Admin API access token with read_orders and read_returns; without it webhooks alone are read' },
  ],
  settings: [
    { name: 'domain', secret: false, required: false, about: 'my-shop.myshopify.com; needed for pulls', fault: (v) => (/^[a-z0-9][a-z0-9-]*\.myshopify\.com$/.test(v) ? undefined : 'must be like my-shop.myshopify.com') },
    { name: 'broadcastAttribute', secret: false, required: false, about: 'the note attribute in which the live app writes the broadcast; default broadcast' },
    { name: 'apiBase', secret: false, required: false, about: 'another address of the API, such as a gateway of your own' },
  ],
  webhooks: { secret: 'webhookSecret', verify, read, acknowledged: EMPTY(200), refused: EMPTY(401) },
  api,
  keep: new Set(['order_id', 'line_item_id', 'sku', 'variant_id', 'product_id', 'status', 'financial_status', 'fulfillment_status', 'currency', 'restock_type', 'created_at', 'updated_at', 'cancelled_at']),
};

