import { faultOfChange, floorOf, isWhole, overtaken } from './order-changes.rules.js';

const line = (over: object = {}) => ({ quantity: 100, quantityBefore: 100, due: '2026-12-01', dueBefore: '2026-12-01', ...over });

describe('a change of a line', () => {
  it('asks for what its kind says and nothing else', () => {
    expect(faultOfChange('increase', line({ quantity: 160, due: '2026-12-09' }), 0)).toBeUndefined();
    expect(faultOfChange('increase', line({ quantity: 80 }), 0)?.[0]).toBe('quantity');
    expect(faultOfChange('decrease', line({ quantity: 60 }), 60)).toBeUndefined();
    expect(faultOfChange('decrease', line({ quantity: 60 }), 61)).toEqual(['quantity', expect.stringContaining('61 produced or received')]);
    expect(faultOfChange('decrease', line({ quantity: 60, due: '2026-12-09' }), 0)?.[0]).toBe('due');
    expect(faultOfChange('expedite', line({ due: '2026-11-28' }), 0)).toBeUndefined();
    expect(faultOfChange('expedite', line({ due: '2026-11-28', quantity: 5000 }), 0)?.[0]).toBe('quantity');
    expect(faultOfChange('expedite', line(), 0)?.[0]).toBe('due');
    expect(faultOfChange('delay', line({ due: '2026-12-02' }), 0)).toBeUndefined();
    expect(faultOfChange('delay', line({ due: '2026-12-02', quantity: 0 }), 0)?.[0]).toBe('quantity');
    expect(faultOfChange('create', line({ quantity: 7, quantityBefore: 0 }), 0)).toBeUndefined();
  });
});

describe('an order that moves on', () => {
  const asked = (quantity: number, before = 100) => [{ line_id: 'l1', quantity, quantity_before: before }];
  const standing = (over: object = {}) => [{ line_id: 'l1', quantity: 100, produced: 0, received: 0, ...over }];

  it('leaves changes of what has left or closed behind, and of nothing else', () => {
    for (const kind of ['increase', 'decrease', 'expedite', 'delay', 'hold'] as const) {
      expect(overtaken(kind, 'in-production', asked(60), standing())).toBeUndefined();
      for (const status of ['shipped', 'closed', 'cancelled', 'on-hold']) expect(overtaken(kind, status, asked(60), standing())).toBe(`the order is ${status}`);
    }
    expect(overtaken('cancel', 'received', asked(0), standing())).toBe('the order is received');
    expect(overtaken('resume', 'on-hold', asked(100), standing())).toBeUndefined();
  });

  it('leaves changes of units behind once others are cut, made or in', () => {
    expect(overtaken('increase', 'in-production', asked(160), standing({ quantity: 105, produced: 105 }))).toContain('105 units now, not 100');
    expect(overtaken('decrease', 'received', asked(60), standing({ received: 70 }))).toContain('70 units of l1');
    // Dates can still move.
    expect(overtaken('expedite', 'in-production', asked(100), standing({ quantity: 105, produced: 105 }))).toBeUndefined();
    // A line that the change adds is not there yet.
    expect(overtaken('increase', 'confirmed', [{ line_id: 'l2', quantity: 40, quantity_before: 0 }], standing())).toBeUndefined();
  });

  it('never has splits of another sum, or less than is there', () => {
    expect(floorOf({ produced: 3, received: 5 })).toBe(5);
    expect(floorOf(undefined)).toBe(0);
    expect(isWhole({ quantity: 80, splits: [{ quantity: 60, date: 'a' }, { quantity: 20, date: 'b' }] }, 80)).toBe(true);
    expect(isWhole({ quantity: 80, splits: [{ quantity: 100, date: 'a' }, { quantity: -20, date: 'b' }] }, 0)).toBe(false);
    expect(isWhole({ quantity: 80, splits: [{ quantity: 100, date: 'a' }] }, 0)).toBe(false);
    expect(isWhole({ quantity: 80, splits: [{ quantity: 80, date: 'a' }] }, 81)).toBe(false);
  });
});
