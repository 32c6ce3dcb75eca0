import fc from 'fast-check';
import { foldEvent, setAside, stateKey, type LineState, type OrderEvent } from '../../orders/math/index.js';
import { OrderBook, OrderLines } from './order-lines.js';

const event = (over: Partial<OrderEvent>): OrderEvent => ({
  shop: 's', eventId: 'e', occurredAt: 0, orderId: 'o', lineId: '1', sku: 'A', quantity: 1, type: 'paid', unitPrice: 100, currency: 'EUR', kind: null, payment: null, shipBy: null,
  broadcast: null, anchor: null, supplier: null, lot: null, buyer: null, ...over,
});
const plain = (line: LineState & { readonly place?: number }): LineState => {
  const state = { ...line, first: line.first };
  delete state.place;
  return state;
};

describe('the lines of many orders', () => {
  const events = fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 9 }), type: fc.constantFrom('created', 'paid', 'cancelled', 'shipped', 'delivered'), quantity: fc.integer({ min: 1, max: 9 }), order: fc.constantFrom('o', 'p'),
      line: fc.integer({ min: 1, max: 14 }), sku: fc.constantFrom('A', 'A', 'A', 'B'), kind: fc.constantFrom(null, 'sale', 'gift'),
    }),
    { maxLength: 60 },
  ).map((list) => list.map((x, i) => event({ eventId: `e${(i * 7) % 60}`, occurredAt: x.at, type: x.type, quantity: x.quantity, orderId: x.order, lineId: String(x.line), sku: x.sku, kind: x.kind })));

  it('are what the rules make of their events, line by line in the order of their first, whether few or many (500 runs, seed 12)', () => {
    fc.assert(
      fc.property(events, (list) => {
        const book = new OrderBook((shop, store) => new OrderLines(shop, store));
        const states = new Map<string, LineState>();
        const lines = new Map<string, string[]>();
        for (const e of list) {
          book.of(e).fold(e, ['kind']);
          const key = `${e.orderId}\0${stateKey(e)}`;
          const line = `${e.orderId}\0${e.lineId}`;
          if (!states.has(key)) lines.set(line, [...(lines.get(line) ?? []), key]);
          states.set(key, foldEvent(states.get(key), e, ['kind']));
        }
        for (const orderId of ['o', 'p']) {
          const expected = [...lines].filter(([line]) => line.startsWith(`${orderId}\0`)).flatMap(([, keys]) => keys.map((key) => states.get(key) as LineState));
          const order = book.find('s', orderId);
          expect((order?.states() ?? []).map(plain)).toEqual(expected);
          const aside = setAside(expected);
          const counting: LineState[] = [];
          order?.eachCounting(book.reader(), (line) => counting.push(structuredClone(plain(line))));
          expect(counting).toEqual(expected.filter((s) => !aside.has(stateKey(s))));
          const held = order?.states() ?? [];
          for (const s of expected) expect(order?.placeOf(s.lineId, s.sku)).toBe(held.find((known) => stateKey(known) === stateKey(s))?.place);
          expect(order?.placeOf('1', 'C')).toBeUndefined();
        }
      }),
      { numRuns: 500, seed: 12 },
    );
  });

  it('have each a place of their own, beyond what one block holds', () => {
    const book = new OrderBook((shop, store) => new OrderLines(shop, store));
    for (let i = 0; i < 20_000; i++) book.of({ shop: 's', orderId: `o${i % 5000}` }).fold(event({ lineId: String(Math.floor(i / 5000)), quantity: 1 + (i % 7) }), []);
    const places = new Set<number>();
    let units = 0;
    const read = book.reader();
    for (const order of book.all()) {
      order.eachCounting(read, (line) => {
        places.add(line.place);
        units += line.paid;
      });
    }
    expect(places.size).toBe(20_000);
    expect(units).toBe(Array.from({ length: 20_000 }, (_, i) => 1 + (i % 7)).reduce((s, n) => s + n, 0));
  });
});
