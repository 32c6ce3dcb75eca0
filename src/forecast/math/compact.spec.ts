import { Reader } from './compact.js';

describe('bytes in base64', () => {
  it('are whole numbers of a byte for each seven bits, of either sign', () => {
    const r = new Reader(Buffer.from([127, 129, 1, 3, 4, 128]).toString('base64'));
    expect([r.whole(), r.whole(), r.signed(), r.signed()]).toEqual([127, 129, -2, 2]);
    expect(r.byte()).toBe(128);
  });

  it('are refused past their end', () => {
    const r = new Reader('fw');
    expect(r.whole()).toBe(127);
    expect(() => r.byte()).toThrow(/ends too soon/);
  });
});
