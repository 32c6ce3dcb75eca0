import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { InventoryModule } from '../inventory/index.js';
import { FulfilmentService } from './fulfilment.service.js';
import { NegotiationService } from './negotiation.service.js';
import { PlanningService } from './planning.service.js';
import { ProductionController } from './production.controller.js';

@Module({ imports: [AccessModule, InventoryModule], controllers: [ProductionController], providers: [FulfilmentService, NegotiationService, PlanningService], exports: [NegotiationService, PlanningService] })
export class ProductionModule {}
