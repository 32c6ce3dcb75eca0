import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, registerDecorator } from 'class-validator';
import { Instant, Name, Names, Rows, Text, Whole } from '../kernel/index.js';

/** An object of short texts. */
function Texts(description: string): PropertyDecorator {
  return (target, property) => {
    ApiProperty({ type: 'object', additionalProperties: { type: 'string', maxLength: 4096 }, required: false as never, description })(target, property);
    IsOptional()(target, property);
    registerDecorator({
      name: 'texts', target: target.constructor, propertyName: property as string,
      validator: {
        validate: (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length <= 30 && Object.values(value).every((v) => typeof v === 'string' && v.length <= 4096),
        defaultMessage: () => `${String(property)} must be an object of texts of at most 4096 characters`,
      },
    });
  };
}

export class ConnectionBody {
  @Name({ description: 'generic, shopify, tiktok … as in GET /v1/platforms' }) platform!: string;
  @Texts('what the platform gave: named in GET /v1/platforms; stored encrypted, never answered') credentials?: Record<string, string>;
  @Texts('what is no secret: named in GET /v1/platforms') settings?: Record<string, string>;
}

export class PullBody {
  @Instant({ optional: true, description: 'pull again from this moment on; without it from where the last pull ended' }) since?: string;
}

export class ComponentBody {
  @Name() sku!: string;
  @Whole({ min: 1, max: 1000, optional: true, description: 'units of the SKU per unit sold; default 1' }) quantity?: number;
}

export class MappingBody {
  @Text({ min: 1, max: 256, description: "the seller's code, the platform's SKU id, or its listing id" }) code!: string;
  @Rows(() => ComponentBody, { max: 20, description: 'what one unit of it is; an empty list takes the mapping away' }) components!: ComponentBody[];
}

export class RedriveBody {
  @Names({ optional: true, max: 500 }) ids?: string[];
  @Name({ optional: true }) shop?: string;
}

export class RoomBody {
  @Name({ description: 'our broadcast' }) broadcast!: string;
}


export class SpanBody {
  @Instant() from!: string;
  @Instant({ description: 'at most a week later' }) to!: string;
}

export class StockOfferBody {
  @Name() sku!: string;
  @Text({ min: 1, max: 128, description: "the platform's SKU id" }) code!: string;
  @Text({ min: 1, max: 128, optional: true, description: "the platform's listing id, where it wants one" }) item?: string;
  @Whole({ min: 0, max: 1_000_000, optional: true, description: 'units held back whatever others sell; without it as many as the others may sell before a push arrives' }) buffer?: number;
  @Whole({ min: 0, max: 3600, optional: true, description: 'seconds from a sale there until we hear of it; default 10' }) hearSeconds?: number;
  @Whole({ min: 0, max: 3600, optional: true, description: 'seconds from our push until it is shown; default 10' }) pushSeconds?: number;
}

export class StockOffersBody {
  @Rows(() => StockOfferBody, { max: 500 }) items!: StockOfferBody[];
}
