// WooCommerce's refunds have no list of reasons: what was typed is matched, in the words that returns are counted by. What was
// typed is not kept, as it may name a person.
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/too (large|big|long|wide|loose)|oversized/i, 'too-large'],
  [/too (small|short|tight|narrow)|undersized/i, 'too-small'],
  [/wrong (item|product|size sent|colou?r sent)|not what .*ordered|incorrect (item|product)/i, 'wrong-item'],
  [/damag|broken|torn|crushed|leak/i, 'damaged'],
  [/defect|fault|does ?n[o']t work|not working|quality/i, 'defective'],
  [/not as (described|pictured|expected|shown)|different from|misleading/i, 'not-as-described'],
  [/colou?r|style|shade/i, 'colour-or-style'],
  [/missing|incomplete/i, 'missing-parts'],
  [/not (received|delivered|arrived)|never (arrived|came)|lost/i, 'not-received'],
  [/late|delay|took too long/i, 'late'],
  [/changed? .*mind|no longer (want|need)|do(es)? ?n[o']t (want|like|need)/i, 'changed-mind'],
];

export const reasonOf = (typed: string | null): string | null => (typed === null ? null : (PATTERNS.find(([pattern]) => pattern.test(typed))?.[1] ?? 'other'));
