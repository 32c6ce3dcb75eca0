import type { SkuTerms } from '../catalogue/index.js';

/** What shares a minimum order and lots: one SKU, one style-colour, or one style. */
export function groupOf(t: Pick<SkuTerms, 'sku' | 'style' | 'colour' | 'moq_scope'>): string {
  if (t.moq_scope === 'colour') return `colour:${t.style}/${t.colour}`;
  if (t.moq_scope === 'style') return `style:${t.style}`;
  return `sku:${t.sku}`;
}
