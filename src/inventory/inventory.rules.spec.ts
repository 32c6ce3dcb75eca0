import fc from 'fast-check';
import { allocate, availableToPromise, handOver, type LineShare, type LineWish, type LotUnits } from './inventory.rules.js';

const wish = (over: Partial<LineWish>): LineWish => ({ key: 'a', open: 0, shipped: 0, lot: undefined, since: 0, ...over });
const lot = (name: string, units: number): LotUnits => ({ lot: name, subLot: '', units });

describe('who gets the units', () => {
  it('who paid first, and no more than there is', () => {
    const { level, moves } = allocate({ onHand: 5, reserved: 0 }, [lot('', 5)], new Map(), [wish({ key: 'b', open: 4, since: 2 }), wish({ key: 'a', open: 3, since: 1 })]);
    expect(level).toEqual({ onHand: 5, reserved: 5 });
    expect(moves.map((m) => [m.key, m.share.reserved])).toEqual([['a', 3], ['b', 2]]);
  });

  it('what a reservation handed over is the line’s own, whoever paid before', () => {
    const shares = new Map<string, LineShare>([['order', { reserved: 3, claimed: 0 }]]);
    const { moves } = allocate({ onHand: 4, reserved: 3 }, [lot('', 4)], shares, [wish({ key: 'waits', open: 3, shipped: 2, since: 1 }), wish({ key: 'order', open: 3, since: 9 })]);
    expect(moves.map((m) => [m.key, m.share.reserved, m.share.claimed])).toEqual([['waits', 0, 1], ['order', 3, 0]]);
  });

  it('what leaves comes out of the line’s own units, from the named lot or the oldest, and never out of what others were promised', () => {
    const shares = new Map<string, LineShare>([['a', { reserved: 2, claimed: 0 }]]);
    const { level, moves } = allocate({ onHand: 6, reserved: 5 }, [lot('old', 4), lot('new', 2)], shares, [wish({ open: 0, shipped: 4, lot: 'new' })]);
    expect(level).toEqual({ onHand: 3, reserved: 3 });
    expect(moves[0]).toMatchObject({ share: { reserved: 0, claimed: 3 }, claims: [{ lot: 'new', units: 2 }, { lot: 'old', units: 1 }] });
  });

  it('nothing leaves out of units whose lot is not given, withdrawn as it is: the line lets go, and what shipped stays unclaimed', () => {
    const shares = new Map<string, LineShare>([['a', { reserved: 3, claimed: 0 }]]);
    const { level, moves } = allocate({ onHand: 5, reserved: 5 }, [lot('fresh', 1)], shares, [wish({ open: 0, shipped: 3 })]);
    expect(level).toEqual({ onHand: 4, reserved: 2 });
    expect(moves).toEqual([{ key: 'a', share: { reserved: 0, claimed: 1 }, released: 2, newlyReserved: 0, claims: [{ lot: 'fresh', subLot: '', units: 1 }] }]);
  });

  it('for any lines and levels: promises stay within what is there, lots sum to it, and nobody lacks beside free units', () => {
    const line = fc.record({ open: fc.nat(6), more: fc.nat(6), reserved: fc.nat(6), claimed: fc.nat(4), since: fc.nat(3), named: fc.boolean() });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), fc.nat(20), fc.nat(20), (lines, first, second) => {
        const shares = new Map(lines.map((l, i) => [`k${i}`, { reserved: l.reserved, claimed: l.claimed }]));
        const promised = lines.reduce((s, l) => s + l.reserved, 0);
        const level = { onHand: first + second + promised, reserved: promised };
        const lots = [lot('l1', first), lot('l2', second + promised)];
        const result = allocate(level, lots, shares, lines.map((l, i) => wish({ key: `k${i}`, open: l.open, shipped: l.claimed + l.more, since: l.since, lot: l.named ? 'l2' : undefined })));
        const left = result.moves.flatMap((m) => m.claims).reduce((s, c) => s + c.units, 0);
        expect(result.level.onHand).toBe(level.onHand - left);
        expect(result.level.reserved).toBeLessThanOrEqual(result.level.onHand);
        expect(result.level.reserved).toBe(result.moves.reduce((s, m) => s + m.share.reserved, 0));
        for (const name of ['l1', 'l2']) expect(result.moves.flatMap((m) => m.claims).filter((c) => c.lot === name).reduce((s, c) => s + c.units, 0)).toBeLessThanOrEqual(lots.find((l) => l.lot === name)?.units ?? 0);
        const lacking = result.moves.reduce((s, m) => s + Math.max(0, (lines[Number(m.key.slice(1))]?.open ?? 0) - m.share.reserved), 0);
        if (lacking > 0) expect(result.level.onHand).toBe(result.level.reserved);
      }),
      { seed: 11, numRuns: 500 },
    );
  });
});

describe('what a reservation hands over', () => {
  it('is what the lines of its order lack now; the rest stays held for lines to come', () => {
    const held = [{ for: 'o/A', reservation: 'r', units: 3 }, { for: 'o/B', reservation: 'r', units: 1 }];
    expect(handOver(held, [{ for: 'o/A', line: '1', lacks: 1 }])).toEqual([{ reservation: 'r', line: '1', units: 1 }]);
    expect(handOver(held, [{ for: 'o/A', line: '2', lacks: 9 }, { for: 'o/A', line: '1', lacks: 1 }])).toEqual([{ reservation: 'r', line: '1', units: 1 }, { reservation: 'r', line: '2', units: 2 }]);
  });

  it('comes from the oldest reservation first, and never goes to another order or for a line that lacks nothing', () => {
    const held = [{ for: 'o/A', reservation: 'r1', units: 2 }, { for: 'o/A', reservation: 'r2', units: 2 }];
    expect(handOver(held, [{ for: 'p/A', line: '0', lacks: 5 }, { for: 'o/A', line: '1', lacks: 3 }, { for: 'o/A', line: '2', lacks: -1 }])).toEqual([
      { reservation: 'r1', line: '1', units: 2 }, { reservation: 'r2', line: '1', units: 1 },
    ]);
  });
});

it('what can be promised grows with what arrives, after those who wait', () => {
  const incoming = [{ date: '2026-12-05', units: 30 }, { date: '2026-12-01', units: 5 }, { date: '2026-12-05', units: 10 }];
  expect(availableToPromise(2, 10, incoming)).toEqual([{ date: '2026-12-01', units: 0 }, { date: '2026-12-05', units: 37 }]);
  expect(availableToPromise(2, 0, [])).toEqual([]);
});
