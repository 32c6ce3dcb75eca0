// Connectors: platforms and files in, factories out.
// Owns no table: what comes in goes through the front doors of the rooms that own it.
// Never decides: it verifies, maps, carries, and tells production how a delivery went.
export { ConnectorsModule } from './connectors.module.js';
export { ImportsService, type ImportKind } from './imports.service.js';
export { deliveryFailed } from './send-signal.js';
