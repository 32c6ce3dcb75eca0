import { showingsOf, slotsAsShown } from './live-log.rules.js';

const shown = (at: number, ...skus: string[]) => ({ kind: 'shown' as const, at, skus });
const pulled = (at: number, ...skus: string[]) => ({ kind: 'pulled' as const, at, skus });
const s = (sku: string, at: number) => ({ sku, at });

describe('what a live log says was on screen', () => {
  it('lasts until the next is shown, it is pulled, or the broadcast ends', () => {
    expect(showingsOf([shown(10, 'A'), shown(20, 'B'), pulled(25, 'B'), shown(40, 'A')], 60)).toEqual([{ sku: 'A', from: 10, to: 20 }, { sku: 'B', from: 20, to: 25 }, { sku: 'A', from: 40, to: 60 }]);
  });
  it('is all SKUs of a link at once, and of those that stay on screen each until its own end', () => {
    expect(showingsOf([shown(10, 'A', 'B'), pulled(15, 'A'), shown(30, 'C')], 60)).toEqual([{ sku: 'A', from: 10, to: 15 }, { sku: 'B', from: 10, to: 30 }, { sku: 'C', from: 30, to: 60 }]);
    expect(showingsOf([shown(10, 'A'), shown(10, 'B')], 60)).toEqual([{ sku: 'A', from: 10, to: 60 }, { sku: 'B', from: 10, to: 60 }]);
  });
  it('does not hang on the order in which it was told', () => {
    const log = [shown(10, 'A'), pulled(20, 'A'), shown(20, 'B'), shown(30, 'A')];
    expect(showingsOf([...log].reverse(), 60)).toEqual(showingsOf(log, 60));
    expect(showingsOf(log, 60)).toEqual([{ sku: 'A', from: 10, to: 20 }, { sku: 'B', from: 20, to: 30 }, { sku: 'A', from: 30, to: 60 }]);
  });
  it('ends nothing by pulling what is not on screen, and gives no length to what came after the end', () => {
    expect(showingsOf([pulled(5, 'A'), shown(10, 'A'), pulled(12, 'B')], 60)).toEqual([{ sku: 'A', from: 10, to: 60 }]);
    expect(showingsOf([shown(70, 'A')], 60)).toEqual([{ sku: 'A', from: 70, to: 70 }]);
    expect(showingsOf([], 60)).toEqual([]);
  });
});

describe('when each SKU is pitched', () => {
  const plan = [s('A', 0), s('B', 20), s('C', 40), s('A', 60)];
  it('is the line-up where nothing was logged', () => expect(slotsAsShown(plan, [])).toEqual(plan));
  it('is what was shown, and the rest of the plan as late as the show is', () => {
    expect(slotsAsShown(plan, [s('A', 5), s('B', 32)])).toEqual([s('A', 5), s('B', 32), s('C', 52), s('A', 72)]);
    expect(slotsAsShown(plan, [s('A', -5), s('B', 15)])).toEqual([s('A', -5), s('B', 15), s('C', 35), s('A', 55)]);
  });
  it('leaves a slot that a gap in the log passes over where it was planned', () => expect(slotsAsShown(plan, [s('C', 45)])).toEqual([s('A', 0), s('B', 20), s('C', 45), s('A', 65)]));
  it('is not pulled forward by a teaser or an early repeat', () => {
    const long = [s('A', 0), s('B', 20), s('C', 40), s('D', 60), s('E', 70)];
    expect(slotsAsShown(long, [s('D', 2), s('A', 5), s('B', 20)])).toEqual([s('D', 2), s('A', 5), s('B', 20), s('C', 40), s('E', 70)]);
    expect(slotsAsShown(plan, [s('A', 0), s('B', 20), s('A', 25)])).toEqual([s('A', 0), s('B', 20), s('A', 25), s('C', 40)]);
  });
  it('knows showings that nobody planned', () => expect(slotsAsShown([s('B', 20)], [s('X', 3), s('B', 21), s('B', 50)])).toEqual([s('X', 3), s('B', 21)]));
  it('takes the same again and again, as a log by the minute says it, for one pitch', () => {
    expect(slotsAsShown(plan, [s('A', 1), s('A', 2), s('A', 3), s('B', 20), s('B', 21)])).toEqual([s('A', 1), s('B', 20), s('C', 41), s('A', 61)]);
    expect(slotsAsShown([], [s('A', 1), s('B', 1), s('B', 2), s('A', 2), s('A', 9)])).toEqual([s('A', 1), s('B', 1), s('A', 9)]);
  });
});
