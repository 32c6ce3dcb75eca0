// Files read by position: each line as a list of checked values in the order of its columns. For those who read whole files and
// want no dictionary per line; the checks and their words are those of columns.ts.
import { DomainError, type FieldFault } from '../errors.js';
import { readValue, type Column, type Columns, type RowValue } from './columns.js';
import { otherColumns } from './csv.js';
import { MAX_LINE, type FileFormat } from './file-record.js';
import { placeFields, textOf, type LinePlaces, type PlainLines } from './plain-csv.js';
import { PlainReader } from './plain-values.js';
import { eachBatch } from './records.js';

export type TableValue = RowValue | undefined;
/** Called with the values of a line in the order of the columns; the list is filled anew for the next line. */
export type TableVisitor = (line: number, values: TableValue[]) => void;

interface Reader {
  readonly name: string;
  readonly column: Column;
  readonly required: boolean;
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

const NONE: readonly FieldFault[] = [];

/** Reads the plain lines of a batch into `values`. `places`: for each column of the file the number of the reader, or −1. */
function readPlain(
  batch: PlainLines, readers: readonly Reader[], places: readonly number[], values: TableValue[], visit: TableVisitor, bad: (line: number, faults: readonly FieldFault[]) => void,
): void {
  const { bytes, text } = batch;
  const width = places.length;
  const absent = readers.filter((r, i) => r.required && !places.includes(i)).map((r): FieldFault => ({ field: r.name, detail: MISSING }));
  const at: LinePlaces = { ends: new Int32Array(width), fields: 0, next: 0 };
  let line = batch.firstLine;
  for (let start = 0; start < bytes.length; start = at.next, line++) {
    placeFields(batch, start, MAX_LINE, line, at);
    if (at.fields === 0) continue;
    if (at.fields !== width) {
      bad(line, [{ field: 'line', detail: otherColumns(width) }]);
      continue;
    }
    let faults: FieldFault[] | undefined;
    for (let place = 0, from = start; place < width; place++) {
      const to = at.ends[place] as number;
      const reader = places[place] as number;
      if (reader !== -1) {
        const r = readers[reader] as Reader;
        const value = to > from ? r.plain.read(bytes, text, from, to) : undefined;
        values[reader] = value ?? (to > from || r.required ? fullRead(r, textOf(batch, from, to), (faults ??= [])) : undefined);
      }
      from = to + 1;
    }
    if (absent.length > 0 || (faults !== undefined && faults.length > 0)) bad(line, [...absent, ...(faults ?? NONE)]);
    else visit(line, values);
  }
}

/**
 * Reads a file line by line, in order. `bad` is called for a line that cannot be used and may throw to stop.
 * Throws BrokenFile where the stream itself is damaged.
 */
export async function readTable(
  source: AsyncIterable<Uint8Array>, format: FileFormat | undefined, columns: Columns, visit: TableVisitor, bad: (line: number, faults: readonly FieldFault[]) => void,
): Promise<void> {
  const readers = Object.entries(columns).map(([name, column]): Reader => ({ name, column, required: column.required === true, plain: new PlainReader(column) }));
  // One list for all batches: one made anew by `map` is of another inner kind before and after its maker is compiled, and whatever
  // had been compiled for the first kind would have to be compiled again in the middle of the file.
  const values = new Array<TableValue>(readers.length).fill(undefined);
  let places: number[] | undefined;
  await eachBatch(source, format, (batch) => {
    if ('delimiter' in batch) {
      places ??= batch.header.map((name) => readers.findIndex((r) => r.name === name));
      readPlain(batch, readers, places, values, visit, bad);
    } else if ('fault' in batch) bad(batch.line, [{ field: 'line', detail: batch.fault }]);
    else {
      const faults: FieldFault[] = [];
      const own = (name: string): unknown => (Object.hasOwn(batch.value, name) ? batch.value[name] : undefined);
      readers.forEach((r, i) => (values[i] = fullRead(r, own(r.name), faults)));
      if (faults.length > 0) bad(batch.line, faults);
      else visit(batch.line, values);
    }
  });
}

/** A line of a file that cannot be used; exit code 2 at the command line. */
export const badLine = (file: string, line: number, faults: readonly FieldFault[]): DomainError =>
  new DomainError(422, 'bad-line', `${file}:${line}: ${faults.map((f) => `${f.field}: ${f.detail}`).join('; ')}`);
