import { attribution, TAIL_MS, type Planned } from './attribution.rules.js';

const at = (minute: number): number => Date.UTC(2026, 10, 20, 12, minute);
const b = (broadcast: string, over: Partial<Planned> = {}): Planned => ({ broadcast, anchor: `anchor-of-${broadcast}`, startsAt: at(0), endsAt: at(60), slots: [{ sku: 'A', at: at(0) }, { sku: 'B', at: at(20) }, { sku: 'C', at: at(40) }], shown: null, ...over });
const none = new Map<string, string>();
const clue = (room: string, author: string | null = null) => ({ room, author, method: 'order-line' as const });

describe('who sold a line, where the platform says it', () => {
  it('is the broadcast that the room was named', () => expect(attribution(at(5), ['A'], clue('room-7'), [b('B1')], new Map([['room-7', 'B1']]))).toEqual({ broadcast: 'B1', anchor: 'anchor-of-B1', method: 'order-line', confidence: 1 }));
  it('is the broadcast of the room’s own name', () => expect(attribution(at(5), ['A'], clue('B1'), [b('B1')], none)?.broadcast).toBe('B1'));
  it('is the author’s broadcast of that time', () => expect(attribution(at(5), ['X'], clue('room-7', 'anchor-of-B2'), [b('B1'), b('B2')], none)).toMatchObject({ broadcast: 'B2', confidence: 1 }));
  it('is the only broadcast of that time', () => expect(attribution(at(5), ['X'], clue('room-7'), [b('B1')], none)?.broadcast).toBe('B1'));
  it('is the room itself where nobody planned anything, or it could be any of two', () => {
    expect(attribution(at(5), ['A'], clue('room-7', 'somebody'), [], none)).toEqual({ broadcast: 'room-7', anchor: 'somebody', method: 'order-line', confidence: 1 });
    expect(attribution(at(5), ['A'], clue('room-7'), [b('B1'), b('B2')], none)?.broadcast).toBe('room-7');
  });
  it('is nobody where only an unknown author is named', () => expect(attribution(at(5), ['A'], clue('', 'somebody'), [b('B1')], none)).toBeNull());
});

describe('who sold a line, where nobody says it', () => {
  it('is the broadcast in whose slot it fell, and a little after', () => {
    expect(attribution(at(25), ['B'], null, [b('B1')], none)).toMatchObject({ broadcast: 'B1', method: 'slot', confidence: 0.9 });
    expect(attribution(at(49), ['B'], null, [b('B1')], none)).toMatchObject({ method: 'slot' });
    expect(attribution(at(51), ['B'], null, [b('B1')], none)).toMatchObject({ method: 'line-up', confidence: 0.7 });
  });
  it('is less sure before its slot, and after the end', () => {
    expect(attribution(at(5), ['C'], null, [b('B1')], none)).toMatchObject({ method: 'line-up', confidence: 0.7 });
    expect(attribution(at(60) + TAIL_MS, ['C'], null, [b('B1')], none)).toMatchObject({ method: 'line-up', confidence: 0.5 });
    expect(attribution(at(60) + TAIL_MS + 1, ['C'], null, [b('B1')], none)).toBeNull();
    expect(attribution(at(0) - 1, ['A'], null, [b('B1')], none)).toBeNull();
  });
  it('is nobody where the SKU is in no line-up', () => expect(attribution(at(5), ['X'], null, [b('B1')], none)).toBeNull());
  it('shares what is sure among rivals, and says nothing where that is too little', () => {
    expect(attribution(at(25), ['B'], null, [b('B1'), b('B2')], none)).toBeNull();
    expect(attribution(at(25), ['B'], null, [b('B1'), b('B2', { slots: [{ sku: 'B', at: at(55) }] })], none)).toMatchObject({ broadcast: 'B1', confidence: 0.51 });
  });
});

describe('who sold a line, where a live log was kept', () => {
  const log = (broadcast: string, ...shown: [string, number, number][]) => b(broadcast, { shown: shown.map(([sku, from, to]) => ({ sku, from: at(from), to: at(to) })) });
  it('is the broadcast that showed it then, and a little after, whatever was planned', () => {
    expect(attribution(at(5), ['C'], null, [log('B1', ['C', 3, 8], ['A', 8, 60])], none)).toMatchObject({ broadcast: 'B1', method: 'live-log', confidence: 0.93 });
    expect(attribution(at(17), ['C'], null, [log('B1', ['C', 3, 8], ['A', 8, 60])], none)).toMatchObject({ method: 'live-log' });
    expect(attribution(at(18), ['C'], null, [log('B1', ['C', 3, 8], ['A', 8, 60])], none)).toMatchObject({ method: 'line-up', confidence: 0.7 });
  });
  it('is no slot that was not kept', () => expect(attribution(at(25), ['B'], null, [log('B1', ['A', 0, 60])], none)).toMatchObject({ method: 'line-up', confidence: 0.7 }));
  it('knows what was shown without being planned, from then on', () => {
    expect(attribution(at(30), ['X'], null, [log('B1', ['X', 20, 25], ['A', 25, 60])], none)).toMatchObject({ broadcast: 'B1', method: 'live-log' });
    expect(attribution(at(50), ['X'], null, [log('B1', ['X', 20, 25], ['A', 25, 60])], none)).toMatchObject({ broadcast: 'B1', method: 'line-up' });
    expect(attribution(at(10), ['X'], null, [log('B1', ['X', 20, 25])], none)).toBeNull();
  });
  it('tells two broadcasts of the same SKU apart', () => {
    expect(attribution(at(25), ['B'], null, [b('B1'), b('B2')], none)).toBeNull();
    expect(attribution(at(25), ['B'], null, [log('B1', ['A', 0, 60]), log('B2', ['B', 20, 40])], none)).toMatchObject({ broadcast: 'B2', method: 'live-log', confidence: 0.53 });
  });
});
