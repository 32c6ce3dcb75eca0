// Signatures of platforms, computed by another implementation than the code under test: @noble/hashes and @noble/ciphers.
import { cbc } from '@noble/ciphers/aes.js';
import { hmac } from '@noble/hashes/hmac.js';
import { md5 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';

const bytes = (part: string | Uint8Array): Uint8Array => (typeof part === 'string' ? utf8ToBytes(part) : Uint8Array.from(part));
const joined = (parts: readonly (string | Uint8Array)[]): Uint8Array => concatBytes(...parts.map(bytes));

export const hmacHex = (key: string, ...parts: (string | Uint8Array)[]): string => bytesToHex(hmac(sha256, bytes(key), joined(parts)));
export const hmacBase64 = (key: string | Uint8Array, ...parts: (string | Uint8Array)[]): string => Buffer.from(hmac(sha256, bytes(key), joined(parts))).toString('base64');
export const md5Hex = (...parts: (string | Uint8Array)[]): string => bytesToHex(md5(joined(parts)));

/** Standard Webhooks headers for a body. */
export function standardHeaders(secret: string, body: string, id = 'msg_1', at = Math.floor(Date.now() / 1000)): Record<string, string> {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${hmacBase64(key, `${id}.${at}.`, body)}` };
}

/** Kuaishou's body: base64 of AES-CBC with an initial vector of zeros. */
export const aesCbcBase64 = (keyBase64: string, text: string): string => Buffer.from(cbc(Uint8Array.from(Buffer.from(keyBase64, 'base64')), new Uint8Array(16)).encrypt(utf8ToBytes(text))).toString('base64');
