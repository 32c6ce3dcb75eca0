// Douyin's two signatures: pushes by MD5 over key, body and secret; calls by HMAC over the parameters in the order of their names.
import { equalSecrets, hmac256, md5 } from '../signatures.js';
import type { Credentials, RawWebhook } from '../platform.js';

/** A push says whose it is (app-id), too; where it says another it is not ours, whatever it is signed with. */
export function signedByDouyin(webhook: RawWebhook, credentials: Credentials): boolean {
  const key = credentials['appKey'] ?? '';
  const app = webhook.headers['app-id'];
  const sign = equalSecrets(md5(key, webhook.body, credentials['appSecret'] ?? ''), webhook.headers['event-sign'], true);
  return sign && (app === undefined || equalSecrets(key, app));
}

/** @param timestamp seconds since 1970 */
export function callSignature(appKey: string, appSecret: string, method: string, timestamp: number, paramJson: string): string {
  return hmac256(appSecret, `${appSecret}app_key${appKey}method${method}param_json${paramJson}timestamp${timestamp}v2${appSecret}`).toString('hex');
}

/** JSON with the names of every object in order: what is sent is what is signed. */
export function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, v]) => v !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, v]) => `${JSON.stringify(name)}:${sortedJson(v)}`).join(',')}}`;
}
