// Taobao and Tmall: no webhook, but a message service that is consumed and confirmed. Checked against field lists of public SDKs and a
// second implementation of the signature; nothing was tried against the platform.
import type { Platform } from '../platform.js';
import { refreshTaobao, taobaoApi } from './api.js';

export const taobao: Platform = {
  name: 'taobao',
  title: 'Taobao',
  credentials: [
    { name: 'appKey', secret: false, required: true, about: "the app's key" },
    { name: 'appSecret', secret: true, required: true, about: "the app's secret, which signs calls" },
    { name: 'accessToken', secret: true, required: true, about: "the shop's session (access token)" },
    { name: 'refreshToken', secret: true, required: false, about: 'the refresh token that came with it' },
    { name: 'accessTokenEndsAt', secret: false, required: false, about: 'when the session ends, in milliseconds since 1970; 0 renews it at once', fault: (v) => (/^\d{1,15}$/.test(v) ? undefined : 'must be milliseconds since 1970') },
  ],
  settings: [
    { name: 'sellerId', secret: false, required: false, about: "the shop's user_id: messages of other shops of the same app are left to them", fault: (v) => (/^\d{1,20}$/.test(v) ? undefined : 'must be digits') },
    { name: 'messageGroup', secret: false, required: false, about: 'the group of the message service in which the shop is; default the group of all', fault: (v) => (/^[\w.-]{1,64}$/.test(v) ? undefined : 'must be letters, digits, dots or dashes') },
    { name: 'apiBase', secret: false, required: false, about: 'another address of the API, such as a gateway of your own' },
  ],
  webhooks: null,
  api: taobaoApi,
  refresh: refreshTaobao,
  keep: new Set(['id', 'topic', 'tid', 'tid_str', 'oid', 'oid_str', 'refund_id', 'status', 'type', 'user_id', 'created', 'modified', 'pay_time', 'consign_time', 'end_time', 'num_iid', 'sku_id', 'outer_sku_id', 'outer_iid', 'refund_status', 'step_trade_status', 'dispute_type', 'good_status', 'cs_status']),
};
