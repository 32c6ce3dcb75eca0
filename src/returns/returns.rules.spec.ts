import fc from 'fast-check';
import { FINDINGS, lotsReturned, merged, notRestocked, usualDisposition, type CaseRow, type Finding, type Grade, type KnownCase } from './returns.rules.js';
import { CASE_STATUSES } from './returns.states.js';

const row = (over: Partial<CaseRow> = {}): CaseRow => ({
  id: 'R1', shop: 's', orderId: 'o', lineId: '1', sku: 'A', quantity: 2, kind: 'return', claimedReason: null, trackingNumber: null, at: 1000, status: 'requested', ...over,
});
const opened = ({ at, ...rest }: CaseRow): KnownCase => ({ ...rest, requestedAt: at, statusAt: at });

describe('messages about one case', () => {
  it('the same again is a duplicate, another line or quantity a reuse', () => {
    expect(merged(opened(row()), row())).toMatchObject({ verdict: 'duplicate' });
    for (const other of [{ quantity: 3 }, { sku: 'B' }, { orderId: 'p' }, { lineId: '2' }, { shop: 't' }, { kind: 'exchange' as const }]) expect(merged(opened(row()), row(other))).toEqual({ verdict: 'reused' });
  });

  it('come to the same case in whatever order, and however often', () => {
    const message = fc.record({ at: fc.integer({ min: 0, max: 5 }), status: fc.constantFrom(...CASE_STATUSES) });
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 8 }), fc.array(fc.nat(), { maxLength: 16 }), (messages, order) => {
        const run = (list: readonly { at: number; status: CaseRow['status'] }[]): KnownCase =>
          list.slice(1).reduce((known, m) => { const r = merged(known, row(m)); return r.verdict === 'reused' ? known : r.now; }, opened(row(list[0])));
        const shuffled = [...messages, ...order.map((i) => messages[i % messages.length] as (typeof messages)[number])].reverse();
        expect(run(shuffled)).toEqual(run(messages));
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});

describe('the lots of returned units', () => {
  const left = [{ lot: 'L1', subLot: '', units: 3 }, { lot: 'L2', subLot: 'D7', units: 2 }];
  it('are those that left for the line, less what came back before; more than left is of no known lot', () => {
    expect(lotsReturned(left, [], 4)).toEqual([{ lot: 'L1', subLot: '', units: 3 }, { lot: 'L2', subLot: 'D7', units: 1 }]);
    expect(lotsReturned(left, [{ lot: 'L1', subLot: '', units: 2 }], 2)).toEqual([{ lot: 'L1', subLot: '', units: 1 }, { lot: 'L2', subLot: 'D7', units: 1 }]);
    expect(lotsReturned(left, [], 7)).toEqual([...left, { lot: '', subLot: '', units: 2 }]);
    expect(lotsReturned([], [], 1)).toEqual([{ lot: '', subLot: '', units: 1 }]);
  });
});

it('only what is like new is sold again as new', () => {
  const as = (grade: Grade, finding: Finding, category = 'knitwear') => ({ grade, finding, category });
  expect([usualDisposition(as('A', 'no-fault')), usualDisposition(as('B', 'worn')), usualDisposition(as('C', 'defect'))]).toEqual(['restock', 'quarantine', 'scrap']);
  expect([notRestocked(as('A', 'too-small')), notRestocked(as('A', 'differs-from-what-was-said'))]).toEqual([undefined, undefined]);
  expect([notRestocked(as('B', 'no-fault')), notRestocked(as('C', 'no-fault'))]).toEqual([expect.stringContaining('grade B'), expect.stringContaining('grade C')]);
});

it('a perfect unit that is another article, has a fault, or touched the skin is not sold again as this one', () => {
  const barred = FINDINGS.filter((finding) => usualDisposition({ grade: 'A', finding, category: 'knitwear' }) !== 'restock');
  expect(barred).toEqual(['defect', 'out-of-tolerance', 'differs-from-sealed-sample', 'wrong-item', 'empty', 'damaged-in-transit', 'worn', 'hygiene-broken']);
  for (const finding of barred) expect(usualDisposition({ grade: 'A', finding, category: 'knitwear' })).toBe('quarantine');
  for (const category of ['Underwear', 'women/socks', '化妆品', 'food']) {
    expect(usualDisposition({ grade: 'A', finding: 'no-fault', category })).toBe('quarantine');
    expect(notRestocked({ grade: 'A', finding: 'no-fault', category })).toContain(category);
  }
});
