import { Controller, Get, Inject, Param, Query as QueryParam } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, limitTo, type Principal } from '../access/index.js';
import { CatalogueService } from '../catalogue/index.js';
import { Database, invalid, ListQuery, notFound, queryInstant, type Query } from '../kernel/index.js';
import { worldNow, worldOf } from '../orders/index.js';
import { FAULTS_OF_PRODUCTION } from '../returns/index.js';
import { answerHours, faultyUnits, moneyOf, recordOf } from './scorecard.repository.js';
import { measured, scoreOf, type Measure } from './scorecard.rules.js';

const DAY_MS = 86_400_000;
const USUAL_DAYS = 90;
const UNITS = 100;

@ApiTags('desk')
@Controller('v1/suppliers')
export class ScorecardController {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(CatalogueService) private readonly catalogue: CatalogueService,
  ) {}

  /** A supplier's measured record of a period (default the last 90 days), each measure with its count and interval, and the units behind it. */
  @Get(':id/scorecard')
  @Allow('operator', 'factory', 'quality', 'finance')
  @ListQuery('from', 'to', 'world')
  async scorecard(@Param('id') id: string, @QueryParam() query: Query, @CurrentPrincipal() principal: Principal): Promise<object> {
    const world = worldOf(query);
    const [from, to] = [queryInstant(query, 'from'), queryInstant(query, 'to')];
    const only = limitTo(principal, 'supplier');
    if (only !== undefined && !only.includes(id)) throw notFound(`the supplier ${id}`);
    return this.database.transaction(async (tx) => {
      await this.catalogue.supplier(tx, id);
      const until = to === null ? new Date((await worldNow(tx, world)).getTime() + 1) : new Date(to);
      const since = from === null ? new Date(until.getTime() - USUAL_DAYS * DAY_MS) : new Date(from);
      if (since >= until) throw invalid('from', 'must be before to');
      const period = { world, supplier: id, from: since, to: until } as const;
      const [record, hours, money, units] = await Promise.all([recordOf(tx, period, FAULTS_OF_PRODUCTION), answerHours(tx, period), moneyOf(tx, period), faultyUnits(tx, period, FAULTS_OF_PRODUCTION, UNITS)]);
      const measures = Object.fromEntries((Object.keys(record) as Measure[]).map((name) => [name, measured(name, record[name])]));
      return {
        supplier: id, world, from: since, to: until, score: scoreOf(Object.values(measures)), measures, answerHours: hours,
        money: money.map((m) => ({ currency: m.currency, caused: m.caused, charged: m.charged, settled: m.settled, outstanding: m.outstanding })),
        units: units.map((u) => ({ return: u.return_case, lot: u.lot, sku: u.sku, finding: u.finding, quantity: u.quantity, at: u.at })),
      };
    });
  }
}
