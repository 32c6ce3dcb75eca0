import { CalendarDate, Choice, Currency, Flag, Instant, Name, Rows, Text, Whole } from '../kernel/index.js';

export class SplitBody {
  @Whole({ min: 1, max: 100_000_000 }) quantity!: number;
  @CalendarDate() date!: string;
}

export class ReplyLineBody {
  @Name() lineId!: string;
  @Choice(['accept', 'reject', 'counter']) verdict!: 'accept' | 'reject' | 'counter';
  @Rows(() => SplitBody, { optional: true, max: 20 }) splits?: SplitBody[];
  @Name({ optional: true }) substituteSku?: string;
  @Whole({ optional: true, max: 1_000_000_000_000, description: 'minor units; a proposal of its own that the buyer accepts or not' }) surcharge?: number;
  @Text({ optional: true, max: 500 }) note?: string;
}

export class ReplyBody {
  @Whole({ min: 1, max: 1_000_000 }) version!: number;
  @Choice(['accept', 'reject', 'counter']) verdict!: 'accept' | 'reject' | 'counter';
  @Rows(() => ReplyLineBody, { optional: true, max: 500 }) lines?: ReplyLineBody[];
  @Text({ optional: true, max: 1000 }) note?: string;
}

export class ProgressLineBody {
  @Name() lineId!: string;
  @Whole({ max: 100_000_000, description: 'units of the line that have passed the stage so far' }) quantity!: number;
}

export class ProgressBody {
  @Choice(['greige', 'dyed', 'trims', 'cut', 'sewn', 'finished', 'shipped']) stage!: 'greige' | 'dyed' | 'trims' | 'cut' | 'sewn' | 'finished' | 'shipped';
  @Rows(() => ProgressLineBody, { min: 1, max: 500 }) lines!: ProgressLineBody[];
  @Instant({ optional: true }) at?: string;
}

export class ReceiptLineBody {
  @Name() lineId!: string;
  @Whole({ min: 1, max: 100_000_000 }) quantity!: number;
  @Choice(['A', 'B', 'C', 'quarantine'], { optional: true, description: 'as it was found on arrival; default A' }) quality?: 'A' | 'B' | 'C' | 'quarantine';
  @Name({ optional: true }) dyeLot?: string;
  @Name({ optional: true }) workshop?: string;
}

export class ReceiptBody {
  @Rows(() => ReceiptLineBody, { min: 1, max: 500 }) lines!: ReceiptLineBody[];
  @Name({ optional: true, description: 'the supplier’s delivery note: the same note again is the same receipt' }) deliveryNote?: string;
  @Name({ optional: true, description: 'what the supplier calls the lot' }) lot?: string;
  @Name({ optional: true, description: 'default main' }) location?: string;
  @Instant({ optional: true }) at?: string;
  @Flag({ optional: true, description: 'take more than was ordered and is within tolerance' }) acceptExcess?: boolean;
  @Flag({ optional: true, description: 'nothing more is to come: the order is closed short' }) final?: boolean;
}

export class DecisionLineBody {
  @Name() lineId!: string;
  @Whole({ optional: true, max: 100_000_000 }) quantity?: number;
  @CalendarDate({ optional: true }) due?: string;
}

export class DecisionBody {
  @Whole({ min: 1, max: 1_000_000 }) version!: number;
  @Choice(['accept', 'counter', 'withdraw', 'commit'], { description: 'commit: a heads-up is ordered; lines give fewer units, others stay as recommended' }) verdict!: 'accept' | 'counter' | 'withdraw' | 'commit';
  @Rows(() => DecisionLineBody, { optional: true, max: 500 }) lines?: DecisionLineBody[];
  @Text({ optional: true, max: 1000 }) note?: string;
}

export class CommitmentPolicyBody {
  @Flag({ description: 'recommendations become orders by themselves, within the limit' }) automatic!: boolean;
  @Whole({ max: 1_000_000_000_000, description: 'minor units: what may be lost at most on units not sold yet, over all that was committed automatically and is still being made' }) mostAtRisk!: number;
  @Currency() currency!: string;
  @Text({ optional: true, max: 1000 }) note?: string;
}

export class NewAdjustment {
  @Name() productionOrder!: string;
  @Choice(['increase', 'decrease', 'expedite', 'delay', 'hold', 'resume', 'cancel']) kind!: 'increase' | 'decrease' | 'expedite' | 'delay' | 'hold' | 'resume' | 'cancel';
  @Rows(() => DecisionLineBody, { optional: true, max: 500 }) lines?: DecisionLineBody[];
}
