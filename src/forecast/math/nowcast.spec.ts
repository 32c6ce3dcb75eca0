import fc from 'fast-check';
import { randomFrom } from '../../kernel/math/index.js';
import {
  curveOf, expectedUpTo, inUnits, learnNowcast, nowcastBroadcast, NOWCAST_LEVELS, nowcastQuantiles, OrderTimes, pitchesOf, PUBLISHED_NOWCAST, TAIL_MS, unitsPerOrder,
  type ItemFacts, type ItemState, type NowcastModel, type PastBroadcast,
} from './index.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AIR = { startsAt: Date.parse('2026-03-01T12:00:00Z'), endsAt: Date.parse('2026-03-01T16:00:00Z') };
const at = (minutes: number): number => AIR.startsAt + minutes * MINUTE;
const facts = (sku: string, slot: number | undefined, over: Partial<ItemFacts> = {}): ItemFacts => ({
  sku, anchor: 'a', category: '', pitches: slot === undefined ? [] : [{ from: at(slot), to: at(slot + 5) }], price: 9_900, plannedUnits: 100, outsidePerDay: 0, ...over,
});
const state = (f: ItemFacts, orders = 0, recent = 0): ItemState => ({ facts: f, orders, recent });
const meanOf = (n: { shape: number; probability: number }): number => (n.shape * (1 - n.probability)) / n.probability;
const mean = (items: readonly ItemState[], minutes: number, model: NowcastModel = PUBLISHED_NOWCAST): number[] => nowcastBroadcast(model, AIR, items, at(minutes)).map((r) => meanOf(r.orders));

describe('the curve of an item', () => {
  const curve = curveOf(PUBLISHED_NOWCAST.profile, AIR, facts('A', 60).pitches, '');

  it('rises in the pitch, goes on after the end, and adds up', () => {
    const per = (from: number, to: number): number => (expectedUpTo(curve, at(to)) - expectedUpTo(curve, at(from))) / (to - from);
    expect(per(61, 63) / per(10, 50)).toBeGreaterThan(10);
    expect(per(150, 200)).toBeLessThan(2 * per(10, 50));
    expect(expectedUpTo(curve, at(-5))).toBe(0);
    expect(expectedUpTo(curve, AIR.endsAt)).toBeCloseTo(curve.onAir, 9);
    expect(expectedUpTo(curve, AIR.endsAt + TAIL_MS)).toBeCloseTo(curve.total, 9);
    // A tenth of what sells on air, half of it within twelve hours.
    expect(curve.total / curve.onAir).toBeCloseTo(1.1, 1);
    expect((expectedUpTo(curve, AIR.endsAt + 12 * HOUR) - curve.onAir) / (curve.total - curve.onAir)).toBeGreaterThan(0.45);
  });

  it('takes a slot until the next one of the line-up, and leaves out slots outside the broadcast', () => {
    const pitches = pitchesOf([{ sku: 'A', at: at(0) }, { sku: 'B', at: at(10) }, { sku: 'A', at: at(15) }, { sku: 'B', at: at(10) }, { sku: 'C', at: at(-1) }, { sku: 'D', at: AIR.endsAt }], AIR);
    expect(pitches.get('A')).toEqual([{ from: at(0), to: at(10) }, { from: at(15), to: at(45) }]);
    expect(pitches.get('B')).toEqual([{ from: at(10), to: at(15) }]);
    expect([pitches.get('C'), pitches.get('D')]).toEqual([[], []]);
  });
});

describe('a nowcast', () => {
  it('expects more before a slot than after it, and nothing once the tail is over', () => {
    const item = [state(facts('A', 60))];
    const [before, silent, over, done] = [-1, 59, 235, (AIR.endsAt + TAIL_MS - AIR.startsAt) / MINUTE].map((m) => mean(item, m)[0] as number);
    expect(before).toBeGreaterThan(10);
    // Nobody ordered while it was shown: so many fewer are still to come.
    expect(silent).toBeLessThan((before as number) / 2);
    expect(over).toBeLessThan((silent as number) / 3);
    expect(done).toBe(0);
  });

  it('follows orders, those of the same slot, those of the broadcast, and the pace', () => {
    const line = (own: number, mate: number, other: number, recent = 0): number => mean([state(facts('A', 60), own, recent), state(facts('B', 60), mate), state(facts('C', 10), other), state(facts('D', 20), other)], 63)[0] as number;
    const usual = line(10, 10, 20, 8);
    expect(line(100, 10, 20, 8)).toBeGreaterThan(2 * usual);
    expect(line(10, 100, 20, 8)).toBeGreaterThan(1.2 * usual);
    expect(line(10, 10, 200, 8)).toBeGreaterThan(usual);
    expect(line(10, 10, 20, 0)).toBeLessThan(usual);
    // A pace that is not known is no standstill.
    expect(mean([{ ...state(facts('A', 60), 10), recent: null }], 63)[0]).toBeGreaterThan(mean([state(facts('A', 60), 10, 0)], 63)[0] as number);
  });

  it('does not take a line-up without slots of its own for one style', () => {
    const items = (hit: number): ItemState[] => Array.from({ length: 20 }, (_, i) => state(facts(`S${i}`, 0), i === 0 ? hit : 2));
    expect((mean(items(500), 10)[1] as number) / (mean(items(2), 10)[1] as number)).toBeLessThan(1.6);
  });

  it('is finite, never below what is observed and never crosses, whatever is planned, ordered or asked', () => {
    fc.assert(fc.property(
      fc.array(fc.record({ orders: fc.integer({ min: 0, max: 200_000 }), recent: fc.integer({ min: 0, max: 200_000 }), planned: fc.constantFrom(0, 1, 100, 1e9), price: fc.constantFrom(0, 1, 1e12), slot: fc.option(fc.integer({ min: -100, max: 400 }), { nil: undefined }) }), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: -5_000, max: 10_000 }), fc.integer({ min: 0, max: 1_000_000 }), fc.double({ min: 1, max: 50_000, noNaN: true }),
      (drawn, minutes, observed, perOrder) => {
        const slots = drawn.flatMap((d, i) => (d.slot === undefined ? [] : [{ sku: String(i), at: at(d.slot) }]));
        const pitches = pitchesOf(slots, AIR);
        const items = drawn.map((d, i) => state(facts(String(i), undefined, { pitches: pitches.get(String(i)) ?? [], plannedUnits: d.planned, price: d.price }), d.orders, d.recent));
        for (const r of nowcastBroadcast(PUBLISHED_NOWCAST, AIR, items, at(minutes))) {
          const units = inUnits(r.orders, perOrder);
          expect(units.shape).toBeGreaterThan(0);
          expect(units.probability > 0 && units.probability <= 1 && Number.isFinite(units.shape)).toBe(true);
          const quantiles = nowcastQuantiles(PUBLISHED_NOWCAST, r, perOrder, observed, [0.001, 0.05, 0.5, 0.5001, 0.95, 0.9999]);
          quantiles.forEach((q, i) => {
            expect(Number.isSafeInteger(q)).toBe(true);
            expect(q).toBeGreaterThanOrEqual(quantiles[i - 1] ?? observed);
          });
        }
      }), { numRuns: 150 });
  });

  it('refuses a broadcast that does not last, and counts that are none', () => {
    expect(() => nowcastBroadcast(PUBLISHED_NOWCAST, { startsAt: 1, endsAt: 1 }, [], 1)).toThrow(RangeError);
    expect(() => nowcastBroadcast(PUBLISHED_NOWCAST, AIR, [state(facts('A', 0), -1)], at(1))).toThrow(RangeError);
    expect(() => nowcastBroadcast(PUBLISHED_NOWCAST, AIR, [state(facts('A', 0), NaN)], at(1))).toThrow(RangeError);
    expect(() => nowcastBroadcast(PUBLISHED_NOWCAST, AIR, [], NaN)).toThrow(RangeError);
  });
});

describe('units of an order', () => {
  it('are those of the lines, and one bulk purchase says little about the next', () => {
    expect(unitsPerOrder(0, 0, 0, 0)).toBe(1);
    expect(unitsPerOrder(1_000, 1_200, 180, 0)).toBeCloseTo(1.2, 1);
    expect(unitsPerOrder(1, 50_000, Math.log(50_000), 0)).toBeLessThan(2);
    expect(unitsPerOrder(20, 50_019, Math.log(50_000), 0)).toBeLessThan(1.5);
    expect(unitsPerOrder(0, 0, 0, Math.log(8))).toBeCloseTo(8, 6);
  });

  it('scale mean and standard deviation alike', () => {
    const units = inUnits({ shape: 2, probability: 0.1 }, 3);
    expect(meanOf(units)).toBeCloseTo(54, 9);
    expect(Math.sqrt(meanOf(units) / units.probability)).toBeCloseTo(3 * Math.sqrt(180), 9);
  });
});

/** Broadcasts of a merchant whose pitches are short and sharp, at a level of its own; the truth is known. */
function merchant(seed: number, broadcasts: number, median: number): PastBroadcast[] {
  const random = randomFrom(seed, 'nowcast.spec');
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return Array.from({ length: broadcasts }, (_, b): PastBroadcast => {
    const air = { startsAt: AIR.startsAt + b * 24 * HOUR, endsAt: AIR.startsAt + b * 24 * HOUR + 3 * HOUR };
    const luck = 0.4 * normal();
    const slots = Array.from({ length: 18 }, (_, i) => ({ sku: `B${b}-${i}`, at: air.startsAt + i * 10 * MINUTE }));
    const pitches = pitchesOf(slots, air);
    return {
      air, knownUntil: air.endsAt + TAIL_MS,
      items: slots.map(({ sku, at: slot }) => {
        const orders = Math.round(median * Math.exp(luck + normal()));
        // Nine tenths within four minutes of the slot, the rest anywhere on air.
        const times = Array.from({ length: orders }, () => (random.next() < 0.9 ? slot + random.next() * 4 * MINUTE : air.startsAt + random.next() * (air.endsAt - air.startsAt))).sort((x, y) => x - y);
        return { facts: { ...facts(sku, undefined), pitches: pitches.get(sku) ?? [] }, sold: new OrderTimes(times) };
      }),
    };
  });
}

describe('learning from finished broadcasts', () => {
  const past = merchant(5, 24, 30);
  const model = learnNowcast(past, 0);

  it('gives the published prior where there are none', () => {
    expect(learnNowcast([], 0.3)).toEqual({ ...PUBLISHED_NOWCAST, usualLogUnits: 0.3 });
    expect(learnNowcast([{ air: AIR, knownUntil: AIR.endsAt, items: [] }], 0)).toEqual(PUBLISHED_NOWCAST);
  });

  it('finds the merchant\'s own level, profile and tail', () => {
    const fresh = Array.from({ length: 18 }, (_, i) => state(facts(`new-${i}`, i * 10)));
    const before = mean(fresh, -1, model);
    // A log-normal median of 30 with standard deviations of 1 and 0.4 has a mean of 54.
    expect(before.reduce((s, x) => s + x, 0) / 18).toBeGreaterThan(35);
    expect(before.reduce((s, x) => s + x, 0) / 18).toBeLessThan(75);
    const curve = curveOf(model.profile, AIR, facts('A', 60).pitches, '');
    expect((expectedUpTo(curve, at(64)) - expectedUpTo(curve, at(60))) / curve.total).toBeGreaterThan(0.8);
    expect(curve.total / curve.onAir).toBeLessThan(1.02);
  });

  it('is the same every time, and survives being written down', () => {
    expect(learnNowcast(past, 0)).toEqual(model);
    expect(JSON.parse(JSON.stringify(model))).toEqual(model);
  });

  it('keeps what it promises on broadcasts it has not seen, and tells more than the published prior', () => {
    let [inside, n, ours, published] = [0, 0, 0, 0];
    for (const b of merchant(77, 40, 30)) {
      for (const share of [0.1, 0.25, 0.5]) {
        const now = b.air.startsAt + share * (b.air.endsAt - b.air.startsAt);
        const items = b.items.map((i) => state(i.facts, i.sold.upTo(now), i.sold.upTo(now) - i.sold.upTo(now - 3 * MINUTE)));
        const [learned, prior] = [model, PUBLISHED_NOWCAST].map((m) => nowcastBroadcast(m, b.air, items, now).map((r, i) => nowcastQuantiles(m, r, 1, (items[i] as ItemState).orders, NOWCAST_LEVELS)));
        b.items.forEach((item, i) => {
          const y = item.sold.total;
          const pinball = (q: readonly number[]): number => NOWCAST_LEVELS.reduce((s, level, k) => s + (y >= (q[k] as number) ? level * (y - (q[k] as number)) : (1 - level) * ((q[k] as number) - y)), 0);
          const q = (learned as number[][])[i] as number[];
          n++;
          inside += Number(y >= (q[1] as number) && y <= (q[5] as number));
          ours += pinball(q);
          published += pinball((prior as number[][])[i] as number[]);
        });
      }
    }
    expect(inside / n).toBeGreaterThan(0.74);
    expect(inside / n).toBeLessThan(0.9);
    expect(ours).toBeLessThan(0.85 * published);
  });

  it('knows a SKU that sold well before, and learns from the latest broadcasts alone', () => {
    const hits = merchant(9, 12, 30).map((b) => ({ ...b, items: b.items.map((item, i) => (i === 3 ? { facts: { ...item.facts, sku: 'hit' }, sold: new OrderTimes(Array.from({ length: 600 }, (_, k) => (item.facts.pitches[0]?.from ?? 0) + k * 300)) } : item)) }));
    const known = learnNowcast(hits, 0);
    const [hit, other] = mean([state(facts('hit', 60)), state(facts('never shown', 70))], -1, known);
    expect(hit).toBeGreaterThan(3 * (other as number));
    const many = learnNowcast(merchant(3, 50, 4), 0);
    expect([many.broadcasts, many.items, Object.keys(many.total.own)[0]]).toEqual([40, 720, 'B10-0']);
  });
});
