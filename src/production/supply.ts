// What is still to come of a production order, written where stock and need look for it.
import { recordSupply, removeSupply, type DatedSupply } from '../inventory/index.js';
import type { Tx } from '../kernel/index.js';
import { remaining } from './production.rules.js';
import { orderLines } from './production.repository.js';

/** Writes what is still to come of an order, and when; nothing where it does not count. */
export async function writeSupply(tx: Tx, world: string, order: string, counts: boolean): Promise<void> {
  await removeSupply(tx, 'production', `${order}/`);
  if (!counts) return;
  const supply = (await orderLines(tx, [order])).flatMap((l) =>
    remaining(l.splits, l.received).map((s, i): DatedSupply => ({ source: 'production', ref: `${order}/${l.line_id}/${i}`, world, sku: l.sku, quantity: s.quantity, due: s.date })));
  if (supply.length > 0) await recordSupply(tx, supply);
}
