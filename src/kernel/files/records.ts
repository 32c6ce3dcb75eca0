// Files and upload bodies as a stream of records in constant memory: CSV (RFC 4180 with a header), NDJSON, or one JSON array;
// gzip is recognised by its magic bytes, whatever the name or header says.
import { parse } from 'csv-parse';
import { PassThrough, Readable, type Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DomainError } from '../errors.js';
import { parseJsonText } from '../http/json.js';

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

const MAX_LINE = 1_000_000;

async function* chunksOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of source) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** Undoes gzip where the first two bytes are its magic. */
async function* inflated(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const input = chunksOf(source);
  let head = Buffer.alloc(0);
  while (head.length < 2) {
    const next: IteratorResult<Buffer, unknown> = await input.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    if (head.length > 0) yield head;
    yield* input;
    return;
  }
  const gunzip: Transform = createGunzip();
  const whole = async function* (): AsyncGenerator<Buffer> {
    yield head;
    yield* input;
  };
  const feed = Readable.from(whole());
  feed.on('error', (error) => gunzip.destroy(error));
  feed.pipe(gunzip);
  for await (const chunk of gunzip) yield chunk as Buffer;
}

const decoder = () => new TextDecoder('utf-8', { fatal: true });

const asObject = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;

function jsonRecord(text: string, line: number): FileRecord {
  try {
    const value = asObject(parseJsonText(text));
    return value === undefined ? { line, fault: 'is not a JSON object' } : { line, value };
  } catch (error) {
    return { line, fault: (error as Error).message };
  }
}

async function* ndjson(bytes: AsyncIterable<Buffer>): AsyncGenerator<FileRecord> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 0;
  const read = (text: Buffer, at: number): FileRecord | undefined => {
    let decoded: string;
    try {
      decoded = decoder().decode(text);
    } catch {
      return { line: at, fault: 'is not valid UTF-8' };
    }
    const trimmed = decoded.trim();
    return trimmed === '' ? undefined : jsonRecord(trimmed, at);
  };
  for await (const chunk of bytes) {
    let from = 0;
    const buffer: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let at = buffer.indexOf(10, from); at !== -1; at = buffer.indexOf(10, from)) {
      line++;
      const record = read(buffer.subarray(from, at), line);
      if (record !== undefined) yield record;
      from = at + 1;
    }
    rest = buffer.subarray(from);
    if (rest.length > MAX_LINE) throw new BrokenFile(`line ${line + 1} is longer than ${MAX_LINE} bytes`, line);
  }
  if (rest.length > 0) {
    const record = read(rest, line + 1);
    if (record !== undefined) yield record;
  }
}

/** Splits `[{…}, {…}]` into its elements without holding the array. */
async function* jsonArray(bytes: AsyncIterable<Buffer>): AsyncGenerator<FileRecord> {
  let element = 0;
  let depth = 0;
  let inText = false;
  let escaped = false;
  let state = 'before' as 'before' | 'between' | 'inside' | 'after';
  let parts: Buffer[] = [];
  let size = 0;
  const broken = (detail: string): BrokenFile => new BrokenFile(detail, element);
  for await (const chunk of bytes) {
    let from = state === 'inside' ? 0 : -1;
    for (let i = 0; i < chunk.length; i++) {
      const c = chunk[i] as number;
      if (state === 'inside') {
        if (inText) {
          if (escaped) escaped = false;
          else if (c === 92) escaped = true;
          else if (c === 34) inText = false;
        } else if (c === 34) inText = true;
        else if (c === 123 || c === 91) depth++;
        else if (c === 125 || c === 93) {
          depth--;
          if (depth === 0) {
            parts.push(chunk.subarray(from, i + 1));
            element++;
            let text: string | undefined;
            try {
              text = decoder().decode(Buffer.concat(parts));
            } catch {
              yield { line: element, fault: 'is not valid UTF-8' };
            }
            parts = [];
            size = 0;
            state = 'between';
            from = -1;
            if (text !== undefined) yield jsonRecord(text, element);
          }
        }
      } else if (c === 32 || c === 9 || c === 10 || c === 13) continue;
      else if (state === 'before' && c === 91) state = 'between';
      else if (state === 'between' && c === 44) continue;
      else if (state === 'between' && c === 93) state = 'after';
      else if (state === 'between' && c === 123) {
        state = 'inside';
        depth = 1;
        from = i;
      } else throw broken(state === 'before' ? 'the body is not a JSON array; send NDJSON or an array of objects' : `element ${element + 1} is not a JSON object`);
    }
    if (state === 'inside' && from !== -1) {
      parts.push(Buffer.from(chunk.subarray(from)));
      size += chunk.length - from;
      if (size > MAX_LINE) throw broken(`element ${element + 1} is longer than ${MAX_LINE} bytes`);
    }
  }
  if (state !== 'after') throw broken('the JSON array ended early');
}

async function* csv(bytes: AsyncIterable<Buffer>): AsyncGenerator<FileRecord> {
  const parser = parse({
    bom: true,
    columns: (header: string[]) => header.map((name) => name.trim()),
    info: true,
    max_record_size: MAX_LINE,
    skip_empty_lines: true,
    relax_column_count: true,
  });
  let failure: Error | undefined;
  const strict = decoder();
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
  let line = 1;
  try {
    for await (const item of through) {
      const { record, info } = item as { record: Record<string, string>; info: { lines: number; columns: { name: string }[]; error?: Error } };
      line = info.lines;
      if (info.error !== undefined) {
        yield { line, fault: `has another number of columns than the header (${info.columns.length})` };
        continue;
      }
      const value: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
      for (const [name, text] of Object.entries(record)) if (text !== '') value[name] = text;
      yield { line, value };
    }
  } catch (error) {
    throw (failure as { code?: string } | undefined)?.code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? new BrokenFile('the file is not valid UTF-8', line) : failure ?? error;
  }
}

/** Reads records one by one. Throws BrokenFile where the stream itself is damaged. */
export async function* readRecords(source: AsyncIterable<Uint8Array>, format: FileFormat): AsyncGenerator<FileRecord> {
  let line = 0;
  try {
    const bytes = inflated(source);
    for await (const record of format === 'csv' ? csv(bytes) : format === 'json' ? jsonArray(bytes) : ndjson(bytes)) {
      line = record.line;
      yield record;
    }
  } catch (error) {
    if (error instanceof DomainError) throw error;
    const { code, message } = error as { code?: string; message: string };
    if (code === 'Z_BUF_ERROR') throw new BrokenFile('the gzip stream ended early (truncated file)', line);
    if (code?.startsWith('Z_') === true) throw new BrokenFile(`the gzip stream is damaged: ${message}`, line);
    if (code?.startsWith('CSV_') === true) throw new BrokenFile(`the CSV is broken after line ${line}: ${message}`, line);
    if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || message === 'aborted') throw new BrokenFile('the upload ended early', line);
    throw error;
  }
}

/** The format by content type or file name; undefined where neither says. */
export function formatOf(contentType: string | undefined, fileName?: string): FileFormat | undefined {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (type === 'text/csv') return 'csv';
  if (type === 'application/x-ndjson' || type === 'application/ndjson' || type === 'application/jsonl') return 'ndjson';
  if (type === 'application/json') return 'json';
  const name = fileName?.toLowerCase().replace(/\.gz$/, '');
  if (name?.endsWith('.csv') === true) return 'csv';
  if (name?.endsWith('.ndjson') === true || name?.endsWith('.jsonl') === true) return 'ndjson';
  if (name?.endsWith('.json') === true) return 'json';
  return undefined;
}
