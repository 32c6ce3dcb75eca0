import fc from 'fast-check';
import { randomFrom } from '../../kernel/math/index.js';
import { contributionOf, foldEvent, stateKey, type LineState, type OrderEvent } from '../../orders/math/index.js';
import { arrivalsOf } from './arrivals.js';
import { detectSpikes, type Detected } from './detect.js';

const START = Date.parse('2026-03-01T00:00:00Z');
const HOUR = 3_600_000;
const event = (id: string, at: number, over: Partial<OrderEvent> = {}): OrderEvent => ({
  shop: 's', eventId: id, occurredAt: START + at, orderId: id, lineId: '1', sku: 'A', quantity: 1, type: 'paid', unitPrice: 100, currency: 'EUR', kind: null, payment: null, shipBy: null,
  broadcast: null, anchor: null, supplier: null, lot: null, buyer: null, ...over,
});
const spikesOf = (events: readonly OrderEvent[], perThousand = 1, bin = 10_000): Detected[] => {
  const sorted = [...events].sort((a, b) => a.occurredAt - b.occurredAt || (a.eventId < b.eventId ? -1 : 1));
  return detectSpikes(arrivalsOf(sorted), sorted[sorted.length - 1]?.occurredAt ?? 0, { falseAlarmsPer1000SkuHours: perThousand, binMs: bin }, bin);
};

/** Two quiet days with an order every two hours, then a burst of an order every 4 s for 5 minutes. */
const quiet = Array.from({ length: 24 }, (_, i) => event(`q${i}`, i * 2 * HOUR));
const burst = (over: Partial<OrderEvent> = {}, at = 49 * HOUR): OrderEvent[] => Array.from({ length: 75 }, (_, i) => event(`b${i}${over.sku ?? ''}${over.broadcast ?? ''}`, at + i * 4000, over));

describe('arrivals', () => {
  const step = fc.record({
    at: fc.integer({ min: 0, max: 40 }), type: fc.constantFrom('created', 'paid', 'cancelled', 'shipped', 'delivered'), quantity: fc.integer({ min: 1, max: 3 }), order: fc.constantFrom('o', 'p'),
    line: fc.constantFrom('1', '2'), sku: fc.constantFrom('A', 'A', 'B'), kind: fc.constantFrom(null, null, 'sale', 'gift'), broadcast: fc.constantFrom(null, null, 'B1'),
  });

  it('hold an order in every stream in which it counts in the end, once (2,000 runs, seed 9)', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 14 }), (steps) => {
        const events = steps.map((x, i) => event(`e${i}`, x.at * 1000, { type: x.type, quantity: x.quantity, orderId: x.order, lineId: x.line, sku: x.sku, kind: x.kind, broadcast: x.broadcast }))
          .sort((a, b) => a.occurredAt - b.occurredAt);
        const streams = arrivalsOf(events);
        for (const order of ['o', 'p']) {
          const states = new Map<string, LineState>();
          for (const e of events.filter((x) => x.orderId === order)) states.set(stateKey(e), foldEvent(states.get(stateKey(e)), e));
          for (const [key, w] of contributionOf([...states.values()]).windows) {
            if (w.orders === 0) continue;
            const [sku, broadcast] = key.split('\0') as [string, string];
            expect(streams.find((s) => s.sku === sku && s.broadcast === broadcast)?.counted.length).toBeGreaterThan(0);
          }
        }
        for (const s of streams) {
          expect(s.counted).toEqual([...s.counted].sort((a, b) => a - b));
          expect(s.counted.length).toBeLessThanOrEqual(2);
          expect(s.withdrawn.length).toBeLessThanOrEqual(s.counted.length);
        }
      }),
      { numRuns: 2000, seed: 9 },
    );
  });

  it('count an order once in a stream, at the first of created and paid, and none that is no sale', () => {
    const [a] = arrivalsOf([event('1', 0, { type: 'created', orderId: 'o' }), event('2', 5000, { orderId: 'o' }), event('3', 6000, { orderId: 'o', lineId: '2' }), event('4', 7000, { kind: 'giveaway' })]);
    expect(a).toMatchObject({ counted: [START], withdrawn: [] });
  });

  it('let a wholly cancelled order leave when it was cancelled', () => {
    const [a] = arrivalsOf([event('1', 0, { quantity: 2 }), event('2', 5000, { orderId: '1', type: 'cancelled' }), event('3', 9000, { orderId: '1', type: 'cancelled' })]);
    expect(a).toMatchObject({ counted: [START], withdrawn: [START + 9000] });
  });

  it('refuse events out of order', () => {
    expect(() => arrivalsOf([event('1', 10), event('2', 5)])).toThrow(/2 is out of order/);
  });
});

describe('detection over a file', () => {
  it('finds the burst within half a minute, with its onset and what was expected', () => {
    const [spike, ...more] = spikesOf([...quiet, ...burst()]);
    expect(more).toEqual([]);
    expect(spike).toMatchObject({ sku: 'A', broadcast: '', onset: START + 49 * HOUR });
    expect((spike as Detected).detectedAt - START - 49 * HOUR).toBeLessThanOrEqual(60_000);
    expect((spike as Detected).orders).toBe(1 + ((spike as Detected).detectedAt - (spike as Detected).onset) / 4000);
    expect((spike as Detected).ratio).toBeCloseTo((spike as Detected).orders / (spike as Detected).expectedOrders, 12);
    // The expectation is never below the prior of one order an hour.
    expect((spike as Detected).expectedOrders).toBeGreaterThanOrEqual(((spike as Detected).detectedAt - (spike as Detected).onset) / HOUR);
    expect((spike as Detected).score).toBeGreaterThanOrEqual(0);
  });

  it('depends on nothing after the detection: cut there, the file gives the same line (seed 4, 30 files)', () => {
    const random = randomFrom(4);
    let found = 0;
    for (let file = 0; file < 30; file++) {
      const events: OrderEvent[] = [];
      for (let i = 0, at = 0; i < 400; i++) {
        at += Math.floor(random.exponential(random.next() < 0.05 ? 4 * HOUR : i % 100 < 40 ? 6000 : 900_000));
        const order = event(`e${i}`, at, { sku: random.next() < 0.8 ? 'A' : 'B', broadcast: i % 100 < 40 && random.next() < 0.5 ? `B${Math.floor(i / 100)}` : null });
        events.push(order);
        if (random.next() < 0.15) events.push({ ...order, eventId: `c${i}`, type: 'cancelled', occurredAt: order.occurredAt + random.below(1_200_000) });
      }
      const all = spikesOf(events);
      found += all.length;
      for (const [i, spike] of all.entries()) {
        expect(spikesOf(events.filter((e) => e.occurredAt <= spike.detectedAt)).slice(0, i + 1)).toEqual(all.slice(0, i + 1));
      }
    }
    expect(found).toBeGreaterThan(30);
  });

  it("lets a broadcast's stream start from the SKU's own rate outside broadcasts", () => {
    const busy = Array.from({ length: 3 * 24 * 60 }, (_, i) => event(`y${i}`, i * 60_000));
    const calm = Array.from({ length: 30 }, (_, i) => event(`l${i}`, 72 * HOUR + i * 60_000, { broadcast: 'B1' }));
    expect(spikesOf([...busy, ...calm])).toEqual([]);
    // Without a history the published prior of one order an hour decides.
    expect(spikesOf(burst({ broadcast: 'B1' }, 0))).toHaveLength(1);
    expect(spikesOf([...busy, ...burst({ broadcast: 'B1' }, 72 * HOUR)])).toMatchObject([{ broadcast: 'B1' }]);
  });

  it('keeps streams apart by shop and SKU, and lists lines in order of detection', () => {
    const spikes = spikesOf([...burst({ broadcast: 'B1' }, 60_000), ...burst({ broadcast: 'B1', shop: 't', sku: 'C' }, 0)]);
    expect(spikes.map((s) => [s.shop, s.sku])).toEqual([['t', 'C'], ['s', 'A']]);
  });

  it('a giveaway, or a purchase that is cancelled at once, is no spike', () => {
    expect(spikesOf([...quiet, ...burst({ kind: 'giveaway' })])).toEqual([]);
    const cancelled = burst().flatMap((e) => [e, { ...e, eventId: `${e.eventId}c`, type: 'cancelled' as const, occurredAt: e.occurredAt + 1000 }]);
    const slow = cancelled.map((e) => ({ ...e, occurredAt: START + 49 * HOUR + 15 * (e.occurredAt - START - 49 * HOUR) }));
    expect(spikesOf([...quiet, ...slow])).toEqual([]);
  });

  it.each([['a quiet stream', quiet], ['a stream of an order every two minutes', Array.from({ length: 1440 }, (_, i) => event(`m${i}`, i * 120_000))]])(
    'a single order of 30,000 units that is cancelled minutes later is no spike on %s, nor is the same in 200 lines; as many orders are one',
    (_, before) => {
      const at = 48 * HOUR + 30_000;
      const huge = [event('huge', at, { quantity: 30_000 }), event('gone', at + 7 * 60_000, { orderId: 'huge', quantity: 30_000, type: 'cancelled' })];
      expect(spikesOf([...before, ...huge, event('after', 50 * HOUR)])).toEqual([]);
      const lines = Array.from({ length: 200 }, (__, i) => event(`line${i}`, at, { orderId: 'huge', lineId: String(i), quantity: 150 }));
      expect(spikesOf([...before, ...lines, event('after', 50 * HOUR)])).toEqual([]);
      expect(spikesOf([...before, ...lines.map((line) => ({ ...line, orderId: line.eventId })), event('after', 50 * HOUR)])).toHaveLength(1);
    },
  );

  it('is stricter where fewer false alarms are allowed, and takes other bins', () => {
    const at = (perThousand: number): number => (spikesOf([...quiet, ...burst()], perThousand)[0] as Detected).detectedAt;
    expect(at(0.001)).toBeGreaterThan(at(10));
    expect(spikesOf([...quiet, ...burst()], 1, 5000)).toHaveLength(1);
  });
});
