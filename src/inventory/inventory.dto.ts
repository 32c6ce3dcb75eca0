import { Choice, Name, Rows, Text, Whole } from '../kernel/index.js';

export class ReservationLineBody {
  @Name() sku!: string;
  @Whole({ min: 1, max: 1_000_000 }) quantity!: number;
}

export class NewReservationBody {
  @Rows(() => ReservationLineBody, { min: 1, max: 200 }) lines!: ReservationLineBody[];
  @Whole({ min: 1, max: 604_800, description: 'seconds until the units are given back; confirmed, it keeps them for 30 days' }) seconds!: number;
  @Name({ optional: true, description: 'needed with orderId; its clock says whether live or replayed stock is meant' }) shop?: string;
  @Name({ optional: true, description: 'the order that will be paid: its lines take the units over' }) orderId?: string;
  @Name({ optional: true, description: 'default main' }) location?: string;
  @Text({ optional: true, max: 500 }) note?: string;
}

export class NewMovementBody {
  @Choice(['adjust', 'scrap', 'quarantine', 'regrade']) cause!: 'adjust' | 'scrap' | 'quarantine' | 'regrade';
  @Name() sku!: string;
  @Whole({ min: -1_000_000, max: 1_000_000, description: 'units; negative only for an adjustment that finds fewer' }) quantity!: number;
  @Choice(['A', 'B', 'C', 'quarantine'], { optional: true, description: 'quality of the units now; default A' }) quality?: 'A' | 'B' | 'C' | 'quarantine';
  @Choice(['A', 'B', 'C'], { optional: true, description: 'for a regrade: the quality they get' }) toQuality?: 'A' | 'B' | 'C';
  @Name({ optional: true, description: 'id of the lot; absent: opening stock' }) lot?: string;
  @Name({ optional: true }) subLot?: string;
  @Name({ optional: true, description: 'default main' }) location?: string;
  @Choice(['live', 'replay'], { optional: true }) world?: 'live' | 'replay';
  @Text({ min: 1, max: 500, description: 'why' }) note!: string;
}
