import { CalendarDate, Choice, Name, Rows, Text, Whole } from '../kernel/index.js';

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

export class DecisionLineBody {
  @Name() lineId!: string;
  @Whole({ optional: true, max: 100_000_000 }) quantity?: number;
  @CalendarDate({ optional: true }) due?: string;
}

export class DecisionBody {
  @Whole({ min: 1, max: 1_000_000 }) version!: number;
  @Choice(['accept', 'counter', 'withdraw']) verdict!: 'accept' | 'counter' | 'withdraw';
  @Rows(() => DecisionLineBody, { optional: true, max: 500 }) lines?: DecisionLineBody[];
  @Text({ optional: true, max: 1000 }) note?: string;
}

export class NewAdjustment {
  @Name() productionOrder!: string;
  @Choice(['increase', 'decrease', 'expedite', 'delay', 'hold', 'resume', 'cancel']) kind!: 'increase' | 'decrease' | 'expedite' | 'delay' | 'hold' | 'resume' | 'cancel';
  @Rows(() => DecisionLineBody, { optional: true, max: 500 }) lines?: DecisionLineBody[];
}
