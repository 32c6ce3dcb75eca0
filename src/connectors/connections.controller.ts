import { Body, Controller, Delete, Get, Headers, HttpCode, HttpStatus, Inject, Param, Post, Put, Query as QueryParam, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { actorOf, Allow, CurrentPrincipal, type AccessRequest, type Principal } from '../access/index.js';
import { Database, etagOf, expectedVersion, listed, ListQuery, notFound, Once, onceOf, pageOf, PublicUrl, type Listed, type Query } from '../kernel/index.js';
import { ConnectionBody, PullBody } from './connections.dto.js';
import * as store from './connections.repository.js';
import { ConnectionsService } from './connections.service.js';
import type { Field } from './platforms/platform.js';
import { PLATFORMS } from './platforms/registry.js';

const shownField = (f: Field): object => ({ name: f.name, secret: f.secret, required: f.required && f.generate === undefined, made: f.generate !== undefined, about: f.about });

@ApiTags('connections')
@Controller('v1')
export class ConnectionsController {
  constructor(
    @Inject(ConnectionsService) private readonly connections: ConnectionsService,
    @Inject(Database) private readonly database: Database,
    @Inject(Once) private readonly once: Once,
    @Inject(PublicUrl) private readonly publicUrl: PublicUrl,
  ) {}

  @Get('platforms')
  @Allow('operator')
  platforms(): object {
    return {
      items: [...PLATFORMS.values()].map((p) => ({ name: p.name, title: p.title, webhooks: p.webhooks !== null, pulls: p.api !== null, credentials: p.credentials.map(shownField), settings: p.settings.map(shownField) })), nextCursor: null,
    };
  }

  @Get('connections')
  @Allow('operator')
  @ListQuery()
  async list(@QueryParam() query: Query): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const found = await this.database.transaction((tx) => store.listConnections(tx, null, page.after[0] ?? '', page.limit + 1));
    return listed(found, page, (row) => [row.shop], (row) => this.shown(row));
  }

  @Get('shops/:shop/connection')
  @Allow('operator')
  async one(@Param('shop') shop: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const row = await this.row(shop);
    void reply.header('etag', etagOf(row.version));
    return this.shown(row);
  }

  @Put('shops/:shop/connection')
  @Allow('operator')
  async put(
    @Param('shop') shop: string, @Body() body: ConnectionBody, @Headers('if-match') ifMatch: string | undefined, @CurrentPrincipal() principal: Principal, @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const { created, made } = await this.database.transaction((tx) => this.connections.put(tx, principal, shop, { platform: body.platform, credentials: body.credentials ?? {}, settings: body.settings ?? {} }, expectedVersion(ifMatch)));
    const row = await this.row(shop);
    void reply.status(created ? HttpStatus.CREATED : HttpStatus.OK).header('etag', etagOf(row.version));
    return { ...this.shown(row), ...(Object.keys(made).length === 0 ? {} : { made }) };
  }

  @Delete('shops/:shop/connection')
  @Allow('operator')
  @HttpCode(204)
  async disconnect(@Param('shop') shop: string, @CurrentPrincipal() principal: Principal): Promise<void> {
    await this.database.transaction((tx) => this.connections.disconnect(tx, principal, shop));
  }

  @Post('shops/:shop/connection/secret')
  @Allow('operator')
  secret(@Param('shop') shop: string, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => ({ made: await this.connections.rotate(tx, principal, shop) }));
  }

  @Post('shops/:shop/connection/test')
  @Allow('operator')
  @HttpCode(200)
  test(@Param('shop') shop: string): Promise<object> {
    return this.connections.test(shop);
  }

  @Post('shops/:shop/connection/pause')
  @Allow('operator')
  @HttpCode(200)
  pause(@Param('shop') shop: string, @CurrentPrincipal() principal: Principal): Promise<object> {
    return this.setPaused(shop, principal, true);
  }

  @Post('shops/:shop/connection/resume')
  @Allow('operator')
  @HttpCode(200)
  resume(@Param('shop') shop: string, @CurrentPrincipal() principal: Principal): Promise<object> {
    return this.setPaused(shop, principal, false);
  }

  @Post('shops/:shop/connection/pull')
  @Allow('operator')
  @HttpCode(202)
  async pull(@Param('shop') shop: string, @Body() body: PullBody | undefined): Promise<object> {
    const row = await this.row(shop);
    const feeds = await this.database.transaction((tx) => store.hurryFeeds(tx, shop, body?.since === undefined ? null : new Date(body.since)));
    return { shop, feeds, paused: row.paused_at !== null };
  }

  private async setPaused(shop: string, principal: Principal, paused: boolean): Promise<object> {
    await this.database.transaction((tx) => this.connections.pause(tx, principal, shop, paused));
    return this.shown(await this.row(shop));
  }

  private async row(shop: string): Promise<store.HealthRow> {
    const row = (await this.database.transaction((tx) => store.listConnections(tx, shop, '', 1)))[0];
    if (row === undefined) throw notFound(`the connection of ${shop}`);
    return row;
  }

  private shown(row: store.HealthRow): object {
    const platform = PLATFORMS.get(row.platform);
    const lag = row.oldest_hint === null ? 0 : Math.max(0, Math.round((Date.now() - row.oldest_hint.getTime()) / 1000));
    return {
      shop: row.shop, platform: row.platform, status: row.deauthorised_at !== null ? 'deauthorised' : row.paused_at !== null ? 'paused' : row.feeds.some((f) => f.failures > 0) ? 'failing' : 'connected',
      webhookUrl: platform?.webhooks == null ? null : `${this.publicUrl.value}/webhooks/${row.platform}/${encodeURIComponent(row.shop)}`,
      settings: row.settings, account: row.account, testedAt: row.tested_at, testFault: row.test_fault, pausedAt: row.paused_at, deauthorisedAt: row.deauthorised_at, secretChangedAt: row.secret_changed_at,
      webhooks: row.webhooks, refused: row.refused, lastWebhookAt: row.last_webhook_at, lastEventAt: row.last_event_at, lastFault: row.last_fault, lastFaultAt: row.last_fault_at,
      waiting: row.waiting, lagSeconds: lag, quarantined: row.quarantined, unmappedCodes: row.unmapped, feeds: row.feeds, createdAt: row.created_at,
    };
  }
}
