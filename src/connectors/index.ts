// Connectors: platforms and files in, factories out.
// Owns the notices of what factories are told beside production changes; all else goes through the front doors of the rooms that own it.
// Never decides: it verifies, maps, carries, and tells production how a delivery went.
export { ConnectorsModule } from './connectors.module.js';
export { ImportsService, type ImportKind } from './imports.service.js';
export { deliveryFailed } from './send-signal.js';
export { Notices1763801300000 } from './migrations.js';
