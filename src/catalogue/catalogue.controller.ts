import { Body, Controller, Get, Headers, HttpStatus, Inject, Param, Patch, Post, Put, Query as QueryParam, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { actorOf, Allow, CurrentPrincipal, limitTo, type AccessRequest, type Principal } from '../access/index.js';
import { Database, etagOf, expectedVersion, invalid, listed, ListQuery, NAME, notFound, Once, onceOf, pageOf, type Listed, type Query } from '../kernel/index.js';
import { NewSupplier, ShopBody, SupplierEdit } from './catalogue.dto.js';
import type { Shop, Supplier } from './catalogue.entity.js';
import * as store from './catalogue.repository.js';
import { CatalogueService } from './catalogue.service.js';

const shownShop = (s: Shop): object => ({ id: s.id, platform: s.platform, timeZone: s.timeZone, currency: s.currency, clock: s.clock, sendSignals: s.sendSignals });
const shownSupplier = (s: Supplier): object => ({ id: s.id, name: s.name, timeZone: s.timeZone, webhookUrl: s.webhookUrl, webhookDisabledAt: s.webhookDisabledAt, standing: s.standing });

@ApiTags('catalogue')
@Controller('v1')
export class CatalogueController {
  constructor(
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(Database) private readonly database: Database,
    @Inject(Once) private readonly once: Once,
  ) {}

  @Get('shops')
  @Allow('operator', 'controller', 'warehouse', 'quality', 'finance')
  @ListQuery()
  async shops(@QueryParam() query: Query): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const found = await this.database.transaction((tx) => store.listShops(tx, page.after[0] ?? '', page.limit + 1));
    return listed(found, page, (row) => [row.id], (row) => ({ id: row.id, platform: row.platform, timeZone: row.time_zone, currency: row.currency, clock: row.clock, sendSignals: row.send_signals }));
  }

  @Get('shops/:shop')
  @Allow('operator', 'controller', 'warehouse', 'quality', 'finance')
  async shop(@Param('shop') id: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const shop = await this.database.transaction((tx) => store.findShop(tx, id));
    if (shop === null) throw notFound(`the shop ${id}`);
    void reply.header('etag', etagOf(shop.version));
    return shownShop(shop);
  }

  @Put('shops/:shop')
  @Allow('operator')
  async putShop(
    @Param('shop') id: string, @Body() body: ShopBody, @Headers('if-match') ifMatch: string | undefined, @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    if (!NAME.test(id) || id.length > 128) throw invalid('shop', 'must be a name of at most 128 characters without control characters');
    const { shop, created } = await this.database.transaction((tx) => this.catalogue.putShop(tx, principal, id, body, expectedVersion(ifMatch)));
    void reply.status(created ? HttpStatus.CREATED : HttpStatus.OK).header('etag', etagOf(shop.version));
    return shownShop(shop);
  }

  @Get('suppliers')
  @Allow('operator', 'factory', 'warehouse', 'quality', 'finance')
  @ListQuery()
  async suppliers(@QueryParam() query: Query, @CurrentPrincipal() principal: Principal): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const found = await this.database.transaction((tx) => store.listSuppliers(tx, limitTo(principal, 'supplier'), page.after[0] ?? '', page.limit + 1));
    return listed(found, page, (row) => [row.id], (row) => ({
      id: row.id, name: row.name, timeZone: row.time_zone, webhookUrl: row.webhook_url, webhookDisabledAt: row.webhook_disabled_at, standing: row.standing,
    }));
  }

  @Post('suppliers')
  @Allow('operator')
  async createSupplier(@Body() body: NewSupplier, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => {
      const { supplier, secret } = await this.catalogue.createSupplier(tx, principal, body.id, body);
      return { ...shownSupplier(supplier), ...(secret === undefined ? {} : { webhookSecret: secret }) };
    });
  }

  @Get('suppliers/:id')
  @Allow('operator', 'factory', 'warehouse', 'quality', 'finance')
  async supplier(@Param('id') id: string, @CurrentPrincipal() principal: Principal, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    if (limitTo(principal, 'supplier')?.includes(id) === false) throw notFound(`the supplier ${id}`);
    const supplier = await this.database.transaction((tx) => this.catalogue.supplier(tx, id));
    void reply.header('etag', etagOf(supplier.version));
    return shownSupplier(supplier);
  }

  @Patch('suppliers/:id')
  @Allow('operator')
  async changeSupplier(
    @Param('id') id: string, @Body() body: SupplierEdit, @Headers('if-match') ifMatch: string | undefined, @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const { supplier, secret } = await this.database.transaction((tx) => this.catalogue.changeSupplier(tx, principal, id, body, expectedVersion(ifMatch)));
    void reply.header('etag', etagOf(supplier.version));
    return { ...shownSupplier(supplier), ...(secret === undefined ? {} : { webhookSecret: secret }) };
  }

  @Post('suppliers/:id/secret')
  @Allow('operator')
  async rotate(@Param('id') id: string, @CurrentPrincipal() principal: Principal, @Req() request: AccessRequest): Promise<object> {
    return this.once.run(onceOf(request, actorOf(principal)), async (tx) => ({ webhookSecret: await this.catalogue.rotateSecret(tx, principal, id) }));
  }

  @Get('skus')
  @Allow('operator', 'factory', 'controller', 'warehouse', 'quality', 'finance')
  @ListQuery()
  async skus(@QueryParam() query: Query, @CurrentPrincipal() principal: Principal): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const only = limitTo(principal, 'supplier');
    const found = await this.database.transaction((tx) => store.listSkus(tx, only, page.after[0] ?? '', page.limit + 1));
    return listed(found, page, (row) => [row.sku], (row) => shownSku(row, principal));
  }

  @Get('skus/:sku')
  @Allow('operator', 'factory', 'controller', 'warehouse', 'quality', 'finance')
  async sku(@Param('sku') id: string, @CurrentPrincipal() principal: Principal): Promise<object> {
    const row = await this.database.transaction((tx) => store.findSku(tx, id));
    const only = limitTo(principal, 'supplier');
    if (row === undefined || (only !== undefined && !only.includes(row.supplier ?? ''))) throw notFound(`the SKU ${id}`);
    return shownSku(row, principal);
  }
}

/** Selling price and salvage are the merchant's margin: a factory does not see them. Costs are for those who buy. */
function shownSku(row: store.SkuTerms, principal: Principal): object {
  const base = { id: row.sku, style: row.style, colour: row.colour, size: row.size, category: row.category, supplier: row.supplier };
  const terms = {
    moq: row.moq, moqScope: row.moq_scope, lotMultiple: row.lot_multiple, leadTimeDays: row.lead_time_days, dailyCapacity: row.daily_capacity,
    frozenFenceDays: row.frozen_fence_days, confirmingHour: row.confirming_hour, trialQuantity: row.trial_quantity, stageDays: row.stage_days, sizeRatio: row.size_ratio,
  };
  const cost = { unitCost: row.unit_cost, costCurrency: row.cost_currency };
  const margin = { price: row.price, currency: row.currency, salvageValue: row.salvage_value, reorderPremiumBp: row.reorder_premium_bp };
  if (principal.role === 'factory') return { ...base, ...terms, ...cost };
  if (principal.role === 'controller' || principal.role === 'warehouse' || principal.role === 'quality') return { ...base, ...terms, price: row.price, currency: row.currency };
  return { ...base, ...terms, ...cost, ...margin };
}
