// Shopee's two signatures, both with the partner key: of a push over the registered address and the body, of a call over its path.
import { hmac256 } from '../signatures.js';

export const pushSignature = (partnerKey: string, url: string, body: Buffer): string => hmac256(partnerKey, `${url}|`, body).toString('hex');

/** Calls for the whole app are signed without token and shop. @param timestamp seconds */
export const callSignature = (partnerKey: string, partnerId: string, path: string, timestamp: number, accessToken = '', shopId = ''): string =>
  hmac256(partnerKey, partnerId, path, String(timestamp), accessToken, shopId).toString('hex');
