// What buyers on Chinese platforms give as their reason, in the words that returns are counted by. The platforms write texts, the
// tables of their codes are not public, and wordings differ by category: the first pattern that fits stands.
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/(未|没有?|还没)(收到|送达)|丢件|丢失|空包|拒签|退回途中/, 'not-received'],
  [/未按.{0,8}(发货|发出)|(发货|物流|送货).{0,4}(慢|延迟|超时|停滞)|延迟发货|不发货|缺货/, 'late'],
  [/少件|少发|漏发|缺件|缺少|少配件|配件不全/, 'missing-parts'],
  [/发错|错发|错货|寄错/, 'wrong-item'],
  [/破损|损坏|压坏|碎|包装.{0,4}(破|坏)|污渍|脏/, 'damaged'],
  [/(偏|太|过)大|大了|穿着大/, 'too-large'],
  [/(偏|太|过)小|小了|穿着小/, 'too-small'],
  [/颜色|色差|款式|图案|花色/, 'colour-or-style'],
  [/不符|不一致|不一样|假货|假冒|盗版|虚假/, 'not-as-described'],
  [/质量|瑕疵|故障|做工|起球|掉色|褪色|开线|开胶|脱线|变形|变质|无法使用|性能/, 'defective'],
  [/无理由|不想要|不喜欢|不需要|不要了|拍错|多拍|拍多|误拍|错拍|买错|买多|重复|效果不好|后悔|信息填写错/, 'changed-mind'],
];

/** One of the words for a reason's text; `other` where no pattern fits, null where there is no text. */
export function reasonOf(text: string | null): string | null {
  if (text === null) return null;
  return PATTERNS.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
}
