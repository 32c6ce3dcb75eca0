// Desk: read-only answers that join rooms: the stock check and the live view of a broadcast, the status page's overview, return rates, the trace of a unit, the event stream.
// Owns no table.
// Never writes.
export { DeskModule } from './desk.module.js';
export { StreamController } from './stream.controller.js';
