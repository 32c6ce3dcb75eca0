// Lazada's two signatures, both with the app's secret as key: of a push over app key and body, of a request over its path and its
// parameters in the order of names, in capitals.
import { hmac256 } from '../signatures.js';

export const pushSignature = (appKey: string, appSecret: string, body: Buffer): string => hmac256(appSecret, appKey, body).toString('hex');

/** @param path without the `/rest` of the address */
export const requestSignature = (path: string, query: Readonly<Record<string, string>>, appSecret: string): string =>
  hmac256(appSecret, path, ...Object.keys(query).filter((name) => name !== 'sign').sort().map((name) => `${name}${query[name] ?? ''}`)).toString('hex').toUpperCase();
