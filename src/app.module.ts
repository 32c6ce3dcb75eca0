import { Module, type DynamicModule } from '@nestjs/common';
import { AccessModule, Access1763800100000, Files1763801000000 } from './access/index.js';
import { Accountability1763800900000, AccountabilityModule, FairClaims1763803900000 } from './accountability/index.js';
import { Anchor, Broadcast, BroadcastsModule, Broadcasts1763800300000, LineUpItem, Link, LinkBundles1763803700000, LinkComponent, LiveLog1763803300000 } from './broadcasts/index.js';
import { CatalogueModule, Catalogue1763800200000, Shop, Sku, Sourcing, Style, Supplier } from './catalogue/index.js';
import { ConnectorsModule, LiveLogAttributions1763803400000, Notices1763801300000, PlatformConnections1763803000000, ReturnWords1763803800000, SharedStock1763803100000 } from './connectors/index.js';
import { DeskModule, OverviewIndexes1763804010000 } from './desk/index.js';
import { ForecastModule, Forecast1763800600000, NowcastModels1763802100000, ReturnExpectations1763801600000, StandingSales1763802200000, ViewerSteps1763803500000, WaitingNeeds1763804110000, WeeklyShapes1763803200000 } from './forecast/index.js';
import { InventoryModule, Inventory1763800500000, LotsWithdrawn1763801700000, ReservationsByLine1763804000000 } from './inventory/index.js';
import { JobsAndFacts1763800000000, KernelModule, type Foundations } from './kernel/index.js';
import { OperationsModule } from './operations/index.js';
import { LeanIntake1763802300000, LinesForReaders1763801400000, Orders1763800400000, OrdersModule, StreamMoves1763803600000 } from './orders/index.js';
import { AgreedUnits1763804100000, Commitments1763802210000, ProductionModule, Production1763800700000, Samples1763801100000 } from './production/index.js';
import { Alarms1763801500000, InspectionPhotos1763801200000, Returns1763800800000, ReturnsModule } from './returns/index.js';

export const MIGRATIONS = [
  JobsAndFacts1763800000000, Access1763800100000, Catalogue1763800200000, Broadcasts1763800300000, Orders1763800400000, Inventory1763800500000, Forecast1763800600000,
  Production1763800700000, Returns1763800800000, Accountability1763800900000, Files1763801000000, Samples1763801100000, InspectionPhotos1763801200000, Notices1763801300000,
  LinesForReaders1763801400000, Alarms1763801500000, ReturnExpectations1763801600000, LotsWithdrawn1763801700000,
  NowcastModels1763802100000, StandingSales1763802200000, Commitments1763802210000, LeanIntake1763802300000, PlatformConnections1763803000000, SharedStock1763803100000,
  WeeklyShapes1763803200000, LiveLog1763803300000, LiveLogAttributions1763803400000, ViewerSteps1763803500000, StreamMoves1763803600000, LinkBundles1763803700000, ReturnWords1763803800000,
  FairClaims1763803900000, ReservationsByLine1763804000000, OverviewIndexes1763804010000, AgreedUnits1763804100000, WaitingNeeds1763804110000,
];
export const ENTITIES = [Shop, Supplier, Style, Sku, Sourcing, Anchor, Broadcast, LineUpItem, Link, LinkComponent];

@Module({})
export class AppModule {
  static on(foundations: Foundations): DynamicModule {
    return {
      module: AppModule,
      imports: [
        KernelModule.on(foundations), AccessModule, OperationsModule, CatalogueModule, BroadcastsModule, OrdersModule, InventoryModule, ForecastModule, ProductionModule, ReturnsModule, AccountabilityModule, DeskModule, ConnectorsModule,
      ],
    };
  }
}
