// Broadcasts: who pitches what, when and on which link.
// Owns anchors, broadcasts, line-ups and links with their components.
// Never counts an order: orders name a broadcast, and a broadcast that nobody planned is still counted there.
export { Anchor, Broadcast, LineUpItem, Link, LinkComponent } from './broadcasts.entity.js';
export { BROADCAST_COLUMNS, checkBroadcastRow } from './broadcasts.file.js';
export { BroadcastsModule } from './broadcasts.module.js';
export { anchorOf, endedBroadcasts, itemsOfSkus, lineUp, linkComponents, plansOf, slotsBetween, type BroadcastPlan, type PlannedSlot, type RunningItem } from './broadcasts.repository.js';
export { BroadcastsService } from './broadcasts.service.js';
export { Broadcasts1763800300000 } from './migrations.js';
