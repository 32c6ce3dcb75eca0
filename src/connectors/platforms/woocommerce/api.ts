// WooCommerce's REST API v3, and an order with its refunds as it gives them.
import { fieldsOf, idOf, listOf, optionalText, Unreadable, type Fields } from '../payload.js';
import { credential, MissingCredential, PlatformRefused, type PlatformHttp } from '../platform-http.js';
import type { ConnectedShop, Heard, Page, PlatformApi } from '../platform.js';
import { reading } from '../reading.js';
import { parseLossless } from '../../../kernel/index.js';
import { DRAFTS, gmt, mapOrder, mapRefunds } from './map.js';

const PAGE = 50;
const ROOT = '/wp-json/wc/v3';

export const broadcastMeta = (shop: ConnectedShop): string => shop.settings['broadcastMeta'] ?? 'broadcast';

/** The order and what came back of it. @param refunds as their own resource gives them */
export function heardOf(order: Fields, refunds: readonly Fields[], shop: ConnectedShop): readonly Heard[] {
  if (DRAFTS.has(optionalText(order, 'status') ?? '')) return [{ kind: 'nothing', about: 'a draft' }];
  return [{ kind: 'order', order: mapOrder(order, refunds, broadcastMeta(shop)) }, ...mapRefunds(order, refunds).map((found): Heard => ({ kind: 'return', case: found }))];
}

const notThere = (error: unknown): boolean => error instanceof PlatformRefused && error.message === 'answered 404';
const instantOf = (ms: number): string => new Date(ms).toISOString().slice(0, 19);

/** Where a pull goes on: after which second of change, and which page of that. Pages are not counted through the whole span, as what changes meanwhile would shift them. */
const tokenOf = (after: number, page: number): string => `${after}/${page}`;

export function api(shop: ConnectedShop, http: PlatformHttp): PlatformApi {
  const site = shop.settings['apiBase'] ?? shop.settings['site'];
  const authorization = `Basic ${Buffer.from(`${credential(shop.credentials, 'consumerKey')}:${credential(shop.credentials, 'consumerSecret')}`).toString('base64')}`;
  if (site === undefined) throw new MissingCredential('site');

  const get = async (path: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> => {
    const { body } = await http.send({ method: 'GET', url: `${site}${ROOT}${path}?${new URLSearchParams(query).toString()}`, headers: { authorization } });
    try {
      return parseLossless(body);
    } catch {
      throw new PlatformRefused('the answer is not the JSON it should be', true);
    }
  };
  const list = async (path: string, query: Readonly<Record<string, string>>): Promise<readonly Fields[]> => {
    const answer = await get(path, query);
    if (!Array.isArray(answer)) throw new PlatformRefused('the answer is not the list it should be', true);
    return listOf(answer, 'answer');
  };

  async function withRefunds(order: Fields): Promise<readonly Heard[]> {
    const id = idOf(order, 'id');
    const named = Array.isArray(order['refunds']) && order['refunds'].length > 0;
    const refunds = named ? await list(`/orders/${id}/refunds`, { per_page: '100' }) : [];
    return reading('order', id, order, () => heardOf(order, refunds, shop));
  }

  const heardOfAll = async (orders: readonly Fields[]): Promise<readonly Heard[]> => {
    const heard: Heard[] = [];
    for (const order of orders) heard.push(...(await withRefunds(order)));
    return heard;
  };

  async function orders(ids: readonly string[]): Promise<readonly Heard[]> {
    const known = ids.filter((id) => /^\d{1,19}$/.test(id));
    if (known.length === 0) return [];
    const found = [...(await list('/orders', { include: known.join(','), status: 'any', per_page: '100' }))];
    const missing = known.filter((id) => !found.some((order) => idOf(order, 'id') === id));
    // Lists leave out what is in the bin; asked for alone it is there, until it is deleted for good.
    for (const id of missing) {
      try {
        found.push(fieldsOf(await get(`/orders/${id}`), 'answer'));
      } catch (error) {
        if (!notThere(error)) throw error;
      }
    }
    return heardOfAll(found);
  }

  async function changed(since: Date, until: Date, token: string | null): Promise<Page> {
    const [after = since.getTime() - 1_000, page = 1] = (token ?? '').split('/').filter((part) => part !== '').map(Number);
    const found = await list('/orders', { status: 'any', orderby: 'modified', order: 'asc', modified_after: instantOf(after), modified_before: instantOf(until.getTime() + 1_000), dates_are_gmt: 'true', per_page: String(PAGE), page: String(page) });
    const heard = await heardOfAll(found);
    if (found.length < PAGE) return { heard, next: null };
    // From the last second read on, once more: more may have changed in it than one page holds.
    const last = gmt(found.at(-1) as Fields, 'date_modified_gmt') ?? 0;
    return { heard, next: last - 1_000 > after ? tokenOf(last - 1_000, 1) : tokenOf(after, page + 1) };
  }

  /** What a site answers beside its documentation (a plugin's notice, a cut list) may pass. */
  const understood = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof Unreadable) throw new PlatformRefused(`the answer is not as documented: ${error.message}`, true);
      throw error;
    }
  };

  return {
    batch: PAGE, feeds: ['orders'], perSecond: 5, spanHours: 24 * 60,
    test: async () => {
      await list('/orders', { per_page: '1', _fields: 'id' });
      return new URL(site).host;
    },
    // A refund is read with its order, whose id stands before it.
    fetch: (entity, ids) => understood(orders(entity === 'order' ? ids : [...new Set(ids.map((id) => id.split(':')[0] ?? ''))])),
    changed: (_feed, since, until, page) => understood(changed(since, until, page)),
  };
}
