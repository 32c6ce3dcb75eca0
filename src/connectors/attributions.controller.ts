// Which broadcast sold what, how that is known, and what a person knows better.
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, type Principal } from '../access/index.js';
import { CatalogueService } from '../catalogue/index.js';
import { Database, invalid, notFound } from '../kernel/index.js';
import { attributionsOf } from './attribution.repository.js';
import { AttributionReview } from './attribution-review.js';
import { Attributions } from './attributions.js';
import { RoomBody, SpanBody } from './connections.dto.js';

const WEEK_MS = 7 * 86_400_000;

@ApiTags('connections')
@Controller('v1/shops/:shop')
export class AttributionsController {
  constructor(
    @Inject(Attributions) private readonly attributions: Attributions,
    @Inject(AttributionReview) private readonly attributionReview: AttributionReview,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(Database) private readonly database: Database,
  ) {}

  @Get('orders/:order/attributions')
  @Allow('operator', 'warehouse', 'quality', 'finance')
  async ofOrder(@Param('shop') shop: string, @Param('order') order: string): Promise<object> {
    const found = await this.database.transaction((tx) => attributionsOf(tx, shop, [order]));
    if (found.length === 0) throw notFound(`an attribution of the order ${order}`);
    return { shop, orderId: order, lines: found.map((a) => ({ lineId: a.line_id, broadcast: a.broadcast, anchor: a.anchor, method: a.method, confidence: a.confidence, decidedAt: a.decided_at })) };
  }

  @Put('live-rooms/:room')
  @Allow('operator')
  async nameRoom(@Param('shop') shop: string, @Param('room') room: string, @Body() body: RoomBody, @CurrentPrincipal() principal: Principal): Promise<object> {
    await this.catalogue.shop(shop);
    if (room.length > 128) throw invalid('room', 'must have at most 128 characters');
    const moved = await this.database.transaction((tx) => this.attributions.nameRoom(tx, principal, shop, room, body.broadcast));
    return { shop, room, broadcast: body.broadcast, moved };
  }

  @Post('attributions')
  @Allow('operator')
  @HttpCode(200)
  async again(@Param('shop') shop: string, @Body() body: SpanBody): Promise<object> {
    await this.catalogue.shop(shop);
    const [from, to] = [new Date(body.from), new Date(body.to)];
    if (to <= from) throw invalid('to', 'must be after from');
    if (to.getTime() - from.getTime() > WEEK_MS) throw invalid('to', 'must be at most a week after from');
    return this.attributionReview.review({ shop, from: from.getTime(), to: to.getTime(), broadcast: null, whole: true });
  }
}
