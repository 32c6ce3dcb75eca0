// What line-up items say of their links. A link is the platform's listing: it sells one SKU, several as variants of which a buyer chooses
// one, or several together as a bundle.

export interface Component {
  readonly sku: string;
  readonly quantity: number;
}

/** An item of a line-up as it was given; no components: it does not say what a unit of its link holds. */
export interface LinkedItem {
  readonly link: string;
  readonly sku: string;
  readonly components: readonly Component[] | undefined;
}

export interface ToldLink {
  readonly link: string;
  /** What one unit holds, the priced SKU first; null where the link is no bundle, or nothing was said. */
  readonly bundle: readonly Component[] | null;
  /** SKUs of the items. */
  readonly variants: readonly string[];
  /** The items say that each of them is just its own SKU. */
  readonly plain: boolean;
}

/** A unit that holds one of the item's own SKU and nothing else is no bundle. */
const isBundle = ({ sku, components }: LinkedItem): boolean => components !== undefined && components.length > 0 && !(components.length === 1 && components[0]?.sku === sku && components[0].quantity === 1);

/** A SKU that a list of components names more than once: its quantity could be either. */
export const namedTwice = (components: readonly Component[]): string | undefined => components.find((c, i) => components.findIndex((d) => d.sku === c.sku) < i)?.sku;

const same = (a: readonly Component[], b: readonly Component[]): boolean => a.length === b.length && a.every((c) => b.some((d) => d.sku === c.sku && d.quantity === c.quantity));

/** The links of items, each once; of several bundles by one link the last stands. */
export function linksOf(items: readonly LinkedItem[]): ToldLink[] {
  const byLink = new Map<string, LinkedItem[]>();
  for (const item of items) byLink.set(item.link, [...(byLink.get(item.link) ?? []), item]);
  return [...byLink].map(([link, own]) => ({
    link, bundle: own.findLast(isBundle)?.components ?? null, variants: [...new Set(own.map((i) => i.sku))], plain: own.every((i) => i.components !== undefined && i.components.length > 0 && !isBundle(i)),
  }));
}

/** The place of the first item that says another bundle of a link than an item before it; -1 where all agree. */
export function otherBundle(items: readonly (LinkedItem | undefined)[]): number {
  const bundles = new Map<string, readonly Component[]>();
  return items.findIndex((item) => {
    if (item === undefined || !isBundle(item)) return false;
    const known = bundles.get(item.link);
    bundles.set(item.link, known ?? item.components ?? []);
    return known !== undefined && !same(known, item.components ?? []);
  });
}
