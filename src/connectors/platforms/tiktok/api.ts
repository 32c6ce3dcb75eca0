// Asking TikTok Shop's Open API: signed requests, pages by an opaque token, faults as codes inside an answer of 200.
import { credential, PlatformRefused, type PlatformHttp } from '../platform-http.js';
import { fieldsOf, idOf, listOf, optionalText, optionalWhole, text, type Fields } from '../payload.js';
import type { ConnectedShop, Credentials, Heard, Page, PlatformApi, PlatformOrder } from '../platform.js';
import { asAnswered, idIn, reading } from '../reading.js';
import { failedDelivery, mapOrder } from './map.js';
import { mapAffiliateOrder, mapReturn } from './returns.js';
import { requestSignature } from './sign.js';

const API = 'https://open-api.tiktokglobalshop.com';
const ACCESS = 'https://auth.tiktok-shops.com';
const BATCH = 50;
/** Orders are told of by the affiliate programme at some time after they were placed, and can be asked for by that time alone. */
const AFFILIATE_LAG_MS = 2 * 3_600_000;

/** Too many requests, internal error, time-out, and what the order API says where it asks to try again. */
const BUSY = new Set(['36009002', '36009003', '36009007', '10002014', '10002015', '10037002', '10037003', '10037004']);
const EXPIRED = new Set(['105001', '105002', '105003']);
/** One code for all that is wrong with a request; the text says which. */
const BAD_REQUEST = '36009004';

/** The answer's `data`. Its message is looked at, never passed on. */
function dataOf(answer: unknown): Fields {
  const body = fieldsOf(answer, 'answer');
  const code = text(body, 'code', 20);
  if (code === '0') return fieldsOf(body['data'] ?? {}, 'data');
  const unauthorised = EXPIRED.has(code) || (code === BAD_REQUEST && /access_token|x-tts-access-token/i.test(String(body['message'])));
  throw new PlatformRefused(`answered with code ${/^\d+$/.test(code) ? code : '?'}`, BUSY.has(code), null, unauthorised);
}

const seconds = (at: number): number => Math.floor(at / 1000);

/** Pages end where none is named, where one is empty, and where a page names itself. */
function nextOf(data: Fields, found: number, page: string | null): string | null {
  const next = optionalText(data, 'next_page_token', 2_000);
  return found === 0 || next === page ? null : next;
}

export function api(shop: ConnectedShop, http: PlatformHttp): PlatformApi {
  const { credentials, settings } = shop;
  const [appKey, appSecret, token, cipher] = [credential(credentials, 'appKey'), credential(credentials, 'appSecret'), credential(credentials, 'accessToken'), credential(credentials, 'shopCipher')];
  const base = (settings['apiBase'] ?? API).replace(/\/+$/, '');

  const ask = async (path: string, own: Readonly<Record<string, string>>, content?: object, ofShop = true): Promise<Fields> => {
    const body = content === undefined ? '' : JSON.stringify(content);
    const query: Record<string, string> = { ...own, app_key: appKey, timestamp: String(seconds(Date.now())), ...(ofShop ? { shop_cipher: cipher } : {}) };
    const signed = new URLSearchParams({ ...query, sign: requestSignature(path, query, body, appSecret) });
    return dataOf(await http.json({ method: content === undefined ? 'GET' : 'POST', url: `${base}${path}?${signed.toString()}`, headers: { 'content-type': 'application/json', 'x-tts-access-token': token }, ...(content === undefined ? {} : { body }) }));
  };

  const ordersOf = async (ids: readonly string[]): Promise<readonly Fields[]> => {
    const found: Fields[] = [];
    for (let i = 0; i < ids.length; i += BATCH) found.push(...listOf((await ask('/order/202507/orders', { ids: ids.slice(i, i + BATCH).join(',') }))['orders'], 'orders'));
    return found;
  };
  /** The order, and before its lines' returns what is known of their delivery. */
  const heardOrder = (order: Fields): readonly Heard[] =>
    reading('order', idIn(order, 'id') ?? '?', order, () => [{ kind: 'order', order: mapOrder(order) }, ...failedDelivery(order).map((found): Heard => ({ kind: 'return', case: found }))]);
  const heardOrders = async (ids: readonly string[]): Promise<readonly Heard[]> => (await ordersOf([...new Set(ids)])).flatMap(heardOrder);
  /** A return names its items alone: the orders are asked for with them, of which they may be the first that is heard. */
  const heardReturns = async (returns: readonly Fields[]): Promise<readonly Heard[]> => {
    const orders = await heardOrders(returns.flatMap((r) => idIn(r, 'order_id') ?? []));
    const known = new Map<string, PlatformOrder>(orders.flatMap((h) => (h.kind === 'order' ? [[h.order.orderId, h.order] as const] : [])));
    return [...orders, ...returns.flatMap((r) => reading('return', idIn(r, 'return_id') ?? '?', r, () => [{ kind: 'return', case: mapReturn(r, known.get(idOf(r, 'order_id'))) }]))];
  };

  const search = (path: string, content: object, page: string | null, query: Readonly<Record<string, string>>): Promise<Fields> => ask(path, { ...query, page_size: String(BATCH), ...(page === null ? {} : { page_token: page }) }, content);
  const OLDEST_FIRST = { sort_field: 'update_time', sort_order: 'ASC' };

  const feeds: Readonly<Record<string, (since: number, until: number, page: string | null) => Promise<Page>>> = {
    orders: async (since, until, page) => {
      const data = await search('/order/202309/orders/search', { update_time_ge: since, update_time_lt: until }, page, OLDEST_FIRST);
      const found = listOf(data['orders'], 'orders');
      return { heard: await heardOrders(found.flatMap((o) => idIn(o, 'id') ?? [])), next: nextOf(data, found.length, page) };
    },
    // An item may be cancelled while its order goes on; which ones is said by the order, once it is final.
    cancellations: async (since, until, page) => {
      const data = await search('/return_refund/202309/cancellations/search', { update_time_ge: since, update_time_lt: until }, page, OLDEST_FIRST);
      const found = listOf(data['cancellations'], 'cancellations');
      return { heard: await heardOrders(found.flatMap((c) => idIn(c, 'order_id') ?? [])), next: nextOf(data, found.length, page) };
    },
    returns: async (since, until, page) => {
      const data = await search('/return_refund/202309/returns/search', { update_time_ge: since, update_time_lt: until }, page, OLDEST_FIRST);
      const found = listOf(data['return_orders'], 'return_orders');
      return { heard: await heardReturns(found), next: nextOf(data, found.length, page) };
    },
    affiliate: async (since, until, page) => {
      try {
        const data = await search('/affiliate_seller/202410/orders/search', { create_time_ge: since - AFFILIATE_LAG_MS / 1000, create_time_lt: until }, page, {});
        const found = listOf(data['orders'], 'orders');
        return { heard: found.flatMap((o) => reading('order', idIn(o, 'id') ?? '?', o, () => mapAffiliateOrder(o))), next: nextOf(data, found.length, page) };
      } catch (error) {
        // Refused here may mean that this scope alone was not granted: the other feeds find out whether the whole access is gone.
        if (error instanceof PlatformRefused && error.unauthorised) throw new PlatformRefused(`affiliate orders: ${error.message}`, error.retry, error.retryAfterSeconds);
        throw error;
      }
    },
  };

  return {
    batch: BATCH, perSecond: 20, spanHours: 24 * 7,
    feeds: Object.keys(feeds).filter((feed) => feed !== 'affiliate' || settings['affiliateOrders'] !== 'no'),
    test: () => asAnswered(async () => {
      const shops = listOf((await ask('/authorization/202309/shops', {}, undefined, false))['shops'], 'shops');
      const own = shops.find((s) => optionalText(s, 'cipher', 512) === cipher);
      if (own === undefined) throw new PlatformRefused('shopCipher is none of the shops that the access token was granted for', false);
      return text(own, 'name');
    }),
    fetch: (entity, ids) => asAnswered(async () => {
      if (entity === 'order') return heardOrders(ids);
      return heardReturns(listOf((await search('/return_refund/202309/returns/search', { return_ids: ids }, null, {}))['return_orders'], 'return_orders'));
    }),
    changed: (feed, since, until, page) => asAnswered(async () => {
      const pull = feeds[feed];
      if (pull === undefined) throw new PlatformRefused(`there is no feed ${feed}`, false);
      return pull(seconds(since.getTime()), Math.ceil(until.getTime() / 1000), page);
    }),
  };
}

/** Times are named "expire in" and are moments; a number too small for one is a span. */
const endOf = (value: number | null): number | null => (value === null ? null : (value > 1_000_000_000 ? value : seconds(Date.now()) + value) * 1000);

export async function refresh(shop: ConnectedShop, http: PlatformHttp): Promise<Credentials> {
  const { credentials, settings } = shop;
  const query = new URLSearchParams({ app_key: credential(credentials, 'appKey'), app_secret: credential(credentials, 'appSecret'), refresh_token: credential(credentials, 'refreshToken'), grant_type: 'refresh_token' });
  try {
    return await asAnswered(async () => {
      const data = dataOf(await http.json({ method: 'GET', url: `${(settings['authBase'] ?? ACCESS).replace(/\/+$/, '')}/api/v2/token/refresh?${query.toString()}` }));
      const ends = endOf(optionalWhole(data, 'access_token_expire_in'));
      return { accessToken: text(data, 'access_token', 4_096), refreshToken: optionalText(data, 'refresh_token', 4_096) ?? credential(credentials, 'refreshToken'), accessTokenEndsAt: String(ends ?? Date.now() + 86_400_000) };
    });
  } catch (error) {
    // A refresh token that is refused is refused for good: the merchant has to grant access anew.
    if (error instanceof PlatformRefused && !error.retry) throw new PlatformRefused(`access was not renewed: ${error.message}`, false, null, true);
    throw error;
  }
}
