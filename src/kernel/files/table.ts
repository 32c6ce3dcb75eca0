// Files read by position: each line as a list of checked values in the order of its columns. For those who read whole files and
// want no dictionary per line; the checks and their words are those of columns.ts.
import { DomainError, type FieldFault } from '../errors.js';
import { readValue, type Column, type Columns, type RowValue } from './columns.js';
import { otherColumns } from './csv.js';
import { MAX_LINE, type FileFormat } from './file-record.js';
import { eachField, textOf, type PlainLines } from './plain-csv.js';
import { PlainReader } from './plain-values.js';
import { eachBatch } from './records.js';

export type TableValue = RowValue | undefined;
/** Called with the values of a line in the order of the columns; the list is the caller's to keep. */
export type TableVisitor = (line: number, values: TableValue[]) => void;

interface Reader {
  readonly name: string;
  readonly column: Column;
  readonly plain: PlainReader;
}

const MISSING = 'is missing';

function fullRead(r: Reader, raw: unknown, faults: FieldFault[]): TableValue {
  if (raw === undefined || raw === null || raw === '') {
    if (r.column.required === true) faults.push({ field: r.name, detail: MISSING });
    return undefined;
  }
  const value = readValue(r.column, raw);
  if (typeof value !== 'object') return value;
  faults.push({ field: r.name, detail: value.detail });
  return undefined;
}

/** Reads the plain lines of a batch. `places`: for each column of the file the number of the reader, or −1. */
function readPlain(batch: PlainLines, readers: readonly Reader[], places: readonly number[], visit: TableVisitor, bad: (line: number, faults: readonly FieldFault[]) => void): void {
  const { bytes, text } = batch;
  const width = places.length;
  const absent = readers.filter((r, i) => r.column.required === true && !places.includes(i)).map((r): FieldFault => ({ field: r.name, detail: MISSING }));
  const blank = readers.map((): TableValue => undefined);
  let values = blank.slice();
  let faults: FieldFault[] | undefined;
  eachField(
    batch, MAX_LINE,
    (place, from, to) => {
      const reader = place < width ? (places[place] as number) : -1;
      if (reader === -1) return;
      const r = readers[reader] as Reader;
      const value = to > from ? r.plain.read(bytes, text, from, to) : undefined;
      values[reader] = value ?? (to > from || r.column.required === true ? fullRead(r, textOf(batch, from, to), (faults ??= [])) : undefined);
    },
    (line, fields) => {
      const [seen, wrong] = [values, faults];
      values = blank.slice();
      faults = undefined;
      if (fields !== width) bad(line, [{ field: 'line', detail: otherColumns(width) }]);
      else if (absent.length > 0 || (wrong !== undefined && wrong.length > 0)) bad(line, [...absent, ...(wrong ?? [])]);
      else visit(line, seen);
    },
  );
}

/**
 * Reads a file line by line, in order. `bad` is called for a line that cannot be used and may throw to stop.
 * Throws BrokenFile where the stream itself is damaged.
 */
export async function readTable(
  source: AsyncIterable<Uint8Array>, format: FileFormat | undefined, columns: Columns, visit: TableVisitor, bad: (line: number, faults: readonly FieldFault[]) => void,
): Promise<void> {
  const readers = Object.entries(columns).map(([name, column]): Reader => ({ name, column, plain: new PlainReader(column) }));
  let places: number[] | undefined;
  await eachBatch(source, format, (batch) => {
    if ('delimiter' in batch) {
      places ??= batch.header.map((name) => readers.findIndex((r) => r.name === name));
      readPlain(batch, readers, places, visit, bad);
    } else if ('fault' in batch) bad(batch.line, [{ field: 'line', detail: batch.fault }]);
    else {
      const faults: FieldFault[] = [];
      const own = (name: string): unknown => (Object.hasOwn(batch.value, name) ? batch.value[name] : undefined);
      const values = readers.map((r) => fullRead(r, own(r.name), faults));
      if (faults.length > 0) bad(batch.line, faults);
      else visit(batch.line, values);
    }
  });
}

/** A line of a file that cannot be used; exit code 2 at the command line. */
export const badLine = (file: string, line: number, faults: readonly FieldFault[]): DomainError =>
  new DomainError(422, 'bad-line', `${file}:${line}: ${faults.map((f) => `${f.field}: ${f.detail}`).join('; ')}`);
