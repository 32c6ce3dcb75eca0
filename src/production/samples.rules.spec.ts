import fc from 'fast-check';
import type { Proposal } from './production.rules.js';
import { outOfTolerance, withinTrial } from './samples.rules.js';
import { OPEN_SAMPLES, SAMPLE_TRANSITIONS } from './samples.states.js';

const line = (lineId: string, quantity: number, quantityBefore = 0) => ({ lineId, sku: `K-${lineId}`, quantity, quantityBefore, due: '2026-12-01', dueBefore: null });
const create = (...quantities: number[]): Proposal => ({ kind: 'create', commitment: 'firm', order: undefined, lines: quantities.map((q, i) => line(`l${i + 1}`, q)) });

describe('production before a sample is approved', () => {
  it('goes as it is within the trial quantity', () => {
    const proposal = create(30, 20);
    expect(withinTrial(proposal, { room: 50, lotMultiple: 10, moq: 20 })).toEqual({ goes: proposal, waits: 0 });
  });

  it('beyond it goes in whole lots, shared by the lines, and the rest waits', () => {
    const { goes, waits } = withinTrial(create(60, 30), { room: 47, lotMultiple: 10, moq: 20 });
    expect([goes?.lines.map((l) => l.quantity), waits]).toEqual([[27, 13], 50]);
  });

  it('waits whole where the trial is below the minimum, or used up', () => {
    for (const room of [19, 0, -30]) expect(withinTrial(create(60), { room, lotMultiple: 10, moq: 20 })).toEqual({ goes: undefined, waits: 60 });
    // An open order takes less than its minimum more.
    expect(withinTrial({ ...create(60), kind: 'increase', order: 'po', lines: [line('l1', 60, 40)] }, { room: 10, lotMultiple: 10, moq: 20 })).toMatchObject({ goes: { lines: [{ quantity: 50 }] }, waits: 10 });
  });

  it('what adds nothing never waits', () => {
    for (const kind of ['decrease', 'expedite', 'hold', 'delay', 'resume', 'cancel'] as const) {
      const proposal: Proposal = { kind, commitment: 'firm', order: 'po', lines: [line('l1', 10, 100)] };
      expect(withinTrial(proposal, { room: 0, lotMultiple: 1, moq: 1 })).toEqual({ goes: proposal, waits: 0 });
    }
  });

  it('what goes and what waits are what was wanted, and what goes fits the trial, its lots and its minimum', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 6 }), fc.integer({ min: -50, max: 1500 }), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 200 }), (quantities, room, lotMultiple, moq) => {
        const { goes, waits } = withinTrial(create(...quantities), { room, lotMultiple, moq });
        const gone = (goes?.lines ?? []).reduce((s, l) => s + l.quantity, 0);
        const wanted = quantities.reduce((s, q) => s + q, 0);
        expect(gone + waits).toBe(wanted);
        if (waits === 0) return;
        expect(gone).toBeLessThanOrEqual(Math.max(0, room));
        expect(gone % lotMultiple).toBe(0);
        expect(gone === 0 || gone >= moq).toBe(true);
      }),
      { seed: 20_261_122 },
    );
  });
});

it('a measurement is off beyond its tolerance, either way', () => {
  expect([10, 15, 5, 16, 4].map((measured) => outOfTolerance({ point: 'chest', target: 10, measured, tolerance: 5 }))).toEqual([false, false, false, true, true]);
});

it('every open sample request can come to an end, and what ended stays ended', () => {
  for (const status of OPEN_SAMPLES) expect(Object.keys(SAMPLE_TRANSITIONS[status])).toContain('cancelled');
  for (const status of ['sealed', 'cancelled'] as const) expect(SAMPLE_TRANSITIONS[status]).toEqual({});
  for (const status of ['declined', 'expired'] as const) expect(Object.keys(SAMPLE_TRANSITIONS[status])).toEqual(['cancelled']);
});
