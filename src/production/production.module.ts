import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { NegotiationService } from './negotiation.service.js';
import { PlanningService } from './planning.service.js';
import { ProductionController } from './production.controller.js';

@Module({ imports: [AccessModule], controllers: [ProductionController], providers: [NegotiationService, PlanningService], exports: [NegotiationService, PlanningService] })
export class ProductionModule {}
