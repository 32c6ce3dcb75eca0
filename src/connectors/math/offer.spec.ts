import fc from 'fast-check';
import { bufferOf, offersOf, type Sharer } from './offer.js';

const sharer = (shop: string, over: Partial<Sharer> = {}): Sharer => ({ shop, shown: 0, perSecond: 0, hearSeconds: 5, pushSeconds: 5, buffer: null, ...over });

describe('what a shop may show of a shared pile', () => {
  it('is all of it where it is alone', () => expect(offersOf(300, [sharer('a', { perSecond: 10, buffer: 20 })], 0.01)).toEqual([{ shop: 'a', buffer: 0, units: 300, change: 300 }]));
  it('is all of it while nobody else sells', () => expect(offersOf(300, [sharer('a'), sharer('b')], 0.01).map((o) => o.units)).toEqual([300, 300]));
  it('holds back what the others may sell before it hears of it', () => {
    // 1 a second for ten seconds, half as much again for the swing: Poisson of mean 15, whose 99th percentile is 25.
    expect(bufferOf(sharer('a'), [sharer('b', { perSecond: 1 })], 0.01)).toBe(25);
    expect(offersOf(300, [sharer('a'), sharer('b', { perSecond: 1 })], 0.01).map((o) => o.units)).toEqual([275, 300]);
  });
  it('changes by increments', () => expect(offersOf(100, [sharer('a', { shown: 130 }), sharer('b', { shown: 90 })], 0.01).map((o) => o.change)).toEqual([-30, 10]));
  it('gives the last units to the one that sells fastest, and only those that the others no longer show', () => {
    const two = [sharer('a', { perSecond: 2, shown: 3 }), sharer('b', { perSecond: 5, shown: 8 })];
    expect(offersOf(10, two, 0.01).map((o) => [o.shop, o.units])).toEqual([['a', 0], ['b', 7]]);
  });
  it('is never negative, never more than there is, and never more in sum than there is of the last units', () => {
    const anySharer = fc.record({ shown: fc.integer({ min: -5, max: 50 }), perSecond: fc.double({ min: 0, max: 20, noNaN: true }), hearSeconds: fc.integer({ min: 0, max: 60 }), pushSeconds: fc.integer({ min: 0, max: 60 }) });
    fc.assert(fc.property(fc.integer({ min: -10, max: 1000 }), fc.array(anySharer, { minLength: 2, maxLength: 4 }), (free, list) => {
      const sharers = list.map((s, i) => sharer(`s${i}`, s));
      const offers = offersOf(free, sharers, 0.01);
      expect(offers.every((o) => o.units >= 0 && o.units <= Math.max(0, free))).toBe(true);
      if (offers.every((o) => free <= o.buffer)) expect(offers.reduce((sum, o, i) => sum + Math.max(0, Math.min(o.units, sharers[i]?.shown ?? 0)), 0)).toBeLessThanOrEqual(Math.max(0, free));
    }), { seed: 3 });
  });
  it('counts a shop that cannot be told now: it sells all the same', () => {
    const two = [sharer('a', { perSecond: 0.5, shown: 10 }), sharer('b', { perSecond: 1, shown: 10 })];
    expect(offersOf(30, two, 0.01)[0]?.units).toBeLessThanOrEqual(5);
  });
  it('refuses a risk that is none', () => expect(() => offersOf(1, [sharer('a')], 0)).toThrow('risk'));
});
