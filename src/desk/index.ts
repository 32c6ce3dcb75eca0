// Desk: read-only answers that join rooms: the status page's overview, the trace of a unit and the event stream.
// Owns no table.
// Never writes.
export { DeskModule } from './desk.module.js';
export { StreamController } from './stream.controller.js';
