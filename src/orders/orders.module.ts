import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { CatalogueModule } from '../catalogue/index.js';
import { IntakeService } from './intake.service.js';
import { OrdersController } from './orders.controller.js';

@Module({ imports: [AccessModule, CatalogueModule], controllers: [OrdersController], providers: [IntakeService], exports: [IntakeService] })
export class OrdersModule {}
