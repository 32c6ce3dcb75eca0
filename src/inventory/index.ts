// Inventory: what there is, whose it is, and what will be there when.
// Owns stock levels, lots, movements, what order lines have of the stock, reservations and dated supply.
// Never promises a unit twice, and never edits a movement: a correction is another one.
export { stockChanged } from './inventory.facts.js';
export { InventoryModule } from './inventory.module.js';
export { allocationsOfOrder, claimsOfLine, incomingOf, levelsOf, lotRecords, MAIN, recordSupply, removeSupply, removeSupplyOf, sellableSupply, supplyOf, unitsLeft, withdrawnLots, type AllocationRow, type DatedSupply, type LotRecord, type Quality, type StockLevel } from './inventory.repository.js';
export { availableToPromise, isPromisable, type Dated } from './inventory.rules.js';
export { Inventory1763800500000, LotsWithdrawn1763801700000, ReservationsByLine1763804000000 } from './migrations.js';
export { ReservationsService } from './reservations.service.js';
export { reservedUnpaid } from './unpaid.js';
export { StockService, type Receipt, type ReceivedUnits } from './stock.service.js';
