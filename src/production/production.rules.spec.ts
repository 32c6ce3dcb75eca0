import type { NeedLine } from '../forecast/index.js';
import { DomainError } from '../kernel/index.js';
import { checkTransition, OPEN, TRANSITIONS, type AdjustmentStatus } from './adjustment.states.js';
import { asCountered, asProposed, DAMPING_MS, ESCALATION_MS, isNews, liabilityOf, newsAgainAt, propose, punctuality, remaining, resplit, withinTolerance, type OpenOrder, type SupplierTerms } from './production.rules.js';

const need = (over: Partial<NeedLine>): NeedLine => ({
  sku: 'A', assessment: 'as_1', firm: 0, recommended: 0, surplus: 0, committedNeed: 0, lateProduction: 0, p50: 0, p90: 0, spike: null, production: 0, promise: '2026-12-01',
  evidence: { gross: 0, paid: 0, cancelled: 0, open: 0, broadcast: null, anchor: null }, ...over,
});
const terms = (over: Partial<SupplierTerms> = {}): SupplierTerms => ({ moq: 20, lotMultiple: 10, leadTimeDays: 7, frozenFenceDays: 1, stageDays: { cut: 3 }, hasConfirmingHour: false, ...over });
const order = (over: Partial<OpenOrder> = {}): OpenOrder => ({ id: 'po_1', ageDays: 0, lines: [{ lineId: 'l1', sku: 'A', quantity: 100, due: '2026-12-01', produced: 0, expediteRefused: false }], ...over });
const TODAY = '2026-11-22';

describe('what is proposed for a changed need', () => {
  it('creates an order where none can take more', () => {
    expect(propose([need({ firm: 60, recommended: 80 })], [], terms(), TODAY, true)).toMatchObject({ kind: 'create', commitment: 'firm', lines: [{ sku: 'A', quantity: 60, quantityBefore: 0, due: '2026-11-29' }] });
    const frozen = order({ lines: [{ lineId: 'l1', sku: 'A', quantity: 100, due: '2026-11-23', produced: 0, expediteRefused: false }] });
    expect(propose([need({ firm: 60 })], [frozen], terms(), TODAY, true)?.kind).toBe('create');
    expect(propose([need({ firm: 60 })], [order({ ageDays: 3 })], terms(), TODAY, true)?.kind).toBe('create');
    const cut = order({ lines: [{ lineId: 'l1', sku: 'A', quantity: 100, due: '2026-12-01', produced: 100, expediteRefused: false }] });
    expect(propose([need({ firm: 60 })], [cut], terms(), TODAY, true)?.kind).toBe('create');
  });

  it('increases an order that still can', () => {
    expect(propose([need({ firm: 60 })], [order()], terms(), TODAY, true)).toMatchObject({ kind: 'increase', order: 'po_1', lines: [{ lineId: 'l1', quantity: 160, quantityBefore: 100 }] });
  });

  it('gives a factory with a confirming hour a heads-up of all that is recommended: material where units are sold, else forecast', () => {
    expect(propose([need({ firm: 50, recommended: 80, committedNeed: 55 })], [], terms(), TODAY, false)).toMatchObject({ commitment: 'material', lines: [{ quantity: 80 }] });
    expect(propose([need({ recommended: 80 })], [], terms(), TODAY, false)).toMatchObject({ commitment: 'forecast', lines: [{ quantity: 80 }] });
  });

  it('asks for what is on order sooner before it asks for more', () => {
    const late = order({ lines: [{ lineId: 'l1', sku: 'A', quantity: 100, due: '2026-12-20', produced: 0, expediteRefused: false }] });
    const lines = [need({ firm: 60, committedNeed: 60, lateProduction: 100 })];
    expect(propose(lines, [late], terms(), TODAY, true)).toMatchObject({ kind: 'expedite', lines: [{ due: '2026-12-01', dueBefore: '2026-12-20', quantity: 100 }] });
    const refused = { ...late, lines: late.lines.map((l) => ({ ...l, expediteRefused: true })) };
    expect(propose(lines, [refused], terms(), TODAY, true)?.kind).toBe('increase');
  });

  it('cuts what even high demand does not need, never below what is produced, never once cutting has begun', () => {
    expect(propose([need({ surplus: 40 })], [order()], terms(), TODAY, true)).toMatchObject({ kind: 'decrease', lines: [{ quantity: 60 }] });
    const half = order({ lines: [{ lineId: 'l1', sku: 'A', quantity: 100, due: '2026-12-01', produced: 80, expediteRefused: false }] });
    expect(propose([need({ surplus: 40 })], [half], terms(), TODAY, true)).toMatchObject({ lines: [{ quantity: 80 }] });
    expect(propose([need({ surplus: 40 })], [order({ ageDays: 3 })], terms(), TODAY, true)).toBeUndefined();
    expect(propose([need({ surplus: 5 })], [order()], terms(), TODAY, true)).toBeUndefined();
  });

  it('leaves lines alone that are in', () => {
    const line = (lineId: string, sku: string, due: string, over: object = {}) => ({ lineId, sku, quantity: 100, due, produced: 0, expediteRefused: false, ...over });
    const half = order({ lines: [line('l1', 'A', '2026-12-20', { produced: 100, isIn: true }), line('l2', 'B', '2026-12-20')] });
    const next = order({ id: 'po_2', lines: [line('l1', 'A', '2026-12-18')] });
    expect(propose([need({ firm: 60, committedNeed: 60, lateProduction: 100 })], [half, next], terms(), TODAY, true)).toMatchObject({ kind: 'expedite', order: 'po_2' });
    // Nor does the date of what came say that the rest is frozen.
    const early = order({ lines: [line('l1', 'A', TODAY, { produced: 100, isIn: true }), line('l2', 'B', '2026-12-20')] });
    expect(propose([need({ sku: 'B', surplus: 40 })], [early], terms(), TODAY, true)).toMatchObject({ kind: 'decrease', lines: [{ sku: 'B', quantity: 60 }] });
  });

  it('cuts whole lots, never below the least that a factory makes, or all of it', () => {
    const surplus = (units: number, over: Partial<SupplierTerms>): unknown => propose([need({ surplus: units })], [order()], terms(over), TODAY, true);
    expect(surplus(47, { lotMultiple: 10, moq: 20 })).toMatchObject({ kind: 'decrease', lines: [{ quantity: 60 }] });
    expect(surplus(95, { lotMultiple: 10, moq: 30 })).toMatchObject({ kind: 'decrease', lines: [{ quantity: 30 }] });
    expect(surplus(60, { lotMultiple: 50, moq: 100 })).toBeUndefined();
    expect(surplus(100, { lotMultiple: 30, moq: 90 })).toMatchObject({ kind: 'decrease', lines: [{ quantity: 0 }] });
    // Lots bind the sum of the lines: the last gives way.
    const sizes = order({ lines: ['A', 'B'].map((sku, i) => ({ lineId: `l${i + 1}`, sku, quantity: 50, due: '2026-12-01', produced: 0, expediteRefused: false })) });
    expect(propose([need({ sku: 'A', surplus: 23 }), need({ sku: 'B', surplus: 22 })], [sizes], terms(), TODAY, true)).toMatchObject({ lines: [{ sku: 'A', quantity: 27 }, { sku: 'B', quantity: 33 }] });
  });

  it('stops at once at night what is half unneeded', () => {
    expect(propose([need({ surplus: 70 })], [order()], terms({ hasConfirmingHour: true }), TODAY, false)).toMatchObject({ kind: 'hold', commitment: 'firm' });
    expect(propose([need({ surplus: 30 })], [order()], terms({ hasConfirmingHour: true }), TODAY, false)).toMatchObject({ kind: 'decrease', commitment: 'forecast' });
  });
});

describe('damping', () => {
  const line = (quantity: number) => ({ lineId: 'l1', sku: 'A', quantity, quantityBefore: 0, due: '2026-12-01', dueBefore: null });
  const current = { kind: 'create' as const, lines: [line(100)], at: 0 };
  const next = (quantity: number) => ({ kind: 'create' as const, commitment: 'firm' as const, order: 'po_1', lines: [line(quantity)] });

  it('renews only for a quarter and a lot, and not within fifteen minutes', () => {
    expect(isNews(current, next(130), 10, DAMPING_MS)).toBe(true);
    expect(isNews(current, next(130), 10, DAMPING_MS - 1)).toBe(false);
    expect(isNews(current, next(120), 10, DAMPING_MS)).toBe(false);
    expect(isNews({ ...current, lines: [line(20)] }, next(26), 10, DAMPING_MS)).toBe(false);
  });

  it('tells of a doubling, or of nothing any more, after a minute, and says when to look again', () => {
    expect(isNews(current, next(200), 10, ESCALATION_MS)).toBe(true);
    expect(isNews(current, next(0), 10, ESCALATION_MS)).toBe(true);
    expect(isNews(current, next(200), 10, ESCALATION_MS - 1)).toBe(false);
    expect(isNews(current, next(199), 10, ESCALATION_MS)).toBe(false);
    expect(isNews({ ...current, lines: [line(3)] }, next(7), 10, ESCALATION_MS)).toBe(false);
    expect([newsAgainAt(0, 10), newsAgainAt(0, ESCALATION_MS), newsAgainAt(0, DAMPING_MS)]).toEqual([ESCALATION_MS, DAMPING_MS, undefined]);
  });
});

describe('what is agreed as it was asked', () => {
  const standing = new Map([['l1', [{ quantity: 600, date: '2026-12-05' }, { quantity: 400, date: '2026-12-20' }]]]);
  const line = (quantity: number, due: string) => [{ lineId: 'l1', sku: 'A', quantity, quantityBefore: 1000, due, dueBefore: '2026-12-20' }];

  it('keeps the dates that were agreed before: an increase comes on its own date, a decrease takes from the latest', () => {
    expect(asProposed('increase', line(1100, '2026-12-29'), standing)[0]?.splits).toEqual([{ quantity: 600, date: '2026-12-05' }, { quantity: 400, date: '2026-12-20' }, { quantity: 100, date: '2026-12-29' }]);
    expect(asProposed('decrease', line(550, '2026-12-20'), standing)[0]?.splits).toEqual([{ quantity: 550, date: '2026-12-05' }]);
    expect(asProposed('expedite', line(1000, '2026-12-10'), standing)[0]?.splits).toEqual([{ quantity: 600, date: '2026-12-05' }, { quantity: 400, date: '2026-12-10' }]);
    // The actual cut changed the units since: dates alone move.
    expect(asProposed('delay', line(1000, '2026-12-25'), new Map([['l1', [{ quantity: 1020, date: '2026-12-20' }]]]))).toEqual([{ lineId: 'l1', sku: 'A', quantity: 1020, splits: [{ quantity: 1020, date: '2026-12-25' }] }]);
    expect(asProposed('create', line(1000, '2026-12-10'), new Map())[0]?.splits).toEqual([{ quantity: 1000, date: '2026-12-10' }]);
  });
});

describe('a counter', () => {
  const lines = ['l1', 'l2', 'l3'].map((lineId, i) => ({ lineId, sku: `K${i}`, quantity: 100, quantityBefore: 0, due: '2026-12-01', dueBefore: null }));

  it('keeps named lines as countered or accepted; a line not named is rejected', () => {
    const agreed = asCountered('create', lines, [{ lineId: 'l1', verdict: 'counter', splits: [{ quantity: 60, date: '2026-12-05' }, { quantity: 40, date: '2026-12-09' }] }, { lineId: 'l2', verdict: 'accept' }], new Map());
    expect(agreed.map((a) => [a.lineId, a.quantity, a.splits.length])).toEqual([['l1', 100, 2], ['l2', 100, 1]]);
    expect(asCountered('create', lines, [{ lineId: 'l1', verdict: 'counter', splits: [], surcharge: 5 }], new Map())[0]).toMatchObject({ quantity: 100, splits: [{ quantity: 100 }] });
  });

  it('leaves the dates that were agreed before where a line is accepted, or countered in its price alone', () => {
    const more = [{ lineId: 'l1', sku: 'A', quantity: 160, quantityBefore: 100, due: '2026-12-10', dueBefore: '2026-12-01' }];
    const standing = new Map([['l1', [{ quantity: 100, date: '2026-12-01' }]]]);
    const kept = [{ lineId: 'l1', sku: 'A', quantity: 160, splits: [{ quantity: 100, date: '2026-12-01' }, { quantity: 60, date: '2026-12-10' }] }];
    expect(asCountered('increase', more, [{ lineId: 'l1', verdict: 'accept' }], standing)).toEqual(kept);
    expect(asCountered('increase', more, [{ lineId: 'l1', verdict: 'counter', surcharge: 5 }], standing)).toEqual(kept);
    expect(asCountered('increase', more, [{ lineId: 'l1', verdict: 'counter', substituteSku: 'B' }], standing)[0]?.sku).toBe('B');
    // Splits are of the whole line, one per date.
    expect(asCountered('increase', more, [{ lineId: 'l1', verdict: 'counter', splits: [{ quantity: 90, date: '2026-12-12' }, { quantity: 50, date: '2026-12-02' }, { quantity: 20, date: '2026-12-12' }] }], standing)[0])
      .toMatchObject({ quantity: 160, splits: [{ quantity: 50, date: '2026-12-02' }, { quantity: 110, date: '2026-12-12' }] });
  });
});

describe('the machine', () => {
  it('leads nowhere from an end, and every open state can end', () => {
    for (const end of ['rejected', 'applied', 'expired', 'withdrawn', 'superseded'] as const) expect(TRANSITIONS[end]).toEqual({});
    for (const open of OPEN) expect(Object.keys(TRANSITIONS[open])).toContain('withdrawn');
  });

  it('refuses what is not in the table, by the wrong hand too', () => {
    const refuse = (from: AdjustmentStatus, to: AdjustmentStatus, cause: 'factory' | 'buyer' | 'clock'): void => checkTransition(from, to, cause);
    expect(() => refuse('sent', 'confirmed', 'factory')).toThrow(DomainError);
    expect(() => refuse('sent', 'accepted', 'buyer')).toThrow(/cannot become accepted/);
    expect(() => refuse('countered', 'confirmed', 'buyer')).not.toThrow();
  });

  it('says who carries what is left', () => {
    expect(liabilityOf('firm').finished).toBe('merchant');
    expect(liabilityOf('material')).toEqual({ fabric: 'merchant', cut: 'supplier', finished: 'supplier' });
  });
});

describe('what comes in of agreed dates', () => {
  const splits = [{ quantity: 60, date: '2026-12-01' }, { quantity: 40, date: '2026-12-05' }];

  it('fills the earliest dates first; a cut within tolerance changes the last date', () => {
    expect(remaining(splits, 70)).toEqual([{ quantity: 30, date: '2026-12-05' }]);
    expect(remaining(splits, 100)).toEqual([]);
    expect(resplit(splits, 105)).toEqual([{ quantity: 60, date: '2026-12-01' }, { quantity: 45, date: '2026-12-05' }]);
    expect(resplit(splits, 50)).toEqual([{ quantity: 50, date: '2026-12-01' }]);
    expect(resplit(splits, 0)).toEqual([{ quantity: 0, date: '2026-12-05' }]);
    expect([withinTolerance(105, 100), withinTolerance(95, 100), withinTolerance(106, 100), withinTolerance(94, 100)]).toEqual([true, true, false, false]);
  });

  it('is judged per date: what comes by its own date is on time', () => {
    expect(punctuality(splits, 0, 60, '2026-12-01')).toEqual({ onTime: 60, excess: 0 });
    expect(punctuality(splits, 0, 100, '2026-12-03')).toEqual({ onTime: 40, excess: 0 });
    expect(punctuality(splits, 60, 40, '2026-12-05')).toEqual({ onTime: 40, excess: 0 });
    expect(punctuality(splits, 60, 50, '2026-12-06')).toEqual({ onTime: 0, excess: 10 });
    expect(punctuality(splits, 0, 20, '2026-12-03')).toEqual({ onTime: 0, excess: 0 });
  });
});
