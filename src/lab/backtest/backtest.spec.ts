import { simulateWorld } from '../world/world.js';
import type { Family } from '../world/parameters.js';
import { ASSUMPTIONS, DEFAULT_ASSUMPTIONS, parseAssumptions, type Assumptions } from './assumptions.js';
import { profitOf } from './account.js';
import { DAY_MS } from './clock.js';
import { House, STEP_MS } from './house.js';
import { played } from './oracle.js';
import { naive, none, roundedUp } from './policies.js';
import { Queue } from './queue.js';
import { backtestScene, POLICIES, shareOfGap, type PolicyResult } from './run.js';
import { partsOf } from './read-scene.js';
import { sceneOfWorld } from './scene-of-world.js';
import { chanceOf, type DemandLine, type Scene, type SceneSku } from './scene.js';

const T = Date.parse('2026-03-02T00:00:00Z');
const HOUR = 3_600_000;

const plain: Assumptions = ASSUMPTIONS.parse({
  freightOutBp: 200, freightBackBp: 300, gradingBp: 100, latenessPerDayBp: 50, cancellationAfterPromiseBp: 200, packHours: 0, transitDays: 3, gradingDays: 1, yield: 1, answerHours: 0, patienceDays: 3,
});

const sku = (over: Partial<SceneSku['terms']> = {}, initialStock = 0): SceneSku => {
  const terms: SceneSku['terms'] = {
    sku: 'A', style: 'A', colour: 'red', size: 'M', category: 'c', price: 10_000, currency: 'CNY', size_ratio: 1, supplier: 'f', unit_cost: 4_000, cost_currency: 'CNY', salvage_value: 1_000, moq: 10, lot_multiple: 5,
    moq_scope: 'sku', lead_time_days: 3, daily_capacity: 20, frozen_fence_days: 0, confirming_hour: null, trial_quantity: null, reorder_premium_bp: 1_000, stage_days: { cut: 1 }, supplier_time_zone: 'UTC', standing: 'normal', ...over,
  };
  return { terms, initialStock, group: `sku:${terms.sku}`, unitCost: terms.unit_cost, salvage: terms.salvage_value };
};

const line = (at: number, over: Partial<DemandLine> = {}): DemandLine => ({
  sku: 0, broadcast: '', createdAt: T + at, paidAt: T + at, ordered: 1, quantity: 1, unitPrice: 10_000, sale: true, shipBy: T + at + 2 * DAY_MS, buyer: '', cancelled: [], returns: [], patience: 100, ...over,
});

const scene = (skus: SceneSku[], lines: DemandLine[], assumptions = plain): Scene => ({
  skus, items: [], lines: [...lines].sort((a, b) => a.createdAt - b.createdAt), startsAt: T, endsAt: Math.max(T, ...lines.map((l) => l.createdAt)), assumptions, prior: undefined,
});

describe('the account of one SKU worked by hand (docs/backtest.md)', () => {
  // 10 in stock at 40.00; 14 are sold at 100.00 on the first day. One is cancelled in time. 10 leave at once. Five are ordered on the
  // second day at a premium of 10 % (lot 5, MOQ 5) and come on the fifth in the morning, on the third day after the promise: three of them find their
  // buyers, who waited. Two come back: one as new, which nobody wants any more, one of grade B.
  const sold = [
    line(0, { quantity: 4, ordered: 4 }), line(HOUR, { quantity: 6, ordered: 6, returns: [
      { kind: 'return', quantity: 1, lag: 2 * DAY_MS, underWay: 2 * DAY_MS, grade: 'A' }, { kind: 'return', quantity: 1, lag: 2 * DAY_MS, underWay: 2 * DAY_MS, grade: 'B' },
    ] }),
    line(2 * HOUR, { quantity: 3, ordered: 3 }), line(3 * HOUR, { cancelled: [{ at: T + 5 * HOUR, quantity: 1 }] }),
  ];
  const play = (): House => {
    let asked = false;
    return played(scene([sku({ moq: 5 }, 10)], sold), { sells: true, looks: false, decide: (h) => { if (!asked && h.now >= T + DAY_MS) { asked = true; h.place(new Map([[0, 5]])); } } });
  };

  it('adds up to the last unit and the last fen', () => {
    const { account: a } = play();
    expect(a).toMatchObject({ demanded: 13, made: 5, sold: 13, lost: 0, late: 3, returned: 2, restocked: 1, resold: 0, leftOver: 3, signals: 1, samples: 0 });
    expect(a).toMatchObject({
      revenue: 13 * 10_000, refunds: 2 * 10_000, initialStock: 10 * 4_000, production: 5 * 4_400, freight: 13 * 200 + 2 * 300, grading: 2 * 100, markdowns: 5_000,
      // The goods come at 08:00 of the fifth day, the 104th hour, and the promise of the third order ended at the 50th: three days begun.
      lateness: 3 * 3 * 50, cancellations: 0, salvage: 3 * 1_000,
    });
    expect(profitOf(a)).toBe(130_000 - 20_000 + 5_000 + 3_000 - 40_000 - 22_000 - 3_200 - 200 - 450 - 0);
  });
});

describe('the house', () => {
  it('keeps MOQ, lots and capacity, and lead times from the confirming hour', () => {
    const s = scene([sku({ confirming_hour: 9 })], [line(0, { quantity: 45, ordered: 45 })]);
    const house = new House(s, { sells: true, looks: false });
    for (const quantity of [5, 12, 11]) expect(() => house.place(new Map([[0, quantity]]))).toThrow(/break the MOQ of 10 or multiples of 5/);
    expect(() => house.place(new Map([[0, 10.5]]))).toThrow();
    house.place(new Map([[0, 45]]));
    // 09:00 and three days; 20 a day.
    expect(house.supply(0).map((b) => [b.quantity, new Date(b.arrivesAt).toISOString()])).toEqual([[20, '2026-03-05T09:00:00.000Z'], [20, '2026-03-06T08:00:00.000Z'], [5, '2026-03-07T08:00:00.000Z']]);
    expect(house.room(0, 4).slots.map((x) => x.units)).toEqual([0, 0, 15, 20]);
  });

  it('lets the trial quantity go at once and the rest wait for its sample, once per style', () => {
    const house = new House(scene([sku({ trial_quantity: 15, daily_capacity: 1_000 })], [line(0)]), { sells: true, looks: false });
    house.place(new Map([[0, 40]]));
    house.place(new Map([[0, 10]]));
    expect(house.supply(0).map((b) => [b.quantity, (b.arrivesAt - house.now) / DAY_MS])).toEqual([[15, 3 + 8 / 24], [25, 8 + 8 / 24], [10, 8 + 8 / 24]].map(([q, days]) => [q, expect.closeTo(days as number, 9)]));
    expect(house.account.samples).toBe(1);
  });

  it('takes back what is not cut, keeping the MOQ or nothing', () => {
    const house = new House(scene([sku({ daily_capacity: 1_000 })], [line(0)]), { sells: true, looks: false });
    house.place(new Map([[0, 40]]));
    expect(house.takeBack([0], new Map([[0, 33]]))).toBe(30);
    expect(house.takeBack([0], new Map([[0, 10]]))).toBe(10);
    house.place(new Map([[0, 40]]));
    for (let i = 0; i < 26 * 4; i++) house.step();
    expect(house.uncut(0)).toBe(0);
    expect(house.takeBack([0], new Map([[0, 40]]))).toBe(0);
  });

  it('gives what there is to whoever was promised it first, and lets buyers give up', () => {
    const s = scene([sku({}, 1)], [line(0, { shipBy: T + 5 * DAY_MS, patience: 1 }), line(HOUR / 8, { shipBy: T + DAY_MS, patience: 1 })]);
    const { account } = played(s, none());
    expect(account).toMatchObject({ sold: 1, lost: 1, late: 0, cancellations: 0 });
    expect(played(s, { sells: true, looks: false, decide: () => undefined }).account.cancellations).toBe(200);
  });

  it('what is cancelled after it left comes back unopened; a gift that does not come is made good', () => {
    const refused = played(scene([sku({}, 5)], [line(0, { cancelled: [{ at: T + 10 * HOUR, quantity: 1 }] })]), none()).account;
    expect(refused).toMatchObject({ sold: 1, returned: 1, restocked: 1, leftOver: 5, revenue: 10_000, refunds: 10_000 });
    const gift = played(scene([sku()], [line(0, { sale: false, unitPrice: 0 })]), none()).account;
    expect(gift).toMatchObject({ sold: 0, given: 0, lost: 0, demanded: 0, cancellations: 4_000 });
  });

  it('a bulk purchase that is cancelled within the packing time moves no goods', () => {
    const s = scene([sku({}, 100)], [line(0, { quantity: 90, ordered: 90, cancelled: [{ at: T + 20 * 60_000, quantity: 90 }] }), line(HOUR)], { ...plain, packHours: 12 });
    expect(played(s, none()).account).toMatchObject({ sold: 1, returned: 0, lost: 0 });
  });

  it('never starts a step before its time', () => {
    const house = new House(scene([sku({}, 3)], [line(10 * STEP_MS)]), { sells: true, looks: false });
    house.now -= STEP_MS;
    while (house.now < T + 9 * STEP_MS) house.step();
    expect(house.demand[0]?.open).toBe(0);
    for (let i = 0; i < 2; i++) house.step();
    expect(house.account.sold).toBe(1);
  });
});

describe('policies on simulated worlds', () => {
  const worlds = (['cluster', 'doubly-stochastic', 'pulsed'] as const).map((family: Family) => sceneOfWorld(simulateWorld({ family, seed: 4, broadcasts: 2 })));

  it.each(worlds.map((w, i) => [i, w] as const))('world %d: units and money are accounted for, whoever decides', (_, w) => {
    const { policies } = backtestScene(w, POLICIES);
    const [stock, value] = w.skus.reduce(([n, m], s) => [n + s.initialStock, m + s.initialStock * (s.unitCost ?? 0)], [0, 0]);
    for (const p of policies as PolicyResult[]) {
      const a = p.account;
      expect({ name: p.name, units: stock + a.made + a.restocked }).toEqual({ name: p.name, units: a.sold + a.given + a.leftOver });
      expect(a.initialStock).toBe(value);
      expect(p.profit).toBe(a.revenue - a.refunds + a.markdowns + a.salvage - a.initialStock - a.production - a.freight - a.grading - a.lateness - a.cancellations);
      expect(p.late).toBeLessThanOrEqual(p.sold);
      expect(p.resold).toBeLessThanOrEqual(a.restocked);
      expect(a.restocked).toBeLessThanOrEqual(p.returned);
    }
    const by = new Map((policies as PolicyResult[]).map((p) => [p.name, p]));
    expect(by.get('none')).toMatchObject({ made: 0, signals: 0 });
    for (const name of ['none', 'naive', 'castline', 'castline-firm', 'perfect-prior'] as const) expect(by.get('oracle')?.profit).toBeGreaterThan((by.get(name) as PolicyResult).profit);
    expect(by.get('castline')?.profit).toBeGreaterThan((by.get('naive') as PolicyResult).profit);
  });

  it('give the same twice, and without world.json no perfect prior', () => {
    const [w] = worlds as [Scene];
    expect(backtestScene(w, ['castline', 'none'])).toEqual(backtestScene(w, ['castline', 'none']));
    const said: string[] = [];
    const { policies, gapToPerfectPrior, gapToOracle } = backtestScene({ ...w, prior: undefined }, ['perfect-prior', 'none'], (text) => said.push(text));
    expect([policies[0], gapToPerfectPrior, gapToOracle]).toEqual([null, null, null]);
    expect(said.join()).toMatch(/no world.json/);
  });

  it('what comes later changes nothing that was decided before', () => {
    const [w] = worlds as [Scene];
    const cut = w.endsAt - 12 * HOUR;
    const made = (s: Scene): string[] => {
      const orders: string[] = [];
      const original = House.prototype.place;
      House.prototype.place = function place(this: House, quantities: ReadonlyMap<number, number>): void {
        if (this.now < cut) orders.push(JSON.stringify([this.now, ...quantities]));
        original.call(this, quantities);
      };
      try {
        backtestScene(s, ['castline']);
      } finally {
        House.prototype.place = original;
      }
      return orders;
    };
    const whole = made(w);
    expect(whole.length).toBeGreaterThan(0);
    expect(made({ ...w, lines: w.lines.filter((l) => l.createdAt < cut) })).toEqual(whole);
  });
});

describe('small parts', () => {
  it('the queue gives what is due first, and of equals what came first', () => {
    const q = new Queue<string>();
    for (const [at, v] of [[5, 'a'], [1, 'b'], [3, 'c'], [1, 'd'], [0, 'e'], [3, 'f']] as const) q.push(at, v);
    expect(Array.from({ length: 7 }, () => q.pop())).toEqual(['e', 'b', 'd', 'c', 'f', 'a', undefined]);
    expect(q.next).toBe(Infinity);
  });

  it('rounds up to MOQ and lots', () => {
    expect([...roundedUp(new Map([[1, 3], [2, 9]]), 10, 5)]).toEqual([[1, 3], [2, 12]]);
    expect([...roundedUp(new Map([[1, 1]]), 10, 4)]).toEqual([[1, 12]]);
    expect(roundedUp(new Map([[1, 0]]), 10, 5).size).toBe(0);
  });

  it('chance by text is even and stays the same', () => {
    const x = Array.from({ length: 20_000 }, (_, i) => chanceOf(`order ${i}`));
    const mean = x.reduce((s, v) => s + v, 0) / x.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
    expect(x.filter((v) => v < 0.1).length / x.length).toBeCloseTo(0.1, 1);
    expect(chanceOf('order 1')).toBe(x[1]);
  });

  it('the share of the gap is null where the gap says nothing', () => {
    const result = (profit: number, revenue = 1_000): PolicyResult => ({ profit, revenue }) as PolicyResult;
    expect(shareOfGap(result(50), result(0), result(100))).toBe(0.5);
    expect(shareOfGap(result(5), result(0), result(9))).toBeNull();
    expect(shareOfGap(result(5), undefined, result(9))).toBeNull();
    expect(shareOfGap(result(0), result(0), result(0, 0))).toBeNull();
  });

  it('naive makes gross orders alone', () => {
    const house = played(scene([sku({}, 2)], [line(0, { paidAt: null, ordered: 20, quantity: 0 }), line(HOUR)]), naive());
    expect(house.account).toMatchObject({ made: 20, sold: 1, leftOver: 21 });
  });

  it('assumptions are checked by name', () => {
    expect(parseAssumptions('f', '{}')).toEqual(DEFAULT_ASSUMPTIONS);
    expect(() => parseAssumptions('f', '{"yield": 2}')).toThrow(/f: yield: /);
    expect(() => parseAssumptions('f', '{"yeild": 1}')).toThrow(/yeild/);
    expect(() => parseAssumptions('f', '{')).toThrow(/is no JSON/);
  });
});

describe('lines that grow', () => {
  const at = (hours: number): number => T + hours * HOUR;

  it('are known as far as they came: increments are paid apart, cancellations take unpaid units first', () => {
    expect(partsOf([{ at: at(0), type: 'created', quantity: 1 }, { at: at(0), type: 'paid', quantity: 1 }, { at: at(90), type: 'created', quantity: 199 }, { at: at(91), type: 'paid', quantity: 199 }])).toEqual([
      { createdAt: at(0), paidAt: at(0), quantity: 1, cancelled: [] }, { createdAt: at(90), paidAt: at(91), quantity: 199, cancelled: [] },
    ]);
    // Created 5, paid 3, cancelled 2: the two that were not paid.
    expect(partsOf([{ at: at(0), type: 'created', quantity: 5 }, { at: at(1), type: 'paid', quantity: 3 }, { at: at(2), type: 'cancelled', quantity: 2 }])).toEqual([
      { createdAt: at(0), paidAt: at(1), quantity: 3, cancelled: [] }, { createdAt: at(0), paidAt: null, quantity: 2, cancelled: [] },
    ]);
    // Cancelled before it was paid: one of the two is left.
    expect(partsOf([{ at: at(0), type: 'created', quantity: 2 }, { at: at(1), type: 'cancelled', quantity: 1 }, { at: at(2), type: 'paid', quantity: 2 }])).toEqual([
      { createdAt: at(0), paidAt: at(2), quantity: 2, cancelled: [{ at: at(2), quantity: 1 }] },
    ]);
    expect(partsOf([{ at: at(1), type: 'paid', quantity: 2 }, { at: at(2), type: 'cancelled', quantity: 9 }])).toEqual([{ createdAt: at(1), paidAt: at(1), quantity: 2, cancelled: [{ at: at(2), quantity: 2 }] }]);
  });
});

describe('the end of a play', () => {
  it('takes in and charges what is still under way, and lets whoever waits give up', () => {
    const s = scene([sku({ lead_time_days: 400, moq: 5 })], [line(0, { shipBy: T + 300 * DAY_MS })]);
    let asked = false;
    const { account } = played(s, { sells: true, looks: false, decide: (h) => { if (!asked) { asked = true; h.place(new Map([[0, 5]])); } } });
    expect(account).toMatchObject({ made: 5, leftOver: 5, lost: 1, sold: 0 });
    expect(account.production).toBeGreaterThan(0);
    expect(account.cancellations).toBe(200);
  });

  it('a factory that would take centuries costs no more time than one that takes a year', () => {
    const house = new House(scene([sku({ daily_capacity: 1, moq: 1_000_000, lot_multiple: 1 })], [line(0)]), { sells: true, looks: false });
    house.place(new Map([[0, 1_000_000]]));
    expect(house.supply(0).length).toBeLessThan(400);
    expect(house.supply(0).reduce((n, b) => n + b.quantity, 0)).toBe(1_000_000);
  });
});
