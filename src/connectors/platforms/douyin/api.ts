// Douyin's open platform: every call is a signed POST, and a refusal stands inside a 200 answer.
import { credential, PlatformRefused, type PlatformHttp } from '../platform-http.js';
import { fieldsOf, idOf, listOf, optionalText, optionalTime, optionalWhole, text, units, type Fields } from '../payload.js';
import type { ConnectedShop, Credentials, Heard, Page, PlatformApi } from '../platform.js';
import { asAnswered, calledBy, reading } from '../reading.js';
import { mapAftersale } from './aftersales.js';
import { mapOrder } from './map.js';
import { callSignature, sortedJson } from './sign.js';
import { douyinStock } from './stock.js';

const BASE = 'https://openapi-fxg.jinritemai.com';
const PAGE = 100;
const DONE = 10_000;
/** Partly failed, out of service, timed out within, too many calls, unknown. */
const BUSY = new Set([10_001, 20_000, 20_001, 60_000, 90_000]);
const NO_LONGER_OURS = /access-token-(expired|no-existed|invalid)|authorization-(no-existed|closed)|token-generate-failed/;

function refusal(code: number, sub: string): PlatformRefused {
  const name = /^[\w.:-]{1,80}$/.test(sub) ? ` (${sub})` : '';
  return new PlatformRefused(`Douyin answered code ${code}${name}`, BUSY.has(code) || sub.startsWith('isp.'), null, NO_LONGER_OURS.test(sub));
}

async function call(shop: ConnectedShop, http: PlatformHttp, path: string, params: object, accessToken: string | null): Promise<Fields> {
  const appKey = credential(shop.credentials, 'appKey');
  const method = path.replaceAll('/', '.');
  const timestamp = Math.floor(Date.now() / 1000);
  const body = sortedJson(params);
  const query = new URLSearchParams({ app_key: appKey, method, timestamp: String(timestamp), v: '2', sign_method: 'hmac-sha256', sign: callSignature(appKey, credential(shop.credentials, 'appSecret'), method, timestamp, body) });
  if (accessToken !== null) query.set('access_token', accessToken);
  const answer = await http.json({ method: 'POST', url: `${shop.settings['apiBase'] ?? BASE}/${path}?${query.toString()}`, headers: { 'content-type': 'application/json', 'x-open-no-old-err-code': '1' }, body });
  return asAnswered(() => {
    const fields = fieldsOf(answer, 'answer');
    // Older answers carry err_no alone.
    const code = optionalWhole(fields, 'code') ?? (optionalWhole(fields, 'err_no') === 0 ? DONE : (optionalWhole(fields, 'err_no') ?? 0));
    if (code !== DONE) throw refusal(code, optionalText(fields, 'sub_code', 1_000) ?? '');
    return fieldsOf(fields['data'] ?? {}, 'data');
  });
}

/** Where a pull goes on: what changed since `start`, and which page of that. */
interface Cursor {
  readonly start: number;
  readonly page: number;
}

const cursorOf = (page: string | null, since: Date): Cursor => {
  const [start, number] = (page ?? `${Math.floor(since.getTime() / 1000)}:0`).split(':').map(Number);
  return { start: start ?? 0, page: number ?? 0 };
};

/**
 * By time, not by page: what changes while a pull runs leaves its window, everything behind it moves up, and by page one would be
 * passed over. Pages count within one second alone.
 */
function nextOf(cursor: Cursor, times: readonly (number | null)[]): string | null {
  if (times.length < PAGE) return null;
  const last = times.reduce<number>((latest, at) => Math.max(latest, Math.floor((at ?? 0) / 1000)), 0);
  return last > cursor.start ? `${last}:0` : `${cursor.start}:${cursor.page + 1}`;
}

/** The time of a record that may be unreadable elsewhere. */
function changedAt(fields: Fields): number | null {
  try {
    return optionalTime(fields, 'update_time');
  } catch {
    return null;
  }
}

export function douyinApi(shop: ConnectedShop, http: PlatformHttp): PlatformApi {
  const token = credential(shop.credentials, 'accessToken');
  const ask = (path: string, params: object): Promise<Fields> => call(shop, http, path, params, token);
  const orderHeard = (order: Fields): readonly Heard[] => reading('order', calledBy(order, 'order_id'), order, () => [{ kind: 'order', order: mapOrder(order) }]);

  /** null where the platform does not know it; one that is refused does not hold up the others. */
  const askFor = async (path: string, params: object): Promise<Fields | null> => {
    try {
      return await ask(path, params);
    } catch (error) {
      if (error instanceof PlatformRefused && !error.retry && !error.unauthorised) return null;
      throw error;
    }
  };
  const fetchOrder = async (id: string): Promise<readonly Heard[]> => {
    const data = await askFor('order/orderDetail', { shop_order_id: id });
    if (data === null || data['shop_order_detail'] === undefined || data['shop_order_detail'] === null) return [];
    return reading('order', id, data, () => [{ kind: 'order', order: mapOrder(fieldsOf(data['shop_order_detail'], 'shop_order_detail')) }]);
  };
  const fetchAftersale = async (id: string): Promise<readonly Heard[]> => {
    const data = await askFor('afterSale/Detail', { after_sale_id: id, need_operation_record: false });
    return data === null || data['process_info'] === undefined ? [] : reading('return', id, data, () => mapAftersale(data));
  };
  const changedOrders = async (since: Date, until: Date, page: string | null): Promise<Page> => {
    const cursor = cursorOf(page, since);
    const data = await ask('order/searchList', { update_time_start: cursor.start, update_time_end: Math.ceil(until.getTime() / 1000), size: PAGE, page: cursor.page, order_by: 'update_time', order_asc: true });
    const orders = listOf(data['shop_order_list'], 'shop_order_list');
    return { heard: orders.flatMap(orderHeard), next: nextOf(cursor, orders.map(changedAt)) };
  };
  const changedAftersales = async (since: Date, until: Date, page: string | null): Promise<Page> => {
    const cursor = cursorOf(page, since);
    const data = await ask('afterSale/List', { update_start_time: cursor.start, update_end_time: Math.ceil(until.getTime() / 1000), size: PAGE, page: cursor.page, order_by: ['update_time asc'] });
    const items = listOf(data['items'], 'items').map((item) => fieldsOf(item['aftersale_info'], 'aftersale_info'));
    // The list says less than the detail: what it names is fetched, so that one case is mapped in one way alone.
    return { heard: items.flatMap((item) => reading('return', 'without-id', item, () => [{ kind: 'hint', entity: 'return', id: idOf(item, 'aftersale_id') }])), next: nextOf(cursor, items.map(changedAt)) };
  };
  return {
    batch: 20, feeds: ['orders', 'aftersales'], perSecond: 5, spanHours: 24, stock: douyinStock((path, params) => asAnswered(() => ask(path, params))),
    test: async () => {
      const first = listOf((await ask('order/searchList', { size: 1, page: 0, order_by: 'update_time' }))['shop_order_list'], 'shop_order_list')[0];
      return (first === undefined ? null : optionalText(first, 'shop_name')) ?? shop.settings['shopId'] ?? 'Douyin';
    },
    fetch: async (entity, ids) => {
      const heard: Heard[] = [];
      for (const id of ids) heard.push(...(entity === 'order' ? await fetchOrder(id) : await fetchAftersale(id)));
      return heard;
    },
    changed: (feed, since, until, page) => asAnswered(() => (feed === 'orders' ? changedOrders(since, until, page) : changedAftersales(since, until, page))),
  };
}

/** By the refresh token; an app that a merchant made for his own shop has none and asks by the shop's id. */
export async function refreshDouyin(shop: ConnectedShop, http: PlatformHttp): Promise<Credentials> {
  const { refreshToken } = shop.credentials;
  const given = refreshToken === undefined ? null : await call(shop, http, 'token/refresh', { grant_type: 'refresh_token', refresh_token: refreshToken }, null);
  const data = given ?? (await call(shop, http, 'token/create', { code: '', grant_type: 'authorization_self', shop_id: shop.settings['shopId'] }, null));
  return asAnswered(() => {
    const next = optionalText(data, 'refresh_token', 1_000);
    return { accessToken: text(data, 'access_token', 1_000), ...(next === null ? {} : { refreshToken: next }), accessTokenEndsAt: String(Date.now() + units(data, 'expires_in') * 1000) };
  });
}
