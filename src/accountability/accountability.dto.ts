import { Choice, Currency, Flag, Name, Rows, Text, Whole } from '../kernel/index.js';
import { FINDINGS } from '../returns/index.js';
import { NOT_INSPECTED, PARTIES, type Party } from './accountability.rules.js';

export class ShareBody {
  @Choice(PARTIES) party!: Party;
  @Whole({ min: 1, max: 10_000, description: 'basis points; the shares of one judgement sum to 10,000' }) shareBp!: number;
}

export class RuleBody {
  @Choice([...FINDINGS, NOT_INSPECTED]) finding!: string;
  @Text({ optional: true, min: 1, max: 256, description: 'only where the buyer claimed just this; absent: whatever was claimed' }) claimedReason?: string;
  @Rows(() => ShareBody, { min: 1, max: 6 }) shares!: ShareBody[];
}

export class CostsBody {
  @Currency() currency!: string;
  @Whole({ max: 1_000_000_000, description: 'minor units for one returned unit' }) forwardFreight!: number;
  @Whole({ max: 1_000_000_000 }) returnFreight!: number;
  @Whole({ max: 1_000_000_000 }) inspection!: number;
}

export class WriteDownBody {
  @Choice(['A', 'B', 'C']) grade!: 'A' | 'B' | 'C';
  @Whole({ max: 10_000, description: 'part of a unit’s cost that is lost when it comes back so, in basis points' }) lossBp!: number;
}

export class PolicyBody {
  @Text({ min: 1, max: 500, description: 'why it changes' }) note!: string;
  @Rows(() => RuleBody, { min: 1, max: 500 }) rules!: RuleBody[];
  @Rows(() => WriteDownBody, { min: 3, max: 3 }) writeDown!: WriteDownBody[];
  @Rows(() => CostsBody, { max: 50 }) costs!: CostsBody[];
}

export class TermsBody {
  @Whole({ max: 10_000, description: 'natural defects of a lot that nobody pays for, in basis points of the units received' }) allowanceBp!: number;
  @Whole({ max: 10_000, description: 'most that is claimed for one unit, in basis points of its cost' }) capBp!: number;
  @Whole({ max: 3650, description: 'days from the receipt of a lot within which its returns can be claimed' }) claimWindowDays!: number;
  @Whole({ min: 1, max: 365 }) answerDays!: number;
  @Whole({ max: 365, description: 'days that a draft collects claims before it is sent by itself' }) collectDays!: number;
  @Flag({ description: 'whether no answer in time counts as accepted' }) silenceAccepts!: boolean;
  @Choice(['money', 'rework', 'replacement'], { description: 'what comes before money' }) remedy!: 'money' | 'rework' | 'replacement';
}

export class ResponsibilityBody {
  @Rows(() => ShareBody, { min: 1, max: 6 }) shares!: ShareBody[];
  @Whole({ optional: true, description: 'one inspected line of the return; absent: all of it' }) inspection?: number;
  @Text({ min: 1, max: 500, description: 'why it is judged otherwise than by the policy' }) note!: string;
}

export class AcceptedLineBody {
  @Name() lineId!: string;
  @Whole({ max: 100_000_000, description: 'units of the line that are accepted' }) quantity!: number;
  @Text({ optional: true, max: 500 }) reason?: string;
}

export class ChargebackResponseBody {
  @Whole({ optional: true, min: 1, max: 1_000_000, description: 'the version that is answered' }) version?: number;
  @Choice(['accept', 'accept-partly', 'dispute']) verdict!: 'accept' | 'accept-partly' | 'dispute';
  @Rows(() => AcceptedLineBody, { optional: true, max: 5000 }) lines?: AcceptedLineBody[];
  @Text({ optional: true, max: 2000 }) note?: string;
}

export class ChargedLineBody {
  @Name() lineId!: string;
  @Whole({ max: 100_000_000, description: 'units of the line that are charged in the end' }) quantity!: number;
}

export class ChargebackRulingBody {
  @Choice(['uphold', 'reduce', 'withdraw']) verdict!: 'uphold' | 'reduce' | 'withdraw';
  @Rows(() => ChargedLineBody, { optional: true, max: 5000 }) lines?: ChargedLineBody[];
  @Text({ min: 1, max: 2000 }) note!: string;
}

export class SettlementBody {
  @Name({ description: 'such as the number of a statement or payment: the same reference is the same settlement' }) reference!: string;
  @Whole({ optional: true, min: 1, description: 'minor units; default all that is outstanding' }) amount?: number;
}
