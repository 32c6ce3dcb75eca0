import { Flag, Instant, Name, Rows, Whole } from '../kernel/index.js';

export class NewBroadcast {
  @Name() id!: string;
  @Name() anchor!: string;
  @Name() shop!: string;
  @Instant() startsAt!: string;
  @Instant() endsAt!: string;
}

export class BroadcastEdit {
  @Name({ optional: true }) anchor?: string;
  @Instant({ optional: true }) startsAt?: string;
  @Instant({ optional: true }) endsAt?: string;
  @Flag({ optional: true, description: 'true cancels the broadcast; it cannot be undone' }) cancelled?: boolean;
}

export class ComponentBody {
  @Name() sku!: string;
  @Whole({ min: 1, max: 10_000 }) quantity!: number;
}

export class LineUpItemBody {
  @Name() sku!: string;
  @Name({ optional: true, description: "the platform's listing" }) link?: string;
  @Instant() slotAt!: string;
  @Whole({ max: 1_000_000_000_000, description: "minor units of the shop's currency" }) price!: number;
  @Whole({ max: 1_000_000_000 }) plannedUnits!: number;
  @Whole({ max: 365 }) promiseDays!: number;
  @Rows(() => ComponentBody, { optional: true, max: 50 }) components?: ComponentBody[];
}

export class LineUpBody {
  @Rows(() => LineUpItemBody, { max: 500 }) items!: LineUpItemBody[];
}
