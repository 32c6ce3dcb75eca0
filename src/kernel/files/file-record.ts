// What a file is read into, whatever its format.
import { DomainError } from '../errors.js';

export type FileFormat = 'csv' | 'ndjson' | 'json';

/** One record with its line (of the file for CSV and NDJSON, the element's number for a JSON array), or why it cannot be read. */
export type FileRecord =
  | { readonly line: number; readonly value: Readonly<Record<string, unknown>> }
  | { readonly line: number; readonly fault: string };

/** The stream ended in the middle, is not what it says, or holds a line that never ends. */
export class BrokenFile extends DomainError {
  constructor(
    detail: string,
    readonly lastLine: number,
  ) {
    super(400, 'broken-file', detail, { lastLine });
  }
}

/** Characters or bytes of one line; longer ones are no lines of ours. */
export const MAX_LINE = 1_000_000;
