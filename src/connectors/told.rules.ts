// From a platform's snapshot to order events: only what grew since the last snapshot is told. Pure; the same snapshots in any
// order come to the same sums.
import type { OrderEvent } from '../orders/index.js';
import type { LineFact, PlatformLine, PlatformOrder, SkuCode } from './platforms/platform.js';

/** One of the SKUs that a line stands for, with its units per unit of the line. */
export interface Component {
  readonly sku: string;
  readonly quantity: number;
}

export interface ToldLine {
  /** What the line stood for when it was first told: a mapping that changes later does not change what was sold. */
  readonly skus: readonly Component[];
  /** Units told so far, by `type` or `type/id`. */
  readonly units: Readonly<Record<string, number>>;
  /** The platform's listing, where it was told: what a platform says later of who sold it may name that alone. */
  readonly link?: string;
}

export type ToldLines = Readonly<Record<string, ToldLine>>;

export interface KnownCaseLine {
  /** Of the platform's return line. */
  readonly id: string;
  readonly caseId: string;
  readonly orderId: string;
  readonly lineId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly kind: string;
  /** Told by a refund, not by the return. */
  readonly refund?: boolean;
}

/** Where a line was sold, as far as it is known. */
export interface Sold {
  readonly broadcast: string | null;
  readonly anchor: string | null;
}

const keyOf = (fact: LineFact): string => (fact.id === '' ? fact.type : `${fact.type}/${fact.id}`);

/** The line id of a component: the first carries the line's own, the others are told apart by their SKU. */
export const componentLine = (lineId: string, components: readonly Component[], i: number): string => (i === 0 ? lineId : `${lineId}/${components[i]?.sku ?? ''}`);

/**
 * The lines that a code is about: those of its link; else those that are just what it stands for, or hold any of it (a bundle); else the
 * only line there is. No code: all.
 */
export function linesNamed(told: ToldLines, code: SkuCode | null, skus: readonly string[]): [string, ToldLine][] {
  const lines = Object.entries(told);
  if (code === null) return lines;
  const linked = lines.filter(([, line]) => line.link !== undefined && line.link === code.link);
  if (linked.length > 0) return linked;
  const same = lines.filter(([, line]) => line.skus.length === skus.length && line.skus.every((c) => skus.includes(c.sku)));
  const holding = same.length > 0 ? same : lines.filter(([, line]) => line.skus.some((c) => skus.includes(c.sku)));
  // Of lines that were told before links were kept: one alone can be no other's.
  return holding.length > 0 ? holding : lines.filter(([, line]) => lines.length === 1 && line.link === undefined);
}

/**
 * The events by which a line grew, and what is told of it then. The first component of a link carries the price and is the sale;
 * the others are its parts (bundle-component) at no price.
 * @param buyer already hashed
 */
export function growth(shop: string, order: PlatformOrder, line: PlatformLine, before: ToldLine | undefined, skus: readonly Component[], sold: Sold, buyer: string | null): { readonly events: readonly OrderEvent[]; readonly after: ToldLine } {
  const components = before?.skus ?? skus;
  const units: Record<string, number> = { ...before?.units };
  const events: OrderEvent[] = [];
  for (const fact of line.facts) {
    const key = keyOf(fact);
    const told = units[key] ?? 0;
    const grown = fact.quantity - told;
    if (grown <= 0) continue;
    units[key] = fact.quantity;
    const priced = fact.type === 'created' || fact.type === 'paid';
    components.forEach((component, i) => {
      const lineId = componentLine(line.lineId, components, i);
      events.push({
        shop, eventId: `${order.orderId}:${lineId}:${key}${told === 0 ? '' : `+${told}`}`, occurredAt: fact.at, orderId: order.orderId, lineId, sku: component.sku, quantity: grown * component.quantity, type: fact.type,
        unitPrice: priced ? (i === 0 ? Math.round(line.unitPrice / component.quantity) : 0) : null, currency: priced ? line.currency : null, kind: i === 0 ? line.kind : line.kind === 'sale' ? 'bundle-component' : line.kind,
        payment: line.payment, shipBy: line.shipBy, broadcast: priced ? sold.broadcast : null, anchor: priced ? sold.anchor : null, supplier: null, lot: null, buyer: priced ? buyer : null,
      });
    });
  }
  return { events, after: { skus: components, units, ...(line.code.link === null ? {} : { link: line.code.link }) } };
}
