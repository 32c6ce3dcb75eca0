// Taobao's open platform (TOP): signed form posts to one address, refusals inside a 200 answer.
import { parseLossless } from '../../../kernel/index.js';
import { credential, PlatformRefused, type PlatformHttp } from '../platform-http.js';
import { fieldsOf, idOf, optionalId, optionalText, optionalTime, optionalWhole, text, Unreadable, units, type Fields } from '../payload.js';
import type { ConnectedShop, Credentials, Heard, Page, PlatformApi } from '../platform.js';
import { asAnswered, calledBy, reading } from '../reading.js';
import { inBeijing, listIn } from './answers.js';
import { mapRefund, mapTrade, REFUND_FIELDS, TRADE_FIELDS } from './map.js';
import { ofAnother, readMessage } from './messages.js';
import { callSignature } from './sign.js';

const BASE = 'https://eco.taobao.com/router/rest';
const PAGE = 50;
/** Messages of one call; the platform allows 200. */
const MESSAGES = 100;
const CALL_LIMIT = 7;
/** The session is missing, is not valid, or has no right any more. */
const SESSION = new Set([26, 27, 53]);

/** Its words are never repeated: they may quote what was asked. */
function refusal(error: Fields): PlatformRefused {
  const code = optionalWhole(error, 'code') ?? 0;
  const sub = optionalText(error, 'sub_code', 1_000) ?? '';
  const named = /^[\w.:-]{1,80}$/.test(sub) ? ` (${sub})` : '';
  const unauthorised = SESSION.has(code) || /session-expired|invalid-session|sessionkey|refresh.?token/i.test(sub);
  return new PlatformRefused(`Taobao answered code ${code}${named}`, !unauthorised && (code === CALL_LIMIT || /^(isp\.|accesscontrol\.)/.test(sub)), null, unauthorised);
}

/** One call; what its answer holds under `{method}_response`, or bare where answers are simplified. */
const call = (shop: ConnectedShop, http: PlatformHttp, method: string, params: Readonly<Record<string, string>>, session: string | null): Promise<Fields> =>
  asAnswered(async () => {
    const asked: Record<string, string> = { ...params, method, app_key: credential(shop.credentials, 'appKey'), format: 'json', v: '2.0', sign_method: 'md5', timestamp: inBeijing(new Date()), ...(session === null ? {} : { session }) };
    const body = new URLSearchParams({ ...asked, sign: callSignature(asked, credential(shop.credentials, 'appSecret')) }).toString();
    const answer = fieldsOf(await http.json({ method: 'POST', url: shop.settings['apiBase'] ?? BASE, headers: { 'content-type': 'application/x-www-form-urlencoded;charset=utf-8' }, body }), 'answer');
    if (answer['error_response'] !== undefined) throw refusal(fieldsOf(answer['error_response'], 'error_response'));
    const wrapped = answer[`${method.replace(/^taobao\./, '').replaceAll('.', '_')}_response`];
    return wrapped === undefined ? answer : fieldsOf(wrapped, 'response');
  });

export function taobaoApi(shop: ConnectedShop, http: PlatformHttp): PlatformApi {
  const session = credential(shop.credentials, 'accessToken');
  const group = shop.settings['messageGroup'] === undefined ? {} : { group_name: shop.settings['messageGroup'] };
  const ask = (method: string, params: Readonly<Record<string, string>>): Promise<Fields> => call(shop, http, method, params, session);

  /** null where the platform does not know it; one that is refused does not hold up the others. */
  const askFor = async (method: string, params: Readonly<Record<string, string>>, name: string): Promise<Fields | null> => {
    try {
      const answer = await ask(method, params);
      return answer[name] === undefined || answer[name] === null ? null : fieldsOf(answer[name], name);
    } catch (error) {
      if (error instanceof PlatformRefused && !error.retry && !error.unauthorised) return null;
      throw error;
    }
  };
  const tradeHeard = (trade: Fields, id: string): readonly Heard[] => reading('order', id, trade, () => [{ kind: 'order', order: mapTrade(trade) }]);
  const fetchTrade = async (id: string): Promise<readonly Heard[]> => {
    const trade = await askFor('taobao.trade.fullinfo.get', { tid: id, fields: TRADE_FIELDS }, 'trade');
    return trade === null ? [] : tradeHeard(trade, id);
  };
  const fetchRefund = async (id: string): Promise<readonly Heard[]> => {
    const refund = await askFor('taobao.refund.get', { refund_id: id, fields: REFUND_FIELDS }, 'refund');
    if (refund === null) return [];
    const around = await asAnswered(() => fetchTrade(idOf(refund, 'tid')));
    const trade = around.flatMap((h) => (h.kind === 'order' ? [h.order] : []))[0];
    return [...around, ...reading('return', id, refund, () => {
      if (trade === undefined) throw new Unreadable('tid', 'names a trade that cannot be read');
      return [{ kind: 'return', case: mapRefund(refund, trade) }];
    })];
  };

  /**
   * From the last page to the first, as the platform wants it: what changes meanwhile leaves the span, everything behind it moves up,
   * and read forwards one would be passed over. The first call only counts.
   */
  const increment = async (method: string, fields: string, since: Date, until: Date, page: string | null, heardOf: (answer: Fields) => readonly Heard[]): Promise<Page> => {
    const asked = Number(page ?? '1');
    const answer = await ask(method, { fields, start_modified: inBeijing(since), end_modified: inBeijing(until), page_no: String(asked), page_size: String(PAGE) });
    const last = Math.ceil((optionalWhole(answer, 'total_results') ?? 0) / PAGE);
    if (page === null && last > 1) return { heard: [], next: String(last) };
    return { heard: heardOf(answer), next: asked > 1 ? String(asked - 1) : null };
  };
  const consume = async (): Promise<Page> => {
    const messages = listIn(await ask('taobao.tmc.messages.consume', { ...group, quantity: String(MESSAGES) }), 'messages', 'tmc_message');
    const own = messages.filter((m) => !ofAnother(m, shop));
    return { heard: own.flatMap(readMessage), receipts: own.flatMap((m) => optionalId(m, 'id') ?? []), next: messages.length === MESSAGES && own.length > 0 ? 'more' : null };
  };
  const feeds: Readonly<Record<string, (since: Date, until: Date, page: string | null) => Promise<Page>>> = {
    messages: consume,
    trades: (since, until, page) => increment('taobao.trades.sold.increment.get', TRADE_FIELDS, since, until, page, (answer) => listIn(answer, 'trades', 'trade').flatMap((trade) => tradeHeard(trade, calledBy(trade, 'tid_str', 'tid')))),
    refunds: (since, until, page) => increment('taobao.refunds.receive.get', 'refund_id,modified', since, until, page, (answer) => listIn(answer, 'refunds', 'refund').flatMap((refund) => reading('return', 'without-id', refund, () => [{ kind: 'hint', entity: 'return', id: idOf(refund, 'refund_id') }]))),
  };
  return {
    batch: 10, feeds: Object.keys(feeds), perSecond: 5, spanHours: 24, pullSeconds: { messages: 10 },
    test: async () => text(fieldsOf((await ask('taobao.user.seller.get', { fields: 'user_id' }))['user'], 'user'), 'user_id'),
    fetch: async (entity, ids) => {
      const heard: Heard[] = [];
      for (const id of ids) heard.push(...(entity === 'order' ? await fetchTrade(id) : await fetchRefund(id)));
      return heard;
    },
    changed: (feed, since, until, page) => asAnswered(() => feeds[feed]?.(since, until, page) ?? Promise.resolve({ heard: [], next: null })),
    after: async (_feed, { receipts = [] }) => {
      if (receipts.length > 0) await ask('taobao.tmc.messages.confirm', { ...group, s_message_ids: receipts.join(',') });
    },
  };
}

export const refreshTaobao = (shop: ConnectedShop, http: PlatformHttp): Promise<Credentials> =>
  asAnswered(async () => {
    const answer = await call(shop, http, 'taobao.top.auth.token.refresh', { refresh_token: credential(shop.credentials, 'refreshToken') }, null);
    const granted = fieldsOf(parseLossless(Buffer.from(text(answer, 'token_result', 10_000))), 'token_result');
    const next = optionalText(granted, 'refresh_token', 1_000);
    const endsAt = optionalTime(granted, 'expire_time') ?? Date.now() + units(granted, 'expires_in') * 1000;
    return { accessToken: text(granted, 'access_token', 1_000), ...(next === null ? {} : { refreshToken: next }), accessTokenEndsAt: String(endsAt) };
  });
