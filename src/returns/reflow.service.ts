// What is expected back of a SKU, as dated supply for its need: goods that were asked back and are on their way, and those of the
// units already delivered that will be. Told to forecast whenever something of it changes.
import { Inject, Injectable } from '@nestjs/common';
import { termsOf } from '../catalogue/index.js';
import { expectReturns } from '../forecast/index.js';
import { recordSupply, removeSupplyOf, type DatedSupply } from '../inventory/index.js';
import { Handles, type JobRun, type Tx } from '../kernel/index.js';
import { worldNow } from '../orders/index.js';
import { HistoryService, HORIZON_DAYS } from './history.service.js';
import { shareBy, usableReflow } from './math/index.js';
import { expectReflow } from './returns.facts.js';
import { mayBeResold } from './returns.rules.js';
import { announcedUnits, deliveredUnits, fateOf, lockReflow } from './history.repository.js';

const DAY_MS = 86_400_000;
/** Days ahead that are told; production that takes longer than this to come is not replaced by returns. */
const AHEAD_DAYS = 45;
/** How many cases the pooled yield weighs beside a SKU's own. */
const POOLED_CASES = 10;
/** How many units the pooled rate weighs beside a SKU's own. */
const POOLED_UNITS = 25;

@Injectable()
export class ReflowService {
  constructor(@Inject(HistoryService) private readonly history: HistoryService) {}

  @Handles(expectReflow)
  async onChange(run: JobRun<{ world: 'live' | 'replay'; sku: string }>): Promise<void> {
    await run.effect((tx) => this.expect(tx, run.payload.world, run.payload.sku));
  }

  async expect(tx: Tx, world: 'live' | 'replay', sku: string): Promise<void> {
    await lockReflow(tx, world, sku);
    const now = await worldNow(tx, world);
    const [terms] = await termsOf(tx, [sku]);
    if (terms === undefined) return;
    const history = await this.history.of(tx, world, now);
    const [announced, delivered, fate] = await Promise.all([announcedUnits(tx, world, sku, now), deliveredUnits(tx, world, sku, now, HORIZON_DAYS), fateOf(tx, world, sku, now)]);
    const { lag } = history;
    const exposure = delivered.reduce((s, d) => s + (d.units + d.returned) * (lag === undefined ? 1 : shareBy(lag, d.age)), 0);
    const rate = Math.min(0.95, (delivered.reduce((s, d) => s + d.returned, 0) + POOLED_UNITS * history.rate) / (exposure + POOLED_UNITS));
    const dated = mayBeResold(terms.category)
      ? usableReflow({
        announced, delivered: lag === undefined ? [] : delivered.map(({ age, units }) => ({ age, units })), rate, lag: lag ?? { share: [1] }, shelfDays: history.shelfDays,
        usable: fate.usable + POOLED_CASES * history.usable, lost: fate.lost + POOLED_CASES * (1 - history.usable),
      }, AHEAD_DAYS)
      : [];
    await removeSupplyOf(tx, 'returns', world, sku);
    const supply = dated.flatMap((d, i): DatedSupply[] => {
      const quantity = d.units - (dated[i - 1]?.units ?? 0);
      return quantity === 0 ? [] : [{ source: 'returns', ref: `${JSON.stringify([world, sku])} ${d.day}`, world, sku, quantity, due: new Date(now.getTime() + d.day * DAY_MS).toISOString().slice(0, 10) }];
    });
    if (supply.length > 0) await recordSupply(tx, supply);
    await expectReturns(tx, world, { sku, asOf: now.toISOString().slice(0, 10), rate, dated });
  }
}
