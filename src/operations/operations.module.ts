import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { Housekeeping } from './housekeeping.js';
import { OperationsController } from './operations.controller.js';
import { Readiness } from './readiness.js';

@Module({ imports: [AccessModule], controllers: [OperationsController], providers: [Readiness, Housekeeping], exports: [Readiness, Housekeeping] })
export class OperationsModule {}
