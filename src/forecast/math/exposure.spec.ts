import { randomFrom, type Random } from '../../kernel/math/index.js';
import { STEP_MS } from './daily-shape.js';
import { EVEN, exposedTime, exposureOf, mostExposed, type Exposure } from './exposure.js';
import { advanceStream, BIN_MS, dueAt, openStream, type Alarm, type Bin, type StreamState } from './spike.js';
import { currentState, storedState, type StoredStream } from './stored-state.js';

const NO_LATE = { orders: 0, withdrawn: 0 };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const STANDING = { kind: 'standing' } as const;

/** Orders one by one at `perMinute` × exposure; an order in half the bins that could hold one. */
function bins(random: Random, perMinute: number, exposure: Exposure, from: number, to: number): Bin[] {
  const list: Bin[] = [];
  for (let bin = from; bin < to; bin += BIN_MS) if (random.next() < (perMinute / 6) * exposure.at(bin)) list.push({ bin, orders: 1, withdrawn: 0 });
  return list;
}

/** Three times as many on two days of seven. */
const WEEKENDS = exposureOf(Array.from({ length: 60 }, (_, day) => ({ from: day * DAY, exposure: day % 7 < 2 ? 21 / 11 : 7 / 11 })));

describe('the exposure of a stream', () => {
  const steps = exposureOf([{ from: DAY, exposure: 2 }, { from: DAY + STEP_MS, exposure: 0.5 }]);

  it('is what its table says, 1 before it and the last step after it', () => {
    expect([0, DAY - 1, DAY, DAY + STEP_MS - 1, DAY + STEP_MS, 9 * DAY].map((at) => steps.at(at))).toEqual([1, 1, 2, 2, 0.5, 0.5]);
    expect([DAY + STEP_MS, 0, DAY].map((at) => steps.until(at))).toEqual([Infinity, DAY, DAY + STEP_MS]);
    expect([exposureOf([]).at(5), exposureOf([]).until(5)]).toEqual([1, Infinity]);
    expect(exposedTime(steps, DAY - HOUR, DAY + HOUR)).toBe(HOUR + 2 * STEP_MS + 0.5 * (HOUR - STEP_MS));
    expect([mostExposed(steps, 0, DAY), mostExposed(steps, 0, DAY + 1), mostExposed(steps, DAY + STEP_MS, 9 * DAY)]).toEqual([1, 2, 0.5]);
  });

  it('refuses by name what is no such table', () => {
    for (const exposure of [0, -1, NaN, Infinity]) expect(() => exposureOf([{ from: 0, exposure }])).toThrow(`exposure ${exposure} is not positive`);
    expect(() => exposureOf([{ from: 60_000, exposure: 1 }])).toThrow('no whole quarter of an hour');
    expect(() => exposureOf([{ from: DAY, exposure: 1 }, { from: DAY, exposure: 2 }])).toThrow('out of order');
  });
});

describe('a stream with an exposure', () => {
  it('is to the last digit what it is without one, where the exposure is 1', () => {
    const ones = exposureOf(Array.from({ length: 90 }, (_, i) => ({ from: (i * DAY) / 4, exposure: 1 })));
    for (const perMinute of [0.004, 0.3]) {
      const all = bins(randomFrom(3).split(String(perMinute)), perMinute, EVEN, 0, 20 * DAY).filter(({ bin }) => bin < 4 * DAY || bin > 17 * DAY);
      const [plain, exposed] = [{}, { exposure: ones }].map((o) => advanceStream(openStream(all[0]?.bin ?? 0, STANDING), all, 20 * DAY, NO_LATE, { falseAlarmsPer1000SkuHours: 1, ...o }));
      expect(exposed).toEqual(plain);
    }
  });

  it('learns its rate at exposure 1 and expects it times the exposure: weekends of three times the orders raise no alarm, where they do without it', () => {
    const all = bins(randomFrom(7), 1, WEEKENDS, 0, 21 * DAY);
    const run = (o: object) => advanceStream(openStream(all[0]?.bin ?? 0, STANDING), all, 21 * DAY, NO_LATE, { falseAlarmsPer1000SkuHours: 1, ...o });
    const { alarms, state } = run({ exposure: WEEKENDS });
    expect(alarms).toEqual([]);
    expect(run({}).alarms.length).toBeGreaterThanOrEqual(2);
    const { hourOrders, hourTime } = state.baseline;
    const sum = (list: readonly number[]): number => list.reduce((s, n) => s + n, 0);
    expect((60_000 * sum(hourOrders)) / sum(hourTime)).toBeCloseTo(1, 1);
    // The last day has 7/11 of it, and no more than the shape's margins on top.
    expect(60_000 * state.baseline.rate).toBeLessThan(0.8);
    expect(60_000 * state.baseline.rate).toBeGreaterThan(0.5);
  });

  it('follows viewers by the quarter of an hour: ten times as many bring ten times the orders and no spike, three times as many again do', () => {
    const viewers = exposureOf([{ from: 0, exposure: 0.2 }, { from: HOUR, exposure: 2 }]);
    const outside = { rate: 1 / 60_000, excess: 0.05 };
    const of = (perMinute: number) => {
      const random = randomFrom(4);
      const all = [...bins(random, 1, viewers, 0, HOUR), ...bins(random, perMinute, viewers, HOUR, 2 * HOUR)];
      return advanceStream(openStream(0, { kind: 'broadcast', outside }, BIN_MS, viewers), all, 2 * HOUR, NO_LATE, { falseAlarmsPer1000SkuHours: 1, exposure: viewers }).alarms;
    };
    expect(of(1)).toEqual([]);
    expect(of(3)).toHaveLength(1);
    expect(of(3)[0]?.onset).toBeGreaterThanOrEqual(HOUR - 5 * 60_000);
  });

  it('starts and stays no lower than the floor of the rate, however low the exposure: the first order of a closed day is no spike', () => {
    const closed = exposureOf([{ from: DAY, exposure: 0.01 }]);
    const all = [...bins(randomFrom(2), 0.2, EVEN, 0, DAY), { bin: 1.5 * DAY, orders: 1, withdrawn: 0 }, { bin: 1.6 * DAY, orders: 1, withdrawn: 0 }];
    expect(advanceStream(openStream(0, STANDING), all, 2 * DAY, NO_LATE, { falseAlarmsPer1000SkuHours: 1, exposure: closed }).alarms).toEqual([]);
  });

  it('takes a level that lasts for that at exposure 1', () => {
    const twice = exposureOf([{ from: 0, exposure: 2 }]);
    const all = [...bins(randomFrom(5), 0.2, EVEN, 0, 3 * DAY), ...bins(randomFrom(6), 3, EVEN, 3 * DAY, 3 * DAY + 7 * HOUR)];
    const { ended, state } = advanceStream(openStream(0, STANDING), all, 3 * DAY + 7 * HOUR, NO_LATE, { falseAlarmsPer1000SkuHours: 1, exposure: twice });
    expect(ended).toHaveLength(1);
    expect(60_000 * state.baseline.rate).toBeGreaterThan(2.5);
    expect(60_000 * state.baseline.rate).toBeLessThan(4);
    const known = state.baseline.hourOrders.map((n, i) => (60_000 * n) / (state.baseline.hourTime[i] as number));
    for (const perMinute of known.slice(1, 5)) expect(perMinute).toBeCloseTo(1.5, 0);
  });

  it('ends an episode by what the exposure lets expect at its end', () => {
    const every = (minutes: number, from: number, to: number): Bin[] => Array.from({ length: Math.round((to - from) / (minutes * 60_000)) }, (_, i) => ({ bin: from + i * minutes * 60_000, orders: 1, withdrawn: 0 }));
    const change = 3 * DAY + 0.5 * HOUR;
    const options = (exposure: Exposure) => ({ falseAlarmsPer1000SkuHours: 1, exposure });
    const start = advanceStream(openStream(0, STANDING), every(1, 0, 3 * DAY), 3 * DAY, NO_LATE).state;
    const on = advanceStream(start, every(1 / 6, 3 * DAY, change), change, NO_LATE).state;
    expect(on.episode).not.toBeNull();
    const after = (exposure: Exposure): StreamState => advanceStream(on, every(0.5, change, change + HOUR), change + HOUR, NO_LATE, options(exposure)).state;
    expect(after(EVEN).episode).not.toBeNull();
    expect(after(exposureOf([{ from: change, exposure: 2 }])).episode).toBeNull();
    // At a tenth of the exposure fewer orders are enough to keep it up.
    expect(dueAt(on, BIN_MS, exposureOf([{ from: change, exposure: 0.1 }]))).toBeGreaterThan(dueAt(on) as number);
  });

  it('passes weeks without orders at once and learns their time as exposed: what an hour saw is the sum of its days, decayed (within 1 %)', () => {
    const { state } = advanceStream(openStream(0, STANDING), [{ bin: 0, orders: 1, withdrawn: 0 }, { bin: 50 * DAY, orders: 1, withdrawn: 0 }], 50 * DAY + BIN_MS, NO_LATE, { falseAlarmsPer1000SkuHours: 1, exposure: WEEKENDS });
    const left = 0.5 ** ((state.baseline.steps ?? 0) / (7 * 96));
    // The last quarter of an hour is not learned from yet.
    for (const hour of [0, 13, 22]) {
      let expected = 0;
      for (let day = 0; day < 50; day++) expected += WEEKENDS.at(day * DAY) * HOUR * 0.5 ** ((50 - day - (hour + 0.5) / 24) / 7);
      expect(((state.baseline.hourTime[hour] as number) * left) / expected).toBeCloseTo(1, 2);
    }
  });

  it.each([[0.002, 40], [0.05, 20], [1, 9]])('gives the very alarms of one pass, to the last digit, whatever is looked at in between: %s orders a minute (seed 6)', (perMinute, days) => {
    const random = randomFrom(6).split(String(perMinute));
    const burst = (day: number): Bin[] => bins(random, 4, EVEN, day * DAY + 10 * HOUR, day * DAY + 10.4 * HOUR);
    const quiet = bins(random, perMinute, WEEKENDS, 0, days * DAY).filter(({ bin }) => bin % (8 * DAY) < 10 * HOUR || bin % (8 * DAY) > 11 * HOUR);
    const all = [...quiet, ...burst(8), ...burst(16)].filter(({ bin }) => bin < days * DAY).sort((a, b) => a.bin - b.bin);
    const options = { falseAlarmsPer1000SkuHours: 1, exposure: WEEKENDS };
    const start = openStream(all[0]?.bin ?? 0, STANDING);
    const whole = advanceStream(start, all, days * DAY, NO_LATE, options);
    expect(whole.alarms.length).toBeGreaterThan(0);
    let text = JSON.stringify(storedState(start));
    const found: Alarm[] = [];
    const look = (list: readonly Bin[], now: number): void => {
      const step = advanceStream(currentState(JSON.parse(text) as StoredStream), list, now, NO_LATE, options);
      found.push(...step.alarms);
      text = JSON.stringify(storedState(step.state));
    };
    for (const [i, bin] of all.entries()) {
      look([bin], bin.bin + BIN_MS);
      const gap = (all[i + 1]?.bin ?? days * DAY) - bin.bin;
      if (random.next() < 0.3 && gap > 3 * BIN_MS) look([], bin.bin + BIN_MS + Math.floor(random.next() * (gap - BIN_MS)));
    }
    look([], days * DAY);
    expect(found).toEqual(whole.alarms);
    expect(JSON.parse(text)).toEqual(storedState(whole.state));
  });
});
