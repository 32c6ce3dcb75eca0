// Row ids that people and factories see: a prefix that says what the row is, and a ULID (time-ordered, 80 random bits).
import { ulid } from 'ulid';

export type IdPrefix = 'sig' | 'po' | 'as' | 'spk' | 'evt' | 'usr' | 'key' | 'ses' | 'qua' | 'rep' | 'req';

export const newId = (prefix: IdPrefix): string => `${prefix}_${ulid().toLowerCase()}`;
