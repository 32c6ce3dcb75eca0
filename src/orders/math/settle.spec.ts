import fc from 'fast-check';
import { addDifference, contributionOf, type Sums } from './contribution.js';
import { clockStart, foldEvent, foldInto, kindOf, lineFlags, lineTotals, setAside, stateKey, type LineState, type OrderEvent, type OwnLine } from './settle.js';

const event = (over: Partial<OrderEvent>): OrderEvent => ({
  shop: 's', eventId: 'e1', occurredAt: 1_000_000, orderId: 'o', lineId: '1', sku: 'A', quantity: 1, type: 'paid', unitPrice: null, currency: null, kind: null, payment: null, shipBy: null,
  broadcast: null, anchor: null, supplier: null, lot: null, buyer: null, ...over,
});

const fold = (events: readonly OrderEvent[]): LineState[] => {
  const states = new Map<string, LineState>();
  for (const e of events) states.set(stateKey(e), foldEvent(states.get(stateKey(e)), e));
  return [...states.values()];
};

describe('order lines', () => {
  it('takes quantities as increments: ordered is the larger of created and paid, open is what is paid and neither cancelled nor shipped', () => {
    const [line] = fold([event({ eventId: 'a', type: 'created', quantity: 5 }), event({ eventId: 'b', type: 'paid', quantity: 3 }), event({ eventId: 'c', type: 'paid', quantity: 2 }),
      event({ eventId: 'd', type: 'cancelled', quantity: 1 }), event({ eventId: 'e', type: 'shipped', quantity: 2 })]);
    expect(lineTotals(line as LineState)).toEqual({ ordered: 5, cancelled: 1, netPaid: 4, open: 2, shipped: 2 });
  });

  it('keeps and flags what exceeds: more cancelled than ordered, more shipped than paid', () => {
    const [line] = fold([event({ eventId: 'a', quantity: 2 }), event({ eventId: 'b', type: 'cancelled', quantity: 5 }), event({ eventId: 'c', type: 'shipped', quantity: 1 })]);
    expect(lineTotals(line as LineState)).toMatchObject({ cancelled: 2, netPaid: 0, open: 0 });
    expect(lineFlags(line as LineState, false)).toEqual(['over-cancelled', 'over-shipped']);
  });

  it('counts cash on delivery only once it is paid: created alone is gross', () => {
    const [line] = fold([event({ type: 'created', quantity: 3, payment: 'cod' })]);
    expect(lineTotals(line as LineState)).toMatchObject({ ordered: 3, netPaid: 0, open: 0 });
  });

  it('takes each attribute from the event with the least time and id that carries it', () => {
    const [line] = fold([event({ eventId: 'b', occurredAt: 20, kind: 'gift', broadcast: 'late' }), event({ eventId: 'a', occurredAt: 10 }), event({ eventId: 'c', occurredAt: 20, kind: 'sale' })]);
    expect(kindOf(line as LineState)).toBe('gift');
    expect(line?.attributes.broadcast?.[0]).toBe('late');
  });

  it('starts the clock of returns at delivery, else three days after shipment, else at payment', () => {
    const [paid, shipped, delivered] = [event({ eventId: 'a' }), event({ eventId: 'b', type: 'shipped', occurredAt: 2_000_000 }), event({ eventId: 'c', type: 'delivered', occurredAt: 3_000_000 })];
    const start = (events: OrderEvent[]): number | null => clockStart(fold(events)[0] as LineState);
    expect([start([paid]), start([paid, shipped]), start([delivered, paid, shipped])]).toEqual([1_000_000, 2_000_000 + 3 * 86_400_000, 3_000_000]);
    expect(start([event({ type: 'created' })])).toBeNull();
  });

  it('sets aside events that name another SKU than the earliest, whichever came first', () => {
    const early = event({ eventId: 'a', occurredAt: 10, sku: 'A' });
    const late = event({ eventId: 'b', occurredAt: 20, sku: 'B' });
    for (const order of [[early, late], [late, early]]) expect([...setAside(fold(order))]).toEqual(['1\0B']);
  });
});

describe('demand windows', () => {
  it('count an order once per stream at its earliest time, however many lines it has', () => {
    const states = fold([event({ eventId: 'a', occurredAt: 25_000 }), event({ eventId: 'b', lineId: '2', occurredAt: 12_000 }), event({ eventId: 'c', lineId: '3', occurredAt: 31_000, sku: 'B' })]);
    const windows = [...contributionOf(states).windows].filter(([, w]) => w.orders > 0).map(([key, w]) => [key, w.orders]);
    expect(windows).toEqual([['A\0\x0010000', 1], ['B\0\x0030000', 1]]);
  });

  it('count no gifts, giveaways or samples', () => {
    const { windows, skus } = contributionOf(fold([event({ kind: 'giveaway', quantity: 4 })]));
    expect(windows.size).toBe(0);
    expect(skus.get('A')).toMatchObject({ open: 4, saleLines: 0 });
  });

  it('withdraw an order once all its sale lines are wholly cancelled, when the last of them was', () => {
    const paid = [event({ eventId: 'a', quantity: 2 }), event({ eventId: 'b', lineId: '2' })];
    const one = event({ eventId: 'c', type: 'cancelled', quantity: 2, occurredAt: 1_015_000 });
    const other = event({ eventId: 'd', lineId: '2', type: 'cancelled', occurredAt: 1_042_000 });
    const withdrawn = (events: OrderEvent[]): [string, number][] => [...contributionOf(fold(events)).windows].filter(([, w]) => w.withdrawn > 0).map(([k, w]) => [k, w.withdrawn]);
    expect(withdrawn([...paid, one])).toEqual([]);
    expect(withdrawn([...paid, one, other])).toEqual([['A\0\x001040000', 1]]);
  });
});

const events = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 60_000 }), type: fc.constantFrom('created', 'paid', 'cancelled', 'shipped', 'delivered'), quantity: fc.integer({ min: 1, max: 9 }), line: fc.constantFrom('1', '2'),
    sku: fc.constantFrom('A', 'A', 'A', 'B'), kind: fc.constantFrom(null, 'sale', 'gift'), broadcast: fc.constantFrom(null, 'B1', 'B2'), buyer: fc.constantFrom(null, 'x'),
  }),
  { maxLength: 12 },
).map((list) => list.map((x, i) => event({ eventId: `e${i}`, occurredAt: x.at, type: x.type, quantity: x.quantity, lineId: x.line, sku: x.sku, kind: x.kind, broadcast: x.broadcast, buyer: x.buyer })));

describe('laws', () => {
  const sorted = (map: ReadonlyMap<string, object>): [string, object][] => [...map].filter(([, v]) => Object.values(v).some((n) => n !== 0)).sort(([a], [b]) => (a < b ? -1 : 1));

  it('any order of arrival gives the same lines, windows and sums (1,000 runs, seed 20261122)', () => {
    fc.assert(
      fc.property(events, fc.integer(), (list, salt) => {
        const shuffled = [...list].sort((a, b) => ((a.eventId.charCodeAt(1) * 31 + salt) % 17) - ((b.eventId.charCodeAt(1) * 31 + salt) % 17));
        const [a, b] = [contributionOf(fold(list)), contributionOf(fold(shuffled))];
        expect(sorted(b.windows)).toEqual(sorted(a.windows));
        expect(sorted(b.skus)).toEqual(sorted(a.skus));
        expect(sorted(b.buyers)).toEqual(sorted(a.buyers));
      }),
      { numRuns: 1000, seed: 20261122 },
    );
  });

  it('folding in place gives what folding into new states gives, and new states leave the old ones as they were (500 runs, seed 3)', () => {
    fc.assert(
      fc.property(events, (list) => {
        const own = new Map<string, OwnLine>();
        const before: { state: LineState; text: string }[] = [];
        const states = new Map<string, LineState>();
        for (const e of list) {
          const key = stateKey(e);
          own.set(key, foldInto(own.get(key), e));
          const state = foldEvent(states.get(key), e);
          states.set(key, state);
          before.push({ state, text: JSON.stringify(state) });
        }
        expect([...own.values()]).toEqual([...states.values()]);
        for (const { state, text } of before) expect(JSON.stringify(state)).toBe(text);
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  it('sums of differences, batch by batch, equal the contribution of the whole (500 runs, seed 7)', () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 5 }), (list, size) => {
        const sums: Sums = { windows: new Map(), skus: new Map(), buyers: new Map() };
        for (let i = 0; i < list.length; i += size) addDifference(sums, 's', contributionOf(fold(list.slice(0, i))), contributionOf(fold(list.slice(0, i + size))));
        const wholeOf = contributionOf(fold(list));
        expect(sorted(sums.windows)).toEqual(sorted(new Map([...wholeOf.windows].map(([k, v]) => [`s\0${k}`, v]))));
        expect(sorted(sums.skus)).toEqual(sorted(new Map([...wholeOf.skus].map(([k, v]) => [`s\0${k}`, v]))));
      }),
      { numRuns: 500, seed: 7 },
    );
  });
});
