// Asking Lazada's Open Platform: signed parameters, faults as codes inside an answer of 200. An order and its items are two answers.
import { credential, MissingCredential, PlatformRefused, type PlatformHttp } from '../platform-http.js';
import { fieldsOf, idOf, listOf, optionalText, optionalWhole, text, type Fields } from '../payload.js';
import type { ConnectedShop, Credentials, Heard, Page, PlatformApi } from '../platform.js';
import { asAnswered, idIn, reading } from '../reading.js';
import { failedDelivery, isCancellation, mapOrder, mapReverse, reverseId, reverseLines, timeOf } from './map.js';
import { requestSignature } from './sign.js';

export const COUNTRIES: Readonly<Record<string, string>> = {
  sg: 'https://api.lazada.sg/rest', th: 'https://api.lazada.co.th/rest', my: 'https://api.lazada.com.my/rest', vn: 'https://api.lazada.vn/rest', ph: 'https://api.lazada.com.ph/rest', id: 'https://api.lazada.co.id/rest',
};
const ACCESS = 'https://auth.lazada.com/rest';
const BATCH = 50;
/** Beyond this offset nothing is answered: the next page begins at the time of the last order. */
const LAST_OFFSET = 5_000;

const GONE = /^(Illegal|Invalid|Expired)(AccessToken|RefreshToken)$|^AccessTokenExpired$/;
/** 106: the reverse order centre has a fault of its own. */
const BUSY = /Limit|Timeout|Unavailable|InternalError|SystemError|^(E0*)?106$/i;
/** No such order, no such reverse order. */
const UNKNOWN = /^(E0*)?(16|37|39|105)$/;

class NotKnown extends PlatformRefused {}

const heardLine = (reverse: Fields, line: Fields): readonly Heard[] =>
  reading('return', reverseId(idIn(reverse, 'reverse_order_id') ?? '?', idIn(line, 'reverse_order_line_id') ?? '?'), line, () => [{ kind: 'return', case: mapReverse(reverse, line) }]);

/** Message and body are never passed on. */
function checked(answer: unknown): Fields {
  const body = fieldsOf(answer, 'answer');
  const code = text(body, 'code', 80);
  if (code === '0') return body;
  const said = `answered with code ${/^\w+$/.test(code) ? code : '?'}`;
  if (UNKNOWN.test(code)) throw new NotKnown(said, false);
  const gone = GONE.test(code);
  throw new PlatformRefused(said, !gone && (BUSY.test(code) || optionalText(body, 'type', 20) === 'SYSTEM'), null, gone);
}

const without = (base: string): string => base.replace(/\/+$/, '');
const isoOf = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}+00:00`;

function asker(shop: ConnectedShop, http: PlatformHttp, base: string, token: string | undefined): (path: string, own?: Readonly<Record<string, string>>) => Promise<Fields> {
  const [appKey, appSecret] = [credential(shop.credentials, 'appKey'), credential(shop.credentials, 'appSecret')];
  return async (path, own = {}) => {
    const query: Record<string, string> = { ...own, app_key: appKey, timestamp: String(Date.now()), sign_method: 'sha256', ...(token === undefined ? {} : { access_token: token }) };
    const signed = new URLSearchParams({ ...query, sign: requestSignature(path, query, appSecret) });
    return checked(await http.json({ method: 'GET', url: `${base}${path}?${signed.toString()}` }));
  };
}

function baseOf(shop: ConnectedShop): string {
  const base = shop.settings['apiBase'] ?? COUNTRIES[shop.settings['country'] ?? ''];
  if (base === undefined) throw new MissingCredential('country');
  return without(base);
}

export function api(shop: ConnectedShop, http: PlatformHttp): PlatformApi {
  const ask = asker(shop, http, baseOf(shop), credential(shop.credentials, 'accessToken'));

  const known = async (work: Promise<Fields>): Promise<Fields | null> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof NotKnown) return null;
      throw error;
    }
  };
  /** The orders with their items; those whose items are not told are left out, and asked for again. */
  const heardOrders = async (orders: readonly Fields[]): Promise<readonly Heard[]> => {
    const ids = orders.flatMap((o) => idIn(o, 'order_id') ?? []);
    if (ids.length === 0) return [];
    const answered = await known(ask('/orders/items/get', { order_ids: `[${ids.join(',')}]` }));
    const items = new Map(listOf(answered?.['data'], 'data').map((o) => [idOf(o, 'order_id', 'order_number'), listOf(o['order_items'], 'order_items')]));
    return orders.flatMap((order) => {
      const id = idIn(order, 'order_id') ?? '?';
      const own = items.get(id);
      if (own === undefined) return [];
      return reading('order', id, { order, items: own }, () => [{ kind: 'order', order: mapOrder(order, own) }, ...failedDelivery(order, own).map((found): Heard => ({ kind: 'return', case: found }))]);
    });
  };
  const fetchOrders = async (ids: readonly string[]): Promise<readonly Heard[]> => {
    const orders: Fields[] = [];
    for (const id of new Set(ids)) {
      const answered = await known(ask('/order/get', { order_id: id }));
      if (answered !== null) orders.push(fieldsOf(answered['data'], 'data'));
    }
    return heardOrders(orders);
  };
  /** A cancellation is in its order's items; everything else is a return. Orders come first, of which a return may be the first word. */
  const heardReverses = async (reverses: readonly Fields[]): Promise<readonly Heard[]> => [
    ...(await fetchOrders(reverses.flatMap((r) => idIn(r, 'trade_order_id') ?? []))),
    ...reverses.flatMap((r) => reading('return', idIn(r, 'reverse_order_id') ?? '?', r, () => (isCancellation(r) ? [] : reverseLines(r).flatMap((line) => heardLine(r, line))))),
  ];

  const orders = async (since: number, until: number, page: string | null): Promise<Page> => {
    const [after, offset] = page === null ? [since, 0] : page.split('|').map(Number) as [number, number];
    const data = fieldsOf((await ask('/orders/get', { update_after: isoOf(after), update_before: isoOf(until), sort_by: 'updated_at', sort_direction: 'ASC', limit: String(BATCH), offset: String(offset) }))['data'] ?? {}, 'data');
    const found = listOf(data['orders'], 'orders');
    const heard = await heardOrders(found);
    if (found.length < BATCH) return { heard, next: null };
    // From the last second read on, once more: an order that changes meanwhile leaves the span, and those behind it would move up by
    // one past an offset. Only within one second offsets are counted.
    const from = (timeOf(found.at(-1) ?? {}, 'updated_at') ?? after) - 1_000;
    if (from > after) return { heard, next: `${from}|0` };
    if (offset + BATCH >= LAST_OFFSET) throw new PlatformRefused('more orders changed within a second than can be paged through', false);
    return { heard, next: `${after}|${offset + BATCH}` };
  };
  const returns = async (since: number, until: number, page: string | null): Promise<Page> => {
    const number = page === null ? 1 : Number(page);
    const answered = await ask('/reverse/getreverseordersforseller', { page_no: String(number), page_size: String(BATCH), ReverseOrderLineModifiedTimeRangeStart: String(since), ReverseOrderLineModifiedTimeRangeEnd: String(until) });
    const found = listOf(fieldsOf(answered['result'] ?? answered['data'] ?? {}, 'result')['items'], 'items');
    return { heard: await heardReverses(found), next: found.length < BATCH ? null : String(number + 1) };
  };

  return {
    batch: 20, feeds: ['orders', 'returns'], perSecond: 5, spanHours: 24 * 7,
    test: () => asAnswered(async () => text(fieldsOf((await ask('/seller/get'))['data'], 'data'), 'name')),
    fetch: (entity, ids) => asAnswered(async () => {
      if (entity === 'order') return fetchOrders(ids);
      const reverses: Fields[] = [];
      for (const id of new Set(ids.map((i) => i.split('/')[0] ?? i))) {
        const answered = await known(ask('/order/reverse/return/detail/list', { reverse_order_id: id }));
        if (answered !== null) reverses.push(fieldsOf(answered['data'], 'data'));
      }
      return heardReverses(reverses);
    }),
    changed: (feed, since, until, page) => asAnswered(async () => {
      const pull = feed === 'orders' ? orders : feed === 'returns' ? returns : undefined;
      if (pull === undefined) throw new PlatformRefused(`there is no feed ${feed}`, false);
      return pull(since.getTime(), until.getTime(), page);
    }),
  };
}

export async function refresh(shop: ConnectedShop, http: PlatformHttp): Promise<Credentials> {
  const token = credential(shop.credentials, 'refreshToken');
  const ask = asker(shop, http, without(shop.settings['authBase'] ?? ACCESS), undefined);
  try {
    return await asAnswered(async () => {
      const answered = await ask('/auth/token/refresh', { refresh_token: token });
      return { accessToken: text(answered, 'access_token', 4_096), refreshToken: optionalText(answered, 'refresh_token', 4_096) ?? token, accessTokenEndsAt: String(Date.now() + (optionalWhole(answered, 'expires_in') ?? 86_400) * 1000) };
    });
  } catch (error) {
    // A refresh token that is refused is refused for good: the merchant has to grant access anew.
    if (error instanceof PlatformRefused && !error.retry) throw new PlatformRefused(`access was not renewed: ${error.message}`, false, null, true);
    throw error;
  }
}
