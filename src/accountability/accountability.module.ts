import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { CatalogueModule } from '../catalogue/index.js';
import { AccountabilityController } from './accountability.controller.js';
import { ChargebackService } from './chargeback.service.js';
import { ChargebacksController } from './chargebacks.controller.js';
import { ResponsibilityService } from './responsibility.service.js';

@Module({ imports: [AccessModule, CatalogueModule], controllers: [AccountabilityController, ChargebacksController], providers: [ChargebackService, ResponsibilityService], exports: [ChargebackService, ResponsibilityService] })
export class AccountabilityModule {}
