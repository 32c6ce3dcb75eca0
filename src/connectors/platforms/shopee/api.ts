// Shopee's Open API v2: every call signed over its path, tokens renewed, and what went wrong said in `error` of a good answer.
import { fieldsOf, flag, idOf, listOf, optionalId, optionalText, optionalWhole, text, Unreadable, type Fields } from '../payload.js';
import { credential, MissingCredential, PlatformRefused, type PlatformHttp } from '../platform-http.js';
import type { ConnectedShop, Credentials, Entity, Heard, Page, PlatformApi } from '../platform.js';
import { reading } from '../reading.js';
import { failedDeliveries, mapOrder, orderOfFailed } from './map.js';
import { heardOfLost, shopOf } from './push.js';
import { mapReturn } from './returns.js';
import { callSignature } from './sign.js';

const BASE = 'https://partner.shopeemobile.com';
const ORDERS_PER_CALL = 50;
const RETURNS_PER_PAGE = 20;
/** What a detail leaves out unless it is asked for; nothing of a person is. */
const FIELDS = 'buyer_user_id,item_list,pay_time,package_list,pickup_done_time';

const NOT_THERE = new Set(['error_not_found', 'error_not_exists', 'order_not_found', 'return_not_found', 'error_data']);
const BUSY = new Set(['error_server', 'error_network', 'error_inner', 'error_limit', 'error_rate_limit', 'error_busy', 'error_system_busy', 'error_too_many_requests', 'api_limit']);
const EXPIRED = new Set(['error_auth', 'invalid_access_token', 'invalid_acceess_token', 'shop_access_expired', 'refresh_token_expired', 'error_refresh_token', 'shop_banned', 'shop_no_linked', 'partner_shop_not_linked']);

class NotThere extends PlatformRefused {}

/** Samples write '-' where there is no error. Codes come with the module before them or without. */
function checked(answer: Fields): Fields {
  const error = optionalText(answer, 'error', 200) ?? '';
  if (error === '' || error === '-') return answer;
  const name = /^[\w.-]{1,80}$/.test(error) ? (error.split('.').at(-1) ?? '').toLowerCase() : 'an error';
  if (NOT_THERE.has(name)) throw new NotThere(`answered ${name}`, false);
  throw new PlatformRefused(`answered ${name}`, BUSY.has(name), null, EXPIRED.has(name));
}

/** Path, query and, where one is posted, body. */
interface Call {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** JSON, made by hand where ids are numbers that a double may not hold. */
  readonly body?: string;
}

const settingOf = (shop: ConnectedShop, name: string): string => {
  const value = shop.settings[name];
  if (value === undefined) throw new MissingCredential(name);
  return value;
};

/** @param token '' for calls of the app as a whole */
async function ask(shop: ConnectedShop, http: PlatformHttp, token: string, call: Call): Promise<Fields> {
  const [partnerId, shopId] = [settingOf(shop, 'partnerId'), settingOf(shop, 'shopId')];
  const timestamp = Math.floor(Date.now() / 1000);
  const sign = callSignature(credential(shop.credentials, 'partnerKey'), partnerId, call.path, timestamp, token, token === '' ? '' : shopId);
  const query = new URLSearchParams({ partner_id: partnerId, timestamp: String(timestamp), sign, ...(token === '' ? {} : { access_token: token, shop_id: shopId }), ...call.query });
  const url = `${shop.settings['apiBase'] ?? BASE}${call.path}?${query.toString()}`;
  return understood(async () => checked(fieldsOf(await http.json(call.body === undefined ? { method: 'GET', url } : { method: 'POST', url, body: call.body, headers: { 'content-type': 'application/json' } }), 'answer')));
}

/** A call of the app: that the app may not make it says nothing of the shop's permission. */
async function askAsApp(shop: ConnectedShop, http: PlatformHttp, call: Call): Promise<Fields> {
  try {
    return await ask(shop, http, '', call);
  } catch (error) {
    throw error instanceof PlatformRefused ? new PlatformRefused(error.message, error.retry, error.retryAfterSeconds) : error;
  }
}

/** An answer that is not as it is documented is the platform's fault and may pass. */
async function understood<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unreadable) throw new PlatformRefused(`the answer is not as documented: ${error.message}`, true);
    throw error;
  }
}

const seconds = (at: Date): string => String(Math.floor(at.getTime() / 1000));

export function api(shop: ConnectedShop, http: PlatformHttp): PlatformApi {
  const token = credential(shop.credentials, 'accessToken');
  const ofShop = (path: string, query: Readonly<Record<string, string>> = {}): Promise<Fields> => ask(shop, http, token, { path, query });
  const responseOf = async (path: string, query: Readonly<Record<string, string>>): Promise<Fields> => fieldsOf((await ofShop(path, query))['response'], 'response');
  /** Of each page of lost pushes that may be confirmed, how far it goes. */
  const confirmable = new WeakMap<Page, string>();

  async function details(ids: readonly string[]): Promise<readonly Heard[]> {
    if (ids.length === 0) return [];
    try {
      const found = listOf((await responseOf('/api/v2/order/get_order_detail', { order_sn_list: ids.join(','), response_optional_fields: FIELDS, request_order_status_pending: 'true' }))['order_list'], 'order_list');
      return found.flatMap((order) => reading('order', idOf(order, 'order_sn'), order, (): Heard[] => [{ kind: 'order', order: mapOrder(order) }, ...failedDeliveries(order).map((found): Heard => ({ kind: 'return', case: found }))]));
    } catch (error) {
      if (!(error instanceof NotThere)) throw error;
      // One that is not there fails all that are asked for with it.
      const heard: Heard[] = [];
      if (ids.length > 1) for (const id of ids) heard.push(...(await details([id])));
      return heard;
    }
  }

  async function returnsOf(ids: readonly string[]): Promise<readonly Heard[]> {
    const heard: Heard[] = [];
    for (const id of ids) {
      const orderId = orderOfFailed(id);
      if (orderId !== null) heard.push(...(await details([orderId])));
      else {
        try {
          const found = await responseOf('/api/v2/returns/get_return_detail', { return_sn: id });
          heard.push(...reading('return', id, found, () => [{ kind: 'return', case: mapReturn(found) }]));
        } catch (error) {
          if (!(error instanceof NotThere)) throw error;
        }
      }
    }
    return heard;
  }

  async function lost(page: string | null): Promise<Page> {
    const response = fieldsOf((await askAsApp(shop, http, { path: '/api/v2/push/get_lost_push_message' }))['response'], 'response');
    const messages = listOf(response['push_message_list'], 'push_message_list');
    const last = optionalId(response, 'last_message_id');
    // Confirming takes all of a page away from all shops of the app: where another shop is spoken of, that is not ours to do.
    const ours = messages.length > 0 && last !== null && messages.every((m) => [null, shop.settings['shopId']].includes(shopOf(m)));
    const pulled: Page = { heard: messages.flatMap((m) => heardOfLost(m, shop)), next: ours && last !== page && flag(response, 'has_next_page') ? last : null };
    if (ours) confirmable.set(pulled, last);
    return pulled;
  }

  async function orders(since: Date, until: Date, page: string | null): Promise<Page> {
    const response = await responseOf('/api/v2/order/get_order_list', { time_range_field: 'update_time', time_from: seconds(since), time_to: seconds(until), page_size: String(ORDERS_PER_CALL), cursor: page ?? '', request_order_status_pending: 'true' });
    const heard = await details(listOf(response['order_list'], 'order_list').map((o) => idOf(o, 'order_sn')));
    return { heard, next: flag(response, 'more') ? optionalText(response, 'next_cursor', 512) : null };
  }

  async function returns(since: Date, until: Date, page: string | null): Promise<Page> {
    const number = Number(page ?? '0');
    const response = await responseOf('/api/v2/returns/get_return_list', { page_no: String(number), page_size: String(RETURNS_PER_PAGE), update_time_from: seconds(since), update_time_to: seconds(until) });
    const heard = await returnsOf(listOf(response['return'], 'return').map((r) => idOf(r, 'return_sn')));
    return { heard, next: flag(response, 'more') ? String(number + 1) : null };
  }

  return {
    batch: ORDERS_PER_CALL, feeds: ['lost', 'orders', 'returns'], perSecond: 10, spanHours: 14 * 24,
    test: () => understood(async () => text(await ofShop('/api/v2/shop/get_shop_info'), 'shop_name')),
    fetch: (entity: Entity, ids) => understood(() => (entity === 'order' ? details(ids) : returnsOf(ids))),
    changed: (feed, since, until, page) => understood(() => (feed === 'lost' ? lost(page) : feed === 'orders' ? orders(since, until, page) : returns(since, until, page))),
    after: async (_feed, page) => {
      const last = confirmable.get(page);
      if (last !== undefined) await askAsApp(shop, http, { path: '/api/v2/push/confirm_consumed_lost_push_message', body: `{"last_message_id":${last}}` });
    },
  };
}

/** A refresh token is good for one use: the new one comes with the new access token. */
export async function refresh(shop: ConnectedShop, http: PlatformHttp): Promise<Credentials> {
  const refreshToken = shop.credentials['refreshToken'];
  if (refreshToken === undefined) throw new PlatformRefused('the access token has ended and there is no refresh token', false, null, true);
  const body = `{"shop_id":${settingOf(shop, 'shopId')},"partner_id":${settingOf(shop, 'partnerId')},"refresh_token":${JSON.stringify(refreshToken)}}`;
  const asked = Date.now();
  const answer = await ask(shop, http, '', { path: '/api/v2/auth/access_token/get', body });
  return understood(() => Promise.resolve({ accessToken: text(answer, 'access_token', 512), refreshToken: text(answer, 'refresh_token', 512), accessTokenEndsAt: String(asked + (optionalWhole(answer, 'expire_in') ?? 14_400) * 1000) }));
}
