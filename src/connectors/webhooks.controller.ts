// The address that platforms post to. Verified over the raw bytes, written in one transaction, answered as the platform wants.
import { Controller, Inject, Param, Post, Query as QueryParam, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Open } from '../access/index.js';
import { DomainError, notFound, PublicUrl, type Query } from '../kernel/index.js';
import { WebhooksService } from './webhooks.service.js';
import type { Answer } from './platforms/platform.js';

@ApiTags('webhooks')
@Controller('webhooks')
export class WebhooksController {
  constructor(
    @Inject(WebhooksService) private readonly webhooks: WebhooksService,
    @Inject(PublicUrl) private readonly publicUrl: PublicUrl,
  ) {}

  @Post(':platform/:shop')
  @Open()
  @ApiOperation({ summary: 'Inbound platform webhooks: signed by the platform, answered as it wants' })
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded', 'text/plain')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  async take(@Param('platform') platform: string, @Param('shop') shop: string, @QueryParam() query: Query, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    if (!Buffer.isBuffer(request.body) && request.body !== undefined) throw new DomainError(415, 'unsupported-media-type', 'send the raw body');
    if (platform.length > 64 || shop.length > 128) throw notFound('this address');
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]));
    const path = request.url.split('?')[0] ?? '';
    send(reply, await this.webhooks.take(platform, shop, {
      body: (request.body) ?? Buffer.alloc(0), headers, url: `${this.publicUrl.value}${path}`,
      query: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value])),
    }));
  }
}

function send(reply: FastifyReply, answer: Answer): void {
  if (answer.contentType !== null) void reply.header('content-type', answer.contentType);
  void reply.status(answer.status).send(answer.body);
}
