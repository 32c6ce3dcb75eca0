import { Body, Controller, Get, Headers, Inject, Param, Patch, Post, Put, Query as QueryParam, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { actorOf, Allow, CurrentPrincipal, limitTo, type AccessRequest, type Principal } from '../access/index.js';
import { Database, etagOf, expectedVersion, listed, ListQuery, Once, onceOf, pageOf, parseInstant, queryText, type Listed, type Query } from '../kernel/index.js';
import { BroadcastEdit, LineUpBody, NewBroadcast } from './broadcasts.dto.js';
import type { Broadcast } from './broadcasts.entity.js';
import * as store from './broadcasts.repository.js';
import { BroadcastsService } from './broadcasts.service.js';

type Head = Pick<Broadcast, 'id' | 'anchor' | 'shop' | 'startsAt' | 'endsAt' | 'cancelledAt'>;
const shown = (b: Head): Record<string, unknown> => ({ id: b.id, anchor: b.anchor, shop: b.shop, startsAt: b.startsAt, endsAt: b.endsAt, cancelled: b.cancelledAt !== null });

/** What one unit of an item holds: all of a bundle's SKUs; of a link with several variants the one that is sold. */
const componentsOf = (sku: string, components: readonly store.LinkedSku[]): { readonly sku: string; readonly quantity: number }[] =>
  components.some((c) => c.bundle) ? components.map((c) => ({ sku: c.sku, quantity: c.quantity })) : [{ sku, quantity: 1 }];

@ApiTags('broadcasts')
@Controller('v1/broadcasts')
export class BroadcastsController {
  constructor(
    @Inject(BroadcastsService) private readonly broadcasts: BroadcastsService,
    @Inject(Database) private readonly database: Database,
    @Inject(Once) private readonly once: Once,
  ) {}

  @Get()
  @Allow('operator', 'anchor', 'controller', 'warehouse', 'quality', 'finance')
  @ListQuery('shop', 'anchor')
  async list(@QueryParam() query: Query, @CurrentPrincipal() principal: Principal): Promise<Listed<object>> {
    const page = pageOf(query, 2);
    const [startsAt, id] = page.after;
    const after = startsAt !== undefined && id !== undefined && parseInstant(startsAt) !== undefined ? { startsAt, id } : undefined;
    const filter = { shop: queryText(query, 'shop') ?? null, anchor: queryText(query, 'anchor') ?? null };
    const found = await this.database.transaction((tx) => store.listBroadcasts(tx, limitTo(principal, 'anchor'), filter, after, page.limit + 1));
    return listed(found, page, (row) => [row.starts_at.toISOString(), row.id], (row) =>
      shown({ id: row.id, anchor: row.anchor, shop: row.shop, startsAt: row.starts_at, endsAt: row.ends_at, cancelledAt: row.cancelled_at }));
  }

  @Post()
  @Allow('operator', 'controller')
  async create(@Body() body: NewBroadcast, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => shown(await this.broadcasts.create(tx, principal, body)));
  }

  @Get(':id')
  @Allow('operator', 'anchor', 'controller', 'warehouse', 'quality', 'finance')
  async one(@Param('id') id: string, @CurrentPrincipal() principal: Principal, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    return this.database.transaction(async (tx) => {
      const broadcast = await this.broadcasts.mine(tx, principal, id);
      const items = await store.lineUp(tx, id);
      const components = await store.linkComponents(tx, broadcast.shop, items.flatMap((item) => (item.link === null ? [] : [item.link])));
      void reply.header('etag', etagOf(broadcast.version));
      return {
        ...shown(broadcast),
        lineUp: items.map((item) => ({
          position: item.position, sku: item.sku, link: item.link, slotAt: item.slot_at, price: item.price, plannedUnits: item.planned_units, promiseDays: item.promise_days,
          components: item.link === null ? [] : componentsOf(item.sku, components.filter((c) => c.link === item.link)),
        })),
      };
    });
  }

  @Patch(':id')
  @Allow('operator', 'controller')
  async edit(
    @Param('id') id: string, @Body() body: BroadcastEdit, @Headers('if-match') ifMatch: string | undefined, @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const broadcast = await this.database.transaction((tx) => this.broadcasts.edit(tx, principal, id, body, expectedVersion(ifMatch)));
    void reply.header('etag', etagOf(broadcast.version));
    return shown(broadcast);
  }

  @Put(':id/line-up')
  @Allow('operator', 'controller')
  async putLineUp(
    @Param('id') id: string, @Body() body: LineUpBody, @Headers('if-match') ifMatch: string | undefined, @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const broadcast = await this.database.transaction((tx) => this.broadcasts.putLineUp(tx, principal, id, body.items, expectedVersion(ifMatch)));
    void reply.header('etag', etagOf(broadcast.version));
    return { ...shown(broadcast), items: body.items.length };
  }
}
