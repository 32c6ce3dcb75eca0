// What Douyin pushes: only that something changed. Sources disagree on the envelope (a list or one object, msg_id or msgId, data as
// text or object), so every form is read.
import { parseLossless } from '../../../kernel/index.js';
import { fieldsOf, idOf, listOf, optionalId, optionalText, optionalWhole, Unreadable, type Fields } from '../payload.js';
import type { ConnectedShop, Heard, RawWebhook } from '../platform.js';
import { reading } from '../reading.js';
import { BEFORE_SHIPPING } from './aftersales.js';

const ORDER_TAGS = new Set(['100', '101', '102', '103', '104', '106', '108', '109', '110', '126']);
/** Address changes and their requests, notes, goods on sale, pictures. */
const IRRELEVANT_TAGS = new Set(['0', '105', '111', '113', '137', '138', '400', '417']);
const AFTERSALE_TAGS = new Set(['200', '201', '202', '203', '204', '205', '206', '207', '208', '209', '211', '212', '213', '214', '215', '216', '217', '218', '224', '225', '226', '227']);

export function messagesOf(body: Buffer): readonly Fields[] {
  const parsed = parseLossless(body);
  return Array.isArray(parsed) ? listOf(parsed, 'body') : [fieldsOf(parsed, 'body')];
}

const tagOf = (message: Fields): string => optionalText(message, 'tag', 64) ?? '';

/** Sent when an address is registered. */
export const isProbe = (messages: readonly Fields[]): boolean => messages.length > 0 && messages.every((message) => tagOf(message) === '0');

function dataOf(message: Fields): Fields {
  const data = message['data'];
  if (typeof data !== 'string') return fieldsOf(data, 'data');
  let parsed: unknown;
  try {
    parsed = parseLossless(Buffer.from(data));
  } catch {
    throw new Unreadable('data', 'is not JSON');
  }
  return fieldsOf(parsed, 'data');
}

function readOne(message: Fields, shop: ConnectedShop): readonly Heard[] {
  const tag = tagOf(message);
  if (IRRELEVANT_TAGS.has(tag)) return [{ kind: 'nothing', about: tag }];
  if (!ORDER_TAGS.has(tag) && !AFTERSALE_TAGS.has(tag)) return [{ kind: 'unknown', about: tag === '' ? 'no tag' : `tag ${tag}`, document: message }];
  const id = optionalId(message, 'msg_id') ?? optionalId(message, 'msgId') ?? 'without-id';
  return reading('message', id, message, () => {
    const data = dataOf(message);
    const named = optionalId(data, 'shop_id');
    // An app has one address for all the shops that use it.
    if (shop.settings['shopId'] !== undefined && named !== null && named !== shop.settings['shopId']) return [{ kind: 'nothing', about: 'another shop' }];
    if (ORDER_TAGS.has(tag)) return [{ kind: 'hint', entity: 'order', id: idOf(data, 'p_id') }];
    if (BEFORE_SHIPPING.has(optionalWhole(data, 'aftersale_type') ?? -1)) return [{ kind: 'hint', entity: 'order', id: idOf(data, 'p_id') }];
    return [{ kind: 'hint', entity: 'return', id: idOf(data, 'aftersale_id') }];
  });
}

export const readMessages = (webhook: RawWebhook, shop: ConnectedShop): readonly Heard[] => messagesOf(webhook.body).flatMap((message) => readOne(message, shop));
