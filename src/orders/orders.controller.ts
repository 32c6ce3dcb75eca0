import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query as QueryParam, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { Readable } from 'node:stream';
import { Allow, CurrentPrincipal, mayIngest, type AccessGuard, type AccessRequest, type Principal } from '../access/index.js';
import { CatalogueService } from '../catalogue/index.js';
import {
  Database, describeFaults, DomainError, formatOf, listed, ListQuery, Names, Name, notFound, pageOf, queryText, readRow, type IntakeAnswer, type Lane, type Listed, type Query,
} from '../kernel/index.js';
import { BulkIntake } from './bulk.js';
import { GroupCommit } from './group-commit.js';
import { IntakeService } from './intake.service.js';
import { checkOrderRow, ORDER_COLUMNS, orderEvent } from './orders.file.js';
import { lineTotals, type OrderEvent } from './math/settle.js';
import * as store from './orders.repository.js';

const INTAKE_ROLES = ['operator', 'platform'] as const;

const ANSWERS = {
  accepted: { accepted: 1, duplicates: 0, quarantined: 0 },
  duplicate: { accepted: 0, duplicates: 1, quarantined: 0 },
  quarantined: { accepted: 0, duplicates: 0, quarantined: 1 },
} as const;

class Redrive {
  @Names({ optional: true, max: 500 }) ids?: string[];
  @Name({ optional: true }) shop?: string;
}

@ApiTags('orders')
@Controller('v1')
export class OrdersController {
  private readonly groupCommit: GroupCommit;

  constructor(
    @Inject(IntakeService) private readonly intake: IntakeService,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
    @Inject(Database) private readonly database: Database,
  ) {
    this.groupCommit = new GroupCommit((events) => this.intake.take(events));
  }

  @Post('order-events')
  @Allow(...INTAKE_ROLES)
  @HttpCode(202)
  @ApiBody({ schema: { type: 'object', required: ['event_id', 'occurred_at', 'shop', 'order_id', 'line_id', 'sku', 'quantity', 'type'], additionalProperties: true } })
  one(@Req() request: AccessRequest, @CurrentPrincipal() principal: Principal): Promise<object> {
    return this.takeOne(principal, request.body);
  }

  /** The same route without the framework around it. */
  lane(guard: AccessGuard): Lane<Principal> {
    return { path: '/v1/order-events', admit: (authorization) => guard.recognise(authorization, ...INTAKE_ROLES), take: (principal, body) => this.takeOne(principal, body) };
  }

  private async takeOne(principal: Principal, body: unknown): Promise<object> {
    const read = readRow(ORDER_COLUMNS, asRecord(body));
    if ('faults' in read) throw new DomainError(422, 'invalid', describeFaults(read.faults), { errors: read.faults });
    const fault = checkOrderRow(read.row);
    if (fault !== undefined) throw new DomainError(422, 'invalid', fault, { errors: [{ field: fault.split(':')[0], detail: fault }] });
    const event = orderEvent(read.row, this.intake.hashBuyer);
    if (!mayIngest(principal, event.shop) || !this.catalogue.knows(event.shop)) await this.shopInScope(principal, event.shop);
    const outcome = await this.groupCommit.submit(event);
    if (outcome.kind === 'rejected') throw new DomainError(outcome.code === 'event-id-reused' ? 409 : 422, outcome.code, outcome.detail);
    return ANSWERS[outcome.kind];
  }

  @Post('order-events/bulk')
  @Allow(...INTAKE_ROLES)
  @HttpCode(202)
  @ApiConsumes('application/x-ndjson', 'application/json', 'text/csv')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  async bulk(@Req() request: AccessRequest, @CurrentPrincipal() principal: Principal, @Headers('content-type') contentType: string | undefined): Promise<IntakeAnswer> {
    const format = formatOf(contentType);
    if (format === undefined) throw new DomainError(415, 'unsupported-media-type', 'send application/x-ndjson, application/json (an array) or text/csv');
    const inScope = (shop: string): Promise<boolean> =>
      this.shopInScope(principal, shop).then(() => true, (error: unknown) => {
        if (error instanceof DomainError && error.status === 404) return false;
        throw error;
      });
    return new BulkIntake({ take: (events) => this.intake.take(events), hashBuyer: this.intake.hashBuyer, inScope }).take(request.body as Readable, format);
  }

  @Get('quarantine')
  @Allow('operator')
  @ListQuery('shop', 'reason')
  async quarantine(@QueryParam() query: Query): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const filter = { shop: queryText(query, 'shop') ?? null, reason: queryText(query, 'reason') ?? null };
    const found = await this.database.transaction((tx) => store.listQuarantine(tx, filter, page.after[0] ?? '', page.limit + 1));
    return listed(found, page, (row) => [row.id], (row) => ({ id: row.id, shop: row.shop, eventId: row.event_id, reason: row.reason, receivedAt: row.received_at, event: shownEvent(row.event) }));
  }

  @Post('quarantine/redrive')
  @Allow('operator')
  @HttpCode(200)
  redrive(@Body() body: Redrive): Promise<{ redriven: number; remaining: number }> {
    return this.intake.redrive(body);
  }

  @Get('shops/:shop/intake-summary')
  @Allow('operator')
  async summary(@Param('shop') shop: string): Promise<object> {
    await this.catalogue.shop(shop);
    return this.database.transaction(async (tx) => {
      const s = await store.intakeSummary(tx, shop);
      return {
        shop, events: s.events, orders: s.orders, lines: s.lines, flagged: s.flagged, byType: s.by_type, digestSum: s.digest_sum, quarantined: s.quarantined,
        windows: s.windows, openUnits: s.open_units, unassessedStreams: await store.countDirty(tx),
      };
    });
  }

  @Get('shops/:shop/orders/:order')
  @Allow('operator', 'warehouse', 'quality', 'finance')
  async order(@Param('shop') shop: string, @Param('order') order: string): Promise<object> {
    const lines = await this.database.transaction((tx) => store.orderOf(tx, shop, order));
    if (lines.length === 0) throw notFound(`the order ${order}`);
    return {
      shop, orderId: order,
      lines: lines.map(({ state, counts, flags }) => ({
        lineId: state.lineId, sku: state.sku, counts, flags, ...lineTotals(state), delivered: state.delivered,
        ...Object.fromEntries(Object.entries(state.attributes).filter(([name, value]) => name !== 'buyer' && value[0] !== '').map(([name, value]) => [name, name === 'shipBy' ? new Date(Number(value[0])) : value[0]])),
      })),
    };
  }

  /** What is not in scope does not exist. */
  private async shopInScope(principal: Principal, shop: string): Promise<void> {
    if (!mayIngest(principal, shop)) throw notFound(`the shop ${shop}`);
    await this.catalogue.shop(shop);
  }
}

function asRecord(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new DomainError(422, 'invalid', 'the body must be one JSON object; several events go to /v1/order-events/bulk');
  return body as Record<string, unknown>;
}

const shownEvent = ({ buyer, ...event }: OrderEvent): object => ({ ...event, occurredAt: new Date(event.occurredAt), ...(buyer === null ? {} : { buyer: 'hashed' }) });
