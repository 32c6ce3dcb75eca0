// Where outbound HTTP may go. https only (plain http to loopback where OUTBOUND_ALLOW says so, for the demo and tests), no
// user info; the address that is connected to is the address that was checked (request-filtering-agent), so neither a name
// that resolves to a private address nor a numeric form gets through.
import { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { RequestFilteringHttpsAgent } from 'request-filtering-agent';
import { invalid } from '../errors.js';

export type OutboundAllow = 'none' | 'loopback-http';

const isLoopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);

/** The URL, or a refusal that names `field`. */
export function checkOutboundUrl(field: string, text: string, allow: OutboundAllow): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid(field, 'must be an absolute URL such as https://factory.example/castline');
  }
  if (url.username !== '' || url.password !== '') throw invalid(field, 'must not hold a user name or password');
  if (allow === 'loopback-http' && url.protocol === 'http:' && isLoopback(url.hostname)) return url;
  if (url.protocol !== 'https:') throw invalid(field, 'must begin with https://');
  if (isLoopback(url.hostname) || /^[\d.]+$/.test(url.hostname) || url.hostname.startsWith('[')) throw invalid(field, 'must name a public host, not an address');
  return url;
}

const plain = new HttpAgent({ keepAlive: false });
const filtered = new RequestFilteringHttpsAgent({ keepAlive: false });

/** The agent that refuses to connect to addresses that are not public; a plain one for allowed loopback http. */
export const outboundAgent = (url: URL): HttpAgent | HttpsAgent => (url.protocol === 'http:' ? plain : filtered);
