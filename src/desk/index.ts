// Desk: read-only answers that join rooms: the stock check and the live view of a broadcast, the status page's overview, return rates, the trace of a unit, the event stream.
// Owns no table; its indexes are for what it reads of others.
// Never writes.
export { DeskModule } from './desk.module.js';
export { OverviewIndexes1763804010000 } from './migrations.js';
export { StreamController } from './stream.controller.js';
