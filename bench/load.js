// The load generator, in a process of its own. It takes one job by message, says when it begins to measure and when it ends,
// and answers what it saw.
import autocannon from 'autocannon';
import http from 'node:http';
import net from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import copyStreams from 'pg-copy-streams';
import { bulkLine, COPY_COLUMNS, copyLine, orderEvent, singleEvent } from './world.js';

const begin = () => process.send({ type: 'begin' });
const percentile = (sorted, q) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? null;

const headersOf = (job) => ({ 'content-type': 'application/json', ...(job.key === undefined ? {} : { authorization: `Bearer ${job.key}` }) });

/** Every connection sends its next request when the last is answered. */
function closedRun(job, prefix, seconds, rate) {
  let n = 0;
  return new Promise((resolve, reject) => {
    const began = performance.now();
    autocannon(
      {
        url: job.url, connections: job.connections, duration: seconds, timeout: 20, ...(rate === undefined ? {} : { overallRate: rate, ignoreCoordinatedOmission: true }),
        requests: [
          {
            method: 'POST', path: '/v1/order-events', headers: headersOf(job),
            setupRequest: (request) => {
              request.body = singleEvent(prefix, job.seed, n++, Date.now());
              return request;
            },
          },
        ],
      },
      (error, r) => {
        if (error) reject(error);
        else resolve({ accepted: r['2xx'], others: r.non2xx + r.errors + r.timeouts, seconds: (performance.now() - began) / 1000, p50: r.latency.p50, p99: r.latency.p99, max: r.latency.max });
      },
    );
  });
}

async function closed(job) {
  const warm = await closedRun(job, `${job.prefix}w`, job.warmSeconds);
  begin();
  const run = await closedRun(job, job.prefix, job.seconds, job.overallRate);
  return { ...run, perSecond: run.accepted / run.seconds, warmed: warm.accepted };
}

/** One keep-alive connection of HTTP/1.1 by hand: at a fixed rate the generator must cost little. */
class Connection {
  constructor(host, port, head, onIdle) {
    this.head = head;
    this.rest = '';
    this.done = undefined;
    this.socket = net.connect(port, host).setNoDelay(true).setEncoding('latin1');
    this.socket.on('data', (text) => {
      this.rest += text;
      const end = this.rest.indexOf('\r\n\r\n');
      if (end === -1) return;
      const length = Number(/content-length: *(\d+)/i.exec(this.rest.slice(0, end))?.[1] ?? 0);
      if (this.rest.length < end + 4 + length) return;
      const status = Number(this.rest.slice(9, 12));
      this.rest = this.rest.slice(end + 4 + length);
      const { done } = this;
      this.done = undefined;
      done?.(status);
      onIdle(this);
    });
    this.socket.on('error', () => this.done?.(0));
    this.socket.on('close', () => this.done?.(0));
  }

  send(body, done) {
    this.done = done;
    this.socket.write(`${this.head}${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }
}

/**
 * Open loop: requests are due at even times whatever the answers do; a latency runs from the time a request was due, so that
 * waiting for a free connection is part of it.
 */
async function paced(job) {
  const { hostname, port } = new URL(job.url);
  const head = `POST /v1/order-events HTTP/1.1\r\nhost: ${hostname}:${port}\r\n${Object.entries(headersOf(job)).map(([k, v]) => `${k}: ${v}\r\n`).join('')}content-length: `;
  const idle = [];
  const due = [];
  const latencies = [];
  let accepted = 0;
  let others = 0;
  let inFlight = 0;
  const fire = (connection, at) => {
    inFlight++;
    const n = sent++;
    connection.send(singleEvent(job.prefix, job.seed, n, Date.now()), (status) => {
      inFlight--;
      if (status >= 200 && status < 300) accepted++;
      else others++;
      if (at >= measuredFrom) latencies.push(performance.now() - at);
    });
  };
  const onIdle = (connection) => {
    const at = due.shift();
    if (at === undefined) idle.push(connection);
    else fire(connection, at);
  };
  let sent = 0;
  const connections = Array.from({ length: job.connections }, () => new Connection(hostname, Number(port), head, onIdle));
  await Promise.all(connections.map((c) => new Promise((resolve, reject) => c.socket.once('connect', resolve).once('error', reject))));
  idle.push(...connections);
  const start = performance.now();
  const measuredFrom = start + job.warmSeconds * 1000;
  const until = measuredFrom + job.seconds * 1000;
  let begun = false;
  for (let k = 0; ; ) {
    const now = performance.now();
    if (!begun && now >= measuredFrom) {
      begun = true;
      begin();
    }
    for (; ; k++) {
      const at = start + (k * 1000) / job.rate;
      if (at > now || at >= until) break;
      const connection = idle.pop();
      if (connection === undefined) due.push(at);
      else fire(connection, at);
    }
    if (now >= until) break;
    await sleep(1);
  }
  for (const deadline = performance.now() + 20_000; (inFlight > 0 || due.length > 0) && performance.now() < deadline; ) await sleep(10);
  for (const c of connections) c.socket.destroy();
  latencies.sort((a, b) => a - b);
  return { accepted, others: others + due.length, rate: job.rate, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), max: latencies.at(-1) ?? null };
}

/** Lines in pieces of about 64 kB, made as they are wanted. */
function* pieces(line, job) {
  let piece = '';
  for (let n = 0; n < job.events; n++) {
    piece += line(job.prefix, job.seed, n, job.events, job.from, job.spanMs);
    if (piece.length >= 65_536) {
      yield piece;
      piece = '';
    }
  }
  if (piece !== '') yield piece;
}

function post(url, key, type, agent) {
  const request = http.request(new URL('/v1/order-events/bulk', url), { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': type }, agent });
  const answer = new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => (response.statusCode === 202 ? resolve(JSON.parse(text)) : reject(Object.assign(new Error(`${response.statusCode}: ${text.slice(0, 500)}`), { status: response.statusCode }))));
      response.on('error', reject);
    });
  });
  answer.catch(() => undefined);
  return { request, answer };
}

/** Sent again as a platform would where the service says that it is busy; what it had kept already comes back as duplicates. */
const RETRIES = 10;

async function bulk(job) {
  begin();
  const began = performance.now();
  for (let refused = 0; ; refused++) {
    const { request, answer } = post(job.url, job.key, 'application/x-ndjson');
    // A refusal may come before the body has ended: then the answer says why, and the rest is not sent.
    const sent = pipeline(Readable.from(pieces(bulkLine, job)), request);
    sent.catch(() => undefined);
    try {
      const result = await answer;
      await sent;
      const seconds = (performance.now() - began) / 1000;
      return { ...result, rejected: undefined, refused, seconds, perSecond: job.events / seconds };
    } catch (error) {
      request.destroy();
      if (error.status !== 503 || refused >= RETRIES) throw error;
      await sleep(1000);
    }
  }
}

async function copy(job) {
  const client = new pg.Client({ connectionString: job.databaseUrl });
  await client.connect();
  begin();
  const began = performance.now();
  await pipeline(Readable.from(pieces(copyLine, job)), client.query(copyStreams.from(`copy order_events (${COPY_COLUMNS}) from stdin`)));
  const seconds = (performance.now() - began) / 1000;
  // The connection ends with this process: a backend that lives can still be asked what it cost.
  return { seconds, perSecond: job.events / seconds };
}

/**
 * Orders as a platform brings them: a bulk request every 100 ms with what happened since the last, up to four at a time.
 * Steady SKUs share the rate evenly; every SKU of `jumps` sells nothing until its time, then `jumpRate` a second for 10 s.
 */
async function live(job) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  const totals = { accepted: 0, duplicates: 0, elsewise: 0, refused: 0 };
  const batches = [];
  const owed = new Map();
  const waiting = [];
  let inFlight = 0;
  let failed;
  let serial = 0;
  let steadyAt = 0;
  begin();
  const start = Date.now();
  const pump = () => {
    while (inFlight < 4 && waiting.length > 0) {
      const batch = waiting.shift();
      inFlight++;
      batch.tries = (batch.tries ?? 0) + 1;
      const { request, answer } = post(job.url, job.key, 'application/x-ndjson', agent);
      request.end(batch.body);
      answer
        .then((a) => {
          totals.accepted += a.accepted;
          totals.duplicates += a.duplicates;
          totals.elsewise += a.quarantined + a.rejectedCount;
          batches.push({ due: batch.due, answered: Date.now(), events: batch.events });
        })
        .catch((error) => {
          totals.refused++;
          if (error.status !== 503 || batch.tries > RETRIES) failed ??= error;
          else waiting.unshift(batch);
        })
        .finally(() => {
          inFlight--;
          pump();
        });
    }
  };
  const until = job.phases.reduce((s, p) => s + p.seconds, 0) * 1000;
  const rateAt = (ms) => {
    let left = ms;
    for (const phase of job.phases) {
      if (left < phase.seconds * 1000) return phase.rate;
      left -= phase.seconds * 1000;
    }
    return 0;
  };
  let made = 0;
  for (let tick = 1; tick * 100 <= until && failed === undefined; tick++) {
    const due = start + tick * 100;
    const wait = due - Date.now();
    if (wait > 0) await sleep(wait);
    const from = (tick - 1) * 100;
    let count = Math.round((rateAt(from) * 100) / 1000);
    const lines = [];
    for (const { sku, at } of job.jumps) {
      if (at > from || from >= at + 10_000) continue;
      const now = (owed.get(sku) ?? 0) + job.jumpRate / 10;
      const whole = Math.floor(now);
      owed.set(sku, now - whole);
      for (let i = 0; i < whole && count > 0; i++, count--) lines.push({ sku, at: start + from + Math.floor(((i + 0.5) * 100) / whole) });
    }
    for (let i = 0; i < count; i++) lines.push({ sku: job.steady[steadyAt++ % job.steady.length], at: start + from + Math.floor((i * 100) / count) });
    lines.sort((a, b) => a.at - b.at);
    waiting.push({ due, events: lines.length, body: lines.map((l) => orderEvent(`${job.prefix}-${serial++}`, l.sku, l.at)).join('\n') });
    made += lines.length;
    pump();
  }
  for (const deadline = Date.now() + 60_000; (inFlight > 0 || waiting.length > 0) && failed === undefined && Date.now() < deadline; ) await sleep(20);
  agent.destroy();
  if (failed !== undefined) throw failed;
  return { ...totals, posted: made, start, batches };
}

const kinds = { closed, paced, bulk, copy, live };
process.once('message', (job) => {
  kinds[job.kind](job).then(
    (result) => process.send({ type: 'end', result }),
    (error) => process.send({ type: 'failed', reason: `${error.message}` }),
  );
});
process.on('disconnect', () => process.exit(0));
