import { Module } from '@nestjs/common';
import { CatalogueModule } from '../catalogue/index.js';
import { OverviewController } from './overview.controller.js';
import { StreamController } from './stream.controller.js';

@Module({ imports: [CatalogueModule], controllers: [StreamController, OverviewController] })
export class DeskModule {}
