// Accountability: who answers for a returned unit, what it cost, who pays which share, and the money that follows.
// Owns the responsibility policy, supplier terms, judgements, claims, chargebacks with their answers and rulings, and the ledger.
// Never edits what was posted: a posting is taken back by its opposite.
export { chargebackMoved, chargebackNotified, responsibilityProposed } from './accountability.facts.js';
export { AccountabilityModule } from './accountability.module.js';
export { findChargeback } from './accountability.repository.js';
export { ChargebackService } from './chargeback.service.js';
export { chargebackData, type ChargebackData } from './chargeback.view.js';
export { Accountability1763800900000, FairClaims1763803900000 } from './migrations.js';
