import { DomainError, notFound, type Tx } from '../kernel/index.js';
import { linesOf, type OrderLine } from './trace.repository.js';

/** The lines of an order; ids of orders are a shop's own, so that several shops may have one of the same id. */
export async function linesOfOneShop(tx: Tx, shop: string | null, id: string): Promise<readonly [OrderLine, ...OrderLine[]]> {
  const [first, ...others] = await linesOf(tx, shop, id);
  if (first === undefined) throw notFound(`the order ${id}`);
  const shops = [...new Set([first, ...others].map((l) => l.shop))];
  if (shops.length > 1) throw new DomainError(409, 'several-shops', 'shop: several shops have an order of this id; name one with ?shop=', { shops });
  return [first, ...others];
}
