import { Controller, Get, Inject, Query as QueryParam } from '@nestjs/common';
import { ApiQuery, ApiTags } from '@nestjs/swagger';
import { Allow } from '../access/index.js';
import { Database, invalid, listed, ListQuery, pageOf, parseInstant, queryText, type Listed, type Query } from '../kernel/index.js';
import { allClocks } from '../orders/index.js';
import { capped, ratesByKey, type Cohort } from '../returns/math/index.js';
import { cohorts, KEYS, type Key } from './rates.repository.js';

const KINDS = { return: ['return', 'exchange'], 'failed-delivery': ['failed-delivery'], 'refund-only': ['refund-only'] } as const;

function whole(query: Query, name: string, least: number, most: number, otherwise: number): number {
  const text = queryText(query, name);
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value < least || value > most) throw invalid(name, `must be a whole number from ${least} to ${most}`);
  return value;
}

@ApiTags('desk')
@Controller('v1/return-rates')
export class RatesController {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** How much of what was sold comes back in the end, by key, with intervals; the naive share beside it. */
  @Get()
  @Allow('operator', 'quality', 'finance')
  @ApiQuery({ name: 'by', required: false, enum: [...KEYS] })
  @ApiQuery({ name: 'kind', required: false, enum: Object.keys(KINDS) })
  @ListQuery('asOf', 'horizonDays', 'level', 'world')
  async rates(@QueryParam() query: Query): Promise<Listed<object>> {
    const page = pageOf(query, 1);
    const by = queryText(query, 'by') ?? 'sku';
    if (!KEYS.includes(by as Key)) throw invalid('by', `must be one of ${KEYS.join(', ')}`);
    const kind = queryText(query, 'kind') ?? 'return';
    if (!Object.hasOwn(KINDS, kind)) throw invalid('kind', `must be one of ${Object.keys(KINDS).join(', ')}`);
    const world = queryText(query, 'world') ?? 'live';
    if (world !== 'live' && world !== 'replay') throw invalid('world', 'must be live or replay');
    const levelText = queryText(query, 'level') ?? '0.9';
    const level = Number(levelText);
    if (!/^0\.\d{1,4}$/.test(levelText) || !(level > 0)) throw invalid('level', 'must be a number between 0 and 1, such as 0.9');
    const horizonDays = whole(query, 'horizonDays', 1, 365, 180);
    const asOfText = queryText(query, 'asOf');
    const given = asOfText === undefined ? undefined : parseInstant(asOfText);
    if (asOfText !== undefined && given === undefined) throw invalid('asOf', 'must be a time as in RFC 3339 with an offset');
    const rows = await this.database.transaction(async (tx) => {
      const latest = (await allClocks(tx)).flatMap((c) => (c.clock === world && c.now !== null ? [c.now.getTime()] : []));
      const asOf = new Date(given ?? Math.max(0, ...latest));
      return cohorts(tx, by as Key, { world, asOf, horizonDays, windowDays: 2 * horizonDays, kinds: KINDS[kind as keyof typeof KINDS] });
    });
    const byKey = new Map<string, Cohort[]>();
    for (const row of rows) {
      const list = byKey.get(row.key);
      if (list === undefined) byKey.set(row.key, [capped(row)]);
      else list.push(capped(row));
    }
    const rateOf = ratesByKey(byKey, horizonDays, level);
    const keys = [...byKey.keys()].sort((a, b) => (a < b ? -1 : 1)).filter((key) => page.after[0] === undefined || key > page.after[0]).slice(0, page.limit + 1);
    return listed(keys, page, (key) => [key], (key) => ({ key, ...rateOf(key) }));
  }
}
