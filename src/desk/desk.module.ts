import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { BroadcastsModule } from '../broadcasts/index.js';
import { CatalogueModule } from '../catalogue/index.js';
import { BroadcastViewsController } from './broadcast-views.controller.js';
import { EpcisService } from './epcis.service.js';
import { ForecastModule } from '../forecast/index.js';
import { LiveService } from './live.service.js';
import { OverviewController } from './overview.controller.js';
import { RatesController } from './rates.controller.js';
import { ScorecardController } from './scorecard.controller.js';
import { StockCheckService } from './stock-check.service.js';
import { StreamController } from './stream.controller.js';
import { TraceController } from './trace.controller.js';

@Module({
  imports: [AccessModule, BroadcastsModule, CatalogueModule, ForecastModule],
  controllers: [StreamController, OverviewController, RatesController, TraceController, BroadcastViewsController, ScorecardController],
  providers: [StockCheckService, LiveService, EpcisService],
})
export class DeskModule {}
