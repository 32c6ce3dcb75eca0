import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, type Principal } from '../access/index.js';
import { Database } from '../kernel/index.js';
import { LiveService } from './live.service.js';
import { StockCheckService } from './stock-check.service.js';

@ApiTags('desk')
@Controller('v1/broadcasts/:id')
export class BroadcastViewsController {
  constructor(
    @Inject(StockCheckService) private readonly stockCheck: StockCheckService,
    @Inject(LiveService) private readonly live: LiveService,
    @Inject(Database) private readonly database: Database,
  ) {}

  /** Before the show: per line-up item whether it may be shown, how many may be opened, and which promise can be kept. */
  @Get('stock-check')
  @Allow('operator', 'anchor', 'controller', 'warehouse')
  check(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<object> {
    return this.database.transaction((tx) => this.stockCheck.check(tx, principal, id));
  }

  /** During the show: per SKU what is ordered, paid and cancelled, how fast, what it will come to, and how much of the stock is gone. */
  @Get('live')
  @Allow('operator', 'anchor', 'controller', 'warehouse', 'finance')
  picture(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<object> {
    return this.database.transaction((tx) => this.live.picture(tx, principal, id));
  }
}
