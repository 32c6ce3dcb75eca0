import type { SkuTerms } from '../catalogue/index.js';
import { decide, needInput, type Demand, type NeedFacts } from './need.rules.js';
import { PUBLISHED } from './nowcast.rules.js';
import { PRIOR_STANDING } from './standing.rules.js';

const terms: SkuTerms = {
  sku: 'A', style: 'A', colour: 'red', size: 'M', category: 'c', price: 10_000, currency: 'CNY', size_ratio: 1, supplier: 'f', unit_cost: 4_000, cost_currency: 'CNY', salvage_value: 1_000, moq: 10, lot_multiple: 10,
  moq_scope: 'sku', lead_time_days: 7, daily_capacity: 500, frozen_fence_days: 0, confirming_hour: null, trial_quantity: null, reorder_premium_bp: 0, stage_days: {}, supplier_time_zone: 'Asia/Shanghai', standing: 'normal',
};
const demand: Demand = { open: 100, ordered: 100, netPaid: 100, cancelled: 0, shipped: 0, lines: 100, lineUnits: 100, lineLogMilli: 0, saleLines: 0, cancelledLines: 0, openPaidSeconds: 0 };
// 20:00 of the 22nd in UTC is the 23rd in Shanghai.
const now = new Date('2026-11-22T20:00:00Z');
const needOf = (supply: NeedFacts['supply']) => {
  const [decided] = decide([needInput({ terms, now, demand, held: undefined, sellable: 0, supply, returns: undefined, standing: undefined, standingModel: PRIOR_STANDING, items: [], nowcasts: [], model: PUBLISHED })]);
  if (decided === undefined) throw new Error('nothing was decided');
  return decided;
};

describe('what is on order', () => {
  it('counts by its date: in time, too late, or overdue, which is said and not ordered twice', () => {
    const nothing = needOf([]);
    expect(nothing).toMatchObject({ due: 0, late: 0, overdue: 0 });
    const need = needOf([{ quantity: 30, due: '2026-11-22' }, { quantity: 20, due: '2026-11-23' }, { quantity: 10, due: '2026-11-30' }, { quantity: 5, due: '2026-12-01' }]);
    expect(need).toMatchObject({ due: 60, late: 5, overdue: 30, committedNeed: nothing.committedNeed - 60 });
    expect(need.reasons.join('\n')).toContain('30 of the units of production were due before today');
    expect(nothing.reasons.join('\n')).not.toContain('due before today');
  });
});
