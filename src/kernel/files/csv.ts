// CSV (RFC 4180 with a header): plain lines are split (plain-csv.ts), and from the first quote on csv-parse reads.
import { PassThrough, Readable } from 'node:stream';
import { BrokenFile, MAX_LINE, type FileRecord } from './file-record.js';
import { eachLine, NotUtf8, plainLines, textOf, type PlainLines } from './plain-csv.js';

/** What csv-parse makes of it; `skipped`: lines of the file that are not among the bytes. */
async function* quotedCsv(bytes: AsyncIterable<Buffer>, skipped: number): AsyncGenerator<FileRecord> {
  // Loaded when it is needed: most files quote nothing.
  const { parse } = await import('csv-parse');
  const parser = parse({
    bom: true,
    columns: (header: string[]) => header.map((name) => name.trim()),
    info: true,
    max_record_size: MAX_LINE,
    skip_empty_lines: true,
    relax_column_count: true,
  });
  let failure: Error | undefined;
  const strict = new TextDecoder('utf-8', { fatal: true });
  const texts = async function* (): AsyncGenerator<string> {
    for await (const chunk of bytes) yield strict.decode(chunk, { stream: true });
    yield strict.decode();
  };
  const feed = Readable.from(texts());
  const through = new PassThrough({ readableObjectMode: true, writableObjectMode: true });
  feed.on('error', (error) => {
    failure = error;
    parser.destroy(error);
  });
  parser.on('error', (error) => through.destroy(error));
  feed.pipe(parser).pipe(through);
  let line = skipped + 1;
  try {
    for await (const item of through) {
      const { record, info } = item as { record: Record<string, string>; info: { lines: number; columns: { name: string }[]; error?: Error } };
      line = skipped + info.lines;
      if (info.error !== undefined) {
        yield { line, fault: otherColumns(info.columns.length) };
        continue;
      }
      const value: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
      for (const [name, text] of Object.entries(record)) if (text !== '') value[name] = text;
      yield { line, value };
    }
  } catch (error) {
    throw (failure as { code?: string } | undefined)?.code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? new NotUtf8(line) : failure ?? error;
  }
}

export const otherColumns = (columns: number): string => `has another number of columns than the header (${columns})`;

async function* headed(header: Buffer, bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (header.length > 0) yield header;
  yield* bytes;
}

/** Plain lines as they are, split; from the first quote on, records. */
export async function* csvBatches(bytes: AsyncIterable<Buffer>): AsyncGenerator<PlainLines | FileRecord> {
  try {
    for await (const batch of plainLines(bytes, MAX_LINE)) {
      if ('delimiter' in batch) yield batch;
      else yield* quotedCsv(headed(batch.header, batch.bytes), batch.header.length > 0 ? batch.line - 2 : 0);
    }
  } catch (error) {
    throw error instanceof NotUtf8 ? new BrokenFile(error.message, error.lastLine) : error;
  }
}

function plainRecord(header: readonly string[], line: number, fields: readonly string[]): FileRecord {
  if (fields.length !== header.length) return { line, fault: otherColumns(header.length) };
  const value: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (let i = 0; i < fields.length; i++) if (fields[i] !== '') value[header[i] as string] = fields[i];
  return { line, value };
}

export async function* csv(bytes: AsyncIterable<Buffer>): AsyncGenerator<FileRecord> {
  for await (const batch of csvBatches(bytes)) {
    if (!('delimiter' in batch)) yield batch;
    else {
      const records: FileRecord[] = [];
      eachLine(batch, MAX_LINE, (line, from, to) => void records.push(plainRecord(batch.header, line, textOf(batch, from, to).split(','))));
      yield* records;
    }
  }
}
