import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { CatalogueModule } from '../catalogue/index.js';
import { BroadcastsController } from './broadcasts.controller.js';
import { BroadcastsService } from './broadcasts.service.js';
import { LiveLogController } from './live-log.controller.js';
import { LiveLogService } from './live-log.service.js';

@Module({ imports: [AccessModule, CatalogueModule], controllers: [BroadcastsController, LiveLogController], providers: [BroadcastsService, LiveLogService], exports: [BroadcastsService] })
export class BroadcastsModule {}
