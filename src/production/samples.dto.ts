import { CalendarDate, Choice, Instant, Name, Names, Rows, Text, Whole } from '../kernel/index.js';
import { SAMPLE_KINDS, type SampleKind } from './samples.states.js';

export class NewSampleBody {
  @Name() supplier!: string;
  @Name() style!: string;
  @Name({ optional: true, description: 'absent: whichever is at hand' }) colour?: string;
  @Name({ optional: true }) size?: string;
  @Choice(SAMPLE_KINDS) kind!: SampleKind;
  @Whole({ optional: true, min: 1, max: 1000, description: 'default 1' }) pieces?: number;
  @CalendarDate({ optional: true, description: 'default by kind, 2 to 7 days from now' }) due?: string;
  @Choice(['merchant', 'supplier'], { optional: true, description: 'default merchant' }) whoPays?: 'merchant' | 'supplier';
  @Choice(['live', 'replay'], { optional: true }) world?: 'live' | 'replay';
}

export class MeasurementBody {
  @Name({ description: 'point of measure, such as chest' }) point!: string;
  @Name({ optional: true }) size?: string;
  @Whole({ max: 100_000, description: 'tenths of a millimetre' }) target!: number;
  @Whole({ max: 100_000, description: 'tenths of a millimetre' }) measured!: number;
  @Whole({ max: 10_000, description: 'tenths of a millimetre, either way' }) tolerance!: number;
}

export class RoundStepBody {
  @Choice(['making', 'shipped', 'received', 'measured', 'reviewed', 'sealed']) step!: 'making' | 'shipped' | 'received' | 'measured' | 'reviewed' | 'sealed';
  @Text({ optional: true, min: 1, max: 128 }) trackingNumber?: string;
  @Rows(() => MeasurementBody, { optional: true, max: 200 }) measurements?: MeasurementBody[];
  @Choice(['approved', 'approved-with-comments', 'rejected'], { optional: true, description: 'for reviewed' }) verdict?: 'approved' | 'approved-with-comments' | 'rejected';
  @Text({ optional: true, max: 2000 }) comments?: string;
  @Names({ optional: true, max: 20 }) photos?: string[];
  @Instant({ optional: true }) at?: string;
}

export class OverrideBody {
  @Name() supplier!: string;
  @Name() style!: string;
  @Text({ min: 1, max: 500, description: 'why production goes on without an approved sample' }) note!: string;
  @Choice(['live', 'replay'], { optional: true }) world?: 'live' | 'replay';
}
