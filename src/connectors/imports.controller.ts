import { Controller, Headers, HttpCode, Inject, Param, Post, Query as QueryParam, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { Readable } from 'node:stream';
import { Allow, CurrentPrincipal, type AccessRequest, type Principal } from '../access/index.js';
import { DomainError, formatOf, invalid, notFound, queryText, type IntakeAnswer, type Query } from '../kernel/index.js';
import { ImportsService, type ImportKind } from './imports.service.js';

@ApiTags('imports')
@Controller('v1/imports')
export class ImportsController {
  constructor(@Inject(ImportsService) private readonly imports: ImportsService) {}

  @Post(':kind')
  @Allow('operator')
  @HttpCode(202)
  @ApiParam({ name: 'kind', enum: ['catalogue', 'broadcasts', 'orders', 'returns'] })
  @ApiQuery({ name: 'onError', required: false, enum: ['stop', 'skip'] })
  @ApiConsumes('text/csv', 'application/x-ndjson')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  run(
    @Param('kind') kind: string, @QueryParam() query: Query, @Req() request: AccessRequest, @CurrentPrincipal() principal: Principal, @Headers('content-type') contentType: string | undefined,
  ): Promise<IntakeAnswer> {
    if (!['catalogue', 'broadcasts', 'orders', 'returns'].includes(kind)) throw notFound(`the import ${kind}`);
    const onError = queryText(query, 'onError') ?? 'stop';
    if (onError !== 'stop' && onError !== 'skip') throw invalid('onError', 'must be stop or skip');
    const format = formatOf(contentType);
    if (format === undefined) throw new DomainError(415, 'unsupported-media-type', 'send text/csv, application/x-ndjson or application/json (an array); gzip is recognised by itself');
    return this.imports.run(kind as ImportKind, request.body as Readable, format, onError, principal);
  }
}
