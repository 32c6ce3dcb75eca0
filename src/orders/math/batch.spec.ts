import fc from 'fast-check';
import { ordersOf, settleOrders } from './batch.js';
import { addDifference, addSoleLine, contributionOf, type Sums } from './contribution.js';
import { foldEvent, stateKey, type LineState, type OrderEvent } from './settle.js';
import { lineOfStored, storedLine } from './stored-line.js';

const text = fc.constantFrom('a', 'b', 'weird "\\\u0001 ü', 'x'.repeat(40));
const event: fc.Arbitrary<OrderEvent> = fc.record({
  shop: fc.constantFrom('s1', 's2'), eventId: fc.uuid(), occurredAt: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }), orderId: fc.constantFrom('o1', 'o2', 'o3'), lineId: fc.constantFrom('1', '2'),
  sku: fc.constantFrom('K', 'L'), quantity: fc.integer({ min: 1, max: 5 }), type: fc.constantFrom('created', 'paid', 'cancelled', 'shipped', 'delivered'), unitPrice: fc.option(fc.nat(1_000)), currency: fc.option(fc.constant('CNY')),
  kind: fc.option(fc.constantFrom('sale', 'gift')), payment: fc.option(fc.constantFrom('cod', 'prepaid')), shipBy: fc.option(fc.nat()), broadcast: fc.option(fc.constantFrom('B1', 'B2')), anchor: fc.option(text),
  supplier: fc.option(text), lot: fc.option(text), buyer: fc.option(text),
});
const empty = (): Sums => ({ windows: new Map(), skus: new Map(), buyers: new Map() });
const plain = (sums: Sums): unknown => [sums.windows, sums.skus, sums.buyers].map((m) => [...m].filter(([, add]) => Object.values(add as object).some((v) => v !== 0)).sort(([a], [b]) => (a < b ? -1 : 1)));

describe('a batch of order events', () => {
  it('gives the same lines and sums in one batch as in two, wherever it is cut (2,000 runs, seed 7)', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 12 }), fc.nat(12), (events, at) => {
        const states = new Map<string, Map<string, LineState>>();
        const sums = empty();
        const merge = (part: readonly OrderEvent[]): void => {
          const existing = new Map([...states].map(([key, lines]) => [key, [...lines.values()]]));
          const settled = settleOrders(ordersOf(part), existing);
          for (const { shop, orderId, state, fresh } of settled.changed) {
            const key = `${shop}\0${orderId}`;
            const lines = states.get(key) ?? new Map<string, LineState>();
            expect(lines.has(stateKey(state))).toBe(!fresh);
            // As it is read again from the database.
            states.set(key, lines.set(stateKey(state), lineOfStored(state.lineId, state.sku, JSON.parse(storedLine(state)) as never)));
          }
          for (const name of ['windows', 'skus', 'buyers'] as const) {
            for (const [key, add] of settled.sums[name]) {
              const target = (sums[name] as unknown as Map<string, Record<string, number>>).get(key) ?? {};
              for (const [field, value] of Object.entries(add as object as Record<string, number>)) target[field] = (target[field] ?? 0) + value;
              (sums[name] as unknown as Map<string, Record<string, number>>).set(key, target);
            }
          }
        };
        merge(events.slice(0, at));
        merge(events.slice(at));
        const whole = settleOrders(ordersOf(events), new Map());
        expect(plain(sums)).toEqual(plain(whole.sums));
        for (const { shop, orderId, state } of whole.changed) expect(states.get(`${shop}\0${orderId}`)?.get(stateKey(state))).toEqual(state);
      }),
      { numRuns: 2_000, seed: 7 },
    );
  });

  it('counts a sole line of a new order as any other (2,000 runs, seed 8)', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 4 }), (events) => {
        const state = events.map((e) => ({ ...e, shop: 's1', orderId: 'o1', lineId: '1', sku: 'K' })).reduce<LineState | undefined>((s, e) => foldEvent(s, e), undefined) as LineState;
        const [sole, general] = [empty(), empty()];
        addSoleLine(sole, 's1', state);
        addDifference(general, 's1', contributionOf([]), contributionOf([state]));
        expect(plain(sole)).toEqual(plain(general));
      }),
      { numRuns: 2_000, seed: 8 },
    );
  });

  it('lists orders sorted, whatever the order of their events', () => {
    const make = (orderId: string): OrderEvent => ({ ...(fc.sample(event, { numRuns: 1, seed: 1 })[0] as OrderEvent), shop: 's', orderId });
    expect(ordersOf(['b', 'a', 'c', 'a'].map(make)).map((o) => [o.orderId, o.events.length])).toEqual([['a', 2], ['b', 1], ['c', 1]]);
  });
});

describe('a stored line', () => {
  it('reads states of earlier versions, which left nothing out', () => {
    const old = { lineId: '1', sku: 'K', first: [5, 'e'], created: 1, paid: 2, cancelled: 0, shipped: 0, delivered: 0, countedAt: 5, paidAt: 6, cancelledAt: null, deliveredAt: null, attributes: { currency: ['CNY', 6, 'f'] } };
    expect(lineOfStored('1', 'K', old as never)).toEqual({ ...old, shippedAt: null });
  });

  it('is less than half of what it would be with nothing left out', () => {
    const state = foldEvent(undefined, { shop: 's', eventId: 'event-123456', occurredAt: 1_700_000_000_000, orderId: 'o', lineId: '1', sku: 'K', quantity: 1, type: 'paid', unitPrice: 15_900, currency: 'CNY', kind: null, payment: null, shipBy: null, broadcast: 'B1', anchor: 'a', supplier: null, lot: null, buyer: 'b' });
    expect(storedLine(state).length).toBeLessThan(0.5 * JSON.stringify(state).length);
  });
});
