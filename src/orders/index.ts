// Orders: takes order events in once each, settles order lines, counts demand.
// Owns event identities, order events, order lines, the news of them, demand windows, streams, shop clocks and the quarantine.
// Never judges demand (forecast does) and never moves stock (inventory does).
export { IntakeService, type Outcome } from './intake.service.js';
export { LeanIntake1763802300000, LinesForReaders1763801400000, Orders1763800400000, StreamMoves1763803600000 } from './migrations.js';
export { eventsRecorded } from './orders.facts.js';
export { checkOrderRow, digestOf, ORDER_COLUMNS, orderEvent } from './orders.file.js';
export type { LineAttribution } from './math/batch.js';
export type { EventType, Kind, OrderEvent, Payment } from './math/settle.js';
export { OrdersController } from './orders.controller.js';
export { OrdersModule } from './orders.module.js';
export {
  allClocks, cancelledOrders, hasNews, ordersInBroadcasts, orderTimesOf, usualLine, orderTotals, stockLines, takeNews, touchStreams,
  countDirty, countedTimes, countedTimesOf, demandOf, dirtyShards, dirtyStreams, earliestShipBy, forgetMoves, heldUnits, intakeSummary, markAssessed, oneStreamOfEach, shopNow, soldLately, soldLine, streamNews, salesBetween, skusSoldIn, standingStreams, unpaidOfOrders, unpaidUnits, worldNow,
  type AfterLine, type DirtyStream, type ShopClockRow, type SaleLine, type SoldLine, type IntakeSummary, type SkuDemand, type StockLine, type StreamNews,
} from './orders.repository.js';
export { ensurePartitions } from './partitions.repository.js';
export { dropOldEvents } from './retention.js';
export { worldOf, type World } from './world.js';
