import { Module } from '@nestjs/common';
import { BroadcastsModule } from '../broadcasts/index.js';
import { CatalogueModule } from '../catalogue/index.js';
import { InventoryModule } from '../inventory/index.js';
import { OrdersModule } from '../orders/index.js';
import { ReturnsModule } from '../returns/index.js';
import { ImportsController } from './imports.controller.js';
import { ImportsService } from './imports.service.js';
import { Courier } from './courier.js';
import { NoticeSender } from './send-notice.js';
import { SignalSender } from './send-signal.js';

@Module({ imports: [CatalogueModule, BroadcastsModule, OrdersModule, InventoryModule, ReturnsModule], controllers: [ImportsController], providers: [Courier, ImportsService, NoticeSender, SignalSender], exports: [ImportsService] })
export class ConnectorsModule {}
