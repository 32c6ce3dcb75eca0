// Shopee's return reasons, of both of its lists (they spell some differently), in the words that returns are counted by.
const WORDS: Readonly<Record<string, readonly string[]>> = {
  defective: ['FUNCTIONAL_DMG', 'EXPIRED_PRODUCT'],
  damaged: ['ITEM_DAMAGED', 'PHYSICAL_DMG', 'BROKEN_PRODUCTS', 'DAMAGED_PACKAGE', 'SCRATCHED', 'DAMAGED_OTHERS', 'SPILLED_CONTENTS'],
  'wrong-item': ['WRONG_ITEM', 'SELLER_SENT_WRONG_ITEM'],
  // ITEM_WRONGDAMAGED is wrong or damaged; SIZE_DEVIATION does not say in which direction.
  'not-as-described': ['DIFFERENT_DESCRIPTION', 'DIFF_DESC', 'EXPECTATION_FAILED', 'ITEM_FAKE', 'USED', 'DATE_DEVIATION', 'SIZE_DEVIATION', 'ITEM_WRONGDAMAGED'],
  'colour-or-style': ['LOOK_DEVIATION'],
  'missing-parts': ['ITEM_MISSING'],
  'not-received': ['NOT_RECEIPT', 'NONRECEIPT'],
  'changed-mind': ['CHANGE_MIND', 'CHANGE_OF_MIND', 'NO_REASON'],
  unknown: ['NONE'],
};

const BY_NAME: ReadonlyMap<string, string> = new Map(Object.entries(WORDS).flatMap(([word, names]) => names.map((name) => [name, word] as const)));

export const reasonOf = (name: string): string => BY_NAME.get(name.toUpperCase()) ?? 'other';
