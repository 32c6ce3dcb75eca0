// What Shopee's orders and returns call a sold thing, and how its lines are told apart.
import { flag, idOf, listOf, money, optionalId, optionalMoney, optionalText, units, type Fields } from '../payload.js';
import type { SkuCode } from '../platform.js';

/**
 * Returns and parcels name an item and its model, nothing finer: so the entries of an order that sell the same one are one line,
 * but that what was given beside it is another.
 */
export const lineIdOf = (item: Fields, gift: boolean): string => `${idOf(item, 'item_id')}-${optionalId(item, 'model_id') ?? '0'}${gift ? '-gift' : ''}`;

/** The item's own code is its listing's, shared by all its models: it says which SKU only where there are none. */
export function codeOf(item: Fields, modelSku: string): SkuCode {
  const model = optionalId(item, 'model_id');
  return { seller: optionalText(item, modelSku, 128) ?? (model === null ? optionalText(item, 'item_sku', 128) : null), platform: model ?? idOf(item, 'item_id'), link: idOf(item, 'item_id') };
}

export interface Entry {
  readonly lineId: string;
  readonly code: SkuCode;
  readonly quantity: number;
  /** Minor units. */
  readonly unitPrice: number;
  readonly gift: boolean;
  /** As parcels name it. */
  readonly parcelKey: string;
}

export const parcelKeyOf = (item: Fields): string =>
  [idOf(item, 'item_id'), optionalId(item, 'model_id') ?? '0', optionalId(item, 'order_item_id') ?? '', optionalId(item, 'promotion_group_id') ?? ''].join('/');

export function entryOf(item: Fields, currency: string): Entry {
  const promotions = [optionalText(item, 'promotion_type') ?? '', ...listOf(item['promotion_list'], 'promotion_list').map((p) => optionalText(p, 'promotion_type') ?? '')];
  const discounted = optionalMoney(item, 'model_discounted_price', currency);
  // An item of a bundle deal says 0, as the deal is not broken down: that is no gift, and its own price is the best there is.
  const bundled = discounted === 0 && promotions.includes('bundle_deal');
  const unitPrice = discounted === null || bundled ? money(item, 'model_original_price', currency) : discounted;
  const gift = (unitPrice === 0 && !flag(item, 'main_item')) || promotions.some((p) => p.endsWith('free_gift'));
  return { lineId: lineIdOf(item, gift), code: codeOf(item, 'model_sku'), quantity: units(item, 'model_quantity_purchased'), unitPrice, gift, parcelKey: parcelKeyOf(item) };
}
