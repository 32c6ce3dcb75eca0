// Imports are atomic per file: the whole file is read and checked into a spool on disk (constant memory), and only then
// applied, chunk by chunk, in one transaction. `--on-error stop` (the default) applies nothing where one line is bad.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { randomUUID } from 'node:crypto';
import { Database, type Tx } from '../database/database.js';
import { DomainError } from '../errors.js';
import { describeFaults, readRow, type Columns, type Row } from './columns.js';
import { readRecords, type FileFormat } from './records.js';

export interface Rejection {
  readonly line: number;
  readonly code: string;
  readonly detail: string;
}

export interface IntakeAnswer {
  accepted: number;
  duplicates: number;
  quarantined: number;
  rejectedCount: number;
  /** The first 1,000. */
  rejected: Rejection[];
}

export const emptyAnswer = (): IntakeAnswer => ({ accepted: 0, duplicates: 0, quarantined: 0, rejectedCount: 0, rejected: [] });

export function reject(answer: IntakeAnswer, rejection: Rejection): void {
  answer.rejectedCount++;
  if (answer.rejected.length < 1_000) answer.rejected.push(rejection);
}

export type OnError = 'stop' | 'skip';

export interface LinedRow {
  readonly line: number;
  readonly row: Row;
}

export interface ImportPlan {
  readonly columns: Columns;
  /** Checks that need more than one column; answers the fault. */
  readonly check?: (row: Row) => string | undefined;
  readonly chunk: number;
  readonly apply: (tx: Tx, rows: readonly LinedRow[], answer: IntakeAnswer) => Promise<void>;
  readonly progress?: (linesRead: number) => void;
}

const rejectedWhole = (answer: IntakeAnswer): DomainError =>
  new DomainError(422, 'import-rejected', `line ${answer.rejected[0]?.line ?? 0}: ${answer.rejected[0]?.detail ?? ''}; nothing of the file was applied`, {
    ...answer, accepted: 0, duplicates: 0, quarantined: 0,
  });

export async function importFile(
  database: Database, spoolFolder: string, source: AsyncIterable<Uint8Array>, format: FileFormat, onError: OnError, plan: ImportPlan,
): Promise<IntakeAnswer> {
  await mkdir(spoolFolder, { recursive: true });
  const spool = join(spoolFolder, `import-${randomUUID()}.ndjson`);
  const answer = emptyAnswer();
  try {
    const output = createWriteStream(spool, { mode: 0o600 });
    let lines = 0;
    try {
      for await (const record of readRecords(source, format)) {
        lines++;
        if (lines % 10_000 === 0) plan.progress?.(lines);
        const read = 'fault' in record ? { faults: [{ field: 'line', detail: record.fault }] } : readRow(plan.columns, record.value);
        if ('faults' in read) {
          reject(answer, { line: record.line, code: 'fault' in record ? 'unreadable' : 'invalid', detail: describeFaults(read.faults) });
          continue;
        }
        const fault = plan.check?.(read.row);
        if (fault !== undefined) {
          reject(answer, { line: record.line, code: 'invalid', detail: fault });
          continue;
        }
        if (!output.write(`${JSON.stringify([record.line, read.row])}\n`)) await once(output, 'drain');
      }
    } finally {
      output.end();
      await once(output, 'close');
    }
    if (lines === 0) throw new DomainError(422, 'empty-file', 'the file holds no rows');
    if (answer.rejectedCount > 0 && onError === 'stop') throw rejectedWhole(answer);

    await database.transaction(async (tx) => {
      let chunk: LinedRow[] = [];
      const flush = async (): Promise<void> => {
        if (chunk.length === 0) return;
        await plan.apply(tx, chunk, answer);
        chunk = [];
        if (answer.rejectedCount > 0 && onError === 'stop') throw rejectedWhole(answer);
      };
      for await (const text of createInterface({ input: createReadStream(spool), crlfDelay: Infinity })) {
        const [line, row] = JSON.parse(text) as [number, Row];
        chunk.push({ line, row });
        if (chunk.length >= plan.chunk) await flush();
      }
      await flush();
    });
    return answer;
  } finally {
    await rm(spool, { force: true });
  }
}
