// What of returns works without the service: the columns of their files, and how messages about one case come together.
export { checkReturnRow, RETURN_COLUMNS, returnRow } from './returns.file.js';
export { merged, type CaseRow, type Kind as ReturnKind, type KnownCase } from './returns.rules.js';
export { VOID } from './returns.states.js';
