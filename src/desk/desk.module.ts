import { Module } from '@nestjs/common';
import { CatalogueModule } from '../catalogue/index.js';
import { OverviewController } from './overview.controller.js';
import { RatesController } from './rates.controller.js';
import { StreamController } from './stream.controller.js';
import { TraceController } from './trace.controller.js';

@Module({ imports: [CatalogueModule], controllers: [StreamController, OverviewController, RatesController, TraceController] })
export class DeskModule {}
