import { dueNow, servable, stillWaiting, unserved } from './timing.js';

const DAY = 86_400_000;

describe('who still waits', () => {
  it('is everybody until the promise, and fewer exponentially after it', () => {
    expect(stillWaiting(5, 5, 3)).toBe(1);
    expect(stillWaiting(3 * DAY, 0, 3)).toBeCloseTo(Math.exp(-1), 12);
    expect(stillWaiting(1, 0, 0)).toBe(0);
    expect(() => stillWaiting(1, 0, -1)).toThrow(/patience/);
    expect(() => stillWaiting(1, 0, NaN)).toThrow(/patience/);
  });
});

describe('what is due now', () => {
  const timing = { arrivesAt: 10 * DAY, nextArrivesAt: 11 * DAY, patienceDays: 2 };

  it('leaves to tomorrow what tomorrow serves as well, and counts who gives up and what waiting costs', () => {
    const due = dueNow([{ mean: 7, variance: 0, deadline: 11 * DAY }, { mean: 4, variance: 2, deadline: 10 * DAY }, { mean: 8, variance: 0, deadline: 8 * DAY }], timing);
    const [late, later] = [Math.exp(-1), Math.exp(-1.5)];
    expect(due.canWait).toBe(7);
    expect(due.mean).toBeCloseTo(4 + 8 * late, 12);
    // Each buyer waits or not for himself: binomial variance on top.
    expect(due.variance).toBeCloseTo(2 + 8 * late * (1 - late), 12);
    expect(due.givesUp).toBeCloseTo(8 * (1 - late), 12);
    expect(due.lostByWaiting).toBeCloseTo(4 * (1 - Math.exp(-0.5)) + 8 * (late - later), 12);
  });

  it('refuses demand that is none', () => {
    expect(() => dueNow([{ mean: -1, variance: 0, deadline: 0 }], timing)).toThrow(/mean/);
    expect(() => dueNow([{ mean: NaN, variance: 0, deadline: 0 }], timing)).toThrow(/mean/);
    expect(dueNow([], timing)).toEqual({ mean: 0, variance: 0, canWait: 0, givesUp: 0, lostByWaiting: 0 });
  });
});

describe('supply against those who wait', () => {
  it('goes to the earliest promise; a late unit stands for more buyers of now than one', () => {
    const demand = [{ mean: 10, variance: 0, deadline: 0 }, { mean: 5, variance: 0, deadline: 5 * DAY }];
    expect(unserved(demand, [{ at: 0, units: 12 }], 2)).toMatchObject({ left: 0, demand: [{ mean: 0 }, { mean: 3 }] });
    // After four days e⁻² of the ten wait: 1.35 units are enough for them, the rest serves the others.
    const late = unserved(demand, [{ at: 4 * DAY, units: 3 }], 2);
    expect(late.demand[0]?.mean).toBeCloseTo(0, 12);
    expect(late.demand[1]?.mean).toBeCloseTo(5 - (3 - 10 * Math.exp(-2)), 9);
    expect(unserved(demand, [{ at: 4 * DAY, units: 100 }], 2).left).toBeCloseTo(100 - 5 - 10 * Math.exp(-2), 9);
  });

  it('an order beyond what finds buyers is not servable, however much room there is', () => {
    const demand = [{ mean: 100, variance: 0, deadline: 0 }];
    const room = Array.from({ length: 10 }, (_, i) => ({ at: (i + 1) * DAY, units: 20 }));
    const units = servable(demand, room, 3);
    // Day by day: 20 while so many wait, then what is left of them.
    let [waiting, served] = [100, 0];
    for (let day = 1; day <= 10; day++) {
      waiting *= Math.exp(-1 / 3);
      const taken = Math.min(20, waiting);
      waiting -= taken;
      served += taken;
    }
    expect(units).toBeCloseTo(served, 9);
    expect(units).toBeLessThan(60);
    expect(servable(demand, [], 3)).toBe(0);
    expect(servable([], room, 3)).toBe(0);
  });
});
