import { Controller, Get, Headers, Inject, Query as QueryParam, Req, Res } from '@nestjs/common';
import { ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Allow, CurrentPrincipal, limitTo, type AccessRequest, type Principal } from '../access/index.js';
import { Database, factsAfter, invalid, latestFact, log, queryText, type Query, type StreamedFact } from '../kernel/index.js';

const POLL_MS = 500;
const HEARTBEAT_MS = 15_000;
const MAX_STREAMS = 500;

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
  private open = 0;
  private readonly stops = new Set<() => void>();

  constructor(@Inject(Database) private readonly database: Database) {}

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
    if (this.open >= MAX_STREAMS) {
      void reply.status(503).header('retry-after', '5').header('content-type', 'application/problem+json').send({ status: 503, code: 'unavailable', title: 'Service Unavailable', detail: 'too many open streams' });
      return;
    }
    const start = parsed === undefined ? await this.database.transaction(latestFact) : undefined;
    let at = parsed === undefined ? { xact: start?.xact ?? '0', id: start?.id ?? 0 } : { xact: parsed[1] as string, id: Number(parsed[2]) };
    reply.hijack();
    const out = reply.raw;
    out.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no', connection: 'keep-alive' });
    out.write(`retry: 2000\nid: ${at.xact}-${at.id}\n\n`);
    this.open++;
    let closed = false;
    let lastWrite = Date.now();
    const close = (): void => {
      if (closed) return;
      closed = true;
      this.open--;
      this.stops.delete(close);
      out.end();
    };
    this.stops.add(close);
    request.raw.on('close', close);
    const pump = async (): Promise<void> => {
      const facts = await this.database.transaction((tx) => factsAfter(tx, at.xact, at.id, 500));
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
      if (!closed) setTimeout(run, facts.length === 500 ? 0 : POLL_MS);
    };
    const run = (): void => {
      if (closed) return;
      pump().catch((error: unknown) => {
        log.warn('a stream ended', { reason: (error as Error).message });
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
