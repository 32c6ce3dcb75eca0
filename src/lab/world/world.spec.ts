import { randomFrom } from '../../kernel/math/index.js';
import { arrivalTimes, gapsOf, weatherOf } from './arrivals.js';
import { curveOf, expectedCurve, type Pitch } from './curve.js';
import type { Family } from './parameters.js';
import { priorOf } from './prior.js';
import { simulateWorld, WORLD_STARTS_AT, type Line, type Lot, type World } from './world.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const T = WORLD_STARTS_AT;
const pitch: Pitch = { startsAt: T, endsAt: T + 4 * HOUR, slotAt: T + HOUR, pitchMs: 5 * MINUTE, jump: 20, peak: 2, second: { at: T + 3 * HOUR, share: 0.25 }, tail: 0.1 };

/** Gaps as from real orders: bunches of ten, then a wait. */
const gaps = gapsOf(Array.from({ length: 2_000 }, (_, i) => Math.floor(i / 10) * 60_000 + (i % 10) * 500));
const world = (family: Family, seed: number, broadcasts = 3): World => simulateWorld({ family, seed, broadcasts, gaps });

describe('the curve of a pitch', () => {
  it('ascends from 0 to 1, reaches 1 − tail at the end, and is steep in its pitches', () => {
    for (const peak of [1.3, 2.4]) {
      const { by } = curveOf({ ...pitch, peak });
      let falls = 0;
      for (let at = T; at < T + 60 * HOUR; at += MINUTE) falls += Number(by(at + MINUTE) < by(at) - 1e-12);
      expect(falls).toBe(0);
      expect(by(T)).toBe(0);
      expect(by(pitch.endsAt)).toBeCloseTo(0.9, 12);
      expect(by(T + 400 * HOUR)).toBeCloseTo(1, 6);
    }
    const { by } = curveOf({ ...pitch, second: null });
    const rate = (at: number): number => (by(at + MINUTE) - by(at)) / MINUTE;
    // In the pitch 20 times the rate of the lull (at the viewers of that moment).
    expect((rate(pitch.slotAt + 2 * MINUTE) - rate(pitch.slotAt - 2 * MINUTE)) / ((by(pitch.endsAt) - 0) / (4 * HOUR))).toBeGreaterThan(5);
  });

  it('is expected without its draws: between none and all of a second pitch, 1 in the end', () => {
    const { by } = expectedCurve(pitch);
    expect(by(T + 2 * HOUR)).toBeLessThan(curveOf({ ...pitch, second: null }).by(T + 2 * HOUR));
    expect(by(T + 2 * HOUR)).toBeGreaterThan(curveOf(pitch).by(T + 2 * HOUR));
    expect(by(T + 400 * HOUR)).toBeCloseTo(1, 6);
  });
});

describe('arrivals by family (seed 3)', () => {
  it.each(['cluster', 'doubly-stochastic', 'pulsed', 'replayed'] as const)('%s: as many as expected, along the curve', (family) => {
    const random = randomFrom(3);
    const counts: number[] = [];
    let early = 0;
    for (let i = 0; i < 100; i++) {
      const own = random.split(`${family} ${i}`);
      const times = arrivalTimes(family, own, pitch, 400, weatherOf(own.split('w'), pitch.startsAt, pitch.endsAt), gaps);
      expect(times.every((at, k) => k === 0 || at >= (times[k - 1] as number))).toBe(true);
      counts.push(times.length);
      early += times.filter((at) => at < pitch.slotAt + 30 * MINUTE).length;
    }
    const mean = counts.reduce((s, n) => s + n, 0) / counts.length;
    // Coupons add a part that they do not pull forward.
    expect(mean / 400).toBeGreaterThan(0.93);
    expect(mean / 400).toBeLessThan(family === 'pulsed' ? 1.25 : 1.07);
    expect(early / counts.length / mean / curveOf(pitch).by(pitch.slotAt + 30 * MINUTE)).toBeGreaterThan(0.85);
    expect(early / counts.length / mean / curveOf(pitch).by(pitch.slotAt + 30 * MINUTE)).toBeLessThan(1.15);
  });

  it('differ in kind: bunches of one family are not those of another', () => {
    const random = randomFrom(3);
    const dispersion = (family: Family, binMs: number): number => {
      let [sum, squares, n] = [0, 0, 0];
      for (let i = 0; i < 60; i++) {
        const own = random.split(`d ${family} ${i}`);
        const weather = { ...weatherOf(own.split('w'), pitch.startsAt, pitch.endsAt), dispersion: 2.5, branching: 0.4 };
        const flat = { ...pitch, slotAt: pitch.endsAt, jump: 1, peak: 1, second: null, tail: 0 };
        const times = arrivalTimes(family, own, flat, 1_440, weather, gaps);
        const bins = new Array<number>((4 * HOUR) / binMs).fill(0);
        for (const at of times) if (at < pitch.endsAt) bins[Math.floor((at - T) / binMs)] = (bins[Math.floor((at - T) / binMs)] as number) + 1;
        for (const k of bins) [sum, squares, n] = [sum + k, squares + k * k, n + 1];
      }
      return (squares / n - (sum / n) ** 2) / (sum / n);
    };
    expect(dispersion('doubly-stochastic', 10_000)).toBeGreaterThan(2);
    // A cluster spreads over the kernel: little within 10 s, more over two minutes, 1/(1 − n)² at most.
    expect(dispersion('cluster', 10_000)).toBeLessThan(1.6);
    expect(dispersion('cluster', 120_000)).toBeGreaterThan(1.7);
    expect(dispersion('cluster', 120_000)).toBeLessThan(3.2);
    expect(dispersion('replayed', 10_000)).toBeGreaterThan(1.5);
  });

  it('refuse too few real arrivals', () => {
    expect(() => gapsOf([1, 2, 3])).toThrow(/at least 100 gaps/);
    expect(() => simulateWorld({ family: 'replayed', seed: 1, broadcasts: 1 })).toThrow(/gaps/);
    expect(() => simulateWorld({ family: 'cluster', seed: 1, broadcasts: 0 })).toThrow(/whole number from 1/);
  });
});

describe('a world', () => {
  it('is the same for the same seed, and another for another', () => {
    const digest = (w: World): string => JSON.stringify([w.lines.slice(0, 300), w.returns.slice(0, 100), w.lots.length, priorOf(w).items.slice(0, 20)]);
    expect(digest(world('cluster', 11, 1))).toBe(digest(world('cluster', 11, 1)));
    expect(digest(world('cluster', 11, 1))).not.toBe(digest(world('cluster', 12, 1)));
    expect(digest(world('cluster', 11, 1))).not.toBe(digest(world('pulsed', 11, 1)));
  });

  it.each(['cluster', 'doubly-stochastic', 'pulsed', 'replayed'] as const)('%s: every line and return is possible, and rates are those written down', (family) => {
    const w = world(family, 21, 4);
    const faults: unknown[] = [];
    let [due, back, paid, cancelled, mayCancel] = [0, 0, 0, 0, 0];
    const prior = new Map(priorOf(w).skus.map((s) => [s.sku, s]));
    for (const l of w.lines) {
      const times = [l.at, l.paidAt, l.shippedAt, l.deliveredAt].filter((t) => t !== null);
      if (times.some((t, i) => i > 0 && t < (times[i - 1] as number))) faults.push(['out of order', l]);
      if (l.quantity < 1) faults.push(['nothing ordered', l]);
      if (l.shippedAt !== null && l.cancelledAt !== null) faults.push(['cancelled and shipped', l]);
      if (l.lot >= 0 !== (l.shippedAt !== null)) faults.push(['left without a lot', l]);
      if (l.lot >= 0 && (w.lots[l.lot] as Lot).sku !== l.sku) faults.push(['of another lot', l]);
      if (l.giveaway || l.quantity > 50) continue;
      const known = prior.get(w.merchant.skus[l.sku]?.sku ?? '');
      if (l.paidAt !== null) [paid, cancelled, mayCancel] = [paid + 1, cancelled + Number(l.cancelledAt !== null), mayCancel + (known?.cancelled ?? 0)];
      if (l.deliveredAt !== null) due += l.quantity * (known?.returned ?? 0);
    }
    for (const r of w.returns) {
      back += r.quantity;
      const line = w.lines[r.line] as Line;
      if (r.quantity > line.quantity || line.deliveredAt === null || r.at < line.deliveredAt || r.receivedAt <= r.at) faults.push(['came back', r]);
    }
    expect(faults).toEqual([]);
    expect(paid).toBeGreaterThan(1_000);
    expect(back / due).toBeGreaterThan(0.75);
    expect(back / due).toBeLessThan(1.25);
    // Slow cancellations that come after shipment are none.
    expect(cancelled / mayCancel).toBeGreaterThan(0.8);
    expect(cancelled / mayCancel).toBeLessThan(1.05);
  });
});
