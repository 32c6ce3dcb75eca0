// What platforms said that could not be mapped, the codes nobody knows yet, and what they stand for once a person said so.
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query as QueryParam } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, type Principal } from '../access/index.js';
import { CatalogueService } from '../catalogue/index.js';
import { Database, listed, ListQuery, pageOf, queryText, type Listed, type Query } from '../kernel/index.js';
import { MappingBody, RedriveBody } from './connections.dto.js';
import * as records from './platform-records.repository.js';
import { Pulls } from './pulls.js';
import * as names from './sku-names.repository.js';
import { SkuNames } from './sku-names.js';

@ApiTags('connections')
@Controller('v1')
export class QuarantineController {
  constructor(
    @Inject(Pulls) private readonly pulls: Pulls,
    @Inject(SkuNames) private readonly names: SkuNames,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(Database) private readonly database: Database,
  ) {}

  @Get('platform-quarantine')
  @Allow('operator')
  @ListQuery('shop', 'reason')
  async list(@QueryParam() query: Query): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const filter = { shop: queryText(query, 'shop') ?? null, reason: queryText(query, 'reason') ?? null };
    const found = await this.database.transaction((tx) => records.listQuarantined(tx, filter, page.after[0] ?? '', page.limit + 1));
    return listed(found, page, (row) => [row.id], (row) => ({
      id: row.id, shop: row.shop, entity: row.entity, entityId: row.entity_id, reason: row.reason, detail: row.detail, times: row.times, receivedAt: row.received_at, lastAt: row.last_at, document: row.normal ?? row.shape,
    }));
  }

  @Post('platform-quarantine/redrive')
  @Allow('operator')
  @HttpCode(200)
  redrive(@Body() body: RedriveBody | undefined): Promise<object> {
    return this.pulls.redrive({ ids: body?.ids ?? null, shop: body?.shop ?? null, reasons: null });
  }

  @Get('shops/:shop/sku-mappings')
  @Allow('operator')
  @ListQuery()
  async mappings(@Param('shop') shop: string, @QueryParam() query: Query): Promise<Listed<object>> {
    await this.catalogue.shop(shop);
    const page = pageOf(query, 2);
    const found = await this.database.transaction((tx) => names.listMappings(tx, shop, [page.after[0] ?? '', page.after[1] ?? ''], page.limit + 1));
    return listed(found, page, (row) => [row.code, row.sku], (row) => row);
  }

  @Put('shops/:shop/sku-mappings')
  @Allow('operator')
  async map(@Param('shop') shop: string, @Body() body: MappingBody, @CurrentPrincipal() principal: Principal): Promise<object> {
    const components = body.components.map((c) => ({ sku: c.sku, quantity: c.quantity ?? 1 }));
    await this.database.transaction((tx) => this.names.map(tx, principal, shop, body.code, components));
    const { redriven } = await this.pulls.redrive({ ids: null, shop, reasons: ['unmapped-sku'] });
    return { shop, code: body.code, components, redriven };
  }

  @Get('shops/:shop/unmapped-codes')
  @Allow('operator')
  @ListQuery()
  async unmapped(@Param('shop') shop: string, @QueryParam() query: Query): Promise<Listed<object>> {
    await this.catalogue.shop(shop);
    const page = pageOf(query, 1);
    const { found, suggested } = await this.database.transaction(async (tx) => {
      const list = await names.listUnmapped(tx, shop, page.after[0] ?? '', page.limit + 1);
      return { found: list, suggested: await this.names.suggest(tx, list.slice(0, page.limit).map((row) => row.code)) };
    });
    return listed(found, page, (row) => [row.code], (row) => ({ code: row.code, kind: row.kind, lines: row.lines, lastAt: row.last_at, suggestions: suggested(row.code) }));
  }
}
