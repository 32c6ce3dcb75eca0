import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { CatalogueModule } from '../catalogue/index.js';
import { InventoryController } from './inventory.controller.js';
import { ReservationsService } from './reservations.service.js';
import { StockService } from './stock.service.js';

@Module({ imports: [AccessModule, CatalogueModule], controllers: [InventoryController], providers: [StockService, ReservationsService], exports: [StockService, ReservationsService] })
export class InventoryModule {}
