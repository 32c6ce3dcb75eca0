import { Global, Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import type { Configuration } from './config/environment.js';
import { Database } from './database/database.js';
import { Once } from './http/once.js';
import { PublicUrl } from './http/public-url.js';
import { Jobs } from './jobs/jobs.js';
import { Queues } from './jobs/queues.js';
import { Secrets } from './secrets/secrets.js';
import { FILE_STORE, openFileStore } from './storage/file-store.js';

export const CONFIGURATION = Symbol('configuration');

export interface Foundations {
  readonly configuration: Configuration;
  readonly database: Database;
  readonly secrets: Secrets;
  readonly queues: Queues;
}

@Global()
@Module({})
export class KernelModule {
  static on(foundations: Foundations): DynamicModule {
    const values = [
      { provide: CONFIGURATION, useValue: foundations.configuration },
      { provide: Database, useValue: foundations.database },
      { provide: Secrets, useValue: foundations.secrets },
      { provide: Queues, useValue: foundations.queues },
      { provide: FILE_STORE, useValue: openFileStore(foundations.configuration) },
      { provide: PublicUrl, useValue: new PublicUrl((foundations.configuration.publicUrl ?? `http://localhost:${foundations.configuration.port}`).replace(/\/$/, '')) },
    ];
    return { module: KernelModule, imports: [DiscoveryModule], providers: [...values, Jobs, Once], exports: [...values.map((v) => v.provide), Jobs, Once] };
  }
}
