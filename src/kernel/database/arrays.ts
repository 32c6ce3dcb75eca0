// Lists of values as PostgreSQL takes them cheapest, for statements that write many rows by `unnest`. Much of what a batch of rows
// costs, on both sides, is the writing and reading of such lists: so numbers go in binary, and what is null, or the same, in every
// row is not sent at all (`unnest` gives null where a list has ended, and the statement says what stands for it).

/** A list that has ended before it began. */
const NONE = '{}';

/** One text of an array literal. */
const quoted = (text: string): string => `"${text.includes('"') || text.includes('\\') ? text.replace(/["\\]/g, '\\$&') : text}"`;

/** `text[]`; nulls allowed. */
export function texts(values: readonly (string | null)[]): string {
  let literal = '';
  let some = false;
  for (const value of values) {
    if (value === null) literal += ',NULL';
    else {
      literal += `,${quoted(value)}`;
      some = true;
    }
  }
  return some ? `{${literal.slice(1)}}` : NONE;
}

/** `text[]` without nulls, beside the one value that all rows share; the list is empty where there is one. */
export function sharedTexts(values: readonly string[]): [shared: string | null, own: string] {
  const first = values[0];
  return first !== undefined && values.every((v) => v === first) ? [first, NONE] : [null, texts(values)];
}

/** `bool[]`, empty where all are `usual`. */
export const flags = (values: readonly boolean[], usual: boolean): string => (values.every((v) => v === usual) ? NONE : `{${values.map((v) => (v ? 't' : 'f')).join(',')}}`);

type NumberType = 'int4' | 'int8' | 'float8';
const OID: Readonly<Record<NumberType, number>> = { int4: 23, int8: 20, float8: 701 };
const HEAD = 20;

/** Refused as PostgreSQL would (22003): whoever knows what to do with a row that it refuses does the same with this one. */
const outOfRange = (type: NumberType): Error => Object.assign(new Error(`a value is out of the range of ${type}`), { code: '22003' });

/** The binary form of an array (array_recv): dimensions, whether it has nulls, the type, the length, where it begins; then each value behind its length. */
function binary(type: NumberType, values: readonly (number | null)[]): Buffer {
  const width = type === 'int4' ? 4 : 8;
  const bytes = Buffer.allocUnsafe(HEAD + values.length * (4 + width));
  bytes.writeInt32BE(1, 0);
  bytes.writeInt32BE(1, 4);
  bytes.writeInt32BE(OID[type], 8);
  bytes.writeInt32BE(values.length, 12);
  bytes.writeInt32BE(1, 16);
  let at = HEAD;
  for (const value of values) {
    if (value === null) {
      at = bytes.writeInt32BE(-1, at);
      continue;
    }
    if (type === 'int4' ? value !== (value | 0) : type === 'int8' && !Number.isSafeInteger(value)) throw outOfRange(type);
    at = bytes.writeInt32BE(width, at);
    if (type === 'int4') at = bytes.writeInt32BE(value, at);
    else if (type === 'float8') at = bytes.writeDoubleBE(value, at);
    else {
      bytes.writeInt32BE(Math.floor(value / 4294967296), at);
      at = bytes.writeUInt32BE(value >>> 0, at + 4);
    }
  }
  return bytes.subarray(0, at);
}

/**
 * An array of numbers; empty where all are `usual`, which the statement then says itself.
 * `int8` takes safe integers, `int4` those of 32 bits.
 */
export const numbers = (type: NumberType, values: readonly (number | null)[], usual: number | null = null): Buffer | string =>
  values.every((v) => v === usual) ? NONE : binary(type, values);
