import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { CatalogueModule } from '../catalogue/index.js';
import { InventoryModule } from '../inventory/index.js';
import { CommitmentsController } from './commitments.controller.js';
import { CommitmentsService } from './commitments.service.js';
import { FulfilmentService } from './fulfilment.service.js';
import { NegotiationService } from './negotiation.service.js';
import { PlanningService } from './planning.service.js';
import { ProductionController } from './production.controller.js';
import { SamplesController } from './samples.controller.js';
import { SamplesService } from './samples.service.js';

@Module({
  imports: [AccessModule, CatalogueModule, InventoryModule], controllers: [ProductionController, SamplesController, CommitmentsController], providers: [CommitmentsService, FulfilmentService, NegotiationService, PlanningService, SamplesService],
  exports: [NegotiationService, PlanningService, SamplesService],
})
export class ProductionModule {}
