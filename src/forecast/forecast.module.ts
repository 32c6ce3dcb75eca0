import { Module } from '@nestjs/common';
import { AssessService } from './assess.service.js';
import { ForecastController } from './forecast.controller.js';
import { NeedService } from './need.service.js';
import { Ticker } from './ticker.js';

@Module({ controllers: [ForecastController], providers: [AssessService, NeedService, Ticker], exports: [Ticker, AssessService] })
export class ForecastModule {}
