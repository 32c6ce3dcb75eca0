import { Controller, Get, Headers, Inject, Query as QueryParam, Req, Res } from '@nestjs/common';
import { ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AccessGuard, actorOf, Allow, CurrentPrincipal, limitTo, type AccessRequest, type Principal } from '../access/index.js';
import { Database, DomainError, factsAfter, invalid, latestFact, log, queryText, type Query, type StreamedFact } from '../kernel/index.js';

const POLL_MS = 500;
const HEARTBEAT_MS = 15_000;
const MAX_STREAMS = 500;
/** Of one user or key, so that none can shut the others out; a person has some tabs, a house some screens. */
const MAX_STREAMS_EACH = 20;
/** A stream lives long: whoever reads it is asked for again, so that a revoked key or an ended session reads on for no longer. */
const IDENTIFY_MS = 30_000;

/** Which facts a role follows; a factory only those that name it. */
const FOLLOWED: Readonly<Record<string, readonly string[]>> = {
  factory: ['production.signal-issued', 'production.signal-answered', 'production.adjustment-applied', 'production.adjustment-ended', 'production.progress-reported', 'production.lot-received', 'production.sample-', 'accountability.chargeback-'],
  operator: ['orders.', 'inventory.', 'forecast.', 'production.', 'connectors.', 'catalogue.', 'returns.', 'accountability.'],
  warehouse: ['inventory.', 'production.lot-received', 'production.sample-moved', 'returns.'],
  quality: ['forecast.spike-detected', 'production.sample-', 'production.lot-received', 'returns.', 'accountability.'],
  finance: ['production.adjustment-applied', 'production.adjustment-ended', 'accountability.'],
};

export function mayFollow(principal: Principal, fact: Pick<StreamedFact, 'name' | 'payload'>): boolean {
  const prefixes = FOLLOWED[principal.role === 'admin' ? 'operator' : principal.role] ?? [];
  if (!prefixes.some((prefix) => fact.name.startsWith(prefix))) return false;
  const suppliers = limitTo(principal, 'supplier');
  return suppliers === undefined || (typeof fact.payload['supplier'] === 'string' && suppliers.includes(fact.payload['supplier']));
}

@ApiTags('desk')
@Controller('v1/stream')
export class StreamController {
  /** Open streams by who reads them; whoever waits for the first answer counts. */
  private readonly open = new Map<string, number>();
  private readonly stops = new Set<() => void>();
  protected readonly identifyMs: number = IDENTIFY_MS;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(AccessGuard) private readonly guard: AccessGuard,
  ) {}

  /** Server-sent events; resumes after Last-Event-ID (or ?after=), else starts with what comes from now on. */
  @Get()
  @Allow('operator', 'factory', 'warehouse', 'quality', 'finance')
  @ApiQuery({ name: 'after', required: false, schema: { type: 'string' } })
  async stream(
    @CurrentPrincipal() principal: Principal, @Headers('last-event-id') lastEventId: string | undefined, @QueryParam() query: Query, @Req() request: AccessRequest, @Res() reply: FastifyReply,
  ): Promise<void> {
    const cursorText = lastEventId ?? queryText(query, 'after');
    const parsed = cursorText === undefined ? undefined : /^(\d{1,19})-(\d{1,15})$/.exec(cursorText);
    if (parsed === null) throw invalid('Last-Event-ID', 'is not one that this stream gave');
    const leave = this.enter(principal, reply);
    if (leave === undefined) return;
    const out = reply.raw;
    let closed = false;
    const gone = (): boolean => closed;
    const close = (): void => {
      if (closed) return;
      closed = true;
      leave();
      this.stops.delete(close);
      out.end();
    };
    // Before anything is waited for: a reader that leaves meanwhile would be counted for ever.
    out.on('close', close);
    let start: { xact: string; id: number } | undefined;
    try {
      start = parsed === undefined ? await this.database.transaction(latestFact) : { xact: parsed[1] as string, id: Number(parsed[2]) };
    } catch (error) {
      out.off('close', close);
      leave();
      throw error;
    }
    reply.hijack();
    if (out.destroyed) close();
    if (gone()) return;
    this.stops.add(close);
    this.follow({ request, principal, out, at: { xact: start?.xact ?? '0', id: start?.id ?? 0 }, closed: gone, close });
  }

  /** Counts a reader in, and answers how to count it out; undefined where there is no room, which it has been told. */
  private enter(principal: Principal, reply: FastifyReply): (() => void) | undefined {
    const who = actorOf(principal);
    const own = this.open.get(who) ?? 0;
    const refuse = (status: number, code: string, title: string, detail: string): undefined =>
      void reply.status(status).header('retry-after', '5').header('content-type', 'application/problem+json').send({ status, code, title, detail });
    if (own >= MAX_STREAMS_EACH) return refuse(429, 'too-many-streams', 'Too Many Requests', `at most ${MAX_STREAMS_EACH} streams of one caller are open at a time; close some of them`);
    if ([...this.open.values()].reduce((s, n) => s + n, 0) >= MAX_STREAMS) return refuse(503, 'unavailable', 'Service Unavailable', 'too many open streams');
    this.open.set(who, own + 1);
    return () => {
      const left = (this.open.get(who) ?? 1) - 1;
      if (left === 0) this.open.delete(who);
      else this.open.set(who, left);
    };
  }

  private follow(reader: { request: AccessRequest; principal: Principal; out: FastifyReply['raw']; at: { xact: string; id: number }; closed: () => boolean; close: () => void }): void {
    const { request, out, close } = reader;
    let { principal, at } = reader;
    out.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no', connection: 'keep-alive' });
    out.write(`retry: 2000\nid: ${at.xact}-${at.id}\n\n`);
    let lastWrite = Date.now();
    let identified = Date.now();
    const pump = async (): Promise<void> => {
      if (Date.now() - identified > this.identifyMs) {
        principal = await this.guard.identify(request);
        identified = Date.now();
      }
      const facts = await this.database.transaction((tx) => factsAfter(tx, at.xact, at.id, 500));
      if (reader.closed()) return;
      for (const fact of facts) {
        at = { xact: fact.xact, id: fact.id };
        if (!mayFollow(principal, fact)) continue;
        const flowing = out.write(`id: ${at.xact}-${at.id}\nevent: ${fact.name}\ndata: ${JSON.stringify({ at: fact.created_at, ...fact.payload })}\n\n`);
        lastWrite = Date.now();
        // A reader that does not keep up is let go; it resumes where it stopped.
        if (!flowing && out.writableLength > 1_000_000) return close();
      }
      if (Date.now() - lastWrite > HEARTBEAT_MS) {
        out.write(`id: ${at.xact}-${at.id}\n: still here\n\n`);
        lastWrite = Date.now();
      }
      setTimeout(run, facts.length === 500 ? 0 : POLL_MS);
    };
    const run = (): void => {
      if (reader.closed()) return;
      pump().catch((error: unknown) => {
        // Who may no longer read is told when it comes again.
        if (!(error instanceof DomainError)) log.warn('a stream ended', { reason: (error as Error).message });
        close();
      });
    };
    run();
  }

  /** Ends all streams, so that a shutdown does not wait for readers. */
  closeAll(): void {
    for (const stop of [...this.stops]) stop();
  }
}
