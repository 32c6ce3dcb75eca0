import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { CatalogueModule } from '../catalogue/index.js';
import { BroadcastsController } from './broadcasts.controller.js';
import { BroadcastsService } from './broadcasts.service.js';

@Module({ imports: [AccessModule, CatalogueModule], controllers: [BroadcastsController], providers: [BroadcastsService], exports: [BroadcastsService] })
export class BroadcastsModule {}
