// Connectors: platforms and files in, factories out.
// Owns connections of shops with their credentials and cursors, what was told of platforms' orders, their quarantine, SKU mappings and
// attributions, and the notices of what factories are told beside production changes; all else goes through other rooms' front doors.
// Never decides: it verifies, maps, carries, and tells production how a delivery went.
export { ConnectorsModule } from './connectors.module.js';
export { FileDrop } from './file-drop.js';
export { Noticed } from './noticed.js';
export { SharedStock } from './shared-stock.js';
export { Pulls } from './pulls.js';
export { ImportsService, type ImportKind } from './imports.service.js';
export { deliveryFailed } from './send-signal.js';
export { LiveLogAttributions1763803400000, Notices1763801300000, PlatformConnections1763803000000, ReturnWords1763803800000, SharedStock1763803100000 } from './migrations.js';
