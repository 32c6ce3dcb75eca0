// Kernel: what every room stands on: configuration, database, jobs, HTTP edge, logs, ids, secrets, mathematics of numbers.
// Owns facts, the outbox and idempotency keys.
// Never holds a business noun, and never opens a transaction for a service: SQL is for repositories (database/sql.ts).
export { ConfigurationError, projectRoot, providedData, readConfiguration, type Configuration } from './config/environment.js';
export { afterCommit, Database, endWith, isAway, isTransient, type Tx, undoable } from './database/database.js';
export { discardEmbedded, openEmbedded, type EmbeddedServer } from './database/embedded.js';
export { DomainError, invalid, notFound, unavailable, type FieldFault } from './errors.js';
export { exponentOf } from './files/currencies.js';
export { describeFaults, isCurrency, readRow, type Columns, type Row, type RowValue } from './files/columns.js';
export { emptyAnswer, importFile, reject, type ImportPlan, type IntakeAnswer, type LinedRow, type OnError, type Rejection } from './files/imports.js';
export { BrokenFile, formatOf, readBatches, readRecords, type FileFormat, type FileRecord } from './files/records.js';
export { badLine, readTable, type TableValue } from './files/table.js';
export { checkVersion, etagOf, expectedVersion } from './http/etag.js';
export {
  CalendarDate, Choice, Currency, Flag, Instant, isDate, isTimeZone, Name, NAME, Names, parseInstant, Rows, Text, TimeZone, Whole,
} from './http/fields.js';
export { openLane, type Lane } from './http/express-lane.js';
export { checkStorable, checkStorableText, decodeUtf8, isStorable, parseJson, parseJsonText, parseLossless } from './http/json.js';
export { listed, ListQuery, pageOf, queryInstant, queryText, type Listed, type Page, type Query } from './http/lists.js';
export { Once, type OnceRequest } from './http/once.js';
export { onceOf } from './http/once-request.js';
export { CONFIGURATION, KernelModule, type Foundations } from './kernel.module.js';
export { checkOutboundUrl, outboundAgent, type OutboundAllow } from './outbound/policy.js';
export { PublicUrl } from './http/public-url.js';
export { ProblemFilter, sendProblem, toDomainError } from './http/problem.js';
export { bodyValidation } from './http/validation.js';
export { newId } from './ids/ids.js';
export { Remembered } from './database/remembered.js';
export { defineFact, defineJob, Handles, type Fact, type Job, type JobRun } from './jobs/definitions.js';
export { Jobs, LateWriter } from './jobs/jobs.js';
export { JobsAndFacts1763800000000 } from './jobs/migrations.js';
export { Queues } from './jobs/queues.js';
export { Repeated } from './jobs/repeated.js';
export { deadLetters, factsAfter, latestFact, outboxHealth, prune as pruneOutbox, redrive, type StreamedFact } from './jobs/outbox.repository.js';
export { prune as pruneAnswers } from './http/once.repository.js';
export { configureLog, currentScope, inScope, log, openScope, traceparentOf } from './log/log.js';
export { intakeEvents, metricsText, requestSeconds, signalDeliveries } from './metrics/metrics.js';
export { openSecrets, randomSecret, Secrets } from './secrets/secrets.js';
export { contentKey, FILE_STORE, type FileStore } from './storage/file-store.js';
