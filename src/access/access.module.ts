import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessController } from './access.controller.js';
import { AccessService } from './access.service.js';
import { AccessGuard } from './guard.js';

@Module({
  controllers: [AccessController],
  providers: [AccessService, AccessGuard, { provide: APP_GUARD, useExisting: AccessGuard }],
  exports: [AccessService, AccessGuard],
})
export class AccessModule {}
