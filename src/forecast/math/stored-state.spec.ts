import { randomFrom, type Random } from '../../kernel/math/index.js';
import { BIN_MS, advanceStream, openStream, type Alarm, type Bin } from './spike.js';
import { currentState, storedState, type StoredStream } from './stored-state.js';

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

  it('are read where they spelled their numbers out: the same alarm within a bin, and what was counted', () => {
    const minute = minutes(0, 72 * 60);
    const { state } = advanceStream(openStream(0, { kind: 'standing' }), minute, 72 * HOUR, NO_LATE);
    const { passed, baseline: { steps, found, ...baseline }, ...rest } = state;
    const left = 0.5 ** ((steps ?? 0) / (7 * 96));
    const spelled = { ...rest, baseline: { ...baseline, hourOrders: baseline.hourOrders.map((n) => n * left), hourTime: baseline.hourTime.map((t) => t * left) } };
    expect([passed === undefined, found === undefined]).toEqual([false, false]);
    const burst = Array.from({ length: 30 }, (_, i) => ({ bin: 72 * HOUR + i * BIN_MS, orders: 3, withdrawn: 0 }));
    const [before, after] = [currentState(JSON.parse(JSON.stringify(spelled)) as StoredStream), state].map((s) => advanceStream(s, burst, 73 * HOUR, NO_LATE));
    expect(Math.abs((before?.alarms[0]?.bin ?? 0) - (after?.alarms[0]?.bin ?? Infinity))).toBeLessThanOrEqual(BIN_MS);
    expect(before?.state.counted).toBe(72 * 60 + 90);
    expect(storedState(before?.state ?? state).counted).toBe(72 * 60 + 90);
  });
});

describe('states that were packed in bytes', () => {
  const DAY = 24 * HOUR;
  const every = (minutes: number, from: number, to: number): Bin[] =>
    Array.from({ length: Math.round((to - from) / (minutes * 60_000)) }, (_, i) => ({ bin: from + i * minutes * 60_000, orders: 1 + (i % 5 === 0 ? 1 : 0), withdrawn: i % 40 === 7 ? 1 : 0 }));
  const burst = (from: number): Bin[] => Array.from({ length: 60 }, (_, i) => ({ bin: from + i * BIN_MS, orders: 4, withdrawn: 0 }));
  const OUTSIDE = { kind: 'broadcast', outside: { rate: 2.7e-6, excess: 0.31 } } as const;

  it.each([
    ['a steady stream', { kind: 'standing' }, every(2, HOUR, 3 * DAY), 3 * DAY, '{"counted":2556,"packed":"DADAygEWADYAg1m/gk/8gaEEgymYgk7xgb9AGH4S+QF7jJroAgBuROVus+mEUtSEUGKJg6mIB7qGCZ+aAv///4U4h0uHUYdZh5eHaIdxh3mHt4eJh5GHmIfXh6mHsYe5h/mHyofRh9mIDofqh/OGjv///+6fBoAHEAoMDgoOChAMDAwMDgwODAwQCBIKvQQOAmBgYGBiYGBgYGJgYMAB"}'],
    ['a broadcast in an episode', OUTSIDE, [...every(10, HOUR, 4 * HOUR), ...burst(4 * HOUR)], 4 * HOUR + 61 * BIN_MS, '{"counted":262,"packed":"NQDdCwIAAQCMDsuO4Z+RU3KIBQ6JryuNJvJ6gcXODHtLxno5bGpjgemcgemchrZxhRW+fNBzDA4AAHgDdgp3Ew4AAMSLBhAOAwYADgAOAAN6dHTyAWxqYzwRAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgAOAA4ADgA"}'],
    ['a stream after one', { kind: 'standing' }, [...every(30, HOUR, 2 * DAY), ...burst(2 * DAY)], 2 * DAY + HOUR, '{"counted":353,"packed":"CgDoiQGkAwADAAAAAAAAAAAAAAAAAAAAAAAAAKQDpAPoAmpcHGsIJ4AkqoAUIYWuLoQpFHz0GLwB////cGh0HXVYdUR1ZHKJdVN1dXVgdYF0YHVvdZJ1fHWedHh1jXWvdZl1vHSQdHd1znW3////pI4G2A4QDhAQDhAQEhAQDhAQEg4QEBIQEhAQAMoFpAPxAQ"}'],
  ] as const)('are read to the last bit: %s', (_, origin, bins, now, stored) => {
    const { state } = advanceStream(openStream(bins[0]?.bin ?? 0, origin), bins, now, NO_LATE);
    expect(currentState(JSON.parse(stored) as StoredStream)).toEqual(state);
    expect(currentState(storedState(state))).toEqual(state);
    expect(JSON.stringify(storedState(state)).length).toBeLessThan(stored.length);
  });
});

describe('a state as it is stored', () => {
  const DAYS = 5;
  /** Five days of a shop that sleeps at night, sells in clusters and has a burst now and then. */
  function bins(random: Random, perMinute: number): Bin[] {
    const list: Bin[] = [];
    for (let i = 0; i < DAYS * 8_640; i++) {
      const hour = (i / 360) % 24;
      const burst = i % 20_000 > 19_940 ? 25 : 1;
      const mean = ((perMinute / 6) * (hour > 7 ? 1 : 0.05) * burst) / 1.3;
      if (random.next() < mean) list.push({ bin: i * BIN_MS, orders: 1 + Math.floor(1.6 * random.next() * burst ** 0.3), withdrawn: random.next() < 0.05 ? 1 : 0 });
    }
    return list;
  }

  const ALARM = ['onset', 'bin', 'order', 'orders', 'expectedOrders', 'ratio', 'score'] as const;

  it.each([[0.02, 'standing', 0], [0.1, 'standing', 1], [0.5, 'broadcast', 1], [2, 'standing', 1]] as const)('gives the very alarms of one pass over all bins, to the last digit, whatever is looked at in between: %s orders a minute, %s (seed 5)', (perMinute, kind, alarms) => {
    const random = randomFrom(5).split(String(perMinute));
    const all = bins(random, perMinute);
    const origin = kind === 'standing' ? { kind } : { kind, outside: { rate: 2.7e-6, excess: 0.31 } };
    const start = openStream(all[0]?.bin ?? 0, origin);
    const end = DAYS * 24 * HOUR;
    const whole = advanceStream(start, all, end, NO_LATE);
    expect(whole.alarms.length).toBeGreaterThanOrEqual(alarms);
    let text = JSON.stringify(storedState(start));
    const found: Alarm[] = [];
    const ended: number[] = [];
    const look = (list: readonly Bin[], now: number): void => {
      const step = advanceStream(currentState(JSON.parse(text) as StoredStream), list, now, NO_LATE);
      found.push(...step.alarms);
      ended.push(...step.ended);
      text = JSON.stringify(storedState(step.state));
      if (random.next() < 0.05) expect(currentState(JSON.parse(text) as StoredStream)).toEqual(step.state);
    };
    for (const [i, bin] of all.entries()) {
      // Looked at while the bin fills, when it is over, and in some of the gaps.
      if (random.next() < 0.3) look([{ ...bin, orders: 1, withdrawn: 0 }], bin.bin + 4_000);
      look([bin], bin.bin + BIN_MS);
      const gap = (all[i + 1]?.bin ?? end) - bin.bin;
      if (random.next() < 0.2 && gap > 3 * BIN_MS) look([], bin.bin + BIN_MS + Math.floor(random.next() * (gap - BIN_MS)));
    }
    look([], end);
    expect(found.map((a) => ALARM.map((name) => a[name]))).toEqual(whole.alarms.map((a) => ALARM.map((name) => a[name])));
    expect(ended).toEqual(whole.ended);
    expect(JSON.parse(text)).toEqual(storedState(whole.state));
  });

  it('takes at most 200 bytes for a stream of an order in two minutes, and is the same when it was read and is written again', () => {
    const all = bins(randomFrom(8), 0.5);
    for (const n of [1, 50, all.length]) {
      const { state } = advanceStream(openStream(all[0]?.bin ?? 0, { kind: 'standing' }), all.slice(0, n), (all[n - 1]?.bin ?? 0) + BIN_MS, NO_LATE);
      const text = JSON.stringify(storedState(state));
      expect(text.length).toBeLessThanOrEqual(200);
      expect(JSON.stringify(storedState(currentState(JSON.parse(text) as StoredStream)))).toBe(text);
    }
  });

  it('keeps what statements read outside the packed part', () => {
    const { state } = advanceStream(openStream(HOUR, { kind: 'standing' }), [{ bin: HOUR, orders: 41, withdrawn: 2 }], 2 * HOUR, NO_LATE);
    expect(storedState(state).counted).toBe(41);
  });

  it('is refused where it was cut short', () => {
    const stored = storedState(openStream(HOUR, { kind: 'standing' }));
    expect(() => currentState({ ...stored, bits: stored.bits.slice(0, 20) })).toThrow(/ends too soon/);
  });
});
