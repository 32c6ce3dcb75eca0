// Kuaishou's open platform: signed GETs, parameters as JSON in one of them, refusals inside a 200 answer.
import { credential, PlatformRefused, type PlatformHttp } from '../platform-http.js';
import { fieldsOf, idOf, listOf, optionalText, optionalWhole, text, Unreadable, units, type Fields } from '../payload.js';
import type { ConnectedShop, Credentials, Heard, Page, PlatformApi, PlatformOrder } from '../platform.js';
import { asAnswered, reading } from '../reading.js';
import { mapOrder, mapRefund } from './map.js';
import { callSignature } from './sign.js';

const BASE = 'https://openapi.kwaixiaodian.com';
const LAST_PAGE = 'nomore';
const SUCCESS = 1;
const NO_LONGER_OURS = /authorization_revoked|(access|refresh)_?token|授权.{0,6}(失效|过期|撤销|取消)|主账号不存在/i;
const BUSY = /qps|limit|限流|繁忙|busy|timeout|超时|稍后|system error|系统(异常|错误)/i;
/** The app's calls of the day are used up. */
const DAY_IS_OVER = '802006';

const baseOf = (shop: ConnectedShop): string => shop.settings['apiBase'] ?? BASE;

/** Its words are read for what they mean and never repeated: they may quote what was asked. */
function refusal(fields: Fields): PlatformRefused {
  const code = ['sub_code', 'result', 'code'].map((name) => optionalText(fields, name, 200)).find((c) => c !== null && /^[\w.:-]{1,64}$/.test(c)) ?? 'unknown';
  const words = ['error_msg', 'sub_msg', 'error', 'error_description', 'msg', 'code', 'sub_code'].map((name) => (typeof fields[name] === 'string' ? fields[name] : '')).join(' ');
  const exhausted = code === DAY_IS_OVER;
  const revoked = !exhausted && NO_LONGER_OURS.test(words);
  return new PlatformRefused(`Kuaishou answered ${code}`, exhausted || (!revoked && BUSY.test(words)), exhausted ? 3_600 : null, revoked);
}

/** Ids as the numbers that they are, digit by digit: JSON of this language would round longer ones. */
const withId = (name: string, id: string): string => `{"${name}":${id}}`;
const isId = (id: string): boolean => /^[1-9]\d{0,18}$/.test(id);

export function kuaishouApi(shop: ConnectedShop, http: PlatformHttp): PlatformApi {
  const fixed = { access_token: credential(shop.credentials, 'accessToken'), appkey: credential(shop.credentials, 'appKey'), version: '1', signMethod: 'MD5' };
  const signSecret = credential(shop.credentials, 'signSecret');

  const ask = (method: string, param: string): Promise<Fields> =>
    asAnswered(async () => {
      const params: Record<string, string> = { ...fixed, method, param, timestamp: String(Date.now()) };
      const query = new URLSearchParams({ ...params, sign: callSignature(params, signSecret) });
      const fields = fieldsOf(await http.json({ method: 'GET', url: `${baseOf(shop)}/${method.replaceAll('.', '/')}?${query.toString()}` }), 'answer');
      if (optionalWhole(fields, 'result') !== SUCCESS) throw refusal(fields);
      return fieldsOf(fields['data'] ?? {}, 'data');
    });

  /** null where the platform does not know it; one that is refused does not hold up the others. */
  const askFor = async (method: string, name: string, id: string): Promise<Fields | null> => {
    if (!isId(id)) return null;
    try {
      return await ask(method, withId(name, id));
    } catch (error) {
      if (error instanceof PlatformRefused && !error.retry && !error.unauthorised) return null;
      throw error;
    }
  };
  const fetchOrder = async (id: string): Promise<readonly Heard[]> => {
    const data = await askFor('open.order.detail', 'oid', id);
    return data?.['orderBaseInfo'] === undefined ? [] : reading('order', id, data, () => [{ kind: 'order', order: mapOrder(data, shop) }]);
  };
  const fetchRefund = async (id: string): Promise<readonly Heard[]> => {
    const refund = await askFor('open.seller.order.refund.detail', 'refundId', id);
    if (refund?.['refundId'] === undefined) return [];
    const around = await asAnswered(() => fetchOrder(idOf(refund, 'oid')));
    const order: PlatformOrder | null = around.flatMap((h) => (h.kind === 'order' ? [h.order] : []))[0] ?? null;
    return [...around, ...reading('return', id, refund, () => {
      if (order === null) throw new Unreadable('oid', 'names an order that cannot be read');
      return [{ kind: 'return', case: mapRefund(refund, order) }];
    })];
  };
  // The lists say less than the details (no time of receipt, no ship-by): what they name is fetched, so that all is mapped in one way alone.
  const changedOf = (feed: string, since: Date, until: Date, page: string | null): Promise<Page> =>
    asAnswered(async () => {
      const span = { beginTime: since.getTime(), endTime: until.getTime(), queryType: 2 };
      const orders = feed === 'orders';
      const data = orders
        ? await ask('open.order.cursor.list', JSON.stringify({ orderViewStatus: 1, pageSize: 50, sort: 1, cpsType: 0, cursor: page ?? '', ...span }))
        : await ask('open.seller.order.refund.pcursor.list', JSON.stringify({ type: 9, pageSize: 100, currentPage: 1, sort: 2, pcursor: page ?? '', ...span }));
      const next = optionalText(data, orders ? 'cursor' : 'pcursor', 1_000);
      const heard = orders
        ? listOf(data['orderList'], 'orderList').flatMap((o) => reading('order', 'without-id', o, () => [{ kind: 'hint', entity: 'order', id: idOf(fieldsOf(o['orderBaseInfo'], 'orderBaseInfo'), 'oid') }]))
        : listOf(data['refundOrderInfoList'] ?? data['dataList'], 'refundOrderInfoList').flatMap((r) => reading('return', 'without-id', r, () => [{ kind: 'hint', entity: 'return', id: idOf(r, 'refundId') }]));
      return { heard, next: next === null || next === LAST_PAGE || next === page ? null : next };
    });
  return {
    batch: 10, feeds: ['orders', 'refunds'], perSecond: 5, spanHours: 24,
    test: async () => optionalText(await ask('open.shop.info.get', '{}'), 'shopName') ?? 'Kuaishou',
    fetch: async (entity, ids) => {
      const heard: Heard[] = [];
      for (const id of ids) heard.push(...(entity === 'order' ? await fetchOrder(id) : await fetchRefund(id)));
      return heard;
    },
    changed: changedOf,
  };
}

export const refreshKuaishou = (shop: ConnectedShop, http: PlatformHttp): Promise<Credentials> =>
  asAnswered(async () => {
    const query = new URLSearchParams({ app_id: credential(shop.credentials, 'appKey'), app_secret: credential(shop.credentials, 'appSecret'), grant_type: 'refresh_token', refresh_token: credential(shop.credentials, 'refreshToken') });
    const fields = fieldsOf(await http.json({ method: 'POST', url: `${baseOf(shop)}/oauth2/refresh_token`, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: query.toString() }), 'answer');
    if (optionalWhole(fields, 'result') !== SUCCESS && fields['access_token'] === undefined) throw refusal(fields);
    const next = optionalText(fields, 'refresh_token', 1_000);
    return { accessToken: text(fields, 'access_token', 1_000), ...(next === null ? {} : { refreshToken: next }), accessTokenEndsAt: String(Date.now() + units(fields, 'expires_in') * 1000) };
  });
