import { Body, Controller, Get, Inject, Param, Put, Query as QueryParam } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, type Principal } from '../access/index.js';
import { Database, listed, ListQuery, pageOf, queryText, type Listed, type Query } from '../kernel/index.js';
import { demandOf } from '../orders/index.js';
import { StockOffersBody } from './connections.dto.js';
import * as store from './shared-stock.repository.js';
import { SharedStock, shownOf } from './shared-stock.js';

@ApiTags('connections')
@Controller('v1')
export class SharedStockController {
  constructor(
    @Inject(SharedStock) private readonly stock: SharedStock,
    @Inject(Database) private readonly database: Database,
  ) {}

  @Get('stock-offers')
  @Allow('operator', 'warehouse', 'controller')
  @ListQuery('shop', 'sku')
  async list(@QueryParam() query: Query): Promise<Listed<object>> {
    const page = pageOf(query, 2);
    return this.database.transaction(async (tx) => {
      const found = await store.listOffers(tx, { shop: queryText(query, 'shop') ?? null, sku: queryText(query, 'sku') ?? null }, [page.after[0] ?? '', page.after[1] ?? ''], page.limit + 1);
      const demand = await demandOf(tx, [...new Set(found.map((o) => o.sku))]);
      return listed(found, page, (o) => [o.sku, o.shop], (o) => ({
        shop: o.shop, sku: o.sku, code: o.code, item: o.item, buffer: o.buffer, hearSeconds: o.hear_seconds, pushSeconds: o.push_seconds, shown: shownOf(o, demand.filter((d) => d.sku === o.sku)), wanted: o.units, heldBack: o.held_back, waiting: o.waiting, refusedLately: o.quiet, readAt: o.read_at,
      }));
    });
  }

  @Put('shops/:shop/stock-offers')
  @Allow('operator')
  async put(@Param('shop') shop: string, @Body() body: StockOffersBody, @CurrentPrincipal() principal: Principal): Promise<object> {
    await this.stock.put(principal, shop, body.items.map((i) => ({ sku: i.sku, code: i.code, item: i.item ?? null, buffer: i.buffer ?? null, hearSeconds: i.hearSeconds ?? 10, pushSeconds: i.pushSeconds ?? 10 })));
    return { shop, items: body.items.length };
  }
}
