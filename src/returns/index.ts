// Returns: who wants goods back taken, what came, what was found, and where the units went.
// Owns return cases, the lots that came back, inspections, their transitions, and alarms of lots that are out of control.
// Never says who pays, and never decides a refund: the case mirrors the platform.
export { Alarms1763801500000, InspectionPhotos1763801200000, Returns1763800800000 } from './migrations.js';
export { casesRecorded, caseVoided, goodsInspected, goodsReceived } from './returns.facts.js';
export { checkReturnRow, RETURN_COLUMNS, returnRow, type ReturnRow } from './returns.file.js';
export { ReturnsModule } from './returns.module.js';
export { ReturnsService, type Outcome as ReturnOutcome } from './returns.service.js';
export { casesOfLine, findCase, inspectionsOf, lockCase, lotsOfLine, type InspectionRow, type ReturnCase } from './returns.repository.js';
export { FAULTS_OF_PRODUCTION, FINDINGS, lotsReturned, type Finding, type Kind as ReturnKind } from './returns.rules.js';
export { NOTHING_LOST, type CaseStatus } from './returns.states.js';
