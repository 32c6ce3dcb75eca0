// TikTok Shop's two signatures, both with the app's secret as key: of a webhook over app key and body, of a request over its path,
// its query in the order of names, and its body, between two copies of the secret.
import { hmac256 } from '../signatures.js';

export const webhookSignature = (appKey: string, appSecret: string, body: Buffer): string => hmac256(appSecret, appKey, body).toString('hex');

/** Neither the signature itself nor the token is signed, wherever they travel. */
const UNSIGNED = new Set(['sign', 'access_token']);

/** @param query names and values as they are before they are percent-encoded */
export function requestSignature(path: string, query: Readonly<Record<string, string>>, body: string, appSecret: string): string {
  const names = Object.keys(query).filter((name) => !UNSIGNED.has(name)).sort();
  return hmac256(appSecret, appSecret, path, ...names.map((name) => `${name}${query[name] ?? ''}`), body, appSecret).toString('hex');
}
