import { Choice, Instant, Name, Rows, Whole } from '../kernel/index.js';
import { LIVE_LOG_KINDS, type LiveLogKind } from './live-log.rules.js';

export class LiveLogEntryBody {
  @Instant() at!: string;
  @Choice(LIVE_LOG_KINDS) kind!: LiveLogKind;
  @Name({ optional: true, description: 'what is shown, pulled, priced or refilled: a SKU or a link' }) sku?: string;
  @Name({ optional: true, description: "the platform's listing; stands for every SKU that it sells" }) link?: string;
  @Whole({ optional: true, max: 1_000_000_000_000, description: "minor units of the shop's currency: the price that was set, or what a coupon takes off" }) amount?: number;
  @Whole({ optional: true, min: 1, max: 1_000_000_000, description: 'units put back on sale by a refill' }) units?: number;
  @Whole({ optional: true, max: 1_000_000_000, description: 'people watching' }) viewers?: number;
}

export class LiveLogBody {
  @Rows(() => LiveLogEntryBody, { max: 2000 }) entries!: LiveLogEntryBody[];
}
