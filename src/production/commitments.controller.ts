import { Body, Controller, Get, Headers, Inject, Param, Put, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AccessService, actorOf, Allow, CurrentPrincipal, type Principal } from '../access/index.js';
import { checkVersion, Database, DomainError, etagOf, expectedVersion } from '../kernel/index.js';
import { currentPolicy, insertPolicy } from './commitments.repository.js';
import { CommitmentsService } from './commitments.service.js';
import { CommitmentPolicyBody } from './production.dto.js';

const OFF = { version: 0, automatic: false, mostAtRisk: 0, currency: 'CNY', note: 'recommendations wait for a person', actor: null, at: null };

@ApiTags('production')
@Controller('v1')
export class CommitmentsController {
  constructor(
    @Inject(CommitmentsService) private readonly commitments: CommitmentsService,
    @Inject(AccessService) private readonly access: AccessService,
    @Inject(Database) private readonly database: Database,
  ) {}

  /** What committing to a heads-up would mean: units, what is expected to sell, money at risk. */
  @Get('signals/:id/commitment')
  @Allow('operator')
  preview(@Param('id') id: string): Promise<object> {
    return this.database.transaction((tx) => this.commitments.preview(tx, id));
  }

  @Get('commitment-policy')
  @Allow('operator', 'finance')
  async policy(@Res({ passthrough: true }) response: FastifyReply): Promise<object> {
    const policy = (await this.database.transaction((tx) => currentPolicy(tx))) ?? OFF;
    void response.header('etag', etagOf(policy.version));
    return policy;
  }

  /** A new version; what was signed for before stands. */
  @Put('commitment-policy')
  @Allow()
  setPolicy(@Body() body: CommitmentPolicyBody, @Headers('if-match') ifMatch: string | undefined, @CurrentPrincipal() principal: Principal, @Res({ passthrough: true }) response: FastifyReply): Promise<object> {
    return this.database.transaction(async (tx) => {
      const before = (await currentPolicy(tx)) ?? OFF;
      checkVersion(expectedVersion(ifMatch), before.version);
      const next = { automatic: body.automatic, mostAtRisk: body.mostAtRisk, currency: body.currency, note: body.note ?? '' };
      const made = await insertPolicy(tx, { ...next, version: before.version + 1, actor: actorOf(principal) });
      if (!made) throw new DomainError(409, 'changed-meanwhile', 'somebody else made a new version at the same moment; read it and try again');
      await this.access.audit(tx, principal, 'commitment-policy.set', String(before.version + 1), before, next);
      void response.header('etag', etagOf(before.version + 1));
      return (await currentPolicy(tx)) as object;
    });
  }
}
