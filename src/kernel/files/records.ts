// Files and upload bodies as a stream of records in constant memory: CSV (RFC 4180 with a header), NDJSON, or one JSON array;
// gzip is recognised by its magic bytes, whatever the name or header says.
import { isAscii, isUtf8 } from 'node:buffer';
import { Readable, type Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DomainError } from '../errors.js';
import { parseJsonText } from '../http/json.js';
import { csv, csvBatches } from './csv.js';
import { BrokenFile, MAX_LINE, type FileFormat, type FileRecord } from './file-record.js';
import { EndlessLine, type PlainLines } from './plain-csv.js';

export { BrokenFile, type FileFormat, type FileRecord };

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
  const gunzip: Transform = createGunzip({ chunkSize: 1 << 18 });
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

/** The records of whole lines, each batch those of one piece of the stream: handing them on one by one would cost more than reading them. */
async function* ndjsonBatches(bytes: AsyncIterable<Buffer>): AsyncGenerator<FileRecord[]> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 0;
  for await (const chunk of bytes) {
    const buffer: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = buffer.lastIndexOf(10) + 1;
    const records: FileRecord[] = [];
    if (end > 0) line = readLines(buffer.subarray(0, end - 1), line, records);
    rest = buffer.subarray(end);
    if (records.length > 0) yield records;
    if (rest.length > MAX_LINE) throw new BrokenFile(`line ${line + 1} is longer than ${MAX_LINE} bytes`, line);
  }
  if (rest.length > 0) {
    const records: FileRecord[] = [];
    readLines(rest, line, records);
    if (records.length > 0) yield records;
  }
}

/** Reads lines that follow line `line`; answers the number of the last. */
function readLines(buffer: Buffer, line: number, into: FileRecord[]): number {
  const add = (text: string, at: number): void => {
    const trimmed = text.trim();
    if (trimmed !== '') into.push(jsonRecord(trimmed, at));
  };
  if (isUtf8(buffer)) {
    const text = buffer.toString(isAscii(buffer) ? 'latin1' : 'utf8');
    let from = 0;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', from)) {
      add(text.slice(from, at), ++line);
      from = at + 1;
    }
    add(text.slice(from), ++line);
    return line;
  }
  let from = 0;
  for (let at = buffer.indexOf(10); ; at = buffer.indexOf(10, from)) {
    const one = buffer.subarray(from, at === -1 ? buffer.length : at);
    line++;
    if (isUtf8(one)) add(one.toString('utf8'), line);
    else into.push({ line, fault: 'is not valid UTF-8' });
    if (at === -1) return line;
    from = at + 1;
  }
}

async function* ndjson(bytes: AsyncIterable<Buffer>): AsyncGenerator<FileRecord> {
  for await (const records of ndjsonBatches(bytes)) yield* records;
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
  const damaged = (detail: string): BrokenFile => new BrokenFile(detail, element);
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
      } else throw damaged(state === 'before' ? 'the body is not a JSON array; send NDJSON or an array of objects' : `element ${element + 1} is not a JSON object`);
    }
    if (state === 'inside' && from !== -1) {
      parts.push(Buffer.from(chunk.subarray(from)));
      size += chunk.length - from;
      if (size > MAX_LINE) throw damaged(`element ${element + 1} is longer than ${MAX_LINE} bytes`);
    }
  }
  if (state !== 'after') throw damaged('the JSON array ended early');
}

/** The reason why a stream of bytes cannot be read on, in words; other errors as they are. */
function broken(error: unknown, line: number): unknown {
  if (error instanceof DomainError) return error;
  if (error instanceof EndlessLine) return new BrokenFile(`the CSV is broken after line ${error.lastLine}: a line is longer than ${MAX_LINE} characters`, error.lastLine);
  const { code, message } = error as { code?: string; message: string };
  if (code === 'Z_BUF_ERROR') return new BrokenFile('the gzip stream ended early (truncated file)', line);
  if (code?.startsWith('Z_') === true) return new BrokenFile(`the gzip stream is damaged: ${message}`, line);
  if (code?.startsWith('CSV_') === true) return new BrokenFile(`the CSV is broken after line ${line}: ${message}`, line);
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || message === 'aborted') return new BrokenFile('the upload ended early', line);
  return error;
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
    throw broken(error, line);
  }
}

/** The same in batches: several records at a time where the format allows. */
export async function* readBatches(source: AsyncIterable<Uint8Array>, format: FileFormat): AsyncGenerator<readonly FileRecord[]> {
  if (format !== 'ndjson') {
    for await (const record of readRecords(source, format)) yield [record];
    return;
  }
  let line = 0;
  try {
    for await (const records of ndjsonBatches(inflated(source))) {
      line = records.at(-1)?.line ?? line;
      yield records;
    }
  } catch (error) {
    throw broken(error, line);
  }
}

/** The format that the first character tells: an object is NDJSON, an array JSON, anything else CSV. */
async function* told(bytes: AsyncIterable<Buffer>): AsyncGenerator<PlainLines | FileRecord> {
  const input = bytes[Symbol.asyncIterator]();
  const read: Buffer[] = [];
  let first = '';
  while (first === '') {
    const next: IteratorResult<Buffer, unknown> = await input.next();
    if (next.done === true) break;
    read.push(next.value);
    first = next.value.toString('latin1').trimStart().slice(0, 1);
  }
  const whole = async function* (): AsyncGenerator<Buffer> {
    yield* read;
    for (let next = await input.next(); next.done !== true; next = await input.next()) yield next.value;
  };
  yield* first === '{' ? ndjson(whole()) : first === '[' ? jsonArray(whole()) : csvBatches(whole());
}

/**
 * The same in batches: plain lines of CSV whole (for those who read by position), anything else as records. `visit` is called
 * with each, in order. Without a format the first character tells it.
 */
export async function eachBatch(source: AsyncIterable<Uint8Array>, format: FileFormat | undefined, visit: (batch: PlainLines | FileRecord) => void): Promise<void> {
  let line = 0;
  try {
    const bytes = inflated(source);
    for await (const batch of format === undefined ? told(bytes) : format === 'csv' ? csvBatches(bytes) : format === 'json' ? jsonArray(bytes) : ndjson(bytes)) {
      line = 'delimiter' in batch ? batch.firstLine - 1 : batch.line;
      visit(batch);
    }
  } catch (error) {
    throw broken(error, line);
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
