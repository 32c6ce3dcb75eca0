// Messages of Taobao's message service: only that a trade or refund changed. There is no webhook; they are consumed, and confirmed
// once what they say is stored.
import { parseLossless } from '../../../kernel/index.js';
import { fieldsOf, idOf, optionalId, optionalText, Unreadable, type Fields } from '../payload.js';
import type { ConnectedShop, Heard } from '../platform.js';
import { calledBy, reading } from '../reading.js';

const TRADE = /^taobao_trade_Trade(Create|CreateWithoutPay|BuyerPay|SellerShip|PartlySellerShip|PartlyRefund|PartlyConfirmPay|Close|CloseAndModifyDetailOrder|Success|Changed|Modified|AlipayCreate|BuyerStepPay|DelayConfirmPay|LogisticsAddressChanged|OuterTidAdd)$/;
const REFUND = /^taobao_refund_Refund(Created|SellerAgreeAgreement|SellerRefuseAgreement|BuyerReturnGoods|BuyerModifyAgreement|Closed|Success|Block|CreateMessage|TimeoutRemind)$/;
/** Notes, ratings and reminders of trades; goods on sale. */
const IRRELEVANT = /^(taobao_trade_Trade(MemoModified|Rated|TimeoutRemind)|taobao_item_\w+|taobao_ump_\w+|taobao_tae_\w+)$/;

function contentOf(message: Fields): Fields {
  const { content } = message;
  if (typeof content !== 'string') return fieldsOf(content, 'content');
  try {
    return fieldsOf(parseLossless(Buffer.from(content)), 'content');
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    throw new Unreadable('content', 'is not JSON');
  }
}

/** A message of another shop of the same app: not ours to confirm. */
export function ofAnother(message: Fields, shop: ConnectedShop): boolean {
  const user = optionalId(message, 'user_id') ?? optionalId(message, 'userid');
  return shop.settings['sellerId'] !== undefined && user !== null && user !== shop.settings['sellerId'];
}

export function readMessage(message: Fields): readonly Heard[] {
  const topic = optionalText(message, 'topic', 128) ?? '';
  if (IRRELEVANT.test(topic)) return [{ kind: 'nothing', about: topic }];
  if (TRADE.test(topic)) return reading('message', calledBy(message, 'id'), message, () => [{ kind: 'hint', entity: 'order', id: idOf(contentOf(message), 'tid') }]);
  if (REFUND.test(topic)) return reading('message', calledBy(message, 'id'), message, () => [{ kind: 'hint', entity: 'return', id: idOf(contentOf(message), 'refund_id') }]);
  return [{ kind: 'unknown', about: topic === '' ? 'no topic' : topic, document: message }];
}
