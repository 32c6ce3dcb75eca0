// Desk: read-only answers that join rooms: the status page's overview and the event stream.
// Owns no table.
// Never writes.
export { DeskModule } from './desk.module.js';
export { StreamController } from './stream.controller.js';
