// Operations: what the merchant's operator sees of the machinery: health, metrics, dead letters, the queue board, retention.
// Owns no table.
// Never holds a business noun.
export { Housekeeping } from './housekeeping.js';
export { OperationsModule } from './operations.module.js';
export { mountQueueBoard } from './queue-board.js';
export { Readiness } from './readiness.js';
