// Production: what a changed need means for a factory, and the negotiation about it.
// Owns production orders, sample requests, adjustments with versions, replies, decisions and commitments, their policy, and the delivery state of signals.
// Never opens a socket: connectors carry its signals out, and tell it here how that went.
export { AgreedUnits1763804100000, Production1763800700000 } from './migrations.js';
export { Commitments1763802210000 } from './commitments.migrations.js';
export { adjustmentApplied, adjustmentEnded, sampleRequested, signalAnswered, signalIssued } from './production.facts.js';
export { ProductionModule } from './production.module.js';
export {
  deliveryOf, endDelivery, findAdjustment, linesOf, listAdjustments, listOrders, orderLines, recordAttempt, versionOf, type AdjustmentRow, type Delivery, type ListFilter,
} from './production.repository.js';
export { NegotiationService } from './negotiation.service.js';
export { PlanningService } from './planning.service.js';
export { signalData } from './signal.view.js';
export { sameJson } from './production.rules.js';
export { Samples1763801100000 } from './samples.migrations.js';
export { findSample, roundsOf, type RoundRow } from './samples.repository.js';
export { SamplesService } from './samples.service.js';
export { sampleData } from './samples.view.js';
