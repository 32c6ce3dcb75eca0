import { Module } from '@nestjs/common';
import { BroadcastsModule } from '../broadcasts/index.js';
import { CatalogueModule } from '../catalogue/index.js';
import { InventoryModule } from '../inventory/index.js';
import { OrdersModule } from '../orders/index.js';
import { ReturnsModule } from '../returns/index.js';
import { AccessModule } from '../access/index.js';
import { AttributionsController } from './attributions.controller.js';
import { AttributionReview } from './attribution-review.js';
import { Attributions } from './attributions.js';
import { ConnectionsController } from './connections.controller.js';
import { ConnectionsService } from './connections.service.js';
import { FileDrop } from './file-drop.js';
import { ImportsController } from './imports.controller.js';
import { ImportsService } from './imports.service.js';
import { Courier } from './courier.js';
import { NoticeSender } from './send-notice.js';
import { SignalSender } from './send-signal.js';
import { Noticed } from './noticed.js';
import { PlatformIntake } from './platform-intake.js';
import { Pulls } from './pulls.js';
import { QuarantineController } from './quarantine.controller.js';
import { SharedStockController } from './shared-stock.controller.js';
import { SharedStock } from './shared-stock.js';
import { SkuNames } from './sku-names.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksService } from './webhooks.service.js';

@Module({
  imports: [AccessModule, CatalogueModule, BroadcastsModule, OrdersModule, InventoryModule, ReturnsModule],
  controllers: [AttributionsController, ImportsController, ConnectionsController, QuarantineController, SharedStockController, WebhooksController],
  providers: [Courier, FileDrop, ImportsService, NoticeSender, SignalSender, AttributionReview, Attributions, ConnectionsService, Noticed, PlatformIntake, Pulls, SharedStock, SkuNames, WebhooksService],
  exports: [ImportsService],
})
export class ConnectorsModule {}
