// TikTok Shop's reasons, in the words that returns are counted by. Their names are long and differ by market (…_uk, …_JP,
// …_seller), so they are known by what they hold; the first that fits stands.
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/discount|coupon|better_price|delivery_costs/, 'changed-mind'],
  // Colour is a word of its own; fabric, material, quality and style are what the listing promised.
  [/(colou?r|pattern)[^,]*_not_as_expected/, 'colour-or-style'],
  [/not_as_expected/, 'not-as-described'],
  [/box_damaged,_but_item_is_ok/, 'other'],
  [/too_big|too_long|too_large/, 'too-large'],
  [/too_small|too_short/, 'too-small'],
  [/wrong_(product|item)/, 'wrong-item'],
  [/missing_(product|parts|item)/, 'missing-parts'],
  [/not_match|counterfeit/, 'not-as-described'],
  [/expired|spoiled|defective/, 'defective'],
  [/not_frozen|damaga?ed|scrap/, 'damaged'],
  [/not_received|package_lost|delivery_failed|returned_to_shipper_other|out_return/, 'not-received'],
  [/too_late|late_(delivery|shipment)|on_time|missed_delivery|miss_estimated|exceed_edt|shipping_timeout/, 'late'],
  [/refused|no_need|no_longer_needed|suit_me|multiple_sizes|incorrect_size|by_mistakes|not_want_pay/, 'changed-mind'],
];

/** null where the platform gave none; what is not known by any pattern is `other`. */
export function reasonOf(name: string | null): string | null {
  if (name === null) return null;
  const lower = name.toLowerCase();
  return PATTERNS.find(([pattern]) => pattern.test(lower))?.[1] ?? 'other';
}
