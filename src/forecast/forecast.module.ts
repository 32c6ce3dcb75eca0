import { Module } from '@nestjs/common';
import { AssessService } from './assess.service.js';
import { ForecastController } from './forecast.controller.js';
import { NeedService } from './need.service.js';
import { NowcastService } from './nowcast.service.js';
import { StandingService } from './standing.service.js';
import { Ticker } from './ticker.js';
import { Viewers } from './viewers.js';

@Module({ controllers: [ForecastController], providers: [AssessService, NeedService, NowcastService, StandingService, Ticker, Viewers], exports: [Ticker, AssessService, NowcastService] })
export class ForecastModule {}
