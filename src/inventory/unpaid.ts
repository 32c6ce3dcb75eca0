// Units that are counted twice by whoever takes both reservations and unpaid orders off the stock: an order that was reserved for
// before it was paid.
import type { Tx } from '../kernel/index.js';
import { unpaidOfOrders } from '../orders/index.js';
import { heldForOrders, type World } from './inventory.repository.js';

/** By SKU: units of unpaid orders that a reservation holds for them already. */
export async function reservedUnpaid(tx: Tx, world: World, skus: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const held = await heldForOrders(tx, world, skus);
  const units = new Map<string, number>();
  if (held.length === 0) return units;
  const unpaid = new Map((await unpaidOfOrders(tx, held)).map((u) => [`${u.shop}\0${u.order_id}\0${u.sku}`, u.units]));
  for (const h of held) units.set(h.sku, (units.get(h.sku) ?? 0) + Math.min(h.held, unpaid.get(`${h.shop}\0${h.order_id}\0${h.sku}`) ?? 0));
  return units;
}
