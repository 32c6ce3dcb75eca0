// Lots that must not be sold: how their sellable units are blocked. What is in the books as sellable of such a lot is only what
// reservations hold for somebody who has not ordered; no order line is promised or shipped a unit of it.
import type { Tx } from '../kernel/index.js';
import * as store from './inventory.repository.js';
import type { Place } from './inventory.repository.js';

/** In whose name units are blocked. */
export interface Blocking {
  readonly origin: string;
  readonly note: string | null;
  readonly at: Date;
  readonly actor: string;
}

/**
 * Blocks the sellable units of withdrawn lots in one place, whose level is locked and given as it is now. Order lines that had been
 * promised them wait again, those that were paid last first; what reservations hold stays, and is answered as kept.
 */
export async function blockLots(tx: Tx, level: store.StockLevel, lots: readonly store.WithdrawnUnits[], by: Blocking): Promise<{ quarantined: number; kept: number }> {
  const place: Place = { world: level.world, sku: level.sku, location: level.location };
  const units = lots.reduce((s, l) => s + l.units, 0);
  const base = { ...place, quality: 'A' as const, claimed: 0, note: by.note, at: by.at, actor: by.actor };
  const movements: store.Movement[] = [];
  const saved: store.AllocationRow[] = [];
  let short = Math.max(0, level.reserved - (level.on_hand - units));
  let waiting = 0;
  for (const line of short > 0 ? await store.reservedLines(tx, place) : []) {
    const part = Math.min(short, line.reserved);
    if (part === 0) break;
    short -= part;
    saved.push({ ...line, reserved: line.reserved - part });
    waiting += Math.max(0, line.open - line.reserved + part) - Math.max(0, line.open - line.reserved);
    movements.push({ ...base, lot: '', subLot: '', cause: 'release', house: 0, reserved: -part, origin: 'order-line', originId: `${line.shop}/${line.order_id}/${line.line_id}` });
  }
  let left = units - short;
  for (const l of lots) {
    const part = Math.min(left, l.units);
    left -= part;
    if (part === 0) continue;
    const moved = { ...base, lot: l.lot, subLot: l.sub_lot, cause: 'quarantine' as const, reserved: 0, origin: by.origin, originId: l.withdrawn_by };
    movements.push({ ...moved, house: -part }, { ...moved, quality: 'quarantine', house: part });
  }
  await store.post(tx, movements, saved.length === 0 ? [] : [{ ...place, waiting, unclaimed: 0 }]);
  if (saved.length > 0) await store.saveAllocations(tx, saved);
  return { quarantined: units - short, kept: short };
}

/**
 * Blocks what became free of withdrawn lots in these places (locked), such as what a reservation kept and now lets go or gives over
 * to an order. Answers the places where units were blocked.
 */
export async function blockWithdrawn(tx: Tx, places: readonly Place[]): Promise<Place[]> {
  const suspect = await store.withdrawnUnits(tx, places);
  if (suspect.length === 0) return [];
  const blocked: Place[] = [];
  for (const [key, level] of await store.lockLevels(tx, suspect)) {
    const { quarantined } = await blockLots(tx, level, suspect.filter((l) => store.placeKey(l) === key), { origin: 'alarm', note: null, at: new Date(), actor: 'alarm' });
    if (quarantined > 0) blocked.push(level);
  }
  return blocked;
}
