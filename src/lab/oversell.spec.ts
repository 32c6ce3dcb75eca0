import { randomFrom } from '../kernel/math/index.js';
import { oversellTable, sellShared } from './oversell.js';

const show = { pile: 300, demand: [2, 1], seconds: 180, risk: 0.01 };

describe('two shops selling one pile', () => {
  it('sell exactly what there is where nothing takes time, or where one is alone', () => {
    expect(sellShared({ ...show, delay: 0, policy: 'no-buffer' }, randomFrom(1)).oversold).toBeLessThanOrEqual(2);
    expect(sellShared({ ...show, demand: [3], delay: 30, policy: 'buffer' }, randomFrom(1))).toEqual({ oversold: 0, unsold: 0 });
  });
  it('oversell more the longer news take, and nearly nothing where they keep a buffer', () => {
    const rows = oversellTable({ ...show, delays: [5, 30], shows: 40, seed: 1 });
    const [fast, fastBuffered, slow, slowBuffered] = rows.map((r) => r.oversold.mean);
    expect(slow).toBeGreaterThan((fast ?? 0) * 2);
    expect(fastBuffered).toBeLessThan(0.5);
    expect(slowBuffered).toBeLessThan((slow ?? 0) / 20);
  });
  it('is the same for the same seed', () => expect(oversellTable({ ...show, delays: [5], shows: 5, seed: 9 })).toEqual(oversellTable({ ...show, delays: [5], shows: 5, seed: 9 })));
});
