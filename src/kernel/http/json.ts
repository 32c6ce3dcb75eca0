// JSON from strangers. Bytes must be UTF-8, nesting is capped before the parser recurses, `__proto__` is refused, and texts
// that PostgreSQL cannot store (NUL, lone surrogates) are refused at the door rather than inside a transaction.
import { parse as parseKeepingDigits } from 'lossless-json';
import { isAscii } from 'node:buffer';
import { DomainError } from '../errors.js';

const MAX_DEPTH = 32;
const utf8 = new TextDecoder('utf-8', { fatal: true });
const ESCAPE = Buffer.from('\\u');

const bad = (code: string, detail: string): DomainError => new DomainError(400, code, detail);

/** Throws where brackets nest deeper than MAX_DEPTH; linear in the text. */
function checkDepth(text: string): void {
  let depth = 0;
  let inText = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inText) {
      if (c === 92) i++;
      else if (c === 34) inText = false;
    } else if (c === 34) inText = true;
    else if (c === 123 || c === 91) {
      if (++depth > MAX_DEPTH) throw bad('too-deep', `the JSON is nested deeper than ${MAX_DEPTH} levels`);
    } else if (c === 125 || c === 93) depth--;
  }
}

/** `{` and `[` cannot nest past what a short text holds, so most bodies skip the scan. */
function mayBeDeep(text: string): boolean {
  if (text.length <= 2 * MAX_DEPTH) return false;
  let brackets = 0;
  for (const bracket of '[{') for (let at = text.indexOf(bracket); at !== -1 && brackets <= MAX_DEPTH; at = text.indexOf(bracket, at + 1)) brackets++;
  return brackets > MAX_DEPTH;
}

export function decodeUtf8(bytes: Uint8Array): string {
  if (isAscii(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  try {
    return utf8.decode(bytes);
  } catch {
    throw bad('invalid-utf8', 'the body is not valid UTF-8');
  }
}

/** Escapes of ASCII letters and signs but the quotation mark, which must not seem to end a text. */
const ASCII_ESCAPE = /\\u00(?!22)([2-7][0-9a-f])/gi;

/** As a key alone: a buyer who writes it into a note must not keep a page of orders from being read. */
function refuseProto(text: string): void {
  const plain = text.includes('\\u00') ? text.replace(ASCII_ESCAPE, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))) : text;
  if (plain.includes('__proto__') && /"__proto__"\s*:/.test(plain)) throw bad('forbidden-key', 'the key __proto__ is not allowed');
}

export function parseJsonText(text: string): unknown {
  if (mayBeDeep(text)) checkDepth(text);
  refuseProto(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw bad('invalid-json', `the JSON cannot be read: ${(error as Error).message.slice(0, 200)}`);
  }
  return value;
}

/** An integer that a double cannot hold, and a decimal of more digits than it keeps, stay texts. */
const keepingDigits = (digits: string): number | string => {
  const value = Number(digits);
  return /^-?\d+$/.test(digits) ? (Number.isSafeInteger(value) ? value : digits) : digits.length <= 16 && Number.isFinite(value) ? value : digits;
};

/** The same for what platforms send: ids beyond 2^53 come as texts, so that they survive; a key that stands twice with different values is refused. */
export function parseLossless(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes);
  if (mayBeDeep(text)) checkDepth(text);
  refuseProto(text);
  try {
    return parseKeepingDigits(text, null, keepingDigits);
  } catch (error) {
    // The parser quotes what it stumbled over, which may be a person's name.
    const at = /position (\d+)/.exec((error as Error).message)?.[1];
    throw bad('invalid-json', `the JSON cannot be read${at === undefined ? '' : ` (at character ${at})`}`);
  }
}

export const parseJson = (bytes: Uint8Array): unknown => parseJsonText(decodeUtf8(bytes));

/** True for a text that PostgreSQL can store. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** Refuses NUL and lone surrogates anywhere in a parsed body; names the field. */
export function checkStorable(value: unknown, path = ''): void {
  if (typeof value === 'string') {
    if (!isStorable(value)) throw new DomainError(422, 'invalid-text', `${path === '' ? 'the text' : path}: holds NUL or a lone surrogate`, { errors: [{ field: path, detail: 'holds NUL or a lone surrogate' }] });
  } else if (Array.isArray(value)) value.forEach((item, i) => checkStorable(item, `${path}[${i}]`));
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const at = path === '' ? key : `${path}.${key}`;
      if (!isStorable(key)) throw new DomainError(422, 'invalid-text', 'a key holds NUL or a lone surrogate');
      checkStorable(item, at);
    }
  }
}

/** The same for a body whose bytes are at hand: only an escape can bring such a character past the decoder and the parser. */
export function checkStorableText(bytes: Buffer, body: unknown): void {
  if (bytes.includes(ESCAPE)) checkStorable(body);
}
