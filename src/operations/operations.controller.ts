import { Controller, Get, HttpCode, Inject, Param, Post, Query as QueryParam, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AccessService, Allow, CurrentPrincipal, Open, type Principal } from '../access/index.js';
import { Database, deadLetters, DomainError, Jobs, listed, ListQuery, metricsText, notFound, outboxHealth, pageOf, Queues, redrive, type Listed, type Query } from '../kernel/index.js';
import { Readiness } from './readiness.js';

@ApiTags('operations')
@Controller()
export class OperationsController {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Queues) private readonly queues: Queues,
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(Readiness) private readonly readiness: Readiness,
  ) {}

  @Get('health/live')
  @Open()
  live(): object {
    return { status: 'ok' };
  }

  @Get('health/ready')
  @Open()
  async ready(): Promise<object> {
    if (!this.readiness.ready) throw new DomainError(503, 'not-ready', 'starting or shutting down', { retryAfter: 1 });
    const health = await this.database.transaction(outboxHealth);
    return { status: 'ok', queues: this.queues.backend, outbox: { due: health?.due ?? 0, dead: health?.dead ?? 0, oldestSeconds: health?.oldest_seconds ?? 0 } };
  }

  @Get('metrics')
  @Allow('operator')
  async metrics(@Res() reply: FastifyReply): Promise<void> {
    const { contentType, text } = await metricsText(this.database);
    await reply.header('content-type', contentType).send(text);
  }

  @Get('v1/dead-letters')
  @Allow('operator')
  @ListQuery()
  async dead(@QueryParam() query: Query): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const after = /^\d{1,15}$/.test(page.after[0] ?? '') ? Number(page.after[0]) : 0;
    const found = await this.database.transaction((tx) => deadLetters(tx, after, page.limit + 1));
    return listed(found, page, (row) => [String(row.id)], (row) => ({
      id: String(row.id), job: row.job, payload: row.payload, attempts: row.attempts, cause: row.last_error, createdAt: row.created_at, buriedAt: row.ended_at,
    }));
  }

  @Post('v1/dead-letters/:id/redrive')
  @Allow('operator')
  @HttpCode(202)
  async redrive(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<object> {
    if (!/^\d{1,15}$/.test(id)) throw notFound(`the dead letter ${id}`);
    await this.database.transaction(async (tx) => {
      if (!(await redrive(tx, Number(id)))) throw notFound(`the dead letter ${id}`);
      await this.access.audit(tx, principal, 'dead-letter.redriven', id, undefined, undefined);
    });
    this.jobs.kick();
    return { id, status: 'due' };
  }
}
