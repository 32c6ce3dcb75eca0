// Row ids that people and factories see: a prefix that says what the row is, and a ULID (time-ordered, 80 random bits).
import { randomFillSync } from 'node:crypto';
import { ulid } from 'ulid';

/** Drawn in bulk: ulid asks for one number per character of an id, and a request for two ids of its trace. */
const pool = Buffer.alloc(65_536);
let used = pool.length;

/** The next `n` random bytes, as the offset at which they stand in the pool. */
function draw(n: number): number {
  if (used + n > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += n;
  return used - n;
}

const random = (): number => pool.readUInt8(draw(1)) / 256;

/** `bytes` random bytes in hexadecimal. */
export function randomHex(bytes: number): string {
  const from = draw(bytes);
  return pool.toString('hex', from, from + bytes);
}

export type IdPrefix = 'sig' | 'po' | 'as' | 'spk' | 'evt' | 'usr' | 'key' | 'ses' | 'qua' | 'pqr' | 'psh' | 'rep' | 'req' | 'lot' | 'res' | 'rec' | 'rsp' | 'cb' | 'trf' | 'smp' | 'file' | 'alm' | 'nm' | 'st';

export const newId = (prefix: IdPrefix): string => `${prefix}_${ulid(undefined, random).toLowerCase()}`;
