import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessController } from './access.controller.js';
import { AccessService } from './access.service.js';
import { FilesController } from './files.controller.js';
import { FilesService } from './files.service.js';
import { AccessGuard } from './guard.js';

@Module({
  controllers: [AccessController, FilesController],
  providers: [AccessService, FilesService, AccessGuard, { provide: APP_GUARD, useExisting: AccessGuard }],
  exports: [AccessService, FilesService, AccessGuard],
})
export class AccessModule {}
