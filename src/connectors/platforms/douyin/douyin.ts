// Douyin (抖店): pushes say that something changed, the order and after-sale details say what. Checked against fixtures of public
// SDKs and a second implementation of the signatures; nothing was tried against the platform.
import { DomainError } from '../../../kernel/index.js';
import { Unreadable, type Fields } from '../payload.js';
import { JSON_ANSWER, type Answer, type Credentials, type Platform, type RawWebhook } from '../platform.js';
import { douyinApi, refreshDouyin } from './api.js';
import { isProbe, messagesOf, readMessages } from './messages.js';
import { signedByDouyin } from './sign.js';

const SUCCESS = JSON_ANSWER(200, { code: 0, msg: 'success' });

/** Answered where it is signed rightly or not at all: one that is signed with another secret should fail when the address is registered. */
function probe(webhook: RawWebhook, credentials: Credentials): Answer | undefined {
  if (webhook.headers['event-sign'] !== undefined && !signedByDouyin(webhook, credentials)) return undefined;
  let messages: readonly Fields[];
  try {
    messages = messagesOf(webhook.body);
    return isProbe(messages) ? SUCCESS : undefined;
  } catch (error) {
    if (error instanceof Unreadable || error instanceof DomainError) return undefined;
    throw error;
  }
}

export const douyin: Platform = {
  name: 'douyin',
  title: 'Douyin',
  credentials: [
    { name: 'appKey', secret: false, required: true, about: "the app's key (app_key)" },
    { name: 'appSecret', secret: true, required: true, about: "the app's secret, which signs pushes and calls" },
    { name: 'accessToken', secret: true, required: false, about: 'an access token of the shop; without it nothing can be fetched, and pushes name orders without telling them' },
    { name: 'refreshToken', secret: true, required: false, about: 'the refresh token that came with it; not needed by an app made for one shop whose shopId is set' },
    { name: 'accessTokenEndsAt', secret: false, required: false, about: 'when the access token ends, in milliseconds since 1970; 0 renews it at once', fault: (v) => (/^\d{1,15}$/.test(v) ? undefined : 'must be milliseconds since 1970') },
  ],
  settings: [
    { name: 'shopId', secret: false, required: false, about: "the shop's id at Douyin: pushes of other shops of the same app are passed over", fault: (v) => (/^\d{1,20}$/.test(v) ? undefined : 'must be digits') },
    { name: 'apiBase', secret: false, required: false, about: 'another address of the API, such as a gateway of your own' },
  ],
  webhooks: { secret: 'appSecret', verify: signedByDouyin, probe, read: readMessages, acknowledged: SUCCESS, refused: JSON_ANSWER(401, { code: 1, msg: 'fail' }) },
  api: douyinApi,
  refresh: refreshDouyin,
  keep: new Set([
    'tag', 'msg_id', 'msgId', 'p_id', 's_id', 's_ids', 'shop_id', 'aftersale_id', 'aftersale_status', 'aftersale_type', 'order_id', 'parent_order_id', 'sku_order_id', 'shop_order_id', 'sku_id', 'product_id', 'product_id_str', 'code', 'out_sku_id',
    'shop_sku_code', 'order_status', 'main_status', 'after_sale_id', 'after_sale_status', 'after_sale_type', 'refund_status', 'reason_code', 'create_time', 'update_time', 'pay_time', 'ship_time', 'finish_time', 'apply_time', 'trade_type', 'pay_type', 'room_id_str',
  ]),
};
