// Lazada's reasons come as text and as ids that differ by country; the text is looked through for what it is about. The first that
// fits stands; a text in another language is `other`.
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/change(d)?\s+(of|my)\s+mind|no longer|don'?t (want|need)|duplicate|better price|cheaper|by mistake/, 'changed-mind'],
  [/missing|incomplete|empty/, 'missing-parts'],
  [/too (big|large|long|loose)/, 'too-large'],
  [/too (small|short|tight)/, 'too-small'],
  [/not (match|as (advertised|described|pictured|shown))|differ(s|ent)|counterfeit|fake|not authentic/, 'not-as-described'],
  [/wrong|incorrect (item|product|size|colou?r)/, 'wrong-item'],
  [/damaged|broken|torn/, 'damaged'],
  [/defect|fault|not working|malfunction|poor quality|expired/, 'defective'],
  [/colou?r|style|pattern/, 'colour-or-style'],
  [/not received|never arrived|did ?n[o']t (arrive|receive)|lost/, 'not-received'],
  [/late|delay|too long|slow/, 'late'],
];

/** null where the platform gave none. */
export function reasonOf(text: string | null): string | null {
  if (text === null) return null;
  const lower = text.toLowerCase();
  return PATTERNS.find(([pattern]) => pattern.test(lower))?.[1] ?? 'other';
}
