import { Controller, Get, Inject, Param, Query as QueryParam } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, limitTo, type Principal } from '../access/index.js';
import { Database, listed, ListQuery, notFound, pageOf, queryText, type Listed, type Query } from '../kernel/index.js';
import * as store from './forecast.repository.js';

/** What of the inputs is nobody's margin: a factory may see these. */
const OPEN_INPUTS = new Set(['gross', 'paid', 'netPaid', 'cancelled', 'shipped', 'moq', 'lotMultiple', 'moqScope', 'leadTimeDays', 'dailyCapacity', 'lateProduction', 'broadcast', 'anchor', 'group']);

@ApiTags('forecast')
@Controller('v1')
export class ForecastController {
  constructor(@Inject(Database) private readonly database: Database) {}

  @Get('spikes')
  @Allow('operator', 'quality', 'finance')
  @ListQuery('shop', 'sku', 'broadcast')
  async spikes(@QueryParam() query: Query): Promise<Listed<object>> {
    const page = pageOf(query, 2);
    const [at, id] = page.after;
    const after = at !== undefined && id !== undefined && !Number.isNaN(Date.parse(at)) ? { at, id } : undefined;
    const filter = { shop: queryText(query, 'shop') ?? null, sku: queryText(query, 'sku') ?? null, broadcast: queryText(query, 'broadcast') ?? null };
    const found = await this.database.transaction((tx) => store.listSpikes(tx, filter, after, page.limit + 1));
    return listed(found, page, (row) => [row.detected_at.toISOString(), row.id], (row) => ({
      id: row.id, shop: row.shop, sku: row.sku, broadcast: row.broadcast === '' ? null : row.broadcast, onset: row.onset, detectedAt: row.detected_at, orders: row.orders,
      expectedOrders: row.expected_orders, ratio: row.ratio, score: row.score, endedAt: row.ended_at,
    }));
  }

  @Get('assessments/:id')
  @Allow('operator', 'quality', 'finance', 'factory')
  async assessment(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<object> {
    const row = await this.database.transaction((tx) => store.findAssessment(tx, id));
    const only = limitTo(principal, 'supplier');
    if (row === undefined || (only !== undefined && !only.includes(row.supplier ?? ''))) throw notFound(`the assessment ${id}`);
    const inputs = principal.role === 'factory' ? Object.fromEntries(Object.entries(row.inputs).filter(([name]) => OPEN_INPUTS.has(name))) : row.inputs;
    const reasons = principal.role === 'factory' ? row.reasons.filter((r) => !r.includes('critical fractile') && !r.startsWith('no-rate')) : row.reasons;
    return {
      id: row.id, sku: row.sku, at: row.at, supplier: row.supplier, open: row.open_units, held: row.held, cancellationToCome: row.cancellation, stock: row.stock,
      productionDue: row.production_due, reflow: row.reflow, committedNeed: row.committed_need, expectedMore: { quantiles: row.more }, recommended: row.recommended, firm: row.firm,
      surplus: row.surplus, inputs, reasons, spike: row.spike,
    };
  }
}
