// Shopify's return reasons (ReturnReason of the GraphQL Admin API, lower case in webhooks), in the words that returns are counted by.
export const RETURN_REASONS: Readonly<Record<string, string>> = {
  color: 'colour-or-style', style: 'colour-or-style', defective: 'defective', not_as_described: 'not-as-described', wrong_item: 'wrong-item', size_too_large: 'too-large', size_too_small: 'too-small', unwanted: 'changed-mind', other: 'other', unknown: 'unknown',
};
