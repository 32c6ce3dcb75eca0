import { BIN_MS, advanceStream, openStream } from './spike.js';
import { currentState, type StoredStream } from './stored-state.js';

const HOUR = 3_600_000;
const NO_LATE = { orders: 0, withdrawn: 0 };

/** A row as the version with parts of the day wrote it: an order a minute for three days. */
const OLD: StoredStream = {
  mutedUntil: 2 * HOUR, next: 72 * HOUR, sr: [100, 90, 80, 70, 60], onset: { level: 0, since: 72 * HOUR, orders: 0, expected: 0 },
  baseline: { outside: 0, slowOrders: new Array<number>(8).fill(540), slowTime: new Array<number>(8).fill(9 * HOUR), fastOrders: 43, sum: 900, pairs: 20, waiting: [[72 * HOUR - 60_000, 1]], learnedTo: 71.75 * HOUR },
  episode: null, counted: 4320, withdrawn: 3, owed: 1,
};

describe('states of earlier versions', () => {
  const minutes = (from: number, n: number, every = 6) => Array.from({ length: n }, (_, i) => ({ bin: from + every * i * BIN_MS, orders: 1, withdrawn: 0 }));

  it('go on where they stood: what was counted, what is owed and the rate are kept', () => {
    const state = currentState(JSON.parse(JSON.stringify(OLD)) as StoredStream);
    expect(state).toMatchObject({ next: 72 * HOUR, counted: 4320, withdrawn: 3, owed: 1, mutedUntil: 2 * HOUR });
    expect(state.baseline.hourOrders.reduce((s, n) => s + n, 0)).toBeCloseTo(8 * 540, 6);
    const { alarms, state: later } = advanceStream(state, minutes(72 * HOUR, 240), 76 * HOUR, NO_LATE);
    expect(alarms).toEqual([]);
    expect(later.counted).toBe(4320 + 240);
    expect(later.baseline.rate * 60_000).toBeGreaterThan(0.8);
    expect(later.baseline.rate * 60_000).toBeLessThan(1.4);
  });

  it('still raise the alarm of a burst', () => {
    const burst = Array.from({ length: 30 }, (_, i) => ({ bin: 72 * HOUR + i * BIN_MS, orders: 3, withdrawn: 0 }));
    expect(advanceStream(currentState(OLD), burst, 73 * HOUR, NO_LATE).alarms[0]?.bin).toBeLessThanOrEqual(72 * HOUR + 60_000);
  });

  it("and states of today are left as they are", () => {
    const state = openStream(HOUR, { kind: 'standing' });
    expect(currentState(JSON.parse(JSON.stringify(state)) as StoredStream)).toEqual(state);
  });
});
