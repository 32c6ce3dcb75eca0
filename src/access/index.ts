// Access: who is asking and what they may do.
// Owns users, sessions, API keys, uploaded files with who may read them, and the audit log.
// Never knows what a supplier or an anchor is: bindings are opaque {kind, id} pairs, and each room applies its own scope query.
export { AccessModule } from './access.module.js';
export { AccessService } from './access.service.js';
export { AccessGuard, Allow, CurrentPrincipal, Open, type AccessRequest } from './guard.js';
export { FilesService } from './files.service.js';
export { Access1763800100000, Files1763801000000 } from './migrations.js';
export { actorOf, limitTo, mayIngest, ROLES, type Principal, type RoleName } from './principal.js';
