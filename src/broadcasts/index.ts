// Broadcasts: who pitches what, when and on which link.
// Owns anchors, broadcasts, line-ups, links with their components, and the live log.
// Never counts an order: orders name a broadcast, and a broadcast that nobody planned is still counted there.
export { Anchor, Broadcast, LineUpItem, Link, LinkComponent, planVersion } from './broadcasts.entity.js';
export { BROADCAST_COLUMNS, checkBroadcastRow } from './broadcasts.file.js';
export { BroadcastsModule } from './broadcasts.module.js';
export { anchorOf, endedBroadcasts, itemsOfSkus, lineUp, linkComponents, plansOf, slotsBetween, type BroadcastPlan, type PlannedSlot, type RunningItem } from './broadcasts.repository.js';
export { broadcastChanged, viewersTold } from './broadcasts.facts.js';
export { BroadcastsService } from './broadcasts.service.js';
export { shownIn, type ShownRow } from './live-log.repository.js';
export { showingsOf, slotsAsShown, type Showing, type Slot } from './live-log.rules.js';
export { Broadcasts1763800300000, LinkBundles1763803700000, LiveLog1763803300000 } from './migrations.js';
