import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { CatalogueModule } from '../catalogue/index.js';
import { InventoryModule } from '../inventory/index.js';
import { ProductionModule } from '../production/index.js';
import { AlarmsController } from './alarms.controller.js';
import { AlarmsService } from './alarms.service.js';
import { HistoryService } from './history.service.js';
import { ReflowService } from './reflow.service.js';
import { ReturnsController } from './returns.controller.js';
import { ReturnsService } from './returns.service.js';

@Module({ imports: [AccessModule, CatalogueModule, InventoryModule, ProductionModule], controllers: [ReturnsController, AlarmsController], providers: [ReturnsService, AlarmsService, HistoryService, ReflowService], exports: [ReturnsService] })
export class ReturnsModule {}
