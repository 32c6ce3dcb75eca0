// Row ids that people and factories see: a prefix that says what the row is, and a ULID (time-ordered, 80 random bits).
import { randomFillSync } from 'node:crypto';
import { ulid } from 'ulid';

/** ulid asks for one random number per character; bytes drawn in bulk spare it a call into the system for each. */
const pool = new Uint8Array(4096);
let used = pool.length;
function random(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return (pool[used++] as number) / 256;
}

export type IdPrefix = 'sig' | 'po' | 'as' | 'spk' | 'evt' | 'usr' | 'key' | 'ses' | 'qua' | 'rep' | 'req';

export const newId = (prefix: IdPrefix): string => `${prefix}_${ulid(undefined, random).toLowerCase()}`;
