import { Choice, Currency, Flag, Name, Text, TimeZone } from '../kernel/index.js';
import { STANDINGS, type ShopClock, type Standing } from './catalogue.entity.js';

export class ShopBody {
  @Name({ description: 'tiktok, shopee, douyin, taobao, kuaishou, lazada, shopify or any other name' }) platform!: string;
  @TimeZone() timeZone!: string;
  @Currency() currency!: string;
  @Choice(['live', 'replay'], { optional: true, description: 'what "now" is for this shop; set when it is created' }) clock?: ShopClock;
  @Flag({ optional: true, description: 'whether needs of this shop are sent to factories; default true for live, false for replay shops' }) sendSignals?: boolean;
}

export class NewSupplier {
  @Name() id!: string;
  @Text({ optional: true, min: 1, max: 200 }) name?: string;
  @TimeZone() timeZone!: string;
  @Text({ optional: true, max: 2000, description: 'https endpoint that receives signals' }) webhookUrl?: string;
}

export class SupplierEdit {
  @Text({ optional: true, min: 1, max: 200 }) name?: string;
  @TimeZone({ optional: true }) timeZone?: string;
  @Text({ optional: true, nullable: true, max: 2000 }) webhookUrl?: string | null;
  @Choice(STANDINGS, { optional: true, description: 'prevent: gets no new signals, the next supplier of each SKU does; the others are notes for people' }) standing?: Standing;
}
