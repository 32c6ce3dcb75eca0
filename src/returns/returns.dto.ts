import { Choice, Instant, Name, Names, Rows, Text, Whole } from '../kernel/index.js';
import { DISPOSITIONS, FINDINGS, GRADES, type Disposition, type Finding, type Grade } from './returns.rules.js';

export class ReturnReceiptBody {
  @Whole({ min: 1, max: 1_000_000, optional: true, description: 'units that came; default all that are still to come' }) quantity?: number;
  @Choice(['whole', 'short', 'wrong'], { optional: true }) condition?: 'whole' | 'short' | 'wrong';
  @Name({ optional: true, description: 'default main' }) location?: string;
  @Instant({ optional: true }) at?: string;
}

export class WaybillReceiptBody {
  @Text({ min: 1, max: 128 }) trackingNumber!: string;
  @Name({ optional: true, description: 'default main' }) location?: string;
  @Instant({ optional: true }) at?: string;
}

export class InspectedUnitsBody {
  @Whole({ min: 1, max: 1_000_000 }) quantity!: number;
  @Name({ optional: true, description: 'the lot they are of, where that is seen; default the lots that came back with the return, in their order' }) lot?: string;
  @Text({ optional: true, min: 1, max: 128, description: 'dye lot or lay' }) subLot?: string;
  @Choice(GRADES) grade!: Grade;
  @Choice(FINDINGS) finding!: Finding;
  @Choice(DISPOSITIONS, { optional: true, description: 'default by grade: A restock (quarantine where the finding, the category or an alarm of the lot forbids it), B quarantine, C scrap' }) disposition?: Disposition;
  @Text({ optional: true, max: 500 }) note?: string;
  @Names({ optional: true, max: 20 }) photos?: string[];
}

export class InspectionBody {
  @Rows(() => InspectedUnitsBody, { min: 1, max: 100 }) units!: InspectedUnitsBody[];
  @Instant({ optional: true }) at?: string;
}

export class AlarmClosingBody {
  @Choice(['confirmed', 'dismissed'], { description: 'dismissed: what was blocked for it can be sold again' }) verdict!: 'confirmed' | 'dismissed';
  @Text({ min: 1, max: 1000 }) note!: string;
}
