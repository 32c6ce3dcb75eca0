// How much a platform's code resembles our SKUs. Suggestions only: a person maps.

export interface Suggestion {
  readonly sku: string;
  /** 1 where they are the same but for case, width and punctuation; else the share of letter pairs in common (Dice, 1945). */
  readonly resemblance: number;
}

const plain = (code: string): string => code.normalize('NFKC').toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

function pairsOf(text: string): Map<string, number> {
  const pairs = new Map<string, number>();
  for (let i = 0; i + 1 < text.length; i++) {
    const pair = text.slice(i, i + 2);
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  return pairs;
}

interface Named {
  readonly sku: string;
  readonly plain: string;
  readonly pairs: ReadonlyMap<string, number>;
}

/** SKUs as they are compared: worked out once for many codes. */
export const namedSkus = (skus: readonly string[]): Named[] => skus.map((sku) => { const p = plain(sku); return { sku, plain: p, pairs: pairsOf(p) }; });

/** Dice's coefficient over letter pairs of the plain forms, counted with multiplicity: 2 |A ∩ B| / (|A| + |B|), 0 to 1. */
function resemblance(x: string, pairs: ReadonlyMap<string, number>, named: Named): number {
  if (x === named.plain) return x === '' ? 0 : 1;
  if (x.length < 2 || named.plain.length < 2) return 0;
  // No more can be in common than the shorter has.
  const most = Math.min(x.length, named.plain.length) - 1;
  const all = x.length + named.plain.length - 2;
  if ((2 * most) / all < LEAST) return 0;
  let common = 0;
  for (const [pair, count] of pairs) common += Math.min(count, named.pairs.get(pair) ?? 0);
  return (2 * common) / all;
}

const LEAST = 0.5;

/** At most `most` SKUs that share at least half of their letter pairs with the code, the nearest first. */
export function resembling(code: string, skus: readonly Named[], most = 3): Suggestion[] {
  const x = plain(code);
  const pairs = pairsOf(x);
  return skus.map((named) => ({ sku: named.sku, resemblance: Math.round(resemblance(x, pairs, named) * 100) / 100 })).filter((s) => s.resemblance >= LEAST).sort((a, b) => b.resemblance - a.resemblance || (a.sku < b.sku ? -1 : 1)).slice(0, most);
}
