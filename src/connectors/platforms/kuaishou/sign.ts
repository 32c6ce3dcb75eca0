// Kuaishou encrypts what it pushes and signs nothing: that it decrypts says that a message may be its own, and no code
// tells whether it was changed. So a push is a hint, and what it names is read by a signed call.
import { createDecipheriv } from 'node:crypto';
import { parseLossless } from '../../../kernel/index.js';
import { md5 } from '../signatures.js';
import type { Fields } from '../payload.js';
import type { Credentials } from '../platform.js';

const ALGORITHMS: Readonly<Record<number, string>> = { 16: 'aes-128-cbc', 24: 'aes-192-cbc', 32: 'aes-256-cbc' };

/** The documents do not say how long the key is: every length that AES has is taken. */
export const isMessageKey = (key: string): boolean => /^[A-Za-z0-9+/]+={0,2}$/.test(key) && ALGORITHMS[Buffer.from(key, 'base64').length] !== undefined;

const listed = (parsed: unknown): readonly Fields[] | undefined => {
  const list: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  return list.length > 0 && list.every((m) => typeof m === 'object' && m !== null && !Array.isArray(m)) ? (list as Fields[]) : undefined;
};

function parsed(bytes: Uint8Array): readonly Fields[] | undefined {
  try {
    return listed(parseLossless(bytes));
  } catch {
    return undefined;
  }
}

/** The messages of an encrypted body: base64 of AES-CBC with an initial vector of zeros; undefined where it is not encrypted with this key. */
export function decrypted(body: Buffer, credentials: Credentials): readonly Fields[] | undefined {
  const key = Buffer.from(credentials['messageKey'] ?? '', 'base64');
  const algorithm = ALGORITHMS[key.length];
  const text = body.toString('latin1').trim();
  if (algorithm === undefined || !/^[A-Za-z0-9+/\r\n]+={0,2}$/.test(text)) return undefined;
  try {
    const cipher = createDecipheriv(algorithm, key, Buffer.alloc(16));
    return parsed(Buffer.concat([cipher.update(Buffer.from(text, 'base64')), cipher.final()]));
  } catch {
    // Wrong padding: another key, or no cipher text at all.
    return undefined;
  }
}

/** The heartbeat may come in plain text. */
export const plain = (body: Buffer): readonly Fields[] | undefined => (body.length > 256 ? undefined : parsed(body));

/** Over all parameters but the signature, in the order of their names. */
export const callSignature = (params: Readonly<Record<string, string>>, signSecret: string): string =>
  md5(`${Object.keys(params).sort().map((name) => `${name}=${params[name] ?? ''}`).join('&')}&signSecret=${signSecret}`);
