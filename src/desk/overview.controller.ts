import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow } from '../access/index.js';
import { CatalogueService } from '../catalogue/index.js';
import { Database } from '../kernel/index.js';
import * as store from './desk.repository.js';

@ApiTags('desk')
@Controller('v1')
export class OverviewController {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
  ) {}

  /** What came of a shop's orders so far: spikes, assessments, signals by status, replies. Reads its whole history. */
  @Get('shops/:shop/outcome')
  @Allow('operator')
  async outcome(@Param('shop') shop: string): Promise<object> {
    await this.catalogue.shop(shop);
    return this.database.transaction((tx) => store.outcomeOf(tx, shop));
  }

  /** The numbers at the top of the status page, and the busiest streams of the last hour. */
  @Get('overview')
  @Allow('operator')
  async overview(): Promise<object> {
    return this.database.transaction(async (tx) => {
      const o = await store.overview(tx);
      return {
        eventsLastMinute: o?.events_last_minute ?? 0, quarantined: o?.quarantined ?? 0, openSpikes: o?.open_spikes ?? 0, waitingDecisions: o?.waiting_decisions ?? 0,
        waitingReplies: o?.waiting_replies ?? 0, undelivered: o?.undelivered ?? 0, deadLetters: o?.dead_letters ?? 0, busiest: await store.busiest(tx, 8),
      };
    });
  }
}
