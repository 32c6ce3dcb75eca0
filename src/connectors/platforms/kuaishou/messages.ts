// What Kuaishou pushes: that an order or a refund changed. Its own words are JSON in a text inside the message.
import { parseLossless } from '../../../kernel/index.js';
import { fieldsOf, idOf, optionalId, optionalText, Unreadable, type Fields } from '../payload.js';
import type { ConnectedShop, Heard, RawWebhook } from '../platform.js';
import { reading } from '../reading.js';
import { decrypted } from './sign.js';

const ORDER_EVENTS = new Set(['addOrder', 'paySuccess', 'delivering', 'deliverySuccess', 'orderSuccess', 'orderFail', 'totalFeeChange'].map((name) => `kwaishop_order_${name}`));
const REFUND_EVENTS = new Set(['kwaishop_aftersales_addRefund', 'kwaishop_aftersales_updateRefund']);
/** Goods on sale, shops, accounts, invoices: nothing of orders or returns. */
const IRRELEVANT = /^kwaishop_(item|shop|user|invoice|comment|promotion|funds|distribution)_/;

function infoOf(message: Fields): Fields {
  const { info } = message;
  if (typeof info !== 'string') return info === undefined || info === null ? {} : fieldsOf(info, 'info');
  try {
    return fieldsOf(parseLossless(Buffer.from(info)), 'info');
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    throw new Unreadable('info', 'is not JSON');
  }
}

function readOne(message: Fields, shop: ConnectedShop): readonly Heard[] {
  const event = optionalText(message, 'event', 128) ?? '';
  if (IRRELEVANT.test(event)) return [{ kind: 'nothing', about: event }];
  const order = ORDER_EVENTS.has(event);
  if (!order && !REFUND_EVENTS.has(event)) return [{ kind: 'unknown', about: event === '' ? 'no event' : event, document: message }];
  return reading('message', optionalId(message, 'eventId') ?? 'without-id', message, () => {
    const seller = optionalId(message, 'userId');
    if (shop.settings['sellerId'] !== undefined && seller !== null && seller !== shop.settings['sellerId']) return [{ kind: 'nothing', about: 'another shop' }];
    const info = infoOf(message);
    const named = optionalId(info, order ? 'oid' : 'refundId');
    return [{ kind: 'hint', entity: order ? 'order' : 'return', id: named ?? idOf(message, 'bizId') }];
  });
}

/** Sent when an address is saved, and as a heartbeat. */
export const isProbe = (messages: readonly Fields[] | undefined): boolean => messages !== undefined && messages.every((m) => m['test'] === true);

export const readMessages = (webhook: RawWebhook, shop: ConnectedShop): readonly Heard[] => {
  // Of a key that was changed meanwhile: refused, so that it is repeated and seen; what it says is pulled.
  const messages = decrypted(webhook.body, shop.credentials);
  if (messages === undefined) throw new Unreadable('body', 'cannot be decrypted with the message key');
  return messages.flatMap((message) => readOne(message, shop));
};
