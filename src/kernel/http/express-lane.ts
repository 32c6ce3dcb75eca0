// A lane beside the framework for a route through which a flood comes. Most of what a small request costs is routing, hooks and
// pipes; here it is read, handed over and answered by hand. Only plain requests take it (known from their heads alone); whatever is
// unusual about one, such as a session cookie, gzip, or a key that was not seen lately, goes the common way, and both give the same
// answers (test/e2e/express-lane.test.ts).
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { newId } from '../ids/ids.js';
import { inScope, log, openScope } from '../log/log.js';
import { requestSeconds } from '../metrics/metrics.js';
import { checkStorableText, parseJson } from './json.js';
import { problemOf } from './problem.js';

export interface Lane<A> {
  /** The path whose POSTs may take the lane. */
  readonly path: string;
  /** Who asks, where that is known without asking anybody; undefined sends the request the common way. */
  readonly admit: (authorization: string) => A | undefined;
  /** The body to answer with 202. */
  readonly take: (admitted: A, body: unknown) => Promise<object>;
}

/** Bodies up to this size; an order event has some hundred bytes. */
const MAX_BYTES = 65_536;
const CORRELATION = /^[\w.-]{1,64}$/;

/** The length of a body that may take the lane; undefined where the head holds anything unusual. */
function plainLength({ headers }: IncomingMessage): number | undefined {
  if (headers['transfer-encoding'] !== undefined || headers['content-encoding'] !== undefined || headers.expect !== undefined || headers.cookie !== undefined) return undefined;
  const type = headers['content-type'];
  if (type !== 'application/json' && type !== 'application/json; charset=utf-8') return undefined;
  const length = Number(headers['content-length']);
  return Number.isInteger(length) && length > 0 && length <= MAX_BYTES ? length : undefined;
}

/** Puts the lane before what the server did with requests. */
export function openLane<A>(server: Server, lane: Lane<A>): void {
  const common = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // A server that is closing refuses in its own way.
    const admitted = request.method === 'POST' && request.url === lane.path && server.listening ? admit(lane, request) : undefined;
    if (admitted === undefined) for (const listener of common) listener(request, response);
    else read(lane, admitted, request, response);
  });
}

const admit = <A>(lane: Lane<A>, request: IncomingMessage): A | undefined => {
  const { authorization } = request.headers;
  return authorization === undefined || plainLength(request) === undefined ? undefined : lane.admit(authorization);
};

function read<A>(lane: Lane<A>, admitted: A, request: IncomingMessage, response: ServerResponse): void {
  const began = performance.now();
  let first: Buffer | undefined;
  let rest: Buffer[] | undefined;
  request.on('data', (chunk: Buffer) => {
    if (first === undefined) first = chunk;
    else (rest ??= [first]).push(chunk);
  });
  request.on('end', () => {
    const { traceparent } = request.headers;
    const run = (): void => {
      taken(lane, admitted, rest === undefined ? (first as Buffer) : Buffer.concat(rest)).then(
        (answer) => send(lane, request, response, began, 202, undefined, JSON.stringify(answer)),
        (error: unknown) => refuse(lane, request, response, began, error),
      );
    };
    if (typeof traceparent === 'string') inScope(openScope(traceparent, {}), run);
    else run();
  });
}

async function taken<A>(lane: Lane<A>, admitted: A, bytes: Buffer): Promise<object> {
  const body = parseJson(bytes);
  checkStorableText(bytes, body);
  return lane.take(admitted, body);
}

function refuse<A>(lane: Lane<A>, request: IncomingMessage, response: ServerResponse, began: number, error: unknown): void {
  const requestId = newId('req');
  const { status, headers, body } = problemOf(error, requestId, lane.path);
  if (status >= 500) log.warn('answered with a server error', { route: lane.path, status: String(status) });
  send(lane, request, response, began, status, headers, body, requestId);
}

function send<A>(lane: Lane<A>, request: IncomingMessage, response: ServerResponse, began: number, status: number, more: Readonly<Record<string, string>> | undefined, body: string, requestId = newId('req')): void {
  const correlation = request.headers['x-request-id'];
  response.writeHead(status, {
    'x-request-id': requestId, 'x-content-type-options': 'nosniff', ...(typeof correlation === 'string' && CORRELATION.test(correlation) ? { 'x-correlation-id': correlation } : undefined),
    'content-type': 'application/json; charset=utf-8', ...more, 'content-length': Buffer.byteLength(body),
  });
  response.end(body);
  secondsOf(lane.path, status).observe((performance.now() - began) / 1000);
}

/** The histogram of a route and status, kept: finding it by its labels costs more than counting. */
const histograms = new Map<string, ReturnType<typeof requestSeconds.labels>>();
function secondsOf(route: string, status: number): ReturnType<typeof requestSeconds.labels> {
  const key = `${status} ${route}`;
  let found = histograms.get(key);
  if (found === undefined) histograms.set(key, (found = requestSeconds.labels('POST', route, String(status))));
  return found;
}
