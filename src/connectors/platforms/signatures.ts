// The primitives that platforms sign with, and a comparison that takes as long whatever differs.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export const hmac256 = (key: string | Buffer, ...parts: readonly (string | Buffer)[]): Buffer => {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
};

export const md5 = (...parts: readonly (string | Buffer)[]): string => {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** True where `given` is `wanted`, letter by letter in any case where `anyCase` says so. */
export function equalSecrets(wanted: string, given: string | undefined, anyCase = false): boolean {
  const a = Buffer.from(anyCase ? wanted.toLowerCase() : wanted);
  const b = Buffer.from(anyCase ? (given ?? '').toLowerCase() : (given ?? ''));
  return a.length === b.length && timingSafeEqual(a, b);
}
