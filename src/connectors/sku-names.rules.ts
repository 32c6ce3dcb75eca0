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

/** Dice's coefficient over letter pairs of the plain forms, counted with multiplicity: 2 |A ∩ B| / (|A| + |B|), 0 to 1. */
export function resemblance(a: string, b: string): number {
  const [x, y] = [plain(a), plain(b)];
  if (x === y) return x === '' ? 0 : 1;
  if (x.length < 2 || y.length < 2) return 0;
  const pairs = pairsOf(x);
  let common = 0;
  for (const [pair, count] of pairsOf(y)) common += Math.min(count, pairs.get(pair) ?? 0);
  return (2 * common) / (x.length + y.length - 2);
}

/** At most `most` SKUs that share at least half of their letter pairs with the code, the nearest first. */
export const resembling = (code: string, skus: readonly string[], most = 3): Suggestion[] =>
  skus.map((sku) => ({ sku, resemblance: Math.round(resemblance(code, sku) * 100) / 100 })).filter((s) => s.resemblance >= 0.5).sort((a, b) => b.resemblance - a.resemblance || (a.sku < b.sku ? -1 : 1)).slice(0, most);
