// Inventory: what there is, and what will be there when.
// Owns opening stock and dated supply (confirmed production writes its dates here).
// Never sells: it does not move with orders yet; lots, movements and reservations are named as missing in the README.
export { openingStock, recordSupply, removeSupply, setOpeningStock, supplyOf, type DatedSupply } from './inventory.repository.js';
export { Inventory1763800500000 } from './migrations.js';
