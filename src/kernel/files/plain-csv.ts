// CSV in which nothing is quoted, the usual case, split without a state machine: about ten times as fast as csv-parse and with
// the same answers. From the first quote on the rest of the file is csv-parse's (records.ts).
import { isAscii, isUtf8 } from 'node:buffer';

/** Whole lines of a file, the first of them with its number. */
export interface PlainLines {
  readonly header: readonly string[];
  /** Valid UTF-8; reading bytes is several times as fast as reading the characters of a text. */
  readonly bytes: Buffer;
  /** The same with each byte a character of its own (latin1), so that places in the two are the same; the real text where `ascii`. */
  readonly text: string;
  readonly ascii: boolean;
  readonly delimiter: string;
  readonly firstLine: number;
}

/** What is left to a real parser: the bytes from `line` on, and the header's bytes to put before them. */
export interface Unplain {
  readonly header: Buffer;
  readonly line: number;
  readonly bytes: AsyncIterable<Buffer>;
}

export class NotUtf8 extends Error {
  constructor(readonly lastLine: number) {
    super('the file is not valid UTF-8');
  }
}

export class EndlessLine extends Error {
  constructor(readonly lastLine: number) {
    super('a line does not end');
  }
}

const QUOTE = 34;
const COMMA = 44;
const LINE_END = 10;
const RETURN = 13;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

async function* continued(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

function checkUtf8(bytes: Buffer, lastLine: number): Buffer {
  if (!isUtf8(bytes)) throw new NotUtf8(lastLine);
  return bytes;
}

/** What stands in [from, to) of a batch. */
export const textOf = (batch: PlainLines, from: number, to: number): string => (batch.ascii ? batch.text.slice(from, to) : batch.bytes.toString('utf8', from, to));

/** Calls back with each line that is not empty: its number and its place in the bytes. */
export function eachLine(batch: PlainLines, longest: number, visit: (line: number, from: number, to: number) => void): void {
  const { text, delimiter } = batch;
  let line = batch.firstLine;
  for (let from = 0; from < text.length; line++) {
    const at = text.indexOf(delimiter, from);
    const to = at === -1 ? text.length : at;
    if (to - from > longest) throw new EndlessLine(line - 1);
    if (to > from) visit(line, from, to);
    from = to + delimiter.length;
  }
}

/** Where the fields of a line end, and the line itself; written anew for each line, for those who read millions of them. */
export interface LinePlaces {
  /** End of each field, as many as there is room for. */
  readonly ends: Int32Array;
  /** Fields of the line, also those beyond that; none where it is empty. */
  fields: number;
  /** Where the next line begins. */
  next: number;
}

/** Finds the fields of the line that begins at `start`, in one pass over its bytes. */
export function placeFields(batch: PlainLines, start: number, longest: number, line: number, places: LinePlaces): void {
  const { bytes } = batch;
  const { ends } = places;
  const { length } = bytes;
  const paired = batch.delimiter.length === 2;
  let fields = 0;
  let next = length;
  let at = start;
  for (; at < length; at++) {
    const c = bytes[at] as number;
    if (c > COMMA) continue;
    if (c === COMMA) {
      if (fields < ends.length) ends[fields] = at;
      fields++;
    } else if (c === LINE_END && (!paired || (at > start && bytes[at - 1] === RETURN))) {
      next = at + 1;
      if (paired) at--;
      break;
    }
  }
  if (at - start > longest) throw new EndlessLine(line - 1);
  places.next = next;
  if (at === start) {
    places.fields = 0;
    return;
  }
  if (fields < ends.length) ends[fields] = at;
  places.fields = fields + 1;
}

function linesIn(text: string, delimiter: string): number {
  let n = 0;
  for (let at = text.indexOf(delimiter); at !== -1; at = text.indexOf(delimiter, at + delimiter.length)) n++;
  return n;
}

const after = (at: number, delimiter: string): number => (at === -1 ? 0 : at + delimiter.length);

/** The names of a plain header, or undefined where csv-parse should read it: quoted, lines ended by carriage returns alone, a name twice or missing. */
function headerOf(bytes: Buffer): { names: string[]; delimiter: string } | undefined {
  const ended = bytes[bytes.length - 1] === LINE_END;
  const delimiter = ended && bytes[bytes.length - 2] === RETURN ? '\r\n' : '\n';
  const body = ended ? bytes.subarray(0, bytes.length - delimiter.length) : bytes;
  if (body.includes(QUOTE) || body.includes(RETURN) || body.length === 0 || !isUtf8(body)) return undefined;
  const names = body.toString('utf8').split(',').map((name) => name.trim());
  return names.includes('') || new Set(names).size < names.length ? undefined : { names, delimiter };
}

/**
 * Batches of plain lines, and at the end what is not plain, if anything. `longest`: bytes that a line may have.
 * Throws NotUtf8 and EndlessLine with the number of the last good line.
 */
export async function* plainLines(source: AsyncIterable<Buffer>, longest: number): AsyncGenerator<PlainLines | Unplain> {
  const input = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  let header: { names: string[]; delimiter: string } | undefined;
  let headerBytes: Buffer = Buffer.alloc(0);
  let line = 1;
  for (let ended = false; !ended; ) {
    const next: IteratorResult<Buffer, unknown> = await input.next();
    ended = next.done === true;
    if (next.done !== true) held = held.length === 0 ? next.value : Buffer.concat([held, next.value]);
    if (header === undefined) {
      const end = held.indexOf(LINE_END);
      if (end === -1 && !ended && held.length <= longest) continue;
      const start = held.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
      headerBytes = held.subarray(start, end === -1 ? held.length : end + 1);
      header = headerOf(headerBytes);
      if (header === undefined) {
        yield { header: Buffer.alloc(0), line: 1, bytes: continued(held, input) };
        return;
      }
      held = held.subarray(start + headerBytes.length);
      line = 2;
    }
    const quote = held.indexOf(QUOTE);
    const whole = quote !== -1 ? after(held.lastIndexOf(header.delimiter, quote), header.delimiter) : ended ? held.length : after(held.lastIndexOf(header.delimiter), header.delimiter);
    if (whole > 0) {
      const bytes = checkUtf8(held.subarray(0, whole), line - 1);
      const text = bytes.toString('latin1');
      yield { header: header.names, bytes, text, ascii: isAscii(bytes), delimiter: header.delimiter, firstLine: line };
      line += linesIn(text, header.delimiter);
      held = held.subarray(whole);
    }
    if (quote !== -1) {
      yield { header: headerBytes, line, bytes: continued(held, input) };
      return;
    }
    if (held.length > longest) throw new EndlessLine(line - 1);
  }
}
