import { DAY_MS } from './clock.js';
import type { DemandLine, Scene } from './scene.js';
import { timetableOf } from './timetable.js';

const line = (over: Partial<DemandLine>): DemandLine => ({ sku: 0, broadcast: '', createdAt: 0, paidAt: 0, ordered: 1, quantity: 1, unitPrice: 1, sale: true, shipBy: 0, buyer: '', cancelled: [], returns: [], patience: 0, ...over });
const tableOf = (...lines: readonly DemandLine[]): ReturnType<typeof timetableOf> => timetableOf({ skus: [{}, {}], lines } as unknown as Scene);

describe('a timetable', () => {
  it('has payments and cancellations by time, those of one time in the order of the lines, and leaves out who never paid', () => {
    const table = tableOf(line({ paidAt: 5, cancelled: [{ at: 9, quantity: 1 }] }), line({ paidAt: null }), line({ paidAt: 3, cancelled: [{ at: 9, quantity: 2 }, { at: 8, quantity: 1 }] }), line({ paidAt: 5 }));
    expect([...table.payments]).toEqual([2, 0, 3]);
    expect(table.cancellations.map((c) => [c.at, c.line, c.quantity])).toEqual([[8, 2, 1], [9, 0, 1], [9, 2, 2]]);
  });

  it('lets buyers who wait give up after their patience, and links close a day after payment at the earliest; nobody gives up before paying', () => {
    const table = tableOf(line({ shipBy: 2 * DAY_MS, patience: 3 }), line({ paidAt: DAY_MS, shipBy: 1 }), line({ shipBy: 3 * DAY_MS, patience: 1 }));
    expect([...table.waiting.lines].map((i) => (table.waiting.at[i] as number) / DAY_MS)).toEqual([1, 4, 5]);
    expect([...table.waiting.lines]).toEqual([1, 2, 0]);
    expect([...table.closing.lines].map((i) => (table.closing.at[i] as number) / DAY_MS)).toEqual([2, 2, 3]);
  });

  it('puts many lines in order although one is far away', () => {
    const times = Array.from({ length: 9_000 }, (_, i) => (i * 7_919) % 9_000);
    const table = tableOf(...times.map((at) => line({ paidAt: at, shipBy: at })), line({ paidAt: 9e13, shipBy: 9e13 }));
    expect(Array.from(table.payments, (i) => table.paidAt[i])).toEqual([...Array.from({ length: 9_000 }, (_, i) => i), 9e13]);
  });

  it('knows the first sale of each SKU: gifts are none', () => {
    expect([...tableOf(line({ createdAt: 1, sale: false }), line({ createdAt: 2 }), line({ createdAt: 3 })).firstSales]).toEqual([2, Infinity]);
  });
});
