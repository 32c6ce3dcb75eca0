import type { NeedLine } from '../forecast/index.js';
import { chosenLines, commitmentsOf, isCovered, type CostTerms } from './commitments.rules.js';
import { propose, type OpenOrder, type ProposedLine } from './production.rules.js';

const TERMS: CostTerms = { unit_cost: 500, cost_currency: 'CNY', salvage_value: 100, moq: 40, lot_multiple: 10 };
const line = (over: Partial<ProposedLine> = {}): ProposedLine => ({ lineId: 'l1', sku: 'A', quantity: 100, quantityBefore: 0, due: '2026-12-01', dueBefore: null, ...over });
const need = (over: Partial<NeedLine> = {}): NeedLine => ({
  sku: 'A', assessment: 'as_1', firm: 30, recommended: 100, surplus: 0, committedNeed: 30, lateProduction: 0, p50: 20, p90: 50, spike: null, production: 0, promise: '2026-12-01',
  evidence: { gross: 0, paid: 0, cancelled: 0, open: 0, broadcast: null, anchor: null }, ...over,
});

describe('which units are signed for', () => {
  const two = [line(), line({ lineId: 'l2', sku: 'B', quantity: 60, quantityBefore: 20 })];

  it('all of them, or fewer of the lines that are named; a line at what is on order already falls away', () => {
    expect(chosenLines(two, [], TERMS, 'create').map((l) => l.quantity)).toEqual([100, 60]);
    expect(chosenLines(two, [{ lineId: 'l1', quantity: 40 }], TERMS, 'create').map((l) => l.quantity)).toEqual([40, 60]);
    expect(chosenLines(two, [{ lineId: 'l2', quantity: 20 }], TERMS, 'create').map((l) => l.lineId)).toEqual(['l1']);
  });

  it('lots and the smallest order bind the sum of what is added; an increase has no smallest order', () => {
    expect(chosenLines(two, [{ lineId: 'l1', quantity: 5 }, { lineId: 'l2', quantity: 55 }], TERMS, 'create').map((l) => l.quantity)).toEqual([5, 55]);
    expect(() => chosenLines(two, [{ lineId: 'l1', quantity: 45 }], TERMS, 'create')).toThrow(/85 units are no multiple of 10/);
    const ten = [{ lineId: 'l1', quantity: 10 }, { lineId: 'l2', quantity: 20 }];
    expect(() => chosenLines(two, ten, TERMS, 'create')).toThrow(/below the smallest order of 40/);
    expect(chosenLines(two, ten, TERMS, 'increase').map((l) => l.quantity)).toEqual([10]);
  });

  it('never more than the factory was told of, never nothing', () => {
    expect(() => chosenLines(two, [{ lineId: 'l1', quantity: 110 }], TERMS, 'create')).toThrow(/lines\[0\]\.quantity/);
    expect(() => chosenLines(two, [{ lineId: 'l2', quantity: 10 }], TERMS, 'create')).toThrow(/from 20/);
    expect(() => chosenLines(two, [{ lineId: 'l1', quantity: 0 }, { lineId: 'l2', quantity: 20 }], TERMS, 'create')).toThrow(/nothing is left/);
    expect(() => chosenLines(two, [{ lineId: 'l1', quantity: 50 }, { lineId: 'l1', quantity: 60 }], TERMS, 'create')).toThrow(/named twice/);
  });
});

it('at risk is what the units that are not sold yet cost less what they bring left over; spare is what even high demand does not need', () => {
  const terms = new Map([['A', TERMS]]);
  expect(commitmentsOf([line()], [need()], terms)).toEqual([{ lineId: 'l1', sku: 'A', assessment: 'as_1', units: 100, beyond: 70, spare: 20, atRisk: 70 * 400, currency: 'CNY' }]);
  // Ten units that lie there already come first.
  expect(commitmentsOf([line({ quantity: 60, quantityBefore: 20 })], [need({ committedNeed: 0, spare: 10, p90: 45 })], terms)).toMatchObject([{ units: 40, beyond: 40, spare: 5 }]);
  expect(commitmentsOf([line({ quantity: 30 })], [need()], terms)).toMatchObject([{ beyond: 0, spare: 0, atRisk: 0 }]);
});

it('the policy signs within its limit, in its currency, and only for what is not sold yet', () => {
  const [c] = commitmentsOf([line()], [need()], new Map([['A', TERMS]]));
  const policy = { automatic: true, mostAtRisk: 50_000, currency: 'CNY' };
  const signs = (over: object, already = 0, list = [c as NonNullable<typeof c>]): boolean => isCovered({ ...policy, ...over }, already, list);
  expect([signs({}), signs({}, 22_000), signs({}, 22_001), signs({ mostAtRisk: 27_999 }), signs({ automatic: false }), signs({ currency: 'USD' })]).toEqual([true, true, false, false, false, false]);
  expect(signs({}, 0, [{ ...(c as NonNullable<typeof c>), beyond: 0, atRisk: 0 }])).toBe(false);
  expect(isCovered(undefined, 0, [c as NonNullable<typeof c>])).toBe(false);
});

describe('what was signed for stands', () => {
  const terms = { moq: 20, lotMultiple: 10, leadTimeDays: 7, frozenFenceDays: 0, stageDays: {}, hasConfirmingHour: false };
  const order = (spare?: number): OpenOrder => ({
    id: 'po_1', ageDays: 0, lines: [{ lineId: 'l1', sku: 'A', quantity: 100, due: '2026-12-20', produced: 0, expediteRefused: false }], ...(spare === undefined ? {} : { spare: new Map([['A', spare]]) }),
  });
  const over = (surplus: number): NeedLine[] => [need({ firm: 0, recommended: 0, committedNeed: 0, surplus })];

  it('planning takes back what a changed need leaves over, and not what was more than enough when it was signed', () => {
    expect(propose(over(20), [order()], terms, '2026-12-01', true)).toMatchObject({ kind: 'decrease', lines: [{ quantity: 80 }] });
    expect(propose(over(20), [order(20)], terms, '2026-12-01', true)).toBeUndefined();
    expect(propose(over(50), [order(20)], terms, '2026-12-01', true)).toMatchObject({ kind: 'decrease', lines: [{ quantity: 70 }] });
  });
});
