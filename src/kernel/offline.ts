// What of the kernel works without the service: errors and files. Loading the whole kernel takes seconds, which a command that only
// reads a file should not pay.
export { DomainError, type FieldFault } from './errors.js';
export { exponentOf } from './files/currencies.js';
export type { Columns, Row, RowValue } from './files/columns.js';
export { BrokenFile, formatOf, readRecords, type FileFormat } from './files/records.js';
export { badLine, readTable, type TableValue } from './files/table.js';
export { parseInstant } from './http/forms.js';
