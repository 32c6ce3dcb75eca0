// What Shopee pushes: a code and little more, so the order or return that it names is fetched. One app has one address for all its
// shops, and what is said of another shop is not heard here.
import { fieldsOf, idOf, optionalId, optionalWhole, type Fields } from '../payload.js';
import type { ConnectedShop, Heard } from '../platform.js';
import { reading } from '../reading.js';
import { decodeUtf8, parseLossless } from '../../../kernel/index.js';

const DEAUTHORISED = 2;
const RETURN = 29;
/** Status, tracking number, parcel status, parcel contents. */
const ORDER = new Set([3, 4, 30, 47]);
const OTHER: Readonly<Record<number, string>> = {
  0: 'a test of the address', 1: 'authorisation', 5: 'news of Shopee', 6: 'banned item', 7: 'item promotion', 8: 'reserved stock', 9: 'promotion', 10: 'chat', 11: 'video', 12: 'authorisation ends soon', 13: 'brand', 15: 'shipping document',
  16: 'item violation', 22: 'item price', 23: 'booking status', 24: 'booking tracking number', 25: 'booking document', 27: 'scheduled listing', 28: 'shop penalty', 37: 'courier binding',
};

const dataOf = (push: Fields): Fields => fieldsOf(typeof push['data'] === 'string' ? parseLossless(Buffer.from(push['data'])) : (push['data'] ?? {}), 'data');

/** Whose message it is: null where it speaks to the app as a whole. */
export const shopOf = (push: Fields): string | null => optionalId(push, 'shop_id') ?? optionalId(push, 'shopid');

/** A shop's permission is taken away by itself or in a list of shops. */
function deauthorises(push: Fields, data: Fields, shopId: string): boolean {
  const listed = [data['shop_id_list'], push['shop_id_list']].flatMap((list) => (Array.isArray(list) ? list.map(String) : []));
  return [shopOf(push), shopOf(data), ...listed].includes(shopId);
}

export function heardOf(push: Fields, shop: ConnectedShop): readonly Heard[] {
  const shopId = shop.settings['shopId'] ?? '';
  const code = optionalWhole(push, 'code');
  if (code === DEAUTHORISED) return deauthorises(push, dataOf(push), shopId) ? [{ kind: 'deauthorised' }] : [{ kind: 'nothing', about: 'the permission of another shop' }];
  const of = shopOf(push);
  if (of !== null && of !== shopId) return [{ kind: 'nothing', about: 'another shop' }];
  if (code === null) return [{ kind: 'unknown', about: 'no code', document: push }];
  const entity = code === RETURN ? 'return' : ORDER.has(code) ? 'order' : null;
  if (entity !== null) return reading('message', `code ${code}`, push, () => [{ kind: 'hint', entity, id: entity === 'return' ? idOf(dataOf(push), 'return_sn') : idOf(dataOf(push), 'ordersn', 'order_sn') }]);
  const about = OTHER[code];
  return about === undefined ? [{ kind: 'unknown', about: `code ${code}`, document: push }] : [{ kind: 'nothing', about }];
}

/** A lost push holds the whole of it as a text in `data`. */
export function heardOfLost(lost: Fields, shop: ConnectedShop): readonly Heard[] {
  return reading('message', `lost code ${optionalWhole(lost, 'code') ?? '?'}`, lost, () => {
    const inner = dataOf(lost);
    const whole = inner['code'] === undefined ? { ...lost, data: inner } : { shop_id: lost['shop_id'], ...inner };
    // What was said days ago of a permission may have been put right since; a call tells how it is.
    return heardOf(whole, shop).map((h): Heard => (h.kind === 'deauthorised' ? { kind: 'nothing', about: 'a permission, days ago' } : h));
  });
}

/** What Shopee posts to try an address is not documented: nothing, or a body that names no shop and no code. */
export function isProbe(body: Buffer): boolean {
  if (body.length > 4_096) return false;
  try {
    const said: unknown = body.length === 0 ? {} : JSON.parse(decodeUtf8(body));
    return typeof said === 'object' && said !== null && !Array.isArray(said) && shopOf(said as Fields) === null && (optionalWhole(said as Fields, 'code') ?? 0) === 0;
  } catch {
    return false;
  }
}
